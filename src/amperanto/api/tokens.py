"""Tokens: what drivers present, and what each may do.

A token is named by our id, its uid or an alias, percent-encoded, case aside.
"""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from typing import Annotated, Any

from litestar import Response, delete, get, patch, post
from litestar.di import NamedDependency
from litestar.params import FromPath, JSONBody, QueryParameter
from msgspec import UNSET, Meta, Struct, UnsetType, structs

from amperanto.api.access import needs
from amperanto.api.desk import Desk
from amperanto.api.parameters import decoded
from amperanto.api.problems import BadField
from amperanto.api.representation import PLAIN, Cursor, Instant, Limit, cursor_for, cursor_from, figure, instant
from amperanto.api.rules import Allowed, Denied, Windows, places_told, places_view, schedule_of, windows_of
from amperanto.domain.places import Places
from amperanto.domain.stations import EvseRef
from amperanto.domain.tokens import NOWHERE, AuthorizationStatus, RegisteredToken, Token

MOST_CREDIT = 1_000_000_000


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
Credit = (
    Annotated[Decimal, Meta(description="what a prepaid token has left, in its tariff's currency; null: not prepaid")]
    | None
)
Language = Annotated[str, Meta(min_length=1, max_length=8, pattern=PLAIN, description="such as nl or de-AT")] | None
Message = (
    Annotated[str, Meta(min_length=1, max_length=512, pattern=PLAIN, description="shown to its driver (2.x)")] | None
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
    schedule: Windows
    allowed: Allowed
    denied: Denied
    credit: Credit
    language1: Language
    language2: Language
    message: Message
    aliases: Annotated[list[str], Meta(description="other spellings of its uid, each matched exactly")]
    did_you_mean: Annotated[
        list[str], Meta(description="nobody registered this one; these are, and may be meant: give one this alias")
    ]


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
    schedule: Windows | UnsetType = UNSET
    allowed: Allowed | UnsetType = UNSET
    denied: Denied | UnsetType = UNSET
    credit: Credit | UnsetType = UNSET
    language1: Language | UnsetType = UNSET
    language2: Language | UnsetType = UNSET
    message: Message | UnsetType = UNSET


class NewToken(Struct, kw_only=True, forbid_unknown_fields=True):
    """A token to register: accepted, one transaction at a time, unless you say otherwise."""

    uid: Uid
    type: TokenType
    status: AuthorizationStatus | UnsetType = UNSET
    group: Group | UnsetType = UNSET
    expires_at: datetime | UnsetType | None = UNSET
    concurrent_limit: ConcurrentLimit | UnsetType = UNSET
    note: Note | UnsetType = UNSET
    schedule: Windows | UnsetType = UNSET
    allowed: Allowed | UnsetType = UNSET
    denied: Denied | UnsetType = UNSET
    credit: Credit | UnsetType = UNSET
    language1: Language | UnsetType = UNSET
    language2: Language | UnsetType = UNSET
    message: Message | UnsetType = UNSET


class Alias(Struct, kw_only=True, forbid_unknown_fields=True):
    """Another spelling of a token's uid."""

    uid: Uid


class Check(Struct, kw_only=True):
    """What a station would be answered now."""

    status: AuthorizationStatus
    accepted: bool
    group: Group
    expires_at: Annotated[Instant | None, Meta(description="until when the station may go by it")]
    evses: Annotated[list[int], Meta(description="the only EVSEs it holds for; empty: all")]


def _changes(asked: NewToken | TokenChange, before: Places = NOWHERE) -> dict[str, Any]:
    """The fields the request names."""
    named = {name: value for name, value in structs.asdict(asked).items() if value is not UNSET}
    if "expires_at" in named:
        named["expires_at"] = instant(named["expires_at"], "expires_at")
    if named.get("credit") is not None and abs(named["credit"]) > MOST_CREDIT:
        raise BadField("credit", f"an amount lies between -{MOST_CREDIT} and {MOST_CREDIT}")
    if "schedule" in named:
        named["schedule"] = schedule_of(named["schedule"])
    return places_told(named, before)


async def _view(desk: Desk, token: RegisteredToken, did_you_mean: tuple[str, ...] = ()) -> TokenView:
    places = await desk.tokens.named_places(desk.who, token.places)
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
        schedule=windows_of(token.schedule),
        allowed=places_view(places.allowed),
        denied=places_view(places.denied),
        credit=figure(token.credit),
        language1=token.language1,
        language2=token.language2,
        message=token.message,
        aliases=list(token.aliases),
        did_you_mean=list(did_you_mean),
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
    return await _view(desk, await desk.tokens.add(desk.who, token, settings))


@get("/tokens", guards=[needs("read")], tags=["Tokens"])
async def list_tokens(
    desk: NamedDependency[Desk],
    limit: Limit = 100,
    cursor: Cursor = None,
    status: Annotated[AuthorizationStatus | None, QueryParameter(description="only those of this status")] = None,
) -> TokenPage:
    """The tokens of your organisation, by uid."""
    page = await desk.tokens.tokens(desk.who, status=status, cursor=cursor_from(cursor), limit=limit)
    items = [await _view(desk, one.token, one.did_you_mean) for one in page.items]
    return TokenPage(items=items, next=cursor_for(page.next))


@get("/tokens/{token:str}", guards=[needs("read")], tags=["Tokens"])
async def get_token(
    token: FromPath[str],
    desk: NamedDependency[Desk],
) -> TokenView:
    """One token."""
    found = await desk.tokens.token(desk.who, decoded(token))
    return await _view(desk, found.token, found.did_you_mean)


@patch("/tokens/{token:str}", guards=[needs("operate")], tags=["Tokens"])
async def change_token(
    token: FromPath[str],
    data: JSONBody[TokenChange],
    desk: NamedDependency[Desk],
) -> TokenView:
    """Change a token."""
    before = (await desk.tokens.token(desk.who, decoded(token))).token.places
    settings = _changes(data, before)
    if "type" in settings:
        settings["type"] = str(settings["type"])
    return await _view(desk, await desk.tokens.change(desk.who, decoded(token), settings))


@delete("/tokens/{token:str}", guards=[needs("operate")], tags=["Tokens"])
async def remove_token(
    token: FromPath[str],
    desk: NamedDependency[Desk],
) -> Response[None]:
    """Forget a token: it is unknown from now on."""
    await desk.tokens.remove(desk.who, decoded(token))
    return Response(None, status_code=204)


@post("/tokens/{token:str}/aliases", guards=[needs("operate")], status_code=200, tags=["Tokens"])
async def add_alias(token: FromPath[str], data: JSONBody[Alias], desk: NamedDependency[Desk]) -> TokenView:
    """Let another spelling of its uid mean the token, as one reader says it; it is matched exactly, case aside.

    What was remembered of that spelling (blocked) goes. 409 `exists` when it is registered, or an alias already.
    """
    return await _view(desk, await desk.tokens.alias(desk.who, decoded(token), data.uid))


@delete("/tokens/{token:str}/aliases/{alias:str}", guards=[needs("operate")], status_code=200, tags=["Tokens"])
async def remove_alias(token: FromPath[str], alias: FromPath[str], desk: NamedDependency[Desk]) -> TokenView:
    """Let that spelling mean nobody."""
    return await _view(desk, await desk.tokens.unalias(desk.who, decoded(token), decoded(alias)))


@get("/tokens/{token:str}/check", guards=[needs("read")], tags=["Tokens"])
async def check_token(
    token: FromPath[str],
    desk: NamedDependency[Desk],
    station: Annotated[str, QueryParameter(min_length=1, max_length=255, description="identity or id")],
    evse: Annotated[int | None, QueryParameter(ge=1, description="one of its EVSEs")] = None,
) -> Check:
    """Whether the token may charge at a station now, and if not, why. Nothing is kept, and nobody else is asked."""
    known = await desk.tokens.token(desk.who, decoded(token))
    there = await desk.registry.station(desk.who, station)
    where = None if evse is None else EvseRef(evse)
    said = await desk.tokens.check(desk.who, known.token.id, there, where)
    return Check(
        status=said.status,
        accepted=said.accepted,
        group=said.group,
        expires_at=said.expires_at,
        evses=list(said.evses),
    )
