"""Every report is kept once and answered the same way, however it comes."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from amperanto.conformance.requirements import requirement
from amperanto.domain.decisions import PersonalMessage
from amperanto.domain.meter_values import MeterValue, SampledValue
from amperanto.domain.observations import (
    MeterRead,
    TokenPresented,
    TransactionContinued,
    TransactionEnded,
    TransactionStarted,
)
from amperanto.domain.quantities import WattHours
from amperanto.domain.stations import EvseRef
from amperanto.domain.tokens import AuthorizationStatus, Token
from amperanto.domain.transactions import TransactionState
from amperanto.stores.errors import Fenced

T0 = datetime(2026, 5, 1, 12, tzinfo=UTC)
S = AuthorizationStatus
START = TransactionStarted(at=T0, where=EvseRef(1, 1), token=Token("CAFE"), meter=WattHours.of(1000))


def stop(number: int | str, watt_hours: int = 5000, **changes: Any) -> TransactionEnded:
    return TransactionEnded(
        at=T0 + timedelta(hours=1), reference=str(number), meter=WattHours.of(watt_hours), reason="Local", **changes
    )


async def only(house: Any, teller: Any) -> Any:
    async with house.store.unit() as unit:
        page = await unit.transactions.list(teller.station.organisation, station=teller.station.id)
    (transaction,) = page.items
    return transaction


async def test_a_charge_is_kept_to_the_watt_hour(house: Any):
    await house.token("CAFE")
    station = await house.station()
    started = await station.tell(START)
    assert started.authorization.status is S.ACCEPTED
    await station.tell(stop(started.number, 5678))
    kept = await only(house, station)
    assert (kept.energy, kept.state, kept.token) == (WattHours.of(4678), TransactionState.ENDED, Token("CAFE"))


async def test_a_doubled_start_gets_the_same_number_and_is_kept_once(house: Any):
    await house.token("CAFE")
    station = await house.station()
    first = await station.tell(START)
    assert await station.tell(START) == first
    await only(house, station)


@requirement("1.6:StartTransaction-4")
async def test_a_doubled_start_after_its_stop_still_gets_the_same_number(house: Any):
    await house.token("CAFE")
    station = await house.station()
    first = await station.tell(START)
    await station.tell(stop(first.number))
    assert (await station.tell(START)).number == first.number
    assert (await only(house, station)).state is TransactionState.ENDED


@requirement("1.6:StartTransaction-3")
async def test_a_second_start_of_the_same_card_elsewhere_is_concurrent_and_kept(house: Any):
    await house.token("CAFE")
    here, there = await house.station("CP1"), await house.station("CP2")
    await here.tell(START)
    second = await there.tell(START)
    assert second.authorization.status is S.CONCURRENT_TX
    assert second.number is not None
    await there.tell(stop(second.number))
    assert (await only(house, there)).energy == WattHours.of(4000)


async def test_of_two_stations_racing_for_one_token_exactly_one_wins(house: Any):
    await house.token("CAFE")
    racers = [await house.station(f"CP{n}") for n in range(8)]
    decisions = await asyncio.gather(*(racer.tell(START) for racer in racers))
    statuses = [decision.authorization.status for decision in decisions]
    assert statuses.count(S.ACCEPTED) == 1
    assert statuses.count(S.CONCURRENT_TX) == 7
    assert len({decision.number for decision in decisions}) == 8


async def test_a_station_cannot_stop_the_transaction_of_another(house: Any):
    await house.token("CAFE")
    victim, thief = await house.station("CP1"), await house.station("CP2")
    number = (await victim.tell(START)).number
    await thief.tell(stop(number))
    assert (await only(house, victim)).state is TransactionState.OPEN
    assert (await only(house, thief)).flags == ("its start was never told",)


@pytest.mark.parametrize("reference", ["-1", "0", "123456"])
@requirement("1.6:StopTransaction-2")
async def test_a_stop_without_a_known_number_finds_the_open_transaction_of_its_token(house: Any, reference: str):
    await house.token("CAFE")
    station = await house.station()
    await station.tell(START)
    await station.tell(stop(reference, token=Token("cafe")))
    assert (await only(house, station)).energy == WattHours.of(4000)


@requirement("1.6:StopTransaction-1")
async def test_stops_nobody_started_are_each_kept_once(house: Any):
    station = await house.station()
    first, second = stop(-1, token=Token("A")), replace(stop(-1), at=T0 + timedelta(hours=2))
    for told in (first, first, second, second):
        await station.tell(told)
    async with house.store.unit() as unit:
        page = await unit.transactions.list(station.station.organisation, station=station.station.id)
    assert len(page.items) == 2


@requirement("1.6:MeterValues-1")
async def test_meter_values_reach_the_transaction_they_name_and_are_kept_once(house: Any):
    station = await house.station()
    number = (await station.tell(START)).number
    values = (MeterValue(at=T0 + timedelta(minutes=1), samples=(SampledValue(value=Decimal("1.25"), unit="kWh"),)),)
    for _ in range(2):
        await station.tell(MeterRead(where=EvseRef(1, 1), values=values, reference=str(number)))
    kept = await only(house, station)
    assert kept.energy == WattHours.of(250)
    async with house.store.unit() as unit:
        assert len((await unit.meter_values.of_transaction(kept.organisation, kept.id)).items) == 1


@requirement("E-1")
async def test_2_x_reports_in_the_wrong_order_are_one_transaction(house: Any):
    await house.token("CAFE")
    station = await house.station()
    reports = [
        TransactionEnded(at=T0 + timedelta(hours=1), reference="tx", sequence=2, meter=None, reason="Local"),
        TransactionContinued(at=T0 + timedelta(minutes=1), reference="tx", sequence=1),
        TransactionStarted(at=T0, reference="tx", sequence=0, where=EvseRef(1, 1), token=Token("CAFE")),
    ]
    for report in reports + reports:
        await station.tell(report)
    kept = await only(house, station)
    assert (kept.completeness, kept.token, kept.where) == ("Proven", Token("CAFE"), EvseRef(1, 1))


@requirement("E01-1")
async def test_a_reused_2_x_reference_is_a_new_transaction(house: Any):
    station = await house.station()
    for hour in (0, 5):
        begin = T0 + timedelta(hours=hour)
        await station.tell(TransactionStarted(at=begin, reference="tx", sequence=0))
        await station.tell(TransactionEnded(at=begin + timedelta(hours=1), reference="tx", sequence=1))
    async with house.store.unit() as unit:
        page = await unit.transactions.list(station.station.organisation, station=station.station.id)
    assert sorted(kept.started_at.hour for kept in page.items) == [12, 17]


async def test_an_unknown_token_is_refused_and_remembered_as_blocked(house: Any):
    station = await house.station()
    assert (await station.tell(TokenPresented(token=Token("DEAD")))).authorization.status is S.UNKNOWN
    assert (await station.tell(TokenPresented(token=Token("dead")))).authorization.status is S.BLOCKED


async def test_a_charging_token_may_be_presented_at_its_own_station_to_stop(house: Any):
    await house.token("CAFE")
    here, there = await house.station("CP1"), await house.station("CP2")
    await here.tell(START)
    assert (await here.tell(TokenPresented(token=Token("CAFE")))).authorization.accepted
    assert (await there.tell(TokenPresented(token=Token("CAFE")))).authorization.status is S.CONCURRENT_TX


async def test_what_an_old_socket_still_says_is_not_written_after_a_new_one_took_over(house: Any):
    old = await house.station()
    new = await house.socket(old.station)
    with pytest.raises(Fenced):
        await old.tell(START)
    await new.tell(START)
    await only(house, new)


@requirement("1.6:StopTransaction-5")
async def test_a_stop_without_a_number_that_comes_again_ends_no_second_transaction(house: Any):
    await house.token("CAFE")
    station = await house.station()
    await station.tell(START)  # its answer was lost, so the station never learned the number (1.6 errata 4.0)
    for _ in range(3):
        await station.tell(stop(-1, token=Token("CAFE")))
    kept = await only(house, station)
    assert (kept.state, kept.energy) == (TransactionState.ENDED, WattHours.of(4000))


async def test_an_end_whose_start_was_never_told_claims_no_energy(house: Any):
    station = await house.station()
    await station.tell(stop(-1))
    kept = await only(house, station)
    assert (kept.energy, kept.meter_stop) == (None, WattHours.of(5000))


async def test_every_change_of_a_transaction_goes_past_its_listeners(house: Any):
    heard: list[tuple[Any, Any]] = []

    async def listen(unit: Any, before: Any, after: Any) -> None:
        heard.append((None if before is None else before.energy, after.energy))

    house.csms.transactions.listeners.append(listen)
    station = await house.station()
    number = (await station.tell(START)).number
    values = (MeterValue(at=T0 + timedelta(minutes=1), samples=(SampledValue(value=Decimal(1500)),)),)
    for _ in range(2):  # what changes nothing is no change
        await station.tell(MeterRead(where=EvseRef(1, 1), values=values, reference=str(number)))
    await station.tell(stop(number))
    wh = WattHours.of
    assert heard == [(None, wh(0)), (wh(0), wh(500)), (wh(500), wh(4000))]


async def test_who_has_more_to_say_to_the_station_amends_the_answer(house: Any):
    async def price(unit: Any, teller: Any, told: Any, transaction: Any, decision: Any) -> Any:
        return replace(decision, cost=transaction.energy.value / 1000, message=PersonalMessage("Hello"))

    house.csms.transactions.answering.append(price)
    station = await house.station()
    start = TransactionStarted(at=T0, reference="tx", sequence=0, meter=WattHours.of(1000))
    end = TransactionEnded(at=T0 + timedelta(hours=1), reference="tx", sequence=1, meter=WattHours.of(3500))
    assert (await station.tell(start)).cost == 0
    said = await station.tell(end)
    assert (said.cost, said.message) == (Decimal("2.5"), PersonalMessage("Hello"))
