"""R12: every older database becomes the newest, and both ways to the newest schema are one."""

import asyncio
import sqlite3
from pathlib import Path

import asyncpg
import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import Connection, create_engine
from sqlalchemy.ext.asyncio import create_async_engine
from sqlalchemy.pool import NullPool
from tests.contract.conftest import Opener

from amperanto.domain.stations import DEFAULT_ORGANISATION, Station, StationId
from amperanto.stores.tables import HEAD, metadata

BASE = "CREATE TABLE alembic_version (version_num VARCHAR(32) NOT NULL PRIMARY KEY)"


def differences(connection: Connection) -> list[object]:
    return compare_metadata(MigrationContext.configure(connection), metadata)


def shape(path: Path) -> list[tuple[str, str]]:
    """Each table's columns and each index, as SQLite describes them."""
    connection = sqlite3.connect(path)
    try:
        tables = [name for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
        found = [(name, str(connection.execute(f"PRAGMA table_info({name})").fetchall())) for name in tables]
        indexes = connection.execute("SELECT name, sql FROM sqlite_master WHERE type = 'index' AND sql IS NOT NULL")
        return sorted(found + [(name, " ".join(sql.split())) for name, sql in indexes])
    finally:
        connection.close()


async def test_a_sqlite_database_without_a_revision_is_migrated_to_what_an_empty_one_becomes(
    tmp_path: Path, open_store: Opener
) -> None:
    old, empty = tmp_path / "old.db", tmp_path / "empty.db"
    connection = sqlite3.connect(old)
    connection.execute(BASE)
    connection.close()
    async with asyncio.timeout(30):
        migrated = await open_store(f"sqlite:///{old}")
        await open_store(f"sqlite:///{empty}")
        async with migrated.unit() as unit:
            unit.stations.add(Station(id=StationId("s"), organisation=DEFAULT_ORGANISATION, identity="CP"))
    assert shape(old) == shape(empty)


@pytest.mark.postgres
async def test_a_postgresql_database_without_a_revision_is_migrated_to_the_newest(postgres, open_store: Opener) -> None:
    async with asyncio.timeout(30):
        old, empty = await postgres.new_database(), await postgres.new_database()
        connection = await asyncpg.connect(old)
        await connection.execute(BASE)
        await connection.close()
        migrated = await open_store(old)
        await open_store(empty)
        async with migrated.unit() as unit:
            unit.stations.add(Station(id=StationId("s"), organisation=DEFAULT_ORGANISATION, identity="CP"))
        for url in (old, empty):
            engine = create_async_engine("postgresql+asyncpg" + url[url.index(":") :], poolclass=NullPool)
            async with engine.connect() as bridge:
                assert await bridge.run_sync(differences) == []


@pytest.mark.postgres
async def test_two_nodes_that_start_together_on_an_empty_database_make_it_once(postgres, open_store: Opener) -> None:
    async with asyncio.timeout(30):
        for _ in range(5):
            url = await postgres.new_database()
            one, other = await asyncio.gather(open_store(url, node="a"), open_store(url, node="b"))
            async with one.unit() as unit:
                unit.stations.add(Station(id=StationId("s"), organisation=DEFAULT_ORGANISATION, identity="CP"))
            assert await other.stations.by_identity(DEFAULT_ORGANISATION, "cp") is not None


async def test_the_schema_of_a_new_sqlite_database_is_the_one_of_the_tables(tmp_path: Path, open_store: Opener) -> None:
    await open_store(f"sqlite:///{tmp_path}/new.db")
    engine = create_engine(f"sqlite:///{tmp_path}/new.db", poolclass=NullPool)
    with engine.connect() as connection:
        assert differences(connection) == []


async def test_what_is_kept_is_there_after_opening_again(tmp_path: Path, open_store: Opener) -> None:
    url = f"sqlite:///{tmp_path}/again.db"
    store = await open_store(url)
    async with store.unit() as unit:
        unit.stations.add(Station(id=StationId("s"), organisation=DEFAULT_ORGANISATION, identity="Säule/1"))
    await store.close()
    again = await open_store(url)
    found = await again.stations.by_identity(DEFAULT_ORGANISATION, "SÄULE/1")
    assert found is not None
    assert found.identity == "Säule/1"


def test_the_newest_revision_is_the_one_the_tables_name() -> None:
    versions = Path(__file__).parents[2] / "src/amperanto/stores/migrations/versions"
    assert max(path.name[:4] for path in versions.glob("0*.py")) == HEAD
