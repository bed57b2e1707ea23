"""What each charge used and what it costs, worked out from the stations' own record files and a plain price list.

    python tests/day/recompute.py RECORDS PRICES.json

Standard library only, and nothing of the product: the rules below are those of `docs/topics/money.md`, read again and
written down a second time.

- Energy: what the meter's display showed at the end less what it showed at the start. A display shows whole watt-hours.
- Prices are per kWh and per minute. Of a list of prices the first that applies counts; where none does, it is free.
- Between two readings energy is spread evenly over the time it flowed; it flows while the station's state is Charging.
- Idle time is the rest of the charge; its first `idle_grace` seconds cost nothing.
- Times are those of the site's zone.
- The net sum is raised to the least, or cut to the most (and the tax in proportion); tax comes on top; one rounding at
  the end, halves away from zero.

The price list, as JSON: `stations` names for each station its `price` and its `zone`, `prices` holds each price:
`fee` (once), `energy` (a list of {"price", "from", "until", "below"}: hours of the day, and watt-hours used so far),
`idle` (a minute), `idle_grace` (s), `tax` (percent), `least` and `most` (net). Figures are texts.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from datetime import datetime, time, timedelta
from fractions import Fraction
from itertools import pairwise
from pathlib import Path
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

FLOWING = "Charging"
METERED = ("transaction-started", "transaction-sampled", "transaction-ended")
DAY = timedelta(days=1)


class Said(NamedTuple):
    """One line of a record about a transaction: when, the whole Wh on the display, and whether energy flowed."""

    at: datetime
    shown: int
    flows: bool
    metered: bool


class Charge(NamedTuple):
    """A transaction as its station's own record has it. `number` is what the other side calls it, where that differs.

    `spoken` are the tokens that were authorised in it.
    """

    station: str
    transaction: str
    evse: int
    number: str | None
    said: tuple[Said, ...]
    ended: bool
    spoken: frozenset[str]

    @property
    def name(self) -> str:
        """What both sides call it."""
        return self.number or self.transaction

    @property
    def begin(self) -> datetime:
        return self.said[0].at

    @property
    def end(self) -> datetime:
        return self.said[-1].at

    @property
    def energy(self) -> int:
        """What the display counted, in whole Wh."""
        return self.said[-1].shown - self.said[0].shown


def charges(folder: Path) -> dict[tuple[str, str], Charge]:
    """Every transaction of every record file there, by station and by what both sides call it."""
    found: dict[tuple[str, str], Charge] = {}
    for path in sorted(folder.glob("*.jsonl")):
        facts = [json.loads(line) for line in path.read_text("utf-8").splitlines()]
        for charge in _of_station(facts):
            assert (charge.station, charge.name) not in found, "two transactions of one name"
            found[charge.station, charge.name] = charge
    return found


def _of_station(facts: list[dict[str, Any]]) -> Iterator[Charge]:
    told: dict[str, list[dict[str, Any]]] = {}
    numbers: dict[str, str] = {}
    for fact in facts:
        if fact["what"] == "transaction-numbered":
            numbers[fact["transaction"]] = fact["reference"]
        elif fact["what"].startswith("transaction-"):
            told.setdefault(fact["transaction"], []).append(fact)
    for name, lines in told.items():
        first, last = lines[0], lines[-1]
        assert first["what"] == "transaction-started"
        yield Charge(
            station=first["station"],
            transaction=name,
            evse=first["evse"],
            number=numbers.get(name),
            said=tuple(_said(line) for line in lines),
            ended=last["what"] == "transaction-ended",
            spoken=frozenset(line["token"] for line in lines if line.get("token") is not None),
        )


def _said(line: dict[str, Any]) -> Said:
    shown = int(Fraction(line["register_wh"]))
    return Said(datetime.fromisoformat(line["at"]), shown, line["state"] == FLOWING, line["what"] in METERED)


def gross_cents(charge: Charge, prices: dict[str, Any], *, energy: int | None = None) -> int:
    """What it costs with tax, in whole cents. `energy` (Wh) instead of its own, for a price that asks no clock."""
    place = prices["stations"][charge.station]
    price = prices["prices"][place["price"]]
    net = Fraction(price.get("fee", "0"))
    if energy is None and _asks_clock(price):
        net += _by_the_clock(charge, price, ZoneInfo(place["zone"]))
    else:
        net += _by_amount(charge.energy if energy is None else energy, price["energy"])
    factor = 1 + Fraction(price.get("tax", "0")) / 100
    if "most" in price:
        net = min(net, Fraction(price["most"]))
    if "least" in price:
        net = max(net, Fraction(price["least"]))
    return _nearest(net * factor * 100)


def _asks_clock(price: dict[str, Any]) -> bool:
    return "idle" in price or any("from" in one for one in price["energy"])


def _by_amount(energy: int, prices: list[dict[str, Any]]) -> Fraction:
    """Prices by how much was used before: each holds below its own limit."""
    total, reached = Fraction(0), 0
    for one in prices:
        upper = min(energy, one.get("below", energy))
        if upper > reached:
            total += Fraction(one["price"]) * (upper - reached) / 1000
            reached = upper
    return total


def _by_the_clock(charge: Charge, price: dict[str, Any], zone: ZoneInfo) -> Fraction:
    """Prices by the hour of the day, and what idling costs after its grace."""
    total, idled = Fraction(0), Fraction(0)
    grace, minute = price.get("idle_grace", 0), Fraction(price.get("idle", "0"))
    for begin, end, energy, flows in _pieces(charge, price, zone):
        total += _price_at(begin.astimezone(zone).time(), price["energy"]) * energy / 1000
        if not flows:
            lasted = _seconds(begin, end)
            total += minute * max(Fraction(0), min(lasted, idled + lasted - grace)) / 60
            idled += lasted
    return total


def _pieces(
    charge: Charge, price: dict[str, Any], zone: ZoneInfo
) -> Iterator[tuple[datetime, datetime, Fraction, bool]]:
    """The charge in pieces in which nothing changes: begin, end, Wh, and whether energy flowed."""
    metered = [one for one in charge.said if one.metered]
    hours = _hours(charge, price, zone)
    for here, there in pairwise(metered):
        inside = {one.at for one in charge.said if here.at < one.at < there.at}
        inside |= {at for at in hours if here.at < at < there.at}
        edges = [here.at, *sorted(inside), there.at]
        pieces = [(left, right, _flows(charge, left)) for left, right in pairwise(edges) if left < right]
        energy = there.shown - here.shown
        flowed = sum((_seconds(left, right) for left, right, flows in pieces if flows), Fraction(0))
        whole = _seconds(here.at, there.at)
        for left, right, flows in pieces:
            share = (
                (_seconds(left, right) / flowed if flows else Fraction(0)) if flowed else _seconds(left, right) / whole
            )
            yield left, right, energy * share, flows


def _hours(charge: Charge, price: dict[str, Any], zone: ZoneInfo) -> set[datetime]:
    """The instants within the charge at which a price by the hour begins or ends."""
    clocks = {time.fromisoformat(one[edge]) for one in price["energy"] for edge in ("from", "until") if edge in one}
    day, last = charge.begin.astimezone(zone).date() - DAY, charge.end.astimezone(zone).date() + DAY
    found: set[datetime] = set()
    while day <= last:
        found |= {datetime.combine(day, clock, zone).astimezone(charge.begin.tzinfo) for clock in clocks}
        day += DAY
    return found


def _flows(charge: Charge, at: datetime) -> bool:
    """What the station last said by then; of several things said at once, that energy flows."""
    latest = max(one.at for one in charge.said if one.at <= at)
    return any(one.flows for one in charge.said if one.at == latest)


def _price_at(clock: time, prices: list[dict[str, Any]]) -> Fraction:
    for one in prices:
        begin, until = time.fromisoformat(one.get("from", "00:00")), time.fromisoformat(one.get("until", "00:00"))
        inside = begin <= clock < until if begin < until else clock >= begin or clock < until
        if "from" not in one or inside:
            return Fraction(one["price"])
    return Fraction(0)


def _seconds(begin: datetime, end: datetime) -> Fraction:
    return Fraction((end - begin) // timedelta(microseconds=1), 1_000_000)


def _nearest(figure: Fraction) -> int:
    return int(figure + Fraction(1, 2))


def main(folder: str, prices: str) -> None:
    """Print each charge: station, transaction, Wh, cents."""
    listed = json.loads(Path(prices).read_text("utf-8"))
    for charge in charges(Path(folder)).values():
        print(charge.station, charge.name, charge.energy, gross_cents(charge, listed), sep="\t")


if __name__ == "__main__":
    main(*sys.argv[1:])
