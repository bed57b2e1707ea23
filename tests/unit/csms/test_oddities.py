"""What stations do that the standard does not say: counted, told to the log once, bounded."""

from __future__ import annotations

from typing import Any

import pytest
from structlog.testing import capture_logs
from tests.unit.gateway.conftest import Door, door, hooks, unusual  # noqa: F401 - fixtures

from amperanto.csms.access import Principal
from amperanto.csms.oddities import BEYOND, MOST_KINDS
from amperanto.domain.oddities import OddityKind
from amperanto.domain.stations import DEFAULT_ORGANISATION
from amperanto.stores.errors import NotDurable

HERTZ = {"value": "50", "measurand": "Frequency", "unit": "Hz"}


def values(*samples: dict[str, Any]) -> dict[str, Any]:
    return {"connectorId": 1, "meterValue": [{"timestamp": "2026-05-01T12:00:00Z", "sampledValue": list(samples)}]}


async def counted(door: Door, station: Any) -> dict[tuple[str, str], int]:  # noqa: F811
    who = Principal(organisation=DEFAULT_ORGANISATION, name="test", scopes=frozenset({"read"}))
    found = await door.csms.oddities.of(who, station)
    return {(one.oddity.message, one.oddity.place): one.count for one in found}


UNIT = ("MeterValues", "/meterValue/*/sampledValue/*/unit")


async def test_each_kind_is_counted_and_told_to_the_log_the_first_time_only(door: Door) -> None:  # noqa: F811
    station = await door.station()
    line = await door.booted(station)
    with capture_logs() as told:
        for n in range(3):
            await line.ask(f"m{n}", "MeterValues", values(HERTZ, HERTZ))
            assert (await counted(door, station))[UNIT] == 2 * (n + 1)  # before it is written, too
            await door.csms.oddities.keep()
    assert (await counted(door, station)) == {UNIT: 6}
    first = [entry for entry in told if entry.get("place") == UNIT[1]]
    assert len(first) == 1
    assert first[0]["station"] == "CP1"


async def test_a_message_is_never_made_to_wait_for_its_counts(door: Door) -> None:  # noqa: F811
    station = await door.station()
    line = await door.booted(station)
    await line.ask("1", "MeterValues", values(HERTZ))
    assert await door.store.oddities.of(DEFAULT_ORGANISATION, station.id) == []


async def test_a_strange_peer_cannot_fill_the_table(door: Door) -> None:  # noqa: F811
    station = await door.station()
    line = await door.booted(station)
    for part in range(3):
        strange = {f"x{part}-{n}": 1 for n in range(MOST_KINDS)}
        for name in strange:
            await line.ask(name, "Heartbeat", {name: 1})
        await door.csms.oddities.keep()
    kept = await door.store.oddities.of(DEFAULT_ORGANISATION, station.id)
    assert len(kept) <= MOST_KINDS + len(OddityKind)
    assert sum(one.count for one in kept) == 3 * MOST_KINDS
    assert next(one for one in kept if one.oddity.detail == BEYOND).count == 2 * MOST_KINDS


async def test_what_cannot_be_kept_now_is_kept_later(door: Door) -> None:  # noqa: F811
    station = await door.station()
    line = await door.booted(station)
    await line.ask("1", "MeterValues", values(HERTZ))
    await door.store.flush()
    with door.full_disk(), pytest.raises(NotDurable):
        await door.csms.oddities.keep()
    await door.csms.oddities.keep()
    (kept,) = await door.store.oddities.of(DEFAULT_ORGANISATION, station.id)
    assert kept.count == 1


async def test_a_silent_stations_faults_are_tolerated_without_a_word(door: Door) -> None:  # noqa: F811
    station = await door.station(tolerance="silent")
    line = await door.booted(station)
    await line.ask("1", "MeterValues", values(HERTZ))
    assert await counted(door, station) == {}


async def test_frames_that_are_none_and_answers_to_nothing_are_counted(door: Door) -> None:  # noqa: F811
    station = await door.station()
    line = await door.booted(station)
    line.say(3, "never-asked", {"status": "Accepted"})
    assert (await line.ask("1", "Dance", {})) == "NotImplemented"
    who = Principal(organisation=DEFAULT_ORGANISATION, name="test", scopes=frozenset({"read"}))
    found = {one.oddity.detail for one in await door.csms.oddities.of(who, station)}
    assert "an answer to nothing that was asked" in found
    assert any("no such action" in detail for detail in found)
