"""What a presented token may do, asked at one station or at many at once."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from amperanto.conformance.requirements import requirement
from amperanto.domain.observations import TokenPresented, TransactionEnded, TransactionStarted
from amperanto.domain.quantities import WattHours
from amperanto.domain.stations import DEFAULT_ORGANISATION, EvseRef
from amperanto.domain.tokens import AuthorizationStatus, Token

S = AuthorizationStatus
NOON = datetime(2026, 5, 1, 12, tzinfo=UTC)
START = TransactionStarted(at=NOON, where=EvseRef(1, 1), token=Token("CAFE"), meter=WattHours.of(0))
BUTTON = Token("", "NoAuthorization")


async def status(station: Any, uid: str = "CAFE") -> S:
    answer = await station.tell(TokenPresented(token=Token(uid)))
    return answer.authorization.status


async def tokens(house: Any) -> list[tuple[str, str, str]]:
    page = await house.store.tokens.list(DEFAULT_ORGANISATION)
    return [(one.token.uid, one.status.value, one.note or "") for one in page.items]


@requirement("C01-2")
@pytest.mark.parametrize(
    ("token", "expected"),
    [
        ({}, S.ACCEPTED),
        ({"status": S.BLOCKED}, S.BLOCKED),
        ({"expires_at": NOON - timedelta(seconds=1)}, S.EXPIRED),
        ({"expires_at": NOON + timedelta(seconds=1)}, S.ACCEPTED),
        ({"concurrent_limit": None}, S.ACCEPTED),
    ],
)
async def test_a_token_is_answered_by_what_is_known_of_it(house: Any, token: dict[str, Any], expected: S):
    await house.token("CAFE", **token)
    station = await house.station()
    assert await status(station, "cafe") is expected


@requirement("C09-1", "C10-1")
async def test_the_group_and_the_expiry_are_told(house: Any):
    expires = NOON + timedelta(days=1)
    await house.token("CAFE", group="FLEET", expires_at=expires)
    station = await house.station()
    outcome = (await station.tell(TokenPresented(token=Token("CAFE")))).authorization
    assert (outcome.group, outcome.expires_at) == ("FLEET", expires)


async def test_an_unknown_token_is_refused_remembered_once_and_admitted_by_one_word(house: Any):
    stations = [await house.station(f"CP{n}") for n in range(4)]
    heard = await asyncio.gather(*(status(station, "NEW") for station in stations))
    assert S.ACCEPTED not in heard
    ((uid, kept, note),) = await tokens(house)
    assert (uid, kept) == ("NEW", "Blocked")
    assert note.startswith("first presented at CP")
    async with house.store.unit() as unit:
        known = await unit.tokens.by_uid(DEFAULT_ORGANISATION, "NEW")
        unit.tokens.save(replace(known, status=S.ACCEPTED))
    assert await status(stations[0], "NEW") is S.ACCEPTED


async def test_a_token_that_charges_here_may_be_presented_here_and_not_elsewhere(house: Any):
    await house.token("CAFE")
    here, there = await house.station("CP1"), await house.station("CP2")
    await here.tell(START)
    assert await status(here) is S.ACCEPTED  # to stop
    assert await status(there) is S.CONCURRENT_TX


async def test_of_stations_racing_for_one_token_exactly_as_many_win_as_it_may_charge_at(house: Any):
    await house.token("CAFE", concurrent_limit=2)
    stations = [await house.station(f"CP{n}") for n in range(8)]
    answers = await asyncio.gather(*(station.tell(START) for station in stations))
    statuses = [answer.authorization.status for answer in answers]
    assert sorted(statuses) == [S.ACCEPTED] * 2 + [S.CONCURRENT_TX] * 6
    assert len({answer.number for answer in answers}) == 8  # a refused one has its number too


async def test_whoever_stops_a_charge_is_not_hindered_by_charging_elsewhere(house: Any):
    await house.token("CAFE", group="FLEET")
    await house.token("BEEF", group="FLEET")
    here, there = await house.station("CP1"), await house.station("CP2")
    number = (await here.tell(START)).number
    await there.tell(replace(START, token=Token("BEEF")))
    stopped = await here.tell(
        TransactionEnded(at=NOON, reference=str(number), token=Token("BEEF"), meter=WattHours.of(10))
    )
    assert stopped.authorization.status is S.ACCEPTED


@requirement("C02.FR.01")
async def test_a_start_button_is_accepted_as_often_as_it_is_pressed_and_is_no_token(house: Any):
    for number in range(3):
        station = await house.station(f"CP{number}")
        pressed = replace(START, token=BUTTON, reference="T1", sequence=0)
        assert (await station.tell(pressed)).authorization.status is S.ACCEPTED
    assert await tokens(house) == []


async def test_a_refused_token_is_an_event_and_an_accepted_one_is_none(house: Any):
    await house.token("CAFE")
    station = await house.station()
    listener = house.csms.context.bus.subscribe("event.TokenRefused.*")
    await status(station)
    await status(station, "NEW")
    listener.close()
    assert [(event.token.uid, event.status) async for event in listener] == [("NEW", S.UNKNOWN)]


async def test_a_start_told_as_it_happens_is_judged_by_our_clock(house: Any):
    """C15: only what was queued has an hour of its own; a station whose clock is behind revives no card."""
    await house.token("CAFE", expires_at=NOON - timedelta(hours=1))
    station = await house.station()
    behind = replace(START, at=NOON - timedelta(days=1), reference="a", sequence=0)
    assert (await station.tell(behind)).authorization.status is S.EXPIRED
    queued = replace(behind, reference="b", offline=True, where=EvseRef(2, 1))
    assert (await station.tell(queued)).authorization.status is S.ACCEPTED
