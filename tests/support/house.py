"""The whole house in memory under simulated time: CSMS, gateway, store, and stations at its door.

Time stands still while the CSMS works on a message, however slow its disk is, and moves while an answer that was lost
on the way is waited for: so stations on bad lines live through a day in seconds, and in the same way each time.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime
from random import Random
from typing import Any

from amperanto.bus.inprocess import InProcessBus
from amperanto.csms.block import Context
from amperanto.csms.csms import Csms
from amperanto.csms.stations import Stations
from amperanto.csms.timers import AT_ONCE
from amperanto.domain.ids import Ids
from amperanto.domain.stations import DEFAULT_ORGANISATION, StationId
from amperanto.domain.stations import Station as Registered
from amperanto.domain.tokens import RegisteredToken, Token
from amperanto.domain.transactions import Transaction
from amperanto.gateway.server import Gateway
from amperanto.ocpp import Codec, Connection, Role, Version
from amperanto.settings import in_memory
from amperanto.station import ByProfile, Station
from amperanto.station.faults import Faults
from amperanto.stores.store import Store
from amperanto.testing import SimulatedClock
from amperanto.transport.memory import Cable, Side
from amperanto.transport.peer import Peer

CALL = 2
NEW_YEAR = datetime(2026, 1, 1, tzinfo=UTC)


class WatchedCable(Cable):
    """A cable that holds the time while the CSMS has a call that it has not answered.

    A station that has left its end (`left`) answers no ping; what it sent before still arrives.
    """

    def __init__(self, clock: SimulatedClock) -> None:
        super().__init__()
        self.left: Callable[[], bool] = lambda: False
        self._clock = clock
        self._open: set[str] = set()

    @property
    def held(self) -> bool:
        """Whether nobody is at the other end."""
        return self.left()

    @held.setter
    def held(self, _: bool) -> None: ...

    def carry(self, side: Side, text: str) -> None:
        """A text goes through; a call holds the time until its answer."""
        kind, name = json.loads(text)[:2]
        if side == "station" and kind == CALL and name not in self._open:
            self._open.add(name)
            self._clock.hold()
        elif side == "csms" and kind != CALL and name in self._open:
            self._open.discard(name)
            self._clock.release()
        (self.csms_link if side == "station" else self.station_link).arrive(text)

    async def watch(self) -> None:
        """Nothing is answered over a cable that has ended."""
        await self.csms_link.wait_closed()
        for _ in self._open:
            self._clock.release()
        self._open.clear()


class House:
    """A running CSMS that knows stations and their tokens."""

    def __init__(self, store: Store, ids: Ids, clock: SimulatedClock, seed: int) -> None:
        self.store = store
        self.clock = clock
        self.ids = ids
        self._tasks: list[asyncio.Task[Any]] = []
        self._timers: list[asyncio.Task[None]] = []
        self._cables: list[WatchedCable] = []
        self.csms = csms = Csms(
            Context(
                store=store,
                bus=InProcessBus(),
                stations=Stations(),
                clock=clock,
                ids=ids,
                random=Random(seed),
                settings=replace(in_memory(), node="n"),
            )
        )
        self.gateway = Gateway(csms)

    async def station(
        self,
        identity: str,
        version: Version,
        *,
        faults: Faults | None = None,
        known_as: Mapping[str, Any] | None = None,
        **options: Any,
    ) -> Station:
        """A station the CSMS knows, with a token of the same name; `faults` afflict it and its line.

        `known_as` is what else the CSMS knows of it (its site, its heartbeat interval). With a `profile` it
        connects by its network profiles, all of which lead here.
        """
        known = Registered(
            id=StationId(self.ids.new()), organisation=DEFAULT_ORGANISATION, identity=identity, **(known_as or {})
        )
        token = RegisteredToken(id=self.ids.new(), organisation=DEFAULT_ORGANISATION, token=Token(identity))
        async with self.store.unit() as unit:
            unit.stations.add(known)
            unit.tokens.add(token)
        bad = faults or Faults(self.clock)
        ids = bad.ids(identity)

        async def connect() -> Peer:
            cable = WatchedCable(self.clock)
            self._cables.append(cable)
            self._tasks.append(asyncio.create_task(cable.watch()))
            self._tasks.append(asyncio.create_task(self.gateway.serve(cable.csms_link, known, version)))
            line = Connection(Role.STATION, Codec(version), ids=ids)
            link = bad.on(cable.station_link, identity)
            cable.left = lambda: link.dead
            return Peer(line, link, identity=identity, clock=self.clock.monotonic)

        profile = options.pop("profile", None)
        way = connect if profile is None else ByProfile(profile, lambda _: connect())
        station = Station(identity, version, connect=way, clock=self.clock, seed=identity, **options)
        if faults is not None:
            faults.afflict(station)
        return station

    async def transactions(self) -> list[Transaction]:
        """What the CSMS knows, oldest first."""
        found: list[Transaction] = []
        cursor: str | None = None
        while True:
            page = await self.store.transactions.list(DEFAULT_ORGANISATION, cursor=cursor, limit=1000)
            found += page.items
            cursor = page.next
            if cursor is None:
                return list(reversed(found))

    def let_timers_fall_due(self, every: float) -> None:
        """From now on what is due is done, so many seconds late at most; time stands still meanwhile."""

        async def look() -> None:
            while True:
                await self.clock.sleep(every)
                self.clock.hold()
                try:
                    while await self.csms.timers.look() == AT_ONCE:
                        pass
                finally:
                    self.clock.release()

        self._timers.append(asyncio.create_task(look()))

    def close(self) -> None:
        """Everybody hangs up."""
        for cable in self._cables:
            cable.cut()
        for task in self._timers:
            task.cancel()

    async def gone(self) -> None:
        """Return when nothing runs any more."""
        await asyncio.gather(*self._tasks, *self._timers, return_exceptions=True)


def _hold_while_it_works(store: Store, clock: SimulatedClock) -> None:
    """Time stands still while a thread of the database is at work, whoever asked for it: else it is a race (R13)."""
    database: Any = store._database
    work_in = database._in

    async def held(thread: str, work: Callable[[], Any]) -> Any:
        clock.hold()
        try:
            return await work_in(thread, work)
        finally:
            clock.release()

    database._in = held


@asynccontextmanager
async def house(seed: int = 1, *, start: datetime = NEW_YEAR, database: str = "sqlite://") -> AsyncIterator[House]:
    """A CSMS of its own for one test."""
    clock = SimulatedClock(start, waits_for_network=False)
    ids = Ids(clock.now, Random(seed).getrandbits)
    store = await Store.open(database, clock=clock.now, ids=ids, node="n")
    _hold_while_it_works(store, clock)
    built = House(store, ids, clock, seed)
    try:
        yield built
    finally:
        built.close()
        await built.gone()
        await store.close()
