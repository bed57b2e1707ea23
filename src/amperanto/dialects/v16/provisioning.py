"""B. Provisioning, as OCPP 1.6 says it: the boot, the reset, and configuration keys for variables.

One GetVariables becomes one GetConfiguration, one SetVariables as many ChangeConfigurations as it has
variables, with one combined answer (R5). A variable 1.6 has no key for is answered here, without asking. A
GetConfiguration without keys asks for all: a station in software reads a GetVariables without variables.
"""

from __future__ import annotations

from amperanto.dialects.context import StationContext
from amperanto.dialects.errors import NotSpoken
from amperanto.dialects.v16 import reports
from amperanto.dialects.v16.configuration_keys import (
    COMPONENT,
    READ_ONLY,
    Place,
    is_raw,
    key_of,
    knows_component,
    named,
    place_of,
    value_in_2x,
    value_in_16,
)
from amperanto.dialects.v16.words import COMMAND_DROPS, V16
from amperanto.dialects.wording import aware, fitting, fitting_or_unset, plain
from amperanto.domain.decisions import BootDecision
from amperanto.domain.observations import StationBooted, VariablesReported
from amperanto.domain.stations import Hardware, Registration
from amperanto.ocpp import v2, v16

REGISTERED = {status.value: status for status in Registration}
VALUE_LENGTH = 500


@V16.exchange(v16.BootNotificationRequest, StationBooted, drops={"reason": "1.6 does not say why it booted"})
class BootNotification:
    """The station started. An answer in no known word counts as Rejected."""

    @staticmethod
    def read(wire: v16.BootNotificationRequest, context: StationContext) -> StationBooted:
        return StationBooted(
            hardware=Hardware(
                vendor=wire.charge_point_vendor,
                model=wire.charge_point_model,
                serial_number=v16.or_none(wire.charge_point_serial_number),
                firmware_version=v16.or_none(wire.firmware_version),
                iccid=v16.or_none(wire.iccid),
                imsi=v16.or_none(wire.imsi),
                charge_box_serial_number=v16.or_none(wire.charge_box_serial_number),
                meter_type=v16.or_none(wire.meter_type),
                meter_serial_number=v16.or_none(wire.meter_serial_number),
            )
        )

    @staticmethod
    def write(neutral: StationBooted, context: StationContext) -> v16.BootNotificationRequest:
        told = neutral.hardware
        return v16.BootNotificationRequest(
            charge_point_vendor=fitting(told.vendor, 20, "vendor"),
            charge_point_model=fitting(told.model, 20, "model"),
            charge_point_serial_number=fitting_or_unset(told.serial_number, 25, "serial number"),
            charge_box_serial_number=fitting_or_unset(told.charge_box_serial_number, 25, "serial number"),
            firmware_version=fitting_or_unset(told.firmware_version, 50, "firmware version"),
            iccid=fitting_or_unset(told.iccid, 20, "ICCID"),
            imsi=fitting_or_unset(told.imsi, 20, "IMSI"),
            meter_type=fitting_or_unset(told.meter_type, 25, "meter type"),
            meter_serial_number=fitting_or_unset(told.meter_serial_number, 25, "meter serial number"),
        )

    @staticmethod
    def answer(
        wire: v16.BootNotificationRequest, said: BootDecision, context: StationContext
    ) -> v16.BootNotificationResponse:
        return v16.BootNotificationResponse(
            status=v16.RegistrationStatus(said.status.value),
            current_time=aware(said.now),
            interval=said.interval,
        )

    @staticmethod
    def hear(neutral: StationBooted, answer: v16.BootNotificationResponse, context: StationContext) -> BootDecision:
        return BootDecision(
            status=REGISTERED.get(answer.status, Registration.REJECTED),
            now=aware(answer.current_time),
            interval=answer.interval,
        )


RESETS = {v2.Reset.IMMEDIATE: v16.Reset.HARD, v2.Reset.ON_IDLE: v16.Reset.SOFT}
HEARD_RESETS: dict[str, v2.Reset] = {said.value: kind for kind, said in RESETS.items()}


@V16.exchange(
    v16.ResetRequest,
    v2.ResetRequest,
    drops={
        **COMMAND_DROPS,
        "answer.status": "1.6 says Accepted for what waits until transactions are stopped",
    },
)
class Reset:
    """Restart the station: Immediate is Hard, OnIdle is Soft."""

    @staticmethod
    def read(wire: v16.ResetRequest, context: StationContext) -> v2.ResetRequest:
        return v2.ResetRequest(type=HEARD_RESETS.get(wire.type) or v2.Reset.keep(wire.type))

    @staticmethod
    def write(neutral: v2.ResetRequest, context: StationContext) -> v16.ResetRequest:
        if not isinstance(neutral.evse_id, v2.UnsetType):
            raise NotSpoken("OCPP 1.6 resets the whole station only")
        if neutral.type not in RESETS:
            raise NotSpoken(f"OCPP 1.6 has no reset {neutral.type}")
        return v16.ResetRequest(type=RESETS[neutral.type])

    @staticmethod
    def answer(wire: v16.ResetRequest, said: v2.ResetResponse, context: StationContext) -> v16.ResetResponse:
        refused = said.status == v2.ResetStatus.REJECTED
        return v16.ResetResponse(status=v16.ResetStatus.REJECTED if refused else v16.ResetStatus.ACCEPTED)

    @staticmethod
    def hear(neutral: v2.ResetRequest, answer: v16.ResetResponse, context: StationContext) -> v2.ResetResponse:
        return v2.ResetResponse(status=v2.ResetStatus.keep(answer.status))


Asked = v2.GetVariableData | v2.SetVariableData
KEYS = "standard keys have a variable by table, all others are variables of the component ConfigurationKeys"
REPORTED = "1.6 lists all it has; what was not asked for is left out on our side"
UNKNOWN = "1.6 knows no components and attributes: what it does not know is an unknown variable"
LISTED = v2.GetVariableStatus


def _answered_here(asked: Asked) -> str | None:
    """The status of what 1.6 cannot be asked, None where it can."""
    if asked.attribute_type not in (v2.UNSET, v2.Attribute.ACTUAL):
        return LISTED.NOT_SUPPORTED_ATTRIBUTE_TYPE
    if key_of(asked.component, asked.variable) is None:
        known = knows_component(asked.component)
        return LISTED.UNKNOWN_VARIABLE if known else LISTED.UNKNOWN_COMPONENT
    return None


@V16.exchange(
    v16.GetConfigurationRequest,
    (v2.GetVariablesRequest, v2.GetBaseReportRequest, v2.GetReportRequest),
    several=True,
    drops={
        "report_base": REPORTED,
        "component_variable": REPORTED,
        "request_id": "1.6 answers a report at once: it is numbered on our side",
        "get_variable_data.component": KEYS,
        "get_variable_data.attribute_type": "1.6 has one value a key, the Actual one",
        **COMMAND_DROPS,
        "answer.get_variable_result.attribute_status": UNKNOWN,
    },
)
class GetConfiguration:
    """Read variables, or report them all. A key listed without a value is one that may not be read: Rejected."""

    @staticmethod
    def read(wire: v16.GetConfigurationRequest, context: StationContext) -> v2.GetVariablesRequest:
        keys = () if isinstance(wire.key, v16.UnsetType) else wire.key
        asked = [named(place_of(key)) for key in keys]
        return v2.GetVariablesRequest(
            get_variable_data=[v2.GetVariableData(component=one, variable=name) for one, name in asked]
        )

    @staticmethod
    def write(
        neutral: v2.GetVariablesRequest | reports.Asked, context: StationContext
    ) -> list[v16.GetConfigurationRequest]:
        if not isinstance(neutral, v2.GetVariablesRequest):
            return reports.written(neutral)
        # Without keys GetConfiguration would ask for all of them.
        keys = [
            key_of(asked.component, asked.variable) or ""
            for asked in neutral.get_variable_data
            if _answered_here(asked) is None
        ]
        return [v16.GetConfigurationRequest(key=keys)] if keys else []

    @staticmethod
    def answer(
        wire: v16.GetConfigurationRequest, said: v2.GetVariablesResponse, context: StationContext
    ) -> v16.GetConfigurationResponse:
        listed: list[v16.KeyValue] = []
        unknown: list[str] = []
        for result in said.get_variable_result:
            key = key_of(result.component, result.variable)
            if key is None:
                continue
            value = plain(result.attribute_value)
            if result.attribute_status == LISTED.ACCEPTED:
                told = value_in_16(result.component, key, value or "")[:VALUE_LENGTH]
                listed.append(v16.KeyValue(key=key, readonly=key in READ_ONLY, value=told))
            elif result.attribute_status == LISTED.REJECTED:
                listed.append(v16.KeyValue(key=key, readonly=key in READ_ONLY))
            else:
                unknown.append(key)
        return v16.GetConfigurationResponse(configuration_key=listed or v16.UNSET, unknown_key=unknown or v16.UNSET)

    @staticmethod
    def hear(
        neutral: v2.GetVariablesRequest | reports.Asked,
        answers: list[v16.GetConfigurationResponse],
        context: StationContext,
    ) -> v2.GetVariablesResponse | v2.GetBaseReportResponse | v2.GetReportResponse:
        if isinstance(neutral, v2.GetBaseReportRequest):
            return v2.GetBaseReportResponse(status=reports.status(reports.told(neutral, answers, context)))
        if isinstance(neutral, v2.GetReportRequest):
            return v2.GetReportResponse(status=reports.status(reports.told(neutral, answers, context)))
        told = {
            key.key.casefold(): key
            for answer in answers
            if not isinstance(answer.configuration_key, v16.UnsetType)
            for key in answer.configuration_key
        }
        return v2.GetVariablesResponse(
            get_variable_result=[_result(asked, told) for asked in neutral.get_variable_data]
        )

    @staticmethod
    def tells(
        neutral: v2.GetVariablesRequest | reports.Asked,
        answers: list[v16.GetConfigurationResponse],
        context: StationContext,
    ) -> VariablesReported | None:
        """The report that 2.x would send now."""
        if isinstance(neutral, v2.GetVariablesRequest):
            return None
        report = reports.told(neutral, answers, context)
        return report if report.variables else None


def _value(component: v2.Component, variable: v2.Variable, told: str) -> str | None:
    """A key's value as its variable spells it, None where it cannot."""
    key = key_of(component, variable)
    return told if key is None or is_raw(component) else value_in_2x(key, told)


def _result(asked: v2.GetVariableData, told: dict[str, v16.KeyValue]) -> v2.GetVariableResult:
    status: str | None = _answered_here(asked)
    value: str | v2.UnsetType = v2.UNSET
    if status is None:
        key = key_of(asked.component, asked.variable) or ""
        listed = told.get(key.casefold())
        if listed is None:
            status = LISTED.UNKNOWN_VARIABLE
        elif isinstance(listed.value, v16.UnsetType):
            status = LISTED.REJECTED
        else:
            spelled = _value(asked.component, asked.variable, listed.value)
            status, value = LISTED.ACCEPTED, listed.value if spelled is None else spelled
    return v2.GetVariableResult(
        attribute_status=LISTED(status),
        component=asked.component,
        variable=asked.variable,
        attribute_type=asked.attribute_type,
        attribute_value=value,
    )


WRITTEN = v2.SetVariableStatus
NOT_SUPPORTED = v16.ConfigurationStatus.NOT_SUPPORTED


@V16.exchange(
    v16.ChangeConfigurationRequest,
    v2.SetVariablesRequest,
    several=True,
    drops={
        "set_variable_data": "one ChangeConfiguration a variable; the answers are combined",
        "set_variable_data.component": KEYS,
        "set_variable_data.attribute_type": "1.6 has one value a key, the Actual one",
        **COMMAND_DROPS,
        "answer.set_variable_result.attribute_status": UNKNOWN,
    },
)
class ChangeConfiguration:
    """Write variables, one call each, in order; one that was not reached is Rejected."""

    @staticmethod
    def read(wire: v16.ChangeConfigurationRequest, context: StationContext) -> v2.SetVariablesRequest:
        component, variable = named(place_of(wire.key))
        value = _value(component, variable, wire.value)
        if value is None:
            (component, variable), value = named(Place(COMPONENT, wire.key)), wire.value
        asked = v2.SetVariableData(attribute_value=value, component=component, variable=variable)
        return v2.SetVariablesRequest(set_variable_data=[asked])

    @staticmethod
    def write(neutral: v2.SetVariablesRequest, context: StationContext) -> list[v16.ChangeConfigurationRequest]:
        written: list[v16.ChangeConfigurationRequest] = []
        for asked in neutral.set_variable_data:
            if _answered_here(asked) is None:
                key = key_of(asked.component, asked.variable) or ""
                value = fitting(value_in_16(asked.component, key, asked.attribute_value), VALUE_LENGTH, "value")
                written.append(v16.ChangeConfigurationRequest(key=key, value=value))
        return written

    @staticmethod
    def answer(
        wire: v16.ChangeConfigurationRequest, said: v2.SetVariablesResponse, context: StationContext
    ) -> v16.ChangeConfigurationResponse:
        status = said.set_variable_result[0].attribute_status
        known = status in (WRITTEN.ACCEPTED, WRITTEN.REJECTED, WRITTEN.REBOOT_REQUIRED)
        return v16.ChangeConfigurationResponse(status=v16.ConfigurationStatus(status.value) if known else NOT_SUPPORTED)

    @staticmethod
    def hear(
        neutral: v2.SetVariablesRequest,
        answers: list[v16.ChangeConfigurationResponse],
        context: StationContext,
    ) -> v2.SetVariablesResponse:
        left = iter(answers)
        results: list[v2.SetVariableResult] = []
        for asked in neutral.set_variable_data:
            status = _answered_here(asked) or _written(next(left, None))
            results.append(
                v2.SetVariableResult(
                    attribute_status=WRITTEN.keep(status),
                    component=asked.component,
                    variable=asked.variable,
                    attribute_type=asked.attribute_type,
                )
            )
        return v2.SetVariablesResponse(set_variable_result=results)


def _written(answer: v16.ChangeConfigurationResponse | None) -> str:
    if answer is None:
        return WRITTEN.REJECTED
    return WRITTEN.UNKNOWN_VARIABLE if answer.status == NOT_SUPPORTED else str(answer.status)
