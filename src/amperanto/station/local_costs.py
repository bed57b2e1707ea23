"""I12. What one charge at the station costs so far, by the tariffs it was given (state_machines §10).

Points are taken whenever a report is made, and, where power or current decide a price, every Interval[Tariff] seconds;
the figures are those of `domain.costs`, which a CSMS uses, too. What cannot be calculated is told with its reason.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta, tzinfo
from decimal import Decimal
from fractions import Fraction

from amperanto.domain.amounts import rounded
from amperanto.domain.cost_details import CostDetails
from amperanto.domain.costs import Cost, InForce, cost
from amperanto.domain.stations import ChargingState
from amperanto.domain.tariffs import EvseKind, Tariff
from amperanto.domain.usages import Point, Usage
from amperanto.station.evse import Evse

DIRECT_CURRENT = ("cCCS", "cG105", "cChaoJi", "cMCS")
LOOK_AHEAD = 3600.0
PRECISION = 0.05
WATT_HOUR_DECIMALS = 6


@dataclass(slots=True)
class Charge:
    """A transaction, as far as its cost goes. `tariffs` empty: none is known yet, or the CSMS calculates."""

    start: datetime
    zone: tzinfo
    tariffs: list[InForce] = field(default_factory=list[InForce])
    points: list[Point] = field(default_factory=list[Point])
    reserved: tuple[datetime, datetime] | None = None
    payment_brand: str | None = None
    driver: bool = False
    chosen: bool = False
    told: bool = False
    """Whether a report has told the name of the tariff."""
    broken: str | None = None
    """Why nothing can be calculated, if so."""
    stirred: asyncio.Event = field(default_factory=asyncio.Event)

    @property
    def tariff(self) -> Tariff | None:
        """The one that holds now."""
        return self.tariffs[-1].tariff if self.tariffs else None

    @property
    def reads_flow(self) -> bool:
        """Whether power or current decide a price."""
        conditions = [element.conditions for tariff, _ in self.tariffs for element in tariff.elements()]
        flows = ("min_power", "max_power", "min_current", "max_current")
        return any(getattr(one, name) is not None for one in conditions for name in flows)

    def note(self, evse: Evse, at: datetime) -> None:
        """Take a point of it."""
        point = self._point(evse, at)
        if self.points and (self.points[-1].at, self.points[-1].energy) == (point.at, point.energy):
            self.points.pop()
        self.points.append(point)

    def _point(self, evse: Evse, at: datetime) -> Point:
        """The register and whether energy flows; power is the average until the next point, as a CSMS reckons it."""
        evse.settle()
        outlet = evse.outlet
        return Point(
            at=max(at, self.points[-1].at) if self.points else at,
            energy=outlet.meter.register.value,
            charging=evse.charging is ChargingState.CHARGING,
            current=outlet.current.value * outlet.phases_in_use if self.reads_flow else None,
        )

    def by(self, tariff: Tariff, since: datetime) -> None:
        """From then on it costs by that tariff."""
        self.tariffs = [one for one in self.tariffs if one.since < since]
        self.tariffs.append(InForce(tariff, since))
        self.told = False
        self.stirred.set()

    def cost(self, evse: Evse, *, ended: bool) -> Cost:
        """What it costs by the last point."""
        return cost(self.tariffs, self._usage(evse, self.points), ended=ended)

    def cost_at(self, evse: Evse, now: datetime, ahead: float = 0.0) -> Decimal:
        """What it costs now, or so many seconds later if it goes on as it is."""
        here = self._point(evse, now)
        points = [*self.points, here]
        if ahead:
            grown = Fraction(here.energy) + Fraction(evse.outlet.power.value) * Fraction(ahead) / 3600
            points.append(replace(here, at=here.at + timedelta(seconds=ahead), energy=grown))
        return cost(self.tariffs, self._usage(evse, points), ended=False).gross

    def details(self, evse: Evse, *, ended: bool) -> CostDetails:
        """What is told of it; a failure tells its reason and nothing else."""
        tariff = self.tariff
        assert tariff is not None
        if self.broken is not None:
            used = Fraction(self.points[-1].energy) - Fraction(self.points[0].energy)
            return CostDetails(currency=tariff.currency, energy=rounded(used, WATT_HOUR_DECIMALS), failure=self.broken)
        return CostDetails.of(self.cost(evse, ended=ended), tariff, ended=ended)

    def seconds_until(self, evse: Evse, now: datetime, limit: Decimal) -> float:
        """How long until it costs that much, if it goes on as it is; an hour at most."""
        if self.cost_at(evse, now, LOOK_AHEAD) < limit:
            return LOOK_AHEAD
        low, high = 0.0, LOOK_AHEAD
        while high - low > PRECISION:
            middle = (low + high) / 2
            reached = self.cost_at(evse, now, middle) >= limit
            low, high = (low, middle) if reached else (middle, high)
        return high

    def _usage(self, evse: Evse, points: list[Point]) -> Usage:
        direct = evse.outlet.connector_type.startswith(DIRECT_CURRENT)
        return Usage(
            points=tuple(points),
            zone=self.zone,
            evse_kind=EvseKind.DC if direct else EvseKind.AC,
            payment_brand=self.payment_brand,
            reserved=self.reserved,
        )
