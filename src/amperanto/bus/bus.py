"""The bus: what a room may ask of it, whatever carries it.

`publish` tells every subscriber of now and never waits for one; a subscriber that is too slow loses the
oldest and is told how many. `call` asks whoever serves a subject and waits for the answer. Subjects are words
joined by dots (`station.<our id>`); in a pattern `*` stands for one word and a last `>` for one or more. What
must not be lost is in the database, not here.

BusError
├── NobodyServes   no node serves the subject now
└── CallExpired    nobody answered in time
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager
from typing import Protocol

from amperanto.domain.events import StationEvent

Handler = Callable[[bytes], Awaitable[bytes]]


class BusError(Exception):
    """The root of this room's errors."""


class NobodyServes(BusError):
    """No node serves that subject."""


class CallExpired(BusError):
    """No answer came in time."""


class Subscription(Protocol):
    """Events as they come, until closed."""

    @property
    def lost(self) -> int:
        """How many events were dropped since this subscriber was too slow."""
        ...

    def __aiter__(self) -> AsyncIterator[StationEvent]: ...

    async def __anext__(self) -> StationEvent: ...

    def close(self) -> None:
        """Hear no more; whoever waits for the next event is released."""
        ...


class Bus(Protocol):
    """Events and requests between the parts of one node, and between nodes."""

    @property
    def heard(self) -> bool:
        """Whether anybody listens at all: who publishes much need not prepare it for nobody."""
        ...

    def publish(self, event: StationEvent) -> None:
        """Tell whoever listens now; never waits."""
        ...

    def subscribe(self, pattern: str = ">", *, kept: int = 1000) -> Subscription:
        """Hear the events whose subject (`event.<name>.<station>`) matches.

        At most `kept` wait for their listener.
        """
        ...

    def serve(self, subject: str, handler: Handler) -> AbstractAsyncContextManager[None]:
        """Answer calls to a subject while the context lasts.

        A later server of the same subject replaces an earlier.
        """
        ...

    async def call(self, subject: str, request: bytes, *, timeout: float) -> bytes:
        """Ask whoever serves the subject.

        Raises NobodyServes, CallExpired, and what the handler raises as BusError.
        """
        ...

    async def close(self) -> None:
        """End every subscription."""
        ...


def subject_of(event: StationEvent) -> str:
    """The subject an event is published under."""
    return f"event.{type(event).__name__}.{event.station}"


def matches(pattern: str, subject: str) -> bool:
    """Whether the subject is one of the pattern's."""
    wanted, words = pattern.split("."), subject.split(".")
    for index, word in enumerate(wanted):
        if word == ">" and index == len(wanted) - 1:
            return len(words) > index
        if index >= len(words) or word not in ("*", words[index]):
            return False
    return len(words) == len(wanted)
