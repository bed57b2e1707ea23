"""Remote starts come back as they were; what may still come is found; a change needs the latest revision."""

import asyncio
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from amperanto.domain.limits import TransactionLimit
from amperanto.domain.quantities import WattHours
from amperanto.domain.remote_starts import Failure, RemoteStart, RemoteStartState
from amperanto.domain.stations import DEFAULT_ORGANISATION, OrganisationId, StationId
from amperanto.domain.tokens import Token
from amperanto.stores.errors import ConflictError
from amperanto.stores.store import Store

OURS, THEIRS = DEFAULT_ORGANISATION, OrganisationId("somebody-else")
S1, S2 = StationId("station-1"), StationId("station-2")
NOON = datetime(2026, 5, 1, 12, tzinfo=UTC)
WHOLE = RemoteStart(
    id="r-1", organisation=OURS, station=S1, number=2**31 - 1, token=Token("Card-1", "ISO14443"), evse=2,
    asked_at=NOON, asked_by="app", until=NOON + timedelta(minutes=3, microseconds=1), sent_at=NOON,
    state=RemoteStartState.FAILED, answered_at=NOON, answer="Rejected", reference="T", reason="why",
    ended_at=NOON, transaction="t", failure=Failure.SILENT,
    limit=TransactionLimit(cost=Decimal("12.345678901234567890"), energy=WattHours.of(7), seconds=60),
)  # fmt: skip
BARE = RemoteStart(
    id="r-2", organisation=OURS, station=S1, number=1, token=Token("Card-2"), asked_at=NOON, asked_by="app", until=NOON
)


@pytest.fixture(autouse=True)
async def _bounded():
    async with asyncio.timeout(30):
        yield


async def kept(store: Store, *starts: RemoteStart) -> None:
    async with store.unit() as unit:
        for one in starts:
            unit.remote_starts.add(one)


async def test_a_remote_start_comes_back_as_it_was_to_its_owner(store: Store) -> None:
    await kept(store, WHOLE, BARE)
    assert await store.remote_starts.get(OURS, "r-1") == WHOLE
    assert await store.remote_starts.by_id("r-2") == BARE
    assert await store.remote_starts.get(THEIRS, "r-1") is None
    assert (await store.remote_starts.list(THEIRS)).items == ()


async def test_a_change_comes_back_and_a_stale_one_is_a_conflict(store: Store) -> None:
    await kept(store, BARE)
    async with store.unit() as unit:
        saved = unit.remote_starts.save(BARE.started(NOON, "t-1"))
    assert await store.remote_starts.by_id("r-2") == saved
    with pytest.raises(ConflictError):
        async with store.unit() as unit:
            unit.remote_starts.save(BARE.timed_out(NOON))


async def test_what_may_still_come_at_a_station_is_found_by_its_time(store: Store) -> None:
    late = replace(BARE, id="r-3", number=2, until=NOON + timedelta(hours=1))
    await kept(store, WHOLE, BARE, late, replace(WHOLE, id="r-4", station=S2))
    assert [one.id for one in await store.remote_starts.since(S1, NOON)] == ["r-1", "r-2", "r-3"]
    assert [one.id for one in await store.remote_starts.since(S1, NOON + timedelta(minutes=1))] == ["r-1", "r-3"]


async def test_a_number_that_is_used_again_means_the_latest(store: Store) -> None:
    await kept(store, BARE, replace(BARE, id="r-3"), replace(BARE, id="r-4", station=S2))
    found = await store.remote_starts.of_number(S1, 1)
    assert found is not None
    assert found.id == "r-3"
    assert await store.remote_starts.of_number(S1, 5) is None


async def test_remote_starts_are_listed_page_by_page_and_by_state(store: Store) -> None:
    await kept(store, *(replace(BARE, id=f"r-{n}", station=S2 if n % 2 else S1) for n in range(7)))
    first = await store.remote_starts.list(OURS, limit=4)
    second = await store.remote_starts.list(OURS, limit=4, cursor=first.next)
    assert [one.id for one in (*first.items, *second.items)] == [f"r-{n}" for n in reversed(range(7))]
    assert [one.id for one in (await store.remote_starts.list(OURS, station=S2)).items] == ["r-5", "r-3", "r-1"]
    assert (await store.remote_starts.list(OURS, state=RemoteStartState.STARTED)).items == ()
