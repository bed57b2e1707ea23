"""What a transaction used, from what its station told: the usage that is billed.

Energy is what `Transaction.billed_energy` says: the import register between the first reading and the last, or what a
person decided in its place; the times are those of `Transaction.billed`. The readings between say when. Energy
flows while the station says so (charging states of 2.x, connector states of 1.6); where it says nothing, it flows
between two readings that differ. Between two readings energy is spread evenly over the time it flowed. Power is the
average between readings: what the register proves, not what a sample showed. The outcome depends on the set of what was
told, never on the order in which it came (R10).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import datetime, timedelta, tzinfo
from decimal import Decimal
from fractions import Fraction
from itertools import pairwise
from typing import NamedTuple

from amperanto.domain.clocks import is_unset
from amperanto.domain.meter_values import OUTLET, MeterValue, readings
from amperanto.domain.quantities import scaled
from amperanto.domain.tariffs import EvseKind
from amperanto.domain.transactions import Transaction
from amperanto.domain.usages import Point, Usage

Moving = Callable[[datetime], datetime]
NOT_AT_ALL = timedelta(0)
CURRENT_IMPORT = "Current.Import"
ZERO = Fraction(0)


class Phase(NamedTuple):
    """From this instant on energy flowed, or did not."""

    at: datetime
    charging: bool


class Surroundings(NamedTuple):
    """Where a transaction took place, and what came before it."""

    zone: tzinfo
    evse_kind: EvseKind | None = None
    reserved: tuple[datetime, datetime] | None = None
    payment_brand: str | None = None
    payment_recognition: str | None = None


def usage_of(
    transaction: Transaction, values: Iterable[MeterValue], phases: Iterable[Phase], around: Surroundings
) -> Usage | None:
    """The usage of a transaction so far; None where not even a time is known."""
    values = list(values)
    moved = _moving(transaction)
    registers = _registers(transaction, values, moved)
    if not registers:
        return None
    currents = {moved(value.at): current for value in values if (current := _current(value)) is not None}
    changes = sorted({phase._replace(at=moved(phase.at)) for phase in phases})
    points = [point for pair in pairwise(registers) for point in _between(*pair, changes, currents)]
    last_at, last = registers[-1]
    points.append(Point(at=last_at, energy=last, charging=False))
    return Usage(
        points=tuple(points),
        zone=around.zone,
        evse_kind=around.evse_kind,
        payment_brand=around.payment_brand,
        payment_recognition=around.payment_recognition,
        reserved=around.reserved,
    )


def _moving(transaction: Transaction) -> Moving:
    """How an instant of the station's clock becomes one that is billed (`clocks.py`: the declared rule)."""
    started, over, billed = transaction.started_at, transaction.over_at, transaction.billed
    first = NOT_AT_ALL if started is None or billed.started_at is None else billed.started_at - started
    last = NOT_AT_ALL if over is None or billed.ended_at is None else billed.ended_at - over
    if not transaction.clock.unset:
        return lambda at: at + first
    unset = first if started is not None and is_unset(started) else last
    return lambda at: at + unset if is_unset(at) else at


def _registers(
    transaction: Transaction, values: Sequence[MeterValue], moved: Moving
) -> list[tuple[datetime, Fraction]]:
    """The register in Wh at each instant it is known, from the start to the end, never falling."""
    first, last = transaction.first_reading, transaction.last_reading
    told = [(moved(at), Fraction(energy.value)) for at, energy in readings(values)]
    told += [(moved(one.at), Fraction(one.energy.value)) for one in (first, last) if one is not None]
    times = [at for at, _ in told]
    billed, used = transaction.billed, transaction.billed_energy
    begin = billed.started_at or min(times, default=None) or billed.ended_at
    if begin is None:
        return []
    end = billed.ended_at or max(times, default=begin)
    low = ZERO if first is None else Fraction(first.energy.value)
    high = low if used is None else low + max(ZERO, Fraction(used.value))
    found, reached = [(begin, low)], low
    for at, register in sorted(told):
        if begin < at < max(begin, end):
            reached = max(reached, min(register, high))
            found.append((at, reached))
    return [*found, (max(begin, end), high)]


def _between(
    here: tuple[datetime, Fraction],
    there: tuple[datetime, Fraction],
    changes: Sequence[Phase],
    currents: dict[datetime, Decimal],
) -> Iterator[Point]:
    """The points from one reading to the next: one, and another wherever energy began or ceased to flow."""
    (begin, low), (end, high) = here, there
    edges = [begin, *sorted({change.at for change in changes if begin < change.at < end}), end]
    pieces = [(left, right, _flows(changes, left, grown=high > low)) for left, right in pairwise(edges)]
    flowed = sum(((right - left).total_seconds() for left, right, flows in pieces if flows), 0.0) > 0
    weights = [_seconds(left, right) if flows or not flowed else ZERO for left, right, flows in pieces]
    total, energy = sum(weights, ZERO), low
    for (left, _, flows), weight in zip(pieces, weights, strict=True):
        yield Point(at=left, energy=energy, charging=flows, current=currents.get(begin))
        energy += (high - low) * weight / total if total else ZERO


def _flows(changes: Sequence[Phase], at: datetime, *, grown: bool) -> bool:
    """Whether energy flows from there on: as the station said last, else as the register shows."""
    said = [change.charging for change in changes if change.at <= at]
    return said[-1] if said else grown


def _seconds(left: datetime, right: datetime) -> Fraction:
    lasted = right - left
    return Fraction(lasted.days * 86_400_000_000 + lasted.seconds * 1_000_000 + lasted.microseconds, 1_000_000)


def _current(value: MeterValue) -> Decimal | None:
    """The current summed over the phases, A; None where none was told."""
    phases: dict[str, Decimal] = {}
    for sample in value.samples:
        if sample.value is None or sample.measurand != CURRENT_IMPORT or sample.location != OUTLET:
            continue
        amperes = scaled(sample.value, "A" if sample.unit == "Wh" else sample.unit, "A", sample.multiplier)
        if amperes is not None:
            phases[sample.phase or ""] = amperes
    if "" in phases:
        return phases[""]
    found = [amperes for phase, amperes in phases.items() if phase in ("L1", "L2", "L3")]
    return sum(found, Decimal(0)) if found else None
