"""A block of the CSMS: a small class over one `Context`, with a handler per observation.

`@handles(TransactionStarted)` marks the method that decides about it. A handler gets the open unit, the
teller (who says it) and what was told; it changes things through the unit and returns the decision. It never
awaits a station or any network (R2): calls it wants made go to `unit.after_commit`.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from random import Random
from typing import Any, Protocol, TypeVar

from amperanto.bus.bus import Bus
from amperanto.csms.stations import StationLink, Stations
from amperanto.domain.events import Event, discreet
from amperanto.domain.ids import Ids
from amperanto.domain.stations import Station
from amperanto.domain.tokens import Verdict
from amperanto.hooks import Hooks
from amperanto.settings import Settings
from amperanto.stores.store import Store, Unit


class Clock(Protocol):
    """Time, injected (R13): wall time in UTC for facts, monotonic seconds for waits."""

    def now(self) -> datetime: ...

    def monotonic(self) -> float: ...

    async def sleep(self, seconds: float) -> None: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Context:
    """What every block shares."""

    store: Store
    bus: Bus
    stations: Stations
    clock: Clock
    ids: Ids
    random: Random
    settings: Settings
    hooks: Hooks = field(default_factory=Hooks)


@dataclass(frozen=True, slots=True)
class Teller:
    """Who told us something: the station as it is in this unit, its socket, and when we heard it (our clock).

    `verdict` is what an external authorizer said of the token that was told, before the unit was opened (R2).
    """

    station: Station
    link: StationLink
    at: datetime
    verdict: Verdict | None = None


Handler = Callable[[Unit, Teller, Any], Awaitable[Any]]
H = TypeVar("H", bound=Callable[..., Awaitable[Any]])


def handles(*kinds: type) -> Callable[[H], H]:
    """Mark a method as the one that decides about these observations (or 2.1 requests)."""

    def mark(function: H) -> H:
        function.handled_kinds = kinds  # type: ignore[attr-defined]
        return function

    return mark


class Block:
    """One functional block. Subclasses add handlers and verbs; the blocks they need are given to them."""

    def __init__(self, context: Context) -> None:
        self.context = context

    def tell(self, unit: Unit, event: Event) -> None:
        """Make an event known: kept in the outbox with this unit, heard by live listeners after its commit (R11)."""
        event = discreet(event)
        unit.publish(event)
        unit.after_commit(lambda: self.context.bus.publish(event))

    def handlers(self) -> Iterator[tuple[type, Handler]]:
        """What this block decides about, each with its method."""
        for name in dir(type(self)):
            for kind in getattr(getattr(type(self), name), "handled_kinds", ()):
                yield kind, getattr(self, name)
