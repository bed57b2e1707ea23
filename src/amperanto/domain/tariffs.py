"""Tariffs: what charging costs, in the shape of OCPP 2.1's TariffType (I07-I12, state_machines §10) and a little more.

A tariff has a component for each dimension: energy (per kWh), charging time and idle time (per minute), a fixed fee at
the start, and what a reservation costs. A component is a list of elements; at each moment the *first* one whose
conditions hold sets the price, and where none holds the dimension is free. Conditions read the local time of the site.

What operators need beyond the standard: prices that include tax, rounding, billing in steps, a grace before idle time
costs, seasons that come back every year. `cost` in costs.py is the one place where a tariff becomes money.
A tariff is immutable: another price is another tariff, or another version of it.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, time
from decimal import Decimal
from enum import StrEnum

from amperanto.domain.currencies import is_currency

MOST_DIGITS = 9
"""A price has at most so many digits before and after its point."""
LONGEST_ID = 60


class Dimension(StrEnum):
    """What is priced, by 2.1's names; in the order in which a bill lists them."""

    FIXED_FEE = "fixedFee"
    RESERVATION_FIXED = "reservationFixed"
    RESERVATION_TIME = "reservationTime"
    ENERGY = "energy"
    CHARGING_TIME = "chargingTime"
    IDLE_TIME = "idleTime"

    @property
    def fixed(self) -> bool:
        """Whether it costs once, whatever the quantity."""
        return self in (Dimension.FIXED_FEE, Dimension.RESERVATION_FIXED)


class Weekday(StrEnum):
    """A day of the week, in the order of `date.weekday()`."""

    MONDAY = "Monday"
    TUESDAY = "Tuesday"
    WEDNESDAY = "Wednesday"
    THURSDAY = "Thursday"
    FRIDAY = "Friday"
    SATURDAY = "Saturday"
    SUNDAY = "Sunday"


WEEKDAYS = tuple(Weekday)


class EvseKind(StrEnum):
    """Alternating or direct current."""

    AC = "AC"
    DC = "DC"


class Rounding(StrEnum):
    """To which side a figure between two steps goes; `Nearest` takes the half away from zero."""

    NEAREST = "Nearest"
    UP = "Up"
    DOWN = "Down"


@dataclass(frozen=True, slots=True, order=True)
class DayOfYear:
    """A day that comes back every year."""

    month: int
    day: int


@dataclass(frozen=True, slots=True)
class Season:
    """From the first day (inclusive) until another (exclusive), every year; it may span the new year."""

    first: DayOfYear
    until: DayOfYear

    def includes(self, day: date) -> bool:
        """Whether the day is in the season."""
        here = DayOfYear(day.month, day.day)
        if self.first <= self.until:
            return self.first <= here < self.until
        return here >= self.first or here < self.until


@dataclass(frozen=True, slots=True, kw_only=True)
class Conditions:
    """When a price applies: all that is stated must hold. Each `min` is inclusive, each `max` exclusive.

    Times and dates are local; a window whose end is not after its start goes past midnight. Energy in Wh, current in A
    summed over the phases, power in W, durations in s. For fixed fees only what is known at the start counts.
    """

    start_time: time | None = None
    end_time: time | None = None
    days: tuple[Weekday, ...] = ()
    from_date: date | None = None
    to_date: date | None = None
    season: Season | None = None
    evse_kind: EvseKind | None = None
    min_energy: Decimal | None = None
    max_energy: Decimal | None = None
    min_current: Decimal | None = None
    max_current: Decimal | None = None
    min_power: Decimal | None = None
    max_power: Decimal | None = None
    min_time: int | None = None
    max_time: int | None = None
    min_charging_time: int | None = None
    max_charging_time: int | None = None
    min_idle_time: int | None = None
    max_idle_time: int | None = None
    payment_brand: str | None = None
    payment_recognition: str | None = None

    @property
    def reads_clock(self) -> bool:
        """Whether local time decides."""
        stated = (self.start_time, self.end_time, self.from_date, self.to_date, self.season)
        return bool(self.days) or any(one is not None for one in stated)


ANY_TIME = Conditions()


@dataclass(frozen=True, slots=True, kw_only=True)
class Element:
    """A price of one kWh, one minute, or once; `conditions` say when."""

    price: Decimal
    conditions: Conditions = ANY_TIME


@dataclass(frozen=True, slots=True, kw_only=True)
class TaxRate:
    """A tax in percent. Those of stack 0 are on the net price, those of 1 on what that comes to, and so on."""

    type: str
    tax: Decimal
    stack: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """What is used is billed in whole steps of `size`: Wh for energy, s for time."""

    size: Decimal
    rounding: Rounding = Rounding.UP


@dataclass(frozen=True, slots=True, kw_only=True)
class Component:
    """The prices of one dimension, the first that applies wins; the taxes on them; the step they are billed in."""

    prices: tuple[Element, ...]
    taxes: tuple[TaxRate, ...] = ()
    step: Step | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Limit:
    """The least or most a transaction costs, without and with tax: what is not stated follows from the taxes."""

    excl_tax: Decimal | None = None
    incl_tax: Decimal | None = None
    taxes: tuple[TaxRate, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Description:
    """The tariff in words for a driver, in one language (RFC 5646)."""

    content: str
    language: str | None = None
    format: str = "UTF8"


@dataclass(frozen=True, slots=True, kw_only=True)
class Tariff:
    """What charging costs. `id` is its name to stations: unique for its content.

    `tax_included`: prices are with tax. `idle_grace`: idle seconds of a transaction that cost nothing. `rounding` is
    how an amount comes to the currency's decimals.
    """

    id: str
    currency: str
    energy: Component | None = None
    charging_time: Component | None = None
    idle_time: Component | None = None
    fixed_fee: Component | None = None
    reservation_time: Component | None = None
    reservation_fixed: Component | None = None
    min_cost: Limit | None = None
    max_cost: Limit | None = None
    description: tuple[Description, ...] = ()
    valid_from: datetime | None = None
    tax_included: bool = False
    idle_grace: int = 0
    rounding: Rounding = Rounding.NEAREST

    def component(self, dimension: Dimension) -> Component | None:
        """The prices of that dimension, if it has any."""
        match dimension:
            case Dimension.FIXED_FEE:
                return self.fixed_fee
            case Dimension.RESERVATION_FIXED:
                return self.reservation_fixed
            case Dimension.RESERVATION_TIME:
                return self.reservation_time
            case Dimension.ENERGY:
                return self.energy
            case Dimension.CHARGING_TIME:
                return self.charging_time
            case Dimension.IDLE_TIME:
                return self.idle_time

    def components(self) -> Iterator[tuple[Dimension, Component]]:
        """Each priced dimension with its prices."""
        for dimension in Dimension:
            component = self.component(dimension)
            if component is not None:
                yield dimension, component

    def elements(self) -> Iterator[Element]:
        """Every price it has."""
        for _, component in self.components():
            yield from component.prices

    @property
    def conditional(self) -> bool:
        """Whether any price has conditions."""
        return any(element.conditions != ANY_TIME for element in self.elements())


def problems(tariff: Tariff) -> list[str]:
    """What is wrong with a tariff, in words for whoever wrote it; empty when it can be used."""
    found: list[str] = []
    if not tariff.id or len(tariff.id) > LONGEST_ID:
        found.append(f"id: write 1 to {LONGEST_ID} characters")
    if not is_currency(tariff.currency):
        found.append(f"currency: {tariff.currency!r} is no ISO 4217 code; write it as EUR")
    if tariff.idle_grace < 0:
        found.append("idle_grace: write the seconds that cost nothing, 0 or more")
    if tariff.idle_grace and tariff.idle_time is None:
        found.append("idle_grace: idle time costs nothing in this tariff, so there is nothing to be spared")
    for dimension, component in tariff.components():
        found += [f"{dimension}: {problem}" for problem in _component_problems(dimension, component)]
    found += _limit_problems(tariff)
    return found


def _component_problems(dimension: Dimension, component: Component) -> Iterator[str]:
    if not component.prices:
        yield "state at least one price, 0 where it is free"
    step = component.step
    if step is not None and (dimension.fixed or not _sayable(step.size) or step.size <= 0):
        yield "step: a fee has no steps, and a step is greater than 0"
    yield from _tax_problems(component.taxes)
    for number, element in enumerate(component.prices, 1):
        if not _sayable(element.price):
            yield f"price {number}: {element.price} has more than {MOST_DIGITS} digits before or after its point"
        elif element.price < 0:
            yield f"price {number}: a price is 0 or more"
        for problem in _condition_problems(dimension, element.conditions):
            yield f"price {number}: {problem}"


_RANGES = ("energy", "current", "power", "time", "charging_time", "idle_time")


def _condition_problems(dimension: Dimension, conditions: Conditions) -> Iterator[str]:
    for name in _RANGES:
        least: Decimal | int | None = getattr(conditions, f"min_{name}")
        most: Decimal | int | None = getattr(conditions, f"max_{name}")
        if any(figure is not None and (not _sayable(figure) or figure < 0) for figure in (least, most)):
            yield f"min_{name}, max_{name}: write 0 or more"
            continue
        if least is not None and most is not None and least >= most:
            yield f"min_{name} {least} is not below max_{name} {most}, so it never holds"
        if dimension.fixed and (least is not None or most is not None):
            yield f"min_{name}, max_{name}: a fee is decided at the start, when nothing was used yet"
    if conditions.from_date and conditions.to_date and conditions.from_date >= conditions.to_date:
        yield f"it is over on {conditions.to_date} before it begins on {conditions.from_date}"
    if len(set(conditions.days)) != len(conditions.days):
        yield "days: a day is named twice"
    if not dimension.fixed and (conditions.payment_brand or conditions.payment_recognition):
        yield "payment_brand, payment_recognition: only fees can depend on how one pays"


def _limit_problems(tariff: Tariff) -> Iterator[str]:
    for name, limit in (("min_cost", tariff.min_cost), ("max_cost", tariff.max_cost)):
        if limit is None:
            continue
        stated = [figure for figure in (limit.excl_tax, limit.incl_tax) if figure is not None]
        if not stated:
            yield f"{name}: state it without tax, with tax, or both"
        if any(not _sayable(figure) or figure < 0 for figure in stated):
            yield f"{name}: write 0 or more, with at most {MOST_DIGITS} digits before and after the point"
        yield from (f"{name}: {problem}" for problem in _tax_problems(limit.taxes))
    least = tariff.min_cost
    taxed = any(component.taxes for _, component in tariff.components())
    if least is not None and taxed and not least.taxes and None in (least.excl_tax, least.incl_tax):
        yield "min_cost: state it without and with tax, or with its taxes, since the prices are taxed"


def _tax_problems(taxes: tuple[TaxRate, ...]) -> Iterator[str]:
    for rate in taxes:
        if not _sayable(rate.tax) or rate.tax < 0 or rate.stack < 0:
            yield f"tax {rate.type}: the rate in percent and its stack are 0 or more"


def _sayable(figure: Decimal | int) -> bool:
    """Whether a figure keeps its digits on the wire, where it is a JSON number."""
    exact = Decimal(figure)
    if not exact.is_finite() or abs(exact) >= 10**MOST_DIGITS:
        return False
    return exact == exact.quantize(Decimal(1).scaleb(-MOST_DIGITS))
