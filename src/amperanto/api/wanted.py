"""What is wanted of a station, of every kind, and what became of it: values, its list, availability, profiles.

A wish waits durably until the station takes it or it expires; the newest one for the same thing counts. Values have
their own door (`/variables`), and so has the local list; what they want is listed here, too.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Annotated, Any

import msgspec
from litestar import delete, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, JSONBody, QueryParameter
from msgspec import UNSET, Meta, Struct, UnsetType

from amperanto.api.access import needs
from amperanto.api.desk import Desk
from amperanto.api.parameters import decoded
from amperanto.api.problems import BadField
from amperanto.api.representation import Cursor, Instant, Limit, cursor_for, cursor_from, instant
from amperanto.csms.desired_state import Want, Wish, WishState
from amperanto.csms.wanted import availability_wanted, profile_wanted
from amperanto.domain.stations import EvseRef
from amperanto.ocpp import v2

LONGEST_WAIT = timedelta(days=400)

Place = Annotated[int, Meta(ge=1, le=1_000_000)]


class WantedAvailability(Struct, kw_only=True, forbid_unknown_fields=True):
    """The station, one of its EVSEs, or a connector of it, in service or out of it."""

    operative: bool
    evse: Place | UnsetType = UNSET
    connector: Place | UnsetType = UNSET


class NewWish(Struct, kw_only=True, forbid_unknown_fields=True):
    """One of the two: `availability`, or `charging_profile` (a SetChargingProfile request in OCPP 2.1's words)."""

    availability: WantedAvailability | UnsetType = UNSET
    charging_profile: dict[str, Any] | UnsetType = UNSET
    expires_at: datetime | UnsetType = UNSET


class WishedView(Struct, kw_only=True):
    """Something that was wanted of the station, and what became of it."""

    id: str
    kind: Annotated[str, Meta(description="variable, measurands, report, local_list, availability, charging_profile …")]
    wanted: Annotated[Any, Meta(description="what is wanted, in the words of its kind")]
    state: WishState
    result: Annotated[str | None, Meta(description="what the station, or the way to it, said last")]
    attempts: int
    wanted_at: Instant
    wanted_by: str
    expires_at: Instant
    settled_at: Instant | None
    rollout: Annotated[str | None, Meta(description="the id of the rollout it belongs to")]


class WishedPage(Struct, kw_only=True):
    """Some of what was wanted, the latest first."""

    items: list[WishedView]
    next: str | None


def until(expires_at: datetime | UnsetType, desk: Desk) -> datetime | None:
    """When a wish expires, as the client said. Raises BadField."""
    if expires_at is UNSET:
        return None
    until, now = instant(expires_at, "expires_at"), desk.csms.context.clock.now()
    assert until is not None
    if not now < until <= now + LONGEST_WAIT:
        raise BadField("expires_at", f"it must be to come, within {LONGEST_WAIT.days} days")
    return until


def wished_view(wish: Wish, now: datetime) -> WishedView:
    """What became of a wish."""
    return WishedView(
        id=wish.id,
        kind=wish.kind,
        wanted=msgspec.json.decode(wish.body),
        state=WishState.EXPIRED if wish.expired(now) else wish.state,
        result=wish.result,
        attempts=wish.attempts,
        wanted_at=wish.wanted_at,
        wanted_by=wish.wanted_by,
        expires_at=wish.expires_at,
        settled_at=wish.settled_at,
        rollout=wish.batch,
    )


@get("/stations/{identity:str}/wanted", guards=[needs("read")], tags=["Wishes"])
async def list_wanted(
    identity: FromPath[str],
    desk: NamedDependency[Desk],
    *,
    kind: Annotated[str | None, QueryParameter(max_length=40, description="only wishes of that kind")] = None,
    limit: Limit = 100,
    cursor: Cursor = None,
) -> WishedPage:
    """Everything that waited for the station, or still does, and what became of each; the latest first."""
    station = await desk.registry.station(desk.who, decoded(identity))
    kinds = () if kind is None else (kind,)
    page = await desk.csms.desired_state.wishes(
        desk.who, station.id, kinds=kinds, cursor=cursor_from(cursor), limit=limit
    )
    now = desk.csms.context.clock.now()
    return WishedPage(items=[wished_view(one, now) for one in page.items], next=cursor_for(page.next))


@post("/stations/{identity:str}/wanted", guards=[needs("operate")], tags=["Wishes"])
async def want(identity: FromPath[str], data: JSONBody[NewWish], desk: NamedDependency[Desk]) -> WishedView:
    """Want something of the station, connected or not: it waits until the station takes it or it expires."""
    station = await desk.registry.station(desk.who, decoded(identity))
    expires_at = until(data.expires_at, desk)
    (wish,) = await desk.csms.desired_state.want_all(desk.who, station, [_wanted(data)], expires_at)
    return wished_view(wish, desk.csms.context.clock.now())


@delete("/stations/{identity:str}/wanted/{wish:str}", guards=[needs("operate")], tags=["Wishes"])
async def withdraw_wanted(identity: FromPath[str], wish: FromPath[str], desk: NamedDependency[Desk]) -> None:
    """Want it no more. 404 `unknown_wish` for one that does not wait."""
    station = await desk.registry.station(desk.who, decoded(identity))
    await desk.csms.desired_state.withdraw(desk.who, station.id, decoded(wish))


class ResetWanted(Struct, kw_only=True, forbid_unknown_fields=True):
    """How to reset, and which EVSE; without one, the whole station."""

    type: v2.Reset
    evse: Place | UnsetType = UNSET


@post("/stations/{identity:str}/reset", guards=[needs("operate")], status_code=200, tags=["Remote control"])
async def reset_station(
    identity: FromPath[str], data: JSONBody[ResetWanted], desk: NamedDependency[Desk]
) -> WishedView:
    """Reset the station, now or when it connects within an hour; follow it at `/wanted` until it has booted.

    409 `cannot_resume` for `ImmediateAndResume` where its variables do not say that it resumes transactions.
    """
    station = await desk.registry.station(desk.who, decoded(identity))
    evse = None if data.evse is UNSET else data.evse
    wish = await desk.csms.resets.reset(desk.who, station, data.type, evse)
    return wished_view(wish, desk.csms.context.clock.now())


def _wanted(data: NewWish) -> Want:
    if (data.availability is UNSET) == (data.charging_profile is UNSET):
        raise BadField("availability", "say what is wanted: `availability`, or `charging_profile`")
    if data.availability is not UNSET:
        told = data.availability
        if told.evse is UNSET and told.connector is not UNSET:
            raise BadField("availability.connector", "say the `evse` it belongs to")
        connector = None if told.connector is UNSET else told.connector
        where = None if told.evse is UNSET else EvseRef(told.evse, connector)
        return availability_wanted(where, operative=told.operative)
    try:
        request = msgspec.convert(data.charging_profile, v2.SetChargingProfileRequest)
    except msgspec.ValidationError as error:
        raise BadField("charging_profile", f"it is no SetChargingProfile request of OCPP 2.1: {error}") from error
    return profile_wanted(request)


class StepView(Struct, kw_only=True):
    """One step of a move, and what the station said to it."""

    what: str
    status: str
    info: str | None


class MoveView(Struct, kw_only=True):
    """A new network profile on its way to be used."""

    slot: Annotated[int, Meta(description="the slot that was written")]
    ready: Annotated[bool, Meta(description="the station uses it from its next reset on")]
    steps: list[StepView]
    reset: Annotated[WishedView | None, Meta(description="the reset that was asked for")]


class NewNetworkProfile(Struct, kw_only=True, forbid_unknown_fields=True):
    """A network profile (2.1's NetworkConnectionProfile), and whether the station is reset to use it."""

    connection_data: dict[str, Any]
    reset: Annotated[bool, Meta(description="reset it once it is idle; it boots over the new profile")] = False


@post("/stations/{identity:str}/network-profile", guards=[needs("operate")], status_code=200, tags=["Variables"])
async def change_network_profile(
    identity: FromPath[str], data: JSONBody[NewNetworkProfile], desk: NamedDependency[Desk]
) -> MoveView:
    """Write a network profile to a slot the station does not use and put it first; each step is told.

    409 `no_free_slot` where every slot is in use, `not_spoken` for OCPP 1.6, which has none.
    """
    station = await desk.registry.station(desk.who, decoded(identity))
    try:
        profile = msgspec.convert(data.connection_data, v2.NetworkConnectionProfile)
    except msgspec.ValidationError as error:
        raise BadField("connection_data", f"it is no NetworkConnectionProfile of OCPP 2.1: {error}") from error
    move = await desk.csms.network_profiles.change(station, profile, desk.who.name)
    wish = None
    if move.ready and data.reset:
        wish = await desk.csms.resets.reset(desk.who, station, v2.Reset.ON_IDLE)
    return MoveView(
        slot=move.slot,
        ready=move.ready,
        steps=[StepView(what=one.what, status=one.status, info=one.info) for one in move.steps],
        reset=None if wish is None else wished_view(wish, desk.csms.context.clock.now()),
    )
