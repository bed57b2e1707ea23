"""What was used, and the pieces of it in which nothing that a tariff reads changes.

A `Usage` is a list of points: at each the import register, and what holds from there to the next: whether energy flows,
at which power and current. Between two points energy grows in a straight line (declared: whoever bills says so), so a
price that changes at 18:00 splits what was counted between 17:55 and 18:05 in halves. Power nobody told is the average
between its two points.

`segments` cuts the usage wherever a condition could turn: a threshold of energy or time is passed, the local clock
reaches a time that a price names, or jumps for daylight saving. Times are exact fractions of a second since the start,
quantities exact fractions of a Wh; nothing is rounded here.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, time, timedelta, tzinfo
from decimal import Decimal
from fractions import Fraction
from itertools import pairwise
from typing import NamedTuple

from amperanto.domain.tariffs import Conditions, EvseKind

MICROSECOND = timedelta(microseconds=1)
ZERO = Fraction(0)
_MIDNIGHT = time(0)
_STRIDE = timedelta(hours=6)  # no zone changes its clock twice in so little time


@dataclass(frozen=True, slots=True, kw_only=True)
class Point:
    """An instant of a transaction: the register in Wh, and what holds from here to the next point (W, A)."""

    at: datetime
    energy: Decimal | Fraction
    charging: bool = True
    power: Decimal | None = None
    current: Decimal | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Usage:
    """A use of an EVSE: points in the order of time, where and how it was, and since when it had been reserved.

    `reserved` is the begin and the end of the reservation that was used, None where there was none.
    """

    points: tuple[Point, ...]
    zone: tzinfo = UTC
    evse_kind: EvseKind | None = None
    payment_brand: str | None = None
    payment_recognition: str | None = None
    reserved: tuple[datetime, datetime] | None = None

    @property
    def start(self) -> datetime:
        """When it began."""
        return self.points[0].at

    @property
    def end(self) -> datetime:
        """When it ended, or how far it is known."""
        return self.points[-1].at


class Moment(NamedTuple):
    """What conditions can read at one moment: local time, and what was used before (Wh, s)."""

    local: datetime
    energy: Fraction
    time: Fraction
    charging_time: Fraction
    idle_time: Fraction
    power: Fraction | None
    current: Fraction | None
    evse_kind: EvseKind | None
    payment_brand: str | None = None
    payment_recognition: str | None = None


class Segment(NamedTuple):
    """A piece of a usage in which no condition turns. `begin` and `end` in s since the start, energy in Wh."""

    begin: Fraction
    end: Fraction
    energy: Fraction
    charging: bool
    moment: Moment


@dataclass(slots=True)
class Cuts:
    """Where conditions could turn: thresholds of what is used, times of the local day, and given instants."""

    energy: set[Fraction] = field(default_factory=set[Fraction])
    lasted: set[Fraction] = field(default_factory=set[Fraction])
    charging_time: set[Fraction] = field(default_factory=set[Fraction])
    idle_time: set[Fraction] = field(default_factory=set[Fraction])
    clock: set[time] = field(default_factory=set[time])
    instants: set[datetime] = field(default_factory=set[datetime])
    reads_flow: bool = False

    def of(self, conditions: Conditions) -> None:
        """Take in what these conditions name."""
        for name in ("energy", "time", "charging_time", "idle_time"):
            bounds: set[Fraction] = getattr(self, "lasted" if name == "time" else name)
            stated = (getattr(conditions, f"min_{name}"), getattr(conditions, f"max_{name}"))
            bounds |= {Fraction(bound) for bound in stated if bound is not None}
        flows = (conditions.min_power, conditions.max_power, conditions.min_current, conditions.max_current)
        self.reads_flow = self.reads_flow or any(bound is not None for bound in flows)
        if conditions.reads_clock:
            self.clock |= {_MIDNIGHT, conditions.start_time or _MIDNIGHT, conditions.end_time or _MIDNIGHT}

    @property
    def none(self) -> bool:
        """Whether nothing between the first and the last point can matter."""
        return not (
            self.energy or self.lasted or self.charging_time or self.idle_time or self.clock or self.instants
            or self.reads_flow
        )  # fmt: skip


def moment(usage: Usage) -> Moment:
    """The moment it began."""
    return Moment(
        usage.start.astimezone(usage.zone), ZERO, ZERO, ZERO, ZERO, None, None, usage.evse_kind, usage.payment_brand,
        usage.payment_recognition,
    )  # fmt: skip


def segments(usage: Usage, cuts: Cuts) -> Iterator[Segment]:
    """The pieces of a usage, in order; pieces without time and energy are left out."""
    start = usage.start
    points = _fewest(usage.points) if cuts.none else usage.points
    instants = sorted({_seconds(start, one) for one in (*cuts.instants, *_clock_cuts(usage, cuts.clock))})
    energy, charged, idle = ZERO, ZERO, ZERO
    power: Fraction | None = None
    reached = Fraction(points[0].energy)
    for here, there in pairwise(points):
        begin, end = _seconds(start, here.at), _seconds(start, there.at)
        grown = max(Fraction(there.energy) - reached, ZERO)  # a register does not give back
        reached += grown
        power, current = _power(here, grown, end - begin, power), _exact(here.current)
        before = Moment(start, energy, begin, charged, idle, power, current, usage.evse_kind)
        for left, right in pairwise(_shares(before, (grown, end, here.charging), cuts, instants)):
            at = begin + left * (end - begin)
            lasted = (right - left) * (end - begin)
            told = before._replace(
                local=instant(start, at).astimezone(usage.zone),
                energy=energy + left * grown,
                time=at,
                charging_time=charged + (left * (end - begin) if here.charging else ZERO),
                idle_time=idle + (ZERO if here.charging else left * (end - begin)),
            )
            if lasted or grown:
                yield Segment(at, at + lasted, (right - left) * grown, here.charging, told)
        energy += grown
        charged += end - begin if here.charging else ZERO
        idle += ZERO if here.charging else end - begin


def instant(start: datetime, seconds: Fraction) -> datetime:
    """The instant so many seconds after the start, down to the microsecond."""
    return start + (seconds.numerator * 1_000_000 // seconds.denominator) * MICROSECOND


def _seconds(start: datetime, at: datetime) -> Fraction:
    return Fraction((at - start) // MICROSECOND, 1_000_000)


def _exact(figure: Decimal | None) -> Fraction | None:
    return None if figure is None else Fraction(figure)


def _power(here: Point, grown: Fraction, lasted: Fraction, before: Fraction | None) -> Fraction | None:
    """The power from this point to the next, W; where no time passes it stays what it was."""
    if here.power is not None:
        return Fraction(here.power)
    return grown * 3600 / lasted if lasted else before


def _fewest(points: tuple[Point, ...]) -> tuple[Point, ...]:
    """The points at which energy begins or ceases to flow, the first and the last."""
    kept = [points[0]]
    kept += [here for before, here in pairwise(points[:-1]) if here.charging != before.charging]
    return (*kept, points[-1]) if len(points) > 1 else tuple(kept)


def _shares(
    before: Moment, way: tuple[Fraction, Fraction, bool], cuts: Cuts, instants: Sequence[Fraction]
) -> list[Fraction]:
    """Where to cut the way from one point to the next (its energy, its end, whether it charges), as shares of it."""
    grown, end, charging = way
    found: set[Fraction] = {ZERO, Fraction(1)}
    if grown:
        found |= _between(before.energy, grown, cuts.energy)
    lasted = end - before.time
    if lasted:
        found |= _between(before.time, lasted, cuts.lasted)
        if charging:
            found |= _between(before.charging_time, lasted, cuts.charging_time)
        else:
            found |= _between(before.idle_time, lasted, cuts.idle_time)
        index = bisect_right(instants, before.time)
        while index < len(instants) and instants[index] < end:
            found.add((instants[index] - before.time) / lasted)
            index += 1
    return sorted(found)


def _between(from_: Fraction, grown: Fraction, thresholds: Iterable[Fraction]) -> set[Fraction]:
    return {share for bound in thresholds if 0 < (share := (bound - from_) / grown) < 1}


def _clock_cuts(usage: Usage, times: set[time]) -> set[datetime]:
    """Every instant of the usage at which the local clock reaches one of these times, or jumps."""
    if not times:
        return set()
    begin, end, zone = usage.start, usage.end, usage.zone
    found = set(_jumps(begin, end, zone))
    day, last = begin.astimezone(zone).date() - timedelta(days=1), end.astimezone(zone).date() + timedelta(days=1)
    while day <= last:
        for at in times:
            local = datetime.combine(day, at, zone)  # an hour that comes twice is met twice: fold 0 and 1
            found |= {local.astimezone(UTC), local.replace(fold=1).astimezone(UTC)}
        day += timedelta(days=1)
    return {one for one in found if begin < one < end}


def _jumps(begin: datetime, end: datetime, zone: tzinfo) -> Iterator[datetime]:
    """The instants at which the zone changes its offset."""
    left = begin
    while zone is not UTC and left < end:
        right = min(left + _STRIDE, end)
        if _offset(left, zone) != _offset(right, zone):
            yield _jump(left, right, zone)
        left = right


def _jump(left: datetime, right: datetime, zone: tzinfo) -> datetime:
    while right - left > MICROSECOND:
        middle = left + (right - left) // 2
        if _offset(middle, zone) == _offset(left, zone):
            left = middle
        else:
            right = middle
    return right


def _offset(at: datetime, zone: tzinfo) -> timedelta | None:
    return at.astimezone(zone).utcoffset()
