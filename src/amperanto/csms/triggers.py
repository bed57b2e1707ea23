"""F06: a message is asked for now, in the way that this station takes.

A station that is accepted is never asked for its boot (F06, 1.6 errata 4.0). Some stations refuse to tell of all their
connectors at once, or of connector 0; they are asked connector by connector, as far as their connectors are known.
"""

from __future__ import annotations

from dataclasses import dataclass

from amperanto.csms.block import Block
from amperanto.domain.errors import TriggerNotAllowed
from amperanto.domain.stations import EvseRef, Registration, Station
from amperanto.ocpp import v2

TRIGGERED = v2.TriggerMessageStatus
OF_EACH_CONNECTOR = frozenset({v2.MessageTrigger.STATUS_NOTIFICATION, v2.MessageTrigger.METER_VALUES})


@dataclass(frozen=True, slots=True)
class Triggered:
    """The station's word, and the places it was asked about one by one (none: all at once)."""

    status: str
    reason: str | None = None
    asked: tuple[EvseRef, ...] = ()


class Triggers(Block):
    """F06: messages asked for."""

    async def trigger(
        self,
        station: Station,
        message: v2.MessageTrigger,
        where: EvseRef | None = None,
        *,
        custom: str | None = None,
        timeout: float | None = None,
    ) -> Triggered:
        """Ask for a message of a place, or of all. Raises TriggerNotAllowed, and as `Stations.call` does."""
        if message == v2.MessageTrigger.BOOT_NOTIFICATION and station.admitted is Registration.ACCEPTED:
            raise TriggerNotAllowed("the station's boot is accepted; it must not be asked for another (F06)")
        behaviour = self.context.stations.behaviour(station.id)
        if message == v2.MessageTrigger.BOOT_NOTIFICATION and not behaviour.boots_when_triggered:
            raise TriggerNotAllowed("stations of this make may restart when they are asked for their boot")
        whole = where is None and message in OF_EACH_CONNECTOR
        places = await self._places(station) if whole else ()
        if not (places and behaviour.triggers_need_connector):
            answer = await self._ask(station, message, where, custom, timeout)
            if answer.status != TRIGGERED.REJECTED or not places:
                return _told(answer)
        answers = [await self._ask(station, message, place, custom, timeout) for place in places]
        refused = next((one for one in answers if one.status != TRIGGERED.ACCEPTED), answers[0])
        told = _told(refused)
        return Triggered(told.status, told.reason, places)

    async def _places(self, station: Station) -> tuple[EvseRef, ...]:
        """The connectors the station has told of."""
        return tuple(
            one.where
            for one in await self.context.store.connectors.of(station.organisation, station.id)
            if one.where.evse > 0 and one.where.connector is not None
        )

    async def _ask(
        self,
        station: Station,
        message: v2.MessageTrigger,
        where: EvseRef | None,
        custom: str | None,
        timeout: float | None,
    ) -> v2.TriggerMessageResponse:
        place = v2.UNSET if where is None else v2.EVSE(id=where.evse, connector_id=v2.unless_none(where.connector))
        request = v2.TriggerMessageRequest(requested_message=message, evse=place, custom_trigger=v2.unless_none(custom))
        return await self.context.stations.call(station.id, request, timeout=timeout, urgent=True)


def _told(answer: v2.TriggerMessageResponse) -> Triggered:
    info = v2.or_none(answer.status_info)
    return Triggered(str(answer.status), None if info is None else info.reason_code)
