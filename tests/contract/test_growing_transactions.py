"""A transaction that only grows is written in part, and stands in the database as if it had been written whole."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from amperanto.domain.meter_values import MeterValue, SampledValue
from amperanto.domain.observations import (
    TransactionContinued,
    TransactionEnded,
    TransactionReport,
    TransactionStarted,
)
from amperanto.domain.quantities import WattHours
from amperanto.domain.stations import DEFAULT_ORGANISATION, ChargingState, EvseRef, StationId
from amperanto.domain.tokens import Authorization, AuthorizationStatus, Token
from amperanto.domain.transactions import Transaction, TransactionState
from amperanto.stores.errors import ConflictError
from amperanto.stores.store import Store

NOON = datetime(2026, 5, 1, 12, tzinfo=UTC)
S1 = StationId("s-1")


def report(minute: int, kind: type[TransactionContinued] = TransactionContinued, **told: object) -> TransactionReport:
    at = NOON + timedelta(minutes=minute)
    values = (MeterValue(at=at, samples=(SampledValue(value=Decimal(100 * minute)),)),)
    return kind(at=at, reference="r", sequence=minute, values=values, **told)  # type: ignore[arg-type]


async def begun(store: Store) -> Transaction:
    new = Transaction(id="t-1", organisation=DEFAULT_ORGANISATION, station=S1, reference="r", received_at=NOON)
    start = TransactionStarted(
        at=NOON, reference="r", sequence=0, token=Token("CARD"), where=EvseRef(1, 1), meter=WattHours.of(0)
    )
    transaction = new.hear(start).authorized(Authorization(status=AuthorizationStatus.ACCEPTED))
    async with store.unit() as unit:
        unit.transactions.add(transaction)
    return transaction


async def saved(store: Store, told: TransactionReport) -> Transaction:
    known = await store.transactions.by_reference(S1, "r")
    assert known is not None
    async with store.unit() as unit:
        return unit.transactions.save(known.hear(told))


async def stored(store: Store) -> Transaction | None:
    """What the database itself holds: a look-up by our id knows no cache."""
    return await store.transactions.get(DEFAULT_ORGANISATION, "t-1")


async def test_what_grows_between_start_and_end_is_all_there(store: Store) -> None:
    await begun(store)
    grown = await saved(store, report(1, charging=ChargingState.CHARGING, offline=True))
    assert await stored(store) == grown
    grown = await saved(store, report(2, where=EvseRef(1, 1), remote_start=7))
    assert await stored(store) == grown
    ended = await saved(store, report(3, TransactionEnded, reason="Local"))  # type: ignore[arg-type]
    assert await stored(store) == ended
    assert ended.revision == 3


async def test_a_token_refused_after_growing_gives_its_place_back(store: Store) -> None:
    await begun(store)
    grown = await saved(store, report(1))
    refused = replace(grown, authorization=Authorization(status=AuthorizationStatus.BLOCKED))
    async with store.unit() as unit:
        kept = unit.transactions.save(refused)
    assert await stored(store) == kept
    assert await store.transactions.open_of_token(DEFAULT_ORGANISATION, "card") == 0


async def test_growth_from_an_old_revision_is_a_conflict(store: Store) -> None:
    before = await begun(store)
    grown = await saved(store, report(1))
    with pytest.raises(ConflictError):
        async with store.unit() as unit:
            unit.transactions.save(before.hear(report(2)))
    assert await stored(store) == grown


async def test_a_transaction_that_is_closed_gives_its_reference_to_the_next_within_one_unit(store: Store) -> None:
    first = await begun(store)
    second = replace(first, id="t-2", revision=0)
    async with store.unit() as unit:
        unit.transactions.save(first.closed("NextStart", NOON + timedelta(hours=1)))
        unit.transactions.add(second)
    found = await store.transactions.by_reference(S1, "r")
    assert found is not None
    assert found.id == "t-2"


async def test_one_that_is_added_and_ended_in_one_unit_stands_ended(store: Store) -> None:
    new = Transaction(id="t-1", organisation=DEFAULT_ORGANISATION, station=S1, reference="r", received_at=NOON)
    async with store.unit() as unit:
        unit.transactions.add(new)
        unit.transactions.save(new.closed("NextStart", NOON))
    found = await store.transactions.get(DEFAULT_ORGANISATION, "t-1")
    assert found is not None
    assert found.state is TransactionState.ENDED


async def test_of_too_many_open_transactions_the_latest_are_looked_at(store: Store) -> None:
    async with store.unit() as unit:
        for number in range(600):
            unit.transactions.add(
                Transaction(
                    id=f"t-{number:04}", organisation=DEFAULT_ORGANISATION, station=S1, reference=f"r{number}",
                    received_at=NOON,
                )
            )  # fmt: skip
    found = await store.transactions.open_at(S1)
    assert (len(found), found[0].id, found[-1].id) == (500, "t-0100", "t-0599")
