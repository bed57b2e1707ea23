"""One EVSE with its one connector: what is plugged, who is authorised, what it therefore tells.

Everything told about an EVSE is derived here from a few facts (car, token, transaction, fault, operative),
so that no two messages can disagree. `state` is the nine-word form of 1.6, the finest of all
(state_machines §1); availability and charging state follow from it.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal

from amperanto.domain.limits import NO_LIMIT, TransactionLimit
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
    """The readings of its begin, until a report has told them."""
    kept: list[MeterValue] = field(default_factory=list[MeterValue])
    """The readings that its end will tell, the first of them of its begin."""
    started: float = 0.0
    """Its begin in the seconds of the monotonic clock, from which intervals and limits count."""
    sampled: dict[str, float] = field(default_factory=dict[str, float])
    placed: bool = False
    """Whether a report has told where it is."""
    phases: int | None = None
    """On how many phases it was last told to charge."""
    cost: Decimal | None = None
    """What it costs so far, as the CSMS said last."""
    limit: TransactionLimit = NO_LIMIT
    """What it may use at most, as it was told last."""
    limits: dict[str, TransactionLimit] = field(default_factory=dict[str, TransactionLimit])
    """The limits of the CSMS, and those the driver set at the station."""
    refused: WattHours | None = None
    """The reading of the meter up to which it may go on although its token was refused (E05)."""
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
        self.bay = False
        """Whether a car stands here, plugged in or not."""
        self.parted = False
        """Whether the cable was pulled at the car and its transaction goes on (E10)."""
        self.signed = False
        """Whether the meter has signed a reading for the present use."""
        self.refused = False
        """Whether the present transaction lost its token by the CSMS's word."""
        self.holds: set[str] = set()
        """Why the EVSE gives no energy although somebody is authorised: token, limit, resumption."""
        self.keeper: Token | None = None
        """Who has to come for the cable that stays locked (E05, E09)."""
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
        held_back = bool(self.holds) or self.lock_failed or self.fault is not None
        return self.plugged and self.token is not None and not held_back

    @property
    def cable_left(self) -> bool:
        """Whether a cable without a car is locked in the socket."""
        return self.outlet.lock.locked and not self.plugged and self.transaction is None

    @property
    def left_at_car(self) -> bool:
        """Whether the connector is occupied by a cable without a car."""
        return not self.plugged and self.state in ("SuspendedEV", "Finishing")

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
            return self._state_without_car
        if self.token is None:
            return "Finishing" if self.finishing else "Preparing"
        if self.holds:
            return "SuspendedEVSE"
        if not self.outlet.contactor.closed:
            return "Preparing"
        return "Charging" if self.outlet.flowing else "SuspendedEV"

    @property
    def _state_without_car(self) -> str:
        if self.parted:
            return "SuspendedEV"
        if self.cable_left:
            return "Finishing"
        return "Available" if self.token is None else "Preparing"

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
        if self.refused or (self.holds and self.token is not None):
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
        holding = {
            "ParkingBayOccupancy": self.bay or self.plugged,
            "EVConnected": self.plugged,
            "Authorized": self.token is not None,
            "PowerPathClosed": self.plugged and self.token is not None and not self.lock_failed,
            "EnergyTransfer": self.outlet.flowing,
            "DataSigned": self.signed,
        }
        return frozenset(name for name, holds in holding.items() if holds)
