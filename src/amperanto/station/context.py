"""What all blocks of one station share: who it is, its EVSEs and variables, its time and its chance.

There are no globals and no clock but the one in here; two stations with the same seed and the same CSMS say
the same. It is also the read-only context a dialect may ask (`StationContext`).
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from random import Random
from typing import Any
from uuid import UUID

from amperanto.dialects.context import Topology
from amperanto.dialects.dialect import Dialect
from amperanto.domain.observations import MeterRead, TransactionContinued, TransactionEnded, TransactionStarted
from amperanto.domain.stations import EvseRef, Hardware
from amperanto.station.clock import Clock, StationTime
from amperanto.station.device_model import DeviceModel
from amperanto.station.evse import Evse, Transaction
from amperanto.station.habits import Habits
from amperanto.station.record import Record

Report = TransactionStarted | TransactionContinued | TransactionEnded | MeterRead
ABSENT = ""
"""The reference of a report that is told without one."""
KEPT = 10_000
"""How many transactions a station remembers for those who look at it."""


@dataclass(slots=True, kw_only=True)
class Context:
    """One station's things, for its blocks."""

    identity: str
    hardware: Hardware
    dialect: Dialect
    habits: Habits
    clock: Clock
    time: StationTime
    random: Random
    variables: DeviceModel
    evses: dict[int, Evse]
    transactions: list[Transaction] = field(default_factory=list[Transaction])
    topology: Topology = field(default_factory=Topology)
    command: str = ""
    """The action of the command being answered, as it is called on the wire."""
    command_size: int = 0
    """How many bytes its payload had."""
    group: asyncio.TaskGroup | None = None
    tasks: set[asyncio.Task[None]] = field(default_factory=set[asyncio.Task[None]])
    on_transaction: list[Callable[[Transaction], None]] = field(default_factory=list[Callable[[Transaction], None]])
    """Who hears of a transaction that begins, before anybody is told."""
    spoil: Callable[[Transaction, Report], Report | None] | None = None
    """What is told instead of the truth, None for nothing (`lies.py`)."""
    record: Record | None = None
    """Where the truth is kept, if anywhere."""
    dark: bool = False
    """Whether it has no power: nothing is noticed and nothing told."""
    stopped: bool = False
    """Whether it was switched off: nothing more is begun."""
    later: list[Coroutine[Any, Any, None]] = field(default_factory=list[Coroutine[Any, Any, None]])

    def now(self) -> datetime:
        """The station's wall time, UTC."""
        return self.time.now()

    def transaction_where(self, reference: str) -> EvseRef | None:
        """Where the transaction of that reference runs."""
        found = self.transaction_of(reference)
        return None if found is None else EvseRef(found.evse, 1)

    def transaction_of(self, reference: str) -> Transaction | None:
        """The newest transaction of that reference."""
        return next((one for one in reversed(self.transactions) if one.reference == reference), None)

    def remember(self, transaction: Transaction) -> None:
        """Add a transaction; the oldest are forgotten in time."""
        self.transactions.append(transaction)
        for heard in self.on_transaction:
            heard(transaction)
        if len(self.transactions) > KEPT:
            del self.transactions[: KEPT // 2]

    def new_id(self) -> str:
        """A UUID from this station's own chance."""
        return str(UUID(int=self.random.getrandbits(128), version=4))

    def note(self, what: str, evse: Evse | None = None, ago: float = 0.0, **facts: object) -> None:
        """Keep what happened, so many seconds ago, as it was: in true time, with the true reading of the meter."""
        if self.record is None:
            return
        if evse is not None:
            evse.settle()
            counted = str(evse.outlet.meter.counted.value)
            facts = {"evse": evse.number, "register_wh": counted, "state": evse.charging.value, **facts}
        self.record.write(self.identity, self.clock.now() - timedelta(seconds=ago), what, facts)

    def spawn(self, work: Coroutine[Any, Any, None]) -> None:
        """Do it beside everything else, for as long as the station runs; before that, once it runs."""
        if self.stopped:
            work.close()
        elif self.group is None:
            self.later.append(work)
        else:
            self.start(self.group, work)

    def start(self, group: asyncio.TaskGroup, work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        """Do it beside everything else, as a task that can be cancelled; its failure is the station's."""
        task = group.create_task(work)
        self.tasks.add(task)
        task.add_done_callback(self.tasks.discard)
        return task
