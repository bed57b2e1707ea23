"""Plausibility: whether what the meter told can be true, judged from all readings of an ended transaction.

`judge` is a pure function of the transaction, its readings (as a set: their order and repetition change nothing) and
the most power the EVSE can deliver. What physics forbids is held for a person: energy beyond power x time (10 % and
1 kWh of margin), a register that falls, one that leaps, a lifetime register billed as a charge (910 kWh for 0.083),
Wh taken for kWh or mWh, no energy in spite of measured power, figures of the transaction before. Each finding has its
figures as evidence, and the energy that would be right, where one follows from them.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from itertools import pairwise
from typing import NamedTuple

from amperanto.domain.clocks import JUMP, faults
from amperanto.domain.findings import Doubt, Finding
from amperanto.domain.meter_values import ENERGY_IMPORT_REGISTER, OUTLET, MeterValue
from amperanto.domain.quantities import WattHours, Watts, scaled
from amperanto.domain.signed_values import WRONG_SIGNATURE
from amperanto.domain.transactions import Transaction

DEFAULT_POWER = Watts(Decimal(400_000))
"""What no connector in the field exceeds by much, where the station does not say what its can."""
MARGIN, SLACK = Decimal("1.1"), Decimal(1000)
A_WHILE = timedelta(minutes=10)
AT_ONCE = timedelta(minutes=1)
AT_POWER = Decimal(500)
ZERO, THOUSAND = Decimal(0), Decimal(1000)
INTERVAL, POWER = "Energy.Active.Import.Interval", "Power.Active.Import"
LONGEST = timedelta(days=366)
"""What lasts longer is no charge but a clock that went wrong."""
AGREE = Decimal("0.05")
EXPLAINING = frozenset({Doubt.LIFETIME, Doubt.UNIT, Doubt.STALE})
EXPLAINED = frozenset({Doubt.TOO_MUCH, Doubt.JUMP, Doubt.NEGATIVE, Doubt.BACKWARDS})
UNORDERED = frozenset({Doubt.CLOCK_UNSET, Doubt.CLOCK_JUMPED})


class Point(NamedTuple):
    """The register at an instant, Wh."""

    at: datetime
    energy: Decimal


@dataclass(frozen=True, slots=True)
class _Case:
    """What is judged: the transaction's figures, and what its meter told between."""

    transaction: Transaction
    points: tuple[Point, ...]
    stale: tuple[Point, ...]
    power: Watts
    powered: tuple[datetime, datetime] | None
    peak: Decimal
    illegible: int
    intervals: Decimal | None

    @property
    def energy(self) -> Decimal | None:
        told = self.transaction.energy
        return None if told is None else told.value

    def most(self, since: datetime | None, until: datetime | None) -> Decimal | None:
        """What may have flowed at most in that time, Wh; None where the time is not known or makes no sense."""
        if since is None or until is None or until < since:
            return None
        hours = Decimal(int((until - since).total_seconds())) / 3600
        return self.power.value * hours * MARGIN + SLACK

    @property
    def bound(self) -> Decimal | None:
        one = self.transaction
        began, ended, rule = one.billed  # by the clock that is believed: since 1970 anything may flow
        if rule == JUMP and began is not None and ended is not None and ended - began < AT_ONCE:
            began, ended = one.started_at, one.over_at  # all of it came at once, as from a queue: ours tells nothing
        return self.most(began, ended)

    def fits_until(self, energy: Decimal) -> bool:
        """Whether so much may have flowed until what closed it provisionally."""
        closing = self.transaction.loose.closing
        most = None if closing is None else self.most(self.transaction.started_at, closing.since)
        return most is None or energy <= most

    def fits(self, energy: Decimal) -> bool:
        """Whether so much may have flowed."""
        bound = self.bound
        return energy >= 0 and (bound is None or energy <= bound)


def judge(transaction: Transaction, values: Iterable[MeterValue], power: Watts | None = None) -> tuple[Finding, ...]:
    """What is doubtful about an ended transaction, in a fixed order; empty where nothing is."""
    case = _case(transaction, values, power or DEFAULT_POWER)
    found = [finding for look in LOOKS if (finding := look(case)) is not None]
    kinds = {finding.kind for finding in found}
    if kinds & EXPLAINING:  # what explains the rest stands for it
        found = [one for one in found if one.kind not in EXPLAINED]
    return (*found, *faults(transaction.started_at, transaction.ended_at, transaction.clock))


def _case(transaction: Transaction, values: Iterable[MeterValue], power: Watts) -> _Case:
    told = dict.fromkeys(values)
    ordered = sorted(told, key=lambda value: (value.at, str(value.samples)))
    points = [Point(value.at, energy.value) for value in ordered if (energy := value.register()) is not None]
    start = transaction.started_at
    stale = [] if start is None else [point for point in points if start - point.at > timedelta(minutes=1)]
    points = sorted(set(points) - set(stale))
    if any(one.kind in UNORDERED for one in faults(start, transaction.ended_at, transaction.clock)):
        points, stale = [], []  # no order of readings can be had from a clock that was set on the way
    powers = [(value.at, watts) for value in ordered if (watts := _power(value)) is not None]
    strong = [at for at, watts in powers if watts >= AT_POWER]
    return _Case(
        transaction=transaction,
        points=tuple(_with_own(transaction, points, stale)),
        stale=tuple(stale),
        power=power,
        powered=(strong[0], strong[-1]) if strong else None,
        peak=max((watts for _, watts in powers), default=ZERO),
        illegible=sum(_illegible_register(value) for value in ordered),
        intervals=_sum_of_intervals(ordered),
    )


def _with_own(transaction: Transaction, points: list[Point], stale: list[Point]) -> list[Point]:
    """The samples between the transaction's own first and last figure."""
    first, last = transaction.first_reading, transaction.last_reading
    whole = list(points)
    if first is not None and Point(first.at, first.energy.value) not in (*whole, *stale):
        whole.insert(0, Point(first.at, first.energy.value))
    if last is not None and last != first and Point(last.at, last.energy.value) not in whole:
        whole.append(Point(last.at, last.energy.value))
    return whole


def _power(value: MeterValue) -> Decimal | None:
    """The power drawn, W: the unphased figure or the sum of the phases."""
    phases: dict[str, Decimal] = {}
    for sample in value.samples:
        if sample.value is None or sample.measurand != POWER:
            continue
        watts = scaled(sample.value, sample.unit or "W", "W", sample.multiplier)
        if watts is None:
            continue
        if sample.phase is None:
            return watts
        phases[sample.phase] = watts
    return sum(phases.values(), ZERO) if phases else None


def _illegible_register(value: MeterValue) -> bool:
    return any(
        sample.value is None and sample.signed is None and sample.measurand == ENERGY_IMPORT_REGISTER
        for sample in value.samples
    )


def _sum_of_intervals(values: Sequence[MeterValue]) -> Decimal | None:
    """What the intervals add up to, Wh; None where none was told. One figure an instant."""
    found: dict[datetime, Decimal] = {}
    for value in values:
        for sample in value.samples:
            if sample.measurand != INTERVAL or sample.value is None or sample.phase or sample.location != OUTLET:
                continue
            energy = scaled(sample.value, sample.unit or "Wh", "Wh", sample.multiplier)
            if energy is not None:
                found[value.at] = max(energy, found.get(value.at, energy))
    return sum(found.values(), ZERO) if found else None


# --- one look each


def _long(case: _Case) -> Finding | None:
    began, ended, _ = case.transaction.billed
    if began is None or ended is None or ended - began <= LONGEST:
        return None
    words = "it lasted longer than a year by the station's clock, which must have gone wrong"
    return Finding(Doubt.TOO_LONG, words, _figures(started_at=str(began), ended_at=str(ended)))


def _start(case: _Case) -> Finding | None:
    one = case.transaction
    if one.started_at is not None or (one.heard and not one.lost):
        return None
    return Finding(
        Doubt.NO_START,
        "its start was never told, so nobody knows what the meter showed then",
        _figures(meter_stop=one.meter_stop),
        one.energy,
    )


def _end(case: _Case) -> Finding | None:
    """An end nobody told: what flowed after the last reading is unknown, unless the next start shows it was nothing."""
    one = case.transaction
    closing, first, last = one.loose.closing, one.first_reading, one.last_reading
    if one.ended_at is not None or closing is None:
        return None
    shown = closing.register
    if last is not None and shown == last.energy:
        return None
    rest = None if shown is None or first is None else WattHours(shown.value - first.energy.value)
    proposed = (
        rest if rest is not None and rest.value >= (case.energy or ZERO) and case.fits_until(rest.value) else None
    )
    read_at = None if last is None else str(last.at)
    words = "its end was never told, so nobody knows what flowed after its last reading"
    return Finding(
        Doubt.NO_END, words, _figures(last_reading=one.meter_stop, read_at=read_at, next_start=shown), proposed
    )


def _stale(case: _Case) -> Finding | None:
    first, last = case.transaction.first_reading, case.transaction.last_reading
    if not case.stale or first is None or last is None:
        return None
    if Point(first.at, first.energy.value) not in case.stale:
        return None
    proposed = WattHours(last.energy.value - case.points[0].energy) if case.points else None
    words = "its first reading is older than its start: it belongs to the transaction before"
    return Finding(Doubt.STALE, words, _figures(reading=first.energy, read_at=str(first.at)), proposed)


def _lifetime(case: _Case) -> Finding | None:
    """The register leaps from (almost) nothing at the start to a lifetime's figure."""
    start, stop, energy = case.transaction.meter_start, case.transaction.meter_stop, case.energy
    if (
        start is None
        or stop is None
        or energy is None
        or case.fits(energy)
        or energy < 0
        or start.value * 20 > stop.value
    ):
        return None
    samples = [point for point in case.points[1:] if point.energy * 20 > stop.value]
    proposed = None
    if len(samples) > 1 and case.fits(stop.value - samples[0].energy):
        proposed = WattHours(stop.value - samples[0].energy)
    elif start.value:
        return None
    words = "the start tells no lifetime register and the end does: their difference is no charge"
    return Finding(Doubt.LIFETIME, words, _bounds(case, meter_start=start, meter_stop=stop), proposed)


def _unit(case: _Case) -> Finding | None:
    """One of start and stop is in kWh (or mWh) and called Wh; or all of them are."""
    start, stop, energy = case.transaction.meter_start, case.transaction.meter_stop, case.energy
    if start is None or stop is None or energy is None or case.bound is None:
        return None
    words = "start and stop differ by a factor of a thousand: one is told in another unit"
    doubtful = not case.fits(energy)
    for factor, other in (
        (THOUSAND, stop.value - start.value * THOUSAND),
        (1 / THOUSAND, stop.value * THOUSAND - start.value),
    ):
        if doubtful and start.value > 0 and stop.value > 0 and case.fits(other):
            return Finding(
                Doubt.UNIT,
                words,
                _bounds(case, meter_start=start, meter_stop=stop, factor=str(factor)),
                WattHours(other),
            )
    if (
        doubtful
        and energy > 0
        and case.peak >= AT_POWER
        and case.fits(energy / THOUSAND)
        and _met(case, energy / THOUSAND)
    ):
        words = "the energy fits the power measured when it is a thousandth: mWh are called Wh"
        return Finding(Doubt.UNIT, words, _bounds(case, peak_watts=str(case.peak)), WattHours(energy / THOUSAND))
    long = case.powered is not None and case.powered[1] - case.powered[0] >= A_WHILE
    if long and 0 < energy <= case.peak / 60 and case.fits(energy * THOUSAND):
        words = "the energy is what flows in a minute at the power measured: kWh are called Wh"
        return Finding(Doubt.UNIT, words, _bounds(case, peak_watts=str(case.peak)), WattHours(energy * THOUSAND))
    return None


def _met(case: _Case, energy: Decimal) -> bool:
    """Whether the peak power over the whole time would be enough for that energy."""
    one = case.transaction
    if one.started_at is None or one.over_at is None:
        return False
    return energy <= case.peak * Decimal(int((one.over_at - one.started_at).total_seconds())) / 3600 * MARGIN + SLACK


def _amount(case: _Case) -> Finding | None:
    energy, bound = case.energy, case.bound
    if energy is None:
        return None
    start, stop = case.transaction.meter_start, case.transaction.meter_stop
    if energy < 0:
        top = max(point.energy for point in case.points) if case.points else energy
        rest = top - (ZERO if start is None else start.value)
        words = "the meter showed less at the end than at the start"
        proposed = WattHours(rest) if rest > 0 and case.fits(rest) else None
        return Finding(Doubt.NEGATIVE, words, _figures(meter_start=start, meter_stop=stop), proposed)
    if bound is None or energy <= bound:
        return None
    words = "more energy than the EVSE can deliver in that time"
    return Finding(Doubt.TOO_MUCH, words, _bounds(case, energy=WattHours(energy)))


def _backwards(case: _Case) -> Finding | None:
    """A register that fell on the way, while the whole is not negative."""
    if case.energy is None or case.energy < 0:
        return None
    fallen = [(before, after) for before, after in pairwise(case.points) if after.energy < before.energy]
    if not fallen:
        return None
    grown = sum((max(after.energy - before.energy, ZERO) for before, after in pairwise(case.points)), ZERO)
    words = "the register went backwards on the way"
    return Finding(Doubt.BACKWARDS, words, _pair(*fallen[0]), WattHours(grown) if case.fits(grown) else None)


def _jump(case: _Case) -> Finding | None:
    """A step between two readings that no power explains; of two readings alone, the whole is judged."""
    if len(case.points) < 3:
        return None
    for before, after in pairwise(case.points):
        most, step = case.most(before.at, after.at), after.energy - before.energy
        if most is not None and step > most:
            rest = (case.energy or ZERO) - step
            proposed = WattHours(rest) if case.energy is not None and case.fits(rest) else None
            words = "the register leapt further between two readings than power can bring it"
            return Finding(Doubt.JUMP, words, (*_pair(before, after), ("most_wh", f"{most:f}")), proposed)
    return None


def _nothing(case: _Case) -> Finding | None:
    energy, powered = case.energy, case.powered
    if energy is None or energy != 0 or powered is None or powered[1] - powered[0] < A_WHILE:
        return None
    words = "no energy was counted, though power was measured"
    evidence = _figures(peak_watts=str(case.peak), since=str(powered[0]), until=str(powered[1]))
    return Finding(Doubt.NOTHING, words, evidence)


def _illegible(case: _Case) -> Finding | None:
    if not case.illegible:
        return None
    words = "some readings of the register are no number"
    return Finding(Doubt.ILLEGIBLE, words, _figures(readings=str(case.illegible)), holds=case.energy is None)


def _intervals(case: _Case) -> Finding | None:
    added, energy = case.intervals, case.energy
    if added is None or energy is None or abs(added - energy) <= max(AGREE * max(added, energy), Decimal(100)):
        return None
    words = "the intervals add up to another energy than the register tells"
    evidence = _figures(energy=WattHours(energy), intervals=WattHours(added))
    return Finding(Doubt.INTERVALS, words, evidence, WattHours(added) if case.fits(added) else None)


def _signature(case: _Case) -> Finding | None:
    if WRONG_SIGNATURE not in case.transaction.flags:
        return None
    return Finding(Doubt.SIGNATURE, f"{WRONG_SIGNATURE}: its signed values tell which, and why")


LOOKS = (
    _long, _start, _end, _stale, _lifetime, _unit, _amount, _backwards, _jump, _nothing, _illegible, _intervals,
    _signature,
)  # fmt: skip


def _figures(**figures: WattHours | str | None) -> tuple[tuple[str, str], ...]:
    return tuple(
        (f"{name}_wh", f"{figure.value:f}") if isinstance(figure, WattHours) else (name, figure)
        for name, figure in figures.items()
        if figure is not None
    )


def _bounds(case: _Case, **figures: WattHours | str | None) -> tuple[tuple[str, str], ...]:
    """The figures, with what might have flowed at most."""
    bound = case.bound
    limits = () if bound is None else (("most_wh", f"{bound:.0f}"), ("power_watts", f"{case.power.value:.0f}"))
    return (*_figures(**figures), *limits)


def _pair(before: Point, after: Point) -> tuple[tuple[str, str], ...]:
    return (
        ("before_wh", f"{before.energy:f}"), ("before_at", str(before.at)),
        ("after_wh", f"{after.energy:f}"), ("after_at", str(after.at)),
    )  # fmt: skip
