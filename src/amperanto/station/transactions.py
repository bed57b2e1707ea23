"""E. Transactions: begun, continued and ended by what happens at an EVSE.

There is one door: something changes at an EVSE (cable, token, energy, a command), and `changed` is told
why. It compares the conditions before and after with TxStartPoint and TxStopPoint (E01, E06) and opens,
continues or ends the transaction accordingly, then closes the contactor if energy may flow. Opening it
comes first, so that the last reading is final. Whatever is told goes through the queue, which keeps the
order.

OCPP 1.6 hears of a transaction only its start, its meter values and its stop; the conditions are the same.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypedDict

from amperanto.dialects.dialect import Said
from amperanto.domain.decisions import TransactionDecision
from amperanto.domain.meter_values import SAMPLE_PERIODIC, TRANSACTION_BEGIN, TRANSACTION_END, MeterValue
from amperanto.domain.observations import (
    MeterRead,
    TransactionContinued,
    TransactionEnded,
    TransactionStarted,
)
from amperanto.domain.stations import ChargingState
from amperanto.domain.tokens import Token
from amperanto.ocpp import v2
from amperanto.ocpp.shapes import or_none
from amperanto.station.availability import Availability
from amperanto.station.block import Block, handles
from amperanto.station.clock import within
from amperanto.station.controllers import Address
from amperanto.station.evse import Evse, Transaction
from amperanto.station.meter_values import CLOCK, MeterValues
from amperanto.station.queue import Queue

LONGEST_PAUSE = 3600.0
A_MOMENT = 1e-6
"""Seconds by which a clock may wake somebody too early, by rounding."""
FIXED_POINTS = {"TxStartPoint": {"PowerPathClosed"}, "TxStopPoint": {"EVConnected", "Authorized"}}
TRIGGER_OF = {SAMPLE_PERIODIC: "MeterValuePeriodic", CLOCK: "MeterValueClock"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Cause:
    """Why something changed: 2.x's triggerReason, and what goes with it."""

    trigger: str
    token: Token | None = None
    reason: str | None = None
    remote_start: int | None = None


class _Told(TypedDict):
    trigger: str
    token: Token | None
    charging: ChargingState
    remote_start: int | None
    reservation: int | None


STATE_CHANGED = Cause(trigger="ChargingStateChanged")
CAR_CHANGED = Cause(trigger="ChargingStateChanged", reason="StoppedByEV")
INTERVAL = Address("SampledDataCtrlr", "TxUpdatedInterval")


class Transactions(Block):
    """E. Transactions."""

    def __init__(self, queue: Queue, meters: MeterValues, availability: Availability) -> None:
        super().__init__(availability.context, availability.line)
        self.on_idle: list[Callable[[], None]] = []
        self._queue = queue
        self._meters = meters
        self._availability = availability
        self.context.variables.changed.append(self._look_at)

    def _look_at(self, changed: Address) -> None:
        """Another sample interval holds from now on, not after the old one."""
        if changed == INTERVAL:
            for evse in self.running():
                evse.stirred.set()

    def changed(self, evse: Evse, cause: Cause) -> None:
        """Something changed at the EVSE: tell what follows from it."""
        evse.settle()
        if evse.plugged and evse.lock_failed:
            self._availability.lock_tried(evse, evse.outlet.lock.lock())
        if not evse.may_flow:
            evse.outlet.contactor.switch(False)
        before, evse.conditions = evse.conditions, evse.current_conditions()
        if evse.transaction is None:
            if self._begins(evse.conditions, evse.conditions - before):
                self._start(evse, cause)
        elif not evse.conditions or (before - evse.conditions) & self._points("TxStopPoint"):
            self._end(evse, evse.transaction, cause)  # with neither car nor token left, whatever the point (E03)
        else:
            self._continue(evse, evse.transaction, cause)
        if evse.may_flow and not evse.outlet.contactor.closed:
            evse.outlet.contactor.switch(True)
            self.changed(evse, STATE_CHANGED)
            return
        if evse.transaction is None and evse.token is None:
            self._availability.apply_pending(evse)
        self._show(evse)

    def _show(self, evse: Evse) -> None:
        evse.stir()
        self._availability.report(evse.where)

    def _begins(self, holding: frozenset[str], begun: frozenset[str]) -> bool:
        """Whether a start point is reached; also by a new token when the car stayed after the last transaction."""
        points = self._points("TxStartPoint")
        return bool(begun & points) or ("PowerPathClosed" in begun and bool(holding & points))

    def _points(self, which: str) -> set[str]:
        """The conditions that begin, or whose end ends, a transaction; 1.6 has no choice."""
        if self.context.habits.csms_numbers_transactions:
            return FIXED_POINTS[which]
        return set(self.context.variables.words("TxCtrlr", which))

    def stop(self, evse: Evse, cause: Cause) -> None:
        """End the authorisation: energy stops, and the transaction where that is a stop point."""
        evse.token = evse.remote_start = None
        self.changed(evse, cause)

    def end(self, evse: Evse, cause: Cause) -> None:
        """End authorisation and transaction, whatever the stop points (B12)."""
        evse.settle()
        evse.outlet.contactor.switch(False)
        evse.token = evse.remote_start = None
        evse.conditions = evse.current_conditions()
        if evse.transaction is not None:
            self._end(evse, evse.transaction, cause)
        self._show(evse)

    def sample(self, evse: Evse, context: str) -> bool:
        """Report the meter within a transaction; whether there is one."""
        transaction = evse.transaction
        if transaction is None:
            return False
        values = self._meters.sampled(evse, "TxUpdated", context)
        if context == CLOCK:
            values = self._meters.aligned(evse, context)
        self._continue(evse, transaction, Cause(trigger=TRIGGER_OF.get(context, "Trigger")), values)
        return True

    def running(self) -> list[Evse]:
        """The EVSEs with a transaction."""
        return [evse for evse in self.context.evses.values() if evse.transaction is not None]

    @handles(v2.GetTransactionStatusRequest)
    def status(self, asked: v2.GetTransactionStatusRequest) -> v2.GetTransactionStatusResponse:
        """Whether a transaction runs, and whether messages wait (E14)."""
        reference = or_none(asked.transaction_id)
        if reference is None:
            return v2.GetTransactionStatusResponse(messages_in_queue=len(self._queue) > 0)
        found = self.context.transaction_of(reference)
        if found is None:
            return v2.GetTransactionStatusResponse(ongoing_indicator=False, messages_in_queue=False)
        waiting = self._queue.holds(found)
        return v2.GetTransactionStatusResponse(ongoing_indicator=found.open, messages_in_queue=waiting)

    # --- what is told

    def _start(self, evse: Evse, cause: Cause) -> None:
        habits = self.context.habits
        name = self.context.new_id()
        transaction = Transaction(
            id=name,
            evse=evse.number,
            started_at=self.context.now(),
            meter_start=evse.meter,
            reference=None if habits.csms_numbers_transactions else name,
            token=evse.token,
            remote_start=evse.remote_start,
            charging=evse.charging,
            sampled_at=self.context.clock.monotonic(),
            begin=self._meters.sampled(evse, "TxStarted", TRANSACTION_BEGIN),
        )
        evse.transaction = transaction
        self.context.remember(transaction)
        report = TransactionStarted(
            at=transaction.started_at,
            reference=transaction.reference,
            sequence=self._sequence(transaction),
            where=evse.where,
            meter=transaction.meter_start if habits.register_stands_alone else None,
            values=() if habits.register_stands_alone else transaction.begin,
            **self._told(evse, transaction, cause, evse.token),
        )
        self._queue.put(transaction, report, self._heard)
        self.context.spawn(self._accompany(evse, transaction))

    def _continue(
        self, evse: Evse, transaction: Transaction, cause: Cause, values: tuple[MeterValue, ...] = ()
    ) -> None:
        if not self.context.habits.csms_numbers_transactions:
            report = TransactionContinued(
                at=self.context.now(),
                sequence=self._sequence(transaction),
                values=values,
                **self._told(evse, transaction, cause, cause.token),
            )
            self._queue.put(transaction, report, self._heard)
            return
        transaction.charging = evse.charging
        if values:
            self._queue.put(transaction, MeterRead(where=evse.where, values=values), self._heard)

    def _end(self, evse: Evse, transaction: Transaction, cause: Cause) -> None:
        alone = self.context.habits.register_stands_alone
        transaction.ended_at = self.context.now()
        transaction.meter_stop = evse.meter
        transaction.reason = cause.reason
        values = self._meters.sampled(evse, "TxEnded", TRANSACTION_END)
        report = TransactionEnded(
            at=transaction.ended_at,
            sequence=self._sequence(transaction),
            meter=transaction.meter_stop if alone else None,
            values=(*transaction.begin, *values) if alone and values else values,
            reason=cause.reason,
            **self._told(evse, transaction, cause, cause.token),
        )
        self._queue.put(transaction, report, self._heard)
        self._clear(evse)

    def _clear(self, evse: Evse) -> None:
        """The EVSE after a transaction: nobody is authorised, the cable may come out."""
        evse.transaction = evse.token = evse.remote_start = None
        evse.withheld, evse.group = False, None
        evse.finishing = evse.plugged
        evse.outlet.contactor.switch(False)
        evse.outlet.lock.unlock()
        evse.conditions = evse.current_conditions()
        self._availability.apply_pending(evse)
        if not self.running():
            for heard in self.on_idle:
                heard()

    def _told(self, evse: Evse, transaction: Transaction, cause: Cause, token: Token | None) -> _Told:
        transaction.charging = evse.charging
        return _Told(
            trigger=cause.trigger,
            token=token,
            charging=evse.charging,
            remote_start=transaction.remote_start if transaction.sequence <= 1 else cause.remote_start,
            reservation=evse.take_claim(),
        )

    def _sequence(self, transaction: Transaction) -> int | None:
        """The next sequence number; 1.6 has none."""
        if self.context.habits.csms_numbers_transactions:
            return None
        transaction.sequence += 1
        return transaction.sequence - 1

    # --- what comes back, and what time brings

    def _heard(self, transaction: Transaction, said: Said) -> None:
        if not isinstance(said, TransactionDecision):
            return
        if said.number is not None and transaction.reference is None:
            transaction.reference = str(said.number)
        evse, outcome = self.context.evses[transaction.evse], said.authorization
        if outcome is None or evse.transaction is not transaction:
            return
        if outcome.accepted and evse.token is not None:
            evse.group = outcome.group or evse.group
        if outcome.accepted or evse.withheld:
            return
        # E05: what the CSMS says of the token on hearing of the transaction outranks what was known before.
        if self.context.variables.flag("TxCtrlr", "StopTxOnInvalidId"):
            self.stop(evse, Cause(trigger="Deauthorized", reason="DeAuthorized"))
        else:
            evse.withheld = True
            self.changed(evse, Cause(trigger="Deauthorized", reason="DeAuthorized"))

    async def _accompany(self, evse: Evse, transaction: Transaction) -> None:
        """Notice what time brings: the next sample, and the moment the car stops drawing."""
        clock = self.context.clock
        while transaction.open:
            evse.stirred.clear()
            quiet = evse.outlet.seconds_until_quiet() + 0.001
            pause = min(self._until_sample(transaction), quiet, LONGEST_PAUSE)
            try:
                await within(clock, pause, evse.stirred.wait())
            except TimeoutError:
                evse.settle()
            if transaction.open and evse.charging is not transaction.charging:
                self.changed(evse, CAR_CHANGED)
            if transaction.open and self._until_sample(transaction) < A_MOMENT:
                self._skip_to_next_sample(transaction)
                self.sample(evse, SAMPLE_PERIODIC)

    def _until_sample(self, transaction: Transaction) -> float:
        interval = self.context.variables.number("SampledDataCtrlr", "TxUpdatedInterval")
        if interval == 0:
            return LONGEST_PAUSE
        return transaction.sampled_at + interval - self.context.clock.monotonic()

    def _skip_to_next_sample(self, transaction: Transaction) -> None:
        interval = self.context.variables.number("SampledDataCtrlr", "TxUpdatedInterval")
        passed = self.context.clock.monotonic() - transaction.sampled_at + A_MOMENT
        transaction.sampled_at += interval * (passed // interval)
