"""Groups of tokens: rows ↔ `domain.tokens.TokenGroup`, by name without case.

A group exists as soon as a token names it; a row says what holds for it. One without a row has no rules of its own, and
that is cached, too: the common token of a group costs no read.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import BigInteger, bindparam

from amperanto.domain.stations import OrganisationId
from amperanto.domain.tokens import AuthorizationStatus, TokenGroup
from amperanto.stores.columns import Words
from amperanto.stores.scope import owned
from amperanto.stores.statements import Row, Statement, Upserting
from amperanto.stores.tables import token_groups
from amperanto.stores.tokens import as_json, places_of, schedule_of
from amperanto.stores.work import PAGE, Page, Work, page_of, page_size

_c = token_groups.c


def _put(insert: Upserting) -> Any:
    inserted = insert(token_groups)
    told: dict[str, Any] = {
        column.key: inserted.excluded[column.key]
        for column in _c
        if column.key not in ("organisation", "name_key", "revision")
    }
    told["revision"] = _c.revision + 1
    return inserted.on_conflict_do_update(index_elements=[_c.organisation, _c.name_key], set_=told)


_PUT = Statement(_put, rank=24)
_GET = Statement(owned(token_groups).where(_c.name_key == bindparam("name_key", type_=Words())))
_LIST = Statement(
    owned(token_groups)
    .where(_c.name_key > bindparam("after", type_=Words()))
    .order_by(_c.name_key)
    .limit(bindparam("limit", type_=BigInteger()))
)
_REMOVE = Statement(
    token_groups.delete().where(
        _c.organisation == bindparam("organisation"), _c.name_key == bindparam("name_key", type_=Words())
    ),
    rank=24,
    exact=True,
)


class TokenGroups:
    """What holds for groups of tokens."""

    __slots__ = ("_work",)

    def __init__(self, work: Work) -> None:
        self._work = work

    async def of(self, organisation: OrganisationId, name: str) -> TokenGroup:
        """What holds for the group of that name (cached where no other node writes)."""
        key = name.casefold()

        async def read() -> TokenGroup:
            return await self.get(organisation, name) or TokenGroup(organisation=organisation, name=name)

        if self._work.shared:
            return await read()
        found = await self._work.cached(self._work.caches.groups, (organisation, key), read)
        return found or TokenGroup(organisation=organisation, name=name)

    async def get(self, organisation: OrganisationId, name: str) -> TokenGroup | None:
        """The organisation's group of that name, if something was said of it."""
        row = await self._work.one(_GET, {"organisation": organisation, "name_key": name.casefold()})
        return None if row is None else _group(row)

    async def list(
        self, organisation: OrganisationId, *, cursor: str | None = None, limit: int = PAGE
    ) -> Page[TokenGroup]:
        """A page of groups, by name."""
        limit = page_size(limit)
        rows = await self._work.scan(_LIST, {"organisation": organisation, "after": cursor or "", "limit": limit + 1})
        return page_of([_group(row) for row in rows], limit, lambda group: group.key)

    def put(self, group: TokenGroup) -> None:
        """Keep what holds for a group from now on."""
        self._work.record(
            _PUT,
            {
                "organisation": group.organisation,
                "name_key": group.key,
                "name": group.name,
                "status": group.status,
                "expires_at": group.expires_at,
                "schedule": as_json(group.schedule),
                "places": as_json(group.places),
                "master_pass": group.master_pass,
                "note": group.note,
                "revision": group.revision,
            },
        )
        self._work.exchange(self._work.caches.groups, (group.organisation, group.key), None)

    def remove(self, group: TokenGroup) -> None:
        """Let nothing hold for it."""
        self._work.record(_REMOVE, {"organisation": group.organisation, "name_key": group.key})
        self._work.exchange(self._work.caches.groups, (group.organisation, group.key), None)


def _group(row: Row) -> TokenGroup:
    return TokenGroup(
        organisation=row["organisation"],
        name=row["name"],
        status=AuthorizationStatus(row["status"]),
        expires_at=row["expires_at"],
        schedule=schedule_of(row["schedule"]),
        places=places_of(row["places"]),
        master_pass=row["master_pass"],
        note=row["note"],
        revision=row["revision"],
    )
