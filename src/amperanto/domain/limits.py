"""What a transaction may use at most (E16, 2.1): each limit that is set, and None for what is not limited.

A limit is set once and then only changed; to lift it, a higher one is set. Time counts from the start of the
transaction; the cost is in the currency of its tariff.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from amperanto.domain.quantities import WattHours


@dataclass(frozen=True, slots=True, kw_only=True)
class TransactionLimit:
    """Most cost, energy, seconds since the start, and state of charge in percent."""

    cost: Decimal | None = None
    energy: WattHours | None = None
    seconds: int | None = None
    state_of_charge: int | None = None

    @property
    def empty(self) -> bool:
        """Whether nothing is limited."""
        return self == NO_LIMIT


NO_LIMIT = TransactionLimit()
