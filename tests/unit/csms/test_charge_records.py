"""A charge becomes one record, at the price of its start, and a record never changes."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, time, timedelta
from decimal import Decimal
from typing import Any

import pytest

from amperanto.conformance.requirements import requirement
from amperanto.csms.access import Principal
from amperanto.csms.reviews import Resolution
from amperanto.csms.tariff_and_cost import TariffAndCost
from amperanto.domain.charge_records import ChargeRecord, RecordKind
from amperanto.domain.costs import CostKind
from amperanto.domain.errors import BadTariff, NothingToCorrect, TariffExists, TariffInUse
from amperanto.domain.findings import Ruling
from amperanto.domain.meter_values import MeterValue, SampledValue
from amperanto.domain.observations import (
    ConnectorObserved,
    MeterRead,
    TokenPresented,
    TransactionContinued,
    TransactionEnded,
    TransactionStarted,
)
from amperanto.domain.quantities import WattHours
from amperanto.domain.sites import Site, SiteId
from amperanto.domain.stations import DEFAULT_ORGANISATION, Availability, ChargingState, EvseRef
from amperanto.domain.tariff_assignments import Scope
from amperanto.domain.tariffs import Component, Conditions, Element, Limit, Tariff, TaxRate
from amperanto.domain.tokens import AuthorizationStatus, Token
from amperanto.domain.transactions import TransactionState
from amperanto.stores.charge_records import Which

T0 = datetime(2026, 5, 1, 12, tzinfo=UTC)
WHO = Principal(organisation=DEFAULT_ORGANISATION, name="olga", scopes=frozenset({"admin"}))
MINUTE = timedelta(minutes=1)
ANY = Which()


def per_kwh(price: str, **conditions: Any) -> Component:
    return Component(prices=(Element(price=Decimal(price), conditions=Conditions(**conditions)),))


def tariff(price: str = "0.50", **also: Any) -> Tariff:
    return Tariff(id="", currency="EUR", **{"energy": per_kwh(price), **also})


def read(minutes: int, wh: int) -> MeterValue:
    return MeterValue(at=T0 + minutes * MINUTE, samples=(SampledValue(Decimal(wh)),))


def started(**changes: Any) -> TransactionStarted:
    told = {
        "at": T0, "reference": "tx", "sequence": 0, "where": EvseRef(1, 1), "token": Token("CAFE", "ISO14443"),
        "trigger": "Authorized", "values": (read(0, 1000),),
    }  # fmt: skip
    return TransactionStarted(**{**told, **changes})


def updated(sequence: int, minutes: int, **changes: Any) -> TransactionContinued:
    told = {"at": T0 + minutes * MINUTE, "reference": "tx", "sequence": sequence, "trigger": "MeterValuePeriodic"}
    return TransactionContinued(**{**told, **changes})


def ended(sequence: int, minutes: int, wh: int, **changes: Any) -> TransactionEnded:
    told = {
        "at": T0 + minutes * MINUTE, "reference": "tx", "sequence": sequence, "values": (read(minutes, wh),),
        "trigger": "EVDeparted", "reason": "EVDisconnected",
    }  # fmt: skip
    return TransactionEnded(**{**told, **changes})


async def sold(
    house: Any, priced: Tariff | None = None, *, scope: Scope = Scope.ORGANISATION, subject: str = ""
) -> None:
    await house.csms.tariffs.add(WHO, "day", priced or tariff())
    await house.csms.tariffs.assign(WHO, scope, subject, "day")


async def issued(house: Any) -> list[ChargeRecord]:
    await house.csms.timers.look()
    return list((await house.csms.charge_records.records(WHO, ANY)).items)


async def charged(house: Any) -> Any:
    """A whole charge of 10 kWh in an hour; returns its station."""
    await house.token("CAFE")
    station = await house.station()
    await station.tell(started())
    await station.tell(ended(1, 60, 11_000))
    return station


async def test_a_whole_charge_is_billed_at_once_line_by_line(house: Any):
    await sold(house, tariff(taxed := "0.50", energy=Component(
        prices=(Element(price=Decimal(taxed)),), taxes=(TaxRate(type="VAT", tax=Decimal(21)),)
    )))  # fmt: skip
    await charged(house)
    (record,) = await issued(house)
    assert (record.number, record.kind, record.energy) == (1, RecordKind.CHARGE, 10_000)
    assert (record.net, record.gross) == (Decimal("5.00"), Decimal("6.05"))
    (line,) = record.cost.lines
    assert (line.tariff, line.quantity, line.unit, line.price) == ("day.1", 10, "kWh", Decimal("0.50"))
    assert [(one.at, one.energy) for one in record.readings] == [(T0, 1000), (T0 + 60 * MINUTE, 11_000)]
    assert record.tariffs[0].tariff.id == "day.1"
    assert (record.started_at, record.received_at) == (T0, house.clock.at)
    assert await issued(house) == [record]


async def test_the_answer_to_the_last_report_is_what_the_record_bills(house: Any):
    await sold(house, tariff(energy=per_kwh("0.50", end_time=time(12, 30)), charging_time=per_kwh("0.013")))
    await house.token("CAFE")
    station = await house.station()
    await station.tell(started())
    await station.tell(updated(1, 17, values=(read(17, 4321),)))
    answer = await station.tell(ended(2, 60, 11_000))
    (record,) = await issued(house)
    assert answer.cost == record.gross != 0


async def test_without_a_tariff_the_cost_is_not_said_and_nobody_calls_it_free(house: Any):
    await house.token("CAFE")
    station = await house.station()
    await station.tell(started())
    answer = await station.tell(ended(1, 60, 11_000))
    assert answer.cost is None
    (record,) = await issued(house)
    assert (record.cost, record.gross, record.energy) == (None, None, 10_000)


async def test_a_free_charge_says_zero(house: Any):
    await sold(house, tariff("0"))
    await house.token("CAFE")
    station = await house.station()
    await station.tell(started())
    assert (await station.tell(ended(1, 60, 11_000))).cost == 0


async def test_a_new_version_prices_what_starts_and_never_what_runs(house: Any):
    await sold(house)
    await house.token("CAFE", concurrent_limit=None)
    station = await house.station()
    await station.tell(started())
    await house.csms.tariffs.change(WHO, "day", tariff("0.90"))
    assert (await station.tell(ended(1, 60, 11_000))).cost == Decimal("5.00")
    later = started(reference="second", at=T0 + 90 * MINUTE, values=(read(90, 11_000),))
    await station.tell(later)
    last = ended(1, 120, 12_000, reference="second")
    assert (await station.tell(last)).cost == Decimal("0.90")


async def test_the_closest_assignment_holds(house: Any):
    await house.token("CAFE")
    station = await house.station()
    prices = {Scope.ORGANISATION: ("", "0.10"), Scope.STATION: (station.station.id, "0.20"),
              Scope.EVSE: (f"{station.station.id}/1", "0.30"), Scope.TOKEN: ("cafe", "0.40")}  # fmt: skip
    for number, (scope, (subject, price)) in enumerate(prices.items()):
        await house.csms.tariffs.add(WHO, scope, tariff(price))
        await house.csms.tariffs.assign(WHO, scope, subject, scope)
        at = number * 100
        await station.tell(started(reference=scope, at=T0 + at * MINUTE, values=(read(at, 0),)))
        answer = await station.tell(ended(1, at + 60, 10_000, reference=scope))
        assert answer.cost == Decimal(price) * 10


async def test_the_hours_of_a_tariff_are_those_of_the_site(house: Any):
    async with house.store.unit() as unit:
        unit.sites.add(Site(id=SiteId("s"), organisation=DEFAULT_ORGANISATION, name="s", time_zone="Asia/Tokyo"))
    await sold(house, tariff(energy=per_kwh("1", start_time=time(21), end_time=time(21, 30))))
    await house.token("CAFE")
    station = await house.station(site=SiteId("s"))
    await station.tell(started())
    house.clock.at = T0 + 60 * MINUTE
    assert (await station.tell(ended(1, 60, 11_000))).cost == Decimal("5.00")
    (record,) = await issued(house)
    assert record.time_zone == "Asia/Tokyo"


async def test_idle_time_is_what_the_station_says_it_is(house: Any):
    await sold(house, tariff("0", idle_time=per_kwh("0.10")))
    await house.token("CAFE")
    station = await house.station()
    await station.tell(started(charging=ChargingState.CHARGING))
    changed = updated(1, 20, trigger="ChargingStateChanged", charging=ChargingState.SUSPENDED_EV)
    house.clock.at = T0 + 20 * MINUTE
    await station.tell(changed)
    house.clock.at = T0 + 60 * MINUTE
    answer = await station.tell(ended(2, 60, 11_000))
    assert answer.cost == Decimal("4.00")
    (record,) = await issued(house)
    assert (record.cost.charging_time, record.cost.idle_time) == (1200, 2400)


async def test_in_1_6_the_states_of_the_connector_tell_idle_time(house: Any):
    await sold(house, tariff("0", idle_time=per_kwh("0.10")))
    await house.token("CAFE")
    station = await house.station()
    begun = await station.tell(
        TransactionStarted(at=T0, where=EvseRef(1, 1), token=Token("CAFE"), meter=WattHours.of(1000))
    )
    for minutes, state in ((1, ChargingState.CHARGING), (31, ChargingState.SUSPENDED_EV)):
        house.clock.at = T0 + minutes * MINUTE
        await station.tell(
            ConnectorObserved(
                where=EvseRef(1, 1), availability=Availability.OCCUPIED, charging=state, at=T0 + minutes * MINUTE
            )
        )
    house.clock.at = T0 + 61 * MINUTE
    await station.tell(
        TransactionEnded(at=T0 + 61 * MINUTE, reference=str(begun.number), meter=WattHours.of(9000), reason="Local")
    )
    house.clock.at += timedelta(minutes=5)
    (record,) = await issued(house)
    assert (record.cost.idle_time, record.gross) == (1800, Decimal("3.00"))


async def test_a_reading_that_comes_later_takes_the_record_back_and_issues_another(house: Any):
    await sold(house)
    station = await charged(house)
    (first,) = await issued(house)
    late = ended(2, 90, 13_000)
    await station.tell(late)
    records = await issued(house)
    assert [(one.number, one.kind, one.gross) for one in records] == [
        (1, RecordKind.CHARGE, Decimal("5.00")),
        (2, RecordKind.CREDIT, Decimal("-5.00")),
        (3, RecordKind.CHARGE, Decimal("6.00")),
    ]
    assert records[0] == first
    assert records[1].corrects == records[2].corrects == first.id
    assert sum(line.gross for line in records[1].cost.lines) == Decimal("-5.00")


async def test_a_charge_with_a_gap_waits_for_what_is_missing_and_then_no_longer(house: Any):
    await sold(house)
    await house.token("CAFE")
    station = await house.station()
    await station.tell(started())
    await station.tell(ended(3, 60, 11_000))
    assert await issued(house) == []
    await station.tell(updated(1, 20, values=(read(20, 4000),)))
    await station.tell(updated(2, 40, values=(read(40, 8000),)))
    (record,) = await issued(house)
    assert record.gross == Decimal("5.00")


async def test_a_gap_that_is_never_filled_is_billed_after_the_settling_time(house: Any):
    await sold(house)
    await house.token("CAFE")
    station = await house.station()
    await station.tell(started())
    await station.tell(ended(3, 60, 11_000))
    house.clock.at += timedelta(days=1, seconds=1)
    assert [one.gross for one in await issued(house)] == [Decimal("5.00")]


async def test_a_person_corrects_a_record_once(house: Any):
    await sold(house)
    await charged(house)
    (record,) = await issued(house)
    credit, fresh = await house.csms.charge_records.correct(WHO, record.id, "wrong driver")
    assert (credit.kind, credit.gross, fresh.gross) == (RecordKind.CREDIT, Decimal("-5.00"), Decimal("5.00"))
    assert (credit.corrects, fresh.corrects, credit.reason) == (record.id, record.id, "wrong driver (olga)")
    with pytest.raises(NothingToCorrect):
        await house.csms.charge_records.correct(WHO, record.id, "again")
    assert [one.number for one in await issued(house)] == [1, 2, 3]


async def test_a_race_of_corrections_and_timers_leaves_no_gap_and_no_double(house: Any):
    await sold(house)
    await house.token("CAFE", concurrent_limit=None)
    station = await house.station()
    for number in range(6):
        await station.tell(started(reference=f"t{number}"))
        await station.tell(ended(1, 60, 11_000, reference=f"t{number}"))
    transactions = (await house.store.transactions.list(DEFAULT_ORGANISATION)).items
    async with asyncio.timeout(30):
        await asyncio.gather(
            *(house.csms.charge_records.issue(WHO, one.id) for one in transactions for _ in range(2)),
            house.csms.timers.look(),
            return_exceptions=True,
        )
        await house.csms.timers.look()
        house.clock.at += timedelta(minutes=10)
        records = await issued(house)
    assert [one.number for one in records] == list(range(1, 7))
    assert len({one.transaction for one in records}) == 6


async def test_the_minimum_is_told_as_a_line_of_its_own(house: Any):
    least = Limit(excl_tax=Decimal(2))
    await sold(house, tariff("0.01", min_cost=least))
    await charged(house)
    (record,) = await issued(house)
    assert (record.cost.kind, record.gross) == (CostKind.MINIMUM, Decimal(2))
    assert sum(line.gross for line in record.cost.lines) == 2


async def test_a_tariff_that_priced_a_charge_stays(house: Any):
    await sold(house)
    with pytest.raises(TariffInUse, match="assigned"):
        await house.csms.tariffs.remove(WHO, "day")
    await charged(house)
    await house.csms.tariffs.unassign(WHO, Scope.ORGANISATION, "", "day")
    with pytest.raises(TariffInUse, match="priced"):
        await house.csms.tariffs.remove(WHO, "day")
    await house.csms.tariffs.add(WHO, "draft", tariff())
    await house.csms.tariffs.remove(WHO, "draft")
    assert [one.name for one in (await house.csms.tariffs.list(WHO)).items] == ["day"]


async def test_the_same_content_is_no_new_version_and_a_name_is_taken_once(house: Any):
    await sold(house)
    assert (await house.csms.tariffs.change(WHO, "day", tariff())).number == 1
    assert (await house.csms.tariffs.change(WHO, "day", tariff("0.60"))).number == 2
    assert [one.number for one in await house.csms.tariffs.versions(WHO, "day")] == [2, 1]
    with pytest.raises(TariffExists):
        await house.csms.tariffs.add(WHO, "day", tariff())
    with pytest.raises(BadTariff, match="price is 0 or more"):
        await house.csms.tariffs.add(WHO, "bad", tariff("-1"))


async def test_a_version_that_is_valid_later_holds_later(house: Any):
    await sold(house)
    await house.csms.tariffs.change(WHO, "day", tariff("0.90", valid_from=T0 + timedelta(hours=2)))
    station = await charged(house)
    (record,) = await issued(house)
    assert record.gross == Decimal("5.00")
    house.clock.at = T0 + timedelta(hours=2)
    await station.tell(started(reference="b", at=T0 + timedelta(hours=2), values=(read(120, 0),)))
    assert (await station.tell(ended(1, 180, 10_000, reference="b"))).cost == Decimal("9.00")


async def test_readings_of_1_6_that_come_apart_count_too(house: Any):
    await sold(house, tariff(energy=per_kwh("1", end_time=time(12, 10))))
    await house.token("CAFE")
    station = await house.station()
    begun = await station.tell(
        TransactionStarted(at=T0, where=EvseRef(1, 1), token=Token("CAFE"), meter=WattHours.of(0))
    )
    await station.tell(MeterRead(where=EvseRef(1, 1), values=(read(10, 9000),), reference=str(begun.number)))
    house.clock.at = T0 + 60 * MINUTE
    await station.tell(
        TransactionEnded(at=T0 + 60 * MINUTE, reference=str(begun.number), meter=WattHours.of(10_000), reason="Local")
    )
    house.clock.at += timedelta(minutes=5)
    (record,) = await issued(house)
    assert record.gross == Decimal("9.00")


async def test_the_usual_report_neither_reads_nor_writes_for_its_cost(house: Any, monkeypatch: pytest.MonkeyPatch):
    await sold(house)
    await house.token("CAFE")
    station = await house.station()
    await station.tell(started())
    statements: list[str] = []
    database = house.store._surroundings.database
    plain = database.read

    async def counted(statement: Any, parameters: Any) -> Any:
        statements.append(statement.on("sqlite").sql)
        return await plain(statement, parameters)

    monkeypatch.setattr(type(database), "read", lambda self, *given: counted(*given))
    await station.tell(updated(1, 10, values=(read(10, 2000),)))
    assert not [sql for sql in statements if "charge" in sql or "tariff" in sql or "meter_values" in sql]
    assert isinstance(house.csms.tariff_and_cost, TariffAndCost)


async def test_the_price_is_that_of_who_started_whatever_is_told_first(house: Any):
    """R10: an end that overtakes its start names another card, which may only have stopped it."""
    for uid, price in (("CAFE", "0.50"), ("STOP", "0.10")):
        await house.token(uid, concurrent_limit=None)
        await house.csms.tariffs.add(WHO, uid, tariff(price))
        await house.csms.tariffs.assign(WHO, Scope.TOKEN, Token(uid).key, uid)
    station = await house.station()
    house.clock.at += timedelta(hours=2)
    for told in (ended(2, 60, 11_000, token=Token("STOP", "ISO14443")), started(), updated(1, 30)):
        await station.tell(told)
    (record,) = await issued(house)
    assert [one.tariff.id for one in record.tariffs] == ["CAFE.1"]
    assert record.gross == Decimal("5.00")


async def test_a_clock_that_was_not_set_finds_the_tariff_that_holds_now(house: Any):
    await house.token("CAFE", concurrent_limit=None)
    await sold(house, tariff(valid_from=T0 - timedelta(days=30)))
    station = await house.station()
    begin = datetime(1970, 1, 1, tzinfo=UTC)
    values = [
        MeterValue(at=begin + at * MINUTE, samples=(SampledValue(Decimal(wh)),)) for at, wh in ((0, 1000), (60, 11_000))
    ]
    await station.tell(started(at=begin, values=(values[0],)))
    house.clock.at += timedelta(hours=1)
    await station.tell(ended(1, 60, 0, at=begin + timedelta(hours=1), values=(values[1],)))
    (record,) = await issued(house)
    assert record.gross == Decimal("5.00")


@pytest.mark.parametrize("end", [datetime(2095, 1, 1, tzinfo=UTC), datetime(9999, 12, 31, 23, 59, tzinfo=UTC)])
async def test_a_charge_of_a_lifetime_is_neither_priced_day_by_day_nor_billed(house: Any, end: datetime):
    """A clock that jumped: the answer takes no longer than any other, and a person sees to it."""
    await house.token("CAFE", concurrent_limit=None)
    night = Conditions(start_time=time(20), end_time=time(6))
    await sold(house, tariff(energy=Component(prices=(Element(price=Decimal(1), conditions=night),))))
    async with house.store.unit() as unit:
        unit.sites.add(
            Site(id=SiteId("s"), organisation=DEFAULT_ORGANISATION, name="Berlin", time_zone="Europe/Berlin")
        )
    station = await house.station(site=SiteId("s"))
    await station.tell(started())
    house.clock.at = T0 + timedelta(hours=1)
    last = MeterValue(at=end, samples=(SampledValue(Decimal(2000)),))
    decision = await station.tell(ended(1, 0, 0, at=end, values=(last,)))
    (transaction,) = (await house.store.transactions.list(DEFAULT_ORGANISATION)).items
    assert transaction.state is TransactionState.ENDED
    if end.year == 2095:  # the other one no clock can show: it ended when we heard of it
        assert (decision.cost, transaction.billable) == (None, False)


@requirement("C17-1")
async def test_what_a_prepaid_token_charges_is_taken_from_its_credit_and_given_back_when_corrected(house: Any):
    await house.token("CAFE", concurrent_limit=None, credit=Decimal("6.00"))
    await sold(house)
    station = await house.station()
    await station.tell(started())
    await station.tell(ended(1, 60, 11_000))
    (record,) = await issued(house)
    card = await house.store.tokens.by_uid(DEFAULT_ORGANISATION, "CAFE")
    assert (record.gross, card.credit) == (Decimal("5.00"), Decimal("1.00"))
    await issued(house)
    await house.csms.charge_records.correct(WHO, record.id, "looked at again")
    card = await house.store.tokens.by_uid(DEFAULT_ORGANISATION, "CAFE")
    assert card.credit == Decimal("1.00")  # taken back, and issued again
    await station.tell(started(reference="b", at=T0 + 2 * MINUTE, where=EvseRef(2, 1)))
    await station.tell(ended(1, 60, 11_000, reference="b"))
    await issued(house)
    refused = await station.tell(TokenPresented(token=Token("CAFE", "ISO14443")))
    assert refused.authorization.status is AuthorizationStatus.NO_CREDIT


async def test_what_a_person_decided_is_billed_at_once_also_where_the_end_was_never_told(house: Any):
    await sold(house, tariff("1"))
    await house.token("CAFE")
    station = await house.station()
    await station.tell(started())
    house.clock.at = T0 + 60 * MINUTE
    await station.tell(
        started(at=T0 + 60 * MINUTE, reference="next", values=(read(60, 9_000),)),
    )
    assert await issued(house) == []
    (review,) = (await house.csms.reviews.reviews(WHO)).items
    used = Resolution(ruling=Ruling.USE, reason="its display", energy=WattHours.of(7_500))
    await house.csms.reviews.settle(WHO, review.what.id, used)
    (record,) = await issued(house)
    assert (record.energy, record.gross, record.ended_at) == (7_500, Decimal("7.50"), T0)


async def test_a_price_by_the_hour_follows_the_clock_that_is_believed(house: Any):
    await sold(house, tariff(energy=per_kwh("1", start_time=time(12), end_time=time(13))))
    await house.token("CAFE")
    station = await house.station()
    await station.tell(started(at=T0 + 120 * MINUTE, values=(read(120, 1_000),)))  # two hours ahead
    house.clock.at = T0 + 60 * MINUTE
    await station.tell(ended(1, 180, 11_000))
    (record,) = await issued(house)
    assert (record.gross, record.started_at) == (Decimal("10.00"), T0 + 120 * MINUTE)
    assert record.cost.lines[0].start == T0
