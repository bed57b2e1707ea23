"""The group-commit writer: one task per store that makes units durable (D8).

While one group commits, the next collects; a lone unit waits for nobody and there is no timer in its way.
Units of stations go first, a group of them at a time. Bulk units (API, imports, pruning) are small by rule
and get a group of their own when no station waits, or after a few station groups, so that neither starves.
Rows nobody waits for (`later`) ride with the next group, or go alone after a moment; their number is bounded
and what is lost is counted.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable
from enum import Enum

from amperanto.stores.database import Database
from amperanto.stores.errors import NotDurable, StoreError
from amperanto.stores.groups import Recorded
from amperanto.stores.statements import Parameters, Statement

LARGEST_GROUP = 1000
LARGEST_BULK_UNIT = 1000
STATION_GROUPS_BEFORE_BULK = 8
LATER_KEPT = 20_000
LATER_AT_ONCE = 1000
LATER_AFTER = 0.2


class Lane(Enum):
    """Who waits for a unit: a station, or somebody who can wait a little longer."""

    STATION = "station"
    BULK = "bulk"


class Ticket:
    """A unit on its way to the disk."""

    __slots__ = ("committed", "future", "recorded")

    def __init__(
        self, recorded: Recorded, committed: list[Callable[[], None]], future: asyncio.Future[None] | None
    ) -> None:
        self.recorded = recorded
        self.committed = committed
        self.future = future

    @property
    def withdrawn(self) -> bool:
        """Whether whoever waited has gone before it was taken."""
        return self.future is not None and self.future.cancelled()


class Writer:
    """Takes units, commits them in groups, tells each what became of it."""

    def __init__(self, database: Database, node: str) -> None:
        self._database = database
        self._node = node
        self._loop = asyncio.get_running_loop()
        self._lanes: dict[Lane, deque[Ticket]] = {lane: deque() for lane in Lane}
        self._later: deque[tuple[Statement, Parameters]] = deque()
        self._since_bulk = 0
        self._wake = asyncio.Event()
        self._later_timer: asyncio.TimerHandle | None = None
        self._later_due = False
        self._closing = False
        self._task = self._loop.create_task(self._run(), name="store writer")
        self.groups = 0
        """Groups committed so far."""
        self.dropped = 0
        """Rows given to `later` that were lost."""

    async def commit(self, recorded: Recorded, lane: Lane, committed: list[Callable[[], None]]) -> None:
        """Make the unit durable.

        Raises ConflictError, Fenced, NotDurable, Unstorable: then nothing of it is kept.
        """
        if self._closing:
            raise NotDurable("the store is closed")
        if lane is Lane.BULK and recorded.size > LARGEST_BULK_UNIT:
            raise StoreError(f"a bulk unit writes at most {LARGEST_BULK_UNIT} rows, not {recorded.size}: cut it up")
        future: asyncio.Future[None] = self._loop.create_future()
        self._lanes[lane].append(Ticket(recorded, committed, future))
        self._wake.set()
        await future

    def later(self, statement: Statement, rows: list[Parameters]) -> None:
        """Write these rows with a later group.

        Nobody waits, and the oldest are dropped if too many pile up.
        """
        self._later.extend((statement, row) for row in rows)
        while len(self._later) > LATER_KEPT:
            self._later.popleft()
            self.dropped += 1
        if self._later_timer is None and not self._closing:
            self._later_timer = self._loop.call_later(LATER_AFTER, self._hurry_later)

    async def flush(self) -> None:
        """Wait until every row given to `later` so far is written, or lost."""
        await self.commit(Recorded(), Lane.STATION, [])  # behind the group that may be under way with such rows
        while self._later:
            await self.commit(Recorded(), Lane.STATION, [])

    async def close(self) -> None:
        """Commit what waits, then end."""
        self._closing = True
        self._wake.set()
        await self._task

    async def _run(self) -> None:
        try:
            while True:
                group = self._take()
                if group:
                    await self._commit_group(group)
                elif self._closing:
                    return
                else:
                    self._wake.clear()
                    await self._wake.wait()
        finally:
            self._end()

    def _end(self) -> None:
        """Leave nobody waiting, whatever ended the task."""
        self._closing = True
        if self._later_timer is not None:
            self._later_timer.cancel()
        for ticket in [ticket for lane in self._lanes.values() for ticket in lane]:
            self._settle(ticket, NotDurable("the store is closed"))

    def _hurry_later(self) -> None:
        self._later_due = True
        self._wake.set()

    def _take(self) -> list[Ticket]:
        """The next group: one lane's units, and rows nobody waits for."""
        station, bulk = self._lanes[Lane.STATION], self._lanes[Lane.BULK]
        bulk_now = bulk and (not station or self._since_bulk >= STATION_GROUPS_BEFORE_BULK)
        self._since_bulk = 0 if bulk_now else self._since_bulk + 1
        lane, room = (bulk, LARGEST_BULK_UNIT) if bulk_now else (station, LARGEST_GROUP)
        group: list[Ticket] = []
        while lane and len(group) < LARGEST_GROUP:
            room -= lane[0].recorded.size if bulk_now else 0
            if group and room < 0:
                break
            ticket = lane.popleft()
            if not ticket.withdrawn:
                group.append(ticket)
        if self._later and (group or self._later_due or self._closing):
            group.append(self._take_later())
        return group

    def _take_later(self) -> Ticket:
        rows = [self._later.popleft() for _ in range(min(len(self._later), LATER_AT_ONCE))]
        if self._later_timer is not None:
            self._later_timer.cancel()
        self._later_due = False
        self._later_timer = self._loop.call_later(LATER_AFTER, self._hurry_later) if self._later else None
        return Ticket(Recorded(writes=rows), [], None)

    async def _commit_group(self, group: list[Ticket]) -> None:
        outcomes: list[Exception | None]
        try:
            outcomes = await self._database.apply([ticket.recorded for ticket in group], self._node)
        except NotDurable as error:
            outcomes = [NotDurable(str(error)) for _ in group]
        except Exception as error:  # noqa: BLE001 - a bug in one group must not stop every later one
            outcomes = [StoreError(f"{type(error).__name__} while a group was written: {error}") for _ in group]
        else:
            self.groups += 1
        for ticket, outcome in zip(group, outcomes, strict=True):
            self._settle(ticket, outcome)

    def _settle(self, ticket: Ticket, outcome: Exception | None) -> None:
        if outcome is None:
            for committed in ticket.committed:
                try:
                    committed()
                except Exception as error:  # noqa: BLE001 - an error in one must not stop the writer
                    about = {"message": "what follows a commit failed", "exception": error}
                    self._loop.call_exception_handler(about)
        if ticket.future is None:
            self.dropped += len(ticket.recorded.writes) if outcome is not None else 0
        elif not ticket.future.done():
            if outcome is None:
                ticket.future.set_result(None)
            else:
                ticket.future.set_exception(outcome)
