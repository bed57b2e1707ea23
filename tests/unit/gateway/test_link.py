"""Commands in 2.1's words to a station of any version, and what comes back when it does not work."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import Any

import pytest

from amperanto.conformance.requirements import requirement
from amperanto.csms.errors import (
    ActionUnknown,
    NotSpoken,
    StationBusy,
    StationNotAccepted,
    StationOffline,
    StationSilent,
)
from amperanto.dialects.quirks.quirk import Quirk, QuirkInUse
from amperanto.domain.behaviour import ORDINARY
from amperanto.domain.stations import Registration
from amperanto.gateway.link import head
from amperanto.ocpp import Version, v2
from amperanto.ocpp.errors import CallRefused

TWO = (Version.V201, Version.V21)
RESET = v2.ResetRequest(type="Immediate")


def ask(door: Any, line: Any, request: Any = RESET, **options: Any) -> asyncio.Task[Any]:
    return asyncio.create_task(asyncio.wait_for(door.csms.stations.call(line.station.id, request, **options), 5))


async def test_a_command_is_translated_and_so_is_its_answer(door: Any):
    line = await door.booted(await door.station())
    asking = ask(door, line)
    _, message_id, action, payload = await line.hear()
    assert (action, payload) == ("Reset", {"type": "Hard"})
    line.say(3, message_id, {"status": "Rejected"})
    assert (await asking).status == "Rejected"  # data, no error


async def test_a_callerror_is_told_with_its_code(door: Any):
    line = await door.booted(await door.station())
    asking = ask(door, line)
    _, message_id, *_ = await line.hear()
    line.say(4, message_id, "InternalError", "no relay", {})
    with pytest.raises(CallRefused, match="no relay"):
        await asking


async def test_a_line_that_ends_ends_the_command_at_once(door: Any):
    line = await door.booted(await door.station())
    asking = ask(door, line)
    await line.hear()
    line.cut()
    with pytest.raises(StationOffline):
        await asking
    await line.serving
    with pytest.raises(StationOffline):
        await door.csms.stations.call(line.station.id, RESET)


async def test_silence_is_told_as_such_when_the_time_is_up(door: Any):
    line = await door.booted(await door.station())
    asking = ask(door, line, timeout=0.01)
    await line.hear()
    await door.clock.sleep(1)
    with pytest.raises(StationSilent):
        await asking


async def test_what_a_version_cannot_say_is_refused_before_the_wire(door: Any):
    line = await door.booted(await door.station())
    request = v2.GetTransactionStatusRequest()
    with pytest.raises(NotSpoken):
        await ask(door, line, request)
    link = door.csms.stations.link(line.station.id)
    assert not link.can(type(request))
    with pytest.raises(ActionUnknown):
        await link.call_raw("GetTransactionStatus", b"{}")
    said = [text for side, text in line.cable.texts if side == "csms"]
    assert len(said) == 1  # the boot's answer


async def test_too_many_commands_at_once_are_refused(door: Any):
    line = await door.booted(await door.station())
    asking = [ask(door, line) for _ in range(40)]
    done, waiting = await asyncio.wait(asking, timeout=0.05)
    assert done
    assert {type(one.exception()) for one in done} == {StationBusy}
    line.cut()
    await asyncio.gather(*waiting, return_exceptions=True)


@requirement("B03.FR.03")
async def test_a_rejected_station_is_told_nothing(door: Any):
    line = door.line(await door.station(registration=Registration.REJECTED))
    await line.ask("1", "BootNotification", {"chargePointVendor": "P", "chargePointModel": "P"})
    with pytest.raises(StationNotAccepted):
        await ask(door, line)


async def pending(door: Any, version: Version) -> Any:
    line = door.line(await door.station(registration=Registration.PENDING), version)
    boot: dict[str, Any] = {"chargePointVendor": "P", "chargePointModel": "P"}
    if version is not Version.V16:
        boot = {"reason": "PowerUp", "chargingStation": {"model": "P", "vendorName": "P"}}
    await line.ask("boot", "BootNotification", boot)
    return line


async def triggered(door: Any, line: Any, wanted: str, *, raw: bool = False) -> None:
    link = door.csms.stations.link(line.station.id)
    if raw:
        asking = asyncio.create_task(link.call_raw("TriggerMessage", b'{"requestedMessage":"%s"}' % wanted.encode()))
    else:
        asking = ask(door, line, v2.TriggerMessageRequest(requested_message=wanted))
    _, message_id, *_ = await line.hear()
    line.say(3, message_id, {"status": "Accepted"})
    await asking


@requirement("B02.FR.09")
@pytest.mark.parametrize("version", TWO)
@pytest.mark.parametrize("raw", [False, True])
async def test_a_pending_station_may_answer_a_trigger_with_one_message(door: Any, raw: bool, version: Version):
    line = await pending(door, version)
    await triggered(door, line, "Heartbeat", raw=raw)
    assert "currentTime" in await line.ask("1", "Heartbeat", {})
    assert await line.ask("2", "Heartbeat", {}) == "SecurityError"


async def test_a_pending_station_may_report_each_connector_when_asked_for_its_states(door: Any):
    line = await pending(door, Version.V16)
    await triggered(door, line, "StatusNotification")
    for connector in range(3):
        status = {"connectorId": connector, "errorCode": "NoError", "status": "Available"}
        assert await line.ask(str(connector), "StatusNotification", status) == {}


async def test_a_pending_21_station_may_tell_its_states_as_events_when_asked_for_them(door: Any):
    line = await pending(door, Version.V21)
    await triggered(door, line, "StatusNotification")
    event = {
        "eventId": 1, "timestamp": "2026-01-01T00:00:00Z", "trigger": "Delta", "actualValue": "Available",
        "eventNotificationType": "HardWiredNotification", "variable": {"name": "AvailabilityState"},
        "component": {"name": "Connector", "evse": {"id": 1, "connectorId": 1}},
    }  # fmt: skip
    told = {"generatedAt": "2026-01-01T00:00:00Z", "seqNo": 0, "eventData": [event]}
    assert await line.ask("1", "NotifyEvent", told) == {}


async def test_a_pending_station_may_ask_for_the_certificate_it_was_told_to_ask_for(door: Any):
    line = await pending(door, Version.V201)
    await triggered(door, line, "SignChargingStationCertificate")
    assert await line.ask("1", "SignCertificate", {"csr": "x"}) != "SecurityError"


async def test_changed_settings_hold_from_the_next_message_on(door: Any):
    station = await door.station(ping_interval=30)
    line = await door.booted(station)
    assert line.cable.csms_link.pings[0] == 30
    async with door.store.unit() as unit:
        unit.stations.save(replace(await unit.stations.by_id(station.id), ping_interval=0))
    door.csms.stations.link(station.id).refresh()
    await line.ask("1", "Heartbeat", {})
    assert line.cable.csms_link.pings[0] is None


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ('[2,"1","Heartbeat",{}]', ("1", "Heartbeat")),
        (' [2, "1" , "Heartbeat", {}]', (None, None)),
        ('[3,"1",{}]', ("1", None)),
        ('[4,"1","GenericError","",{}]', ("1", None)),
        ('[6,"1","NotifyPeriodicEventStream",{}]', ("1", "NotifyPeriodicEventStream")),
        ('{"no": "frame"}', (None, None)),
        ("", (None, None)),
    ],
)
def test_the_head_of_a_frame_names_it_as_far_as_it_can(text: str, named: tuple[str | None, str | None]):
    assert head(text) == named


async def test_a_station_known_to_be_slow_is_given_the_time_its_quirk_says(door: Any):
    line = await door.booted(await door.station())
    link, settings = door.csms.stations.link(line.station.id), door.csms.context.settings
    slow = Quirk("slow", vendor="Peer")
    slow.behaves(answers_within=90.0)
    link.follow(link.station, settings, QuirkInUse(slow))
    assert link.timeout == 90.0
    link.follow(link.station, settings, None)
    assert link.timeout == settings.call_timeout


async def test_the_behaviour_of_its_make_goes_with_the_socket_and_pings_follow_it(door: Any, monkeypatch: Any):
    line = await door.booted(await door.station())
    link, settings = door.csms.stations.link(line.station.id), door.csms.context.settings
    pinged: list[float | None] = []
    monkeypatch.setattr(link.peer.link, "keep_alive", lambda interval, timeout: pinged.append(interval))
    deaf = Quirk("deaf", vendor="Peer")
    deaf.behaves(pings=False, answers_by_own_ids=True)
    station = link.station
    link.follow(station, settings, QuirkInUse(deaf))
    assert door.csms.stations.behaviour(line.station.id) is deaf.behaviour
    assert link.peer.connection.takes_any_id
    link.follow(replace(station, ping_interval=7), settings, QuirkInUse(deaf))  # a person's word goes before
    link.follow(station, settings, None)
    assert pinged == [None, 7, settings.ping_interval or None]
    assert door.csms.stations.behaviour(line.station.id) is ORDINARY


async def test_a_make_that_takes_triggers_for_a_connector_only_is_asked_for_each(door: Any):
    """evcc-io/evcc#7424."""
    line = await door.booted(await door.station())
    for connector in (0, 1, 2):
        status = {"connectorId": connector, "errorCode": "NoError", "status": "Available"}
        await line.ask(f"s{connector}", "StatusNotification", status)
    link = door.csms.stations.link(line.station.id)
    picky = Quirk("picky", vendor="Peer")
    picky.behaves(triggers_need_connector=True)
    link.follow(link.station, door.csms.context.settings, QuirkInUse(picky))
    asking = ask(door, line, v2.TriggerMessageRequest(requested_message="MeterValues"))
    for connector, status in ((1, "Rejected"), (2, "Accepted")):
        _, message_id, _, payload = await line.hear()
        assert payload == {"requestedMessage": "MeterValues", "connectorId": connector}
        line.say(3, message_id, {"status": status})
    assert (await asking).status == "Accepted"
    asking = ask(door, line, v2.TriggerMessageRequest(requested_message="Heartbeat"))
    _, message_id, _, payload = await line.hear()
    assert payload == {"requestedMessage": "Heartbeat"}
    line.say(3, message_id, {"status": "NotImplemented"})
    assert (await asking).status == "NotImplemented"
