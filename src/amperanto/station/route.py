"""B10: which network profile a station tries next.

Each slot of NetworkConfigurationPriority, as it was when the station started, is tried NetworkProfileConnectionAttempts
times, then the next; after all of them the one that last worked, then the first again, for ever. A lost connection is
sought again where it was. How long to wait between two attempts is the line's business.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from amperanto.station.device_model import DeviceModel
from amperanto.station.network_slots import PRIORITY, NetworkProfile, NetworkSlots
from amperanto.transport.peer import Peer

ConnectTo = Callable[[NetworkProfile], Awaitable[Peer]]


@dataclass(frozen=True, slots=True)
class ByProfile:
    """How a station connects that follows its network profiles, and the first of them."""

    profile: NetworkProfile
    connect_to: ConnectTo


class Route:
    """The order of the attempts of one station."""

    def __init__(self, variables: DeviceModel, slots: NetworkSlots, connect_to: ConnectTo) -> None:
        self._variables = variables
        self._slots = slots
        self._connect_to = connect_to
        self._round = [slots.active]
        self._place = 0
        self._failures = 0
        self._good: tuple[int, str | None] | None = None
        """The slot and the identity of the last connection."""
        self._fresh = True
        """Whether the station has started since the last attempt, so that the priority has to be read."""

    def start_over(self) -> None:
        """The station restarts: from the first of the priority on."""
        self._fresh = True

    async def connect(self) -> Peer:
        """One attempt, by the slot whose turn it is."""
        if self._fresh:
            self._fresh, self._place, self._failures = False, 0, 0
            first = [int(slot) for slot in self._variables.words(PRIORITY.component, PRIORITY.variable)]
            self._round = first if self._slots.active in first else [*first, self._slots.active]
        return await self._connect_to(self._slots.profile(self._round[self._place]))

    def failed(self) -> None:
        """The attempt came to nothing: once more, or the next slot's turn."""
        self._failures += 1
        if self._failures >= self._variables.number("OCPPCommCtrlr", "NetworkProfileConnectionAttempts"):
            self._failures, self._place = 0, (self._place + 1) % len(self._round)

    def reached(self) -> bool:
        """The attempt succeeded; whether by another slot, or as somebody else, than the last one that did."""
        slot, before = self._round[self._place], self._good
        self._slots.active, self._failures = slot, 0
        self._good = slot, self._slots.profile(slot).identity
        return before not in (None, self._good)
