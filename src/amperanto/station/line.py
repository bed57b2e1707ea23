"""The station's line to its CSMS: opens it, opens it again, and asks over it.

The line is *up* while a socket is open and *ready* once the CSMS has accepted a boot; an acceptance
outlives the socket, so a plain reconnect needs no new boot (B04). Between attempts it waits as the standard
says: RetryBackOffWaitMinimum doubled RetryBackOffRepeatTimes times, each plus a random part (messages
§3.2).

`ask` says one neutral word in the wire's words and returns the neutral answer. It knows two ways to fail: the
line is gone (Offline), or the CSMS had the message and did not process it (Unprocessed). The `journal` holds
what was answered, and only that: what a test may hold the CSMS to.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from typing import Any, cast

from amperanto.dialects.dialect import Neutral, Said
from amperanto.domain.stations import Registration
from amperanto.ocpp.errors import CallRefused, CallTimedOut
from amperanto.ocpp.shapes import Message, Request, Response
from amperanto.station.clock import within
from amperanto.station.context import Context
from amperanto.station.route import Route
from amperanto.transport.link import PeerClosed, QueueFull, TransportError
from amperanto.transport.mailbox import IncomingCall
from amperanto.transport.peer import Peer

Connect = Callable[[], Awaitable[Peer]]
JOURNAL = 100_000


class LineError(Exception):
    """The root of what can go wrong on the line."""


class Offline(LineError):
    """There is no connection, or it broke before the answer came."""


class Unprocessed(LineError):
    """The CSMS answered an error, or not in time."""


@dataclass(frozen=True, slots=True)
class Answered:
    """A message of ours and the CSMS's answer to it, as they were on the wire."""

    at: datetime
    message: Message
    answer: Response


class Line:
    """One station's connection, through all its sockets."""

    def __init__(self, context: Context, route: Route) -> None:
        self._context = context
        self.registration: Registration | None = None
        self.journal: deque[Answered] = deque(maxlen=JOURNAL)
        self.on_answered: Callable[[Answered], None] | None = None
        self.on_up: list[Callable[[], Awaitable[None]]] = []
        self.on_said: list[Callable[[Neutral, Said], None]] = []
        self.on_down: list[Callable[[], None]] = []
        self.on_switch: list[Callable[[], None]] = []
        """Who hears that a connection was made by another network profile, before the registration is forgotten."""
        self.on_call: Callable[[IncomingCall], Awaitable[None]] | None = None
        self.last_said = 0.0
        self.down_since: float | None = None
        self.wait_before_next: float = 0.0
        self._route = route
        self._peer: Peer | None = None
        self._ready = asyncio.Event()
        self._powered = asyncio.Event()
        self._powered.set()
        self._fresh = asyncio.Event()
        """Set where the power came back and nothing was tried since."""

    @property
    def up(self) -> bool:
        """Whether a socket is open."""
        return self._peer is not None

    @property
    def is_ready(self) -> bool:
        """Whether anything but a boot may be said."""
        return self._ready.is_set()

    async def ready(self) -> None:
        """Return once anything may be said."""
        await self._ready.wait()

    def open_for_all(self) -> None:
        """The CSMS accepts us: everything may be said, and the queue flows."""
        if self.up:
            self._ready.set()

    async def run(self, group: asyncio.TaskGroup) -> None:
        """Keep the line open, for ever."""
        while True:
            peer = await self._open()
            self._peer = peer
            greeting = self._context.start(group, self._greet())
            try:
                async for call in peer:
                    if self.on_call is not None:
                        await self.on_call(call)
            finally:
                greeting.cancel()
                self._down()
                await peer.close()

    async def hang_up(self, *, again_after: float = 0.0) -> None:
        """Close the socket; a new one is opened after that many seconds."""
        self.wait_before_next = again_after
        if self._peer is not None:
            await self._peer.close()

    def power_off(self) -> None:
        """The power goes: the socket is lost without a farewell, and none is opened until `power_on`."""
        self._powered.clear()
        self.forget_registration()
        self.drop()

    def drop(self) -> None:
        """Lose the socket without a farewell, as a dying modem does."""
        if self._peer is not None:
            self._peer.link.abort()

    def power_on(self) -> None:
        """The power is back: connect at once, as after a cold start."""
        self._fresh.set()
        self._powered.set()

    def forget_registration(self) -> None:
        """The station restarts: it has to boot again before it may speak, and tries its profiles from the first on."""
        self.registration = None
        self._ready.clear()
        self._route.start_over()

    async def ask(self, neutral: Neutral) -> Said:
        """Say it and return the answer. Raises Offline, Unprocessed, and NotSpoken before the wire."""
        context = self._context
        messages = context.dialect.write(neutral, context)
        answers = [await self._call(message) for message in messages]
        said = context.dialect.hear(neutral, answers, context)
        for heard in self.on_said:
            heard(neutral, said)
        return said

    async def _call(self, message: Message) -> Response:
        peer = self._peer
        if peer is None:
            raise Offline
        timeout = self._context.variables.number("OCPPCommCtrlr", "MessageTimeout", "Default")
        self.last_said = self._context.clock.monotonic()
        try:
            call = peer.call(cast(Request[Any], message), timeout=timeout)
            answer = await self._context.clock.elsewhere(call, timeout)
        except PeerClosed as error:
            raise Offline from error
        except (CallRefused, CallTimedOut, QueueFull, TimeoutError) as error:
            raise Unprocessed(f"{message.action}: {error}") from error
        self._note(Answered(self._context.now(), message, answer))
        return answer

    def _note(self, answered: Answered) -> None:
        self.journal.append(answered)
        if self.on_answered is not None:
            self.on_answered(answered)

    async def _greet(self) -> None:
        for heard in self.on_up:
            await heard()

    def _down(self) -> None:
        self._peer = None
        self._ready.clear()
        self.down_since = self._context.clock.monotonic()
        for heard in self.on_down:
            heard()

    async def _open(self) -> Peer:
        """A new connection, however long it takes."""
        clock, number = self._context.clock, self._context.variables.number
        attempt = 0
        if not self._powered.is_set():
            await self._powered.wait()
        elif self.wait_before_next:
            await self._wait(self.wait_before_next)
            self.wait_before_next = 0.0
        elif self.down_since is not None:
            await self._wait(self._back_off(0))
            attempt = 1
        while True:
            await self._powered.wait()
            if self._fresh.is_set():
                self._fresh.clear()
                self.down_since, attempt = None, 0
            try:
                peer = await clock.elsewhere(
                    self._route.connect(), number("OCPPCommCtrlr", "MessageTimeout", "Default")
                )
            except (OSError, TimeoutError, TransportError):
                self._route.failed()
                if self.down_since is None:
                    self.down_since = clock.monotonic()
            else:
                self._note_route()
                return peer
            await self._wait(self._back_off(attempt))
            attempt += 1

    def _note_route(self) -> None:
        """Connected: by another profile than before means to boot again (B10)."""
        if self._route.reached():
            for heard in self.on_switch:
                heard()
            self.registration = None

    async def _wait(self, seconds: float) -> None:
        """Wait, unless the power comes back before."""
        with suppress(TimeoutError):
            await within(self._context.clock, seconds, self._fresh.wait())

    def _back_off(self, attempt: int) -> float:
        number = self._context.variables.number
        doublings = min(attempt, number("OCPPCommCtrlr", "RetryBackOffRepeatTimes"))
        wait = number("OCPPCommCtrlr", "RetryBackOffWaitMinimum") * 2**doublings
        return wait + self._context.random.uniform(0, number("OCPPCommCtrlr", "RetryBackOffRandomRange"))
