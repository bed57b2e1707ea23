"""F03, F04: a remote stop is followed to the end of the transaction, or to its time.

What came of it is the transaction itself: it ended, or its energy is off while the car stays plugged in (a station
whose TxStopPoint is the cable, or ISO 15118). A station that accepts and goes on charging is put into review by a
durable timer, whoever asked and whether anybody waits for the answer or not.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum

from amperanto.csms.access import Principal
from amperanto.csms.block import Block, Context
from amperanto.csms.timers import Timers
from amperanto.domain.due import Due
from amperanto.domain.errors import TransactionOver, UnknownTransaction
from amperanto.domain.events import ReviewWanted
from amperanto.domain.stations import ChargingState
from amperanto.domain.transactions import Transaction, TransactionState
from amperanto.ocpp import v2
from amperanto.stores.store import Unit

TIMER = "remote_stop"
WITHIN = timedelta(seconds=120)
"""How long a station that accepted may take until energy is off."""
LOOK_AGAIN = 0.25


class StopState(StrEnum):
    """What came of a remote stop so far."""

    REFUSED = "Refused"
    ACCEPTED = "Accepted"
    ENERGY_OFF = "EnergyOff"
    ENDED = "Ended"


@dataclass(frozen=True, slots=True, kw_only=True)
class RemoteStop:
    """Where a remote stop stands; `answer` is the station's word."""

    transaction: Transaction
    state: StopState
    answer: str


class RemoteStops(Block):
    """F03, F04: stopping from afar."""

    def __init__(self, context: Context, timers: Timers) -> None:
        super().__init__(context)
        timers.on(TIMER, self._overdue)

    async def stop(
        self, who: Principal, transaction: str, *, timeout: float | None = None, wait: float = 0.0
    ) -> RemoteStop:
        """Ask the station to stop a transaction, and look for `wait` seconds what comes of it.

        Raises UnknownTransaction, TransactionOver before anything is sent, and as `Stations.call` does.
        """
        found = await self._of(who, transaction)
        if found.state is not TransactionState.OPEN:
            raise TransactionOver("the transaction ended already")
        request = v2.RequestStopTransactionRequest(transaction_id=found.reference)
        answer = await self.context.stations.call(found.station, request, timeout=timeout, urgent=True)
        word = str(answer.status)
        if answer.status != v2.RequestStartStopStatus.ACCEPTED:
            return RemoteStop(transaction=found, state=StopState.REFUSED, answer=word)
        await self._follow(found)
        until = self.context.clock.monotonic() + wait
        while (state := _state(found)) is StopState.ACCEPTED and self.context.clock.monotonic() < until:
            await self.context.clock.sleep(LOOK_AGAIN)
            found = await self._of(who, transaction)
        return RemoteStop(transaction=found, state=state, answer=word)

    async def _follow(self, transaction: Transaction) -> None:
        due = Due(
            id=self.context.ids.new(),
            organisation=transaction.organisation,
            kind=TIMER,
            subject=transaction.id,
            at=self.context.clock.now() + WITHIN,
        )

        async def work(unit: Unit) -> None:
            unit.due.put(due)

        await self.context.store.run(work)

    async def _overdue(self, unit: Unit, due: Due) -> None:
        """Its time is over: a station that still charges needs a person."""
        found = await unit.transactions.get(due.organisation, due.subject)
        if found is None or _state(found) is not StopState.ACCEPTED:
            return
        station = await unit.stations.by_id(found.station)
        self.tell(
            unit,
            ReviewWanted(
                organisation=found.organisation,
                station=found.station,
                identity=found.station if station is None else station.identity,
                at=self.context.clock.now(),
                subject=found.id,
                problem="the station accepted a remote stop, but the transaction goes on charging",
            ),
        )

    async def _of(self, who: Principal, transaction: str) -> Transaction:
        found = await self.context.store.transactions.get(who.organisation, transaction)
        if found is None:
            raise UnknownTransaction(f"there is no transaction {transaction}")
        return found


def _state(transaction: Transaction) -> StopState:
    if transaction.state is not TransactionState.OPEN:
        return StopState.ENDED
    idle = (ChargingState.EV_CONNECTED, ChargingState.SUSPENDED_EVSE, ChargingState.IDLE)
    return StopState.ENERGY_OFF if transaction.charging in idle else StopState.ACCEPTED
