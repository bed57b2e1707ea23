"""E. Transactions: begun, continued and ended by what happens at an EVSE.

There is one door: something changes at an EVSE (car, cable, token, energy, a command), and `changed` is told
why. It compares the conditions before and after with TxStartPoint and TxStopPoint (E01, E06) and opens,
continues or ends the transaction accordingly, then closes the contactor if energy may flow. Opening it
comes first, so that the last reading is final. Whatever is told goes through the queue, which keeps the
order.

A cable pulled at the car ends nothing where StopTxOnEVSideDisconnect is false: who is authorised stays so (E10).
OCPP 1.6 hears of a transaction only its start, its meter values and its stop; the conditions are the same.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import TypedDict

from amperanto.dialects.dialect import Said
from amperanto.domain.decisions import TransactionDecision
from amperanto.domain.limits import TransactionLimit
from amperanto.domain.meter_values import SAMPLE_PERIODIC, TRANSACTION_BEGIN, TRANSACTION_END, MeterValue
from amperanto.domain.observations import (
    MeterRead,
    TransactionContinued,
    TransactionEnded,
    TransactionStarted,
)
from amperanto.domain.stations import ChargingState, EvseRef, Registration
from amperanto.domain.tokens import Token
from amperanto.ocpp import v2
from amperanto.ocpp.shapes import or_none
from amperanto.station.availability import Availability
from amperanto.station.block import Block, handles
from amperanto.station.cause import DEAUTHORIZED, SIGNED, STATE_CHANGED, Cause
from amperanto.station.controllers import Address
from amperanto.station.evse import Evse, Transaction
from amperanto.station.limits import CSMS
from amperanto.station.meter_values import CLOCK, MeterValues
from amperanto.station.queue import Queue
from amperanto.station.sampling import INTERVALS, Sampling
from amperanto.station.watch import Watch

FIXED_POINTS = {"TxStartPoint": {"PowerPathClosed"}, "TxStopPoint": {"EVConnected", "Authorized"}}
TRIGGER_OF = {SAMPLE_PERIODIC: "MeterValuePeriodic", CLOCK: "MeterValueClock"}
PARTED = {"ParkingBayOccupancy", "EVConnected", "PowerPathClosed"}
"""What does not count as ended while the cable is out of the car and may come back (E10)."""
IMPLIED = {
    "EVConnected": {"ParkingBayOccupancy"},
    "PowerPathClosed": {"ParkingBayOccupancy", "EVConnected", "Authorized"},
    "EnergyTransfer": {"ParkingBayOccupancy", "EVConnected", "Authorized", "PowerPathClosed"},
    "DataSigned": {"ParkingBayOccupancy", "EVConnected", "Authorized", "PowerPathClosed"},
}
"""What holds for certain, or has held, when a condition begins."""


class _Told(TypedDict):
    trigger: str
    token: Token | None
    charging: ChargingState
    where: EvseRef | None
    remote_start: int | None
    reservation: int | None
    phases: int | None
    limit: TransactionLimit | None


def never_ending(start: Iterable[str], stop: Iterable[str]) -> list[str]:
    """The start points after which no stop point need ever be reached (E06): a fault of the configuration."""
    ends = set(stop)
    return [point for point in start if not ends & {point, *IMPLIED.get(point, ())}]


class Transactions(Block):
    """E. Transactions."""

    def __init__(self, queue: Queue, meters: MeterValues, availability: Availability) -> None:
        super().__init__(availability.context, availability.line)
        self.on_idle: list[Callable[[], None]] = []
        self._queue = queue
        self._meters = meters
        self._availability = availability
        self._sampling = Sampling(self.context, meters, self.sample)
        self._watch = Watch(self, self._sampling)
        self.context.variables.changed.append(self._look_at)
        self.context.variables.remarks.append(self._remark)

    def _remark(self, changed: Address) -> str | None:
        """A pair of points that need never end a transaction is taken, and warned about (E06)."""
        concerns = changed.component == "TxCtrlr" and changed.variable in FIXED_POINTS
        return "TxNeverEnds" if concerns and self.never_ending() else None

    def _look_at(self, changed: Address) -> None:
        """Another interval holds from now on, not after the old one."""
        if changed in INTERVALS:
            for evse in self.running():
                evse.stirred.set()

    def changed(self, evse: Evse, cause: Cause) -> None:
        """Something changed at the EVSE: tell what follows from it."""
        evse.settle()
        if evse.plugged and evse.lock_failed:
            self._availability.lock_tried(evse, evse.outlet.lock.lock())
        if not evse.may_flow:
            evse.outlet.contactor.switch(False)
        if self.context.dark:
            return  # what is different when the power is back is told then
        evse.refused = evse.refused and evse.token is None
        if evse.transaction is None and not self.may_begin:
            self._show(evse)
            return  # what is here when the CSMS accepts the station is noticed then
        before, evse.conditions = evse.conditions, evse.current_conditions()
        if evse.transaction is None:
            if self._begins(evse.conditions, evse.conditions - before):
                self._start(evse, cause)
        elif self._ends(evse, before - evse.conditions):
            self._end(evse, evse.transaction, cause)
        else:
            self._continue(evse, evse.transaction, cause)
        self.follow(evse)

    @property
    def may_begin(self) -> bool:
        """A station whose boot the CSMS has not accepted charges nobody, unless it is set to (B02, B03)."""
        answer, unheard = self.line.registration, self.context.habits.may_charge_unheard
        accepted = answer is Registration.ACCEPTED or (answer is None and unheard)
        return accepted or self.context.variables.flag("TxCtrlr", "TxBeforeAcceptedEnabled")

    def accepted(self) -> None:
        """The CSMS accepts the station: notice what came before."""
        for evse in self.context.evses.values():
            if evse.transaction is None:
                self.changed(evse, Cause(trigger="CablePluggedIn"))

    def follow(self, evse: Evse) -> None:
        """What follows from a change: a reading is signed, the contactor closes, the state is told."""
        if self._may_sign(evse):
            evse.signed = True
            self.changed(evse, SIGNED)
            return
        if evse.may_flow and not evse.outlet.contactor.closed:
            self._watch.set_ceiling(evse)
            if not evse.outlet.fixed_cable:
                self._availability.lock_tried(evse, evse.outlet.lock.lock())
            if evse.may_flow:
                evse.outlet.contactor.switch(True)
                self.changed(evse, STATE_CHANGED)
                return
        if evse.transaction is None and evse.token is None:
            self._availability.apply_pending(evse)
        self._show(evse)

    def _may_sign(self, evse: Evse) -> bool:
        """Whether a signed reading is wanted, to begin with (DataSigned), and can be had."""
        ready = evse.outlet.signer is not None and "PowerPathClosed" in evse.conditions
        return ready and not evse.signed and "DataSigned" in self._points("TxStartPoint")

    def _show(self, evse: Evse) -> None:
        evse.stir()
        self._availability.report(evse.where)

    def _begins(self, holding: frozenset[str], begun: frozenset[str]) -> bool:
        """Whether a start point is reached; also by a new token when the car stayed after the last transaction."""
        points = self._points("TxStartPoint")
        return bool(begun & points) or ("PowerPathClosed" in begun and bool(holding & points))

    def _ends(self, evse: Evse, lost: frozenset[str]) -> bool:
        """Whether a stop point is reached, or neither car nor token is left, whatever the point (E03)."""
        if not evse.conditions:
            return True
        return bool((lost - PARTED if evse.parted else lost) & self._points("TxStopPoint"))

    def _points(self, which: str) -> set[str]:
        """The conditions that begin, or whose end ends, a transaction; 1.6 has no choice."""
        if self.context.habits.csms_numbers_transactions:
            return FIXED_POINTS[which]
        return set(self.context.variables.words("TxCtrlr", which))

    def never_ending(self) -> list[str]:
        """The start points whose transactions need never end, as it is configured."""
        return never_ending(sorted(self._points("TxStartPoint")), self._points("TxStopPoint"))

    # --- the ways it stops

    def stop(self, evse: Evse, cause: Cause) -> None:
        """End the authorisation: energy stops, and the transaction where that is a stop point."""
        evse.token = evse.remote_start = None
        evse.parted = False
        self.changed(evse, cause)

    def end(self, evse: Evse, cause: Cause) -> None:
        """End authorisation and transaction, whatever the stop points (B12)."""
        evse.settle()
        evse.outlet.contactor.switch(False)
        evse.token = evse.remote_start = None
        evse.parted = False
        evse.conditions = evse.current_conditions()
        if evse.transaction is not None:
            self._end(evse, evse.transaction, cause)
        self._show(evse)

    def unplugged(self, evse: Evse) -> None:
        """The cable was pulled at the car: its transaction ends (E09) or waits for it (E10)."""
        cause = Cause(trigger="EVCommunicationLost", reason="EVDisconnected")
        stays = evse.transaction is not None and evse.token is not None
        evse.parted = stays and not self.context.variables.flag("TxCtrlr", "StopTxOnEVSideDisconnect")
        if evse.parted:
            if evse.outlet.fixed_cable and not self.context.dark:
                self.context.spawn(self._await_cable(evse, evse.token))
            self.changed(evse, cause)
            return
        owner = evse.token or evse.keeper
        evse.token = evse.remote_start = None
        self.changed(evse, cause)
        if self.context.dark:
            return
        if owner is None or self.context.variables.flag("OCPPCommCtrlr", "UnlockOnEVSideDisconnect"):
            evse.outlet.lock.unlock()
        evse.keeper = owner if evse.cable_left else None
        self._show(evse)

    def resumed(self, evse: Evse, cause: Cause) -> None:
        """The power is back and the transaction goes on (E17); what else is different is told after it."""
        evse.settle()
        evse.conditions -= {"EnergyTransfer"}
        self._watch.set_ceiling(evse)
        if evse.transaction is not None:
            self._continue(evse, evse.transaction, cause)

    async def _await_cable(self, evse: Evse, token: Token | None) -> None:
        """A cable that is fixed to the station and does not come back in time ends the authorisation (E10)."""
        await self.context.clock.sleep(self.context.variables.number("TxCtrlr", "EVConnectionTimeOut"))
        if evse.parted and evse.token is token:
            self.stop(evse, Cause(trigger="EVConnectTimeout", reason="Timeout"))

    def sample(self, evse: Evse, context: str) -> bool:
        """Report the meter within a transaction; whether there is one."""
        transaction = evse.transaction
        if transaction is None:
            return False
        aligned = context == CLOCK
        values = self._meters.aligned(evse, context) if aligned else self._meters.sampled(evse, "TxUpdated", context)
        if values or context not in TRIGGER_OF:
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
        alone = self.context.habits.register_stands_alone
        name = self.context.new_id()
        evse.transaction = transaction = Transaction(
            id=name,
            evse=evse.number,
            started_at=self.context.now(),
            meter_start=evse.meter,
            reference=None if self.context.habits.csms_numbers_transactions else name,
            token=evse.token,
            remote_start=evse.remote_start,
            charging=evse.charging,
        )
        self._sampling.begin(evse, transaction)
        transaction.begin = () if alone else self._meters.sampled(evse, "TxStarted", TRANSACTION_BEGIN)
        transaction.kept = list(self._meters.sampled(evse, "TxEnded", TRANSACTION_BEGIN))
        self.context.remember(transaction)
        self._note(evse, transaction, "started", why=cause.trigger)
        told = self._told(evse, transaction, cause, evse.token)
        report = TransactionStarted(
            at=transaction.started_at,
            reference=transaction.reference,
            sequence=self._sequence(transaction),
            meter=transaction.meter_start if alone else None,
            values=self._begin(transaction),
            **told,
        )
        self._queue.put(transaction, report, self._heard)
        self.context.spawn(self._watch.accompany(evse, transaction))

    def _continue(
        self, evse: Evse, transaction: Transaction, cause: Cause, values: tuple[MeterValue, ...] = ()
    ) -> None:
        if cause.trigger not in TRIGGER_OF.values():
            self._note(evse, transaction, "changed", why=cause.trigger)
        transaction.token = evse.token or transaction.token
        if not self.context.habits.csms_numbers_transactions:
            told = self._told(evse, transaction, cause, cause.token)
            report = TransactionContinued(
                at=cause.at or self.context.now(),
                sequence=self._sequence(transaction),
                values=(*self._begin(transaction), *values),
                **told,
            )
            self._queue.put(transaction, report, self._heard)
            return
        transaction.charging = evse.charging
        if values:
            self._queue.put(transaction, MeterRead(where=evse.where, values=values), self._heard)

    def _end(self, evse: Evse, transaction: Transaction, cause: Cause) -> None:
        alone = self.context.habits.register_stands_alone
        last = self._meters.sampled(evse, "TxEnded", TRANSACTION_END)
        if cause.at is not None:
            last = tuple(replace(one, at=cause.at) for one in last)
        transaction.ended_at = cause.at or self.context.now()
        transaction.meter_stop = evse.meter
        transaction.reason = cause.reason
        self._note(evse, transaction, "ended", ago=cause.ago, reason=cause.reason)
        told = self._told(evse, transaction, cause, cause.token)
        report = TransactionEnded(
            at=transaction.ended_at,
            sequence=self._sequence(transaction),
            meter=transaction.meter_stop if alone else None,
            values=(*transaction.kept, *last) if last else (),
            reason=cause.reason,
            **told,
        )
        self._queue.put(transaction, report, self._heard)
        self._clear(evse, cause)

    def _begin(self, transaction: Transaction) -> tuple[MeterValue, ...]:
        """The readings of the begin, once, when the report says where it is (E01)."""
        if not transaction.placed:
            return ()
        begin, transaction.begin = transaction.begin, ()
        return begin

    def _clear(self, evse: Evse, cause: Cause) -> None:
        """The EVSE after a transaction: nobody is authorised, the cable may come out, unless its owner has to come."""
        owner = evse.transaction.token if evse.transaction is not None else None
        evse.transaction = evse.token = evse.remote_start = evse.group = evse.outlet.ceiling = None
        evse.parted = evse.signed = evse.refused = False
        evse.holds.clear()
        evse.finishing = evse.plugged
        evse.outlet.contactor.switch(False)
        evse.keeper = owner if cause.trigger == DEAUTHORIZED.trigger and evse.plugged else None
        if evse.keeper is None and evse.plugged:
            evse.outlet.lock.unlock()
        evse.conditions = evse.current_conditions()
        self._availability.apply_pending(evse)
        if not self.running():
            for heard in self.on_idle:
                heard()

    def _told(self, evse: Evse, transaction: Transaction, cause: Cause, token: Token | None) -> _Told:
        transaction.charging = evse.charging
        remote, where, phases = cause.remote_start or transaction.remote_start, None, None
        transaction.remote_start = None
        if not transaction.placed and (evse.plugged or self.context.habits.csms_numbers_transactions):
            transaction.placed, where = True, evse.where
        if evse.outlet.flowing and evse.outlet.phases_in_use != transaction.phases:
            transaction.phases = phases = evse.outlet.phases_in_use
        return _Told(
            trigger=cause.trigger,
            token=token,
            charging=evse.charging,
            where=where,
            remote_start=remote,
            reservation=evse.take_claim(),
            phases=phases,
            limit=cause.limit,
        )

    def _sequence(self, transaction: Transaction) -> int | None:
        """The next sequence number; 1.6 has none."""
        if self.context.habits.csms_numbers_transactions:
            return None
        transaction.sequence += 1
        return transaction.sequence - 1

    def _note(self, evse: Evse, transaction: Transaction, what: str, ago: float = 0.0, **facts: object) -> None:
        """Keep the truth of it."""
        token = evse.token
        uid, kind = (None, None) if token is None else (token.uid, token.type)
        self.context.note(
            f"transaction-{what}", evse, ago, transaction=transaction.id, token=uid, token_type=kind, **facts
        )

    # --- what comes back

    def _heard(self, transaction: Transaction, said: Said) -> None:
        if not isinstance(said, TransactionDecision):
            return
        if said.number is not None and transaction.reference is None:
            transaction.reference = str(said.number)
            self.context.note("transaction-numbered", transaction=transaction.id, reference=transaction.reference)
        evse, outcome = self.context.evses[transaction.evse], said.authorization
        if evse.transaction is not transaction:
            return
        if said.limit is not None:
            self.limit(evse, CSMS, said.limit)
        if said.cost is not None:
            transaction.cost = said.cost
            evse.stirred.set()
        if outcome is None or evse.transaction is not transaction:
            return
        if outcome.accepted and evse.token is not None:
            evse.group = outcome.group or evse.group
        elif not outcome.accepted and evse.token is not None:
            self._watch.refuse(evse, transaction)

    def limit(self, evse: Evse, whose: str, told: TransactionLimit) -> None:
        """The CSMS, or the driver at the station, sets limits (E16)."""
        self._watch.limit(evse, whose, told)
