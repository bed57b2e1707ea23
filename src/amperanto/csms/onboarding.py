"""Onboarding: a station that is accepted for the first time is set up by a template, if one names stations like it.

The wishes are put in the unit of the boot that is accepted, so that they are never forgotten and never doubled; the
ordinary way brings them (`delivery.py`): the inventory first, then values, measurands one at a time, its local list. A
station that is quiet, or caught in a loop of boots, is left alone, and so is one whose make cannot bear it. With
`while_pending` a station whose registration is pending gets the template then (B02), and is accepted when it took all
of it; one that refused a part stays pending, for a person to see.
"""

from __future__ import annotations

from dataclasses import replace

import msgspec
import structlog

from amperanto.csms.block import Block, Context
from amperanto.csms.desired_state import BY_ITSELF, LOCAL_LIST, DesiredState, Want
from amperanto.csms.errors import StationError
from amperanto.csms.reports import INVENTORY
from amperanto.csms.rollouts import wants_of
from amperanto.domain.desired_state import WishState
from amperanto.domain.local_lists import Wanted
from amperanto.domain.stations import Hardware, Registration, Station
from amperanto.ocpp import v2
from amperanto.ocpp.errors import CallRefused
from amperanto.stores.rollouts import Rollout
from amperanto.stores.store import Lane, Unit
from amperanto.stores.templates import Template

log = structlog.get_logger("amperanto.csms")


class Onboarding(Block):
    """The first acceptance."""

    def __init__(self, context: Context, wished: DesiredState) -> None:
        super().__init__(context)
        self._wished = wished

    def take_stock(self, unit: Unit, station: Station) -> None:
        """B07.FR.14: want everything the station has."""
        self._wished.put(unit, station, INVENTORY, BY_ITSELF)

    async def begin(self, unit: Unit, station: Station, hardware: Hardware) -> str | None:
        """The rollout that sets the station up, begun now where this boot is the first that is accepted."""
        never = station.onboarding is None and station.admitted is not Registration.ACCEPTED
        if not never or not station.may_be_sent_to or station.registration is Registration.REJECTED:
            return station.onboarding
        template = await self._template(unit, station, hardware)
        if template is None or template.first_use is None:
            return None
        if station.registration is Registration.PENDING and not template.first_use.while_pending:
            return None
        made = Rollout(
            id=self.context.ids.new(),
            organisation=station.organisation,
            name=template.name,
            stations=1,
            started_at=self.context.clock.now(),
            started_by=BY_ITSELF,
        )
        unit.rollouts.add(made)
        wants = wants_of(template.wanted)
        if template.first_use.local_list:
            unit.local_lists.want(station, Wanted.TOKENS)
            wants.append(Want(LOCAL_LIST, "", msgspec.json.encode(Wanted.TOKENS).decode()))
        for want in wants:
            self._wished.put(unit, station, want, BY_ITSELF, batch=made.id)
        return made.id

    async def _template(self, unit: Unit, station: Station, hardware: Hardware) -> Template | None:
        fitting = [
            one
            for one in await unit.templates.list(station.organisation)
            if one.first_use is not None and one.first_use.fits(hardware.vendor, hardware.model)
        ]
        return max(fitting, key=lambda one: one.first_use.exactness if one.first_use else (0, 0), default=None)

    async def given(self, station: Station) -> None:
        """B02: a pending station that took all of its template is accepted, and told to boot again."""
        if station.registration is not Registration.PENDING or station.onboarding is None:
            return
        page = await self.context.store.desired_states.list(station.organisation, batch=station.onboarding, limit=1000)
        early = [one for one in page.items if self._wished.kinds[one.kind].while_pending]
        if not early or any(one.state is not WishState.DONE for one in early):
            return

        async def accept(unit: Unit) -> None:
            now = await unit.stations.by_id(station.id)
            if now is not None and now.registration is Registration.PENDING:
                unit.stations.save(replace(now, registration=Registration.ACCEPTED))

        await self.context.store.run(accept, lane=Lane.BULK)
        if not self.context.stations.behaviour(station.id).boots_when_triggered:
            return
        try:
            trigger = v2.TriggerMessageRequest(requested_message=v2.MessageTrigger.BOOT_NOTIFICATION)
            await self.context.stations.call(station.id, trigger)
        except (StationError, CallRefused) as error:
            log.info("a station that is accepted now will boot in its own time", why=str(error))
