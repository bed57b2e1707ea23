"""Transaction: the aggregate that grows from a station's reports, in whatever order they arrive.

Every report leaves a *mark* (kind, sequence number, station time). Each field of the transaction takes its
value from the report with the smallest mark (where, token, first meter reading) or the largest (charging state,
last meter reading), so the outcome is a function of the *set* of reports: late, doubled and reordered ones end
in the same state (R10; E01-E06, state_machines §4.2). 1.6 numbers nothing, so its completeness is assumed.
Energy is the last import register minus the first, in Wh; None where no meter told one.

An end that was never told can be concluded (`loose_ends.py`): that stands beside what was told, and gives way to it.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from datetime import datetime
from enum import StrEnum
from operator import attrgetter
from typing import NamedTuple

from amperanto.domain.clocks import JUMPED, Billed, Clock, billed
from amperanto.domain.findings import Finding, Judgement, Ruling
from amperanto.domain.limits import TransactionLimit
from amperanto.domain.loose_ends import NEXT_START, Closing, Loose, Suspicion
from amperanto.domain.meter_values import TRANSACTION_BEGIN, TRANSACTION_END, MeterValue
from amperanto.domain.observations import TransactionContinued, TransactionEnded, TransactionReport, TransactionStarted
from amperanto.domain.quantities import WattHours
from amperanto.domain.sequences import contains, with_number
from amperanto.domain.stations import ChargingState, EvseRef, OrganisationId, StationId
from amperanto.domain.tokens import Authorization, AuthorizationStatus, Token


class TransactionState(StrEnum):
    """Whether the transaction still runs."""

    OPEN = "Open"
    ENDED = "Ended"


class Completeness(StrEnum):
    """How sure we are to have heard everything: proved by sequence numbers, assumed (1.6), or not (yet)."""

    PROVEN = "Proven"
    ASSUMED = "Assumed"
    INCOMPLETE = "Incomplete"


class Mark(NamedTuple):
    """Where in a transaction something was told: kind (0 start, 1 between, 2 end), sequence, station time."""

    kind: int
    sequence: int
    at: datetime


class Reading(NamedTuple):
    """A register reading and where it stands in the transaction; compares by standing, never equal by chance."""

    rank: int
    sequence: int
    at: datetime
    energy: WattHours


class Usage(NamedTuple):
    """What the station tells of the flow: phases in use (and when that was told), seconds of charging."""

    phases: int | None = None
    phases_mark: Mark | None = None
    seconds_charging: int | None = None


class Limits(NamedTuple):
    """The limits the station said last, those wanted of it, and in answer to which report these were said (E16)."""

    told: TransactionLimit | None = None
    told_mark: Mark | None = None
    wanted: TransactionLimit | None = None
    said_at: int | None = None

    @property
    def confirmed(self) -> bool:
        """Whether the station keeps to what is wanted."""
        return self.wanted is not None and self.told == self.wanted


TX_RESUMED = "TxResumed"
NO_CLOCK, NOT_LOOSE, UNUSED, UNLIMITED, UNJUDGED = Clock(), Loose(), Usage(), Limits(), Judgement()
_BEGIN, _START, _BETWEEN, _END, _FINAL = range(5)
END_KIND = 2
_KIND = {TransactionStarted: 0, TransactionContinued: 1, TransactionEnded: END_KIND}


@dataclass(frozen=True, slots=True, kw_only=True)
class Transaction:
    """One use of an EVSE. `id` is ours; `reference` the station's, unique per station while it is open."""

    id: str
    organisation: OrganisationId
    station: StationId
    reference: str
    number: int | None = None
    state: TransactionState = TransactionState.OPEN
    where: EvseRef | None = None
    token: Token | None = None
    authorization: Authorization | None = None
    started_at: datetime | None = None
    ended_at: datetime | None = None
    charging: ChargingState | None = None
    reason: str | None = None
    first_reading: Reading | None = None
    last_reading: Reading | None = None
    remote_start: int | None = None
    reservation: int | None = None
    offline: bool = False
    heard: tuple[tuple[int, int], ...] = ()
    where_mark: Mark | None = None
    token_mark: Mark | None = None
    charging_mark: Mark | None = None
    received_at: datetime | None = None
    flags: tuple[str, ...] = ()
    clock: Clock = NO_CLOCK
    loose: Loose = NOT_LOOSE
    usage: Usage = UNUSED
    limits: Limits = UNLIMITED
    judgement: Judgement = UNJUDGED
    revision: int = 0

    @property
    def energy(self) -> WattHours | None:
        """What the meter counted, in Wh; None where no meter told, or one figure only and no start: then who knows."""
        if self.first_reading is None or self.last_reading is None:
            return None
        if self.started_at is None and self.first_reading == self.last_reading:
            return None
        return self.last_reading.energy - self.first_reading.energy

    @property
    def meter_start(self) -> WattHours | None:
        """The first register reading, Wh."""
        return None if self.first_reading is None else self.first_reading.energy

    @property
    def meter_stop(self) -> WattHours | None:
        """The last register reading so far, Wh."""
        return None if self.last_reading is None else self.last_reading.energy

    @property
    def begun_by(self) -> Token | None:
        """The token it was begun with, once its start is known, too; one that only ended it does not count."""
        known = self.started_at is not None and self.token_mark is not None and self.token_mark.kind < END_KIND
        return self.token if known else None

    @property
    def provisional(self) -> bool:
        """Whether its end is concluded, not told."""
        return self.loose.closing is not None

    @property
    def sequenced(self) -> bool:
        """Whether its reports are numbered (2.x), so that one knows which are missing."""
        return bool(self.heard)

    def is_at(self, where: EvseRef) -> bool:
        """Whether it runs there: at that connector in 1.6, at that EVSE in 2.x; one runs at a place at a time."""
        if self.where is None or self.where.whole_station:
            return False
        return self.where == where if self.number is not None else self.where.evse == where.evse

    def is_followed_at_its_place(self, other: Transaction) -> bool:
        """Whether the other one began after it at its place, by one clock: so this one has ended (E01)."""
        if self.id == other.id or self.started_at is None or other.started_at is None or other.where is None:
            return False
        same = abs(min(self.clock.skew, 0) - min(other.clock.skew, 0)) <= JUMPED
        comparable = same and not (self.clock.unset or other.clock.unset)
        return comparable and self.started_at < other.started_at and self.is_at(other.where)

    def closed_by(self, later: Transaction) -> Transaction:
        """The transaction provisionally closed by the next one that began at its place."""
        if later.started_at is None:
            return self
        return self.closed(NEXT_START, later.started_at, later.register_at_start)

    @property
    def register_at_start(self) -> WattHours | None:
        """What the meter showed at its start, Wh; None where only later readings were told."""
        first = self.first_reading
        return None if first is None or first.rank > _START else first.energy

    @property
    def lost(self) -> bool:
        """Whether it is known that reports of it will never come."""
        return self.loose.lost and self.completeness is Completeness.INCOMPLETE

    @property
    def over_at(self) -> datetime | None:
        """When it ended, by the station's clock: as told, else the last instant known of it; None while it runs."""
        if self.ended_at is not None or self.loose.closing is None:
            return self.ended_at
        known = [one for one in (self.started_at, self.last_known) if one is not None]
        return max(known, default=None)

    @property
    def last_known(self) -> datetime | None:
        """The latest instant anything is known of it, by the station's clock."""
        marks = (self.charging_mark, self.where_mark, self.token_mark, self.last_reading)
        return max((mark.at for mark in marks if mark is not None), default=self.started_at)

    @property
    def billed(self) -> Billed:
        """When it started and ended for the bill, by the declared rule (`clocks.py`)."""
        return billed(self.started_at, self.over_at, self.clock, self.received_at)

    @property
    def held(self) -> bool:
        """Whether a person must decide before it is billed."""
        return self.judgement.held

    @property
    def void(self) -> bool:
        """Whether a person decided that it is not billed."""
        verdict = self.judgement.verdict
        return verdict is not None and verdict.ruling is Ruling.VOID

    @property
    def billable(self) -> bool:
        """Whether it may be billed: ended, and neither held for a person nor void."""
        return self.state is TransactionState.ENDED and not self.held and not self.void

    @property
    def billed_energy(self) -> WattHours | None:
        """The energy to bill, in Wh: what a person decided, else what the meter counted."""
        verdict = self.judgement.verdict
        if verdict is not None and verdict.ruling is Ruling.USE:
            return verdict.energy
        return self.energy

    @property
    def completeness(self) -> Completeness:
        """Proven when every sequence number from Started to Ended was heard (state_machines §4.2)."""
        if not self.heard:
            return Completeness.ASSUMED if self.started_at and self.ended_at else Completeness.INCOMPLETE
        whole = self.started_at is not None and self.ended_at is not None and len(self.heard) == 1
        return Completeness.PROVEN if whole else Completeness.INCOMPLETE

    def missing(self) -> tuple[tuple[int, int], ...]:
        """The gaps between the sequence numbers heard, each as (first, last)."""
        return tuple((left[1] + 1, right[0] - 1) for left, right in zip(self.heard, self.heard[1:], strict=False))

    def hear(self, told: TransactionReport, at: datetime | None = None, skew: int | None = None) -> Transaction:
        """The transaction with one more report in it; the same for a report it already holds.

        `at` is when we heard it; `skew` the connection's lag in seconds, for reports that cannot say whether they are
        live (1.6).
        """
        mark = Mark(_KIND[type(told)], told.sequence or 0, told.at)
        changes = self._placed(told, mark) | self._metered(readings_of(told, mark))
        if told.sequence is not None:
            changes["heard"] = with_number(self.heard, told.sequence)
        if told.phases is not None or told.seconds_charging is not None:
            changes["usage"] = self._used(told, mark)
        known = self.limits.told_mark
        if told.limit is not None and not told.offline and (known is None or mark >= known):
            changes["limits"] = self.limits._replace(
                told=told.limit, told_mark=mark
            )  # E16.FR.18: never what was queued
        if isinstance(told, TransactionStarted):
            if self.started_at is None or told.at < self.started_at:
                changes["started_at"] = told.at
        elif isinstance(told, TransactionEnded):
            changes |= self._ended(told)
        elif self.loose.suspicion is not None or self.loose.closing is not None:
            changes |= self._revived(told.at, resumed=told.trigger == TX_RESUMED)
        again = told.sequence is not None and contains(self.heard, told.sequence)
        if at is not None and not again:  # a repeat is late by nature, and no sign of a clock
            clock = self._clocked(told, at, skew)
            if clock is not self.clock:
                changes["clock"] = clock
        return self._changed(changes)

    def measured(self, values: tuple[MeterValue, ...]) -> Transaction:
        """The transaction with readings that were told apart from its reports (1.6 MeterValues)."""
        changes = self._metered(_between(values, 0))
        if values and (self.loose.suspicion is not None or self.loose.closing is not None):
            changes |= self._revived(max(value.at for value in values))
        return self._changed(changes)

    def suspected(self, why: str, since: datetime) -> Transaction:
        """The running transaction with something that speaks against it."""
        if self.state is TransactionState.ENDED or self.loose.suspicion is not None:
            return self
        return self._changed({"loose": self.loose._replace(suspicion=Suspicion(why, since))})

    def cleared(self) -> Transaction:
        """The transaction with nothing against it any more."""
        return self if self.loose.suspicion is None else self._changed({"loose": self.loose._replace(suspicion=None)})

    def closed(self, why: str, since: datetime, register: WattHours | None = None) -> Transaction:
        """The transaction provisionally closed. The next start there is the best evidence, and the earliest of them."""
        known, closing = self.loose.closing, Closing(why, since, register)
        if self.ended_at is not None or (known is not None and not closing.is_better_than(known)):
            return self
        loose = self.loose._replace(suspicion=None, closing=closing)
        return self._changed({"loose": loose, "state": TransactionState.ENDED})

    def without_the_rest(self) -> Transaction:
        """The transaction whose missing reports will never come (E14: nothing is in the station's queue)."""
        return self if self.loose.lost else self._changed({"loose": self.loose._replace(lost=True)})

    def limited(self, wanted: TransactionLimit) -> Transaction:
        """The transaction with limits wanted of the station, to be said with the next answer (E16)."""
        if self.limits.wanted == wanted:
            return self
        return self._changed({"limits": self.limits._replace(wanted=wanted, said_at=None)})

    def saying(self, told: TransactionReport) -> Transaction:
        """The transaction whose wanted limits are said in answer to this report, if they still are to be (E16)."""
        wanted, said = self.limits.wanted, self.limits.said_at
        live = told.sequence is not None and not told.offline and self.state is TransactionState.OPEN
        if wanted is None or said is not None or not live:
            return self
        return self._changed({"limits": self.limits._replace(said_at=told.sequence)})

    def judged(self, judgement: Judgement) -> Transaction:
        """The transaction with what was found and decided about it."""
        return self if judgement == self.judgement else self._changed({"judgement": judgement})

    def stands(self, findings: tuple[Finding, ...]) -> bool:
        """Whether what a person decided still covers these findings: about this energy, and nothing new is doubtful."""
        verdict, known = self.judgement.verdict, self.judgement.findings
        new = {one.kind for one in findings if one.holds} - {one.kind for one in known if one.holds}
        return verdict is not None and verdict.about == self.energy and not new

    def authorized(self, authorization: Authorization) -> Transaction:
        """The transaction with the outcome of its token."""
        return self._changed({"authorization": authorization})

    def flagged(self, flag: str) -> Transaction:
        """The transaction with a remark for the person who reads it."""
        return self if flag in self.flags else self._changed({"flags": (*self.flags, flag)})

    def saved(self) -> Transaction:
        """The transaction as it stands once it is stored: one revision on."""
        return self._changed({"revision": self.revision + 1})

    def _changed(self, changes: dict[str, object]) -> Transaction:
        """What dataclasses.replace does, in a quarter of its time: each report of each station comes here."""
        if not changes:
            return self
        changed = object.__new__(Transaction)
        for put, value in zip(_PUT, _VALUES(self), strict=True):
            put(changed, value)
        for name, value in changes.items():
            object.__setattr__(changed, name, value)
        return changed

    def _placed(self, told: TransactionReport, mark: Mark) -> dict[str, object]:
        changes: dict[str, object] = {}
        if told.where is not None and (self.where_mark is None or mark < self.where_mark):
            changes.update(where=told.where, where_mark=mark)
        if told.token is not None and (self.token_mark is None or mark < self.token_mark):
            changes.update(token=told.token, token_mark=mark)
        if told.charging is not None and (self.charging_mark is None or mark > self.charging_mark):
            changes.update(charging=told.charging, charging_mark=mark)
        if told.remote_start is not None and (self.remote_start is None or told.remote_start < self.remote_start):
            changes["remote_start"] = told.remote_start
        if told.reservation is not None and (self.reservation is None or told.reservation < self.reservation):
            changes["reservation"] = told.reservation
        if told.offline:
            changes["offline"] = True
        return changes

    def _ended(self, told: TransactionEnded) -> dict[str, object]:
        """A told end takes the place of a concluded one; of several, the last counts."""
        if self.ended_at is not None and (told.at, told.reason or "") <= (self.ended_at, self.reason or ""):
            return {}
        loose = self.loose._replace(suspicion=None, closing=None)
        return {"ended_at": told.at, "state": TransactionState.ENDED, "reason": told.reason, "loose": loose}

    def _used(self, told: TransactionReport, mark: Mark) -> Usage:
        usage = self.usage
        if told.phases is not None and (usage.phases_mark is None or mark >= usage.phases_mark):
            usage = usage._replace(phases=told.phases, phases_mark=mark)
        if told.seconds_charging is not None:
            usage = usage._replace(seconds_charging=max(told.seconds_charging, usage.seconds_charging or 0))
        return usage

    def _clocked(self, told: TransactionReport, at: datetime, skew: int | None) -> Clock:
        live = told.sequence is not None and not told.offline
        clock = self.clock.without_date() if told.undated else self.clock.heard(told.at, at, live, skew)
        if isinstance(told, TransactionStarted) and at != self.received_at:
            if self.started_at is None or clock.started_heard is not None:
                first = at if clock.started_heard is None else min(at, clock.started_heard)
                clock = clock if first == clock.started_heard else clock._replace(started_heard=first)
        elif isinstance(told, TransactionEnded) and (clock.ended_heard is None or at < clock.ended_heard):
            clock = clock._replace(ended_heard=at)
        return clock

    def _revived(self, at: datetime, *, resumed: bool = False) -> dict[str, object]:
        """What news mean for a transaction that is suspected or provisionally closed (R10, E17)."""
        suspicion, closing, _ = self.loose
        if closing is not None:
            known = self.last_known
            if closing.why == NEXT_START or not (resumed or known is None or at > known):
                return {}
            suspicion = Suspicion(closing.why, closing.since)
        if resumed or (suspicion is not None and at >= suspicion.since):
            suspicion = None
        loose = self.loose._replace(suspicion=suspicion, closing=None)
        return {"loose": loose, "state": TransactionState.OPEN}

    def _metered(self, found: list[Reading]) -> dict[str, object]:
        if not found:
            return {}
        first, last = self.first_reading, self.last_reading
        for reading in found:  # mostly one: comparing it takes a third of what lists for min and max would
            standing = _standing(reading)
            if first is None or standing < _standing(first):
                first = reading
            if last is None or standing > _standing(last):
                last = reading
        return {"first_reading": first, "last_reading": last}

    @property
    def accepted(self) -> bool:
        """Whether the token that started it may charge; a transaction without a token is not refused."""
        return self.authorization is None or self.authorization.status is AuthorizationStatus.ACCEPTED


_FIELDS = tuple(field.name for field in fields(Transaction))
_VALUES = attrgetter(*_FIELDS)
_PUT = tuple([getattr(Transaction, name).__set__ for name in _FIELDS])


def _standing(reading: Reading) -> tuple[int, int, datetime, object]:
    return (reading.rank, reading.sequence, reading.at, reading.energy.value)


def readings_of(told: TransactionReport, mark: Mark) -> list[Reading]:
    """The register readings of a report; a start's or end's own meter figure outranks samples."""
    rank = (_START, _BETWEEN, _END)[mark.kind]
    found = _between(told.values, mark.sequence, rank)
    if told.meter is not None:
        own = (_BEGIN, _BETWEEN, _FINAL)[mark.kind]
        found.append(Reading(own, mark.sequence, told.at, told.meter))
    return found


def _between(values: tuple[MeterValue, ...], sequence: int, rank: int = _BETWEEN) -> list[Reading]:
    found: list[Reading] = []
    for value in values:
        energy = value.register()
        if energy is not None:
            found.append(Reading(_rank(value, rank), sequence, value.at, energy))
    return found


def _rank(value: MeterValue, rank: int) -> int:
    """A begin sample counts as the start's even if told later, an end sample as the end's (1.6 transactionData)."""
    if rank != _START and value.has_context(TRANSACTION_END):
        return _END
    if rank != _BETWEEN and value.has_context(TRANSACTION_BEGIN):
        return _START
    return rank
