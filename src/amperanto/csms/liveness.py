"""G02: a station that falls silent on an open socket is noticed, and so is its return.

Any frame proves that a station lives. One of which nothing was heard for two heartbeats and a minute is said to be
silent, once; a socket that ends is said by its own event. When a station was last heard is known where its socket is,
and only there: nothing is read or written for that, and after a restart of the node the count begins anew.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from amperanto.csms.block import Block, Context
from amperanto.domain.events import StationFellSilent, StationHeardAgain
from amperanto.domain.stations import Station, StationId
from amperanto.stores.store import Lane

MISSED = 2
MARGIN = timedelta(seconds=60)
SHORTEST = 30  # seconds: a shorter heartbeat interval counts as this
LEAST = timedelta(seconds=MISSED * SHORTEST) + MARGIN


@dataclass(slots=True)
class _Watched:
    """A socket under watch: since when, and since when it is silent."""

    number: int
    heard: datetime
    silent: bool = False


class Liveness(Block):
    """Who speaks, and who has stopped to."""

    def __init__(self, context: Context, last_heard: Callable[[StationId], datetime | None]) -> None:
        super().__init__(context)
        self._last_heard = last_heard
        self._watched: dict[StationId, _Watched] = {}

    async def look(self) -> None:
        """Say who fell silent since the last look, and who was heard again."""
        now = self.context.clock.now()
        before, self._watched = self._watched, {}
        for link in self.context.stations:
            seen = before.get(link.station_id)
            if seen is None or seen.number != link.number:
                seen = _Watched(link.number, self._last_heard(link.station_id) or now)
            self._watched[link.station_id] = seen
            await self._check(link.station_id, seen, now)

    async def _check(self, station: StationId, seen: _Watched, now: datetime) -> None:
        since, heard = seen.heard, self._last_heard(station)
        seen.heard = since if heard is None else max(since, heard)
        if seen.heard > since if seen.silent else now - seen.heard > LEAST:
            await self._say(station, seen, now, since)

    async def _say(self, who: StationId, seen: _Watched, now: datetime, since: datetime) -> None:
        station = await self.context.store.stations.by_id(who)
        if station is None or (not seen.silent and now - seen.heard <= allowed(station)):
            return
        seen.silent = not seen.silent
        about = {"organisation": station.organisation, "station": station.id, "identity": station.identity, "at": now}
        event = (
            StationFellSilent(**about, last_heard=seen.heard)  # type: ignore[arg-type]
            if seen.silent
            else StationHeardAgain(**about, silent_since=since)  # type: ignore[arg-type]
        )
        async with self.context.store.unit(lane=Lane.BULK) as unit:
            self.tell(unit, event)


def allowed(station: Station) -> timedelta:
    """How long a station may say nothing before it counts as silent."""
    return timedelta(seconds=MISSED * max(station.heartbeat_interval, SHORTEST)) + MARGIN
