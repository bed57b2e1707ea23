"""SQLite, embedded: the stdlib driver, one writer thread, reads beside it.

The writer connection lives in a thread of its own, which takes a whole group in one hop: BEGIN IMMEDIATE, the
writes, COMMIT with synchronous=FULL in WAL mode. Point reads run on a second connection right on the loop's
thread: an index lookup takes some microseconds, a thread hop would take longer. Scans run in a third thread.
Moving the WAL into the database file is kept off the commit path: a fourth thread does it, and only if it
cannot keep up does the writer lend a hand between two groups. In memory there is one connection, and a lock
around it.

The file belongs to one process (caches rely on it): a lock file says so. After an error of the disk both
connections are opened anew before the next use, but never made anew: a file that is gone is gone.
"""

from __future__ import annotations

import asyncio
import fcntl
import sqlite3
from collections.abc import Callable, Generator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, nullcontext, suppress
from importlib import import_module
from pathlib import Path
from threading import Lock as ThreadLock
from typing import Any, TextIO, TypeVar
from urllib.parse import quote

from amperanto.stores.errors import ConflictError, NotDurable, StoreError, StoreInUse, Unstorable
from amperanto.stores.groups import Control, Many, Query, Recorded, Step, commit_group
from amperanto.stores.statements import Parameters, Row, Statement

T = TypeVar("T")

NAME = "sqlite"
MOVE_EVERY = 8_000  # rows written between two moves of the WAL: a page that changed several times is moved once
WAL_PAGES = 16_000  # 64 MB of WAL: then the writer helps

_GONE = {
    sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR, sqlite3.SQLITE_READONLY, sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_BUSY,
    sqlite3.SQLITE_LOCKED, sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_PROTOCOL,
    sqlite3.SQLITE_NOMEM, sqlite3.SQLITE_PERM, sqlite3.SQLITE_AUTH,
}  # fmt: skip
_TAKEN = {
    sqlite3.SQLITE_CONSTRAINT_UNIQUE, sqlite3.SQLITE_CONSTRAINT_PRIMARYKEY, sqlite3.SQLITE_CONSTRAINT_FOREIGNKEY,
    sqlite3.SQLITE_CONSTRAINT_ROWID,
}  # fmt: skip
_WORDS = {control: control.value for control in Control} | {Control.BEGIN: "BEGIN IMMEDIATE"}
_CAUSES = (sqlite3.Error, ValueError, TypeError, OverflowError, KeyError)


CLOSED = "the store is closed"


def _unread(error: Exception) -> StoreError:
    """Why nothing could be read: our parameters, or else the database, whatever it says of itself."""
    if isinstance(error, sqlite3.Error) and not isinstance(error, sqlite3.DataError | sqlite3.ProgrammingError):
        return NotDurable(str(error))
    return _named(error)


def _named(error: Exception) -> StoreError:
    """The driver's error in our words."""
    code = getattr(error, "sqlite_errorcode", None)
    if code in _TAKEN:
        return ConflictError(str(error))
    if isinstance(error, sqlite3.DatabaseError) and code is not None and code & 0xFF in _GONE:
        return NotDurable(str(error))
    return Unstorable(f"{type(error).__name__}: {error}")


class Sqlite:
    """One SQLite database, in a file or in memory."""

    name = NAME
    shared = False

    def __init__(self, path: Path | None) -> None:
        self._path = path
        self._memory: sqlite3.Connection | None = None
        self._memory = self._connect() if path is None else None
        # In memory readers and writer share one connection: nobody may look in between.
        self._turn = ThreadLock() if path is None else nullcontext()
        self._lock = None if path is None else _own(path)
        self._writer: sqlite3.Connection | None = None
        self._reader: sqlite3.Connection | None = None
        self._scanner: sqlite3.Connection | None = None
        self._is_closed = False
        self._rows_since_move = 0
        self._wal_too_long = False
        self._moving: asyncio.Future[None] | None = None
        self._threads = {
            work: ThreadPoolExecutor(1, thread_name_prefix=f"store-{work}") for work in ("write", "scan", "move")
        }

    async def read(self, statement: Statement, parameters: Parameters) -> list[Row]:
        """Rows by an index, at once."""
        compiled = statement.on(NAME)
        if self._is_closed:
            raise NotDurable(CLOSED)
        try:
            if self._reader is None:
                self._reader = self._connect()
            with self._turn:
                found = self._reader.execute(compiled.sql, compiled.bind(parameters)).fetchall()
        except _CAUSES as error:
            self._reader = _closed(self._reader, self._memory)
            raise _unread(error) from error
        return [compiled.row(raw) for raw in found]

    async def scan(self, statement: Statement, parameters: Parameters) -> list[Row]:
        """Rows that may take a while, read in a thread."""
        return await self._in("scan", lambda: self._scan(statement, parameters))

    async def apply(self, units: Sequence[Recorded], node: str) -> list[Exception | None]:
        """Commit the units together."""
        outcomes = await self._in("write", lambda: self._write(commit_group(units, node)))
        self._rows_since_move += sum(unit.size for unit in units)
        if self._rows_since_move >= MOVE_EVERY and self._path is not None and self._moving is None:
            self._rows_since_move = 0
            self._moving = asyncio.ensure_future(self._move())
        return outcomes

    async def run_script(self, script: Sequence[str]) -> None:
        """Run schema statements in one database transaction."""
        await self._in("write", lambda: self._run_script(script))

    async def revision(self) -> str | None:
        """The schema's revision."""
        return await self._in("write", self._revision)

    async def migrate(self) -> None:
        """Bring the schema to the newest revision."""
        migrating = import_module("amperanto.stores.migrations.running")
        await self._in("write", lambda: migrating.upgrade_sqlite(self._path))

    async def close(self) -> None:
        """Let go of the file."""
        self._is_closed = True
        if self._moving is not None:
            await self._moving
        for thread in self._threads.values():
            await asyncio.to_thread(thread.shutdown)
        for connection in (self._writer, self._reader, self._scanner, self._memory):
            if connection is not None:
                connection.close()
        if self._lock is not None:
            self._lock.close()

    # ── what happens in threads ──────────────────────────────────────────────────────────────────
    async def _in(self, thread: str, work: Callable[[], T]) -> T:
        if self._is_closed:
            raise NotDurable(CLOSED)
        try:
            return await asyncio.get_running_loop().run_in_executor(self._threads[thread], work)
        except _CAUSES as error:
            raise (_unread if thread == "scan" else _named)(error) from error

    def _connect(self, *, first: bool = False) -> sqlite3.Connection:
        """A connection; only the first one may make the file."""
        if self._memory is not None:
            return self._memory
        mode = "rwc" if first else "rw"
        connection = sqlite3.connect(
            ":memory:" if self._path is None else f"file:{quote(str(self._path.absolute()))}?mode={mode}",
            uri=True, isolation_level=None, check_same_thread=False, cached_statements=512, timeout=5,
        )  # fmt: skip
        for pragma in ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON", "wal_autocheckpoint=0",
                       "journal_size_limit=67108864", "temp_store=MEMORY", "cache_size=-16384"):  # fmt: skip
            connection.execute(f"PRAGMA {pragma}")
        return connection

    def _write(self, steps: Generator[Step, Any, list[Exception | None]]) -> list[Exception | None]:
        """Take the steps; on a gone database leave nothing half done."""
        with self._turn:
            try:
                if self._writer is None:
                    self._writer = self._connect()
                if self._wal_too_long:
                    self._wal_too_long = False
                    self._writer.execute("PRAGMA wal_checkpoint(PASSIVE)")
                return _walk(self._writer, steps)
            except _CAUSES as error:
                raise NotDurable(str(_named(error))) from error
            finally:
                steps.close()
                if self._writer is not None and self._writer.in_transaction:
                    # Whatever stopped us, nothing half done stays.
                    with suppress(sqlite3.Error):
                        self._writer.execute("ROLLBACK")
                    self._writer = _closed(self._writer, self._memory)

    def _scan(self, statement: Statement, parameters: Parameters) -> list[Row]:
        compiled = statement.on(NAME)
        with self._turn:
            try:
                self._scanner = self._scanner or self._connect()
                found = self._scanner.execute(compiled.sql, compiled.bind(parameters)).fetchall()
            except sqlite3.Error:
                self._scanner = _closed(self._scanner, self._memory)
                raise
        return [compiled.row(raw) for raw in found]

    def _run_script(self, script: Sequence[str]) -> None:
        with self._turn:
            self._writer = self._writer or self._connect()
            self._writer.execute("BEGIN IMMEDIATE")
            try:
                for statement in script:
                    self._writer.execute(statement)
            except sqlite3.Error:
                self._writer.execute("ROLLBACK")
                raise
            self._writer.execute("COMMIT")

    def _revision(self) -> str | None:
        self._writer = self._writer or self._connect(first=True)
        tables = {name for (name,) in self._writer.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
        if "alembic_version" not in tables:
            return "" if tables else None
        return next((version for (version,) in self._writer.execute("SELECT version_num FROM alembic_version")), "")

    async def _move(self) -> None:
        """Move the WAL into the file; PASSIVE waits for no reader and stops no writer."""
        try:
            log, moved = await self._in("move", self._checkpoint)
            self._wal_too_long = log > WAL_PAGES and moved > log // 2
        except StoreError:
            self._wal_too_long = False  # the disk is full or gone: the next group will say so
        finally:
            self._moving = None

    def _checkpoint(self) -> tuple[int, int]:
        with closing(self._connect()) as connection:
            _, log, moved = connection.execute("PRAGMA wal_checkpoint(PASSIVE)").fetchone()
            return log, moved


def _walk(
    connection: sqlite3.Connection, steps: Generator[Step, Any, list[Exception | None]]
) -> list[Exception | None]:
    """Take each step and tell the group what came of it.

    An error of the group's own making is thrown into it.
    """
    answer: Any = None
    failed: StoreError | None = None
    while True:
        try:
            step = steps.send(answer) if failed is None else steps.throw(failed)
        except StopIteration as end:
            return end.value
        answer = failed = None
        try:
            answer = _take(connection, step)
        except _CAUSES as error:
            failed = _named(error)
            if isinstance(failed, NotDurable) or isinstance(step, Control):
                raise


def _take(connection: sqlite3.Connection, step: Step) -> Any:
    match step:
        case Control():
            connection.execute(_WORDS[step])
        case Many(statement, rows):
            compiled = statement.on(NAME)
            if len(rows) == 1:
                return connection.execute(compiled.sql, compiled.bind(rows[0])).rowcount
            return connection.executemany(compiled.sql, [compiled.bind(row) for row in rows]).rowcount
        case Query(statement, parameters):
            compiled = statement.on(NAME)
            found = connection.execute(compiled.sql, compiled.bind(parameters)).fetchall()
            return [compiled.row(raw) for raw in found]
        case _:
            pass  # a Lock: this connection is the only writer there is
    return None


def _closed(connection: sqlite3.Connection | None, kept: sqlite3.Connection | None) -> sqlite3.Connection | None:
    """Close a connection after an error, so that the next use opens a new one; memory has only the one."""
    if connection is None or connection is kept:
        return connection
    with suppress(sqlite3.Error):
        connection.close()
    return None


def _own(path: Path) -> TextIO:
    """Hold the file's lock until closed or killed. Raises StoreInUse, NotDurable."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        lock = Path(f"{path}-lock").open("w")  # noqa: SIM115 - held for as long as the store is open
    except OSError as error:
        raise NotDurable(f"{path} cannot be opened: {error.strerror}") from error
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        lock.close()
        raise StoreInUse(f"{path} is in use by another process") from error
    return lock


async def open_database(url: str) -> Sqlite:
    """`sqlite:///relative/or//absolute/file` or `sqlite://` for one in memory.

    Raises StoreInUse, NotDurable.
    """
    name = url.removeprefix("sqlite://").removeprefix("/")
    return await asyncio.to_thread(Sqlite, Path(name) if name and name != ":memory:" else None)
