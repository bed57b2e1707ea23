"""Sockets: the library's connections, with ears of our own.

A socket knows when it last heard anything, waits for no farewell for ever, and hands each whole text to its `sink` at
once, where there is one that takes it: a text costs no queue and no turn of the event loop then. Whatever the sink
does not take (it is full, the other side does not read, or texts wait already) goes the library's way and is read in
its order by `recv`.

What a station sends is mostly one whole text in one piece: such a piece is read here while the library's parser stands
between two frames; anything else goes through that parser.
"""

import asyncio
from collections.abc import Callable
from typing import Any

from websockets.asyncio.client import ClientConnection
from websockets.asyncio.connection import Connection
from websockets.asyncio.server import ServerConnection
from websockets.frames import Frame, Opcode, apply_mask  # pyright: ignore[reportPrivateImportUsage]
from websockets.http11 import Request, Response
from websockets.protocol import CLOSING, OPEN, SERVER, Protocol
from websockets.streams import StreamReader

from amperanto.transport.keepalive import Keepalive
from amperanto.transport.link import Cause, Closed
from amperanto.transport.upgrade import Welcome

HANDSHAKE_BYTES = 16 * 1024
CLOSE_SECONDS = 5.0
WHOLE_TEXT, MASKED, IN_TWO_BYTES, IN_EIGHT_BYTES = 0x81, 0x80, 126, 127  # RFC 6455, 5.2

Sink = Callable[[str], bool]
"""Takes a text, or says that it does not."""


class Ears(Connection):
    """A socket that knows when it last heard anything, and does not wait for ever for a farewell."""

    heard = 0  # how often
    heard_at = 0.0  # the loop's time
    ear: asyncio.Future[None] | None = None
    mute = -1  # what `heard` was when a ping timed out
    ended: Closed | None = None  # how we ended it; None while we did not
    sink: Sink | None = None
    between = False  # whether the library's parser stands between two frames
    _doom: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.heard_at = self.loop.time()
        self.watch = Keepalive(self, self.loop)
        super().connection_made(transport)

    def data_received(self, data: bytes) -> None:
        self.heard += 1
        self.heard_at = self.loop.time()
        if not (self.between and self._takes_whole(data)):
            super().data_received(data)
            self.between = stands_between(self.protocol)
        self._perk()
        if self.protocol.state is CLOSING:
            self.doom()  # the library would read, and throw away, for as long as the other side sends

    def process_event(self, event: Frame | Request | Response) -> None:
        """A frame came: a whole text goes to the sink, if it may."""
        if self.sink is None or not isinstance(event, Frame) or not self._takes(event):
            super().process_event(event)

    def _takes(self, frame: Frame) -> bool:
        return frame.opcode is Opcode.TEXT and frame.fin and self._hands_on(frame.data)

    def _hands_on(self, data: bytes | bytearray | memoryview) -> bool:
        waiting = self.recv_messages
        if self.paused or waiting.closed or len(waiting.frames):
            return False
        try:
            text = str(data, "utf-8")
        except UnicodeDecodeError:
            return False  # the library closes with 1007
        return self.sink is not None and self.sink(text)

    def _takes_whole(self, data: bytes) -> bool:
        """Take a piece that is exactly one whole text, if that is plain to see (RFC 6455, 5.2)."""
        protocol = self.protocol
        if self.sink is None or len(data) < 6 or data[0] != WHOLE_TEXT or data[1] < MASKED or not self._is_plain:
            return False
        size, start = data[1] - MASKED, 6
        if size == IN_EIGHT_BYTES:
            return False
        if size == IN_TWO_BYTES:
            size, start = int.from_bytes(data[2:4]), 8
        if len(data) != start + size or protocol.state is not OPEN or size > (protocol.max_message_size or size):
            return False
        return self._hands_on(apply_mask(data[start:], data[start - 4 : start]))

    @property
    def _is_plain(self) -> bool:
        protocol = self.protocol
        fragmented = protocol.current_size is not None
        return protocol.side is SERVER and not (protocol.extensions or fragmented or protocol.debug)

    def connection_lost(self, exc: Exception | None) -> None:
        if self._doom is not None:
            self._doom.cancel()
        self.watch.stop()
        super().connection_lost(exc)
        self._perk()

    @property
    def deaf(self) -> bool:
        """Whether we do not read now, since what came is not taken."""
        return self.recv_messages.paused

    def send_ping(self) -> None:
        """Ask for a sign of life."""
        if self.protocol.state is OPEN:
            self.protocol.send_ping(b"alive?")
            self.send_data()

    def declare_dead(self) -> None:
        """Nobody answered a ping."""
        self.cut(Closed(1006, "no answer to a ping", Cause.SILENT))

    def cut(self, closed: Closed) -> None:
        """Cut the line at once."""
        self.ended = self.ended or closed
        self.watch.stop()
        self.transport.abort()

    def doom(self) -> None:
        """Cut the line in a while, should the other side not have closed it by then."""
        if self._doom is None:
            delay = CLOSE_SECONDS if self.heard != self.mute else 0.0  # the dead answer no farewell
            self._doom = self.loop.call_later(delay, self.transport.abort)

    def listen(self) -> asyncio.Future[None]:
        """Done when the next byte comes, or the line is lost."""
        if self.ear is None or self.ear.done():
            self.ear = self.loop.create_future()
        return self.ear

    def _perk(self) -> None:
        if self.ear is not None and not self.ear.done():
            self.ear.set_result(None)


def stands_between(protocol: Protocol) -> bool:
    """Whether the library's parser has taken all that came, and waits for the first byte of a frame."""
    step: Any = protocol.parser
    while step.gi_yieldfrom is not None:
        step = step.gi_yieldfrom
    return step.gi_code is StreamReader.at_eof.__code__ and not protocol.reader.buffer


class ClientSocket(Ears, ClientConnection):
    """The socket of a station."""


class ServerSocket(Ears, ServerConnection):
    """The socket of a CSMS; it takes no more than 16 KiB for a handshake."""

    welcome: Welcome | None = None
    offered: tuple[str, ...] = ()
    _handshake_bytes = 0

    def data_received(self, data: bytes) -> None:
        if self.request is None:
            self._handshake_bytes += len(data)
            if self._handshake_bytes > HANDSHAKE_BYTES:
                self.transport.abort()
                return
        super().data_received(data)


Socket = ServerSocket | ClientSocket
