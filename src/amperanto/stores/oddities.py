"""Oddities: rows ↔ `domain.oddities`. A row is one kind of thing one station does, and how often."""

from __future__ import annotations

from typing import Any

from sqlalchemy import bindparam

from amperanto.domain.oddities import Oddity, OddityCount, OddityKind
from amperanto.domain.stations import OrganisationId, StationId
from amperanto.stores.columns import Words
from amperanto.stores.scope import across, owned
from amperanto.stores.statements import Row, Statement, Upserting
from amperanto.stores.tables import oddities
from amperanto.stores.work import Work

_c = oddities.c
_KEY = (_c.station, _c.kind, _c.message, _c.direction, _c.place, _c.detail)


def _add(insert: Upserting) -> Any:
    adding = insert(oddities)
    more = {"count": _c.count + adding.excluded.count, "last_at": adding.excluded.last_at}
    return adding.on_conflict_do_update(index_elements=list(_KEY), set_=more)


_ADD = Statement(_add, rank=250)
_FORGET = Statement(oddities.delete().where(_c.station == bindparam("of_station", type_=Words())), rank=251)
_OF = Statement(
    owned(oddities).where(_c.station == bindparam("station")).order_by(_c.kind, _c.message, _c.place, _c.detail)
)
_KNOWN = Statement(
    across(oddities, because="the node counts for a station it knows by our id").where(
        _c.station == bindparam("station")
    )
)


class Oddities:
    """What stations do that the standard does not say."""

    __slots__ = ("_work",)

    def __init__(self, work: Work) -> None:
        self._work = work

    async def of(self, organisation: OrganisationId, station: StationId) -> list[OddityCount]:
        """Everything counted of a station."""
        return [
            _count(row) for row in await self._work.several(_OF, {"organisation": organisation, "station": station})
        ]

    async def known(self, station: StationId) -> set[Oddity]:
        """The kinds counted of a station so far; for the node itself."""
        return {_count(row).oddity for row in await self._work.several(_KNOWN, {"station": station})}

    def add(self, organisation: OrganisationId, station: StationId, told: OddityCount) -> None:
        """Count so many more of that kind."""
        oddity = told.oddity
        self._work.record(
            _ADD,
            {
                "station": station, "organisation": organisation, "kind": oddity.kind.value,
                "message": oddity.message, "direction": oddity.direction, "place": oddity.place,
                "detail": oddity.detail, "count": told.count, "first_at": told.first_at, "last_at": told.last_at,
            },
        )  # fmt: skip

    def forget(self, station: StationId) -> None:
        """The station was removed."""
        self._work.record(_FORGET, {"of_station": station})


def _count(row: Row) -> OddityCount:
    oddity = Oddity(OddityKind(row["kind"]), row["message"], row["direction"], row["place"], row["detail"])
    return OddityCount(oddity, row["count"], row["first_at"], row["last_at"])
