"""R11: every change of state is heard once by each feed, in order, whatever commits when."""

import asyncio

import pytest
from tests.contract.conftest import Clock, Opener

from amperanto.domain.events import StationConnected, TransactionOpened
from amperanto.domain.stations import DEFAULT_ORGANISATION, EvseRef, Station, StationId
from amperanto.domain.tokens import Token
from amperanto.stores.errors import ConflictError
from amperanto.stores.outbox import OutboxEntry
from amperanto.stores.store import Store


@pytest.fixture(autouse=True)
async def _bounded():
    async with asyncio.timeout(30):
        yield


def event(number: int, clock: Clock) -> TransactionOpened:
    return TransactionOpened(
        organisation=DEFAULT_ORGANISATION, station=StationId("s"), identity="CP", at=clock(),
        transaction=str(number), reference="r", where=EvseRef(1), token=Token("u"),
    )  # fmt: skip


async def publish(store: Store, number: int, clock: Clock) -> None:
    async with store.unit() as unit:
        unit.publish(event(number, clock))


def numbers(entries: list[OutboxEntry]) -> list[str]:
    return [entry.event().transaction for entry in entries]  # type: ignore[union-attr]


async def test_a_feed_hears_every_event_once_and_in_order(store: Store, clock: Clock) -> None:
    for number in range(5):
        await publish(store, number, clock)
    first = await store.outbox.read("pages", 3)
    assert numbers(first) == ["0", "1", "2"]
    assert numbers(await store.outbox.read("pages", 3)) == ["0", "1", "2"]  # read, and not yet passed on
    await store.outbox.advance("pages", first)
    rest = await store.outbox.read("pages", 100)
    assert numbers(rest) == ["3", "4"]
    await store.outbox.advance("pages", rest)
    await store.outbox.advance("pages", first)  # a cursor never goes back
    assert await store.outbox.read("pages") == []
    assert len(await store.outbox.read("partners", 100)) == 5


async def test_an_event_of_a_unit_that_failed_was_never_there(store: Store, station: Station, clock: Clock) -> None:
    async def failing() -> None:
        async with store.unit() as unit:
            unit.publish(event(99, clock))
            unit.stations.add(station)

    await asyncio.gather(publish(store, 1, clock), failing(), publish(store, 2, clock), return_exceptions=True)
    entries = await store.outbox.read("pages")
    assert numbers(entries) == ["1", "2"]
    with pytest.raises(ConflictError):
        await failing()


async def test_a_reader_between_many_commits_misses_none(store: Store, clock: Clock) -> None:
    heard: list[str] = []

    async def read() -> None:
        while len(heard) < 200:
            entries = await store.outbox.read("pages", 7)
            heard.extend(numbers(entries))
            await store.outbox.advance("pages", entries)

    await asyncio.gather(read(), *(publish(store, number, clock) for number in range(200)))
    assert sorted(heard, key=int) == [str(number) for number in range(200)]


@pytest.mark.postgres
async def test_commits_of_two_nodes_that_interleave_lose_no_event(postgres, open_store: Opener, clock: Clock) -> None:
    url = await postgres.new_database()
    nodes = [await open_store(url, node="a"), await open_store(url, node="b"), await open_store(url, node="b")]
    heard: list[str] = []

    async def read() -> None:
        while len(heard) < 150:
            entries = await nodes[0].outbox.read("pages", 5)
            heard.extend(numbers(entries))
            await nodes[0].outbox.advance("pages", entries)

    await asyncio.gather(
        read(), *(publish(node, 50 * index + number, clock) for number in range(50) for index, node in enumerate(nodes))
    )
    assert sorted(heard, key=int) == [str(number) for number in range(150)]


async def test_events_after_everything_was_pruned_and_the_node_restarted_are_heard(
    url: str, open_store: Opener, clock: Clock
) -> None:
    store = await open_store(url)
    for number in range(3):
        await publish(store, number, clock)
    await store.outbox.advance("pages", await store.outbox.read("pages"))
    clock.forward(10)
    assert await store.outbox.prune(clock()) == 3
    if url != "sqlite://":
        await store.close()
        store = await open_store(url)
    await publish(store, 3, clock)
    assert numbers(await store.outbox.read("pages")) == ["3"]


async def test_events_are_pruned_by_age_in_small_steps(store: Store, clock: Clock) -> None:
    for number in range(6):
        await publish(store, number, clock)
        clock.forward(1)
    assert [await store.outbox.prune(clock.now.replace(second=4), 3) for _ in range(3)] == [3, 1, 0]
    assert numbers(await store.outbox.read("pages")) == ["4", "5"]


async def test_taking_a_station_and_saying_so_is_one_thing(store: Store, station: Station, clock: Clock) -> None:
    def said(fence: int) -> list[StationConnected]:
        return [StationConnected(
            organisation=station.organisation, station=station.id, identity=station.identity, at=clock(),
            ocpp_version="1.6", remote=f"number {fence}",
        )]  # fmt: skip

    await store.connections.take(station.id, "node", remote="r", version="1.6", at=clock(), events=said)
    (entry,) = await store.outbox.read("pages")
    assert entry.event() == said(1)[0]
