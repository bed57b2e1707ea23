"""Bringing an old database to the newest revision while a node starts.

Loaded only when there is something to do: Alembic takes longer to import than a start-up should. It wants a
synchronous SQLAlchemy connection; for PostgreSQL that is the bridge of SQLAlchemy's asyncio side. One node
migrates at a time: SQLite's file belongs to one process, PostgreSQL has a lock for it.
"""

from __future__ import annotations

import sqlite3
from pathlib import Path

from alembic import command
from alembic.config import Config
from sqlalchemy import Connection, create_engine, event, func, select
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.ext.asyncio import create_async_engine
from sqlalchemy.pool import NullPool

_HERE = Path(__file__).parent


def upgrade(connection: Connection, revision: str = "head") -> None:
    """Run the revisions that are missing."""
    configuration = Config()
    configuration.set_main_option("script_location", str(_HERE).replace("%", "%%"))
    configuration.attributes["connection"] = connection
    command.upgrade(configuration, revision)


def upgrade_sqlite(path: Path) -> None:
    """Migrate a SQLite file."""
    engine = create_engine(f"sqlite:///{path}", poolclass=NullPool)

    @event.listens_for(engine, "connect")
    def _plain(connection: DBAPIConnection, _: object) -> None:  # pyright: ignore[reportUnusedFunction]
        # The driver would begin by itself, and not before a CREATE TABLE.
        assert isinstance(connection, sqlite3.Connection)
        connection.isolation_level = None

    @event.listens_for(engine, "begin")
    def _begin(connection: Connection) -> None:  # pyright: ignore[reportUnusedFunction]
        connection.exec_driver_sql("BEGIN IMMEDIATE")

    with engine.begin() as connection:
        upgrade(connection)


async def upgrade_postgresql(url: str, lock: int) -> None:
    """Migrate a PostgreSQL database; other nodes wait meanwhile."""
    engine = create_async_engine("postgresql+asyncpg" + url[url.index(":") :], poolclass=NullPool)
    async with engine.begin() as connection:
        await connection.execute(select(func.pg_advisory_xact_lock(lock)))
        await connection.run_sync(upgrade)
