"""Quantities are exact and do not mix."""

from decimal import Decimal

import pytest

from amperanto.domain.errors import ImpossibleQuantity
from amperanto.domain.quantities import WattHours, exact, scaled


def test_a_figure_keeps_the_digits_the_station_wrote():
    assert str(WattHours.of("1234.50").value) == "1234.50"
    assert WattHours.of(0.1) + WattHours.of(0.2) == WattHours.of("0.3")


@pytest.mark.parametrize("nonsense", ["", "NaN", "inf", "-Infinity", "12,5", "abc"])
def test_what_is_no_finite_number_is_refused(nonsense: str):
    with pytest.raises(ImpossibleQuantity):
        exact(nonsense)


@pytest.mark.parametrize(
    ("value", "unit", "multiplier", "watt_hours"),
    [("1.5", "kWh", 0, "1500"), ("1500", "Wh", 0, "1500"), ("15", "Wh", 2, "1500"), ("0.0015", "MWh", 0, "1500")],
)
def test_every_spelling_of_an_energy_is_the_same_energy(value: str, unit: str, multiplier: int, watt_hours: str):
    assert scaled(Decimal(value), unit, "Wh", multiplier) == Decimal(watt_hours)


def test_another_kind_of_unit_is_no_energy():
    assert scaled(Decimal(1), "varh", "Wh") is None
    assert scaled(Decimal(1), "A", "Wh") is None
