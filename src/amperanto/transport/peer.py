"""Peer: the other side of one OCPP connection, over asyncio.

What arrives is fed to the sans-IO `Connection`: by the link as it comes, where it can, else by the one reader task, in
one order. Answers wake their callers at once; calls wait in the mailbox for `async for call in peer`, in the order they
came. So a slow handler never delays an answer, and a handler may itself call the peer.

The mailbox is bounded: when it is full the reader stops, and TCP makes the other side wait. But while a call
of ours is open its answer may stand behind more calls, so then the reader goes on, for a thousand calls more
(R2: full mailbox and a call made by a handler, no stall). Beyond that it stops all the same, and our call
runs into its timeout.

There is one timer per peer, set to the connection's next deadline. What was read before the link ended is
still delivered; answering it then raises `PeerClosed`.
"""

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from typing import Literal, Protocol, TypeVar, cast

from amperanto.ocpp.connection import Connection
from amperanto.ocpp.errors import CallTimedOut, LocalProtocolError, RemoteProtocolError
from amperanto.ocpp.events import (
    CallExpired,
    CallLost,
    CallReceived,
    CallUnreadable,
    ErrorReceived,
    Event,
    RawResultReceived,
    ReceivedCall,
    ResultReceived,
    SendReceived,
    UnreadableCall,
)
from amperanto.ocpp.frames import Send, decode
from amperanto.ocpp.shapes import Notice, Request, Response
from amperanto.ocpp.versions import Version
from amperanto.transport.link import Cause, Closed, Link, PeerClosed, QueueFull
from amperanto.transport.mailbox import IncomingCall, Mailbox

R = TypeVar("R", bound=Response)
Direction = Literal["in", "out"]
OnFrame = Callable[[Direction, str, int, Event | None], None]


class Cancellable(Protocol):
    """What an alarm returns."""

    def cancel(self) -> None:
        """Forget the alarm."""
        ...


Alarm = Callable[[float, Callable[[], None]], Cancellable]


class Peer:
    """The other side of one connection: call it, and iterate over the calls it makes."""

    def __init__(
        self,
        connection: Connection,
        link: Link,
        *,
        identity: str = "",
        on_frame: OnFrame | None = None,
        mailbox: int = 64,
        queue: int = 64,
        clock: Callable[[], float] = time.monotonic,
        alarm: Alarm | None = None,
    ) -> None:
        """Start reading at once. `clock` and `alarm` (delay, callback) are monotonic time in seconds."""
        loop = asyncio.get_running_loop()
        self.identity = identity
        self.link = link
        self.connection = connection
        self.data: object = None
        self._on_frame = on_frame
        self._queue = queue
        self._clock = clock
        self._alarm: Alarm = alarm or loop.call_later
        self._timer: tuple[float, Cancellable] | None = None
        self._mailbox = Mailbox(mailbox)
        self._answers: dict[str, asyncio.Future[Event]] = {}
        self._number = 0
        self._closed: Closed | None = None
        self._bug: BaseException | None = None
        self._reader = loop.create_task(self._read(), name=f"peer {identity or link.remote}")
        direct = getattr(link, "deliver_to", None)
        if direct is not None:
            direct(self._hear)

    @property
    def version(self) -> Version:
        """The version spoken on this connection."""
        return self.connection.codec.version

    @property
    def remote(self) -> str:
        """The other side's address."""
        return self.link.remote

    @property
    def closed(self) -> Closed | None:
        """How the link ended; None while it lives."""
        return self._closed

    @property
    def waiting(self) -> int:
        """How many received calls wait for their handler."""
        return len(self._mailbox)

    # ------------------------------------------------------------------------------------- what we say

    async def call(self, request: Request[R], *, timeout: float | None = None, urgent: bool = False) -> R:
        """Send a CALL and return its answer; `timeout` in seconds covers the queue too, `urgent` overtakes.

        Raises CallRefused, CallTimedOut, PeerClosed, QueueFull, LocalProtocolError.
        """
        self._must_have_room(urgent)
        event = await self._answer(self.connection.call(request, self._clock(), timeout=timeout, urgent=urgent))
        if isinstance(event, ErrorReceived):
            raise event.error
        assert isinstance(event, ResultReceived), "only a raw call has a raw answer"
        return cast(R, event.response)

    async def call_raw(
        self, action: str, payload: bytes, *, timeout: float | None = None, urgent: bool = False
    ) -> bytes:
        """Send a CALL of this version's action with any JSON object; the answer's payload as it came.

        Raises as `call` does. Neither is held to the schema.
        """
        self._must_have_room(urgent)
        event = await self._answer(
            self.connection.call_raw(action, payload, self._clock(), timeout=timeout, urgent=urgent)
        )
        if isinstance(event, ErrorReceived):
            raise event.error
        assert isinstance(event, RawResultReceived), "a raw call has a raw answer"
        return event.payload

    async def send(self, notice: Notice) -> None:
        """Send what nobody answers (SEND, 2.1 only). Raises LocalProtocolError, PeerClosed."""
        self._must_live()
        self.connection.send(notice, self._clock())
        await self._deliver()

    async def reply(self, call: IncomingCall, response: Response) -> None:
        """Answer a call. Raises LocalProtocolError when it was answered already, PeerClosed."""
        self._must_live()
        self.connection.reply(owed(call), response)
        await self._deliver()

    async def refuse(self, call: IncomingCall, error: RemoteProtocolError | type[RemoteProtocolError]) -> None:
        """Answer a call with CALLERROR. Raises as `reply` does."""
        self._must_live()
        self.connection.refuse(owed(call), error)
        await self._deliver()

    # ------------------------------------------------------------------------------------- what we hear

    def __aiter__(self) -> AsyncIterator[IncomingCall]:
        return self

    async def __anext__(self) -> IncomingCall:
        call = await self._mailbox.take()
        if call is not None:
            return call
        await asyncio.wait([self._reader])
        bug = self._bug or (None if self._reader.cancelled() else self._reader.exception())
        if bug is not None:
            raise bug  # ours, or a hook's: whoever serves this peer must hear of it
        raise StopAsyncIteration

    # ------------------------------------------------------------------------------------- the line itself

    async def ping(self, timeout: float = 10.0) -> bool:
        """Whether anything is heard from the other side within `timeout` seconds."""
        return self._closed is None and await self.link.ping(timeout)

    async def close(self, code: int = 1000, reason: str = "") -> Closed:
        """End the connection; open calls raise PeerClosed."""
        await self.link.close(code, reason)
        return await self.wait_closed()

    async def wait_closed(self) -> Closed:
        """How the connection ended, once it has and everybody who waited knows."""
        await asyncio.wait([self._reader])
        return self._closed or await self.link.wait_closed()

    async def __aenter__(self) -> "Peer":
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    # ------------------------------------------------------------------------------------- inside

    def _must_live(self) -> None:
        if self._closed is not None:
            raise PeerClosed(self._closed)

    def _must_have_room(self, urgent: bool) -> None:
        self._must_live()
        if self.connection.queued >= (self._queue * 2 if urgent else self._queue):
            raise QueueFull(f"{self.connection.queued} calls wait for this peer already")

    async def _answer(self, message_id: str) -> ResultReceived | RawResultReceived | ErrorReceived:
        """The answer to a call that is in the connection's queue."""
        answer: asyncio.Future[Event] = asyncio.get_running_loop().create_future()
        self._answers[message_id] = answer
        self._mailbox.stretch(True)
        try:
            self._flush()
            event = await answer
        except asyncio.CancelledError:
            self.connection.cancel(message_id)
            self._flush()
            raise
        finally:
            self._answers.pop(message_id, None)
            self._mailbox.stretch(bool(self._answers))
        if isinstance(event, ResultReceived | RawResultReceived | ErrorReceived):
            return event
        if isinstance(event, CallExpired):
            raise CallTimedOut("no answer in time" if event.was_sent else "not sent in time")
        raise PeerClosed(self._closed or Closed(1006))

    async def _deliver(self) -> None:
        self._flush()
        await self.link.drain()

    def _flush(self) -> None:
        """Write what the connection has to say, and set the timer."""
        if self._closed is None:
            for text in self.connection.texts_to_send():
                self._note("out", text, None)
                self.link.write(text)
        self._set_timer()

    def _note(self, direction: Direction, text: str, event: Event | None) -> int:
        self._number += 1
        if self._on_frame is not None:
            self._on_frame(direction, text, self._number, event)
        return self._number

    def _set_timer(self) -> None:
        deadline = self.connection.deadline() if self._closed is None else None
        if self._timer is not None:
            due, handle = self._timer
            if deadline is not None and due <= deadline:
                return  # it fires early enough and is set again then
            handle.cancel()
            self._timer = None
        if deadline is not None:
            self._timer = deadline, self._alarm(max(0.0, deadline - self._clock()), self._tick)

    def _tick(self) -> None:
        self._timer = None
        for event in self.connection.tick(self._clock()):
            self._dispatch(event, 0)
        self._flush()

    async def _read(self) -> None:
        try:
            while await self._may_read():
                self._take(await self.link.receive())
                await self._deliver()
            self._end(await self.link.wait_closed())
        except PeerClosed as ended:
            self._end(ended.closed)
        except BaseException:
            # The loop stops, or a bug of ours (or of a hook): nobody may wait for ever because of it.
            self.link.abort()
            self._end(Closed(1006, "the reader stopped", Cause.LOCAL))
            raise

    def _take(self, text: str) -> None:
        """A text came: note it, and hand on what it means."""
        events = self.connection.receive(text, self._clock())
        number = self._note("in", text, events[0] if events else None)
        for event in events:
            self._dispatch(event, number)

    def _hear(self, text: str) -> bool:
        """Take a text at once, unless the mailbox is full: then the reader takes it when it may."""
        if self._closed is not None or not self._mailbox.has_room:
            return False
        try:
            self._take(text)
            self._flush()
        except Exception as bug:  # noqa: BLE001 - of ours, or of a hook: nobody may wait for ever because of it
            self._bug = bug
            self.link.abort()
        return True

    async def _may_read(self) -> bool:
        """Wait for room in the mailbox; False when the link ended first."""
        if self._mailbox.has_room:
            return True
        waiters = [
            asyncio.ensure_future(self._mailbox.room()),
            asyncio.ensure_future(self.link.wait_closed()),
        ]
        try:
            await asyncio.wait(waiters, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for waiter in waiters:
                waiter.cancel()
        return self._mailbox.has_room

    def _dispatch(self, event: Event, number: int) -> None:
        match event:
            case CallReceived() | CallUnreadable() | SendReceived():
                self._mailbox.put(self._incoming(event, number))
            case ResultReceived() | RawResultReceived() | ErrorReceived() | CallExpired() | CallLost():
                answer = self._answers.get(event.id)
                if answer is not None and not answer.done():
                    answer.set_result(event)
            case _:
                pass  # late, unknown and doubled answers, refused frames: on_frame has seen them

    def _incoming(self, event: CallReceived | CallUnreadable | SendReceived, number: int) -> IncomingCall:
        if isinstance(event, SendReceived):
            frame = decode(event.text)
            assert isinstance(frame, Send)
            return IncomingCall(
                id=event.id,
                action=frame.action,
                request=event.notice,
                payload=frame.payload,
                number=number,
                violations=event.violations,
                answerer=self,
            )
        readable = event.call if isinstance(event, CallReceived) else None
        return IncomingCall(
            id=event.call.id,
            action=event.call.action,
            request=readable.request if readable else None,
            payload=event.call.payload,
            number=number,
            violations=readable.violations if readable else (),
            error=event.error if isinstance(event, CallUnreadable) else None,
            received=event.call,
            answerer=self,
        )

    def _end(self, closed: Closed) -> None:
        self._closed = closed
        self._set_timer()
        for event in self.connection.closed(self._clock()):
            self._dispatch(event, 0)
        for answer in self._answers.values():
            if not answer.done():  # its answer was read, and the reader failed before it was handed over
                answer.set_exception(PeerClosed(closed))
        self._mailbox.end()


def owed(call: IncomingCall) -> ReceivedCall | UnreadableCall:
    """What the protocol knows the call by. Raises LocalProtocolError for what nobody answers."""
    if call.received is None:
        raise LocalProtocolError(f"{call.action} was sent, not called: it has no answer")
    return call.received
