"""Tokens: what drivers present, and what each may do.

A token is named by our id or its uid, percent-encoded, case aside.
"""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Annotated, Any

from litestar import Response, delete, get, patch, post
from litestar.di import NamedDependency
from litestar.params import FromPath, JSONBody, QueryParameter
from msgspec import UNSET, Meta, Struct, UnsetType, structs

from amperanto.api.access import needs
from amperanto.api.desk import Desk
from amperanto.api.parameters import decoded
from amperanto.api.representation import PLAIN, Cursor, Instant, Limit, cursor_for, cursor_from, instant
from amperanto.domain.tokens import AuthorizationStatus, RegisteredToken, Token


class TokenType(StrEnum):
    """What kind of uid it is, in OCPP's words; 1.6 does not say: Unknown."""

    CENTRAL = "Central"
    DIRECT_PAYMENT = "DirectPayment"
    EMAID = "eMAID"
    EVCCID = "EVCCID"
    ISO14443 = "ISO14443"
    ISO15693 = "ISO15693"
    KEY_CODE = "KeyCode"
    LOCAL = "Local"
    MAC_ADDRESS = "MacAddress"
    NO_AUTHORIZATION = "NoAuthorization"
    VIN = "VIN"
    UNKNOWN = "Unknown"


Uid = Annotated[str, Meta(min_length=1, max_length=255, pattern=PLAIN, description="what the driver's token says")]
Group = (
    Annotated[
        str,
        Meta(
            min_length=1,
            max_length=255,
            pattern=PLAIN,
            description="tokens of a group may stop each other's charges",
        ),
    ]
    | None
)
ConcurrentLimit = (
    Annotated[int, Meta(ge=1, le=1_000_000, description="transactions it may have open at once; null: any number")]
    | None
)
Note = Annotated[str, Meta(max_length=1000, pattern=r"^[^\u0000]*$", description="for people")] | None


class TokenView(Struct, kw_only=True):
    """A token we know."""

    id: str
    uid: str
    type: str
    status: AuthorizationStatus
    group: str | None
    expires_at: Instant | None
    concurrent_limit: ConcurrentLimit
    created_at: Instant | None
    note: str | None


class TokenPage(Struct, kw_only=True):
    """Some tokens, by uid."""

    items: list[TokenView]
    next: str | None


class TokenChange(Struct, kw_only=True, forbid_unknown_fields=True):
    """What to change of a token; what is absent stays."""

    type: TokenType | UnsetType = UNSET
    status: AuthorizationStatus | UnsetType = UNSET
    group: Group | UnsetType = UNSET
    expires_at: datetime | UnsetType | None = UNSET
    concurrent_limit: ConcurrentLimit | UnsetType = UNSET
    note: Note | UnsetType = UNSET


class NewToken(Struct, kw_only=True, forbid_unknown_fields=True):
    """A token to register: accepted, one transaction at a time, unless you say otherwise."""

    uid: Uid
    type: TokenType
    status: AuthorizationStatus | UnsetType = UNSET
    group: Group | UnsetType = UNSET
    expires_at: datetime | UnsetType | None = UNSET
    concurrent_limit: ConcurrentLimit | UnsetType = UNSET
    note: Note | UnsetType = UNSET


def _changes(asked: NewToken | TokenChange) -> dict[str, Any]:
    """The fields the request names."""
    named = {name: value for name, value in structs.asdict(asked).items() if value is not UNSET}
    if "expires_at" in named:
        named["expires_at"] = instant(named["expires_at"], "expires_at")
    return named


def _view(token: RegisteredToken) -> TokenView:
    return TokenView(
        id=token.id,
        uid=token.token.uid,
        type=token.token.type,
        status=token.status,
        group=token.group,
        expires_at=token.expires_at,
        concurrent_limit=token.concurrent_limit,
        created_at=token.created_at,
        note=token.note,
    )


@post("/tokens", guards=[needs("operate")], tags=["Tokens"])
async def add_token(
    data: JSONBody[NewToken],
    desk: NamedDependency[Desk],
) -> TokenView:
    """Register a token. One that was presented before and is only remembered (blocked) is registered, too.

    409 `exists` when the uid (without case) is registered already.
    """
    settings = _changes(data)
    token = Token(settings.pop("uid"), str(settings.pop("type")))
    return _view(await desk.tokens.add(desk.who, token, settings))


@get("/tokens", guards=[needs("read")], tags=["Tokens"])
async def list_tokens(
    desk: NamedDependency[Desk],
    limit: Limit = 100,
    cursor: Cursor = None,
    status: Annotated[AuthorizationStatus | None, QueryParameter(description="only those of this status")] = None,
) -> TokenPage:
    """The tokens of your organisation, by uid."""
    page = await desk.tokens.tokens(desk.who, status=status, cursor=cursor_from(cursor), limit=limit)
    return TokenPage(items=[_view(token) for token in page.items], next=cursor_for(page.next))


@get("/tokens/{token:str}", guards=[needs("read")], tags=["Tokens"])
async def get_token(
    token: FromPath[str],
    desk: NamedDependency[Desk],
) -> TokenView:
    """One token."""
    return _view(await desk.tokens.token(desk.who, decoded(token)))


@patch("/tokens/{token:str}", guards=[needs("operate")], tags=["Tokens"])
async def change_token(
    token: FromPath[str],
    data: JSONBody[TokenChange],
    desk: NamedDependency[Desk],
) -> TokenView:
    """Change a token."""
    settings = _changes(data)
    if "type" in settings:
        settings["type"] = str(settings["type"])
    return _view(await desk.tokens.change(desk.who, decoded(token), settings))


@delete("/tokens/{token:str}", guards=[needs("operate")], tags=["Tokens"])
async def remove_token(
    token: FromPath[str],
    desk: NamedDependency[Desk],
) -> Response[None]:
    """Forget a token: it is unknown from now on."""
    await desk.tokens.remove(desk.who, decoded(token))
    return Response(None, status_code=204)
