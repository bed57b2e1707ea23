"""A car: how much it takes, how fast, and where it stops."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from amperanto.domain.quantities import Amperes, Percent, Volts, WattHours, Watts
from amperanto.station.vehicle import Vehicle

GRID = (Amperes.of(32), Volts.of(230), 3)
WEAK = (Amperes.of(8), Volts.of(230), 3)
OFFERS = st.sampled_from([GRID, WEAK, (Amperes.of(6), Volts.of(230), 1)])


def test_a_car_draws_what_it_can_from_a_strong_outlet_and_what_there_is_from_a_weak_one():
    car = Vehicle(max_current=Amperes.of(16), phases=3)
    assert car.power(*GRID) == Watts.of(16 * 230 * 3)
    assert car.power(*WEAK) == Watts.of(8 * 230 * 3)


def test_a_one_phase_car_uses_one_phase_of_three():
    assert Vehicle(max_current=Amperes.of(20), phases=1).power(*GRID) == Watts.of(20 * 230)


def test_an_hour_below_the_knee_is_an_hour_of_full_power():
    assert Vehicle().absorb(3600, *GRID) == WattHours.of("11040")


def test_a_car_stops_exactly_at_what_it_wants():
    car = Vehicle(wants=WattHours.of("12345.678"))
    seconds = car.seconds_until_satisfied(*GRID)
    assert car.absorb(seconds + 1, *GRID) == WattHours.of("12345.678")
    assert car.satisfied
    assert car.power(*GRID) == Watts.of(0)
    assert car.absorb(3600, *GRID) == WattHours.of(0)


def test_a_full_car_takes_nothing_however_much_it_wants():
    car = Vehicle(state_of_charge=Percent.of(100), wants=WattHours.of(1000))
    assert car.satisfied
    assert car.seconds_until_satisfied(*GRID) == 0


def test_a_car_that_is_offered_nothing_waits_for_ever():
    assert Vehicle().seconds_until_satisfied(Amperes.of(0), Volts.of(230), 3) == float("inf")
    assert Vehicle().absorb(3600, Amperes.of(0), Volts.of(230), 3) == WattHours.of(0)


def test_power_falls_steadily_from_the_knee_to_a_tenth():
    car = Vehicle(state_of_charge=Percent.of(80))
    powers: list[Decimal] = []
    while not car.satisfied:
        powers.append(car.power(*GRID).value)
        car.absorb(60, *GRID)
    assert powers == sorted(powers, reverse=True)
    assert powers[0] == 11040
    assert 1104 <= powers[-1] < 1200


@given(offer=OFFERS, start=st.integers(0, 99), cuts=st.lists(st.floats(0.001, 5000), min_size=1, max_size=20))
def test_how_often_one_looks_does_not_change_what_flows(offer, start, cuts):
    watched, left_alone = (Vehicle(state_of_charge=Percent.of(start)) for _ in range(2))
    pieces = sum((watched.absorb(seconds, *offer).value for seconds in cuts), Decimal(0))
    whole = left_alone.absorb(sum(cuts), *offer).value
    assert abs(pieces - whole) <= Decimal("0.001")


@given(offer=OFFERS, start=st.integers(0, 99), wants=st.integers(1, 70_000))
def test_the_time_foretold_is_the_time_it_takes(offer, start, wants):
    car = Vehicle(state_of_charge=Percent.of(start), wants=WattHours.of(wants))
    seconds = car.seconds_until_satisfied(*offer)
    car.absorb(seconds * 0.999 - 1, *offer)
    assert not car.satisfied or seconds < 2
    car.absorb(seconds * 0.001 + 1.01, *offer)
    assert car.satisfied


@given(offer=OFFERS, start=st.integers(0, 100), seconds=st.floats(0, 1e6))
def test_a_battery_never_holds_more_than_it_can(offer, start, seconds):
    car = Vehicle(state_of_charge=Percent.of(start))
    before = car.charge
    taken = car.absorb(seconds, *offer)
    assert car.charge == before + taken
    assert car.charge <= WattHours.of(60_000)
    assert taken.value * 3600 <= offer[0].value * offer[1].value * offer[2] * Decimal(seconds) + 4


@pytest.mark.parametrize("share", [0, 50, 100])
def test_the_state_of_charge_is_told_in_percent(share):
    assert Vehicle(state_of_charge=Percent.of(share)).state_of_charge == Percent(Decimal(f"{share}.0"))
