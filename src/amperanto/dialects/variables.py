"""Variables of the device model between 2.1's words and the house's: what both dialects share (B05-B08)."""

from __future__ import annotations

from amperanto.dialects.wording import fitting, fitting_or_unset, plain, word
from amperanto.domain.device_model import (
    ACTUAL,
    Attribute,
    Characteristics,
    Mutability,
    ReportedVariable,
    VariableRef,
)
from amperanto.domain.stations import EvseRef
from amperanto.ocpp import v2

_MUTABILITIES: dict[str, Mutability] = {one.value: one for one in Mutability}


def ref_of(component: v2.Component, variable: v2.Variable) -> VariableRef:
    """The variable 2.1 names."""
    told = component.evse
    where = None if isinstance(told, v2.UnsetType) else EvseRef(told.id, v2.or_none(told.connector_id) or None)
    return VariableRef(
        component.name, variable.name, v2.or_none(component.instance), v2.or_none(variable.instance), where
    )


def named(ref: VariableRef) -> tuple[v2.Component, v2.Variable]:
    """The variable as 2.1 names it. Raises NotSpoken for a name that is too long."""
    where = ref.where
    place = v2.UNSET if where is None else v2.EVSE(id=where.evse, connector_id=v2.unless_none(where.connector))
    component = v2.Component(
        name=fitting(ref.component, 50, "component"),
        instance=fitting_or_unset(ref.component_instance, 50, "component instance"),
        evse=place,
    )
    return component, v2.Variable(
        name=fitting(ref.variable, 50, "variable"),
        instance=fitting_or_unset(ref.variable_instance, 50, "variable instance"),
    )


def reported(data: v2.ReportData) -> ReportedVariable:
    """One line of a report. An attribute that does not say what may be done with it may be read and written."""
    told = data.variable_characteristics
    return ReportedVariable(
        ref=ref_of(data.component, data.variable),
        attributes=tuple([_attribute(one) for one in data.variable_attribute]),
        characteristics=None
        if isinstance(told, v2.UnsetType)
        else Characteristics(
            data_type=str(told.data_type),
            supports_monitoring=told.supports_monitoring,
            unit=plain(told.unit),
            min_limit=v2.or_none(told.min_limit),
            max_limit=v2.or_none(told.max_limit),
            max_elements=v2.or_none(told.max_elements),
            values_list=plain(told.values_list),
        ),
    )


def _attribute(told: v2.VariableAttribute) -> Attribute:
    return Attribute(
        kind=plain(told.type) or ACTUAL,
        value=plain(told.value),
        mutability=_MUTABILITIES.get(plain(told.mutability) or "", Mutability.READ_WRITE),
        persistent=told.persistent is True,
        constant=told.constant is True,
    )


def report_data(variable: ReportedVariable) -> v2.ReportData:
    """One line of a report, in 2.1's words. Raises NotSpoken."""
    component, name = named(variable.ref)
    about = variable.characteristics
    return v2.ReportData(
        component=component,
        variable=name,
        variable_attribute=[_said(one) for one in variable.attributes],
        variable_characteristics=v2.UNSET
        if about is None
        else v2.VariableCharacteristics(
            data_type=word(v2.Data, about.data_type, "data type"),
            supports_monitoring=about.supports_monitoring,
            unit=fitting_or_unset(about.unit, 16, "unit"),
            min_limit=v2.unless_none(about.min_limit),
            max_limit=v2.unless_none(about.max_limit),
            max_elements=v2.unless_none(about.max_elements),
            values_list=fitting_or_unset(about.values_list, 1000, "list of values"),
        ),
    )


def _said(attribute: Attribute) -> v2.VariableAttribute:
    return v2.VariableAttribute(
        type=word(v2.Attribute, attribute.kind, "attribute"),
        value=fitting_or_unset(attribute.value, 2500, "value"),
        mutability=v2.Mutability(attribute.mutability.value),
        persistent=attribute.persistent or v2.UNSET,
        constant=attribute.constant or v2.UNSET,
    )
