"""What is doubtful about a transaction, with its evidence; and what a person decided about it.

A finding that `holds` keeps the transaction from being billed until a person has decided; the others are remarks.
A decision (`Verdict`) is about the energy as it was then: where a late report changes that, it is decided anew (R10).
"""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import NamedTuple

from amperanto.domain.quantities import WattHours


class Doubt(StrEnum):
    """What may be wrong."""

    TOO_MUCH = "TooMuchEnergy"
    NEGATIVE = "NegativeEnergy"
    BACKWARDS = "RegisterBackwards"
    LIFETIME = "LifetimeRegister"
    UNIT = "UnitMixUp"
    JUMP = "Jump"
    NOTHING = "NoEnergy"
    STALE = "ReadingOfAnotherTransaction"
    INTERVALS = "IntervalsDisagree"
    ILLEGIBLE = "IllegibleReading"
    SIGNATURE = "SignatureWrong"
    NO_START = "StartNeverTold"
    TOO_LONG = "TooLong"
    NO_END = "EndNeverTold"
    UNDATED = "TimeMissing"
    CLOCK_UNSET = "ClockNotSet"
    CLOCK_AHEAD = "ClockAhead"
    CLOCK_BEHIND = "ClockBehind"
    LOCAL_TIME = "LocalTimeAsUtc"
    CLOCK_JUMPED = "ClockJumped"


class Finding(NamedTuple):
    """One doubt: words for a person, figures as evidence (name and text), and the energy it proposes instead."""

    kind: Doubt
    words: str
    evidence: tuple[tuple[str, str], ...] = ()
    proposed: WattHours | None = None
    holds: bool = True


class Ruling(StrEnum):
    """What a person decides about a doubtful transaction."""

    ACCEPT = "accept"
    USE = "use"
    VOID = "void"


class Verdict(NamedTuple):
    """The decision: who, when, why; `energy` in place of what the meter told; `about` the energy it is about, Wh."""

    ruling: Ruling
    by: str
    at: datetime
    reason: str
    energy: WattHours | None = None
    about: WattHours | None = None


class Judgement(NamedTuple):
    """What was found, what was decided, and the id of the review that waits for a decision."""

    findings: tuple[Finding, ...] = ()
    verdict: Verdict | None = None
    review: str | None = None

    @property
    def held(self) -> bool:
        """Whether a person must decide before it is billed."""
        return self.review is not None
