"""The tokens an organisation knows: registered, changed, removed by its people.

A token nobody registered is remembered as blocked when it is first presented (authorization.py);
registering its uid then admits the remembered one instead of refusing a second. A token is named by our id
or its uid, without case.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from amperanto.csms.access import Principal
from amperanto.csms.block import Block
from amperanto.csms.registry import AlreadyThere
from amperanto.domain.errors import UnknownToken
from amperanto.domain.tokens import AuthorizationStatus, RegisteredToken, Token
from amperanto.stores.store import Lane, Unit
from amperanto.stores.tokens import Tokens
from amperanto.stores.work import Page

REMEMBERED = "first presented at "


class TokenRegistry(Block):
    """Tokens, for those who run the stations."""

    async def token(self, who: Principal, name: str) -> RegisteredToken:
        """The organisation's token of that uid or id. Raises UnknownToken."""
        return await _named(self.context.store.tokens, who, name)

    async def tokens(
        self,
        who: Principal,
        *,
        status: AuthorizationStatus | None = None,
        cursor: str | None = None,
        limit: int = 100,
    ) -> Page[RegisteredToken]:
        """A page of the organisation's tokens, by uid."""
        return await self.context.store.tokens.list(who.organisation, status=status, cursor=cursor, limit=limit)

    async def add(self, who: Principal, token: Token, settings: Mapping[str, Any]) -> RegisteredToken:
        """Register a token. Raises AlreadyThere."""
        fresh = RegisteredToken(
            id=self.context.ids.new(),
            organisation=who.organisation,
            token=token,
            created_at=self.context.clock.now(),
        )

        async def work(unit: Unit) -> RegisteredToken:
            known = await unit.tokens.by_uid(who.organisation, token.uid)
            if known is None:
                added = replace(fresh, **settings)
                unit.tokens.add(added)
                return added
            if not is_only_remembered(known):
                raise AlreadyThere(f"the token {token.uid} is registered already")
            admitted = replace(fresh, id=known.id, created_at=known.created_at, revision=known.revision)
            return unit.tokens.save(replace(admitted, **settings))

        return await self.context.store.run(work, lane=Lane.BULK)

    async def change(self, who: Principal, name: str, settings: Mapping[str, Any]) -> RegisteredToken:
        """Change a token; `type` is the token's. Raises UnknownToken."""
        changes = dict(settings)
        kind = changes.pop("type", None)

        async def work(unit: Unit) -> RegisteredToken:
            before = await _named(unit.tokens, who, name)
            token = before.token if kind is None else Token(before.token.uid, kind)
            after = replace(before, token=token, **changes)
            return before if after == before else unit.tokens.save(after)

        return await self.context.store.run(work, lane=Lane.BULK)

    async def remove(self, who: Principal, name: str) -> None:
        """Forget a token. Raises UnknownToken."""

        async def work(unit: Unit) -> None:
            unit.tokens.remove(await _named(unit.tokens, who, name))

        await self.context.store.run(work, lane=Lane.BULK)


async def _named(tokens: Tokens, who: Principal, name: str) -> RegisteredToken:
    found = await tokens.by_uid(who.organisation, name) or await tokens.get(who.organisation, name)
    if found is None:
        raise UnknownToken(f"there is no token {name}")
    return found


def is_only_remembered(known: RegisteredToken) -> bool:
    """Whether nobody registered it: it was presented, and is kept blocked until somebody decides."""
    return (
        known.status is AuthorizationStatus.BLOCKED
        and known.revision == 0
        and (known.note or "").startswith(REMEMBERED)
    )
