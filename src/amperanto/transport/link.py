"""A link: one line between a station and a CSMS that carries texts.

`Link` is what a `Peer` needs of a line, nothing more; the WebSocket and the in-memory wire are its two makes.
Writing is immediate and keeps its order; `drain` is where a writer waits for a slow reader. A link ends once,
and `Closed` says how: by whom, with which close code (RFC 6455, 7.4), and why. A line that is cut without a
close frame has the code 1006.
"""

from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol


class Cause(StrEnum):
    """Why a link ended."""

    LOCAL = "local"  # we closed it
    REMOTE = "remote"  # the other side closed it
    LOST = "lost"  # cut without a close frame
    SILENT = "silent"  # a ping went unanswered: half open
    STALLED = "stalled"  # the other side no longer reads what we write
    VIOLATION = "violation"  # it sent what no WebSocket text message may be


@dataclass(frozen=True, slots=True)
class Closed:
    """How a link ended."""

    code: int
    reason: str = ""
    cause: Cause = Cause.LOST

    def __str__(self) -> str:
        return f"{self.code} {self.reason} ({self.cause})" if self.reason else f"{self.code} ({self.cause})"


class TransportError(Exception):
    """The root of what can go wrong between two peers, apart from what they say to each other."""


class PeerClosed(TransportError):
    """The link has ended; `closed` says how."""

    def __init__(self, closed: Closed) -> None:
        super().__init__(f"the connection is closed: {closed}")
        self.closed = closed


class QueueFull(TransportError):
    """Too many calls wait for this peer already."""


class Unreachable(TransportError):
    """Nobody answers at that address."""


class HandshakeRefused(TransportError):
    """Somebody answered but opened no connection; `status` is its HTTP status, None if it is no HTTP."""

    def __init__(self, message: str, status: int | None = None) -> None:
        super().__init__(message)
        self.status = status


class Link(Protocol):
    """One line that carries texts."""

    @property
    def remote(self) -> str:
        """The other side's address, as text."""
        ...

    def write(self, text: str) -> None:
        """Send a text now, in order. On a link that has ended it is dropped."""
        ...

    async def drain(self) -> None:
        """Wait until the other side has read enough of what was written, or the link has ended."""
        ...

    async def receive(self) -> str:
        """The next text. Raises PeerClosed."""
        ...

    async def close(self, code: int = 1000, reason: str = "", cause: Cause = Cause.LOCAL) -> None:
        """End the link; returns when it has ended."""
        ...

    def abort(self) -> None:
        """Cut the line at once, without a farewell."""
        ...

    async def wait_closed(self) -> Closed:
        """How it ended, once it has."""
        ...

    async def ping(self, timeout: float) -> bool:
        """Whether anything is heard from the other side within `timeout` seconds."""
        ...

    def keep_alive(self, interval: float | None, timeout: float) -> None:
        """Ping after `interval` seconds of silence, give up `timeout` seconds later; None: never ping."""
        ...

    def limit(self, size: int) -> None:
        """Refuse messages of more than `size` bytes from now on."""
        ...
