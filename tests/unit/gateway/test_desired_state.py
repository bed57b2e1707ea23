"""What is wanted of a station, of every kind: brought in order, once it settled, the newest wish, with its result."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from amperanto.csms.csms import Csms
from amperanto.csms.delivery import AGAIN
from amperanto.csms.desired_state import Want
from amperanto.csms.wanted import availability_wanted, profile_wanted
from amperanto.domain.desired_state import WishState, done, failed, waits
from amperanto.domain.local_lists import Wanted
from amperanto.domain.stations import DEFAULT_ORGANISATION, EvseRef, Registration
from amperanto.domain.tokens import RegisteredToken, Token
from amperanto.ocpp import Version, v2
from amperanto.stores.store import Store

from .variables_by_hand import DEFAULTS, OPERATOR, SILENCE, Hand, by_hand, wanted

OUT = availability_wanted(EvseRef(1), operative=False)


def profile(number: int = 1, limit: float = 16.0) -> Want:
    schedule = v2.ChargingSchedule(
        id=number,
        charging_rate_unit=v2.ChargingRateUnit("A"),
        charging_schedule_period=[v2.ChargingSchedulePeriod(start_period=0, limit=limit)],
    )
    told = v2.ChargingProfile(
        id=number,
        stack_level=0,
        charging_profile_purpose=v2.ChargingProfilePurpose("TxDefaultProfile"),
        charging_profile_kind=v2.ChargingProfileKind("Absolute"),
        charging_schedule=[schedule],
    )
    return profile_wanted(v2.SetChargingProfileRequest(evse_id=0, charging_profile=told))


async def looks(door: Any) -> None:
    await door.csms.delivery.look()
    door.clock.at += timedelta(seconds=door.csms.context.settings.settle_time)
    await door.csms.delivery.look()


async def patient(door: Any) -> None:
    """Look while the time of an answer passes."""
    looking = asyncio.create_task(door.csms.delivery.look())
    async with asyncio.timeout(5):
        while not looking.done():
            await asyncio.sleep(0.01)
            door.clock.at += timedelta(seconds=1)


async def ends(door: Any, station: Any, *kinds: str) -> list[tuple[str, WishState, str | None]]:
    page = await door.csms.desired_state.wishes(OPERATOR, station.id, kinds=kinds)
    return [(one.kind, one.state, one.result) for one in reversed(page.items)]


LISTS = {"GetLocalListVersion": {"versionNumber": 0}}
WANTED_KINDS = ("variable", "local_list", "availability", "charging_profile")


async def test_everything_that_waits_is_brought_in_order_once_the_station_settled(door: Any) -> None:
    station = await door.station()
    async with door.store.unit() as unit:
        known = RegisteredToken(id="t", organisation=DEFAULT_ORGANISATION, token=Token("A1", "ISO14443"))
        unit.tokens.add(known)
    await door.csms.desired_state.want_all(OPERATOR, station, [profile(), OUT])
    await door.csms.local_lists.want(station, Wanted.TOKENS, "operator")
    await door.csms.desired_state.want(OPERATOR, station, wanted(X__A="1"))
    async with by_hand(door, Version.V201, station) as (_, hand):
        hand.answers.update(LISTS)
        await door.csms.delivery.look()
        assert hand.heard == []
        await looks(door)
        told = [action for action, _ in hand.heard]
        order = ["SetVariables", "SendLocalList", "ChangeAvailability", "SetChargingProfile"]
        assert sorted(order, key=told.index) == order
        assert [(kind, state) for kind, state, _ in await ends(door, station, *WANTED_KINDS)] == [
            ("charging_profile", WishState.DONE),
            ("availability", WishState.DONE),
            ("local_list", WishState.DONE),
            ("variable", WishState.DONE),
        ]
        (sent,) = hand.of("SetChargingProfile")
        assert sent["chargingProfile"]["chargingSchedule"][0]["chargingSchedulePeriod"][0]["limit"] == 16.0
        assert hand.of("ChangeAvailability") == [{"operationalStatus": "Inoperative", "evse": {"id": 1}}]


@pytest.mark.parametrize(
    ("answer", "state"),
    [
        ({"status": "Accepted"}, WishState.DONE),
        ({"status": "Scheduled"}, WishState.WAITING),
        ({"status": "Rejected", "statusInfo": {"reasonCode": "Busy"}}, WishState.FAILED),
        (["NotSupported"], WishState.FAILED),
    ],
)
async def test_what_the_station_says_settles_a_wish_in_its_own_word(door: Any, answer: Any, state: WishState) -> None:
    async with by_hand(door, Version.V21) as (station, hand):
        hand.answers["ChangeAvailability"] = answer
        await door.csms.desired_state.want_all(OPERATOR, station, [OUT])
        await looks(door)
        ((_, found, said),) = await ends(door, station, "availability")
        assert found is state
        assert (answer[0] if isinstance(answer, list) else answer["status"]) in (said or "")


async def test_the_newest_wish_for_the_same_thing_is_the_one_that_is_brought(door: Any) -> None:
    station = await door.station()
    for want in (OUT, profile(1, 16.0), availability_wanted(EvseRef(1), operative=True), profile(2, 8.0)):
        await door.csms.desired_state.want_all(OPERATOR, station, [want])
    async with by_hand(door, Version.V201, station) as (_, hand):
        await looks(door)
        assert [one["operationalStatus"] for one in hand.of("ChangeAvailability")] == ["Operative"]
        assert [one["chargingProfile"]["id"] for one in hand.of("SetChargingProfile")] == [2]


async def test_a_1_6_station_is_told_in_its_own_words_and_what_it_cannot_be_told_fails(door: Any) -> None:
    async with by_hand(door, Version.V16) as (station, hand):
        await door.csms.desired_state.want_all(OPERATOR, station, [OUT])
        await looks(door)
        assert hand.of("ChangeAvailability") == [{"connectorId": 1, "type": "Inoperative"}]


async def test_a_silent_station_is_given_up_after_five_tries_and_others_are_served_meanwhile(door: Any) -> None:
    async with (
        by_hand(door, Version.V201) as (silent, hand),
        by_hand(door, Version.V201, identity="CP2") as (other, there),
    ):
        hand.answers["ChangeAvailability"] = SILENCE
        door.csms.stations.link(silent.id).timeout = 0.02
        for station in (silent, other):
            await door.csms.desired_state.want_all(OPERATOR, station, [OUT])
        await door.csms.delivery.look()
        door.clock.at += timedelta(seconds=door.csms.context.settings.settle_time)
        await patient(door)
        assert (await ends(door, other, "availability"))[0][1] is WishState.DONE
        assert len(there.of("ChangeAvailability")) == 1
        for _ in range(12):
            door.clock.at += timedelta(minutes=10)
            await patient(door)
        assert len(hand.of("ChangeAvailability")) == 5
        assert (await ends(door, silent, "availability"))[0][1] is WishState.FAILED


async def test_only_values_go_to_a_station_whose_registration_is_pending(door: Any) -> None:
    """B02: pending is for being set up; what concerns its work waits until it is accepted."""
    station = await door.station(registration=Registration.PENDING)
    await door.csms.desired_state.want(OPERATOR, station, wanted(X__A="1"))
    await door.csms.desired_state.want_all(OPERATOR, station, [OUT])
    async with pending(door, station) as hand:
        await looks(door)
        assert (len(hand.of("SetVariables")), hand.of("ChangeAvailability")) == (1, [])
    assert [(kind, state) for kind, state, _ in await ends(door, station, *WANTED_KINDS)] == [
        ("variable", WishState.DONE),
        ("availability", WishState.WAITING),
    ]


@asynccontextmanager
async def pending(door: Any, station: Any) -> AsyncGenerator[Hand]:
    """A station whose boot was answered with Pending."""
    line = door.line(station, Version.V201)
    boot = {"reason": "PowerUp", "chargingStation": {"model": "P", "vendorName": "Peer"}}
    assert (await line.ask("b", "BootNotification", boot))["status"] == "Pending"
    hand = Hand(door, line)
    hand.answers.update(DEFAULTS)
    running = asyncio.create_task(hand.run())
    yield hand
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)


async def test_a_station_that_boots_again_settles_again(door: Any) -> None:
    async with by_hand(door, Version.V201) as (station, hand):
        await looks(door)
        boot = {"reason": "Watchdog", "chargingStation": {"model": "P", "vendorName": "Peer"}}
        await hand.tell("b2", "BootNotification", boot)
        await door.csms.desired_state.want_all(OPERATOR, station, [OUT])
        await door.csms.delivery.look()
        assert hand.of("ChangeAvailability") == []
        await looks(door)
        assert len(hand.of("ChangeAvailability")) == 1


async def test_a_kind_of_another_block_is_brought_by_the_same_way(door: Any) -> None:
    seen: list[str] = []

    async def deliver(station: Any, wishes: Any) -> Any:
        seen.extend(json.loads(wish.body) for wish in wishes)
        return [done("kept"), failed("no"), waits("later", body='"half"')][: len(wishes)]

    door.csms.desired_state.register("of_a_test", deliver, rank=5)
    async with by_hand(door, Version.V201) as (station, hand):
        wants = [Want("of_a_test", subject, f'"{subject}"') for subject in "abc"]
        await door.csms.desired_state.want_all(OPERATOR, station, [*wants, OUT])
        await looks(door)
        assert seen == ["a", "b", "c"]
        page = await door.csms.desired_state.wishes(OPERATOR, station.id, kinds=("of_a_test",))
        assert [(one.state, one.result) for one in reversed(page.items)] == [
            (WishState.DONE, "kept"),
            (WishState.FAILED, "no"),
            (WishState.WAITING, "later"),
        ]
        assert page.items[0].body == '"half"'
        assert len(hand.of("ChangeAvailability")) == 1


async def test_what_waits_is_brought_by_another_node_after_the_first_one_died(door: Any) -> None:
    station = await door.station()
    await door.csms.desired_state.want_all(OPERATOR, station, [OUT, profile()])
    url = f"sqlite:///{door._path}"
    await door.store.close()
    door.store = await Store.open(url, node="n2", clock=door.clock.now)
    door.csms = Csms(replace(door.csms.context, store=door.store))
    door.gateway = type(door.gateway)(door.csms)
    async with by_hand(door, Version.V201, station) as (_, hand):
        await looks(door)
        assert (len(hand.of("ChangeAvailability")), len(hand.of("SetChargingProfile"))) == (1, 1)
    await door.store.close()


async def test_a_list_that_is_left_alone_again_waits_no_more(door: Any) -> None:
    station = await door.station()
    await door.csms.local_lists.want(station, Wanted.TOKENS, "operator")
    await door.csms.local_lists.want(station, None)
    assert [state for _, state, _ in await ends(door, station, "local_list")] == [WishState.WITHDRAWN]


async def test_a_wish_that_still_waits_is_tried_again_later(door: Any) -> None:
    tries: list[float] = []

    async def deliver(station: Any, wishes: Any) -> Any:
        tries.append(door.clock.monotonic())
        return [waits("not yet", tried=False) for _ in wishes]

    door.csms.desired_state.register("of_a_test", deliver, rank=5)
    async with by_hand(door, Version.V201) as (station, _):
        await door.csms.desired_state.want_all(OPERATOR, station, [Want("of_a_test", "", "1")])
        await looks(door)
        for _ in range(4):
            await door.csms.delivery.look()
        assert len(tries) == 1
        door.clock.at += timedelta(seconds=AGAIN)
        await door.csms.delivery.look()
        assert len(tries) == 2
