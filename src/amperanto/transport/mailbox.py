"""The calls a peer made, and the mailbox where they wait, in order, until somebody takes them.

An `IncomingCall` is what the protocol read, plus the way back: `await call.reply(response)`. Of a CALL that
could not be read there is no `request` but an `error`; a SEND is `one_way` and takes no answer.

Full by count or by bytes, it asks the reader to stop. Stretched (while a call of ours is open) it takes
`OVERFLOW` more; see `peer.py` for why. One taker, one reader, no lock: all on one event loop.
"""

import asyncio
from collections import deque
from dataclasses import dataclass
from typing import Protocol

from amperanto.ocpp.errors import RemoteProtocolError
from amperanto.ocpp.events import ReceivedCall, UnreadableCall
from amperanto.ocpp.shapes import Message, Response
from amperanto.ocpp.validation import Violation

OVERFLOW = 1024
BYTES, OVERFLOW_BYTES = 2 * 2**20, 16 * 2**20


class Answerer(Protocol):
    """Who carries an answer back."""

    async def reply(self, call: "IncomingCall", response: Response) -> None: ...

    async def refuse(self, call: "IncomingCall", error: RemoteProtocolError | type[RemoteProtocolError]) -> None: ...


@dataclass(
    slots=True, eq=False, kw_only=True
)  # not frozen: one is made for every call, and that costs six times as much
class IncomingCall:
    """A call the peer made. `number` is its frame's, in the order the reader saw them."""

    id: str
    action: str
    request: Message | None
    payload: bytes
    number: int
    violations: tuple[Violation, ...] = ()
    error: RemoteProtocolError | None = None
    received: ReceivedCall | UnreadableCall | None = None
    answerer: Answerer

    @property
    def one_way(self) -> bool:
        """Whether nobody answers it (SEND)."""
        return self.received is None

    async def reply(self, response: Response) -> None:
        """Answer it. Raises LocalProtocolError when it was answered already, PeerClosed."""
        await self.answerer.reply(self, response)

    async def refuse(self, error: RemoteProtocolError | type[RemoteProtocolError]) -> None:
        """Answer it with CALLERROR. Raises as `reply` does."""
        await self.answerer.refuse(self, error)


class Mailbox:
    """Calls that wait for their handler."""

    def __init__(self, size: int) -> None:
        self._size = max(1, size)
        self._calls: deque[IncomingCall] = deque()
        self._bytes = 0
        self._stretched = False
        self._ended = False
        self._has_room = True
        # Made only while somebody waits: an Event for each call costs more than all the rest here.
        self._taker: asyncio.Future[None] | None = None
        self._reader: asyncio.Future[None] | None = None

    def __len__(self) -> int:
        return len(self._calls)

    def put(self, call: IncomingCall) -> None:
        """Add a call; always taken, the reader asks for room before it reads."""
        self._calls.append(call)
        self._bytes += len(call.payload)
        _wake(self._taker)
        self._regulate()

    async def take(self) -> IncomingCall | None:
        """The oldest call, waiting for one; None when there will be no more."""
        while not self._calls:
            if self._ended:
                return None
            self._taker = asyncio.get_running_loop().create_future()
            try:
                await self._taker
            finally:
                self._taker = None
        call = self._calls.popleft()
        self._bytes -= len(call.payload)
        self._regulate()
        return call

    @property
    def has_room(self) -> bool:
        """Whether the reader may go on."""
        return self._has_room

    async def room(self) -> None:
        """Wait until the reader may go on."""
        while not self._has_room:
            self._reader = asyncio.get_running_loop().create_future()
            try:
                await self._reader
            finally:
                self._reader = None

    def stretch(self, stretched: bool) -> None:
        """Whether a call of ours is open, whose answer may stand behind the calls still unread."""
        self._stretched = stretched
        self._regulate()

    def end(self) -> None:
        """No more calls will come; those that wait may still be taken."""
        self._ended = True
        _wake(self._taker)

    def _regulate(self) -> None:
        most = self._size + OVERFLOW if self._stretched else self._size
        self._has_room = len(self._calls) < most and self._bytes < (OVERFLOW_BYTES if self._stretched else BYTES)
        if self._has_room:
            _wake(self._reader)


def _wake(waiter: asyncio.Future[None] | None) -> None:
    if waiter is not None and not waiter.done():
        waiter.set_result(None)
