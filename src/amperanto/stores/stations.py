"""Stations: rows ↔ `domain.stations.Station`.

Identities are compared without case and are unique within an organisation (R6). `save` checks the revision it
was read with; `seen` alone does not, since a sign of life is no change anybody decided.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from functools import cache
from typing import Any, overload

import msgspec
from sqlalchemy import BigInteger, bindparam, update

from amperanto.domain.stations import (
    Hardware,
    OrganisationId,
    Registration,
    Station,
    StationId,
    Tolerance,
    UnknownTokens,
    folded,
)
from amperanto.stores.columns import Timestamp, Words
from amperanto.stores.scope import across, owned
from amperanto.stores.statements import Row, Statement
from amperanto.stores.tables import stations
from amperanto.stores.work import PAGE, Page, Work, page_of, page_size

_c = stations.c
_SAVED = [column.key for column in _c if column.key not in ("id", "created_at")]
_BY_ID = Statement(across(stations, because="our id names one station of one owner").where(_c.id == bindparam("id")))
_GET = Statement(owned(stations).where(_c.id == bindparam("id")))
_BY_IDENTITY = Statement(owned(stations).where(_c.identity_key == bindparam("identity_key")))
_ALL_BY_IDENTITY = Statement(
    across(stations, because="a socket without an organisation asks whose it is")
    .where(_c.identity_key == bindparam("identity_key"))
    .order_by(_c.organisation)
)
_ADD = Statement(stations.insert(), rank=10)
_SAVE = Statement(
    update(stations).where(_c.id == bindparam("key_id"), _c.revision == bindparam("key_revision", type_=BigInteger())),
    rank=11,
    exact=True,
    columns=_SAVED,
)
_SEEN = Statement(
    update(stations).where(_c.id == bindparam("key_id")).values(last_seen=bindparam("seen_at", type_=Timestamp())),
    rank=12,
)
_REMOVE = Statement(
    stations.delete().where(_c.id == bindparam("id"), _c.revision == bindparam("revision", type_=BigInteger())),
    rank=13,
    exact=True,
)
_HARDWARE = msgspec.json.Decoder(Hardware)


@cache
def _list(filters: frozenset[str]) -> Statement:
    chosen = owned(stations)
    if "registration" in filters:
        chosen = chosen.where(_c.registration == bindparam("registration"))
    if "contains" in filters:
        chosen = chosen.where(_c.identity_key.like(bindparam("contains", type_=Words()), escape="!"))
    if "site" in filters:
        chosen = chosen.where(_c.site == bindparam("site", type_=Words()))
    if "after" in filters:
        chosen = chosen.where(_c.identity_key > bindparam("after"))
    return Statement(chosen.order_by(_c.identity_key).limit(bindparam("limit", type_=BigInteger())))


class Stations:
    """The stations somebody registered."""

    __slots__ = ("_work",)

    def __init__(self, work: Work) -> None:
        self._work = work

    async def by_id(self, station: StationId) -> Station | None:
        """The station of our id (cached); for the node itself, not for a person."""
        return await self._work.cached(self._work.caches.stations, station, lambda: self._read(_BY_ID, id=station))

    def kept(self, station: StationId) -> Station | None:
        """The station of our id where it is cached and may be believed; else `by_id` reads it."""
        return None if self._work.fresh else self._work.caches.stations.get(station)

    async def get(self, organisation: OrganisationId, station: StationId) -> Station | None:
        """The organisation's station of that id."""
        return await self._read(_GET, organisation=organisation, id=station)

    @overload
    async def by_identity(self, organisation: OrganisationId, identity: str) -> Station | None: ...
    @overload
    async def by_identity(self, organisation: None, identity: str) -> list[Station]: ...
    async def by_identity(self, organisation: OrganisationId | None, identity: str) -> Station | list[Station] | None:
        """The organisation's station of that identity; without an organisation, every owner's."""
        key = folded(identity)
        if organisation is not None:
            return await self._read(_BY_IDENTITY, organisation=organisation, identity_key=key)
        return [_station(row) for row in await self._work.several(_ALL_BY_IDENTITY, {"identity_key": key})]

    async def list(
        self,
        organisation: OrganisationId,
        *,
        registration: Registration | None = None,
        contains: str | None = None,
        site: str | None = None,
        cursor: str | None = None,
        limit: int = PAGE,
    ) -> Page[Station]:
        """A page of stations by identity; `contains` is a part of the identity, case aside."""
        limit = page_size(limit)
        wanted: dict[str, Any] = {
            "registration": registration,
            "contains": None if contains is None else _containing(folded(contains)),
            "site": site,
            "after": cursor,
        }
        wanted = {name: value for name, value in wanted.items() if value is not None}
        rows = await self._work.scan(
            _list(frozenset(wanted)), {**wanted, "organisation": organisation, "limit": limit + 1}
        )
        return page_of([_station(row) for row in rows], limit, lambda station: folded(station.identity))

    def add(self, station: Station) -> None:
        """Register a station; an identity the organisation has already is a ConflictError at the commit."""
        self._work.record(
            _ADD, {**_row(station), "id": station.id, "created_at": station.created_at or self._work.now()}
        )
        self._work.exchange(self._work.caches.stations, station.id, None)

    def save(self, station: Station) -> Station:
        """Change a station that was read with this revision; returns it as it will stand (revision + 1)."""
        saved = replace(station, revision=station.revision + 1)
        self._work.record(_SAVE, {**_row(saved), "key_id": station.id, "key_revision": station.revision})
        self._work.exchange(self._work.caches.stations, station.id, saved)
        return saved

    def seen(self, station: StationId, at: datetime) -> None:
        """Note a sign of life."""
        self._work.record(_SEEN, {"key_id": station, "seen_at": at})
        known = self._work.caches.stations.get(station)
        if known is not None:
            self._work.exchange(self._work.caches.stations, station, None)

    def remove(self, station: Station) -> None:
        """Forget a station; what it did stays."""
        self._work.record(_REMOVE, {"id": station.id, "revision": station.revision})
        self._work.exchange(self._work.caches.stations, station.id, None)

    async def _read(self, statement: Statement, **parameters: Any) -> Station | None:
        row = await self._work.one(statement, parameters)
        return None if row is None else _station(row)


def _containing(part: str) -> str:
    """The LIKE pattern of a text that contains this part as it is."""
    return f"%{part.replace('!', '!!').replace('%', '!%').replace('_', '!_')}%"


def _row(station: Station) -> dict[str, Any]:
    hardware = station.hardware
    return {
        "organisation": station.organisation,
        "identity": station.identity,
        "identity_key": folded(station.identity),
        "registration": station.registration,
        "admitted": station.admitted,
        "heartbeat_interval": station.heartbeat_interval,
        "ping_interval": station.ping_interval,
        "tolerance": station.tolerance,
        "quiet": station.quiet,
        "security_profile": station.security_profile,
        "password_hash": station.password_hash,
        "hardware": None if hardware is None else msgspec.json.encode(hardware).decode(),
        "ocpp_version": station.ocpp_version,
        "last_seen": station.last_seen,
        "booted_at": station.booted_at,
        "site": station.site,
        "boots": ",".join(one.isoformat() for one in station.boots) or None,
        "boot_loop_since": station.boot_loop_since,
        "onboarding": station.onboarding,
        "revision": station.revision,
        "unknown_tokens": station.unknown_tokens,
        "cache_cleared_at": station.cache_cleared_at,
    }


def _station(row: Row) -> Station:
    return Station(
        id=row["id"],
        organisation=row["organisation"],
        identity=row["identity"],
        registration=Registration(row["registration"]),
        admitted=None if row["admitted"] is None else Registration(row["admitted"]),
        heartbeat_interval=row["heartbeat_interval"],
        ping_interval=row["ping_interval"],
        tolerance=Tolerance(row["tolerance"]),
        quiet=row["quiet"],
        security_profile=row["security_profile"],
        password_hash=row["password_hash"],
        hardware=None if row["hardware"] is None else _HARDWARE.decode(row["hardware"]),
        ocpp_version=row["ocpp_version"],
        last_seen=row["last_seen"],
        booted_at=row["booted_at"],
        created_at=row["created_at"],
        site=row["site"],
        boots=tuple(datetime.fromisoformat(one) for one in (row["boots"] or "").split(",") if one),
        boot_loop_since=row["boot_loop_since"],
        onboarding=row["onboarding"],
        revision=row["revision"],
        unknown_tokens=None if row["unknown_tokens"] is None else UnknownTokens(row["unknown_tokens"]),
        cache_cleared_at=row["cache_cleared_at"],
    )
