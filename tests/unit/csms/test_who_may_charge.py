"""Hours, places, groups, aliases, codes and what is declared of unknown tokens: what a station is answered."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from amperanto.conformance.requirements import requirement
from amperanto.csms.guesses import FIRST_WAIT, FREE
from amperanto.domain.limits import TransactionLimit
from amperanto.domain.observations import TokenPresented, TransactionContinued, TransactionStarted
from amperanto.domain.organisations import Organisation
from amperanto.domain.places import Place, Places
from amperanto.domain.quantities import WattHours
from amperanto.domain.remote_starts import RemoteStart
from amperanto.domain.schedules import Schedule, Window
from amperanto.domain.sites import Site, SiteId
from amperanto.domain.stations import DEFAULT_ORGANISATION, Availability, Connector, EvseRef, UnknownTokens
from amperanto.domain.tokens import FREE_VENDING, ISSUED, AuthorizationStatus, Token, TokenGroup

S = AuthorizationStatus
NOON = datetime(2026, 5, 1, 12, tzinfo=UTC)
START = TransactionStarted(at=NOON, where=EvseRef(1, 1), token=Token("CAFE"), meter=WattHours.of(0))
FIRST = replace(START, reference="T1", sequence=0)
AFTERNOONS = Schedule((Window(days=frozenset(range(7)), begin=13 * 60, end=18 * 60),))
PIN = Token("4711", "KeyCode")
CARD, REVERSED = "04A2B3C4D5", "D5C4B3A204"


async def asked(station: Any, uid: str = "CAFE", kind: str = "Unknown") -> Any:
    return (await station.tell(TokenPresented(token=Token(uid, kind)))).authorization


async def tokens(house: Any) -> list[str]:
    page = await house.store.tokens.list(DEFAULT_ORGANISATION)
    return [one.token.uid for one in page.items]


async def site(house: Any, name: str = "Quay", **changes: Any) -> str:
    async with house.store.unit() as unit:
        unit.sites.add(Site(id=SiteId(name), organisation=DEFAULT_ORGANISATION, name=name, **changes))
    return name


async def grouped(house: Any, name: str, **changes: Any) -> None:
    async with house.store.unit() as unit:
        unit.token_groups.put(TokenGroup(organisation=DEFAULT_ORGANISATION, name=name, **changes))


async def aliased(house: Any, uid: str, alias: str) -> None:
    async with house.store.unit() as unit:
        unit.tokens.alias(await unit.tokens.by_uid(DEFAULT_ORGANISATION, uid), alias)


async def refused(house: Any, work: Any) -> list[tuple[str, S, tuple[str, ...]]]:
    """Which refusals became known by the work."""
    listener = house.csms.context.bus.subscribe("event.TokenRefused.*")
    await work
    listener.close()
    return [(event.token.uid, event.status, event.did_you_mean) async for event in listener]


async def test_the_hour_that_counts_is_the_one_on_the_clock_of_the_stations_site(house: Any):
    await house.token("CAFE", schedule=AFTERNOONS)
    utc = await house.station("CP1")
    amsterdam = await house.station("CP2", site=await site(house, time_zone="Europe/Amsterdam"))
    assert (await asked(utc)).status is S.NOT_AT_THIS_TIME  # 12:00
    assert (await asked(amsterdam)).status is S.ACCEPTED  # 14:00


@requirement("C15-1")
async def test_a_start_told_late_is_judged_by_its_own_hour(house: Any):
    await house.token("CAFE", schedule=AFTERNOONS)
    station = await house.station()
    late = replace(FIRST, at=NOON - timedelta(hours=20), offline=True)  # at 16:00
    assert (await station.tell(late)).authorization.status is S.ACCEPTED
    assert (await station.tell(replace(late, at=NOON, reference="T2"))).authorization.status is S.NOT_AT_THIS_TIME


async def test_a_start_of_a_clock_that_was_never_set_is_judged_by_our_hour(house: Any):
    await house.token("CAFE", expires_at=NOON - timedelta(days=1))
    station = await house.station()
    unset = replace(FIRST, at=datetime(1970, 1, 1, 0, 5, tzinfo=UTC))
    assert (await station.tell(unset)).authorization.status is S.EXPIRED


async def test_who_charges_may_stop_after_the_hours_are_over(house: Any):
    await house.token("CAFE", schedule=Schedule((Window(days=frozenset({4}), begin=12 * 60, end=13 * 60),)))
    station = await house.station()
    assert (await station.tell(START)).authorization.accepted
    house.clock.at += timedelta(hours=2)
    assert (await asked(station)).accepted


@requirement("C01.FR.18", "C01.FR.19", "C01.FR.21", "C01.FR.22")
async def test_a_token_for_some_evses_is_told_so_and_refused_at_the_others(house: Any):
    station = await house.station()
    there = station.station.id
    await house.token("CAFE", places=Places(denied=(Place(station=there, evse=2),)))
    await house.token("BEEF", concurrent_limit=None)
    async with house.store.unit() as unit:
        for evse in (1, 2, 3):
            where = EvseRef(evse, 1)
            seen = Connector(station=there, where=where, availability=Availability.AVAILABLE, since=NOON)
            await unit.connectors.observe(DEFAULT_ORGANISATION, seen)
    answer = await asked(station)
    assert (answer.status, answer.evses) == (S.ACCEPTED, (1, 3))
    assert (await asked(station, "BEEF")).evses == ()
    at_2 = replace(FIRST, where=EvseRef(2, 1), reference="T2")
    assert (await station.tell(at_2)).authorization.status is S.NOT_AT_THIS_LOCATION
    at_3 = replace(FIRST, where=EvseRef(3, 1), reference="T3")
    assert (await station.tell(at_3)).authorization.accepted


async def test_what_holds_for_a_group_holds_at_once_for_all_its_tokens(house: Any):
    await house.token("CAFE", group="Fleet")
    station = await house.station()
    assert (await asked(station)).accepted
    await grouped(house, "FLEET", status=S.BLOCKED)
    assert (await asked(station)).status is S.BLOCKED


@requirement("C16-1")
async def test_a_master_pass_is_answered_with_its_group_and_starts_nothing(house: Any):
    await house.token("BOSS", group="masters")
    await grouped(house, "masters", master_pass=True)
    station = await house.station()
    answer = await asked(station, "BOSS")
    assert (answer.accepted, answer.group) == (True, "masters")
    started = await station.tell(replace(START, token=Token("BOSS")))
    assert started.authorization.status is S.INVALID


@requirement("C09-2")
async def test_another_token_of_the_group_may_stop_though_it_charges_elsewhere(house: Any):
    await house.token("CAFE", group="Fleet")
    await house.token("BEEF", group="Fleet")
    here, there = await house.station("CP1"), await house.station("CP2")
    await here.tell(START)
    await there.tell(replace(START, token=Token("BEEF")))
    answer = await asked(here, "BEEF")
    assert (answer.accepted, answer.group) == (True, "Fleet")
    await house.token("ELSE", group="Others")
    await there.tell(replace(START, token=Token("ELSE"), where=EvseRef(2, 1)))
    assert (await asked(here, "ELSE")).status is S.CONCURRENT_TX


@requirement("C17-1", "C17-2")
async def test_a_prepaid_token_starts_with_its_credit_as_the_limit_told_once(house: Any):
    await house.token("CAFE", credit=Decimal("7.50"))
    station = await house.station()
    answer = await asked(station)
    assert (answer.accepted, answer.expires_at) == (True, NOON)
    assert (await station.tell(FIRST)).limit == TransactionLimit(cost=Decimal("7.50"))
    later = TransactionContinued(at=NOON, reference="T1", sequence=1, trigger="ChargingStateChanged")
    assert (await station.tell(later)).limit is None
    await house.token("EMPTY", credit=Decimal(0))
    assert (await asked(station, "EMPTY")).status is S.NO_CREDIT


@requirement("C01.FR.23", "C01.FR.24")
async def test_a_second_token_in_a_transaction_whose_first_was_refused_is_refused(house: Any):
    await house.token("CAFE", status=S.BLOCKED)
    await house.token("BEEF")
    station = await house.station()
    assert not (await station.tell(FIRST)).authorization.accepted
    second = TransactionContinued(
        at=NOON, reference="T1", sequence=1, token=Token("BEEF"), trigger="Authorized", where=EvseRef(1, 1)
    )
    assert not (await station.tell(second)).authorization.accepted
    assert (await station.tell(replace(FIRST, token=Token("BEEF"), reference="T2"))).authorization.accepted


@pytest.mark.parametrize("declared", ["station", "site", "organisation"])
async def test_everybody_may_charge_where_that_was_declared_and_the_transaction_says_so(house: Any, declared: str):
    accept = UnknownTokens.ACCEPT
    changes: dict[str, Any] = {"unknown_tokens": accept} if declared == "station" else {}
    if declared == "site":
        changes["site"] = await site(house, unknown_tokens=accept)
    if declared == "organisation":
        async with house.store.unit() as unit:
            unit.organisations.save(Organisation(id=DEFAULT_ORGANISATION, name="", unknown_tokens=accept))
    station = await house.station(**changes)
    assert (await asked(station, "NEW")).accepted
    number = (await station.tell(replace(START, token=Token("NEW")))).number
    kept = await house.store.transactions.by_number(station.station.id, number)
    assert (kept.authorization.status, kept.authorization.basis) == (S.ACCEPTED, FREE_VENDING)
    assert await tokens(house) == []


async def test_what_is_declared_of_a_station_goes_before_its_sites_word(house: Any):
    quay = await site(house, unknown_tokens=UnknownTokens.ACCEPT)
    strict = await house.station("CP1", site=quay, unknown_tokens=UnknownTokens.REFUSE)
    assert (await asked(strict, "NEW")).status is S.UNKNOWN
    assert await tokens(house) == []


async def test_a_token_that_somebody_blocked_does_not_charge_under_free_vending(house: Any):
    await house.token("CAFE", status=S.BLOCKED)
    station = await house.station(unknown_tokens=UnknownTokens.ACCEPT)
    assert (await asked(station)).status is S.BLOCKED


@pytest.mark.parametrize("spelling", [REVERSED, "04:a2:b3:c4:d5", "19909559509", "0004A2B3C4D5"])
async def test_another_spelling_is_refused_with_did_you_mean_and_charges_once_it_is_an_alias(house: Any, spelling: str):
    await house.token(CARD)
    station = await house.station()
    for answer in (S.UNKNOWN, S.BLOCKED):
        assert await refused(house, asked(station, spelling)) == [(spelling, answer, (CARD,))]
    async with house.store.unit() as unit:
        unit.tokens.remove(await unit.tokens.by_uid(DEFAULT_ORGANISATION, spelling))
    await aliased(house, CARD, spelling)
    assert (await asked(station, spelling.upper())).accepted


async def test_a_tokens_spellings_share_its_limit(house: Any):
    await house.token(CARD, concurrent_limit=1)
    await aliased(house, CARD, REVERSED)
    stations = [await house.station(f"CP{n}") for n in range(6)]
    starts = [
        station.tell(replace(START, token=Token(uid)))
        for station, uid in zip(stations, (CARD, REVERSED) * 3, strict=True)
    ]
    answers = [one.authorization.status for one in await asyncio.gather(*starts)]
    assert sorted(answers) == [S.ACCEPTED] + [S.CONCURRENT_TX] * 5


async def test_what_charges_under_one_spelling_is_stopped_under_another(house: Any):
    await house.token(CARD)
    await aliased(house, CARD, REVERSED)
    station = await house.station()
    await station.tell(replace(START, token=Token(CARD)))
    assert (await asked(station, REVERSED)).accepted


async def test_a_card_read_with_one_character_too_many_is_recognised_as_perhaps_meant(house: Any):
    uid = "ABCDEFGHIJKLMNOPQRST"
    await house.token(uid)
    station = await house.station()
    assert await refused(house, asked(station, f"{uid}x")) == [(f"{uid}x", S.UNKNOWN, (uid,))]


async def test_two_strangers_that_look_alike_are_not_each_others_suggestion(house: Any):
    station = await house.station()
    await asked(station, CARD)
    assert await refused(house, asked(station, REVERSED)) == [(REVERSED, S.UNKNOWN, ())]


@requirement("C04-1")
async def test_a_key_code_is_accepted_or_refused_and_never_told_to_anybody(house: Any):
    station = await house.station()
    assert await refused(house, asked(station, "4711", "KeyCode")) == [("***", S.UNKNOWN, ())]
    async with house.store.unit() as unit:
        told = [entry.event for entry in await unit.outbox.read("test")]
    assert told
    assert "4711" not in repr(told)
    assert await tokens(house) == []
    await house.token("4711")
    assert (await asked(station, "4711", "KeyCode")).accepted


@requirement("C04-2")
async def test_who_guesses_key_codes_waits_ever_longer_at_that_station_and_nobody_else_does(house: Any):
    await house.token("4711")
    await house.token("CARD")
    here, there = await house.station("CP1"), await house.station("CP2")
    for number in range(FREE):
        await asked(here, f"{number:04}", "KeyCode")
    assert not (await asked(here, "4711", "KeyCode")).accepted
    assert (await asked(there, "4711", "KeyCode")).accepted
    assert (await asked(here, "CARD")).accepted
    house.clock.at += timedelta(seconds=FIRST_WAIT)
    await asked(here, "9999", "KeyCode")
    house.clock.at += timedelta(seconds=FIRST_WAIT)
    assert not (await asked(here, "4711", "KeyCode")).accepted
    house.clock.at += timedelta(seconds=FIRST_WAIT)
    assert (await asked(here, "4711", "KeyCode")).accepted


@requirement("C06-1", "C07-1", "C08-1", "C01.FR.25")
@pytest.mark.parametrize("kind", ["Local", "eMAID", "Central", "MacAddress"])
async def test_every_kind_of_token_is_judged_by_the_one_rule(house: Any, kind: str):
    await house.token("NL-ABC-C12345678-9")
    station = await house.station()
    assert (await asked(station, "nl-abc-c12345678-9", kind)).accepted
    assert not (await asked(station, "NLABCC123456789", kind)).accepted


@requirement("C12-1", "C14-1", "C15-1")
@pytest.mark.parametrize("offline", [False, True])
async def test_a_token_accepted_by_the_station_itself_is_checked_again_on_the_event(house: Any, offline: bool):
    await house.token("CAFE", status=S.BLOCKED)
    station = await house.station()
    assert (await station.tell(replace(FIRST, offline=offline))).authorization.status is S.BLOCKED


@requirement("C01-5")
async def test_the_drivers_language_and_message_are_in_the_answer(house: Any):
    await house.token("CAFE", language1="nl", language2="en", message="0,30 per kWh")
    said = await (await house.station()).tell(TokenPresented(token=Token("CAFE")))
    assert (said.authorization.language1, said.authorization.language2) == ("nl", "en")
    assert (said.message.content, said.message.language) == ("0,30 per kWh", "nl")


@requirement("C05-1")
@pytest.mark.parametrize("reference", [None, "T1"])
async def test_the_start_of_a_token_we_gave_ourselves_is_accepted_and_nobody_elses(house: Any, reference: str | None):
    station, other = await house.station("CP1"), await house.station("CP2")
    given = RemoteStart(
        id="r1",
        organisation=DEFAULT_ORGANISATION,
        station=station.station.id,
        number=7,
        token=Token("APP-4711", "Central"),
        asked_at=NOON,
        asked_by="app",
        until=NOON + timedelta(minutes=3),
        sent_at=NOON,
    )
    async with house.store.unit() as unit:
        unit.remote_starts.add(given)
    told = replace(START, token=Token("app-4711"))
    if reference is not None:
        told = replace(told, reference=reference, sequence=0, remote_start=7)
    answer = (await station.tell(told)).authorization
    assert (answer.status, answer.basis) == (S.ACCEPTED, ISSUED)
    assert not (await other.tell(told)).authorization.accepted
    other_token = replace(told, token=Token("ELSE"), reference=reference and "T9")
    assert not (await station.tell(other_token)).authorization.accepted
    assert (await station.tell(told)).authorization.accepted, "told again it is the same charge"
    another = replace(told, at=told.at + timedelta(minutes=1), reference=reference and "T2", where=EvseRef(2, 1))
    assert not (await station.tell(another)).authorization.accepted, "the token was good for one charge"
