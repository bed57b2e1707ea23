"""API keys: only their hash is kept; each belongs to one organisation and names what it may do (R15)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

import msgspec
from sqlalchemy import bindparam

from amperanto.domain.stations import OrganisationId
from amperanto.stores.scope import across, owned
from amperanto.stores.statements import Row, Statement
from amperanto.stores.tables import keys
from amperanto.stores.work import Work

_c = keys.c
_SCOPES = msgspec.json.Decoder(tuple[str, ...])
_BY_HASH = Statement(across(keys, because="the key itself says whose it is").where(_c.hash == bindparam("hash")))
_LIST = Statement(owned(keys).order_by(_c.id))
_ADD = Statement(keys.insert(), rank=25)
_OTHERS = keys.alias("others")
_REMOVE = Statement(
    keys.delete().where(
        _c.organisation == bindparam("organisation"),
        _c.id == bindparam("id"),
        # an administrator's must stay, whoever else withdraws one at the same time
        _c.organisation.in_(
            owned(_OTHERS, _OTHERS.c.organisation).where(
                _OTHERS.c.id != bindparam("id"), _OTHERS.c.scopes.like('%"admin"%')
            )
        ),
    ),
    rank=26,
    exact=True,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class ApiKey:
    """A key a program or a person uses the API with."""

    id: str
    organisation: OrganisationId
    name: str
    hash: str
    scopes: tuple[str, ...]
    created_at: datetime


class Keys:
    """The API keys."""

    __slots__ = ("_work",)

    def __init__(self, work: Work) -> None:
        self._work = work

    async def by_hash(self, hashed: str) -> ApiKey | None:
        """The key of that hash, whoever owns it."""
        row = await self._work.one(_BY_HASH, {"hash": hashed})
        return None if row is None else _key(row)

    async def list(self, organisation: OrganisationId) -> list[ApiKey]:
        """The organisation's keys, oldest first."""
        return [_key(row) for row in await self._work.scan(_LIST, {"organisation": organisation})]

    def add(self, key: ApiKey) -> None:
        """Keep a key."""
        row: dict[str, Any] = {
            "id": key.id, "organisation": key.organisation, "name": key.name, "hash": key.hash,
            "scopes": msgspec.json.encode(key.scopes).decode(), "created_at": key.created_at,
        }  # fmt: skip
        self._work.record(_ADD, row)

    def remove(self, organisation: OrganisationId, key: str) -> None:
        """Withdraw a key; ConflictError at the commit if there is none of that id, or no administrator's beside it."""
        self._work.record(_REMOVE, {"organisation": organisation, "id": key})


def _key(row: Row) -> ApiKey:
    return ApiKey(
        id=row["id"],
        organisation=row["organisation"],
        name=row["name"],
        hash=row["hash"],
        scopes=_SCOPES.decode(row["scopes"]),
        created_at=row["created_at"],
    )
