"""Which figure of a reading is billed."""

from datetime import UTC, datetime
from decimal import Decimal

from amperanto.domain.meter_values import MeterValue, SampledValue, readings
from amperanto.domain.quantities import WattHours

AT = datetime(2026, 5, 1, tzinfo=UTC)


def reading(*samples: SampledValue, minute: int = 0) -> MeterValue:
    return MeterValue(at=AT.replace(minute=minute), samples=samples)


def test_the_import_register_is_found_among_other_figures():
    value = reading(
        SampledValue(value=Decimal(16), measurand="Current.Import", unit="A", phase="L1"),
        SampledValue(value=Decimal("12.345"), unit="kWh"),
        SampledValue(value=Decimal(99), measurand="Energy.Active.Export.Register"),
    )
    assert value.register() == WattHours.of("12345")


def test_a_register_at_another_place_is_not_the_one_billed():
    assert reading(SampledValue(value=Decimal(5), location="Inlet")).register() is None


def test_three_phase_registers_add_up_and_two_do_not():
    phases = [SampledValue(value=Decimal(n), phase=f"L{n}-N") for n in (1, 2, 3)]
    assert reading(*phases).register() == WattHours.of(6)
    assert reading(*phases[:2]).register() is None


def test_what_is_no_figure_is_no_reading():
    assert reading(SampledValue(value=None), SampledValue(value=Decimal(1), unit="varh")).register() is None


def test_readings_come_oldest_first():
    late, early = reading(SampledValue(value=Decimal(2)), minute=2), reading(SampledValue(value=Decimal(1)), minute=1)
    assert [energy for _, energy in readings([late, early])] == [WattHours.of(1), WattHours.of(2)]
