"""Templates: named sets of values that stations should have, and how far a station is from one."""

from __future__ import annotations

from typing import Annotated

from litestar import delete, get, post, put
from litestar.di import NamedDependency
from litestar.params import FromPath, JSONBody, QueryParameter
from msgspec import Meta, Struct

from amperanto.api.access import needs
from amperanto.api.desk import Desk
from amperanto.api.parameters import decoded
from amperanto.api.representation import PLAIN, Instant
from amperanto.api.variables import MOST, GivenValue, NameView, name_of, wanted_values
from amperanto.csms.templates import Difference, Drift, Template

LONGEST_NAME = 100

Values = Annotated[list[GivenValue], Meta(min_length=1, max_length=MOST)]


class WantedView(NameView, kw_only=True):
    """A value of a template."""

    value: str


class TemplateView(Struct, kw_only=True):
    """A named set of wanted values."""

    name: str
    values: list[WantedView]
    changed_at: Instant
    changed_by: str


class TemplatePage(Struct, kw_only=True):
    """Every template, by name."""

    items: list[TemplateView]
    next: None = None


class TemplateChange(Struct, kw_only=True, forbid_unknown_fields=True):
    """The values of a template, each attribute once."""

    values: Values


class NewTemplate(TemplateChange, kw_only=True, forbid_unknown_fields=True):
    """A template to write."""

    name: Annotated[str, Meta(min_length=1, max_length=LONGEST_NAME, pattern=PLAIN)]


class DriftView(NameView, kw_only=True):
    """A wanted value against what is known of the station."""

    wanted: str
    value: Annotated[str | None, Meta(description="what is known; null: never told, or write-only")]
    difference: Annotated[Difference, Meta(description="pending: it was set, and holds after the next boot")]
    seen_at: Instant | None


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
        changed_at=template.changed_at,
        changed_by=template.changed_by,
    )


def _drift(one: Drift) -> DriftView:
    known = one.known
    return DriftView(
        **name_of(one.wanted.ref, one.wanted.kind),
        wanted=one.wanted.value,
        value=None if known is None else known.attribute.value,
        difference=one.difference,
        seen_at=None if known is None else known.seen_at,
    )


@get("/templates", guards=[needs("read")], tags=["Variables"])
async def list_templates(desk: NamedDependency[Desk]) -> TemplatePage:
    """The templates of your organisation, by name."""
    return TemplatePage(items=[_view(one) for one in await desk.csms.templates.list(desk.who)])


@get("/templates/{name:str}", guards=[needs("read")], tags=["Variables"])
async def get_template(name: FromPath[str], desk: NamedDependency[Desk]) -> TemplateView:
    """One template."""
    return _view(await desk.csms.templates.template(desk.who, decoded(name)))


@post("/templates", guards=[needs("operate")], tags=["Variables"])
async def add_template(data: JSONBody[NewTemplate], desk: NamedDependency[Desk]) -> TemplateView:
    """Write a template. 409 `exists` for a name that is taken, `secret_not_kept` for a secret among its values."""
    return _view(await desk.csms.templates.add(desk.who, data.name, wanted_values(data.values)))


@put("/templates/{name:str}", guards=[needs("operate")], tags=["Variables"])
async def change_template(
    name: FromPath[str], data: JSONBody[TemplateChange], desk: NamedDependency[Desk]
) -> TemplateView:
    """Write a template anew. 409 `secret_not_kept` for a secret among its values."""
    return _view(await desk.csms.templates.change(desk.who, decoded(name), wanted_values(data.values)))


@delete("/templates/{name:str}", guards=[needs("operate")], tags=["Variables"])
async def remove_template(name: FromPath[str], desk: NamedDependency[Desk]) -> None:
    """Forget a template."""
    await desk.csms.templates.remove(desk.who, decoded(name))


@get("/stations/{identity:str}/drift", guards=[needs("read")], tags=["Variables"])
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
