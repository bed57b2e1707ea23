"""A CSMS that errs, lies or means harm: the station says no and lives on."""

import asyncio
import gc
import warnings

import pytest
from tests.unit.station.scripted import ALL, DRIVER, EPOCH, TWO, Refusal, ScriptedCsms, scene

from amperanto.conformance.requirements import requirement
from amperanto.domain.tokens import AuthorizationStatus
from amperanto.ocpp import Version
from amperanto.station import SimulatedClock, Station, Vehicle


@pytest.mark.parametrize("version", ALL)
async def test_an_error_instead_of_an_authorization_is_no_acceptance(version):
    async with scene(version) as (station, csms, clock):
        csms.answers["Authorize"] = Refusal("InternalError")
        await station.plug_in(1, Vehicle())
        assert (await clock.until(station.present(DRIVER, 1))).status is AuthorizationStatus.INVALID
        assert station.transactions == []


@pytest.mark.parametrize("version", TWO)
@pytest.mark.parametrize("kind", ["Unknown"])
async def test_a_remote_start_for_a_token_the_station_could_not_name_again_is_refused(version, kind):
    async with scene(version) as (station, csms, clock):
        await station.plug_in(1, Vehicle())
        asked = {"evseId": 1, "remoteStartId": 1, "idToken": {"idToken": "X", "type": kind}}
        answer = await csms.ask("RequestStartTransaction", asked)
        await clock.advance(60)
        assert answer != {"status": "Accepted"}
        assert station.transactions == []
        assert station.online


@pytest.mark.parametrize("version", ALL)
@pytest.mark.parametrize("now", ["0001-01-01T00:00:00Z", "9999-12-31T23:59:59Z", "9999-12-31T23:59:59.999-14:00"])
async def test_a_csms_without_a_sane_clock_stops_no_station(version, now):
    def prepare(csms):
        csms.answers["BootNotification"] = {"status": "Accepted", "currentTime": now, "interval": 60}
        csms.answers["Heartbeat"] = {"currentTime": now}

    async with scene(version, prepare=prepare, synchronizable=True) as (station, csms, clock):
        csms.answers["BootNotification"] = {"status": "Accepted", "currentTime": EPOCH, "interval": 60}
        await clock.advance(600)
        await station.plug_in(1, Vehicle())
        await clock.until(station.present(DRIVER, 1))
        await clock.advance(600)
        assert station.transactions


@pytest.mark.parametrize("version", ALL)
@pytest.mark.parametrize("status", ["Accepted", "Pending", "Rejected"])
@pytest.mark.parametrize("interval", [2**63 - 1, 10**400, -5])
async def test_an_absurd_interval_stops_no_station(version, status, interval):
    def prepare(csms):
        csms.answers["BootNotification"] = {"status": status, "currentTime": EPOCH, "interval": interval}

    async with scene(version, prepare=prepare) as (station, csms, clock):
        await clock.advance(600)
        assert "BootNotification" in csms.actions()
        await station.plug_in(1, Vehicle())
        assert station.evses[1].plugged


@requirement("B03-1")
@pytest.mark.parametrize("version", ALL)
async def test_a_rejected_station_stays_silent_for_the_interval_even_over_a_new_connection(version):
    def prepare(csms):
        csms.answers["BootNotification"] = {"status": "Rejected", "currentTime": EPOCH, "interval": 600}

    async with scene(version, prepare=prepare) as (_, csms, clock):
        csms.cut()
        await clock.advance(500)
        assert len(csms.connected_at) == 2
        assert csms.actions() == ["BootNotification"]
        await clock.advance(101)
        assert csms.actions() == ["BootNotification"] * 2


@pytest.mark.parametrize("version", ALL)
async def test_a_charging_profile_in_a_remote_start_is_ignored_where_profiles_mean_nothing(version):
    schedule = {"chargingRateUnit": "A", "chargingSchedulePeriod": [{"startPeriod": 0, "limit": 6}]}
    profile = {"stackLevel": 0, "chargingProfilePurpose": "TxProfile", "chargingProfileKind": "Relative"}
    start = (
        (
            "RemoteStartTransaction",
            {
                "connectorId": 1,
                "idTag": "DRIVER",
                "chargingProfile": {**profile, "chargingProfileId": 1, "chargingSchedule": schedule},
            },
        )
        if version is Version.V16
        else (
            "RequestStartTransaction",
            {
                "evseId": 1,
                "remoteStartId": 5,
                "idToken": {"idToken": "DRIVER", "type": "ISO14443"},
                "chargingProfile": {**profile, "id": 1, "chargingSchedule": [{**schedule, "id": 1}]},
            },
        )
    )
    async with scene(version) as (station, csms, clock):
        await station.plug_in(1, Vehicle())
        assert (await csms.ask(*start)) == {"status": "Accepted"}
        await clock.advance(1)
        assert len(station.transactions) == 1


@pytest.mark.parametrize("version", ALL)
async def test_a_second_reset_while_one_is_under_way_restarts_nothing_twice(version):
    async with scene(version) as (station, csms, clock):
        await station.plug_in(1, Vehicle())
        await clock.until(station.present(DRIVER, 1))
        await clock.advance(60)
        said = csms.answers.pop("StopTransaction", {})
        csms.answers["StopTransaction"] = csms.answers["TransactionEvent"] = Refusal("InternalError")
        kind = "Hard" if version is Version.V16 else "Immediate"
        assert (await csms.ask("Reset", {"type": kind}))["status"] == "Accepted"
        await clock.advance(20)
        await csms.ask("Reset", {"type": kind})
        csms.answers["StopTransaction"] = csms.answers["TransactionEvent"] = said
        await clock.advance(120)
        assert len(csms.of("BootNotification")) == 2
        assert station.online


async def test_what_happens_at_a_station_that_was_switched_off_leaves_nothing_unfinished():
    with warnings.catch_warnings(record=True) as told:
        warnings.simplefilter("always")
        clock = SimulatedClock()
        csms = ScriptedCsms(Version.V16, clock)
        station = Station("CP1", Version.V16, connect=csms.connect, clock=clock)
        running = asyncio.create_task(station.run())
        await clock.advance(1)
        await station.plug_in(1, Vehicle())
        await clock.until(station.present(DRIVER, 1))
        station.stop()
        await station.unplug(1)
        await running
        await station.plug_in(1, Vehicle())
        gc.collect()
    assert [str(one.message) for one in told if "never awaited" in str(one.message)] == []
