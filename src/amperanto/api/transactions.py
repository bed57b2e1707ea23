"""Transactions: what was charged, to the watt-hour, and every meter value of it.

`id` is ours, `reference` the station's, `number` the transaction id of OCPP 1.6. Energy is exact: the
digits the meter told.
"""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import Annotated

from litestar import get
from litestar.di import NamedDependency
from litestar.params import FromPath, QueryParameter
from msgspec import Meta, Struct

from amperanto.api.access import needs
from amperanto.api.desk import Desk
from amperanto.api.parameters import decoded
from amperanto.api.representation import Cursor, Instant, Limit, cursor_for, cursor_from, figure, instant
from amperanto.csms.records import Named
from amperanto.domain.meter_values import MeterValue, SampledValue
from amperanto.domain.stations import ChargingState
from amperanto.domain.tokens import AuthorizationStatus
from amperanto.domain.transactions import Completeness, Transaction, TransactionState


class TokenSeen(Struct, kw_only=True):
    """The token as it was presented."""

    uid: str
    type: str


class TransactionView(Struct, kw_only=True):
    """One use of an EVSE."""

    id: Annotated[str, Meta(description="our id, sortable by time")]
    reference: Annotated[str, Meta(description="the station's id of it")]
    number: Annotated[int | None, Meta(description="the transaction id of OCPP 1.6")]
    station: Annotated[str, Meta(description="the station's identity")]
    station_id: str
    state: TransactionState
    evse: int | None
    connector: int | None
    token: TokenSeen | None
    authorization: AuthorizationStatus | None
    started_at: Instant | None
    ended_at: Instant | None
    energy_wh: Annotated[Decimal | None, Meta(description="what the meter counted so far, Wh; exact")]
    meter_start_wh: Decimal | None
    meter_stop_wh: Decimal | None
    charging_state: ChargingState | None
    reason: Annotated[str | None, Meta(description="why it ended")]
    completeness: Annotated[
        Completeness, Meta(description="whether every report was heard: proven, assumed (1.6), or not yet")
    ]
    missing: Annotated[list[tuple[int, int]], Meta(description="gaps in the sequence numbers, first and last of each")]
    remote_start: Annotated[int | None, Meta(description="the remoteStartId that asked for it")]
    reservation: int | None
    offline: Annotated[bool, Meta(description="a part of it was reported after an offline time")]
    flags: Annotated[list[str], Meta(description="what a person should know about it")]
    received_at: Instant | None


class TransactionPage(Struct, kw_only=True):
    """Some transactions, the newest first."""

    items: list[TransactionView]
    next: str | None


class SampleView(Struct, kw_only=True):
    """One figure: value · 10^multiplier of the unit."""

    value: Decimal | None
    measurand: str
    context: str
    phase: str | None
    location: str
    unit: str
    multiplier: int
    signed: Annotated[bool, Meta(description="the meter signed it; the signed data is in the message log")]


class MeterValueView(Struct, kw_only=True):
    """Figures taken together. `energy_wh` is the import register among them."""

    at: Instant
    energy_wh: Decimal | None
    samples: list[SampleView]


class MeterValuePage(Struct, kw_only=True):
    """Some meter values, the oldest first."""

    items: list[MeterValueView]
    next: str | None


def _view(named: Named[Transaction]) -> TransactionView:
    transaction = named.what
    where, token, outcome = transaction.where, transaction.token, transaction.authorization
    return TransactionView(
        id=transaction.id,
        reference=transaction.reference,
        number=transaction.number,
        station=named.identity,
        station_id=transaction.station,
        state=transaction.state,
        evse=None if where is None else where.evse,
        connector=None if where is None else where.connector,
        token=None if token is None else TokenSeen(uid=token.uid, type=token.type),
        authorization=None if outcome is None else outcome.status,
        started_at=transaction.started_at,
        ended_at=transaction.ended_at,
        energy_wh=figure(transaction.energy),
        meter_start_wh=figure(transaction.meter_start),
        meter_stop_wh=figure(transaction.meter_stop),
        charging_state=transaction.charging,
        reason=transaction.reason,
        completeness=transaction.completeness,
        missing=list(transaction.missing()),
        remote_start=transaction.remote_start,
        reservation=transaction.reservation,
        offline=transaction.offline,
        flags=list(transaction.flags),
        received_at=transaction.received_at,
    )


def _sample(sample: SampledValue) -> SampleView:
    return SampleView(
        value=figure(sample.value),
        measurand=sample.measurand,
        context=sample.context,
        phase=sample.phase,
        location=sample.location,
        unit=sample.unit,
        multiplier=sample.multiplier,
        signed=sample.signed is not None,
    )


def _reading(value: MeterValue) -> MeterValueView:
    return MeterValueView(
        at=value.at, energy_wh=figure(value.register()), samples=[_sample(sample) for sample in value.samples]
    )


@get("/transactions", guards=[needs("read")], tags=["Transactions"])
async def list_transactions(
    desk: NamedDependency[Desk],
    *,
    limit: Limit = 100,
    cursor: Cursor = None,
    station: Annotated[str | None, QueryParameter(description="a station's identity or id")] = None,
    in_state: Annotated[
        TransactionState | None, QueryParameter(name="state", description="only those in this state")
    ] = None,
    since: Annotated[datetime | None, QueryParameter(name="from", description="started at or after")] = None,
    until: Annotated[datetime | None, QueryParameter(name="to", description="started before")] = None,
) -> TransactionPage:
    """The transactions of your organisation, the newest first."""
    page = await desk.records.transactions(
        desk.who,
        station=None if station is None else (await desk.registry.station(desk.who, station)).id,
        state=in_state,
        started_from=instant(since, "from"),
        started_to=instant(until, "to"),
        cursor=cursor_from(cursor),
        limit=limit,
    )
    return TransactionPage(items=[_view(one) for one in page.items], next=cursor_for(page.next))


@get("/transactions/{transaction:str}", guards=[needs("read")], tags=["Transactions"])
async def get_transaction(
    transaction: FromPath[str],
    desk: NamedDependency[Desk],
) -> TransactionView:
    """One transaction, by our id."""
    return _view(await desk.records.transaction(desk.who, decoded(transaction)))


@get("/transactions/{transaction:str}/meter-values", guards=[needs("read")], tags=["Transactions"])
async def list_meter_values(
    transaction: FromPath[str],
    desk: NamedDependency[Desk],
    *,
    limit: Limit = 100,
    cursor: Cursor = None,
) -> MeterValuePage:
    """Every meter value of a transaction, the oldest first."""
    page = await desk.records.meter_values(desk.who, decoded(transaction), cursor=cursor_from(cursor), limit=limit)
    return MeterValuePage(items=[_reading(value) for value in page.items], next=cursor_for(page.next))
