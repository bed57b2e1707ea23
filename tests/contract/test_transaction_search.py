"""Transactions are found by what people look for, in one order, page after page, on each database."""

from datetime import UTC, datetime, timedelta

import pytest

from amperanto.domain.findings import Judgement
from amperanto.domain.stations import DEFAULT_ORGANISATION, EvseRef, OrganisationId, StationId
from amperanto.domain.tokens import Token
from amperanto.domain.transactions import Transaction, TransactionState
from amperanto.stores.store import Store

NOON = datetime(2026, 5, 1, 12, tzinfo=UTC)


async def fill(store: Store, count: int = 12) -> None:
    """Transactions heard of in one order and started in the other."""
    async with store.unit() as unit:
        for number in range(count):
            unit.transactions.add(
                Transaction(
                    id=f"t-{number:02}",
                    organisation=DEFAULT_ORGANISATION,
                    station=StationId(f"s-{number % 3}"),
                    reference=f"r-{number}",
                    state=TransactionState.OPEN if number % 4 == 0 else TransactionState.ENDED,
                    where=EvseRef(1 + number % 2, 1),
                    token=Token(f"Card{number % 2}"),
                    started_at=NOON - timedelta(minutes=number),
                    judgement=Judgement(review=f"review-{number}" if number % 5 == 0 else None),
                )
            )


async def every(store: Store, **sought: object) -> list[str]:
    """The ids of all that is sought, by pages of three."""
    found: list[str] = []
    cursor = None
    while True:
        page = await store.transactions.list(DEFAULT_ORGANISATION, cursor=cursor, limit=3, **sought)  # type: ignore[arg-type]
        found += [one.id for one in page.items]
        cursor = page.next
        if cursor is None:
            return found


async def test_without_a_time_the_newest_heard_of_come_first(store: Store) -> None:
    await fill(store)
    assert await every(store) == [f"t-{number:02}" for number in reversed(range(12))]


async def test_with_a_time_the_latest_started_come_first_and_the_bounds_hold(store: Store) -> None:
    await fill(store)
    found = await every(store, started_from=NOON - timedelta(minutes=8), started_to=NOON - timedelta(minutes=1))
    assert found == [f"t-{number:02}" for number in range(2, 9)]


@pytest.mark.parametrize(
    ("sought", "numbers"),
    [
        ({"station": "s-1"}, (10, 7, 4, 1)),
        ({"state": TransactionState.OPEN}, (8, 4, 0)),
        ({"state": TransactionState.OPEN, "station": "s-1"}, (4,)),
        ({"token": "CARD1", "station": "s-0"}, (9, 3)),
        ({"evse": 2, "state": TransactionState.ENDED}, (11, 9, 7, 5, 3, 1)),
        ({"token": "card0", "started_from": NOON - timedelta(minutes=4)}, (0, 2, 4)),
        ({"token": "nobody"}, ()),
        ({"held": True}, (10, 5, 0)),
        ({"held": True, "state": TransactionState.OPEN}, (0,)),
        ({"held": True, "started_from": NOON - timedelta(minutes=7)}, (0, 5)),
        ({"held": False, "station": "s-1"}, (7, 4, 1)),
    ],
)
async def test_each_question_finds_its_own(store: Store, sought: dict[str, object], numbers: tuple[int, ...]) -> None:
    await fill(store)
    assert await every(store, **sought) == [f"t-{number:02}" for number in numbers]


async def test_another_organisation_finds_nothing_and_a_cursor_of_another_list_is_refused(store: Store) -> None:
    await fill(store)
    assert (await store.transactions.list(OrganisationId("other"), token="card0")).items == ()
    with pytest.raises(ValueError, match="another list"):
        await store.transactions.list(DEFAULT_ORGANISATION, started_to=NOON, cursor="t-04")


async def test_the_open_ones_of_a_station_are_found_whatever_it_did_before(store: Store) -> None:
    await fill(store)
    assert [one.id for one in await store.transactions.open_at(StationId("s-1"))] == ["t-04"]
