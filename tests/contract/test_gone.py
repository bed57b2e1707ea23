"""R8 for those who read: a database that is closed or gone is NotDurable, whichever way it is asked."""

import asyncio
import signal
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from pathlib import Path

import asyncpg
import pytest
from tests.contract.conftest import Opener, PostgresServer

from amperanto.domain.stations import DEFAULT_ORGANISATION, StationId
from amperanto.stores.errors import NotDurable
from amperanto.stores.store import Store

NOON = datetime(2026, 5, 1, 12, tzinfo=UTC)
READS: dict[str, Callable[[Store], Awaitable[object]]] = {
    "station": lambda store: store.stations.by_identity(DEFAULT_ORGANISATION, "CP-1"),
    "cached": lambda store: store.stations.by_id(StationId("s")),
    "stations": lambda store: store.stations.list(DEFAULT_ORGANISATION),
    "token": lambda store: store.tokens.by_uid(DEFAULT_ORGANISATION, "A"),
    "transactions": lambda store: store.transactions.list(DEFAULT_ORGANISATION),
    "messages": lambda store: store.messages.list(DEFAULT_ORGANISATION),
    "volume": lambda store: store.messages.volume(),
    "key": lambda store: store.keys.by_hash(""),
    "outbox": lambda store: store.outbox.read("pages"),
    "prune": lambda store: store.messages.prune(NOON),
    "intervals": lambda store: store.connections.intervals(DEFAULT_ORGANISATION, StationId("s"), NOON, NOON),
}


async def refused(store: Store) -> None:
    """Each read of the table must be told that there is no database now."""
    async with asyncio.timeout(20):
        told = {name: (await asyncio.gather(read(store), return_exceptions=True))[0] for name, read in READS.items()}
    assert {name: type(one) for name, one in told.items()} == dict.fromkeys(READS, NotDurable)


async def test_a_closed_store_reads_nothing(url: str, open_store: Opener) -> None:
    store = await open_store(url)
    assert (await store.stations.list(DEFAULT_ORGANISATION)).items == ()
    await store.close()
    await refused(store)


async def test_a_store_closed_before_it_ever_read_reads_nothing(url: str, open_store: Opener) -> None:
    store = await open_store(url)
    await store.close()
    await refused(store)


async def test_reads_under_way_while_the_store_closes_end(url: str, open_store: Opener) -> None:
    store = await open_store(url)
    async with asyncio.timeout(20):
        reading = [asyncio.create_task(read(store)) for read in READS.values() for _ in range(5)]  # type: ignore[arg-type]
        await asyncio.sleep(0)
        await store.close()
        told = await asyncio.gather(*reading, return_exceptions=True)
    assert {type(one) for one in told if isinstance(one, BaseException)} <= {NotDurable}


async def test_tables_that_are_gone_are_a_database_that_is_gone(tmp_path: Path, open_store: Opener) -> None:
    path = tmp_path / "store.db"
    store = await open_store(f"sqlite:///{path}")
    await store.close()
    path.write_bytes(b"this is no database at all, but long enough to be taken for the head of one" * 20)
    with pytest.raises(NotDurable):
        await open_store(f"sqlite:///{path}")


async def test_a_file_that_is_gone_is_never_made_anew(tmp_path: Path, open_store: Opener) -> None:
    store = await open_store(f"sqlite:///{tmp_path}/data/store.db")
    (tmp_path / "data").rename(tmp_path / "elsewhere")  # what a volume that is unmounted looks like
    await refused(store)
    assert not (tmp_path / "data").exists()
    (tmp_path / "elsewhere").rename(tmp_path / "data")
    assert (await store.stations.list(DEFAULT_ORGANISATION)).items == ()


@pytest.mark.postgres
async def test_a_server_that_stopped_or_lost_the_database_is_gone(postgres: PostgresServer, open_store: Opener) -> None:
    url = await postgres.new_database()
    store = await open_store(url)
    assert (await store.stations.list(DEFAULT_ORGANISATION)).items == ()
    postgres.stop(signal.SIGQUIT)
    await refused(store)
    postgres.start()
    assert (await store.stations.list(DEFAULT_ORGANISATION)).items == ()
    connection = await asyncpg.connect(postgres.url())
    await connection.execute(f"DROP DATABASE {url.partition('@/')[2].partition('?')[0]} WITH (FORCE)")
    await connection.close()
    await refused(store)
