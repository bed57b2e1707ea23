"""Public keys of meters, one for each EVSE of a station (EVSE 0: the one meter of all); rows ↔ `MeterKey`."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, bindparam

from amperanto.domain.stations import OrganisationId, StationId
from amperanto.stores.columns import Words
from amperanto.stores.scope import owned
from amperanto.stores.statements import Row, Statement, Upserting
from amperanto.stores.tables import meter_keys
from amperanto.stores.work import Work

_c = meter_keys.c


def _put(insert: Upserting) -> Any:
    putting = insert(meter_keys)
    told = {name: putting.excluded[name] for name in ("key", "changed_at", "changed_by")}
    return putting.on_conflict_do_update(index_elements=[_c.station, _c.evse], set_=told)


_PUT = Statement(_put, rank=230)
_OF = Statement(owned(meter_keys).where(_c.station == bindparam("station")).order_by(_c.evse))
_REMOVE = Statement(
    meter_keys.delete().where(
        _c.organisation == bindparam("organisation", type_=Words()),
        _c.station == bindparam("station", type_=Words()),
        _c.evse == bindparam("evse", type_=BigInteger()),
    ),
    rank=231,
    exact=True,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class MeterKey:
    """A meter's public key, as hex of its SubjectPublicKeyInfo, and who registered it."""

    organisation: OrganisationId
    station: StationId
    evse: int
    key: str
    changed_at: datetime
    changed_by: str


class MeterKeys:
    """The public keys of meters."""

    __slots__ = ("_work",)

    def __init__(self, work: Work) -> None:
        self._work = work

    async def of(self, organisation: OrganisationId, station: StationId) -> dict[int, MeterKey]:
        """The keys of a station's meters, by EVSE."""
        rows = await self._work.several(_OF, {"organisation": organisation, "station": station})
        return {row["evse"]: _key(row) for row in rows}

    def put(self, key: MeterKey) -> None:
        """Keep a key in place of the one before."""
        self._work.record(
            _PUT,
            {
                "organisation": key.organisation, "station": key.station, "evse": key.evse, "key": key.key,
                "changed_at": key.changed_at, "changed_by": key.changed_by,
            },
        )  # fmt: skip

    def remove(self, organisation: OrganisationId, station: StationId, evse: int) -> None:
        """Forget a key; ConflictError at the commit if there is none."""
        self._work.record(_REMOVE, {"organisation": organisation, "station": station, "evse": evse})


def _key(row: Row) -> MeterKey:
    return MeterKey(
        organisation=row["organisation"],
        station=row["station"],
        evse=row["evse"],
        key=row["key"],
        changed_at=row["changed_at"],
        changed_by=row["changed_by"],
    )
