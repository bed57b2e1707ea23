"""A tariff in JSON: what a client writes, and what it is told.

Names are those of OCPP 2.1's TariffType in snake_case, with what operators need beyond it. A field that is not known is
refused: a misspelt condition would be a price that always applies.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import date, time
from decimal import Decimal
from typing import Annotated, Any, TypeVar

from msgspec import Meta, Struct, structs

from amperanto.api.problems import BadField
from amperanto.api.representation import Instant, figure, instant
from amperanto.domain import tariffs

T = TypeVar("T")
CLOCK = r"^([01]\d|2[0-3]):[0-5]\d$"
DAY = r"^(0[1-9]|1[0-2])-(0[1-9]|[12]\d|3[01])$"
Clock = Annotated[str, Meta(pattern=CLOCK, description="local time, like 18:00")]
YearDay = Annotated[str, Meta(pattern=DAY, description="month and day, like 10-01")]
Money = Annotated[Decimal, Meta(description="0 or more")]
Figure = Annotated[Decimal, Meta(description="0 or more")]
Seconds = Annotated[int, Meta(ge=0, le=2**31 - 1)]
Words = Annotated[str, Meta(min_length=1, max_length=20)]
NAMES = ("energy", "charging_time", "idle_time", "fixed_fee", "reservation_time", "reservation_fixed")
_DECIMALS = tuple(f"{bound}_{what}" for bound in ("min", "max") for what in ("energy", "current", "power"))


class Season(Struct, kw_only=True, forbid_unknown_fields=True):
    """Every year from a day (inclusive) until another (exclusive)."""

    first: YearDay
    until: YearDay


class Conditions(Struct, kw_only=True, forbid_unknown_fields=True):
    """When a price applies: all that is stated. Each `min` is inclusive, each `max` exclusive; Wh, A, W, s."""

    start_time: Clock | None = None
    end_time: Clock | None = None
    days: Annotated[list[tariffs.Weekday], Meta(max_length=7)] = []
    from_date: date | None = None
    to_date: date | None = None
    season: Season | None = None
    evse_kind: tariffs.EvseKind | None = None
    min_energy: Figure | None = None
    max_energy: Figure | None = None
    min_current: Figure | None = None
    max_current: Figure | None = None
    min_power: Figure | None = None
    max_power: Figure | None = None
    min_time: Seconds | None = None
    max_time: Seconds | None = None
    min_charging_time: Seconds | None = None
    max_charging_time: Seconds | None = None
    min_idle_time: Seconds | None = None
    max_idle_time: Seconds | None = None
    payment_brand: Words | None = None
    payment_recognition: Words | None = None


class Element(Struct, kw_only=True, forbid_unknown_fields=True):
    """A price per kWh, per minute, or once."""

    price: Money
    conditions: Conditions | None = None


class TaxRate(Struct, kw_only=True, forbid_unknown_fields=True):
    """A tax in percent; those of stack 1 are on what stack 0 came to, and so on."""

    type: Words
    tax: Annotated[Decimal, Meta(description="percent")]
    stack: Annotated[int, Meta(ge=0, le=10)] = 0


class Step(Struct, kw_only=True, forbid_unknown_fields=True):
    """What is used is billed in whole steps of so many Wh, or s."""

    size: Annotated[Decimal, Meta(description="Wh, or s")]
    rounding: tariffs.Rounding = tariffs.Rounding.UP


class Component(Struct, kw_only=True, forbid_unknown_fields=True):
    """The prices of one dimension; the first whose conditions hold counts, and where none does it is free."""

    prices: Annotated[list[Element], Meta(min_length=1, max_length=200)]
    taxes: Annotated[list[TaxRate], Meta(max_length=5)] = []
    step: Step | None = None


class Limit(Struct, kw_only=True, forbid_unknown_fields=True):
    """The least or most a charge costs."""

    excl_tax: Money | None = None
    incl_tax: Money | None = None
    taxes: Annotated[list[TaxRate], Meta(max_length=5)] = []


class Description(Struct, kw_only=True, forbid_unknown_fields=True):
    """The tariff in words for drivers, in one language."""

    content: Annotated[str, Meta(min_length=1, max_length=1024)]
    language: Annotated[str, Meta(min_length=1, max_length=8)] | None = None
    format: Annotated[str, Meta(pattern=r"^(ASCII|HTML|URI|UTF8|QRCODE)$")] = "UTF8"


class TariffBody(Struct, kw_only=True, forbid_unknown_fields=True):
    """What charging costs."""

    currency: Annotated[str, Meta(pattern=r"^[A-Z]{3}$", description="ISO 4217", examples=["EUR"])]
    energy: Component | None = None
    charging_time: Component | None = None
    idle_time: Component | None = None
    fixed_fee: Component | None = None
    reservation_time: Component | None = None
    reservation_fixed: Component | None = None
    min_cost: Limit | None = None
    max_cost: Limit | None = None
    description: Annotated[list[Description], Meta(max_length=10)] = []
    valid_from: Instant | None = None
    tax_included: Annotated[bool, Meta(description="whether the prices are with tax")] = False
    idle_grace: Annotated[int, Meta(ge=0, le=604_800, description="idle seconds that cost nothing")] = 0
    rounding: Annotated[tariffs.Rounding, Meta(description="how an amount comes to the currency's decimals")] = (
        tariffs.Rounding.NEAREST
    )


def read(body: TariffBody) -> tariffs.Tariff:
    """The tariff a client wrote; its id is given by its name and version. Raises BadField."""
    return tariffs.Tariff(
        id="",
        currency=body.currency,
        min_cost=_maybe(_limit, body.min_cost),
        max_cost=_maybe(_limit, body.max_cost),
        description=tuple(tariffs.Description(**structs.asdict(one)) for one in body.description),
        valid_from=instant(body.valid_from, "valid_from"),
        tax_included=body.tax_included,
        idle_grace=body.idle_grace,
        rounding=body.rounding,
        **{name: _component(getattr(body, name), name) for name in NAMES if getattr(body, name) is not None},
    )


def told(tariff: tariffs.Tariff) -> TariffBody:
    """The tariff as a client is told it."""
    return TariffBody(
        currency=tariff.currency,
        min_cost=_maybe(_limit_told, tariff.min_cost),
        max_cost=_maybe(_limit_told, tariff.max_cost),
        description=[
            Description(content=one.content, language=one.language, format=one.format) for one in tariff.description
        ],
        valid_from=tariff.valid_from,
        tax_included=tariff.tax_included,
        idle_grace=tariff.idle_grace,
        rounding=tariff.rounding,
        **{name: _maybe(_component_told, getattr(tariff, name)) for name in NAMES},
    )


def _maybe(convert: Callable[[Any], T], value: Any) -> T | None:
    return None if value is None else convert(value)


def _component(component: Component, name: str) -> tariffs.Component:
    return tariffs.Component(
        prices=tuple(
            tariffs.Element(
                price=one.price,
                conditions=_conditions(one.conditions, f"{name}.prices[{index}].conditions"),
            )
            for index, one in enumerate(component.prices)
        ),
        taxes=tuple(tariffs.TaxRate(**structs.asdict(rate)) for rate in component.taxes),
        step=_maybe(lambda step: tariffs.Step(size=step.size, rounding=step.rounding), component.step),
    )


def _component_told(component: tariffs.Component) -> Component:
    return Component(
        prices=[
            Element(price=_exact(one.price), conditions=_conditions_told(one.conditions)) for one in component.prices
        ],
        taxes=_taxes_told(component.taxes),
        step=_maybe(lambda step: Step(size=_exact(step.size), rounding=step.rounding), component.step),
    )


def _taxes_told(taxes: tuple[tariffs.TaxRate, ...]) -> list[TaxRate]:
    return [TaxRate(type=rate.type, tax=_exact(rate.tax), stack=rate.stack) for rate in taxes]


def _limit(limit: Limit) -> tariffs.Limit:
    taxes = tuple(tariffs.TaxRate(**structs.asdict(rate)) for rate in limit.taxes)
    return tariffs.Limit(excl_tax=limit.excl_tax, incl_tax=limit.incl_tax, taxes=taxes)


def _limit_told(limit: tariffs.Limit) -> Limit:
    return Limit(excl_tax=figure(limit.excl_tax), incl_tax=figure(limit.incl_tax), taxes=_taxes_told(limit.taxes))


def _conditions(conditions: Conditions | None, field: str) -> tariffs.Conditions:
    if conditions is None:
        return tariffs.ANY_TIME
    stated: dict[str, Any] = structs.asdict(conditions)
    stated["start_time"], stated["end_time"] = (
        _maybe(time.fromisoformat, at) for at in (conditions.start_time, conditions.end_time)
    )
    stated["days"] = tuple(conditions.days)
    stated["season"] = _maybe(lambda season: _season(season, f"{field}.season"), conditions.season)
    return tariffs.Conditions(**stated)


def _season(season: Season, field: str) -> tariffs.Season:
    return tariffs.Season(_day(season.first, field), _day(season.until, field))


def _day(text: str, field: str) -> tariffs.DayOfYear:
    month, day = (int(part) for part in re.split("-", text))
    try:
        date(2000, month, day)
    except ValueError as error:
        raise BadField(field, f"there is no day {text}") from error
    return tariffs.DayOfYear(month, day)


def _conditions_told(conditions: tariffs.Conditions) -> Conditions | None:
    if conditions == tariffs.ANY_TIME:
        return None
    season = conditions.season
    said: dict[str, Any] = {name: getattr(conditions, name) for name in Conditions.__struct_fields__}
    said |= {name: figure(said[name]) for name in _DECIMALS}
    said["start_time"], said["end_time"] = (_maybe(_clock, at) for at in (conditions.start_time, conditions.end_time))
    said["days"] = list(conditions.days)
    said["season"] = None if season is None else Season(first=_said(season.first), until=_said(season.until))
    return Conditions(**said)


def _clock(at: time) -> str:
    return f"{at:%H:%M}"


def _said(day: tariffs.DayOfYear) -> str:
    return f"{day.month:02d}-{day.day:02d}"


def _exact(value: Decimal) -> Decimal:
    return figure(value) or Decimal(0)
