"""Payments, and what QR codes are made of: rows ↔ `domain.payments`. Amounts are kept as decimal text, exact.

A station's secret is kept as it is, since codes are computed from it; it leaves this room for that alone.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import datetime
from decimal import Decimal
from typing import Any

import msgspec
from sqlalchemy import BigInteger, bindparam, update

from amperanto.domain.limits import TransactionLimit
from amperanto.domain.payments import Payment, PaymentKind, PaymentState, Step
from amperanto.domain.stations import OrganisationId, StationId
from amperanto.stores.newest import newest_at_stations
from amperanto.stores.scope import across, owned
from amperanto.stores.statements import Row, Statement, Upserting
from amperanto.stores.tables import payment_codes, payments
from amperanto.stores.work import PAGE, Page, Work

_c, _k = payments.c, payment_codes.c
_KNOWN = "the node acts for a station it knows by our id"
_GET = Statement(owned(payments).where(_c.id == bindparam("id")))
_BY_ID = Statement(across(payments, because="the node carries on every payment").where(_c.id == bindparam("id")))
_BY_REF = Statement(owned(payments).where(_c.psp_ref == bindparam("psp_ref")).order_by(_c.id))
_OF_TRANSACTION = Statement(
    across(payments, because=_KNOWN).where(_c.transaction_id == bindparam("transaction")).order_by(_c.id)
)
_ADD = Statement(payments.insert(), rank=47)
_CHANGING = (
    "state", "settled_by_csms", "currency", "psp_ref", "evse", "authorized", "captured", "refunded", "cost", "limits",
    "limit_told", "start_sent", "transaction_id", "reference", "step", "steps", "receipt_id", "receipt_url",
    "vat_number", "company", "details", "problem", "ended_at", "revision",
)  # fmt: skip
_SAVE = Statement(
    update(payments).where(_c.id == bindparam("key_id"), _c.revision == bindparam("key_revision", type_=BigInteger())),
    rank=48,
    exact=True,
    columns=list(_CHANGING),
)
_CODES = Statement(across(payment_codes, because=_KNOWN).where(_k.station == bindparam("station")))
_LIMITS, _STEP = msgspec.json.Decoder(TransactionLimit), msgspec.json.Decoder(Step)
_DETAILS = msgspec.json.Decoder(tuple[tuple[str, str], ...])


def _put(insert: Upserting) -> Any:
    inserted = insert(payment_codes)
    told = {column.key: inserted.excluded[column.key] for column in _k if column.key != "station"}
    return inserted.on_conflict_do_update(index_elements=[_k.station], set_=told)


_PUT_CODES = Statement(_put, rank=49)


@dataclass(frozen=True, slots=True, kw_only=True)
class PaymentCodes:
    """What a station's QR codes are made of; `sent` is a secret the station has not confirmed yet."""

    station: StationId
    organisation: OrganisationId
    secret: str | None = field(default=None, repr=False)
    sent: str | None = field(default=None, repr=False)
    validity: int
    length: int
    set_at: datetime | None = None
    revision: int = 0


class Payments:
    """Ad hoc payments, and the secrets of QR codes."""

    __slots__ = ("_work",)

    def __init__(self, work: Work) -> None:
        self._work = work

    async def get(self, organisation: OrganisationId, payment: str) -> Payment | None:
        """The organisation's payment of our id."""
        return _one(await self._work.one(_GET, {"organisation": organisation, "id": payment}))

    async def by_id(self, payment: str) -> Payment | None:
        """The payment of our id; for the node itself, not for a person."""
        return _one(await self._work.one(_BY_ID, {"id": payment}))

    async def of_ref(self, organisation: OrganisationId, psp_ref: str) -> list[Payment]:
        """The organisation's payments of that reference of the provider: at one station each."""
        rows = await self._work.several(_BY_REF, {"organisation": organisation, "psp_ref": psp_ref})
        return [_payment(row) for row in rows]

    async def of_transaction(self, transaction: str) -> Payment | None:
        """The payment that transaction of ours uses."""
        return _one(await self._work.one(_OF_TRANSACTION, {"transaction": transaction}))

    async def list(
        self,
        organisation: OrganisationId,
        *,
        station: StationId | None = None,
        state: PaymentState | None = None,
        cursor: str | None = None,
        limit: int = PAGE,
    ) -> Page[Payment]:
        """A page of payments, the newest first."""
        return await newest_at_stations(
            self._work, payments, _payment, organisation, station=station, state=state, cursor=cursor, limit=limit
        )

    def add(self, payment: Payment) -> Payment:
        """Keep a new payment; a reference the station has already is a ConflictError at the commit."""
        row = {
            **_changing(payment),
            "id": payment.id,
            "organisation": payment.organisation,
            "station": payment.station,
            "kind": payment.kind,
            "amount": _text(payment.amount),
            "remote_start": payment.remote_start,
            "start_by": payment.start_by,
            "created_at": payment.created_at,
        }
        self._work.record(_ADD, row)
        return payment

    def save(self, payment: Payment) -> Payment:
        """Change one that was read with this revision; returns it as it will stand (revision + 1)."""
        saved = replace(payment, revision=payment.revision + 1)
        self._work.record(_SAVE, {**_changing(saved), "key_id": payment.id, "key_revision": payment.revision})
        return saved

    async def codes(self, station: StationId) -> PaymentCodes | None:
        """What the station's QR codes are made of, if anybody set it."""
        row = await self._work.one(_CODES, {"station": station})
        return None if row is None else PaymentCodes(**row)

    def put_codes(self, codes: PaymentCodes) -> PaymentCodes:
        """Keep it from now on."""
        row = {name: getattr(codes, name) for name in (column.key for column in _k)}
        self._work.record(_PUT_CODES, row)
        return codes


def _text(amount: Decimal | None) -> str | None:
    return None if amount is None else str(amount)


def _decimal(text: str | None) -> Decimal | None:
    return None if text is None else Decimal(text)


def _changing(payment: Payment) -> dict[str, Any]:
    row = {name: getattr(payment, name) for name in _CHANGING if name != "transaction_id"}
    for name in ("authorized", "captured", "refunded", "cost"):
        row[name] = _text(row[name])
    row["transaction_id"] = payment.transaction
    row["limits"] = msgspec.json.encode(payment.limits).decode()
    row["details"] = msgspec.json.encode(payment.details).decode()
    row["step"] = None if payment.step is None else msgspec.json.encode(payment.step).decode()
    return row


def _one(row: Row | None) -> Payment | None:
    return None if row is None else _payment(row)


def _payment(row: Row) -> Payment:
    step: str | None = row["step"]
    return Payment(
        id=row["id"],
        organisation=row["organisation"],
        station=row["station"],
        kind=PaymentKind(row["kind"]),
        state=PaymentState(row["state"]),
        settled_by_csms=row["settled_by_csms"],
        currency=row["currency"],
        psp_ref=row["psp_ref"],
        evse=row["evse"],
        amount=_decimal(row["amount"]),
        authorized=_decimal(row["authorized"]),
        captured=Decimal(row["captured"]),
        refunded=Decimal(row["refunded"]),
        cost=_decimal(row["cost"]),
        limits=_LIMITS.decode(row["limits"]),
        limit_told=row["limit_told"],
        remote_start=row["remote_start"],
        start_sent=row["start_sent"],
        start_by=row["start_by"],
        transaction=row["transaction_id"],
        reference=row["reference"],
        step=None if step is None else _STEP.decode(step),
        steps=row["steps"],
        receipt_id=row["receipt_id"],
        receipt_url=row["receipt_url"],
        vat_number=row["vat_number"],
        company=row["company"],
        details=_DETAILS.decode(row["details"]),
        problem=row["problem"],
        created_at=row["created_at"],
        ended_at=row["ended_at"],
        revision=row["revision"],
    )
