"""Remote start: asked of a station, followed to its transaction, its refusal, or its time (F01, F02).

It is kept before it is sent: Asked → Accepted. It ends as Started (a transaction names it, or is the one meant),
Refused (the station said no), Failed (it never got an answer, or was never sent) or TimedOut. Each of these is only
worth as much as how we know of it: what the station does goes before what it said, and that before what our clock
concluded (R10). So where it ends follows from *what* was heard and never from the order in which it was heard.
`number` is the remoteStartId on the wire, `id` is ours.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum

from amperanto.domain.limits import TransactionLimit
from amperanto.domain.stations import OrganisationId, StationId
from amperanto.domain.tokens import Token

CLOCKS_APART = timedelta(minutes=5)
"""How far a station's clock may be from ours before its start counts as one from another time."""


class RemoteStartState(StrEnum):
    """Where a remote start stands."""

    ASKED = "Asked"
    ACCEPTED = "Accepted"
    TIMED_OUT = "TimedOut"
    FAILED = "Failed"
    REFUSED = "Refused"
    STARTED = "Started"


class Failure(StrEnum):
    """Why nothing is known of the station's will."""

    OFFLINE = "offline"
    SILENT = "silent"
    NOT_SPOKEN = "not_spoken"
    NOT_ACCEPTED = "not_accepted"
    BUSY = "busy"
    ERROR = "error"


_WORTH = {state: worth for worth, state in enumerate(RemoteStartState)}
"""What is heard changes where it stands only if it is worth more than what was heard before."""
OPEN = frozenset({RemoteStartState.ASKED, RemoteStartState.ACCEPTED})


@dataclass(frozen=True, slots=True, kw_only=True)
class RemoteStart:
    """`evse` None: the station chooses. `until`: when it counts as timed out. `reason` is why it did not start.

    `sent_at` is None where it certainly never reached the station; `failure` says what went wrong on the way.

    `reference` is the transaction the station named in its answer; `transaction` is our id of the one it became.
    """

    id: str
    organisation: OrganisationId
    station: StationId
    number: int
    token: Token
    asked_at: datetime
    asked_by: str
    until: datetime
    evse: int | None = None
    state: RemoteStartState = RemoteStartState.ASKED
    answered_at: datetime | None = None
    answer: str | None = None
    reference: str | None = None
    reason: str | None = None
    ended_at: datetime | None = None
    transaction: str | None = None
    sent_at: datetime | None = None
    failure: Failure | None = None
    limit: TransactionLimit | None = None
    """What its transaction may use at most, told once it has begun (F07, 2.1)."""
    revision: int = 0

    @property
    def open(self) -> bool:
        """Whether something may still come of it."""
        return self.state in OPEN

    def accepted(self, at: datetime, reference: str | None = None) -> RemoteStart:
        """The station will try; `reference` is the transaction it will be, where there is one already."""
        heard = replace(self, answered_at=at, answer="Accepted", reference=reference)
        return heard._to(RemoteStartState.ACCEPTED, None, None)

    def refused(self, at: datetime, answer: str, reason: str | None = None) -> RemoteStart:
        """The station will not: its word, and its reason where it gave one."""
        heard = replace(self, answered_at=at, answer=answer)
        return heard._to(RemoteStartState.REFUSED, at, reason or answer)

    def failed(self, at: datetime, failure: Failure, reason: str, *, sent: bool) -> RemoteStart:
        """It could not be sent, or nobody answered it."""
        after = self._to(RemoteStartState.FAILED, at, reason)
        if after is self:
            return self
        return replace(after, failure=failure, sent_at=self.sent_at if sent else None)

    def timed_out(self, at: datetime) -> RemoteStart:
        """Its time is over, and nothing came of it."""
        why = "the station accepted it, but no transaction came of it in time"
        return self._to(
            RemoteStartState.TIMED_OUT, at, why if self.answered_at else "the station's answer was not kept"
        )

    def started(self, at: datetime, transaction: str) -> RemoteStart:
        """A transaction came of it; the first one counts."""
        after = self._to(RemoteStartState.STARTED, at, None)
        return after if after is self else replace(after, transaction=transaction, failure=None)

    def means(self, *, token: Token, evse: int, at: datetime, only_token: str | None = None) -> bool:
        """Whether a start that names no remote start may be this one: its token there, in its time (R5, 1.6).

        `only_token`: the token that model sends whatever it was asked for.
        """
        if self.sent_at is None or self.state in (RemoteStartState.REFUSED, RemoteStartState.STARTED):
            return False
        same = token.key in (self.token.key, only_token)
        in_time = self.asked_at - CLOCKS_APART <= at <= self.until + CLOCKS_APART
        return same and in_time and self.evse in (None, evse)

    def _to(self, state: RemoteStartState, at: datetime | None, reason: str | None) -> RemoteStart:
        if _WORTH[state] <= _WORTH[self.state]:
            return self
        return replace(self, state=state, ended_at=at, reason=reason)
