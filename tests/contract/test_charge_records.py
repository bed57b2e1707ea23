"""Charge records on each database: numbered without gaps, issued once, and never changed, whoever tries."""

import asyncio
from dataclasses import replace
from datetime import UTC, datetime, time
from decimal import Decimal

import pytest

from amperanto.domain.charge_records import ChargeRecord, RecordKind, RegisterReading
from amperanto.domain.charge_usages import Phase
from amperanto.domain.cost_details import CostDetails
from amperanto.domain.costs import InForce, cost
from amperanto.domain.stations import DEFAULT_ORGANISATION, EvseRef, OrganisationId, StationId
from amperanto.domain.tariff_assignments import Assignment, Scope, TariffVersion
from amperanto.domain.tariffs import (
    Component,
    Conditions,
    DayOfYear,
    Element,
    Limit,
    Season,
    Step,
    Tariff,
    TaxRate,
    Weekday,
)
from amperanto.domain.tokens import Token
from amperanto.domain.usages import Point, Usage
from amperanto.stores.charge_records import Which
from amperanto.stores.errors import ConflictError
from amperanto.stores.statements import Statement
from amperanto.stores.store import Store, Unit
from amperanto.stores.tables import charge_records

NOON = datetime(2026, 5, 1, 12, tzinfo=UTC)
OTHER = OrganisationId("other")
VAT = TaxRate(type="VAT", tax=Decimal(21))
WINTER = Conditions(
    season=Season(DayOfYear(10, 1), DayOfYear(4, 1)), start_time=time(18), days=(Weekday.MONDAY, Weekday.SUNDAY)
)
TARIFF = Tariff(
    id="day.1",
    currency="EUR",
    energy=Component(
        prices=(Element(price=Decimal("0.5"), conditions=WINTER), Element(price=Decimal("0.4"))),
        taxes=(VAT,),
        step=Step(size=Decimal(10)),
    ),
    min_cost=Limit(excl_tax=Decimal(1), taxes=(VAT,)),
)
USAGE = Usage(points=(Point(at=NOON, energy=Decimal(0)), Point(at=NOON.replace(hour=13), energy=Decimal(10_000))))
RECORD = ChargeRecord(
    id="r1",
    organisation=DEFAULT_ORGANISATION,
    number=1,
    transaction="t1",
    station=StationId("station-1"),
    identity="CP-1",
    reference="tx",
    where=EvseRef(1, 2),
    token=Token("Card", "ISO14443"),
    started_at=NOON,
    ended_at=NOON.replace(hour=13),
    received_at=NOON,
    known_at=NOON,
    issued_at=NOON,
    energy=Decimal(10_000),
    tariffs=(InForce(TARIFF, NOON),),
    cost=cost(TARIFF, USAGE),
    readings=(RegisterReading(NOON, Decimal("0.5")),),
)


async def keep(store: Store, record: ChargeRecord, turn: int = 0) -> None:
    async with store.unit() as unit:
        unit.charge_records.add(record, turn=turn)


async def test_a_record_comes_back_as_it_was_issued(store: Store) -> None:
    await keep(store, RECORD)
    assert await store.charge_records.get(DEFAULT_ORGANISATION, "r1") == RECORD
    assert await store.charge_records.of(DEFAULT_ORGANISATION, "t1") == [RECORD]
    assert await store.charge_records.get(OTHER, "r1") is None
    assert await store.charge_records.of(OTHER, "t1") == []


async def test_the_database_itself_refuses_to_change_or_remove_a_record(store: Store) -> None:
    await keep(store, RECORD)
    for written in (
        charge_records.update().values(gross="0.01"),
        charge_records.delete(),
    ):
        with pytest.raises(Exception, match="never change"):
            async with store.unit() as unit:
                unit.record(Statement(written), {})
    assert await store.charge_records.get(DEFAULT_ORGANISATION, "r1") == RECORD


async def test_a_transaction_has_one_first_record_and_a_record_one_correction(store: Store) -> None:
    await keep(store, RECORD)
    with pytest.raises(ConflictError):
        await keep(store, replace(RECORD, id="r2", number=2))
    credit = RECORD.credit(as_id="r2", number=2, at=NOON, reason="wrong")
    await keep(store, credit, turn=1)
    with pytest.raises(ConflictError):
        await keep(store, replace(credit, id="r3", number=3), turn=1)
    found = await store.charge_records.of(DEFAULT_ORGANISATION, "t1")
    assert [(one.number, one.kind) for one in found] == [(1, RecordKind.CHARGE), (2, RecordKind.CREDIT)]
    assert found[1].gross == -(RECORD.gross or 0)


async def test_numbers_have_no_gap_however_many_race(store: Store) -> None:
    async def issue(name: str) -> None:
        async def work(unit: Unit) -> None:
            number = await unit.charge_records.next_number(DEFAULT_ORGANISATION)
            unit.charge_records.add(replace(RECORD, id=name, transaction=name, number=number), turn=0)

        while True:
            try:
                return await store.run(work)
            except ConflictError:
                continue

    async with asyncio.timeout(30):
        await asyncio.gather(*(issue(f"r{number}") for number in range(12)))
    page = await store.charge_records.list(DEFAULT_ORGANISATION, Which())
    assert [one.number for one in page.items] == list(range(1, 13))


async def test_records_are_listed_by_number_in_pages_and_by_time(store: Store) -> None:
    for number in range(1, 6):
        at = NOON.replace(minute=number)
        await keep(store, replace(RECORD, id=f"r{number}", transaction=f"t{number}", number=number, issued_at=at))
    first = await store.charge_records.list(DEFAULT_ORGANISATION, Which(), limit=3)
    rest = await store.charge_records.list(DEFAULT_ORGANISATION, Which(), cursor=first.next, limit=3)
    assert [one.number for one in (*first.items, *rest.items)] == [1, 2, 3, 4, 5]
    some = Which(issued_from=NOON.replace(minute=2), issued_to=NOON.replace(minute=4))
    assert [one.number async for one in store.charge_records.all(DEFAULT_ORGANISATION, some)] == [2, 3]
    assert [one.number async for one in store.charge_records.all(OTHER, Which())] == []


async def test_tariffs_are_kept_by_version_and_assigned_by_name(store: Store) -> None:
    versions = [
        TariffVersion(
            organisation=DEFAULT_ORGANISATION, name="day", number=number, tariff=replace(TARIFF, id=f"day.{number}"),
            created_at=NOON, created_by="olga",
        )
        for number in (1, 2)
    ]  # fmt: skip
    holds = Assignment(
        organisation=DEFAULT_ORGANISATION, scope=Scope.SITE, subject="s", tariff="day", created_at=NOON,
        created_by="olga",
    )  # fmt: skip
    async with store.unit() as unit:
        unit.tariffs.add(versions[0])
        unit.tariffs.assign(holds)
    assert (await store.tariffs.book(DEFAULT_ORGANISATION)).versions == {"day": [versions[0]]}
    async with store.unit() as unit:
        unit.tariffs.add(versions[1])
    book = await store.tariffs.book(DEFAULT_ORGANISATION)
    assert book.versions == {"day": [versions[1], versions[0]]} and book.assigned == {(Scope.SITE, "s"): "day"}
    assert await store.tariffs.version(DEFAULT_ORGANISATION, "day", 1) == versions[0]
    assert (await store.tariffs.list(DEFAULT_ORGANISATION)).items == (versions[1],)
    assert (await store.tariffs.book(OTHER)).assigned == {}
    assert await store.tariffs.versions(OTHER, "day") == []
    with pytest.raises(ConflictError):
        async with store.unit() as unit:
            unit.tariffs.add(versions[1])
    async with store.unit() as unit:
        unit.tariffs.unassign(DEFAULT_ORGANISATION, Scope.SITE, "s")
    assert (await store.tariffs.book(DEFAULT_ORGANISATION)).assigned == {}


async def test_facts_of_a_charge_are_kept_once_in_any_order(store: Store) -> None:
    told = CostDetails(currency="EUR", net=Decimal("1.5"), gross=Decimal("1.8"))
    for _ in range(2):
        async with store.unit() as unit:
            unit.charge_facts.phase(DEFAULT_ORGANISATION, "t1", Phase(NOON.replace(minute=9), False))
            unit.charge_facts.phase(DEFAULT_ORGANISATION, "t1", Phase(NOON, True))
            unit.charge_facts.tariff(DEFAULT_ORGANISATION, "t1", NOON, ("day", 2))
            unit.charge_facts.cost(DEFAULT_ORGANISATION, "t1", NOON, told)
    facts = await store.charge_facts.of(DEFAULT_ORGANISATION, "t1")
    assert facts.phases == [Phase(NOON, True), Phase(NOON.replace(minute=9), False)]
    assert (facts.tariffs, facts.station_cost) == ([("day", 2, NOON)], told)
    assert (await store.charge_facts.of(OTHER, "t1")).phases == []
    assert await store.tariffs.used(DEFAULT_ORGANISATION, "day") and not await store.tariffs.used(OTHER, "day")
