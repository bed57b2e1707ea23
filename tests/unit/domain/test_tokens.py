"""The one authorisation rule, in its order."""

from datetime import UTC, datetime, timedelta

import pytest

from amperanto.domain.stations import DEFAULT_ORGANISATION
from amperanto.domain.tokens import AuthorizationStatus, RegisteredToken, Token, authorize

NOW = datetime(2026, 5, 1, 12, tzinfo=UTC)
S = AuthorizationStatus
CAFE = Token("CAFE")


def known(**changes: object) -> RegisteredToken:
    return RegisteredToken(id="t", organisation=DEFAULT_ORGANISATION, token=Token("CAFE", "ISO14443"), **changes)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("token", "open_elsewhere", "status"),
    [
        (None, 0, S.UNKNOWN),
        (known(), 0, S.ACCEPTED),
        (known(status=S.BLOCKED), 0, S.BLOCKED),
        (known(status=S.BLOCKED, expires_at=NOW - timedelta(days=1)), 1, S.BLOCKED),
        (known(expires_at=NOW), 0, S.EXPIRED),
        (known(expires_at=NOW + timedelta(seconds=1)), 0, S.ACCEPTED),
        (known(), 1, S.CONCURRENT_TX),
        (known(concurrent_limit=2), 1, S.ACCEPTED),
        (known(concurrent_limit=None), 100, S.ACCEPTED),
        (known(expires_at=NOW), 1, S.EXPIRED),
    ],
)
def test_the_rule_decides_in_its_order(token: RegisteredToken | None, open_elsewhere: int, status: S):
    assert authorize(CAFE, token, now=NOW, open_elsewhere=open_elsewhere).status is status


def test_a_start_button_asks_nobody_and_is_accepted():
    button = Token("", "NoAuthorization")
    assert authorize(button, None, now=NOW, open_elsewhere=3).status is S.ACCEPTED


def test_the_answer_carries_what_a_station_may_cache():
    expires = NOW + timedelta(days=30)
    answer = authorize(CAFE, known(group="fleet", expires_at=expires), now=NOW, open_elsewhere=0)
    assert (answer.group, answer.expires_at, answer.accepted) == ("fleet", expires, True)


def test_tokens_are_matched_without_case_and_whatever_their_type():
    assert Token("cafe").key == Token("CAFE", "ISO14443").key
