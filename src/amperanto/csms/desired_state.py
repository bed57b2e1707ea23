"""Desired state: values wanted of a station that is not there wait, durably, until it takes them or they expire.

Every few seconds the node looks which of its connected stations somebody wants something of. One that has been
connected for a moment (time to boot), was accepted and does not want to be left alone (`quiet`) gets it, one request at
a time. What the station says settles the wish; where it goes away or does not answer, the wish waits on, and is given
up after five tries. Setting a value twice does no harm, so a crash between sending and settling loses nothing.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import msgspec
import structlog

from amperanto.csms.access import Principal
from amperanto.csms.block import Block, Context
from amperanto.csms.device_model import NOT_SENT, DeviceModel
from amperanto.csms.templates import refuse_secrets
from amperanto.csms.variables import NO_ANSWER, SetResult
from amperanto.domain.desired_state import Wish, WishState
from amperanto.domain.device_model import WantedValue
from amperanto.domain.errors import UnknownWish
from amperanto.domain.stations import Registration, Station, StationId
from amperanto.ocpp import v2
from amperanto.stores.errors import ConflictError, NotDurable
from amperanto.stores.store import Lane, Unit
from amperanto.stores.work import Page

EVERY = 5.0
SETTLED = 5.0
"""Seconds a station has been connected before anything is sent to it by itself."""
TRIES = 5
AGAIN = 60.0
"""Seconds until a connection is tried again; each try that comes to nothing doubles them."""
LONGEST = 600.0
KEPT_FOR = timedelta(days=30)
AT_ONCE = 16  # stations
VARIABLE = "variable"
_VALUE = msgspec.json.Decoder(WantedValue)
_DONE = frozenset({v2.SetVariableStatus.ACCEPTED.value, v2.SetVariableStatus.REBOOT_REQUIRED.value})

log = structlog.get_logger("amperanto.csms")


@dataclass(slots=True)
class _Seen:
    """A connection of a station, and when it may be tried next (monotonic seconds)."""

    number: int
    due: float
    wait: float = AGAIN


class DesiredState(Block):
    """What is wanted of stations."""

    def __init__(self, context: Context, device_model: DeviceModel) -> None:
        super().__init__(context)
        self._device_model = device_model
        self._seen: dict[StationId, _Seen] = {}

    # --- for people

    async def want(
        self, who: Principal, station: Station, wanted: Sequence[WantedValue], expires_at: datetime | None = None
    ) -> list[Wish]:
        """Keep values until the station takes them, each in place of one that waits. Raises SecretNotKept."""
        refuse_secrets(wanted)
        now = self.context.clock.now()
        wishes = [
            Wish(
                id=self.context.ids.new(),
                organisation=station.organisation,
                station=station.id,
                kind=VARIABLE,
                subject_key=one.key,
                body=msgspec.json.encode(one).decode(),
                wanted_at=now,
                wanted_by=who.name,
                expires_at=expires_at or now + KEPT_FOR,
            )
            for one in wanted
        ]

        async def work(unit: Unit) -> None:
            for wish in wishes:
                unit.desired_states.add(wish)

        await self.context.store.run(work, lane=Lane.BULK)
        return wishes

    async def wishes(
        self, who: Principal, station: StationId, *, cursor: str | None = None, limit: int = 100
    ) -> Page[Wish]:
        """A page of what was wanted of a station and what became of it, the latest first."""
        return await self.context.store.desired_states.list(who.organisation, station, cursor=cursor, limit=limit)

    async def withdraw(self, who: Principal, station: StationId, wish: str) -> None:
        """Want it no more. Raises UnknownWish for one that does not wait."""

        async def work(unit: Unit) -> None:
            found = await unit.desired_states.get(who.organisation, wish)
            if found is None or found.station != station or found.state is not WishState.WAITING:
                raise UnknownWish(f"nothing of the id {wish} waits for this station")
            unit.desired_states.settle(wish, WishState.WITHDRAWN, None, self.context.clock.now(), tried=False)

        await self.context.store.run(work, lane=Lane.BULK)

    # --- by itself

    async def run(self) -> None:
        """Look every few seconds, until cancelled."""
        while True:
            await self.context.clock.sleep(EVERY)
            try:
                await self.look()
            except NotDurable as error:
                log.warning("nobody's wishes can be looked at now", why=str(error))
            except Exception as error:  # noqa: BLE001 - one bad look must not end the looking for good
                log.warning("looking at wishes failed", why=f"{type(error).__name__}: {error}")

    async def look(self) -> None:
        """Give what is wanted to the stations that can take it now, and expire what waited for too long."""
        now = self.context.clock.now()
        waiting = await self.context.store.desired_states.stations_waiting()
        await self._expire(now, waiting)
        due = [station for station in self._connected() if station in waiting]
        for start in range(0, len(due), AT_ONCE):
            await asyncio.gather(*(self._try(station) for station in due[start : start + AT_ONCE]))

    async def _expire(self, now: datetime, waiting: dict[StationId, datetime]) -> None:
        if any(first <= now for first in waiting.values()):
            async with self.context.store.unit(lane=Lane.BULK) as unit:
                unit.desired_states.expire(now)

    def _connected(self) -> list[StationId]:
        """The stations whose connection may be tried now."""
        clock = self.context.clock.monotonic()
        before, self._seen = self._seen, {}
        for link in self.context.stations:
            seen = before.get(link.station_id)
            if seen is None or seen.number != link.number:
                seen = _Seen(link.number, clock + SETTLED)
            self._seen[link.station_id] = seen
        return [station for station, seen in self._seen.items() if seen.due <= clock]

    async def _try(self, station: StationId) -> None:
        """Give a station what is wanted of it, and look again later where something still waits."""
        seen = self._seen[station]
        seen.due, seen.wait = self.context.clock.monotonic() + seen.wait, min(seen.wait * 2, LONGEST)
        if await self.give(station):
            seen.due, seen.wait = self.context.clock.monotonic(), AGAIN

    async def give(self, station: StationId) -> bool:
        """Set what is wanted of a connected station, unless it is quiet or not accepted; whether it all came to an end.

        Raises NotDurable.
        """
        known = await self.context.store.stations.by_id(station)
        if known is None or known.quiet or known.admitted in (None, Registration.REJECTED):
            return False
        wishes = await self.context.store.desired_states.waiting(station, self.context.clock.now())
        mine = [(wish, _VALUE.decode(wish.body)) for wish in wishes if wish.kind == VARIABLE]
        if not mine:
            return True
        by = ", ".join(sorted({wish.wanted_by for wish, _ in mine}))
        results = await self._device_model.set_many(known, [value for _, value in mine], by)
        ends = [_ended(wish, result) for (wish, _), result in zip(mine, results, strict=True)]

        async def work(unit: Unit) -> None:
            for (wish, _), result, (state, said) in zip(mine, results, ends, strict=True):
                tried = result.status != NOT_SENT
                unit.desired_states.settle(wish.id, state, said, self.context.clock.now(), tried=tried)

        try:
            await self.context.store.run(work, lane=Lane.BULK)
        except ConflictError as error:
            log.warning("what became of wishes could not be kept", station=known.identity, why=str(error))
        return all(state is not WishState.WAITING for state, _ in ends)


def _ended(wish: Wish, result: SetResult) -> tuple[WishState, str]:
    """What becomes of a wish by what the station said, and that in words."""
    said = result.status if result.info is None else f"{result.status}: {result.info}"
    if result.status in _DONE:
        return WishState.DONE, said if result.confirmed is not False else f"{said}, but it reads {result.value!r}"
    if result.status == NOT_SENT or (result.status == NO_ANSWER and wish.attempts + 1 < TRIES):
        return WishState.WAITING, said
    return WishState.FAILED, said
