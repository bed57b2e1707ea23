"""Weekly schedules: at which hours of which weekdays something is allowed, by the clock on the wall of a site.

A window begins at a minute of a day and ends at one; one that ends before it begins runs into the next day. What
counts is what the site's clock shows: the hour that is skipped in spring is in no window, the one that comes twice in
autumn is in its windows twice. A schedule without windows allows nothing.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta, tzinfo

DAY = 24 * 60
LOOKED_AHEAD = 2  # days; a schedule that stays open longer is looked at again by then


@dataclass(frozen=True, slots=True, kw_only=True)
class Window:
    """From a minute of each of these weekdays (0: Monday) up to, not including, another; minutes since midnight."""

    days: frozenset[int]
    begin: int = 0
    end: int = DAY

    def holds(self, day: int, minute: int) -> bool:
        """Whether it is open at that minute of that weekday."""
        if self.begin < self.end:
            return day in self.days and self.begin <= minute < self.end
        return (day in self.days and minute >= self.begin) or ((day - 1) % 7 in self.days and minute < self.end)


@dataclass(frozen=True, slots=True)
class Schedule:
    """The windows of a week."""

    windows: tuple[Window, ...]

    def open(self, at: datetime, zone: tzinfo) -> bool:
        """Whether a window is open at that instant, by the clock of that zone."""
        local = at.astimezone(zone)
        minute = local.hour * 60 + local.minute
        return any(window.holds(local.weekday(), minute) for window in self.windows)

    def until(self, at: datetime, zone: tzinfo) -> datetime:
        """Until when it stays open, to the second (UTC): `at` itself where it is closed, two days at most."""
        last = at
        for edge in self._edges(at, zone):
            if not self.open(edge, zone):
                return self._first_closed(last, edge, zone)
            last = edge
        return last

    def _edges(self, at: datetime, zone: tzinfo) -> list[datetime]:
        """Every instant of the next days at which a window may end, `at` and the last look among them."""
        local = at.astimezone(zone).date()
        minutes = {0} | {window.end % DAY for window in self.windows}
        days = [local + timedelta(days=number) for number in range(LOOKED_AHEAD + 1)]
        found = {edge for day in days for minute in minutes for edge in _instants(day, minute, zone)}
        return [at, *sorted(edge for edge in found if at < edge <= at + timedelta(days=LOOKED_AHEAD))]

    def _first_closed(self, opened: datetime, closed: datetime, zone: tzinfo) -> datetime:
        """The second between the two at which it closes: clocks that jump close windows, too."""
        low, high = 0, int((closed - opened).total_seconds())
        while low < high:
            middle = (low + high) // 2
            if self.open(opened + timedelta(seconds=middle), zone):
                low = middle + 1
            else:
                high = middle
        return opened + timedelta(seconds=low)


def _instants(day: date, minute: int, zone: tzinfo) -> set[datetime]:
    """When the wall clock shows that minute: twice where it comes twice."""
    shown = datetime(day.year, day.month, day.day, minute // 60, minute % 60, tzinfo=zone)
    return {shown.astimezone(UTC), shown.replace(fold=1).astimezone(UTC)}
