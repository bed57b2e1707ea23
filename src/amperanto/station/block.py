"""A block: what a station does in one functional block of the standard.

A block handles commands of the CSMS with methods marked `@handles(v2.SomethingRequest)`: whatever the
version, a command comes in 2.1's words. The method returns the response at once and never waits for the
CSMS; what has to be said after the answer (a triggered message, a restart) is given along as `Then`.
"""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from typing import Any, TypeVar

from amperanto.dialects.dialect import Neutral
from amperanto.dialects.errors import NotSpoken
from amperanto.ocpp.errors import RemoteProtocolError
from amperanto.ocpp.shapes import Message, Response
from amperanto.station.context import Context
from amperanto.station.line import Line, LineError

F = TypeVar("F", bound=Callable[..., Any])


@dataclass(frozen=True, slots=True)
class Then:
    """A response, and what to do once it is on its way."""

    response: Response
    follow: Callable[[], Coroutine[Any, Any, None]]


Handler = Callable[[Any], Response | Then | RemoteProtocolError]


def handles(kind: type[Message]) -> Callable[[F], F]:
    """Mark a method as the handler of a command."""

    def mark(method: F) -> F:
        method.handles = kind  # type: ignore[attr-defined]
        return method

    return mark


class Block:
    """One functional block of one station."""

    def __init__(self, context: Context, line: Line) -> None:
        self.context = context
        self.line = line

    def handlers(self) -> dict[type[Message], Handler]:
        """The commands this block answers."""
        methods = (getattr(self, name) for name in dir(self) if not name.startswith("_"))
        return {method.handles: method for method in methods if hasattr(method, "handles")}

    def can_say(self, neutral: Neutral) -> bool:
        """Whether this version can say it, all of it."""
        try:
            self.context.dialect.write(neutral, self.context)
        except NotSpoken:
            return False
        return True

    async def tell(self, neutral: Neutral) -> bool:
        """Say something that may get lost; whether it was answered."""
        try:
            await self.line.ask(neutral)
        except (LineError, NotSpoken):
            return False
        return True
