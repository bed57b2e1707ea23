"""What an operator registers: stations, and who knocked without being one (the inbox).

Everything here is seen and changed within the principal's organisation (D9). A station is named by our id
or by its identity, compared without case (R6). A change reaches a living socket after it is committed: the
link reads the station's settings again; a station that was removed or rejected, or whose credentials
changed, is disconnected.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import replace
from typing import Any, TypeVar

from amperanto.csms.access import Principal
from amperanto.csms.block import Block, Context
from amperanto.csms.errors import StationUnknown
from amperanto.csms.passwords import Passwords, generated
from amperanto.domain.errors import UnknownSite
from amperanto.domain.sites import Site
from amperanto.domain.stations import Registration, Station, StationId
from amperanto.stores.errors import ConflictError, NotDurable
from amperanto.stores.inbox import InboxEntry
from amperanto.stores.sites import Sites
from amperanto.stores.stations import Stations
from amperanto.stores.store import Lane, Unit
from amperanto.stores.work import Page

__all__ = ["AlreadyThere", "ConflictError", "NotDurable", "NotInInbox", "PasswordNeeded", "Registry"]

T = TypeVar("T")

POLICY_VIOLATION = 1008  # RFC 6455 §7.4.1


class AlreadyThere(Exception):
    """It is registered already."""


class NotInInbox(Exception):
    """Nobody of that identity knocked."""


class PasswordNeeded(Exception):
    """The security profile asks for a password, and the station has none."""


class Registry(Block):
    """Stations and the inbox, for those who run them."""

    def __init__(self, context: Context, passwords: Passwords) -> None:
        super().__init__(context)
        self._passwords = passwords
        self._closing: set[asyncio.Task[None]] = set()

    async def station(self, who: Principal, name: str) -> Station:
        """The organisation's station of that identity or id. Raises StationUnknown."""
        return await _named(self.context.store.stations, who, name)

    async def stations(
        self,
        who: Principal,
        *,
        registration: Registration | None = None,
        contains: str | None = None,
        site: str | None = None,
        cursor: str | None = None,
        limit: int = 100,
    ) -> Page[Station]:
        """A page of the organisation's stations, by identity."""
        return await self.context.store.stations.list(
            who.organisation, registration=registration, contains=contains, site=site, cursor=cursor, limit=limit
        )

    async def add_station(
        self, who: Principal, identity: str, password: str | None, settings: Mapping[str, Any]
    ) -> tuple[Station, str | None]:
        """Register a station; a password that was made for it is told only now. Raises AlreadyThere, UnknownSite."""
        station, made = await self._prepared(who, identity, password, settings)

        async def work(unit: Unit) -> Station:
            if await unit.stations.by_identity(who.organisation, identity) is not None:
                raise AlreadyThere(f"the station {identity} is registered already")
            site = None if station.site is None else (await named_site(unit.sites, who, station.site)).id
            unit.stations.add(added := replace(station, site=site))
            unit.inbox.remove(who.organisation, identity)
            return added

        return await self._run(work), made

    async def change_station(
        self, who: Principal, name: str, settings: Mapping[str, Any], password: str | None
    ) -> Station:
        """Change settings and, if one is given, the password. Raises StationUnknown, PasswordNeeded, UnknownSite."""
        changes = dict(settings)
        if password is not None:
            changes["password_hash"] = await self._passwords.hash(password.encode())

        async def work(unit: Unit) -> tuple[Station, Station]:
            before = await _named(unit.stations, who, name)
            after = replace(before, **changes)
            if after.site is not None and after.site != before.site:
                after = replace(after, site=(await named_site(unit.sites, who, after.site)).id)
            if after.site != before.site:
                unit.local_lists.outdate(after)
            if after.registration is Registration.REJECTED:
                after = replace(after, admitted=None)  # R9: it must boot again before it may speak
            if after.security_profile > 0 and after.password_hash is None:
                raise PasswordNeeded("a station of security profile 1 needs a password; give one with this change")
            return before, before if after == before else unit.stations.save(after)

        before, after = await self._run(work)
        self._reach(before, after)
        return after

    async def remove_station(self, who: Principal, name: str) -> None:
        """Forget a station; what it did is kept. Raises StationUnknown."""

        async def work(unit: Unit) -> StationId:
            station = await _named(unit.stations, who, name)
            unit.stations.remove(station)
            unit.local_lists.forget(station.id)
            unit.oddities.forget(station.id)
            return station.id

        self._disconnect(await self._run(work), "the station was removed")

    async def inbox(self, who: Principal, *, cursor: str | None = None, limit: int = 100) -> Page[InboxEntry]:
        """Who knocked and is no station, by identity."""
        return await self.context.store.inbox.list(who.organisation, cursor=cursor, limit=limit)

    async def accept(
        self, who: Principal, identity: str, password: str | None, settings: Mapping[str, Any]
    ) -> tuple[Station, str | None]:
        """Make a station of somebody in the inbox. Raises NotInInbox, AlreadyThere."""
        caller = await self.context.store.inbox.get(who.organisation, identity)
        if caller is None:
            raise NotInInbox(f"nobody of the identity {identity} is in the inbox")
        return await self.add_station(who, caller.identity, password, settings)

    async def dismiss(self, who: Principal, identity: str) -> None:
        """Remove somebody from the inbox; who knocks again appears again. Raises NotInInbox."""

        async def work(unit: Unit) -> None:
            if await unit.inbox.get(who.organisation, identity) is None:
                raise NotInInbox(f"nobody of the identity {identity} is in the inbox")
            unit.inbox.remove(who.organisation, identity)

        await self._run(work)

    async def _prepared(
        self, who: Principal, identity: str, password: str | None, settings: Mapping[str, Any]
    ) -> tuple[Station, str | None]:
        fresh = Station(
            id=StationId(self.context.ids.new()),
            organisation=who.organisation,
            identity=identity,
            created_at=self.context.clock.now(),
            heartbeat_interval=self.context.settings.heartbeat_interval,
        )
        station = replace(fresh, **settings)
        made = generated() if password is None and station.security_profile > 0 else None
        secret = password or made
        if secret is None:
            return station, None
        return replace(station, password_hash=await self._passwords.hash(secret.encode())), made

    async def _run(self, work: Any) -> Any:
        return await self.context.store.run(work, lane=Lane.BULK)

    def _reach(self, before: Station, after: Station) -> None:
        """Let a living socket follow a committed change."""
        link = self.context.stations.link(after.id)
        if link is None or before is after:
            return
        link.refresh()
        if after.registration is Registration.REJECTED:
            self._disconnect(after.id, "the station's registration was rejected")
        elif after.password_hash != before.password_hash:
            self._disconnect(after.id, "the station's password was changed")
        elif after.security_profile > before.security_profile:
            self._disconnect(after.id, "the station's security profile was raised")

    def _disconnect(self, station: StationId, reason: str) -> None:
        """Close the station's socket; nobody waits for its good-bye."""
        link = self.context.stations.link(station)
        if link is not None:
            task = asyncio.ensure_future(link.close(POLICY_VIOLATION, reason))
            self._closing.add(task)
            task.add_done_callback(self._closing.discard)


async def named_site(sites: Sites, who: Principal, name: str) -> Site:
    """The organisation's site of that name or id. Raises UnknownSite."""
    found = await sites.by_name(who.organisation, name) or await sites.get(who.organisation, name)
    if found is None:
        raise UnknownSite(f"there is no site {name}")
    return found


async def _named(stations: Stations, who: Principal, name: str) -> Station:
    found = await stations.by_identity(who.organisation, name)
    found = found or await stations.get(who.organisation, StationId(name))
    if found is None:
        raise StationUnknown(f"there is no station {name}")
    return found
