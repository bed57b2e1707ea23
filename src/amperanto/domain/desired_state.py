"""Desired state: what somebody wants a station to be, kept until the station says what became of it.

A wish waits durably while the station is offline (or wants to be left alone), until it is settled: done, failed with
the station's own word, expired, replaced by a newer wish for the same thing, or withdrawn. `kind` says whose business
it is (`variable`, `local_list`, `availability`, `charging_profile`, …), `subject_key` which thing it is about, `body`
what is wanted, as JSON of that block. `batch` names the rollout it belongs to, None for a single one.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from amperanto.domain.stations import OrganisationId, StationId


class WishState(StrEnum):
    """What became of a wish."""

    WAITING = "Waiting"
    DONE = "Done"
    FAILED = "Failed"
    EXPIRED = "Expired"
    REPLACED = "Replaced"
    WITHDRAWN = "Withdrawn"


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """One thing wanted of one station. `result` is what the station, or the way to it, said last."""

    id: str
    organisation: OrganisationId
    station: StationId
    kind: str
    subject_key: str
    body: str
    wanted_at: datetime
    wanted_by: str
    expires_at: datetime
    state: WishState = WishState.WAITING
    attempts: int = 0
    result: str | None = None
    settled_at: datetime | None = None
    batch: str | None = None

    def expired(self, now: datetime) -> bool:
        """Whether it waited for too long."""
        return self.state is WishState.WAITING and now >= self.expires_at


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a wish in one attempt, and that in words. `WAITING`: it is tried again, or was not `tried` at all.

    `body` is what the wish says from now on, where an attempt comes to a part of it; None leaves it. `again`: the
    seconds after which it wants to be tried, None for the ordinary, ever longer ones.
    """

    state: WishState
    said: str | None = None
    tried: bool = True
    body: str | None = None
    again: float | None = None


def done(said: str | None = None) -> Outcome:
    """The station did it."""
    return Outcome(WishState.DONE, said)


def failed(said: str) -> Outcome:
    """The station will not do it."""
    return Outcome(WishState.FAILED, said)


def waits(
    said: str | None = None, *, tried: bool = True, body: str | None = None, again: float | None = None
) -> Outcome:
    """It is tried again later."""
    return Outcome(WishState.WAITING, said, tried, body, again)
