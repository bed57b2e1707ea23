"""Organisations: rows ↔ `domain.organisations.Organisation`, and what each declared for all its stations."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import bindparam

from amperanto.domain.organisations import Organisation
from amperanto.domain.stations import OrganisationId, UnknownTokens
from amperanto.stores.scope import across, owned
from amperanto.stores.statements import Statement, Upserting
from amperanto.stores.tables import declarations, organisations
from amperanto.stores.work import Work

_c, _d = organisations.c, declarations.c


def _put(*names: str, rank: int) -> Statement:
    """Write these columns, whether there was a row or not."""

    def put(insert: Upserting) -> Any:
        inserted = insert(declarations)
        told = {name: inserted.excluded[name] for name in names}
        return inserted.on_conflict_do_update(index_elements=[_d.organisation], set_=told)

    return Statement(put, rank=rank)


_NAMED = Statement(across(organisations, because="its id is the one asked for").where(_c.id == bindparam("id")))
_DECLARED = Statement(owned(declarations))
_DECLARE = _put("unknown_tokens", "clear_caches", rank=5)
_CHANGED = _put("tokens_changed_at", rank=6)


class Organisations:
    """Who owns stations."""

    __slots__ = ("_work",)

    def __init__(self, work: Work) -> None:
        self._work = work

    async def get(self, organisation: OrganisationId) -> Organisation:
        """The organisation (cached where no other node writes)."""
        if self._work.shared:
            return await self._read(organisation)
        kept = self._work.caches.organisations
        found = await self._work.cached(kept, organisation, lambda: self._read(organisation))
        return found or Organisation(id=organisation, name=organisation)

    def save(self, organisation: Organisation) -> None:
        """Keep what it declares."""
        self._record(
            _DECLARE,
            organisation.id,
            unknown_tokens=organisation.unknown_tokens,
            clear_caches="true" if organisation.clear_caches else None,
        )

    def tokens_changed(self, organisation: OrganisationId, at: datetime) -> None:
        """What stations keep of its tokens may be wrong from now on."""
        self._record(_CHANGED, organisation, tokens_changed_at=at)

    def _record(self, statement: Statement, organisation: OrganisationId, **told: Any) -> None:
        nothing = dict.fromkeys(("unknown_tokens", "clear_caches", "tokens_changed_at"))
        self._work.record(statement, {**nothing, **told, "organisation": organisation})
        self._work.exchange(self._work.caches.organisations, organisation, None)

    async def _read(self, organisation: OrganisationId) -> Organisation:
        row = await self._work.one(_NAMED, {"id": organisation})
        name = organisation if row is None else row["name"]
        declared = await self._work.one(_DECLARED, {"organisation": organisation})
        if declared is None:
            return Organisation(id=organisation, name=name)
        unknown = declared["unknown_tokens"]
        return Organisation(
            id=organisation,
            name=name,
            unknown_tokens=None if unknown is None else UnknownTokens(unknown),
            clear_caches=declared["clear_caches"] == "true",
            tokens_changed_at=declared["tokens_changed_at"],
        )
