"""Transactions: what was charged, to the watt-hour, and every meter value of it; what is doubtful about it, too.

`id` is ours, `reference` the station's, `number` the transaction id of OCPP 1.6. Energy is exact: the
digits the meter told.
"""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import Annotated

from litestar import get, put
from litestar.di import NamedDependency
from litestar.params import FromPath, JSONBody, QueryParameter
from litestar.response import Stream
from msgspec import Meta, Struct

from amperanto.api.access import needs
from amperanto.api.desk import Desk
from amperanto.api.export import Form, streamed
from amperanto.api.parameters import decoded
from amperanto.api.representation import Cursor, Instant, Limit, amount, cursor_for, cursor_from, figure, instant
from amperanto.csms.records import Charge, Issued, Sought
from amperanto.domain.charge_records import RecordKind
from amperanto.domain.events import HIDDEN
from amperanto.domain.findings import Doubt, Finding, Ruling, Verdict
from amperanto.domain.limits import TransactionLimit
from amperanto.domain.meter_values import MeterValue, SampledValue
from amperanto.domain.quantities import WattHours
from amperanto.domain.stations import ChargingState
from amperanto.domain.tokens import AuthorizationStatus
from amperanto.domain.transactions import Completeness, Limits, Transaction, TransactionState


class TokenSeen(Struct, kw_only=True):
    """The token as it was presented."""

    uid: str
    type: str


class FindingView(Struct, kw_only=True):
    """Something that cannot be true, or a remark; `evidence` are the figures it rests on."""

    kind: Doubt
    words: str
    evidence: dict[str, str]
    proposed_wh: Annotated[Decimal | None, Meta(description="the energy that would be right, where one follows")]
    holds: Annotated[bool, Meta(description="a person must decide before it is billed")]


class ClocksView(Struct, kw_only=True):
    """Both clocks: when the station says it was, when we heard of it, and which times are billed."""

    started_at: Instant | None
    started_heard_at: Instant | None
    ended_at: Instant | None
    ended_heard_at: Instant | None
    skew_seconds: Annotated[int, Meta(description="by how much the station's clock is to be moved; 0: no fault")]
    billed_started_at: Instant | None
    billed_ended_at: Instant | None
    rule: Annotated[str, Meta(description="whose times are billed")]


class VerdictView(Struct, kw_only=True):
    """What a person decided about it."""

    ruling: Ruling
    reason: str
    by: str
    at: Instant
    energy_wh: Decimal | None


class LimitView(Struct, kw_only=True):
    """What a transaction may use at most (OCPP 2.1); null: not limited."""

    cost: Decimal | None
    energy_wh: Decimal | None
    seconds: Annotated[int | None, Meta(description="since its start")]
    state_of_charge: Annotated[int | None, Meta(description="percent")]
    confirmed: Annotated[bool, Meta(description="the station keeps to it")]


class NewLimit(Struct, kw_only=True, forbid_unknown_fields=True):
    """What it may use at most. A limit is never lifted: say a higher one."""

    cost: Annotated[Decimal | None, Meta(description="in the currency of its tariff")] = None
    energy_wh: Decimal | None = None
    seconds: Annotated[int, Meta(ge=0, le=2**31 - 1)] | None = None
    state_of_charge: Annotated[int, Meta(ge=0, le=100)] | None = None


class RecordHead(Struct, kw_only=True):
    """A charge record in short; `/charge-records/{id}` explains it line by line."""

    id: str
    number: int
    kind: RecordKind
    gross: Annotated[Decimal | None, Meta(description="null where no tariff held: that is not free")]
    currency: str | None


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
    lost: Annotated[bool, Meta(description="the missing reports will never come: the station has none in its queue")]
    provisional: Annotated[bool, Meta(description="its end is concluded, not told; a late report replaces it")]
    closed_because: Annotated[str | None, Meta(description="what a provisional end is concluded from")]
    closed_since: Annotated[Instant | None, Meta(description="when that was")]
    clocks: ClocksView
    findings: list[FindingView]
    held: Annotated[bool, Meta(description="a person must decide before it is billed; see `review`")]
    review: Annotated[str | None, Meta(description="the review that waits for the decision")]
    verdict: VerdictView | None
    billable: bool
    billed_energy_wh: Annotated[Decimal | None, Meta(description="what is billed: as decided, else as counted")]
    phases: Annotated[int | None, Meta(description="how many are in use")]
    seconds_charging: Annotated[int | None, Meta(description="how long energy flowed, as the station counts")]
    limit: LimitView | None
    record: Annotated[RecordHead | None, Meta(description="the last charge record of it: what it is billed by")]
    signed_values: Annotated[str, Meta(description="where its signed readings are, checked when you ask")]


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


def _clocks(transaction: Transaction) -> ClocksView:
    clock, bill = transaction.clock, transaction.billed
    heard = clock.started_heard or transaction.received_at
    return ClocksView(
        started_at=transaction.started_at,
        started_heard_at=None if transaction.started_at is None else heard,
        ended_at=transaction.over_at,
        ended_heard_at=clock.ended_heard,
        skew_seconds=clock.skew,
        billed_started_at=bill.started_at,
        billed_ended_at=bill.ended_at,
        rule=bill.rule,
    )


def finding_view(finding: Finding) -> FindingView:
    """A finding, for a reader."""
    return FindingView(
        kind=finding.kind,
        words=finding.words,
        evidence=dict(finding.evidence),
        proposed_wh=figure(finding.proposed),
        holds=finding.holds,
    )


def _verdict(verdict: Verdict | None) -> VerdictView | None:
    if verdict is None:
        return None
    return VerdictView(
        ruling=verdict.ruling, reason=verdict.reason, by=verdict.by, at=verdict.at, energy_wh=figure(verdict.energy)
    )


def _limit(limits: Limits) -> LimitView | None:
    limit = limits.wanted or limits.told
    if limit is None:
        return None
    return LimitView(
        cost=figure(limit.cost),
        energy_wh=figure(limit.energy),
        seconds=limit.seconds,
        state_of_charge=limit.state_of_charge,
        confirmed=limits.told == limit,
    )


def _record(issued: Issued | None) -> RecordHead | None:
    if issued is None:
        return None
    return RecordHead(
        id=issued.id, number=issued.number, kind=issued.kind, gross=figure(issued.gross), currency=issued.currency
    )


def _view(charge: Charge) -> TransactionView:
    transaction = charge.what
    where, token, outcome = transaction.where, transaction.token, transaction.authorization
    return TransactionView(
        id=transaction.id,
        reference=transaction.reference,
        number=transaction.number,
        station=charge.identity,
        station_id=transaction.station,
        state=transaction.state,
        evse=None if where is None else where.evse,
        connector=None if where is None else where.connector,
        token=None if token is None else TokenSeen(uid=HIDDEN if token.secret else token.uid, type=token.type),
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
        lost=transaction.lost,
        provisional=transaction.provisional,
        closed_because=None if transaction.loose.closing is None else transaction.loose.closing.why,
        closed_since=None if transaction.loose.closing is None else transaction.loose.closing.since,
        clocks=_clocks(transaction),
        findings=[finding_view(one) for one in transaction.judgement.findings],
        held=transaction.held,
        review=transaction.judgement.review,
        verdict=_verdict(transaction.judgement.verdict),
        billable=transaction.billable,
        billed_energy_wh=None if transaction.void else figure(transaction.billed_energy),
        phases=transaction.usage.phases,
        seconds_charging=transaction.usage.seconds_charging,
        limit=_limit(transaction.limits),
        record=_record(charge.record),
        signed_values=f"/api/v1/transactions/{transaction.id}/signed-values",
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


StationName = Annotated[str | None, QueryParameter(description="a station's identity or id")]
StateSought = Annotated[TransactionState | None, QueryParameter(name="state", description="only those in this state")]
EvseSought = Annotated[int | None, QueryParameter(ge=0, le=2_147_483_647, description="only those at this EVSE")]
TokenSought = Annotated[str | None, QueryParameter(max_length=255, description="only those of this token's uid")]
HeldSought = Annotated[bool | None, QueryParameter(description="true: only those that wait for a person's decision")]
Since = Annotated[datetime | None, QueryParameter(name="from", description="started at or after")]
Until = Annotated[datetime | None, QueryParameter(name="to", description="started before")]


@get("/transactions", guards=[needs("read")], tags=["Transactions"])
async def list_transactions(  # noqa: PLR0913 - a parameter for each thing to look for
    desk: NamedDependency[Desk],
    *,
    limit: Limit = 100,
    cursor: Cursor = None,
    station: StationName = None,
    in_state: StateSought = None,
    evse: EvseSought = None,
    token: TokenSought = None,
    held: HeldSought = None,
    since: Since = None,
    until: Until = None,
) -> TransactionPage:
    """The transactions of your organisation, the newest first; with `from` or `to`, the latest started first."""
    sought = await _sought(desk, (station, in_state, evse, token, held), (since, until))
    page = await desk.records.transactions(desk.who, cursor=cursor_from(cursor), limit=limit, **sought)
    return TransactionPage(items=[_view(one) for one in page.items], next=cursor_for(page.next))


@get("/transactions/export", guards=[needs("read")], tags=["Transactions"], media_type="text/csv")
async def export_transactions(  # noqa: PLR0913 - a parameter for each thing to look for
    desk: NamedDependency[Desk],
    *,
    form: Annotated[Form, QueryParameter(name="format", description="csv, or jsonl: a JSON object a line")] = Form.CSV,
    station: StationName = None,
    in_state: StateSought = None,
    evse: EvseSought = None,
    token: TokenSought = None,
    held: HeldSought = None,
    since: Since = None,
    until: Until = None,
) -> Stream:
    """All the transactions that the list would give page after page, as one file; streamed, however many they are."""
    sought = await _sought(desk, (station, in_state, evse, token, held), (since, until))
    rows = (_view(one) async for one in desk.records.every_transaction(desk.who, **sought))
    return streamed(rows, TransactionView, form, "transactions")


async def _sought(
    desk: Desk,
    named: tuple[str | None, TransactionState | None, int | None, str | None, bool | None],
    time: tuple[datetime | None, datetime | None],
) -> Sought:
    station, state, evse, token, held = named
    return Sought(
        station=None if station is None else (await desk.registry.station(desk.who, station)).id,
        state=state,
        evse=evse,
        token=token,
        held=held,
        started_from=instant(time[0], "from"),
        started_to=instant(time[1], "to"),
    )


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


@put("/transactions/{transaction:str}/limit", guards=[needs("operate")], tags=["Transactions"])
async def limit_transaction(
    transaction: FromPath[str],
    data: JSONBody[NewLimit],
    desk: NamedDependency[Desk],
) -> TransactionView:
    """Limit a running transaction (OCPP 2.1): it is told to the station in the answer to its next report.

    409 `limit_not_supported` for what its TxCtrlr.SupportedLimits does not name; `transaction_over`.
    """
    energy = amount(data.energy_wh, "energy_wh")
    limit = TransactionLimit(
        cost=amount(data.cost, "cost"),
        energy=None if energy is None else WattHours(energy),
        seconds=data.seconds,
        state_of_charge=data.state_of_charge,
    )
    limited = await desk.csms.limits.want(desk.who, decoded(transaction), limit)
    return _view(await desk.records.transaction(desk.who, limited.id))
