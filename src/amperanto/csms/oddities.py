"""What stations do that the standard does not say: counted per station and kind, written at most once a minute.

Counting costs a message nothing but an addition in memory, and only when something was wrong with it; the counts
are added to what is kept with the node's other housekeeping, so a crash loses a minute of them and no more. A kind
is told to the log when a station shows it for the first time, never again (quirks.md §9.1). How many kinds are kept
of one station is bounded, since names of unknown fields come from the peer.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

import structlog

from amperanto.csms.access import Principal
from amperanto.csms.block import Block, Context
from amperanto.domain.oddities import Make, Oddity, OddityCount, OddityKind
from amperanto.domain.stations import Station
from amperanto.stores.store import Lane, Unit

MOST_KINDS = 200
STATIONS_A_UNIT = 20
BEYOND = "more kinds than are kept apart"

log = structlog.get_logger("amperanto.csms")


class Oddities(Block):
    """The counts of one node."""

    def __init__(self, context: Context) -> None:
        super().__init__(context)
        self._told: dict[str, tuple[Station, dict[Oddity, OddityCount]]] = {}
        self.make_of: Callable[[Station], Make | None] = lambda _: None
        """Tells the make of a station; whoever knows the quirks sets it."""

    def count(self, station: Station, oddity: Oddity, at: datetime) -> None:
        """The station showed this once more."""
        _, kinds = self._told.setdefault(station.id, (station, {}))
        if oddity not in kinds and len(kinds) >= MOST_KINDS:
            oddity = _beyond(oddity.kind)
        once = OddityCount(oddity, 1, at, at)
        before = kinds.get(oddity)
        kinds[oddity] = once if before is None else before.more(once)

    async def keep(self) -> None:
        """Add what was counted since the last time to what is kept."""
        told, self._told = list(self._told.values()), {}
        for start in range(0, len(told), STATIONS_A_UNIT):
            part = told[start : start + STATIONS_A_UNIT]
            try:
                await self._keep(part)
            except BaseException:
                self._restore(told[start:])
                raise

    async def of(self, who: Principal, station: Station) -> list[OddityCount]:
        """Everything counted of a station of the principal's organisation, up to now."""
        kept = {one.oddity: one for one in await self.context.store.oddities.of(who.organisation, station.id)}
        if station.id in self._told:
            for oddity, more in self._told[station.id][1].items():
                kept[oddity] = kept[oddity].more(more) if oddity in kept else more
        return sorted(kept.values(), key=lambda one: (one.oddity.kind, -one.count, one.oddity.message))

    async def _keep(self, part: list[tuple[Station, dict[Oddity, OddityCount]]]) -> None:
        async def work(unit: Unit) -> None:
            await self._add(unit, part)

        await self.context.store.run(work, lane=Lane.BULK)

    async def _add(self, unit: Unit, part: list[tuple[Station, dict[Oddity, OddityCount]]]) -> None:
        for station, kinds in part:
            if await unit.stations.by_id(station.id) is None:
                continue  # it was removed meanwhile, and its counts with it
            known = await unit.oddities.known(station.id)
            for oddity, told in kinds.items():
                if oddity not in known and len(known) >= MOST_KINDS:
                    unit.oddities.add(station.organisation, station.id, _as(told, _beyond(oddity.kind)))
                    continue
                unit.oddities.add(station.organisation, station.id, told)
                if oddity not in known:
                    known.add(oddity)
                    unit.after_commit(lambda station=station, oddity=oddity: _say(station, oddity))

    def _restore(self, told: list[tuple[Station, dict[Oddity, OddityCount]]]) -> None:
        """What could not be kept is counted with what comes next."""
        for station, kinds in told:
            _, now = self._told.setdefault(station.id, (station, {}))
            for oddity, before in kinds.items():
                now[oddity] = before.more(now[oddity]) if oddity in now else before


def _beyond(kind: OddityKind) -> Oddity:
    return Oddity(kind, "", "incoming", "", BEYOND)


def _as(told: OddityCount, oddity: Oddity) -> OddityCount:
    return OddityCount(oddity, told.count, told.first_at, told.last_at)


def _say(station: Station, oddity: Oddity) -> None:
    log.info(
        "a station does for the first time what the standard does not say",
        station=station.identity,
        kind=oddity.kind.value,
        message=oddity.message,
        direction=oddity.direction,
        place=oddity.place,
        what=oddity.detail,
    )
