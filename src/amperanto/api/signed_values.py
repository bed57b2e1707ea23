"""Signed readings: what a calibrated meter proves of a transaction, and the keys of meters.

The XML is what transparency software reads (S.A.F.E. and others), so that a driver can check it without us.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Annotated

from litestar import Response, delete, get, put
from litestar.di import NamedDependency
from litestar.params import FromPath, JSONBody
from msgspec import Meta, Struct

from amperanto.api.access import needs
from amperanto.api.desk import Desk
from amperanto.api.parameters import decoded
from amperanto.api.problems import BadField
from amperanto.api.representation import PLAIN, Instant, figure
from amperanto.csms.signed_values import CheckedValue, MeterKey, Outcome
from amperanto.domain.errors import BadMeterKey
from amperanto.domain.signed_values import SignedReading, Verdict, format_of

XML = "application/xml"


class SignedReadingView(Struct, kw_only=True):
    """A reading inside a signed record."""

    at: Instant | None
    kind: Annotated[str, Meta(description="OCMF's word: B begin, E end, C charging, …")]
    energy_wh: Decimal | None
    obis: str
    status: Annotated[str, Meta(description="of the meter: G is good")]
    errors: str


class SignedValueView(Struct, kw_only=True):
    """A signed record as it came, and what it is worth."""

    at: Instant
    context: str
    format: str
    data: Annotated[str, Meta(description="byte for byte as the meter signed it")]
    verdict: Verdict
    words: Annotated[str, Meta(description="why, in a sentence")]
    meter: str
    pagination: str
    algorithm: str
    key: Annotated[str | None, Meta(description="the public key it was checked with, hex of its ASN.1")]
    readings: list[SignedReadingView]


class SignedTransactionView(Struct, kw_only=True):
    """What a transaction's meter proves."""

    transaction: str
    outcome: Outcome
    words: str
    signed_wh: Annotated[Decimal | None, Meta(description="the energy between signed begin and end, Wh")]
    counted_wh: Annotated[Decimal | None, Meta(description="the energy we count, Wh")]
    values: list[SignedValueView]


class MeterKeyView(Struct, kw_only=True):
    """The public key of a meter."""

    evse: Annotated[int, Meta(description="0: the station has one meter")]
    key: Annotated[str, Meta(description="hex of its ASN.1 SubjectPublicKeyInfo")]
    changed_at: Instant
    changed_by: str


class MeterKeyPage(Struct, kw_only=True):
    """The keys of a station's meters."""

    items: list[MeterKeyView]
    next: None = None


class GivenMeterKey(Struct, kw_only=True, forbid_unknown_fields=True):
    """A key as it stands on the meter's label: hex or base64 of its ASN.1."""

    key: Annotated[str, Meta(min_length=1, max_length=5000, pattern=PLAIN)]


Evse = Annotated[int, Meta(ge=0, le=2_147_483_647)]


@get("/transactions/{transaction:str}/signed-values", guards=[needs("read")], tags=["Transactions"])
async def get_signed_values(transaction: FromPath[str], desk: NamedDependency[Desk]) -> SignedTransactionView:
    """The signed readings of a transaction, checked now."""
    found = await desk.csms.signed_values.of(desk.who, decoded(transaction))
    return SignedTransactionView(
        transaction=found.transaction.id,
        outcome=found.outcome,
        words=found.words,
        signed_wh=figure(found.signed),
        counted_wh=figure(found.counted),
        values=[_value(one) for one in found.values],
    )


@get("/transactions/{transaction:str}/signed-values.xml", guards=[needs("read")], tags=["Transactions"], media_type=XML)
async def export_signed_values(transaction: FromPath[str], desk: NamedDependency[Desk]) -> Response[bytes]:
    """The signed readings of a transaction for transparency software (XML)."""
    return Response(await desk.csms.signed_values.export(desk.who, decoded(transaction)), media_type=XML)


@get("/stations/{station:str}/meter-keys", guards=[needs("read")], tags=["Stations"])
async def list_meter_keys(station: FromPath[str], desk: NamedDependency[Desk]) -> MeterKeyPage:
    """The public keys registered for a station's meters."""
    known = await desk.registry.station(desk.who, decoded(station))
    keys = await desk.csms.signed_values.keys(desk.who, known.id)
    return MeterKeyPage(items=[_key(one) for one in keys.values()])


@put("/stations/{station:str}/meter-keys/{evse:int}", guards=[needs("operate")], tags=["Stations"])
async def register_meter_key(
    station: FromPath[str], evse: FromPath[Evse], data: JSONBody[GivenMeterKey], desk: NamedDependency[Desk]
) -> MeterKeyView:
    """Register the public key of an EVSE's meter; EVSE 0 is the station's one meter."""
    known = await desk.registry.station(desk.who, decoded(station))
    try:
        return _key(await desk.csms.signed_values.register(desk.who, known, evse, data.key))
    except BadMeterKey as error:
        raise BadField("key", str(error)) from error


@delete("/stations/{station:str}/meter-keys/{evse:int}", guards=[needs("operate")], tags=["Stations"])
async def withdraw_meter_key(station: FromPath[str], evse: FromPath[Evse], desk: NamedDependency[Desk]) -> None:
    """Forget the public key of an EVSE's meter."""
    known = await desk.registry.station(desk.who, decoded(station))
    await desk.csms.signed_values.withdraw(desk.who, known, evse)


def _key(one: MeterKey) -> MeterKeyView:
    return MeterKeyView(evse=one.evse, key=one.key, changed_at=one.changed_at, changed_by=one.changed_by)


def _value(one: CheckedValue) -> SignedValueView:
    record = one.checked.record
    return SignedValueView(
        at=one.at,
        context=one.context,
        format=format_of(one.signed),
        data=one.signed.data,
        verdict=one.checked.verdict,
        words=one.checked.words,
        meter="" if record is None else record.meter,
        pagination="" if record is None else record.pagination,
        algorithm="" if record is None else record.algorithm,
        key=one.checked.key or None,
        readings=[] if record is None else [_reading(reading) for reading in record.readings],
    )


def _reading(one: SignedReading) -> SignedReadingView:
    return SignedReadingView(
        at=one.at, kind=one.kind, energy_wh=figure(one.energy), obis=one.obis, status=one.status, errors=one.errors
    )
