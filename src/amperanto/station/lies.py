"""What a station tells wrongly: of its meter, of which transaction it speaks, and of the time.

The dice are thrown when a transaction begins, so that a report that is sent again says the same again. The truth stays
in the station: only the report is another (`Context.spoil`), and only the clock that is shown (`ClockError`).

- The register goes back, jumps by 100 kWh, or is no figure, for one sample; or is told in kWh as if it were Wh;
- the end tells the lifetime register, or the readings of the transaction before;
- no end is told; it says transaction -1 (1.6); readings carry a wrong number, or none (1.6);
- the clock is off by hours, tells local time as UTC, or is in 1970 until the CSMS has told the time.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from random import Random

from amperanto.domain.meter_values import ENERGY_IMPORT_REGISTER, MeterValue, SampledValue
from amperanto.domain.observations import MeterRead, TransactionEnded, TransactionStarted
from amperanto.domain.quantities import WattHours
from amperanto.station.clock import ClockError
from amperanto.station.context import ABSENT, Report
from amperanto.station.evse import Transaction
from amperanto.station.rates import Rates
from amperanto.station.station import Station

OF_A_SAMPLE = ("register_back", "jump", "no_figure")
OF_THE_END = ("never_stop", "lifetime_stop", "previous_values", "stop_minus_one")
OF_ALL = ("unit_mixed", "wrong_reference", "no_reference")
BACK, JUMP, LIFETIME = Decimal(5_000), Decimal(100_000), Decimal(910_000)
SOMEBODY_ELSE = "1999999999"
LOCAL = timedelta(hours=2)
Change = Callable[[Decimal], Decimal | None]


class Lies:
    """What one station tells wrongly."""

    def __init__(self, rates: Rates, dice: Random, counted: Counter[str]) -> None:
        self._rates = rates
        self._dice = dice
        self._counted = counted
        self._lies: dict[str, set[str]] = {}
        self._last: dict[int, Transaction] = {}
        self._before: dict[str, Transaction] = {}
        self._numbers = False

    def of(self, station: Station) -> None:
        """From now on this station lies."""
        self._numbers = station.context.habits.csms_numbers_transactions
        station.context.on_transaction.append(self._begin)
        station.context.spoil = self._spoil
        offset = timedelta()
        if self._hit("clock_offset"):
            offset += timedelta(hours=self._dice.choice((-12, -3, -1, 1, 3, 12)))
        if self._hit("clock_local"):
            offset += LOCAL
        station.context.time.error = ClockError(offset=offset, unset=self._hit("clock_unset"))

    def _hit(self, name: str) -> bool:
        hit = self._dice.random() < getattr(self._rates, name)
        self._counted[name] += hit
        return hit

    def _begin(self, transaction: Transaction) -> None:
        names = (*OF_A_SAMPLE, *OF_THE_END, *OF_ALL)
        self._lies[transaction.id] = {name for name in names if self._dice.random() < getattr(self._rates, name)}
        if transaction.evse in self._last:
            self._before[transaction.id] = self._last[transaction.evse]
        self._last[transaction.evse] = transaction

    def _spoil(self, transaction: Transaction, report: Report) -> Report | None:
        """What is told instead; None for nothing."""
        lies = self._lies.get(transaction.id)
        if not lies or isinstance(report, TransactionStarted):
            return report
        if "unit_mixed" in lies:
            report = self._count("unit_mixed", _registers(report, lambda figure: figure / 1000))
        if isinstance(report, TransactionEnded):
            return self._spoil_end(transaction, report, lies)
        if report.values:
            report = self._spoil_sample(report, lies)
        return self._spoil_reference(report, lies) if isinstance(report, MeterRead) else report

    def _spoil_sample(self, report: Report, lies: set[str]) -> Report:
        for name in OF_A_SAMPLE:
            if name in lies:
                lies.discard(name)  # one sample of the transaction
                if name == "no_figure" and not self._numbers:
                    return self._count(name, _without_registers(report))  # 2.x has no words for no figure
                return self._count(name, _registers(report, OF_ONE[name]))
        return report

    def _spoil_reference(self, report: MeterRead, lies: set[str]) -> Report:
        if "wrong_reference" in lies:
            return self._count("wrong_reference", replace(report, reference=SOMEBODY_ELSE))
        if "no_reference" in lies:
            return self._count("no_reference", replace(report, reference=ABSENT))
        return report

    def _spoil_end(self, transaction: Transaction, report: TransactionEnded, lies: set[str]) -> Report | None:
        if "never_stop" in lies:
            self._counted["never_stop"] += 1
            return None
        before = self._before.get(transaction.id)
        if "lifetime_stop" in lies:
            return self._count("lifetime_stop", _registers(report, lambda figure: figure + LIFETIME, end_only=True))
        if "previous_values" in lies and before is not None and before.meter_stop is not None:
            stale = before.meter_start.value
            return self._count("previous_values", _registers(report, lambda _: stale, end_only=True))
        if "stop_minus_one" in lies and self._numbers:
            return self._count("stop_minus_one", replace(report, reference="-1"))
        return report

    def _count(self, name: str, report: Report) -> Report:
        self._counted[name] += 1
        return report


OF_ONE: dict[str, Change] = {
    "register_back": lambda figure: max(Decimal(0), figure - BACK),
    "jump": lambda figure: figure + JUMP,
    "no_figure": lambda _: None,
}


def _registers(report: Report, change: Change, *, end_only: bool = False) -> Report:
    """The report with other registers; `end_only`: the meter and the last reading."""
    values = (
        [*report.values[:-1], *(_changed(one, change) for one in report.values[-1:])]
        if end_only
        else [_changed(one, change) for one in report.values]
    )
    report = replace(report, values=tuple(one for one in values if one.samples))
    if isinstance(report, TransactionEnded) and report.meter is not None:
        meter = change(report.meter.value)
        return replace(report, meter=report.meter if meter is None else WattHours(meter))
    return report


def _without_registers(report: Report) -> Report:
    values = [
        replace(one, samples=tuple(sample for sample in one.samples if sample.measurand != ENERGY_IMPORT_REGISTER))
        for one in report.values
    ]
    return replace(report, values=tuple(one for one in values if one.samples))


def _changed(value: MeterValue, change: Change) -> MeterValue:
    return replace(value, samples=tuple(_sample(one, change) for one in value.samples))


def _sample(sample: SampledValue, change: Change) -> SampledValue:
    if sample.measurand != ENERGY_IMPORT_REGISTER or sample.value is None:
        return sample
    return sample._replace(value=change(sample.value))
