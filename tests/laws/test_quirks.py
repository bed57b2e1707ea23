"""Quirks do no harm: what a correct station says is left as it is, and what was put right once stays so."""

from __future__ import annotations

import copy
import json
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.laws.dialect_words import CASES, values

from amperanto.dialects import PlainContext, dialect_for
from amperanto.dialects.quirks.built_in import BUILT_IN
from amperanto.dialects.quirks.clock import SiteClock
from amperanto.dialects.quirks.quirk import Quirk
from amperanto.domain.observations import MeterRead
from amperanto.domain.stations import EvseRef
from amperanto.ocpp import v16
from amperanto.ocpp.codec import Codec, Direction, Mode
from amperanto.ocpp.exact import parse
from amperanto.ocpp.shapes import Message
from amperanto.ocpp.versions import Version

CONTEXT = PlainContext(clock=lambda: datetime(2026, 1, 1, tzinfo=UTC))
CHANGES = [
    pytest.param(quirk, kind, direction, id=f"{quirk.name} {direction} {kind.__name__}")
    for quirk in BUILT_IN
    for kind, direction in quirk.changes
]
BRISK = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
SAID = {case.name: case for case in CASES}
CASE_OF = {"StatusNotification": SAID["status"], "MeterValues": SAID["meter values"]}


def version_of(kind: type[Message]) -> Version:
    return Version.V16 if kind.__module__ == v16.StatusNotificationRequest.__module__ else Version.V201


def correct(payload: Any) -> Any:
    """The payload as a correct station means it: currents flow in conductors, and no transaction has the number 0."""
    for value in payload.get("meterValue", []):
        for sample in value["sampledValue"]:
            if sample.get("measurand", "").startswith("Current.") and "-" in sample.get("phase", ""):
                sample["phase"] = "L1"
    if payload.get("transactionId") == 0:
        payload["transactionId"] = 1
    return payload


@pytest.mark.parametrize(("quirk", "kind", "direction"), CHANGES)
@given(data=st.data())
@BRISK
def test_a_correct_message_is_left_as_it_is(
    quirk: Quirk, kind: type[Message], direction: Direction, data: st.DataObject
) -> None:
    version = version_of(kind)
    (wire,) = dialect_for(version).write(data.draw(CASE_OF[kind.action].neutral(version)), CONTEXT)
    assert type(wire) is kind
    payload = correct(parse(Codec(version, Mode.STRICT).encode(wire)))
    assert quirk.changes[kind, direction](copy.deepcopy(payload)) == payload


@pytest.mark.parametrize(("quirk", "kind", "direction"), CHANGES)
@given(data=st.data())
@BRISK
def test_what_was_put_right_stays_so_and_nothing_breaks_it(
    quirk: Quirk, kind: type[Message], direction: Direction, data: st.DataObject
) -> None:
    payload = data.draw(st.dictionaries(st.sampled_from(NAMES), ANYTHING, max_size=5))
    change = quirk.changes[kind, direction]
    once = change(copy.deepcopy(payload))
    assert change(copy.deepcopy(once)) == once
    json.dumps(once)


@given(values(Version.V16, 1), st.sampled_from(["Europe/Amsterdam", "America/St_Johns", "UTC"]))
@BRISK
def test_an_instant_with_a_zone_is_taken_at_its_word(told: Any, zone: str) -> None:
    (wire,) = dialect_for(Version.V16).write(MeterRead(where=EvseRef(1, 1), values=told), CONTEXT)
    payload = parse(Codec(Version.V16, Mode.STRICT).encode(wire))
    clock = SiteClock(ZoneInfo(zone), CONTEXT.now)
    assert clock.zoned(copy.deepcopy(payload)) == payload


@given(st.datetimes(datetime(2000, 1, 1), datetime(2099, 1, 1)), st.sampled_from(["Europe/Amsterdam", "Asia/Tokyo"]))  # noqa: DTZ001 - local times
@BRISK
def test_local_time_is_read_as_the_instant_a_clock_there_showed_it(local: datetime, name: str) -> None:
    zone = ZoneInfo(name)
    at = local.replace(tzinfo=zone).astimezone(UTC)
    shown = at.astimezone(zone).replace(tzinfo=None).isoformat()
    read = SiteClock(zone, lambda: at).zoned({"timestamp": shown})["timestamp"]
    assert datetime.fromisoformat(read) == at
    clock = SiteClock(zone, lambda: at)
    assert clock.zoned({"timestamp": read}) == {"timestamp": read}


SAMPLES = st.dictionaries(
    st.sampled_from(["measurand", "phase", "context", "value", "unit"]),
    st.sampled_from(["Current.Import", "Voltage", "L1-N", "N", "L1", "CurrentMax", "A", "", None, 5]),
)
ANYTHING: st.SearchStrategy[Any] = st.one_of(
    st.none(),
    st.sampled_from(["Error", "Available", "Preparing", "2026-01-01T00:00:00Z", ""]),
    st.integers(-1, 2**63),
    st.sampled_from([0, 2**63 - 1]),
    st.lists(st.one_of(st.integers(), st.fixed_dictionaries({"sampledValue": st.lists(SAMPLES) | st.none()}))),
)
NAMES = ["connectorId", "evseId", "status", "errorCode", "timestamp", "transactionId", "meterValue", "connectorStatus"]
