"""Readings find the transaction they belong to, or are kept for their EVSE."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from amperanto.domain.meter_values import MeterValue, SampledValue
from amperanto.domain.observations import MeterRead, TransactionEnded, TransactionStarted
from amperanto.domain.quantities import WattHours
from amperanto.domain.stations import EvseRef
from amperanto.domain.tokens import Token

NOON = datetime(2026, 5, 1, 12, tzinfo=UTC)


def start(evse: int = 1) -> TransactionStarted:
    return TransactionStarted(at=NOON, where=EvseRef(evse, 1), token=Token("CAFE"), meter=WattHours.of(1000))


def reading(watt_hours: int, minutes: int = 1, *, reference: str | None = None, evse: int = 1) -> MeterRead:
    value = MeterValue(at=NOON + timedelta(minutes=minutes), samples=(SampledValue(Decimal(watt_hours)),))
    return MeterRead(where=EvseRef(evse, 1), values=(value,), reference=reference)


async def energy(house: Any, teller: Any, number: int) -> WattHours | None:
    return (await house.store.transactions.by_number(teller.station_id, number)).energy


@pytest.mark.parametrize("reference", [None, "-1", "0", "999"])
async def test_a_reading_that_names_no_transaction_of_ours_belongs_to_the_one_that_runs_there(
    house: Any, reference: str | None
):
    station = await house.station()
    number = (await station.tell(start())).number
    await station.tell(reading(1500, reference=reference))
    assert await energy(house, station, number) == WattHours.of(500)


async def test_a_reading_of_another_evse_or_of_the_whole_station_touches_no_transaction(house: Any):
    station = await house.station()
    number = (await station.tell(start())).number
    await station.tell(reading(9000, evse=2))
    await station.tell(reading(9000, evse=0))
    assert await energy(house, station, number) == WattHours.of(0)


async def test_a_station_cannot_add_to_another_stations_transaction(house: Any):
    mine, yours = await house.station("CP1"), await house.station("CP2")
    number = (await mine.tell(start())).number
    await yours.tell(reading(9000, reference=str(number)))
    assert await energy(house, mine, number) == WattHours.of(0)


async def test_a_reading_told_late_does_not_change_the_final_meter(house: Any):
    station = await house.station()
    number = (await station.tell(start())).number
    ended = TransactionEnded(at=NOON + timedelta(hours=1), reference=str(number), meter=WattHours.of(5000))
    await station.tell(ended)
    await station.tell(reading(4000, 30, reference=str(number)))
    await station.tell(reading(9000, 90, reference=str(number)))
    assert await energy(house, station, number) == WattHours.of(4000)


async def test_a_doubled_reading_is_kept_once(house: Any):
    station = await house.station()
    number = (await station.tell(start())).number
    for _ in range(2):
        await station.tell(reading(1500, reference=str(number)))
    transaction = await house.store.transactions.by_number(station.station_id, number)
    page = await house.store.meter_values.of_transaction(transaction.organisation, transaction.id)
    assert len(page.items) == 1


async def test_an_empty_list_of_readings_is_noted(house: Any):
    station = await house.station()
    await station.tell(MeterRead(where=EvseRef(1, 1), values=()))
