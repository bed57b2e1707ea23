"""Tariffs: what charging costs, in versions that never change, and for whom each holds.

A changed tariff is a new version for charges that start from then on. The preview prices a charge by the very function
that bills it.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, tzinfo
from decimal import Decimal
from typing import Annotated

from litestar import Response, delete, get, post, put
from litestar.di import NamedDependency
from litestar.params import FromPath, JSONBody, QueryParameter
from msgspec import Meta, Struct

from amperanto.api.access import needs
from amperanto.api.costs import CostView, cost_view
from amperanto.api.desk import Desk
from amperanto.api.parameters import decoded
from amperanto.api.problems import BadField
from amperanto.api.representation import Cursor, Instant, Limit, cursor_for, cursor_from, instant
from amperanto.api.tariff_words import TariffBody, read, told
from amperanto.domain.errors import BadTariff, UnknownTimeZone
from amperanto.domain.price_previews import Plan
from amperanto.domain.sites import zone
from amperanto.domain.tariff_assignments import TariffVersion
from amperanto.domain.tariffs import EvseKind, Tariff

Name = Annotated[
    str,
    Meta(min_length=1, max_length=50, pattern=r"^[A-Za-z0-9][A-Za-z0-9_-]*$", description="letters, digits, - and _"),
]
LONGEST = 366 * 24 * 3600
MOST_ENERGY = 10**9
Version = Annotated[int | None, QueryParameter(name="version", ge=1, le=2**31 - 1, description="null: the newest")]


class TariffView(Struct, kw_only=True):
    """One version of a tariff."""

    name: str
    version: int
    id: Annotated[str, Meta(description="what stations and bills call it")]
    created_at: Instant
    created_by: str
    tariff: TariffBody


class TariffPage(Struct, kw_only=True):
    """Some tariffs by name, each in its newest version."""

    items: list[TariffView]
    next: str | None


class TariffVersions(Struct, kw_only=True):
    """Every version of a tariff, the newest first."""

    items: list[TariffView]


class NewTariff(Struct, kw_only=True, forbid_unknown_fields=True):
    """A tariff and its name."""

    name: Name
    tariff: TariffBody


class PlannedCharge(Struct, kw_only=True, forbid_unknown_fields=True):
    """A charge to price before it starts: so much energy, flowing evenly for so long, then idle time."""

    start: Annotated[datetime, Meta(extra_json_schema={"format": "date-time"})]
    energy: Annotated[Decimal, Meta(description="Wh, 0 or more")]
    charging: Annotated[int, Meta(ge=0, le=LONGEST, description="s")]
    idle: Annotated[int, Meta(ge=0, le=LONGEST, description="s after that")] = 0
    reserved: Annotated[int, Meta(ge=0, le=LONGEST, description="s before the start")] | None = None
    station: Annotated[str, Meta(min_length=1, description="whose site's time zone counts")] | None = None
    time_zone: Annotated[str, Meta(min_length=1, max_length=60, description="in place of a station's")] | None = None
    evse_kind: EvseKind | None = None
    payment_brand: Annotated[str, Meta(max_length=20)] | None = None
    payment_recognition: Annotated[str, Meta(max_length=20)] | None = None


def version_view(version: TariffVersion) -> TariffView:
    """A version as a client is told it."""
    return TariffView(
        name=version.name,
        version=version.number,
        id=version.id,
        created_at=version.created_at,
        created_by=version.created_by,
        tariff=told(version.tariff),
    )


@post("/tariffs", guards=[needs("operate")], tags=["Tariffs"])
async def add_tariff(data: JSONBody[NewTariff], desk: NamedDependency[Desk]) -> TariffView:
    """Make a tariff. It holds for nobody before it is assigned. 409 `exists` when there is one of that name."""
    tariff = read(data.tariff)
    try:
        return version_view(await desk.csms.tariffs.add(desk.who, data.name, tariff))
    except BadTariff as error:
        raise BadField("tariff", str(error)) from error


@get("/tariffs", guards=[needs("read")], tags=["Tariffs"])
async def list_tariffs(desk: NamedDependency[Desk], limit: Limit = 100, cursor: Cursor = None) -> TariffPage:
    """The tariffs of your organisation by name, each in its newest version."""
    page = await desk.csms.tariffs.list(desk.who, cursor=cursor_from(cursor), limit=limit)
    return TariffPage(items=[version_view(one) for one in page.items], next=cursor_for(page.next))


@get("/tariffs/{tariff:str}", guards=[needs("read")], tags=["Tariffs"])
async def get_tariff(tariff: FromPath[str], desk: NamedDependency[Desk], in_version: Version = None) -> TariffView:
    """One tariff, in its newest version or the one asked for."""
    return version_view(await desk.csms.tariffs.version(desk.who, decoded(tariff), in_version))


@get("/tariffs/{tariff:str}/versions", guards=[needs("read")], tags=["Tariffs"])
async def list_tariff_versions(tariff: FromPath[str], desk: NamedDependency[Desk]) -> TariffVersions:
    """Every version of a tariff, the newest first."""
    return TariffVersions(
        items=[version_view(one) for one in await desk.csms.tariffs.versions(desk.who, decoded(tariff))]
    )


@put("/tariffs/{tariff:str}", guards=[needs("operate")], tags=["Tariffs"])
async def change_tariff(tariff: FromPath[str], data: JSONBody[TariffBody], desk: NamedDependency[Desk]) -> TariffView:
    """Put a new version: it prices charges that start from now on. The same content again is no new version."""
    wanted: Tariff = read(data)
    try:
        return version_view(await desk.csms.tariffs.change(desk.who, decoded(tariff), wanted))
    except BadTariff as error:
        raise BadField("tariff", str(error)) from error


@delete("/tariffs/{tariff:str}", guards=[needs("operate")], status_code=204, tags=["Tariffs"])
async def remove_tariff(tariff: FromPath[str], desk: NamedDependency[Desk]) -> Response[None]:
    """Remove a tariff nobody ever used. 409 `tariff_in_use` when it is assigned, or priced a charge."""
    await desk.csms.tariffs.remove(desk.who, decoded(tariff))
    return Response(None, status_code=204)


@post("/tariffs/{tariff:str}/preview", guards=[needs("read")], status_code=200, tags=["Tariffs"])
async def preview_tariff(
    tariff: FromPath[str],
    data: JSONBody[PlannedCharge],
    desk: NamedDependency[Desk],
    in_version: Version = None,
) -> CostView:
    """What a charge would cost, to the cent what it will be billed if it goes as planned."""
    start = instant(data.start, "start")
    assert start is not None  # a body without it is refused
    if not data.energy.is_finite() or not 0 <= data.energy <= MOST_ENERGY:
        raise BadField("energy", f"write the Wh, between 0 and {MOST_ENERGY}")
    plan = Plan(
        start=start,
        energy=data.energy,
        charging=timedelta(seconds=data.charging),
        idle=timedelta(seconds=data.idle),
        reserved=None if data.reserved is None else timedelta(seconds=data.reserved),
        zone=await _zone(desk, data),
        evse_kind=data.evse_kind,
        payment_brand=data.payment_brand,
        payment_recognition=data.payment_recognition,
    )
    return cost_view(await desk.csms.tariffs.preview(desk.who, decoded(tariff), plan, number=in_version))


async def _zone(desk: Desk, data: PlannedCharge) -> tzinfo:
    if data.time_zone is not None:
        try:
            return zone(data.time_zone)
        except UnknownTimeZone as error:
            raise BadField("time_zone", str(error)) from error
    if data.station is None:
        return UTC
    station = await desk.registry.station(desk.who, data.station)
    return zone(await desk.csms.tariffs.time_zone(station))
