"""Where a transaction begins and ends when TxStartPoint and TxStopPoint are not the usual ones."""

import pytest
from tests.unit.station.scripted import ALL, DRIVER, TWO, reports, scene

from amperanto.conformance.requirements import requirement
from amperanto.domain.quantities import WattHours
from amperanto.ocpp import Version
from amperanto.station import Vehicle


def points(start, stop):
    return {("TxCtrlr", "TxStartPoint"): start, ("TxCtrlr", "TxStopPoint"): stop}


def last(csms):
    told = reports(csms)[-1]
    return told["eventType"], told["triggerReason"], told["transactionInfo"].get("stoppedReason")


@pytest.mark.parametrize("version", TWO)
async def test_no_energy_flows_without_a_transaction_when_the_car_stayed_since_the_last_one(version):
    async with scene(version, variables=points("EVConnected", "Authorized")) as (station, _, clock):
        await station.plug_in(1, Vehicle())
        for _ in range(4):
            await clock.until(station.present(DRIVER, 1))
            await clock.advance(600)
        used = sum((one.energy.value for one in station.transactions), start=0)
        assert len(station.transactions) == 2
        assert used == station.evses[1].meter.value


async def test_a_token_without_a_car_ends_its_transaction_by_timeout_wherever_it_would_stop():
    async with scene(Version.V201, variables=points("EVConnected,Authorized", "EVConnected")) as (station, csms, clock):
        await clock.until(station.present(DRIVER, 1))
        await clock.advance(61)
        assert last(csms) == ("Ended", "EVConnectTimeout", "Timeout")
        assert station.evses[1].state == "Available"


async def test_a_car_that_is_full_ends_a_transaction_counted_by_energy_transfer_and_says_so():
    async with scene(Version.V201, variables=points("EnergyTransfer", "EnergyTransfer")) as (station, csms, clock):
        await station.plug_in(1, Vehicle(wants=WattHours.of(1104)))
        await clock.until(station.present(DRIVER, 1))
        await clock.advance(3600)
        assert last(csms) == ("Ended", "ChargingStateChanged", "StoppedByEV")
        assert station.transactions[0].energy == WattHours.of(1104)


async def test_a_refused_token_whose_energy_stops_ends_a_transaction_counted_by_energy_transfer():
    def prepare(csms):
        csms.answers["TransactionEvent"] = {"idTokenInfo": {"status": "Blocked"}}

    variables = points("PowerPathClosed", "EnergyTransfer") | {("TxCtrlr", "StopTxOnInvalidId"): False}
    async with scene(Version.V201, prepare=prepare, variables=variables) as (station, csms, clock):
        await station.plug_in(1, Vehicle())
        await clock.until(station.present(DRIVER, 1))
        await clock.advance(60)
        assert last(csms) == ("Ended", "Deauthorized", "DeAuthorized")


@pytest.mark.parametrize("version", TWO)
async def test_an_immediate_reset_ends_every_transaction_whatever_its_stop_point(version):
    async with scene(version, evses=2, variables=points("EVConnected", "EVConnected")) as (station, csms, clock):
        await station.plug_in(1, Vehicle())
        await station.plug_in(2, Vehicle())
        await clock.until(station.present(DRIVER, 1))
        await clock.advance(60)
        assert (await csms.ask("Reset", {"type": "Immediate"}))["status"] == "Accepted"
        await clock.advance(60)
        ended = [one for one in reports(csms) if one["eventType"] == "Ended"]
        assert [one["triggerReason"] for one in ended] == ["ResetCommand"] * 2
        assert {one["transactionInfo"]["stoppedReason"] for one in ended} == {"ImmediateReset"}
        assert not any(one.open for one in station.transactions)


@pytest.mark.parametrize("version", ALL)
async def test_a_restart_forgets_who_was_authorised_and_had_not_plugged_in(version):
    async with scene(version) as (station, csms, clock):
        await clock.until(station.present(DRIVER, 1))
        kind = "Hard" if version is Version.V16 else "Immediate"
        assert (await csms.ask("Reset", {"type": kind}))["status"] == "Accepted"
        await clock.advance(20)
        await station.plug_in(1, Vehicle())
        assert station.transactions == []


@pytest.mark.parametrize("version", ALL)
async def test_being_put_out_of_service_waits_for_an_authorised_driver_who_never_comes(version):
    change = (
        {"connectorId": 1, "type": "Inoperative"}
        if version is Version.V16
        else {"evse": {"id": 1}, "operationalStatus": "Inoperative"}
    )
    async with scene(version) as (station, csms, clock):
        await clock.until(station.present(DRIVER, 1))
        assert await csms.ask("ChangeAvailability", change) == {"status": "Scheduled"}
        await clock.advance(61)
        assert station.evses[1].state == "Unavailable"


@pytest.mark.parametrize("version", ALL)
async def test_samples_begin_when_their_interval_is_set_in_the_middle_of_a_transaction(version):
    off = {("SampledDataCtrlr", "TxUpdatedInterval"): 0}
    async with scene(version, variables=off) as (station, csms, clock):
        await station.plug_in(1, Vehicle())
        await clock.until(station.present(DRIVER, 1))
        await clock.advance(600)
        if version is Version.V16:
            await csms.ask("ChangeConfiguration", {"key": "MeterValueSampleInterval", "value": "60"})
        else:
            interval = {"component": {"name": "SampledDataCtrlr"}, "variable": {"name": "TxUpdatedInterval"}}
            await csms.ask("SetVariables", {"setVariableData": [{**interval, "attributeValue": "60"}]})
        await clock.advance(181)
        samples = csms.of("MeterValues") or [
            one for one in reports(csms) if one["triggerReason"] == "MeterValuePeriodic"
        ]
        assert 3 <= len(samples) <= 4


@pytest.mark.parametrize("version", ALL)
async def test_readings_on_the_clock_show_what_is_configured_for_them(version):
    variables = {
        ("SampledDataCtrlr", "TxUpdatedInterval"): 0,
        ("AlignedDataCtrlr", "Interval"): 900,
        ("AlignedDataCtrlr", "Measurands"): "Voltage",
    }
    async with scene(version, variables=variables) as (station, csms, clock):
        await station.plug_in(1, Vehicle())
        await clock.until(station.present(DRIVER, 1))
        await clock.advance(901)
        told = csms.of("MeterValues") or [one for one in reports(csms) if one["triggerReason"] == "MeterValueClock"]
        [reading] = [value for one in told for value in one["meterValue"]]
        assert {one["measurand"] for one in reading["sampledValue"]} == {"Voltage"}
        assert {one["context"] for one in reading["sampledValue"]} == {"Sample.Clock"}


@requirement("E07-S2")
@pytest.mark.parametrize("version", ALL)
async def test_the_group_a_csms_names_when_it_hears_of_the_start_may_stop_it(version):
    def prepare(csms):
        info16 = {"status": "Accepted", "parentIdTag": "FAMILY"}
        info2 = {"status": "Accepted", "groupIdToken": {"idToken": "FAMILY", "type": "Central"}}
        csms.answers["StartTransaction"] = {"idTagInfo": info16, "transactionId": 7}
        csms.answers["TransactionEvent"] = lambda told: {"idTokenInfo": info2} if "idToken" in told else {}
        csms.answers["Authorize"] = {"idTagInfo": info16} if version is Version.V16 else {"idTokenInfo": info2}

    start = (
        ("RemoteStartTransaction", {"connectorId": 1, "idTag": "DRIVER"})
        if version is Version.V16
        else (
            "RequestStartTransaction",
            {"evseId": 1, "remoteStartId": 5, "idToken": {"idToken": "DRIVER", "type": "ISO14443"}},
        )
    )
    async with scene(version, prepare=prepare) as (station, csms, clock):
        await station.plug_in(1, Vehicle())
        assert (await csms.ask(*start))["status"] == "Accepted"
        await clock.advance(60)
        assert (await clock.until(station.present(DRIVER, 1))).accepted
        assert not station.transactions[0].open
