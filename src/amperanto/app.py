"""The composition root: settings in, running node out. Everything is wired here and nowhere else.

A node is the whole house (D7): the store, the CSMS, the door for stations and the door for programs on one event
loop. `start` returns when both doors are open; `Node.stop` closes them, tells the stations, and leaves nothing
unsaved.
"""

from __future__ import annotations

import asyncio
import gc
from collections.abc import Awaitable
from dataclasses import dataclass
from datetime import UTC, datetime
from random import SystemRandom
from time import monotonic

import structlog

from amperanto import hooks
from amperanto.api.server import Server, serve
from amperanto.bus.inprocess import InProcessBus
from amperanto.csms.block import Clock, Context
from amperanto.csms.csms import Csms
from amperanto.csms.stations import Stations
from amperanto.domain.ids import Ids
from amperanto.gateway.server import Gateway
from amperanto.settings import Settings
from amperanto.stores.errors import NotDurable, StoreError
from amperanto.stores.store import Store

__all__ = ["Node", "StoreError", "SystemClock", "start"]

# Sockets are long-lived objects: with the default thresholds the collector walks them again and again
# (performance.md: 51 → 30 µs a message at 10,000 connections).
GC_THRESHOLDS = (50_000, 20, 50)
STEP_SECONDS = 4.0  # for a step of the end
COMMIT_SECONDS = 20.0  # for the last commits: a hanging PostgreSQL is given up after 15

log = structlog.get_logger("amperanto")


class SystemClock:
    """The machine's time."""

    def now(self) -> datetime:
        """Wall time, UTC."""
        return datetime.now(UTC)

    def monotonic(self) -> float:
        """Seconds that only grow."""
        return monotonic()

    async def sleep(self, seconds: float) -> None:
        """Wait."""
        await asyncio.sleep(seconds)


@dataclass(slots=True)
class Node:
    """A running node. `admin_key` is there only on the very first start."""

    settings: Settings
    csms: Csms
    gateway: Gateway
    api: Server
    store: Store
    admin_key: str | None
    _tasks: list[asyncio.Task[None]]

    @property
    def ocpp_port(self) -> int:
        """Where stations connect."""
        return self.gateway.port

    @property
    def http_port(self) -> int:
        """Where programs connect."""
        return self.api.port

    async def stop(self) -> None:
        """Close the doors, end every connection, keep everything; each step has its time and no more."""
        for task in self._tasks:
            task.cancel()
        if self._tasks:
            await asyncio.wait(self._tasks, timeout=STEP_SECONDS)
        await asyncio.gather(_within("the HTTP server", self.api.stop()), _within("the stations", self.gateway.stop()))
        await _within("when stations were last heard", self.csms.schedule.keep_seen())
        await _within("what stations do that the standard does not say", self.csms.oddities.keep())
        await _within("the database", self.store.close(), seconds=COMMIT_SECONDS)


async def _within(what: str, step: Awaitable[None], *, seconds: float = STEP_SECONDS) -> None:
    """One step of the end. What takes longer, or finds no database, is told and left."""
    try:
        async with asyncio.timeout(seconds):
            await step
    except TimeoutError:
        log.warning("a step of the end took too long and was left", step=what, seconds=seconds)
    except NotDurable as error:
        log.warning("something could not be kept at the end", step=what, why=str(error))


async def start(settings: Settings, *, clock: Clock | None = None) -> Node:
    """Open the store, then the doors.

    Raises OSError for a port that is taken, StoreError for a database that is not to be had.
    """
    clock = clock or SystemClock()
    gc.set_threshold(*GC_THRESHOLDS)
    random = SystemRandom()
    ids = Ids(clock.now, random.getrandbits)
    store = await Store.open(settings.database_url, node=settings.node, clock=clock.now, ids=ids)
    try:
        return await _opened(settings, store, clock, ids, random)
    except BaseException:
        await store.close()
        raise


async def _opened(settings: Settings, store: Store, clock: Clock, ids: Ids, random: SystemRandom) -> Node:
    await store.connections.close_orphans(settings.node, clock.now())
    csms = Csms(
        Context(
            store=store,
            bus=InProcessBus(),
            stations=Stations(),
            clock=clock,
            ids=ids,
            random=random,
            settings=settings,
            hooks=hooks.load(),
        )
    )
    key = await csms.access.first_key(settings.data)
    gateway = await Gateway.open(csms)
    try:
        door = await serve(csms, settings)
    except BaseException:
        await gateway.stop()
        raise
    tasks = [
        asyncio.create_task(csms.schedule.run(), name="schedule"),
        asyncio.create_task(csms.timers.run(), name="timers"),
        asyncio.create_task(csms.delivery.run(), name="delivery"),
        asyncio.create_task(csms.running_costs.run(), name="running costs"),
    ]
    return Node(settings, csms, gateway, door, store, key, tasks)
