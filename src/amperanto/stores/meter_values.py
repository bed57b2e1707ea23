"""Meter values: one row for each MeterValue, appended and never changed.

The key is whose readings they are (the transaction's, or the station's where nobody charges), their time and a digest
of what was read where, so that a report told twice is stored once without asking first. Figures are decimal text:
they print as the station said them.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from decimal import Decimal
from functools import cache
from hashlib import blake2b
from typing import Any

import msgspec
from sqlalchemy import BigInteger, bindparam, tuple_

from amperanto.domain.meter_values import (
    ENERGY_IMPORT_REGISTER,
    OUTLET,
    SAMPLE_PERIODIC,
    MeterValue,
    SampledValue,
    SignedValue,
)
from amperanto.domain.stations import EvseRef, OrganisationId, StationId
from amperanto.stores.columns import Timestamp, Words
from amperanto.stores.scope import owned
from amperanto.stores.statements import Row, Statement
from amperanto.stores.tables import meter_values
from amperanto.stores.work import PAGE, Page, Work, page_of, page_size

_c = meter_values.c
_ADD = Statement(lambda insert: insert(meter_values).on_conflict_do_nothing(), rank=40)


class Sample(msgspec.Struct, omit_defaults=True, gc=False):
    """A SampledValue as it is kept: what has its usual value is left out."""

    value: Decimal | None = None
    measurand: str = ENERGY_IMPORT_REGISTER
    context: str = SAMPLE_PERIODIC
    phase: str | None = None
    location: str = OUTLET
    unit: str = "Wh"
    multiplier: int = 0
    signed: SignedValue | None = None


_ENCODER = msgspec.json.Encoder()
_SAMPLES = msgspec.json.Decoder(list[Sample])


@cache
def _of_transaction(after: bool) -> Statement:
    chosen = owned(meter_values).where(_c.series == bindparam("transaction_id", type_=Words()))
    if after:
        place = tuple_(bindparam("after_at", type_=Timestamp()), bindparam("after_digest", type_=Words()))
        chosen = chosen.where(tuple_(_c.at, _c.digest) > place)
    return Statement(chosen.order_by(_c.at, _c.digest).limit(bindparam("limit", type_=BigInteger())))


class MeterValues:
    """The readings of all stations."""

    __slots__ = ("_work",)

    def __init__(self, work: Work) -> None:
        self._work = work

    def add(
        self,
        organisation: OrganisationId,
        station: StationId,
        values: Iterable[MeterValue],
        *,
        where: EvseRef | None = None,
        transaction: str | None = None,
    ) -> None:
        """Keep these readings, of a transaction (our id) or of a place.

        Those already kept stay as they are.
        """
        for value in values:
            samples = _ENCODER.encode([_sample(sample) for sample in value.samples])
            self._work.record(
                _ADD,
                {
                    "station": station,
                    "at": value.at,
                    "digest": _digest(samples, where, transaction),
                    "organisation": organisation,
                    "transaction_id": transaction,
                    "evse": None if where is None else where.evse,
                    "connector": None if where is None else where.connector,
                    "samples": samples.decode(),
                    "series": transaction or station,
                },
            )

    async def of_transaction(
        self, organisation: OrganisationId, transaction: str, *, cursor: str | None = None, limit: int = PAGE
    ) -> Page[MeterValue]:
        """A page of a transaction's readings, oldest first."""
        limit = page_size(limit)
        parameters: dict[str, Any] = {
            "organisation": organisation, "transaction_id": transaction, "limit": limit + 1,
        }  # fmt: skip
        if cursor is not None:
            at, _, digest = cursor.partition("~")
            parameters |= {"after_at": datetime.fromisoformat(at), "after_digest": digest}
        rows = await self._work.scan(_of_transaction(cursor is not None), parameters)
        page = page_of(rows, limit, lambda row: f"{row['at'].isoformat()}~{row['digest']}")
        return Page(tuple(_value(row) for row in page.items), page.next)


def _digest(samples: bytes, where: EvseRef | None, transaction: str | None) -> str:
    place = "" if where is None or transaction is not None else f"{where.evse},{where.connector}"
    return blake2b(samples + f"|{place}|{transaction}".encode(), digest_size=12).hexdigest()


def _sample(sample: SampledValue) -> Sample:
    return Sample(
        sample.value, sample.measurand, sample.context, sample.phase, sample.location, sample.unit,
        sample.multiplier, sample.signed,
    )  # fmt: skip


def _value(row: Row) -> MeterValue:
    samples = tuple(
        SampledValue(
            value=sample.value, measurand=sample.measurand, context=sample.context, phase=sample.phase,
            location=sample.location, unit=sample.unit, multiplier=sample.multiplier, signed=sample.signed,
        )
        for sample in _SAMPLES.decode(row["samples"])
    )  # fmt: skip
    return MeterValue(at=row["at"], samples=samples)
