"""G. Availability: the state of every connector, now and as intervals for ever.

States are taken in the order they arrive on the socket, never by the station's clock: clocks jump, and a state
is always told live (1.6 §4.9: no history is sent after an offline time). Intervals use our clock, so uptime can
be computed from them.
"""

from __future__ import annotations

from amperanto.csms.block import Block, Context, Teller, handles
from amperanto.csms.reservation import Reservations
from amperanto.domain.decisions import Noted
from amperanto.domain.events import AvailabilityChanged
from amperanto.domain.observations import ConnectorObserved, EventsReported
from amperanto.domain.stations import Connector
from amperanto.stores.store import Unit

_NOTED = Noted()


class Availability(Block):
    """G. Availability."""

    def __init__(self, context: Context, reservation: Reservations) -> None:
        super().__init__(context)
        self._reserved = reservation

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
        if not await unit.connectors.observe(teller.station.organisation, seen):
            return _NOTED
        await self._reserved.unusable(unit, teller, seen)
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
        return _NOTED

    @handles(EventsReported)
    async def reported(self, unit: Unit, teller: Teller, told: EventsReported) -> Noted:
        """G01 in 2.1's preferred form: connector states among the events; the last one told counts."""
        last = {event.where: event for event in told.events if isinstance(event, ConnectorObserved)}
        for event in last.values():
            await self.observed(unit, teller, event)
        return _NOTED
