"""Templates: named sets of values that stations should have, and how far a station is from one."""

from __future__ import annotations

from typing import Annotated

from litestar import delete, get, post, put
from litestar.di import NamedDependency
from litestar.params import FromPath, JSONBody, QueryParameter
from msgspec import Meta, Struct, convert

from amperanto.api.access import needs
from amperanto.api.desk import Desk
from amperanto.api.parameters import decoded
from amperanto.api.representation import PLAIN, Cursor, Instant, Limit, cursor_for, cursor_from
from amperanto.api.variables import MOST, GivenValue, NameView, name_of, wanted_values
from amperanto.csms.templates import Difference, Drift, Template
from amperanto.domain.device_model import FirstUse

LONGEST_NAME = 100

Pattern = Annotated[str, Meta(min_length=1, max_length=60, pattern=PLAIN)]
Values = Annotated[list[GivenValue], Meta(min_length=1, max_length=MOST)]


class WantedView(NameView, kw_only=True):
    """A value of a template."""

    value: str


class FirstUseGiven(Struct, kw_only=True, forbid_unknown_fields=True):
    """Stations that get the template when they are accepted first; `*` stands for anything."""

    vendor: Pattern = "*"
    model: Pattern = "*"
    while_pending: Annotated[
        bool, Meta(description="set it up while its registration is pending; accept it when it took everything")
    ] = False
    local_list: Annotated[bool, Meta(description="it shall know the organisation's tokens, too")] = False


class TemplateView(Struct, kw_only=True):
    """A named set of wanted values."""

    name: str
    values: list[WantedView]
    first_use: FirstUseGiven | None
    changed_at: Instant
    changed_by: str


class TemplatePage(Struct, kw_only=True):
    """Every template, by name."""

    items: list[TemplateView]
    next: None = None


class TemplateChange(Struct, kw_only=True, forbid_unknown_fields=True):
    """The values of a template, each attribute once; and which stations get it by themselves, if any."""

    values: Values
    first_use: FirstUseGiven | None = None


class NewTemplate(TemplateChange, kw_only=True, forbid_unknown_fields=True):
    """A template to write."""

    name: Annotated[str, Meta(min_length=1, max_length=LONGEST_NAME, pattern=PLAIN)]


class DriftView(NameView, kw_only=True):
    """A wanted value against what is known of the station."""

    wanted: str
    value: Annotated[str | None, Meta(description="what is known; null: never told, or write-only")]
    difference: Annotated[Difference, Meta(description="pending: it was set, and holds after the next boot")]
    seen_at: Instant | None


class StationDriftView(Struct, kw_only=True):
    """A template against one station of the fleet."""

    station: str
    in_step: bool
    items: Annotated[list[DriftView], Meta(description="what is not as wanted")]


class FleetDriftPage(Struct, kw_only=True):
    """A template against some stations, by identity."""

    template: str
    items: list[StationDriftView]
    next: str | None


class DriftPage(Struct, kw_only=True):
    """A template against a station."""

    template: str
    in_step: Annotated[bool, Meta(description="every value is the wanted one")]
    items: list[DriftView]
    next: None = None


def _view(template: Template) -> TemplateView:
    return TemplateView(
        name=template.name,
        values=[WantedView(**name_of(one.ref, one.kind), value=one.value) for one in template.wanted],
        first_use=_first_use_view(template.first_use),
        changed_at=template.changed_at,
        changed_by=template.changed_by,
    )


def _first_use(data: TemplateChange) -> FirstUse | None:
    given = data.first_use
    return None if given is None else convert(given, FirstUse, from_attributes=True)


def _first_use_view(known: FirstUse | None) -> FirstUseGiven | None:
    return None if known is None else convert(known, FirstUseGiven, from_attributes=True)


def _drift(one: Drift) -> DriftView:
    known = one.known
    return DriftView(
        **name_of(one.wanted.ref, one.wanted.kind),
        wanted=one.wanted.value,
        value=None if known is None else known.attribute.value,
        difference=one.difference,
        seen_at=None if known is None else known.seen_at,
    )


@get("/templates", guards=[needs("read")], tags=["Templates"])
async def list_templates(desk: NamedDependency[Desk]) -> TemplatePage:
    """The templates of your organisation, by name."""
    return TemplatePage(items=[_view(one) for one in await desk.csms.templates.list(desk.who)])


@get("/templates/{name:str}", guards=[needs("read")], tags=["Templates"])
async def get_template(name: FromPath[str], desk: NamedDependency[Desk]) -> TemplateView:
    """One template."""
    return _view(await desk.csms.templates.template(desk.who, decoded(name)))


@post("/templates", guards=[needs("operate")], tags=["Templates"])
async def add_template(data: JSONBody[NewTemplate], desk: NamedDependency[Desk]) -> TemplateView:
    """Write a template. 409 `exists` for a name that is taken, `secret_not_kept` for a secret among its values."""
    return _view(await desk.csms.templates.add(desk.who, data.name, wanted_values(data.values), _first_use(data)))


@put("/templates/{name:str}", guards=[needs("operate")], tags=["Templates"])
async def change_template(
    name: FromPath[str], data: JSONBody[TemplateChange], desk: NamedDependency[Desk]
) -> TemplateView:
    """Write a template anew. 409 `secret_not_kept` for a secret among its values."""
    return _view(
        await desk.csms.templates.change(desk.who, decoded(name), wanted_values(data.values), _first_use(data))
    )


@delete("/templates/{name:str}", guards=[needs("operate")], tags=["Templates"])
async def remove_template(name: FromPath[str], desk: NamedDependency[Desk]) -> None:
    """Forget a template."""
    await desk.csms.templates.remove(desk.who, decoded(name))


@get("/stations/{identity:str}/drift", guards=[needs("read")], tags=["Templates"])
async def compare_with_template(
    identity: FromPath[str],
    desk: NamedDependency[Desk],
    template: Annotated[str, QueryParameter(min_length=1, max_length=LONGEST_NAME, description="its name")],
) -> DriftPage:
    """How far the station is from a template, by what is known of it; asks the station nothing."""
    station = await desk.registry.station(desk.who, decoded(identity))
    lines = await desk.csms.templates.drift(desk.who, station, template)
    return DriftPage(
        template=template,
        in_step=all(one.difference is Difference.SAME for one in lines),
        items=[_drift(one) for one in lines],
    )


@get("/templates/{name:str}/drift", guards=[needs("read")], tags=["Templates"])
async def compare_fleet_with_template(
    name: FromPath[str], desk: NamedDependency[Desk], *, limit: Limit = 100, cursor: Cursor = None
) -> FleetDriftPage:
    """How far each station is from a template, with both values of what differs; asks no station anything."""
    template = decoded(name)
    page = await desk.csms.templates.fleet(desk.who, template, cursor=cursor_from(cursor), limit=limit)
    return FleetDriftPage(
        template=template,
        items=[
            StationDriftView(
                station=station.identity,
                in_step=all(one.difference is Difference.SAME for one in lines),
                items=[_drift(one) for one in lines if one.difference is not Difference.SAME],
            )
            for station, lines in page.items
        ],
        next=cursor_for(page.next),
    )
