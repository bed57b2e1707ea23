"""The frames of one connection on their way into the message log (R7).

A call that changes state is logged with its consequences by the pipeline, which takes its frame from here;
everything else (answers, our own frames, what was refused) goes into a later group and nobody waits. The reader
numbers frames, so their order is known. Secrets are gone before anything leaves this file.
"""

from __future__ import annotations

from datetime import datetime

from amperanto.csms.csms import Csms
from amperanto.csms.journal import Frame, is_plain, redacted
from amperanto.domain.events import FrameLogged
from amperanto.domain.oddities import Oddity, OddityKind
from amperanto.domain.stations import Station
from amperanto.gateway.link import head
from amperanto.ocpp.connection import (
    CallReceived,
    CallUnreadable,
    DoubledAnswer,
    ErrorReceived,
    Event,
    FrameRejected,
    LateAnswer,
    RawResultReceived,
    ResultReceived,
    SendReceived,
    UnknownAnswer,
)
from amperanto.ocpp.validation import Violation
from amperanto.transport.mailbox import IncomingCall

# What is refused or ignored, and told to nobody but the log.
ODD_FRAMES = (FrameRejected, CallUnreadable, UnknownAnswer, DoubledAnswer, LateAnswer)
IGNORED: dict[type[Event], str] = {
    UnknownAnswer: "an answer to nothing that was asked",
    DoubledAnswer: "a second answer to one call",
    LateAnswer: "an answer that came too late",
}


class ConnectionJournal:
    """What one connection said and heard."""

    def __init__(self, csms: Csms, station: Station, connection: int) -> None:
        self._csms = csms
        self._station = station
        self._connection = connection
        self._waiting: dict[int, Frame] = {}
        self._actions: dict[str, str] = {}

    def note(self, direction: str, text: str, number: int, event: Event | None) -> None:
        """A frame went in or out; called by the reader, in order."""
        at = self._csms.context.clock.now()
        if isinstance(event, CallReceived):
            message_id, action = event.call.id, event.call.action
        else:
            message_id, action = head(text)
        if direction == "out":
            self._csms.figures.messages_out += 1
            action = action or self._actions.pop(message_id or "", None)
            self._log(self._frame(at, (direction, number), text, (message_id, action)))
            return
        figures = self._csms.figures
        figures.messages_in += 1
        self._csms.schedule.seen(self._station.id, at)
        if isinstance(event, (CallReceived, CallUnreadable, SendReceived)):
            if isinstance(event, CallReceived):  # a known action: strangers' words must not become counters
                figures.by_action[event.call.action] = figures.by_action.get(event.call.action, 0) + 1
            call = self._frame(at, (direction, number), text, (message_id, action), event)
            self._waiting[number] = call
            if message_id is not None and action is not None and not isinstance(event, SendReceived):
                self._actions[message_id] = action  # until it is answered, as a SEND never is
            self._show(call)
            return
        action = getattr(getattr(event, "request", None), "action", None) or action
        self._log(self._frame(at, (direction, number), text, (message_id, action), event))

    @property
    def unanswered(self) -> int:
        """How many of the station's calls have no answer yet."""
        return len(self._actions)

    def take(self, call: IncomingCall) -> Frame:
        """The frame of a call that is about to be handled."""
        return self._waiting.pop(call.number)

    def rest(self) -> None:
        """Log the calls nobody came to handle before the connection ended."""
        waiting, self._waiting = self._waiting, {}
        for frame in waiting.values():
            self.later(frame)

    def later(self, frame: Frame) -> None:
        """Log a call that changes nothing; nobody waits for it."""
        self._csms.log_later(frame)

    def _frame(
        self,
        at: datetime,
        place: tuple[str, int],
        text: str,
        named: tuple[str | None, str | None],
        event: Event | None = None,
    ) -> Frame:
        direction, number = place
        found = () if event is None else _violations(event)
        if found:
            self._csms.figures.violations += len(found)
            for violation in found:
                self._odd(OddityKind.VIOLATION, named[1], violation.path, violation.detail, at)
        if isinstance(event, ODD_FRAMES):
            self._odd(OddityKind.FRAME, named[1], "", _result(event), at)
        call = event.call if isinstance(event, CallReceived) else None
        plain = call is not None and is_plain(text, call.action, proved=call.proved)
        return Frame(
            organisation=self._station.organisation,
            station=self._station.id,
            connection=self._connection,
            number=number,
            at=at,
            direction=direction,
            frame=text if plain else redacted(text),
            message_id=named[0],
            action=named[1],
            result="ok" if direction == "out" or call is not None else _result(event),
            violations=tuple([f"{one.path or 'message'}: {one.detail}" for one in found]) if found else (),
        )

    def _odd(self, kind: OddityKind, action: str | None, path: str, detail: str, at: datetime) -> None:
        """Count what the standard does not say."""
        self._csms.oddities.count(self._station, Oddity.at(kind, action, path, detail), at)

    def _log(self, frame: Frame) -> None:
        self._show(frame)
        self.later(frame)

    def _show(self, frame: Frame) -> None:
        """To whoever follows the station live."""
        if not self._csms.context.bus.heard:
            return
        self._csms.context.bus.publish(
            FrameLogged(
                organisation=frame.organisation,
                station=frame.station,
                identity=self._station.identity,
                at=frame.at,
                direction=frame.direction,
                frame=frame.frame,
                number=frame.number,
                action=frame.action,
                message_id=frame.message_id,
                violations=frame.violations,
            )
        )


def _result(event: Event | None) -> str:
    """How the frame was taken, in one word and its reason."""
    match event:
        case FrameRejected():
            return f"refused: {event.error}"
        case CallUnreadable():
            return f"unreadable: {event.error}"
        case ErrorReceived():
            return f"error: {event.error}"
        case CallReceived() | ResultReceived() | RawResultReceived() | SendReceived():
            return "ok"
        case UnknownAnswer() | DoubledAnswer() | LateAnswer():
            return IGNORED[type(event)]
        case None:
            return "ignored"
        case _:
            return type(event).__name__


def _violations(event: Event | None) -> tuple[Violation, ...]:
    """What was tolerated in the frame."""
    match event:
        case CallReceived():
            return event.call.violations
        case ResultReceived() | SendReceived():
            return event.violations
        case _:
            return ()
