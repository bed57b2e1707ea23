"""A tariff in words a station calculates by itself (2.1, I07-I12): said in other words where the standard has none.

Prices with tax become prices without; a grace before idle time costs becomes a condition on idle time; a season becomes
the dates of this and the next year. What cannot be said so that the station comes to the same cost as we do (billing
steps, another rounding) is not said at all: such a charge is priced centrally.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from decimal import Decimal
from fractions import Fraction

from amperanto.domain.amounts import tax_factor
from amperanto.domain.tariffs import Component, Conditions, DayOfYear, Element, Rounding, Season, Tariff, TaxRate

DIGITS = Decimal("0.000000001")
YEARS = 2
_LEAP = DayOfYear(2, 29)


class NotLocal(Exception):
    """This tariff cannot be calculated by a station; the text says why."""


def local(tariff: Tariff, today: date, *, driver: bool = False) -> Tariff:
    """The tariff as a station is told it. A driver's has no time from which it is valid (I08). Raises NotLocal."""
    if tariff.rounding is not Rounding.NEAREST:
        raise NotLocal("a station rounds to the nearest amount; this tariff rounds otherwise")
    if any(component.step is not None for _, component in tariff.components()):
        raise NotLocal("a station does not bill in steps")
    parts = {
        name: _component(component, tariff, today, idle=name == "idle_time")
        for name in ("energy", "charging_time", "idle_time", "fixed_fee", "reservation_time", "reservation_fixed")
        if (component := getattr(tariff, name)) is not None
    }
    return replace(
        tariff,
        **parts,
        tax_included=False,
        idle_grace=0,
        valid_from=None if driver else tariff.valid_from,
    )


def elements(tariff: Tariff) -> int:
    """How many prices it has: what a station's MaxElements counts."""
    return sum(1 for _ in tariff.elements())


def _component(component: Component, tariff: Tariff, today: date, *, idle: bool) -> Component:
    grace = tariff.idle_grace if idle else 0
    prices = tuple(
        Element(
            price=_without_tax(element.price, component.taxes) if tariff.tax_included else element.price, conditions=one
        )
        for element in component.prices
        for one in _conditions(element.conditions, today, grace)
    )
    return Component(prices=prices, taxes=component.taxes)


def _without_tax(price: Decimal, taxes: tuple[TaxRate, ...]) -> Decimal:
    exact = Fraction(price) / tax_factor(taxes)
    return (Decimal(exact.numerator) / Decimal(exact.denominator)).quantize(DIGITS)


def _conditions(conditions: Conditions, today: date, grace: int) -> Iterator[Conditions]:
    if grace:
        conditions = replace(conditions, min_idle_time=max(grace, conditions.min_idle_time or 0))
    if conditions.season is None:
        yield conditions
        return
    for year in range(today.year - 1, today.year + YEARS):
        first, until = _dates(conditions.season, year)
        begin = first if conditions.from_date is None else max(first, conditions.from_date)
        end = until if conditions.to_date is None else min(until, conditions.to_date)
        if end > today and begin < end:
            yield replace(conditions, season=None, from_date=begin, to_date=end)


def _dates(season: Season, year: int) -> tuple[date, date]:
    return _date(season.first, year), _date(season.until, year if season.first <= season.until else year + 1)


def _date(day: DayOfYear, year: int) -> date:
    leap = year % 4 == 0 and (year % 100 != 0 or year % 400 == 0)
    if day == _LEAP and not leap:
        return date(year, 3, 1)
    return date(year, day.month, day.day)
