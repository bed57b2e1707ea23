"""Connector states, heartbeats, and being put out of service."""

import pytest
from tests.unit.station.scripted import ALL, DRIVER, TWO, Refusal, scene

from amperanto.conformance.requirements import requirement
from amperanto.domain.quantities import WattHours
from amperanto.domain.stations import Fault
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


@requirement("G01-1", "G01.FR.03", "G01.FR.04", "1.6:StatusNotification-1")
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


@requirement("G02-1", "1.6:Heartbeat-1")
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


@requirement("G03-1", "G03-2", "G03-6", "1.6:ChangeAvailability-1")
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


@requirement("G03-3", "G04-1", "G01.FR.05", "1.6:ChangeAvailability-2", "1.6:ChangeAvailability-4")
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


@requirement("G03-5", "1.6:ChangeAvailability-3", "B01-4")
@pytest.mark.parametrize("version", ALL)
async def test_being_out_of_service_outlives_a_restart(version):
    async with scene(version) as (_, csms, clock):
        await change(csms, False, 1)
        await csms.ask("Reset", {"type": "Hard" if version is Version.V16 else "Immediate"})
        await clock.advance(30)
        assert len(csms.of("BootNotification")) == 2
        assert states(csms)[-1] == "Unavailable"


@requirement("1.6:StatusNotification-3", "B04-1")
@pytest.mark.parametrize("version", ALL)
@pytest.mark.parametrize(("seconds", "told_again"), [(5, 0), (600, 1)])
async def test_after_a_break_only_news_is_told_unless_it_was_long(seconds, told_again, version):
    async with scene(version, evses=2) as (station, csms, clock):
        csms.unreachable = True
        csms.cut()
        await clock.advance(1)
        await station.plug_in(1, Vehicle())
        await clock.advance(seconds)
        csms.unreachable = False
        await clock.advance(60)
        assert states(csms, 1) == ["Available", "Preparing" if version is Version.V16 else "Occupied"]
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


@requirement("G03-4", "G04-2")
@pytest.mark.parametrize("version", TWO)
async def test_a_connector_is_in_service_only_if_its_evse_and_its_station_are(version):
    async with scene(version, evses=2) as (station, csms, _clock):
        assert await change(csms, False, 1) == "Accepted"
        assert await change(csms, False) == "Accepted"
        assert [evse.state for evse in station.evses.values()] == ["Unavailable", "Unavailable"]
        assert await change(csms, True) == "Accepted"
        assert [evse.state for evse in station.evses.values()] == ["Unavailable", "Available"]
        asked = {"operationalStatus": "Inoperative", "evse": {"id": 1, "connectorId": 1}}
        await csms.ask("ChangeAvailability", asked)
        await change(csms, True, 1)
        assert station.evses[1].state == "Unavailable"
        await csms.ask("ChangeAvailability", asked | {"operationalStatus": "Operative"})
        assert station.evses[1].state == "Available"
        assert states(csms, 1)[-1] == "Available"


@requirement("1.6:ChangeAvailability-4")
async def test_the_word_for_a_16_station_counts_for_all_its_connectors():
    async with scene(Version.V16, evses=2) as (station, csms, _clock):
        assert await change(csms, False, 1) == "Accepted"
        assert await change(csms, True) == "Accepted"
        assert [evse.state for evse in station.evses.values()] == ["Available", "Available"]


@requirement("G03-7")
@pytest.mark.parametrize("version", ALL)
async def test_who_is_put_back_in_service_while_the_end_was_waited_for_stays(version):
    async with scene(version) as (station, csms, clock):
        await station.plug_in(1, Vehicle())
        await clock.until(station.present(DRIVER, 1))
        assert await change(csms, False, 1) == "Scheduled"
        assert await change(csms, True, 1) == "Accepted"
        await clock.until(station.present(DRIVER, 1))
        await station.unplug(1)
        await clock.advance(1)
        assert states(csms)[-1] == "Available"


@requirement("G01-2")
@pytest.mark.parametrize("version", ALL)
async def test_a_plug_at_one_connector_says_nothing_of_the_others(version):
    async with scene(version, evses=2) as (station, csms, clock):
        before = states(csms, 2)
        await station.plug_in(1, Vehicle())
        await clock.advance(5)
        assert states(csms, 1)[-1] != "Available"
        assert states(csms, 2) == before


@requirement("G01-3")
@pytest.mark.parametrize("version", ALL)
async def test_a_fault_is_told_and_what_was_before_when_it_is_over(version):
    async with scene(version) as (station, csms, clock):
        await station.fail(1, Fault(code="GroundFailure"))
        await clock.advance(1)
        await station.repair(1)
        await clock.advance(1)
        assert states(csms) == ["Available", "Faulted", "Available"]


@requirement("1.6:StatusNotification-4")
@pytest.mark.parametrize(("seconds", "told"), [(5, []), (20, ["Preparing"])])
async def test_a_state_shorter_than_the_least_that_is_told_is_not_told(seconds, told):
    variables = {("ChargingStation", "MinimumStatusDuration"): 10}
    async with scene(Version.V16, variables=variables) as (station, csms, clock):
        before = len(states(csms))
        await station.plug_in(1, Vehicle())
        await clock.advance(seconds)
        await station.unplug(1)
        await clock.advance(30)
        assert states(csms)[before:] == [*told, *(["Available"] if told else [])]


@requirement("1.6:StatusNotification-2")
async def test_a_16_station_tells_its_own_state_and_each_connectors_once_it_is_accepted():
    async with scene(Version.V16, evses=2) as (_, csms, _clock):
        assert [one["connectorId"] for one in csms.of("StatusNotification")] == [0, 1, 2]
        assert csms.actions()[0] == "BootNotification"


@requirement("G05-1", "G05-2")
@pytest.mark.parametrize("version", ALL)
async def test_a_plug_that_is_not_held_gets_no_energy_and_somebody_is_told(version):
    async with scene(version) as (station, csms, clock):
        lock = station.evses[1].outlet.lock
        lock.jammed = True
        await station.plug_in(1, Vehicle())
        await clock.until(station.present(DRIVER, 1))
        await clock.advance(600)
        assert station.evses[1].meter == WattHours.of(0)
        if version is Version.V16:
            assert csms.of("StatusNotification")[-1]["errorCode"] == "ConnectorLockFailure"
        else:
            (event,) = problems(csms)
            assert (event["component"]["name"], event["component"]["evse"]) == (
                "ConnectorPlugRetentionLock", {"id": 1, "connectorId": 1},
            )  # fmt: skip
            assert (event["variable"]["name"], event["actualValue"]) == ("Problem", "true")
        lock.jammed = False
        await clock.until(station.present(DRIVER, 1))
        await clock.until(station.present(DRIVER, 1))
        await clock.advance(600)
        assert station.evses[1].meter > WattHours.of(0)
        if version is not Version.V16:
            assert [event["actualValue"] for event in problems(csms)] == ["true", "false"]


def problems(csms):
    events = [event for told in csms.of("NotifyEvent") for event in told["eventData"]]
    return [event for event in events if event["variable"]["name"] == "Problem"]


@requirement("G02-2")
@pytest.mark.parametrize("version", ALL)
async def test_a_heartbeat_takes_over_the_time_of_the_csms(version):
    async with scene(version, synchronizable=True) as (station, csms, clock):
        csms.answers["Heartbeat"] = {"currentTime": "2030-01-01T00:00:00.000Z"}
        await clock.advance(301)
        assert station.context.now().year == 2030
