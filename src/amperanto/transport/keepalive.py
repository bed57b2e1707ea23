"""Keepalive: finding out that nobody is at the other end any more.

Liveness is any byte, so a ping is sent only after an interval of silence; if nothing at all is heard within
the timeout that follows, the line is dead. A half-open line is so found within interval + timeout after its
last byte. While we ourselves do not read (a full mailbox), silence proves nothing. One timer, no task; the
interval may change at run time, and None sends no pings (for stations that dislike them).
"""

import asyncio
from typing import Protocol


class Line(Protocol):
    """What keepalive needs of a line."""

    @property
    def heard(self) -> int:
        """How often anything was heard."""
        ...

    @property
    def heard_at(self) -> float:
        """When something was heard last, in the loop's time."""
        ...

    @property
    def deaf(self) -> bool:
        """Whether we are not reading now."""
        ...

    def send_ping(self) -> None:
        """Ask for a sign of life."""
        ...

    def declare_dead(self) -> None:
        """Nobody answered."""
        ...


class Keepalive:
    """Watches one line."""

    def __init__(self, line: Line, loop: asyncio.AbstractEventLoop) -> None:
        self._line = line
        self._loop = loop
        self._interval = 0.0
        self._timeout = 0.0
        self._timer: asyncio.Handle | None = None

    def start(self, interval: float | None, timeout: float) -> None:
        """Watch from now on with these times; interval None stops watching."""
        self.stop()
        if interval is not None:
            self._interval, self._timeout = interval, timeout
            self._timer = self._loop.call_later(interval, self._ask)

    def stop(self) -> None:
        """Watch no longer."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _ask(self) -> None:
        """Send a ping if it was silent for an interval; else come back when it will have been."""
        silent = 0.0 if self._line.deaf else self._loop.time() - self._line.heard_at
        if silent < self._interval:
            self._timer = self._loop.call_later(self._interval - silent, self._ask)
        else:
            heard = self._line.heard
            self._line.send_ping()
            self._timer = self._loop.call_later(self._timeout, self._doubt, heard)

    def _doubt(self, heard: int) -> None:
        """The time for an answer is over; what came while the loop was busy is read before we judge."""
        self._timer = self._loop.call_soon(self._judge, heard)

    def _judge(self, heard: int) -> None:
        if self._line.heard != heard or self._line.deaf:
            self._ask()
        else:
            self._line.declare_dead()
