"""The device model of every station: rows ↔ `domain.device_model`.

One row an attribute holds what is known now; a change of a value is kept beside it, the latest thousand of a station.
A row is always written whole: who writes has read what was known before.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Any

import msgspec
from sqlalchemy import BigInteger, bindparam

from amperanto.domain.device_model import Attribute, Characteristics, KnownVariable, Mutability, VariableRef
from amperanto.domain.stations import EvseRef, OrganisationId, StationId
from amperanto.stores.columns import Timestamp, Words
from amperanto.stores.scope import across, owned
from amperanto.stores.statements import Listed, Row, Statement, Upserting, listed
from amperanto.stores.tables import device_changes, device_variables
from amperanto.stores.work import PAGE, Page, Work, page_of, page_size

KEPT_CHANGES = 1000
_c, _h = device_variables.c, device_changes.c
_CHARACTERISTICS = msgspec.json.Decoder(Characteristics)


def _put(insert: Upserting) -> Any:
    inserted = insert(device_variables)
    keys = ("station", "variable_key")
    told = {column.key: inserted.excluded[column.key] for column in _c if column.key not in keys}
    return inserted.on_conflict_do_update(index_elements=[_c.station, _c.variable_key], set_=told)


_PUT = Statement(_put, rank=200)
_FORGET = Statement(
    device_variables.delete().where(
        _c.organisation == bindparam("organisation"),
        _c.station == bindparam("station"),
        _c.seen_at < bindparam("before", type_=Timestamp()),
    ),
    rank=201,
)
_ADD_CHANGE = Statement(device_changes.insert(), rank=202)
_OVERFLOW = Statement(
    device_changes.delete().where(
        _h.station == bindparam("of_station", type_=Words()),
        _h.id.in_(
            across(device_changes, _h.id, because="the node acts for a station it knows by our id")
            .where(_h.station == bindparam("of_station", type_=Words()))
            .order_by(_h.id.desc())
            .limit(KEPT_CHANGES)
            .offset(KEPT_CHANGES)
        ),
    ),
    rank=203,
)
_THESE = Statement(
    across(device_variables, because="the node acts for a station it knows by our id").where(
        _c.station == bindparam("station"), Listed(_c.variable_key, "keys")
    )
)
_CHANGES = Statement(
    owned(device_changes)
    .where(_h.station == bindparam("station"), _h.id < bindparam("before", type_=Words()))
    .order_by(_h.id.desc())
    .limit(bindparam("limit", type_=BigInteger()))
)


@dataclass(frozen=True, slots=True, kw_only=True)
class VariableChange:
    """A value that was another before; neither of a secret."""

    id: str
    organisation: OrganisationId
    station: StationId
    at: datetime
    variable: str
    attribute: str
    before: str | None
    after: str | None
    source: str
    by: str | None


@cache
def _list(filters: frozenset[str]) -> Statement:
    chosen = owned(device_variables).where(_c.station == bindparam("station"))
    if "contains" in filters:
        chosen = chosen.where(_c.variable_key.like(bindparam("contains", type_=Words()), escape="!"))
    if "after" in filters:
        chosen = chosen.where(_c.variable_key > bindparam("after", type_=Words()))
    return Statement(chosen.order_by(_c.variable_key).limit(bindparam("limit", type_=BigInteger())))


class DeviceModels:
    """The variables of all stations, and their latest changes."""

    __slots__ = ("_work",)

    def __init__(self, work: Work) -> None:
        self._work = work

    async def these(self, station: StationId, keys: Sequence[str]) -> dict[str, KnownVariable]:
        """Those of the attributes that are known, by key."""
        rows = await self._work.several(_THESE, {"station": station, "keys": listed(keys)})
        return {row["variable_key"]: _known(row) for row in rows}

    async def list(
        self,
        organisation: OrganisationId,
        station: StationId,
        *,
        contains: str | None = None,
        cursor: str | None = None,
        limit: int = PAGE,
    ) -> Page[KnownVariable]:
        """A page of what is known of a station, by name; `contains` are parts of a name between dots, case aside."""
        limit = page_size(limit)
        pattern = None if contains is None else f"%{_literal(contains.casefold()).replace('.', '%')}%"
        wanted = {name: one for name, one in {"contains": pattern, "after": cursor}.items() if one is not None}
        rows = await self._work.scan(
            _list(frozenset(wanted)),
            {**wanted, "organisation": organisation, "station": station, "limit": limit + 1},
        )
        return page_of([_known(row) for row in rows], limit, lambda one: one.key)

    async def changes(
        self, organisation: OrganisationId, station: StationId, *, cursor: str | None = None, limit: int = PAGE
    ) -> Page[VariableChange]:
        """A page of the values that changed, the latest first."""
        limit = page_size(limit)
        rows = await self._work.scan(
            _CHANGES,
            {"organisation": organisation, "station": station, "before": cursor or "\uffff", "limit": limit + 1},
        )
        return page_of([_change(row) for row in rows], limit, lambda one: one.id)

    def put(self, known: Iterable[KnownVariable]) -> None:
        """Keep what is known now."""
        for one in known:
            self._work.record(_PUT, _row(one))

    def forget_unseen(self, organisation: OrganisationId, station: StationId, before: datetime) -> None:
        """Forget what the station no longer has: nothing told of it since then."""
        self._work.record(_FORGET, {"organisation": organisation, "station": station, "before": before})

    def note(self, change: VariableChange) -> None:
        """Keep a change; the oldest beyond a thousand go."""
        self._work.record(
            _ADD_CHANGE,
            {
                "id": change.id, "organisation": change.organisation, "station": change.station, "at": change.at,
                "variable": change.variable, "attribute": change.attribute, "before": change.before,
                "after": change.after, "source": change.source, "told_by": change.by,
            },
        )  # fmt: skip

    def trim(self, station: StationId) -> None:
        """Forget the oldest changes of a station that has very many."""
        self._work.record(_OVERFLOW, {"of_station": station})


def _literal(part: str) -> str:
    return part.replace("!", "!!").replace("%", "!%").replace("_", "!_")


def _row(known: KnownVariable) -> dict[str, Any]:
    ref, told, where = known.ref, known.attribute, known.ref.where
    return {
        "station": known.station,
        "variable_key": known.key,
        "organisation": known.organisation,
        "component": ref.component,
        "component_instance": ref.component_instance,
        "evse": None if where is None else where.evse,
        "connector": None if where is None else where.connector,
        "variable": ref.variable,
        "variable_instance": ref.variable_instance,
        "attribute": told.kind,
        "value": told.value,
        "mutability": told.mutability,
        "persistent": told.persistent,
        "constant": told.constant,
        "characteristics": None
        if known.characteristics is None
        else msgspec.json.encode(known.characteristics).decode(),
        "seen_at": known.seen_at,
        "source": known.source,
        "told_by": known.by,
        "pending": known.pending,
        "reboot_since": known.reboot_since,
    }


def _known(row: Row) -> KnownVariable:
    where = None if row["evse"] is None else EvseRef(row["evse"], row["connector"])
    return KnownVariable(
        station=row["station"],
        organisation=row["organisation"],
        ref=VariableRef(row["component"], row["variable"], row["component_instance"], row["variable_instance"], where),
        attribute=Attribute(
            kind=row["attribute"],
            value=row["value"],
            mutability=Mutability(row["mutability"]),
            persistent=row["persistent"],
            constant=row["constant"],
        ),
        characteristics=None if row["characteristics"] is None else _CHARACTERISTICS.decode(row["characteristics"]),
        seen_at=row["seen_at"],
        source=row["source"],
        by=row["told_by"],
        pending=row["pending"],
        reboot_since=row["reboot_since"],
    )


def _change(row: Row) -> VariableChange:
    return VariableChange(
        id=row["id"],
        organisation=row["organisation"],
        station=row["station"],
        at=row["at"],
        variable=row["variable"],
        attribute=row["attribute"],
        before=row["before"],
        after=row["after"],
        source=row["source"],
        by=row["told_by"],
    )
