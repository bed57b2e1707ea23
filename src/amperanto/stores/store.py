"""Store: where it is kept. Open one per node; everything else is asked of it.

    store = await Store.open("sqlite:////var/lib/amperanto/amperanto.db")
    station = await store.stations.by_id(id)              # looking needs no unit
    async with store.unit() as unit:                      # durable when the block ends
        unit.transactions.add(transaction)
        unit.publish(event)
    answer = await store.run(work)                        # work(unit), again on a conflict, with fresh reads

Opening creates an empty database or migrates an old one. A SQLite file belongs to one process at a time.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import TypeVar

from amperanto.domain.ids import Ids, utc_now
from amperanto.stores.charge_facts import ChargeFacts
from amperanto.stores.charge_records import ChargeRecords
from amperanto.stores.connections import Connections
from amperanto.stores.connectors import Connectors
from amperanto.stores.database import Database, open_database
from amperanto.stores.desired_states import DesiredStates
from amperanto.stores.device_model import DeviceModels
from amperanto.stores.due import Dues
from amperanto.stores.errors import ConflictError, Fenced, StoreError
from amperanto.stores.feeds import Feed, MessageLog
from amperanto.stores.inbox import Inbox
from amperanto.stores.keys import Keys
from amperanto.stores.local_lists import LocalLists
from amperanto.stores.message_log import Messages
from amperanto.stores.meter_keys import MeterKeys
from amperanto.stores.meter_values import MeterValues
from amperanto.stores.oddities import Oddities
from amperanto.stores.organisations import Organisations
from amperanto.stores.outbox import Outbox
from amperanto.stores.ownership import Ownership
from amperanto.stores.payments import Payments
from amperanto.stores.remote_starts import RemoteStarts
from amperanto.stores.reservations import Reservations
from amperanto.stores.reviews import Reviews
from amperanto.stores.rollouts import Rollouts
from amperanto.stores.schema import prepare
from amperanto.stores.sites import Sites
from amperanto.stores.stations import Stations
from amperanto.stores.tariffs import Tariffs
from amperanto.stores.templates import Templates
from amperanto.stores.token_groups import TokenGroups
from amperanto.stores.tokens import Tokens
from amperanto.stores.transactions import Transactions
from amperanto.stores.unit import Handler, Unit
from amperanto.stores.work import Caches, Reading, Surroundings
from amperanto.stores.writer import Lane, Writer

T = TypeVar("T")

ATTEMPTS = 5
__all__ = ["Lane", "Store", "Unit"]


class Store:
    """All that is kept, in one database. Make one with `Store.open`."""

    def __init__(self, database: Database, surroundings: Surroundings, node: str) -> None:
        self._database = database
        self._surroundings = surroundings
        self._writer = Writer(database, node)
        reading = Reading(surroundings)
        self.node = node
        """The name this node signs its events and connections with."""
        self.stations = Stations(reading)
        self.sites = Sites(reading)
        self.due = Dues(reading)
        self.tokens = Tokens(reading)
        self.token_groups = TokenGroups(reading)
        self.organisations = Organisations(reading)
        self.transactions = Transactions(reading)
        self.connectors = Connectors(reading)
        self.meter_keys = MeterKeys(reading)
        self.meter_values = MeterValues(reading)
        self.inbox = Inbox(reading)
        self.keys = Keys(reading)
        self.local_lists = LocalLists(reading)
        self.remote_starts = RemoteStarts(reading)
        self.reservations = Reservations(reading)
        self.payments = Payments(reading)
        self.reviews = Reviews(reading)
        self.device_models = DeviceModels(reading)
        self.templates = Templates(reading)
        self.rollouts = Rollouts(reading)
        self.desired_states = DesiredStates(reading)
        self.oddities = Oddities(reading)
        self.tariffs = Tariffs(reading)
        self.charge_facts = ChargeFacts(reading)
        self.charge_records = ChargeRecords(reading)
        self.connections = Ownership(Connections(reading), self.run)
        self.messages = MessageLog(Messages(reading), self.run, self._writer)
        self.outbox = Feed(Outbox(reading), self.run)

    @classmethod
    async def open(
        cls, url: str, *, clock: Callable[[], datetime] = utc_now, ids: Ids | None = None, node: str = "node"
    ) -> Store:
        """Open `sqlite:///file.db`, `sqlite://` (in memory) or `postgresql://…`.

        Raises StoreInUse, NotDurable.
        """
        database = await open_database(url)
        try:
            await prepare(database, clock())
        except BaseException:
            await database.close()
            raise
        return cls(database, Surroundings(database, Caches(), ids or Ids(clock), clock), node)

    @property
    def groups(self) -> int:
        """How many groups were committed: far fewer than units when many stations speak at once."""
        return self._writer.groups

    @property
    def dropped(self) -> int:
        """How many rows nobody waited for were lost."""
        return self._writer.dropped

    def unit(self, *, lane: Lane = Lane.STATION) -> Unit:
        """A unit of work, for `async with`.

        See unit.py. Raises ConflictError, Fenced, NotDurable, Unstorable on leaving.
        """
        return Unit(self._surroundings, self._writer, lane)

    async def run(self, work: Handler[T], *, lane: Lane = Lane.STATION) -> T:
        """Run `work(unit)` and commit; on a conflict again with fresh reads, five times at most."""
        for attempt in range(ATTEMPTS):
            try:
                unit = Unit(self._surroundings, self._writer, lane, fresh=attempt > 0)
                result = await work(unit)
                await unit.commit()
                return result
            except Fenced:
                raise
            except ConflictError:
                if attempt == ATTEMPTS - 1:
                    raise
        raise StoreError("unreachable")

    async def flush(self) -> None:
        """Wait until what was logged `later` so far is written."""
        await self._writer.flush()

    async def close(self) -> None:
        """Commit what waits, and let go of the database."""
        await self._writer.close()
        await self._database.close()
