"""Cost details: what a station calculated by a tariff it was given, as it tells us (2.1, I12, state_machines §10).

`of` makes them from our own calculation, so that the station in software says, and the CSMS compares, the same figures.
A cost at the minimum is told as a fixed cost alone; at the maximum every part is cut in one proportion. What a station
could not calculate carries `failure`, the reason in its words.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction

from amperanto.domain.amounts import Running
from amperanto.domain.costs import Cost, CostKind, Period
from amperanto.domain.currencies import decimals
from amperanto.domain.tariffs import Dimension, Tariff, TaxRate


@dataclass(frozen=True, slots=True, kw_only=True)
class CostPart:
    """What one dimension costs, without and with tax, and the taxes in it."""

    dimension: Dimension
    net: Decimal | None
    gross: Decimal | None
    taxes: tuple[TaxRate, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class CostDetails:
    """A cost as stations tell it. Energy in Wh, times in s; `periods` are told with the last report only."""

    currency: str
    kind: CostKind = CostKind.NORMAL
    net: Decimal | None = None
    gross: Decimal | None = None
    parts: tuple[CostPart, ...] = ()
    energy: Decimal = Decimal(0)
    charging_time: int = 0
    idle_time: int = 0
    reservation_time: int | None = None
    periods: tuple[Period, ...] = ()
    failure: str | None = None

    @classmethod
    def of(cls, cost: Cost, tariff: Tariff, *, ended: bool) -> CostDetails:
        """Our own calculation, as a station tells it."""
        return cls(
            currency=cost.currency,
            kind=cost.kind,
            net=cost.net,
            gross=cost.gross,
            parts=tuple(_parts(cost, tariff)),
            energy=cost.energy,
            charging_time=cost.charging_time,
            idle_time=cost.idle_time,
            reservation_time=cost.reservation_time,
            periods=cost.periods if ended else (),
        )


def _parts(cost: Cost, tariff: Tariff) -> Iterator[CostPart]:
    if cost.kind is CostKind.MINIMUM:
        taxes = tariff.min_cost.taxes if tariff.min_cost is not None else ()
        yield CostPart(dimension=Dimension.FIXED_FEE, net=cost.net, gross=cost.gross, taxes=taxes)
        return
    priced = [(dimension, amount) for dimension in Dimension if (amount := cost.amount(dimension)) is not None]
    nets = _cut([net for _, (net, _) in priced], cost.net, cost.currency)
    grosses = _cut([gross for _, (_, gross) in priced], cost.gross, cost.currency)
    for (dimension, _), net, gross in zip(priced, nets, grosses, strict=True):
        component = tariff.component(dimension)
        taxes = () if component is None else component.taxes
        yield CostPart(dimension=dimension, net=net, gross=gross, taxes=taxes)


def _cut(amounts: Iterable[Decimal], total: Decimal, currency: str) -> list[Decimal]:
    """The amounts in one proportion, so that they sum to the total."""
    exact = [Fraction(amount) for amount in amounts]
    whole = sum(exact, Fraction(0))
    share = Fraction(total) / whole if whole else Fraction(1)
    running = Running(decimals(currency))
    return [running.add(amount * share) for amount in exact]


def disagreement(theirs: CostDetails, ours: Cost) -> str | None:
    """How a station's calculation differs from ours, in words; None where it does by no more than the least coin."""
    if theirs.failure is not None:
        return f"the station could not calculate the cost ({theirs.failure or 'it does not say why'})"
    if theirs.currency != ours.currency:
        return f"the station calculated in {theirs.currency}, we in {ours.currency}"
    coin = Decimal(1).scaleb(-decimals(ours.currency))
    for name, told, own in (("without tax", theirs.net, ours.net), ("with tax", theirs.gross, ours.gross)):
        if told is not None and abs(told - own) > coin:
            return f"the station calculated {told} {ours.currency} {name}, we {own}"
    return None
