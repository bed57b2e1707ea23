"""Delivery: what is wanted of stations is brought to them, one loop for everything and one thing at a time to each.

Every few seconds, and when a station arrives or something new is wanted, the node looks which of its connected stations
something waits for. One that has been connected for a moment (`settle_time`, counted anew after each boot), was
accepted, does not want to be left alone (`quiet`) and is not caught in a loop of boots gets it: kind by kind in the
order of their ranks, then what a block follows by itself (`Standing`). What the station says settles a wish; where it
goes away or does not answer, the wish waits on, ever longer, and is given up after five tries. Some stations are served
at once; a slow one takes the place of nobody else.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

import structlog

from amperanto.csms.block import Block, Context
from amperanto.csms.desired_state import BY_ITSELF, REPORT, DesiredState, Kind
from amperanto.csms.errors import ConflictError, NotDurable, StationError
from amperanto.domain.desired_state import Outcome, Wish, WishState, failed, waits
from amperanto.domain.stations import Registration, Station, StationId
from amperanto.stores.store import Lane, Unit

EVERY = 5.0
TRIES = 5
AGAIN = 60.0
"""Seconds until a connection is tried again; each try that comes to nothing doubles them."""
LONGEST = 600.0
AT_ONCE = 16  # stations
LEFT_ALONE = "stations of this make are configured by a person only"
LOOK = 60.0
"""Seconds between two looks of those who follow something by themselves."""

log = structlog.get_logger("amperanto.csms")


class Standing(Protocol):
    """What a block keeps in step by itself, without a wish each time: it says where it is due, and does it."""

    def due(self) -> Iterable[StationId]:
        """The stations where something is to be done."""
        ...

    async def serve(self, station: StationId) -> None:
        """Do it at that station, which is connected; raises NotDurable and StationBusy."""
        ...

    async def look(self) -> None:
        """Find where something is due now."""
        ...


@dataclass(slots=True)
class _Seen:
    """A connection of a station: from when it may be asked anything, and when it may be tried next (monotonic)."""

    number: int
    settled: float
    due: float
    wait: float = AGAIN


class Delivery(Block):
    """The way from a wish to its station."""

    def __init__(self, context: Context, wished: DesiredState) -> None:
        super().__init__(context)
        self._wished = wished
        self._seen: dict[StationId, _Seen] = {}
        self._standing: list[Standing] = []
        self._under_way: set[StationId] = set()
        self._queue: asyncio.Queue[StationId] = asyncio.Queue()
        self._wake = asyncio.Event()
        self._looked = context.clock.monotonic()
        self._again: dict[StationId, float] = {}
        self.on_given: list[Callable[[Station], Awaitable[None]]] = []
        """Who looks at a station after it was given what it can take."""
        wished.on_want.append(lambda _: self.wake())

    def follow(self, standing: Standing) -> None:
        """Serve what that block keeps in step, after the wishes."""
        self._standing.append(standing)

    def wake(self) -> None:
        """Look soon."""
        self._wake.set()

    def look_soon(self) -> None:
        """What blocks keep in step by themselves may be due somewhere: let them look now, not only within a minute."""
        self._looked = self.context.clock.monotonic() - LOOK
        self.wake()

    def arrived(self, station: StationId, *, booted: bool) -> None:
        """The station's first message on this socket, or its boot, was answered: it settles, then is served."""
        if booted:
            self._seen.pop(station, None)
        self.wake()

    # --- the loop

    async def run(self) -> None:
        """Look and serve, until cancelled."""
        async with asyncio.TaskGroup() as group:
            for _ in range(AT_ONCE):
                group.create_task(self._work())
            while True:
                await self._sleep()
                await surviving(self._find())

    async def _sleep(self) -> None:
        """Wait until the next look, or until somebody wakes us."""
        self._wake.clear()
        waiting = [asyncio.ensure_future(self.context.clock.sleep(EVERY)), asyncio.ensure_future(self._wake.wait())]
        try:
            await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for one in waiting:
                one.cancel()

    async def _find(self) -> None:
        if self.context.clock.monotonic() - self._looked >= LOOK:
            self._looked = self.context.clock.monotonic()
            for standing in self._standing:
                await surviving(standing.look())
        for station in await self.due():
            self._under_way.add(station)
            self._queue.put_nowait(station)

    async def _work(self) -> None:
        while True:
            station = await self._queue.get()
            try:
                await surviving(self._serve(station))
            finally:
                self._under_way.discard(station)

    async def look(self) -> None:
        """Serve every station that can be served now, and return when that is done."""
        for station in await self.due():
            await self._serve(station)

    async def due(self) -> list[StationId]:
        """The stations to serve now; expires what waited for too long."""
        now, clock = self.context.clock.now(), self.context.clock.monotonic()
        waiting = await self.context.store.desired_states.stations_waiting()
        await self._expire(now, waiting)
        standing = {station for one in self._standing for station in one.due()}
        return [
            station
            for station, seen in self._connected(clock).items()
            if seen.settled <= clock
            and station not in self._under_way
            and (station in standing or (station in waiting and seen.due <= clock))
        ]

    async def _expire(self, now: datetime, waiting: dict[StationId, datetime]) -> None:
        if any(first <= now for first in waiting.values()):
            async with self.context.store.unit(lane=Lane.BULK) as unit:
                unit.desired_states.expire(now)

    def _connected(self, clock: float) -> dict[StationId, _Seen]:
        before, self._seen = self._seen, {}
        ready = clock + self.context.settings.settle_time
        for link in self.context.stations:
            seen = before.get(link.station_id)
            if seen is None or seen.number != link.number:
                seen = _Seen(link.number, ready, ready)
            self._seen[link.station_id] = seen
        return self._seen

    # --- one station

    async def _serve(self, station: StationId) -> None:
        """Give a station what is wanted of it; where something still waits, it is tried again later."""
        seen = self._seen.get(station)
        clock = self.context.clock.monotonic()
        if seen is not None and seen.due <= clock:
            seen.due, seen.wait = clock + seen.wait, min(seen.wait * 2, LONGEST)
            ended, again = await self.give(station), self._again.pop(station, None)
            if ended or again is not None:
                seen.due, seen.wait = self.context.clock.monotonic() + (again or 0.0), AGAIN
        for one in self._standing:
            if station in one.due():
                await surviving(one.serve(station))

    async def give(self, station: StationId) -> bool:
        """Bring what is wanted to a connected station that may get it; whether it all came to an end.

        Raises NotDurable.
        """
        known = await self.context.store.stations.by_id(station)
        if known is None or known.admitted in (None, Registration.REJECTED) or not known.may_be_sent_to:
            return False
        wishes = await self.context.store.desired_states.waiting(station, self.context.clock.now())
        ended = True
        for kind in sorted(self._wished.kinds.values(), key=lambda kind: kind.rank):
            mine = [wish for wish in wishes if wish.kind == kind.name]
            if mine and (known.may_speak() or kind.while_pending):
                ended &= await self.bring(kind, known, mine)
            else:
                ended &= not mine
        for given in self.on_given:
            await given(known)
        return ended

    async def bring(self, kind: Kind, station: Station, wishes: Sequence[Wish]) -> bool:
        """Bring wishes of one kind now; whether all of them came to an end."""
        try:
            outcomes = await self._delivered(kind, station, wishes)
        except StationError as error:
            outcomes = [waits(str(error))] * len(wishes)
        ends = [_given_up(wish, outcome) for wish, outcome in zip(wishes, outcomes, strict=True)]

        async def work(unit: Unit) -> None:
            now = self.context.clock.now()
            for wish, one in zip(wishes, ends, strict=True):
                if one.body is not None:
                    unit.desired_states.rewrite(wish.id, one.body)
                unit.desired_states.settle(wish.id, one.state, one.said, now, tried=one.tried)

        try:
            await self.context.store.run(work, lane=Lane.BULK)
        except ConflictError as error:
            log.warning("what became of wishes could not be kept", station=station.identity, why=str(error))
        soon = [one.again for one in ends if one.state is WishState.WAITING and one.again is not None]
        if soon:
            self._again[station.id] = min([*soon, self._again.get(station.id, LONGEST)])
        return all(one.state is not WishState.WAITING for one in ends)

    async def _delivered(self, kind: Kind, station: Station, wishes: Sequence[Wish]) -> list[Outcome]:
        """The outcomes; what nobody asked for is not set at stations whose make cannot bear it."""
        if self.context.stations.behaviour(station.id).configured_unasked or kind.name == REPORT:
            return list(await kind.deliver(station, wishes))
        asked = [wish for wish in wishes if wish.wanted_by != BY_ITSELF]
        outcomes = iter(await kind.deliver(station, asked) if asked else ())
        return [failed(LEFT_ALONE) if wish.wanted_by == BY_ITSELF else next(outcomes) for wish in wishes]


def _given_up(wish: Wish, outcome: Outcome) -> Outcome:
    """A wish that was tried often enough is tried no more."""
    if outcome.state is WishState.WAITING and outcome.tried and wish.attempts + 1 >= TRIES:
        return Outcome(WishState.FAILED, outcome.said, body=outcome.body)
    return outcome


async def surviving(work: Awaitable[None]) -> None:
    """One station's trouble must not end the work for the others."""
    try:
        await work
    except (NotDurable, StationError) as error:
        log.warning("what is wanted of a station waits", why=str(error))
    except Exception as error:  # noqa: BLE001 - as above
        log.warning("bringing what is wanted failed", why=f"{type(error).__name__}: {error}")
