"""Variables in 2.1's words and in the house's: how they are asked for, set, answered and kept.

What a station answers is matched by name, not by place: stations answer in any order, leave lines out, or answer what
nobody asked. A request is split so that it has no more lines and bytes than the station takes.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import TypeVar

import msgspec

from amperanto.domain.device_model import (
    ACTUAL,
    Attribute,
    KnownVariable,
    Mutability,
    ReportedVariable,
    VariableRef,
    WantedValue,
    keepable,
    same_value,
)
from amperanto.domain.stations import EvseRef, Station
from amperanto.ocpp import v2

L = TypeVar("L")

SET = "set"
"""The source of a value that was set and read back: nothing older waits for a restart any more."""
FRAME = 120  # bytes of a frame besides its lines
ACCEPTED, NO_ANSWER = v2.SetVariableStatus.ACCEPTED.value, "NoAnswer"
_ENCODE = msgspec.json.Encoder().encode


@dataclass(frozen=True, slots=True, kw_only=True)
class SetResult:
    """What became of one value that was set: OCPP's status, or why the station said none.

    `value` is what was read back, None where it cannot be read; `confirmed` whether it is what was set.
    """

    wanted: WantedValue
    status: str
    info: str | None = None
    value: str | None = None
    confirmed: bool | None = None


@dataclass(frozen=True, slots=True)
class Source:
    """How we know of a value. `whole`: everything about the attribute was told, not only its value."""

    name: str
    at: datetime
    by: str | None = None
    whole: bool = True


def ref_of(component: v2.Component, variable: v2.Variable) -> VariableRef:
    """The variable 2.1 names."""
    told = component.evse
    where = None if isinstance(told, v2.UnsetType) else EvseRef(told.id, v2.or_none(told.connector_id) or None)
    return VariableRef(
        component.name, variable.name, v2.or_none(component.instance), v2.or_none(variable.instance), where
    )


def named(ref: VariableRef) -> tuple[v2.Component, v2.Variable]:
    """The variable as 2.1 names it."""
    where = ref.where
    place = v2.UNSET if where is None else v2.EVSE(id=where.evse, connector_id=v2.unless_none(where.connector))
    component = v2.Component(name=ref.component, instance=v2.unless_none(ref.component_instance), evse=place)
    return component, v2.Variable(name=ref.variable, instance=v2.unless_none(ref.variable_instance))


def _kind(kind: str) -> v2.Attribute | v2.UnsetType:
    """The attribute, unsaid where it is the ordinary one: some stations know no other and refuse its name."""
    return v2.UNSET if kind == ACTUAL else v2.Attribute(kind)


def question(ref: VariableRef, kind: str) -> v2.GetVariableData:
    """One line of GetVariables."""
    component, variable = named(ref)
    return v2.GetVariableData(component=component, variable=variable, attribute_type=_kind(kind))


def setting(wanted: WantedValue) -> v2.SetVariableData:
    """One line of SetVariables."""
    component, variable = named(wanted.ref)
    return v2.SetVariableData(
        attribute_value=wanted.value, component=component, variable=variable, attribute_type=_kind(wanted.kind)
    )


Line = v2.GetVariableData | v2.GetVariableResult | v2.SetVariableResult


def _key(line: Line) -> str:
    return ref_of(line.component, line.variable).key(str(v2.or_none(line.attribute_type) or ACTUAL))


def answered(
    asked: Sequence[v2.GetVariableData], results: Sequence[v2.GetVariableResult]
) -> list[v2.GetVariableResult]:
    """The result of each question, in the order asked; one that was left out counts as Rejected."""
    told = {_key(line): line for line in results}
    return [
        told.get(_key(one))
        or v2.GetVariableResult(
            attribute_status=v2.GetVariableStatus.REJECTED,
            component=one.component,
            variable=one.variable,
            attribute_type=one.attribute_type,
            attribute_status_info=v2.StatusInfo(reason_code=NO_ANSWER),
        )
        for one in asked
    ]


def set_results(wanted: Sequence[WantedValue], results: Sequence[v2.SetVariableResult]) -> list[SetResult]:
    """What became of each value of one request."""
    told = {_key(line): line for line in results}
    made: list[SetResult] = []
    for one in wanted:
        line = told.get(one.key)
        if line is None:
            made.append(SetResult(wanted=one, status=NO_ANSWER, info="the station left it out of its answer"))
        else:
            made.append(
                SetResult(wanted=one, status=str(line.attribute_status), info=info_of(line.attribute_status_info))
            )
    return made


def confirmed(result: SetResult, read: Mapping[str, str | None], known: Mapping[str, KnownVariable]) -> SetResult:
    """The result, with what was read back."""
    key = result.wanted.key
    if result.status != ACCEPTED or key not in read:
        return result
    value, about = read[key] or "", known.get(key)
    data_type = None if about is None or about.characteristics is None else about.characteristics.data_type
    return replace(result, value=value, confirmed=same_value(data_type, result.wanted.value, value))


def info_of(told: v2.StatusInfo | v2.UnsetType) -> str | None:
    """Why, in the station's words."""
    if isinstance(told, v2.UnsetType):
        return None
    more = v2.or_none(told.additional_info)
    return told.reason_code if not more else f"{told.reason_code}: {more}"


def split(lines: Sequence[L], items: int, size: int | None) -> Iterator[list[L]]:
    """The lines in parts of at most so many lines and about so many bytes, but always one."""
    part: list[L] = []
    used = FRAME
    for line in lines:
        more = len(_ENCODE(line)) + 1
        if part and (len(part) >= items or (size is not None and used + more > size)):
            yield part
            part, used = [], FRAME
        part.append(line)
        used += more
    if part:
        yield part


def known_now(
    station: Station, told: ReportedVariable, attribute: Attribute, how: Source, old: KnownVariable | None
) -> KnownVariable:
    """What is known of an attribute now, told so; without its secret, and with what was known before."""
    if old is None:
        old = KnownVariable(
            station=station.id,
            organisation=station.organisation,
            ref=told.ref,
            attribute=attribute,
            seen_at=how.at,
            source=how.name,
        )
    if not how.whole:
        attribute = replace(old.attribute, value=attribute.value)
        if attribute.mutability is Mutability.WRITE_ONLY and attribute.value is not None:
            attribute = replace(attribute, mutability=Mutability.READ_WRITE)  # it was read
    return replace(
        old,
        ref=told.ref if how.whole else old.ref,
        attribute=replace(attribute, value=keepable(told.ref, attribute)),
        characteristics=told.characteristics or old.characteristics,
        seen_at=how.at,
        source=how.name,
        by=how.by,
        pending=None if how.name == SET else old.pending,
        reboot_since=None if how.name == SET else old.reboot_since,
    )


def unknown_yet(station: Station, wanted: WantedValue, how: Source) -> KnownVariable:
    """An attribute of which nothing was told yet."""
    return KnownVariable(
        station=station.id,
        organisation=station.organisation,
        ref=wanted.ref,
        attribute=Attribute(kind=wanted.kind),
        seen_at=how.at,
        source=how.name,
        by=how.by,
    )


def limit_of(known: KnownVariable | None) -> int | None:
    """A limit a station tells; None where it tells none that makes sense."""
    text = "" if known is None else (known.attribute.value or "").strip()
    return int(text) if text.isascii() and text.isdecimal() and int(text[:9]) > 0 else None
