"""Strategies over tariffs and costs, by what OCPP 2.1 can say."""

from datetime import UTC, date, datetime, time
from decimal import Decimal
from typing import Any

from hypothesis import strategies as st

from amperanto.domain.cost_details import CostDetails, CostPart
from amperanto.domain.costs import CostKind, Period
from amperanto.domain.tariffs import (
    ANY_TIME,
    Component,
    Conditions,
    Description,
    Dimension,
    Element,
    EvseKind,
    Limit,
    Tariff,
    TaxRate,
    Weekday,
)

PRICES = st.integers(0, 10**6).map(lambda figure: Decimal(figure).scaleb(-4))
FIGURES = st.integers(0, 10**6).map(Decimal)
SECONDS = st.integers(0, 10**6)
NAMES = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=20)
INSTANTS = st.integers(0, 4 * 10**9).map(lambda at: datetime.fromtimestamp(at, UTC))
MINUTES = st.times(time(0), time(23, 59)).map(lambda at: at.replace(second=0, microsecond=0))
DAYS = st.dates(date(2000, 1, 1), date(2100, 1, 1))


def maybe(strategy: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    return st.none() | strategy


TAXES = st.lists(st.builds(TaxRate, type=NAMES, tax=PRICES, stack=st.integers(0, 3)), max_size=5).map(tuple)
AT_TIMES = {
    "start_time": maybe(MINUTES),
    "end_time": maybe(MINUTES),
    "days": st.lists(st.sampled_from(Weekday), unique=True, max_size=7).map(tuple),
    "from_date": maybe(DAYS),
    "to_date": maybe(DAYS),
    "evse_kind": maybe(st.sampled_from(EvseKind)),
}
WHEN = st.builds(
    Conditions,
    **AT_TIMES,
    **{f"{bound}_{what}": maybe(FIGURES) for bound in ("min", "max") for what in ("energy", "current", "power")},
    **{
        f"{bound}_{what}": maybe(SECONDS) for bound in ("min", "max") for what in ("time", "charging_time", "idle_time")
    },
)
WHEN_STARTED = st.builds(Conditions, **AT_TIMES, payment_brand=maybe(NAMES), payment_recognition=maybe(NAMES))


def component(conditions: st.SearchStrategy[Conditions]) -> st.SearchStrategy[Component]:
    element = st.builds(Element, price=PRICES, conditions=st.just(ANY_TIME) | conditions)
    return st.builds(Component, prices=st.lists(element, min_size=1, max_size=3).map(tuple), taxes=TAXES)


LIMITS = st.builds(Limit, excl_tax=PRICES, incl_tax=maybe(PRICES), taxes=TAXES)
TARIFFS = st.builds(
    Tariff,
    id=NAMES,
    currency=st.sampled_from(["EUR", "JPY", "TND"]),
    energy=maybe(component(WHEN)),
    charging_time=maybe(component(WHEN)),
    idle_time=maybe(component(WHEN)),
    reservation_time=maybe(component(WHEN)),
    fixed_fee=maybe(component(WHEN_STARTED)),
    reservation_fixed=maybe(component(WHEN_STARTED)),
    min_cost=maybe(LIMITS),
    max_cost=maybe(LIMITS),
    description=st.lists(st.builds(Description, content=NAMES, language=maybe(st.just("de"))), max_size=3).map(tuple),
    valid_from=maybe(INSTANTS),
)
"""Every tariff 2.1 has words for."""

PARTS = st.lists(
    st.builds(CostPart, dimension=st.sampled_from(Dimension), net=maybe(PRICES), gross=maybe(PRICES), taxes=TAXES),
    unique_by=lambda part: part.dimension,
).map(lambda parts: tuple(sorted(parts, key=lambda part: ORDER.index(part.dimension))))
ORDER = ["fixedFee", "energy", "chargingTime", "idleTime", "reservationTime", "reservationFixed"]
DETAILS = st.builds(
    CostDetails,
    currency=st.just("EUR"),
    kind=st.sampled_from(CostKind),
    net=maybe(PRICES),
    gross=maybe(PRICES),
    parts=PARTS,
    energy=FIGURES,
    charging_time=SECONDS,
    idle_time=SECONDS,
    reservation_time=maybe(SECONDS),
    periods=st.lists(
        st.builds(Period, start=INSTANTS, tariff=NAMES, energy=FIGURES, charging_time=FIGURES, idle_time=FIGURES),
        max_size=3,
    ).map(tuple),
    failure=maybe(NAMES),
)
