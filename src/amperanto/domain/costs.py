"""Costs: what a usage costs by a tariff, to the last digit, and why. The one function both sides and the preview use.

Every piece of a usage (usages.py) is priced by the first element of its dimension whose conditions hold; neighbouring
pieces of one element are one line. Quantities and amounts are exact fractions until the very end. Rounding happens
once: each line gets what the rounded running total grew by, so that the lines sum to the total exactly, and the total
is the exact cost rounded once to the currency's decimals.

Then the limits: what ends below the minimum is raised to it; what passes the maximum stays there (net and gross cut in
one proportion), while usage counts on (state_machines §10). A tariff that replaces another holds for the rest (I11).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from fractions import Fraction
from typing import NamedTuple

from amperanto.domain.amounts import Running, rounded, tax_factor, tax_shares, whole
from amperanto.domain.counting import Bill, InForce, Run, Stretch, counted
from amperanto.domain.currencies import decimals
from amperanto.domain.tariffs import Dimension, Limit, Tariff, TaxRate
from amperanto.domain.usages import ZERO, Usage

__all__ = ["Cost", "CostKind", "InForce", "Line", "Period", "Tax", "cost"]

QUANTITY_DECIMALS = 6
_UNITS = {
    Dimension.FIXED_FEE: ("", 1),
    Dimension.RESERVATION_FIXED: ("", 1),
    Dimension.RESERVATION_TIME: ("min", 60),
    Dimension.ENERGY: ("kWh", 1000),
    Dimension.CHARGING_TIME: ("min", 60),
    Dimension.IDLE_TIME: ("min", 60),
}


class CostKind(StrEnum):
    """Whether a limit made the cost what it is."""

    NORMAL = "NormalCost"
    MINIMUM = "MinCost"
    MAXIMUM = "MaxCost"


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One line of the explanation. `dimension` is None where a limit, not a price, made the amount.

    `element` counts the prices of the component from 1. `net` and `gross` are rounded, and sum to the cost.
    """

    dimension: Dimension | None
    tariff: str
    element: int | None
    start: datetime
    end: datetime
    quantity: Decimal
    unit: str
    price: Decimal | None
    net: Decimal
    gross: Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class Tax:
    """What of a cost is one tax, by its rate in percent."""

    type: str
    rate: Decimal
    amount: Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class Period:
    """A stretch in which the same prices applied: what it used (Wh, s), by 2.1's chargingPeriod."""

    start: datetime
    tariff: str
    energy: Decimal
    charging_time: Decimal
    idle_time: Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class Cost:
    """What a usage costs, in the currency's decimals, and every reason. Energy in Wh, times in s."""

    currency: str
    kind: CostKind
    net: Decimal
    gross: Decimal
    lines: tuple[Line, ...]
    taxes: tuple[Tax, ...]
    periods: tuple[Period, ...]
    energy: Decimal
    charging_time: int
    idle_time: int
    reservation_time: int | None = None

    @property
    def tax(self) -> Decimal:
        """What of it is tax."""
        return self.gross - self.net

    def amount(self, dimension: Dimension) -> tuple[Decimal, Decimal] | None:
        """What the lines of a dimension sum to, net and gross; None where it has none."""
        mine = [line for line in self.lines if line.dimension is dimension]
        if not mine:
            return None
        return sum((line.net for line in mine), Decimal(0)), sum((line.gross for line in mine), Decimal(0))


def cost(tariff: Tariff | Sequence[InForce], usage: Usage, *, ended: bool = True) -> Cost:
    """What this usage costs; by several tariffs, each since its time, where they were exchanged on the way.

    With `ended` false it is the cost so far: the minimum does not count yet.
    """
    parts = [InForce(tariff, usage.start)] if isinstance(tariff, Tariff) else list(tariff)
    return _closed(counted(parts, usage), usage, ended)


@dataclass(slots=True)
class _Sums:
    """The running totals of a bill, and what is owed of each tax."""

    net: Running
    gross: Running
    owed: dict[tuple[str, Decimal, int], Fraction] = field(default_factory=dict[tuple[str, Decimal, int], Fraction])


def _closed(bill: Bill, usage: Usage, ended: bool) -> Cost:
    latest = bill.parts[-1].tariff
    places, rounding = decimals(latest.currency), latest.rounding
    sums = _Sums(Running(places, rounding), Running(places, rounding))
    lines: list[Line] = []
    for dimension in Dimension:
        quantities = Running(QUANTITY_DECIMALS)
        lines += [_line(bill, run, sums, quantities) for run in bill.runs.get(dimension, ())]
    end = _limited(latest, sums.net.exact, sums.gross.exact, ended)
    net, gross = rounded(end.net, places, rounding), rounded(end.gross, places, rounding)
    if end.kind is not CostKind.NORMAL:
        lines.append(_difference(latest, usage.end, net - sums.net.said, gross - sums.gross.said))
    totals = bill.totals
    return Cost(
        currency=latest.currency,
        kind=end.kind,
        net=net,
        gross=gross,
        lines=tuple(lines),
        taxes=_taxes(sums.owed, end, gross - net, places),
        periods=tuple(_period(bill, stretch) for stretch in bill.stretches),
        energy=rounded(totals.energy, QUANTITY_DECIMALS),
        charging_time=whole(totals.charging),
        idle_time=whole(totals.idle),
        reservation_time=None if totals.reserved is None else whole(totals.reserved),
    )


def _line(bill: Bill, run: Run, sums: _Sums, quantities: Running) -> Line:
    tariff = bill.parts[run.part].tariff
    component = tariff.component(run.dimension)
    assert component is not None  # a run is of a price that is there
    unit, size = _UNITS[run.dimension]
    price = component.prices[run.element - 1].price
    exact = Fraction(price) * run.quantity / size
    shares = list(tax_shares(component.taxes))
    factor = tax_factor(component.taxes)
    exact_net = exact / factor if tariff.tax_included else exact
    for rate, share in shares:
        key = (rate.type, rate.tax, rate.stack)
        sums.owed[key] = sums.owed.get(key, ZERO) + exact_net * share
    return Line(
        dimension=run.dimension,
        tariff=tariff.id,
        element=run.element,
        start=run.begin,
        end=run.end,
        quantity=quantities.add(run.quantity / size),
        unit=unit,
        price=price,
        net=sums.net.add(exact_net),
        gross=sums.gross.add(exact_net * factor),
    )


def _difference(tariff: Tariff, at: datetime, net: Decimal, gross: Decimal) -> Line:
    return Line(
        dimension=None, tariff=tariff.id, element=None, start=at, end=at, quantity=Decimal(1), unit="", price=None,
        net=net, gross=gross,
    )  # fmt: skip


class _End(NamedTuple):
    """The exact cost after the limits, and what became of its taxes: a share of them, or others in their place."""

    net: Fraction
    gross: Fraction
    kind: CostKind = CostKind.NORMAL
    share: Fraction = Fraction(1)
    taxes: tuple[TaxRate, ...] | None = None


def _limited(tariff: Tariff, net: Fraction, gross: Fraction, ended: bool) -> _End:
    most, least = tariff.max_cost, tariff.min_cost
    if most is not None:
        shares = [
            Fraction(limit) / figure
            for limit, figure in ((most.excl_tax, net), (most.incl_tax, gross))
            if limit is not None and figure > Fraction(limit)
        ]
        if shares:
            share = min(shares)
            return _End(net * share, gross * share, CostKind.MAXIMUM, share)
    if least is not None and ended and _below(least, net, gross):
        return _End(*_figures(least), CostKind.MINIMUM, taxes=least.taxes)
    return _End(net, gross)


def _below(least: Limit, net: Fraction, gross: Fraction) -> bool:
    return (least.excl_tax is not None and net < Fraction(least.excl_tax)) or (
        least.incl_tax is not None and gross < Fraction(least.incl_tax)
    )


def _figures(limit: Limit) -> tuple[Fraction, Fraction]:
    """A limit without and with tax: the one that is not stated by its taxes."""
    factor = tax_factor(limit.taxes)
    if limit.excl_tax is None:
        gross = Fraction(limit.incl_tax or 0)
        return gross / factor, gross
    net = Fraction(limit.excl_tax)
    return net, net * factor if limit.incl_tax is None else Fraction(limit.incl_tax)


def _taxes(owed: dict[tuple[str, Decimal, int], Fraction], end: _End, tax: Decimal, places: int) -> tuple[Tax, ...]:
    """The taxes, which sum to `tax` exactly: the last one takes what rounding left."""
    if end.taxes is not None:
        owed = {(rate.type, rate.tax, rate.stack): end.net * share for rate, share in tax_shares(end.taxes)}
    if not owed:
        return ()
    running, said = Running(places), Decimal(0)
    found: list[Tax] = []
    for key in sorted(owed, key=lambda key: (key[2], key[0], key[1])):
        amount = running.add(owed[key] * end.share)
        said += amount
        found.append(Tax(type=key[0], rate=key[1], amount=amount))
    last = found[-1]
    return (*found[:-1], Tax(type=last.type, rate=last.rate, amount=last.amount + tax - said))


def _period(bill: Bill, stretch: Stretch) -> Period:
    return Period(
        start=stretch.start,
        tariff=bill.parts[stretch.key[0]].tariff.id,
        energy=rounded(stretch.energy, QUANTITY_DECIMALS),
        charging_time=rounded(stretch.charging, QUANTITY_DECIMALS),
        idle_time=rounded(stretch.idle, QUANTITY_DECIMALS),
    )
