"""C. What stations remember of tokens, kept honest: an owner may want it forgotten when a token changes (C11).

A station that keeps a cache, and no list that we bring it, may let a card in that was blocked a minute ago, offline or
with LocalPreAuthorize, for as long as its entry lives. Where the organisation declared `clear_caches`, each of its
stations is told ClearCache after a token was blocked, changed or removed: those that are connected at once, others
when they connect, by what they confirmed last. The rules: a station in quiet mode is left alone; one that refuses (it
has no cache) is not asked again for the same change.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime

import structlog

from amperanto.csms.block import Block, Context
from amperanto.csms.errors import StationError
from amperanto.domain.stations import OrganisationId, Station, StationId
from amperanto.ocpp import v2
from amperanto.ocpp.errors import CallRefused
from amperanto.stores.store import Lane, Unit

log = structlog.get_logger("amperanto.csms")


class AuthorizationCaches(Block):
    """C11: ClearCache, by itself."""

    def __init__(self, context: Context) -> None:
        super().__init__(context)
        self._due: set[StationId] = set()

    def due(self) -> Iterable[StationId]:
        """The stations whose cache may be wrong."""
        return tuple(self._due)

    def arrived(self, station: StationId) -> None:
        """The station is connected: look whether its cache is old."""
        self._due.add(station)

    async def look(self) -> None:
        """Find the stations connected here whose owner's tokens changed since they emptied their caches."""
        changed: dict[OrganisationId, datetime | None] = {}
        for link in tuple(self.context.stations):
            station = await self.context.store.stations.by_id(link.station_id)
            if station is None:
                continue
            if station.organisation not in changed:
                changed[station.organisation] = await self._since(station)
            if _old(station, changed[station.organisation]):
                self._due.add(station.id)

    async def serve(self, station: StationId) -> None:
        """Let the station forget what it remembers, if that is old. Raises NotDurable."""
        self._due.discard(station)
        known = await self.context.store.stations.by_id(station)
        if known is None or known.quiet or not known.may_speak() or not _old(known, await self._since(known)):
            return
        kept = await self.context.store.local_lists.of(known.organisation, station)
        if kept.wanted is not None:
            return  # its list says what is blocked
        now = self.context.clock.now()
        try:
            await self.context.stations.call(station, v2.ClearCacheRequest())
        except CallRefused as error:
            log.info("a cache cannot be cleared", station=known.identity, why=str(error))
        except StationError as error:
            log.info("a cache is not cleared yet", station=known.identity, why=str(error))
            return  # it is found again by the next look, or when it connects
        await self._cleared(station, now)

    async def _since(self, station: Station) -> datetime | None:
        """When tokens of the owner changed last, where that matters to caches."""
        owner = await self.context.store.organisations.get(station.organisation)
        return owner.tokens_changed_at if owner.clear_caches else None

    async def _cleared(self, station: StationId, at: datetime) -> None:
        async def work(unit: Unit) -> None:
            known = await unit.stations.by_id(station)
            if known is not None:
                unit.stations.save(replace(known, cache_cleared_at=at))

        await self.context.store.run(work, lane=Lane.BULK)


def _old(station: Station, changed: datetime | None) -> bool:
    return changed is not None and (station.cache_cleared_at is None or station.cache_cleared_at < changed)
