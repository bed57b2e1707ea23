"""Rollouts: values for many stations at once, watched and cancelled together.

A rollout brings a template, or values of your own, to stations that are named or to all; each gets one request at a
time, also later where it is not there now. `/rollouts/{id}/values` tells what became of each value of each station.
"""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from litestar import delete, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, JSONBody, QueryParameter
from msgspec import UNSET, Meta, Struct, UnsetType, structs

from amperanto.api.access import needs
from amperanto.api.desk import Desk
from amperanto.api.parameters import decoded
from amperanto.api.representation import PLAIN, Cursor, Instant, Limit, cursor_for, cursor_from
from amperanto.api.variables import MOST, GivenValue, wanted_values
from amperanto.api.wanted import WishedView, until, wished_view
from amperanto.csms.desired_state import WishState
from amperanto.csms.rollouts import Rollout
from amperanto.domain.stations import Station

NAMED = 1000
PAGE = 1000

Name = Annotated[str, Meta(min_length=1, max_length=100, pattern=PLAIN)]
Identities = Annotated[list[Annotated[str, Meta(min_length=1, max_length=255)]], Meta(max_length=NAMED)]


class TemplateRollout(Struct, kw_only=True, forbid_unknown_fields=True):
    """For which `stations`, by their identities; all of them, where none are named."""

    stations: Identities | UnsetType = UNSET
    expires_at: datetime | UnsetType = UNSET


class NewRollout(TemplateRollout, kw_only=True, forbid_unknown_fields=True):
    """Values of your own, each attribute once."""

    values: Annotated[list[GivenValue], Meta(min_length=1, max_length=MOST)]
    title: Name = "values"


class RolloutView(Struct, kw_only=True):
    """A rollout. Its counts are of values, not of stations."""

    id: str
    title: Annotated[str, Meta(description="the template's name, or yours")]
    stations: Annotated[int, Meta(description="to how many stations anything is brought")]
    started_at: Instant
    started_by: str
    cancelled_at: Instant | None
    waiting: int
    done: int
    failed: int
    given_up: Annotated[int, Meta(description="expired, withdrawn, or replaced by a newer wish")]


class RolloutLine(Struct, kw_only=True):
    """A rollout in the list."""

    id: str
    title: str
    stations: int
    started_at: Instant
    started_by: str
    cancelled_at: Instant | None


class RolloutPage(Struct, kw_only=True):
    """Some rollouts, the latest first."""

    items: list[RolloutLine]
    next: str | None


class RolloutValueView(WishedView, kw_only=True):
    """What became of one value at one station."""

    station: Annotated[str | None, Meta(description="its identity; null for one that was removed")]


class RolloutValuePage(Struct, kw_only=True):
    """Some values of a rollout, the latest first."""

    items: list[RolloutValueView]
    next: str | None


def _view(rollout: Rollout, counts: dict[WishState, int]) -> RolloutView:
    ended = sum(counts.get(one, 0) for one in (WishState.EXPIRED, WishState.WITHDRAWN, WishState.REPLACED))
    return RolloutView(
        id=rollout.id,
        title=rollout.name,
        stations=rollout.stations,
        started_at=rollout.started_at,
        started_by=rollout.started_by,
        cancelled_at=rollout.cancelled_at,
        waiting=counts.get(WishState.WAITING, 0),
        done=counts.get(WishState.DONE, 0),
        failed=counts.get(WishState.FAILED, 0),
        given_up=ended,
    )


async def _stations(data: TemplateRollout, desk: Desk) -> list[Station]:
    if data.stations is not UNSET:
        return [await desk.registry.station(desk.who, one) for one in dict.fromkeys(data.stations)]
    found: list[Station] = []
    cursor: str | None = None
    while True:
        page = await desk.registry.stations(desk.who, cursor=cursor, limit=PAGE)
        found += page.items
        cursor = page.next
        if cursor is None:
            return found


@post("/rollouts", guards=[needs("operate")], tags=["Rollouts"])
async def start_rollout(data: JSONBody[NewRollout], desk: NamedDependency[Desk]) -> RolloutView:
    """Bring values to many stations. 409 `secret_not_kept` for a secret among them."""
    wanted, latest = wanted_values(data.values), until(data.expires_at, desk)
    stations = await _stations(data, desk)
    made = await desk.csms.rollouts.of_values(desk.who, data.title, wanted, stations, latest)
    return _view(*await desk.csms.rollouts.rollout(desk.who, made.id))


@post("/templates/{name:str}/rollout", guards=[needs("operate")], tags=["Rollouts"])
async def roll_template_out(
    name: FromPath[str], data: JSONBody[TemplateRollout], desk: NamedDependency[Desk]
) -> RolloutView:
    """Bring a template to many stations: each gets what it lacks, its lists of measurands one by one."""
    await desk.csms.templates.template(desk.who, decoded(name))
    latest, stations = until(data.expires_at, desk), await _stations(data, desk)
    made = await desk.csms.rollouts.of_template(desk.who, decoded(name), stations, latest)
    return _view(*await desk.csms.rollouts.rollout(desk.who, made.id))


@get("/rollouts", guards=[needs("read")], tags=["Rollouts"])
async def list_rollouts(desk: NamedDependency[Desk], *, limit: Limit = 100, cursor: Cursor = None) -> RolloutPage:
    """The rollouts of your organisation, the latest first."""
    page = await desk.csms.rollouts.list(desk.who, cursor=cursor_from(cursor), limit=limit)
    return RolloutPage(
        items=[
            RolloutLine(
                id=one.id,
                title=one.name,
                stations=one.stations,
                started_at=one.started_at,
                started_by=one.started_by,
                cancelled_at=one.cancelled_at,
            )
            for one in page.items
        ],
        next=cursor_for(page.next),
    )


@get("/rollouts/{rollout:str}", guards=[needs("read")], tags=["Rollouts"])
async def get_rollout(rollout: FromPath[str], desk: NamedDependency[Desk]) -> RolloutView:
    """How far a rollout is."""
    return _view(*await desk.csms.rollouts.rollout(desk.who, decoded(rollout)))


@get("/rollouts/{rollout:str}/values", guards=[needs("read")], tags=["Rollouts"])
async def list_rollout_values(
    rollout: FromPath[str],
    desk: NamedDependency[Desk],
    *,
    outcome: Annotated[WishState | None, QueryParameter(description="only those in that state")] = None,
    limit: Limit = 100,
    cursor: Cursor = None,
) -> RolloutValuePage:
    """What became of each value at each station, the latest first."""
    page = await desk.csms.rollouts.wishes(
        desk.who, decoded(rollout), state=outcome, cursor=cursor_from(cursor), limit=limit
    )
    now, items = desk.csms.context.clock.now(), list[RolloutValueView]()
    for one in page.items:
        station = await desk.csms.context.store.stations.by_id(one.station)
        identity = None if station is None else station.identity
        items.append(RolloutValueView(**structs.asdict(wished_view(one, now)), station=identity))
    return RolloutValuePage(items=items, next=cursor_for(page.next))


@delete("/rollouts/{rollout:str}", guards=[needs("operate")], status_code=200, tags=["Rollouts"])
async def cancel_rollout(rollout: FromPath[str], desk: NamedDependency[Desk]) -> RolloutView:
    """Bring no more of it: what still waits is withdrawn, what stations took stays."""
    made = await desk.csms.rollouts.cancel(desk.who, decoded(rollout))
    return _view(*await desk.csms.rollouts.rollout(desk.who, made.id))
