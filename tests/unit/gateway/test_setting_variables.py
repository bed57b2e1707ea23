"""Variables set and read (B05, B06) at stations typed by hand; values that wait for a station that is not there."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import timedelta
from itertools import pairwise
from typing import Any

import pytest
from tests.unit.gateway.variables_by_hand import (
    OPERATOR,
    SILENCE,
    by_hand,
    keys_of,
    known_values,
    named,
    results_of,
    until,
    values_of,
    wanted,
)

from amperanto.conformance.requirements import requirement
from amperanto.csms.delivery import AGAIN, TRIES
from amperanto.csms.templates import Difference
from amperanto.domain.desired_state import WishState
from amperanto.domain.device_model import VariableRef
from amperanto.domain.errors import SecretNotKept, UnknownTemplate, UnknownWish
from amperanto.domain.stations import Registration
from amperanto.ocpp import Version
from amperanto.stores.store import Store

TWO = (Version.V201, Version.V21)
LIMITS = {"ItemsPerMessage[SetVariables]": "2", "ItemsPerMessage[GetVariables]": "3"}


async def put(door: Any, station: Any, *values: Any) -> list[Any]:
    return await door.csms.device_model.set_many(station, list(values), "operator")


@requirement("B05-1")
@pytest.mark.parametrize("version", TWO)
async def test_each_value_has_its_own_result_and_is_read_back(door: Any, version: Version) -> None:
    """B05, B06."""
    async with by_hand(door, version) as (station, hand):
        refused = {"B": "Rejected", "C": "UnknownVariable", "D": "NotSupportedAttributeType"}
        hand.answers["SetVariables"] = results_of(refused)
        hand.answers["GetVariables"] = values_of({**LIMITS, "A": "1", "E": "7"})
        results = await put(door, station, *wanted(X__A="1", X__B="2", X__C="3", X__D="4", X__E="5"))
        assert [one.status for one in results] == ["Accepted", *refused.values(), "Accepted"]
        assert [(one.value, one.confirmed) for one in results if one.status == "Accepted"] == [
            ("1", True),
            ("7", False),
        ]
        known = await known_values(door, station)
        assert (known["X.A"], known["X.E"]) == ("1", "7")
        assert "X.B" not in known


@requirement("B05.FR.11", "B06-1")
@pytest.mark.parametrize("version", TWO)
async def test_requests_have_as_many_lines_as_the_station_takes_and_go_one_at_a_time(
    door: Any, version: Version
) -> None:
    """B05.FR.11, B06: at most ItemsPerMessage; the station is asked once how many that is."""
    async with by_hand(door, version) as (station, hand):
        hand.answers["GetVariables"] = values_of(LIMITS | dict.fromkeys("ABCDE", "1"))
        values = wanted(X__A="1", X__B="1", X__C="1", X__D="1", X__E="1")
        await asyncio.gather(put(door, station, *values), put(door, station, *values))
        assert [len(one["setVariableData"]) for one in hand.of("SetVariables")] == [2, 2, 1, 2, 2, 1]
        asked = [one["getVariableData"][0]["variable"]["name"] for one in hand.of("GetVariables")]
        assert asked.count("ItemsPerMessage") == 2
        assert max(len(one["getVariableData"]) for one in hand.of("GetVariables")) == 3
        actions = [action for action, _ in hand.heard]
        first = actions.index("SetVariables")
        assert actions[first : first + 3] == ["SetVariables"] * 3
        assert actions[first + 3] == "GetVariables"  # the first is read back before the second begins


@requirement("B05.FR.11")
@pytest.mark.parametrize("version", TWO)
async def test_requests_have_as_many_bytes_as_the_station_takes(door: Any, version: Version) -> None:
    """messages.md §2: larger than BytesPerMessage may be a CALLERROR."""
    async with by_hand(door, version) as (station, hand):
        hand.answers["GetVariables"] = values_of(
            {"ItemsPerMessage[SetVariables]": "50", "BytesPerMessage[SetVariables]": "700"}
        )
        await put(door, station, named("X.A", "a" * 300), named("X.B", "b" * 300), named("X.C", "c"))
        assert [len(one["setVariableData"]) for one in hand.of("SetVariables")] == [1, 2]


async def test_a_station_that_tells_no_limit_gets_one_value_at_a_time(door: Any) -> None:
    async with by_hand(door, Version.V21) as (station, hand):
        await put(door, station, *wanted(X__A="1", X__B="2"))
        assert [len(one["setVariableData"]) for one in hand.of("SetVariables")] == [1, 1]


async def test_results_are_matched_by_name_and_a_missing_one_is_told(door: Any) -> None:
    async with by_hand(door, Version.V201) as (station, hand):
        hand.answers["GetVariables"] = values_of({"ItemsPerMessage[SetVariables]": "9"})

        def shuffled(payload: Any) -> Any:
            answer = results_of({"C": "Rejected"})(payload)
            return {"setVariableResult": list(reversed(answer["setVariableResult"][1:]))}

        hand.answers["SetVariables"] = shuffled
        results = await put(door, station, *wanted(X__A="1", X__B="2", X__C="3"))
        assert [one.status for one in results] == ["NoAnswer", "Accepted", "Rejected"]


async def test_an_error_of_the_station_is_the_result_of_the_values_it_was_about(door: Any) -> None:
    async with by_hand(door, Version.V201) as (station, hand):
        hand.answers["SetVariables"] = ["InternalError"]
        (result,) = await put(door, station, *wanted(X__A="1"))
        assert (result.status, "InternalError" in result.info) == ("Refused", True)


@requirement("B05-1")
async def test_what_needs_a_restart_is_remembered_until_the_next_boot(door: Any) -> None:
    """B05 (RebootRequired)."""
    async with by_hand(door, Version.V201) as (station, hand):
        hand.answers["SetVariables"] = results_of({"A": "RebootRequired"})
        assert [one.status for one in await put(door, station, *wanted(X__A="1"))] == ["RebootRequired"]

        async def waits() -> tuple[str | None, bool]:
            now = await door.store.stations.by_id(station.id)
            known = await door.store.device_models.these(station.id, [VariableRef("X", "A").key()])
            (one,) = known.values()
            return one.pending, one.awaits_reboot(now.booted_at)

        assert await waits() == ("1", True)
        door.clock.at += timedelta(minutes=1)
        boot = {"reason": "PowerUp", "chargingStation": {"model": "P", "vendorName": "Peer"}}
        await hand.tell("again", "BootNotification", boot)
        assert (await waits())[1] is False


async def test_a_new_password_is_sent_not_kept_and_holds_when_the_station_comes_back(door: Any) -> None:
    """A01.FR.03: once accepted, the old password is gone; FR.04: on any other answer it stays."""
    async with by_hand(door, Version.V201) as (station, hand):
        name = "SecurityCtrlr.BasicAuthPassword"
        hand.answers["SetVariables"] = results_of({"BasicAuthPassword": "Rejected"})
        await put(door, station, named(name, "first-password-0123"))
        assert (await door.store.stations.by_id(station.id)).password_hash == station.password_hash
        hand.answers["SetVariables"] = results_of({})
        await put(door, station, named(name, "other-password-0123"))
        kept = await door.store.stations.by_id(station.id)
        assert await door.csms.security.passwords.verify(kept.password_hash, b"other-password-0123")
        assert (await known_values(door, station)).get(name) is None
        assert "other-password" not in repr([frame.frame for frame in await door.frames()])


@requirement("1.6:ChangeConfiguration-1")
async def test_in_16_values_are_keys_set_one_by_one(door: Any) -> None:
    """1.6:ChangeConfiguration; a key the station does not know is UnknownVariable, a vendor's key is itself."""
    async with by_hand(door, Version.V16) as (station, hand):
        answers = {"HeartbeatInterval": "Accepted", "Vendor.X": "RebootRequired", "ResetRetries": "NotSupported"}
        hand.answers["ChangeConfiguration"] = lambda payload: {"status": answers[payload["key"]]}
        hand.answers["GetConfiguration"] = keys_of({"HeartbeatInterval": 77, "GetConfigurationMaxKeys": 5})
        results = await put(
            door,
            station,
            named("OCPPCommCtrlr.HeartbeatInterval", "77"),
            named("ConfigurationKeys.Vendor.X", "on"),
            named("OCPPCommCtrlr.ResetRetries", "1"),
            named("TariffCostCtrlr.Currency", "EUR"),
        )
        assert [one.status for one in results] == ["Accepted", "RebootRequired", "UnknownVariable", "UnknownComponent"]
        assert results[0].confirmed is True
        assert [one["key"] for one in hand.of("ChangeConfiguration")] == [
            "HeartbeatInterval",
            "Vendor.X",
            "ResetRetries",
        ]


# --- what waits for a station


async def settled(door: Any, station: Any) -> list[tuple[WishState, str | None]]:
    page = await door.csms.desired_state.wishes(OPERATOR, station.id, kinds=("variable",))
    return [(one.state, one.result) for one in reversed(page.items)]


async def looks(door: Any) -> None:
    """The node looks, and again when the connection has settled."""
    await door.csms.delivery.look()
    door.clock.at += timedelta(seconds=door.csms.context.settings.settle_time)
    await door.csms.delivery.look()


@pytest.mark.parametrize("version", Version)
async def test_values_wait_for_a_station_and_each_tells_what_became_of_it(door: Any, version: Version) -> None:
    station = await door.station()
    values = [named("OCPPCommCtrlr.HeartbeatInterval", "60"), named("OCPPCommCtrlr.ResetRetries", "2")]
    await door.csms.desired_state.want(OPERATOR, station, values)
    await looks(door)
    assert await settled(door, station) == [(WishState.WAITING, None)] * 2
    async with by_hand(door, version, station) as (_, hand):
        hand.answers["SetVariables"] = results_of({"ResetRetries": "Rejected"})
        hand.answers["GetVariables"] = values_of({"HeartbeatInterval": "60"})
        hand.answers["ChangeConfiguration"] = lambda payload: {
            "status": "Rejected" if payload["key"] == "ResetRetries" else "Accepted"
        }
        hand.answers["GetConfiguration"] = keys_of({"HeartbeatInterval": 60})
        await door.csms.delivery.look()
        assert hand.heard == []  # it has just come, and may want to boot
        await looks(door)
        assert await settled(door, station) == [(WishState.DONE, "Accepted"), (WishState.FAILED, "Rejected")]
        sent = len(hand.heard)
        await looks(door)
        assert len(hand.heard) == sent
        known = await door.store.device_models.these(station.id, [values[0].key])
        assert (known[values[0].key].attribute.value, known[values[0].key].by) == ("60", "operator")


async def test_what_waits_survives_a_restart_of_the_node(door: Any) -> None:
    station = await door.station()
    await door.csms.desired_state.want(OPERATOR, station, wanted(X__A="1"))
    url = f"sqlite:///{door._path}"
    await door.store.close()
    again = await Store.open(url, node="n", clock=door.clock.now)
    try:
        (wish,) = await again.desired_states.waiting(station.id, door.clock.now())
        assert (wish.wanted_by, wish.subject_key) == ("operator", wanted(X__A="1")[0].key)
    finally:
        await again.close()


@pytest.mark.parametrize("changes", [{"quiet": True}, {"registration": Registration.REJECTED}])
async def test_nothing_that_waits_is_sent_to_a_station_that_is_quiet_or_rejected(
    door: Any, changes: dict[str, Any]
) -> None:
    station = await door.station(**changes)
    await door.csms.desired_state.want(OPERATOR, station, wanted(X__A="1"))
    line = door.line(station, Version.V201)
    boot = {"reason": "PowerUp", "chargingStation": {"model": "P", "vendorName": "Peer"}}
    await line.ask("boot", "BootNotification", boot)
    for _ in range(5):
        await looks(door)
        door.clock.at += timedelta(minutes=30)
    assert (await settled(door, station))[0][0] is WishState.WAITING
    line.say(2, "h", "BootNotification", boot)
    assert (await line.hear())[0] == 3  # and nothing before it


async def test_a_station_that_wants_to_be_left_alone_no_more_gets_what_waits(door: Any) -> None:
    station = await door.station(quiet=True)
    async with by_hand(door, Version.V201, station) as (_, hand):
        await door.csms.desired_state.want(OPERATOR, station, wanted(X__A="1"))
        await looks(door)
        assert hand.heard == []

        async def unquiet(unit: Any) -> None:
            unit.stations.save(replace(await unit.stations.by_id(station.id), quiet=False))

        await door.store.run(unquiet)
        door.clock.at += timedelta(seconds=AGAIN)
        await door.csms.delivery.look()
        assert await settled(door, station) == [(WishState.DONE, "Accepted")]


async def test_a_wish_expires_and_is_not_sent_then(door: Any) -> None:
    station = await door.station()
    until_then = door.clock.now() + timedelta(hours=1)
    await door.csms.desired_state.want(OPERATOR, station, wanted(X__A="1"), until_then)
    door.clock.at = until_then
    async with by_hand(door, Version.V201, station) as (_, hand):
        await looks(door)
        assert hand.of("SetVariables") == []
        assert await settled(door, station) == [(WishState.EXPIRED, None)]


async def test_the_latest_wish_for_a_variable_replaces_the_one_before(door: Any) -> None:
    station = await door.station()
    for value in ("1", "2"):
        await door.csms.desired_state.want(OPERATOR, station, wanted(x__a=value))
    async with by_hand(door, Version.V201, station) as (_, hand):
        await looks(door)
        assert [line["attributeValue"] for one in hand.of("SetVariables") for line in one["setVariableData"]] == ["2"]
        assert [state for state, _ in await settled(door, station)] == [WishState.REPLACED, WishState.DONE]


async def test_a_wish_can_be_withdrawn_while_it_waits(door: Any) -> None:
    station = await door.station()
    (wish,) = await door.csms.desired_state.want(OPERATOR, station, wanted(X__A="1"))
    await door.csms.desired_state.withdraw(OPERATOR, station.id, wish.id)
    assert await settled(door, station) == [(WishState.WITHDRAWN, None)]
    with pytest.raises(UnknownWish):
        await door.csms.desired_state.withdraw(OPERATOR, station.id, wish.id)


async def test_a_secret_cannot_wait_nor_stand_in_a_template(door: Any) -> None:
    station = await door.station()
    secret = [named("SecurityCtrlr.BasicAuthPassword", "0123456789abcdef")]
    with pytest.raises(SecretNotKept):
        await door.csms.desired_state.want(OPERATOR, station, secret)
    with pytest.raises(SecretNotKept):
        await door.csms.templates.add(OPERATOR, "t", secret)


async def test_a_station_that_never_answers_is_tried_less_and_less_often_and_then_given_up(door: Any) -> None:
    station = await door.station()
    await door.csms.desired_state.want(OPERATOR, station, wanted(X__A="1"))
    async with by_hand(door, Version.V201, station) as (_, hand):
        hand.answers["SetVariables"] = SILENCE
        door.csms.stations.link(station.id).timeout = 0.02
        asked_at: list[float] = []
        await door.csms.delivery.look()
        while (await settled(door, station))[0][0] is WishState.WAITING:
            door.clock.at += timedelta(seconds=AGAIN)
            sent, at = len(hand.of("SetVariables")), door.clock.monotonic()
            looking = asyncio.create_task(door.csms.delivery.look())
            async with asyncio.timeout(5):
                while not looking.done():
                    await asyncio.sleep(0.01)
                    door.clock.at += timedelta(seconds=1)  # the answer's time passes
            if len(hand.of("SetVariables")) > sent:
                asked_at.append(at)
        gaps = [later - earlier for earlier, later in pairwise(asked_at)]
        assert len(asked_at) == TRIES
        assert gaps == sorted(gaps)
        assert gaps[-1] >= 4 * gaps[0]
        assert "NoAnswer" in ((await settled(door, station))[0][1] or "")


# --- drift


async def test_drift_is_compared_by_what_is_known_and_sends_nothing(door: Any) -> None:
    async with by_hand(door, Version.V201) as (station, hand):
        values = {"A": "TRUE", "B": "2", "ItemsPerMessage[SetVariables]": "9", "ItemsPerMessage[GetVariables]": "9"}
        hand.answers["GetVariables"] = values_of(values)
        hand.answers["SetVariables"] = results_of({"D": "RebootRequired"})
        await put(door, station, *wanted(X__A="true", X__B="3", X__D="4"))
        await door.csms.templates.add(OPERATOR, "Depot", wanted(x__A="true", X__B="3", X__C="1", X__D="4"))
        sent = len(hand.heard)
        lines = await door.csms.templates.drift(OPERATOR, station, "depot")
        assert [one.difference for one in lines] == [
            Difference.SAME,
            Difference.DIFFERENT,
            Difference.UNKNOWN,
            Difference.PENDING,
        ]
        assert len(hand.heard) == sent
        await door.csms.templates.remove(OPERATOR, "DEPOT")
        with pytest.raises(UnknownTemplate):
            await door.csms.templates.drift(OPERATOR, station, "Depot")


async def test_the_node_looks_by_itself(door: Any) -> None:
    station = await door.station()
    await door.csms.desired_state.want(OPERATOR, station, wanted(X__A="1"))
    async with by_hand(door, Version.V201, station) as (_, hand):
        looking = asyncio.create_task(door.csms.delivery.run())
        await until(lambda: bool(hand.of("SetVariables")))
        async with asyncio.timeout(5):
            while (await settled(door, station))[0][0] is WishState.WAITING:
                await asyncio.sleep(0)
        looking.cancel()
        assert await settled(door, station) == [(WishState.DONE, "Accepted")]
