"""Quantities with their unit in the type: exact, never a bare float.

Each quantity is a finite Decimal. Quantities of one kind add, subtract and compare; kinds do not mix.
Meters report decimals as text (1.6) or as JSON numbers (2.x); both become the same Decimal, so that a
figure kept here prints as the station said it.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import Self

from amperanto.domain.errors import ImpossibleQuantity


@dataclass(frozen=True, slots=True, order=True)
class Quantity:
    """A finite decimal of one unit; subclasses name the unit."""

    value: Decimal

    @classmethod
    def of(cls, figure: int | str | float | Decimal) -> Self:
        """Read a figure exactly as it prints; a float counts as its shortest decimal. Raises ImpossibleQuantity."""
        return cls(exact(figure))

    def __add__(self, other: Self) -> Self:
        return type(self)(self.value + other.value)

    def __sub__(self, other: Self) -> Self:
        return type(self)(self.value - other.value)

    def __neg__(self) -> Self:
        return type(self)(-self.value)

    def __int__(self) -> int:
        """The whole part, as 1.6 writes meter readings."""
        return int(self.value)

    def __float__(self) -> float:
        return float(self.value)


class WattHours(Quantity):
    """Energy in Wh."""

    __slots__ = ()


class Watts(Quantity):
    """Power in W."""

    __slots__ = ()


class Amperes(Quantity):
    """Current in A, per phase."""

    __slots__ = ()


class Volts(Quantity):
    """Voltage in V."""

    __slots__ = ()


class Percent(Quantity):
    """A share in percent, 0 to 100."""

    __slots__ = ()


def exact(figure: int | str | float | Decimal) -> Decimal:
    """The figure as a finite Decimal, digits kept. Raises ImpossibleQuantity (no number, NaN, infinity)."""
    try:
        number = Decimal(repr(figure) if isinstance(figure, float) else figure)
    except (InvalidOperation, ValueError) as error:
        raise ImpossibleQuantity(f"{figure!r} is not a number") from error
    if not number.is_finite():
        raise ImpossibleQuantity(f"{figure!r} is not a finite number")
    return number


_PREFIXES = {"k": 3, "M": 6, "m": -3}


def scaled(value: Decimal, unit: str, base: str, multiplier: int = 0) -> Decimal | None:
    """`value`·10^multiplier of `unit`, in `base` units; None when the unit is of another kind.

    `scaled(Decimal("1.5"), "kWh", "Wh")` is 1500.
    """
    if unit == base:
        power = multiplier
    elif unit[1:] == base and unit[0] in _PREFIXES:
        power = multiplier + _PREFIXES[unit[0]]
    else:
        return None
    return value.scaleb(power) if power else value
