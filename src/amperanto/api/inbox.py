"""The inbox: who knocked at the stations' door and is no station yet. One call accepts."""

from __future__ import annotations

from typing import Annotated

from litestar import Response, delete, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, JSONBody
from msgspec import UNSET, Meta, Struct

from amperanto.api.access import needs
from amperanto.api.desk import Desk
from amperanto.api.parameters import decoded
from amperanto.api.representation import Cursor, Instant, Limit, cursor_for, cursor_from
from amperanto.api.stations import NewStationView, StationChange, changes, told_once


class CallerView(Struct, kw_only=True):
    """Somebody who tried to connect as a station."""

    identity: str
    first_seen: Instant
    last_seen: Instant
    tries: int
    remote: Annotated[str, Meta(description="the address it came from last")]
    subprotocols: Annotated[list[str], Meta(description="the OCPP versions it offered")]
    reason: Annotated[str, Meta(description="why it was not let in")]


class InboxPage(Struct, kw_only=True):
    """Some of the inbox, by identity."""

    items: list[CallerView]
    next: str | None


class Acceptance(StationChange, kw_only=True, forbid_unknown_fields=True):
    """How the station is registered. Without a password one is made, unless `security_profile` is 0."""


@get("/inbox", guards=[needs("read")], tags=["Inbox"])
async def list_inbox(
    desk: NamedDependency[Desk],
    limit: Limit = 100,
    cursor: Cursor = None,
) -> InboxPage:
    """Who knocked and is no station, by identity."""
    page = await desk.registry.inbox(desk.who, cursor=cursor_from(cursor), limit=limit)
    return InboxPage(
        items=[
            CallerView(
                identity=caller.identity,
                first_seen=caller.first_seen,
                last_seen=caller.last_seen,
                tries=caller.tries,
                remote=caller.remote,
                subprotocols=list(caller.offered),
                reason=caller.reason,
            )
            for caller in page.items
        ],
        next=cursor_for(page.next),
    )


@post("/inbox/{identity:str}/accept", guards=[needs("operate")], tags=["Inbox"])
async def accept_station(
    identity: FromPath[str],
    desk: NamedDependency[Desk],
    data: JSONBody[Acceptance | None] = None,
) -> NewStationView:
    """Register who knocked. The body may be empty: then a password is made and told only here."""
    asked = data or Acceptance()
    given = None if asked.password is UNSET else asked.password
    station, made = await desk.registry.accept(desk.who, decoded(identity), given, changes(asked))
    return told_once(station, desk.csms, made)


@delete("/inbox/{identity:str}", guards=[needs("operate")], tags=["Inbox"])
async def dismiss_caller(
    identity: FromPath[str],
    desk: NamedDependency[Desk],
) -> Response[None]:
    """Remove somebody from the inbox; who knocks again appears again."""
    await desk.registry.dismiss(desk.who, decoded(identity))
    return Response(None, status_code=204)
