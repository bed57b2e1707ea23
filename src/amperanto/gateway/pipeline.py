"""What happens to the messages of one station: in order, one at a time, answered only once they are kept.

For each call: is it a repeat (R1)? may the station say it yet (B01.FR.10, B02.FR.09, B03.FR.07)? then the dialect
reads it, the CSMS decides and commits, and the dialect answers. A heartbeat waits for no commit. When nothing can
be made durable, the message is held unanswered and then the socket closed, so that the station queues it (R8).
A message nobody can interpret is kept raw, answered validly and put into review: it must not block the queue.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from traceback import extract_tb
from typing import cast

import structlog

from amperanto.csms.csms import Csms
from amperanto.csms.errors import Fenced, NotDurable, Removed
from amperanto.csms.journal import ALWAYS_AFRESH, Frame
from amperanto.dialects.errors import NotSpoken
from amperanto.dialects.quirks.quirk import QuirkInUse
from amperanto.domain.decisions import TimeTold, TransactionDecision
from amperanto.domain.observations import HeartbeatSeen, Observation, StationBooted, Unreadable
from amperanto.domain.stations import Registration, Station, Tolerance
from amperanto.gateway.journal import ConnectionJournal
from amperanto.gateway.link import SocketLink
from amperanto.ocpp import v2
from amperanto.ocpp.errors import (
    HandlerFailed,
    LocalProtocolError,
    NotAllowedNow,
    NotSupportedHere,
    RemoteProtocolError,
)
from amperanto.ocpp.shapes import Message, Response
from amperanto.transport.link import PeerClosed
from amperanto.transport.mailbox import IncomingCall

HOLD_SECONDS = 20.0
HOLD_STEP = 1.0
POLICY_VIOLATION, TRY_AGAIN_LATER = 1008, 1013  # RFC 6455 §7.4.1 and its registry
BOOT, AUTHORIZE = "BootNotification", "Authorize"
# What a pending station may say without being triggered: its boot, and the reports it was asked for (B02, B06-B08).
WHILE_PENDING = frozenset({BOOT, "NotifyReport", "NotifyMonitoringReport", "LogStatusNotification"})
# Messages about transactions: never refused for their content (messages.md §4).
TRANSACTION_MESSAGES = frozenset({"StartTransaction", "StopTransaction", "TransactionEvent", "MeterValues"})

log = structlog.get_logger("amperanto.gateway")


class Pipeline:
    """The worker of one socket."""

    def __init__(
        self,
        csms: Csms,
        link: SocketLink,
        journal: ConnectionJournal,
        quirk: Callable[[Station], Awaitable[QuirkInUse | None]],
    ) -> None:
        self._quirk = quirk
        self._csms = csms
        self._link = link
        self._journal = journal
        self._greeted = False

    async def run(self) -> None:
        """Handle the station's calls until its socket ends; what was read by then is still kept."""
        try:
            async for call in self._link.peer:
                frame = self._journal.take(call)
                try:
                    await self._handle(call, frame)
                    self._greet(call.action)
                except PeerClosed:
                    continue  # it was kept, but nobody hears the answer
                except Fenced as error:
                    self._journal.later(frame)
                    if isinstance(error, Removed):
                        await self._link.close(POLICY_VIOLATION, "the station was removed")
                    else:
                        await self._link.close(1001, "a newer connection of this station took over")
                    return
                except NotDurable:
                    self._journal.later(frame)
                    await self._link.close(TRY_AGAIN_LATER, "the system cannot store messages now; try again later")
                    return
        finally:
            self._journal.rest()

    async def _handle(self, call: IncomingCall, frame: Frame) -> None:
        if call.one_way:
            self._journal.later(frame)
            return
        if self._link.stale:
            await self._follow()
        refusal = self._gate(call.action)
        if refusal is not None:
            self._journal.later(frame)
            await call.refuse(refusal)
            return
        repeats, station = self._csms.repeats, self._link.station_id
        if call.action in ALWAYS_AFRESH:
            repeats.passed(station, call.id)
            await self._say(call, await self._held(call, frame))
            return
        content = repeats.content(self._link.ocpp_version, call.action, call.payload)
        before = repeats.answer(station, call.id, content)
        if before is not None:
            self._csms.figures.repeats += 1
            self._journal.later(frame)
            await self._say(call, cast(Response, before))
            return
        answer = await self._held(call, frame)
        if not isinstance(answer, RemoteProtocolError):
            repeats.remember(station, call.id, content, answer)
        await self._say(call, answer)

    def _greet(self, action: str) -> None:
        """After its first message on this socket, and after each boot, what waits for the station can go."""
        if action == BOOT or not self._greeted:
            self._greeted = True
            self._csms.arrived(self._link, booted=action == BOOT)

    async def _say(self, call: IncomingCall, answer: Response | RemoteProtocolError) -> None:
        """Answer. Words of ours that cannot be said (a hook's, say) are no reason to lose the station."""
        if isinstance(answer, RemoteProtocolError):
            await call.refuse(answer)
            return
        try:
            await call.reply(answer)
        except LocalProtocolError as error:
            log.warning("an answer cannot be said", station=self._link.identity, action=call.action, why=str(error))
            await call.refuse(HandlerFailed("it could not be answered"))

    async def _follow(self) -> None:
        """Take over changed settings; while they cannot be read, the old ones hold."""
        try:
            await self._look_up()
        except NotDurable:
            self._link.stale = True

    async def _look_up(self) -> None:
        """The station's settings changed (or it booted): take them over."""
        link = self._link
        link.stale = False
        station = await self._csms.station(link)
        link.follow(station, self._csms.context.settings, await self._quirk(station))

    def _gate(self, action: str) -> RemoteProtocolError | None:
        """Whether the station may say this yet. 1.6 only recommends the refusal: a new station is let through there."""
        station = self._link.station
        if action == BOOT or station.may_speak():
            return None
        pending = station.admitted is Registration.PENDING
        if pending and (action in WHILE_PENDING or self._link.was_triggered(action)):
            return None
        new = station.admitted is None and station.registration is Registration.ACCEPTED
        if new and self._link.dialect.lenient_before_boot and station.tolerance is not Tolerance.STRICT:
            return None
        return NotAllowedNow("send BootNotification and wait until it is accepted")

    async def _held(self, call: IncomingCall, frame: Frame) -> Response | RemoteProtocolError:
        """The answer, once what it promises is durable. Raises NotDurable when that takes too long (R8)."""
        clock, link = self._csms.context.clock, self._link
        until, told = clock.monotonic() + HOLD_SECONDS, False
        while True:
            try:
                return await self._decided(call, frame)
            except NotDurable as error:
                if not told:
                    log.warning("nothing can be kept now", station=link.identity, action=call.action, why=str(error))
                declared = self._declared(call)
                if declared is not None:
                    self._journal.later(frame)
                    return declared
                if clock.monotonic() >= until or link.peer.closed is not None:
                    raise  # also when the station is gone: it keeps what was not answered
            told = True
            await clock.sleep(HOLD_STEP)

    def _declared(self, call: IncomingCall) -> Response | None:
        """What the operator declared to answer while nothing can be kept: to Authorize alone, if at all (R8)."""
        decision = self._csms.authorization.while_unkept()
        if call.action != AUTHORIZE or call.request is None or decision is None:
            return None
        return self._link.dialect.answer(call.request, decision, self._link.context)

    async def _decided(self, call: IncomingCall, frame: Frame) -> Response | RemoteProtocolError:
        """The answer. A handler that fails does so twice before its message goes into review."""
        if call.request is None:
            return await self._put_aside(call, frame, str(call.error))
        for last in (False, True):
            try:
                return await self._answer(call, call.request, frame)
            except (NotDurable, Fenced, PeerClosed):
                raise
            except Exception as error:  # noqa: BLE001 - nothing a station says may stop its queue
                problem = f"{type(error).__name__}: {error}"
                if last:
                    self._complain("a message could not be handled", call, error)
                    return await self._put_aside(call, frame, problem)
        raise AssertionError("unreachable")

    async def _put_aside(self, call: IncomingCall, frame: Frame, problem: str) -> Response | RemoteProtocolError:
        """Into review; what not even the review can hold is refused, since it must not block the station's queue."""
        try:
            return await self._reviewed(call, frame, problem)
        except (NotDurable, Fenced, PeerClosed):
            raise
        except Exception as error:  # noqa: BLE001 - as above
            self._complain("a message could not be put into review", call, error)
            return HandlerFailed("it could not be kept")

    def _complain(self, what: str, call: IncomingCall, error: Exception) -> None:
        """Log a failure of ours with where it happened, but no values: they may be secrets."""
        where = [f"{step.filename.rpartition('/')[2]}:{step.lineno}" for step in extract_tb(error.__traceback__)]
        log.error(
            what, station=self._link.identity, action=call.action, why=f"{type(error).__name__}: {error}", where=where
        )

    async def _answer(self, call: IncomingCall, request: Message, frame: Frame) -> Response | RemoteProtocolError:
        link = self._link
        try:
            told = link.dialect.read(request, link.context)
        except NotSpoken:
            return await self._acknowledged(call, frame)
        if isinstance(told, HeartbeatSeen):
            self._journal.later(frame)
            return link.dialect.answer(request, TimeTold(now=self._csms.context.clock.now()), link.context)
        if isinstance(told, v2.DataTransferRequest):
            await self._csms.noted(link, frame)
            said = await self._csms.data_transfer.answer(link.station, told)
            return link.dialect.answer(request, said, link.context)
        if isinstance(told, v2.VatNumberValidationRequest):
            await self._csms.noted(link, frame)
            return await self._csms.payment.validated(link.station, told)
        if isinstance(told, Message) and not self._csms.hears(type(told)):
            return await self._acknowledged(call, frame)
        decision = await self._csms.told(link, cast(Observation, told), frame)
        if isinstance(told, StationBooted):
            self._csms.repeats.forget(link.station_id)
            await self._follow()
        return link.dialect.answer(request, decision, link.context)

    async def _acknowledged(self, call: IncomingCall, frame: Frame) -> Response | RemoteProtocolError:
        """A message no block listens to: kept, and answered where the answer promises nothing more."""
        await self._csms.noted(self._link, frame)
        answer = self._link.dialect.acknowledgement(call.action)
        return answer if answer is not None else NotSupportedHere(f"{call.action} is not supported here")

    async def _reviewed(self, call: IncomingCall, frame: Frame, problem: str) -> Response | RemoteProtocolError:
        """R8: kept raw for a person, answered validly where that is possible."""
        self._csms.figures.reviews += 1
        payload = call.payload.decode(errors="replace")
        await self._csms.told(self._link, Unreadable(action=call.action, payload=payload, problem=problem), frame)
        number = self._csms.transactions.number_of(self._link.station_id, call.action, call.payload)
        answer = self._link.dialect.acknowledgement(call.action, TransactionDecision(number=number))
        if answer is not None and call.action in TRANSACTION_MESSAGES:
            return answer
        return call.error if isinstance(call.error, RemoteProtocolError) else HandlerFailed("it could not be handled")
