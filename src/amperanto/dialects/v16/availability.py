"""G. Availability, as OCPP 1.6 says it: nine words for what 2.x tells as connector state and charging state.

A status read is unfolded into both and keeps its own word as `native`; written, the native word goes first,
and without one the word is found from the two states. A fault is told by its errorCode whatever the status.
"""

from __future__ import annotations

from amperanto.dialects.context import WHOLE_STATION, StationContext
from amperanto.dialects.v16.words import COMMAND_DROPS, CONNECTOR, V16, connector
from amperanto.dialects.wording import aware, aware_or_none, fitting_or_unset, plain, word
from amperanto.domain.decisions import Noted, TimeTold
from amperanto.domain.observations import ConnectorObserved, HeartbeatSeen
from amperanto.domain.stations import Availability, ChargingState, EvseRef, Fault
from amperanto.ocpp import v2, v16

NOTED = Noted()
UNFOLDED: dict[str, tuple[Availability, ChargingState | None]] = {
    "Available": (Availability.AVAILABLE, None),
    "Preparing": (Availability.OCCUPIED, ChargingState.EV_CONNECTED),
    "Charging": (Availability.OCCUPIED, ChargingState.CHARGING),
    "SuspendedEVSE": (Availability.OCCUPIED, ChargingState.SUSPENDED_EVSE),
    "SuspendedEV": (Availability.OCCUPIED, ChargingState.SUSPENDED_EV),
    "Finishing": (Availability.OCCUPIED, ChargingState.EV_CONNECTED),
    "Reserved": (Availability.RESERVED, None),
    "Unavailable": (Availability.UNAVAILABLE, None),
    "Faulted": (Availability.FAULTED, None),
}
STATUS = v16.ChargePointStatus
FOLDED = {
    ChargingState.CHARGING: STATUS.CHARGING,
    ChargingState.SUSPENDED_EV: STATUS.SUSPENDED_EV,
    ChargingState.SUSPENDED_EVSE: STATUS.SUSPENDED_EVSE,
}
NO_ERROR = v16.ChargePointErrorCode.NO_ERROR


@V16.exchange(v16.HeartbeatRequest, HeartbeatSeen)
class Heartbeat:
    """The station is alive and wants the time."""

    @staticmethod
    def read(wire: v16.HeartbeatRequest, context: StationContext) -> HeartbeatSeen:
        return HeartbeatSeen()

    @staticmethod
    def write(neutral: HeartbeatSeen, context: StationContext) -> v16.HeartbeatRequest:
        return v16.HeartbeatRequest()

    @staticmethod
    def answer(wire: v16.HeartbeatRequest, said: TimeTold, context: StationContext) -> v16.HeartbeatResponse:
        return v16.HeartbeatResponse(current_time=aware(said.now))

    @staticmethod
    def hear(neutral: HeartbeatSeen, answer: v16.HeartbeatResponse, context: StationContext) -> TimeTold:
        return TimeTold(now=aware(answer.current_time))


@V16.exchange(
    v16.StatusNotificationRequest,
    ConnectorObserved,
    drops={
        "where.connector": CONNECTOR,
        "native": "restored: 1.6's own word, by which the other two are found again",
        "charging": "an occupied connector's only; Idle is said as Preparing and heard as EVConnected",
        "info": "a connector without a fault only; the fault's own goes first",
    },
)
class StatusNotification:
    """The state of a connector, or of the station as connector 0."""

    @staticmethod
    def read(wire: v16.StatusNotificationRequest, context: StationContext) -> ConnectorObserved:
        # A word outside the nine says nothing about the connector but that it cannot be counted on.
        availability, charging = UNFOLDED.get(wire.status, (Availability.UNAVAILABLE, None))
        return ConnectorObserved(
            where=context.topology.place(wire.connector_id),
            availability=availability,
            charging=charging,
            fault=_fault(wire),
            at=aware_or_none(wire.timestamp),
            native=str(wire.status),
            info=plain(wire.info) if wire.error_code == NO_ERROR else None,
        )

    @staticmethod
    def write(neutral: ConnectorObserved, context: StationContext) -> v16.StatusNotificationRequest:
        fault = neutral.fault
        code = NO_ERROR if fault is None else word(v16.ChargePointErrorCode, fault.code, "error code")
        return v16.StatusNotificationRequest(
            connector_id=connector(neutral.where, context),
            error_code=code,
            status=_status(neutral),
            info=fitting_or_unset(neutral.info if fault is None else fault.info, 50, "info"),
            timestamp=v16.UNSET if neutral.at is None else aware(neutral.at),
            vendor_id=v16.UNSET if fault is None else fitting_or_unset(fault.vendor_id, 255, "vendorId"),
            vendor_error_code=v16.UNSET if fault is None else fitting_or_unset(fault.vendor_code, 50, "error code"),
        )

    @staticmethod
    def answer(
        wire: v16.StatusNotificationRequest, said: Noted, context: StationContext
    ) -> v16.StatusNotificationResponse:
        return v16.StatusNotificationResponse()

    @staticmethod
    def hear(neutral: ConnectorObserved, answer: v16.StatusNotificationResponse, context: StationContext) -> Noted:
        return NOTED


def _fault(wire: v16.StatusNotificationRequest) -> Fault | None:
    if wire.error_code == NO_ERROR:
        return None
    return Fault(
        code=str(wire.error_code),
        info=plain(wire.info),
        vendor_id=plain(wire.vendor_id),
        vendor_code=plain(wire.vendor_error_code),
    )


def _status(neutral: ConnectorObserved) -> v16.ChargePointStatus:
    if neutral.native in UNFOLDED:
        return STATUS(neutral.native)
    if neutral.availability is Availability.OCCUPIED:
        return FOLDED.get(neutral.charging or ChargingState.IDLE, STATUS.PREPARING)
    return STATUS(neutral.availability.value)


@V16.exchange(
    v16.ChangeAvailabilityRequest,
    v2.ChangeAvailabilityRequest,
    several=True,
    drops={
        "evse": f"{CONNECTOR}; an EVSE of several connectors is changed connector by connector",
        **COMMAND_DROPS,
    },
)
class ChangeAvailability:
    """Make a place operative or not. The least willing of several answers counts."""

    @staticmethod
    def read(wire: v16.ChangeAvailabilityRequest, context: StationContext) -> v2.ChangeAvailabilityRequest:
        return v2.ChangeAvailabilityRequest(
            operational_status=v2.OperationalStatus.keep(wire.type),
            evse=v2.UNSET if wire.connector_id == 0 else evse(wire.connector_id, context),
        )

    @staticmethod
    def write(neutral: v2.ChangeAvailabilityRequest, context: StationContext) -> list[v16.ChangeAvailabilityRequest]:
        change = word(v16.Availability, neutral.operational_status, "operational status")
        where = place(neutral.evse)
        return [
            v16.ChangeAvailabilityRequest(connector_id=connector_id, type=change)
            for connector_id in context.topology.connectors(where)
        ]

    @staticmethod
    def answer(
        wire: v16.ChangeAvailabilityRequest, said: v2.ChangeAvailabilityResponse, context: StationContext
    ) -> v16.ChangeAvailabilityResponse:
        return v16.ChangeAvailabilityResponse(status=v16.AvailabilityStatus.keep(said.status))

    @staticmethod
    def hear(
        neutral: v2.ChangeAvailabilityRequest,
        answers: list[v16.ChangeAvailabilityResponse],
        context: StationContext,
    ) -> v2.ChangeAvailabilityResponse:
        told = {answer.status for answer in answers}
        for status in (v16.AvailabilityStatus.REJECTED, v16.AvailabilityStatus.SCHEDULED):
            if status in told:
                return v2.ChangeAvailabilityResponse(status=v2.ChangeAvailabilityStatus(status.value))
        return v2.ChangeAvailabilityResponse(status=v2.ChangeAvailabilityStatus.keep(answers[0].status))


def evse(connector_id: int, context: StationContext) -> v2.EVSE:
    """A 1.6 connector as the EVSE and connector of a 2.1 request."""
    where = context.topology.place(connector_id)
    return v2.EVSE(id=where.evse, connector_id=v2.unless_none(where.connector))


def place(told: v2.EVSE | v2.UnsetType) -> EvseRef:
    """The place a 2.1 request names; the whole station where it names none."""
    if isinstance(told, v2.UnsetType):
        return WHOLE_STATION
    return EvseRef(told.id, v2.or_none(told.connector_id))
