"""A page of what an organisation has at its stations, the newest first: what every such list of the API asks.

For tables with the columns id, organisation, station and state, whose ids sort by the time they were given.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any, TypeVar

from sqlalchemy import BigInteger, Table, bindparam

from amperanto.domain.stations import OrganisationId, StationId
from amperanto.stores.scope import owned
from amperanto.stores.statements import Row, Statement
from amperanto.stores.work import Page, Work, page_of, page_size

T = TypeVar("T")


@cache
def _newest(table: Table, filters: frozenset[str]) -> Statement:
    chosen = owned(table)
    for name in sorted(filters & {"station", "state"}):
        chosen = chosen.where(table.c[name] == bindparam(name))
    if "before" in filters:
        chosen = chosen.where(table.c.id < bindparam("before"))
    return Statement(chosen.order_by(table.c.id.desc()).limit(bindparam("limit", type_=BigInteger())))


async def newest_at_stations(
    work: Work,
    table: Table,
    read: Callable[[Row], T],
    organisation: OrganisationId,
    *,
    station: StationId | None,
    state: str | None,
    cursor: str | None,
    limit: int,
) -> Page[T]:
    """At most `limit` items of the organisation, each read from its row; the cursor is the id of the last one."""
    limit = page_size(limit)
    filters: dict[str, Any] = {"station": station, "state": state, "before": cursor}
    filters = {name: value for name, value in filters.items() if value is not None}
    statement = _newest(table, frozenset(filters))
    rows = await work.scan(statement, {**filters, "organisation": organisation, "limit": limit + 1})
    page = page_of(rows, limit, lambda row: row["id"])
    return Page(tuple(read(row) for row in page.items), page.next)
