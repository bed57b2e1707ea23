"""What a station does that the standard does not say, counted: each kind once, with how often and since when.

A kind names no value, since values may be secret: which message, which place in it, which rule. Places in lists
are written `*`, so that the third meter value is no other kind than the first.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from amperanto.domain.behaviour import Behaviour

LONGEST = 200
_INDEX = re.compile(r"(?<=/)\d+(?=/|$)")


class OddityKind(StrEnum):
    """What sort of thing is counted."""

    QUIRK = "quirk"
    """A message was changed by the quirk of the station's make."""
    VIOLATION = "violation"
    """A message broke the standard and was understood all the same."""
    FRAME = "frame"
    """What came was refused or ignored: no frame, no message, or an answer to nothing."""


@dataclass(frozen=True, slots=True)
class Oddity:
    """One kind of thing. `direction` is "incoming" or "outgoing"; `detail` is the rule, or the quirk's name."""

    kind: OddityKind
    message: str
    direction: str
    place: str
    detail: str

    @classmethod
    def at(cls, kind: OddityKind, message: str | None, path: str, detail: str, direction: str = "incoming") -> Oddity:
        """The kind of what was found at that JSON pointer."""
        return cls(kind, (message or "")[:64], direction, _INDEX.sub("*", path)[:LONGEST], detail[:LONGEST])


@dataclass(frozen=True, slots=True)
class OddityCount:
    """How often one kind was seen, at first and at last."""

    oddity: Oddity
    count: int
    first_at: datetime
    last_at: datetime

    def more(self, other: OddityCount) -> OddityCount:
        """Both counted together."""
        return OddityCount(
            self.oddity,
            self.count + other.count,
            min(self.first_at, other.first_at),
            max(self.last_at, other.last_at),
        )


@dataclass(frozen=True, slots=True)
class Make:
    """The make a station was recognised as: the quirk's name, what people call it, and how it behaves."""

    name: str
    title: str
    behaviour: Behaviour
