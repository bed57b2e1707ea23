"""J02. The readings of a transaction in time: those told as they are taken, and those kept for its end.

Three series run beside each other. Samples told (TxUpdatedInterval) and samples kept (TxEndedInterval) count from the
start of the transaction, readings on the clock that are kept (AlignedDataCtrlr.TxEndedInterval) from midnight UTC. An
interval of 0 is off. 1.6 has one interval for each pair: what it tells it keeps too, where StopTxnSampledData and
StopTxnAlignedData name measurands. Too many kept readings are thinned, every second one, never the first.
"""

from __future__ import annotations

import math
from collections.abc import Callable

from amperanto.domain.meter_values import SAMPLE_PERIODIC, MeterValue
from amperanto.station.context import Context
from amperanto.station.controllers import Address
from amperanto.station.evse import Evse, Transaction
from amperanto.station.meter_values import ALIGNED, CLOCK, SAMPLED, MeterValues, seconds_to_slot

A_MOMENT = 1e-6
"""Seconds by which a clock may wake somebody too early, by rounding."""
TOLD, KEPT, ON_THE_CLOCK = "told", "kept", "on the clock"
MOST_KEPT = 1_000
INTERVALS = (
    Address(SAMPLED, "TxUpdatedInterval"),
    Address(SAMPLED, "TxEndedInterval"),
    Address(SAMPLED, "Enabled"),
    Address(ALIGNED, "TxEndedInterval"),
)


class Sampling:
    """When a transaction is sampled, and what is kept of that."""

    def __init__(self, context: Context, meters: MeterValues, tell: Callable[[Evse, str], bool]) -> None:
        self._context = context
        self._meters = meters
        self._tell = tell

    def begin(self, evse: Evse, transaction: Transaction) -> None:
        """A transaction starts now: its series begin."""
        now = self._context.clock.monotonic()
        transaction.started = now
        transaction.sampled |= {TOLD: now, KEPT: now}
        self._set_slot(transaction)

    def seconds_left(self, transaction: Transaction) -> float:
        """Until the next reading of any series."""
        now = self._context.clock.monotonic()
        due = [transaction.sampled[name] + every - now for name, every in self._series() if every]
        clock = transaction.sampled[ON_THE_CLOCK] - now if self._every_slot() else math.inf
        return max(0.0, min([*due, clock], default=math.inf))

    def take(self, evse: Evse, transaction: Transaction) -> None:
        """Take every reading that is due."""
        now = self._context.clock.monotonic()
        due = [
            (name, every)
            for name, every in self._series()
            if every and transaction.sampled[name] + every - now < A_MOMENT
        ]
        for name, every in due:
            passed = now - transaction.sampled[name] + A_MOMENT
            transaction.sampled[name] += every * (passed // every)
            if name == KEPT:
                self._keep(transaction, self._meters.sampled(evse, "TxEnded", SAMPLE_PERIODIC))
            else:
                self._context.note("transaction-sampled", evse, transaction=transaction.id)
                self._tell(evse, SAMPLE_PERIODIC)
        if self._every_slot() and transaction.sampled[ON_THE_CLOCK] - now < A_MOMENT:
            self._keep(transaction, self._meters.aligned(evse, CLOCK, "TxEnded"))
            self._set_slot(transaction)

    def most(self) -> int:
        """How many readings an end may tell."""
        if self._context.habits.register_stands_alone:
            return max(2, self._context.variables.number("ConfigurationKeys", "StopTransactionMaxMeterValues"))
        return MOST_KEPT

    def _keep(self, transaction: Transaction, values: tuple[MeterValue, ...]) -> None:
        transaction.kept.extend(values)
        if len(transaction.kept) >= self.most():  # the reading of the end comes on top
            del transaction.kept[1::2]

    def _set_slot(self, transaction: Transaction) -> None:
        now, every = self._context.now(), self._every_slot()
        transaction.sampled[ON_THE_CLOCK] = self._context.clock.monotonic() + seconds_to_slot(now, every)

    def _series(self) -> list[tuple[str, int]]:
        number, words = self._context.variables.number, self._context.variables.words
        if not self._context.variables.flag(SAMPLED, "Enabled"):
            return []
        told = number(SAMPLED, "TxUpdatedInterval")
        kept = number(SAMPLED, "TxEndedInterval")
        if self._context.habits.register_stands_alone:
            kept = told if words(SAMPLED, "TxEndedMeasurands") else 0
        return [(KEPT, kept), (TOLD, told)]

    def _every_slot(self) -> int:
        if not self._context.habits.register_stands_alone:
            return self._meters.interval("TxEndedInterval")
        wanted = self._context.variables.words(ALIGNED, "TxEndedMeasurands")
        return self._meters.interval() if wanted else 0
