"""A cost is exact, explained, and the sum of its explanation."""

from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

from amperanto.conformance.requirements import requirement
from amperanto.domain.cost_details import CostDetails
from amperanto.domain.costs import Cost, CostKind, InForce, cost
from amperanto.domain.price_previews import Plan, preview
from amperanto.domain.tariffs import (
    Component,
    Conditions,
    DayOfYear,
    Dimension,
    Element,
    EvseKind,
    Limit,
    Rounding,
    Season,
    Step,
    Tariff,
    TaxRate,
    Weekday,
    problems,
)
from amperanto.domain.usages import Point, Usage

AMSTERDAM = ZoneInfo("Europe/Amsterdam")
NOON = datetime(2026, 5, 4, 12, tzinfo=UTC)
HOUR, MINUTE = timedelta(hours=1), timedelta(minutes=1)
VAT = (TaxRate(type="VAT", tax=Decimal(21)),)
ZERO = Decimal(0)


def per(price: str, **conditions: object) -> Element:
    return Element(price=Decimal(price), conditions=Conditions(**conditions))  # type: ignore[arg-type]


def priced(*prices: Element, taxes: tuple[TaxRate, ...] = (), step: Step | None = None) -> Component:
    return Component(prices=prices, taxes=taxes, step=step)


def tariff(**components: object) -> Tariff:
    return Tariff(id="day.1", currency="EUR", **components)  # type: ignore[arg-type]


def at(minutes: int, wh: int | str, **also: object) -> Point:
    return Point(at=NOON + minutes * MINUTE, energy=Decimal(wh), **also)  # type: ignore[arg-type]


def used(*points: Point, **also: object) -> Usage:
    return Usage(points=points, **also)  # type: ignore[arg-type]


def amounts(found: Cost) -> dict[str, Decimal]:
    return {line.dimension or "": line.net for line in found.lines}


def test_energy_time_idle_time_and_fee_are_each_a_line_and_sum_to_the_total() -> None:
    prices = tariff(
        energy=priced(per("0.35"), taxes=VAT),
        charging_time=priced(per("0.02"), taxes=VAT),
        idle_time=priced(per("0.10"), taxes=VAT),
        fixed_fee=priced(per("0.50"), taxes=VAT),
    )
    found = cost(prices, used(at(0, 1000), at(60, 12345, charging=False), at(90, 12345)))
    assert amounts(found) == {
        "fixedFee": Decimal("0.50"),
        "energy": Decimal("3.97"),
        "chargingTime": Decimal("1.20"),
        "idleTime": Decimal("3.00"),
    }
    energy = found.lines[1]
    assert (energy.quantity, energy.unit, energy.price) == (Decimal("11.345"), "kWh", Decimal("0.35"))
    assert (energy.start, energy.end) == (NOON, NOON + 60 * MINUTE)
    assert (found.net, found.gross) == (Decimal("8.67"), Decimal("10.49"))
    assert (found.taxes[0].type, found.taxes[0].amount) == ("VAT", Decimal("1.82"))
    assert (found.energy, found.charging_time, found.idle_time) == (11345, 3600, 1800)


@requirement("I12-4")
def test_the_first_price_whose_conditions_hold_counts_and_none_is_free() -> None:
    prices = tariff(energy=priced(per("0.20", max_energy=Decimal(2000)), per("0.50", min_energy=Decimal(5000))))
    found = cost(prices, used(at(0, 0), at(60, 8000)))
    assert [(line.quantity, line.price) for line in found.lines] == [(2, Decimal("0.20")), (3, Decimal("0.50"))]
    assert found.net == Decimal("1.90")


@requirement("I12-5")
def test_a_price_that_changes_between_two_readings_splits_their_energy_in_a_straight_line() -> None:
    prices = tariff(energy=priced(per("0.20", end_time=time(18)), per("0.60")))
    evening = datetime(2026, 5, 4, 17, 50, tzinfo=UTC)
    points = (Point(at=evening, energy=ZERO), Point(at=evening + 15 * MINUTE, energy=Decimal(3000)))
    found = cost(prices, Usage(points=points))
    assert [(line.quantity, line.start, line.end) for line in found.lines] == [
        (2, evening, evening + 10 * MINUTE),
        (1, evening + 10 * MINUTE, evening + 15 * MINUTE),
    ]
    assert found.net == Decimal("1.00")


@requirement("I12-6")
def test_local_time_counts_and_a_day_may_have_23_or_25_hours() -> None:
    prices = tariff(charging_time=priced(per("0.01")))
    short = Plan(start=datetime(2026, 3, 28, 23, tzinfo=UTC), energy=ZERO, charging=23 * HOUR, zone=AMSTERDAM)
    weekday = tariff(charging_time=priced(per("0.01", days=(Weekday.SUNDAY,))))
    assert preview(weekday, short).net == preview(prices, short).net == Decimal("13.80")
    assert preview(weekday, replace(short, charging=30 * HOUR)).net == Decimal("13.80")
    long = Plan(start=datetime(2026, 10, 24, 22, tzinfo=UTC), energy=ZERO, charging=40 * HOUR, zone=AMSTERDAM)
    assert preview(weekday, long).net == Decimal("15.00")


@requirement("I12-6")
def test_an_hour_that_comes_twice_is_priced_twice_and_one_that_never_comes_not_at_all() -> None:
    night = tariff(charging_time=priced(per("1", start_time=time(2), end_time=time(2, 30))))
    autumn = Plan(start=datetime(2026, 10, 24, 22, tzinfo=UTC), energy=ZERO, charging=8 * HOUR, zone=AMSTERDAM)
    assert preview(night, autumn).net == Decimal("60.00")
    spring = replace(autumn, start=datetime(2026, 3, 28, 22, tzinfo=UTC))
    assert preview(night, spring).net == ZERO


def test_a_window_may_go_past_midnight_and_00_00_ends_the_day() -> None:
    night = tariff(charging_time=priced(per("1", start_time=time(22), end_time=time(6))))
    assert preview(night, Plan(start=NOON, energy=ZERO, charging=24 * HOUR)).net == Decimal(8 * 60)
    late = tariff(charging_time=priced(per("1", start_time=time(22), end_time=time(0))))
    assert preview(late, Plan(start=NOON, energy=ZERO, charging=24 * HOUR)).net == Decimal(2 * 60)


def test_dates_end_before_their_last_day_and_seasons_come_back_every_year() -> None:
    fair = tariff(charging_time=priced(per("1", from_date=date(2026, 5, 5), to_date=date(2026, 5, 6))))
    assert preview(fair, Plan(start=NOON, energy=ZERO, charging=72 * HOUR)).net == Decimal(24 * 60)
    winter = tariff(charging_time=priced(per("1", season=Season(DayOfYear(12, 31), DayOfYear(1, 2)))))
    eve = Plan(start=datetime(2028, 12, 30, 12, tzinfo=UTC), energy=ZERO, charging=96 * HOUR)
    assert preview(winter, eve).net == Decimal(48 * 60)


@requirement("I12-5")
def test_power_is_measured_or_the_average_of_its_readings() -> None:
    fast = tariff(energy=priced(per("0.80", min_power=Decimal(50_000)), per("0.40")))
    found = cost(fast, used(at(0, 0), at(60, 60_000), at(120, 100_000)))
    assert [(line.quantity, line.price) for line in found.lines] == [(60, Decimal("0.80")), (40, Decimal("0.40"))]
    told = cost(fast, used(at(0, 0, power=Decimal(49_999)), at(60, 60_000)))
    assert [line.price for line in told.lines] == [Decimal("0.40")]


def test_a_current_nobody_told_satisfies_no_condition() -> None:
    prices = tariff(energy=priced(per("9", max_current=Decimal(32)), per("0.40")))
    assert cost(prices, used(at(0, 0), at(60, 1000))).net == Decimal("0.40")
    assert cost(prices, used(at(0, 0, current=Decimal(31)), at(60, 1000))).net == Decimal("9.00")


def test_the_kind_of_the_evse_and_the_payment_brand_choose_the_fee() -> None:
    prices = tariff(
        energy=priced(per("0.30", evse_kind=EvseKind.AC), per("0.60")),
        fixed_fee=priced(per("1", payment_brand="Plastic"), per("0.10")),
    )
    usage = used(at(0, 0), at(60, 1000), evse_kind=EvseKind.AC, payment_brand="Plastic")
    assert cost(prices, usage).net == Decimal("1.30")
    assert cost(prices, replace(usage, evse_kind=EvseKind.DC, payment_brand=None)).net == Decimal("0.70")


def test_idle_time_is_free_until_the_grace_is_over() -> None:
    prices = replace(tariff(idle_time=priced(per("0.10"))), idle_grace=900)
    usage = used(at(0, 0), at(60, 1000, charging=False), at(75, 1000, charging=False), at(80, 1000))
    assert cost(prices, usage).net == Decimal("0.50")
    assert cost(prices, replace(usage, points=usage.points[:3])).net == ZERO


@requirement("I12-3")
def test_a_reservation_costs_its_time_and_its_fee_once_it_is_used() -> None:
    prices = tariff(reservation_time=priced(per("0.05")), reservation_fixed=priced(per("2")))
    held = used(at(0, 0), at(10, 0), reserved=(NOON - 30 * MINUTE, NOON))
    found = cost(prices, held)
    assert amounts(found) == {"reservationFixed": Decimal(2), "reservationTime": Decimal("1.50")}
    assert found.reservation_time == 1800
    assert cost(prices, replace(held, reserved=None)).net == ZERO


def test_what_is_used_is_billed_in_the_declared_steps() -> None:
    up = tariff(energy=priced(per("0.40"), step=Step(size=Decimal(1000))))
    assert cost(up, used(at(0, 0), at(60, 10_001))).net == Decimal("4.40")
    down = tariff(energy=priced(per("0.40"), step=Step(size=Decimal(1000), rounding=Rounding.DOWN)))
    assert cost(down, used(at(0, 0), at(60, 10_999))).net == Decimal("4.00")
    started = tariff(charging_time=priced(per("0.10"), step=Step(size=Decimal(900))))
    assert cost(started, used(at(0, 0), at(16, 0))).net == Decimal("3.00")


@requirement("I12-8")
def test_taxes_stack_and_prices_may_include_them() -> None:
    taxes = (TaxRate(type="state", tax=Decimal(5)), TaxRate(type="city", tax=Decimal(10), stack=1))
    found = cost(tariff(energy=priced(per("1"), taxes=taxes)), used(at(0, 0), at(60, 100_000)))
    assert (found.net, found.gross) == (Decimal(100), Decimal("115.50"))
    assert [(tax.type, tax.amount) for tax in found.taxes] == [("state", Decimal(5)), ("city", Decimal("10.50"))]
    with_tax = replace(tariff(energy=priced(per("1.155"), taxes=taxes)), tax_included=True)
    found = cost(with_tax, used(at(0, 0), at(60, 100_000)))
    assert (found.net, found.gross) == (Decimal(100), Decimal("115.50"))


@requirement("I12-10")
def test_less_than_the_minimum_is_raised_to_it_at_the_end_only() -> None:
    prices = replace(tariff(energy=priced(per("0.10"), taxes=VAT)), min_cost=Limit(excl_tax=Decimal(5), taxes=VAT))
    usage = used(at(0, 0), at(60, 1000))
    found = cost(prices, usage)
    assert (found.kind, found.net, found.gross) == (CostKind.MINIMUM, Decimal(5), Decimal("6.05"))
    assert found.lines[-1].net == Decimal("4.90") and found.energy == 1000
    assert sum(tax.amount for tax in found.taxes) == Decimal("1.05")
    assert cost(prices, usage, ended=False).net == Decimal("0.10")
    parts = CostDetails.of(found, prices, ended=True).parts
    assert [(part.dimension, part.net, part.gross) for part in parts] == [
        (Dimension.FIXED_FEE, Decimal(5), Decimal("6.05"))
    ]


@requirement("I12-11")
def test_what_passes_the_maximum_stays_there_while_usage_counts_on() -> None:
    prices = replace(tariff(energy=priced(per("1"), taxes=VAT)), max_cost=Limit(incl_tax=Decimal("12.10")))
    found = cost(prices, used(at(0, 0), at(60, 50_000)), ended=False)
    assert (found.kind, found.net, found.gross) == (CostKind.MAXIMUM, Decimal(10), Decimal("12.10"))
    assert found.energy == 50_000 and found.lines[-1].net == Decimal(-40)
    details = CostDetails.of(found, prices, ended=True)
    assert [(part.net, part.gross) for part in details.parts] == [(Decimal(10), Decimal("12.10"))]


@requirement("I11-4")
def test_another_tariff_holds_for_the_rest_only() -> None:
    first = tariff(energy=priced(per("0.20")), fixed_fee=priced(per("1")))
    second = replace(tariff(energy=priced(per("0.80")), fixed_fee=priced(per("7"))), id="evening.1")
    found = cost([InForce(first, NOON), InForce(second, NOON + 30 * MINUTE)], used(at(0, 0), at(60, 10_000)))
    assert [(line.tariff, line.net) for line in found.lines] == [
        ("day.1", Decimal("1.00")),
        ("day.1", Decimal("1.00")),
        ("evening.1", Decimal("4.00")),
    ]
    assert [(period.tariff, period.start, period.energy) for period in found.periods] == [
        ("day.1", NOON, 5000),
        ("evening.1", NOON + 30 * MINUTE, 5000),
    ]


def test_a_currency_has_its_own_decimals() -> None:
    prices = tariff(energy=priced(per("0.35")))
    usage = used(at(0, 0), at(60, 12_345))
    assert cost(replace(prices, currency="JPY"), usage).net == Decimal(4)
    assert cost(replace(prices, currency="TND"), usage).net == Decimal("4.321")


def test_a_register_that_goes_back_gives_nothing_back() -> None:
    prices = tariff(energy=priced(per("1")))
    assert cost(prices, used(at(0, 5000), at(10, 4000), at(20, 7000))).net == Decimal(2)


def test_energy_told_twice_at_one_instant_is_no_error() -> None:
    prices = tariff(energy=priced(per("1", max_energy=Decimal(500)), per("2")))
    assert cost(prices, used(at(0, 0), at(0, 1000), at(0, 1000))).net == Decimal("1.50")
    assert cost(prices, used(at(0, 0))).net == ZERO


def test_what_cannot_be_a_tariff_is_said_in_words() -> None:
    assert problems(tariff(energy=priced(per("0.35")))) == []
    wrong = replace(
        tariff(energy=priced(per("-1", min_energy=Decimal(9), max_energy=Decimal(9))), fixed_fee=priced()),
        currency="euro",
        idle_grace=60,
    )
    said = "\n".join(problems(wrong))
    assert "ISO 4217" in said and "a price is 0 or more" in said and "never holds" in said
    assert "state at least one price" in said and "idle_grace" in said
    least = replace(tariff(energy=priced(per("1"), taxes=VAT)), min_cost=Limit(excl_tax=Decimal(1)))
    assert "min_cost" in problems(least)[0]
