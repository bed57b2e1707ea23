"""G. Availability: the state of every connector, now and as intervals for ever.

States are taken in the order they arrive on the socket, never by the station's clock: clocks jump, and a state
is always told live (1.6 §4.9: no history is sent after an offline time). Intervals use our clock, so uptime can
be computed from them.
"""

from __future__ import annotations

from dataclasses import replace

from amperanto.csms.block import Block, Context, Teller, handles
from amperanto.csms.loose_ends import LooseEnds
from amperanto.csms.reservation import Reservations
from amperanto.csms.transactions import Transactions
from amperanto.domain.decisions import Noted
from amperanto.domain.events import AvailabilityChanged
from amperanto.domain.observations import ConnectorObserved, EventsReported, VariableEvent
from amperanto.domain.stations import Connector, Fault
from amperanto.stores.store import Unit

_NOTED = Noted()
LOCK_PROBLEM = ("ConnectorPlugRetentionLock", "Problem")
LOCK_FAILURE = "ConnectorLockFailure"


class Availability(Block):
    """G. Availability."""

    def __init__(
        self, context: Context, reservation: Reservations, loose_ends: LooseEnds, transactions: Transactions
    ) -> None:
        super().__init__(context)
        self._reserved = reservation
        self._loose_ends = loose_ends
        self._transactions = transactions

    @handles(ConnectorObserved)
    async def observed(self, unit: Unit, teller: Teller, told: ConnectorObserved) -> Noted:
        """G01: keep the state; a change is an interval and an event."""
        seen = Connector(
            station=teller.station.id,
            where=told.where,
            availability=told.availability,
            charging=told.charging,
            fault=told.fault,
            since=teller.at,
            native=told.native,
        )
        if told.at is not None:
            self._transactions.dated(teller, told.at)
        await self._loose_ends.charging(unit, teller, told)
        await self._keep(unit, teller, seen)
        return _NOTED

    async def _keep(self, unit: Unit, teller: Teller, seen: Connector) -> None:
        """Keep what a connector is now; a change is an interval and an event."""
        if not await unit.connectors.observe(teller.station.organisation, seen):
            return
        await self._reserved.unusable(unit, teller, seen)
        await self._loose_ends.free(unit, teller, seen)
        self.tell(
            unit,
            AvailabilityChanged(
                organisation=teller.station.organisation,
                station=teller.station.id,
                identity=teller.station.identity,
                at=teller.at,
                where=seen.where,
                availability=seen.availability,
                charging=seen.charging,
                fault=seen.fault,
            ),
        )

    @handles(EventsReported)
    async def reported(self, unit: Unit, teller: Teller, told: EventsReported) -> Noted:
        """G01 in 2.1's preferred form: connector states among the events; the last one told counts."""
        last = {event.where: event for event in told.events if isinstance(event, ConnectorObserved)}
        for event in last.values():
            await self.observed(unit, teller, event)
        for event in told.events:
            if isinstance(event, VariableEvent) and (event.component, event.variable) == LOCK_PROBLEM:
                await self._lock(unit, teller, event)
        return _NOTED

    async def _lock(self, unit: Unit, teller: Teller, told: VariableEvent) -> None:
        """G05: a plug that is not held is a fault of its connector, as 1.6 says it, until the connector changes."""
        before = None if told.where is None else await unit.connectors.current(teller.station.id, told.where)
        if before is None:
            return
        fault = Fault(code=LOCK_FAILURE, info=told.tech_info) if told.value.casefold() == "true" else None
        await self._keep(unit, teller, replace(before, fault=fault, since=teller.at))
