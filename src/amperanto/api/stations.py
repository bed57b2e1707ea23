"""Stations: registered, changed, removed; and what is known of each.

A station is named by our id or by its identity, percent-encoded (R6). A password is given or made here and
never told again: only a generated one appears, once, in the answer to the request that made it.
"""

from __future__ import annotations

from typing import Annotated, Any

from litestar import Response, delete, get, patch, post
from litestar.di import NamedDependency
from litestar.params import FromPath, JSONBody, QueryParameter
from msgspec import UNSET, Meta, Struct, UnsetType, structs

from amperanto.api.access import needs
from amperanto.api.desk import Desk
from amperanto.api.parameters import decoded
from amperanto.api.representation import PLAIN, Cursor, Instant, Limit, cursor_for, cursor_from
from amperanto.api.sites import SiteName, Unknown
from amperanto.csms.csms import Csms
from amperanto.domain.stations import Registration, Station, Tolerance

LONGEST_INTERVAL = 2_147_483_647

Identity = Annotated[
    str,
    Meta(min_length=1, max_length=255, pattern=PLAIN, description="the last segment of the station's address"),
]
Password = Annotated[
    str,
    Meta(min_length=1, max_length=255, pattern=PLAIN, description="the station's Basic password; never told"),
]
Interval = Annotated[int, Meta(ge=1, le=LONGEST_INTERVAL, description="heartbeat (or boot retry) interval, seconds")]
PingInterval = (
    Annotated[int, Meta(ge=0, le=86_400, description="seconds between pings; 0: none, null: the node's setting")] | None
)
Profile = Annotated[
    int,
    Meta(
        ge=0,
        le=1,
        description="0: no credential is asked, 1: Basic password",
    ),
]


class HardwareView(Struct, kw_only=True):
    """What the station said it is, in its last boot."""

    vendor: str
    model: str
    serial_number: str | None
    firmware_version: str | None
    iccid: str | None
    imsi: str | None


class StationView(Struct, kw_only=True):
    """A registered station."""

    id: str
    identity: str
    registration: Registration
    admitted: Annotated[Registration | None, Meta(description="the answer its last boot got")]
    interval: Interval
    ping_interval: PingInterval
    mode: Annotated[Tolerance, Meta(description="what happens when it breaks the standard")]
    quiet: Annotated[bool, Meta(description="nothing is sent to it that nobody asked for")]
    security_profile: Profile
    site: Annotated[str | None, Meta(description="the id of the site it stands at")]
    unknown_tokens: Unknown
    has_password: bool
    online: bool
    ocpp_version: str | None
    remote: Annotated[str | None, Meta(description="the address of its socket")]
    hardware: HardwareView | None
    last_seen: Instant | None
    booted_at: Instant | None
    created_at: Instant | None
    boot_loop_since: Annotated[
        Instant | None,
        Meta(description="it booted too often since then: nothing is sent to it by itself until it is released"),
    ]
    onboarding: Annotated[str | None, Meta(description="the rollout that set it up when it was accepted first")]


class StationPage(Struct, kw_only=True):
    """Some stations, by identity."""

    items: list[StationView]
    next: str | None


class NewStation(Struct, kw_only=True, forbid_unknown_fields=True):
    """A station to register. Without a password one is made, unless the profile is 0."""

    identity: Identity
    password: Password | UnsetType = UNSET
    registration: Registration | UnsetType = UNSET
    interval: Interval | UnsetType = UNSET
    ping_interval: PingInterval | UnsetType = UNSET
    mode: Tolerance | UnsetType = UNSET
    quiet: bool | UnsetType = UNSET
    security_profile: Profile | UnsetType = UNSET
    site: Annotated[SiteName, Meta(description="its name or id")] | UnsetType | None = UNSET
    unknown_tokens: Unknown | UnsetType = UNSET


class StationChange(Struct, kw_only=True, forbid_unknown_fields=True):
    """What to change of a station; what is absent stays."""

    registration: Registration | UnsetType = UNSET
    interval: Interval | UnsetType = UNSET
    ping_interval: PingInterval | UnsetType = UNSET
    mode: Tolerance | UnsetType = UNSET
    quiet: bool | UnsetType = UNSET
    security_profile: Profile | UnsetType = UNSET
    site: Annotated[SiteName, Meta(description="its name or id")] | UnsetType | None = UNSET
    unknown_tokens: Unknown | UnsetType = UNSET
    password: Password | UnsetType = UNSET


class NewStationView(StationView, kw_only=True, omit_defaults=True):
    """The station just registered, with the password if one was made: it is told only now."""

    password: str | UnsetType = UNSET


_FIELDS = {"interval": "heartbeat_interval", "mode": "tolerance"}


def changes(asked: NewStation | StationChange) -> dict[str, Any]:
    """The fields of a station that the request names, without identity and password."""
    return {
        _FIELDS.get(name, name): value
        for name, value in structs.asdict(asked).items()
        if value is not UNSET and name not in ("identity", "password")
    }


def _known(station: Station, csms: Csms) -> dict[str, Any]:
    link = csms.stations.link(station.id)
    hardware = station.hardware
    return {
        "id": station.id,
        "identity": station.identity,
        "registration": station.registration,
        "admitted": station.admitted,
        "interval": station.heartbeat_interval,
        "ping_interval": station.ping_interval,
        "mode": station.tolerance,
        "quiet": station.quiet,
        "security_profile": station.security_profile,
        "site": station.site,
        "unknown_tokens": station.unknown_tokens,
        "has_password": station.password_hash is not None,
        "online": link is not None,
        "ocpp_version": station.ocpp_version if link is None else link.ocpp_version,
        "remote": None if link is None else link.remote,
        "hardware": None
        if hardware is None
        else HardwareView(
            vendor=hardware.vendor,
            model=hardware.model,
            serial_number=hardware.serial_number,
            firmware_version=hardware.firmware_version,
            iccid=hardware.iccid,
            imsi=hardware.imsi,
        ),
        "last_seen": station.last_seen,
        "booted_at": station.booted_at,
        "created_at": station.created_at,
        "boot_loop_since": station.boot_loop_since,
        "onboarding": station.onboarding,
    }


def told_once(station: Station, csms: Csms, password: str | None) -> NewStationView:
    """The station, with the password that was made for it."""
    return NewStationView(**_known(station, csms), password=UNSET if password is None else password)


@post("/stations", guards=[needs("operate")], tags=["Stations"])
async def add_station(
    data: JSONBody[NewStation],
    desk: NamedDependency[Desk],
) -> NewStationView:
    """Register a station. 409 `exists` when the identity (without case) is registered already."""
    given = None if data.password is UNSET else data.password
    station, made = await desk.registry.add_station(desk.who, data.identity, given, changes(data))
    return told_once(station, desk.csms, made)


@get("/stations", guards=[needs("read")], tags=["Stations"])
async def list_stations(
    desk: NamedDependency[Desk],
    *,
    limit: Limit = 100,
    cursor: Cursor = None,
    registration: Annotated[Registration | None, QueryParameter(description="only those registered so")] = None,
    site: Annotated[
        str | None, QueryParameter(max_length=255, description="only those at that site (name or id)")
    ] = None,
    contains: Annotated[str | None, QueryParameter(max_length=255, description="a part of the identity")] = None,
) -> StationPage:
    """The stations of your organisation, by identity."""
    page = await desk.registry.stations(
        desk.who,
        registration=registration,
        contains=contains,
        site=None if site is None else (await desk.sites.site(desk.who, site)).id,
        cursor=cursor_from(cursor),
        limit=limit,
    )
    return StationPage(
        items=[StationView(**_known(station, desk.csms)) for station in page.items],
        next=cursor_for(page.next),
    )


@get("/stations/{identity:str}", guards=[needs("read")], tags=["Stations"])
async def get_station(
    identity: FromPath[str],
    desk: NamedDependency[Desk],
) -> StationView:
    """One station."""
    return StationView(**_known(await desk.registry.station(desk.who, decoded(identity)), desk.csms))


@patch("/stations/{identity:str}", guards=[needs("operate")], tags=["Stations"])
async def change_station(
    identity: FromPath[str],
    data: JSONBody[StationChange],
    desk: NamedDependency[Desk],
) -> StationView:
    """Change a station.

    A living connection follows at once; a rejected station, and one whose password or profile changed, is
    disconnected.
    """
    given = None if data.password is UNSET else data.password
    station = await desk.registry.change_station(desk.who, decoded(identity), changes(data), given)
    return StationView(**_known(station, desk.csms))


@post("/stations/{identity:str}/release", guards=[needs("operate")], status_code=200, tags=["Stations"])
async def release_station(
    identity: FromPath[str],
    desk: NamedDependency[Desk],
) -> StationView:
    """A station that was caught in a loop of boots may be sent to by itself again."""
    station = await desk.registry.station(desk.who, decoded(identity))
    return StationView(**_known(await desk.csms.provisioning.release(desk.who, station), desk.csms))


@delete("/stations/{identity:str}", guards=[needs("operate")], tags=["Stations"])
async def remove_station(
    identity: FromPath[str],
    desk: NamedDependency[Desk],
) -> Response[None]:
    """Forget a station and disconnect it; its transactions are kept."""
    await desk.registry.remove_station(desk.who, decoded(identity))
    return Response(None, status_code=204)
