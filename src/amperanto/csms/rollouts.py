"""Rollouts: values for many stations at once, each station at its own pace, and what became of each of them.

A rollout is so many wishes under one name: they wait for stations that are not there, go one request at a time to those
that are, are read back, and can be watched and cancelled together. Values of a template go to the stations that lack
them only, and its lists of measurands are negotiated (`measurands.py`).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime

from amperanto.csms.access import Principal
from amperanto.csms.block import Block, Context
from amperanto.csms.desired_state import DesiredState, Want, value_wanted
from amperanto.csms.measurands import is_measurands, measurands_wanted
from amperanto.csms.templates import Difference, Templates, refuse_secrets
from amperanto.domain.desired_state import Wish, WishState
from amperanto.domain.device_model import WantedValue
from amperanto.domain.errors import UnknownRollout
from amperanto.domain.stations import Station
from amperanto.stores.rollouts import Rollout
from amperanto.stores.store import Lane, Unit
from amperanto.stores.work import Page

AT_ONCE = 100  # stations in one unit
IN_STEP = frozenset({Difference.SAME, Difference.PENDING})


class Rollouts(Block):
    """Values for many stations."""

    def __init__(self, context: Context, wished: DesiredState, templates: Templates) -> None:
        super().__init__(context)
        self._wished = wished
        self._templates = templates

    async def of_values(
        self,
        who: Principal,
        name: str,
        wanted: Sequence[WantedValue],
        stations: Sequence[Station],
        expires_at: datetime | None = None,
    ) -> Rollout:
        """Want these values of all these stations. Raises SecretNotKept."""
        refuse_secrets(wanted)
        wants = [value_wanted(one) for one in {one.key: one for one in wanted}.values()]  # B05.FR.13
        return await self._started(who, name, [(station, wants) for station in stations], expires_at)

    async def of_template(
        self, who: Principal, name: str, stations: Sequence[Station], expires_at: datetime | None = None
    ) -> Rollout:
        """Want of all these stations what they lack of a template. Raises UnknownTemplate."""
        template = await self._templates.template(who, name)
        lacking: list[tuple[Station, list[Want]]] = []
        for station in stations:
            lines = await self._templates.compared(template, station)
            wants = wants_of(one.wanted for one in lines if one.difference not in IN_STEP)
            if wants:
                lacking.append((station, wants))
        return await self._started(who, template.name, lacking, expires_at)

    async def _started(
        self,
        who: Principal,
        name: str,
        wanted: Sequence[tuple[Station, Sequence[Want]]],
        expires_at: datetime | None,
    ) -> Rollout:
        made = self.begun(who, name, len(wanted))

        async def begin(unit: Unit) -> None:
            unit.rollouts.add(made)

        await self.context.store.run(begin, lane=Lane.BULK)
        for start in range(0, len(wanted), AT_ONCE):
            part = wanted[start : start + AT_ONCE]

            async def work(unit: Unit, part: Sequence[tuple[Station, Sequence[Want]]] = part) -> None:
                for station, wants in part:
                    for want in wants:
                        self._wished.put(unit, station, want, who.name, expires_at=expires_at, batch=made.id)

            await self.context.store.run(work, lane=Lane.BULK)
        return made

    def begun(self, who: Principal, name: str, stations: int) -> Rollout:
        """A rollout that begins now."""
        return Rollout(
            id=self.context.ids.new(),
            organisation=who.organisation,
            name=name,
            stations=stations,
            started_at=self.context.clock.now(),
            started_by=who.name,
        )

    async def rollout(self, who: Principal, rollout: str) -> tuple[Rollout, dict[WishState, int]]:
        """A rollout, and how many of its values are in which state. Raises UnknownRollout."""
        found = await self.context.store.rollouts.get(who.organisation, rollout)
        if found is None:
            raise UnknownRollout(f"there is no rollout {rollout}")
        return found, await self.context.store.rollouts.progress(who.organisation, found.id)

    async def list(self, who: Principal, *, cursor: str | None = None, limit: int = 100) -> Page[Rollout]:
        """A page of rollouts, the latest first."""
        return await self.context.store.rollouts.list(who.organisation, cursor=cursor, limit=limit)

    async def wishes(
        self,
        who: Principal,
        rollout: str,
        *,
        state: WishState | None = None,
        cursor: str | None = None,
        limit: int = 100,
    ) -> Page[Wish]:
        """A page of what became of its values, the latest first. Raises UnknownRollout."""
        found, _ = await self.rollout(who, rollout)
        return await self.context.store.desired_states.list(
            who.organisation, batch=found.id, state=state, cursor=cursor, limit=limit
        )

    async def cancel(self, who: Principal, rollout: str) -> Rollout:
        """Want no more what still waits; what stations took stays. Raises UnknownRollout."""
        found, _ = await self.rollout(who, rollout)

        async def work(unit: Unit) -> None:
            unit.rollouts.cancel(found.id, self.context.clock.now())

        await self.context.store.run(work, lane=Lane.BULK)
        return (await self.rollout(who, rollout))[0]


def wants_of(wanted: Iterable[WantedValue]) -> list[Want]:
    """The wishes for values of a template: lists of measurands are negotiated."""
    return [measurands_wanted(one) if is_measurands(one) else value_wanted(one) for one in wanted]
