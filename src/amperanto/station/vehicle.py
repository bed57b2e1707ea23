"""A car: its battery, and how fast it takes energy.

It draws what it may until about 80 % state of charge; from there on its power falls in a straight line over
the state of charge, to a tenth when full. Between two instants that has a closed form (constant, then
exponential), so simulated hours cost nothing and no step size changes the outcome. Energy moves in whole
milliwatt-hours, the same number into the battery as through the meter.

A car that wants only some of it (`wants`) stops drawing exactly there.
"""

from __future__ import annotations

import math
from decimal import Decimal

from amperanto.domain.quantities import Amperes, Percent, Volts, WattHours, Watts

CAPACITY = WattHours.of(60_000)
ARRIVES_WITH = Percent.of(20)
MAX_CURRENT = Amperes.of(16)
TAPERS_FROM = Percent.of(80)
MILLI = 1000
FULL_POWER_LEFT = 0.1
"""The share of its power a car still draws just before it is full."""


class Vehicle:
    """A battery electric vehicle with `charge` of `capacity` in its battery."""

    def __init__(
        self,
        *,
        capacity: WattHours = CAPACITY,
        state_of_charge: Percent = ARRIVES_WITH,
        max_current: Amperes = MAX_CURRENT,
        phases: int = 3,
        wants: WattHours | None = None,
        tapers_from: Percent = TAPERS_FROM,
    ) -> None:
        self.max_current = max_current
        self.phases = phases
        self._capacity = int(capacity.value * MILLI)
        self._charge = int(self._capacity * state_of_charge.value / 100)
        self._knee = int(self._capacity * tapers_from.value / 100)
        self._target = self._capacity
        self._allowed = self._capacity
        self._fraction = 0.0
        if wants is not None:
            self.want(wants)

    @property
    def state_of_charge(self) -> Percent:
        """How full the battery is, to a tenth of a percent."""
        return Percent((Decimal(self._charge) * 100 / self._capacity).quantize(Decimal("0.1")))

    @property
    def charge(self) -> WattHours:
        """The energy in the battery."""
        return WattHours(Decimal(self._charge) / MILLI)

    @property
    def satisfied(self) -> bool:
        """Whether it has all it wants."""
        return self._charge >= self._target

    def want(self, energy: WattHours) -> None:
        """Take that much more, or what fits into the battery."""
        self._target = min(self._capacity, self._charge + int(energy.value * MILLI))

    def allow(self, energy: WattHours | None) -> None:
        """Let the outlet give at most so much more, however much the car wants; None: no end."""
        more = self._capacity if energy is None else int(energy.value * MILLI)
        self._allowed = min(self._capacity, self._charge + max(0, more))

    def energy_until(self, level: Percent) -> WattHours:
        """How much it takes to that state of charge; nothing when it is there."""
        return WattHours(Decimal(max(0, int(self._capacity * level.value / 100) - self._charge)) / MILLI)

    def power(self, offered: Amperes, voltage: Volts, phases: int) -> Watts:
        """What it draws now from such an outlet, in whole watts."""
        if self.satisfied:
            return Watts(Decimal(0))
        full, start = self._watts(offered, voltage, phases)
        drawn = min(start, full * self._share(self._charge))
        return Watts(Decimal(int(drawn + 1e-6)))

    def absorb(self, seconds: float, offered: Amperes, voltage: Volts, phases: int) -> WattHours:
        """Draw for so long; what went through the cable, in whole milliwatt-hours."""
        full, start = self._watts(offered, voltage, phases)
        if seconds <= 0 or start <= 0 or self.satisfied:
            return WattHours(Decimal(0))
        reached = self._after(seconds / 3600, full, start)
        whole = max(self._charge, min(math.floor(reached), self._target, self._allowed))
        self._fraction = 0.0 if whole in (self._target, self._allowed) else reached - whole
        taken = whole - self._charge
        self._charge = whole
        return WattHours(Decimal(taken) / MILLI)

    def seconds_until_satisfied(self, offered: Amperes, voltage: Volts, phases: int) -> float:
        """How long until it has all it wants or may have; infinity when it gets nothing."""
        full, start = self._watts(offered, voltage, phases)
        goal = min(self._target, self._allowed)
        if self._charge >= goal:
            return 0.0
        if start <= 0:
            return math.inf
        bend = self._bend(full, start)
        level = self._charge + self._fraction
        straight = max(0.0, min(goal, bend) - level) / (start * MILLI)
        begin = max(level, bend)
        curved = 0.0
        if goal > begin:
            steepness = self._steepness(full)
            drawn = full * MILLI * self._share(begin)
            # Just past the end of the curve the logarithm would have nothing left to take.
            curved = -math.log(max(1e-9, 1 - steepness * (goal - begin) / drawn)) / steepness
        return (straight + curved) * 3600

    def _watts(self, offered: Amperes, voltage: Volts, phases: int) -> tuple[float, float]:
        """The car's full power here, and what the offer leaves of it."""
        lines = float(voltage.value) * min(self.phases, phases)
        full = float(self.max_current.value) * lines
        return full, min(full, float(offered.value) * lines)

    def _share(self, level: float) -> float:
        """Which share of its full power the car takes at that charge."""
        if level <= self._knee or self._knee >= self._capacity:
            return 1.0
        return 1.0 - (1.0 - FULL_POWER_LEFT) * (level - self._knee) / (self._capacity - self._knee)

    def _steepness(self, full: float) -> float:
        """By how much the power falls per energy taken, above the knee: 1/h."""
        return full * MILLI * (1.0 - FULL_POWER_LEFT) / (self._capacity - self._knee)

    def _bend(self, full: float, start: float) -> float:
        """The charge from which the car, not the outlet, sets the power."""
        if self._knee >= self._capacity:
            return float(self._capacity)
        span = (self._capacity - self._knee) / (1.0 - FULL_POWER_LEFT)
        return min(float(self._capacity), self._knee + (1.0 - start / full) * span)

    def _after(self, hours: float, full: float, start: float) -> float:
        """The charge after so many hours, in mWh, not yet limited by what the car wants."""
        level = self._charge + self._fraction
        bend = self._bend(full, start)
        if level < bend:
            straight = (bend - level) / (start * MILLI)
            if hours <= straight:
                return level + start * MILLI * hours
            hours -= straight
            level = bend
        if bend >= self._capacity:
            return float(self._capacity)
        steepness = self._steepness(full)
        drawn = full * MILLI * self._share(level)
        return level + drawn / steepness * (1 - math.exp(-steepness * hours))
