"""Tokens: rows ↔ `domain.tokens.RegisteredToken`, unique by organisation and key (the uid without case)."""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from typing import Any

from sqlalchemy import BigInteger, bindparam, update

from amperanto.domain.stations import OrganisationId
from amperanto.domain.tokens import AuthorizationStatus, RegisteredToken, Token
from amperanto.stores.scope import owned
from amperanto.stores.statements import Row, Statement
from amperanto.stores.tables import tokens
from amperanto.stores.work import PAGE, Page, Work, page_of, page_size

_c = tokens.c
_GET = Statement(owned(tokens).where(_c.id == bindparam("id")))
_BY_KEY = Statement(owned(tokens).where(_c.token_key == bindparam("token_key")))
_ADD = Statement(tokens.insert(), rank=20)
_SAVE = Statement(
    update(tokens).where(_c.id == bindparam("key_id"), _c.revision == bindparam("key_revision", type_=BigInteger())),
    rank=21,
    exact=True,
    columns=[column.key for column in _c if column.key not in ("id", "created_at")],
)
_REMOVE = Statement(
    tokens.delete().where(_c.id == bindparam("id"), _c.revision == bindparam("revision", type_=BigInteger())),
    rank=22,
    exact=True,
)


@cache
def _list(filters: frozenset[str]) -> Statement:
    chosen = owned(tokens)
    if "status" in filters:
        chosen = chosen.where(_c.status == bindparam("status"))
    if "after" in filters:
        chosen = chosen.where(_c.token_key > bindparam("after"))
    return Statement(chosen.order_by(_c.token_key).limit(bindparam("limit", type_=BigInteger())))


class Tokens:
    """The tokens we know."""

    __slots__ = ("_work",)

    def __init__(self, work: Work) -> None:
        self._work = work

    async def by_uid(self, organisation: OrganisationId, uid: str) -> RegisteredToken | None:
        """The organisation's token of that uid, case aside (cached where this node is alone)."""
        key = Token(uid).key

        async def read() -> RegisteredToken | None:
            return await self._read(_BY_KEY, organisation=organisation, token_key=key)

        if self._work.shared:  # a token may be blocked by another node at any time
            return await read()
        return await self._work.cached(self._work.caches.tokens, (organisation, key), read)

    async def get(self, organisation: OrganisationId, token: str) -> RegisteredToken | None:
        """The organisation's token of that id."""
        return await self._read(_GET, organisation=organisation, id=token)

    async def list(
        self,
        organisation: OrganisationId,
        *,
        status: AuthorizationStatus | None = None,
        cursor: str | None = None,
        limit: int = PAGE,
    ) -> Page[RegisteredToken]:
        """A page of tokens by uid."""
        limit = page_size(limit)
        wanted = {name: value for name, value in {"status": status, "after": cursor}.items() if value is not None}
        rows = await self._work.scan(
            _list(frozenset(wanted)), {**wanted, "organisation": organisation, "limit": limit + 1}
        )
        return page_of([_token(row) for row in rows], limit, lambda token: token.token.key)

    def add(self, token: RegisteredToken) -> None:
        """Register a token; a uid the organisation has already is a ConflictError at the commit."""
        self._work.record(_ADD, {**_row(token), "id": token.id, "created_at": token.created_at or self._work.now()})
        self._forget(token)

    def save(self, token: RegisteredToken) -> RegisteredToken:
        """Change a token that was read with this revision; returns it as it will stand (revision + 1)."""
        saved = replace(token, revision=token.revision + 1)
        self._work.record(_SAVE, {**_row(saved), "key_id": token.id, "key_revision": token.revision})
        self._forget(token)
        return saved

    def remove(self, token: RegisteredToken) -> None:
        """Forget a token."""
        self._work.record(_REMOVE, {"id": token.id, "revision": token.revision})
        self._forget(token)

    def _forget(self, token: RegisteredToken) -> None:
        # The uid itself may have been changed: then the old one is still in the cache, under another key.
        self._work.after_commit(self._work.caches.tokens.clear)

    async def _read(self, statement: Statement, **parameters: Any) -> RegisteredToken | None:
        row = await self._work.one(statement, parameters)
        return None if row is None else _token(row)


def _row(token: RegisteredToken) -> dict[str, Any]:
    return {
        "organisation": token.organisation,
        "uid": token.token.uid,
        "token_key": token.token.key,
        "type": token.token.type,
        "status": token.status,
        "token_group": token.group,
        "expires_at": token.expires_at,
        "concurrent_limit": token.concurrent_limit,
        "note": token.note,
        "revision": token.revision,
    }


def _token(row: Row) -> RegisteredToken:
    return RegisteredToken(
        id=row["id"],
        organisation=row["organisation"],
        token=Token(row["uid"], row["type"]),
        status=AuthorizationStatus(row["status"]),
        group=row["token_group"],
        expires_at=row["expires_at"],
        concurrent_limit=row["concurrent_limit"],
        created_at=row["created_at"],
        note=row["note"],
        revision=row["revision"],
    )
