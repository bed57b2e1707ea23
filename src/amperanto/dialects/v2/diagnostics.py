"""N. Diagnostics, as OCPP 2.x reports them: events of the device model, and the state of log uploads.

A NotifyEvent line about a connector's AvailabilityState is that connector's state (G01, 2.1's preferred
form); every other line is kept in the station's words. Lines stay in the order they were told.
"""

from __future__ import annotations

from amperanto.dialects.context import StationContext
from amperanto.dialects.errors import NotSpoken
from amperanto.dialects.v2.availability import AVAILABILITY, STATE_DROPS
from amperanto.dialects.v2.words import V2, evse, place
from amperanto.dialects.wording import aware, fitting, fitting_or_unset, plain, word
from amperanto.domain.decisions import Noted
from amperanto.domain.observations import ConnectorObserved, EventsReported, LogProgressed, VariableEvent
from amperanto.ocpp import v2

NOTED = Noted()
CONNECTOR, STATE = "Connector", "AvailabilityState"
NOTIFICATION = v2.EventNotification.HARD_WIRED_NOTIFICATION


def _is_state(line: v2.EventData) -> bool:
    return (
        line.variable.name.casefold() == "availabilitystate"
        and line.component.name.casefold() == "connector"
        and isinstance(line.variable.instance, v2.UnsetType)
        and line.actual_value in AVAILABILITY
    )


def _read(line: v2.EventData) -> ConnectorObserved | VariableEvent:
    told = line.component.evse
    where = None if isinstance(told, v2.UnsetType) else place(told)
    if where is not None and _is_state(line):
        return ConnectorObserved(where=where, availability=AVAILABILITY[line.actual_value], at=aware(line.timestamp))
    return VariableEvent(
        component=line.component.name,
        component_instance=v2.or_none(line.component.instance),
        variable=line.variable.name,
        variable_instance=v2.or_none(line.variable.instance),
        where=where,
        value=line.actual_value,
        trigger=str(line.trigger),
        at=aware(line.timestamp),
        event_id=line.event_id,
        notification=str(line.event_notification_type),
        cause=v2.or_none(line.cause),
        cleared=v2.or_none(line.cleared),
        severity=v2.or_none(line.severity),
        monitor=v2.or_none(line.variable_monitoring_id),
        transaction=v2.or_none(line.transaction_id),
        tech_code=plain(line.tech_code),
        tech_info=plain(line.tech_info),
    )


def _write_state(state: ConnectorObserved, index: int, context: StationContext) -> v2.EventData:
    where, at = state.where, aware(state.at or context.now())
    if where.evse == 0 or not where.connector:
        raise NotSpoken("OCPP 2.x tells the state of connectors only, not of the station or an EVSE")
    return v2.EventData(
        # Unlike any other event of this station: its millisecond, and its place in the message.
        event_id=(int(at.timestamp() * 1000) + index) & 0x7FFFFFFF,
        timestamp=at,
        trigger=v2.EventTrigger.DELTA,
        actual_value=state.availability.value,
        event_notification_type=NOTIFICATION,
        component=v2.Component(name=CONNECTOR, evse=evse(where)),
        variable=v2.Variable(name=STATE),
    )


def _write_event(event: VariableEvent) -> v2.EventData:
    said = event.notification
    return v2.EventData(
        event_id=event.event_id,
        timestamp=aware(event.at),
        trigger=word(v2.EventTrigger, event.trigger, "event trigger"),
        actual_value=fitting(event.value, 2500, "value"),
        event_notification_type=NOTIFICATION if said is None else word(v2.EventNotification, said, "notification"),
        component=v2.Component(
            name=fitting(event.component, 50, "component"),
            instance=fitting_or_unset(event.component_instance, 50, "component instance"),
            evse=v2.UNSET if event.where is None else evse(event.where),
        ),
        variable=v2.Variable(
            name=fitting(event.variable, 50, "variable"),
            instance=fitting_or_unset(event.variable_instance, 50, "variable instance"),
        ),
        cause=v2.unless_none(event.cause),
        cleared=v2.unless_none(event.cleared),
        severity=v2.unless_none(event.severity),
        variable_monitoring_id=v2.unless_none(event.monitor),
        transaction_id=fitting_or_unset(event.transaction, 36, "transaction id"),
        tech_code=fitting_or_unset(event.tech_code, 50, "technical code"),
        tech_info=fitting_or_unset(event.tech_info, 500, "technical information"),
    )


@V2.exchange(
    v2.NotifyEventRequest,
    EventsReported,
    drops={
        **{f"events.{name}": reason for name, reason in STATE_DROPS.items()},
        "events.at": "2.x always says when: none is said as now",
        "events.notification": "2.x always says which: none is said as HardWiredNotification",
    },
)
class NotifyEvent:
    """Connector states and monitors that fired."""

    @staticmethod
    def read(wire: v2.NotifyEventRequest, context: StationContext) -> EventsReported:
        return EventsReported(
            events=tuple([_read(line) for line in wire.event_data]),
            at=aware(wire.generated_at),
            part=wire.seq_no,
            more=wire.tbc is True,
        )

    @staticmethod
    def write(neutral: EventsReported, context: StationContext) -> v2.NotifyEventRequest:
        if not neutral.events:
            raise NotSpoken("there is no event to tell")
        return v2.NotifyEventRequest(
            generated_at=aware(neutral.at),
            seq_no=neutral.part,
            tbc=True if neutral.more else v2.UNSET,
            event_data=[
                _write_state(event, index, context) if isinstance(event, ConnectorObserved) else _write_event(event)
                for index, event in enumerate(neutral.events)
            ],
        )

    @staticmethod
    def answer(wire: v2.NotifyEventRequest, said: Noted, context: StationContext) -> v2.NotifyEventResponse:
        return v2.NotifyEventResponse()

    @staticmethod
    def hear(neutral: EventsReported, answer: v2.NotifyEventResponse, context: StationContext) -> Noted:
        return NOTED


@V2.exchange(v2.LogStatusNotificationRequest, LogProgressed, drops={"diagnostics": "only 1.6 has two messages for it"})
class LogStatusNotification:
    """The state of a log upload."""

    @staticmethod
    def read(wire: v2.LogStatusNotificationRequest, context: StationContext) -> LogProgressed:
        return LogProgressed(status=str(wire.status), request=v2.or_none(wire.request_id))

    @staticmethod
    def write(neutral: LogProgressed, context: StationContext) -> v2.LogStatusNotificationRequest:
        return v2.LogStatusNotificationRequest(
            status=word(v2.UploadLogStatus, neutral.status, "log status"),
            request_id=v2.unless_none(neutral.request),
        )

    @staticmethod
    def answer(
        wire: v2.LogStatusNotificationRequest, said: Noted, context: StationContext
    ) -> v2.LogStatusNotificationResponse:
        return v2.LogStatusNotificationResponse()

    @staticmethod
    def hear(neutral: LogProgressed, answer: v2.LogStatusNotificationResponse, context: StationContext) -> Noted:
        return NOTED
