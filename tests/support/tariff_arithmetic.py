"""What a charge costs, worked out a second time: from the rules as they are written down, minute by minute.

Imports nothing of ours: a tariff is a plain dictionary here. It is slow and simple on purpose: it walks through the
charge in whole minutes, asks the wall clock of the zone at each, finds the first price whose conditions hold, and adds
up fractions. Charges it is given begin at whole minutes, and every threshold falls on one.
"""

from datetime import datetime, time, timedelta, tzinfo
from decimal import ROUND_CEILING, ROUND_FLOOR, ROUND_HALF_UP, Decimal
from fractions import Fraction
from typing import Any

MINUTE = timedelta(minutes=1)
DAY_NAMES = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
MODES = {"Nearest": ROUND_HALF_UP, "Up": ROUND_CEILING, "Down": ROUND_FLOOR}


def applies(rule: dict[str, Any], clock: datetime, state: dict[str, Any]) -> bool:
    """Whether a price may be used: each thing it states is checked for itself."""
    now = clock.time()
    first, last = rule.get("from", time(0)), rule.get("to", time(0))
    if last == time(0):
        in_window = now >= first
    elif first < last:
        in_window = first <= now < last
    else:
        in_window = not (last <= now < first)
    checks = [in_window]
    if "days" in rule:
        checks.append(DAY_NAMES[clock.weekday()] in rule["days"])
    if "season" in rule:
        begin, end = rule["season"]
        here = (clock.month, clock.day)
        checks.append(begin <= here < end if begin <= end else not (end <= here < begin))
    if "kind" in rule:
        checks.append(rule["kind"] == state["kind"])
    for what in ("energy", "minutes", "charged", "idled", "power"):
        least, most = rule.get(f"{what}>="), rule.get(f"{what}<")
        checks.append(least is None or state[what] >= least)
        checks.append(most is None or state[what] < most)
    return all(checks)


def price_of(prices: list[dict[str, Any]], clock: datetime, state: dict[str, Any]) -> Fraction | None:
    """The price of the first that applies."""
    for price in prices:
        if applies(price.get("when", {}), clock, state):
            return Fraction(price["price"])
    return None


def with_taxes(net: Fraction, taxes: list[tuple[int, Decimal]]) -> Fraction:
    """Taxes of a stack are on the same amount; the next stack is on what that came to."""
    for stack in sorted({stack for stack, _ in taxes}):
        net += sum((net * Fraction(rate) / 100 for level, rate in taxes if level == stack), Fraction(0))
    return net


def bill(tariff: dict[str, Any], charge: dict[str, Any], zone: tzinfo) -> tuple[Decimal, Decimal]:
    """Net and gross."""
    begin: datetime = charge["begin"]
    charging, idle = charge["charging"], charge["idle"]
    per_minute = Fraction(charge["wh_per_minute"])
    state: dict[str, Any] = {
        "energy": Fraction(0), "minutes": 0, "charged": 0, "idled": 0, "power": per_minute * 60,
        "kind": charge.get("kind"),
    }  # fmt: skip
    quantities: dict[str, list[list[Fraction]]] = {name: [] for name in ("fixed", "energy", "charging", "idle")}
    fixed = price_of(tariff.get("fixed", []), begin.astimezone(zone), state)
    if fixed is not None:
        quantities["fixed"].append([fixed, Fraction(1)])
    for minute in range(charging + idle):
        clock = (begin + minute * MINUTE).astimezone(zone)
        flows = minute < charging
        state["power"] = per_minute * 60 if flows else Fraction(0)
        if flows:
            used = [("energy", per_minute / 1000), ("charging", Fraction(1))]
        else:
            used = [("idle", Fraction(1))] if state["idled"] >= tariff.get("grace", 0) else []
        for name, quantity in used:
            price = price_of(tariff.get(name, []), clock, state)
            if price is not None:
                quantities[name].append([price, quantity])
        state["minutes"] += 1
        state["energy"] += per_minute if flows else 0
        state["charged" if flows else "idled"] += 1
    net = gross = Fraction(0)
    for name, used_at in quantities.items():
        _in_steps(used_at, tariff.get("steps", {}).get(name))
        amount = sum((price * quantity for price, quantity in used_at), Fraction(0))
        taxes = tariff.get("taxes", {}).get(name, [])
        if tariff.get("with_tax"):
            net, gross = net + amount / with_taxes(Fraction(1), taxes), gross + amount
        else:
            net, gross = net + amount, gross + with_taxes(amount, taxes)
    net, gross = _between(tariff, net, gross)
    places = tariff.get("places", 2)
    return _money(net, places, tariff), _money(gross, places, tariff)


def _in_steps(used_at: list[list[Fraction]], step: tuple[Fraction, str] | None) -> None:
    """The sum in whole steps: what is more is at the last price, what is less goes from the end."""
    if step is None or not used_at:
        return
    size, mode = step
    total = sum((quantity for _, quantity in used_at), Fraction(0))
    count = total / size
    whole = Fraction(int(_decimal(count, 0, MODES[mode])))
    missing = whole * size - total
    if missing >= 0:
        used_at[-1][1] += missing
        return
    while missing < 0:
        taken = min(-missing, used_at[-1][1])
        used_at[-1][1] -= taken
        missing += taken
        if missing < 0:
            used_at.pop()


def _between(tariff: dict[str, Any], net: Fraction, gross: Fraction) -> tuple[Fraction, Fraction]:
    if "most" in tariff:
        most_net, most_gross = (None if one is None else Fraction(one) for one in tariff["most"])
        share = Fraction(1)
        if most_net is not None and net > most_net:
            share = min(share, most_net / net)
        if most_gross is not None and gross > most_gross:
            share = min(share, most_gross / gross)
        if share < 1:
            return net * share, gross * share
    if "least" in tariff:
        least_net, least_gross = Fraction(tariff["least"][0]), Fraction(tariff["least"][1])
        if net < least_net or gross < least_gross:
            return least_net, least_gross
    return net, gross


def _money(amount: Fraction, places: int, tariff: dict[str, Any]) -> Decimal:
    return _decimal(amount, places, MODES[tariff.get("rounding", "Nearest")])


def _decimal(figure: Fraction, places: int, mode: str) -> Decimal:
    """Rounded once: by the whole part and what remains of it, never by an inexact division."""
    scaled = figure * 10**places
    floor = scaled.numerator // scaled.denominator
    rest = scaled - floor
    up = rest > 0 and (mode == ROUND_CEILING or (mode == ROUND_HALF_UP and rest * 2 >= 1))
    return Decimal(floor + (1 if up else 0)).scaleb(-places)
