"""Random charges and tariffs, seeded: each in our words, and in those of the second arithmetic."""

from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta, tzinfo
from decimal import Decimal
from fractions import Fraction
from random import Random
from typing import Any
from zoneinfo import ZoneInfo

from amperanto.domain.price_previews import Plan
from amperanto.domain.tariffs import (
    Component,
    Conditions,
    DayOfYear,
    Dimension,
    Element,
    EvseKind,
    Limit,
    Rounding,
    Season,
    Step,
    Tariff,
    TaxRate,
    Weekday,
)
from amperanto.domain.usages import Point, Usage

MINUTE = timedelta(minutes=1)
ZONES = ("UTC", "Europe/Amsterdam", "America/New_York", "Australia/Lord_Howe", "Asia/Kathmandu", "America/St_Johns")
# Around the days on which clocks jump, as well as any other.
DAYS = (
    datetime(2026, 3, 28, 20, tzinfo=UTC),
    datetime(2026, 10, 24, 20, tzinfo=UTC),
    datetime(2026, 3, 8, 3, tzinfo=UTC),
    datetime(2026, 11, 1, 3, tzinfo=UTC),
    datetime(2026, 4, 4, 12, tzinfo=UTC),
    datetime(2026, 12, 31, 20, tzinfo=UTC),
    datetime(2026, 6, 15, 6, tzinfo=UTC),
)
CURRENCIES = {"EUR": 2, "JPY": 0, "TND": 3}
FIELDS = {"energy": "energy", "charging": "charging_time", "idle": "idle_time", "fixed": "fixed_fee"}
DIMENSIONS = {
    "energy": Dimension.ENERGY,
    "charging": Dimension.CHARGING_TIME,
    "idle": Dimension.IDLE_TIME,
    "fixed": Dimension.FIXED_FEE,
}


@dataclass
class Charge:
    """One charge by one tariff: ours, and the plain words of the second arithmetic."""

    tariff: Tariff
    plan: Plan
    words: dict[str, Any]
    told: dict[str, Any]
    zone: tzinfo

    def billed(self, random: Random) -> Usage:
        """The usage as a station's readings tell it: taken at any seconds, register and all."""
        plan = self.plan
        seconds = int(plan.charging.total_seconds())
        idle = int(plan.idle.total_seconds())
        at = sorted({0, seconds, *(random.randrange(seconds + 1) for _ in range(random.randrange(12)))})
        register = Decimal(random.randrange(10**9))
        rate = plan.energy / seconds if seconds else Decimal(0)
        points = [
            Point(
                at=plan.start + timedelta(seconds=one),
                energy=register + rate * one,
                charging=one < seconds,
                power=None,
            )
            for one in at
        ]
        after = sorted({idle, *(random.randrange(idle + 1) for _ in range(random.randrange(4)))})
        points += [
            Point(at=plan.start + timedelta(seconds=seconds + one), energy=register + plan.energy, charging=False)
            for one in after
            if one
        ]
        return Usage(points=tuple(points), zone=plan.zone, evse_kind=plan.evse_kind)


def charge(random: Random) -> Charge:
    """A charge of some hours by a tariff of any kind."""
    zone_name = random.choice(ZONES)
    zone: tzinfo = UTC if zone_name == "UTC" else ZoneInfo(zone_name)
    charging, idle = random.choice((0, 1, 7, 45, 180, 420)), random.choice((0, 0, 3, 30, 200))
    charging += random.randrange(0, 60)
    # In whole multiples of 0.06 Wh a minute, so that a register of three decimals tells every second exactly.
    per_minute = Decimal(random.randrange(0, 60_000)) * Decimal("0.06")
    begin = random.choice(DAYS) + random.randrange(0, 900) * MINUTE
    kind = random.choice((None, "AC", "DC"))
    words = _tariff(random, per_minute)
    plan = Plan(
        start=begin,
        energy=per_minute * charging,
        charging=charging * MINUTE,
        idle=idle * MINUTE,
        zone=zone,
        evse_kind=None if kind is None else EvseKind(kind),
    )
    told = {"begin": begin, "charging": charging, "idle": idle, "wh_per_minute": per_minute, "kind": kind}
    return Charge(ours(words), plan, words, told, zone)


def _tariff(random: Random, per_minute: Decimal) -> dict[str, Any]:
    words: dict[str, Any] = {"currency": random.choice(list(CURRENCIES))}
    words["places"] = CURRENCIES[words["currency"]]
    for name in ("energy", "charging", "idle", "fixed"):
        if random.random() < 0.7:
            count = random.choice((1, 1, 2, 3, 5))
            words[name] = [_price(random, name, per_minute, last=n == count - 1) for n in range(count)]
            if random.random() < 0.7:
                rates = [(random.randrange(3), Decimal(random.choice(("21", "5", "9.975", "0"))))]
                rates += [(random.randrange(3), Decimal("1.25"))] if random.random() < 0.3 else []
                words.setdefault("taxes", {})[name] = rates
            if name != "fixed" and random.random() < 0.25:
                size = Fraction(random.choice((1, 5, 15)))
                if name == "energy":
                    size = Fraction(random.choice((1, 100, 1000)), 1000)
                words.setdefault("steps", {})[name] = (size, random.choice(("Up", "Down", "Nearest")))
    words["with_tax"] = random.random() < 0.3
    words["rounding"] = random.choice(("Nearest", "Nearest", "Up", "Down"))
    if "idle" in words and random.random() < 0.4:
        words["grace"] = random.choice((1, 15, 60))
    if random.random() < 0.2:
        net = Decimal(random.randrange(500)) / 10
        words["least"] = (net, net * Decimal("1.21"))
    if random.random() < 0.2:
        most = Decimal(random.randrange(5, 900)) / 10
        words["most"] = random.choice(((most, None), (None, most), (most, most * Decimal("1.1"))))
    return words


def _price(random: Random, name: str, per_minute: Decimal, *, last: bool) -> dict[str, Any]:
    price: dict[str, Any] = {"price": Decimal(random.randrange(0, 9000)).scaleb(-4)}
    if last and random.random() < 0.7:
        return price
    when: dict[str, Any] = {}
    if random.random() < 0.5:
        when["from"] = time(random.randrange(24), random.randrange(60))
    if random.random() < 0.5:
        when["to"] = time(random.randrange(24), random.randrange(60))
    if random.random() < 0.3:
        when["days"] = random.sample([day.value for day in Weekday], random.randrange(1, 7))
    if random.random() < 0.2:
        when["season"] = random.choice((((4, 1), (10, 25)), ((10, 25), (3, 29)), ((12, 31), (1, 1))))
    if random.random() < 0.2:
        when["kind"] = random.choice(("AC", "DC"))
    if name == "fixed":
        return {**price, "when": when}
    if random.random() < 0.3:
        when[random.choice(("energy>=", "energy<"))] = Fraction(per_minute) * random.randrange(1, 200)
    for what in ("minutes", "charged", "idled"):
        if random.random() < 0.12:
            when[f"{what}{random.choice(('>=', '<'))}"] = random.randrange(1, 200)
    if random.random() < 0.12:
        when[random.choice(("power>=", "power<"))] = Fraction(random.randrange(1000, 150_000))
    return {**price, "when": when}


def ours(words: dict[str, Any]) -> Tariff:
    """The tariff of the plain words."""
    components = {
        FIELDS[name]: Component(
            prices=tuple(
                Element(price=price["price"], conditions=_conditions(price.get("when", {}))) for price in words[name]
            ),
            taxes=tuple(
                TaxRate(type="tax", tax=rate, stack=stack) for stack, rate in words.get("taxes", {}).get(name, [])
            ),
            step=_step(name, words.get("steps", {}).get(name)),
        )
        for name in FIELDS
        if name in words
    }
    least, most = words.get("least"), words.get("most")
    return Tariff(
        id="any",
        currency=words["currency"],
        min_cost=None if least is None else Limit(excl_tax=least[0], incl_tax=least[1]),
        max_cost=None if most is None else Limit(excl_tax=most[0], incl_tax=most[1]),
        tax_included=words["with_tax"],
        idle_grace=words.get("grace", 0) * 60,
        rounding=Rounding(words["rounding"]),
        **components,
    )


def _conditions(when: dict[str, Any]) -> Conditions:
    def seconds(name: str) -> int | None:
        return None if name not in when else when[name] * 60

    season = when.get("season")
    return Conditions(
        start_time=when.get("from"),
        end_time=when.get("to"),
        days=tuple(Weekday(day) for day in when.get("days", ())),
        season=None if season is None else Season(DayOfYear(*season[0]), DayOfYear(*season[1])),
        evse_kind=None if "kind" not in when else EvseKind(when["kind"]),
        min_energy=_decimal(when.get("energy>=")),
        max_energy=_decimal(when.get("energy<")),
        min_power=_decimal(when.get("power>=")),
        max_power=_decimal(when.get("power<")),
        min_time=seconds("minutes>="),
        max_time=seconds("minutes<"),
        min_charging_time=seconds("charged>="),
        max_charging_time=seconds("charged<"),
        min_idle_time=seconds("idled>="),
        max_idle_time=seconds("idled<"),
    )


def _decimal(figure: Fraction | None) -> Decimal | None:
    return None if figure is None else Decimal(figure.numerator) / Decimal(figure.denominator)


def _step(name: str, step: tuple[Fraction, str] | None) -> Step | None:
    if step is None:
        return None
    size = step[0] * (1000 if name == "energy" else 60)
    return Step(size=_decimal(size) or Decimal(1), rounding=Rounding(step[1]))
