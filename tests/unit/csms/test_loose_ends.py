"""Transactions whose end nobody told are closed provisionally, flagged, and give way to the truth when it comes."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from amperanto.conformance.requirements import requirement
from amperanto.csms.errors import StationSilent
from amperanto.domain.meter_values import MeterValue, SampledValue
from amperanto.domain.observations import (
    ConnectorObserved,
    MeterRead,
    StationBooted,
    TransactionContinued,
    TransactionEnded,
    TransactionStarted,
)
from amperanto.domain.quantities import WattHours
from amperanto.domain.stations import DEFAULT_ORGANISATION, Availability, ChargingState, EvseRef, Hardware
from amperanto.domain.tokens import RegisteredToken, Token
from amperanto.domain.transactions import Completeness, TransactionState
from amperanto.ocpp import v2

T0 = datetime(2026, 5, 1, 12, tzinfo=UTC)
WH = WattHours.of
BOOT = StationBooted(hardware=Hardware(vendor="Acme", model="One"))
FREE = ConnectorObserved(where=EvseRef(1, 1), availability=Availability.AVAILABLE)
GRACE = timedelta(seconds=300)


def minute(count: float) -> datetime:
    return T0 + timedelta(minutes=count)


def start(at: float = 0, token: str = "CAFE", meter: int = 1000, connector: int = 1) -> TransactionStarted:
    return TransactionStarted(at=minute(at), where=EvseRef(connector, 1), token=Token(token), meter=WH(meter))


def read(at: float, energy: int, reference: object = None, connector: int = 1) -> MeterRead:
    value = MeterValue(at=minute(at), samples=(SampledValue(Decimal(energy)),))
    named = None if reference is None else str(reference)
    return MeterRead(where=EvseRef(connector, 1), values=(value,), reference=named)


def stop(at: float, number: object, meter: int, token: str | None = None) -> TransactionEnded:
    card = None if token is None else Token(token)
    return TransactionEnded(at=minute(at), reference=str(number), meter=WH(meter), token=card, reason="Local")


def report(kind: type[Any], sequence: int, energy: int | None = None, **told: Any) -> Any:
    at = told.pop("at", minute(sequence))
    values = () if energy is None else (MeterValue(at=at, samples=(SampledValue(Decimal(energy)),)),)
    return kind(at=at, reference=told.pop("reference", "tx"), sequence=sequence, values=values, **told)


@dataclass
class Station2x:
    """What a 2.x station answers when it is asked for a transaction's status."""

    ongoing: bool | None = None
    queued: bool = False
    silent: bool = False
    asked: int = 0

    def can(self, request: type) -> bool:
        return request is v2.GetTransactionStatusRequest

    async def call(self, request: Any, **_: Any) -> Any:
        self.asked += 1
        if self.silent:
            raise StationSilent("nothing came")
        return v2.GetTransactionStatusResponse(
            ongoing_indicator=v2.unless_none(self.ongoing), messages_in_queue=self.queued
        )


def speaks_16(teller: Any) -> Any:
    teller.can = lambda request: False
    return teller


def speaks_2x(teller: Any, **answers: Any) -> Station2x:
    station = Station2x(**answers)
    teller.can, teller.call = station.can, station.call
    return station


async def told(house: Any, teller: Any, *reports: Any) -> list[Any]:
    """Tell these, each heard when it says it was."""
    answers: list[Any] = []
    for one in reports:
        at = getattr(one, "at", None) or (one.values[0].at if getattr(one, "values", ()) else None)
        if at is not None and at > house.clock.at:
            house.clock.at = at
        answers.append(await teller.tell(one))
    return answers


async def pass_grace(house: Any) -> None:
    """Time passes; what is due happens, and so does what it asks of stations."""
    house.clock.at += GRACE + timedelta(seconds=1)
    await house.csms.timers.look()
    async with asyncio.timeout(5):
        while house.csms.loose_ends.asking:
            await asyncio.gather(*house.csms.loose_ends.asking)


async def kept(house: Any) -> list[Any]:
    """The transactions, the oldest first."""
    return list(reversed((await house.store.transactions.list(DEFAULT_ORGANISATION)).items))


# --- the next start


@requirement("E01-2")
async def test_a_next_start_closes_what_is_open_there_at_the_last_instant_known(house: Any):
    station = await house.station()
    (first, _, second) = await told(house, station, start(), read(20, 4000), start(60, "BEEF", 9000))
    one, two = await kept(house)
    assert (one.state, one.provisional, one.loose.closing.why) == (TransactionState.ENDED, True, "NextStart")
    assert (one.over_at, one.ended_at, one.energy) == (minute(20), None, WH(3000))
    assert (two.state, two.number) == (TransactionState.OPEN, second.number)
    assert first.number != second.number


async def test_the_stop_that_comes_after_all_replaces_the_provisional_end(house: Any):
    station = await house.station()
    first, _ = await told(house, station, start(), start(60, "BEEF", 9000))
    await told(house, station, stop(55, first.number, 8000))
    one, two = await kept(house)
    assert (one.provisional, one.ended_at, one.energy, one.reason) == (False, minute(55), WH(7000), "Local")
    assert two.state is TransactionState.OPEN


async def test_an_end_nobody_told_is_held_with_what_the_next_start_shows_as_the_proposal(house: Any):
    station = await house.station()
    await told(house, station, start(), read(20, 4000), start(60, "BEEF", 9000))
    one, _ = await kept(house)
    (doubt,) = one.judgement.findings
    assert (one.held, one.billable, doubt.kind, doubt.proposed) == (True, False, "EndNeverTold", WH(8000))
    assert dict(doubt.evidence)["last_reading_wh"] == "4000"


async def test_an_end_nobody_told_is_billed_once_the_next_start_shows_that_nothing_flowed_after_its_last_reading(
    house: Any,
):
    station = speaks_16(await house.station())
    await told(house, station, start(), read(20, 4000), BOOT)
    await pass_grace(house)
    (one,) = await kept(house)
    assert (one.provisional, one.held) == (True, True)
    await told(house, station, start(60, "BEEF", 4000))
    one, _ = await kept(house)
    assert (one.provisional, one.held, one.billable, one.billed_energy) == (True, False, True, WH(3000))


async def test_a_start_on_another_connector_closes_nothing(house: Any):
    station = await house.station()
    await told(house, station, start(), start(5, "BEEF", connector=2))
    assert [one.state for one in await kept(house)] == [TransactionState.OPEN] * 2


async def test_a_start_told_late_is_closed_by_the_later_one_that_came_before_it(house: Any):
    station = await house.station()
    await told(house, station, start(60, "BEEF", 9000), start(0))
    later, earlier = await kept(house)
    assert later.state is TransactionState.OPEN
    assert (earlier.loose.closing.why, earlier.loose.closing.since) == ("NextStart", minute(60))


@requirement("E01-2")
async def test_in_2x_it_is_the_evse_that_carries_one_transaction(house: Any):
    station = await house.station()
    begin = report(TransactionStarted, 0, 100, where=EvseRef(1, 1))
    other = report(TransactionStarted, 9, 500, where=EvseRef(1, 2), reference="next")
    await told(house, station, begin, other)
    one, two = await kept(house)
    assert (one.loose.closing.why, two.state) == ("NextStart", TransactionState.OPEN)


# --- a boot


@requirement("E17-2")
async def test_a_boot_closes_nothing_before_the_grace_is_over(house: Any):
    station = speaks_16(await house.station())
    await told(house, station, start(), read(20, 4000), BOOT)
    (one,) = await kept(house)
    assert (one.state, one.loose.suspicion.why) == (TransactionState.OPEN, "Boot")
    await pass_grace(house)
    (one,) = await kept(house)
    assert (one.state, one.loose.closing.why) == (TransactionState.ENDED, "Boot")
    assert (one.over_at, one.energy) == (minute(20), WH(3000))


async def test_a_stop_from_the_queue_within_the_grace_is_the_end(house: Any):
    station = speaks_16(await house.station())
    (begun, *_) = await told(house, station, start(), BOOT)
    await told(house, station, stop(15, begun.number, 3000))
    await pass_grace(house)
    (one,) = await kept(house)
    assert (one.provisional, one.ended_at, one.energy) == (False, minute(15), WH(2000))


async def test_readings_after_the_boot_show_that_it_goes_on(house: Any):
    station = speaks_16(await house.station())
    (begun, *_) = await told(house, station, start(), BOOT)
    await told(house, station, read(2, 1500, begun.number))
    await pass_grace(house)
    (one,) = await kept(house)
    assert (one.state, one.loose.suspicion) == (TransactionState.OPEN, None)


async def test_a_connector_that_still_charges_after_a_boot_shows_that_it_goes_on(house: Any):
    """1.6 tells every connector after a boot; a station without sampled readings says nothing else."""
    station = speaks_16(await house.station())
    still = ConnectorObserved(
        where=EvseRef(1, 1), availability=Availability.OCCUPIED, charging=ChargingState.CHARGING, native="Charging"
    )
    await told(house, station, start(), still, BOOT, still)
    (one,) = await kept(house)
    assert one.loose.suspicion is None
    await pass_grace(house)
    assert (await kept(house))[0].state is TransactionState.OPEN


async def test_what_was_open_at_a_station_that_was_removed_is_closed(house: Any):
    station = speaks_16(await house.station())
    await told(house, station, start(), BOOT)
    house.csms.stations.forget(station)
    async with house.store.unit() as unit:
        unit.stations.remove(await unit.stations.by_id(station.station.id))
    await pass_grace(house)
    assert (await kept(house))[0].provisional


async def test_a_boot_that_was_asked_for_is_no_restart(house: Any):
    station = speaks_16(await house.station())
    await told(house, station, start(), replace(BOOT, reason="Triggered"))
    assert (await kept(house))[0].loose.suspicion is None


async def test_while_a_station_is_away_nothing_is_concluded(house: Any):
    station = speaks_16(await house.station())
    await told(house, station, start(), BOOT)
    house.csms.stations.forget(station)
    for _ in range(3):
        await pass_grace(house)
    assert (await kept(house))[0].state is TransactionState.OPEN
    house.csms.stations.register(station)
    await pass_grace(house)
    assert (await kept(house))[0].provisional


async def test_news_of_a_transaction_that_was_closed_by_a_boot_open_it_again_until_the_next_grace(house: Any):
    station = speaks_16(await house.station())
    (begun, *_) = await told(house, station, start(), BOOT)
    await pass_grace(house)
    await told(house, station, read(-0.5, 1200, begun.number))  # nothing new: before the last instant known
    assert (await kept(house))[0].provisional
    await told(house, station, read(0.5, 2500, begun.number))
    (one,) = await kept(house)
    assert (one.state, one.energy) == (TransactionState.OPEN, WH(1500))


# --- a status


async def test_an_available_connector_closes_what_is_open_there_after_the_grace(house: Any):
    station = speaks_16(await house.station())
    await told(house, station, start(), read(10, 2000), replace(FREE, at=minute(11)))
    assert (await kept(house))[0].state is TransactionState.OPEN
    await pass_grace(house)
    (one,) = await kept(house)
    assert (one.loose.closing.why, one.over_at, one.energy) == ("Available", minute(10), WH(1000))


async def test_another_connectors_status_says_nothing(house: Any):
    station = speaks_16(await house.station())
    await told(house, station, start(), replace(FREE, where=EvseRef(2, 1)), replace(FREE, where=EvseRef(0)))
    assert (await kept(house))[0].loose.suspicion is None


# --- E14: a 2.x station is asked


@requirement("E14-1")
async def test_a_2x_station_that_says_it_runs_is_believed(house: Any):
    teller = await house.station()
    station = speaks_2x(teller, ongoing=True)
    await told(house, teller, report(TransactionStarted, 0, where=EvseRef(1, 1)), FREE)
    await pass_grace(house)
    (one,) = await kept(house)
    assert (station.asked, one.state, one.loose.suspicion) == (1, TransactionState.OPEN, None)
    await pass_grace(house)
    assert station.asked == 1


@requirement("E14-2")
async def test_a_2x_station_that_denies_it_ends_it_and_the_rest_is_lost(house: Any):
    teller = await house.station()
    speaks_2x(teller, ongoing=False)
    await told(house, teller, report(TransactionStarted, 0, 100, where=EvseRef(1, 1)), BOOT)
    await pass_grace(house)
    (one,) = await kept(house)
    assert (one.state, one.provisional, one.lost) == (TransactionState.ENDED, True, True)


@requirement("E14-3")
async def test_while_messages_are_in_its_queue_nothing_is_lost(house: Any):
    teller = await house.station()
    station = speaks_2x(teller, ongoing=False, queued=True)
    await told(house, teller, report(TransactionStarted, 0, where=EvseRef(1, 1)), BOOT)
    await pass_grace(house)
    assert (await kept(house))[0].state is TransactionState.OPEN
    station.silent = True
    await pass_grace(house)
    assert (await kept(house))[0].state is TransactionState.OPEN
    station.silent, station.queued = False, False
    await pass_grace(house)
    assert ((await kept(house))[0].state, station.asked) == (TransactionState.ENDED, 3)


@requirement("E-6")
async def test_gaps_are_asked_for_and_declared_lost_once_the_queue_is_empty(house: Any):
    teller = await house.station()
    station = speaks_2x(teller, ongoing=False)
    await told(house, teller, report(TransactionStarted, 0, 100), report(TransactionEnded, 4, 900))
    (one,) = await kept(house)
    assert (one.missing(), one.completeness, one.lost) == (((1, 3),), Completeness.INCOMPLETE, False)
    await pass_grace(house)
    (one,) = await kept(house)
    assert (station.asked, one.lost, one.provisional) == (1, True, False)


async def test_what_was_lost_and_comes_after_all_is_not_lost(house: Any):
    teller = await house.station()
    speaks_2x(teller, ongoing=False)
    await told(house, teller, report(TransactionEnded, 1, 900))
    await pass_grace(house)
    (one,) = await kept(house)
    assert (one.lost, one.held) == (True, True)  # its start was never told: nobody knows what to bill
    await told(house, teller, report(TransactionStarted, 0, 100, where=EvseRef(1, 1)))
    (one,) = await kept(house)
    assert (one.lost, one.completeness, one.held, one.energy) == (False, Completeness.PROVEN, False, WH(800))
    reviews = await house.store.reviews.list(DEFAULT_ORGANISATION, open_only=False)
    assert [review.settled_at is not None for review in reviews.items] == [True]


@requirement("E17-1")
@pytest.mark.parametrize("at", [minute(1), minute(-5)], ids=["in its time", "the clock fell back"])
async def test_a_transaction_that_resumes_after_a_reboot_goes_on(house: Any, at: datetime):
    """E17: TxResumed, even after it was closed, and whatever the station's clock says after the reboot."""
    teller = await house.station()
    station = speaks_2x(teller, ongoing=False)
    await told(house, teller, report(TransactionStarted, 0, 100, where=EvseRef(1, 1)), BOOT)
    await pass_grace(house)
    assert (await kept(house))[0].provisional
    await told(house, teller, report(TransactionContinued, 1, 200, trigger="TxResumed", at=at))
    (one,) = await kept(house)
    assert (one.state, one.loose.suspicion, one.energy) == (TransactionState.OPEN, None, WH(100))
    await pass_grace(house)
    assert ((await kept(house))[0].state, station.asked) == (TransactionState.OPEN, 1)


async def test_a_timer_outlives_the_node_that_set_it(house: Any):
    station = speaks_16(await house.station())
    await told(house, station, start(), BOOT)
    (one,) = await kept(house)
    assert (await house.store.due.of("transaction.loose", one.id)).at == house.clock.at + GRACE


# --- orphans, ids, replays


@pytest.mark.parametrize("reference", ["-1", "0", "99", "9223372036854775807"])
async def test_a_stop_without_a_number_and_a_token_ends_the_only_transaction_it_can_be_of(house: Any, reference: str):
    station = await house.station()
    await told(house, station, start(), stop(30, reference, 5000))
    (one,) = await kept(house)
    assert (one.state, one.energy) == (TransactionState.ENDED, WH(4000))


async def test_a_stop_without_a_number_by_another_token_of_the_group_ends_the_transaction_and_once(house: Any):
    async with house.store.unit() as unit:
        for uid in ("CAFE", "BEEF"):
            known = RegisteredToken(
                id=uid, organisation=DEFAULT_ORGANISATION, token=Token(uid), group="crew", concurrent_limit=None
            )
            unit.tokens.add(known)
    station = await house.station()
    last = stop(30, -1, 5000, token="BEEF")
    await told(house, station, start(), start(5, "D00D", 100, connector=2), last, last)
    one, other = await kept(house)
    assert (one.state, one.energy, other.state) == (TransactionState.ENDED, WH(4000), TransactionState.OPEN)


async def test_a_stop_whose_meter_is_below_is_of_another_transaction(house: Any):
    station = await house.station()
    await told(house, station, start(meter=50_000), stop(30, -1, 5000))
    running, orphan = await kept(house)
    assert (running.state, orphan.state, orphan.held) == (TransactionState.OPEN, TransactionState.ENDED, True)


async def test_orphan_stops_replayed_in_any_number_are_each_kept_once(house: Any):
    station = await house.station()
    stops = [stop(count, -1, 1000 + count) for count in range(30)]
    await told(house, station, *stops, *stops)
    assert len(await kept(house)) == 30


@requirement("1.6:StopTransaction-4")
async def test_an_old_id_reused_for_another_stop_changes_no_ended_transaction(house: Any):
    station = await house.station()
    (begun, _) = await told(house, station, start(), stop(10, 1, 2000, "CAFE"))
    (again,) = await told(house, station, start(20, "BEEF", 3000))
    await told(house, station, stop(30, begun.number, 4500, "BEEF"))
    one, two = await kept(house)
    assert (one.ended_at, one.energy) == (minute(10), WH(1000))
    assert (two.number, two.ended_at, two.energy) == (again.number, minute(30), WH(1500))


async def test_a_whole_backlog_told_twice_is_one_story(house: Any):
    station = await house.station()
    house.clock.at = minute(1000)
    for _ in range(2):
        for hour in range(3):
            (begun,) = await told(house, station, start(hour * 60, meter=hour * 1000))
            await told(house, station, read(hour * 60 + 5, hour * 1000 + 300, begun.number))
            await told(house, station, stop(hour * 60 + 30, begun.number, hour * 1000 + 700))
    found = await kept(house)
    assert [(one.energy, one.provisional) for one in found] == [(WH(700), False)] * 3


@requirement("1.6:MeterValues-2")
async def test_readings_of_an_ended_number_belong_to_what_runs_there_now(house: Any):
    station = await house.station()
    (old, _, new) = await told(house, station, start(), stop(10, -1, 2000, "CAFE"), start(20, "BEEF", 3000))
    await told(house, station, read(25, 3600, old.number))
    one, two = await kept(house)
    assert (one.energy, two.energy, two.number) == (WH(1000), WH(600), new.number)


@requirement("1.6:MeterValues-2")
async def test_readings_without_a_number_told_late_belong_to_what_ran_there_then(house: Any):
    station = await house.station()
    (old, _) = await told(house, station, start(), stop(10, -1, 2000, "CAFE"))
    await told(house, station, read(5, 1500, 77))
    (one,) = await kept(house)
    page = await house.store.meter_values.of_transaction(DEFAULT_ORGANISATION, one.id)
    assert [value.at for value in page.items] == [minute(5)]
    assert one.number == old.number


@requirement("J01-3")
async def test_in_2x_readings_apart_from_reports_are_of_no_transaction(house: Any):
    """J01: a transaction's readings come in its reports; a sample of the EVSE is kept for the EVSE."""
    station = await house.station()
    await told(house, station, report(TransactionStarted, 0, where=EvseRef(1, 1)), report(TransactionContinued, 1, 100))
    await told(house, station, MeterRead(where=EvseRef(1), values=read(5, 77_000).values))
    await told(house, station, report(TransactionEnded, 2, 900))
    assert (await kept(house))[0].energy == WH(800)


async def test_a_reference_used_again_while_it_is_open_is_another_transaction(house: Any):
    """R10: the first one lost its end; nobody pays for what somebody else charged under the same number."""
    station = await house.station()
    first = report(TransactionStarted, 0, 1000, where=EvseRef(1, 1), token=Token("CAFE"))
    again = report(TransactionStarted, 0, 9000, at=minute(60), where=EvseRef(1, 1), token=Token("BEEF"))
    end = report(TransactionEnded, 1, 9500, at=minute(70))
    await told(house, station, first, first, again, again, end, end)
    one, two = await kept(house)
    assert (one.token, one.loose.closing.why, one.over_at, one.energy) == (Token("CAFE"), "NextStart", minute(0), WH(0))
    assert (two.token, two.started_at, two.ended_at, two.energy) == (Token("BEEF"), minute(60), minute(70), WH(500))


async def test_a_start_told_again_with_another_time_is_no_other_transaction(house: Any):
    """A station that dates what it repeats anew tells the same token and the same register."""
    station = await house.station()
    first = report(TransactionStarted, 0, 1000, where=EvseRef(1, 1), token=Token("CAFE"))
    await told(house, station, first, replace(first, at=minute(3)))
    (one,) = await kept(house)
    assert one.started_at == minute(0)


async def test_the_end_of_the_next_one_under_the_same_id_is_not_the_end_of_the_last(house: Any):
    """R10: it overtook its own start; who charged before pays for nothing that came after."""
    station = await house.station()
    first = report(TransactionStarted, 0, 1000, where=EvseRef(1, 1), token=Token("CAFE"))
    over = report(TransactionEnded, 1, 3000, at=minute(30))
    again = report(TransactionStarted, 0, 9000, at=minute(60), where=EvseRef(1, 1), token=Token("BEEF"))
    end = report(TransactionEnded, 1, 9500, at=minute(70))
    await told(house, station, first, over, end, end, again, over, again)
    one, two = await kept(house)
    assert (one.token, one.ended_at, one.energy) == (Token("CAFE"), minute(30), WH(2000))
    assert (two.token, two.started_at, two.ended_at, two.energy) == (Token("BEEF"), minute(60), minute(70), WH(500))


async def test_what_is_repeated_of_an_earlier_one_under_the_same_id_changes_nothing(house: Any):
    """R1: a report is known by its id, number and time; the id alone may be that of a later transaction."""
    station = await house.station()
    first = report(TransactionStarted, 0, 1000, where=EvseRef(1, 1), token=Token("CAFE"))
    over = report(TransactionEnded, 1, 3000, at=minute(30))
    again = report(TransactionStarted, 0, 3000, at=minute(60), where=EvseRef(1, 1), token=Token("BEEF"))
    end = report(TransactionEnded, 1, 3500, at=minute(70))
    await told(house, station, first, over, again, first, over, end)
    before = await kept(house)
    await told(house, station, first, over, again, end)
    assert await kept(house) == before
    assert [(one.token, one.energy) for one in before] == [(Token("CAFE"), WH(2000)), (Token("BEEF"), WH(500))]


async def test_a_start_told_after_the_next_one_under_the_same_id_is_another_transaction(house: Any):
    station = await house.station()
    again = report(TransactionStarted, 0, 3000, at=minute(60), where=EvseRef(1, 1), token=Token("BEEF"))
    first = report(TransactionStarted, 0, 1000, where=EvseRef(1, 1), token=Token("CAFE"))
    end = report(TransactionEnded, 1, 3500, at=minute(70))
    await told(house, station, again, first, end, first)
    late, early = await kept(house)
    assert (late.token, late.energy, late.ended_at) == (Token("BEEF"), WH(500), minute(70))
    assert (early.token, early.energy, early.state) == (Token("CAFE"), WH(0), TransactionState.ENDED)


async def test_a_start_told_again_after_an_end_before_it_is_the_same_transaction(house: Any):
    station = await house.station()
    begin, end = (
        report(TransactionStarted, 0, 100, where=EvseRef(1, 1)),
        report(TransactionEnded, 1, 700, at=minute(-60)),
    )
    await told(house, station, begin, end, begin)
    (one,) = await kept(house)
    assert (one.state, one.energy) == (TransactionState.ENDED, WH(600))
