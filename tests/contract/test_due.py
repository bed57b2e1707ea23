"""What must happen at a time happens once, whoever looks, on each database."""

from datetime import UTC, datetime, timedelta

import pytest

from amperanto.domain.due import Due
from amperanto.domain.stations import DEFAULT_ORGANISATION
from amperanto.stores.errors import ConflictError
from amperanto.stores.store import Store

NOON = datetime(2026, 5, 1, 12, tzinfo=UTC)
LEASE = NOON + timedelta(minutes=1)


def timer(at: datetime = NOON, *, subject: str = "t", body: str | None = None) -> Due:
    return Due(id=f"{subject}-{at}", organisation=DEFAULT_ORGANISATION, kind="close", subject=subject, at=at, body=body)


async def put(store: Store, *dues: Due) -> None:
    async with store.unit() as unit:
        for one in dues:
            unit.due.put(one)


async def test_what_is_put_again_moves(store: Store) -> None:
    await put(store, timer())
    await put(store, timer(NOON + timedelta(hours=1), body="later"))
    assert await store.due.ready(NOON, 10) == []
    (found,) = await store.due.ready(NOON + timedelta(hours=2), 10)
    assert found.body == "later"


async def test_what_is_cancelled_never_happens(store: Store) -> None:
    await put(store, timer(), timer(subject="other"))
    async with store.unit() as unit:
        unit.due.cancel("close", "t")
    assert [one.subject for one in await store.due.ready(NOON, 10)] == ["other"]
    assert await store.due.of("close", "t") is None


async def test_of_two_who_claim_it_one_has_it(store: Store) -> None:
    await put(store, timer())
    (found,) = await store.due.ready(NOON, 10)
    async with store.unit() as unit:
        unit.due.claim(found, NOON, LEASE)
    with pytest.raises(ConflictError):
        async with store.unit() as unit:
            unit.due.claim(found, NOON, LEASE)
    assert await store.due.ready(NOON, 10) == []


async def test_a_claim_whose_lease_is_over_is_anybodys_and_ends_nothing(store: Store) -> None:
    await put(store, timer())
    (found,) = await store.due.ready(NOON, 10)
    async with store.unit() as unit:
        stale = unit.due.claim(found, NOON, LEASE)
    (again,) = await store.due.ready(LEASE, 10)
    async with store.unit() as unit:
        mine = unit.due.claim(again, LEASE, LEASE + timedelta(minutes=1))
    with pytest.raises(ConflictError):
        async with store.unit() as unit:
            unit.due.done(stale)
    async with store.unit() as unit:
        unit.due.done(mine)
    assert await store.due.ready(NOON + timedelta(days=1), 10) == []


async def test_what_was_put_off_while_it_was_being_done_is_not_done(store: Store) -> None:
    await put(store, timer())
    (found,) = await store.due.ready(NOON, 10)
    async with store.unit() as unit:
        mine = unit.due.claim(found, NOON, LEASE)
    await put(store, timer(NOON + timedelta(hours=1)))
    with pytest.raises(ConflictError):
        async with store.unit() as unit:
            unit.due.done(mine)
    assert len(await store.due.ready(NOON + timedelta(hours=1), 10)) == 1


async def test_what_was_put_off_before_it_was_claimed_waits_for_its_new_time(store: Store) -> None:
    await put(store, timer())
    (found,) = await store.due.ready(NOON, 10)
    await put(store, timer(NOON + timedelta(hours=1)))
    with pytest.raises(ConflictError):
        async with store.unit() as unit:
            unit.due.claim(found, NOON, LEASE)
    assert len(await store.due.ready(NOON + timedelta(hours=1), 10)) == 1


async def test_a_unit_that_cancels_and_puts_again_has_put_it(store: Store) -> None:
    await put(store, timer())
    async with store.unit() as unit:
        unit.due.cancel("close", "t")
        unit.due.put(timer(NOON + timedelta(hours=1)))
    (found,) = await store.due.ready(NOON + timedelta(hours=1), 10)
    assert found.at == NOON + timedelta(hours=1)
