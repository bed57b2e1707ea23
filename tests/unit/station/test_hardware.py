"""Meter, contactor, lock: no energy uncounted, none through an open switch."""

from decimal import Decimal

import pytest

from amperanto.domain.quantities import Amperes, Percent, WattHours, Watts
from amperanto.station.hardware import Contactor, Meter, Outlet
from amperanto.station.vehicle import Vehicle


def test_a_register_runs_on_from_the_energy_of_its_former_life():
    meter = Meter(WattHours.of("1000.9"))
    assert meter.register == WattHours.of(1000)
    meter.count(WattHours.of("0.1"))
    assert meter.register == WattHours.of(1001)


def test_a_register_never_goes_back():
    with pytest.raises(ValueError, match="never goes back"):
        Meter().count(WattHours.of(-1))


def test_no_energy_flows_through_an_open_contactor():
    outlet = Outlet()
    outlet.connect(Vehicle())
    outlet.pass_time(3600)
    assert outlet.meter.register == WattHours.of(0)
    assert outlet.power == Watts.of(0)
    assert not outlet.flowing


def test_what_the_meter_counted_is_what_the_battery_got():
    outlet, car = Outlet(lifetime=WattHours.of(7)), Vehicle()
    before = car.charge
    outlet.connect(car)
    outlet.contactor.switch(True)
    for _ in range(50):
        outlet.pass_time(333.3)
    assert outlet.meter.register.value == int((car.charge - before).value) + 7


def test_the_current_told_obeys_car_and_outlet():
    outlet = Outlet(max_current=Amperes.of(10))
    outlet.connect(Vehicle(max_current=Amperes.of(16)))
    outlet.contactor.switch(True)
    assert outlet.current == Amperes.of(10)
    weak_car = Outlet(max_current=Amperes.of(32))
    weak_car.connect(Vehicle(max_current=Amperes.of("13.37"), phases=1))
    weak_car.contactor.switch(True)
    assert Amperes.of("13.3") < weak_car.current <= Amperes.of("13.37")
    assert weak_car.phases_in_use == 1


def test_pulling_the_cable_opens_the_contactor_first():
    outlet, car = Outlet(), Vehicle()
    outlet.connect(car)
    outlet.contactor.switch(True)
    assert outlet.disconnect() is car
    assert not outlet.contactor.closed
    assert outlet.state_of_charge is None


def test_two_cars_do_not_fit_on_one_cable():
    outlet = Outlet()
    outlet.connect(Vehicle())
    with pytest.raises(ValueError, match="a car on this outlet"):
        outlet.connect(Vehicle())


def test_a_contactor_wears_only_when_it_moves():
    contactor = Contactor()
    for closed in (True, True, False, False, True):
        contactor.switch(closed)
    assert contactor.operations == 3


def test_a_jammed_lock_stays_as_it_is():
    lock = Outlet().lock
    assert lock.lock()
    lock.jammed = True
    assert not lock.unlock()
    lock.jammed = False
    assert lock.unlock()
    lock.jammed = True
    assert not lock.lock()


def test_an_outlet_knows_when_its_car_will_be_done():
    outlet = Outlet()
    assert outlet.seconds_until_quiet() == float("inf")
    outlet.connect(Vehicle(wants=WattHours.of(11_040)))
    outlet.contactor.switch(True)
    assert outlet.seconds_until_quiet() == pytest.approx(3600)
    assert outlet.state_of_charge == Percent(Decimal("20.0"))
