"""The station's variables: what can be read, set and reported (B05-B08), in 2.x words for every version.

OCPP 1.6's configuration keys are the same variables under other names; its dialect knows which. The
declarations are shared by all stations (`controllers.py`); a station keeps only the values that differ.
`computed` variables are asked when somebody reads them. A CSMS's names are compared without case; inside the station
they are spelled as declared.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import partial

from amperanto.domain.stations import EvseRef, Hardware
from amperanto.ocpp import v2
from amperanto.ocpp.shapes import or_none, unless_none
from amperanto.station.controllers import CONTROLLERS, IN_16, IN_21, READ, Address, Variable, fixed, split
from amperanto.station.evse import Evse
from amperanto.station.habits import Habits
from amperanto.station.money_controllers import CALCULATED, CALIFORNIA, PAID, SHOWN


class DeviceModel:
    """The variables of one station. `changed` is called with each address that was set."""

    def __init__(self) -> None:
        self._variables = {variable.address: variable for variable in CONTROLLERS}
        self._spelled = {_folded(address): address for address in self._variables}
        self._values: dict[Address, str] = {}
        self._computed: dict[Address, Callable[[], str]] = {}
        self._keepers: dict[Address, Callable[[str], None]] = {}
        self.changed: list[Callable[[Address], None]] = []
        self.checks: list[Callable[[Address, str], str | None]] = []
        """Who is asked for the reason code why a value may not be set now, though it is one."""
        self.remarks: list[Callable[[Address], str | None]] = []
        """Who is asked for a reason code, when a value that was accepted goes ill with the others."""

    def declare(self, variable: Variable) -> None:
        """Add a variable."""
        self._variables[variable.address] = variable
        self._spelled[_folded(variable.address)] = variable.address

    def compute(self, variable: Variable, value: Callable[[], str], keep: Callable[[str], None] | None = None) -> None:
        """Add a variable whose value is asked for each time, and kept by `keep` where it can be set."""
        self.declare(variable)
        self._computed[variable.address] = value
        if keep is not None:
            self._keepers[variable.address] = keep

    def text(self, component: str, variable: str, instance: str | None = None) -> str:
        """The value. Raises KeyError for a variable this station does not have."""
        return self._value(Address(component, variable, instance))

    def number(self, component: str, variable: str, instance: str | None = None) -> int:
        """The value as an integer."""
        return int(self.text(component, variable, instance))

    def flag(self, component: str, variable: str) -> bool:
        """The value as a boolean."""
        return self.text(component, variable).lower() == "true"

    def holds(self, component: str, variable: str, evse: int) -> bool:
        """The value of a boolean that an EVSE has for itself; false where it has none."""
        address = Address(component, variable, None, EvseRef(evse))
        return address in self._variables and self._value(address).lower() == "true"

    def words(self, component: str, variable: str) -> list[str]:
        """The value as a list."""
        return split(self.text(component, variable))

    def put(self, component: str, variable: str, value: str, instance: str | None = None) -> None:
        """Set a value from inside the station, read-only or not."""
        self._keep(self._variables[Address(component, variable, instance)].address, value)

    def _keep(self, address: Address, value: str) -> None:
        keep = self._keepers.get(address)
        if keep is None:
            self._values[address] = value
        else:
            keep(value)
        for heard in self.changed:
            heard(address)

    def put_any(self, component: str, variable: str, value: str) -> None:
        """Set a value whatever its instance. Raises KeyError for a variable this station does not have."""
        found = [one for one in self._variables if (one.component, one.variable) == (component, variable)]
        if not found:
            raise KeyError(f"{component}.{variable}")
        for one in found:
            self.put(component, variable, value, one.instance)

    def read(self, asked: v2.GetVariableData) -> v2.GetVariableResult:
        """One result of GetVariables (B06)."""
        status, value = self._get(asked)
        hidden = status is v2.GetVariableStatus.REJECTED
        return v2.GetVariableResult(
            attribute_status=status,
            attribute_status_info=v2.StatusInfo(reason_code="WriteOnly") if hidden else v2.UNSET,
            attribute_value=unless_none(value),
            component=asked.component,
            variable=asked.variable,
            attribute_type=asked.attribute_type,
        )

    def write(self, asked: v2.SetVariableData) -> v2.SetVariableResult:
        """One result of SetVariables (B05); an accepted value holds from now on."""
        status, why = self._set(asked)
        return v2.SetVariableResult(
            attribute_status=status,
            component=asked.component,
            variable=asked.variable,
            attribute_type=asked.attribute_type,
            attribute_status_info=v2.UNSET if why is None else v2.StatusInfo(reason_code=why),
        )

    def most(self, action: str) -> int:
        """How many lines one request may have."""
        return self.number("DeviceDataCtrlr", "ItemsPerMessage", action)

    def everything(self) -> list[v2.GetVariableResult]:
        """Every variable, as if asked for."""
        return [self.read(_question(address)) for address in self._variables]

    def report(self, wanted: Callable[[Variable], bool]) -> list[v2.ReportData]:
        """The variables for which `wanted` holds, with their characteristics (B07, B08)."""
        found = (one for one in self._variables.values() if wanted(one))
        return [_reported(replace(one, value=self._value(one.address))) for one in found]

    def components_where(self, variable: str, otherwise: bool) -> set[object]:
        """The `place_of` those components whose variable is true, or that have none such where `otherwise`."""
        every = {place_of(one) for one in self._variables}
        having = {place_of(one): one for one in self._variables if one.variable == variable}
        return {
            place for place in every if (self._value(having[place]).lower() == "true" if place in having else otherwise)
        }

    def _value(self, address: Address) -> str:
        if address in self._computed:
            return self._computed[address]()
        return self._values.get(address, self._variables[address].value)

    def _missing(self, asked: Address) -> str | None:
        if asked in self._spelled:
            return None
        known = any(place_of(one) == place_of(asked) for one in self._spelled)
        return "UnknownVariable" if known else "UnknownComponent"

    def _get(self, asked: v2.GetVariableData) -> tuple[v2.GetVariableStatus, str | None]:
        words = v2.GetVariableStatus
        folded = _folded(_address(asked.component, asked.variable))
        if missing := self._missing(folded):
            return words(missing), None
        address = self._spelled[folded]
        if or_none(asked.attribute_type) not in (None, v2.Attribute.ACTUAL):
            return words.NOT_SUPPORTED_ATTRIBUTE_TYPE, None
        if self._variables[address].mutability is v2.Mutability.WRITE_ONLY:
            return words.REJECTED, None
        return words.ACCEPTED, self._value(address)

    def _set(self, asked: v2.SetVariableData) -> tuple[v2.SetVariableStatus, str | None]:
        """B05: component, variable, attribute, mutability, value, in this order; then it holds."""
        words = v2.SetVariableStatus
        folded = _folded(_address(asked.component, asked.variable))
        if missing := self._missing(folded):
            return words(missing), None
        if or_none(asked.attribute_type) not in (None, v2.Attribute.ACTUAL):
            return words.NOT_SUPPORTED_ATTRIBUTE_TYPE, None
        variable = self._variables[self._spelled[folded]]
        if variable.mutability is READ:
            return words.REJECTED, "ReadOnly"
        if not variable.accepts(asked.attribute_value):
            return words.REJECTED, "InvalidValue"  # B05.FR.09: never stored silently
        value = asked.attribute_value
        if refused := next((why for ask in self.checks if (why := ask(variable.address, value))), None):
            return words.REJECTED, refused
        self._keep(variable.address, value)
        remark = next((found for ask in self.remarks if (found := ask(variable.address))), None)
        return (words.REBOOT_REQUIRED if variable.reboot else words.ACCEPTED), remark


def _folded(address: Address) -> Address:
    """The address as it is compared."""
    instance = None if address.instance is None else address.instance.casefold()
    of = None if address.component_instance is None else address.component_instance.casefold()
    return Address(address.component.casefold(), address.variable.casefold(), instance, address.where, of)


def place_of(address: Address) -> tuple[object, ...]:
    """What tells a component of a station from all others: its name, its EVSE, its instance."""
    return address.component, address.where, address.component_instance


def _address(component: v2.Component, variable: v2.Variable) -> Address:
    place = or_none(component.evse)
    where = None if place is None else EvseRef(place.id, or_none(place.connector_id))
    return Address(
        component.name, variable.name, or_none(variable.instance), where, or_none(component.instance) or None
    )


def _spelled(address: Address) -> tuple[v2.Component, v2.Variable]:
    where = address.where
    place = None if where is None else v2.EVSE(id=where.evse, connector_id=unless_none(where.connector))
    instance = unless_none(address.component_instance)
    component = v2.Component(name=address.component, instance=instance, evse=unless_none(place))
    return component, v2.Variable(name=address.variable, instance=unless_none(address.instance))


def _question(address: Address) -> v2.GetVariableData:
    component, variable = _spelled(address)
    return v2.GetVariableData(component=component, variable=variable)


def _reported(variable: Variable) -> v2.ReportData:
    component, name = _spelled(variable.address)
    hidden = variable.mutability is v2.Mutability.WRITE_ONLY  # B07: its value is left out
    value = v2.UNSET if hidden else variable.value
    most = variable.most if variable.longest is None else variable.longest
    return v2.ReportData(
        component=component,
        variable=name,
        variable_attribute=[v2.VariableAttribute(value=value, mutability=variable.mutability)],
        variable_characteristics=v2.VariableCharacteristics(
            data_type=variable.data,
            supports_monitoring=False,
            unit=unless_none(variable.unit),
            min_limit=unless_none(None if variable.least is None else float(variable.least)),
            max_limit=unless_none(None if most is None else float(most)),
            values_list=unless_none(",".join(variable.choices) or None),
        ),
    )


def describe(model: DeviceModel, evses: Mapping[int, Evse], hardware: Hardware, *, keys: bool) -> None:
    """Add what the station is made of: itself, its EVSEs and connectors; and the `keys` only 1.6 has."""
    model.declare(fixed("ChargingStation", "VendorName", hardware.vendor))
    model.declare(fixed("ChargingStation", "Model", hardware.model))
    model.declare(fixed("ChargingStation", "SupplyPhases", "3"))
    model.declare(fixed("ChargingStation", "Available", "true"))
    model.declare(fixed("ChargingStation", "AvailabilityState", "Available"))
    for number, evse in evses.items():
        place, connector = EvseRef(number), EvseRef(number, 1)
        phases = str(evse.outlet.phases)
        watts = evse.outlet.max_current.value * evse.outlet.voltage.value * evse.outlet.phases
        model.declare(fixed("EVSE", "Available", "true", place))
        model.declare(fixed("EVSE", "SupplyPhases", phases, place))
        model.declare(fixed("EVSE", "Power", str(watts), place))
        if not keys:
            quiet = Address("AlignedDataCtrlr", "SendDuringIdle", None, place)
            model.declare(Variable(address=quiet, value="false", data=v2.Data.BOOLEAN))
        model.declare(fixed("Connector", "Available", "true", connector))
        model.declare(fixed("Connector", "ConnectorType", "cType2", connector))
        model.declare(fixed("Connector", "SupplyPhases", phases, connector))
        model.declare(fixed("Connector", "ConnectorType", evse.outlet.connector_type, connector))
        for variable in (
            fixed("EVSE", "AvailabilityState", "", place),
            fixed("Connector", "AvailabilityState", "", connector),
        ):
            model.compute(variable, partial(_availability, evse))
    if keys:
        model.declare(fixed("ConfigurationKeys", "NumberOfConnectors", str(len(evses))))
        profiles = "Core,LocalAuthListManagement,RemoteTrigger,Reservation"
        model.declare(fixed("ConfigurationKeys", "SupportedFeatureProfiles", profiles))
        shortest = Address("ChargingStation", "MinimumStatusDuration")
        model.declare(Variable(address=shortest, value="0", data=v2.Data.INTEGER, least=0, unit="s"))
        model.declare(Variable(address=Address("ConfigurationKeys", "ConnectorPhaseRotation"), value="NotApplicable"))


def declare_by_version(model: DeviceModel, habits: Habits) -> None:
    """Add the variables that only this version has."""
    shown = SHOWN if habits.shows_costs else CALIFORNIA
    for variable in (*shown, *(CALCULATED + PAID if habits.calculates_costs else ())):
        model.declare(variable)
    for variable in IN_21 if habits.resumes_transactions else ():
        model.declare(variable)
    if habits.register_stands_alone:
        for variable in IN_16:
            model.declare(variable)
        model.put("SampledDataCtrlr", "TxEndedMeasurands", "")  # the standard's default of StopTxnSampledData


def _availability(evse: Evse) -> str:
    return evse.availability.value
