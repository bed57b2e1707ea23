"""Connector states, heartbeats, and being put out of service."""

import pytest
from tests.unit.station.scripted import ALL, DRIVER, Refusal, scene

from amperanto.ocpp import Version
from amperanto.station import Vehicle
from amperanto.station.scenarios import park


def states(csms, connector=1):
    """The states told of a connector, in order, in the words of the version."""
    found = []
    for action, payload in csms.heard:
        if action == "StatusNotification" and connector == payload.get("evseId", payload["connectorId"]):
            found.append(payload.get("connectorStatus") or payload["status"])
        elif action == "NotifyEvent":
            event = payload["eventData"][0]
            if event["component"]["evse"]["id"] == connector:
                found.append(event["actualValue"])
    return found


async def change(csms, operative, connector=None):
    kind = "Operative" if operative else "Inoperative"
    if csms.version is Version.V16:
        asked = {"connectorId": connector or 0, "type": kind}
    else:
        asked = {"operationalStatus": kind, **({"evse": {"id": connector}} if connector else {})}
    return (await csms.ask("ChangeAvailability", asked))["status"]


@pytest.mark.parametrize("version", ALL)
async def test_a_charge_is_told_in_the_words_of_the_version(version):
    async with scene(version) as (station, csms, clock):
        await station.plug_in(1, Vehicle())
        await clock.advance(2)
        await clock.until(station.present(DRIVER, 1))
        await clock.advance(600)
        await clock.until(station.present(DRIVER, 1))
        await clock.advance(2)
        await station.unplug(1)
        await clock.advance(2)
        expected = {
            Version.V16: ["Available", "Preparing", "Charging", "Finishing", "Available"],
            Version.V201: ["Available", "Occupied", "Available"],
            Version.V21: ["Available", "Occupied", "Available"],
        }
        assert states(csms) == expected[version]


@pytest.mark.parametrize("version", ALL)
async def test_heartbeats_fill_the_silence_and_only_that(version):
    async with scene(version) as (station, csms, clock):
        await clock.advance(299)
        assert len(csms.of("Heartbeat")) == 1
        await station.plug_in(1, Vehicle())
        await clock.advance(298)
        assert len(csms.of("Heartbeat")) == 1
        await clock.advance(3)
        assert len(csms.of("Heartbeat")) == 2


@pytest.mark.parametrize("version", ALL)
async def test_no_heartbeat_is_sent_while_the_line_is_down(version):
    async with scene(version) as (_, csms, clock):
        csms.unreachable = True
        csms.cut()
        await clock.advance(3600)
        assert csms.of("Heartbeat") == []


@pytest.mark.parametrize("version", ALL)
async def test_a_free_connector_goes_out_of_service_and_back_at_once(version):
    async with scene(version, evses=2) as (station, csms, clock):
        assert await change(csms, False, 1) == "Accepted"
        assert (states(csms, 1)[-1], states(csms, 2)[-1]) == ("Unavailable", "Available")
        assert not (await clock.until(station.present(DRIVER, 1))).accepted
        assert await change(csms, False, 1) == "Accepted"
        assert states(csms, 1).count("Unavailable") == 1
        assert await change(csms, True, 1) == "Accepted"
        assert states(csms, 1)[-1] == "Available"
        assert await change(csms, True, 9) == "Rejected"


@pytest.mark.parametrize("version", ALL)
async def test_a_charging_connector_goes_out_of_service_when_it_is_done(version):
    async with scene(version) as (station, csms, clock):
        await station.plug_in(1, Vehicle())
        await clock.until(station.present(DRIVER, 1))
        await clock.advance(60)
        assert await change(csms, False) == "Scheduled"
        assert station.transactions[0].open
        await clock.until(station.present(DRIVER, 1))
        await station.unplug(1)
        await clock.advance(1)
        assert states(csms)[-1] == "Unavailable"
        if version is Version.V16:
            assert states(csms, 0) == ["Available", "Unavailable"]


@pytest.mark.parametrize("version", ALL)
async def test_being_out_of_service_outlives_a_restart(version):
    async with scene(version) as (_, csms, clock):
        await change(csms, False, 1)
        await csms.ask("Reset", {"type": "Hard" if version is Version.V16 else "Immediate"})
        await clock.advance(30)
        assert len(csms.of("BootNotification")) == 2
        assert states(csms)[-1] == "Unavailable"


@pytest.mark.parametrize(("seconds", "told_again"), [(5, 0), (600, 1)])
async def test_after_a_break_only_news_is_told_unless_it_was_long(seconds, told_again):
    async with scene(Version.V201, evses=2) as (station, csms, clock):
        csms.unreachable = True
        csms.cut()
        await clock.advance(1)
        await station.plug_in(1, Vehicle())
        await clock.advance(seconds)
        csms.unreachable = False
        await clock.advance(60)
        assert states(csms, 1) == ["Available", "Occupied"]
        assert len(states(csms, 2)) == 1 + told_again


async def test_a_state_that_did_not_get_through_is_told_again_with_the_next_change():
    async with scene(Version.V201) as (station, csms, clock):
        csms.answers["StatusNotification"] = Refusal("InternalError")
        await station.plug_in(1, Vehicle())
        await clock.advance(1)
        csms.answers["StatusNotification"] = {}
        await clock.until(station.present(DRIVER, 1))
        await clock.advance(1)
        assert states(csms) == ["Available", "Occupied", "Occupied"]


async def test_a_parked_car_occupies_and_leaves():
    async with scene(Version.V201) as (station, csms, clock):
        await clock.until(park(station, 1, 1800))
        await clock.advance(1)
        assert states(csms) == ["Available", "Occupied", "Available"]
        assert station.transactions == []
