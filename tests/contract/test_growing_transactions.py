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
from amperanto.domain.transactions import Transaction
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
