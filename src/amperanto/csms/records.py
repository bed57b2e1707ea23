"""What was kept, for those who ask: transactions, meter values, frames, connections, availability, keys.

Everything here is read within the principal's organisation (D9). A station that was removed is named by our
id, since its identity may belong to another one by now. Cursors are the stores'; one that is none of theirs
is a BadCursor.
"""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Generic, TypeVar, Unpack

from amperanto.bus.bus import Subscription
from amperanto.csms.access import Principal, hashed
from amperanto.csms.block import Block
from amperanto.domain.errors import UnknownTransaction
from amperanto.domain.events import FrameLogged
from amperanto.domain.meter_values import MeterValue
from amperanto.domain.stations import Connector, StationId
from amperanto.domain.transactions import Transaction
from amperanto.stores.charge_records import Issued
from amperanto.stores.connections import ConnectionInterval
from amperanto.stores.connectors import AvailabilityInterval
from amperanto.stores.keys import ApiKey
from amperanto.stores.message_log import LoggedMessage
from amperanto.stores.store import Lane, Unit
from amperanto.stores.transaction_search import Sought
from amperanto.stores.work import Page

__all__ = [
    "BadCursor",
    "Charge",
    "Issued",
    "LastKey",
    "Named",
    "Period",
    "Records",
    "Sought",
    "Subscription",
    "UnknownKey",
]

T = TypeVar("T")

EXPORTED_AT_ONCE = 500
BEGINNING = datetime(1970, 1, 1, tzinfo=UTC)
_READING = re.compile(r"(?P<at>[^~]{1,40})(?P<rest>~[0-9a-f]{1,64})")
_FRAME = re.compile(r"(?P<at>[^~]{1,40})(?P<rest>(?:~\d{1,15}~\d{1,15}~(?:in|out)~[\w.-]{1,64})?)")


class BadCursor(Exception):
    """A cursor that no page gave; `field` is what it came in."""

    def __init__(self, field: str) -> None:
        super().__init__(f"{field}: this is neither a cursor of a page before nor a time")
        self.field = field


class UnknownKey(Exception):
    """The organisation has no API key of that id."""


class LastKey(Exception):
    """The last administrator's key cannot be withdrawn: nobody could make another."""


@dataclass(frozen=True, slots=True)
class Named(Generic[T]):
    """Something of a station, with the station's identity."""

    identity: str
    what: T


@dataclass(frozen=True, slots=True)
class Charge(Named[Transaction]):
    """A transaction, with the last charge record issued of it."""

    record: Issued | None = None


@dataclass(frozen=True, slots=True)
class Period:
    """The time asked about, and which part of a long answer: `start` items are left out."""

    since: datetime | None
    until: datetime | None
    start: int
    limit: int


class Records(Block):
    """What was kept."""

    async def transactions(
        self, who: Principal, *, cursor: str | None = None, limit: int = 100, **sought: Unpack[Sought]
    ) -> Page[Charge]:
        """A page of the transactions sought: the newest first, or where a time is asked for, the latest started.

        Raises BadCursor.
        """
        try:
            page = await self.context.store.transactions.list(who.organisation, cursor=cursor, limit=limit, **sought)
        except ValueError as error:
            raise BadCursor("cursor") from error
        return Page(tuple(await self._charges(who, page.items)), page.next)

    async def every_transaction(self, who: Principal, **sought: Unpack[Sought]) -> AsyncIterator[Charge]:
        """All the transactions sought, page after page, in the order of the list."""
        cursor: str | None = None
        while True:
            page = await self.transactions(who, cursor=cursor, limit=EXPORTED_AT_ONCE, **sought)
            for one in page.items:
                yield one
            cursor = page.next
            if cursor is None:
                return

    async def transaction(self, who: Principal, transaction: str) -> Charge:
        """The transaction of our id. Raises UnknownTransaction."""
        return (await self._charges(who, [await self._transaction(who, transaction)]))[0]

    async def meter_values(
        self, who: Principal, transaction: str, *, cursor: str | None = None, limit: int = 100
    ) -> Page[MeterValue]:
        """A page of a transaction's meter values, the oldest first. Raises UnknownTransaction, BadCursor."""
        found = await self._transaction(who, transaction)
        return await self.context.store.meter_values.of_transaction(
            who.organisation, found.id, cursor=_checked("cursor", cursor, _READING), limit=limit
        )

    async def messages(
        self,
        who: Principal,
        *,
        station: StationId | None = None,
        action: str | None = None,
        before: str | None = None,
        limit: int = 100,
    ) -> Page[Named[LoggedMessage]]:
        """A page of frames, the newest first; `before` is a cursor or an instant. Raises BadCursor."""
        page = await self.context.store.messages.list(
            who.organisation,
            station=station,
            action=action,
            before=_checked("before", before, _FRAME),
            limit=limit,
        )
        return Page(tuple(await self._named(who, page.items, lambda one: one.station)), page.next)

    def listen(self, station: StationId | None) -> Subscription:
        """Frames as they come, of one station or of all; close it when you have heard enough."""
        return self.context.bus.subscribe(f"event.{FrameLogged.__name__}.{station or '*'}")

    async def connectors(self, who: Principal, station: StationId) -> tuple[list[Connector], list[Transaction]]:
        """The last known state of each connector, and the transactions that are open there."""
        store = self.context.store
        return await store.connectors.of(who.organisation, station), await store.transactions.open_at(station)

    async def connections(self, who: Principal, station: StationId, period: Period) -> Page[ConnectionInterval]:
        """The station's connections in that time, the oldest first."""
        since, until = self._bounds(period)
        found = await self.context.store.connections.intervals(
            who.organisation, station, since, until, limit=period.start + period.limit + 1
        )
        return _part(found, period)

    async def availability(self, who: Principal, station: StationId, period: Period) -> Page[AvailabilityInterval]:
        """The states of the station's connectors in that time, the oldest first."""
        since, until = self._bounds(period)
        found = await self.context.store.connectors.intervals(
            who.organisation, station, since, until, limit=period.start + period.limit + 1
        )
        return _part(found, period)

    async def keys(self, who: Principal) -> list[ApiKey]:
        """The organisation's API keys."""
        return await self.context.store.keys.list(who.organisation)

    async def key(self, secret: str) -> ApiKey | None:
        """What is kept of a key."""
        return await self.context.store.keys.by_hash(hashed(secret))

    async def withdraw_key(self, who: Principal, key: str) -> None:
        """End a key at once. Raises UnknownKey, LastKey."""

        async def work(unit: Unit) -> None:
            known = await unit.keys.list(who.organisation)
            if all(one.id != key for one in known):
                raise UnknownKey(f"there is no API key {key}")
            if not any("admin" in one.scopes for one in known if one.id != key):
                raise LastKey("this is the last administrator's key; make another before you withdraw it")
            unit.keys.remove(who.organisation, key)

        await self.context.store.run(work, lane=Lane.BULK)

    async def alive(self) -> bool:
        """Whether the database answers. Raises the stores' NotDurable when it does not."""
        await self.context.store.keys.by_hash("")
        return True

    async def _transaction(self, who: Principal, transaction: str) -> Transaction:
        found = await self.context.store.transactions.get(who.organisation, transaction)
        if found is None:
            raise UnknownTransaction(f"there is no transaction {transaction}")
        return found

    async def _charges(self, who: Principal, found: Sequence[Transaction]) -> list[Charge]:
        issued = await self.context.store.charge_records.latest(who.organisation, [one.id for one in found])
        named = await self._named(who, found, lambda one: one.station)
        return [Charge(one.identity, one.what, issued.get(one.what.id)) for one in named]

    async def _named(self, who: Principal, found: Iterable[T], station_of: Callable[[T], StationId]) -> list[Named[T]]:
        """Each with its station's identity, each station looked up once."""
        identities: dict[StationId, str] = {}
        named: list[Named[T]] = []
        for one in found:
            station = station_of(one)
            if station not in identities:
                known = await self.context.store.stations.get(who.organisation, station)
                identities[station] = station if known is None else known.identity
            named.append(Named(identities[station], one))
        return named

    def _bounds(self, period: Period) -> tuple[datetime, datetime]:
        tomorrow = self.context.clock.now() + timedelta(days=1)
        return period.since or BEGINNING, period.until or tomorrow


def _part(found: Sequence[T], period: Period) -> Page[T]:
    """The part of a long answer that was asked for; the next cursor counts what came before."""
    end = period.start + period.limit
    return Page(tuple(found[period.start : end]), str(end) if len(found) > end else None)


def _checked(field: str, cursor: str | None, pattern: re.Pattern[str]) -> str | None:
    """The cursor with its time in UTC. Raises BadCursor for one that no page gave."""
    if cursor is None:
        return None
    parts = pattern.fullmatch(cursor)
    try:
        at = datetime.fromisoformat(parts["at"]) if parts else None
        if parts is None or at is None:
            raise BadCursor(field)
        at = at.replace(tzinfo=UTC) if at.tzinfo is None else at.astimezone(UTC)
    except (ValueError, OverflowError) as error:
        raise BadCursor(field) from error
    return at.isoformat() + parts["rest"]
