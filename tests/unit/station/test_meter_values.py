"""Clock-aligned meter values."""

import pytest
from tests.unit.station.scripted import ALL, DRIVER, TWO, reports, scene

from amperanto.ocpp import Version
from amperanto.station import Vehicle

ALIGNED = {("AlignedDataCtrlr", "Interval"): 900}


@pytest.mark.parametrize("version", ALL)
async def test_the_meter_is_told_at_each_full_quarter_of_an_hour(version):
    async with scene(version, variables=ALIGNED, evses=2) as (_, csms, clock):
        await clock.advance(1800)
        told = csms.of("MeterValues")
        times = [one["meterValue"][0]["timestamp"] for one in told]
        assert times == ["2026-01-01T00:15:00.000Z"] * 2 + ["2026-01-01T00:30:00.000Z"] * 2
        assert told[0]["meterValue"][0]["sampledValue"][0]["context"] == "Sample.Clock"


@pytest.mark.parametrize("version", TWO)
async def test_during_a_transaction_they_belong_to_it(version):
    async with scene(version, variables=ALIGNED) as (station, csms, clock):
        await station.plug_in(1, Vehicle())
        await clock.until(station.present(DRIVER, 1))
        await clock.advance(900)
        assert csms.of("MeterValues") == []
        assert [one["triggerReason"] for one in reports(csms)].count("MeterValueClock") == 1


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
