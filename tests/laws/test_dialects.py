"""The law of dialects: `read(write(x)) == x` and `hear(answer(d)) == d`, up to the drops declared.

All that is written is encoded and strictly decoded again by the codec of its version, so nothing of it can be
invalid. What a version cannot say raises NotSpoken before the wire.
"""

import json
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any, get_args

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.laws.dialect_words import (
    CASES,
    FIGURES,
    INSTANTS,
    KEYS,
    LIMITS,
    NUMBERS,
    Case,
    asked,
    maybe,
    text,
    tree,
    values,
    without,
    written,
)
from tests.laws.published import messages_of, mutated

from amperanto.dialects import NotSpoken, PlainContext, dialect_for
from amperanto.dialects.dialect import Translation
from amperanto.dialects.v2 import V2
from amperanto.dialects.v16 import V16
from amperanto.dialects.v16.configuration_keys import named
from amperanto.dialects.variables import ref_of
from amperanto.domain import observations
from amperanto.domain.quantities import WattHours
from amperanto.domain.stations import Availability, ChargingState, EvseRef
from amperanto.domain.tokens import Token
from amperanto.ocpp import v2
from amperanto.ocpp.catalogue import Exchange, exchanges
from amperanto.ocpp.codec import Codec, Mode
from amperanto.ocpp.errors import RemoteProtocolError
from amperanto.ocpp.shapes import Message
from amperanto.ocpp.versions import Version

CONTEXT = PlainContext(clock=lambda: datetime(2026, 1, 1, tzinfo=UTC))
SAID = [pytest.param(case, version, id=f"{case.name} {version}") for case in CASES for version in case.versions]
BRISK = settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])


def declared(version: Version, neutral: object) -> Translation:
    family = V16 if version is Version.V16 else V2
    return next(one for one in family.translations if type(neutral) in one.neutrals)


def over_the_wire(version: Version, message: Message) -> Message:
    """The message after JSON: encoded for this version and strictly decoded again."""
    codec = Codec(version, Mode.STRICT)
    return codec.decode(type(message), codec.encode(message)).message


def same(one: Any, other: Any, drops: Iterable[str]) -> None:
    left, right = tree(one), tree(other)
    for path in drops:
        without(left, path.split("."))
        without(right, path.split("."))
    assert left == right


@pytest.mark.parametrize(("case", "version"), SAID)
@given(data=st.data())
@BRISK
def test_what_is_written_is_read_again(case: Case, version: Version, data: st.DataObject) -> None:
    neutral = data.draw(case.neutral(version))
    dialect = dialect_for(version)
    (wire,) = dialect.write(neutral, CONTEXT)
    assert case.loses <= declared(version, neutral).drops.keys()
    same(neutral, dialect.read(over_the_wire(version, wire), CONTEXT), case.loses)


@pytest.mark.parametrize(("case", "version"), SAID)
@given(data=st.data())
@BRISK
def test_what_is_answered_is_heard_again(case: Case, version: Version, data: st.DataObject) -> None:
    neutral, said = data.draw(case.neutral(version)), data.draw(case.said(version))
    dialect = dialect_for(version)
    (wire,) = dialect.write(neutral, CONTEXT)
    answer = over_the_wire(version, dialect.answer(wire, said, CONTEXT))
    assert dialect.hear(neutral, [answer], CONTEXT) == said


PLACES = st.builds(EvseRef, st.integers(0, 5), maybe(st.integers(1, 3)))
ANY_TOKEN = st.builds(Token, text(30), st.sampled_from(["Unknown", "ISO14443", "NoSuchType"]))
ANY_REPORT: dict[str, Any] = {
    "at": INSTANTS,
    "reference": maybe(text(40) | NUMBERS.map(str)),
    "sequence": maybe(NUMBERS),
    "where": maybe(PLACES),
    "token": maybe(ANY_TOKEN),
    "meter": maybe(FIGURES.map(WattHours)),
    "values": values(Version.V16) | values(Version.V21),
    "trigger": maybe(st.sampled_from(["Authorized", "UnlockCommand", "LimitSet", "NoSuchTrigger"])),
    "charging": maybe(st.sampled_from(ChargingState)),
    "offline": st.booleans(),
    "reservation": maybe(NUMBERS),
    "remote_start": maybe(NUMBERS),
    "phases": maybe(st.integers(0, 3)),
    "limit": maybe(LIMITS),
    "seconds_charging": maybe(NUMBERS),
}
ANYTHING: st.SearchStrategy[Any] = st.one_of(
    st.builds(observations.TransactionStarted, **ANY_REPORT),
    st.builds(
        observations.TransactionEnded,
        **ANY_REPORT,
        reason=maybe(st.sampled_from(["Local", "Timeout", "GroundFault", "NoSuchReason"])),
    ),
    st.builds(
        observations.ConnectorObserved,
        where=PLACES,
        availability=st.sampled_from(Availability),
        charging=maybe(st.sampled_from(ChargingState)),
        at=maybe(INSTANTS),
        native=maybe(st.sampled_from(["Finishing", "NoSuchWord"])),
    ),
    st.builds(observations.MeterRead, where=PLACES, values=ANY_REPORT["values"], reference=maybe(text(5))),
    st.builds(observations.TokenPresented, token=ANY_TOKEN),
    st.builds(observations.FirmwareProgressed, status=text(20), request=maybe(NUMBERS), signed=st.booleans()),
    st.builds(observations.SecurityIncident, kind=text(60), at=INSTANTS, info=maybe(text(300))),
)


@pytest.mark.parametrize("version", Version)
@given(neutral=ANYTHING)
@settings(BRISK, max_examples=80)
def test_anything_is_refused_or_said_up_to_what_is_declared(version: Version, neutral: Any) -> None:
    dialect = dialect_for(version)
    try:
        (wire,) = dialect.write(neutral, CONTEXT)
    except NotSpoken:
        return
    drops = set(declared(version, neutral).drops)
    if any(name.startswith("values.") or name == "meter" for name in drops):
        drops.add("values")  # the samples may be told otherwise: the narrower law above holds their figures
    if version is Version.V16 and "native" in drops:
        drops.add("availability")  # a native word that contradicts the state goes first
    same(neutral, dialect.read(wire, CONTEXT), drops)


@given(
    places=st.lists(KEYS, min_size=1, max_size=5, unique_by=lambda place: str(place).casefold()),
    data=st.data(),
)
@BRISK
def test_variables_are_read_through_keys(places: list[Any], data: st.DataObject) -> None:
    dialect = dialect_for(Version.V16)
    request = asked(places)
    (wire,) = dialect.write(request, CONTEXT)
    assert dialect.read(over_the_wire(Version.V16, wire), CONTEXT) == request
    results: list[v2.GetVariableResult] = []
    for line in request.get_variable_data:
        status = data.draw(st.sampled_from(["Accepted", "Rejected", "UnknownVariable"]))
        value = data.draw(text(60)) if status == "Accepted" else v2.UNSET
        results.append(
            v2.GetVariableResult(
                attribute_status=v2.GetVariableStatus(status),
                component=line.component,
                variable=line.variable,
                attribute_value=value,
            )
        )
    said = v2.GetVariablesResponse(get_variable_result=results)
    answer = over_the_wire(Version.V16, dialect.answer(wire, said, CONTEXT))
    assert dialect.hear(request, [answer], CONTEXT) == said


@given(
    keys=st.dictionaries(KEYS, text(60).filter(lambda value: value.strip(" '\"") == value), max_size=5),  # quoted: bare
    base=st.sampled_from([v2.ReportBase.FULL_INVENTORY, v2.ReportBase.CONFIGURATION_INVENTORY]),
)
@BRISK
def test_a_report_is_in_the_answer_to_a_question_for_all_keys(keys: dict[Any, str], base: v2.ReportBase) -> None:
    """B07 in 1.6: what a station in software answers is the report its CSMS hears, value by value."""
    dialect = dialect_for(Version.V16)
    request = v2.GetBaseReportRequest(request_id=7, report_base=base)
    (wire,) = dialect.write(request, CONTEXT)
    asked_all = dialect.read(over_the_wire(Version.V16, wire), CONTEXT)
    assert asked_all == v2.GetVariablesRequest(get_variable_data=[])
    results = [
        v2.GetVariableResult(
            attribute_status=v2.GetVariableStatus.ACCEPTED,
            component=line.component,
            variable=line.variable,
            attribute_value=value,
        )
        for line, value in zip(asked(list(keys)).get_variable_data, keys.values(), strict=True)
    ]
    said = v2.GetVariablesResponse(get_variable_result=results)
    answer = over_the_wire(Version.V16, dialect.answer(wire, said, CONTEXT))
    told = dialect.told(request, [answer], CONTEXT)
    heard: Any = dialect.hear(request, [answer], CONTEXT)
    assert (heard.status == "Accepted") is (told is not None)
    found = {one.ref.key(): one for one in told.variables} if isinstance(told, observations.VariablesReported) else {}
    for one, value in {ref_of(*named(place)).key(): value for place, value in keys.items()}.items():
        reported = found.get(one)
        if reported is None:
            assert base == v2.ReportBase.CONFIGURATION_INVENTORY  # the station says it is read-only
        else:
            assert reported.attributes[0].value == value


@given(
    told=st.lists(st.tuples(KEYS, text(60)), min_size=1, max_size=4),
    statuses=st.lists(
        st.sampled_from(["Accepted", "Rejected", "RebootRequired", "UnknownVariable"]), min_size=4, max_size=4
    ),
)
@BRISK
def test_variables_are_written_key_by_key(told: list[Any], statuses: list[str]) -> None:
    dialect = dialect_for(Version.V16)
    request = written(told)
    wires = dialect.write(request, CONTEXT)
    parts = [dialect.read(over_the_wire(Version.V16, wire), CONTEXT) for wire in wires]
    assert [line for part in parts for line in part.set_variable_data] == request.set_variable_data  # type: ignore[union-attr]
    results = [
        v2.SetVariableResult(
            attribute_status=v2.SetVariableStatus(status), component=line.component, variable=line.variable
        )
        for line, status in zip(request.set_variable_data, statuses, strict=False)
    ]
    answers = [
        dialect.answer(wire, v2.SetVariablesResponse(set_variable_result=[result]), CONTEXT)
        for wire, result in zip(wires, results, strict=True)
    ]
    heard = dialect.hear(request, [over_the_wire(Version.V16, answer) for answer in answers], CONTEXT)
    assert heard == v2.SetVariablesResponse(set_variable_result=results)


def test_every_exchange_is_under_the_law() -> None:
    told = {type(neutral) for case in CASES for neutral in [_example(case)]}
    told |= {v2.GetVariablesRequest, v2.SetVariablesRequest, v2.GetBaseReportRequest, v2.GetReportRequest}
    for family in (V16, V2):
        for one in family.translations:
            assert set(one.neutrals) <= told, one.name


def _example(case: Case) -> object:
    found: list[object] = []

    @given(case.neutral(case.versions[-1]))
    @settings(max_examples=1, database=None)
    def take(neutral: object) -> None:
        found.append(neutral)

    take()
    return found[0]


KNOWN = {kind for one in V16.translations for kind in one.neutrals if issubclass(kind, Message)}
WIRES = [
    pytest.param(version, row, id=f"{row.action} {version}")
    for version in Version
    for row in exchanges(version)
    if version is Version.V16 or any(row.request in one.wires for one in V2.translations)
]


@pytest.mark.parametrize(("version", "row"), WIRES)
@given(data=st.data())
@settings(BRISK, max_examples=10)
def test_whatever_a_tolerant_ear_understands_is_read_or_not_spoken(
    version: Version, row: Exchange, data: st.DataObject
) -> None:
    payload = data.draw(mutated(data.draw(messages_of(version, row.request.__name__))))
    try:
        request = Codec(version, Mode.TOLERANT).decode(row.request, json.dumps(payload).encode()).message
        read = dialect_for(version).read(request, CONTEXT)
    except (RemoteProtocolError, NotSpoken):
        return
    assert isinstance(read, (*get_args(observations.Observation), Message))
    assert not isinstance(read, Message) or type(read) in (type(request), *KNOWN)
