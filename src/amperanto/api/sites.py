"""Sites: where stations stand together, in one time zone; and what your organisation declares for all its stations.

A site is named by our id or its name, percent-encoded, case aside.
"""

from __future__ import annotations

from typing import Annotated

from litestar import Response, delete, get, patch, post
from litestar.di import NamedDependency
from litestar.params import FromPath, JSONBody
from msgspec import UNSET, Meta, Struct, UnsetType, structs

from amperanto.api.access import needs
from amperanto.api.desk import Desk
from amperanto.api.parameters import decoded
from amperanto.api.representation import PLAIN, Cursor, Instant, Limit, cursor_for, cursor_from
from amperanto.domain.organisations import Organisation
from amperanto.domain.sites import Site
from amperanto.domain.stations import UnknownTokens

SiteName = Annotated[str, Meta(min_length=1, max_length=255, pattern=PLAIN)]
TimeZone = Annotated[
    str, Meta(min_length=1, max_length=100, pattern=PLAIN, description="an IANA name, such as Europe/Amsterdam")
]
Unknown = (
    Annotated[
        UnknownTokens,
        Meta(
            description="tokens nobody registered: `store` (refused, and kept as blocked), `refuse`, "
            "`accept` (free vending); null: as declared for what it belongs to"
        ),
    ]
    | None
)


class SiteView(Struct, kw_only=True):
    """A site."""

    id: str
    name: str
    time_zone: str
    unknown_tokens: Unknown
    created_at: Instant | None


class SitePage(Struct, kw_only=True):
    """Some sites, by name."""

    items: list[SiteView]
    next: str | None


class NewSite(Struct, kw_only=True, forbid_unknown_fields=True):
    """A site to make: in UTC, unless you say otherwise."""

    name: SiteName
    time_zone: TimeZone | UnsetType = UNSET
    unknown_tokens: Unknown | UnsetType = UNSET


class SiteChange(Struct, kw_only=True, forbid_unknown_fields=True):
    """What to change of a site; what is absent stays."""

    name: SiteName | UnsetType = UNSET
    time_zone: TimeZone | UnsetType = UNSET
    unknown_tokens: Unknown | UnsetType = UNSET


class OrganisationView(Struct, kw_only=True):
    """Your organisation."""

    id: str
    name: str
    unknown_tokens: Unknown
    clear_caches: Annotated[
        bool, Meta(description="a station without a list forgets the tokens it knows when one changes (ClearCache)")
    ]


class OrganisationChange(Struct, kw_only=True, forbid_unknown_fields=True):
    """What to declare; what is absent stays."""

    unknown_tokens: Unknown | UnsetType = UNSET
    clear_caches: bool | UnsetType = UNSET


def _named(asked: NewSite | SiteChange | OrganisationChange) -> dict[str, object]:
    return {name: value for name, value in structs.asdict(asked).items() if value is not UNSET}


def _view(site: Site) -> SiteView:
    return SiteView(
        id=site.id,
        name=site.name,
        time_zone=site.time_zone,
        unknown_tokens=site.unknown_tokens,
        created_at=site.created_at,
    )


def _organisation(owner: Organisation) -> OrganisationView:
    return OrganisationView(
        id=owner.id, name=owner.name, unknown_tokens=owner.unknown_tokens, clear_caches=owner.clear_caches
    )


@post("/sites", guards=[needs("operate")], tags=["Sites"])
async def add_site(data: JSONBody[NewSite], desk: NamedDependency[Desk]) -> SiteView:
    """Make a site. 409 `exists` when there is one of that name (without case)."""
    settings = _named(data)
    return _view(await desk.sites.add(desk.who, str(settings.pop("name")), settings))


@get("/sites", guards=[needs("read")], tags=["Sites"])
async def list_sites(desk: NamedDependency[Desk], limit: Limit = 100, cursor: Cursor = None) -> SitePage:
    """The sites of your organisation, by name."""
    page = await desk.sites.sites(desk.who, cursor=cursor_from(cursor), limit=limit)
    return SitePage(items=[_view(site) for site in page.items], next=cursor_for(page.next))


@get("/sites/{site:str}", guards=[needs("read")], tags=["Sites"])
async def get_site(site: FromPath[str], desk: NamedDependency[Desk]) -> SiteView:
    """One site."""
    return _view(await desk.sites.site(desk.who, decoded(site)))


@patch("/sites/{site:str}", guards=[needs("operate")], tags=["Sites"])
async def change_site(site: FromPath[str], data: JSONBody[SiteChange], desk: NamedDependency[Desk]) -> SiteView:
    """Change a site; the stations there follow its clock from now on."""
    return _view(await desk.sites.change(desk.who, decoded(site), _named(data)))


@delete("/sites/{site:str}", guards=[needs("operate")], tags=["Sites"])
async def remove_site(site: FromPath[str], desk: NamedDependency[Desk]) -> Response[None]:
    """Forget a site. 409 `site_in_use` while stations stand there."""
    await desk.sites.remove(desk.who, decoded(site))
    return Response(None, status_code=204)


@get("/organisation", guards=[needs("read")], tags=["Organisation"])
async def get_organisation(desk: NamedDependency[Desk]) -> OrganisationView:
    """Your organisation, and what it declares for all its stations."""
    return _organisation(await desk.sites.organisation(desk.who))


@patch("/organisation", guards=[needs("admin")], tags=["Organisation"])
async def change_organisation(data: JSONBody[OrganisationChange], desk: NamedDependency[Desk]) -> OrganisationView:
    """Declare something for all the organisation's stations."""
    return _organisation(await desk.sites.declare(desk.who, _named(data)))
