"""R8 and D8: what is acknowledged survives, and a disk or database that comes back finds the writer alive."""

import asyncio
import resource
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import pytest
from tests.contract.conftest import Opener, PostgresServer

from amperanto.domain.stations import DEFAULT_ORGANISATION, Station, StationId
from amperanto.stores.errors import NotDurable, StoreError, StoreInUse
from amperanto.stores.message_log import LoggedMessage
from amperanto.stores.store import Store

NOON = datetime(2026, 5, 1, 12, tzinfo=UTC)

WRITER = """
import asyncio, sys
from datetime import UTC, datetime
from amperanto.domain.stations import DEFAULT_ORGANISATION, StationId
from amperanto.stores.message_log import LoggedMessage
from amperanto.stores.store import Store

async def station(store, name):
    for number in range(1_000_000):
        async with store.unit() as unit:
            unit.messages.append(LoggedMessage(
                at=datetime.now(UTC), organisation=DEFAULT_ORGANISATION, station=StationId(name), connection=1,
                number=number, direction="in", frame="x" * 200))
        sys.stdout.write(f"{name} {number}\\n")
        sys.stdout.flush()

async def main():
    store = await Store.open(sys.argv[1])
    await asyncio.gather(*(station(store, f"s-{n}-{sys.argv[2]}") for n in range(20)))

asyncio.run(main())
"""


@pytest.fixture(autouse=True)
async def _bounded():
    async with asyncio.timeout(60):
        yield


async def add(store: Store, number: int) -> None:
    async with store.unit() as unit:
        unit.stations.add(Station(
            id=StationId(f"id-{number}"), organisation=DEFAULT_ORGANISATION, identity=f"CP-{number}",
            password_hash="x" * 20_000,
        ))  # fmt: skip


async def identities(store: Store) -> set[str]:
    return {station.identity for station in (await store.stations.list(DEFAULT_ORGANISATION)).items}


@contextmanager
def full_disk(room: int) -> Iterator[None]:
    """No file of this process may grow beyond this size: writes fail as they do on a full disk."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (room, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


async def test_a_full_disk_keeps_nothing_and_when_it_has_room_again_all_goes_on(
    tmp_path: Path, open_store: Opener
) -> None:
    store = await open_store(f"sqlite:///{tmp_path}/full.db")
    await add(store, 1)
    with full_disk((tmp_path / "full.db-wal").stat().st_size + 5_000):
        outcomes = await asyncio.gather(*(add(store, number) for number in range(2, 6)), return_exceptions=True)
        assert [type(outcome) for outcome in outcomes] == [NotDurable] * 4
        assert await identities(store) == {"CP-1"}
    await asyncio.gather(*(add(store, number) for number in range(2, 6)))
    assert await identities(store) == {f"CP-{number}" for number in range(1, 6)}


@pytest.mark.postgres
async def test_a_database_that_goes_and_comes_back_costs_only_the_units_of_that_time(
    postgres: PostgresServer, open_store: Opener
) -> None:
    store = await open_store(await postgres.new_database())
    await add(store, 1)
    postgres.stop(signal.SIGQUIT)
    outcomes = await asyncio.gather(*(add(store, number) for number in range(2, 6)), return_exceptions=True)
    assert [type(outcome) for outcome in outcomes] == [NotDurable] * 4
    with pytest.raises(NotDurable):
        await store.stations.by_identity(DEFAULT_ORGANISATION, "CP-1")
    postgres.start()
    await asyncio.gather(*(add(store, number) for number in range(2, 6)))
    assert await identities(store) == {f"CP-{number}" for number in range(1, 6)}


async def test_rows_nobody_waits_for_are_counted_when_they_are_lost(tmp_path: Path, open_store: Opener) -> None:
    store = await open_store(f"sqlite:///{tmp_path}/full.db")
    await add(store, 1)
    with full_disk((tmp_path / "full.db-wal").stat().st_size + 5_000):
        store.messages.log_later([LoggedMessage(
            at=NOON, organisation=DEFAULT_ORGANISATION, station=StationId("s"), connection=1, number=1,
            direction="out", frame="x" * 20_000,
        )])  # fmt: skip
        await asyncio.gather(store.flush(), return_exceptions=True)
    assert store.dropped == 1


@pytest.mark.parametrize("lines", [1, 37, 400])
async def test_nothing_acknowledged_is_missing_after_kill_9(tmp_path: Path, open_store: Opener, lines: int) -> None:
    url = f"sqlite:///{tmp_path}/killed.db"
    acknowledged: set[tuple[str, int]] = set()
    for life in range(2):
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-c", WRITER, url, str(life), stdout=asyncio.subprocess.PIPE, limit=1 << 24
        )
        assert process.stdout is not None
        heard = [await process.stdout.readline() for _ in range(lines)]
        process.kill()
        heard += (await process.stdout.read()).splitlines(keepends=True)
        await process.wait()
        whole = [line.decode().split() for line in heard if line.endswith(b"\n")]
        acknowledged |= {(name, int(number)) for name, number in whole}
    store = await open_store(url)
    kept: set[tuple[str, int]] = set()
    before: str | None = None
    while True:
        page = await store.messages.list(DEFAULT_ORGANISATION, before=before, limit=1000)
        kept |= {(message.station, message.number) for message in page.items}
        before = page.next
        if before is None:
            break
    assert len(acknowledged) >= 2 * lines
    assert acknowledged - kept == set()


async def test_a_database_file_belongs_to_one_process(tmp_path: Path, open_store: Opener) -> None:
    url = f"sqlite:///{tmp_path}/one.db"
    store = await open_store(url)
    with pytest.raises(StoreInUse):
        await Store.open(url)
    await store.close()
    assert (await open_store(url)).node == "node"


async def test_a_place_that_cannot_be_opened_says_so(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(NotDurable, match="cannot be opened"):
        await Store.open(f"sqlite:///{tmp_path}/file/store.db")
    (tmp_path / "other.db").write_bytes(b"this is no database" * 100)
    with pytest.raises(NotDurable):
        await Store.open(f"sqlite:///{tmp_path}/other.db")
    with pytest.raises(StoreError, match="no database we know"):
        await Store.open("mysql://localhost/x")


async def test_the_wal_is_moved_into_the_database_while_units_go_on(tmp_path: Path, open_store: Opener) -> None:
    store = await open_store(f"sqlite:///{tmp_path}/wal.db")

    async def append(number: int) -> None:
        async with store.unit() as unit:
            unit.messages.append(LoggedMessage(
                at=NOON, organisation=DEFAULT_ORGANISATION, station=StationId("s"), connection=1, number=number,
                direction="in", frame="x" * 500,
            ))  # fmt: skip

    begun = (tmp_path / "wal.db").stat().st_size
    part = 0
    while (tmp_path / "wal.db").stat().st_size < begun + 500_000:
        await asyncio.gather(*(append(part * 100 + number) for number in range(100)))
        part += 1
    assert len((await store.messages.list(DEFAULT_ORGANISATION, limit=1000)).items) == 1000
