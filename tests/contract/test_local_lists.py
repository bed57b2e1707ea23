"""Local authorization lists are kept alike in both databases: what is wanted, and what a station confirmed."""

from dataclasses import replace
from datetime import UTC, datetime

from amperanto.domain.local_lists import ListEntry, LocalList, Wanted
from amperanto.domain.stations import DEFAULT_ORGANISATION, OrganisationId, Station
from amperanto.domain.tokens import Authorization, AuthorizationStatus, RegisteredToken, Token
from amperanto.stores.store import Store

NOON = datetime(2026, 5, 1, 12, tzinfo=UTC)
OTHERS = OrganisationId("others")


def entry(uid: str, status: AuthorizationStatus = AuthorizationStatus.ACCEPTED) -> ListEntry:
    return ListEntry(Token(uid, "ISO14443"), Authorization(status=status, group="FLEET", expires_at=NOON))


async def confirm(store: Store, station: Station, version: int, *put: ListEntry, anew: bool, gone: str = "") -> None:
    removed = [Token(gone, "ISO14443")] if gone else []
    async with store.unit() as unit:
        unit.local_lists.confirmed(station, version, anew=anew, removed=removed, put=put)


async def test_what_a_station_confirmed_comes_back_as_it_was(store: Store, station: Station) -> None:
    a, b, c = entry("A"), entry("B"), entry("C")
    await confirm(store, station, 1, a, b, anew=True)
    await confirm(store, station, 2, c, replace(b, authorization=a.authorization), anew=False, gone="a")
    kept = await store.local_lists.of(station.organisation, station.id)
    assert (kept.version, kept.entries, kept.wanted) == (2, 2, None)
    assert await store.local_lists.entries(station.organisation, station.id) == {"b": b, "c": c}
    await confirm(store, station, 3, a, anew=True)
    assert await store.local_lists.entries(station.organisation, station.id) == {"a": a}


async def test_a_token_that_changed_its_kind_is_put_again(store: Store, station: Station) -> None:
    """The removal comes before the entry, though both have one key."""
    await confirm(store, station, 1, entry("A"), anew=True)
    other = ListEntry(Token("a", "ISO15693"), Authorization(status=AuthorizationStatus.BLOCKED))
    await confirm(store, station, 2, other, anew=False, gone="A")
    assert await store.local_lists.entries(station.organisation, station.id) == {"a": other}


async def test_a_wish_and_a_list_under_way_do_not_undo_each_other(store: Store, station: Station) -> None:
    async with store.unit() as unit:
        unit.local_lists.want(station, Wanted.TOKENS)
    before = await store.local_lists.of(station.organisation, station.id)
    async with store.unit() as unit:
        unit.local_lists.want(station, Wanted.EMPTY)
    await confirm(store, station, 5, entry("A"), anew=True)
    outcome = replace(before, brought_to="mark", tried="mark", result="Accepted", detail="said", left_out=2, at=NOON)
    async with store.unit() as unit:
        unit.local_lists.settled(station, outcome)
    expected: LocalList = replace(outcome, wanted=Wanted.EMPTY, version=5, entries=1)
    assert await store.local_lists.of(station.organisation, station.id) == expected


async def test_lists_are_their_organisations(store: Store, station: Station) -> None:
    """R15."""
    await confirm(store, station, 5, entry("A"), anew=True)
    assert await store.local_lists.of(OTHERS, station.id) == LocalList(station=station.id, organisation=OTHERS)
    assert await store.local_lists.entries(OTHERS, station.id) == {}


async def test_who_is_behind_is_found_by_the_mark_of_the_tokens(store: Store, station: Station) -> None:
    lists = store.local_lists
    async with store.unit() as unit:
        unit.local_lists.want(station, Wanted.TOKENS)
    assert await lists.owners() == [DEFAULT_ORGANISATION]
    known = RegisteredToken(id="t1", organisation=DEFAULT_ORGANISATION, token=Token("A"), expires_at=NOON)
    marks = [await lists.mark(DEFAULT_ORGANISATION, NOON)]
    async with store.unit() as unit:
        unit.tokens.add(known)
    marks += [
        await lists.mark(DEFAULT_ORGANISATION, NOON.replace(hour=11)),
        await lists.mark(DEFAULT_ORGANISATION, NOON),
    ]
    async with store.unit() as unit:
        known = unit.tokens.save(replace(known, status=AuthorizationStatus.BLOCKED))
    marks.append(await lists.mark(DEFAULT_ORGANISATION, NOON))
    assert len(set(marks)) == 4
    assert await lists.mark(OTHERS, NOON) == marks[0]
    assert await lists.behind(DEFAULT_ORGANISATION, Wanted.TOKENS, marks[-1]) == [station.id]
    assert await lists.behind(DEFAULT_ORGANISATION, Wanted.EMPTY, marks[-1]) == []
    async with store.unit() as unit:
        unit.local_lists.settled(station, replace(await lists.of(DEFAULT_ORGANISATION, station.id), tried=marks[-1]))
    assert await lists.behind(DEFAULT_ORGANISATION, Wanted.TOKENS, marks[-1]) == []
    assert await lists.behind(DEFAULT_ORGANISATION, Wanted.TOKENS, "another") == [station.id]


async def test_nothing_is_kept_of_a_station_that_was_removed(store: Store, station: Station) -> None:
    await confirm(store, station, 5, entry("A"), anew=True)
    async with store.unit() as unit:
        unit.local_lists.forget(station.id)
    kept = await store.local_lists.of(station.organisation, station.id)
    assert (kept.version, kept.entries) == (0, 0)
