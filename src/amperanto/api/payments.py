"""Ad hoc payments: money held for a charge without a contract, and what became of it (OCPP 2.1, C18-C25).

A kiosk (`Kiosk`) or a page a driver reached by a station's QR code (`Web`, with its `code`) asks for a payment: money
is held by the payment service provider, the station is started, and what was used is taken when the charge has ended.
A provider's or station's no is data: state `Rejected` or `Canceled`, `problem` says why. Amounts are decimal text.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Annotated, Literal

from litestar import get, post, put
from litestar.di import NamedDependency
from litestar.params import FromPath, JSONBody, QueryParameter
from msgspec import Meta, Struct

from amperanto.api.access import needs
from amperanto.api.commands import Timeout
from amperanto.api.desk import Desk
from amperanto.api.parameters import decoded
from amperanto.api.problems import BadField
from amperanto.api.representation import PLAIN, Cursor, Instant, Limit, cursor_for, cursor_from
from amperanto.csms.payment import Order
from amperanto.csms.records import Named
from amperanto.domain.errors import ImpossibleQuantity
from amperanto.domain.limits import TransactionLimit
from amperanto.domain.payments import Payment, PaymentKind, PaymentState
from amperanto.domain.quantities import WattHours, exact

Amount = Annotated[
    str,
    Meta(
        min_length=1,
        max_length=20,
        pattern=r"^[0-9]+(\.[0-9]+)?$",
        description="a decimal, like `12.50`",
        examples=["12.50"],
    ),
]
EvseNumber = Annotated[int, Meta(ge=1, le=2**31 - 1)]
Code = Annotated[str, Meta(min_length=1, max_length=64, pattern=PLAIN, description="the code in the QR address")]


class PaymentView(Struct, kw_only=True):
    """A payment, with every figure as decimal text of its currency."""

    id: str
    station: Annotated[str, Meta(description="the station's identity")]
    station_id: str
    kind: PaymentKind
    state: PaymentState
    evse: int | None
    currency: str | None
    psp_ref: Annotated[str | None, Meta(description="the provider's reference: the token on the wire")]
    authorized: Annotated[str | None, Meta(description="how much is, or was, held")]
    cost: Annotated[str | None, Meta(description="what was used; null while nobody knows")]
    captured: Annotated[str, Meta(description="how much was taken")]
    refunded: Annotated[str, Meta(description="how much of that was given back")]
    settled_by: Annotated[Literal["csms", "station"], Meta(description="who takes the money")]
    under_way: Annotated[str | None, Meta(description="what the provider is asked to do now")]
    transaction: Annotated[str | None, Meta(description="our id of the transaction that uses it")]
    receipt_id: str | None
    receipt_url: str | None
    vat_number: str | None
    company: str | None
    problem: str | None
    created_at: Instant | None
    ended_at: Instant | None


class PaymentPage(Struct, kw_only=True):
    """Some payments, the newest first."""

    items: list[PaymentView]
    next: str | None


class NewPayment(Struct, kw_only=True, forbid_unknown_fields=True):
    """What to hold, where, and what the charge may come to beside it (`maxcost`, `maxenergy`, `maxtime`)."""

    station: Annotated[str, Meta(min_length=1, description="identity or id of the station")]
    evse: EvseNumber
    amount: Amount
    currency: Annotated[str, Meta(pattern=r"^[A-Z]{3}$", description="ISO 4217", examples=["EUR"])]
    kind: Annotated[Literal["Kiosk", "Web"], Meta(description="Web needs the `code`")] = "Kiosk"
    code: Code | None = None
    max_cost: Amount | None = None
    max_energy: Annotated[int, Meta(ge=1, le=10**9, description="Wh")] | None = None
    max_time: Annotated[int, Meta(ge=1, le=10**8, description="seconds")] | None = None


class Settling(Struct, kw_only=True, forbid_unknown_fields=True):
    """What the charge came to."""

    cost: Amount


class CodeSettings(Struct, kw_only=True, forbid_unknown_fields=True):
    """How the station makes the codes of its QR addresses."""

    validity: Annotated[int, Meta(ge=6, le=3600, description="seconds a code is shown")] = 60
    length: Annotated[int, Meta(ge=6, le=32, description="characters")] = 8
    url_template: Annotated[str, Meta(min_length=1, max_length=2000, pattern=PLAIN)] | None = None


class CodeAnswer(Struct, kw_only=True):
    """The station's word to each variable."""

    results: dict[str, str]


class PageOpened(Struct, kw_only=True, forbid_unknown_fields=True):
    """A driver opened the page of an EVSE."""

    evse: EvseNumber
    code: Code
    seconds: Annotated[int, Meta(ge=1, le=3600, description="how long to keep the EVSE for that driver")] = 120


def _text(amount: Decimal | None) -> str | None:
    return None if amount is None else f"{amount:f}"


def _view(named: Named[Payment]) -> PaymentView:
    payment = named.what
    return PaymentView(
        id=payment.id,
        station=named.identity,
        station_id=payment.station,
        kind=payment.kind,
        state=payment.state,
        evse=payment.evse,
        currency=payment.currency,
        psp_ref=payment.psp_ref,
        authorized=_text(payment.authorized),
        cost=_text(payment.cost),
        captured=f"{payment.captured:f}",
        refunded=f"{payment.refunded:f}",
        settled_by="csms" if payment.settled_by_csms else "station",
        under_way=None if payment.step is None else payment.step.act,
        transaction=payment.transaction,
        receipt_id=payment.receipt_id,
        receipt_url=payment.receipt_url,
        vat_number=payment.vat_number,
        company=payment.company,
        problem=payment.problem,
        created_at=payment.created_at,
        ended_at=payment.ended_at,
    )


def _amount(text: str, field: str) -> Decimal:
    try:
        return exact(text)
    except ImpossibleQuantity as error:
        raise BadField(field, str(error)) from error


async def _shown(desk: Desk, payment: Payment) -> PaymentView:
    return _view((await desk.csms.payment.named(desk.who, [payment]))[0])


@post("/payments", guards=[needs("operate")], tags=["Payments"])
async def add_payment(data: JSONBody[NewPayment], desk: NamedDependency[Desk]) -> PaymentView:
    """Hold money and start the station with it; what is not used within some minutes is given back.

    403 `bad_code`, 409 `station_offline`, `not_spoken` or `payment_refused` before any money is held.
    """
    amount = _amount(data.amount, "amount")
    if amount <= 0:
        raise BadField("amount", "hold more than nothing")
    station = await desk.registry.station(desk.who, data.station)
    limits = TransactionLimit(
        cost=None if data.max_cost is None else _amount(data.max_cost, "max_cost"),
        energy=None if data.max_energy is None else WattHours.of(data.max_energy),
        seconds=data.max_time,
    )
    order = Order(
        kind=PaymentKind(data.kind),
        evse=data.evse,
        amount=amount,
        currency=data.currency,
        limits=limits,
        code=data.code,
    )
    return _view(Named(station.identity, await desk.csms.payment.begin(station, order)))


@get("/payments", guards=[needs("read")], tags=["Payments"])
async def list_payments(
    desk: NamedDependency[Desk],
    *,
    limit: Limit = 100,
    cursor: Cursor = None,
    station: Annotated[str | None, QueryParameter(description="identity or id of the station")] = None,
    in_state: Annotated[
        PaymentState | None, QueryParameter(name="state", description="only those that stand so")
    ] = None,
) -> PaymentPage:
    """The payments of your organisation, the newest first."""
    at = None if station is None else (await desk.registry.station(desk.who, station)).id
    page = await desk.csms.payment.payments(
        desk.who, station=at, state=in_state, cursor=cursor_from(cursor), limit=limit
    )
    named = await desk.csms.payment.named(desk.who, list(page.items))
    return PaymentPage(items=[_view(one) for one in named], next=cursor_for(page.next))


@get("/payments/{payment:str}", guards=[needs("read")], tags=["Payments"])
async def get_payment(payment: FromPath[str], desk: NamedDependency[Desk]) -> PaymentView:
    """One payment."""
    return await _shown(desk, await desk.csms.payment.payment(desk.who, decoded(payment)))


@post("/payments/{payment:str}/cancel", guards=[needs("operate")], status_code=200, tags=["Payments"])
async def cancel_payment(payment: FromPath[str], desk: NamedDependency[Desk]) -> PaymentView:
    """Give back what is held and not used yet. 409 `payment_over` once a transaction uses it."""
    return await _shown(desk, await desk.csms.payment.cancel(desk.who, decoded(payment)))


@post("/payments/{payment:str}/settle", guards=[needs("operate")], status_code=200, tags=["Payments"])
async def settle_payment(payment: FromPath[str], data: JSONBody[Settling], desk: NamedDependency[Desk]) -> PaymentView:
    """Say what the charge came to, where no tariff does; after it was taken, less: the difference is given back."""
    cost = _amount(data.cost, "cost")
    return await _shown(desk, await desk.csms.payment.settle(desk.who, decoded(payment), cost))


@put("/stations/{station:str}/payment-code", guards=[needs("operate")], tags=["Payments"])
async def set_payment_code(
    station: FromPath[str], data: JSONBody[CodeSettings], desk: NamedDependency[Desk], *, timeout: Timeout = None
) -> CodeAnswer:
    """Give the station a fresh secret for the codes of its QR addresses; the secret is told to nobody else."""
    found = await desk.registry.station(desk.who, decoded(station))
    said = await desk.csms.payment.codes.renew(
        found, validity=data.validity, length=data.length, template=data.url_template, timeout=timeout
    )
    return CodeAnswer(results=said)


@post("/stations/{station:str}/payment-page", guards=[needs("operate")], status_code=204, tags=["Payments"])
async def open_payment_page(
    station: FromPath[str], data: JSONBody[PageOpened], desk: NamedDependency[Desk], *, timeout: Timeout = None
) -> None:
    """A driver opened the page of a QR code: check its code, and keep the EVSE for that driver. 403 `bad_code`."""
    found = await desk.registry.station(desk.who, decoded(station))
    await desk.csms.payment.codes.opened(found, data.evse, data.code, data.seconds, timeout=timeout)
