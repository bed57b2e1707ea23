"""A gateway over a real database, and stations that say things by hand over a memory line."""

from __future__ import annotations

import asyncio
import json
import resource
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random
from typing import Any

import pytest

from amperanto.bus.inprocess import InProcessBus
from amperanto.csms.block import Context
from amperanto.csms.csms import Csms
from amperanto.csms.stations import Stations
from amperanto.domain.ids import Ids
from amperanto.domain.stations import DEFAULT_ORGANISATION, Station, StationId
from amperanto.domain.tokens import RegisteredToken, Token
from amperanto.gateway.server import Gateway
from amperanto.hooks import Hooks
from amperanto.ocpp import Version
from amperanto.settings import in_memory
from amperanto.stores.store import Store
from amperanto.transport.link import PeerClosed
from amperanto.transport.memory import Cable

BOOT = {"chargePointVendor": "Peer", "chargePointModel": "P"}
BOOT2 = {"reason": "PowerUp", "chargingStation": {"model": "P", "vendorName": "Peer"}}


class Clock:
    """A clock that moves when somebody sleeps, at once; `on_sleep` may do something meanwhile."""

    def __init__(self) -> None:
        self.at = datetime(2026, 5, 1, 12, tzinfo=UTC)
        self.slept = 0
        self.on_sleep: Callable[[int], None] = lambda times: None

    def now(self) -> datetime:
        return self.at

    def monotonic(self) -> float:
        return self.at.timestamp()

    async def sleep(self, seconds: float) -> None:
        self.at += timedelta(seconds=seconds)
        self.slept += 1
        self.on_sleep(self.slept)
        await asyncio.sleep(0)


class Line:
    """A station's end of a memory line, and the task that serves the other end."""

    def __init__(self, door: Door, station: Station, version: Version) -> None:
        self.cable = Cable()
        self.station = station
        self.serving = asyncio.create_task(door.gateway.serve(self.cable.csms_link, station, version))

    def say(self, *frame: Any) -> None:
        self.cable.station_link.write(json.dumps(frame))

    async def hear(self) -> Any:
        async with asyncio.timeout(5):
            return json.loads(await self.cable.station_link.receive())

    async def ask(self, message_id: str, action: str, payload: Any) -> Any:
        """Say a CALL and return the answer: its type, code or payload."""
        self.say(2, message_id, action, payload)
        kind, heard_id, *rest = await self.hear()
        assert heard_id == message_id
        return rest[0] if kind in (3, 4) else rest

    async def end(self) -> Any:
        """How the CSMS ended the line."""
        async with asyncio.timeout(5):
            while True:
                try:
                    await self.cable.station_link.receive()
                except PeerClosed as ended:
                    await self.serving
                    return ended.closed

    def cut(self) -> None:
        self.cable.cut()


class Door:
    """A CSMS and its gateway; the port itself is not opened."""

    def __init__(self, csms: Csms, clock: Clock, path: Path) -> None:
        self.csms = csms
        self.clock = clock
        self.store = csms.context.store
        self.gateway = Gateway(csms)
        self.lines: list[Line] = []
        self._path = path

    async def station(self, identity: str = "CP1", **changes: Any) -> Station:
        station = Station(
            id=StationId(self.csms.context.ids.new()), organisation=DEFAULT_ORGANISATION, identity=identity, **changes
        )
        async with self.store.unit() as unit:
            unit.stations.add(station)
        return station

    async def token(self, uid: str, **changes: Any) -> None:
        known = RegisteredToken(
            id=self.csms.context.ids.new(), organisation=DEFAULT_ORGANISATION, token=Token(uid), **changes
        )
        async with self.store.unit() as unit:
            unit.tokens.add(known)

    def line(self, station: Station, version: Version = Version.V16) -> Line:
        line = Line(self, station, version)
        self.lines.append(line)
        return line

    async def booted(self, station: Station, version: Version = Version.V16) -> Line:
        """A line of a station that was accepted."""
        line = self.line(station, version)
        answer = await line.ask("boot", "BootNotification", BOOT if version is Version.V16 else BOOT2)
        assert answer["status"] == "Accepted"
        return line

    async def frames(self) -> list[Any]:
        """Every frame that was kept, oldest first."""
        page = await self.store.messages.list(DEFAULT_ORGANISATION, limit=1000)
        return sorted(page.items, key=lambda frame: (frame.connection, frame.number))

    @contextmanager
    def full_disk(self) -> Iterator[Callable[[], None]]:
        """No file grows any more, until the function given is called or the block ends."""
        soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
        resource.setrlimit(resource.RLIMIT_FSIZE, (Path(f"{self._path}-wal").stat().st_size, hard))

        def room() -> None:
            resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))

        try:
            yield room
        finally:
            room()


@pytest.fixture
def hooks() -> dict[str, Any]:
    """The DataTransfer hooks of a test, by vendorId."""
    return {}


@pytest.fixture
def unusual() -> dict[str, Any]:
    """The settings of a test that are not as usual."""
    return {}


@pytest.fixture
async def door(tmp_path: Path, hooks: dict[str, Any], unusual: dict[str, Any]) -> AsyncIterator[Door]:
    clock, random, path = Clock(), Random(7), tmp_path / "amperanto.db"
    ids = Ids(clock.now, random.getrandbits)
    store = await Store.open(f"sqlite:///{path}", node="n", clock=clock.now, ids=ids)
    context = Context(
        store=store,
        bus=InProcessBus(),
        stations=Stations(),
        clock=clock,
        ids=ids,
        random=random,
        settings=replace(in_memory(), node="n", **unusual),
        hooks=Hooks(data_transfer=hooks),
    )
    door = Door(Csms(context), clock, path)
    yield door
    async with asyncio.timeout(5):
        for line in door.lines:
            line.cut()
        await asyncio.gather(*(line.serving for line in door.lines), return_exceptions=True)
        await store.close()
