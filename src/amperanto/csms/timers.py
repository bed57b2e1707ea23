"""Timers: what falls due at a time is done once, by one node, even if everybody died in between (R4).

A block says `timers.on("kind", handler)` when it is built, and `unit.due.put(...)` in the unit that causes it. About
once a second the node claims what is due by a lease and runs its handler in a unit that also ends the row: what the
handler changes and the end of the timer are durable together or not at all. A handler waits for no network (R2); the
calls it wants go to `unit.after_commit`. One that fails is tried again when its lease is over, each time later, and
after some tries it is given up, which the log says as an error. A `lasting` kind is never given up: what is owed does
not lapse because a database was away for an hour, or a fault took a day to be mended.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import timedelta

import structlog

from amperanto.csms.block import Block, Context
from amperanto.domain.due import Due
from amperanto.stores.errors import ConflictError, NotDurable
from amperanto.stores.store import Lane, Unit

EVERY = 1.0
LEASE = timedelta(seconds=60)
AT_ONCE = 200
TRIES = 5
LONGEST = 60  # leases: who fails on is tried again every hour

Handler = Callable[[Unit, Due], Awaitable[None]]

log = structlog.get_logger("amperanto.csms")


class Timers(Block):
    """What happens by itself at a time."""

    def __init__(self, context: Context) -> None:
        super().__init__(context)
        self._kinds: dict[str, Handler] = {}
        self._lasting: set[str] = set()

    def on(self, kind: str, handler: Handler, *, lasting: bool = False) -> None:
        """Say who does what is due of this kind; a lasting one is tried until it is done."""
        assert kind not in self._kinds, f"two blocks do {kind}"
        self._kinds[kind] = handler
        if lasting:
            self._lasting.add(kind)

    async def run(self) -> None:
        """Look every second, until cancelled."""
        while True:
            await self.context.clock.sleep(EVERY)
            try:
                while await self.look() == AT_ONCE:
                    pass
            except NotDurable as error:
                log.warning("what is due cannot be done now", why=str(error))
            except Exception as error:  # noqa: BLE001 - one bad look must not end the looking for good
                log.warning("doing what is due failed", why=f"{type(error).__name__}: {error}")

    async def look(self) -> int:
        """Do what is due now; returns how much was found. Raises NotDurable."""
        ready = await self.context.store.due.ready(self.context.clock.now(), AT_ONCE)
        for one in ready:
            await self._do(one)
        return len(ready)

    async def _do(self, one: Due) -> None:
        handler = self._kinds.get(one.kind)
        try:
            claimed = await self._claim(one)
        except ConflictError:
            return  # another node was faster, or it was put off
        try:
            if handler is None or (claimed.tries > TRIES and one.kind not in self._lasting):
                raise LookupError(f"nobody does {one.kind}" if handler is None else f"tried {TRIES} times")

            async def work(unit: Unit) -> None:
                unit.due.done(claimed)
                await handler(unit, claimed)

            await self.context.store.run(work, lane=Lane.BULK)
        except ConflictError:
            return
        except LookupError as error:
            await self._give_up(claimed, str(error))
        except NotDurable:
            raise
        except Exception as error:  # noqa: BLE001 - what one timer does wrong is its own
            why = f"{type(error).__name__}: {error}"
            say = log.warning if claimed.tries <= TRIES else log.error
            say(
                "what was due failed and is tried again",
                kind=one.kind,
                subject=one.subject,
                tries=claimed.tries,
                why=why,
            )

    async def _claim(self, one: Due) -> Due:
        now = self.context.clock.now()

        async with self.context.store.unit(lane=Lane.BULK) as unit:
            return unit.due.claim(one, now, now + LEASE * min(one.tries + 1, LONGEST))

    async def _give_up(self, one: Due, why: str) -> None:
        """It cannot be done: said in the log, and never tried again."""
        log.error("what was due is given up", kind=one.kind, subject=one.subject, why=why)
        async with self.context.store.unit(lane=Lane.BULK) as unit:
            unit.due.done(one)
