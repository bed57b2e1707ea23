"""Sites: rows ↔ `domain.sites.Site`. A name is unique in its organisation, compared without case."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from sqlalchemy import BigInteger, bindparam, update

from amperanto.domain.sites import Site, SiteId
from amperanto.domain.stations import OrganisationId, UnknownTokens
from amperanto.stores.columns import Words
from amperanto.stores.scope import across, owned
from amperanto.stores.statements import Row, Statement
from amperanto.stores.tables import sites
from amperanto.stores.work import PAGE, Page, Work, page_of, page_size

_c = sites.c
_BY_ID = Statement(across(sites, because="our id names one site of one owner").where(_c.id == bindparam("id")))
_GET = Statement(owned(sites).where(_c.id == bindparam("id")))
_BY_NAME = Statement(owned(sites).where(_c.name_key == bindparam("name_key")))
_ADD = Statement(sites.insert(), rank=8)
_KEYS = (_c.id == bindparam("key_id"), _c.revision == bindparam("key_revision", type_=BigInteger()))
_SAVE = Statement(
    update(sites).where(*_KEYS),
    rank=9,
    exact=True,
    columns=["name", "name_key", "time_zone", "revision", "unknown_tokens"],
)
_REMOVE = Statement(sites.delete().where(*_KEYS), rank=14, exact=True)
_LIST = Statement(
    owned(sites)
    .where(_c.name_key > bindparam("after", type_=Words()))
    .order_by(_c.name_key)
    .limit(bindparam("limit", type_=BigInteger()))
)


class Sites:
    """Where stations stand."""

    __slots__ = ("_work",)

    def __init__(self, work: Work) -> None:
        self._work = work

    async def by_id(self, site: str) -> Site | None:
        """The site of our id (cached where no other node writes); for the node itself, not for a person."""
        if self._work.shared:  # another node may change it at any time
            return await self._read(_BY_ID, id=site)
        return await self._work.cached(self._work.caches.sites, SiteId(site), lambda: self._read(_BY_ID, id=site))

    async def get(self, organisation: OrganisationId, site: str) -> Site | None:
        """The organisation's site of that id."""
        return await self._read(_GET, organisation=organisation, id=site)

    async def by_name(self, organisation: OrganisationId, name: str) -> Site | None:
        """The organisation's site of that name."""
        return await self._read(_BY_NAME, organisation=organisation, name_key=name.casefold())

    async def list(self, organisation: OrganisationId, *, cursor: str | None = None, limit: int = PAGE) -> Page[Site]:
        """A page of sites, by name."""
        limit = page_size(limit)
        rows = await self._work.scan(_LIST, {"organisation": organisation, "after": cursor or "", "limit": limit + 1})
        return page_of([_site(row) for row in rows], limit, lambda site: site.name.casefold())

    def add(self, site: Site) -> None:
        """Keep a new site; a name the organisation has already is a ConflictError at the commit."""
        self._work.record(_ADD, {**_row(site), "id": site.id, "created_at": site.created_at or self._work.now()})
        self._work.exchange(self._work.caches.sites, site.id, None)

    def save(self, site: Site) -> Site:
        """Change a site that was read with this revision; returns it as it will stand."""
        saved = replace(site, revision=site.revision + 1)
        self._work.record(_SAVE, {**_row(saved), "key_id": site.id, "key_revision": site.revision})
        self._work.exchange(self._work.caches.sites, site.id, saved)
        return saved

    def remove(self, site: Site) -> None:
        """Forget a site."""
        self._work.record(_REMOVE, {"key_id": site.id, "key_revision": site.revision})
        self._work.exchange(self._work.caches.sites, site.id, None)

    async def _read(self, statement: Statement, **parameters: Any) -> Site | None:
        row = await self._work.one(statement, parameters)
        return None if row is None else _site(row)


def _row(site: Site) -> dict[str, Any]:
    return {
        "organisation": site.organisation,
        "name": site.name,
        "name_key": site.name.casefold(),
        "time_zone": site.time_zone,
        "revision": site.revision,
        "unknown_tokens": site.unknown_tokens,
    }


def _site(row: Row) -> Site:
    return Site(
        id=row["id"],
        organisation=row["organisation"],
        name=row["name"],
        time_zone=row["time_zone"],
        created_at=row["created_at"],
        revision=row["revision"],
        unknown_tokens=None if row["unknown_tokens"] is None else UnknownTokens(row["unknown_tokens"]),
    )
