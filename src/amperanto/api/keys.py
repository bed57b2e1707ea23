"""API keys: made, listed and withdrawn by an administrator. A key is told once."""

from __future__ import annotations

from typing import Annotated, Literal

from litestar import Response, delete, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, JSONBody
from msgspec import Meta, Struct

from amperanto.api.access import needs
from amperanto.api.desk import Desk
from amperanto.api.parameters import decoded
from amperanto.api.problems import NotAllowed
from amperanto.api.representation import PLAIN, Instant
from amperanto.csms.records import UnknownKey

Scope = Literal["read", "operate", "admin", "raw"]


class KeyView(Struct, kw_only=True):
    """An API key, without the key."""

    id: str
    name: str
    scopes: list[str]
    created_at: Instant


class KeyPage(Struct, kw_only=True):
    """The API keys of an organisation, all of them."""

    items: list[KeyView]
    next: None = None


class NewKey(Struct, kw_only=True, forbid_unknown_fields=True):
    """A key to make.

    `read` sees, `operate` sees, changes and commands, `admin` does that and keeps the keys, `raw` calls raw.
    """

    name: Annotated[str, Meta(min_length=1, max_length=100, pattern=PLAIN)]
    scopes: Annotated[list[Scope], Meta(min_length=1, max_length=4)]


class NewKeyView(KeyView, kw_only=True):
    """The key just made: `key` is told only now."""

    key: str


@post("/keys", guards=[needs("admin")], tags=["Keys"])
async def add_key(
    data: JSONBody[NewKey],
    desk: NamedDependency[Desk],
) -> NewKeyView:
    """Make an API key. It can have no scope that yours has not."""
    beyond = set(data.scopes) - desk.who.allowed
    if beyond:
        raise NotAllowed(f"your key lacks the scope {', '.join(sorted(beyond))}, so it cannot give it")
    secret = await desk.csms.access.create(desk.who.organisation, data.name, frozenset(data.scopes))
    known = await desk.records.key(secret)
    if known is None:
        raise UnknownKey("the key was withdrawn as soon as it was made")
    return NewKeyView(
        id=known.id, name=known.name, scopes=sorted(known.scopes), created_at=known.created_at, key=secret
    )


@get("/keys", guards=[needs("admin")], tags=["Keys"])
async def list_keys(desk: NamedDependency[Desk]) -> KeyPage:
    """The API keys of your organisation."""
    return KeyPage(
        items=[
            KeyView(id=key.id, name=key.name, scopes=sorted(key.scopes), created_at=key.created_at)
            for key in await desk.records.keys(desk.who)
        ]
    )


@delete("/keys/{key:str}", guards=[needs("admin")], tags=["Keys"])
async def withdraw_key(
    key: FromPath[str],
    desk: NamedDependency[Desk],
) -> Response[None]:
    """Withdraw a key: it opens nothing from now on."""
    await desk.records.withdraw_key(desk.who, decoded(key))
    return Response(None, status_code=204)
