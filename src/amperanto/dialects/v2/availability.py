"""G. Availability, as OCPP 2.x says it: the state of a connector by StatusNotification, or in a NotifyEvent.

2.1 prefers NotifyEvent (`diagnostics.py`); both are understood in both versions (G01).
"""

from __future__ import annotations

from amperanto.dialects.context import StationContext
from amperanto.dialects.errors import NotSpoken
from amperanto.dialects.v2.words import V2
from amperanto.dialects.wording import aware
from amperanto.domain.decisions import Noted, TimeTold
from amperanto.domain.observations import ConnectorObserved, HeartbeatSeen
from amperanto.domain.stations import Availability, EvseRef
from amperanto.ocpp import v2

NOTED = Noted()
AVAILABILITY = {state.value: state for state in Availability}
STATE_DROPS = {
    "charging": "2.x tells it by TransactionEvent",
    "fault": "2.x tells it as an event of the component that failed",
    "native": "only 1.6 has a finer word",
    "info": "only 1.6 adds a word to a state",
}


@V2.exchange(v2.HeartbeatRequest, HeartbeatSeen)
class Heartbeat:
    """The station is alive and wants the time."""

    @staticmethod
    def read(wire: v2.HeartbeatRequest, context: StationContext) -> HeartbeatSeen:
        return HeartbeatSeen()

    @staticmethod
    def write(neutral: HeartbeatSeen, context: StationContext) -> v2.HeartbeatRequest:
        return v2.HeartbeatRequest()

    @staticmethod
    def answer(wire: v2.HeartbeatRequest, said: TimeTold, context: StationContext) -> v2.HeartbeatResponse:
        return v2.HeartbeatResponse(current_time=aware(said.now))

    @staticmethod
    def hear(neutral: HeartbeatSeen, answer: v2.HeartbeatResponse, context: StationContext) -> TimeTold:
        return TimeTold(now=aware(answer.current_time))


@V2.exchange(
    v2.StatusNotificationRequest,
    ConnectorObserved,
    drops={**STATE_DROPS, "at": "2.x always says when: none is said as now"},
)
class StatusNotification:
    """The state of a connector. A word nobody knows counts as Unavailable, and is kept as `native`."""

    @staticmethod
    def read(wire: v2.StatusNotificationRequest, context: StationContext) -> ConnectorObserved:
        availability = AVAILABILITY.get(wire.connector_status)
        return ConnectorObserved(
            where=EvseRef(wire.evse_id, wire.connector_id or None),
            availability=availability or Availability.UNAVAILABLE,
            at=aware(wire.timestamp),
            native=None if availability is not None else str(wire.connector_status),
        )

    @staticmethod
    def write(neutral: ConnectorObserved, context: StationContext) -> v2.StatusNotificationRequest:
        where = neutral.where
        if where.evse == 0 or not where.connector:
            raise NotSpoken("OCPP 2.x tells the state of connectors only, not of the station or an EVSE")
        return v2.StatusNotificationRequest(
            timestamp=aware(neutral.at or context.now()),
            connector_status=v2.ConnectorStatus(neutral.availability.value),
            evse_id=where.evse,
            connector_id=where.connector,
        )

    @staticmethod
    def answer(
        wire: v2.StatusNotificationRequest, said: Noted, context: StationContext
    ) -> v2.StatusNotificationResponse:
        return v2.StatusNotificationResponse()

    @staticmethod
    def hear(neutral: ConnectorObserved, answer: v2.StatusNotificationResponse, context: StationContext) -> Noted:
        return NOTED
