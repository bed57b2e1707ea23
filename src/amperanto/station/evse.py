"""One EVSE with its one connector: what is plugged, who is authorised, what it therefore tells.

Everything told about an EVSE is derived here from a few facts (car, token, transaction, fault, operative),
so that no two messages can disagree. `state` is the nine-word form of 1.6, the finest of all
(state_machines §1); availability and charging state follow from it.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from datetime import datetime

from amperanto.domain.meter_values import MeterValue
from amperanto.domain.quantities import WattHours
from amperanto.domain.stations import Availability, ChargingState, EvseRef, Fault
from amperanto.domain.tokens import Token
from amperanto.station.clock import Clock
from amperanto.station.hardware import Outlet

AVAILABILITY = {
    "Available": Availability.AVAILABLE,
    "Reserved": Availability.RESERVED,
    "Unavailable": Availability.UNAVAILABLE,
    "Faulted": Availability.FAULTED,
}


@dataclass(slots=True, kw_only=True)
class Transaction:
    """A use of an EVSE, as the station keeps it; `reference` is what the CSMS calls it, None before."""

    id: str
    evse: int
    started_at: datetime
    meter_start: WattHours
    reference: str | None = None
    token: Token | None = None
    remote_start: int | None = None
    sequence: int = 0
    charging: ChargingState | None = None
    begin: tuple[MeterValue, ...] = ()
    sampled_at: float = 0.0
    ended_at: datetime | None = None
    meter_stop: WattHours | None = None
    reason: str | None = None
    delivered: bool = False
    """Whether the CSMS has answered everything about it, or will never."""

    @property
    def open(self) -> bool:
        """Whether it still runs."""
        return self.ended_at is None

    @property
    def energy(self) -> WattHours | None:
        """What it used; None while it runs."""
        return None if self.meter_stop is None else self.meter_stop - self.meter_start


class Evse:
    """An EVSE; `outlet` is its electrical half."""

    def __init__(self, number: int, outlet: Outlet, clock: Clock) -> None:
        self.number = number
        self.where = EvseRef(number, 1)
        self.outlet = outlet
        self.token: Token | None = None
        self.group: str | None = None
        """The group of the token that charges, as far as the CSMS has named it."""
        self.remote_start: int | None = None
        self.transaction: Transaction | None = None
        self.conditions: frozenset[str] = frozenset()
        self.operative = True
        """Whether it is in service now; being put out of it waits for whoever charges."""
        self.in_service = self.connector_in_service = True
        """What the CSMS wants of the EVSE, and of its connector (G03)."""
        self.lock_failed = False
        """The plug is not held: nothing may flow (G05)."""
        self.fault: Fault | None = None
        self.finishing = False
        self.withheld = False
        self.reserved = False
        self.claim: tuple[Token, int] | None = None
        """The token that used a reservation, and its number, until a report has told it."""
        self.stirred = asyncio.Event()
        self._changed = asyncio.Event()
        self._clock = clock
        self._settled_at = clock.monotonic()

    def settle(self) -> None:
        """Let the energy flow that flowed since the last look."""
        now = self._clock.monotonic()
        self.outlet.pass_time(now - self._settled_at)
        self._settled_at = now

    async def next_change(self) -> None:
        """Return at the next change."""
        await self._changed.wait()

    def stir(self) -> None:
        """Something changed: wake those who wait for that."""
        self.stirred.set()
        self._changed.set()
        self._changed = asyncio.Event()

    @property
    def plugged(self) -> bool:
        """Whether a car is connected."""
        return self.outlet.vehicle is not None

    @property
    def meter(self) -> WattHours:
        """The register now."""
        self.settle()
        return self.outlet.meter.register

    @property
    def usable(self) -> bool:
        """Whether a token may be admitted; a transaction that nobody is authorised for yet may run."""
        return self.operative and self.fault is None and self.token is None

    @property
    def may_flow(self) -> bool:
        """Whether energy may reach the car."""
        held_back = self.withheld or self.lock_failed or self.fault is not None
        return self.plugged and self.token is not None and not held_back

    @property
    def state(self) -> str:
        """The connector's state in 1.6's nine words."""
        if self.fault is not None:
            return "Faulted"
        if not self.operative:
            return "Unavailable"
        if self.reserved and self.token is None:
            return "Reserved"  # also with a car, as long as nobody it waits for has come (2.1 G01.FR.09)
        if not self.plugged:
            return "Available" if self.token is None else "Preparing"
        if self.token is None:
            return "Finishing" if self.finishing else "Preparing"
        if self.withheld:
            return "SuspendedEVSE"
        if not self.outlet.contactor.closed:
            return "Preparing"
        return "Charging" if self.outlet.flowing else "SuspendedEV"

    @property
    def availability(self) -> Availability:
        """The connector's state in 2.x's five words; without a cable nobody occupies it (G01.FR.03, H03.FR.10)."""
        if self.state == "Preparing" and not self.plugged:
            return Availability.AVAILABLE
        return AVAILABILITY.get(self.state, Availability.OCCUPIED)

    @property
    def charging(self) -> ChargingState:
        """What car and EVSE do (2.x chargingState)."""
        if not self.plugged:
            return ChargingState.IDLE
        if self.withheld and self.token is not None:
            return ChargingState.SUSPENDED_EVSE
        if not self.outlet.contactor.closed:
            return ChargingState.EV_CONNECTED
        return ChargingState.CHARGING if self.outlet.flowing else ChargingState.SUSPENDED_EV

    def take_claim(self) -> int | None:
        """The reservation its present token used; it is told once."""
        claim, self.claim = self.claim, None
        return None if claim is None or claim[0] is not self.token else claim[1]

    def current_conditions(self) -> frozenset[str]:
        """Which of the conditions that TxStartPoint and TxStopPoint name hold (device_model §5)."""
        connected = {"ParkingBayOccupancy", "EVConnected"} if self.plugged else set[str]()
        authorized = {"Authorized"} if self.token is not None else set[str]()
        both = {"PowerPathClosed"} if connected and authorized and not self.lock_failed else set[str]()
        return frozenset(connected | authorized | both | ({"EnergyTransfer"} if self.outlet.flowing else set()))
