"""Desired state: what is wanted of a station waits, durably, until the station takes it or it expires.

One mechanism for everything that can be wanted. A block `register`s a kind with what delivers it and its rank; whoever
wants something puts a wish, in a unit of its own or (`put`) in the one that causes it. `delivery.py` brings the wishes
to the stations, the lowest rank first. Of one thing at one station the newest wish counts; setting a thing twice does
no harm, so a crash between sending and settling loses nothing.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import msgspec

from amperanto.csms.access import Principal
from amperanto.csms.block import Block, Context
from amperanto.csms.templates import refuse_secrets
from amperanto.domain.desired_state import Outcome, Wish, WishState
from amperanto.domain.device_model import WantedValue
from amperanto.domain.errors import UnknownWish
from amperanto.domain.stations import Station, StationId
from amperanto.stores.store import Lane, Unit
from amperanto.stores.work import Page

KEPT_FOR = timedelta(days=30)
BY_ITSELF = "by itself"
"""Who wants what nobody asked for."""
VARIABLE, LOCAL_LIST, AVAILABILITY, CHARGING_PROFILE = "variable", "local_list", "availability", "charging_profile"
REPORT, MEASURANDS, RESET = "report", "measurands", "reset"
RANKS = {REPORT: 0, VARIABLE: 10, MEASURANDS: 15, LOCAL_LIST: 20, AVAILABILITY: 30, CHARGING_PROFILE: 40, RESET: 90}
"""In which order a station is given what is wanted of it: what a later kind needs stands before it."""

Deliver = Callable[[Station, Sequence[Wish]], Awaitable[Sequence[Outcome]]]


@dataclass(frozen=True, slots=True)
class Kind:
    """Something that can be wanted: `deliver` brings it, one outcome a wish, and raises nothing for what it meets.

    `while_pending`: it may also be brought to a station whose registration is pending (B02).
    """

    name: str
    rank: int
    deliver: Deliver
    while_pending: bool = False


@dataclass(frozen=True, slots=True)
class Want:
    """One thing to want: its kind, which thing it is (the newest wish for it counts), and what, as JSON."""

    kind: str
    subject: str
    body: str


class DesiredState(Block):
    """What is wanted of stations."""

    def __init__(self, context: Context) -> None:
        super().__init__(context)
        self.kinds: dict[str, Kind] = {}
        self.on_want: list[Callable[[StationId], None]] = []
        """Who is told that something new is wanted of a station."""

    def register(self, name: str, deliver: Deliver, *, rank: int | None = None, while_pending: bool = False) -> None:
        """Say who brings wishes of this kind."""
        assert name not in self.kinds, f"two blocks bring {name}"
        self.kinds[name] = Kind(name, RANKS[name] if rank is None else rank, deliver, while_pending)

    def put(
        self,
        unit: Unit,
        station: Station,
        want: Want,
        by: str,
        *,
        expires_at: datetime | None = None,
        batch: str | None = None,
    ) -> Wish:
        """Keep a wish with this unit, in place of one that waits for the same thing."""
        now = self.context.clock.now()
        wish = Wish(
            id=self.context.ids.new(),
            organisation=station.organisation,
            station=station.id,
            kind=want.kind,
            subject_key=want.subject,
            body=want.body,
            wanted_at=now,
            wanted_by=by,
            expires_at=expires_at or now + KEPT_FOR,
            batch=batch,
        )
        unit.desired_states.add(wish)
        unit.after_commit(lambda: self._told(station.id))
        return wish

    def _told(self, station: StationId) -> None:
        for told in self.on_want:
            told(station)

    async def want_all(
        self, who: Principal, station: Station, wants: Sequence[Want], expires_at: datetime | None = None
    ) -> list[Wish]:
        """Keep wishes until the station takes them."""

        async def work(unit: Unit) -> list[Wish]:
            return [self.put(unit, station, want, who.name, expires_at=expires_at) for want in wants]

        return await self.context.store.run(work, lane=Lane.BULK)

    async def want(
        self, who: Principal, station: Station, wanted: Sequence[WantedValue], expires_at: datetime | None = None
    ) -> list[Wish]:
        """Keep values until the station takes them, each in place of one that waits. Raises SecretNotKept."""
        refuse_secrets(wanted)
        return await self.want_all(who, station, [value_wanted(one) for one in wanted], expires_at)

    async def wishes(
        self,
        who: Principal,
        station: StationId,
        *,
        kinds: Sequence[str] = (),
        cursor: str | None = None,
        limit: int = 100,
    ) -> Page[Wish]:
        """A page of what was wanted of a station and what became of it, the latest first."""
        return await self.context.store.desired_states.list(
            who.organisation, station, kinds=kinds, cursor=cursor, limit=limit
        )

    async def withdraw(self, who: Principal, station: StationId, wish: str) -> None:
        """Want it no more. Raises UnknownWish for one that does not wait."""

        async def work(unit: Unit) -> None:
            found = await unit.desired_states.get(who.organisation, wish)
            if found is None or found.station != station or found.state is not WishState.WAITING:
                raise UnknownWish(f"nothing of the id {wish} waits for this station")
            unit.desired_states.settle(wish, WishState.WITHDRAWN, None, self.context.clock.now(), tried=False)

        await self.context.store.run(work, lane=Lane.BULK)


def value_wanted(one: WantedValue) -> Want:
    """The wish for a value of a variable."""
    return Want(VARIABLE, one.key, msgspec.json.encode(one).decode())
