"""B. Provisioning: who may work, and what a station says it is.

The answer to a boot is the operator's decision for that station (B01 Accepted, B02 Pending, B03 Rejected) and
lasts: a station that was accepted need not boot again to reconnect (R9).
"""

from __future__ import annotations

from dataclasses import replace

from amperanto.csms.block import Block, Context, Teller, handles
from amperanto.csms.loose_ends import LooseEnds
from amperanto.domain.decisions import BootDecision
from amperanto.domain.events import StationRegistered
from amperanto.domain.observations import StationBooted
from amperanto.stores.store import Unit


class Provisioning(Block):
    """B. Provisioning."""

    def __init__(self, context: Context, loose_ends: LooseEnds) -> None:
        super().__init__(context)
        self._loose_ends = loose_ends

    @handles(StationBooted)
    async def booted(self, unit: Unit, teller: Teller, told: StationBooted) -> BootDecision:
        """B01-B03: answer as the operator decided, and keep what the station is."""
        station = teller.station
        now = self.context.clock.now()
        known = replace(
            station,
            admitted=station.registration,
            hardware=told.hardware,
            ocpp_version=teller.link.ocpp_version,
            booted_at=teller.at,
            last_seen=teller.at,
        )
        unit.stations.save(known)
        self.tell(
            unit,
            StationRegistered(
                organisation=station.organisation,
                station=station.id,
                identity=station.identity,
                at=now,
                registration=station.registration,
                vendor=told.hardware.vendor,
                model=told.hardware.model,
                firmware_version=told.hardware.firmware_version,
            ),
        )
        await self._loose_ends.booted(unit, teller, told)
        unit.after_commit(teller.link.refresh)
        return BootDecision(status=station.registration, now=now, interval=station.heartbeat_interval)
