"""Where a remote start ends follows from what was heard of it, never from the order in which it was heard (R10)."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from amperanto.conformance.requirements import requirement
from amperanto.domain.remote_starts import Failure, RemoteStart, RemoteStartState
from amperanto.domain.stations import DEFAULT_ORGANISATION, StationId
from amperanto.domain.tokens import Token

NOON = datetime(2026, 5, 1, 12, tzinfo=UTC)
STATE = RemoteStartState
ASKED = RemoteStart(
    id="r", organisation=DEFAULT_ORGANISATION, station=StationId("s"), number=7, token=Token("CAFE"), asked_at=NOON,
    asked_by="app", until=NOON + timedelta(minutes=3), sent_at=NOON,
)  # fmt: skip
Step = Callable[[RemoteStart], RemoteStart]
ANSWERS: dict[str, Step] = {
    "accepted": lambda one: one.accepted(NOON),
    "refused": lambda one: one.refused(NOON, "Rejected"),
    "silent": lambda one: one.failed(NOON, Failure.SILENT, "no answer", sent=True),
    "none": lambda one: one,
}
STEPS: dict[str, Step] = {
    **ANSWERS,
    "report": lambda one: one.started(NOON, "t"),
    "timer": lambda one: one.timed_out(NOON),
}


def expected(steps: set[str]) -> RemoteStartState:
    """In our own words: what the station did, else what it said, else what is known of the line, else our clock."""
    if "report" in steps:
        return STATE.STARTED
    if "refused" in steps:
        return STATE.REFUSED
    if "silent" in steps:
        return STATE.FAILED
    return STATE.TIMED_OUT


@requirement("F02-5")
@given(
    answer=st.sampled_from(sorted(ANSWERS)),
    reported=st.booleans(),
    order=st.permutations(["answer", "report", "timer"]),
    again=st.lists(st.sampled_from(["answer", "report", "timer"]), max_size=4),
)
def test_it_ends_in_exactly_one_state_whatever_the_order_and_however_often_told(
    answer: str, reported: bool, order: list[str], again: list[str]
) -> None:
    steps = [answer if step == "answer" else step for step in [*order, *again]]
    steps = [step for step in steps if reported or step != "report"]
    one = ASKED
    for step in steps:
        one = STEPS[step](one)
    assert one.state is expected(set(steps))
    assert not one.open
    assert one.ended_at is not None
    assert (one.transaction is not None) == (one.state is STATE.STARTED)
    assert (one.reason is None) == (one.state is STATE.STARTED)


@given(steps=st.lists(st.sampled_from(sorted(STEPS)), max_size=8))
def test_what_is_known_of_it_never_becomes_worth_less(steps: list[str]) -> None:
    worth = list(STATE)
    one = ASKED
    for step in steps:
        after = STEPS[step](one)
        assert worth.index(after.state) >= worth.index(one.state)
        one = after
