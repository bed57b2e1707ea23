"""D01: what a list holds, and what brings one to another."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from amperanto.domain.local_lists import (
    HOURS,
    LAST_VERSION,
    PREPAID,
    Difference,
    ListEntry,
    difference,
    listing,
    next_version,
)
from amperanto.domain.places import Place, Places, Spot
from amperanto.domain.schedules import Schedule, Window
from amperanto.domain.stations import DEFAULT_ORGANISATION
from amperanto.domain.tokens import Authorization, AuthorizationStatus, RegisteredToken, Token, TokenGroup

NOW = datetime(2026, 5, 1, 12, tzinfo=UTC)
SOON = NOW + timedelta(days=1)
BLOCKED, EXPIRED = AuthorizationStatus.BLOCKED, AuthorizationStatus.EXPIRED


def known(uid: str, kind: str = "ISO14443", **more: object) -> RegisteredToken:
    return RegisteredToken(id=uid, organisation=DEFAULT_ORGANISATION, token=Token(uid, kind), **more)  # type: ignore[arg-type]


def test_who_may_charge_stands_before_who_may_not() -> None:
    """A station without room for all of them loses the refusals."""
    tokens = [known("A", status=BLOCKED), known("B"), known("C", expires_at=NOW), known("D", expires_at=SOON)]
    listed = listing(tokens, now=NOW).entries
    assert [(key, entry.authorization.status) for key, entry in listed.items()] == [
        ("b", AuthorizationStatus.ACCEPTED),
        ("d", AuthorizationStatus.ACCEPTED),
        ("a", BLOCKED),
        ("c", EXPIRED),
    ]
    assert listed["d"].authorization.expires_at == SOON


def test_a_blocked_token_stays_blocked_when_its_time_is_over() -> None:
    assert listing([known("A", status=BLOCKED, expires_at=NOW)], now=NOW).entries["a"].authorization.status is BLOCKED


def test_what_no_driver_presents_is_not_listed() -> None:
    kinds = ("Central", "NoAuthorization", "DirectPayment", "ISO14443")
    assert list(listing([known(kind, kind) for kind in kinds], now=NOW).entries) == ["iso14443"]


def test_versions_are_above_0_and_above_all_that_are_known() -> None:
    """D01.FR.18, D01.FR.19; after the last number a list begins anew."""
    assert next_version() == next_version(0, -1) == 1
    assert next_version(3, 7, 5) == 8
    assert next_version(LAST_VERSION) == 1


ALWAYS = Schedule((Window(days=frozenset(range(7))),))


def test_what_a_list_cannot_say_is_left_out_and_counted_but_refusals_are_said() -> None:
    tokens = [
        known("HOURS", schedule=ALWAYS),
        known("GROUP", group="Night"),
        known("PREPAID", credit=Decimal(5)),
        known("BLOCKED", schedule=ALWAYS, status=BLOCKED),
        known("PLAIN"),
        known("STRANGER", status=BLOCKED, note="first presented at CP1"),
    ]
    night = TokenGroup(organisation=DEFAULT_ORGANISATION, name="NIGHT", schedule=ALWAYS)
    listed = listing(tokens, now=NOW, groups={"night": night})
    assert list(listed.entries) == ["plain", "blocked"]
    assert listed.left_out == {HOURS: 2, PREPAID: 1}


def test_a_list_is_the_stations_own_by_place_and_group() -> None:
    tokens = [
        known("HERE", places=Places(allowed=(Place(station="CP1"),))),
        known("THERE", places=Places(allowed=(Place(station="CP2"),))),
        known("SOME", places=Places(denied=(Place(station="CP1", evse=2),))),
        known("FLEET", group="Fleet"),
    ]
    blocked = TokenGroup(organisation=DEFAULT_ORGANISATION, name="fleet", status=BLOCKED)
    spot = Spot(station="CP1", evses={1: frozenset(), 2: frozenset()})
    listed = listing(tokens, now=NOW, groups={"fleet": blocked}, spot=spot).entries
    assert {key: (entry.authorization.status, entry.authorization.evses) for key, entry in listed.items()} == {
        "here": (AuthorizationStatus.ACCEPTED, ()),
        "there": (AuthorizationStatus.NOT_AT_THIS_LOCATION, ()),
        "some": (AuthorizationStatus.ACCEPTED, (1,)),
        "fleet": (BLOCKED, ()),
    }


def test_each_alias_is_a_line_of_its_own_and_the_latest_registered_comes_first() -> None:
    tokens = [known("OLD", created_at=NOW), known("NEW", created_at=SOON, aliases=("ALIAS",))]
    assert list(listing(tokens, now=SOON).entries) == ["new", "alias", "old"]


TOKENS = st.builds(Token, st.sampled_from(["A", "B", "C", "a", "D"]), st.sampled_from(["ISO14443", "ISO15693"]))
ENTRIES = st.builds(
    ListEntry, TOKENS, st.builds(Authorization, status=st.sampled_from([*AuthorizationStatus][:3]), group=st.none())
)
LISTS = st.lists(ENTRIES, max_size=5).map(lambda found: {entry.token.key: entry for entry in found})


def applied(before: dict[str, ListEntry], changes: Difference) -> dict[tuple[str, str], ListEntry]:
    """What a station has that keeps tokens by uid and kind, as 2.x says."""
    listed = {(entry.token.key, entry.token.type): entry for entry in before.values()}
    for token in changes.remove:
        listed.pop((token.key, token.type))
    for entry in changes.put:
        listed[entry.token.key, entry.token.type] = entry
    return listed


@given(LISTS, LISTS)
def test_a_difference_brings_one_list_to_the_other(before: dict[str, ListEntry], after: dict[str, ListEntry]) -> None:
    """D01.FR.16, D01.FR.17; and it is nothing where there is nothing to do."""
    wanted = {(entry.token.key, entry.token.type): entry for entry in after.values()}
    assert applied(before, difference(before, after)) == wanted
    assert len(difference(after, after)) == 0
