"""Which clock is believed, and what a fault costs nobody."""

from datetime import UTC, datetime, timedelta

import pytest

from amperanto.domain.clocks import Clock, billed, faults
from amperanto.domain.findings import Doubt

NOON = datetime(2026, 5, 1, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)


def heard(*lags: int, live: bool = True) -> Clock:
    """A clock whose reports came so many seconds after the time they bear."""
    clock = Clock(ended_heard=NOON + HOUR)
    for lag in lags:
        clock = clock.heard(NOON, NOON + timedelta(seconds=lag), live, None)
    return clock


def kinds(clock: Clock, start: datetime = NOON, end: datetime = NOON + HOUR) -> list[Doubt]:
    return [one.kind for one in faults(start, end, clock)]


def test_a_clock_that_is_right_is_billed_as_it_tells():
    assert billed(NOON, NOON + HOUR, heard(1, 30), NOON) == (NOON, NOON + HOUR, "station")
    assert kinds(heard(1, 30)) == []


def test_a_clock_ahead_is_moved_back_and_the_duration_stays():
    clock = heard(-900, -880)
    began, ended, rule = billed(NOON, NOON + HOUR, clock, NOON)
    assert (began, ended, rule) == (NOON - timedelta(minutes=15), NOON + timedelta(minutes=45), "station moved by skew")
    assert kinds(clock) == [Doubt.CLOCK_AHEAD]
    assert dict(faults(NOON, NOON + HOUR, clock)[0].evidence) == {"ahead_seconds": "900"}


def test_what_was_queued_is_no_sign_that_a_clock_is_behind():
    assert kinds(heard(7000, 6000, live=False)) == []
    assert billed(NOON, NOON + HOUR, heard(7000, live=False), NOON).rule == "station"


def test_a_live_report_dated_in_the_past_shows_that_a_clock_is_behind():
    clock = heard(1000, 1010)
    assert kinds(clock) == [Doubt.CLOCK_BEHIND]
    assert billed(NOON, NOON + HOUR, clock, NOON).started_at == NOON + timedelta(seconds=1000)


@pytest.mark.parametrize(("lag", "offset"), [(-7200, "2.0"), (18000, "-5.0"), (-19805, "5.5")])
def test_local_time_that_says_it_is_utc_is_recognised_by_its_offset(lag: int, offset: str):
    (found,) = faults(NOON, NOON + HOUR, heard(lag))
    assert (found.kind, dict(found.evidence)["offset_hours"]) == (Doubt.LOCAL_TIME, offset)
    assert not found.holds


def test_times_before_a_clock_was_set_are_replaced_by_when_we_heard():
    start = datetime(1970, 1, 1, 0, 5, tzinfo=UTC)
    clock = Clock(ended_heard=NOON + HOUR).heard(start, NOON, True, None)
    assert billed(start, NOON + HOUR, clock, NOON).started_at == NOON
    assert kinds(clock, start) == [Doubt.CLOCK_UNSET]


def test_a_whole_charge_before_the_clock_was_set_keeps_its_duration():
    start, end = datetime(2000, 1, 1, tzinfo=UTC), datetime(2000, 1, 1, 0, 40, tzinfo=UTC)
    clock = Clock(ended_heard=NOON).heard(start, NOON - timedelta(seconds=2), False, None)
    began, ended, rule = billed(start, end, clock, NOON)
    assert (began, ended) == (NOON - timedelta(minutes=40), NOON)
    assert rule == "ours: the clock was not set"


def test_an_end_before_its_start_is_billed_as_it_was_heard_and_flagged():
    clock = heard(1)
    began, ended, _ = billed(NOON, NOON - HOUR, clock, NOON)
    assert (began, ended) == (NOON, NOON + HOUR)
    assert kinds(clock, NOON, NOON - HOUR) == [Doubt.CLOCK_JUMPED]


def test_a_clock_that_jumped_bills_no_more_time_than_passed_by_ours():
    clock = heard(0, -3600)
    began, ended, rule = billed(NOON, NOON + 2 * HOUR, clock._replace(ended_heard=NOON + HOUR), NOON)
    assert (ended - began, rule) == (HOUR, "the shorter duration: the clock jumped")
    back = heard(0, 3600)
    began, ended, _ = billed(NOON, NOON + HOUR, back._replace(ended_heard=NOON + 2 * HOUR), NOON)
    assert ended - began == HOUR  # when in doubt, for the driver


def test_a_report_that_is_heard_before_it_was_told_shows_a_jump_whatever_its_connection_showed():
    clock = Clock().heard(NOON, NOON, False, 0).heard(NOON + 2 * HOUR, NOON + HOUR, False, None)
    assert clock.jumped == 3600


def test_a_clock_that_jumps_during_a_transaction_is_flagged_with_how_far():
    (found,) = faults(NOON, NOON + HOUR, heard(0, 1800))
    assert (found.kind, dict(found.evidence)) == (Doubt.CLOCK_JUMPED, {"seconds": "1800"})
