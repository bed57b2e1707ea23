"""Tariffs and for whom they hold: rows ↔ `domain.tariff_assignments`.

Versions are added, never changed. What is assigned in an organisation, each with its versions, is one cached
book, so that a charge starts without asking the database (where no other node writes to it).
"""

from __future__ import annotations

from typing import Any

import msgspec
from sqlalchemy import BigInteger, bindparam

from amperanto.domain.stations import OrganisationId
from amperanto.domain.tariff_assignments import Assignment, Scope, TariffBook, TariffVersion
from amperanto.domain.tariffs import Tariff
from amperanto.stores.columns import Words
from amperanto.stores.scope import owned
from amperanto.stores.statements import Row, Statement, Upserting
from amperanto.stores.tables import charge_facts, tariff_assignments, tariffs
from amperanto.stores.work import PAGE, Page, Work, page_of, page_size

_t, _a, _f = tariffs.c, tariff_assignments.c, charge_facts.c
_TARIFF = msgspec.json.Decoder(Tariff)
_ADD = Statement(tariffs.insert(), rank=210)
_REMOVE = Statement(
    tariffs.delete().where(
        _t.organisation == bindparam("of_organisation", type_=Words()), _t.name == bindparam("of_name", type_=Words())
    ),
    rank=211,
)


def _put(insert: Upserting) -> Any:
    putting = insert(tariff_assignments)
    told = {name: putting.excluded[name] for name in ("tariff", "created_at", "created_by")}
    return putting.on_conflict_do_update(index_elements=[_a.organisation, _a.scope, _a.subject], set_=told)


_ASSIGN = Statement(_put, rank=212)
_UNASSIGN = Statement(
    tariff_assignments.delete().where(
        _a.organisation == bindparam("of_organisation", type_=Words()),
        _a.scope == bindparam("of_scope", type_=Words()),
        _a.subject == bindparam("of_subject", type_=Words()),
    ),
    rank=213,
    exact=True,
)
_VERSIONS = Statement(owned(tariffs).where(_t.name == bindparam("name")).order_by(_t.number.desc()))
_VERSION = Statement(owned(tariffs).where(_t.name == bindparam("name"), _t.number == bindparam("number")))
_LIST = Statement(
    owned(tariffs)
    .where(_t.name > bindparam("after", type_=Words()))
    .order_by(_t.name, _t.number.desc())
    .limit(bindparam("limit", type_=BigInteger()))
)
_ASSIGNMENTS = Statement(owned(tariff_assignments).order_by(_a.scope, _a.subject))
_ASSIGNED = Statement(owned(tariff_assignments).where(_a.tariff == bindparam("tariff")).limit(1))
_USED = Statement(owned(charge_facts).where(_f.tariff == bindparam("tariff")).limit(1))
_MOST_VERSIONS = 50


class Tariffs:
    """The tariffs of all organisations."""

    __slots__ = ("_work",)

    def __init__(self, work: Work) -> None:
        self._work = work

    async def book(self, organisation: OrganisationId) -> TariffBook:
        """What holds in an organisation (cached where no other node writes)."""
        if self._work.shared:
            return await self._book(organisation)
        found = await self._work.cached(self._work.caches.tariff_books, organisation, lambda: self._book(organisation))
        assert found is not None
        return found

    async def _book(self, organisation: OrganisationId) -> TariffBook:
        assignments = await self.assignments(organisation)
        names = sorted({one.tariff for one in assignments})
        versions = {name: await self.versions(organisation, name) for name in names}
        return TariffBook({(one.scope, one.subject): one.tariff for one in assignments}, versions)

    async def versions(self, organisation: OrganisationId, name: str) -> list[TariffVersion]:
        """Every version of a tariff, the newest first."""
        rows = await self._work.several(_VERSIONS, {"organisation": organisation, "name": name})
        return [_version(row) for row in rows]

    async def version(self, organisation: OrganisationId, name: str, number: int) -> TariffVersion | None:
        """One version."""
        row = await self._work.one(_VERSION, {"organisation": organisation, "name": name, "number": number})
        return None if row is None else _version(row)

    async def list(
        self, organisation: OrganisationId, *, cursor: str | None = None, limit: int = PAGE
    ) -> Page[TariffVersion]:
        """A page of tariffs by name, each in its newest version."""
        limit = page_size(limit)
        found: dict[str, TariffVersion] = {}
        after = cursor or ""
        while len(found) <= limit:
            asked = {"organisation": organisation, "after": after, "limit": limit * _MOST_VERSIONS}
            rows = await self._work.scan(_LIST, asked)
            for row in rows:
                if row["name"] not in found:
                    found[row["name"]] = _version(row)
            if len(rows) < limit * _MOST_VERSIONS:
                break
            after = rows[-1]["name"]
        return page_of(list(found.values())[: limit + 1], limit, lambda one: one.name)

    async def assignments(self, organisation: OrganisationId) -> list[Assignment]:
        """Everything that is assigned."""
        return [_assignment(row) for row in await self._work.scan(_ASSIGNMENTS, {"organisation": organisation})]

    async def assigned(self, organisation: OrganisationId, name: str) -> bool:
        """Whether the tariff holds for anybody."""
        return await self._work.one(_ASSIGNED, {"organisation": organisation, "tariff": name}) is not None

    async def used(self, organisation: OrganisationId, name: str) -> bool:
        """Whether any charge was, or is, priced by it."""
        return await self._work.one(_USED, {"organisation": organisation, "tariff": name}) is not None

    def add(self, version: TariffVersion) -> None:
        """Keep a new version; a number that is taken is a ConflictError at the commit."""
        self._work.record(
            _ADD,
            {
                "organisation": version.organisation, "name": version.name, "number": version.number,
                "body": msgspec.json.encode(version.tariff).decode(), "created_at": version.created_at,
                "created_by": version.created_by,
            },
        )  # fmt: skip
        self._forget(version.organisation)

    def remove(self, organisation: OrganisationId, name: str) -> None:
        """Forget a tariff that nobody uses, in all its versions."""
        self._work.record(_REMOVE, {"of_organisation": organisation, "of_name": name})
        self._forget(organisation)

    def assign(self, assignment: Assignment) -> None:
        """Let a tariff hold for a scope, in place of the one that did."""
        self._work.record(
            _ASSIGN,
            {
                "organisation": assignment.organisation, "scope": assignment.scope, "subject": assignment.subject,
                "tariff": assignment.tariff, "created_at": assignment.created_at,
                "created_by": assignment.created_by,
            },
        )  # fmt: skip
        self._forget(assignment.organisation)

    def unassign(self, organisation: OrganisationId, scope: Scope, subject: str) -> None:
        """Let no tariff hold for that scope; ConflictError at the commit where none did."""
        self._work.record(_UNASSIGN, {"of_organisation": organisation, "of_scope": scope, "of_subject": subject})
        self._forget(organisation)

    def _forget(self, organisation: OrganisationId) -> None:
        self._work.exchange(self._work.caches.tariff_books, organisation, None)


def _version(row: Row) -> TariffVersion:
    return TariffVersion(
        organisation=row["organisation"],
        name=row["name"],
        number=row["number"],
        tariff=_TARIFF.decode(row["body"]),
        created_at=row["created_at"],
        created_by=row["created_by"],
    )


def _assignment(row: Row) -> Assignment:
    return Assignment(
        organisation=row["organisation"],
        scope=Scope(row["scope"]),
        subject=row["subject"],
        tariff=row["tariff"],
        created_at=row["created_at"],
        created_by=row["created_by"],
    )
