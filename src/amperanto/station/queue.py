"""What must reach the CSMS: reports about transactions, one at a time, in the order they happened.

While the line is down they wait, and carry the station's time and, in 2.x, the mark that they happened
offline. A report the CSMS fails to process is sent again after MessageAttemptInterval times the earlier
submissions, and given up after MessageAttempts (E13; 1.6 TransactionMessageAttempts): only then does the
next one get its turn. A lost connection does not count as an attempt.

In 1.6 the CSMS names a transaction in the answer to its start. What follows waits behind that answer
anyway, so its reference is put in when its turn comes; −1 when the start was given up (1.6 errata 4.0).
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, replace

from amperanto.dialects.dialect import Said
from amperanto.domain.observations import (
    MeterRead,
    TransactionContinued,
    TransactionEnded,
    TransactionTold,
)
from amperanto.station.context import ABSENT, Context, Report
from amperanto.station.evse import Transaction
from amperanto.station.line import Line, Offline, Unprocessed

NEVER_CONFIRMED = "-1"
LIMIT_TRIGGERS = ("LimitSet", "CostLimitReached", "EnergyLimitReached", "SoCLimitReached", "TimeLimitReached")
"""Why a report between start and end is never dropped (2.1, E12)."""
REMEMBERED = 500
"""Reports it could tell once more."""
ROOM = 2_000
"""Reports kept before samples in the middle of a transaction are thinned out (E04, E12)."""


@dataclass(slots=True, eq=False)
class Waiting:
    """A report on its way; `heard` is called with the answer."""

    transaction: Transaction
    report: Report
    heard: Callable[[Transaction, Said], None]
    submissions: int = 0


class Queue:
    """The reports of one station, oldest first."""

    def __init__(self, context: Context, line: Line) -> None:
        self._context = context
        self._line = line
        self._waiting: deque[Waiting] = deque()
        self._delivered: deque[Waiting] = deque(maxlen=REMEMBERED)
        self._filled = asyncio.Event()
        self._emptied = asyncio.Event()
        self._emptied.set()
        self.amending: list[Callable[[Transaction, Report], Report]] = []
        """Each may add to a report what belongs to its moment, before it is queued."""
        line.on_down.append(self._mark_as_offline)

    def __len__(self) -> int:
        return len(self._waiting)

    def holds(self, transaction: Transaction) -> bool:
        """Whether something about it still waits (E14)."""
        return any(one.transaction is transaction for one in self._waiting)

    def put(self, transaction: Transaction, report: Report, heard: Callable[[Transaction, Said], None]) -> None:
        """Queue a report."""
        for amend in self.amending:
            report = amend(transaction, report)
        told = report if self._context.spoil is None else self._context.spoil(transaction, report)
        if told is None:
            transaction.delivered = isinstance(report, TransactionEnded)
            return
        waiting = Waiting(transaction, told, heard)
        if not self._line.is_ready:
            waiting.report = _offline(told)
        self._waiting.append(waiting)
        if len(self._waiting) > ROOM:
            self._thin_out()
        self._emptied.clear()
        self._filled.set()

    def replay(self) -> None:
        """Tell everything once more that was told already, as some stations do when they connect."""
        again = [replace(one, heard=_unheard, submissions=0) for one in self._delivered]
        if again:
            self._waiting.extendleft(reversed(again))
            self._emptied.clear()
            self._filled.set()

    async def drained(self) -> None:
        """Return when nothing waits."""
        await self._emptied.wait()

    async def run(self) -> None:
        """Deliver, for ever."""
        while True:
            await self._filled.wait()
            await self._line.ready()
            await self._deliver(self._waiting[0])

    async def _deliver(self, waiting: Waiting) -> None:
        try:
            answer = await self._line.ask(self._addressed(waiting))
        except Offline:
            # The socket is gone, or about to be found gone: the attempt does not count.
            await asyncio.sleep(0)
            return
        except Unprocessed:
            await self._failed(waiting)
            return
        self._done(waiting)
        waiting.heard(waiting.transaction, answer)

    async def _failed(self, waiting: Waiting) -> None:
        number = self._context.variables.number
        waiting.submissions += 1
        if waiting.submissions < number("OCPPCommCtrlr", "MessageAttempts", "TransactionEvent"):
            wait = number("OCPPCommCtrlr", "MessageAttemptInterval", "TransactionEvent")
            await self._context.clock.sleep(wait * waiting.submissions)
            return
        self._done(waiting)
        if waiting.transaction.reference is None:
            waiting.transaction.reference = NEVER_CONFIRMED

    def _done(self, waiting: Waiting) -> None:
        if isinstance(waiting.report, TransactionEnded):
            waiting.transaction.delivered = True
        self._waiting.remove(waiting)
        if waiting.heard is not _unheard:
            self._delivered.append(waiting)
        if not self._waiting:
            self._filled.clear()
            self._emptied.set()

    def _addressed(self, waiting: Waiting) -> Report:
        """The report with the reference its transaction has by now."""
        told = waiting.report.reference
        if told is None:
            return replace(waiting.report, reference=waiting.transaction.reference)
        return replace(waiting.report, reference=None) if told == ABSENT else waiting.report

    def _mark_as_offline(self) -> None:
        """The connection broke: what was not yet tried counts as told offline (E11)."""
        for place, waiting in enumerate(self._waiting):
            if place:  # The first may have arrived: it is repeated as it was.
                waiting.report = _offline(waiting.report)

    def _thin_out(self) -> None:
        """Drop every second report between start and end, the one under way excepted."""
        kept: deque[Waiting] = deque()
        drop = False
        for place, waiting in enumerate(self._waiting):
            if place and _may_drop(waiting.report):
                drop = not drop
                if drop:
                    continue
            kept.append(waiting)
        self._waiting = kept


def _unheard(_: Transaction, __: Said) -> None:
    """The answer to what was told before says nothing new."""


def _may_drop(report: Report) -> bool:
    if isinstance(report, TransactionContinued):
        return report.trigger not in LIMIT_TRIGGERS
    return isinstance(report, MeterRead)


def _offline(report: Report) -> Report:
    return replace(report, offline=True) if isinstance(report, TransactionTold) else report
