"""Charge records: rows ↔ `domain.charge_records.ChargeRecord`. There is no statement that changes or removes one.

A number is one more than the organisation's last that is committed, and unique: of two that take the same, one is a
conflict and is tried again, so that no number is left out and none is given twice. So is a transaction's turn: a second
first record, or a second correction of one record, cannot be kept, whoever raced or was killed.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from functools import cache
from typing import Any

import msgspec
from sqlalchemy import BigInteger, bindparam

from amperanto.domain.charge_records import ChargeRecord, RecordKind
from amperanto.domain.stations import OrganisationId, StationId
from amperanto.stores.columns import Timestamp
from amperanto.stores.scope import owned
from amperanto.stores.statements import Listed, Row, Statement, listed
from amperanto.stores.tables import charge_records
from amperanto.stores.work import PAGE, Page, Work, page_of, page_size

_c = charge_records.c
_RECORD = msgspec.json.Decoder(ChargeRecord)
_ADD = Statement(charge_records.insert(), rank=215)
_GET = Statement(owned(charge_records).where(_c.id == bindparam("id")))
_LAST = Statement(owned(charge_records, _c.number).order_by(_c.number.desc()).limit(1))
_OF = Statement(owned(charge_records).where(_c.transaction_id == bindparam("transaction_id")).order_by(_c.turn))
_LATEST = Statement(
    owned(charge_records, _c.transaction_id, _c.id, _c.number, _c.kind, _c.currency, _c.gross)
    .where(Listed(_c.transaction_id, "transactions"))
    .order_by(_c.turn)
)
_FILTERS = {
    "station": _c.station == bindparam("station"),
    "transaction_id": _c.transaction_id == bindparam("transaction_id"),
    "issued_from": _c.issued_at >= bindparam("issued_from", type_=Timestamp()),
    "issued_to": _c.issued_at < bindparam("issued_to", type_=Timestamp()),
    "after": _c.number > bindparam("after", type_=BigInteger()),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Which:
    """Which records are asked for."""

    station: StationId | None = None
    transaction: str | None = None
    issued_from: datetime | None = None
    issued_to: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Issued:
    """The head of a record: its number, and what it comes to; `gross` is None where no tariff held."""

    id: str
    number: int
    kind: RecordKind
    currency: str | None
    gross: Decimal | None


@cache
def _list(filters: frozenset[str]) -> Statement:
    chosen = owned(charge_records).where(*(_FILTERS[name] for name in sorted(filters)))
    return Statement(chosen.order_by(_c.number).limit(bindparam("limit", type_=BigInteger())))


class ChargeRecords:
    """The charge records of all organisations."""

    __slots__ = ("_work",)

    def __init__(self, work: Work) -> None:
        self._work = work

    async def get(self, organisation: OrganisationId, record: str) -> ChargeRecord | None:
        """The organisation's record of that id."""
        row = await self._work.one(_GET, {"organisation": organisation, "id": record})
        return None if row is None else _RECORD.decode(row["body"])

    async def of(self, organisation: OrganisationId, transaction: str) -> list[ChargeRecord]:
        """The records of a transaction: the first, then each credit and correction."""
        rows = await self._work.several(_OF, {"organisation": organisation, "transaction_id": transaction})
        return [_RECORD.decode(row["body"]) for row in rows]

    async def latest(self, organisation: OrganisationId, transactions: Sequence[str]) -> dict[str, Issued]:
        """The last record of each of these transactions that has one; one statement, however many they are."""
        if not transactions:
            return {}
        rows = await self._work.several(_LATEST, {"organisation": organisation, "transactions": listed(transactions)})
        return {row["transaction_id"]: _issued(row) for row in rows}

    async def next_number(self, organisation: OrganisationId) -> int:
        """The number of the next record."""
        row = await self._work.one(_LAST, {"organisation": organisation})
        return 1 if row is None else row["number"] + 1

    async def list(
        self, organisation: OrganisationId, which: Which, *, cursor: str | None = None, limit: int = PAGE
    ) -> Page[ChargeRecord]:
        """A page of records, in the order of their numbers."""
        limit = page_size(limit)
        wanted: dict[str, Any] = {
            "station": which.station, "transaction_id": which.transaction, "issued_from": which.issued_from,
            "issued_to": which.issued_to, "after": None if cursor is None else int(cursor),
        }  # fmt: skip
        wanted = {name: value for name, value in wanted.items() if value is not None}
        rows = await self._work.scan(
            _list(frozenset(wanted)), {**wanted, "organisation": organisation, "limit": limit + 1}
        )
        return page_of([_RECORD.decode(row["body"]) for row in rows], limit, lambda record: str(record.number))

    async def all(self, organisation: OrganisationId, which: Which) -> AsyncIterator[ChargeRecord]:
        """Every such record, read in pages."""
        cursor: str | None = None
        while True:
            page = await self.list(organisation, which, cursor=cursor, limit=1000)
            for record in page.items:
                yield record
            if page.next is None:
                return
            cursor = page.next

    def add(self, record: ChargeRecord, *, turn: int) -> None:
        """Keep a record for good; a number or turn that is taken is a ConflictError at the commit."""
        self._work.record(_ADD, {**_row(record), "turn": turn})


def _issued(row: Row) -> Issued:
    return Issued(
        id=row["id"],
        number=row["number"],
        kind=RecordKind(row["kind"]),
        currency=row["currency"],
        gross=None if row["gross"] is None else Decimal(row["gross"]),
    )


def _row(record: ChargeRecord) -> Row:
    return {
        "id": record.id,
        "organisation": record.organisation,
        "number": record.number,
        "kind": record.kind,
        "transaction_id": record.transaction,
        "station": record.station,
        "token_key": None if record.token is None else record.token.key,
        "issued_at": record.issued_at,
        "currency": None if record.cost is None else record.cost.currency,
        "net": None if record.net is None else str(record.net),
        "gross": None if record.gross is None else str(record.gross),
        "corrects": record.corrects,
        "body": msgspec.json.encode(record).decode(),
    }
