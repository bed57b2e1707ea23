"""Tariffs as an operator keeps them: versions that never change, for whom each holds, and what a charge would cost.

A changed tariff is a new version; charges that run keep theirs. One that any charge was priced by cannot be removed.
The preview prices a plan by the very function that bills (domain/costs.py).
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from amperanto.csms.access import Principal
from amperanto.csms.block import Block, Context
from amperanto.csms.pricing import zone_name_of
from amperanto.domain.costs import Cost
from amperanto.domain.due import Due
from amperanto.domain.errors import BadTariff, TariffExists, TariffInUse, UnknownAssignment, UnknownSite, UnknownTariff
from amperanto.domain.price_previews import Plan, preview
from amperanto.domain.stations import Station
from amperanto.domain.tariff_assignments import Assignment, Scope, TariffVersion, closest, subjects, tariff_id
from amperanto.domain.tariffs import Tariff, problems
from amperanto.stores.errors import ConflictError
from amperanto.stores.store import Lane, Store, Unit
from amperanto.stores.work import Page

CHANGED = "tariffs_changed"
"""The timer that brings stations in step with what holds now."""


class Tariffs(Block):
    """The tariffs of each organisation."""

    def __init__(self, context: Context) -> None:
        super().__init__(context)

    async def add(self, who: Principal, name: str, tariff: Tariff) -> TariffVersion:
        """Keep a new tariff. Raises BadTariff, TariffExists."""

        async def work(unit: Unit) -> TariffVersion:
            if await unit.tariffs.versions(who.organisation, name):
                raise TariffExists(f"there is a tariff {name} already; put a new version of it")
            return self._added(unit, who, name, 1, tariff)

        try:
            return await self.context.store.run(work, lane=Lane.BULK)
        except ConflictError as error:
            raise TariffExists(f"there is a tariff {name} already; put a new version of it") from error

    async def change(self, who: Principal, name: str, tariff: Tariff) -> TariffVersion:
        """Keep a new version; the same content as the newest is no new one. Raises BadTariff, UnknownTariff."""

        async def work(unit: Unit) -> TariffVersion:
            versions = await unit.tariffs.versions(who.organisation, name)
            if not versions:
                raise UnknownTariff(f"there is no tariff {name}")
            newest = versions[0]
            if replace(tariff, id=newest.id) == newest.tariff:
                return newest
            return self._added(unit, who, name, newest.number + 1, tariff)

        return await self.context.store.run(work, lane=Lane.BULK)

    def _changed(self, unit: Unit, who: Principal) -> None:
        """Have stations that calculate by themselves follow."""
        now = self.context.clock.now()
        due = Due(
            id=self.context.ids.new(), organisation=who.organisation, kind=CHANGED, subject=who.organisation, at=now
        )
        unit.due.put(due)

    def _added(self, unit: Unit, who: Principal, name: str, number: int, tariff: Tariff) -> TariffVersion:
        tariff = replace(tariff, id=tariff_id(name, number))
        wrong = problems(tariff)
        if wrong:
            raise BadTariff(wrong)
        version = TariffVersion(
            organisation=who.organisation, name=name, number=number, tariff=tariff,
            created_at=self.context.clock.now(), created_by=who.name,
        )  # fmt: skip
        unit.tariffs.add(version)
        self._changed(unit, who)
        return version

    async def versions(self, who: Principal, name: str) -> list[TariffVersion]:
        """Every version, the newest first. Raises UnknownTariff."""
        found = await self.context.store.tariffs.versions(who.organisation, name)
        if not found:
            raise UnknownTariff(f"there is no tariff {name}")
        return found

    async def version(self, who: Principal, name: str, number: int | None = None) -> TariffVersion:
        """The newest version, or the one of that number. Raises UnknownTariff."""
        found = await self.versions(who, name)
        chosen = found[0] if number is None else next((one for one in found if one.number == number), None)
        if chosen is None:
            raise UnknownTariff(f"the tariff {name} has no version {number}")
        return chosen

    async def list(self, who: Principal, *, cursor: str | None = None, limit: int = 100) -> Page[TariffVersion]:
        """A page of tariffs by name, each in its newest version."""
        return await self.context.store.tariffs.list(who.organisation, cursor=cursor, limit=limit)

    async def remove(self, who: Principal, name: str) -> None:
        """Forget a tariff nobody ever used. Raises UnknownTariff, TariffInUse."""

        async def work(unit: Unit) -> None:
            if not await unit.tariffs.versions(who.organisation, name):
                raise UnknownTariff(f"there is no tariff {name}")
            if await unit.tariffs.assigned(who.organisation, name):
                raise TariffInUse(f"the tariff {name} is assigned; end its assignments first")
            if await unit.tariffs.used(who.organisation, name):
                raise TariffInUse(f"charges were priced by the tariff {name}, so it is kept")
            unit.tariffs.remove(who.organisation, name)

        await self.context.store.run(work, lane=Lane.BULK)

    async def assignments(self, who: Principal) -> list[Assignment]:
        """For whom, and where, which tariff holds."""
        return await self.context.store.tariffs.assignments(who.organisation)

    async def assign(self, who: Principal, scope: Scope, subject: str, name: str) -> Assignment:
        """Let a tariff hold for a scope from now on, for charges that start. Raises UnknownTariff."""
        assignment = Assignment(
            organisation=who.organisation, scope=scope, subject=subject, tariff=name,
            created_at=self.context.clock.now(), created_by=who.name,
        )  # fmt: skip

        async def work(unit: Unit) -> None:
            if not await unit.tariffs.versions(who.organisation, name):
                raise UnknownTariff(f"there is no tariff {name}")
            unit.tariffs.assign(assignment)
            self._changed(unit, who)

        await self.context.store.run(work, lane=Lane.BULK)
        return assignment

    async def unassign(self, who: Principal, scope: Scope, subject: str, name: str) -> None:
        """Let this tariff hold there no more. Raises UnknownAssignment."""

        async def work(unit: Unit) -> None:
            known = await unit.tariffs.assignments(who.organisation)
            if all((one.scope, one.subject, one.tariff) != (scope, subject, name) for one in known):
                raise UnknownAssignment(f"the tariff {name} is not assigned to this {scope}")
            unit.tariffs.unassign(who.organisation, scope, subject)
            self._changed(unit, who)

        await self.context.store.run(work, lane=Lane.BULK)

    async def time_zone(self, station: Station) -> str:
        """The time zone in which tariffs are read at a station."""
        return await zone_name_of(self.context.store, station)

    async def site(self, who: Principal, site: str) -> str:
        """Our id of a site, of which the id or the name is given. Raises UnknownSite."""
        sites = self.context.store.sites
        found = await sites.get(who.organisation, site) or await sites.by_name(who.organisation, site)
        if found is None:
            raise UnknownSite(f"there is no site {site}")
        return found.id

    async def preview(self, who: Principal, name: str, plan: Plan, *, number: int | None = None) -> Cost:
        """What a plan would cost by a tariff. Raises UnknownTariff."""
        return preview((await self.version(who, name, number)).tariff, plan)


async def holding(
    reader: Store | Unit, station: Station, at: datetime, *, evse: int | None, token_key: str | None, group: str | None
) -> tuple[Scope, TariffVersion] | None:
    """The tariff that holds for a charge that starts then, and by which kind of assignment."""
    book = await reader.tariffs.book(station.organisation)
    for one in subjects(station, evse, token_key, group):
        name = closest([one], book.assigned)
        versions = [] if name is None else book.versions.get(name, [])
        valid = next((v for v in versions if v.tariff.valid_from is None or v.tariff.valid_from <= at), None)
        if valid is not None:
            return one[0], valid
    return None
