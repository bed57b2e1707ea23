"""Tokens with their rules, aliases and groups, and what owners declare: on each database."""

from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal

import pytest

from amperanto.domain.likeness import sought
from amperanto.domain.organisations import Organisation
from amperanto.domain.places import Place, Places
from amperanto.domain.schedules import Schedule, Window
from amperanto.domain.stations import DEFAULT_ORGANISATION, OrganisationId, UnknownTokens
from amperanto.domain.tokens import AuthorizationStatus, RegisteredToken, Token, TokenGroup
from amperanto.stores.errors import ConflictError
from amperanto.stores.store import Store

NOON = datetime(2026, 5, 1, 12, tzinfo=UTC)
HOURS = Schedule((Window(days=frozenset({0, 4}), begin=480, end=1080), Window(days=frozenset({5}))))
WHERE = Places(allowed=(Place(site="s1"),), denied=(Place(station="CP1", evse=2, connector_type="cCCS2"),))
CARD = RegisteredToken(
    id="t1",
    organisation=DEFAULT_ORGANISATION,
    token=Token("04A2B3C4D5", "ISO14443"),
    created_at=NOON,
    schedule=HOURS,
    places=WHERE,
    credit=Decimal("12.3400"),
    language1="nl",
    language2="en",
    message="hello",
)


async def added(store: Store, token: RegisteredToken = CARD) -> RegisteredToken:
    async with store.unit() as unit:
        unit.tokens.add(token)
    found = await store.tokens.by_uid(DEFAULT_ORGANISATION, token.token.uid)
    assert found is not None
    return found


async def test_all_that_is_said_of_a_token_is_kept(store: Store) -> None:
    assert await added(store) == CARD
    assert str((await added(store, replace(CARD, id="t2", token=Token("X"))) or CARD).credit) == "12.3400"


async def test_an_alias_means_its_token_without_case_until_it_does_no_more(store: Store) -> None:
    card = await added(store)
    assert await store.tokens.by_uid(DEFAULT_ORGANISATION, "d5c4b3a204") is None
    async with store.unit() as unit:
        card = unit.tokens.alias(card, "D5C4B3A204")
    for uid in ("d5c4b3a204", "04a2b3c4d5"):
        assert await store.tokens.by_uid(DEFAULT_ORGANISATION, uid) == card
    assert card.keys == ("04a2b3c4d5", "d5c4b3a204")
    assert await store.tokens.by_uid(OrganisationId("other"), "d5c4b3a204") is None
    async with store.unit() as unit:
        unit.tokens.unalias(card, "d5c4b3a204")
    assert await store.tokens.by_uid(DEFAULT_ORGANISATION, "D5C4B3A204") is None


async def test_an_alias_means_one_token_and_goes_with_it(store: Store) -> None:
    card, other = await added(store), await added(store, replace(CARD, id="t2", token=Token("OTHER")))
    async with store.unit() as unit:
        card = unit.tokens.alias(card, "ALIAS")
    with pytest.raises(ConflictError):
        async with store.unit() as unit:
            unit.tokens.alias(other, "alias")
    async with store.unit() as unit:
        unit.tokens.remove(card)
    async with store.unit() as unit:
        other = unit.tokens.alias(other, "alias")
    assert await store.tokens.by_uid(DEFAULT_ORGANISATION, "ALIAS") == other


async def test_tokens_that_look_alike_are_found_by_any_reading(store: Store) -> None:
    await added(store)
    await added(store, replace(CARD, id="t2", token=Token("19909559509")))
    await added(store, replace(CARD, id="t3", token=Token("DRIVER-42")))
    for uid in ("D5:C4:B3:A2:04", "19909559509", "04A2B3C4D5"):
        found = await store.tokens.alike(DEFAULT_ORGANISATION, sought(uid))
        assert {one.id for one in found} == {"t1", "t2"}
    assert [one.id for one in await store.tokens.alike(DEFAULT_ORGANISATION, sought("driver 42"))] == ["t3"]
    assert await store.tokens.alike(OrganisationId("other"), sought("driver 42")) == []


async def test_what_is_said_of_a_group_is_kept_and_seen_at_once(store: Store) -> None:
    group = TokenGroup(organisation=DEFAULT_ORGANISATION, name="Fleet", schedule=HOURS, places=WHERE, expires_at=NOON)
    assert await store.token_groups.of(DEFAULT_ORGANISATION, "fleet") == TokenGroup(
        organisation=DEFAULT_ORGANISATION, name="fleet"
    )
    async with store.unit() as unit:
        unit.token_groups.put(group)
    assert await store.token_groups.of(DEFAULT_ORGANISATION, "FLEET") == group
    async with store.unit() as unit:
        unit.token_groups.put(replace(group, status=AuthorizationStatus.BLOCKED, master_pass=True))
    changed = await store.token_groups.get(DEFAULT_ORGANISATION, "fleet")
    assert changed is not None
    assert (changed.status, changed.master_pass, changed.revision) == (AuthorizationStatus.BLOCKED, True, 1)
    assert (await store.token_groups.list(DEFAULT_ORGANISATION)).items == (changed,)
    assert await store.token_groups.get(OrganisationId("other"), "fleet") is None
    async with store.unit() as unit:
        unit.token_groups.remove(changed)
    assert await store.token_groups.get(DEFAULT_ORGANISATION, "fleet") is None


async def test_what_an_organisation_declares_is_kept_beside_when_its_tokens_changed(store: Store) -> None:
    before = await store.organisations.get(DEFAULT_ORGANISATION)
    assert (before.unknown_tokens, before.clear_caches, before.tokens_changed_at) == (None, False, None)
    async with store.unit() as unit:
        unit.organisations.tokens_changed(DEFAULT_ORGANISATION, NOON)
    async with store.unit() as unit:
        unit.organisations.save(replace(before, unknown_tokens=UnknownTokens.REFUSE, clear_caches=True))
    after = await store.organisations.get(DEFAULT_ORGANISATION)
    assert after == replace(before, unknown_tokens=UnknownTokens.REFUSE, clear_caches=True, tokens_changed_at=NOON)
    assert await store.organisations.get(OrganisationId("other")) == Organisation(
        id=OrganisationId("other"), name="other"
    )
