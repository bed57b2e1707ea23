"""Templates: named sets of wanted values, and how far a station, or the fleet, is from one (drift).

Comparing sends nothing; `rollouts.py` brings a template to stations, `onboarding.py` to new ones by itself.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from amperanto.csms.access import Principal
from amperanto.csms.block import Block
from amperanto.csms.registry import AlreadyThere
from amperanto.domain.device_model import FirstUse, KnownVariable, WantedValue, same_value
from amperanto.domain.errors import SecretNotKept, UnknownTemplate
from amperanto.domain.stations import Station
from amperanto.stores.errors import ConflictError
from amperanto.stores.store import Lane, Unit
from amperanto.stores.templates import Template
from amperanto.stores.work import Page


class Difference(StrEnum):
    """How a value stands against the wanted one."""

    SAME = "same"
    DIFFERENT = "different"
    PENDING = "pending"  # it was set, and holds after a restart
    UNKNOWN = "unknown"  # the station never told it


@dataclass(frozen=True, slots=True, kw_only=True)
class Drift:
    """One wanted value against what is known."""

    wanted: WantedValue
    known: KnownVariable | None
    difference: Difference


class Templates(Block):
    """What stations should be like."""

    async def list(self, who: Principal) -> list[Template]:
        """The organisation's templates, by name."""
        return await self.context.store.templates.list(who.organisation)

    async def template(self, who: Principal, name: str) -> Template:
        """The template of that name. Raises UnknownTemplate."""
        found = await self.context.store.templates.get(who.organisation, name)
        if found is None:
            raise UnknownTemplate(f"there is no template {name}")
        return found

    async def add(
        self, who: Principal, name: str, wanted: Sequence[WantedValue], first_use: FirstUse | None = None
    ) -> Template:
        """Write a new template. Raises AlreadyThere, SecretNotKept."""
        if await self.context.store.templates.get(who.organisation, name) is not None:
            raise AlreadyThere(f"there is a template {name} already")
        return await self._written(who, name, wanted, first_use)

    async def change(
        self, who: Principal, name: str, wanted: Sequence[WantedValue], first_use: FirstUse | None = None
    ) -> Template:
        """Write a template anew. Raises UnknownTemplate, SecretNotKept."""
        before = await self.template(who, name)
        return await self._written(who, before.name, wanted, first_use)

    async def _written(
        self, who: Principal, name: str, wanted: Sequence[WantedValue], first_use: FirstUse | None
    ) -> Template:
        refuse_secrets(wanted)
        made = Template(
            organisation=who.organisation,
            name=name,
            wanted=tuple(wanted),
            changed_at=self.context.clock.now(),
            changed_by=who.name,
            first_use=first_use,
        )
        async with self.context.store.unit(lane=Lane.BULK) as unit:
            unit.templates.put(made)
        return made

    async def remove(self, who: Principal, name: str) -> None:
        """Forget a template. Raises UnknownTemplate."""

        async def work(unit: Unit) -> None:
            if await unit.templates.get(who.organisation, name) is None:
                raise UnknownTemplate(f"there is no template {name}")
            unit.templates.remove(who.organisation, name)

        try:
            await self.context.store.run(work, lane=Lane.BULK)
        except ConflictError as error:
            raise UnknownTemplate(f"there is no template {name}") from error

    async def drift(self, who: Principal, station: Station, name: str) -> list[Drift]:
        """Each wanted value of the template against what the station is known to have. Raises UnknownTemplate."""
        return await self.compared(await self.template(who, name), station)

    async def fleet(
        self, who: Principal, name: str, *, cursor: str | None = None, limit: int = 100
    ) -> Page[tuple[Station, list[Drift]]]:
        """A page of the stations, each against the template. Raises UnknownTemplate."""
        template = await self.template(who, name)
        page = await self.context.store.stations.list(who.organisation, cursor=cursor, limit=limit)
        lines = [(one, await self.compared(template, one)) for one in page.items]
        return Page(tuple(lines), page.next)

    async def compared(self, template: Template, station: Station) -> list[Drift]:
        """Each wanted value against what the station is known to have."""
        keys = [one.key for one in template.wanted]
        known = await self.context.store.device_models.these(station.id, keys)
        return [
            Drift(wanted=one, known=known.get(one.key), difference=_difference(one, known.get(one.key), station))
            for one in template.wanted
        ]


def refuse_secrets(wanted: Sequence[WantedValue]) -> None:
    """Nothing that is kept may hold a secret. Raises SecretNotKept."""
    for one in wanted:
        if one.ref.secret:
            raise SecretNotKept(f"{one.ref} is a secret, which is never kept; set it while the station is connected")


def _difference(wanted: WantedValue, known: KnownVariable | None, station: Station) -> Difference:
    if known is None:
        return Difference.UNKNOWN
    data_type = None if known.characteristics is None else known.characteristics.data_type
    if known.awaits_reboot(station.booted_at) and known.pending is not None:
        coming = same_value(data_type, known.pending, wanted.value)
        return Difference.PENDING if coming else Difference.DIFFERENT
    if known.attribute.value is None:
        return Difference.UNKNOWN
    same = same_value(data_type, known.attribute.value, wanted.value)
    return Difference.SAME if same else Difference.DIFFERENT
