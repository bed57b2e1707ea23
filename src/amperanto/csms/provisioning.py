"""B. Provisioning: who may work, and what a station says it is.

The answer to a boot is the operator's decision for that station (B01 Accepted, B02 Pending, B03 Rejected) and
lasts: a station that was accepted need not boot again to reconnect (R9). A boot is also when much follows: everything
the station has is asked for at first contact and when it is another than before (B07.FR.14), a template sets it up when
it is accepted first, a reset has come about. One that boots again and again is left alone, and said to be so.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from amperanto.csms.access import Principal
from amperanto.csms.block import Block, Context, Teller, handles
from amperanto.csms.loose_ends import LooseEnds
from amperanto.csms.onboarding import Onboarding
from amperanto.csms.resets import Resets
from amperanto.domain.decisions import BootDecision
from amperanto.domain.events import ReviewWanted, StationRegistered
from amperanto.domain.observations import StationBooted
from amperanto.domain.stations import Registration, Station
from amperanto.stores.store import Lane, Unit


class Provisioning(Block):
    """B. Provisioning."""

    def __init__(self, context: Context, loose_ends: LooseEnds, onboarding: Onboarding, resets: Resets) -> None:
        super().__init__(context)
        self._loose_ends = loose_ends
        self._onboarding = onboarding
        self._resets = resets

    @handles(StationBooted)
    async def booted(self, unit: Unit, teller: Teller, told: StationBooted) -> BootDecision:
        """B01-B03: answer as the operator decided, and keep what the station is."""
        before, settings, now = teller.station, self.context.settings, self.context.clock.now()
        within = timedelta(seconds=settings.boot_loop_time)
        counted = before.booting(teller.at, most=settings.boot_loop, within=within)
        known = replace(
            counted,
            admitted=before.registration,
            hardware=told.hardware,
            ocpp_version=teller.link.ocpp_version,
            booted_at=teller.at,
            last_seen=teller.at,
            onboarding=await self._onboarding.begin(unit, counted, told.hardware),
        )
        unit.stations.save(known)
        await self._followed(unit, before, known, told)
        self.tell(
            unit,
            StationRegistered(
                organisation=before.organisation,
                station=before.id,
                identity=before.identity,
                at=now,
                registration=before.registration,
                vendor=told.hardware.vendor,
                model=told.hardware.model,
                firmware_version=told.hardware.firmware_version,
            ),
        )
        await self._loose_ends.booted(unit, teller, told)
        unit.after_commit(teller.link.refresh)
        return BootDecision(status=before.registration, now=now, interval=before.heartbeat_interval)

    async def _followed(self, unit: Unit, before: Station, known: Station, told: StationBooted) -> None:
        """What follows from a boot beside its answer."""
        if before.booted_at is not None:
            await self._resets.booted(unit, known, told.reason)
        another = before.hardware != told.hardware
        if another and known.may_be_sent_to and known.registration is not Registration.REJECTED:
            self._onboarding.take_stock(unit, known)
        if before.boot_loop_since is None and known.boot_loop_since is not None:
            problem = f"it booted {len(known.boots)} times in a short time; nothing is sent to it by itself any more"
            self.tell(
                unit,
                ReviewWanted(
                    organisation=known.organisation,
                    station=known.id,
                    identity=known.identity,
                    at=known.boot_loop_since,
                    subject="boot loop",
                    problem=problem,
                ),
            )

    async def release(self, who: Principal, station: Station) -> Station:
        """A station that was caught in a loop of boots may be sent to again."""

        async def work(unit: Unit) -> Station:
            now = await unit.stations.get(who.organisation, station.id)
            if now is None or now.boot_loop_since is None:
                return now or station
            return unit.stations.save(replace(now, boot_loop_since=None, boots=()))

        return await self.context.store.run(work, lane=Lane.BULK)
