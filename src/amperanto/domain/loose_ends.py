"""What is open about a transaction's end when nobody tells it.

A `Closing` is provisional: the transaction is taken for ended, and a late report gives way to the truth (R10). A
`Suspicion` comes before: something speaks against the transaction, and there is time to object.
"""

from __future__ import annotations

from datetime import datetime
from typing import NamedTuple

from amperanto.domain.quantities import WattHours

NEXT_START, BOOTED, AVAILABLE, DENIED = "NextStart", "Boot", "Available", "StationDenies"
"""Why an end is concluded: the next start there, a boot, an available connector, or the station's own word (E14)."""


class Suspicion(NamedTuple):
    """Something speaks against a transaction that runs: why, and since when (our clock)."""

    why: str
    since: datetime


class Closing(NamedTuple):
    """A transaction taken for ended though nobody told its end: why, and the instant of the evidence.

    `register` is what the meter showed at the next start there: nothing flowed after the last reading if it is that.
    """

    why: str
    since: datetime
    register: WattHours | None = None

    def is_better_than(self, known: Closing) -> bool:
        """Whether it is the better evidence: a next start, the earliest, and what its meter showed."""
        if self.why != NEXT_START or known.why != NEXT_START:
            return self.why == NEXT_START
        return self.since < known.since or (self.since == known.since and self.register not in (None, known.register))


class Loose(NamedTuple):
    """What is open about its end; `lost`: the reports that are missing will not come any more (E14)."""

    suspicion: Suspicion | None = None
    closing: Closing | None = None
    lost: bool = False
