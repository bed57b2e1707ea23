"""Reservations come back as they were; what is live, and what is due, is found; a change needs the latest revision."""

import asyncio
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from amperanto.domain.reservations import Reservation, ReservationState
from amperanto.domain.stations import DEFAULT_ORGANISATION, OrganisationId, StationId
from amperanto.domain.tokens import Token
from amperanto.stores.errors import ConflictError
from amperanto.stores.store import Store

OURS, THEIRS = DEFAULT_ORGANISATION, OrganisationId("somebody-else")
S1, S2 = StationId("station-1"), StationId("station-2")
NOON = datetime(2026, 5, 1, 12, tzinfo=UTC)
WHOLE = Reservation(
    id="r-1", organisation=OURS, station=S1, number=2**31 - 1, token=Token("Card-1", "ISO14443"), group="Fleet",
    evse=2, connector_type="cCCS2", created_at=NOON, expires_at=NOON + timedelta(hours=1, microseconds=1),
    answer="Accepted", state=ReservationState.ACTIVE,
)  # fmt: skip
BARE = replace(WHOLE, id="r-2", number=1, group=None, evse=None, connector_type=None, answer=None)


@pytest.fixture(autouse=True)
async def _bounded():
    async with asyncio.timeout(30):
        yield


async def kept(store: Store, *reservations: Reservation) -> None:
    async with store.unit() as unit:
        for one in reservations:
            unit.reservations.add(one)


async def test_a_reservation_comes_back_as_it_was_to_its_owner(store: Store) -> None:
    await kept(store, WHOLE, BARE)
    assert await store.reservations.get(OURS, "r-1") == WHOLE
    assert await store.reservations.get(OURS, "r-2") == BARE
    assert await store.reservations.get(THEIRS, "r-1") is None
    assert (await store.reservations.list(THEIRS)).items == ()


async def test_a_change_comes_back_and_a_stale_one_is_a_conflict(store: Store) -> None:
    await kept(store, WHOLE)
    used = WHOLE.used("t-1", NOON + timedelta(minutes=5))
    async with store.unit() as unit:
        saved = unit.reservations.save(used)
    assert await store.reservations.get(OURS, "r-1") == saved == replace(used, revision=1)
    with pytest.raises(ConflictError):
        async with store.unit() as unit:
            unit.reservations.save(WHOLE.ended(ReservationState.EXPIRED, NOON))


async def test_what_is_live_at_a_station_and_what_has_its_number(store: Store) -> None:
    successor = replace(WHOLE, id="r-3", state=ReservationState.ASKED)
    over = replace(WHOLE, id="r-4", number=5, state=ReservationState.CANCELLED)
    elsewhere = replace(WHOLE, id="r-5", station=S2)
    await kept(store, WHOLE, BARE, successor, over, elsewhere)
    assert await store.reservations.live_at(S1) == [WHOLE, BARE, successor]
    assert await store.reservations.of_number(S1, WHOLE.number) == [successor, WHOLE]
    assert await store.reservations.of_number(S1, 5) == [over]


async def test_what_is_due_is_what_is_live_and_past_its_time(store: Store) -> None:
    later = replace(WHOLE, id="r-3", expires_at=NOON + timedelta(hours=2))
    over = replace(WHOLE, id="r-4", state=ReservationState.USED)
    await kept(store, WHOLE, later, over)
    assert await store.reservations.due(NOON + timedelta(hours=1)) == []
    assert await store.reservations.due(WHOLE.expires_at) == [WHOLE]
    assert await store.reservations.due(NOON + timedelta(days=1), limit=1) == [WHOLE]


async def test_reservations_are_listed_page_by_page(store: Store) -> None:
    await kept(store, *(replace(WHOLE, id=f"r-{n}", station=S2 if n % 2 else S1) for n in range(7)))
    first = await store.reservations.list(OURS, limit=4)
    second = await store.reservations.list(OURS, limit=4, cursor=first.next)
    assert [one.id for one in (*first.items, *second.items)] == [f"r-{n}" for n in reversed(range(7))]
    assert second.next is None
    assert len((await store.reservations.list(OURS, station=S2)).items) == 3
    assert (await store.reservations.list(OURS, state=ReservationState.USED)).items == ()
