"""The sites of an organisation, and what it declares once for all its stations.

A site is named by our id or its name, without case. A site at which stations stand is not removed: they would lose
their local time without anybody having said so.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from amperanto.csms.access import Principal
from amperanto.csms.block import Block
from amperanto.csms.registry import AlreadyThere, named_site
from amperanto.domain.errors import SiteInUse
from amperanto.domain.organisations import Organisation
from amperanto.domain.sites import Site, SiteId, zone
from amperanto.stores.store import Lane, Unit
from amperanto.stores.work import Page


class Sites(Block):
    """Where stations stand, and who owns them."""

    async def site(self, who: Principal, name: str) -> Site:
        """The organisation's site of that name or id. Raises UnknownSite."""
        return await named_site(self.context.store.sites, who, name)

    async def sites(self, who: Principal, *, cursor: str | None = None, limit: int = 100) -> Page[Site]:
        """A page of the organisation's sites, by name."""
        return await self.context.store.sites.list(who.organisation, cursor=cursor, limit=limit)

    async def add(self, who: Principal, name: str, settings: Mapping[str, Any]) -> Site:
        """Make a site. Raises AlreadyThere, UnknownTimeZone."""
        site = Site(
            id=SiteId(self.context.ids.new()),
            organisation=who.organisation,
            name=name,
            created_at=self.context.clock.now(),
            **settings,
        )
        zone(site.time_zone)

        async def work(unit: Unit) -> None:
            if await unit.sites.by_name(who.organisation, name) is not None:
                raise AlreadyThere(f"there is a site {name} already")
            unit.sites.add(site)

        await self.context.store.run(work, lane=Lane.BULK)
        return site

    async def change(self, who: Principal, name: str, settings: Mapping[str, Any]) -> Site:
        """Change a site. Raises UnknownSite, AlreadyThere, UnknownTimeZone."""

        async def work(unit: Unit) -> Site:
            before = await named_site(unit.sites, who, name)
            after = replace(before, **settings)
            zone(after.time_zone)
            taken = await unit.sites.by_name(who.organisation, after.name)
            if taken is not None and taken.id != before.id:
                raise AlreadyThere(f"there is a site {after.name} already")
            return before if after == before else unit.sites.save(after)

        return await self.context.store.run(work, lane=Lane.BULK)

    async def remove(self, who: Principal, name: str) -> None:
        """Forget a site. Raises UnknownSite, SiteInUse."""

        async def work(unit: Unit) -> None:
            site = await named_site(unit.sites, who, name)
            there = await unit.stations.list(who.organisation, site=site.id, limit=1)
            if there.items:
                raise SiteInUse(f"the station {there.items[0].identity} stands at {site.name}")
            unit.sites.remove(site)

        await self.context.store.run(work, lane=Lane.BULK)

    async def organisation(self, who: Principal) -> Organisation:
        """The organisation of whoever asks."""
        return await self.context.store.organisations.get(who.organisation)

    async def declare(self, who: Principal, settings: Mapping[str, Any]) -> Organisation:
        """What holds for all the organisation's stations from now on."""

        async def work(unit: Unit) -> Organisation:
            after = replace(await unit.organisations.get(who.organisation), **settings)
            unit.organisations.save(after)
            return after

        return await self.context.store.run(work, lane=Lane.BULK)
