"""One socket, one number, one worker; the end of an old one never touches the new one."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from amperanto.domain.stations import DEFAULT_ORGANISATION
from amperanto.gateway.journal import ConnectionJournal
from amperanto.ocpp.events import SendReceived
from amperanto.ocpp.v2 import NotifyPeriodicEventStreamRequest as NotifyPeriodicEventStream

LONG_AGO = datetime(1970, 1, 1, tzinfo=UTC)


async def intervals(door: Any, station: Any) -> list[Any]:
    return await door.store.connections.intervals(
        DEFAULT_ORGANISATION, station.id, LONG_AGO, door.clock.now() + timedelta(days=1)
    )


async def test_two_sockets_at_once_are_one_station(door: Any):
    station = await door.station()
    lines = [door.line(station) for _ in range(3)]
    boots = [line.ask("1", "BootNotification", {"chargePointVendor": "P", "chargePointModel": "P"}) for line in lines]
    outcomes = await asyncio.gather(*boots, return_exceptions=True)
    living = [outcome for outcome in outcomes if isinstance(outcome, dict)]
    refused = [outcome.closed for outcome in outcomes if not isinstance(outcome, dict)]  # type: ignore[union-attr]
    assert len(living) == 1
    assert [closed.code for closed in refused] == [1008, 1008]
    assert len(await intervals(door, station)) == 1


async def test_a_dead_socket_is_replaced_and_its_end_leaves_the_new_one_alone(door: Any):
    station = await door.station()
    old = await door.booted(station)
    old.cable.hold()  # half open: nothing is heard from it any more
    new = await door.booted(station)
    await old.serving
    assert door.csms.stations.online(station.id)
    assert "currentTime" in await new.ask("1", "Heartbeat", {})
    first, second = await intervals(door, station)
    assert (first.end is not None, second.end) == (True, None)
    assert second.fence == first.fence + 1


async def test_what_an_old_socket_still_wants_written_is_not(door: Any):
    station = await door.station()
    old = await door.booted(station)
    await door.store.connections.take(station.id, "elsewhere", remote="", version="1.6", at=door.clock.now())
    old.say(2, "1", "StatusNotification", {"connectorId": 1, "errorCode": "NoError", "status": "Faulted"})
    assert (await old.end()).code == 1001
    assert await door.store.connectors.of(DEFAULT_ORGANISATION, station.id) == []


async def test_every_connection_leaves_its_close_code_and_cause(door: Any):
    station = await door.station()
    line = await door.booted(station)
    await door.clock.sleep(60)
    await line.cable.station_link.close(1001, "rebooting")
    await line.serving
    line = await door.booted(station)
    line.cut()
    await line.serving
    first, second = await intervals(door, station)
    assert (first.close_code, "rebooting" in first.cause) == (1001, True)
    assert (first.end - first.begin).total_seconds() == 60
    assert second.close_code == 1006
    assert not door.csms.stations.online(station.id)


async def test_each_end_and_each_beginning_is_an_event_once(door: Any):
    station = await door.station()
    listener = door.csms.context.bus.subscribe()
    for _ in range(2):
        line = await door.booted(station)
        line.cut()
        await line.serving
    listener.close()
    names = [type(event).__name__ async for event in listener if type(event).__name__ != "FrameLogged"]
    assert names == ["StationConnected", "StationRegistered", "StationDisconnected"] * 2


async def test_a_station_whose_password_changed_while_it_was_let_in_is_not_served(door: Any):
    admitted = await door.station(password_hash="old")
    async with door.store.unit() as unit:
        unit.stations.save(replace(await unit.stations.by_id(admitted.id), password_hash="new"))
    line = door.line(admitted)
    assert (await line.end()).code == 1008


async def test_a_station_that_was_removed_while_it_was_let_in_is_not_served(door: Any):
    admitted = await door.station()
    async with door.store.unit() as unit:
        unit.stations.remove(await unit.stations.by_id(admitted.id))
    line = door.line(admitted)
    assert (await line.end()).code == 1008
    assert not door.csms.stations.online(admitted.id)


async def test_when_nothing_can_be_stored_a_station_is_asked_to_come_back_later(door: Any):
    station = await door.station()
    with door.full_disk():
        line = door.line(station)
        assert (await line.end()).code == 1013
    assert (await door.booted(station)) is not None


async def test_frames_are_logged_in_the_order_the_reader_saw_them(door: Any):
    line = await door.booted(await door.station())
    for number in range(3):
        await line.ask(str(number), "Heartbeat", {})
    logged = [(frame.direction, frame.action, frame.message_id) for frame in await door.frames()]
    expected = [("boot", "BootNotification"), *((str(number), "Heartbeat") for number in range(3))]
    assert logged == [(way, action, name) for name, action in expected for way in ("in", "out")]


async def test_what_nobody_answers_is_not_remembered_for_an_answer(door: Any):
    journal = ConnectionJournal(door.csms, await door.station(), 1)
    for number in range(50):
        text = f'[6,"n{number}","NotifyPeriodicEventStream",{{}}]'
        notice = NotifyPeriodicEventStream(id=1, pending=0, basetime=LONG_AGO, data=[])
        journal.note("in", text, number, SendReceived(f"n{number}", notice, (), text, number))
    assert journal.unanswered == 0


async def test_when_a_node_stops_serving_no_worker_is_left(door: Any):
    lines = [await door.booted(await door.station(f"CP{n}")) for n in range(3)]
    others = asyncio.all_tasks() - {line.serving for line in lines}
    for line in lines:
        await line.cable.csms_link.close(1001, "the system is restarting")
    await asyncio.gather(*(line.serving for line in lines))
    assert all(task.done() or task in others for task in asyncio.all_tasks() - {asyncio.current_task()})
    assert len(door.csms.stations) == 0
