"""The electrical half of an EVSE: meter, contactor, cable lock, and the outlet that holds them.

Pure: time comes as elapsed seconds. The one rule: energy flows only through a closed contactor, and every
milliwatt-hour that reaches the car has been counted. The meter's register runs over the station's whole life
and never goes back; what a transaction used is a difference of two readings. It shows whole watt-hours, as
most charging meters do; what is below stays inside and is not lost.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from amperanto.domain.meter_values import SignedValue
from amperanto.domain.quantities import Amperes, Percent, Volts, WattHours, Watts
from amperanto.station.vehicle import Vehicle

MAX_CURRENT = Amperes.of(32)
VOLTAGE = Volts.of(230)
NEW = WattHours.of(0)


class Meter:
    """An energy meter; `register` is what its display shows."""

    def __init__(self, lifetime: WattHours = NEW) -> None:
        self._counted = lifetime.value

    @property
    def counted(self) -> WattHours:
        """All that went through it, to the last milliwatt-hour: the truth behind the display."""
        return WattHours(self._counted)

    @property
    def register(self) -> WattHours:
        """The import register, in whole Wh."""
        return WattHours(Decimal(int(self._counted)))

    def count(self, energy: WattHours) -> None:
        """Let that energy through. Raises ValueError for energy that would turn the register back."""
        if energy.value < 0:
            raise ValueError("an import register never goes back")
        self._counted += energy.value


class Contactor:
    """The switch in the power path; `operations` counts its wear."""

    def __init__(self) -> None:
        self.closed = False
        self.operations = 0
        self.on_switch: Callable[[], None] | None = None

    def switch(self, closed: bool) -> None:
        """Close or open it."""
        if closed != self.closed:
            self.closed = closed
            self.operations += 1
            if self.on_switch is not None:
                self.on_switch()


class CableLock:
    """Holds the plug in the socket; a jammed one stays as it is."""

    def __init__(self) -> None:
        self.locked = False
        self.jammed = False

    def lock(self) -> bool:
        """Try to lock; whether it is locked."""
        self.locked = self.locked or not self.jammed
        return self.locked

    def unlock(self) -> bool:
        """Try to unlock; whether it is open."""
        self.locked = self.locked and self.jammed
        return not self.locked


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """What a meter that can sign is asked to sign: its register, when, and in which context of a transaction."""

    register: WattHours
    at: datetime
    context: str
    transaction: str | None = None


Signer = Callable[[Reading], SignedValue]


class Outlet:
    """What one EVSE offers a car: voltage, phases, current; and the parts between the grid and the car.

    `signer` makes its meter one that can sign. With a `fixed_cable` there is no lock. Above the `ceiling`, a reading of
    the meter, nothing flows.
    """

    signer: Signer | None = None
    fixed_cable: bool = False
    ceiling: WattHours | None = None

    def __init__(
        self,
        *,
        max_current: Amperes = MAX_CURRENT,
        voltage: Volts = VOLTAGE,
        phases: int = 3,
        lifetime: WattHours = NEW,
        connector_type: str = "sType2",
    ) -> None:
        self.max_current = max_current
        self.voltage = voltage
        self.phases = phases
        self.connector_type = connector_type
        self.meter = Meter(lifetime)
        self.contactor = Contactor()
        self.lock = CableLock()
        self.vehicle: Vehicle | None = None

    def connect(self, vehicle: Vehicle) -> None:
        """Put the cable into the car. Raises ValueError when another car is on it."""
        if self.vehicle is not None:
            raise ValueError("there is a car on this outlet already")
        self.vehicle = vehicle

    def disconnect(self) -> Vehicle | None:
        """Pull the cable; the contactor opens first. The car that was on it."""
        self.contactor.switch(False)
        vehicle, self.vehicle = self.vehicle, None
        return vehicle

    def pass_time(self, seconds: float) -> None:
        """Let energy flow for so long, if it can."""
        if self.vehicle is not None and self.contactor.closed:
            self.vehicle.allow(self._allowance)
            self.meter.count(self.vehicle.absorb(seconds, self.max_current, self.voltage, self.phases))

    @property
    def power(self) -> Watts:
        """What flows now."""
        if self.vehicle is None or not self.contactor.closed or self.exhausted:
            return Watts(Decimal(0))
        return self.vehicle.power(self.max_current, self.voltage, self.phases)

    @property
    def phases_in_use(self) -> int:
        """On how many phases the car charges."""
        return self.phases if self.vehicle is None else min(self.phases, self.vehicle.phases)

    @property
    def current(self) -> Amperes:
        """The current now, per phase in use, rounded down to 10 mA."""
        amperes = self.power.value / (self.voltage.value * self.phases_in_use)
        return Amperes(Decimal(math.floor(amperes * 100)) / 100)

    @property
    def state_of_charge(self) -> Percent | None:
        """How full the car says it is."""
        return None if self.vehicle is None else self.vehicle.state_of_charge

    @property
    def exhausted(self) -> bool:
        """Whether the ceiling is reached."""
        return self.ceiling is not None and self.meter.counted >= self.ceiling

    @property
    def flowing(self) -> bool:
        """Whether the contactor is closed on a car that still wants energy."""
        wanted = self.vehicle is not None and not self.vehicle.satisfied
        return self.contactor.closed and wanted and not self.exhausted

    def seconds_until_quiet(self) -> float:
        """How long until the car has enough or the ceiling is reached; infinity when nothing flows."""
        if self.vehicle is None or not self.flowing:
            return math.inf
        self.vehicle.allow(self._allowance)
        return self.vehicle.seconds_until_satisfied(self.max_current, self.voltage, self.phases)

    @property
    def _allowance(self) -> WattHours | None:
        return None if self.ceiling is None else self.ceiling - self.meter.counted
