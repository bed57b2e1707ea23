"""Transactions as the CSMS hears of them, in every version."""

import pytest
from tests.unit.station.scripted import ALL, DRIVER, TWO, register, reports, scene

from amperanto.conformance.requirements import requirement
from amperanto.domain.quantities import Amperes, WattHours
from amperanto.domain.stations import Fault
from amperanto.ocpp import Version
from amperanto.station import Outlet, Vehicle
from amperanto.station.scenarios import charge


@requirement("1.6:StopTransaction-S7")
@pytest.mark.parametrize("version", ALL)
async def test_a_charge_is_counted_to_the_watt_hour(version):
    outlets = {1: Outlet(lifetime=WattHours.of("123456.7"))}
    async with scene(version, evses=outlets) as (station, csms, clock):
        transaction = await clock.until(charge(station, 1, DRIVER, WattHours.of(20_000)))
        assert transaction.energy == WattHours.of(20_000)
        assert transaction.delivered
        assert station.queued == 0
        if version is Version.V16:
            start, stop = csms.of("StartTransaction")[0], csms.of("StopTransaction")[0]
            assert (start["meterStart"], stop["meterStop"]) == (123_456, 143_456)
            assert stop["transactionId"] == 41
        else:
            assert (register(reports(csms)[0]), register(reports(csms)[-1])) == (123_456, 143_456)


@requirement("E07-S1")
@pytest.mark.parametrize("version", TWO)
async def test_2x_tells_each_step_once_and_in_order(version):
    async with scene(version, variables={("SampledDataCtrlr", "TxUpdatedInterval"): 3600}) as (station, csms, clock):
        await clock.until(charge(station, 1, DRIVER, WattHours.of(20_000)))
        told = reports(csms)
        assert [(one["eventType"], one["triggerReason"]) for one in told] == [
            ("Started", "Authorized"),
            ("Updated", "ChargingStateChanged"),
            ("Updated", "MeterValuePeriodic"),
            ("Updated", "ChargingStateChanged"),
            ("Ended", "StopAuthorized"),
        ]
        assert [one["seqNo"] for one in told] == [0, 1, 2, 3, 4]
        states = [one["transactionInfo"]["chargingState"] for one in told]
        assert states == ["EVConnected", "Charging", "Charging", "SuspendedEV", "EVConnected"]
        assert len({one["transactionInfo"]["transactionId"] for one in told}) == 1
        assert [bool(one.get("idToken")) for one in told] == [True, False, False, False, True]
        assert [bool(one.get("evse")) for one in told] == [True, False, False, False, False]
        assert told[-1]["transactionInfo"]["stoppedReason"] == "Local"
        contexts = [one["meterValue"][0]["sampledValue"][0].get("context") for one in told if "meterValue" in one]
        assert contexts[0] == "Transaction.Begin"
        assert [one["sampledValue"][0]["context"] for one in told[-1]["meterValue"]] == [
            "Transaction.Begin",
            "Transaction.End",
        ]
        assert not any(one.get("offline") for one in told)


@requirement("1.6:MeterValues-S3")
async def test_16_tells_start_samples_and_stop_with_the_number_it_was_given():
    async with scene(Version.V16, variables={("SampledDataCtrlr", "TxUpdatedInterval"): 900}) as (station, csms, clock):
        await clock.until(charge(station, 1, DRIVER, WattHours.of(11_040)))
        about = [one for one in csms.heard if one.action.endswith(("Transaction", "MeterValues"))]
        assert [one.action for one in about] == ["StartTransaction", *["MeterValues"] * 4, "StopTransaction"]
        assert {one.payload.get("transactionId") for one in about[1:]} == {41}
        registers = [one.payload["meterValue"][0]["sampledValue"][0]["value"] for one in about[1:-1]]
        assert registers == ["2760", "5520", "8280", "11040"]
        data = about[-1].payload["transactionData"]
        assert [value["sampledValue"][0]["context"] for value in data] == ["Transaction.Begin", "Transaction.End"]
        assert about[-1].payload["reason"] == "Local"


@requirement("J02-S9")
@pytest.mark.parametrize("version", TWO)
async def test_samples_come_at_the_interval_from_the_start_of_the_transaction(version):
    async with scene(version, variables={("SampledDataCtrlr", "TxUpdatedInterval"): 60}) as (station, csms, clock):
        await station.plug_in(1, Vehicle())
        await clock.until(station.present(DRIVER, 1))
        await clock.advance(181)
        samples = [one for one in reports(csms) if one["triggerReason"] == "MeterValuePeriodic"]
        assert [one["timestamp"] for one in samples] == [f"2026-01-01T00:0{m}:01.000Z" for m in (1, 2, 3)]


@requirement("J02-S9")
async def test_in_1_6_too_samples_count_from_the_start_of_the_transaction():
    async with scene(Version.V16, variables={("SampledDataCtrlr", "TxUpdatedInterval"): 60}) as (station, csms, clock):
        await clock.advance(7)
        await station.plug_in(1, Vehicle())
        await clock.until(station.present(DRIVER, 1))
        await clock.advance(181)
        at = [one["meterValue"][0]["timestamp"] for one in csms.of("MeterValues")]
        begun = csms.of("StartTransaction")[0]["timestamp"]
        assert [one[14:19] for one in (begun, *at)] == [f"0{minute}:{begun[17:19]}" for minute in (0, 1, 2, 3)]


async def test_what_is_measured_obeys_the_weaker_of_car_and_outlet():
    outlets = {1: Outlet(max_current=Amperes.of(10))}
    async with scene(Version.V201, evses=outlets) as (station, csms, clock):
        await station.plug_in(1, Vehicle(max_current=Amperes.of(16), phases=1))
        await clock.until(station.present(DRIVER, 1))
        await clock.advance(60)
        samples = reports(csms)[-1]["meterValue"][0]["sampledValue"]
        found = {(one["measurand"], one.get("phase")): one["value"] for one in samples}
        assert found[("Current.Import", "L1")] == 10
        assert ("Current.Import", "L2") not in found
        assert found[("Power.Active.Import", None)] == 2300


@pytest.mark.parametrize("version", ALL)
async def test_a_token_refused_on_the_start_ends_the_transaction(version):
    def prepare(csms):
        info = {"status": "Blocked"}
        csms.answers["StartTransaction"] = {"idTagInfo": info, "transactionId": 7}
        csms.answers["TransactionEvent"] = lambda told: {"idTokenInfo": info} if "idToken" in told else {}

    async with scene(version, prepare=prepare) as (station, csms, clock):
        await station.plug_in(1, Vehicle())
        await clock.until(station.present(DRIVER, 1))
        await clock.advance(1)
        assert station.transactions[0].reason == "DeAuthorized"
        assert not station.evses[1].outlet.contactor.closed
        last = csms.of("StopTransaction", "TransactionEvent")[-1]
        assert last.get("reason", last.get("transactionInfo", {}).get("stoppedReason")) == "DeAuthorized"


async def test_a_refused_token_may_also_only_stop_the_energy():
    def prepare(csms):
        csms.answers["TransactionEvent"] = {"idTokenInfo": {"status": "Blocked"}}

    lenient = {("TxCtrlr", "StopTxOnInvalidId"): False}
    async with scene(Version.V201, prepare=prepare, variables=lenient) as (station, csms, clock):
        await station.plug_in(1, Vehicle())
        await clock.until(station.present(DRIVER, 1))
        await clock.advance(600)
        assert station.transactions[0].open
        assert station.evses[1].state == "SuspendedEVSE"
        assert [one["triggerReason"] for one in reports(csms)].count("Deauthorized") == 1
        assert station.evses[1].meter < WattHours.of(10)


@pytest.mark.parametrize("version", ALL)
async def test_pulling_the_cable_ends_the_transaction(version):
    async with scene(version) as (station, csms, clock):
        await station.plug_in(1, Vehicle())
        await clock.until(station.present(DRIVER, 1))
        await clock.advance(3600)
        await station.unplug(1)
        await clock.advance(1)
        last = csms.of("StopTransaction", "TransactionEvent")[-1]
        assert last.get("reason", last.get("transactionInfo", {}).get("stoppedReason")) == "EVDisconnected"
        assert station.transactions[0].energy == WattHours.of(11_040)
        assert station.evses[1].state == "Available"


async def test_a_station_set_to_connection_time_counts_from_plug_to_plug():
    points = {("TxCtrlr", "TxStartPoint"): "EVConnected", ("TxCtrlr", "TxStopPoint"): "EVConnected"}
    async with scene(Version.V201, variables=points) as (station, csms, clock):
        await station.plug_in(1, Vehicle(wants=WattHours.of(1104)))
        await clock.advance(600)
        await clock.until(station.present(DRIVER, 1))
        await clock.advance(600)
        await clock.until(station.present(DRIVER, 1))
        await clock.advance(600)
        await station.unplug(1)
        await clock.advance(1)
        told = [
            (one["eventType"], one["triggerReason"]) for one in reports(csms) if "Meter" not in one["triggerReason"]
        ]
        assert told == [
            ("Started", "CablePluggedIn"),
            ("Updated", "Authorized"),
            ("Updated", "ChargingStateChanged"),
            ("Updated", "ChargingStateChanged"),
            ("Updated", "StopAuthorized"),
            ("Ended", "EVCommunicationLost"),
        ]
        assert "idToken" not in reports(csms)[0]


async def test_16_begins_with_cable_and_token_whatever_2x_would_do():
    points = {("TxCtrlr", "TxStartPoint"): "EVConnected", ("TxCtrlr", "TxStopPoint"): "EVConnected"}
    async with scene(Version.V16, variables=points) as (station, csms, clock):
        await station.plug_in(1, Vehicle())
        await clock.advance(60)
        assert csms.of("StartTransaction") == []
        await clock.until(station.present(DRIVER, 1))
        await clock.advance(60)
        await clock.until(station.present(DRIVER, 1))
        await clock.advance(1)
        assert len(csms.of("StopTransaction")) == 1


@requirement("J02-S10")
@pytest.mark.parametrize("version", ALL)
async def test_an_interval_of_zero_means_no_samples(version):
    async with scene(version, variables={("SampledDataCtrlr", "TxUpdatedInterval"): 0}) as (station, csms, clock):
        await clock.until(charge(station, 1, DRIVER, WattHours.of(11_040)))
        assert csms.of("MeterValues") == []
        assert "MeterValuePeriodic" not in [one["triggerReason"] for one in reports(csms)]
        assert station.transactions[0].energy == WattHours.of(11_040)


@pytest.mark.parametrize("version", ALL)
async def test_a_fault_stops_energy_and_transaction_until_it_is_repaired(version):
    async with scene(version) as (station, _, clock):
        await station.plug_in(1, Vehicle())
        await clock.until(station.present(DRIVER, 1))
        await clock.advance(60)
        await station.fail(1, Fault(code="GroundFailure"))
        await clock.advance(1)
        assert station.transactions[0].reason == "GroundFault"
        assert station.evses[1].state == "Faulted"
        assert (await clock.until(station.present(DRIVER, 1))).accepted is False
        await station.repair(1)
        assert (await clock.until(station.present(DRIVER, 1))).accepted
        assert len(station.transactions) == 2


async def test_the_same_car_may_charge_again_without_unplugging():
    async with scene(Version.V16) as (station, csms, clock):
        await station.plug_in(1, Vehicle())
        for _ in range(4):
            await clock.until(station.present(DRIVER, 1))
            await clock.advance(600)
        assert [one["meterStart"] for one in csms.of("StartTransaction")] == [0, 1840]
        assert [one["transactionId"] for one in csms.of("StopTransaction")] == [41, 42]


@requirement("E14-S1", "E14-S2")
@pytest.mark.parametrize("version", TWO)
async def test_the_csms_may_ask_after_a_transaction(version):
    async with scene(version) as (station, csms, clock):
        await station.plug_in(1, Vehicle())
        await clock.until(station.present(DRIVER, 1))
        await clock.advance(1)
        running = {"transactionId": station.transactions[0].id}
        assert await csms.ask("GetTransactionStatus", running) == {"ongoingIndicator": True, "messagesInQueue": False}
        assert await csms.ask("GetTransactionStatus") == {"messagesInQueue": False}
        unknown = await csms.ask("GetTransactionStatus", {"transactionId": "nobody's"})
        assert unknown == {"ongoingIndicator": False, "messagesInQueue": False}
