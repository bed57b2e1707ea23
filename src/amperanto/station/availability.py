"""G. Availability: connector states, heartbeats, and being put out of service.

A connector's state is told when it changes in the words of the version spoken, so a change that 1.6 has two
words for and 2.x only one makes one message there and none here. While the line is down nothing is told;
afterwards the present state is, never the history (1.6 §4.9). Being out of service outlives a restart
(B01.FR.06); it is a matter of the station, the EVSE and the connector, and a connector is in service if all three are.
In 1.6 no change is told that its table of states forbids: what lasts no time is told, too, on the way.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime

from amperanto.dialects.errors import NotSpoken
from amperanto.domain.decisions import TimeTold
from amperanto.domain.observations import ConnectorObserved, EventsReported, HeartbeatSeen, VariableEvent
from amperanto.domain.stations import Availability as State
from amperanto.domain.stations import EvseRef, Fault
from amperanto.ocpp import v2
from amperanto.ocpp.shapes import Message, or_none
from amperanto.station.block import Block, Then, handles
from amperanto.station.clock import within
from amperanto.station.context import Context
from amperanto.station.controllers import Address
from amperanto.station.evse import Evse
from amperanto.station.line import Line, LineError
from amperanto.station.status_table import steps

STATION = EvseRef(0)
ANY_TIME = datetime(2000, 1, 1, tzinfo=UTC)
EV_SIDE = "EV side disconnected"
"""What 1.6 adds to SuspendedEV or Finishing where the cable was pulled at the car."""
LOCK_FAILURE = Fault(code="ConnectorLockFailure")
HEARTBEAT_INTERVAL = Address("OCPPCommCtrlr", "HeartbeatInterval")


class Availability(Block):
    """G. Availability."""

    def __init__(self, context: Context, line: Line) -> None:
        super().__init__(context, line)
        self.operative = True
        self.on_look: list[Callable[[], None]] = []
        """Who is asked what follows whenever an EVSE may have changed, before its state is told."""
        self._told: dict[EvseRef, list[Message]] = {}
        self._native: dict[EvseRef, str] = {}
        self._lasting: dict[EvseRef, list[Message]] = {}
        """What a connector is for the moment, until it has lasted for MinimumStatusDuration."""
        self._interval_changed = asyncio.Event()
        context.variables.changed.append(self._look_at)

    # --- states

    def observed(self, where: EvseRef) -> ConnectorObserved:
        """The present state of a connector, or of the station."""
        evse = self.context.evses.get(where.evse)
        if evse is None:
            state = State.AVAILABLE if self.operative else State.UNAVAILABLE
            return ConnectorObserved(where=STATION, availability=state, at=self.context.now())
        return ConnectorObserved(
            where=where,
            availability=evse.availability,
            charging=evse.charging,
            fault=evse.fault or (LOCK_FAILURE if evse.lock_failed else None),
            at=self.context.now(),
            native=evse.state,
            info=EV_SIDE if evse.left_at_car else None,
        )

    def state_message(self, where: EvseRef) -> ConnectorObserved | EventsReported:
        """The present state, as this version tells it."""
        return self._message(self.observed(where))

    def report(self, where: EvseRef, *, again: bool = False) -> None:
        """Tell the state if it is news; `again`: in any case."""
        for look in self.on_look:
            look()
        if self.line.is_ready:
            self._tell_if_new(where, again=again)

    async def report_all(self, *, again: bool) -> None:
        """Tell every state, or those that are news, before anything else is told."""
        for where in self._places():
            observed = self.observed(where)
            words = self._words(observed)
            if words and (again or words != self._told.get(where)) and await self.tell(self._message(observed)):
                self._told[where] = words
                self._native[where] = observed.native or observed.availability.value

    def catch_up(self) -> None:
        """Tell what changed while `report_all` was at it."""
        for where in self._places():
            self.report(where)

    def _places(self) -> Iterator[EvseRef]:
        if self.context.habits.station_has_a_state:
            yield STATION
        for evse in self.context.evses.values():
            yield evse.where

    def _tell_if_new(self, where: EvseRef, *, again: bool) -> None:
        observed = self.observed(where)
        words = self._words(observed)
        self._lasting[where] = words
        if not words or not (again or words != self._told.get(where)):
            return
        shortest = self._shortest
        if shortest > 0 and not again:
            self.context.spawn(self._tell_if_it_lasts(where, words, shortest))
        else:
            self._tell_on_the_way(observed)

    def _tell_on_the_way(self, observed: ConnectorObserved) -> None:
        """Tell the state, after those that lead to it without lasting any time."""
        where, native = observed.where, observed.native or observed.availability.value
        way = steps(self._native.get(where), native) if self.context.habits.states_follow_a_table else (native,)
        for step in way:
            state = observed if step == native else replace(observed, native=step, charging=None, fault=None, info=None)
            words = self._words(state)
            self._told[where], self._native[where] = words, step
            self.context.spawn(self._tell_state(state, words))

    @property
    def _shortest(self) -> int:
        """How many seconds a state must last to be told (1.6 MinimumStatusDuration)."""
        if not self.context.habits.states_follow_a_table:
            return 0
        return self.context.variables.number("ChargingStation", "MinimumStatusDuration")

    async def _tell_if_it_lasts(self, where: EvseRef, words: list[Message], seconds: int) -> None:
        await self.context.clock.sleep(seconds)
        if self._lasting.get(where) is words and self.line.is_ready:
            self._tell_on_the_way(self.observed(where))

    async def _tell_state(self, observed: ConnectorObserved, words: list[Message]) -> None:
        if not await self.tell(self._message(observed)) and self._told.get(observed.where) == words:
            del self._told[observed.where]

    def _words(self, observed: ConnectorObserved) -> list[Message]:
        """How this version spells the state, its time apart; nothing where it cannot."""
        try:
            return self.context.dialect.write(replace(observed, at=ANY_TIME), self.context)
        except NotSpoken:
            return []

    def _message(self, observed: ConnectorObserved) -> ConnectorObserved | EventsReported:
        if self.context.habits.states_are_events:
            return EventsReported(events=(observed,), at=self.context.now())
        return observed

    # --- heartbeats

    async def run(self) -> None:
        """Say something at least every HeartbeatInterval."""
        clock = self.context.clock
        while True:
            await self.line.ready()
            interval = self.context.variables.number("OCPPCommCtrlr", "HeartbeatInterval")
            left = interval - (clock.monotonic() - self.line.last_said)
            if left < 0.001:
                await self.heartbeat()
                continue
            self._interval_changed.clear()
            try:
                await within(clock, left, self._interval_changed.wait())
            except TimeoutError:
                continue

    async def heartbeat(self) -> None:
        """Say that we live, and take over the CSMS's time (G02)."""
        try:
            told = await self.line.ask(HeartbeatSeen())
        except LineError:
            return
        if isinstance(told, TimeTold):
            self.context.time.set(told.now)

    def _look_at(self, changed: Address) -> None:
        if changed == HEARTBEAT_INTERVAL:
            self._interval_changed.set()

    # --- out of service and back

    @handles(v2.ChangeAvailabilityRequest)
    def change(self, asked: v2.ChangeAvailabilityRequest) -> v2.ChangeAvailabilityResponse | Then:
        """Put a connector, an EVSE or the station in or out of service (G03, G04)."""
        words = v2.ChangeAvailabilityStatus
        operative = asked.operational_status == v2.OperationalStatus.OPERATIVE
        place = or_none(asked.evse)
        if place is None or place.id == 0:
            self.operative = operative
            concerned = list(self.context.evses.values())
            if not self.context.habits.availability_has_levels:
                for evse in concerned:
                    evse.connector_in_service = operative
        elif (evse := self.context.evses.get(place.id)) and or_none(place.connector_id) in (None, 0, 1):
            concerned = [evse]
            if or_none(place.connector_id) in (None, 0):
                evse.in_service = operative
            else:
                evse.connector_in_service = operative
        else:
            return v2.ChangeAvailabilityResponse(status=words.REJECTED)
        at_once = [self._settle(evse) for evse in concerned]
        response = v2.ChangeAvailabilityResponse(status=words.ACCEPTED if all(at_once) else words.SCHEDULED)
        return Then(response, self._report_changes)

    def _settle(self, evse: Evse) -> bool:
        """Put it in or out of service as all levels want it; whether it is so at once, or waits for who charges."""
        station = self.operative or not self.context.habits.availability_has_levels
        wanted = station and evse.in_service and evse.connector_in_service
        if wanted or (evse.transaction is None and evse.token is None):
            evse.operative = wanted
        return evse.operative is wanted

    def apply_pending(self, evse: Evse) -> None:
        """A transaction ended: carry out what had to wait for that."""
        self._settle(evse)

    # --- the cable lock

    def lock_tried(self, evse: Evse, locked: bool) -> None:
        """G05: the plug was to be locked; where it is not held nothing may flow, and somebody must know."""
        if locked is not evse.lock_failed:
            return  # as it was
        evse.lock_failed = not locked
        now = self.context.now()
        problem = VariableEvent(
            component="ConnectorPlugRetentionLock",
            variable="Problem",
            value=str(not locked).lower(),
            trigger="Alerting",
            at=now,
            event_id=int(now.timestamp() * 1000) & 0x7FFFFFFF,
            notification="HardWiredNotification",
            where=evse.where,
            cleared=locked,
        )
        told = EventsReported(events=(problem,), at=now)
        if self.line.is_ready and self.can_say(told):
            self.context.spawn(self._tell_problem(told))

    async def _tell_problem(self, told: EventsReported) -> None:
        await self.tell(told)

    async def _report_changes(self) -> None:
        self.catch_up()
