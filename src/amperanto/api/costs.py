"""What something costs, in JSON: the amounts, the taxes, and the explanation line by line."""

from __future__ import annotations

from decimal import Decimal
from typing import Annotated

from msgspec import Meta, Struct

from amperanto.api.representation import Instant, figure
from amperanto.domain.costs import Cost, CostKind, Line


class CostLine(Struct, kw_only=True):
    """One line of the explanation; `net` and `gross` sum to the total exactly."""

    what: Annotated[str, Meta(description="2.1's name of the dimension; `limit` for a minimum or maximum")]
    tariff: Annotated[str, Meta(description="the tariff and its version")]
    price_number: Annotated[int | None, Meta(description="which of the dimension's prices, from 1")]
    start: Instant
    end: Instant
    quantity: Decimal
    unit: Annotated[str, Meta(description="kWh, min, or nothing for what is counted")]
    price: Annotated[Decimal | None, Meta(description="of one unit")]
    net: Decimal
    gross: Decimal


class TaxLine(Struct, kw_only=True):
    """What of the total is one tax."""

    type: str
    rate: Annotated[Decimal, Meta(description="percent")]
    amount: Decimal


class CostView(Struct, kw_only=True):
    """A cost: 0 is free."""

    currency: str
    kind: Annotated[CostKind, Meta(description="whether a minimum or maximum made it what it is")]
    net: Decimal
    tax: Decimal
    gross: Decimal
    energy: Annotated[Decimal, Meta(description="Wh")]
    charging_time: Annotated[int, Meta(description="s")]
    idle_time: Annotated[int, Meta(description="s")]
    reservation_time: Annotated[int | None, Meta(description="s")]
    taxes: list[TaxLine]
    lines: list[CostLine]


def cost_view(cost: Cost) -> CostView:
    """The cost as a client is told it."""
    return CostView(
        currency=cost.currency,
        kind=cost.kind,
        net=cost.net,
        tax=cost.tax,
        gross=cost.gross,
        energy=_plain(cost.energy),
        charging_time=cost.charging_time,
        idle_time=cost.idle_time,
        reservation_time=cost.reservation_time,
        taxes=[TaxLine(type=tax.type, rate=_plain(tax.rate), amount=tax.amount) for tax in cost.taxes],
        lines=[line_view(line) for line in cost.lines],
    )


def line_view(line: Line) -> CostLine:
    """A line as a client is told it."""
    return CostLine(
        what="limit" if line.dimension is None else line.dimension.value,
        tariff=line.tariff,
        price_number=line.element,
        start=line.start,
        end=line.end,
        quantity=_plain(line.quantity),
        unit=line.unit,
        price=figure(line.price),
        net=line.net,
        gross=line.gross,
    )


def _plain(value: Decimal) -> Decimal:
    return Decimal(format(value.normalize(), "f"))
