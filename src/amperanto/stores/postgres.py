"""PostgreSQL, shared by several nodes: asyncpg, one connection that writes and a pool that reads.

Groups run in READ COMMITTED: what others may do between our writes and our commit is held off by locks, the
rows of fences (FOR SHARE), the node's row of the outbox, and advisory locks for the words of conditions. A
deadlock or a lost race fails the group, and then only the unit concerned. A lost connection means NotDurable,
and a new one next time.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Generator, Sequence
from contextlib import suppress
from importlib import import_module
from typing import Any, TypeVar

import asyncpg  # pyright: ignore[reportMissingTypeStubs]

from amperanto.stores.errors import ConflictError, NotDurable, StoreError, Unstorable
from amperanto.stores.groups import Control, Lock, Many, Query, Recorded, Step, commit_group
from amperanto.stores.statements import Parameters, Row, Statement

T = TypeVar("T")
_driver: Any = asyncpg  # it comes without types

NAME = "postgresql"
PATIENCE = 15.0  # seconds for one statement; a database that hangs is gone
READERS = 8
SCHEMA_LOCK = 0x616D7065  # one node at a time changes the schema

_CONFLICTS = (
    asyncpg.UniqueViolationError,
    asyncpg.ForeignKeyViolationError,
    asyncpg.SerializationError,
    asyncpg.DeadlockDetectedError,
)
_GONE = (
    OSError,
    TimeoutError,
    asyncpg.PostgresConnectionError,
    asyncpg.InsufficientResourcesError,
    asyncpg.OperatorInterventionError,
    asyncpg.PostgresSystemError,
    asyncpg.InternalClientError,
)
_CAUSES = (
    *_GONE,
    asyncpg.PostgresError,
    asyncpg.InterfaceError,
    ValueError,
    TypeError,
    OverflowError,
    KeyError,
)
_LOCK = "SELECT pg_advisory_xact_lock(hashtextextended(word, 0)) FROM unnest($1::text[]) AS word"
# Not to_regclass: that may answer from a cache which does not yet know what another node has just committed.
_TABLES = "SELECT tablename FROM pg_catalog.pg_tables WHERE schemaname = current_schema()"


def _named(error: Exception) -> StoreError:
    """The driver's error in our words."""
    if isinstance(error, _CONFLICTS):
        return ConflictError(str(error))
    closed = isinstance(error, asyncpg.InterfaceError) and not isinstance(error, asyncpg.DataError | ValueError)
    if isinstance(error, _GONE) or closed:
        return NotDurable(str(error) or type(error).__name__)
    return Unstorable(f"{type(error).__name__}: {error}")


def _unread(error: Exception) -> StoreError:
    """Why nothing could be read: our parameters, or else the database, whatever it says of itself."""
    if isinstance(error, asyncpg.PostgresError) and not isinstance(error, asyncpg.DataError):
        return NotDurable(str(error))
    return _named(error)


class Postgres:
    """One PostgreSQL database."""

    name = NAME
    shared = True

    def __init__(self, url: str) -> None:
        self._url = url
        self._writer: Any = None
        self._pool: Any = None
        self._opening = asyncio.Lock()
        self._is_closed = False

    async def read(self, statement: Statement, parameters: Parameters) -> list[Row]:
        """Rows by an index."""
        compiled = statement.on(NAME)

        async def work() -> list[Row]:
            pool = self._pool or await self._readers()
            found = await pool.fetch(compiled.sql, *compiled.bind(parameters))
            return [compiled.row(raw) for raw in found]

        return await _told(work, _unread)

    async def scan(self, statement: Statement, parameters: Parameters) -> list[Row]:
        """Rows that may take a while."""
        return await self.read(statement, parameters)

    async def apply(self, units: Sequence[Recorded], node: str) -> list[Exception | None]:
        """Commit the units together."""
        steps = commit_group(units, node)
        try:
            return await self._walk(await self._connected(), steps)
        except _CAUSES as error:
            raise NotDurable(str(error) or type(error).__name__) from error
        finally:
            steps.close()
            if self._writer is not None and self._writer.is_in_transaction():
                # Whatever stopped us, the server forgets the half that it has.
                self._writer.terminate()
                self._writer = None

    async def run_script(self, script: Sequence[str]) -> None:
        """Run schema statements in one database transaction, unless another node did meanwhile."""

        async def work() -> None:
            connection = await self._connected()
            async with connection.transaction():
                await connection.execute("SELECT pg_advisory_xact_lock($1)", SCHEMA_LOCK)
                if await self.revision() is None:
                    for statement in script:
                        await connection.execute(statement)

        await _told(work)

    async def revision(self) -> str | None:
        """The schema's revision."""

        async def work() -> str | None:
            connection = await self._connected()
            tables = {row["tablename"] for row in await connection.fetch(_TABLES)}
            if "alembic_version" not in tables:
                return "" if "stations" in tables else None
            return await connection.fetchval("SELECT version_num FROM alembic_version") or ""

        return await _told(work)

    async def migrate(self) -> None:
        """Bring the schema to the newest revision."""
        migrating = import_module("amperanto.stores.migrations.running")
        await _told(lambda: migrating.upgrade_postgresql(self._url, SCHEMA_LOCK))

    async def close(self) -> None:
        """Let go of every connection."""
        self._is_closed = True
        for connection in (self._pool, self._writer):
            if connection is not None:
                with suppress(*_CAUSES):
                    await asyncio.wait_for(connection.close(), 5)
                connection.terminate()

    async def _readers(self) -> Any:
        async with self._opening:
            if self._is_closed:
                raise NotDurable("the store is closed")
            if self._pool is None:
                self._pool = await _driver.create_pool(
                    self._url, min_size=1, max_size=READERS, command_timeout=PATIENCE, timeout=PATIENCE
                )
            return self._pool

    async def _connected(self) -> Any:
        if self._writer is None or self._writer.is_closed():
            self._writer = await _driver.connect(self._url, command_timeout=PATIENCE, timeout=PATIENCE)
        return self._writer

    async def _walk(
        self, connection: Any, steps: Generator[Step, Any, list[Exception | None]]
    ) -> list[Exception | None]:
        """Take each step and tell the group what came of it; an error of its own making is thrown into it."""
        answer: Any = None
        failed: StoreError | None = None
        while True:
            try:
                step = steps.send(answer) if failed is None else steps.throw(failed)
            except StopIteration as end:
                return end.value
            answer = failed = None
            try:
                answer = await _take(connection, step)
            except _CAUSES as error:
                failed = _named(error)
                if isinstance(failed, NotDurable) or isinstance(step, Control):
                    raise


async def _told(work: Callable[[], Awaitable[T]], named: Callable[[Exception], StoreError] = _named) -> T:
    try:
        return await work()
    except _CAUSES as error:
        raise named(error) from error


async def _take(connection: Any, step: Step) -> Any:
    match step:
        case Control():
            await connection.execute(step.value)
        case Many(statement, rows):
            compiled = statement.on(NAME)
            values = [compiled.bind(row) for row in rows]
            if statement.exact:  # asyncpg counts no rows of executemany, but gathers what RETURNING gives
                return len(await connection.fetchmany(f"{compiled.sql} RETURNING 1", values))
            if len(values) == 1:
                await connection.execute(compiled.sql, *values[0])
            else:
                await connection.executemany(compiled.sql, values)
        case Query(statement, parameters):
            compiled = statement.on(NAME)
            found = await connection.fetch(compiled.sql, *compiled.bind(parameters))
            return [compiled.row(raw) for raw in found]
        case Lock(words):
            await connection.execute(_LOCK, [word.replace("\0", " ") for word in words])
    return None


async def open_database(url: str) -> Postgres:
    """`postgresql://user:password@host/name`, or `?host=/socket/directory`."""
    return Postgres(url)
