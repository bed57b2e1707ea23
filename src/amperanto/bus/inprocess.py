"""The bus of a single node: plain calls on one event loop.

Each subscriber has a bounded queue; when it is full the oldest event goes, so that a listener who sleeps
costs nobody else anything. A served call runs in the caller's task, under the caller's deadline.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager

from amperanto.bus.bus import BusError, CallExpired, Handler, NobodyServes, matches, subject_of
from amperanto.domain.events import StationEvent


class Listener:
    """One subscription: `async for event in listener`."""

    def __init__(self, pattern: str, kept: int, forget: Callable[[Listener], None]) -> None:
        self.pattern = pattern
        self.lost = 0
        self._events: deque[StationEvent] = deque()
        self._kept = max(1, kept)
        self._forget = forget
        self._news = asyncio.Event()
        self._closed = False

    def hear(self, event: StationEvent) -> None:
        """Queue an event; drop the oldest if the queue is full."""
        if len(self._events) >= self._kept:
            self._events.popleft()
            self.lost += 1
        self._events.append(event)
        self._news.set()

    def close(self) -> None:
        """Hear no more; what is queued can still be read."""
        self._closed = True
        self._news.set()
        self._forget(self)

    def __aiter__(self) -> Listener:
        return self

    async def __anext__(self) -> StationEvent:
        while not self._events:
            if self._closed:
                raise StopAsyncIteration
            self._news.clear()
            await self._news.wait()
        return self._events.popleft()


class InProcessBus:
    """Events and requests within one process."""

    def __init__(self) -> None:
        self._listeners: set[Listener] = set()
        self._servers: dict[str, Handler] = {}

    @property
    def heard(self) -> bool:
        """Whether anybody listens at all."""
        return bool(self._listeners)

    def publish(self, event: StationEvent) -> None:
        """Queue the event for each listener it concerns."""
        if not self._listeners:
            return
        subject = subject_of(event)
        for listener in self._listeners:
            if matches(listener.pattern, subject):
                listener.hear(event)

    def subscribe(self, pattern: str = ">", *, kept: int = 1000) -> Listener:
        """Hear the events whose subject matches, from now on."""
        listener = Listener(pattern, kept, self._listeners.discard)
        self._listeners.add(listener)
        return listener

    @asynccontextmanager
    async def serve(self, subject: str, handler: Handler) -> AsyncGenerator[None]:
        """Answer calls to the subject while the context lasts."""
        self._servers[subject] = handler
        try:
            yield
        finally:
            # Not if a newer server has taken the subject meanwhile.
            if self._servers.get(subject) is handler:
                del self._servers[subject]

    async def call(self, subject: str, request: bytes, *, timeout: float) -> bytes:
        """Ask whoever serves the subject. Raises NobodyServes, CallExpired, BusError."""
        handler = self._servers.get(subject)
        if handler is None:
            raise NobodyServes(f"nobody serves {subject}")
        deadline = asyncio.timeout(timeout)
        try:
            async with deadline:
                return await handler(request)
        except TimeoutError as error:
            if deadline.expired():
                raise CallExpired(f"no answer from {subject} in {timeout} s") from error
            raise BusError(f"the server of {subject} timed out itself") from error

    async def close(self) -> None:
        """End every subscription."""
        for listener in list(self._listeners):
            listener.close()
