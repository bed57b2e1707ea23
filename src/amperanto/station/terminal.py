"""A pretend payment terminal: it holds money, raises, takes and lets go, and can be told to fail.

What it did it keeps (`ledger`), so that a test can hold the station to it. Amounts are exact.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from decimal import Decimal


@dataclass(slots=True, kw_only=True)
class Hold:
    """Money held under a reference of the provider; `taken` None while nothing was settled."""

    reference: str
    amount: Decimal
    brand: str = "VISA"
    open: bool = True
    taken: Decimal | None = None


@dataclass(slots=True)
class Terminal:
    """The terminal of one station."""

    accepts: bool = True
    """Whether cards are accepted."""
    settles: str = "Settled"
    """What comes of a settlement: Settled, Rejected, or Failed."""
    ledger: dict[str, Hold] = field(default_factory=dict[str, Hold])

    def hold(self, reference: str, amount: Decimal, brand: str) -> Hold | None:
        """Hold that much; None where the card is refused."""
        if not self.accepts:
            return None
        self.ledger[reference] = Hold(reference=reference, amount=amount, brand=brand)
        return self.ledger[reference]

    def raise_by(self, hold: Hold, amount: Decimal) -> bool:
        """Hold that much more; whether that was possible."""
        if not self.accepts or not hold.open:
            return False
        hold.amount += amount
        return True

    def release(self, hold: Hold) -> None:
        """Let go of it."""
        hold.open = False

    def settle(self, hold: Hold, amount: Decimal) -> str:
        """Take that much, at most what is held, and let go of the rest; how it went."""
        if not hold.open:
            return "Failed"
        if self.settles == "Settled":
            hold.taken = min(amount, hold.amount)
        hold.open = False
        return self.settles
