"""A reservation ends once, and gives way only to what the station did."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from amperanto.domain.reservations import CLOCKS_APART, Reservation, ReservationState, meant
from amperanto.domain.stations import DEFAULT_ORGANISATION, StationId
from amperanto.domain.tokens import Token

NOON = datetime(2026, 5, 1, 12, tzinfo=UTC)
LATER = NOON + timedelta(minutes=5)
CARD = Token("Card", "ISO14443")
ASKED = Reservation(
    id="r", organisation=DEFAULT_ORGANISATION, station=StationId("s"), number=7, token=CARD, created_at=NOON,
    expires_at=NOON + timedelta(hours=1),
)  # fmt: skip
ACTIVE = ASKED.accepted("Accepted")
STATE = ReservationState


def test_only_what_was_asked_for_is_accepted_or_refused() -> None:
    assert (ACTIVE.state, ACTIVE.answer) == (STATE.ACTIVE, "Accepted")
    assert ACTIVE.refused("Occupied", NOON) == ACTIVE
    used = ASKED.used("t", NOON)
    assert used.accepted("Accepted") == used
    assert used.unanswered("silence") == used


@pytest.mark.parametrize("state", sorted(set(STATE) - {STATE.ASKED, STATE.ACTIVE, STATE.REFUSED}))
def test_what_has_ended_stays_as_it_ended(state: ReservationState) -> None:
    ended = ACTIVE.ended(state, NOON)
    assert (ended.state, ended.ended_at, ended.live) == (state, NOON, False)
    assert ended.ended(STATE.EXPIRED, LATER) == ended


@pytest.mark.parametrize(
    ("state", "gives_way"),
    [
        (STATE.EXPIRED, True), (STATE.REMOVED, True), (STATE.NO_TRANSACTION, True),
        (STATE.CANCELLED, False), (STATE.REPLACED, False),
    ],
)  # fmt: skip
def test_a_use_goes_before_what_was_only_concluded(state: ReservationState, gives_way: bool) -> None:
    used = ACTIVE.ended(state, NOON).used("t", LATER)
    assert (used.state is STATE.USED, used.transaction == "t") == (gives_way, gives_way)


def test_a_use_is_the_first_transactions() -> None:
    assert ACTIVE.used("t", NOON).used("u", LATER).transaction == "t"


def test_it_is_for_its_token_whatever_the_case_and_for_its_group() -> None:
    grouped = replace(ACTIVE, group="Fleet")
    assert ACTIVE.may_be_used_by(Token("cARD"), None)
    assert grouped.may_be_used_by(Token("other"), "FLEET")
    assert not grouped.may_be_used_by(Token("other"), None)
    assert not ACTIVE.may_be_used_by(Token("other"), "Fleet")


def test_clocks_may_be_some_minutes_apart() -> None:
    moment = timedelta(seconds=1)
    assert ACTIVE.covers(1, NOON - CLOCKS_APART)
    assert not ACTIVE.covers(1, NOON - CLOCKS_APART - moment)
    assert ACTIVE.covers(1, ACTIVE.expires_at + CLOCKS_APART)
    assert not ACTIVE.covers(1, ACTIVE.expires_at + CLOCKS_APART + moment)
    assert not replace(ACTIVE, evse=2).covers(1, NOON)


def test_a_start_means_the_reservation_of_its_place_then_the_first_to_expire() -> None:
    here = replace(ACTIVE, id="here", evse=1, expires_at=NOON + timedelta(hours=3))
    soon = replace(ACTIVE, id="soon")
    late = replace(ACTIVE, id="late", expires_at=NOON + timedelta(hours=2))
    start = {"token": Token("card"), "group": None, "evse": 1, "at": NOON}
    assert meant([late, soon, here], **start) == here
    assert meant([late, soon], **start) == soon
    assert meant([late, soon], **{**start, "token": Token("x")}) is None
