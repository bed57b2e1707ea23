"""I. Tariff and cost, as OCPP 2.1 says it within other messages: the tariff of a driver, the cost details of a station.

Figures are JSON numbers, read as their shortest decimal. A word nobody knows for the kind of a cost counts as normal,
and a figure that is no amount as not told: what the station calculated is compared with our own, never billed.
"""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import msgspec

from amperanto.dialects.wording import aware, figure_of
from amperanto.domain.cost_details import CostDetails, CostPart
from amperanto.domain.costs import CostKind, Period
from amperanto.domain.tariff_words import from_words, tax_words, to_words
from amperanto.domain.tariffs import Dimension, Tariff, TaxRate
from amperanto.ocpp import v2

KINDS = {kind.value: kind for kind in CostKind}
PARTS = {
    Dimension.FIXED_FEE: "fixed",
    Dimension.ENERGY: "energy",
    Dimension.CHARGING_TIME: "charging_time",
    Dimension.IDLE_TIME: "idle_time",
    Dimension.RESERVATION_TIME: "reservation_time",
    Dimension.RESERVATION_FIXED: "reservation_fixed",
}
KIND = v2.CostDimensionKind
ZERO = Decimal(0)


def read_tariff(told: v2.Tariff) -> Tariff:
    """The tariff told. Raises ValueError and ImpossibleQuantity for what no tariff can say."""
    return from_words(msgspec.to_builtins(told))


def write_tariff(tariff: Tariff) -> v2.Tariff:
    """The tariff in 2.1's words."""
    return msgspec.convert(to_words(tariff), v2.Tariff)


def read_details(told: v2.CostDetails) -> CostDetails:
    """What a station calculated."""
    total, usage = told.total_cost, told.total_usage
    return CostDetails(
        currency=total.currency,
        kind=KINDS.get(total.type_of_cost, CostKind.NORMAL),
        net=_figure(total.total.excl_tax),
        gross=_figure(total.total.incl_tax),
        parts=tuple(_read_parts(total)),
        energy=figure_of(usage.energy) or ZERO,
        charging_time=usage.charging_time,
        idle_time=usage.idle_time,
        reservation_time=v2.or_none(usage.reservation_time),
        periods=tuple(_read_period(one) for one in v2.or_none(told.charging_periods) or ()),
        failure=None if told.failure_to_calculate is not True else v2.or_none(told.failure_reason) or "",
    )


def write_details(details: CostDetails) -> v2.CostDetails:
    """Cost details in 2.1's words."""
    failed = details.failure is not None
    return v2.CostDetails(
        total_cost=v2.TotalCost(
            currency=details.currency,
            type_of_cost=v2.TariffCost(details.kind.value),
            total=v2.TotalPrice(excl_tax=_said(details.net), incl_tax=_said(details.gross)),
            **_prices(details),
        ),
        total_usage=v2.TotalUsage(
            energy=float(details.energy),
            charging_time=details.charging_time,
            idle_time=details.idle_time,
            reservation_time=v2.unless_none(details.reservation_time),
        ),
        charging_periods=[_period(one) for one in details.periods] or v2.UNSET,
        failure_to_calculate=True if failed else v2.UNSET,
        failure_reason=details.failure[:500] if details.failure else v2.UNSET,
    )


def _figure(told: float | v2.UnsetType) -> Decimal | None:
    return None if isinstance(told, v2.UnsetType) else figure_of(told)


def _said(figure: Decimal | None) -> float | v2.UnsetType:
    return v2.UNSET if figure is None else float(figure)


def _read_parts(total: v2.TotalCost) -> Iterator[CostPart]:
    for dimension, name in PARTS.items():
        price: v2.Price | v2.UnsetType = getattr(total, name)
        if isinstance(price, v2.UnsetType):
            continue
        rates = v2.or_none(price.tax_rates) or ()
        yield CostPart(
            dimension=dimension,
            net=_figure(price.excl_tax),
            gross=_figure(price.incl_tax),
            taxes=tuple(
                TaxRate(type=rate.type, tax=figure_of(rate.tax) or ZERO, stack=v2.or_none(rate.stack) or 0)
                for rate in rates
            ),
        )


def _prices(details: CostDetails) -> dict[str, Any]:
    return {PARTS[part.dimension]: _price(part) for part in details.parts}


def _price(part: CostPart) -> v2.Price:
    taxes = [msgspec.convert(one, v2.TaxRate) for one in tax_words(part.taxes)]
    return v2.Price(excl_tax=_said(part.net), incl_tax=_said(part.gross), tax_rates=taxes or v2.UNSET)


def _read_period(told: v2.ChargingPeriod) -> Period:
    volumes = {one.type: figure_of(one.volume) or ZERO for one in v2.or_none(told.dimensions) or ()}
    return Period(
        start=aware(told.start_period),
        tariff=v2.or_none(told.tariff_id) or "",
        energy=volumes.get(KIND.ENERGY, ZERO),
        charging_time=volumes.get(KIND.CHARGING_TIME, ZERO),
        idle_time=volumes.get(KIND.IDLE_T_IME, ZERO),
    )


def _period(period: Period) -> v2.ChargingPeriod:
    volumes = (
        (KIND.ENERGY, period.energy),
        (KIND.CHARGING_TIME, period.charging_time),
        (KIND.IDLE_T_IME, period.idle_time),
    )
    dimensions = [v2.CostDimension(type=kind, volume=float(volume)) for kind, volume in volumes if volume]
    return v2.ChargingPeriod(
        start_period=period.start,
        dimensions=dimensions or v2.UNSET,
        tariff_id=period.tariff or v2.UNSET,
    )
