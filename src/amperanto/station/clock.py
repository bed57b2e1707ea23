"""Time as a station sees it: real, hurried, or simulated.

Nothing in this room looks at the machine's clock; everything asks a Clock. Three of them:

- RealClock: the machine's.
- AcceleratedClock: real time times a factor, so that a demonstration charges a car within seconds.
- SimulatedClock: stands still until somebody awaits `advance` or `until`; then, whenever every task waits, it
  leaps to the next instant somebody sleeps for. Hours of charging take a moment, in the same order each time.

A message under way to another program takes real time. Such waits go through `elsewhere`, and simulated time
does not move meanwhile, however slow the other side is (a CSMS that writes to a disk, say).
"""

from __future__ import annotations

import asyncio
import heapq
import time
from collections.abc import Awaitable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from math import inf
from typing import Protocol, TypeVar

T = TypeVar("T")


class Clock(Protocol):
    """Wall time in UTC, monotonic seconds, and sleep."""

    @property
    def synchronizable(self) -> bool:
        """Whether the station may set its time by the CSMS's."""
        ...

    def now(self) -> datetime:
        """Wall time, UTC."""
        ...

    def monotonic(self) -> float:
        """Seconds since some instant, never going back."""
        ...

    async def sleep(self, seconds: float) -> None:
        """Return after that many seconds of this clock."""
        ...

    async def elsewhere(self, work: Awaitable[T], timeout: float) -> T:
        """The result of work another program does in real time. Raises TimeoutError."""
        ...


class RealClock:
    """The machine's clock."""

    synchronizable = True

    def now(self) -> datetime:
        return datetime.now(UTC)

    def monotonic(self) -> float:
        return time.monotonic()

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(max(seconds, 0.0))

    async def elsewhere(self, work: Awaitable[T], timeout: float) -> T:
        async with asyncio.timeout(timeout):
            return await work


class AcceleratedClock:
    """Real time `factor` times as fast, from `start` on; it keeps its own time whatever the CSMS says."""

    synchronizable = False

    def __init__(self, factor: float, *, start: datetime | None = None, real: Clock | None = None) -> None:
        self.factor = factor
        self._real: Clock = real or RealClock()
        self._origin = self._real.monotonic()
        self._start = start or self._real.now()

    def now(self) -> datetime:
        return self._start + timedelta(seconds=self.monotonic())

    def monotonic(self) -> float:
        return (self._real.monotonic() - self._origin) * self.factor

    async def sleep(self, seconds: float) -> None:
        await self._real.sleep(seconds / self.factor)

    async def elsewhere(self, work: Awaitable[T], timeout: float) -> T:
        return await self._real.elsewhere(work, timeout)


class SimulatedClock:
    """Time that moves only in `advance` and `until`, and then only when every task waits.

    `patience` is how many turns of the event loop must pass without anybody touching the clock before all
    count as waiting. With `waits_for_network=False` time also runs while messages are under way: for tests of
    lost frames.
    """

    def __init__(
        self,
        start: datetime = datetime(2026, 1, 1, tzinfo=UTC),
        *,
        patience: int = 30,
        waits_for_network: bool = True,
        synchronizable: bool = False,
    ) -> None:
        self.synchronizable = synchronizable
        self._start = start
        self._elapsed = 0.0
        self._patience = patience
        self._waits_for_network = waits_for_network
        self._sleepers: list[tuple[float, int, asyncio.Future[None]]] = []
        self._touches = 0
        self._under_way = 0
        self._touched = asyncio.Event()
        self._users = 0
        self._pump: asyncio.Task[None] | None = None

    def now(self) -> datetime:
        return self._start + timedelta(seconds=self._elapsed)

    def monotonic(self) -> float:
        return self._elapsed

    async def sleep(self, seconds: float) -> None:
        if seconds <= 0:
            self._touch()
            await asyncio.sleep(0)
            return
        future = asyncio.get_running_loop().create_future()
        self._touch()
        heapq.heappush(self._sleepers, (self._elapsed + seconds, self._touches, future))
        try:
            await future
        finally:
            future.cancel()
            self._touch()

    async def elsewhere(self, work: Awaitable[T], timeout: float) -> T:
        if not self._waits_for_network:
            return await within(self, timeout, work)
        self._under_way += 1
        try:
            async with asyncio.timeout(timeout):
                return await work
        finally:
            self._under_way -= 1
            self._touch()

    def hold(self) -> None:
        """Somebody is at work in real time: time stands still until `release`."""
        self._under_way += 1
        self._touch()

    def release(self) -> None:
        """That work is done."""
        self._under_way -= 1
        self._touch()

    async def advance(self, seconds: float) -> None:
        """Let that many seconds pass, with everything that happens in them."""
        await self.until(self.sleep(seconds))
        await self._settled()
        while self._leap(until=self._elapsed):
            await self._settled()

    async def until(self, work: Awaitable[T]) -> T:
        """Let time pass until `work` is done; its result."""
        self._users += 1
        if self._pump is None:
            self._pump = asyncio.create_task(self._run())
        try:
            return await work
        finally:
            self._users -= 1
            if not self._users:
                self._pump.cancel()
                self._pump = None

    async def _run(self) -> None:
        while True:
            await self._settled()
            if not self._leap(until=inf):
                await self._next_touch()

    def _leap(self, until: float) -> bool:
        """Go to the next instant somebody sleeps for, and wake them; whether there is one by then."""
        while self._sleepers and self._sleepers[0][2].done():
            heapq.heappop(self._sleepers)
        if not self._sleepers or self._sleepers[0][0] > until:
            return False
        due, _, future = heapq.heappop(self._sleepers)
        self._elapsed = max(self._elapsed, due)
        future.set_result(None)
        return True

    async def _settled(self) -> None:
        """Return when nobody touched the clock for `patience` turns and no message is under way."""
        quiet = 0
        while quiet < self._patience:
            if self._under_way:
                await self._next_touch()
            before = self._touches
            await asyncio.sleep(0)
            quiet = quiet + 1 if self._touches == before else 0

    async def _next_touch(self) -> None:
        self._touched.clear()
        await self._touched.wait()

    def _touch(self) -> None:
        self._touches += 1
        self._touched.set()


async def within(clock: Clock, seconds: float, work: Awaitable[T]) -> T:
    """The result of `work`. Raises TimeoutError, and cancels it, when it takes longer than that."""
    task = asyncio.ensure_future(work)
    timer = asyncio.ensure_future(clock.sleep(seconds))
    try:
        await asyncio.wait({task, timer}, return_when=asyncio.FIRST_COMPLETED)
        if not task.done():
            raise TimeoutError
        return task.result()
    finally:
        timer.cancel()
        task.cancel()
        await asyncio.gather(task, timer, return_exceptions=True)


SANE_YEARS = range(2000, 2200)
"""A CSMS that tells another year has no clock."""


NEVER_SET = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(slots=True)
class ClockError:
    """A fault of a station's clock: it is off, and `unset` it counts from 1970 until the CSMS has told the time."""

    offset: timedelta = field(default_factory=timedelta)
    unset: bool = False

    def shown(self, now: datetime, uptime: float) -> datetime:
        """What it shows at that true time, so many seconds after it began to count."""
        return NEVER_SET + timedelta(seconds=uptime) if self.unset else now + self.offset


class StationTime:
    """The station's own idea of the time: its clock, set by what the CSMS said last."""

    def __init__(self, clock: Clock) -> None:
        self.clock = clock
        self.error: ClockError | None = None
        self._ahead = timedelta()

    def now(self) -> datetime:
        """The station's wall time, UTC, to the millisecond the wire carries."""
        now = self.clock.now() + self._ahead
        if self.error is not None:
            now = self.error.shown(now, self.clock.monotonic())
        return now.replace(microsecond=now.microsecond // 1000 * 1000)

    def set(self, told: datetime) -> None:
        """Take over the CSMS's time, if this clock lets itself be set."""
        if self.error is not None:
            self.error.unset = False
        if self.clock.synchronizable and told.year in SANE_YEARS:
            self._ahead = told - self.clock.now()
