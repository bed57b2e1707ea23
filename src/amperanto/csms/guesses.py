"""Wrong key codes: whoever tries them one after the other at a station has to wait ever longer (C04).

A code of four digits is guessed in an afternoon if nobody stops it. After some wrong ones at a station every code is
refused there, right or wrong, for half a minute, then for twice as long with each further wrong one, an hour at most. A
right one forgives. What is counted is forgotten when the node restarts, which a guesser cannot bring about.
"""

from __future__ import annotations

from dataclasses import dataclass

from amperanto.csms.block import Clock
from amperanto.domain.stations import StationId

FREE = 5
FIRST_WAIT, LONGEST_WAIT = 30.0, 3600.0  # seconds
STATIONS = 10_000


@dataclass(slots=True)
class _Tries:
    wrong: int = 0
    until: float = 0.0


class Guesses:
    """The wrong codes of each station."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._tries: dict[StationId, _Tries] = {}

    def too_many(self, station: StationId) -> bool:
        """Whether no code is looked at now."""
        tries = self._tries.get(station)
        return tries is not None and self._clock.monotonic() < tries.until

    def tried(self, station: StationId, *, right: bool) -> None:
        """A code was looked at."""
        if right:
            self._tries.pop(station, None)
            return
        tries = self._tries.pop(station, None) or _Tries()
        self._tries[station] = tries  # the latest last
        tries.wrong += 1
        if tries.wrong >= FREE:
            wait = min(FIRST_WAIT * 2 ** min(tries.wrong - FREE, 10), LONGEST_WAIT)
            tries.until = self._clock.monotonic() + wait
        if len(self._tries) > STATIONS:
            del self._tries[next(iter(self._tries))]
