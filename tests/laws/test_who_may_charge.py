"""Who may charge: the rule is total and knows no case, hours follow the wall clock, likeness lets nobody in."""

from datetime import UTC, datetime, timedelta
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from amperanto.domain.likeness import likenesses, sought
from amperanto.domain.places import Place, Places, Spot
from amperanto.domain.schedules import LOOKED_AHEAD, Schedule, Window
from amperanto.domain.sites import zone
from amperanto.domain.stations import DEFAULT_ORGANISATION, UnknownTokens
from amperanto.domain.tokens import (
    NO_AUTHORIZATION,
    AuthorizationStatus,
    Circumstances,
    Purpose,
    RegisteredToken,
    Token,
    TokenGroup,
    Verdict,
    authorize,
)

ZONES = ["UTC", "Europe/Amsterdam", "America/New_York", "Australia/Lord_Howe", "Asia/Kathmandu", "America/St_Johns"]
# Around the changes of clocks in spring and autumn, to the minute, and anywhere else in the year.
INSTANTS = st.one_of(
    st.integers(0, 2 * 86_400).map(lambda seconds: datetime(2026, 3, 28, tzinfo=UTC) + timedelta(seconds=seconds)),
    st.integers(0, 2 * 86_400).map(lambda seconds: datetime(2026, 10, 24, tzinfo=UTC) + timedelta(seconds=seconds)),
    st.integers(0, 365 * 86_400).map(lambda seconds: datetime(2026, 1, 1, tzinfo=UTC) + timedelta(seconds=seconds)),
)
WINDOWS = (
    st.tuples(st.frozensets(st.integers(0, 6), min_size=1), st.integers(0, 1439), st.integers(1, 1440))
    .filter(lambda told: told[1] != told[2])
    .map(lambda told: Window(days=told[0], begin=told[1], end=told[2]))
)
SCHEDULES = st.lists(WINDOWS, max_size=4).map(lambda windows: Schedule(tuple(windows)))
STATUSES = st.sampled_from(AuthorizationStatus)
PLACES = st.builds(
    Place,
    site=st.sampled_from([None, "quay", "airport"]),
    station=st.sampled_from([None, "CP1", "CP2"]),
    evse=st.sampled_from([None, 1, 2]),
    connector_type=st.sampled_from([None, "cCCS2", "sType2"]),
)
RULES = st.builds(
    Places, allowed=st.lists(PLACES, max_size=2).map(tuple), denied=st.lists(PLACES, max_size=2).map(tuple)
)
SPOTS = st.builds(
    Spot,
    station=st.sampled_from(["CP1", "CP2"]),
    site=st.sampled_from([None, "quay"]),
    evse=st.sampled_from([None, 1, 2, 3]),
    evses=st.sampled_from([{}, {1: frozenset({"cccs2"}), 2: frozenset({"stype2"})}]),
)
MOMENTS = st.none() | INSTANTS
UIDS = st.text(min_size=1, max_size=30)
REGISTERED = st.builds(
    RegisteredToken,
    id=st.just("t"),
    organisation=st.just(DEFAULT_ORGANISATION),
    token=st.builds(Token, UIDS),
    status=STATUSES,
    group=st.sampled_from([None, "fleet"]),
    expires_at=MOMENTS,
    concurrent_limit=st.none() | st.integers(1, 3),
    schedule=st.none() | SCHEDULES,
    places=RULES,
    credit=st.none() | st.decimals(-1, 1, places=2),
    note=st.sampled_from([None, "first presented at CP1"]),
)
GROUPS = st.builds(
    TokenGroup,
    organisation=st.just(DEFAULT_ORGANISATION),
    name=st.just("fleet"),
    status=STATUSES,
    expires_at=MOMENTS,
    schedule=st.none() | SCHEDULES,
    places=RULES,
    master_pass=st.booleans(),
)
CIRCUMSTANCES = st.builds(
    Circumstances,
    now=INSTANTS,
    open_elsewhere=st.integers(0, 4),
    purpose=st.sampled_from(Purpose),
    spot=SPOTS,
    zone=st.sampled_from(ZONES).map(zone),
    unknown=st.sampled_from(UnknownTokens),
)


@given(st.builds(Token, UIDS), st.none() | REGISTERED, CIRCUMSTANCES, st.none() | GROUPS)
def test_the_rule_has_an_answer_for_everything_and_accepts_only_what_nothing_forbids(
    token: Token, known: RegisteredToken | None, met: Circumstances, group: TokenGroup | None
):
    answer = authorize(token, known, met, group=group)
    assert isinstance(answer.status, AuthorizationStatus)
    if not answer.accepted:
        assert answer.evses == ()
        assert answer.limit is None
        return
    if answer.basis is not None or known is None:
        assert met.unknown is UnknownTokens.ACCEPT
        return
    for rules in (known, group):
        assert rules is None or rules.status is AuthorizationStatus.ACCEPTED
        assert rules is None or rules.expires_at is None or rules.expires_at > met.now
        starts = rules is not None and rules.schedule is not None and met.purpose is not Purpose.STOP
        assert not starts or rules.schedule.open(met.now, met.zone)
    assert answer.expires_at is None or answer.expires_at >= met.now
    assert met.purpose is not Purpose.START or group is None or not group.master_pass


@given(UIDS, st.none() | REGISTERED, CIRCUMSTANCES)
def test_the_rule_does_not_look_at_how_a_uid_is_spelled(uid: str, known: RegisteredToken | None, met: Circumstances):
    spellings = {uid, uid.upper(), uid.lower(), uid.title()}
    alike = [one for one in spellings if Token(one).key == Token(uid).key]
    assert len({authorize(Token(one), known, met) for one in alike}) == 1


@given(st.none() | REGISTERED, CIRCUMSTANCES)
def test_a_start_button_is_accepted_whatever_is_known(known: RegisteredToken | None, met: Circumstances):
    assert authorize(Token("", NO_AUTHORIZATION), known, met).accepted


@given(REGISTERED, CIRCUMSTANCES, STATUSES)
def test_no_authorizer_opens_what_a_person_blocked(known: RegisteredToken, met: Circumstances, said: Any):
    if known.status is AuthorizationStatus.ACCEPTED or known.only_remembered:
        return
    judged = Verdict(status=said).of(DEFAULT_ORGANISATION, known.token, known)
    assert not authorize(known.token, judged, met).accepted


@given(SCHEDULES, INSTANTS, st.sampled_from(ZONES))
def test_hours_stay_open_until_the_second_they_close_also_when_clocks_change(
    schedule: Schedule, at: datetime, name: str
):
    where = zone(name)
    until = schedule.until(at, where)
    if not schedule.open(at, where):
        assert until == at
        return
    longest = at + timedelta(days=LOOKED_AHEAD)
    assert at < until <= longest
    assert schedule.open(until - timedelta(seconds=1), where)
    if until < longest - timedelta(days=1):
        assert not schedule.open(until, where)
    for part in range(1, 20):
        assert schedule.open(at + (until - at) * part / 20, where)


@given(SCHEDULES, INSTANTS, st.sampled_from(ZONES))
def test_hours_are_what_the_wall_clock_shows(schedule: Schedule, at: datetime, name: str):
    local = at.astimezone(zone(name))
    shown = local.replace(tzinfo=UTC)  # a clock that shows the same and never changes
    assert schedule.open(at, zone(name)) is schedule.open(shown, UTC)


HEX = st.binary(min_size=4, max_size=10).map(bytes.hex)


@given(HEX, st.sampled_from([":", "-", " ", ""]), st.booleans(), st.booleans())
def test_every_way_to_write_a_card_is_recognised(uid: str, between: str, backwards: bool, upper: bool):
    octets = bytes.fromhex(uid)[:: -1 if backwards else 1]
    written = between.join(f"{octet:02x}" for octet in octets)
    written = written.upper() if upper else written
    assert set(likenesses(uid)) & set(sought(written))
    assert set(likenesses(uid)) & set(sought(str(int.from_bytes(octets))))


@given(st.text(max_size=40))
def test_every_text_has_a_likeness_and_is_like_itself(uid: str):
    found = likenesses(uid)
    assert len(found) <= 2
    assert set(found) <= set(sought(uid))
