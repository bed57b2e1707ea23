"""B07, B08: reports of a station's variables, put together from as many parts as it sends.

Read-through: each part is kept as it comes, whoever asked for it and however late; a report is whole when every part to
the last one came. What is expected is known before it is asked for, since a part may overtake the answer. A station
that does not know a base of reports is asked for the next best; a full inventory is wanted of every station at first
contact and when its hardware or firmware is another (B07.FR.14). What a whole full report leaves out is forgotten.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import msgspec
import structlog

from amperanto.csms.block import Block, Context, Teller, handles
from amperanto.csms.desired_state import REPORT, DesiredState, Want
from amperanto.csms.device_model import DeviceModel
from amperanto.csms.errors import NotSpoken, StationBusy, StationNotAccepted, StationOffline, StationSilent
from amperanto.csms.variables import NO_ANSWER, Source, info_of, split
from amperanto.domain.decisions import Noted
from amperanto.domain.desired_state import Outcome, Wish, done, failed, waits
from amperanto.domain.device_model import ReportParts
from amperanto.domain.observations import VariablesReported
from amperanto.domain.stations import Station, StationId
from amperanto.ocpp import v2
from amperanto.ocpp.errors import CallRefused
from amperanto.stores.store import Lane, Unit

REPORT_WITHIN = 60.0
"""Seconds until all parts of a report must have come."""
FULL = v2.ReportBase.FULL_INVENTORY
NEXT_BEST = {FULL: v2.ReportBase.CONFIGURATION_INVENTORY, v2.ReportBase.CONFIGURATION_INVENTORY: None}
"""What to ask for where a station does not know a base of reports."""
NOT_SUPPORTED = v2.GenericDeviceModelStatus.NOT_SUPPORTED.value
REJECTED = v2.GenericDeviceModelStatus.REJECTED.value
INVENTORY = Want(REPORT, "", msgspec.json.encode(FULL).decode())
"""The wish for everything a station has."""

log = structlog.get_logger("amperanto.csms")


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """What became of a report that was asked for. `status` is the station's word, or `NoAnswer` where parts lack.

    `base` is the base that was reported, which may be the next best; None for a chosen report.
    """

    status: str
    base: v2.ReportBase | None = None
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


class Reports(Block):
    """The reports of stations."""

    def __init__(self, context: Context, device_model: DeviceModel, wished: DesiredState) -> None:
        super().__init__(context)
        self._device_model = device_model
        self._expected: dict[tuple[StationId, int], _Expected] = {}
        wished.register(REPORT, self.deliver, while_pending=True)

    @handles(VariablesReported)
    async def reported(self, unit: Unit, teller: Teller, told: VariablesReported) -> Noted:
        """Keep a part of a report, whoever asked for it and however late it comes."""
        await self._device_model.keep(unit, teller.station, told.variables, Source("report", teller.at))
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

    async def report(
        self,
        station: Station,
        *,
        base: v2.ReportBase | None = FULL,
        criteria: Sequence[v2.ComponentCriterion] = (),
        variables: Sequence[v2.ComponentVariable] = (),
        timeout: float = REPORT_WITHIN,
        next_best: bool = False,
    ) -> Report:
        """Ask for a base report (B07) or, with `base` None, for a chosen one (B08), and wait until all of it came.

        `next_best`: of a station that does not know the base, ask for another one. Raises as `Stations.call` does.
        """
        async with self._device_model.line(station.id):
            since = self.context.clock.now()
            if base is None:
                return await self._chosen(station, criteria, variables, timeout)
            made = await self._based(station, base, timeout)
            while next_best and made.status == NOT_SUPPORTED and (better := NEXT_BEST.get(made.base or FULL)):
                made = await self._based(station, better, timeout)
            if not (made.base == FULL and made.complete and made.variables):
                return made

            async def forget(unit: Unit) -> None:
                unit.device_models.forget_unseen(station.organisation, station.id, since)

            await self.context.store.run(forget, lane=Lane.BULK)
            return replace(made, forgotten=True)

    async def _based(self, station: Station, base: v2.ReportBase, timeout: float) -> Report:
        request = v2.GetBaseReportRequest(request_id=self._request_id(station.id), report_base=base)
        return replace(await self._reported(station, request, timeout), base=base)

    async def deliver(self, station: Station, wishes: Sequence[Wish]) -> list[Outcome]:
        """B07.FR.14: everything the station has, or the most it can tell."""
        return [await self._inventory(station)] * len(wishes)

    async def _inventory(self, station: Station) -> Outcome:
        try:
            made = await self.report(station, next_best=True)
        except (StationOffline, StationNotAccepted, StationBusy) as error:
            return waits(str(error), tried=False)
        except StationSilent as error:
            return waits(f"{NO_ANSWER}: {error}")
        except (NotSpoken, CallRefused) as error:
            return failed(str(error))
        said = f"{made.base}: {made.status}, {made.variables} variables in {made.parts} parts"
        if made.complete:
            return done(said)
        return waits(said) if made.status in (NO_ANSWER, REJECTED) else failed(said)

    async def _chosen(
        self,
        station: Station,
        criteria: Sequence[v2.ComponentCriterion],
        variables: Sequence[v2.ComponentVariable],
        timeout: float,
    ) -> Report:
        """B08: as many requests as `ItemsPerMessage` makes of it; the last word of those that did not go well."""
        items, size = await self._device_model.limits(station, "GetReport") if variables else (1, None)
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

    def _request_id(self, station: StationId) -> int:
        """A number no other report of the station has, hard to meet again."""
        while True:
            number = self.context.random.getrandbits(31)
            if (station, number) not in self._expected:
                return number

    async def _within(self, seconds: float, event: asyncio.Event) -> None:
        """Wait for the event, `seconds` of our clock at most."""
        waiting = [asyncio.ensure_future(event.wait()), asyncio.ensure_future(self.context.clock.sleep(seconds))]
        try:
            await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for one in waiting:
                one.cancel()
