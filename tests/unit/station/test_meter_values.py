"""J: what the meter shows, on the clock, in a transaction, signed; and the main meter."""

import json

import pytest
from tests.unit.station.scripted import ALL, DRIVER, TWO, reports, scene

from amperanto.conformance.requirements import requirement
from amperanto.domain.meter_values import SignedValue
from amperanto.domain.quantities import WattHours
from amperanto.ocpp import Version
from amperanto.station import Outlet, Vehicle

ALIGNED = {("AlignedDataCtrlr", "Interval"): 900}


@requirement("J01-S3", "J01-S4")
@pytest.mark.parametrize("version", ALL)
async def test_the_meter_is_told_at_each_full_quarter_of_an_hour(version):
    async with scene(version, variables=ALIGNED, evses=2) as (_, csms, clock):
        await clock.advance(1800)
        told = csms.of("MeterValues")
        times = [one["meterValue"][0]["timestamp"] for one in told]
        assert times == ["2026-01-01T00:15:00.000Z"] * 2 + ["2026-01-01T00:30:00.000Z"] * 2
        assert told[0]["meterValue"][0]["sampledValue"][0]["context"] == "Sample.Clock"


@requirement("J02-S8")
@pytest.mark.parametrize("version", TWO)
async def test_during_a_transaction_they_belong_to_it(version):
    async with scene(version, variables=ALIGNED) as (station, csms, clock):
        await station.plug_in(1, Vehicle())
        await clock.until(station.present(DRIVER, 1))
        await clock.advance(900)
        assert csms.of("MeterValues") == []
        assert [one["triggerReason"] for one in reports(csms)].count("MeterValueClock") == 1


@requirement("1.6:MeterValues-S2")
async def test_in_16_they_carry_the_transactions_number():
    async with scene(Version.V16, variables=ALIGNED) as (station, csms, clock):
        await station.plug_in(1, Vehicle())
        await clock.until(station.present(DRIVER, 1))
        await clock.advance(900)
        aligned = [
            one
            for one in csms.of("MeterValues")
            if one["meterValue"][0]["sampledValue"][0]["context"] == "Sample.Clock"
        ]
        assert [one["transactionId"] for one in aligned] == [41]


async def test_an_interval_set_later_counts_from_the_next_slot():
    async with scene(Version.V16) as (_, csms, clock):
        await clock.advance(100)
        await csms.ask("ChangeConfiguration", {"key": "ClockAlignedDataInterval", "value": "300"})
        await clock.advance(600)
        assert [one["meterValue"][0]["timestamp"] for one in csms.of("MeterValues")] == [
            "2026-01-01T00:05:00.000Z",
            "2026-01-01T00:10:00.000Z",
        ]


ENERGY = "Energy.Active.Import.Register"
CHARGING_QUIETLY = {("SampledDataCtrlr", "TxUpdatedInterval"): 0}


def contexts(values):
    return [value["sampledValue"][0].get("context", "Sample.Periodic") for value in values]


@requirement("J02-S1", "J02-S2")
@pytest.mark.parametrize("version", TWO)
async def test_the_end_tells_begin_end_and_what_was_kept_in_between(version):
    variables = CHARGING_QUIETLY | {
        ("SampledDataCtrlr", "TxEndedInterval"): 300,
        ("SampledDataCtrlr", "TxEndedMeasurands"): f"{ENERGY},SoC",
        ("AlignedDataCtrlr", "TxEndedInterval"): 900,
        ("AlignedDataCtrlr", "TxEndedMeasurands"): ENERGY,
    }
    async with scene(version, variables=variables) as (station, csms, clock):
        await station.plug_in(1, Vehicle())
        await clock.until(station.present(DRIVER, 1))
        await clock.advance(960)
        assert [one for one in reports(csms) if "Meter" in one["triggerReason"]] == []
        await clock.until(station.present(DRIVER, 1))
        await clock.advance(1)
        values = reports(csms)[-1]["meterValue"]
        assert contexts(values) == [
            "Transaction.Begin", "Sample.Periodic", "Sample.Periodic", "Sample.Clock", "Sample.Periodic",
            "Transaction.End",
        ]  # fmt: skip
        assert {one["measurand"] for one in values[1]["sampledValue"]} == {ENERGY, "SoC"}
        assert [value["timestamp"][14:19] for value in values] == ["00:01", "05:01", "10:01", "15:00", "15:01", "16:01"]
        registers = [value["sampledValue"][0]["value"] for value in values]
        assert registers == sorted(registers)


@requirement("1.6:StopTransaction-S4")
async def test_16_keeps_what_stop_txn_sampled_and_aligned_data_name():
    async with scene(Version.V16, variables={("AlignedDataCtrlr", "Interval"): 600}) as (station, csms, clock):
        for key, value in (("StopTxnSampledData", ENERGY), ("StopTxnAlignedData", "Voltage")):
            assert (await csms.ask("ChangeConfiguration", {"key": key, "value": value}))["status"] == "Accepted"
        await csms.ask("ChangeConfiguration", {"key": "MeterValueSampleInterval", "value": "300"})
        await station.plug_in(1, Vehicle())
        await clock.until(station.present(DRIVER, 1))
        await clock.advance(660)
        await clock.until(station.present(DRIVER, 1))
        await clock.advance(1)
        data = csms.of("StopTransaction")[-1]["transactionData"]
        assert contexts(data) == [
            "Transaction.Begin", "Sample.Periodic", "Sample.Clock", "Sample.Periodic", "Transaction.End",
        ]  # fmt: skip
        assert data[2]["sampledValue"][0]["measurand"] == "Voltage"


@requirement("1.6:StopTransaction-S5")
async def test_16_always_tells_begin_and_end_in_its_transaction_data():
    async with scene(Version.V16) as (station, csms, clock):
        await station.plug_in(1, Vehicle())
        await clock.until(station.present(DRIVER, 1))
        await clock.advance(660)
        await clock.until(station.present(DRIVER, 1))
        await clock.advance(1)
        stop = csms.of("StopTransaction")[-1]
        assert contexts(stop["transactionData"]) == ["Transaction.Begin", "Transaction.End"]
        assert [one["sampledValue"][0]["value"] for one in stop["transactionData"]] == ["0", str(stop["meterStop"])]


@requirement("1.6:StopTransaction-S6")
async def test_16_thins_its_transaction_data_and_keeps_first_and_last():
    variables = {
        ("SampledDataCtrlr", "TxEndedMeasurands"): ENERGY,
        ("ConfigurationKeys", "StopTransactionMaxMeterValues"): 20,
    }
    async with scene(Version.V16, variables=variables) as (station, csms, clock):
        await station.plug_in(1, Vehicle())
        await clock.until(station.present(DRIVER, 1))
        await clock.advance(60 * 200)
        await clock.until(station.present(DRIVER, 1))
        await clock.advance(1)
        data = csms.of("StopTransaction")[-1]["transactionData"]
        assert 10 <= len(data) <= 20
        assert contexts(data)[0] == "Transaction.Begin"
        assert contexts(data)[-1] == "Transaction.End"


@requirement("J01-S1", "1.6:MeterValues-S1")
@pytest.mark.parametrize("version", ALL)
async def test_the_main_meter_is_told_as_number_0_and_belongs_to_no_transaction(version):
    variables = ALIGNED | CHARGING_QUIETLY
    async with scene(version, variables=variables, evses=2) as (station, csms, clock):
        station.install_main_meter()
        await station.plug_in(1, Vehicle())
        await clock.until(station.present(DRIVER, 1))
        await clock.advance(900)
        number = "connectorId" if version is Version.V16 else "evseId"
        [main] = [one for one in csms.of("MeterValues") if one[number] == 0]
        assert "transactionId" not in main
        assert float(main["meterValue"][0]["sampledValue"][0]["value"]) == 2756  # 899 s at 11 040 W
        await clock.advance(900)
        assert len([one for one in csms.of("MeterValues") if one[number] == 0]) == 2


@requirement("J01-S1")
@pytest.mark.parametrize("version", ALL)
async def test_a_station_without_a_main_meter_tells_nothing_as_number_0(version):
    async with scene(version, variables=ALIGNED, evses=2) as (_, csms, clock):
        await clock.advance(900)
        number = "connectorId" if version is Version.V16 else "evseId"
        assert [one[number] for one in csms.of("MeterValues")] == [1, 2]


@requirement("J01-S2")
@pytest.mark.parametrize("version", TWO)
async def test_send_during_idle_keeps_the_clock_quiet_while_anybody_charges(version):
    variables = ALIGNED | CHARGING_QUIETLY | {("AlignedDataCtrlr", "SendDuringIdle"): True}
    async with scene(version, variables=variables, evses=2) as (station, csms, clock):
        await clock.advance(900)
        assert len(csms.of("MeterValues")) == 2
        await station.plug_in(1, Vehicle())
        await clock.until(station.present(DRIVER, 1))
        await clock.advance(900)
        assert len(csms.of("MeterValues")) == 2
        assert "MeterValueClock" not in [one["triggerReason"] for one in reports(csms)]
        await clock.until(station.present(DRIVER, 1))
        await clock.advance(900)
        assert len(csms.of("MeterValues")) == 4


@requirement("J01-S2")
@pytest.mark.parametrize("version", TWO)
async def test_send_during_idle_of_one_evse_keeps_that_one_quiet(version):
    async with scene(version, variables=ALIGNED | CHARGING_QUIETLY, evses=2) as (station, csms, clock):
        where = {"name": "AlignedDataCtrlr", "evse": {"id": 1}}
        line = {"component": where, "variable": {"name": "SendDuringIdle"}, "attributeValue": "true"}
        (told,) = (await csms.ask("SetVariables", {"setVariableData": [line]}))["setVariableResult"]
        assert told["attributeStatus"] == "Accepted"
        for evse in (1, 2):
            await station.plug_in(evse, Vehicle())
            await clock.until(station.present(DRIVER, evse))
        await clock.advance(900)
        quiet, loud = (
            [
                one["triggerReason"]
                for one in reports(csms)
                if one["transactionInfo"]["transactionId"] == station.evses[evse].transaction.id
            ]
            for evse in (1, 2)
        )
        assert "MeterValueClock" not in quiet
        assert loud.count("MeterValueClock") == 1


@requirement("J02-S3")
@pytest.mark.parametrize("version", ALL)
async def test_the_register_told_never_goes_back_and_is_never_rebased(version):
    outlets = {1: Outlet(lifetime=WattHours.of("987654.3"))}
    async with scene(version, evses=outlets) as (station, csms, clock):
        for _ in range(2):
            await station.plug_in(1, Vehicle())
            await clock.until(station.present(DRIVER, 1))
            await clock.advance(600)
            await station.unplug(1)
            await clock.advance(1)
        values = [value for told in csms.heard for value in told.payload.get("meterValue", ())]
        values.sort(key=lambda value: value["timestamp"])
        registers = [float(value["sampledValue"][0]["value"]) for value in values]
        assert registers == sorted(registers)
        assert registers[0] >= 987_654
        if version is Version.V16:
            starts = [one["meterStart"] for one in csms.of("StartTransaction")]
            assert starts == [987_654, 987_654 + 1840]


@requirement("J02-S4")
@pytest.mark.parametrize("version", ALL)
async def test_sampling_may_be_switched_off_as_a_whole(version):
    variables = {("SampledDataCtrlr", "Enabled"): False, ("AlignedDataCtrlr", "Enabled"): False} | ALIGNED
    async with scene(version, variables=variables) as (station, csms, clock):
        await station.plug_in(1, Vehicle())
        await clock.until(station.present(DRIVER, 1))
        await clock.advance(1800)
        assert [told for told in csms.heard if "meterValue" in told.payload] == []


class SigningMeter:
    """A meter that signs: OCMF in form, with the figure in it, and no key of anybody."""

    def __init__(self):
        self.asked = []

    def __call__(self, reading):
        self.asked.append(reading)
        body = json.dumps({"FV": "1.0", "RD": [{"RV": str(reading.register.value), "RU": "Wh"}]})
        return SignedValue(
            data=f"OCMF|{body}|{{}}",
            encoding="OCMF",
            signing_method="ECDSA-secp256r1-SHA256",
            public_key="oca:base16:asn1:3059",
        )


def signed(values):
    return [one["signedMeterValue"] for value in values for one in value["sampledValue"] if "signedMeterValue" in one]


async def charge_signed(station, clock):
    await station.plug_in(1, Vehicle())
    await clock.until(station.present(DRIVER, 1))
    await clock.advance(130)
    await clock.until(station.present(DRIVER, 1))
    await clock.advance(1)


@requirement("J02-S5", "J02-S6")
@pytest.mark.parametrize("version", TWO)
@pytest.mark.parametrize(("keys", "count"), [("Never", 0), ("OncePerTransaction", 1), ("EveryMeterValue", None)])
async def test_begin_and_end_are_signed_where_the_meter_can_and_the_key_comes_as_often_as_is_asked(
    keys, count, version
):
    outlet = Outlet()
    outlet.signer = SigningMeter()
    variables = {
        ("SampledDataCtrlr", "SignReadings"): True,
        ("OCPPCommCtrlr", "PublicKeyWithSignedMeterValue"): keys,
    }
    async with scene(version, evses={1: outlet}, variables=variables) as (station, csms, clock):
        await charge_signed(station, clock)
        told = [signed(one.get("meterValue", ())) for one in reports(csms)]
        # 2.1 alone has variables of its own for the start and the samples, which are off here.
        assert [len(one) for one in told] == ([0, 0, 0, 0, 2] if version is Version.V21 else [1, 0, 1, 1, 2])
        readings = [one for report in told for one in report]
        with_key = [one["publicKey"] for one in readings].count("oca:base16:asn1:3059")
        assert with_key == (len(readings) if count is None else count)
        assert all(one["signedMeterData"].startswith("OCMF|") for one in readings)
        assert {reading.transaction for reading in outlet.signer.asked} == {station.transactions[0].id}


@requirement("J02-S7")
async def test_21_signs_start_and_samples_by_variables_of_their_own():
    outlet = Outlet()
    outlet.signer = SigningMeter()
    names = ("SignReadings", "SignStartedReadings", "SignUpdatedReadings")
    variables = {("SampledDataCtrlr", name): True for name in names}
    async with scene(Version.V21, evses={1: outlet}, variables=variables) as (station, csms, clock):
        await charge_signed(station, clock)
        assert [len(signed(one.get("meterValue", ()))) for one in reports(csms)] == [1, 0, 1, 1, 2]


@requirement("J02-S5")
async def test_a_meter_that_cannot_sign_signs_nothing():
    variables = {("SampledDataCtrlr", "SignReadings"): True}
    async with scene(Version.V201, variables=variables) as (station, csms, clock):
        await charge_signed(station, clock)
        assert signed([value for one in reports(csms) for value in one.get("meterValue", ())]) == []
        assert len(reports(csms)) == 5


async def test_16_tells_a_signed_reading_as_a_sample_of_its_own():
    outlet = Outlet()
    outlet.signer = SigningMeter()
    variables = {("SampledDataCtrlr", "SignReadings"): True}
    async with scene(Version.V16, evses={1: outlet}, variables=variables) as (station, csms, clock):
        await charge_signed(station, clock)
        data = csms.of("StopTransaction")[-1]["transactionData"]
        forms = [one.get("format", "Raw") for value in data for one in value["sampledValue"]]
        assert forms == ["Raw", "SignedData"] * 2
