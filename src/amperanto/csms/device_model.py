"""B05-B08: the device model of each station, as it is known here, read and set (1.6's configuration keys are the same).

Read-through: what a station reports is kept part by part as it comes, so a late part is kept too; a report is whole
when every part to the last one came. One question at a time goes to a station, split as it says it can take them
(`ItemsPerMessage`, `BytesPerMessage`). What was set is read back; what needs a restart is remembered until the next
boot. A secret is sent and never kept.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any
from weakref import WeakValueDictionary

import structlog

from amperanto.csms.block import Block, Context, Teller, handles
from amperanto.csms.errors import NotSpoken, StationBusy, StationNotAccepted, StationOffline, StationSilent
from amperanto.csms.passwords import Passwords
from amperanto.csms.variables import (
    NO_ANSWER,
    SET,
    SetResult,
    Source,
    answered,
    confirmed,
    info_of,
    known_now,
    limit_of,
    question,
    set_results,
    setting,
    split,
    unknown_yet,
)
from amperanto.domain.decisions import Noted
from amperanto.domain.device_model import (
    Attribute,
    KnownVariable,
    ReportedVariable,
    ReportParts,
    VariableRef,
    WantedValue,
)
from amperanto.domain.observations import VariablesReported
from amperanto.domain.stations import OrganisationId, Station, StationId
from amperanto.ocpp import v2
from amperanto.ocpp.errors import CallRefused
from amperanto.stores.device_model import VariableChange
from amperanto.stores.store import Lane, Unit
from amperanto.stores.work import Page

REPORT_WITHIN = 60.0
"""Seconds until all parts of a report must have come."""
PASSWORD = VariableRef("SecurityCtrlr", "BasicAuthPassword").key()
FULL = v2.ReportBase.FULL_INVENTORY
ACCEPTED, REBOOT = v2.SetVariableStatus.ACCEPTED.value, v2.SetVariableStatus.REBOOT_REQUIRED.value
NOT_SENT, REFUSED, NOT_SPOKEN = "NotSent", "Refused", "NotSpoken"
UNSENT = (StationOffline, StationNotAccepted, StationBusy)

log = structlog.get_logger("amperanto.csms")


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """What became of a report that was asked for. `status` is the station's word, or `NoAnswer` where parts lack."""

    status: str
    info: str | None = None
    parts: int = 0
    missing: tuple[int, ...] = ()
    doubled: int = 0
    variables: int = 0
    complete: bool = False
    forgotten: bool = False


@dataclass(slots=True)
class _Expected:
    """A report that was asked for and is not whole yet."""

    parts: ReportParts = field(default_factory=ReportParts)
    done: asyncio.Event = field(default_factory=asyncio.Event)


class DeviceModel(Block):
    """The variables of stations."""

    def __init__(self, context: Context, passwords: Passwords) -> None:
        super().__init__(context)
        self._passwords = passwords
        self._expected: dict[tuple[StationId, int], _Expected] = {}
        self._lines: WeakValueDictionary[StationId, asyncio.Lock] = WeakValueDictionary()

    # --- what stations tell

    @handles(VariablesReported)
    async def reported(self, unit: Unit, teller: Teller, told: VariablesReported) -> Noted:
        """B07, B08: keep a part of a report, whoever asked for it and however late it comes."""
        await self._keep(unit, teller.station, told.variables, Source("report", teller.at))
        unit.after_commit(lambda: self._came(teller.station, told))
        return Noted()

    def _came(self, station: Station, told: VariablesReported) -> None:
        expected = self._expected.get((station.id, told.request))
        if expected is None:
            log.info("a part of a report nobody waits for", station=station.identity, part=told.part)
            return
        expected.parts.add(told.part, told.more, len(told.variables))
        if expected.parts.complete:
            expected.done.set()

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

    # --- reports

    async def report(
        self,
        station: Station,
        *,
        base: v2.ReportBase | None = FULL,
        criteria: Sequence[v2.ComponentCriterion] = (),
        variables: Sequence[v2.ComponentVariable] = (),
        timeout: float = REPORT_WITHIN,
    ) -> Report:
        """Ask for a base report (B07) or, with `base` None, for a chosen one (B08), and wait until all of it came.

        Raises as `Stations.call` does. What the station no longer has is forgotten after a whole full report.
        """
        async with self._line(station.id):
            since = self.context.clock.now()
            if base is not None:
                request = v2.GetBaseReportRequest(request_id=self._request_id(station.id), report_base=base)
                made = await self._reported(station, request, timeout)
            else:
                made = await self._chosen(station, criteria, variables, timeout)
            if not (base == FULL and made.complete and made.variables):
                return made

            async def forget(unit: Unit) -> None:
                unit.device_models.forget_unseen(station.organisation, station.id, since)

            await self.context.store.run(forget, lane=Lane.BULK)
            return replace(made, forgotten=True)

    async def _chosen(
        self,
        station: Station,
        criteria: Sequence[v2.ComponentCriterion],
        variables: Sequence[v2.ComponentVariable],
        timeout: float,
    ) -> Report:
        """B08: as many requests as `ItemsPerMessage` makes of it; the last word of those that did not go well."""
        items, size = await self._limits(station, "GetReport") if variables else (1, None)
        reports: list[Report] = []
        for part in split(variables, items, size) if variables else [list[v2.ComponentVariable]()]:
            request = v2.GetReportRequest(
                request_id=self._request_id(station.id),
                component_variable=part or v2.UNSET,
                component_criteria=list(criteria) or v2.UNSET,
            )
            reports.append(await self._reported(station, request, timeout))
        worst = next((one for one in reports if not one.complete), reports[0])
        return replace(
            worst,
            parts=sum(one.parts for one in reports),
            doubled=sum(one.doubled for one in reports),
            variables=sum(one.variables for one in reports),
        )

    async def _reported(
        self, station: Station, request: v2.GetBaseReportRequest | v2.GetReportRequest, timeout: float
    ) -> Report:
        """Ask and wait. What comes is expected before it is asked for: a part may overtake the answer."""
        place = (station.id, request.request_id)
        expected = self._expected[place] = _Expected()
        try:
            answer: Any = await self.context.stations.call(station.id, request)
            if answer.status == v2.GenericDeviceModelStatus.ACCEPTED:
                await self._within(timeout, expected.done)
        finally:
            del self._expected[place]
        parts, status = expected.parts, str(answer.status)
        if status == v2.GenericDeviceModelStatus.ACCEPTED.value and not parts.complete:
            status = NO_ANSWER
        return Report(
            status=status,
            info=info_of(answer.status_info),
            parts=len(parts.came),
            missing=parts.missing,
            doubled=parts.doubled,
            variables=parts.variables,
            complete=parts.complete or status == v2.GenericDeviceModelStatus.EMPTY_RESULT_SET.value,
        )

    # --- reading and setting

    async def get(self, station: Station, wanted: Sequence[tuple[VariableRef, str]]) -> list[v2.GetVariableResult]:
        """B06: ask for attributes, keep what is told, and return the station's results, in the order asked.

        Raises as `Stations.call` does.
        """
        async with self._line(station.id):
            return await self._get(station, wanted, Source("read", self.context.clock.now(), whole=False))

    async def set_many(self, station: Station, wanted: Sequence[WantedValue], by: str) -> list[SetResult]:
        """B05: set values, each judged for itself by the station, and read back what it accepted.

        Nothing is raised for what one of them meets: its result says it. Each attribute may be named once.
        """
        async with self._line(station.id):
            results: list[SetResult] = []
            left = list(wanted)
            try:
                limits = await self._limits(station, "SetVariables")
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
        limits = await self._limits(station, "GetVariables")
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
            await self._keep(unit, station, found, told)

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

    async def _keep(self, unit: Unit, station: Station, told: Sequence[ReportedVariable], how: Source) -> None:
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

    async def _limits(self, station: Station, action: str) -> tuple[int, int | None]:
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
            await self._keep(unit, station, found, told)

        if found:
            await self.context.store.run(keep, lane=Lane.BULK)
        return await self.context.store.device_models.these(station.id, [ref.key() for ref in refs])

    def _line(self, station: StationId) -> asyncio.Lock:
        """One question at a time to each station."""
        return self._lines.setdefault(station, asyncio.Lock())

    def _request_id(self, station: StationId) -> int:
        """A number no other report of the station has, hard to meet again."""
        while True:
            number = self.context.random.getrandbits(31)
            if (station, number) not in self._expected:
                return number

    async def _within(self, seconds: float, event: asyncio.Event) -> None:
        """Wait for the event, `seconds` of our clock at most."""
        waits = [asyncio.ensure_future(event.wait()), asyncio.ensure_future(self.context.clock.sleep(seconds))]
        try:
            await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for one in waits:
                one.cancel()


def _unanswered(error: Exception) -> str:
    """Whether the station may have heard it."""
    return NO_ANSWER if isinstance(error, StationSilent) else NOT_SENT
