"""The price shown before the start: a charge that is only planned, priced by the very function that bills it.

A plan is a start, energy that flows evenly for some time, and idle time after it. It is made a usage of three points
and given to `cost`: what a driver was shown and what it costs cannot differ where the charge went as planned.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, tzinfo
from decimal import Decimal

from amperanto.domain.costs import Cost, cost
from amperanto.domain.tariffs import EvseKind, Tariff
from amperanto.domain.usages import Point, Usage


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """A charge nobody made yet: energy in Wh, flowing for `charging`, then `idle`; reserved so long before."""

    start: datetime
    energy: Decimal
    charging: timedelta
    idle: timedelta = timedelta(0)
    reserved: timedelta | None = None
    zone: tzinfo = UTC
    evse_kind: EvseKind | None = None
    payment_brand: str | None = None
    payment_recognition: str | None = None
    current: Decimal | None = None

    @property
    def usage(self) -> Usage:
        """The usage it would be."""
        full = self.start + self.charging
        return Usage(
            points=(
                Point(at=self.start, energy=Decimal(0), charging=True, current=self.current),
                Point(at=full, energy=self.energy, charging=False),
                Point(at=full + self.idle, energy=self.energy, charging=False),
            ),
            zone=self.zone,
            evse_kind=self.evse_kind,
            payment_brand=self.payment_brand,
            payment_recognition=self.payment_recognition,
            reserved=None if self.reserved is None else (self.start - self.reserved, self.start),
        )


def preview(tariff: Tariff, plan: Plan) -> Cost:
    """What this plan would cost."""
    return cost(tariff, plan.usage)
