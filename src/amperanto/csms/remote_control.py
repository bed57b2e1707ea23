"""F. Remote control: a remote start is followed to its transaction, its refusal, or its time, and says which.

It is kept, with the timer that ends it, before it is sent, since the station may report the start before it answers,
and this node may be gone by then. In 2.x the station says `remoteStartId`; 1.6 cannot, so the next start with that
token at that EVSE is the one meant (R5). A 1.6 station's start is looked at only while its latest connection is known
to wait for one: whether it does is read once a connection and remembered, so other messages cost nothing.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import partial
from typing import TypeVar

from amperanto.csms.access import Principal
from amperanto.csms.block import Block, Context, Teller
from amperanto.csms.errors import NotSpoken, StationBusy, StationNotAccepted, StationOffline, StationSilent
from amperanto.csms.records import Named
from amperanto.csms.timers import Timers
from amperanto.domain.decisions import TransactionDecision
from amperanto.domain.device_model import VariableRef
from amperanto.domain.due import Due
from amperanto.domain.errors import UnknownRemoteStart, WrongProfile
from amperanto.domain.events import RemoteStartEnded
from amperanto.domain.limits import TransactionLimit
from amperanto.domain.observations import TransactionReport, TransactionStarted
from amperanto.domain.remote_starts import Failure, RemoteStart, RemoteStartState
from amperanto.domain.stations import Station, StationId
from amperanto.domain.tokens import UNKNOWN_TYPE, Token
from amperanto.domain.transactions import Transaction, TransactionState
from amperanto.ocpp import v2
from amperanto.ocpp.errors import CallRefused
from amperanto.stores.store import Unit
from amperanto.stores.work import Page

R = TypeVar("R", bound=v2.Response)

START = v2.RequestStartStopStatus
TIMER = "remote_start"
CENTRAL = "Central"
CONNECTION_TIMEOUT = VariableRef("TxCtrlr", "EVConnectionTimeOut")
USUAL_TIMEOUT = 120
LONGEST_TIMEOUT = 86_400
MARGIN = timedelta(seconds=60)
"""How long after the station's own time for a cable a start may still be reported, answers and retries included."""
LATE = timedelta(hours=24)
"""How long after its time a start that was made in time may still be told (R10)."""
LAST_NUMBER = 2**31 - 1
KNOWS_LIMITS = v2.SetDefaultTariffRequest
"""A request that came with the limits of transactions: who has words for one has them for the other."""
LOOK_AGAIN = 0.25
FAILURES: tuple[tuple[type[Exception], Failure], ...] = (
    (StationOffline, Failure.OFFLINE),
    (StationSilent, Failure.SILENT),
    (NotSpoken, Failure.NOT_SPOKEN),
    (StationNotAccepted, Failure.NOT_ACCEPTED),
    (StationBusy, Failure.BUSY),
    (CallRefused, Failure.ERROR),
)
WENT_WRONG: tuple[type[Exception], ...] = tuple(kind for kind, _ in FAILURES)
MAYBE_SENT = frozenset({Failure.SILENT, Failure.ERROR})


@dataclass(frozen=True, slots=True)
class StartWish:
    """Whom to let charge and where; `evse` None: the station chooses."""

    token: Token
    evse: int | None = None
    group: str | None = None
    profile: v2.ChargingProfile | None = None
    limit: TransactionLimit | None = None


@dataclass(frozen=True, slots=True)
class _Watch:
    """Whether a start may come on a connection that a remote start is waiting for: until then, or no (None)."""

    connection: int
    until: datetime | None


class RemoteControl(Block):
    """F. Remote control."""

    def __init__(self, context: Context, timers: Timers) -> None:
        super().__init__(context)
        self._watched: dict[StationId, _Watch] = {}
        self._changes = 0
        timers.on(TIMER, self._overdue)

    # --- what people ask

    async def start(
        self, who: Principal, station: Station, wish: StartWish, *, timeout: float | None = None
    ) -> RemoteStart:
        """F01, F02: ask the station to let a token charge. Whatever comes of it is data: see its state.

        Raises WrongProfile before anything is kept.
        """
        kind = wish.token.type if wish.token.type != UNKNOWN_TYPE else "Central"
        uid = self.context.stations.behaviour(station.id).remote_start_token or wish.token.uid
        request = v2.RequestStartTransactionRequest(
            id_token=v2.IdToken(id_token=uid, type=kind),
            remote_start_id=await self._number(station),
            evse_id=v2.unless_none(wish.evse),
            group_id_token=v2.UNSET if wish.group is None else v2.IdToken(id_token=wish.group, type="Central"),
            charging_profile=v2.unless_none(wish.profile),
        )
        one = await self._kept(station, request, who.name, wish)
        try:
            await self._sent(station, request, one, timeout=timeout, urgent=True)
        except WENT_WRONG:
            pass  # it is kept as Failed, with the reason
        return await self._of(who, one.id)

    async def send(
        self, who: Principal, station: Station, request: v2.Request[R], *, timeout: float | None = None
    ) -> R:
        """Send any command as it is, following a start. Raises as `Stations.call` does, and WrongProfile."""
        if not isinstance(request, v2.RequestStartTransactionRequest):
            return await self.context.stations.call(station.id, request, timeout=timeout, urgent=True)
        one = await self._kept(station, request, who.name)
        return await self._sent(station, request, one, timeout=timeout, urgent=True)  # type: ignore[return-value]

    async def followed(self, who: Principal, remote_start: str, *, wait: float = 0.0) -> Named[RemoteStart]:
        """A remote start as it stands, once it has ended or after `wait` seconds. Raises UnknownRemoteStart."""
        until = self.context.clock.monotonic() + wait
        found = await self._of(who, remote_start)
        while found.open and self.context.clock.monotonic() < until:
            await self.context.clock.sleep(LOOK_AGAIN)
            found = await self._of(who, remote_start)
        return await self._named(who, found)

    async def remote_starts(
        self,
        who: Principal,
        *,
        station: StationId | None = None,
        state: RemoteStartState | None = None,
        cursor: str | None = None,
        limit: int = 100,
    ) -> Page[Named[RemoteStart]]:
        """A page of remote starts, the newest first."""
        page = await self.context.store.remote_starts.list(
            who.organisation, station=station, state=state, cursor=cursor, limit=limit
        )
        return Page(tuple([await self._named(who, one) for one in page.items]), page.next)

    # --- asking

    async def _number(self, station: Station) -> int:
        """A remoteStartId that this station has not heard of."""
        while True:
            number = self.context.random.randint(1, LAST_NUMBER)
            if await self.context.store.remote_starts.of_number(station.id, number) is None:
                return number

    async def _kept(
        self, station: Station, request: v2.RequestStartTransactionRequest, by: str, wish: StartWish | None = None
    ) -> RemoteStart:
        """Keep what is about to be asked, with the timer that ends it. Raises WrongProfile."""
        _check(v2.or_none(request.charging_profile))
        now = self.context.clock.now()
        one = RemoteStart(
            id=self.context.ids.new(),
            organisation=station.organisation,
            station=station.id,
            number=request.remote_start_id,
            token=Token(request.id_token.id_token if wish is None else wish.token.uid, str(request.id_token.type)),
            limit=None if wish is None else wish.limit,
            evse=v2.or_none(request.evse_id),
            asked_at=now,
            asked_by=by,
            sent_at=now,
            until=now + timedelta(seconds=await self._connection_timeout(station.id)) + MARGIN,
        )

        async def work(unit: Unit) -> None:
            unit.remote_starts.add(one)
            unit.due.put(
                Due(id=self.context.ids.new(), organisation=one.organisation, kind=TIMER, subject=one.id, at=one.until)
            )

        await self.context.store.run(work)
        self._look_again(station.id)
        return one

    async def _sent(
        self,
        station: Station,
        request: v2.RequestStartTransactionRequest,
        one: RemoteStart,
        *,
        timeout: float | None,
        urgent: bool,
    ) -> v2.RequestStartTransactionResponse:
        """Send it and keep the answer. Raises as `Stations.call` does, once that is kept."""
        link = self.context.stations.link(station.id)
        try:
            if one.limit is not None and link is not None and not link.can(KNOWS_LIMITS):
                raise NotSpoken("the station's OCPP version knows no limits of a transaction (F07 is of 2.1)")
            answer = await self.context.stations.call(station.id, request, timeout=timeout, urgent=urgent)
        except WENT_WRONG as error:
            failure, why = _failure(error), str(error)
            sent = failure in MAYBE_SENT or (failure is Failure.OFFLINE and link is not None)
            await self._settle(station, one, lambda it, now: it.failed(now, failure, why, sent=sent))
            raise
        if answer.status == START.ACCEPTED:
            reference = v2.or_none(answer.transaction_id)
            await self._settle(station, one, lambda it, now: it.accepted(now, reference), reference)
        else:
            word, reason = str(answer.status), _reason(v2.or_none(answer.status_info))
            await self._settle(station, one, lambda it, now: it.refused(now, word, reason))
        return answer

    async def _settle(
        self,
        station: Station,
        one: RemoteStart,
        change: Callable[[RemoteStart, datetime], RemoteStart],
        reference: str | None = None,
    ) -> None:
        """Keep what was answered, unless more is known by now; a transaction it names is the one it started (F01)."""

        async def work(unit: Unit) -> None:
            before = await unit.remote_starts.by_id(one.id)
            if before is None:
                return
            now = self.context.clock.now()
            after = change(before, now)
            running = None if reference is None else await unit.transactions.by_reference(station.id, reference)
            if running is not None and running.state is TransactionState.OPEN:
                after = after.started(now, running.id)
            self._put(unit, station, before, after)

        await self.context.store.run(work)

    async def _connection_timeout(self, station: StationId) -> int:
        """How many seconds a driver has to plug in, as the station is known to be set (E03)."""
        key = CONNECTION_TIMEOUT.key()
        known = (await self.context.store.device_models.these(station, [key])).get(key)
        text = "" if known is None else (known.attribute.value or "").strip()
        told = int(text[:9]) if text.isascii() and text.isdecimal() else 0
        return min(told, LONGEST_TIMEOUT) if told else USUAL_TIMEOUT

    # --- what comes of it

    async def recognised(
        self, unit: Unit, teller: Teller, told: TransactionReport, before: Transaction, grown: Transaction
    ) -> Transaction:
        """The transaction, with the remote start that asked for it, which thereby started."""
        if told.remote_start is not None:
            if before.remote_start != told.remote_start:
                asked = await unit.remote_starts.of_number(grown.station, told.remote_start)
                self._started(unit, teller, asked, grown)
            return grown
        if grown.number is None or not isinstance(told, TransactionStarted) or not await self._awaits(unit, teller):
            return grown  # a station that numbers its transactions itself says whose start it is
        asked = await self._meant(unit, teller, told, grown)
        self._started(unit, teller, asked, grown)
        return grown if asked is None else replace(grown, remote_start=asked.number)

    async def issued(self, unit: Unit, teller: Teller, told: TransactionReport) -> bool:
        """C05: whether we gave the token of this start ourselves, with the remote start that it answers."""
        station, token = teller.station.id, told.token
        if told.remote_start is not None:
            one = await unit.remote_starts.of_number(station, told.remote_start)
            asked = [] if one is None else [one]
        elif told.sequence is None and await self._awaits(unit, teller):
            asked = await unit.remote_starts.since(station, teller.at - MARGIN)
        else:
            return False
        given = [one for one in asked if token is not None and one.token.type == CENTRAL and one.token.key == token.key]
        return any([await self._is_free(unit, one, told) for one in given])

    async def _is_free(self, unit: Unit, one: RemoteStart, told: TransactionReport) -> bool:
        """Whether it started nothing yet, or this very transaction: a token that we gave is good for one charge."""
        if one.transaction is None:
            return one.state is not RemoteStartState.REFUSED
        used = await unit.transactions.get(one.organisation, one.transaction)
        return used is not None and used.reference == told.reference

    async def limited(
        self, unit: Unit, teller: Teller, told: TransactionReport, grown: Transaction, decision: TransactionDecision
    ) -> TransactionDecision:
        """F07: the limits asked for with the remote start, told when its transaction is heard of."""
        first = isinstance(told, TransactionStarted) or told.trigger == "RemoteStart"
        if told.remote_start is None or not first:
            return decision
        asked = await unit.remote_starts.of_number(grown.station, told.remote_start)
        return decision if asked is None or asked.limit is None else replace(decision, limit=asked.limit)

    async def _awaits(self, unit: Unit, teller: Teller) -> bool:
        """Whether a remote start of this station may still become a transaction; read once a connection."""
        station, connection = teller.station.id, teller.link.number
        watch = self._watched.get(station)
        if watch is None or watch.connection != connection:
            changes = self._changes
            found = await unit.remote_starts.since(station, teller.at - LATE)
            waiting = [one.until for one in found if _may_come(one)]
            watch = _Watch(connection, max(waiting) + LATE if waiting else None)
            if self._changes == changes:  # else what was read may be old already
                self._watched[station] = watch
        return watch.until is not None and teller.at <= watch.until

    def _look_again(self, station: StationId) -> None:
        """What the station is waited for has changed."""
        self._watched.pop(station, None)
        self._changes += 1

    async def _meant(
        self, unit: Unit, teller: Teller, told: TransactionStarted, grown: Transaction
    ) -> RemoteStart | None:
        if told.token is None or grown.where is None:
            return None
        waiting = await unit.remote_starts.since(teller.station.id, teller.at - LATE)
        only = teller.link.behaviour.remote_start_token
        only = None if only is None else Token(only).key
        for at in (told.at, teller.at):  # by our clock, too: the station's may be wrong by hours
            for one in waiting:
                if one.means(token=told.token, evse=grown.where.evse, at=at, only_token=only):
                    return one
        return None

    def _started(self, unit: Unit, teller: Teller, asked: RemoteStart | None, grown: Transaction) -> None:
        if asked is not None:
            self._put(unit, teller.station, asked, asked.started(teller.at, grown.id))

    async def _overdue(self, unit: Unit, due: Due) -> None:
        """Its time is over: where nothing came of it, it says so."""
        found = await unit.remote_starts.by_id(due.subject)
        if found is not None:
            station = await unit.stations.by_id(found.station)
            self._put(unit, station, found, found.timed_out(self.context.clock.now()))

    def _put(self, unit: Unit, station: Station | None, before: RemoteStart, after: RemoteStart) -> None:
        """Save a change; the end is made known, and its timer is let go."""
        if after == before:
            return
        unit.remote_starts.save(after)
        unit.after_commit(partial(self._look_again, after.station))
        if after.open or after.state is before.state:
            return
        if after.state is not RemoteStartState.TIMED_OUT:
            unit.due.cancel(TIMER, after.id)
        ended = RemoteStartEnded(
            organisation=after.organisation,
            station=after.station,
            identity=after.station if station is None else station.identity,
            at=after.ended_at or self.context.clock.now(),
            remote_start=after.id,
            number=after.number,
            token=after.token,
            state=after.state,
            evse=after.evse,
            transaction=after.transaction,
            reason=after.reason,
        )
        self.tell(unit, ended)

    async def _of(self, who: Principal, remote_start: str) -> RemoteStart:
        found = await self.context.store.remote_starts.get(who.organisation, remote_start)
        if found is None:
            raise UnknownRemoteStart(f"there is no remote start {remote_start}")
        return found

    async def _named(self, who: Principal, found: RemoteStart) -> Named[RemoteStart]:
        known = await self.context.store.stations.get(who.organisation, found.station)
        return Named(found.station if known is None else known.identity, found)


def _may_come(one: RemoteStart) -> bool:
    return one.sent_at is not None and one.state not in (RemoteStartState.REFUSED, RemoteStartState.STARTED)


def _failure(error: Exception) -> Failure:
    return next(failure for kind, failure in FAILURES if isinstance(error, kind))


def _reason(info: v2.StatusInfo | None) -> str | None:
    if info is None:
        return None
    more = v2.or_none(info.additional_info)
    return info.reason_code if not more else f"{info.reason_code}: {more}"


def _check(profile: v2.ChargingProfile | None) -> None:
    """F01, K05: a profile for the transaction to come, which has no id yet. Raises WrongProfile."""
    if profile is None:
        return
    if profile.charging_profile_purpose != v2.ChargingProfilePurpose.TX_PROFILE:
        raise WrongProfile("the charging profile of a remote start must have the purpose TxProfile (K05)")
    if v2.or_none(profile.transaction_id) is not None:
        raise WrongProfile("the charging profile of a remote start names no transaction: there is none yet (K05)")
