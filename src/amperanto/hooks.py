"""Every extension point of the product, one line of docstring each.

A hook is a function or an object under an entry point group; `load` finds the installed ones once, at start.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from importlib.metadata import entry_points
from typing import Protocol

from amperanto.domain.payments import Outcome, Payment
from amperanto.domain.stations import Station
from amperanto.domain.tokens import Token, Verdict

DATA_TRANSFER = "amperanto.data_transfer"
AUTHORIZER = "amperanto.authorizer"
EVERYBODY = "*"
"""The name of an authorizer that is asked for every organisation that has none of its own."""
PAYMENT_PROVIDER = "amperanto.payment_provider"
VAT_NUMBERS = "amperanto.vat_numbers"

DataTransferHook = Callable[[Station, str | None, object], Awaitable[tuple[str, object]]]
Authorizer = Callable[[Station, Token], Awaitable[Verdict | None]]
"""Says whether a token may charge at a station, or None: it is not for me to say."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Company:
    """Whose VAT number it is."""

    name: str
    address: str
    city: str
    country: str
    postal_code: str | None = None


VatHook = Callable[[Station, str], Awaitable[Company | None]]


class PaymentProvider(Protocol):
    """A payment service provider.

    Each call carries a key: what was done under a key before is not done again, and its outcome is given again.
    Whatever may have happened but is not known raises an exception, and is asked again with the same key.
    """

    async def preauthorize(self, key: str, payment: Payment, amount: Decimal) -> Outcome:
        """Hold that much, or say no; `done=None` while the payer has not agreed yet."""
        ...

    async def capture(self, key: str, payment: Payment, amount: Decimal) -> Outcome:
        """Take that much of what is held under `payment.psp_ref`, and let go of the rest."""
        ...

    async def release(self, key: str, payment: Payment) -> Outcome:
        """Let go of everything that is held."""
        ...

    async def refund(self, key: str, payment: Payment, amount: Decimal) -> Outcome:
        """Give that much back of what was taken."""
        ...


@dataclass(frozen=True, slots=True)
class Hooks:
    """The extensions in use.

    `data_transfer` maps a vendorId to who answers its DataTransfer messages; `authorizers` an organisation, or `*`, to
    who is asked of its tokens; `payment_provider` holds and takes money; `vat_numbers` says whose VAT number it is,
    None for nobody's.
    """

    data_transfer: Mapping[str, DataTransferHook] = field(default_factory=dict[str, DataTransferHook])
    authorizers: Mapping[str, Authorizer] = field(default_factory=dict[str, Authorizer])
    payment_provider: PaymentProvider | None = None
    vat_numbers: VatHook | None = None


def load() -> Hooks:
    """The hooks installed packages offer, named for a vendorId or an organisation; a payment provider is made once."""
    providers = [point.load()() for point in entry_points(group=PAYMENT_PROVIDER)]
    checks = [point.load() for point in entry_points(group=VAT_NUMBERS)]
    return Hooks(
        data_transfer={point.name: point.load() for point in entry_points(group=DATA_TRANSFER)},
        authorizers={point.name: point.load() for point in entry_points(group=AUTHORIZER)},
        payment_provider=providers[0] if providers else None,
        vat_numbers=checks[0] if checks else None,
    )
