"""E. Transactions: every report is kept once, answered the same way however often it comes, in any order.

A 2.x station numbers its transactions; in 1.6 we do: random, positive, 31 bits, never sequential, so that one
station cannot guess another's (and every look-up is by station first). A repeat is recognised by what it says,
not by its message id (R1): the same start gets the same number. What cannot be matched is kept all the same and
flagged; a transaction message is never refused (messages.md §4).

`keep` is the one door through which a changed transaction goes, whoever changed it: a report, readings, a timer, a
person. Who must know of each change is among `listeners`; who has more to say to the station, among `answering`.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import datetime
from hashlib import blake2b
from typing import Any

from amperanto.csms.authorization import AuthorizationBlock
from amperanto.csms.block import Block, Context, Teller, handles
from amperanto.csms.judging import Judging
from amperanto.csms.remote_control import RemoteControl
from amperanto.csms.reservation import Reservations
from amperanto.domain.decisions import TransactionDecision
from amperanto.domain.events import MeterSampled, TransactionClosed, TransactionOpened, TransactionUpdated
from amperanto.domain.loose_ends import NEXT_START
from amperanto.domain.meter_values import MeterValue
from amperanto.domain.observations import TransactionContinued, TransactionEnded, TransactionReport, TransactionStarted
from amperanto.domain.references import began_the_one_before, begins_the_next, ends_another
from amperanto.domain.stations import Station, StationId
from amperanto.domain.tokens import Token
from amperanto.domain.transactions import Transaction, TransactionState
from amperanto.domain.undated import repeats
from amperanto.stores.store import Unit

NO_START = "its start was never told"
FIRST_NUMBER, LAST_NUMBER = 1, 2**31 - 1

Listener = Callable[[Unit, Transaction | None, Transaction], Awaitable[None]]
"""Is told of each change inside its unit: the transaction before (None: it is new), and as it will be kept."""

Answering = Callable[
    [Unit, Teller, TransactionReport, Transaction, TransactionDecision], Awaitable[TransactionDecision]
]
"""Amends the answer to a report (total cost, limit, message), given the transaction with that report in it."""


class Transactions(Block):
    """E. Transactions."""

    def __init__(
        self,
        context: Context,
        authorization: AuthorizationBlock,
        remote_control: RemoteControl,
        reservation: Reservations,
        judging: Judging,
    ) -> None:
        super().__init__(context)
        self._authorize = authorization
        self._remote = remote_control
        self._reserved = reservation
        self._judging = judging
        self._lags: dict[StationId, tuple[int, int]] = {}
        self.listeners: list[Listener] = []
        self.answering: list[Answering] = [authorization.limited]

    @handles(TransactionStarted)
    async def started(self, unit: Unit, teller: Teller, told: TransactionStarted) -> TransactionDecision:
        """E01, E02; 1.6 StartTransaction: open it, or recognise it."""
        if told.reference is None:
            known = await self._same_start(unit, teller, told)
            return await self._numbered_start(unit, teller, told, known)
        known, latest = await self._of(unit, teller, told)
        if known is not None and began_the_one_before(known, told):
            return await self._keep(unit, teller, told, None, follows=known)
        if known is None or not begins_the_next(known, told):
            return await self._keep(unit, teller, told, known)
        if known.state is TransactionState.OPEN:  # before the new one, which takes its reference
            known = await self.keep(unit, teller.station, known, known.closed(NEXT_START, told.at))
            return await self._keep(unit, teller, told, None, follows=known)
        return await self._keep(unit, teller, told, None, follows=latest)

    @handles(TransactionContinued)
    async def continued(self, unit: Unit, teller: Teller, told: TransactionContinued) -> TransactionDecision:
        """E02: whatever happens in between; it may come before the start or after the end (R10)."""
        known, _ = await self._of(unit, teller, told)
        return await self._keep(unit, teller, told, known)

    @handles(TransactionEnded)
    async def ended(self, unit: Unit, teller: Teller, told: TransactionEnded) -> TransactionDecision:
        """E06; 1.6 StopTransaction, also of a start we never heard of (id −1 or 0, 1.6 errata 4.0)."""
        known, _ = await self._of(unit, teller, told)
        if known is not None and ends_another(known, told):
            known = None
        if known is None and told.sequence is None:
            known = await self._ended_so(unit, teller, told) or await self._adopted(unit, teller, told)
        return await self._keep(unit, teller, told, known)

    async def _of(
        self, unit: Unit, teller: Teller, told: TransactionReport
    ) -> tuple[Transaction | None, Transaction | None]:
        """The transaction a report is of, and the latest under that reference; most often they are one.

        A station that uses a reference again may repeat what it told of the transaction before (R1).
        """
        station, reference = teller.station.id, told.reference or ""
        latest = await unit.transactions.by_reference(station, reference)
        late = latest is not None and latest.started_at is not None and told.at < latest.started_at
        if not late or told.sequence is None:
            return latest, latest
        return await unit.transactions.begun_by(station, reference, told.at) or latest, latest

    def dated(self, teller: Teller, at: datetime) -> None:
        """A message that is always told live was dated so: the connection's lag is the smallest seen (quirks §5)."""
        lag = int((teller.at - at).total_seconds())
        number, known = self._lags.get(teller.station.id, (teller.link.number, lag))
        self._lags[teller.station.id] = (teller.link.number, min(lag, known) if number == teller.link.number else lag)

    def _lag(self, teller: Teller) -> int | None:
        number, lag = self._lags.get(teller.station.id, (0, 0))
        return lag if number == teller.link.number else None

    async def _same_start(self, unit: Unit, teller: Teller, told: TransactionStarted) -> Transaction | None:
        if told.undated:
            running = await unit.transactions.open_at(teller.station.id)
            return next((one for one in running if repeats(one, told)), None)
        return await unit.transactions.same_start(
            teller.station.id, where=told.where, token=told.token, at=told.at, meter=told.meter
        )

    async def _numbered_start(
        self, unit: Unit, teller: Teller, told: TransactionStarted, known: Transaction | None
    ) -> TransactionDecision:
        if known is not None and known.number is not None:
            return TransactionDecision(number=known.number, authorization=known.authorization)  # R1: told before
        return await self._keep(unit, teller, told, None, number=self.free_number())

    def free_number(self) -> int:
        """A 1.6 transaction number nobody can guess; a taken one is a conflict, and the unit runs again."""
        return self.context.random.randint(FIRST_NUMBER, LAST_NUMBER)

    def number_of(self, station: StationId, action: str, payload: bytes) -> int:
        """The number of a start nobody could read: the same for the same message (R1), and no easier to guess."""
        digest = blake2b(b"\0".join((station.encode(), action.encode(), payload)), digest_size=8).digest()
        return FIRST_NUMBER + int.from_bytes(digest) % (LAST_NUMBER - FIRST_NUMBER)

    async def _adopted(self, unit: Unit, teller: Teller, told: TransactionEnded) -> Transaction | None:
        """The open transaction a stop without a known number must mean (1.6 errata 4.0): the only one it can be of.

        That is the only one of its token, or of its token's group; where no token was told, the only one that is open
        there at all, if the meter went on from it.
        """
        found = [one for one in await unit.transactions.open_at(teller.station.id) if one.number is not None]
        if told.token is None:
            found = [one for one in found if _goes_on(one, told)] if len(found) == 1 else []
        else:
            found = await self._stopped_by(unit, told.token, found)
        return found[0] if len(found) == 1 else None

    async def _stopped_by(self, unit: Unit, token: Token, found: list[Transaction]) -> list[Transaction]:
        """Those of this token; where there is none, those that it may stop since it is of their group (E07)."""
        own = [one for one in found if one.token is not None and one.token.key == token.key]
        if own or not found:
            return own
        known = await unit.tokens.by_uid(found[0].organisation, token.uid)
        if known is None or known.group is None:
            return []
        return [one for one in found if one.authorization is not None and one.authorization.group == known.group]

    async def _ended_so(self, unit: Unit, teller: Teller, told: TransactionEnded) -> Transaction | None:
        """The transaction that ended by this very stop when it was told before (R1), whatever number it names."""
        found = [
            one
            for one in await unit.transactions.ended_at(teller.station.id, told.at)
            if not one.sequenced and one.meter_stop == told.meter
        ]
        if told.token is not None:
            found = await self._stopped_by(unit, told.token, found)
        return found[0] if found else None

    async def _keep(
        self,
        unit: Unit,
        teller: Teller,
        told: TransactionReport,
        known: Transaction | None,
        *,
        number: int | None = None,
        follows: Transaction | None = None,
    ) -> TransactionDecision:
        before = known or self._opened(teller, told, number)
        grown = before
        if not repeats(known, told):
            grown = before.hear(told, teller.at, None if told.sequence is not None else self._lag(teller))
        # R10: a token that takes first place is judged as if it had come first, whatever a later one was answered.
        judged = before if grown.token == before.token else replace(before, authorization=None)
        authorization = await self._authorize.within(unit, teller, told, judged)
        if authorization is not None and authorization is not before.authorization and grown.token == told.token:
            grown = grown.authorized(authorization)
        grown = await self._remote.recognised(unit, teller, told, before, grown)
        grown = await self._reserved.recognised(unit, teller, told, grown)
        if grown.limits.wanted is not None:
            grown = grown.saying(told)
        moved = grown.started_at is not None and (
            known is None
            or (known.where, known.started_at) != (grown.where, grown.started_at)
            or (known.provisional and not grown.provisional)
        )
        if moved:
            grown = await self._succeeded(unit, grown)
        if follows is not None and follows.state is TransactionState.OPEN and follows.started_at is not None:
            grown = grown.closed(NEXT_START, follows.started_at)  # it has the reference, and began later
        grown = await self.keep(unit, teller.station, known, grown, told.values)
        if moved or (known is not None and known.register_at_start != grown.register_at_start):
            await self._close_earlier(unit, teller, grown, follows)
        if told.values:
            place = grown.where or told.where
            unit.meter_values.add(grown.organisation, grown.station, told.values, where=place, transaction=grown.id)
            if self.context.bus.heard:
                self._sampled(unit, teller, told, grown)
        decision = TransactionDecision(number=grown.number, authorization=authorization)
        for amend in self.answering:
            decision = await amend(unit, teller, told, grown, decision)
        return decision

    async def keep(
        self,
        unit: Unit,
        station: Station,
        before: Transaction | None,
        after: Transaction,
        values: tuple[MeterValue, ...] = (),
    ) -> Transaction:
        """Keep a transaction that is new (`before` is None) or changed, and tell everyone; as it then stands.

        `values` are the readings of it that this unit keeps. One that ended, or is open again, is judged anew.
        """
        changed = before is None or (after is not before and after != before)
        ended = TransactionState.ENDED in (after.state, None if before is None else before.state)
        if ended and (changed or values):
            after = await self._judging.judged(unit, station, after, values)
            changed = before is None or after != before
        if not changed:
            return after
        if before is None:
            unit.transactions.add(after)
        else:
            after = unit.transactions.save(after)
        for listener in self.listeners:
            await listener(unit, before, after)
        self._tell(unit, station, before, after)
        return after

    async def _succeeded(self, unit: Unit, one: Transaction) -> Transaction:
        """A start that is told late, after a later one at its place: that one closes it provisionally."""
        if one.state is TransactionState.ENDED or one.started_at is None or one.where is None:
            return one
        for later in await unit.transactions.started_after(one.station, one.started_at):
            if later.started_at is not None and one.is_followed_at_its_place(later):
                return one.closed_by(later)
        return one

    async def _close_earlier(self, unit: Unit, teller: Teller, one: Transaction, follows: Transaction | None) -> None:
        """E01: there is one transaction at a place; what is open there from before has lost its end.

        `follows` is another under the same reference: closed already, if it came before.
        """
        if one.where is None or one.started_at is None:
            return
        known = {other.id: other for other in await unit.transactions.started_before(one.station, one.started_at)}
        known |= {other.id: other for other in await unit.transactions.open_at(one.station)}
        if follows is not None:
            known.pop(follows.id, None)
        for earlier in known.values():
            if earlier.is_followed_at_its_place(one):
                await self.keep(unit, teller.station, earlier, earlier.closed_by(one))

    def _opened(self, teller: Teller, told: TransactionReport, number: int | None) -> Transaction:
        fresh = Transaction(
            id=self.context.ids.new(),
            organisation=teller.station.organisation,
            station=teller.station.id,
            reference=str(number) if number is not None else told.reference or "",
            number=number,
            received_at=teller.at,
        )
        orphan = told.sequence is None and not isinstance(told, TransactionStarted)
        return fresh.flagged(NO_START) if orphan else fresh

    def _tell(self, unit: Unit, station: Station, before: Transaction | None, after: Transaction) -> None:
        closed = after.state is TransactionState.ENDED and (before is None or before.state is TransactionState.OPEN)
        same = before is not None and (before.charging, before.token) == (after.charging, after.token)
        if same and not closed:
            return
        about: dict[str, Any] = {
            "organisation": station.organisation,
            "station": station.id,
            "identity": station.identity,
            "at": self.context.clock.now(),
            "transaction": after.id,
            "reference": after.reference,
            "where": after.where,
            "token": after.token,
        }
        if before is None:
            self.tell(unit, TransactionOpened(**about))
        elif not same:
            self.tell(unit, TransactionUpdated(**about, charging=after.charging))
        if closed:
            self.tell(unit, TransactionClosed(**about, energy=after.energy, reason=after.reason))

    def _sampled(self, unit: Unit, teller: Teller, told: TransactionReport, grown: Transaction) -> None:
        sampled = MeterSampled(
            organisation=teller.station.organisation,
            station=teller.station.id,
            identity=teller.station.identity,
            at=teller.at,
            where=grown.where,
            transaction=grown.id,
            values=told.values,
        )
        unit.after_commit(lambda: self.context.bus.publish(sampled))


def _goes_on(one: Transaction, told: TransactionEnded) -> bool:
    """Whether that stop can be the end of this transaction: later, and with the meter further on."""
    known, started = one.meter_stop, one.started_at
    return (started is None or told.at >= started) and (known is None or told.meter is None or told.meter >= known)
