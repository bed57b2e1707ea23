"""Transaction: the aggregate that grows from a station's reports, in whatever order they arrive.

Every report leaves a *mark* (kind, sequence number, station time). Each field of the transaction takes its
value from the report with the smallest mark (where, token, first meter reading) or the largest (charging state,
last meter reading), so the outcome is a function of the *set* of reports: late, doubled and reordered ones end
in the same state (R10; E01-E06, state_machines §4.2). 1.6 numbers nothing, so its completeness is assumed.
Energy is the last import register minus the first, in Wh; None where no meter told one.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from datetime import datetime
from enum import StrEnum
from typing import NamedTuple

from amperanto.domain.meter_values import TRANSACTION_BEGIN, TRANSACTION_END, MeterValue
from amperanto.domain.observations import TransactionContinued, TransactionEnded, TransactionReport, TransactionStarted
from amperanto.domain.quantities import WattHours
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


_BEGIN, _START, _BETWEEN, _END, _FINAL = range(5)
_KIND = {TransactionStarted: 0, TransactionContinued: 1, TransactionEnded: 2}


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
    def completeness(self) -> Completeness:
        """Proven when every sequence number from Started to Ended was heard (state_machines §4.2)."""
        if not self.heard:
            return Completeness.ASSUMED if self.started_at and self.ended_at else Completeness.INCOMPLETE
        whole = self.started_at is not None and self.ended_at is not None and len(self.heard) == 1
        return Completeness.PROVEN if whole else Completeness.INCOMPLETE

    def missing(self) -> tuple[tuple[int, int], ...]:
        """The gaps between the sequence numbers heard, each as (first, last)."""
        return tuple((left[1] + 1, right[0] - 1) for left, right in zip(self.heard, self.heard[1:], strict=False))

    def is_followed_by(self, told: TransactionReport) -> bool:
        """Whether this Started begins a new transaction under a reference that was used before (R10)."""
        return isinstance(told, TransactionStarted) and self.ended_at is not None and told.at > self.ended_at

    def is_another_end(self, told: TransactionEnded) -> bool:
        """Whether this end is of another transaction under a reference stations share (1.6 ids −1 and 0)."""
        return self.number is None and told.sequence is None and self.ended_at not in (None, told.at)

    def hear(self, told: TransactionReport) -> Transaction:
        """The transaction with one more report in it; the same for a report it already holds."""
        mark = Mark(_KIND[type(told)], told.sequence or 0, told.at)
        changes = self._placed(told, mark) | self._metered(_readings(told, mark))
        if told.sequence is not None:
            changes["heard"] = _with(self.heard, told.sequence)
        if isinstance(told, TransactionStarted):
            changes["started_at"] = told.at
        elif isinstance(told, TransactionEnded):
            changes.update(ended_at=told.at, state=TransactionState.ENDED, reason=told.reason)
        return self._changed(changes)

    def measured(self, values: tuple[MeterValue, ...]) -> Transaction:
        """The transaction with readings that were told apart from its reports (1.6 MeterValues)."""
        return self._changed(self._metered(_between(values, 0)))

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
        """What dataclasses.replace does, in half its time: each report of each station comes here."""
        if not changes:
            return self
        changed = object.__new__(Transaction)
        for name in _FIELDS:
            object.__setattr__(changed, name, changes[name] if name in changes else getattr(self, name))
        return changed

    def _placed(self, told: TransactionReport, mark: Mark) -> dict[str, object]:
        changes: dict[str, object] = {}
        if told.where is not None and (self.where_mark is None or mark < self.where_mark):
            changes.update(where=told.where, where_mark=mark)
        if told.token is not None and (self.token_mark is None or mark < self.token_mark):
            changes.update(token=told.token, token_mark=mark)
        if told.charging is not None and (self.charging_mark is None or mark > self.charging_mark):
            changes.update(charging=told.charging, charging_mark=mark)
        if told.remote_start is not None:
            changes["remote_start"] = told.remote_start
        if told.reservation is not None:
            changes["reservation"] = told.reservation
        if told.offline:
            changes["offline"] = True
        return changes

    def _metered(self, found: list[Reading]) -> dict[str, object]:
        if not found:
            return {}
        first = found if self.first_reading is None else [self.first_reading, *found]
        last = found if self.last_reading is None else [self.last_reading, *found]
        return {"first_reading": min(first, key=_standing), "last_reading": max(last, key=_standing)}

    @property
    def accepted(self) -> bool:
        """Whether the token that started it may charge; a transaction without a token is not refused."""
        return self.authorization is None or self.authorization.status is AuthorizationStatus.ACCEPTED


_FIELDS = tuple(field.name for field in fields(Transaction))


def _standing(reading: Reading) -> tuple[int, int, datetime, object]:
    return (reading.rank, reading.sequence, reading.at, reading.energy.value)


def _readings(told: TransactionReport, mark: Mark) -> list[Reading]:
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


def _contains(ranges: tuple[tuple[int, int], ...], number: int) -> bool:
    return any(first <= number <= last for first, last in ranges)


def _with(ranges: tuple[tuple[int, int], ...], number: int) -> tuple[tuple[int, int], ...]:
    """The ranges with one more number, neighbours merged, in order."""
    if _contains(ranges, number):
        return ranges
    merged: list[tuple[int, int]] = []
    for first, last in sorted([*ranges, (number, number)]):
        if merged and merged[-1][1] + 1 >= first:
            merged[-1] = (merged[-1][0], max(merged[-1][1], last))
        else:
            merged.append((first, last))
    return tuple(merged)
