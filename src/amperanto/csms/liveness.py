"""G02: a station that falls silent on an open socket is noticed, and so is its return.

Any frame proves that a station lives. One of which nothing was heard for two heartbeats and a minute is pinged: 1.6
allows pings in place of heartbeats, but for a message a day (OCPP-J). If it does not answer, it is said to be silent,
once; a socket that ends is said by its own event. When a station was last heard is known where its socket is, and only
there: nothing is read or written for that, and after a restart of the node the count begins anew.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from amperanto.csms.block import Block, Context
from amperanto.csms.stations import StationLink
from amperanto.domain.events import StationFellSilent, StationHeardAgain
from amperanto.domain.stations import Station, StationId
from amperanto.stores.store import Lane

MISSED = 2
MARGIN = timedelta(seconds=60)
SHORTEST = 30  # seconds: a shorter heartbeat interval counts as this
A_DAY = timedelta(hours=24)
"""A message is due as often as that, whatever pings tell (OCPP-J)."""
PING = 5.0  # seconds for its answer
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
        checks: list[Coroutine[Any, Any, None]] = []
        for link in self.context.stations:
            seen = before.get(link.station_id)
            if seen is None or seen.number != link.number:
                seen = _Watched(link.number, self._last_heard(link.station_id) or now)
            self._watched[link.station_id] = seen
            checks.append(self._check(link, seen, now))
        await asyncio.gather(*checks)

    async def _check(self, link: StationLink, seen: _Watched, now: datetime) -> None:
        since, heard = seen.heard, self._last_heard(link.station_id)
        seen.heard = since if heard is None else max(since, heard)
        if seen.heard > since if seen.silent else now - seen.heard > LEAST:
            await self._say(link, seen, now, since)

    async def _say(self, link: StationLink, seen: _Watched, now: datetime, since: datetime) -> None:
        station = await self.context.store.stations.by_id(link.station_id)
        if station is None or (not seen.silent and now - seen.heard <= allowed(station)):
            return
        if not seen.silent and now - seen.heard <= A_DAY and link.behaviour.pings and await link.ping(PING):
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
