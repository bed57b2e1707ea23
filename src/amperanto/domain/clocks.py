"""Two clocks: the station's, by which it dates what it tells, and ours, by which we hear it.

The lag of a report is our time less the station's, in seconds. A report may come late, never early: the smallest lag
of a transaction's reports is how far the station's clock is ahead (negative) for sure; how far it is behind only
live reports tell, since what was queued is dated in the past rightly. Faults are remarks: they
do not touch energy; but a report without a readable time holds.

What is billed, the declared rule:
1. the station's times, while its clock shows no fault;
2. a clock that is ahead, behind or in local time: its times, moved by the skew; so the duration is its own;
3. a clock that jumped on the way: our time of hearing the start, and the shorter of two durations, its own and ours;
4. a clock that was not set (before 2015, after 2100): our time of hearing for the end, and the station's duration
   before it; where only one of the two is unset, our time of hearing in its place;
5. a report without a readable time: our time of receipt in its place; since nobody knows when it was, this one holds;
6. never an end before its start: then the end is our time of hearing it, and at least the start.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import NamedTuple

from amperanto.domain.findings import Doubt, Finding

SET_SINCE, SET_UNTIL = datetime(2015, 1, 1, tzinfo=UTC), datetime(2100, 1, 1, tzinfo=UTC)
"""Before OCPP 1.6 no clock can be right: 1970 and 2000 are what they show before they are set (quirks §5)."""
AHEAD, BEHIND, JUMPED = 120, 300, 600
"""Seconds from which on a clock counts as wrong."""
A_WEEK, A_YEAR = timedelta(days=7), timedelta(days=366)
QUARTER, NEAR, FARTHEST_ZONE = 1800, 120, 14 * 3600
"""Zones differ by half hours, up to 14 h; so near, in seconds, is a skew to one."""


def is_unset(at: datetime) -> bool:
    """Whether no clock that was set can show this."""
    return not SET_SINCE <= at < SET_UNTIL


class Clock(NamedTuple):
    """What a transaction's reports tell of the clocks; lags in seconds, None where nothing is known.

    `started_heard` is None where the start was the first that was heard of it.
    """

    lag: int | None = None
    live: int | None = None
    latest: int | None = None
    unset: bool = False
    started_heard: datetime | None = None
    ended_heard: datetime | None = None
    undated: bool = False

    def heard(self, at: datetime, heard: datetime, live: bool, skew: int | None) -> Clock:
        """With one more report; `skew` is the connection's, where its messages cannot say whether they are live."""
        if is_unset(at):
            return self if self.unset else self._replace(unset=True)
        lag = int((heard - at).total_seconds())
        now = lag if live else skew
        least = lag if self.lag is None or lag < self.lag else self.lag
        if now is None:
            return self if least == self.lag else self._replace(lag=least)
        first = now if self.live is None or now < self.live else self.live
        last = now if self.latest is None or now > self.latest else self.latest
        if (least, first, last) == (self.lag, self.live, self.latest):
            return self
        return self._replace(lag=least, live=first, latest=last)

    def without_date(self) -> Clock:
        """With a report that told no time: it says nothing of the station's clock."""
        return self if self.undated else self._replace(undated=True)

    @property
    def skew(self) -> int:
        """By how many seconds the station's clock must be moved to be right; 0 while it shows no fault."""
        if self.lag is not None and self.lag < -AHEAD:
            return self.lag
        if self.live is not None and self.live > BEHIND:
            return self.live
        return 0

    @property
    def jumped(self) -> int:
        """By how many seconds it jumped while the transaction ran, as far as its reports show; 0 where it did not.

        What was told live had one lag, and another report a smaller one: nothing is heard before it is told.
        """
        if self.latest is None or self.lag is None:
            return 0
        far = self.latest - (self.lag if self.live is None else min(self.lag, self.live))
        return far if far > JUMPED else 0


class Billed(NamedTuple):
    """The times that are billed, and by which rule."""

    started_at: datetime | None
    ended_at: datetime | None
    rule: str


STATION, SKEW, JUMP, UNSET, ORDER = (
    "station",
    "station moved by skew",
    "the shorter duration: the clock jumped",
    "ours: the clock was not set",
    "ours: end before start",
)


def billed(start: datetime | None, end: datetime | None, clock: Clock, received: datetime | None) -> Billed:
    """The times to bill, by the declared rule."""
    began, ended, rule = start, end, STATION
    if clock.unset or any(is_unset(one) for one in (start, end) if one is not None):
        began, ended, rule = _while_unset(start, end, clock, received), _unset_end(end, clock), UNSET
    elif clock.skew:
        moved = timedelta(seconds=clock.skew)
        began, ended = (None if one is None else one + moved for one in (start, end))
        rule = SKEW
    heard = clock.started_heard or received
    own = None if began is None or ended is None else ended - began
    if clock.jumped and not clock.unset and own is not None and own < A_YEAR and heard and clock.ended_heard:
        ours = max(clock.ended_heard - heard, timedelta(0))
        began, ended, rule = heard, heard + (min(own, ours) if own >= timedelta(0) else ours), JUMP
    if began is not None and ended is not None and ended < began:
        over = clock.ended_heard
        ended, rule = began if over is None or over < began else over, ORDER
    return Billed(began, ended, rule)


def _unset_end(end: datetime | None, clock: Clock) -> datetime | None:
    return clock.ended_heard if end is not None and is_unset(end) else end


def _while_unset(
    start: datetime | None, end: datetime | None, clock: Clock, received: datetime | None
) -> datetime | None:
    if start is None or not is_unset(start):
        return start
    heard = clock.started_heard or received
    ended = _unset_end(end, clock)
    if end is not None and is_unset(end) and start <= end and end - start < A_WEEK and ended is not None:
        return ended - (end - start)
    if ended is not None and heard is not None and heard > ended:
        return ended
    return heard


def faults(start: datetime | None, end: datetime | None, clock: Clock) -> tuple[Finding, ...]:
    """What is wrong with the station's clock, with figures."""
    found: list[Finding] = []
    if clock.unset:
        first = start if start is not None and is_unset(start) else end
        found.append(_fault(Doubt.CLOCK_UNSET, "the station dated reports before its clock was set", at=str(first)))
    if clock.undated:
        words = "a report of it told no time that can be read: when we received it stands for that"
        evidence = (("started_at", str(start)), ("ended_at", str(end)))
        found.append(Finding(Doubt.UNDATED, words, evidence))
    skew = clock.skew
    zone = round(skew / QUARTER) * QUARTER
    if skew and zone and abs(skew - zone) <= NEAR and abs(zone) <= FARTHEST_ZONE:
        words = "the station's times look like local time marked as UTC"
        found.append(_fault(Doubt.LOCAL_TIME, words, offset_hours=str(-zone / 3600), skew_seconds=str(skew)))
    elif skew < 0:
        words = "the station dated reports in the future"
        found.append(_fault(Doubt.CLOCK_AHEAD, words, ahead_seconds=str(-skew)))
    elif skew > 0:
        words = "the station's clock is behind: what it told live was dated in the past"
        found.append(_fault(Doubt.CLOCK_BEHIND, words, behind_seconds=str(skew)))
    if start is not None and end is not None and end < start:
        words = "the transaction ended before it started, by the station's clock"
        found.append(_fault(Doubt.CLOCK_JUMPED, words, started_at=str(start), ended_at=str(end)))
    elif clock.jumped:
        words = "the station's clock jumped during the transaction"
        found.append(_fault(Doubt.CLOCK_JUMPED, words, seconds=str(clock.jumped)))
    return tuple(found)


def _fault(kind: Doubt, words: str, **evidence: str) -> Finding:
    return Finding(kind, words, tuple(evidence.items()), holds=False)
