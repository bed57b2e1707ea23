"""In order, once, and answered only when it is kept: whatever a station and its disk do."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import Any

import pytest

from amperanto.conformance.requirements import requirement
from amperanto.domain.stations import DEFAULT_ORGANISATION, Registration, Tolerance
from amperanto.ocpp import Version

START = {"connectorId": 1, "idTag": "CAFE", "meterStart": 5, "timestamp": "2026-05-01T12:00:00Z"}
STATUS = {"connectorId": 1, "errorCode": "NoError", "status": "Available"}
CHARGING = {**STATUS, "status": "Charging"}


async def availability(door: Any, station: Any) -> str:
    (connector,) = await door.store.connectors.of(DEFAULT_ORGANISATION, station.id)
    return connector.native


async def transactions(door: Any, station: Any) -> list[Any]:
    return list((await door.store.transactions.list(DEFAULT_ORGANISATION, station=station.id)).items)


# ------------------------------------------------------------------------------------------ repeats


async def test_one_id_for_ever_does_not_freeze_a_connector_in_an_old_state(door: Any):
    station = await door.station()
    line = await door.booted(station)
    for status in (STATUS, CHARGING, STATUS):
        await line.ask("1", "StatusNotification", status)
    assert await availability(door, station) == "Available"


async def test_a_counter_that_starts_anew_at_boot_brings_news_not_repeats(door: Any):
    await door.token("CAFE")
    station = await door.station()
    line = await door.booted(station)
    assert (await line.ask("2", "Authorize", {"idTag": "CAFE"}))["idTagInfo"]["status"] == "Accepted"
    async with door.store.unit() as unit:
        unit.tokens.remove(await unit.tokens.by_uid(DEFAULT_ORGANISATION, "CAFE"))
    line.cut()
    await line.serving
    line = await door.booted(station)
    assert (await line.ask("2", "Authorize", {"idTag": "CAFE"}))["idTagInfo"]["status"] == "Invalid"


async def test_a_removed_token_is_refused_at_once_though_the_message_is_the_same(door: Any):
    await door.token("CAFE")
    line = await door.booted(await door.station())
    assert (await line.ask("2", "Authorize", {"idTag": "CAFE"}))["idTagInfo"]["status"] == "Accepted"
    async with door.store.unit() as unit:
        unit.tokens.remove(await unit.tokens.by_uid(DEFAULT_ORGANISATION, "CAFE"))
    assert (await line.ask("2", "Authorize", {"idTag": "CAFE"}))["idTagInfo"]["status"] == "Invalid"


async def test_an_answer_is_not_repeated_the_next_day(door: Any, hooks: dict[str, Any]):
    asked: list[object] = []

    async def counted(*_: object) -> tuple[str, object]:
        asked.append(None)
        return "Accepted", str(len(asked))

    hooks["counter"] = counted
    line = await door.booted(await door.station())
    message = {"vendorId": "counter"}
    assert [(await line.ask("2", "DataTransfer", message))["data"] for _ in range(2)] == ["1", "1"]
    await door.clock.sleep(24 * 3600)
    assert (await line.ask("2", "DataTransfer", message))["data"] == "2"


async def test_heartbeats_do_not_push_an_answer_out_of_the_memory_of_repeats(door: Any):
    await door.token("CAFE")
    line = await door.booted(await door.station())
    first = await line.ask("s", "StartTransaction", START)
    for number in range(100):
        await line.ask(f"h{number}", "Heartbeat", {})
    before = door.csms.figures.repeats
    assert await line.ask("s", "StartTransaction", START) == first
    assert door.csms.figures.repeats == before + 1


async def test_a_message_repeated_in_another_version_is_answered_in_that_version(door: Any):
    station = await door.station()
    line = await door.booted(station)
    transfer = ("7", "DataTransfer", {"vendorId": "nobody"})
    assert (await line.ask(*transfer))["status"] == "UnknownVendorId"
    line.cut()
    await line.serving
    line = door.line(station, Version.V21)  # it was accepted: no boot is needed to reconnect
    assert (await line.ask(*transfer))["status"] == "UnknownVendorId"


async def test_a_message_of_california_pricing_from_a_station_is_of_a_vendor_we_know(door: Any):
    line = await door.booted(await door.station())
    transfer = {"vendorId": "org.openchargealliance.costmsg", "messageId": "RunningCost", "data": "{}"}
    assert await line.ask("9", "DataTransfer", transfer) == {"status": "UnknownMessageId"}


async def test_a_repeat_on_a_new_line_while_the_old_one_still_waits_for_the_disk_is_kept_once(door: Any):
    await door.token("CAFE")
    station = await door.station()
    old = await door.booted(station)
    old.say(2, "s", "StartTransaction", START)
    old.cut()  # before its answer
    new = door.line(station)
    number = (await new.ask("s", "StartTransaction", START))["transactionId"]
    await old.serving
    assert [one.number for one in await transactions(door, station)] == [number]


async def test_a_start_nobody_can_read_gets_the_same_number_however_often_it_comes(door: Any):
    station = await door.station()
    line = await door.booted(station)
    broken = {**START, "meterStart": "much"}
    first = await line.ask("1", "StartTransaction", broken)
    other = await line.ask("2", "StartTransaction", {**broken, "meterStart": "more"})
    line.cut()
    await line.serving
    line = await door.booted(station)  # the memory of repeats is gone
    assert await line.ask("9", "StartTransaction", broken) == first
    assert other["transactionId"] != first["transactionId"] > 0


# ------------------------------------------------------------------------------------------ nothing durable


async def test_with_a_full_disk_a_start_is_held_and_answered_once_there_is_room(door: Any):
    await door.token("CAFE")
    station = await door.station()
    line = await door.booted(station)
    with door.full_disk() as room:
        door.clock.on_sleep = lambda times: room() if times == 3 else None
        answer = await line.ask("s", "StartTransaction", START)
    assert door.clock.slept >= 3
    assert [one.number for one in await transactions(door, station)] == [answer["transactionId"]]


async def test_with_a_disk_that_stays_full_the_line_is_closed_and_nothing_was_answered(door: Any):
    await door.token("CAFE")
    station = await door.station()
    line = await door.booted(station)
    with door.full_disk():
        for number in range(10):
            line.say(2, str(number), "StartTransaction", {**START, "meterStart": number})
        assert (await line.end()).code == 1013
    answers = [text for side, text in line.cable.texts if side == "csms"]
    assert len(answers) == 1  # to the boot; no CALLERROR either: it would burn the station's attempts
    assert door.clock.slept <= 25  # held once, not once for each message that waited
    assert await transactions(door, station) == []
    line = door.line(station)  # and after its return all is well
    assert (await line.ask("0", "StartTransaction", {**START, "meterStart": 0}))["transactionId"] > 0


async def test_a_station_that_leaves_while_its_message_is_held_is_not_waited_for(door: Any):
    line = await door.booted(await door.station())
    with door.full_disk():
        door.clock.on_sleep = lambda times: line.cut() if times == 2 else None
        line.say(2, "s", "StartTransaction", START)
        await line.serving
    assert door.clock.slept <= 3


@pytest.mark.parametrize(
    ("unusual", "status"),
    [({"authorize_unkept": "refuse"}, "Invalid"), ({"authorize_unkept": "accept"}, "Accepted")],
)
async def test_authorize_is_answered_as_declared_while_nothing_can_be_kept(door: Any, status: str):
    line = await door.booted(await door.station())
    with door.full_disk():
        assert (await line.ask("a", "Authorize", {"idTag": "NEW"}))["idTagInfo"]["status"] == status
    assert (await line.ask("a", "Authorize", {"idTag": "NEW"}))["idTagInfo"]["status"] == "Invalid"  # asked afresh


async def test_authorize_is_held_like_the_rest_where_nothing_else_is_declared(door: Any):
    line = await door.booted(await door.station())
    with door.full_disk():
        line.say(2, "a", "Authorize", {"idTag": "NEW"})
        assert (await line.end()).code == 1013


async def test_heartbeats_are_answered_while_nothing_can_be_kept(door: Any):
    line = await door.booted(await door.station())
    with door.full_disk():
        assert (await line.ask("h", "Heartbeat", {}))["currentTime"].startswith("2026-05-01T")


# ------------------------------------------------------------------------------------------ what must not stop a queue


async def test_a_hook_whose_answer_cannot_be_said_costs_its_message_only(door: Any, hooks: dict[str, Any]):
    async def nonsense(*_: object) -> tuple[str, object]:
        return "Accepted", "x" * 10, object()  # type: ignore[return-value]

    async def unspeakable(*_: object) -> tuple[str, object]:
        return "Accepted", {"not": object()}

    async def unheard_of(*_: object) -> tuple[str, object]:
        return "Splendid", None

    hooks.update(nonsense=nonsense, unspeakable=unspeakable, unheard_of=unheard_of)
    for version in (Version.V16, Version.V21):
        line = await door.booted(await door.station(f"CP{version}"), version)
        for number, vendor in enumerate(hooks):
            line.say(2, str(number), "DataTransfer", {"vendorId": vendor})
            kind, message_id, *_ = await line.hear()
            assert (kind, message_id) == (4, str(number)), vendor
        assert "currentTime" in await line.ask("h", "Heartbeat", {})


async def test_what_was_read_before_the_line_was_cut_is_kept_although_nobody_hears_the_answer(door: Any):
    station = await door.station()
    line = await door.booted(station)
    for number, status in enumerate((STATUS, CHARGING, {**STATUS, "status": "Finishing"})):
        line.say(2, str(number), "StatusNotification", status)
    await asyncio.sleep(0)
    line.cable.station_link.abort()
    await line.serving
    assert await availability(door, station) == "Finishing"


async def test_every_frame_read_is_in_the_log_even_those_nobody_came_to_handle(door: Any):
    station = await door.station()
    line = await door.booted(station)
    other = await door.store.connections.take(station.id, "elsewhere", remote="", version="1.6", at=door.clock.now())
    for number in range(3):
        line.say(2, str(number), "StatusNotification", STATUS)
    assert (await line.end()).code == 1001  # a newer connection has the station: this one may write nothing
    kept = [frame.message_id for frame in await door.frames() if frame.direction == "in"]
    assert kept == ["boot", "0", "1", "2"]
    assert (await door.store.connections.of(station.id)).fence == other


# ------------------------------------------------------------------------------------------ who may say what


@requirement("B01.FR.10", "B03.FR.07")
@pytest.mark.parametrize("version", list(Version))
@pytest.mark.parametrize("registration", [Registration.PENDING, Registration.REJECTED])
async def test_before_it_is_accepted_a_station_may_only_boot(door: Any, version: Version, registration: Registration):
    line = door.line(await door.station(registration=registration), version)
    assert await line.ask("0", "Heartbeat", {}) == "SecurityError"
    boot = {"chargePointVendor": "P", "chargePointModel": "P"}
    if version is not Version.V16:
        boot = {"reason": "PowerUp", "chargingStation": {"model": "P", "vendorName": "P"}}  # type: ignore[dict-item]
    assert (await line.ask("1", "BootNotification", boot))["status"] == registration
    assert await line.ask("2", "Heartbeat", {}) == "SecurityError"


@requirement("1.6:BootNotification-1")
async def test_a_strict_1_6_station_must_boot_first_too(door: Any):
    line = door.line(await door.station(tolerance=Tolerance.STRICT))
    assert await line.ask("0", "Heartbeat", {}) == "SecurityError"


async def test_a_station_made_pending_goes_on_until_it_boots_again(door: Any):
    station = await door.station()
    line = await door.booted(station)
    async with door.store.unit() as unit:
        known = await unit.stations.by_id(station.id)
        unit.stations.save(replace(known, registration=Registration.PENDING))
    door.csms.stations.link(station.id).refresh()
    assert "currentTime" in await line.ask("1", "Heartbeat", {})
    boot = await line.ask("2", "BootNotification", {"chargePointVendor": "P", "chargePointModel": "P"})
    assert boot["status"] == "Pending"
    assert await line.ask("3", "Heartbeat", {}) == "SecurityError"


async def test_a_message_may_be_larger_once_the_station_is_accepted(door: Any):
    line = await door.booted(await door.station())
    assert line.cable.csms_link.max_size == 1024 * 1024
    pending = door.line(await door.station("CP2", registration=Registration.PENDING))
    await pending.ask("1", "BootNotification", {"chargePointVendor": "P", "chargePointModel": "P"})
    assert pending.cable.csms_link.max_size == 64 * 1024
