"""What falls due by itself: the log and the outbox lose what is past its time, in small steps beside the work.

The rule (R7): never one long delete; each step takes a bounded number of rows and then lets the stations' units
go first. The log loses its oldest frames, too, when it is larger than its cap; how large it is, is estimated.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta

import structlog

from amperanto.csms.block import Block, Context
from amperanto.domain.stations import StationId
from amperanto.stores.errors import NotDurable
from amperanto.stores.store import Lane

EVERY = 60.0
ROWS_A_STEP = 500

log = structlog.get_logger("amperanto.csms")


class Schedule(Block):
    """Housekeeping of one node."""

    def __init__(self, context: Context) -> None:
        super().__init__(context)
        self._seen: dict[StationId, datetime] = {}
        self._heard: dict[StationId, datetime] = {}
        self.due: list[Callable[[], Awaitable[object]]] = []
        """What other blocks look after every minute: each ends by itself what is past its time."""

    def seen(self, station: StationId, at: datetime) -> None:
        """The station was heard; written at most once a minute, with all the others."""
        self._seen[station] = at

    def last_heard(self, station: StationId) -> datetime | None:
        """When a connected station said anything at all (G02); None where that is not known here."""
        return self._seen.get(station) or self._heard.get(station)

    async def run(self) -> None:
        """Tidy up every minute, until cancelled."""
        while True:
            await self.context.clock.sleep(EVERY)
            try:
                await self.keep_seen()
                await self.tidy()
                for look in self.due:
                    await look()
            except NotDurable as error:
                log.warning("nothing can be tidied now", why=str(error))
            except Exception as error:  # noqa: BLE001 - one bad minute must not end the tidying for good
                log.warning("tidying failed", why=f"{type(error).__name__}: {error}")

    async def keep_seen(self) -> None:
        """Write when each station was last heard."""
        seen, self._seen = self._seen, {}
        known = self._heard | seen
        self._heard = {station: at for station, at in known.items() if self.context.stations.online(station)}
        places = list(seen.items())
        for start in range(0, len(places), ROWS_A_STEP):
            async with self.context.store.unit(lane=Lane.BULK) as unit:
                for station, at in places[start : start + ROWS_A_STEP]:
                    unit.stations.seen(station, at)

    async def tidy(self) -> int:
        """Remove what is past its time; returns how many rows."""
        now = self.context.clock.now()
        settings = self.context.settings
        removed = await self._cap_log(now)
        for prune, days in (
            (self.context.store.messages.prune, settings.log_days),
            (self.context.store.outbox.prune, settings.outbox_days),
        ):
            while True:
                step = await prune(now - timedelta(days=days), ROWS_A_STEP)
                removed += step
                if step < ROWS_A_STEP:
                    break
        return removed

    async def _cap_log(self, now: datetime) -> int:
        """Remove the oldest frames while the log is about larger than its cap; returns how many."""
        volume = await self.context.store.messages.volume()
        too_many = volume.beyond(self.context.settings.log_megabytes * 1_000_000)
        removed = 0
        while removed < too_many:
            step = await self.context.store.messages.prune(now, min(ROWS_A_STEP, too_many - removed))
            if step == 0:
                break
            removed += step
        return removed
