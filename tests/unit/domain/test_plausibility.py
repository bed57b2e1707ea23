"""What a meter can tell and what it cannot: each lie is caught with its figures, and the right energy is proposed."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from amperanto.domain.clocks import Clock
from amperanto.domain.findings import Doubt, Finding
from amperanto.domain.meter_values import MeterValue, SampledValue
from amperanto.domain.observations import TransactionEnded, TransactionStarted
from amperanto.domain.plausibility import judge
from amperanto.domain.quantities import WattHours, Watts
from amperanto.domain.stations import DEFAULT_ORGANISATION, EvseRef, StationId
from amperanto.domain.transactions import Transaction

NOON = datetime(2026, 5, 1, 12, tzinfo=UTC)
ELEVEN = Watts(Decimal(11_000))


def value(minute: float, *samples: SampledValue) -> MeterValue:
    return MeterValue(at=NOON + timedelta(minutes=minute), samples=samples)


def register(minute: float, energy: str, unit: str = "Wh") -> MeterValue:
    return value(minute, SampledValue(Decimal(energy), unit=unit))


def power(minute: float, watts: int) -> MeterValue:
    return value(minute, SampledValue(Decimal(watts), "Power.Active.Import", unit="W"))


def charged(start: str | None, stop: str | None, *values: MeterValue, minutes: int = 60) -> Transaction:
    """A 1.6 transaction with these figures at its start and end, and readings between."""
    one = Transaction(
        id="t", organisation=DEFAULT_ORGANISATION, station=StationId("s"), reference="7", number=7, received_at=NOON
    )
    begin: dict[str, Any] = {"at": NOON, "reference": "7", "where": EvseRef(1, 1)}
    end: dict[str, Any] = {"at": NOON + timedelta(minutes=minutes), "reference": "7"}
    one = one.hear(TransactionStarted(meter=None if start is None else WattHours.of(start), **begin))
    for told in values:
        one = one.measured((told,))
    return one.hear(TransactionEnded(meter=None if stop is None else WattHours.of(stop), **end))


def found(one: Transaction, *values: MeterValue, limit: Watts = ELEVEN) -> list[Finding]:
    return list(judge(one, values, limit))


def only(one: Transaction, *values: MeterValue, limit: Watts = ELEVEN) -> Finding:
    (finding,) = found(one, *values, limit=limit)
    return finding


def test_an_ordinary_charge_has_nothing_doubtful():
    values = [register(15, "103000"), register(30, "105500"), power(15, 10_000), power(30, 10_500)]
    assert found(charged("100000", "111000", *values), *values) == []


def test_more_energy_than_the_evse_can_deliver_in_that_time_is_held_with_the_figures():
    finding = only(charged("100000", "140000"))
    assert (finding.kind, finding.holds) == (Doubt.TOO_MUCH, True)
    assert dict(finding.evidence) == {"energy_wh": "40000", "most_wh": "13100", "power_watts": "11000"}


def test_without_the_evses_figure_four_hundred_kilowatts_are_believed():
    assert judge(charged("0", "380000", minutes=60), (), None) == ()
    assert [one.kind for one in judge(charged("1", "500000", minutes=60), (), None)] == [Doubt.TOO_MUCH]


def test_nine_hundred_and_ten_kilowatt_hours_for_eighty_three_watt_hours():
    """A start of 0 and the register of a lifetime at the end; the samples tell what was charged."""
    values = [register(1, "909917"), register(9, "909960")]
    finding = only(charged("0", "910000", *values, minutes=10), *values)
    assert (finding.kind, finding.proposed) == (Doubt.LIFETIME, WattHours.of(83))


def test_a_lifetime_register_without_samples_is_held_without_a_proposal():
    finding = only(charged("0", "910000", minutes=10))
    assert (finding.kind, finding.proposed, finding.holds) == (Doubt.LIFETIME, None, True)


def test_a_stop_below_its_start_is_held():
    finding = only(charged("5000", "4000"))
    assert (finding.kind, finding.proposed) == (Doubt.NEGATIVE, None)


def test_a_stop_below_its_start_with_readings_above_proposes_the_highest():
    values = [register(20, "9000"), register(40, "12000")]
    finding = only(charged("5000", "0", *values), *values)
    assert (finding.kind, finding.proposed) == (Doubt.NEGATIVE, WattHours.of(7000))


def test_a_register_that_starts_anew_on_the_way_proposes_what_it_counted_in_all():
    values = [register(10, "104000"), register(20, "0"), register(40, "2000")]
    finding = next(one for one in found(charged("100000", "103000", *values), *values))
    assert (finding.kind, finding.holds) == (Doubt.BACKWARDS, True)
    assert dict(finding.evidence)["before_wh"] == "104000"


@pytest.mark.parametrize(
    ("start", "stop", "right"),
    [("1000", "1007000", 7000), ("1000000", "1007", 7000)],
    ids=["the start is in kWh", "the stop is in kWh"],
)
def test_a_start_and_a_stop_in_two_units_propose_their_difference_in_one(start: str, stop: str, right: int):
    finding = only(charged(start, stop))
    assert (finding.kind, finding.proposed) == (Doubt.UNIT, WattHours.of(right))


def test_kilowatt_hours_called_watt_hours_are_noticed_by_the_power_measured():
    values = [power(minute, 10_000) for minute in range(5, 60, 5)]
    finding = only(charged("100", "110"), *values)
    assert (finding.kind, finding.proposed) == (Doubt.UNIT, WattHours.of(10_000))


def test_milliwatt_hours_called_watt_hours_are_noticed_by_the_power_measured():
    values = [power(minute, 7000) for minute in range(5, 60, 5)]
    finding = only(charged("5000000", "12000000"), *values)
    assert (finding.kind, finding.proposed) == (Doubt.UNIT, WattHours.of(7000))


def test_a_leap_between_two_readings_is_held_though_the_whole_would_fit():
    values = [register(1, "100100"), register(2, "105000"), register(50, "106000")]
    finding = only(charged("100000", "106100", *values), *values)
    assert (finding.kind, finding.proposed) == (Doubt.JUMP, WattHours.of(1200))


def test_no_energy_though_power_was_measured_for_long_is_held():
    values = [power(5, 7000), power(30, 7200)]
    finding = only(charged("500", "500"), *values)
    assert (finding.kind, finding.holds) == (Doubt.NOTHING, True)


def test_no_energy_and_no_power_is_a_car_that_did_not_charge():
    assert found(charged("500", "500"), power(5, 0), power(30, 10)) == []


def test_a_reading_of_the_transaction_before_is_no_start_of_this_one():
    old, values = register(-30, "90000"), [register(10, "100500")]
    one = charged(None, "103000", old, *values)
    finding = only(one, old, *values)
    assert (finding.kind, finding.proposed) == (Doubt.STALE, WattHours.of(2500))


def test_intervals_that_add_up_to_another_energy_are_held():
    values = [
        value(minute, SampledValue(Decimal(1000), "Energy.Active.Import.Interval")) for minute in (15, 30, 45, 60)
    ]
    finding = only(charged("100000", "108000"), *values)
    assert (finding.kind, finding.proposed) == (Doubt.INTERVALS, WattHours.of(4000))
    assert found(charged("100000", "104050"), *values) == []


def test_readings_that_are_no_numbers_are_a_remark_while_the_energy_is_known():
    values = [value(10, SampledValue(None))]
    finding = only(charged("100", "5100"), *values)
    assert (finding.kind, finding.holds) == (Doubt.ILLEGIBLE, False)
    assert only(charged(None, None), *values).holds


def test_an_end_without_a_start_is_held():
    one = Transaction(id="t", organisation=DEFAULT_ORGANISATION, station=StationId("s"), reference="-1")
    ended = one.hear(TransactionEnded(at=NOON, reference="-1", meter=WattHours.of(5000)))
    finding = only(ended)
    assert (finding.kind, dict(finding.evidence)) == (Doubt.NO_START, {"meter_stop_wh": "5000"})


def test_order_and_repetition_of_readings_change_nothing():
    values = [register(1, "100100"), register(2, "105000"), register(50, "104000"), power(5, 7000)]
    one = charged("100000", "106100", *values)
    assert found(one, *values) == found(one, *reversed(values), *values)


def test_a_clock_that_was_not_set_at_the_start_makes_no_lifetime_plausible():
    one = charged("0", "910000")
    assert one.started_at is not None and one.ended_at is not None
    heard = one.ended_at
    unset = replace(one, started_at=datetime(1970, 1, 1, tzinfo=UTC), received_at=heard - timedelta(hours=1))
    unset = replace(unset, clock=Clock(unset=True, ended_heard=heard))
    assert [finding.kind for finding in found(unset) if finding.holds] == [Doubt.LIFETIME]
