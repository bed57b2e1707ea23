"""A station that falls silent on an open socket is noticed once, and so is its return."""

from __future__ import annotations

from datetime import timedelta

from tests.unit.csms.conftest import House

from amperanto.conformance.requirements import requirement
from amperanto.csms.liveness import MARGIN, MISSED, allowed
from amperanto.domain.behaviour import Behaviour
from amperanto.domain.events import StationFellSilent, StationHeardAgain
from amperanto.domain.stations import StationId


async def told(house: House) -> list[StationFellSilent | StationHeardAgain]:
    found = [entry.event() for entry in await house.store.outbox.read("test", 1000)]
    return [event for event in found if isinstance(event, StationFellSilent | StationHeardAgain)]


async def minutes(house: House, count: int, heard: StationId | None = None) -> None:
    """Time passes, and the schedule does its round each minute."""
    for _ in range(count):
        await house.clock.sleep(60)
        if heard is not None:
            house.csms.schedule.seen(heard, house.clock.now())
        await house.csms.schedule.keep_seen()
        await house.csms.liveness.look()


@requirement("G02-3")
async def test_a_station_is_silent_after_two_heartbeats_and_a_minute_and_that_is_said_once(house: House):
    station = await house.station(heartbeat_interval=300)
    station.alive = False
    house.csms.schedule.seen(station.station_id, house.clock.now())
    began = house.clock.now()
    assert allowed(station.station) == timedelta(seconds=600) + MARGIN
    await minutes(house, 11)
    assert await told(house) == []
    await minutes(house, 20)
    (event,) = await told(house)
    assert isinstance(event, StationFellSilent)
    assert (event.identity, event.last_heard) == ("CP1", began)


@requirement("G02-4")
async def test_any_message_proves_that_it_lives(house: House):
    station = await house.station(heartbeat_interval=60)
    await minutes(house, 30, heard=station.station_id)
    assert await told(house) == []


async def test_its_return_is_said_and_a_new_silence_too(house: House):
    station = await house.station(heartbeat_interval=60)
    station.alive = False
    await minutes(house, 10)
    await minutes(house, 1, heard=station.station_id)
    await minutes(house, 10)
    kinds = [type(event).__name__ for event in await told(house)]
    assert kinds == ["StationFellSilent", "StationHeardAgain", "StationFellSilent"]


async def test_a_station_without_a_socket_is_not_silent_but_gone(house: House):
    station = await house.station(heartbeat_interval=60)
    house.csms.stations.forget(station)
    await minutes(house, 30)
    assert await told(house) == []


async def test_a_short_heartbeat_is_no_reason_to_worry_at_once(house: House):
    await house.station(heartbeat_interval=1)
    await minutes(house, MISSED)
    assert await told(house) == []


async def test_pings_may_stand_for_heartbeats_but_for_a_message_a_day(house: House):
    await house.station(heartbeat_interval=60)
    await minutes(house, 23 * 60)
    assert await told(house) == []
    await minutes(house, 2 * 60)
    assert [type(event).__name__ for event in await told(house)] == ["StationFellSilent"]


async def test_a_make_that_answers_no_pings_is_not_asked_by_one(house: House):
    station = await house.station(heartbeat_interval=60)
    station.behaviour = Behaviour(pings=False)
    await minutes(house, 10)
    assert [type(event).__name__ for event in await told(house)] == ["StationFellSilent"]
