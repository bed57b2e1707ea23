"""Charge records: what each charge cost and why, numbered without gaps, and never changed.

A record is corrected only by a credit that takes it back and a new record; both name it in `corrects`. Exports are
streamed, as JSON lines or CSV, in the order of the numbers.
"""

from __future__ import annotations

import csv
import io
from collections.abc import AsyncIterator
from datetime import datetime
from decimal import Decimal
from typing import Annotated, Any

import msgspec
from litestar import get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, JSONBody, QueryParameter
from litestar.response import Stream
from msgspec import Meta, Struct

from amperanto.api.access import needs
from amperanto.api.costs import CostView, cost_view
from amperanto.api.desk import Desk
from amperanto.api.parameters import decoded
from amperanto.api.problems import BadField
from amperanto.api.representation import Cursor, Instant, Limit, cursor_for, cursor_from, figure, instant
from amperanto.api.tariff_words import TariffBody, told
from amperanto.csms.charge_records import Which
from amperanto.domain.charge_records import ChargeRecord, RecordKind

CSV_COLUMNS = (
    "number", "kind", "id", "corrects", "reason", "transaction", "station", "evse", "token", "started_at", "ended_at",
    "issued_at", "energy_wh", "currency", "net", "tax", "gross", "what", "quantity", "unit", "price", "line_net",
    "line_gross", "line_start", "line_end", "tariff",
)  # fmt: skip
_ENCODER = msgspec.json.Encoder(decimal_format="number")
From = Annotated[datetime | None, QueryParameter(name="from", description="only those issued at this time or later")]
To = Annotated[datetime | None, QueryParameter(name="to", description="only those issued before this time")]
At = Annotated[str | None, QueryParameter(name="station", description="identity or id of the station")]
Of = Annotated[str | None, QueryParameter(name="transaction", description="our id of the transaction")]


class AppliedTariff(Struct, kw_only=True):
    """A tariff as it was, and since when it held."""

    id: str
    since: Instant
    tariff: TariffBody


class ReadingView(Struct, kw_only=True):
    """The import register."""

    at: Instant
    energy: Annotated[Decimal, Meta(description="Wh")]


class ChargeRecordView(Struct, kw_only=True):
    """A charge as it is billed. `cost` is null where no tariff held: that is not free."""

    id: str
    number: int
    kind: RecordKind
    transaction: Annotated[str, Meta(description="our id of the transaction")]
    reference: Annotated[str, Meta(description="the station's id of it")]
    station: Annotated[str, Meta(description="the station's identity then")]
    station_id: str
    evse: int | None
    connector: int | None
    token: str | None
    started_at: Annotated[Instant | None, Meta(description="the station's clock")]
    ended_at: Annotated[Instant | None, Meta(description="the station's clock")]
    received_at: Annotated[Instant | None, Meta(description="our clock")]
    issued_at: Instant
    energy: Annotated[Decimal | None, Meta(description="Wh")]
    time_zone: str
    cost: CostView | None
    tariffs: list[AppliedTariff]
    readings: list[ReadingView]
    corrects: Annotated[str | None, Meta(description="id of the record it takes back or replaces")]
    reason: str | None


class ChargeRecordPage(Struct, kw_only=True):
    """Some records, in the order of their numbers."""

    items: list[ChargeRecordView]
    next: str | None


class Correction(Struct, kw_only=True, forbid_unknown_fields=True):
    """Why a record is taken back."""

    reason: Annotated[str, Meta(min_length=1, max_length=500, pattern=r"^[^\u0000]*$")]


class Corrected(Struct, kw_only=True):
    """The credit, and the new record if there is one."""

    items: list[ChargeRecordView]


def record_view(record: ChargeRecord) -> ChargeRecordView:
    """A record as a client is told it."""
    where = record.where
    return ChargeRecordView(
        id=record.id,
        number=record.number,
        kind=record.kind,
        transaction=record.transaction,
        reference=record.reference,
        station=record.identity,
        station_id=record.station,
        evse=None if where is None else where.evse,
        connector=None if where is None else where.connector,
        token=None if record.token is None else record.token.uid,
        started_at=record.started_at,
        ended_at=record.ended_at,
        received_at=record.received_at,
        issued_at=record.issued_at,
        energy=figure(record.energy),
        time_zone=record.time_zone,
        cost=None if record.cost is None else cost_view(record.cost),
        tariffs=[AppliedTariff(id=one.tariff.id, since=one.since, tariff=told(one.tariff)) for one in record.tariffs],
        readings=[ReadingView(at=one.at, energy=figure(one.energy) or Decimal(0)) for one in record.readings],
        corrects=record.corrects,
        reason=record.reason,
    )


@get("/charge-records", guards=[needs("read")], tags=["Charge records"])
async def list_charge_records(
    desk: NamedDependency[Desk],
    *,
    limit: Limit = 100,
    cursor: Cursor = None,
    station: At = None,
    transaction: Of = None,
    issued_from: From = None,
    issued_to: To = None,
) -> ChargeRecordPage:
    """The charge records of your organisation, in the order of their numbers."""
    which = await _which(desk, station, transaction, issued_from, issued_to)
    page = await desk.csms.charge_records.records(desk.who, which, cursor=_number(cursor), limit=limit)
    return ChargeRecordPage(items=[record_view(one) for one in page.items], next=cursor_for(page.next))


@get("/charge-records/{record:str}", guards=[needs("read")], tags=["Charge records"])
async def get_charge_record(record: FromPath[str], desk: NamedDependency[Desk]) -> ChargeRecordView:
    """One record, by our id or its number."""
    return record_view(await desk.csms.charge_records.record(desk.who, decoded(record)))


@get("/charge-records.csv", guards=[needs("read")], tags=["Charge records"], media_type="text/csv")
async def export_charge_records_csv(
    desk: NamedDependency[Desk],
    *,
    station: At = None,
    transaction: Of = None,
    issued_from: From = None,
    issued_to: To = None,
) -> Stream:
    """Every such record as CSV, a row for each line of its explanation (one without lines where it has none)."""
    which = await _which(desk, station, transaction, issued_from, issued_to)
    records = desk.csms.charge_records.all(desk.who.organisation, which)
    return Stream(_csv(records), media_type="text/csv")


@get("/charge-records.jsonl", guards=[needs("read")], tags=["Charge records"], media_type="application/jsonl")
async def export_charge_records_jsonl(
    desk: NamedDependency[Desk],
    *,
    station: At = None,
    transaction: Of = None,
    issued_from: From = None,
    issued_to: To = None,
) -> Stream:
    """Every such record as JSON, one on each line."""
    which = await _which(desk, station, transaction, issued_from, issued_to)
    records = desk.csms.charge_records.all(desk.who.organisation, which)
    return Stream(_jsonl(records), media_type="application/jsonl")


@post("/charge-records/{record:str}/correct", guards=[needs("operate")], status_code=200, tags=["Charge records"])
async def correct_charge_record(
    record: FromPath[str], data: JSONBody[Correction], desk: NamedDependency[Desk]
) -> Corrected:
    """Take a record back by a credit, and bill anew what stands now. 409 `nothing_to_correct` the second time."""
    made = await desk.csms.charge_records.correct(desk.who, decoded(record), data.reason)
    return Corrected(items=[record_view(one) for one in made])


@post(
    "/transactions/{transaction:str}/charge-record", guards=[needs("operate")], status_code=200, tags=["Charge records"]
)
async def issue_charge_record(transaction: FromPath[str], desk: NamedDependency[Desk]) -> ChargeRecordView:
    """Issue the record of an ended transaction now. 409 `not_billable` while it runs or is held for review."""
    return record_view(await desk.csms.charge_records.issue(desk.who, decoded(transaction)))


async def _which(
    desk: Desk, station: str | None, transaction: str | None, since: datetime | None, until: datetime | None
) -> Which:
    at = None if station is None else (await desk.registry.station(desk.who, station)).id
    return Which(
        station=at, transaction=transaction, issued_from=instant(since, "from"), issued_to=instant(until, "to")
    )


def _number(cursor: str | None) -> str | None:
    place = cursor_from(cursor)
    if place is not None and not (place.isascii() and place.isdigit() and len(place) < 19):
        raise BadField("cursor", "this is not the `next` of a page")
    return place


async def _jsonl(records: AsyncIterator[ChargeRecord]) -> AsyncIterator[bytes]:
    async for record in records:
        yield _ENCODER.encode(record_view(record)) + b"\n"


async def _csv(records: AsyncIterator[ChargeRecord]) -> AsyncIterator[bytes]:
    yield _rows([CSV_COLUMNS])
    async for record in records:
        yield _rows(_record_rows(record))


def _record_rows(record: ChargeRecord) -> list[tuple[Any, ...]]:
    view = record_view(record)
    cost = view.cost
    head = (
        view.number, view.kind, view.id, view.corrects, view.reason, view.transaction, view.station, view.evse,
        view.token, _time(view.started_at), _time(view.ended_at), _time(view.issued_at), view.energy,
        *((None,) * 4 if cost is None else (cost.currency, cost.net, cost.tax, cost.gross)),
    )  # fmt: skip
    lines = [] if cost is None else cost.lines
    rows = [
        (*head, line.what, line.quantity, line.unit, line.price, line.net, line.gross, _time(line.start),
         _time(line.end), line.tariff)
        for line in lines
    ]  # fmt: skip
    return rows or [(*head, *(None,) * 9)]


def _rows(rows: list[Any]) -> bytes:
    text = io.StringIO()
    csv.writer(text).writerows([[_safe(cell) for cell in row] for row in rows])
    return text.getvalue().encode()


def _safe(cell: Any) -> Any:
    """A text no spreadsheet takes for a formula."""
    return f"'{cell}" if isinstance(cell, str) and cell[:1] in "=+-@\t\r" else cell


def _time(at: datetime | None) -> str | None:
    return None if at is None else at.isoformat().replace("+00:00", "Z")
