"""Amounts: rounding, billing steps and taxes, exact until the last moment.

Figures are exact fractions. `Running` rounds a running total and says each part as what the rounded total grew by, so
that the parts sum to the whole exactly, however many there are. Taxes of one stack are on the same base; those of the
next stack are on what that came to (state_machines §10).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction

from amperanto.domain.tariffs import Rounding, Step, TaxRate
from amperanto.domain.usages import ZERO


def stepped(quantity: Fraction, step: Step) -> Fraction:
    """The quantity in whole steps."""
    size = Fraction(step.size)
    return whole(quantity / size, step.rounding) * size


def whole(figure: Fraction, rounding: Rounding = Rounding.NEAREST) -> int:
    """A figure of 0 or more as a whole number."""
    if rounding is Rounding.UP:
        return -(-figure.numerator // figure.denominator)
    if rounding is Rounding.DOWN:
        return figure.numerator // figure.denominator
    return (2 * figure.numerator + figure.denominator) // (2 * figure.denominator)


def rounded(figure: Fraction, places: int, rounding: Rounding = Rounding.NEAREST) -> Decimal:
    """A figure of 0 or more with so many decimals."""
    return Decimal(whole(figure * 10**places, rounding)).scaleb(-places)


@dataclass(slots=True)
class Running:
    """A running total: each part of it is said as what the rounded total grew by."""

    places: int
    rounding: Rounding = Rounding.NEAREST
    exact: Fraction = ZERO
    said: Decimal = Decimal(0)

    def add(self, amount: Fraction) -> Decimal:
        """The part that this amount adds, rounded."""
        self.exact += amount
        total = rounded(self.exact, self.places, self.rounding)
        grown, self.said = total - self.said, total
        return grown


def tax_shares(taxes: Iterable[TaxRate]) -> Iterator[tuple[TaxRate, Fraction]]:
    """Each tax with its share of the net price: those of one stack are on the same base, the next on their sum."""
    base, total, stack = Fraction(1), Fraction(1), None
    for rate in sorted(taxes, key=lambda rate: rate.stack):
        if rate.stack != stack:
            base, stack = total, rate.stack
        share = base * Fraction(rate.tax) / 100
        total += share
        yield rate, share


def tax_factor(taxes: Iterable[TaxRate]) -> Fraction:
    """What a net price is multiplied by to include these taxes."""
    return 1 + sum((share for _, share in tax_shares(taxes)), ZERO)
