"""Reservation: an EVSE, or any EVSE, kept free for a token until a time (H01-H04).

It is asked for before the station answers, and kept from then on: Asked → Active or Refused. An Active one ends
once: Used by a transaction, Cancelled by us, Expired, Removed by the station (a fault), Replaced by another one of
the same number, or ended with NoTransaction (2.1: its token came, but no car).

What we only concluded gives way to what the station did (R10): our clock may say Expired before a start that was
told late, so an explicit use goes before every end that nobody but us, or the station by mistake, declared.
`number` is the id on the wire, `id` is ours.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum

from amperanto.domain.stations import OrganisationId, StationId
from amperanto.domain.tokens import Token

CLOCKS_APART = timedelta(minutes=5)
"""How far a station's clock may be behind ours before its start counts as one from before the reservation."""


class ReservationState(StrEnum):
    """Where a reservation stands."""

    ASKED = "Asked"
    ACTIVE = "Active"
    REFUSED = "Refused"
    USED = "Used"
    CANCELLED = "Cancelled"
    EXPIRED = "Expired"
    REMOVED = "Removed"
    REPLACED = "Replaced"
    NO_TRANSACTION = "NoTransaction"


LIVE = frozenset({ReservationState.ASKED, ReservationState.ACTIVE})
GIVES_WAY = LIVE | {ReservationState.EXPIRED, ReservationState.REMOVED, ReservationState.NO_TRANSACTION}
"""The states that a use the station tells explicitly goes before."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reservation:
    """`evse` None: any EVSE, of that connector type if one is named. `answer` is the station's word, or why not."""

    id: str
    organisation: OrganisationId
    station: StationId
    number: int
    token: Token
    expires_at: datetime
    created_at: datetime
    state: ReservationState = ReservationState.ASKED
    evse: int | None = None
    connector_type: str | None = None
    group: str | None = None
    answer: str | None = None
    ended_at: datetime | None = None
    transaction: str | None = None
    revision: int = 0

    @property
    def live(self) -> bool:
        """Whether the station may still hold it."""
        return self.state in LIVE

    def accepted(self, answer: str) -> Reservation:
        """It holds; one that ended before its answer came stays ended."""
        return replace(self, state=ReservationState.ACTIVE, answer=answer) if self._waits else self

    def refused(self, answer: str, at: datetime) -> Reservation:
        """The station does not hold it, or it was never sent."""
        return replace(self, state=ReservationState.REFUSED, answer=answer, ended_at=at) if self._waits else self

    def unanswered(self, why: str) -> Reservation:
        """Nobody knows whether the station holds it: it stays asked for."""
        return replace(self, answer=why) if self._waits else self

    def ended(self, state: ReservationState, at: datetime, answer: str | None = None) -> Reservation:
        """It ended so; what has ended stays as it ended."""
        return replace(self, state=state, ended_at=at, answer=answer or self.answer) if self.live else self

    def used(self, transaction: str, at: datetime) -> Reservation:
        """A transaction names it: that it was used goes before whatever was concluded of it."""
        if self.state not in GIVES_WAY:
            return self
        return replace(self, state=ReservationState.USED, transaction=transaction, ended_at=at)

    def may_be_used_by(self, token: Token, group: str | None) -> bool:
        """H03: the token it is for, or any of its group; compared without case."""
        if token.key == self.token.key:
            return True
        return self.group is not None and group is not None and self.group.casefold() == group.casefold()

    def covers(self, evse: int, at: datetime) -> bool:
        """Whether a start there and then, by the station's clock, may be the one it was made for."""
        return self.evse in (None, evse) and self.created_at - CLOCKS_APART <= at <= self.expires_at + CLOCKS_APART

    @property
    def _waits(self) -> bool:
        return self.state is ReservationState.ASKED


def meant(
    reservations: list[Reservation], *, token: Token, group: str | None, evse: int, at: datetime
) -> Reservation | None:
    """The live reservation a start means that names none: the one of its EVSE first, then the first to expire."""
    found = [one for one in reservations if one.may_be_used_by(token, group) and one.covers(evse, at)]
    return min(found, key=lambda one: (one.evse is None, one.expires_at, one.id), default=None)
