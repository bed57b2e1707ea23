"""E17, B13, B01: the power goes, or the station restarts, in the middle of everything."""

from datetime import datetime, timedelta

import pytest
from tests.unit.station.scripted import ALL, DRIVER, EPOCH, TWO, outcome, register, reports, scene, story

from amperanto.conformance.requirements import requirement
from amperanto.domain.quantities import WattHours
from amperanto.ocpp import Version
from amperanto.station import Vehicle

QUIET = {("SampledDataCtrlr", "TxUpdatedInterval"): 0}
RESUMES = QUIET | {("TxCtrlr", "ResumptionTimeout"): 600}


async def charging(station, clock, seconds=600):
    await station.plug_in(1, Vehicle())
    await clock.until(station.present(DRIVER, 1))
    await clock.advance(seconds)


async def outage(station, clock, seconds):
    await station.lose_power()
    await clock.advance(seconds)
    await station.restore()
    await clock.advance(30)


@requirement("E17-S1")
async def test_a_transaction_goes_on_after_a_short_outage():
    async with scene(Version.V21, variables=RESUMES) as (station, csms, clock):
        await charging(station, clock)
        used = station.evses[1].meter
        await outage(station, clock, 300)
        assert story(csms)[2:] == [
            ("Updated", "TxResumed", "EVConnected", None),
            ("Updated", "ChargingStateChanged", "Charging", None),
        ]
        told = reports(csms)
        assert [one["seqNo"] for one in told] == [0, 1, 2, 3]
        assert len({one["transactionInfo"]["transactionId"] for one in told}) == 1
        assert csms.of("BootNotification")[-1]["reason"] == "PowerUp"
        await clock.advance(600)
        assert station.evses[1].meter > used
        assert station.transactions[0].open


@requirement("E17-S2")
async def test_energy_stays_off_where_it_must_not_resume():
    variables = RESUMES | {("TxCtrlr", "AllowEnergyTransferResumption"): False}
    async with scene(Version.V21, variables=variables) as (station, csms, clock):
        await charging(station, clock)
        await outage(station, clock, 300)
        used = station.evses[1].meter
        await clock.advance(3600)
        assert story(csms)[-1] == ("Updated", "TxResumed", "SuspendedEVSE", None)
        assert station.evses[1].meter == used


@requirement("E17.FR.18")
async def test_energy_resumes_after_a_random_delay_within_its_range():
    variables = RESUMES | {("TxCtrlr", "EnergyTransferResumptionRandomRange"): 300}
    async with scene(Version.V21, variables=variables) as (station, csms, clock):
        await charging(station, clock)
        await outage(station, clock, 10)
        await clock.advance(300)
        assert story(csms)[2:] == [
            ("Updated", "TxResumed", "SuspendedEVSE", None),
            ("Updated", "ChargingStateChanged", "Charging", None),
        ]
        resumed, flows = (datetime.fromisoformat(one["timestamp"]) for one in reports(csms)[2:])
        assert timedelta(0) < flows - resumed <= timedelta(seconds=300)


@requirement("E17-S3")
async def test_a_car_that_left_meanwhile_ends_the_transaction_as_it_would_have():
    async with scene(Version.V21, variables=RESUMES) as (station, csms, clock):
        await charging(station, clock)
        await station.lose_power()
        await station.unplug(1)
        await clock.advance(60)
        await station.restore()
        await clock.advance(30)
        assert story(csms)[2:] == [
            ("Updated", "TxResumed", "Idle", None),
            ("Ended", "EVCommunicationLost", "Idle", "EVDisconnected"),
        ]


@requirement("E17-S4")
@pytest.mark.parametrize("seconds", [601, 7200])
async def test_a_longer_outage_has_ended_the_transaction_when_the_power_went(seconds):
    async with scene(Version.V21, variables=RESUMES) as (station, csms, clock):
        await charging(station, clock)
        await outage(station, clock, seconds)
        assert story(csms)[-1] == ("Ended", "AbnormalCondition", "EVConnected", "PowerLoss")
        end = reports(csms)[-1]
        assert end["timestamp"] == "2026-01-01T00:10:01.000Z"
        assert end["offline"] is True
        assert register(end) == 1840
        assert station.transactions[0].energy == WattHours.of(1840)


@requirement("E17-S5")
@pytest.mark.parametrize("version", ALL)
async def test_without_resumption_every_outage_and_crash_ends_it_after_the_boot(version):
    for deed, reason in (("power", "PowerLoss"), ("crash", "Reboot")):
        async with scene(version, variables=QUIET) as (station, csms, clock):
            await charging(station, clock)
            if deed == "power":
                await outage(station, clock, 60)
            else:
                await clock.until(station.reboot())
                await clock.advance(30)
            [end] = outcome(csms)
            assert end.get("reason", end.get("transactionInfo", {}).get("stoppedReason")) == reason
            actions = csms.actions()
            boot = len(actions) - 1 - actions[::-1].index("BootNotification")
            assert boot < actions.index("StopTransaction" if version is Version.V16 else "TransactionEvent", boot)
            assert station.evses[1].token is None


@requirement("B13-S1", "B13-S2")
async def test_a_reset_may_be_told_to_resume():
    async with scene(Version.V21, variables=RESUMES) as (station, csms, clock):
        await charging(station, clock)
        assert (await csms.ask("Reset", {"type": "ImmediateAndResume"}))["status"] == "Accepted"
        await clock.advance(60)
        assert story(csms)[2:] == [
            ("Updated", "ResetCommand", "Charging", None),
            ("Updated", "TxResumed", "EVConnected", None),
            ("Updated", "ChargingStateChanged", "Charging", None),
        ]
        assert csms.of("BootNotification")[-1]["reason"] == "RemoteReset"
        assert station.transactions[0].open


@requirement("B13-S3")
@pytest.mark.parametrize("version", [Version.V21])
async def test_a_reset_that_would_resume_is_refused_where_nothing_resumes(version):
    async with scene(version, variables=QUIET) as (station, csms, clock):
        await charging(station, clock)
        assert (await csms.ask("Reset", {"type": "ImmediateAndResume"}))["status"] == "Rejected"
        await clock.advance(60)
        assert len(csms.of("BootNotification")) == 1


@requirement("B13-S4")
async def test_a_reset_that_would_resume_without_a_transaction_is_a_reset():
    async with scene(Version.V21, variables=RESUMES) as (_, csms, clock):
        assert (await csms.ask("Reset", {"type": "ImmediateAndResume"}))["status"] == "Accepted"
        await clock.advance(60)
        assert len(csms.of("BootNotification")) == 2
        assert reports(csms) == []


@requirement("B01-S30")
@pytest.mark.parametrize("version", ALL)
async def test_what_is_in_its_memory_survives_and_what_was_in_mid_air_is_gone(version):
    async with scene(version, evses=2, variables=QUIET) as (station, csms, clock):
        if version is Version.V16:
            await csms.ask("ChangeConfiguration", {"key": "HeartbeatInterval", "value": "777"})
            change = {"connectorId": 2, "type": "Inoperative"}
            entry = {"idTag": "FRIEND", "idTagInfo": {"status": "Accepted"}}
            listed = {"listVersion": 3, "updateType": "Full", "localAuthorizationList": [entry]}
        else:
            line = {"component": {"name": "OCPPCommCtrlr"}, "variable": {"name": "HeartbeatInterval"}}
            await csms.ask("SetVariables", {"setVariableData": [line | {"attributeValue": "777"}]})
            change = {"evse": {"id": 2}, "operationalStatus": "Inoperative"}
            info = {"idToken": {"idToken": "FRIEND", "type": "ISO14443"}, "idTokenInfo": {"status": "Accepted"}}
            listed = {"versionNumber": 3, "updateType": "Full", "localAuthorizationList": [info]}
        assert (await csms.ask("ChangeAvailability", change))["status"] == "Accepted"
        assert (await csms.ask("SendLocalList", listed))["status"] == "Accepted"
        csms.unreachable = True
        csms.cut()
        await clock.advance(1)
        await charging(station, clock)
        await clock.until(station.present(DRIVER, 1))
        await station.unplug(1)
        queued = station.queued
        await clock.until(station.present(DRIVER, 1))  # authorised, and nothing plugged yet
        await station.lose_power()
        await clock.advance(60)
        csms.unreachable = False
        csms.answers["BootNotification"] = {"status": "Accepted", "currentTime": EPOCH, "interval": 0}
        assert station.queued == queued > 0
        assert station.registration is None
        await station.restore()
        await clock.advance(30)
        assert station.queued == 0
        assert len(outcome(csms)) == 1
        assert station.evses[2].state == "Unavailable"
        assert station.evses[1].token is None
        assert station.context.variables.number("OCPPCommCtrlr", "HeartbeatInterval") == 777
        assert list((await csms.ask("GetLocalListVersion")).values()) == [3]


@requirement("B01-S31")
@pytest.mark.parametrize("version", ALL)
async def test_nothing_that_waited_is_said_before_the_boot_is_accepted(version):
    async with scene(version, variables=QUIET) as (station, csms, clock):
        csms.unreachable = True
        csms.cut()
        await clock.advance(1)
        await charging(station, clock)
        await station.lose_power()
        csms.unreachable = False
        csms.answers["BootNotification"] = {"status": "Pending", "currentTime": EPOCH, "interval": 60}
        said = len(csms.heard)
        await station.restore()
        await clock.advance(30)
        assert csms.actions()[said:] == ["BootNotification"]
        csms.answers["BootNotification"] = {"status": "Accepted", "currentTime": EPOCH, "interval": 300}
        await clock.advance(60)
        assert len(outcome(csms)) == 1


@pytest.mark.parametrize("version", TWO)
async def test_a_dark_station_notices_nothing_and_answers_nobody(version):
    async with scene(version, variables={("AlignedDataCtrlr", "Interval"): 60}) as (station, csms, clock):
        await station.lose_power()
        said = len(csms.heard)
        await station.plug_in(1, Vehicle())
        assert not (await clock.until(station.present(DRIVER, 1))).accepted
        await clock.advance(600)
        assert len(csms.heard) == said
        assert not station.online
        await station.restore()
        await clock.advance(30)
        assert (await clock.until(station.present(DRIVER, 1))).accepted
        await clock.advance(1)
        assert station.evses[1].state == "Charging"
