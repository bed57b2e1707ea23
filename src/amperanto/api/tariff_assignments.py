"""For whom, and where, which tariff holds. The closest wins: token, group, EVSE, station, site, organisation."""

from __future__ import annotations

from typing import Annotated

from litestar import Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, JSONBody
from msgspec import Meta, Struct

from amperanto.api.access import needs
from amperanto.api.desk import Desk
from amperanto.api.parameters import decoded
from amperanto.api.problems import BadField
from amperanto.api.representation import PLAIN, Instant
from amperanto.domain.tariff_assignments import Assignment, Scope, evse_subject
from amperanto.domain.tokens import Token

Subject = (
    Annotated[
        str,
        Meta(min_length=1, max_length=255, pattern=PLAIN, description="a uid, group, station, or site; null for all"),
    ]
    | None
)


class AssignmentView(Struct, kw_only=True):
    """A tariff that holds for a scope. `subject` is as it is kept: token uids in lower case, stations by our id."""

    scope: Scope
    subject: str | None
    evse: int | None
    tariff: str
    created_at: Instant
    created_by: str


class AssignmentList(Struct, kw_only=True):
    """Everything that is assigned."""

    items: list[AssignmentView]


class Place(Struct, kw_only=True, forbid_unknown_fields=True):
    """For whom or where."""

    scope: Scope
    subject: Subject = None
    evse: Annotated[int, Meta(ge=1, le=2**31 - 1, description="with scope `evse`: which of the station")] | None = None


def _view(one: Assignment) -> AssignmentView:
    subject, _, evse = one.subject.partition("/") if one.scope is Scope.EVSE else (one.subject, "", "")
    return AssignmentView(
        scope=one.scope,
        subject=subject or None,
        evse=int(evse) if evse else None,
        tariff=one.tariff,
        created_at=one.created_at,
        created_by=one.created_by,
    )


@get("/tariff-assignments", guards=[needs("read")], tags=["Tariffs"])
async def list_assignments(desk: NamedDependency[Desk]) -> AssignmentList:
    """For whom, and where, which tariff holds."""
    return AssignmentList(items=[_view(one) for one in await desk.csms.tariffs.assignments(desk.who)])


@post("/tariffs/{tariff:str}/assign", guards=[needs("operate")], status_code=200, tags=["Tariffs"])
async def assign_tariff(tariff: FromPath[str], data: JSONBody[Place], desk: NamedDependency[Desk]) -> AssignmentView:
    """Let a tariff hold for a scope, in place of the one that did; for charges that start from now on."""
    name = (await desk.csms.tariffs.version(desk.who, decoded(tariff))).name
    return _view(await desk.csms.tariffs.assign(desk.who, data.scope, await _subject(desk, data), name))


@post("/tariffs/{tariff:str}/unassign", guards=[needs("operate")], status_code=204, tags=["Tariffs"])
async def unassign_tariff(tariff: FromPath[str], data: JSONBody[Place], desk: NamedDependency[Desk]) -> Response[None]:
    """Let the tariff hold there no more; charges that run keep it. 404 `unknown_assignment` where it does not."""
    name = (await desk.csms.tariffs.version(desk.who, decoded(tariff))).name
    await desk.csms.tariffs.unassign(desk.who, data.scope, await _subject(desk, data), name)
    return Response(None, status_code=204)


async def _subject(desk: Desk, data: Place) -> str:
    """What is kept of a subject: what charges are matched by. Raises BadField, StationUnknown."""
    if data.scope is Scope.ORGANISATION:
        if data.subject is not None:
            raise BadField("subject", "the scope `organisation` is for everybody in it; leave the subject out")
        return ""
    if data.subject is None:
        raise BadField("subject", f"say which {data.scope} is meant")
    if (data.evse is not None) != (data.scope is Scope.EVSE):
        raise BadField("evse", "with the scope `evse`, and only with it, say which EVSE of the station")
    if data.scope is Scope.TOKEN:
        return Token(data.subject).key
    if data.scope in (Scope.STATION, Scope.EVSE):
        station = (await desk.registry.station(desk.who, data.subject)).id
        return station if data.evse is None else evse_subject(station, data.evse)
    if data.scope is Scope.SITE:
        return await desk.csms.tariffs.site(desk.who, data.subject)
    return data.subject
