"""A payment service provider that takes no money: for tests, demonstrations, and to see what one has to keep to.

Its ledger holds each key once: what was done under a key is not done again, and is answered the same again. It is
told what to refuse, and to fail before or after the deed, as a network does.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from decimal import Decimal

from amperanto.domain.payments import Act, Outcome, Payment


@dataclass(slots=True)
class Account:
    """What the provider holds and took under one reference."""

    held: Decimal = Decimal(0)
    taken: Decimal = Decimal(0)
    given_back: Decimal = Decimal(0)
    open: bool = True


class PretendFailure(Exception):
    """The network is down, or the answer got lost."""


@dataclass(slots=True)
class PretendProvider:
    """A `hooks.PaymentProvider` with a ledger in memory."""

    accounts: dict[str, Account] = field(default_factory=dict[str, Account])
    asked: list[tuple[Act, str, Decimal]] = field(default_factory=list[tuple[Act, str, Decimal]])
    refuses: set[Act] = field(default_factory=set[Act])
    not_yet: set[Act] = field(default_factory=set[Act])
    fails_before: int = 0
    """How many of the next calls fail before anything is done."""
    fails_after: int = 0
    """How many of the next calls do it, and lose the answer."""
    _done: dict[str, Outcome] = field(default_factory=dict[str, Outcome])

    async def preauthorize(self, key: str, payment: Payment, amount: Decimal) -> Outcome:
        reference = f"psp-{payment.id}"

        def hold() -> Outcome:
            self.accounts[reference] = Account(held=amount)
            return Outcome(done=True, psp_ref=reference, amount=amount)

        return self._once(Act.PREAUTHORIZE, key, amount, hold)

    async def capture(self, key: str, payment: Payment, amount: Decimal) -> Outcome:
        def take() -> Outcome:
            account = self._account(payment)
            if not account.open or amount > account.held:
                return Outcome(done=False, why="more than is held")
            account.taken, account.open = amount, False
            return Outcome(done=True, amount=amount)

        return self._once(Act.CAPTURE, key, amount, take)

    async def release(self, key: str, payment: Payment) -> Outcome:
        def let_go() -> Outcome:
            self._account(payment).open = False
            return Outcome(done=True)

        return self._once(Act.RELEASE, key, Decimal(0), let_go)

    async def refund(self, key: str, payment: Payment, amount: Decimal) -> Outcome:
        def give_back() -> Outcome:
            account = self._account(payment)
            if account.given_back + amount > account.taken:
                return Outcome(done=False, why="more than was taken")
            account.given_back += amount
            return Outcome(done=True, amount=amount)

        return self._once(Act.REFUND, key, amount, give_back)

    def _account(self, payment: Payment) -> Account:
        """A terminal's reference holds what its payment says."""
        reference = payment.psp_ref or ""
        if reference not in self.accounts:
            self.accounts[reference] = Account(held=payment.authorized or Decimal(0))
        account = self.accounts[reference]
        if account.open and payment.authorized is not None:
            account.held = max(account.held, payment.authorized)
        return account

    def _once(self, act: Act, key: str, amount: Decimal, deed: Callable[[], Outcome]) -> Outcome:
        self.asked.append((act, key, amount))
        if self.fails_before:
            self.fails_before -= 1
            raise PretendFailure
        if key not in self._done:
            if act in self.not_yet:
                return Outcome(done=None)
            self._done[key] = Outcome(done=False, why="refused") if act in self.refuses else deed()
        if self.fails_after:
            self.fails_after -= 1
            raise PretendFailure
        return self._done[key]
