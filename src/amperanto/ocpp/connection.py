"""The state machine of one OCPP-J connection, without input or output; time is an argument.

Texts go in by `receive` and come out of `texts_to_send`; what happened is returned as events. Ours: calls
wait in a queue, at most one is open, each has one deadline over queue and answer; `tick` expires them.
Theirs: any number of calls may be open, they are delivered in order and each is owed one `reply` or `refuse`.
Answering never depends on our own open call (OCPP-J: calls may cross).

It never raises for what the peer did: a bad frame is answered as its version asks and becomes an event. It
raises LocalProtocolError for what we do wrong. `now` is any clock that never goes back, in seconds.
"""

from collections import OrderedDict, deque
from collections.abc import Callable, Iterator
from contextlib import suppress
from enum import StrEnum, auto
from itertools import chain
from typing import Any, TypeVar

import msgspec

from amperanto.ocpp.calls import TRANSITIONS, Happening, Pending, State
from amperanto.ocpp.catalogue import Exchange, exchange
from amperanto.ocpp.codec import Codec, Mode
from amperanto.ocpp.errors import (
    CallRefused,
    FrameBroken,
    Incomplete,
    LocalProtocolError,
    NotSupportedHere,
    RemoteProtocolError,
    UnknownAction,
    read_code,
    spell,
)
from amperanto.ocpp.events import (
    CallExpired,
    CallLost,
    CallReceived,
    CallUnreadable,
    DoubledAnswer,
    ErrorReceived,
    Event,
    FrameRejected,
    LateAnswer,
    RawCall,
    RawResultReceived,
    ReceivedCall,
    ResultErrorReceived,
    ResultReceived,
    SendReceived,
    UnknownAnswer,
    UnreadableCall,
    noted,
)
from amperanto.ocpp.exact import parse
from amperanto.ocpp.frames import (
    CALL,
    CALLRESULT,
    LEGAL_ID,
    UNREADABLE_ID,
    Call,
    CallError,
    CallResult,
    CallResultError,
    Frame,
    Send,
    Unframed,
    decode,
    encode,
    is_amended,
    verify,
)
from amperanto.ocpp.repair import without_stray_commas
from amperanto.ocpp.shapes import Notice, Request, Response
from amperanto.ocpp.validation import Kind, Violation

__all__ = ["TRANSITIONS", "Connection", "Happening", "Role", "State"]

Answer = TypeVar("Answer", bound=Response)


class Role(StrEnum):
    """Which side we are."""

    CSMS = auto()
    STATION = auto()


REMEMBERED = 64  # settled calls whose late or doubled answers are still recognised
TOO_LONG = Violation("", Kind.FRAME, f"message id longer than {LEGAL_ID} characters")
OTHER_ID = Violation("", Kind.FRAME, "the answer has another message id than its call")
STRAY_COMMAS = Violation("", Kind.FRAME, "commas that separate nothing")
CROWDED = Violation("", Kind.FRAME, "a call before the answer to the one before")


class Connection:
    """One OCPP-J connection. See the module for the rules."""

    def __init__(
        self,
        role: Role,
        codec: Codec,
        *,
        ids: Callable[[], object],
        timeout: float = 30.0,
        unreadable: frozenset[str] = frozenset(),
    ) -> None:
        """`unreadable` names actions whose uninterpretable calls the application wants to answer itself."""
        self.role = role
        self.codec = codec
        self.timeout = timeout
        self.unreadable = unreadable
        self.takes_any_id = False  # some stations answer under ids of their own
        self.frames_received = 0
        self._side = role.value
        self._ids = ids
        self._open: Pending | None = None
        self._urgent: deque[Pending] = deque()
        self._queue: deque[Pending] = deque()
        self._settled: OrderedDict[str, Pending] = OrderedDict()
        self._owed: dict[int, Exchange] = {}
        self._outbox: list[str] = []
        self._is_closed = False

    # ---------------------------------------------------------------------------------------- ours
    @property
    def queued(self) -> int:
        """Our calls that wait to be sent."""
        return len(self._urgent) + len(self._queue)

    @property
    def owed(self) -> int:
        """The peer's calls that we have not answered."""
        return len(self._owed)

    def call(self, request: Request[Answer], now: float, *, timeout: float | None = None, urgent: bool = False) -> str:
        """Queues a call and returns its message id; `urgent` overtakes. Raises LocalProtocolError."""
        self._must_be_ours(request.action)
        if not isinstance(request, Request):  # pyright: ignore[reportUnnecessaryIsInstance]
            raise LocalProtocolError(f"{type(request).__name__} is no request")
        deadline = now + (self.timeout if timeout is None else timeout)
        return self._call(request, self.codec.encode(request), deadline, urgent)

    def call_raw(
        self, action: str, payload: bytes, now: float, *, timeout: float | None = None, urgent: bool = False
    ) -> str:
        """Queues a call whose payload is any exact JSON object; answered by RawResultReceived.

        Neither the payload nor the answer is held to the schema. Raises LocalProtocolError.
        """
        self._must_be_ours(action)
        try:
            is_object = isinstance(parse(payload), dict)
        except RemoteProtocolError as error:
            raise LocalProtocolError(f"{action}: {error.description}") from error
        if not is_object:
            raise LocalProtocolError(f"{action}: the payload must be a JSON object")
        compact = msgspec.json.format(payload, indent=-1)  # some stations stumble over white space
        deadline = now + (self.timeout if timeout is None else timeout)
        return self._call(RawCall(action, payload), compact, deadline, urgent)

    def _call(self, request: Request[Any] | RawCall, payload: bytes, deadline: float, urgent: bool) -> str:
        pending = Pending(self._new_id(), request, "", deadline)
        pending.text = encode(Call(pending.id, request.action, payload))
        (self._urgent if urgent else self._queue).append(pending)
        self._send_next()
        return pending.id

    def send(self, notice: Notice, now: float) -> str:
        """Sends a message nobody answers (2.1), at once; returns its id. Raises LocalProtocolError."""
        self._must_be_ours(notice.action)
        if not isinstance(notice, Notice):  # pyright: ignore[reportUnnecessaryIsInstance]
            raise LocalProtocolError(f"{type(notice).__name__} wants an answer: call it")
        message_id = self._new_id()
        self._outbox.append(encode(Send(message_id, notice.action, self.codec.encode(notice))))
        return message_id

    def cancel(self, message_id: str) -> bool:
        """Gives up one of our calls; False when it was not pending."""
        for pending in self._pending():
            if pending.id == message_id:
                self._settle(pending, Happening.CANCEL)
                self._send_next()
                return True
        return False

    def reply(self, call: ReceivedCall | UnreadableCall, response: Response) -> None:
        """Answers a call. Raises LocalProtocolError for a second answer, another type, or an invalid one."""
        if self._is_closed:
            return  # nobody will hear it
        row = self._owed_exchange(call)
        if type(response) is not row.response:
            raise LocalProtocolError(f"{call.action} is not answered by {type(response).__name__}")
        text = encode(CallResult(call.id, self.codec.encode(response)))
        del self._owed[call.number]
        self._outbox.append(text)

    def refuse(
        self, call: ReceivedCall | UnreadableCall, error: RemoteProtocolError | type[RemoteProtocolError]
    ) -> None:
        """Answers a call with CALLERROR. Raises LocalProtocolError for a second answer."""
        if self._is_closed:
            return
        self._owed_exchange(call)
        try:
            self._refuse(call.id, error() if isinstance(error, type) else error)
        except TypeError as problem:
            raise LocalProtocolError(f"the details of a refusal must be JSON: {problem}") from problem
        del self._owed[call.number]

    # ---------------------------------------------------------------------------------------- time
    def deadline(self) -> float | None:
        """When `tick` has something to do; None while nothing is pending."""
        if self._open is None and not self._queue and not self._urgent:
            return None  # asked after every frame, and usually so
        return min((pending.deadline for pending in self._pending()), default=None)

    def tick(self, now: float) -> list[Event]:
        """Expires the calls whose time is up."""
        expired = [pending for pending in self._pending() if pending.deadline <= now]
        events: list[Event] = []
        for pending in expired:
            events.append(CallExpired(pending.id, pending.request, pending.state is State.OPEN))
            self._settle(pending, Happening.DEADLINE)
        self._send_next()
        return events

    def closed(self, now: float) -> list[Event]:
        """The connection is gone: nothing more goes out, and our pending calls are lost."""
        self._is_closed = True
        events: list[Event] = []
        for pending in list(self._pending()):
            events.append(CallLost(pending.id, pending.request, pending.state is State.OPEN))
            self._settle(pending, Happening.CLOSE)
        self._outbox.clear()
        self._owed.clear()
        return events

    def texts_to_send(self) -> list[str]:
        """The frames to put on the wire now, in order; each is given out once."""
        texts, self._outbox = self._outbox, []
        return texts

    # ---------------------------------------------------------------------------------------- theirs
    def receive(self, text: str | bytes, now: float) -> list[Event]:
        """Everything a text from the peer means. Never raises for what it holds."""
        if self._is_closed:
            return []
        self.frames_received += 1
        try:
            return [self._on_frame(decode(text), text)]
        except Unframed as problem:
            return [self._mended(text) or self._on_unframed(text, problem)]

    def _on_frame(self, frame: Frame, text: str | bytes) -> Event:
        match frame:
            case Call():
                return self._on_call(frame, text)
            case CallResult() | CallError():
                return self._on_answer(frame, text)
            case Send() | CallResultError() if not self.codec.version.has_notices:
                return self._rejected(text, FrameBroken("unknown message type"))
            case Send():
                return self._on_send(frame, text)
            case CallResultError():
                error = CallRefused(read_code(frame.code), frame.description, frame.details, written=frame.code)
                return ResultErrorReceived(frame.id, error, text, self.frames_received)

    def _mended(self, text: str | bytes) -> Event | None:
        """What a text means that has commas too many, noted; None when it is no frame without them either."""
        mended = None if self.codec.mode is Mode.STRICT else without_stray_commas(text)
        with suppress(Unframed):
            return None if mended is None else noted(self._on_frame(decode(mended), text), STRAY_COMMAS)
        return None

    def _on_call(self, frame: Call, text: str | bytes) -> Event:
        number = self.frames_received
        try:
            notes = self._frame_notes() if len(frame.id) > LEGAL_ID else ()
            row = self._their_exchange(frame.action)
            if row.response is None:
                raise Incomplete("this action is sent, not called")
        except RemoteProtocolError as error:
            return self._refuse_at_once(frame, text, error)
        try:
            decoded = self.codec.decode(row.request, frame.payload)
        except RemoteProtocolError as error:
            verify(text)
            if self._is_wanted(frame.action):
                return self._unread(frame, text, error)
            return self._refuse_at_once(frame, text, error)
        if self._owed and self.codec.mode is Mode.TOLERANT:
            notes = (*notes, CROWDED)
        self._owed[number] = row
        violations = (*notes, *decoded.violations)
        return CallReceived(
            ReceivedCall(
                frame.id, frame.action, decoded.message, violations, frame.payload, text, number, decoded.proved
            )
        )

    def _on_send(self, frame: Send, text: str | bytes) -> Event:
        try:
            notes = self._frame_notes() if len(frame.id) > LEGAL_ID else ()
            row = self._their_exchange(frame.action)
            decoded = self.codec.decode(row.request, frame.payload)
        except RemoteProtocolError as error:
            verify(text)
            return self._rejected(text, error, action=frame.action)
        if not isinstance(decoded.message, Notice):
            return self._rejected(text, Incomplete("this action is called, not sent"), action=frame.action)
        return SendReceived(frame.id, decoded.message, (*notes, *decoded.violations), text, self.frames_received)

    def _on_answer(self, frame: CallResult | CallError, text: str | bytes) -> Event:
        pending, number = self._open, self.frames_received
        if pending is None or not (pending.id == frame.id or self._is_meant(frame.id, pending.id)):
            return self._unexpected(frame.id, text)
        notes = (OTHER_ID,) if pending.id != frame.id and self.codec.mode is Mode.TOLERANT else ()
        self._settle(pending, Happening.ANSWER)
        self._send_next()
        if isinstance(frame, CallError):
            error = CallRefused(read_code(frame.code), frame.description, frame.details, written=frame.code)
            return ErrorReceived(pending.id, pending.request, error, False, text, number)
        try:
            if isinstance(pending.request, RawCall):
                parse(frame.payload)
                return RawResultReceived(pending.id, pending.request, frame.payload, text, number)
            decoded = self.codec.decode_response(type(pending.request), frame.payload)
        except RemoteProtocolError as error:
            return self._bad_answer(pending, error, text)
        violations = (*notes, *decoded.violations)
        return ResultReceived(pending.id, pending.request, decoded.message, violations, text, number)

    def _is_meant(self, answered: str, asked: str) -> bool:
        """Whether an answer under another id is to our only open call all the same."""
        if self.codec.mode is Mode.STRICT or any(earlier in answered for earlier in self._settled):
            return False
        return self.takes_any_id or is_amended(answered, asked)

    def _bad_answer(self, pending: Pending, error: RemoteProtocolError, text: str | bytes) -> Event:
        """An answer we cannot read: 2.1 tells the peer; our caller hears of it in every version."""
        if self.codec.version.has_notices:
            code = error.spelled(self.codec.version)
            self._outbox.append(encode(CallResultError(pending.id, code, error.description[:255], error.details)))
        refused = CallRefused(error.code, f"the answer could not be read: {error.description}")
        return ErrorReceived(pending.id, pending.request, refused, True, text, self.frames_received)

    def _unexpected(self, message_id: str, text: str | bytes) -> Event:
        """An answer to no open call."""
        settled = self._settled.get(message_id)
        if settled is None or (settled.state, Happening.ANSWER) not in TRANSITIONS:
            return UnknownAnswer(message_id, text, self.frames_received)
        settled.move(Happening.ANSWER)
        kind = DoubledAnswer if settled.state is State.ANSWERED else LateAnswer
        return kind(message_id, text, self.frames_received)

    def _on_unframed(self, text: str | bytes, problem: Unframed) -> Event:
        """A text that is no frame: answered when it may have been a call, as far as its version allows."""
        if problem.number == CALLRESULT and self._open is not None and self._open.id == problem.id:
            pending = self._open
            self._settle(pending, Happening.ANSWER)
            self._send_next()
            return self._bad_answer(pending, problem.error, text)
        if problem.number not in (None, CALL):
            return self._rejected(text, problem.error)
        if problem.id is not None and problem.action is not None and self._is_wanted(problem.action):
            return self._unread(Call(problem.id, problem.action, problem.rest), text, problem.error)
        if problem.id is None and not self.codec.version.answers_the_unreadable:
            return self._rejected(text, problem.error)
        self._refuse(UNREADABLE_ID if problem.id is None else problem.id, problem.error)
        return self._rejected(text, problem.error, answered=True)

    # ---------------------------------------------------------------------------------------- parts
    def _is_wanted(self, action: str) -> bool:
        """Whether the application answers calls of this action even when they cannot be read."""
        row = exchange(self.codec.version, action)
        is_theirs = row is not None and row.sender != self._side
        return is_theirs and action in self.unreadable and self.codec.mode is not Mode.STRICT

    def _unread(self, frame: Call, text: str | bytes, error: RemoteProtocolError) -> Event:
        """A call that is handed on as it came."""
        number = self.frames_received
        self._owed[number] = self._their_exchange(frame.action)
        return CallUnreadable(UnreadableCall(frame.id, frame.action, frame.payload, text, number), error)

    def _frame_notes(self) -> tuple[Violation, ...]:
        """What to note of an id that is too long. Raises RemoteProtocolError when STRICT."""
        if self.codec.mode is Mode.STRICT:
            raise FrameBroken(TOO_LONG.detail)
        return (TOO_LONG,) if self.codec.mode is Mode.TOLERANT else ()

    def _their_exchange(self, action: str) -> Exchange:
        """The exchange the peer may open. Raises RemoteProtocolError."""
        row = exchange(self.codec.version, action)
        if row is None:
            raise UnknownAction(f"no such action in OCPP {self.codec.version}")
        if row.sender == self._side:
            raise NotSupportedHere("this action goes the other way")
        return row

    def _must_be_ours(self, action: str) -> None:
        """Raises LocalProtocolError for what we may not say (any more)."""
        if self._is_closed:
            raise LocalProtocolError("the connection is closed")
        row = exchange(self.codec.version, action)
        if row is None:
            raise LocalProtocolError(f"OCPP {self.codec.version} has no {action}")
        if row.sender not in ("both", self._side):
            raise LocalProtocolError(f"{action} is not for a {self.role} to ask")

    def _owed_exchange(self, call: ReceivedCall | UnreadableCall) -> Exchange:
        row = self._owed.get(call.number)
        if row is None:
            raise LocalProtocolError(f"{call.action} {call.id} has been answered, or is not of this connection")
        return row

    def _refuse_at_once(self, frame: Call, text: str | bytes, error: RemoteProtocolError) -> Event:
        self._refuse(frame.id, error)
        return self._rejected(text, error, answered=True, action=frame.action)

    def _refuse(self, message_id: str, error: RemoteProtocolError) -> None:
        code = spell(error.code, self.codec.version)
        self._outbox.append(encode(CallError(message_id, code, error.description[:255], error.details)))

    def _rejected(
        self, text: str | bytes, error: RemoteProtocolError, *, answered: bool = False, action: str | None = None
    ) -> FrameRejected:
        return FrameRejected(text, error, answered, self.frames_received, action)

    def _pending(self) -> Iterator[Pending]:
        """Our unanswered calls, in the order they will go or went out."""
        first = () if self._open is None else (self._open,)
        return chain(first, self._urgent, self._queue)

    def _settle(self, pending: Pending, happening: Happening) -> None:
        """Takes a call out of its place and remembers how it ended."""
        if pending is self._open:
            self._open = None
        else:
            queue = self._urgent if pending in self._urgent else self._queue
            queue.remove(pending)
        was_sent = pending.state is State.OPEN
        pending.move(happening)
        if was_sent:
            self._settled[pending.id] = pending
            if len(self._settled) > REMEMBERED:
                self._settled.popitem(last=False)

    def _send_next(self) -> None:
        """Opens the next call if none is open."""
        if self._open is None and not self._is_closed and (self._urgent or self._queue):
            self._open = (self._urgent or self._queue).popleft()
            self._open.move(Happening.SENT)
            self._outbox.append(self._open.text)

    def _new_id(self) -> str:
        message_id = str(self._ids())
        if not 0 < len(message_id) <= LEGAL_ID:
            raise LocalProtocolError(f"message ids have 1 to {LEGAL_ID} characters")
        return message_id
