"""Tokens: rows ↔ `domain.tokens.RegisteredToken`, unique by organisation and key (the uid without case).

Other spellings of a uid have rows of their own for the look-up, and stand in the token's row, too. A look-up asks for
them only where no token has that very uid; what it finds is cached under the spelling asked for.
"""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from functools import cache
from typing import Any

import msgspec
from sqlalchemy import BigInteger, bindparam, or_, update

from amperanto.domain.likeness import likenesses
from amperanto.domain.places import Places
from amperanto.domain.schedules import Schedule
from amperanto.domain.stations import OrganisationId
from amperanto.domain.tokens import NOWHERE, AuthorizationStatus, RegisteredToken, Token
from amperanto.stores.scope import owned
from amperanto.stores.statements import Listed, Row, Statement, listed
from amperanto.stores.tables import token_aliases, tokens
from amperanto.stores.work import PAGE, Page, Work, page_of, page_size

_c, _a = tokens.c, token_aliases.c
_GET = Statement(owned(tokens).where(_c.id == bindparam("id")))
_BY_KEY = Statement(owned(tokens).where(_c.token_key == bindparam("token_key")))
_BY_ALIAS = Statement(
    owned(tokens).where(_c.id.in_(owned(token_aliases, _a.token).where(_a.alias_key == bindparam("token_key"))))
)
_ALIKE = Statement(
    owned(tokens)
    .where(or_(Listed(_c.alike, "likenesses"), Listed(_c.alike_number, "likenesses")))
    .order_by(_c.token_key)
    .limit(bindparam("limit", type_=BigInteger()))
)
_ADD_ALIAS = Statement(token_aliases.insert(), rank=23)
_REMOVE_ALIAS = Statement(
    token_aliases.delete().where(_a.token == bindparam("token"), _a.alias_key == bindparam("alias_key")), rank=22
)
_REMOVE_ALIASES = Statement(token_aliases.delete().where(_a.token == bindparam("token")), rank=22)
_SCHEDULE = msgspec.json.Decoder(Schedule)
_PLACES = msgspec.json.Decoder(Places)
_WORDS = msgspec.json.Decoder(tuple[str, ...])
SUGGESTED = 5
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
        """The organisation's token of that uid or alias, case aside (cached where this node is alone)."""
        key = Token(uid).key

        async def read() -> RegisteredToken | None:
            found = await self._read(_BY_KEY, organisation=organisation, token_key=key)
            return found or await self._read(_BY_ALIAS, organisation=organisation, token_key=key)

        if self._work.shared:  # a token may be blocked by another node at any time
            return await read()
        return await self._work.cached(self._work.caches.tokens, (organisation, key), read)

    async def alike(self, organisation: OrganisationId, likenesses: tuple[str, ...]) -> list[RegisteredToken]:
        """Tokens of the organisation that may be meant by a uid of these likenesses, a few at most."""
        found = {"organisation": organisation, "likenesses": listed(likenesses), "limit": SUGGESTED}
        rows = await self._work.several(_ALIKE, found) if likenesses else []
        return [_token(row) for row in rows]

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
        self._work.record(_REMOVE_ALIASES, {"token": token.id})
        self._forget(token)

    def alias(self, token: RegisteredToken, uid: str) -> RegisteredToken:
        """Let that spelling mean the token, too; one that is an alias already is a ConflictError at the commit."""
        row = {"organisation": token.organisation, "alias_key": uid.casefold(), "token": token.id}
        self._work.record(_ADD_ALIAS, row)
        return self.save(replace(token, aliases=(*token.aliases, uid)))

    def unalias(self, token: RegisteredToken, uid: str) -> RegisteredToken:
        """Let that spelling mean nobody."""
        self._work.record(_REMOVE_ALIAS, {"token": token.id, "alias_key": uid.casefold()})
        kept = tuple(alias for alias in token.aliases if alias.casefold() != uid.casefold())
        return self.save(replace(token, aliases=kept))

    def _forget(self, token: RegisteredToken) -> None:
        # The uid itself may have been changed: then the old one is still in the cache, under another key.
        self._work.after_commit(self._work.caches.tokens.clear)

    async def _read(self, statement: Statement, **parameters: Any) -> RegisteredToken | None:
        row = await self._work.one(statement, parameters)
        return None if row is None else _token(row)


def as_json(value: object) -> str | None:
    """Nothing for what is empty."""
    return msgspec.json.encode(value).decode() if value else None


def schedule_of(text: str | None) -> Schedule | None:
    """The hours that were kept."""
    return None if text is None else _SCHEDULE.decode(text)


def places_of(text: str | None) -> Places:
    """The places that were kept."""
    return NOWHERE if text is None else _PLACES.decode(text)


def _row(token: RegisteredToken) -> dict[str, Any]:
    alike, alike_number = (*likenesses(token.token.uid), None, None)[:2]
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
        "schedule": as_json(token.schedule),
        "places": as_json(token.places),
        "credit": None if token.credit is None else str(token.credit),
        "language1": token.language1,
        "language2": token.language2,
        "message": token.message,
        "aliases": as_json(token.aliases),
        "alike": alike,
        "alike_number": alike_number,
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
        schedule=schedule_of(row["schedule"]),
        places=places_of(row["places"]),
        credit=None if row["credit"] is None else Decimal(row["credit"]),
        language1=row["language1"],
        language2=row["language2"],
        message=row["message"],
        aliases=() if row["aliases"] is None else _WORDS.decode(row["aliases"]),
    )
