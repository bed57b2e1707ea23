"""A, L, N: what stations report about themselves, kept and passed on.

Their commands (firmware roll-outs, log uploads, monitors) have blocks of their own later; what a station says
today is kept in the message log from the first day, and security incidents reach everyone who listens.
"""

from __future__ import annotations

from amperanto.csms.block import Block, Teller, handles
from amperanto.csms.journal import redacted
from amperanto.domain.decisions import Noted
from amperanto.domain.events import ReviewWanted, SecurityIncidentReported
from amperanto.domain.observations import FirmwareProgressed, LogProgressed, SecurityIncident, Unreadable
from amperanto.stores.reviews import Review
from amperanto.stores.store import Unit

_NOTED = Noted()


class Diagnostics(Block):
    """What a station reports about itself."""

    @handles(SecurityIncident)
    async def incident(self, unit: Unit, teller: Teller, told: SecurityIncident) -> Noted:
        """A04: everyone who listens hears of it."""
        self.tell(
            unit,
            SecurityIncidentReported(
                organisation=teller.station.organisation,
                station=teller.station.id,
                identity=teller.station.identity,
                at=teller.at,
                kind=told.kind,
                info=told.info,
            ),
        )
        return _NOTED

    @handles(FirmwareProgressed, LogProgressed)
    async def progressed(self, unit: Unit, teller: Teller, told: FirmwareProgressed | LogProgressed) -> Noted:
        """L01, N01: in the message log, with its time."""
        return _NOTED

    @handles(Unreadable)
    async def unreadable(self, unit: Unit, teller: Teller, told: Unreadable) -> Noted:
        """R8: kept raw for a person; it must never block the station's queue."""
        station = teller.station
        unit.reviews.add(
            Review(
                id=self.context.ids.new(),
                organisation=station.organisation,
                station=station.id,
                at=teller.at,
                action=told.action,
                message=redacted(told.payload),
                problem=told.problem,
            )
        )
        self.tell(
            unit,
            ReviewWanted(
                organisation=station.organisation,
                station=station.id,
                identity=station.identity,
                at=teller.at,
                subject=told.action,
                problem=told.problem,
            ),
        )
        return _NOTED
