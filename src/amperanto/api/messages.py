"""The message log, and the same live: every frame to and from the stations, secrets redacted.

The stream is server-sent events: `frame` with a message as data, `lost` when the listener was too slow, and
a comment every quarter of a minute so that both ends notice a dead connection. Its first line is a comment,
sent when the stream listens: what comes after it is not missed.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import datetime
from typing import Annotated

import msgspec
from litestar import get
from litestar.di import NamedDependency
from litestar.params import QueryParameter
from litestar.response import Stream
from msgspec import Meta, Struct

from amperanto.api.access import needs
from amperanto.api.desk import Desk
from amperanto.api.representation import Instant, Limit, cursor_for, cursor_from
from amperanto.domain.events import FrameLogged
from amperanto.domain.stations import StationId

KEEP_ALIVE = 15.0  # seconds

StationName = Annotated[str | None, QueryParameter(description="a station's identity or id")]


class MessageView(Struct, kw_only=True):
    """One frame."""

    at: Instant
    station: Annotated[str, Meta(description="the station's identity")]
    station_id: str
    connection: Annotated[int | None, Meta(description="which of the station's connections; null in the stream")]
    number: Annotated[int, Meta(description="the frame's place in its connection")]
    direction: Annotated[str, Meta(description="in: from the station, out: to it")]
    action: str | None
    message_id: str | None
    frame: Annotated[str, Meta(description="the frame as text, secrets redacted")]
    result: Annotated[str | None, Meta(description="how it was taken; null in the stream")]
    violations: Annotated[list[str], Meta(description="what it did wrong and was tolerated")]


class MessagePage(Struct, kw_only=True):
    """Some frames, the newest first; `next` goes into `before`."""

    items: list[MessageView]
    next: str | None


@get("/messages", guards=[needs("read")], tags=["Messages"])
async def list_messages(
    desk: NamedDependency[Desk],
    *,
    station: StationName = None,
    action: Annotated[str | None, QueryParameter(max_length=100, description="only frames of this action")] = None,
    before: Annotated[
        str | None, QueryParameter(max_length=500, description="a time, or `next` of the page before")
    ] = None,
    limit: Limit = 100,
) -> MessagePage:
    """The frames of your organisation's stations, the newest first."""
    page = await desk.records.messages(
        desk.who,
        station=None if station is None else (await desk.registry.station(desk.who, station)).id,
        action=action,
        before=_before(before),
        limit=limit,
    )
    items = [
        MessageView(
            at=one.what.at,
            station=one.identity,
            station_id=one.what.station,
            connection=one.what.connection,
            number=one.what.number,
            direction=one.what.direction,
            action=one.what.action,
            message_id=one.what.message_id,
            frame=one.what.frame,
            result=one.what.result,
            violations=list(one.what.violations),
        )
        for one in page.items
    ]
    return MessagePage(items=items, next=cursor_for(page.next))


@get("/messages/stream", guards=[needs("read")], tags=["Messages"], media_type="text/event-stream")
async def stream_messages(
    desk: NamedDependency[Desk],
    *,
    station: StationName = None,
) -> Stream:
    """The frames as they come, as server-sent events; of one station or of all."""
    one = None if station is None else (await desk.registry.station(desk.who, station)).id
    return Stream(
        _events(desk, one),
        media_type="text/event-stream",
        headers={"cache-control": "no-store", "x-accel-buffering": "no"},
    )


async def _events(desk: Desk, station: StationId | None) -> AsyncIterator[bytes]:
    with desk.streams.opened(desk.records.listen(station)) as frames:
        yield b": listening\n\n"
        lost = 0
        while True:
            try:
                async with asyncio.timeout(KEEP_ALIVE):
                    event = await anext(frames)
            except TimeoutError:
                yield b":\n\n"
                continue
            except StopAsyncIteration:
                return
            if frames.lost != lost:
                yield _event("lost", {"lost": frames.lost - lost})
                lost = frames.lost
            if isinstance(event, FrameLogged) and event.organisation == desk.who.organisation:
                yield _event("frame", _live(event))


def _event(name: str, data: object) -> bytes:
    return b"event: " + name.encode() + b"\ndata: " + msgspec.json.encode(data) + b"\n\n"


def _live(event: FrameLogged) -> MessageView:
    return MessageView(
        at=event.at,
        station=event.identity,
        station_id=event.station,
        connection=None,
        number=event.number,
        direction=event.direction,
        action=event.action,
        message_id=event.message_id,
        frame=event.frame,
        result=None,
        violations=list(event.violations),
    )


def _before(before: str | None) -> str | None:
    """A time as it is (a `+` that became a space is put back), a cursor as the store gave it."""
    if before is None:
        return None
    text = before.replace(" ", "+") if before.count("T") == 1 else before
    try:
        datetime.fromisoformat(text)
    except ValueError:
        return cursor_from(before, "before")
    return text
