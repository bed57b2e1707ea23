"""Unit: everything one message changes, and the events it caused, kept together or not at all (R3).

`async with store.unit() as unit` records writes and commits them on leaving: the `with` ends when they are
durable, or raises and nothing is kept. Reads see what is committed, not what the unit recorded, so keep the
object that `save` returned. Nothing in a unit may wait for a station or a network (R2). A handler that may
meet a conflict runs by `store.run(work)`, which repeats it with fresh reads.
"""

from __future__ import annotations

from types import TracebackType
from typing import Protocol, Self, TypeVar

from amperanto.domain.events import StationEvent
from amperanto.domain.stations import OrganisationId, StationId
from amperanto.stores.charge_facts import ChargeFacts
from amperanto.stores.charge_records import ChargeRecords
from amperanto.stores.connections import Connections
from amperanto.stores.connectors import Connectors
from amperanto.stores.desired_states import DesiredStates
from amperanto.stores.device_model import DeviceModels
from amperanto.stores.due import Dues
from amperanto.stores.errors import StoreError
from amperanto.stores.groups import OpenLimit
from amperanto.stores.inbox import Inbox
from amperanto.stores.keys import Keys
from amperanto.stores.local_lists import LocalLists
from amperanto.stores.message_log import Messages
from amperanto.stores.meter_keys import MeterKeys
from amperanto.stores.meter_values import MeterValues
from amperanto.stores.oddities import Oddities
from amperanto.stores.organisations import Organisations
from amperanto.stores.outbox import Outbox, row_of
from amperanto.stores.payments import Payments
from amperanto.stores.remote_starts import RemoteStarts
from amperanto.stores.reservations import Reservations
from amperanto.stores.reviews import Reviews
from amperanto.stores.rollouts import Rollouts
from amperanto.stores.sites import Sites
from amperanto.stores.stations import Stations
from amperanto.stores.tariffs import Tariffs
from amperanto.stores.templates import Templates
from amperanto.stores.token_groups import TokenGroups
from amperanto.stores.tokens import Tokens
from amperanto.stores.transactions import Transactions
from amperanto.stores.work import Surroundings, Work
from amperanto.stores.writer import Lane, Writer

T = TypeVar("T")
T_co = TypeVar("T_co", covariant=True)


class Unit(Work):
    """One unit of work. Its repositories read what is committed and record what is to be written."""

    __slots__ = ("_ended", "_lane", "_writer")

    def __init__(self, surroundings: Surroundings, writer: Writer, lane: Lane, *, fresh: bool = False) -> None:
        super().__init__(surroundings, fresh=fresh)
        self._writer = writer
        self._lane = lane
        self._ended = False

    @property
    def stations(self) -> Stations:
        """Stations."""
        return Stations(self)

    @property
    def sites(self) -> Sites:
        """Sites."""
        return Sites(self)

    @property
    def due(self) -> Dues:
        """What must happen at a time."""
        return Dues(self)

    @property
    def meter_keys(self) -> MeterKeys:
        """Public keys of meters."""
        return MeterKeys(self)

    @property
    def tokens(self) -> Tokens:
        """Tokens."""
        return Tokens(self)

    @property
    def token_groups(self) -> TokenGroups:
        """What holds for groups of tokens."""
        return TokenGroups(self)

    @property
    def organisations(self) -> Organisations:
        """Who owns stations."""
        return Organisations(self)

    @property
    def transactions(self) -> Transactions:
        """Transactions."""
        return Transactions(self)

    @property
    def connectors(self) -> Connectors:
        """The state of connectors, and its intervals."""
        return Connectors(self)

    @property
    def connections(self) -> Connections:
        """Who holds which station."""
        return Connections(self)

    @property
    def messages(self) -> Messages:
        """The message log."""
        return Messages(self)

    @property
    def inbox(self) -> Inbox:
        """Unknown stations."""
        return Inbox(self)

    @property
    def keys(self) -> Keys:
        """API keys."""
        return Keys(self)

    @property
    def local_lists(self) -> LocalLists:
        """Local authorization lists."""
        return LocalLists(self)

    @property
    def meter_values(self) -> MeterValues:
        """Meter values."""
        return MeterValues(self)

    @property
    def remote_starts(self) -> RemoteStarts:
        """What stations were asked to start."""
        return RemoteStarts(self)

    @property
    def reservations(self) -> Reservations:
        """What stations hold for tokens."""
        return Reservations(self)

    @property
    def payments(self) -> Payments:
        """Ad hoc payments."""
        return Payments(self)

    @property
    def reviews(self) -> Reviews:
        """What people should look at."""
        return Reviews(self)

    @property
    def device_models(self) -> DeviceModels:
        """The variables of stations."""
        return DeviceModels(self)

    @property
    def templates(self) -> Templates:
        """Named sets of wanted values."""
        return Templates(self)

    @property
    def rollouts(self) -> Rollouts:
        """Values on their way to many stations."""
        return Rollouts(self)

    @property
    def desired_states(self) -> DesiredStates:
        """What is wanted of stations."""
        return DesiredStates(self)

    @property
    def oddities(self) -> Oddities:
        """What stations do that the standard does not say."""
        return Oddities(self)

    @property
    def tariffs(self) -> Tariffs:
        """Tariffs, and for whom they hold."""
        return Tariffs(self)

    @property
    def charge_facts(self) -> ChargeFacts:
        """By what charges are priced."""
        return ChargeFacts(self)

    @property
    def charge_records(self) -> ChargeRecords:
        """The records of charges, for good."""
        return ChargeRecords(self)

    @property
    def outbox(self) -> Outbox:
        """The events kept for feeds."""
        return Outbox(self)

    def fence(self, station: StationId, number: int) -> None:
        """Commit only while the station's latest connection has this number; else Fenced (R4)."""
        self._recorded.fences[station] = number

    def publish(self, event: StationEvent) -> None:
        """Put an event into the outbox, in the same database transaction (R11)."""
        self._recorded.events.append(row_of(event))

    def require_open_transactions_at_most(
        self, organisation: OrganisationId, token_key: str, limit: int, *, besides: tuple[str, ...] = ()
    ) -> None:
        """Commit only if the token then has at most so many open, not refused transactions, under all its keys.

        Else ConflictError (R3).
        """
        self._recorded.limits.append(OpenLimit(organisation, token_key, limit, besides))

    async def __aenter__(self) -> Self:
        if self._ended:
            raise StoreError("a unit is used once")
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._ended = True
        if kind is None:
            await self.commit()

    async def commit(self) -> None:
        """Make all of it durable; what leaving the `with` does."""
        self._ended = True
        if self._recorded.size:
            await self._writer.commit(self._recorded, self._lane, self._committed)
            return
        for callback in self._committed:
            callback()


class Handler(Protocol[T_co]):
    """Something that works in a unit and may be run again."""

    async def __call__(self, unit: Unit, /) -> T_co:
        """Record what is to be written."""
        ...


class Runner(Protocol):
    """`Store.run`: a unit around a handler, again and again while somebody else is faster."""

    async def __call__(self, work: Handler[T], *, lane: Lane = Lane.STATION) -> T:
        """Run, commit, and give what the handler returned."""
        ...
