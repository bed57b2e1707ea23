"""Groups of tokens: what holds for all tokens that name one. They may stop each other's charges.

A group is there as soon as a token names it. What is said here holds for all of them: blocked at once, until when,
at which hours, where. The tokens of a `master_pass` group stop any charge and start none (C16); name the group in
the stations' AuthCtrlr.MasterPassGroupId, too.
"""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any

from litestar import Response, delete, get, post, put
from litestar.di import NamedDependency
from litestar.params import FromPath, JSONBody
from msgspec import Meta, Struct, field, structs

from amperanto.api.access import needs
from amperanto.api.desk import Desk
from amperanto.api.parameters import decoded
from amperanto.api.representation import PLAIN, Cursor, Instant, Limit, cursor_for, cursor_from, instant
from amperanto.api.rules import Allowed, Denied, PlaceView, Windows, places_told, places_view, schedule_of, windows_of
from amperanto.domain.tokens import NOWHERE, AuthorizationStatus, TokenGroup

Note = Annotated[str, Meta(max_length=1000, pattern=r"^[^\u0000]*$", description="for people")] | None


class GroupRules(Struct, kw_only=True, forbid_unknown_fields=True):
    """What holds for a group: nothing, but for what you say."""

    status: AuthorizationStatus = AuthorizationStatus.ACCEPTED
    expires_at: datetime | None = None
    schedule: Windows = None
    allowed: Allowed = field(default_factory=list[PlaceView])
    denied: Denied = field(default_factory=list[PlaceView])
    master_pass: Annotated[bool, Meta(description="its tokens stop any charge, and start none")] = False
    note: Note = None


class NewGroup(GroupRules, kw_only=True, forbid_unknown_fields=True):
    """A group of which nothing was said yet."""

    name: Annotated[str, Meta(min_length=1, max_length=255, pattern=PLAIN)]


class GroupView(Struct, kw_only=True):
    """A group of tokens."""

    name: str
    status: AuthorizationStatus
    expires_at: Instant | None
    schedule: Windows
    allowed: Allowed
    denied: Denied
    master_pass: bool
    note: Note


class GroupPage(Struct, kw_only=True):
    """Some groups, by name."""

    items: list[GroupView]
    next: str | None


async def _view(desk: Desk, group: TokenGroup) -> GroupView:
    places = await desk.tokens.named_places(desk.who, group.places)
    return GroupView(
        name=group.name,
        status=group.status,
        expires_at=group.expires_at,
        schedule=windows_of(group.schedule),
        allowed=places_view(places.allowed),
        denied=places_view(places.denied),
        master_pass=group.master_pass,
        note=group.note,
    )


def _settings(data: GroupRules | NewGroup) -> dict[str, Any]:
    told: dict[str, Any] = places_told(structs.asdict(data), NOWHERE)
    told["schedule"] = schedule_of(data.schedule)
    told["expires_at"] = instant(data.expires_at, "expires_at")
    return told


@post("/token-groups", guards=[needs("operate")], tags=["Token groups"])
async def add_group(data: JSONBody[NewGroup], desk: NamedDependency[Desk]) -> GroupView:
    """Say what holds for a group. 409 `exists` when something was said of it (without case)."""
    settings = _settings(data)
    return await _view(desk, await desk.tokens.add_group(desk.who, settings.pop("name"), settings))


@put("/token-groups/{group:str}", guards=[needs("operate")], tags=["Token groups"])
async def change_group(group: FromPath[str], data: JSONBody[GroupRules], desk: NamedDependency[Desk]) -> GroupView:
    """Say anew what holds for a group; what is absent holds no more. 404 `unknown_group`."""
    return await _view(desk, await desk.tokens.change_group(desk.who, decoded(group), _settings(data)))


@get("/token-groups", guards=[needs("read")], tags=["Token groups"])
async def list_groups(desk: NamedDependency[Desk], limit: Limit = 100, cursor: Cursor = None) -> GroupPage:
    """The groups of which something was said, by name."""
    page = await desk.tokens.groups(desk.who, cursor=cursor_from(cursor), limit=limit)
    return GroupPage(items=[await _view(desk, group) for group in page.items], next=cursor_for(page.next))


@get("/token-groups/{group:str}", guards=[needs("read")], tags=["Token groups"])
async def get_group(group: FromPath[str], desk: NamedDependency[Desk]) -> GroupView:
    """What holds for a group. 404 `unknown_group` where nothing was said of it."""
    return await _view(desk, await desk.tokens.group(desk.who, decoded(group)))


@delete("/token-groups/{group:str}", guards=[needs("operate")], tags=["Token groups"])
async def remove_group(group: FromPath[str], desk: NamedDependency[Desk]) -> Response[None]:
    """Let nothing hold for a group any more; its tokens stay in it."""
    await desk.tokens.remove_group(desk.who, decoded(group))
    return Response(None, status_code=204)
