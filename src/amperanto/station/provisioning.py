"""B. Provisioning: booting, being configured, reporting, restarting.

A boot is repeated until the CSMS accepts it, at the interval it names (B01-B03); only then is anything else
said, connector states first. An acceptance lasts until the next restart: a lost connection needs no new
boot. A restart keeps what a real station keeps in its memory (variables, availability, the queue) and
forgets the acceptance.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

from amperanto.domain.decisions import BootDecision
from amperanto.domain.observations import StationBooted
from amperanto.domain.stations import Registration
from amperanto.ocpp import v2
from amperanto.ocpp.errors import TooMany
from amperanto.ocpp.shapes import or_none
from amperanto.station.availability import Availability
from amperanto.station.block import Block, Then, handles
from amperanto.station.clock import within
from amperanto.station.controllers import Variable
from amperanto.station.device_model import place_of
from amperanto.station.line import Offline, Unprocessed
from amperanto.station.queue import Queue
from amperanto.station.transactions import Cause, Transactions

OWN_RETRY = 30
"""Seconds until the next boot when the CSMS does not say, or does not answer."""
RESTART = 5.0
"""Seconds a restart takes."""
LAST_WORDS = 30.0
"""Seconds a restart waits for the queue to be delivered."""
A_PART = 20
"""Variables in one NotifyReport."""
LONGEST_INTERVAL = 7 * 86_400
"""Seconds beyond which an interval a CSMS names is no interval."""
RESETS = {v2.Reset.IMMEDIATE: "RemoteReset", v2.Reset.ON_IDLE: "ScheduledReset"}


class Provisioning(Block):
    """B. Provisioning."""

    def __init__(self, transactions: Transactions, availability: Availability, queue: Queue) -> None:
        super().__init__(transactions.context, transactions.line)
        self._transactions = transactions
        self._availability = availability
        self._queue = queue
        self._reason = "PowerUp"
        self._boot_now = asyncio.Event()
        self._silent_until = 0.0
        self._restarting = False
        self._reset_when_idle: v2.Reset | None = None
        self._reporting = False
        self.reserved: Callable[[], bool] = lambda: False
        """Whether a place is kept for somebody, who must not find a station that restarts (B12)."""
        self.resumes: Callable[[float], Awaitable[None]] | None = None
        """Who restarts the station in the middle of its transactions (B13)."""
        self.line.on_up.append(self._greet)
        self.line.on_switch.append(self._switched)
        transactions.on_idle.append(self.now_idle)

    # --- boot

    async def _greet(self) -> None:
        """A new connection: boot unless the CSMS accepted us since we started; then say how things are."""
        line = self.line
        down_since, line.down_since = line.down_since, None
        again = down_since is None or self._gone_for_long(down_since)
        booted = line.registration is not Registration.ACCEPTED
        while line.registration is not Registration.ACCEPTED:
            again = True
            await self._until_boot()
            await self._boot()
        await self._availability.report_all(again=again)
        line.open_for_all()
        if booted:
            self._transactions.accepted()
        self._availability.catch_up()

    def _gone_for_long(self, since: float) -> bool:
        threshold = self.context.variables.number("OCPPCommCtrlr", "OfflineThreshold")
        return self.context.clock.monotonic() - since > threshold

    def _switched(self) -> None:
        """Another network profile than before: who answers there has not heard of us yet (B10)."""
        self._silent_until = 0.0
        if self.line.registration is not None:
            self._reason = "Unknown"  # the standard has no word for it; after a restart its own reason holds

    async def _until_boot(self) -> None:
        """Wait for the interval of an earlier answer, over a new connection too (B03), or until triggered."""
        left = self._silent_until - self.context.clock.monotonic()
        if left <= 0:
            return
        try:
            await within(self.context.clock, left, self._boot_now.wait())
        except TimeoutError:
            return
        self._reason = "Triggered"

    async def _boot(self) -> None:
        """Say that we started; unless accepted, we are silent for as long as the CSMS says."""
        wait = OWN_RETRY
        self._boot_now.clear()
        try:
            told = await self.line.ask(StationBooted(hardware=self.context.hardware, reason=self._reason))
        except Unprocessed:
            pass
        except Offline:
            await asyncio.Event().wait()  # The line notices too, and ends this greeting.
        else:
            if isinstance(told, BootDecision):
                self._take_over(told)
                wait = min(told.interval, LONGEST_INTERVAL) if told.interval > 0 else OWN_RETRY
        accepted = self.line.registration is Registration.ACCEPTED
        self._silent_until = 0.0 if accepted else self.context.clock.monotonic() + wait

    def _take_over(self, told: BootDecision) -> None:
        self.line.registration = told.status
        self.context.time.set(told.now)
        if told.status is Registration.ACCEPTED and told.interval > 0:
            self.context.variables.put("OCPPCommCtrlr", "HeartbeatInterval", str(min(told.interval, LONGEST_INTERVAL)))

    def boot_again(self) -> None:
        """Boot now instead of at the interval (F06)."""
        self._boot_now.set()

    # --- variables

    @handles(v2.GetVariablesRequest)
    def get(self, asked: v2.GetVariablesRequest) -> v2.GetVariablesResponse | TooMany:
        """Read variables (B06); 1.6 asks for all of them by naming none."""
        if len(asked.get_variable_data) > self.context.variables.most("GetVariables"):
            return TooMany("GetVariables has more lines than this station takes")
        read = self.context.variables.read
        results = [read(one) for one in asked.get_variable_data] or self.context.variables.everything()
        return v2.GetVariablesResponse(get_variable_result=results)

    @handles(v2.SetVariablesRequest)
    def set(self, asked: v2.SetVariablesRequest) -> v2.SetVariablesResponse | TooMany:
        """Write variables (B05)."""
        if len(asked.set_variable_data) > self.context.variables.most("SetVariables"):
            return TooMany("SetVariables has more lines than this station takes")
        results = [self.context.variables.write(one) for one in asked.set_variable_data]
        return v2.SetVariablesResponse(set_variable_result=results)

    @handles(v2.GetBaseReportRequest)
    def base_report(self, asked: v2.GetBaseReportRequest) -> v2.GetBaseReportResponse | Then:
        """Report all variables, those that can be set, or the states (B07)."""
        wanted = BASES.get(asked.report_base)
        if wanted is None:
            return v2.GetBaseReportResponse(status=v2.GenericDeviceModelStatus.NOT_SUPPORTED)
        if self._reporting:  # B07: one report at a time
            return v2.GetBaseReportResponse(status=v2.GenericDeviceModelStatus.REJECTED)
        found = self.context.variables.report(wanted)
        response = v2.GetBaseReportResponse(status=v2.GenericDeviceModelStatus.ACCEPTED)
        return Then(response, lambda: self._report(asked.request_id, found))

    @handles(v2.GetReportRequest)
    def report(self, asked: v2.GetReportRequest) -> v2.GetReportResponse | Then | TooMany:
        """Report chosen variables (B08)."""
        if len(or_none(asked.component_variable) or ()) > self.context.variables.most("GetReport"):
            return TooMany("GetReport has more lines than this station takes")
        if self._reporting:
            return v2.GetReportResponse(status=v2.GenericDeviceModelStatus.REJECTED)
        found = self.context.variables.report(_chosen(asked, self.context.variables.components_where))
        if not found:
            return v2.GetReportResponse(status=v2.GenericDeviceModelStatus.EMPTY_RESULT_SET)
        response = v2.GetReportResponse(status=v2.GenericDeviceModelStatus.ACCEPTED)
        return Then(response, lambda: self._report(asked.request_id, found))

    async def _report(self, request: int, found: list[v2.ReportData]) -> None:
        self._reporting = True
        try:
            await self._tell_parts(request, found)
        finally:
            self._reporting = False

    async def _tell_parts(self, request: int, found: list[v2.ReportData]) -> None:
        parts = [found[at : at + A_PART] for at in range(0, len(found), A_PART)]
        for number, part in enumerate(parts):
            more = number + 1 < len(parts)
            report = v2.NotifyReportRequest(
                request_id=request, generated_at=self.context.now(), seq_no=number, report_data=part, tbc=more
            )
            if not await self.tell(report):
                return

    # --- restart

    @handles(v2.ResetRequest)
    def reset(self, asked: v2.ResetRequest) -> v2.ResetResponse | Then:
        """Restart: now, or once nobody charges (B11, B12)."""
        words = v2.ResetStatus
        if asked.type == v2.Reset.IMMEDIATE_AND_RESUME:
            return self._reset_and_resume(asked)
        if or_none(asked.evse_id) is not None or asked.type not in RESETS or self._restarting:
            return v2.ResetResponse(status=words.REJECTED)
        waits = asked.type == v2.Reset.ON_IDLE and not self.context.habits.soft_reset_ends_transactions
        if waits and (self._transactions.running() or self.reserved()):
            self._reset_when_idle = asked.type
            return v2.ResetResponse(status=words.SCHEDULED)
        return Then(v2.ResetResponse(status=words.ACCEPTED), lambda: self._restart(asked.type))

    def _reset_and_resume(self, asked: v2.ResetRequest) -> v2.ResetResponse | Then:
        """B13: restart, and go on with the transactions; refused where they would not outlive it."""
        words, resumes = v2.ResetStatus, self.resumes
        outlive = self.context.habits.resumes_transactions and self.context.variables.number(
            "TxCtrlr", "ResumptionTimeout"
        )
        if resumes is None or not outlive or or_none(asked.evse_id) is not None or self._restarting:
            return v2.ResetResponse(status=words.REJECTED)
        if not self._transactions.running():  # B13: like B11
            return Then(v2.ResetResponse(status=words.ACCEPTED), lambda: self._restart(v2.Reset.IMMEDIATE))
        return Then(v2.ResetResponse(status=words.ACCEPTED), lambda: self._resume(resumes))

    async def _resume(self, resumes: Callable[[float], Awaitable[None]]) -> None:
        self._restarting = True
        try:
            await resumes(RESTART)
        finally:
            self._restarting = False

    def restarted(self, reason: str) -> None:
        """The station starts again: it boots, for that reason, before it may say anything."""
        self._reason, self._silent_until = reason, 0.0
        self.line.forget_registration()

    async def last_words(self) -> None:
        """Give the queue a moment to be delivered before a restart; what is left is kept."""
        try:
            await within(self.context.clock, LAST_WORDS, self._queue.drained())
        except TimeoutError:
            return

    def now_idle(self) -> None:
        """A transaction or reservation ended: restart if that is what was waited for."""
        if self._transactions.running() or self.reserved():
            return
        kind, self._reset_when_idle = self._reset_when_idle, None
        if kind is not None:
            self.context.spawn(self._restart(kind))

    async def _restart(self, kind: v2.Reset) -> None:
        if self._restarting:
            return
        self._restarting, self._reset_when_idle, self._reason = True, None, RESETS[kind]
        soft = kind is v2.Reset.ON_IDLE and self.context.habits.soft_reset_ends_transactions
        cause = Cause(trigger="ResetCommand", reason="SoftReset" if soft else "ImmediateReset")
        self._end_all(cause)
        await self.last_words()
        self._end_all(cause)  # somebody may have come meanwhile
        self._restarting, self._silent_until = False, 0.0
        self.line.forget_registration()
        await self.line.hang_up(again_after=RESTART)

    def _end_all(self, cause: Cause) -> None:
        for evse in self.context.evses.values():
            if evse.transaction is not None or evse.token is not None:
                self._transactions.end(evse, cause)


def _changeable(variable: Variable) -> bool:
    return variable.mutability is not v2.Mutability.READ_ONLY


def _is_state(variable: Variable) -> bool:
    return variable.address.variable in ("AvailabilityState", "Available", "Problem")


BASES: dict[str, Callable[[Variable], bool]] = {
    v2.ReportBase.FULL_INVENTORY: lambda _: True,
    v2.ReportBase.CONFIGURATION_INVENTORY: _changeable,
    v2.ReportBase.SUMMARY_INVENTORY: _is_state,
}


def _chosen(
    asked: v2.GetReportRequest, components_where: Callable[[str, bool], set[object]]
) -> Callable[[Variable], bool]:
    """Whether a variable is among those asked for: any criterion, and any component and variable named."""
    criteria = or_none(asked.component_criteria) or []
    named = or_none(asked.component_variable) or []
    # B08: without the variable a component counts as active, available and enabled, not as having a problem.
    fitting = [components_where(word, word != v2.ComponentCriterion.PROBLEM) for word in criteria]

    def wanted(variable: Variable) -> bool:
        place = place_of(variable.address)
        return (not fitting or any(place in found for found in fitting)) and (
            not named or any(_names(one, variable) for one in named)
        )

    return wanted


def _names(one: v2.ComponentVariable, variable: Variable) -> bool:
    """Whether a component and variable, as far as they are said, mean this variable."""
    address = variable.address
    of = or_none(one.component.instance)  # left out, it means any
    if one.component.name.casefold() != address.component.casefold():
        return False
    if of and of.casefold() != (address.component_instance or "").casefold():
        return False
    place = or_none(one.component.evse)
    if place is not None:
        where = address.where
        if where is None or where.evse != place.id or or_none(place.connector_id) not in (None, where.connector):
            return False
    name = or_none(one.variable)
    if name is None:
        return True
    same = name.name.casefold() == address.variable.casefold()
    instance = or_none(name.instance)  # left out, it means any
    return same and (instance is None or instance.casefold() == (address.instance or "").casefold())
