"""R3, R4, R8: what a unit promises, on every database."""

import asyncio
from dataclasses import replace
from datetime import timedelta

import pytest
from tests.contract.conftest import Clock, Opener

from amperanto.domain.events import TokenRefused
from amperanto.domain.stations import DEFAULT_ORGANISATION, Station, StationId
from amperanto.domain.tokens import Authorization, AuthorizationStatus, Token
from amperanto.domain.transactions import Transaction
from amperanto.stores.errors import ConflictError, Fenced, StoreError, Unstorable
from amperanto.stores.message_log import LoggedMessage
from amperanto.stores.store import Lane, Store, Unit

ACCEPTED = Authorization(status=AuthorizationStatus.ACCEPTED)
REFUSED = Authorization(status=AuthorizationStatus.CONCURRENT_TX)
CARD = Token("CARD-1")


@pytest.fixture(autouse=True)
async def _bounded():
    async with asyncio.timeout(30):
        yield


def charge(store_id: str, station: str = "station-1", *, token: Token = CARD, outcome: Authorization = ACCEPTED):
    return Transaction(
        id=store_id,
        organisation=DEFAULT_ORGANISATION,
        station=StationId(station),
        reference=f"ref-{store_id}",
        token=token,
        authorization=outcome,
    )


def new_station(number: int) -> Station:
    return Station(id=StationId(f"id-{number}"), organisation=DEFAULT_ORGANISATION, identity=f"NEW-{number}")


async def start(store: Store, name: str, station: str, barrier: asyncio.Barrier) -> AuthorizationStatus:
    """What the handler of a start does: at most one open transaction for the token."""
    first = True

    async def work(unit: Unit) -> AuthorizationStatus:
        nonlocal first
        elsewhere = await unit.transactions.open_of_token(DEFAULT_ORGANISATION, CARD.key)
        if first:
            first = False
            await barrier.wait()  # everybody has looked before anybody writes
        outcome = ACCEPTED if elsewhere < 1 else REFUSED
        unit.transactions.add(charge(name, station, outcome=outcome))
        if outcome.accepted:
            unit.require_open_transactions_at_most(DEFAULT_ORGANISATION, CARD.key, 1)
        return outcome.status

    return await store.run(work)


async def test_of_two_stations_racing_for_one_token_one_may_charge(store: Store) -> None:
    barrier = asyncio.Barrier(2)
    outcomes = await asyncio.gather(start(store, "a", "s-1", barrier), start(store, "b", "s-2", barrier))
    assert sorted(outcomes) == [AuthorizationStatus.ACCEPTED, AuthorizationStatus.CONCURRENT_TX]
    assert await store.transactions.open_of_token(DEFAULT_ORGANISATION, CARD.key) == 1
    assert len((await store.transactions.list(DEFAULT_ORGANISATION)).items) == 2


async def test_of_fifty_stations_racing_for_one_token_one_may_charge(store: Store) -> None:
    barrier = asyncio.Barrier(50)
    outcomes = await asyncio.gather(*(start(store, f"t-{n}", f"s-{n}", barrier) for n in range(50)))
    assert outcomes.count(AuthorizationStatus.ACCEPTED) == 1
    assert await store.transactions.open_of_token(DEFAULT_ORGANISATION, CARD.key) == 1


@pytest.mark.postgres
async def test_on_two_nodes_stations_racing_for_one_token_one_may_charge(postgres, open_store: Opener) -> None:
    url = await postgres.new_database()
    nodes = [await open_store(url, node=f"node-{n}") for n in range(2)]
    for attempt in range(10):
        barrier = asyncio.Barrier(2)
        outcomes = await asyncio.gather(
            *(start(node, f"t-{attempt}-{n}", f"s-{attempt}-{n}", barrier) for n, node in enumerate(nodes))
        )
        assert outcomes.count(AuthorizationStatus.ACCEPTED) == (1 if attempt == 0 else 0)
    assert await nodes[0].transactions.open_of_token(DEFAULT_ORGANISATION, CARD.key) == 1


async def test_a_conflict_runs_the_handler_again_with_fresh_reads(store: Store, station: Station) -> None:
    seen: list[int] = []

    async def work(unit: Unit) -> None:
        found = await unit.stations.by_id(station.id)
        assert found is not None
        seen.append(found.revision)
        if len(seen) == 1:  # somebody is faster
            async with store.unit() as other:
                other.stations.save(replace(found, quiet=True))
        unit.stations.save(replace(found, heartbeat_interval=77))

    await store.run(work)
    kept = await store.stations.by_id(station.id)
    assert seen == [0, 1]
    assert kept is not None
    assert (kept.quiet, kept.heartbeat_interval, kept.revision) == (True, 77, 2)


async def test_a_handler_that_always_meets_a_conflict_gives_up_after_five_runs(store: Store, station: Station) -> None:
    runs = 0

    async def work(unit: Unit) -> None:
        nonlocal runs
        runs += 1
        unit.stations.save(replace(station, revision=99))

    with pytest.raises(ConflictError):
        await store.run(work)
    assert runs == 5


async def test_read_modify_write_by_many_loses_no_update(store: Store, station: Station) -> None:
    async def work(unit: Unit) -> None:
        found = await unit.stations.by_id(station.id)
        assert found is not None
        unit.stations.save(replace(found, heartbeat_interval=found.heartbeat_interval + 1))

    async def climb() -> None:
        for _ in range(5):
            while True:
                try:
                    await store.run(work)
                    break
                except ConflictError:
                    continue

    await asyncio.gather(*(climb() for _ in range(4)))
    kept = await store.stations.by_id(station.id)
    assert kept is not None
    assert kept.heartbeat_interval == station.heartbeat_interval + 20


async def test_one_failing_unit_in_a_group_fails_alone(store: Store, station: Station) -> None:
    async def add(number: int) -> None:
        async with store.unit() as unit:
            unit.stations.add(new_station(number))

    async def failing() -> None:
        async with store.unit() as unit:
            unit.transactions.add(charge("half"))
            unit.stations.save(replace(station, revision=7))

    outcomes = await asyncio.gather(
        *(add(n) for n in range(20)), failing(), *(add(n) for n in range(20, 40)), return_exceptions=True
    )
    assert [type(outcome) for outcome in outcomes if outcome is not None] == [ConflictError]
    assert len((await store.stations.list(DEFAULT_ORGANISATION)).items) == 41
    assert await store.transactions.get(DEFAULT_ORGANISATION, "half") is None


async def test_a_value_no_column_can_hold_fails_its_own_unit_only(store: Store) -> None:
    async def add(number: int, interval: int = 300) -> None:
        async with store.unit() as unit:
            unit.stations.add(replace(new_station(number), heartbeat_interval=interval))

    outcomes = await asyncio.gather(add(1), add(2, 1 << 70), add(3), return_exceptions=True)
    assert [type(outcome) for outcome in outcomes] == [type(None), Unstorable, type(None)]
    assert len((await store.stations.list(DEFAULT_ORGANISATION)).items) == 2


async def test_a_bug_in_one_group_does_not_stop_the_writer(store: Store) -> None:
    broken = replace(new_station(1), created_at="no instant")  # type: ignore[arg-type]
    with pytest.raises(StoreError):
        async with store.unit() as unit:
            unit.stations.add(broken)
    async with store.unit() as unit:
        unit.stations.add(new_station(2))
    assert await store.stations.by_id(new_station(2).id) is not None


async def test_a_thousand_concurrent_units_commit_in_few_groups(store: Store, clock: Clock) -> None:
    async def append(number: int) -> None:
        async with store.unit() as unit:
            unit.messages.append(
                LoggedMessage(
                    at=clock(),
                    organisation=DEFAULT_ORGANISATION,
                    station=StationId("s"),
                    connection=1,
                    number=number,
                    direction="in",
                    frame="[]",
                )
            )

    before = store.groups
    await asyncio.gather(*(append(number) for number in range(1000)))
    assert store.groups - before <= 3
    assert len((await store.messages.list(DEFAULT_ORGANISATION, limit=1000)).items) == 1000


async def test_nothing_of_a_unit_that_raises_is_written(store: Store) -> None:
    called: list[bool] = []
    with pytest.raises(ZeroDivisionError):  # noqa: PT012 - leaving the unit is what raises
        async with store.unit() as unit:
            unit.stations.add(new_station(1))
            unit.after_commit(lambda: called.append(True))
            _ = 1 / 0
    assert await store.stations.by_identity(DEFAULT_ORGANISATION, "NEW-1") is None
    assert called == []


async def test_what_is_to_happen_after_the_commit_happens_before_the_waiter_goes_on(store: Store) -> None:
    called: list[str] = []
    async with store.unit() as unit:
        unit.stations.add(new_station(1))
        unit.after_commit(lambda: called.append("committed"))
        assert called == []
    assert called == ["committed"]


async def test_a_unit_that_fails_leaves_the_caches_as_they_were(store: Store, station: Station) -> None:
    assert await store.stations.by_id(station.id) == station
    with pytest.raises(ConflictError):  # noqa: PT012 - leaving the unit is what raises
        async with store.unit() as unit:
            unit.stations.save(replace(station, quiet=True))
            unit.stations.add(replace(new_station(1), identity="cp-1"))
    assert await store.stations.by_id(station.id) == station


async def test_a_save_is_seen_at_once_by_the_next_reader(store: Store, station: Station) -> None:
    async with store.unit() as unit:
        saved = unit.stations.save(replace(station, quiet=True))
    assert saved.revision == 1
    assert await store.stations.by_id(station.id) == saved
    async with store.unit() as unit:
        assert await unit.stations.by_id(station.id) == saved


async def test_an_old_connection_writes_nothing_once_a_newer_one_has_the_station(
    store: Store, station: Station, clock: Clock
) -> None:
    old = await store.connections.take(station.id, "node", remote="a", version="1.6", at=clock())
    new = await store.connections.take(station.id, "node", remote="b", version="2.0.1", at=clock.forward(1))
    runs = 0

    async def late(unit: Unit) -> None:
        nonlocal runs
        runs += 1
        unit.fence(station.id, old)
        unit.transactions.add(charge("late"))

    async def current() -> None:
        async with store.unit() as unit:
            unit.fence(station.id, new)
            unit.transactions.add(charge("current"))

    outcomes = await asyncio.gather(store.run(late), current(), return_exceptions=True)
    assert [type(outcome) for outcome in outcomes] == [Fenced, type(None)]
    assert runs == 1
    assert await store.transactions.get(DEFAULT_ORGANISATION, "late") is None
    assert await store.transactions.get(DEFAULT_ORGANISATION, "current") is not None


async def test_two_sockets_taking_one_station_at_once_get_two_numbers(
    store: Store, station: Station, clock: Clock
) -> None:
    numbers = await asyncio.gather(
        *(store.connections.take(station.id, "node", remote=str(n), version="1.6", at=clock()) for n in range(4))
    )
    assert sorted(numbers) == [1, 2, 3, 4]
    owner = await store.connections.of(station.id)
    assert owner is not None
    assert owner.fence == 4
    assert owner.remote == str(numbers.index(4))
    lasting = await store.connections.intervals(
        DEFAULT_ORGANISATION, station.id, clock() - timedelta(days=1), clock() + timedelta(days=1)
    )
    assert [interval.fence for interval in lasting if interval.end is None] == [4]


@pytest.mark.postgres
async def test_a_node_that_lost_a_station_to_another_writes_nothing_for_it(
    postgres, open_store: Opener, clock: Clock
) -> None:
    url = await postgres.new_database()
    here, there = await open_store(url, node="here"), await open_store(url, node="there")
    async with here.unit() as unit:
        unit.stations.add(new_station(1))
    station = StationId("id-1")
    old = await here.connections.take(station, "here", remote="a", version="1.6", at=clock())
    await there.connections.take(station, "there", remote="b", version="1.6", at=clock())
    with pytest.raises(Fenced):  # noqa: PT012 - leaving the unit is what raises
        async with here.unit() as unit:
            unit.fence(station, old)
            unit.transactions.add(charge("late", station))
    assert not await here.connections.release(station, old, at=clock(), close_code=1000, cause="closed")
    owner = await here.connections.of(station)
    assert owner is not None
    assert owner.node == "there"


async def test_bulk_units_do_not_hold_up_stations_and_do_not_starve(store: Store) -> None:
    order: list[str] = []

    async def put(name: str, lane: Lane, number: int) -> None:
        async with store.unit(lane=lane) as unit:
            unit.stations.add(new_station(number))
        order.append(name)

    bulk = [put("bulk", Lane.BULK, n) for n in range(10)]
    stations = [put("station", Lane.STATION, n) for n in range(100, 200)]
    await asyncio.gather(*bulk, *stations)
    assert order.index("bulk") >= 100
    assert order.count("bulk") == 10


async def test_a_bulk_unit_must_be_cut_into_pieces(store: Store) -> None:
    with pytest.raises(StoreError, match="cut it up"):  # noqa: PT012 - leaving the unit is what raises
        async with store.unit(lane=Lane.BULK) as unit:
            for number in range(1001):
                unit.stations.add(new_station(number))


async def test_a_unit_is_used_once_and_nothing_is_written_outside_one(store: Store) -> None:
    unit = store.unit()
    async with unit:
        unit.stations.add(new_station(1))
    with pytest.raises(StoreError):
        async with unit:
            pass
    with pytest.raises(StoreError):
        store.stations.add(new_station(2))


async def test_a_waiter_who_goes_away_harms_nobody(store: Store) -> None:
    async def add(number: int) -> None:
        async with store.unit() as unit:
            unit.stations.add(new_station(number))

    tasks = [asyncio.ensure_future(add(number)) for number in range(30)]
    await asyncio.sleep(0)
    tasks[3].cancel()
    outcomes = await asyncio.gather(*tasks, return_exceptions=True)
    assert [type(outcome) for outcome in outcomes if outcome is not None] == [asyncio.CancelledError]
    kept = {station.identity for station in (await store.stations.list(DEFAULT_ORGANISATION)).items}
    assert {f"NEW-{number}" for number in range(30) if number != 3} <= kept


async def test_closing_commits_what_waits_and_refuses_what_comes_later(store: Store, clock: Clock) -> None:
    waiting = asyncio.ensure_future(_refuse(store, clock))
    await asyncio.sleep(0)
    await store.close()
    await waiting
    with pytest.raises(StoreError):
        await _refuse(store, clock)


async def _refuse(store: Store, clock: Clock) -> None:
    async with store.unit() as unit:
        unit.publish(
            TokenRefused(
                organisation=DEFAULT_ORGANISATION,
                station=StationId("s"),
                identity="CP",
                at=clock(),
                token=CARD,
                status=AuthorizationStatus.BLOCKED,
            )
        )
