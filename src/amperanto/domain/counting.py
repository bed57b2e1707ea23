"""Counting: a usage walked through once, each piece given to the price that holds for it.

Neighbouring pieces of one price are one run, which becomes a line; neighbouring pieces with the same prices in every
dimension are one stretch, which becomes a period (state_machines §10). Fees and the reservation are counted before.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from fractions import Fraction
from typing import NamedTuple

from amperanto.domain.amounts import stepped
from amperanto.domain.conditions import first_that_holds
from amperanto.domain.tariffs import Dimension, Tariff
from amperanto.domain.usages import ZERO, Cuts, Moment, Point, Segment, Usage, instant, moment, segments


class InForce(NamedTuple):
    """A tariff, and since when it holds for a transaction."""

    tariff: Tariff
    since: datetime


@dataclass(slots=True)
class Run:
    """Neighbouring pieces that one element priced; `quantity` in Wh, s, or times."""

    part: int
    dimension: Dimension
    element: int
    begin: datetime
    end: datetime
    quantity: Fraction


@dataclass(slots=True)
class Stretch:
    """Neighbouring pieces with the same elements in every dimension."""

    key: tuple[int, ...]
    start: datetime
    energy: Fraction = ZERO
    charging: Fraction = ZERO
    idle: Fraction = ZERO


@dataclass(slots=True)
class Totals:
    """What was used in all: Wh and s."""

    energy: Fraction = ZERO
    charging: Fraction = ZERO
    idle: Fraction = ZERO
    reserved: Fraction | None = None


@dataclass(slots=True)
class Bill:
    """What is gathered while the usage is walked through."""

    parts: Sequence[InForce]
    runs: dict[Dimension, list[Run]] = field(default_factory=dict[Dimension, "list[Run]"])
    stretches: list[Stretch] = field(default_factory=list["Stretch"])
    totals: Totals = field(default_factory=Totals)

    def part_at(self, at: datetime) -> int:
        """Which tariff holds then."""
        return max((index for index, part in enumerate(self.parts) if part.since <= at), default=0)

    def count(
        self, part: int, dimension: Dimension, element: int | None, span: tuple[datetime, datetime], quantity: Fraction
    ) -> None:
        """Add a quantity to the line of that element, or begin one."""
        if element is None or not quantity:
            return
        runs = self.runs.setdefault(dimension, [])
        last = runs[-1] if runs else None
        if last is not None and (last.part, last.element) == (part, element):
            last.end, last.quantity = span[1], last.quantity + quantity
        else:
            runs.append(Run(part, dimension, element, *span, quantity))


def counted(parts: Sequence[InForce], usage: Usage) -> Bill:
    """The usage, counted by the tariffs that hold for it."""
    bill = Bill(parts)
    _count_fees(bill, usage)
    _count_reservation(bill, usage)
    for segment in segments(usage, _cuts(parts)):
        _count_segment(bill, usage.start, segment)
    for dimension, runs in bill.runs.items():
        _step(bill, dimension, runs)
    return bill


def _cuts(parts: Sequence[InForce]) -> Cuts:
    cuts = Cuts(instants={part.since for part in parts[1:]})
    for tariff, _ in parts:
        for element in tariff.elements():
            cuts.of(element.conditions)
        if tariff.idle_grace:
            cuts.idle_time.add(Fraction(tariff.idle_grace))
    return cuts


def _count_fees(bill: Bill, usage: Usage) -> None:
    """Fees are decided once, at the start, by the tariff that holds then."""
    start = moment(usage)
    wanted = [Dimension.FIXED_FEE] + ([Dimension.RESERVATION_FIXED] if usage.reserved else [])
    for dimension in wanted:
        element = first_that_holds(bill.parts[0].tariff.component(dimension), start)
        bill.count(0, dimension, element, (usage.start, usage.start), Fraction(1))


def _count_reservation(bill: Bill, usage: Usage) -> None:
    """The time from a reservation to its use, by the first tariff; nothing was used yet in it."""
    if usage.reserved is None:
        return
    begin, end = usage.reserved
    tariff = bill.parts[0].tariff
    held = Usage(
        points=(Point(at=begin, energy=Decimal(0)), Point(at=max(begin, end), energy=Decimal(0))),
        zone=usage.zone,
        evse_kind=usage.evse_kind,
    )
    bill.totals.reserved = ZERO
    for segment in segments(held, _cuts(bill.parts[:1])):
        lasted = segment.end - segment.begin
        read = segment.moment._replace(charging_time=ZERO, power=None)
        element = first_that_holds(tariff.component(Dimension.RESERVATION_TIME), read)
        span = instant(begin, segment.begin), instant(begin, segment.end)
        bill.count(0, Dimension.RESERVATION_TIME, element, span, lasted)
        bill.totals.reserved += lasted


def _count_segment(bill: Bill, start: datetime, segment: Segment) -> None:
    span = instant(start, segment.begin), instant(start, segment.end)
    part = bill.part_at(span[0])
    tariff, read, lasted = bill.parts[part].tariff, segment.moment, segment.end - segment.begin
    energy = first_that_holds(tariff.energy, read)
    charging = first_that_holds(tariff.charging_time, read) if segment.charging else None
    idle = None if segment.charging else _idle_element(tariff, read)
    bill.count(part, Dimension.ENERGY, energy, span, segment.energy)
    bill.count(part, Dimension.CHARGING_TIME, charging, span, lasted)
    bill.count(part, Dimension.IDLE_TIME, idle, span, lasted)
    key = (part, *(-1 if one is None else one for one in (energy, charging, idle)))
    if not bill.stretches or bill.stretches[-1].key != key:
        bill.stretches.append(Stretch(key, span[0]))
    for one in (bill.stretches[-1], bill.totals):
        one.energy += segment.energy
        if segment.charging:
            one.charging += lasted
        else:
            one.idle += lasted


def _idle_element(tariff: Tariff, read: Moment) -> int | None:
    return None if read.idle_time < tariff.idle_grace else first_that_holds(tariff.idle_time, read)


def _step(bill: Bill, dimension: Dimension, runs: list[Run]) -> None:
    """Bring what is billed of a dimension to whole steps: more goes to the last line, less is taken from the end."""
    for part in {run.part for run in runs}:
        component = bill.parts[part].tariff.component(dimension)
        step = None if component is None else component.step
        if step is None:
            continue
        mine = [run for run in runs if run.part == part]
        total = sum((run.quantity for run in mine), ZERO)
        change = stepped(total, step) - total
        mine[-1].quantity += max(change, ZERO)
        less = max(-change, ZERO)
        for run in reversed(mine):
            taken = min(less, run.quantity)
            run.quantity, less = run.quantity - taken, less - taken
