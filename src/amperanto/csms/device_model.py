"""B05, B06: the device model of each station, as it is known here, read and set (also 1.6's configuration keys).

One question at a time goes to a station, split as it says it can take them
(`ItemsPerMessage`, `BytesPerMessage`). What was set is read back; what needs a restart is remembered until the next
boot. A secret is sent and never kept.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from weakref import WeakValueDictionary

import structlog

from amperanto.csms.block import Block, Context
from amperanto.csms.errors import NotSpoken, StationBusy, StationNotAccepted, StationOffline, StationSilent
from amperanto.csms.passwords import Passwords
from amperanto.csms.variables import (
    NO_ANSWER,
    SET,
    SetResult,
    Source,
    answered,
    confirmed,
    known_now,
    limit_of,
    question,
    set_results,
    setting,
    split,
    unknown_yet,
)
from amperanto.domain.device_model import (
    Attribute,
    KnownVariable,
    ReportedVariable,
    VariableRef,
    WantedValue,
)
from amperanto.domain.stations import OrganisationId, Station, StationId
from amperanto.ocpp import v2
from amperanto.ocpp.errors import CallRefused
from amperanto.stores.device_model import VariableChange
from amperanto.stores.store import Lane, Unit
from amperanto.stores.work import Page

PASSWORD = VariableRef("SecurityCtrlr", "BasicAuthPassword").key()
ACCEPTED, REBOOT = v2.SetVariableStatus.ACCEPTED.value, v2.SetVariableStatus.REBOOT_REQUIRED.value
NOT_SENT, REFUSED, NOT_SPOKEN = "NotSent", "Refused", "NotSpoken"
UNSENT = (StationOffline, StationNotAccepted, StationBusy)

log = structlog.get_logger("amperanto.csms")


class DeviceModel(Block):
    """The variables of stations."""

    def __init__(self, context: Context, passwords: Passwords) -> None:
        super().__init__(context)
        self._passwords = passwords
        self._lines: WeakValueDictionary[StationId, asyncio.Lock] = WeakValueDictionary()

    # --- what is known

    async def known(
        self,
        organisation: OrganisationId,
        station: StationId,
        *,
        contains: str | None = None,
        cursor: str | None = None,
        limit: int = 100,
    ) -> Page[KnownVariable]:
        """A page of what is known of a station, by name."""
        return await self.context.store.device_models.list(
            organisation, station, contains=contains, cursor=cursor, limit=limit
        )

    async def changes(
        self, organisation: OrganisationId, station: StationId, *, cursor: str | None = None, limit: int = 100
    ) -> Page[VariableChange]:
        """A page of the values that changed, the latest first."""
        return await self.context.store.device_models.changes(organisation, station, cursor=cursor, limit=limit)

    # --- reading and setting

    async def get(self, station: Station, wanted: Sequence[tuple[VariableRef, str]]) -> list[v2.GetVariableResult]:
        """B06: ask for attributes, keep what is told, and return the station's results, in the order asked.

        Raises as `Stations.call` does.
        """
        async with self.line(station.id):
            return await self._get(station, wanted, Source("read", self.context.clock.now(), whole=False))

    async def set_many(self, station: Station, wanted: Sequence[WantedValue], by: str) -> list[SetResult]:
        """B05: set values, each judged for itself by the station, and read back what it accepted.

        Nothing is raised for what one of them meets: its result says it. Each attribute may be named once.
        """
        async with self.line(station.id):
            results: list[SetResult] = []
            left = list(wanted)
            try:
                limits = await self.limits(station, "SetVariables")
            except (*UNSENT, StationSilent) as error:
                return [SetResult(wanted=one, status=NOT_SENT, info=str(error)) for one in left]
            for part in split([setting(one) for one in wanted], *limits):
                now, left = left[: len(part)], left[len(part) :]
                results += await self._set(station, now, part)
                if results[-1].status in (NO_ANSWER, NOT_SENT):
                    results += [SetResult(wanted=one, status=NOT_SENT, info=results[-1].info) for one in left]
                    break
            return await self._followed(station, results, by)

    async def _set(
        self, station: Station, wanted: Sequence[WantedValue], lines: list[v2.SetVariableData]
    ) -> list[SetResult]:
        """Send one request."""
        try:
            answer = await self.context.stations.call(station.id, v2.SetVariablesRequest(set_variable_data=lines))
        except CallRefused as error:
            return [SetResult(wanted=one, status=REFUSED, info=str(error)) for one in wanted]
        except NotSpoken as error:
            return [SetResult(wanted=one, status=NOT_SPOKEN, info=str(error)) for one in wanted]
        except (StationSilent, *UNSENT) as error:
            return [SetResult(wanted=one, status=_unanswered(error), info=str(error)) for one in wanted]
        return set_results(wanted, answer.set_variable_result)

    async def _followed(self, station: Station, results: list[SetResult], by: str) -> list[SetResult]:
        """Read back what was accepted, remember what needs a restart, and drop the old password (A01.FR.03)."""
        told = Source(SET, self.context.clock.now(), by, whole=False)
        await self._password(station, results)
        waits = [one.wanted for one in results if one.status == REBOOT]
        if waits:
            await self._remember(station, waits, told)
        readable = [one for one in results if one.status == ACCEPTED and not one.wanted.ref.secret]
        if not readable:
            return results
        try:
            read = await self._get(station, [(one.wanted.ref, one.wanted.kind) for one in readable], told)
        except (NotSpoken, CallRefused, StationSilent, *UNSENT) as error:
            log.info("what was set could not be read back", station=station.identity, why=str(error))
            return results
        values = {
            one.wanted.key: v2.or_none(line.attribute_value)
            for one, line in zip(readable, read, strict=True)
            if line.attribute_status == v2.GetVariableStatus.ACCEPTED
        }
        types = await self.context.store.device_models.these(station.id, list(values))
        return [confirmed(one, values, types) for one in results]

    async def _get(
        self, station: Station, wanted: Sequence[tuple[VariableRef, str]], told: Source
    ) -> list[v2.GetVariableResult]:
        limits = await self.limits(station, "GetVariables")
        results: list[v2.GetVariableResult] = []
        for part in split([question(ref, kind) for ref, kind in wanted], *limits):
            answer = await self.context.stations.call(station.id, v2.GetVariablesRequest(get_variable_data=part))
            results += answered(part, answer.get_variable_result)
        found = [
            ReportedVariable(ref=ref, attributes=(Attribute(kind=kind, value=v2.or_none(line.attribute_value)),))
            for (ref, kind), line in zip(wanted, results, strict=True)
            if line.attribute_status == v2.GetVariableStatus.ACCEPTED
        ]

        async def keep(unit: Unit) -> None:
            await self.keep(unit, station, found, told)

        if found:
            await self.context.store.run(keep, lane=Lane.BULK)
        return results

    async def _remember(self, station: Station, waits: Sequence[WantedValue], told: Source) -> None:
        async def work(unit: Unit) -> None:
            before = await unit.device_models.these(station.id, [one.key for one in waits])
            unit.device_models.put(
                replace(
                    before.get(one.key) or unknown_yet(station, one, told),
                    pending=None if one.ref.secret else one.value,
                    reboot_since=told.at,
                )
                for one in waits
            )

        await self.context.store.run(work, lane=Lane.BULK)

    async def _password(self, station: Station, results: Sequence[SetResult]) -> None:
        """A01.FR.03: a station that accepted a new password will come back with it."""
        accepted = next((one for one in results if one.wanted.key == PASSWORD and one.status == ACCEPTED), None)
        if accepted is None:
            return
        hashed = await self._passwords.hash(accepted.wanted.value.encode())

        async def work(unit: Unit) -> None:
            now = await unit.stations.by_id(station.id)
            if now is not None:
                unit.stations.save(replace(now, password_hash=hashed))

        await self.context.store.run(work, lane=Lane.BULK)
        link = self.context.stations.link(station.id)
        if link is not None:
            link.refresh()

    # --- keeping

    async def keep(self, unit: Unit, station: Station, told: Sequence[ReportedVariable], how: Source) -> None:
        """Keep what was told of attributes, and which values changed by it."""
        lines = {
            one.ref.key(attribute.kind): (one, attribute) for one in told for attribute in one.attributes
        }  # a sloppy station says the same twice
        before = await unit.device_models.these(station.id, list(lines))
        changed = False
        for key, (one, attribute) in lines.items():
            old = before.get(key)
            now = known_now(station, one, attribute, how, old)
            unit.device_models.put([now])
            if old is not None and old.attribute.value != now.attribute.value:
                changed = True
                unit.device_models.note(self._change(station, old, now, how))
        if changed:
            unit.device_models.trim(station.id)

    def _change(self, station: Station, old: KnownVariable, now: KnownVariable, how: Source) -> VariableChange:
        return VariableChange(
            id=self.context.ids.new(),
            organisation=station.organisation,
            station=station.id,
            at=how.at,
            variable=str(now.ref),
            attribute=now.attribute.kind,
            before=old.attribute.value,
            after=now.attribute.value,
            source=how.name,
            by=how.by,
        )

    # --- what a station can take

    async def limits(self, station: Station, action: str) -> tuple[int, int | None]:
        """How many lines and how many bytes one request may have (B05.FR.11, B06, B08).

        A station that does not tell is asked once; one that has no such limits gets a line at a time.
        """
        refs = [VariableRef("DeviceDataCtrlr", name, None, action) for name in ("ItemsPerMessage", "BytesPerMessage")]
        keys = [ref.key() for ref in refs]
        known = await self.context.store.device_models.these(station.id, keys)
        if keys[0] not in known:
            told = Source("read", self.context.clock.now(), whole=False)
            known = await self._asked_limits(station, refs, told)
        items, size = (limit_of(known.get(key)) for key in keys)
        return items or 1, size

    async def _asked_limits(self, station: Station, refs: list[VariableRef], told: Source) -> dict[str, KnownVariable]:
        found: list[ReportedVariable] = []
        for ref in refs:  # one by one: that is what every station can take
            request = v2.GetVariablesRequest(get_variable_data=[question(ref, "Actual")])
            try:
                (line, *_) = (await self.context.stations.call(station.id, request)).get_variable_result or [None]
            except (CallRefused, NotSpoken):
                continue
            if line is not None and line.attribute_status == v2.GetVariableStatus.ACCEPTED:
                value = v2.or_none(line.attribute_value)
                found.append(ReportedVariable(ref=ref, attributes=(Attribute(value=value),)))

        async def keep(unit: Unit) -> None:
            await self.keep(unit, station, found, told)

        if found:
            await self.context.store.run(keep, lane=Lane.BULK)
        return await self.context.store.device_models.these(station.id, [ref.key() for ref in refs])

    def line(self, station: StationId) -> asyncio.Lock:
        """One question at a time to each station."""
        return self._lines.setdefault(station, asyncio.Lock())


def _unanswered(error: Exception) -> str:
    """Whether the station may have heard it."""
    return NO_ANSWER if isinstance(error, StationSilent) else NOT_SENT
