"""A store on each database, empty for each test. PostgreSQL is started from the system's own programs."""

import asyncio
import os
import pwd
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from datetime import UTC, datetime, timedelta
from itertools import count
from pathlib import Path

import asyncpg
import pytest

from amperanto.domain.ids import Ids
from amperanto.domain.stations import DEFAULT_ORGANISATION, Station, StationId
from amperanto.stores.store import Store

NUMBERS = count(1)


class Clock:
    """A wall clock that goes only when told."""

    def __init__(self) -> None:
        self.now = datetime(2026, 5, 1, 12, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.now

    def forward(self, seconds: float) -> datetime:
        self.now += timedelta(seconds=seconds)
        return self.now


class PostgresServer:
    """A PostgreSQL of our own in a temporary directory, reached by its Unix socket."""

    def __init__(self) -> None:
        self.home = Path(tempfile.mkdtemp(prefix="amperanto-pg-", dir="/tmp"))
        versions = sorted(Path("/usr/lib/postgresql").glob("*/bin"))
        self._programs = versions[-1] if versions else Path(shutil.which("postgres") or "postgres").parent
        # PostgreSQL refuses to run as root.
        self._user = {"user": "postgres", "group": "postgres"} if os.geteuid() == 0 else {}
        if self._user:
            account = pwd.getpwnam("postgres")
            os.chown(self.home, account.pw_uid, account.pw_gid)
        subprocess.run(
            [
                self._programs / "initdb",
                "-D",
                self.home / "data",
                "-U",
                "postgres",
                "-A",
                "trust",
                "-E",
                "UTF8",
                "--no-sync",
                "--locale=C.UTF-8",
            ],
            check=True,
            capture_output=True,
            cwd=self.home,
            **self._user,
        )
        self._process: subprocess.Popen[bytes] | None = None

    def url(self, database: str = "postgres") -> str:
        return f"postgresql://postgres@/{database}?host={self.home}"

    def start(self) -> None:
        options = ["-k", str(self.home), "-c", "listen_addresses=", "-c", "fsync=off", "-c", "max_connections=60"]
        with (self.home / "log").open("ab") as log:
            self._process = subprocess.Popen(
                [self._programs / "postgres", "-D", self.home / "data", *options],
                stdout=subprocess.DEVNULL,
                stderr=log,
                cwd=self.home,
                **self._user,
            )
        asked = [self._programs / "pg_isready", "-q", "-h", self.home, "-t", "1"]
        for _ in range(400):
            if subprocess.run(asked, check=False).returncode == 0:
                return
            time.sleep(0.02)
        raise AssertionError((self.home / "log").read_text())

    def stop(self, how: signal.Signals = signal.SIGINT) -> None:
        if self._process is not None:
            self._process.send_signal(how)
            self._process.wait(20)
            self._process = None

    async def new_database(self) -> str:
        name = f"test_{next(NUMBERS)}"
        connection = await asyncpg.connect(self.url())
        try:
            await connection.execute(f"CREATE DATABASE {name}")
        finally:
            await connection.close()
        return self.url(name)


@pytest.fixture(scope="session")
def postgres() -> Iterator[PostgresServer]:
    server = PostgresServer()
    try:
        server.start()
        yield server
    finally:
        server.stop()
        shutil.rmtree(server.home, ignore_errors=True)


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture(params=["sqlite", "sqlite-memory", pytest.param("postgresql", marks=pytest.mark.postgres)])
async def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """Where an empty database is."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path}/store.db"
    if request.param == "sqlite-memory":
        return "sqlite://"
    server: PostgresServer = request.getfixturevalue("postgres")
    return await server.new_database()


Opener = Callable[..., Awaitable[Store]]


@pytest.fixture
async def open_store(clock: Clock) -> AsyncIterator[Opener]:
    """Opens stores that are closed when the test ends."""
    opened: list[Store] = []

    async def open_one(url: str, **options: object) -> Store:
        store = await Store.open(url, clock=clock, ids=Ids(clock), **options)
        opened.append(store)
        return store

    yield open_one
    for store in opened:
        async with asyncio.timeout(20):
            await store.close()


@pytest.fixture
async def store(url: str, open_store: Opener) -> Store:
    """An empty store."""
    return await open_store(url)


@pytest.fixture
async def station(store: Store) -> Station:
    """A station that is registered."""
    async with store.unit() as unit:
        unit.stations.add(Station(id=StationId("station-1"), organisation=DEFAULT_ORGANISATION, identity="CP-1"))
    found = await store.stations.by_id(StationId("station-1"))
    assert found is not None
    return found
