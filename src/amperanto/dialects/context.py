"""What a dialect may know of the station it speaks for: read-only, and asked only when a message needs it
(R5).

OCPP 1.6 numbers connectors through the station, 2.x EVSEs and connectors within them. Unless a topology says
otherwise, 1.6's connector n is connector 1 of EVSE n; its connector 0 is the station, our EVSE 0.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Protocol

from amperanto.dialects.errors import NotSpoken
from amperanto.domain.stations import EvseRef

WHOLE_STATION = EvseRef(0)


@dataclass(frozen=True, slots=True)
class Topology:
    """Which 1.6 connector is which connector of which EVSE; `places` names those out of the ordinary."""

    places: Mapping[int, EvseRef] = field(default_factory=dict[int, EvseRef])

    def place(self, connector: int) -> EvseRef:
        """Where a 1.6 connector is."""
        if connector == 0:
            return WHOLE_STATION
        return self.places.get(connector) or EvseRef(connector, 1)

    def connectors(self, where: EvseRef) -> list[int]:
        """The 1.6 connectors there; all of an EVSE's where no connector is named. Raises NotSpoken."""
        if where.evse == 0:
            return [0]
        found = [
            number
            for number, place in self.places.items()
            if place.evse == where.evse and where.connector in (None, place.connector)
        ]
        ordinary = where.evse not in self.places and EvseRef(where.evse, 1) not in self.places.values()
        if ordinary and where.connector in (None, 1):
            found.append(where.evse)
        if not found:
            raise NotSpoken(f"the station has no 1.6 connector for {_spelled(where)}")
        return sorted(found)

    def connector(self, where: EvseRef) -> int:
        """The one 1.6 connector at that place. Raises NotSpoken where there are several."""
        found = self.connectors(where)
        if len(found) > 1:
            raise NotSpoken(f"{_spelled(where)} has several connectors: say which")
        return found[0]


def _spelled(where: EvseRef) -> str:
    return f"EVSE {where.evse}" if where.connector is None else f"EVSE {where.evse} connector {where.connector}"


class StationContext(Protocol):
    """What a dialect may ask about the station."""

    def now(self) -> datetime:
        """The wall clock, UTC."""
        ...

    @property
    def topology(self) -> Topology:
        """Which 1.6 connector is where."""
        ...

    def transaction_where(self, reference: str) -> EvseRef | None:
        """Where the transaction of that reference runs, if that is known without waiting."""
        ...


def _utc_now() -> datetime:
    return datetime.now(UTC)


@dataclass(frozen=True, slots=True)
class PlainContext:
    """The context of a station nobody configured: real time, ordinary topology, no transactions known."""

    topology: Topology = field(default_factory=Topology)
    clock: Callable[[], datetime] = _utc_now
    transactions: Mapping[str, EvseRef] = field(default_factory=dict[str, EvseRef])

    def now(self) -> datetime:
        """The wall clock, UTC."""
        return self.clock()

    def transaction_where(self, reference: str) -> EvseRef | None:
        """Where the transaction of that reference runs, if it is among `transactions`."""
        return self.transactions.get(reference)
