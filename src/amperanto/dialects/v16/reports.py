"""Reports of variables, as OCPP 1.6 has them: it answers GetConfiguration at once, with all its keys (B07, B08).

A GetBaseReport or GetReport becomes one GetConfiguration, and the answer is the report that 2.x sends by itself. What
was not asked for is left out here, since stations ignore the filter. From SupportedFeatureProfiles follows which
controllers are there; a profile that is not listed denies nothing, since many lists are incomplete.
"""

from __future__ import annotations

from collections.abc import Iterable

from amperanto.dialects.context import StationContext
from amperanto.dialects.errors import NotSpoken
from amperanto.dialects.v16.configuration_keys import (
    COMPONENT,
    READ_ONLY,
    key_of,
    knows_component,
    place_of,
    value_in_2x,
)
from amperanto.domain.device_model import (
    Attribute,
    Characteristics,
    Mutability,
    ReportedVariable,
    VariableRef,
    members,
)
from amperanto.domain.observations import VariablesReported
from amperanto.ocpp import v2, v16

Asked = v2.GetBaseReportRequest | v2.GetReportRequest
_READ_ONLY = {key.casefold() for key in READ_ONLY}
PROFILES = "supportedfeatureprofiles"
CONTROLLERS = {
    "localauthlistmanagement": "LocalAuthListCtrlr",
    "reservation": "ReservationCtrlr",
    "smartcharging": "SmartChargingCtrlr",
}
BOOLEAN = Characteristics(data_type="boolean")


def written(asked: Asked) -> list[v16.GetConfigurationRequest]:
    """The request that gets the report; none where nothing of what is named can be a key. Raises NotSpoken."""
    if isinstance(asked, v2.GetBaseReportRequest):
        if asked.report_base == v2.ReportBase.SUMMARY_INVENTORY:
            raise NotSpoken("OCPP 1.6 has no summary report; its states come as StatusNotification")
        return [v16.GetConfigurationRequest()]
    if not isinstance(asked.component_criteria, v2.UnsetType):
        raise NotSpoken("OCPP 1.6 cannot report components by what is active, available, enabled or a problem")
    if isinstance(asked.component_variable, v2.UnsetType):
        return [v16.GetConfigurationRequest()]
    known = [one for one in asked.component_variable if _may_be_a_key(one)]
    if not known:
        return []
    keys = [key for one in known if (key := _key(one)) is not None]
    return [v16.GetConfigurationRequest(key=keys if len(keys) == len(known) else v16.UNSET)]


def _key(one: v2.ComponentVariable) -> str | None:
    return None if isinstance(one.variable, v2.UnsetType) else key_of(one.component, one.variable)


def _may_be_a_key(one: v2.ComponentVariable) -> bool:
    if isinstance(one.variable, v2.UnsetType) or isinstance(one.variable.instance, v2.UnsetType):
        return knows_component(one.component)
    return _key(one) is not None


def told(asked: Asked, answers: Iterable[v16.GetConfigurationResponse], context: StationContext) -> VariablesReported:
    """The report in the answers: what was asked for of it."""
    listed: dict[str, v16.KeyValue] = {}
    for answer in answers:
        if not isinstance(answer.configuration_key, v16.UnsetType):
            listed.update({one.key.casefold(): one for one in answer.configuration_key})
    found = [_variable(one) for one in listed.values() if one.key]
    found += _controllers(listed.get(PROFILES))
    return VariablesReported(
        request=asked.request_id,
        at=context.now(),
        variables=tuple([one for one in found if _wanted(asked, one)]),
    )


def _unquoted(value: str) -> str:
    """The value without the quotation marks that some stations put around their lists (quirks.md §6)."""
    bare = value.strip()
    quoted = len(bare) > 1 and bare[0] == bare[-1] and bare[0] in "'\""
    return bare[1:-1].strip() if quoted else bare


def _variable(told: v16.KeyValue) -> ReportedVariable:
    place = place_of(told.key)
    value = None if isinstance(told.value, v16.UnsetType) else told.value
    if value is not None and place.component != COMPONENT:
        value = _unquoted(value)
        spelled = value_in_2x(told.key, value)
        value = value if spelled is None else spelled
    read_only = told.readonly or told.key.casefold() in _READ_ONLY
    hidden = Mutability.READ_WRITE if value is not None else Mutability.WRITE_ONLY
    return ReportedVariable(
        ref=VariableRef(place.component, place.variable, None, place.instance),
        attributes=(Attribute(value=value, mutability=Mutability.READ_ONLY if read_only else hidden),),
    )


def _controllers(profiles: v16.KeyValue | None) -> list[ReportedVariable]:
    """The controllers a station says it has."""
    text = None if profiles is None else profiles.value
    if not isinstance(text, str):
        return []
    return [
        ReportedVariable(
            ref=VariableRef(CONTROLLERS[profile], "Available"),
            attributes=(Attribute(value="true", mutability=Mutability.READ_ONLY),),
            characteristics=BOOLEAN,
        )
        for profile in members(text)
        if profile in CONTROLLERS
    ]


def _wanted(asked: Asked, one: ReportedVariable) -> bool:
    if isinstance(asked, v2.GetBaseReportRequest):
        settable = one.attributes[0].mutability is not Mutability.READ_ONLY
        return settable or asked.report_base != v2.ReportBase.CONFIGURATION_INVENTORY
    if isinstance(asked.component_variable, v2.UnsetType):
        return True
    return any(_names(wanted, one.ref) for wanted in asked.component_variable)


def _names(wanted: v2.ComponentVariable, ref: VariableRef) -> bool:
    """Whether that means this variable; what is left out means any (B08.FR.20)."""
    component, variable = wanted.component, wanted.variable
    plain = isinstance(component.evse, v2.UnsetType) and isinstance(component.instance, v2.UnsetType)
    if not plain or component.name.casefold() != ref.component.casefold():
        return False
    if isinstance(variable, v2.UnsetType):
        return True
    instance = v2.or_none(variable.instance)
    same = variable.name.casefold() == ref.variable.casefold()
    return same and (instance is None or instance.casefold() == (ref.variable_instance or "").casefold())


def status(report: VariablesReported) -> v2.GenericDeviceModelStatus:
    """The answer that announces the report."""
    words = v2.GenericDeviceModelStatus
    return words.ACCEPTED if report.variables else words.EMPTY_RESULT_SET
