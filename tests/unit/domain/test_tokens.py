"""The one authorisation rule, in its order."""

from dataclasses import replace
from datetime import UTC, datetime, time, timedelta
from decimal import Decimal
from typing import Any

import pytest

from amperanto.conformance.requirements import requirement
from amperanto.domain.limits import TransactionLimit
from amperanto.domain.places import Place, Places, Spot
from amperanto.domain.schedules import Schedule, Window
from amperanto.domain.sites import zone
from amperanto.domain.stations import DEFAULT_ORGANISATION, UnknownTokens
from amperanto.domain.tokens import (
    AUTHORIZER,
    FREE_VENDING,
    AuthorizationStatus,
    Circumstances,
    Purpose,
    RegisteredToken,
    Token,
    TokenGroup,
    Verdict,
    authorize,
)

NOW = datetime(2026, 5, 1, 12, tzinfo=UTC)  # a Friday
S = AuthorizationStatus
CAFE = Token("CAFE")
MORNINGS = Schedule((Window(days=frozenset(range(7)), begin=6 * 60, end=12 * 60),))
EVENINGS = Schedule((Window(days=frozenset(range(7)), begin=12 * 60, end=18 * 60),))
ELSEWHERE = Places(allowed=(Place(station="CP9"),))


def known(**changes: Any) -> RegisteredToken:
    return RegisteredToken(id="t", organisation=DEFAULT_ORGANISATION, token=Token("CAFE", "ISO14443"), **changes)


def group(**changes: Any) -> TokenGroup:
    return TokenGroup(organisation=DEFAULT_ORGANISATION, name="fleet", **changes)


def met(**changes: Any) -> Circumstances:
    return Circumstances(now=NOW, **changes)


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
        (known(expires_at=NOW, credit=Decimal(0)), 0, S.EXPIRED),
        (known(credit=Decimal(0), places=ELSEWHERE), 0, S.NO_CREDIT),
        (known(credit=Decimal("-0.01")), 0, S.NO_CREDIT),
        (known(credit=Decimal("0.01")), 0, S.ACCEPTED),
        (known(places=ELSEWHERE, schedule=MORNINGS), 0, S.NOT_AT_THIS_LOCATION),
        (known(schedule=MORNINGS), 1, S.NOT_AT_THIS_TIME),
        (known(schedule=EVENINGS), 1, S.CONCURRENT_TX),
        (known(schedule=Schedule(())), 0, S.NOT_AT_THIS_TIME),
    ],
)
def test_the_rule_decides_in_its_order(token: RegisteredToken | None, open_elsewhere: int, status: S):
    assert authorize(CAFE, token, met(open_elsewhere=open_elsewhere)).status is status


@pytest.mark.parametrize(
    ("rules", "status"),
    [
        (group(), S.ACCEPTED),
        (group(status=S.BLOCKED), S.BLOCKED),
        (group(expires_at=NOW), S.EXPIRED),
        (group(places=ELSEWHERE), S.NOT_AT_THIS_LOCATION),
        (group(schedule=MORNINGS), S.NOT_AT_THIS_TIME),
    ],
)
def test_what_holds_for_its_group_holds_for_a_token(rules: TokenGroup, status: S):
    assert authorize(CAFE, known(group="fleet"), met(), group=rules).status is status


@requirement("C02.FR.01")
def test_a_start_button_asks_nobody_and_is_accepted():
    button = Token("", "NoAuthorization")
    answer = authorize(button, None, met(open_elsewhere=3, unknown=UnknownTokens.REFUSE))
    assert (answer.status, answer.group, answer.expires_at) == (S.ACCEPTED, None, None)


@requirement("C16-1")
@pytest.mark.parametrize(
    ("purpose", "status"), [(Purpose.ASK, S.ACCEPTED), (Purpose.START, S.INVALID), (Purpose.STOP, S.ACCEPTED)]
)
def test_a_master_pass_stops_and_does_not_start(purpose: Purpose, status: S):
    answer = authorize(CAFE, known(group="fleet"), met(purpose=purpose), group=group(master_pass=True))
    assert (answer.status, answer.group) == (status, "fleet")


def test_whoever_stops_needs_neither_credit_nor_the_hour_nor_a_transaction_of_its_own():
    token = known(credit=Decimal(0), schedule=MORNINGS)
    stop = met(purpose=Purpose.STOP, open_elsewhere=5)
    assert authorize(CAFE, token, stop).status is S.ACCEPTED
    assert authorize(CAFE, replace(token, status=S.BLOCKED), stop).status is S.BLOCKED
    assert authorize(CAFE, replace(token, places=ELSEWHERE), stop).status is S.NOT_AT_THIS_LOCATION


@requirement("C09-1", "C10-1")
def test_the_answer_carries_what_a_station_may_cache():
    expires = NOW + timedelta(days=30)
    answer = authorize(CAFE, known(group="fleet", expires_at=expires), met())
    assert (answer.group, answer.expires_at, answer.accepted) == ("fleet", expires, True)


def test_a_station_may_cache_no_longer_than_the_hours_and_the_group_allow():
    until_six = datetime.combine(NOW.date(), time(18), UTC)
    token = known(schedule=EVENINGS, expires_at=NOW + timedelta(days=30))
    assert authorize(CAFE, token, met()).expires_at == until_six
    sooner = NOW + timedelta(hours=1)
    assert authorize(CAFE, token, met(), group=group(expires_at=sooner)).expires_at == sooner


@requirement("C17-1", "C17-2")
def test_a_prepaid_token_is_never_cached_and_its_credit_is_the_limit():
    answer = authorize(CAFE, known(credit=Decimal("4.20"), expires_at=NOW + timedelta(days=1)), met())
    assert (answer.status, answer.expires_at) == (S.ACCEPTED, NOW)
    assert answer.limit == TransactionLimit(cost=Decimal("4.20"))
    empty = authorize(CAFE, known(credit=Decimal(0)), met())
    assert (empty.status, empty.expires_at, empty.limit) == (S.NO_CREDIT, NOW, None)


@requirement("C01-4")
def test_tokens_are_matched_without_case_and_whatever_their_type():
    assert Token("cafe").key == Token("CAFE", "ISO14443").key


def test_the_hour_is_the_sites():
    token = known(schedule=EVENINGS)
    assert authorize(CAFE, token, met(zone=zone("Europe/Amsterdam"))).status is S.ACCEPTED  # 14:00
    assert authorize(CAFE, token, met(zone=zone("America/New_York"))).status is S.NOT_AT_THIS_TIME  # 08:00


FAST = Places(allowed=(Place(connector_type="cCCS2"),))
DENIED_2 = Places(denied=(Place(station="CP1", evse=2),))
EVSES = {1: frozenset({"stype2"}), 2: frozenset({"cccs2"}), 3: frozenset({"cccs2", "cg105"})}


@requirement("C01.FR.18", "C01.FR.19", "C01.FR.20", "C01.FR.21", "C01.FR.22")
@pytest.mark.parametrize(
    ("places", "evse", "status", "evses"),
    [
        (Places(), None, S.ACCEPTED, ()),
        (Places(allowed=(Place(station="CP1"),)), None, S.ACCEPTED, ()),
        (Places(allowed=(Place(site="quay"),)), None, S.ACCEPTED, ()),
        (Places(allowed=(Place(site="airport"),)), None, S.NOT_AT_THIS_LOCATION, ()),
        (Places(denied=(Place(site="quay"),)), 1, S.NOT_AT_THIS_LOCATION, ()),
        (Places(allowed=(Place(site="quay"),), denied=(Place(station="CP1"),)), 1, S.NOT_AT_THIS_LOCATION, ()),
        (FAST, None, S.ACCEPTED, (2, 3)),
        (FAST, 1, S.NOT_ALLOWED_TYPE_EVSE, ()),
        (FAST, 2, S.ACCEPTED, ()),
        (Places(allowed=(Place(connector_type="cTesla"),)), None, S.NOT_ALLOWED_TYPE_EVSE, ()),
        (Places(denied=(Place(connector_type="CCCS2"),)), None, S.ACCEPTED, (1,)),
        (Places(denied=(Place(connector_type="cccs2"),)), 3, S.NOT_ALLOWED_TYPE_EVSE, ()),
        (DENIED_2, None, S.ACCEPTED, (1, 3)),
        (DENIED_2, 2, S.NOT_AT_THIS_LOCATION, ()),
        (Places(allowed=(Place(station="CP1", evse=3),)), None, S.ACCEPTED, (3,)),
    ],
)
def test_a_token_charges_where_it_may_and_the_answer_says_at_which_evses(
    places: Places, evse: int | None, status: S, evses: tuple[int, ...]
):
    spot = Spot(station="CP1", site="quay", evse=evse, evses=EVSES)
    answer = authorize(CAFE, known(places=places), met(spot=spot))
    assert (answer.status, answer.evses) == (status, evses)


def test_where_a_stations_evses_are_not_known_the_named_ones_are_told():
    spot = Spot(station="CP1")
    answer = authorize(CAFE, known(places=Places(allowed=(Place(station="CP1", evse=3),))), met(spot=spot))
    assert (answer.status, answer.evses) == (S.ACCEPTED, (3,))
    assert authorize(CAFE, known(places=DENIED_2), met(spot=spot)).evses == ()


def test_token_and_group_must_both_allow_the_place():
    spot = Spot(station="CP1", evses=EVSES)
    answer = authorize(CAFE, known(places=FAST, group="fleet"), met(spot=spot), group=group(places=DENIED_2))
    assert (answer.status, answer.evses) == (S.ACCEPTED, (3,))


REMEMBERED = known(status=S.BLOCKED, note="first presented at CP1")


@pytest.mark.parametrize(
    ("token", "policy", "status", "basis"),
    [
        (None, UnknownTokens.STORE, S.UNKNOWN, None),
        (None, UnknownTokens.REFUSE, S.UNKNOWN, None),
        (None, UnknownTokens.ACCEPT, S.ACCEPTED, FREE_VENDING),
        (REMEMBERED, UnknownTokens.STORE, S.BLOCKED, None),
        (REMEMBERED, UnknownTokens.ACCEPT, S.ACCEPTED, FREE_VENDING),
        (known(status=S.BLOCKED), UnknownTokens.ACCEPT, S.BLOCKED, None),
        (known(), UnknownTokens.ACCEPT, S.ACCEPTED, None),
    ],
)
def test_an_unknown_token_is_treated_as_the_owner_declared(
    token: RegisteredToken | None, policy: UnknownTokens, status: S, basis: str | None
):
    answer = authorize(CAFE, token, met(unknown=policy))
    assert (answer.status, answer.basis) == (status, basis)


@pytest.mark.parametrize(
    ("registered", "said", "status"),
    [
        (None, S.ACCEPTED, S.ACCEPTED),
        (None, S.NO_CREDIT, S.NO_CREDIT),
        (REMEMBERED, S.ACCEPTED, S.ACCEPTED),
        (REMEMBERED, S.BLOCKED, S.BLOCKED),
        (known(expires_at=NOW), S.ACCEPTED, S.ACCEPTED),
        (known(status=S.BLOCKED), S.ACCEPTED, S.BLOCKED),
        (known(schedule=MORNINGS), S.ACCEPTED, S.NOT_AT_THIS_TIME),
        (known(), S.BLOCKED, S.BLOCKED),
    ],
)
def test_an_external_authorizer_replaces_our_registry_but_no_block_and_no_hours(
    registered: RegisteredToken | None, said: S, status: S
):
    verdict = Verdict(status=said, group="roaming")
    token = verdict.of(DEFAULT_ORGANISATION, CAFE, registered)
    answer = authorize(CAFE, token, met(unknown=UnknownTokens.ACCEPT), basis=verdict.basis)
    assert (answer.status, answer.group, answer.basis) == (status, "roaming", AUTHORIZER)
