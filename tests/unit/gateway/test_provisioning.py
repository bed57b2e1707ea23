"""B. Provisioning on the CSMS's side: boots, inventories, templates for new stations, boot loops, resets, profiles."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any

import pytest
from tests.unit.gateway.variables_by_hand import (
    DEFAULTS,
    OPERATOR,
    Hand,
    by_hand,
    keys_of,
    line_of,
    named,
    part_of,
    wanted,
)

from amperanto.conformance.requirements import requirement
from amperanto.csms.errors import CannotResume, NoFreeSlot
from amperanto.csms.measurands import WATCHED
from amperanto.csms.resets import BOOTS_WITHIN
from amperanto.domain.behaviour import Behaviour
from amperanto.domain.desired_state import WishState
from amperanto.domain.device_model import FirstUse
from amperanto.domain.stations import Registration
from amperanto.ocpp import Version, v2

TWO = (Version.V201, Version.V21)
BOOT = {"reason": "PowerUp", "chargingStation": {"model": "P", "vendorName": "Peer"}}
MEASURANDS = "SampledDataCtrlr.TxUpdatedMeasurands"
LIST = "Energy.Active.Import.Register,Voltage,SoC,Current.Import"


async def looks(door: Any, times: int = 1) -> None:
    """The node looks, and again when the connection has settled, each time a little later."""
    await door.csms.delivery.look()
    for _ in range(times):
        door.clock.at += timedelta(seconds=max(door.csms.context.settings.settle_time, WATCHED))
        await door.csms.delivery.look()


async def ends(door: Any, station: Any, *kinds: str) -> list[tuple[WishState, str | None]]:
    page = await door.csms.desired_state.wishes(OPERATOR, station.id, kinds=kinds)
    return [(one.state, one.result) for one in reversed(page.items)]


@asynccontextmanager
async def handed(door: Any, station: Any, answer: str, boot: Any = BOOT) -> AsyncGenerator[Hand]:
    """A station whose boot gets that answer."""
    line = door.line(station, Version.V201)
    assert (await line.ask("b", "BootNotification", boot))["status"] == answer
    hand = Hand(door, line)
    hand.answers.update(DEFAULTS)
    running = asyncio.create_task(hand.run())
    yield hand
    running.cancel()
    line.cut()
    await asyncio.gather(running, return_exceptions=True)
    await line.serving


async def again(hand: Hand, name: str, **changes: Any) -> str:
    """The station boots once more; the answer's status."""
    told = {**BOOT["chargingStation"], **changes.pop("hardware", {})}  # type: ignore[dict-item]
    frame = await hand.tell(name, "BootNotification", {**BOOT, "chargingStation": told, **changes})
    return frame[2]["status"]


# --- inventories


@requirement("B07.FR.14")
@pytest.mark.parametrize("version", TWO)
async def test_a_full_inventory_is_asked_for_at_first_contact_and_after_other_firmware_only(
    door: Any, version: Version
) -> None:
    async with by_hand(door, version) as (station, hand):
        await looks(door)
        assert [one["reportBase"] for one in hand.of("GetBaseReport")] == ["FullInventory"]
        assert await ends(door, station, "report") == [
            (WishState.DONE, "FullInventory: EmptyResultSet, 0 variables in 0 parts")
        ]
        await again(hand, "b2")
        await looks(door)
        assert len(hand.of("GetBaseReport")) == 1
        await again(hand, "b3", hardware={"firmwareVersion": "2.0"})
        await looks(door)
        assert len(hand.of("GetBaseReport")) == 2


@requirement("B07-2")
@pytest.mark.parametrize("version", TWO)
async def test_a_station_that_knows_no_full_inventory_is_asked_for_its_configuration(
    door: Any, version: Version
) -> None:
    async with by_hand(door, version) as (station, hand):
        telling: list[Any] = []

        async def patient(seconds: float) -> None:
            await asyncio.Event().wait()

        def answer(payload: Any) -> Any:
            full = payload["reportBase"] == "FullInventory"
            if not full:
                part = part_of(payload["requestId"], 0, [line_of("TxCtrlr.A", "1")], more=False)
                telling.append(asyncio.create_task(hand.tell("part", "NotifyReport", part)))
            return {"status": "NotSupported" if full else "Accepted"}

        hand.answers["GetBaseReport"] = answer
        door.clock.sleep = patient
        await looks(door)
        assert [one["reportBase"] for one in hand.of("GetBaseReport")] == ["FullInventory", "ConfigurationInventory"]
        ((state, said),) = await ends(door, station, "report")
        assert (state, said) == (WishState.DONE, "ConfigurationInventory: Accepted, 1 variables in 1 parts")


@requirement("B07-3")
@pytest.mark.parametrize("version", TWO)
async def test_a_station_that_is_busy_with_another_report_is_asked_again(door: Any, version: Version) -> None:
    async with by_hand(door, version) as (station, hand):
        hand.answers["GetBaseReport"] = {"status": "Rejected"}
        await looks(door)
        assert (await ends(door, station, "report"))[0][0] is WishState.WAITING
        hand.answers["GetBaseReport"] = {"status": "EmptyResultSet"}
        door.clock.at += timedelta(minutes=2)
        await door.csms.delivery.look()
        assert (await ends(door, station, "report"))[0][0] is WishState.DONE


# --- templates for new stations


async def template(door: Any, *values: Any, **first_use: Any) -> None:
    await door.csms.templates.add(OPERATOR, "Depot", list(values), FirstUse(**first_use))


async def test_a_template_sets_a_station_up_when_it_is_accepted_first_and_never_again(door: Any) -> None:
    await template(door, *wanted(X__A="1", X__B="2"), vendor="Peer*", local_list=True)
    async with by_hand(door, Version.V201) as (station, hand):
        hand.answers["GetLocalListVersion"] = {"versionNumber": 0}
        await looks(door)
        sent = [line for one in hand.of("SetVariables") for line in one["setVariableData"]]
        assert [one["attributeValue"] for one in sent] == ["1", "2"]
        (rollout, counts) = await door.csms.rollouts.rollout(OPERATOR, station.onboarding)
        assert (rollout.name, counts) == ("Depot", {WishState.DONE: 3})
        assert (await door.csms.local_lists.state(station)).in_step
        await again(hand, "b2")
        await looks(door)
        assert len(hand.of("SetVariables")) == len(sent)


async def test_of_two_templates_the_one_that_names_the_station_more_closely_counts(door: Any) -> None:
    await template(door, *wanted(X__A="general"))
    await door.csms.templates.add(OPERATOR, "Closer", wanted(X__A="close"), FirstUse(vendor="peer", model="P"))
    await door.csms.templates.add(OPERATOR, "Other", wanted(X__A="other"), FirstUse(vendor="Somebody"))
    async with by_hand(door, Version.V201) as (_, hand):
        await looks(door)
        (sent,) = hand.of("SetVariables")
        assert sent["setVariableData"][0]["attributeValue"] == "close"


@pytest.mark.parametrize("changes", [{"quiet": True}, {"registration": Registration.PENDING}])
async def test_a_quiet_station_and_a_pending_one_are_not_set_up(door: Any, changes: dict[str, Any]) -> None:
    await template(door, *wanted(X__A="1"))
    station = await door.station(**changes)
    async with handed(door, station, changes.get("registration", "Accepted")) as hand:
        await looks(door)
        assert hand.of("SetVariables") == []
        assert (await door.store.stations.by_id(station.id)).onboarding is None


@requirement("B02-1")
async def test_a_pending_station_is_set_up_then_accepted_and_told_to_boot_again(door: Any) -> None:
    await template(door, *wanted(X__A="1"), while_pending=True, local_list=True)
    station = await door.station(registration=Registration.PENDING)
    async with handed(door, station, "Pending") as hand:
        hand.answers["GetLocalListVersion"] = {"versionNumber": 0}
        await looks(door)
        assert [action for action, _ in hand.heard if action in ("SetVariables", "TriggerMessage")] == [
            "SetVariables",
            "TriggerMessage",
        ]
        assert hand.of("TriggerMessage") == [{"requestedMessage": "BootNotification"}]
        assert hand.of("GetLocalListVersion") == []
        assert await again(hand, "b2", reason="Triggered") == "Accepted"
        await looks(door)
        assert len(hand.of("GetLocalListVersion")) == 1


async def test_a_pending_station_that_refuses_a_part_stays_pending(door: Any) -> None:
    await template(door, *wanted(X__A="1"), while_pending=True)
    station = await door.station(registration=Registration.PENDING)
    async with handed(door, station, "Pending") as hand:
        hand.answers["SetVariables"] = lambda payload: {
            "setVariableResult": [
                {"attributeStatus": "Rejected", "component": one["component"], "variable": one["variable"]}
                for one in payload["setVariableData"]
            ]
        }
        await looks(door)
        assert hand.of("TriggerMessage") == []
        assert await again(hand, "b2") == "Pending"


async def test_a_make_that_cannot_bear_being_set_up_is_left_alone_and_said_so(door: Any) -> None:
    await template(door, *wanted(X__A="1"))
    async with by_hand(door, Version.V201) as (station, hand):
        door.csms.stations.link(station.id).behaviour = Behaviour(configured_unasked=False)
        await door.csms.desired_state.want(OPERATOR, station, wanted(X__B="2"))
        await looks(door)
        sent = [line["variable"]["name"] for one in hand.of("SetVariables") for line in one["setVariableData"]]
        assert sent == ["B"]
        assert WishState.FAILED in [state for state, _ in await ends(door, station, "variable")]


async def test_no_interval_is_shorter_than_the_make_takes(door: Any) -> None:
    async with by_hand(door, Version.V201) as (station, hand):
        door.csms.stations.link(station.id).behaviour = Behaviour(min_meter_interval=30)
        interval = named("SampledDataCtrlr.TxUpdatedInterval", "10")
        await door.csms.desired_state.want(OPERATOR, station, [interval])
        await looks(door)
        assert [one["setVariableData"][0]["attributeValue"] for one in hand.of("SetVariables")] == ["30"]
        assert "no shorter" in ((await ends(door, station, "variable"))[0][1] or "")


# --- measurands


def lists(hand: Hand) -> list[str]:
    return [line["attributeValue"] for one in hand.of("SetVariables") for line in one["setVariableData"]]


async def test_measurands_are_offered_one_at_a_time_and_what_is_rejected_is_left_out(door: Any) -> None:
    await template(door, named(MEASURANDS, LIST))
    async with by_hand(door, Version.V201) as (station, hand):
        hand.answers["SetVariables"] = lambda payload: {
            "setVariableResult": [
                {
                    "attributeStatus": "Rejected" if "SoC" in one["attributeValue"] else "Accepted",
                    "component": one["component"],
                    "variable": one["variable"],
                }
                for one in payload["setVariableData"]
            ]
        }
        await looks(door, 8)
        energy, voltage, soc, current = LIST.split(",")
        assert lists(hand) == [
            energy,
            f"{energy},{voltage}",
            f"{energy},{voltage},{soc}",
            f"{energy},{voltage},{current}",
        ]
        ((state, said),) = await ends(door, station, "measurands")
        assert (state, said) == (WishState.DONE, f"takes {energy}, {voltage}, {current}; not SoC (Rejected)")


async def test_a_measurand_after_which_the_station_booted_is_taken_back(door: Any) -> None:
    await template(door, named(MEASURANDS, LIST))
    async with by_hand(door, Version.V201) as (station, hand):
        await looks(door, 3)
        assert lists(hand)[-1].endswith("SoC")
        door.clock.at += timedelta(seconds=1)
        await again(hand, "b2", reason="Watchdog")
        await looks(door, 4)
        energy, voltage, soc, current = LIST.split(",")
        assert lists(hand)[2:] == [
            f"{energy},{voltage},{soc}",
            f"{energy},{voltage}",
            f"{energy},{voltage},{current}",
        ]
        ((_, said),) = await ends(door, station, "measurands")
        assert said == f"takes {energy}, {voltage}, {current}; not SoC (it booted after that)"


async def test_measurands_the_make_cannot_bear_are_never_offered(door: Any) -> None:
    await template(door, named(MEASURANDS, LIST))
    async with by_hand(door, Version.V201) as (station, hand):
        door.csms.stations.link(station.id).behaviour = Behaviour(
            denied_measurands=frozenset({"SoC"}), first_measurands=("Energy.Active.Import.Register", "Voltage")
        )
        await looks(door, 6)
        assert lists(hand)[0] == "Energy.Active.Import.Register,Voltage"
        assert not any("SoC" in one for one in lists(hand))


# --- boot loops


async def test_a_station_that_boots_again_and_again_is_left_alone_until_a_person_releases_it(door: Any) -> None:
    async with by_hand(door, Version.V201) as (station, hand):
        for number in range(4):
            door.clock.at += timedelta(seconds=30)
            await again(hand, f"b{number}")
        looping = await door.store.stations.by_id(station.id)
        assert looping.boot_loop_since is not None
        await door.csms.desired_state.want(OPERATOR, station, wanted(X__A="1"))
        await looks(door, 3)
        assert hand.heard == []
        await door.csms.provisioning.release(OPERATOR, looping)
        door.clock.at += timedelta(minutes=10)
        await looks(door)
        assert len(hand.of("SetVariables")) == 1


async def test_boots_that_are_far_apart_are_no_loop(door: Any) -> None:
    async with by_hand(door, Version.V201) as (station, hand):
        for number in range(8):
            door.clock.at += timedelta(minutes=5)
            await again(hand, f"b{number}")
        assert (await door.store.stations.by_id(station.id)).boot_loop_since is None


# --- resets


@requirement("B11-1")
@pytest.mark.parametrize("version", TWO)
@pytest.mark.parametrize("answer", ["Accepted", "Scheduled"])
async def test_a_reset_is_followed_to_the_boot_it_brings(door: Any, answer: str, version: Version) -> None:
    async with by_hand(door, version) as (station, hand):
        hand.answers["Reset"] = {"status": answer}
        wish = await door.csms.resets.reset(OPERATOR, station, v2.Reset.ON_IDLE)
        assert hand.of("Reset") == [{"type": "OnIdle"}]
        assert (wish.state, wish.result) == (WishState.WAITING, f"{answer}: it is to boot")
        await looks(door, 3)
        assert len(hand.of("Reset")) == 1
        await again(hand, "b2", reason="ScheduledReset")
        assert await ends(door, station, "reset") == [(WishState.DONE, f"{answer}, and it booted (ScheduledReset)")]


@requirement("B11-2")
@pytest.mark.parametrize("version", TWO)
async def test_a_reset_that_is_rejected_says_why_and_one_without_a_boot_says_so(door: Any, version: Version) -> None:
    async with by_hand(door, version) as (station, hand):
        hand.answers["Reset"] = {"status": "Rejected", "statusInfo": {"reasonCode": "TxInProgress"}}
        wish = await door.csms.resets.reset(OPERATOR, station, v2.Reset.IMMEDIATE)
        assert (wish.state, wish.result) == (WishState.FAILED, "Rejected: TxInProgress")
        hand.answers["Reset"] = {"status": "Accepted"}
        await door.csms.resets.reset(OPERATOR, station, v2.Reset.IMMEDIATE)
        door.clock.at += BOOTS_WITHIN
        await looks(door)
        assert (await ends(door, station, "reset"))[-1] == (WishState.FAILED, "Accepted, but it did not boot")


@requirement("B11-3")
@pytest.mark.parametrize("version", TWO)
async def test_the_reset_of_an_evse_ends_with_its_answer(door: Any, version: Version) -> None:
    async with by_hand(door, version) as (station, hand):
        wish = await door.csms.resets.reset(OPERATOR, station, v2.Reset.IMMEDIATE, 1)
        assert hand.of("Reset") == [{"type": "Immediate", "evseId": 1}]
        assert (wish.state, wish.result) == (WishState.DONE, "Accepted")


@requirement("B11-1", "B11-2")
async def test_in_1_6_too_a_reset_is_followed_to_its_boot_or_its_refusal(door: Any) -> None:
    async with by_hand(door, Version.V16) as (station, hand):
        hand.answers["Reset"] = {"status": "Rejected"}
        wish = await door.csms.resets.reset(OPERATOR, station, v2.Reset.ON_IDLE)
        assert (wish.state, wish.result) == (WishState.FAILED, "Rejected")
        hand.answers["Reset"] = {"status": "Accepted"}
        wish = await door.csms.resets.reset(OPERATOR, station, v2.Reset.ON_IDLE)
        assert (wish.state, wish.result) == (WishState.WAITING, "Accepted: it is to boot")
        await hand.tell("b2", "BootNotification", {"chargePointVendor": "Peer", "chargePointModel": "P"})
        assert (await ends(door, station, "reset"))[-1] == (WishState.DONE, "Accepted, and it booted")


@requirement("B07.FR.14")
async def test_in_1_6_the_inventory_is_every_key_asked_for_once(door: Any) -> None:
    async with by_hand(door, Version.V16) as (station, hand):
        hand.answers["GetConfiguration"] = keys_of({"HeartbeatInterval": 77, "AcmeLight": "on"})
        await looks(door)
        whole = [one for one in hand.of("GetConfiguration") if not one.get("key")]
        assert len(whole) == 1
        ((state, said),) = await ends(door, station, "report")
        assert (state, said.split(":")[0]) == (WishState.DONE, "FullInventory")
        await hand.tell("b2", "BootNotification", {"chargePointVendor": "Peer", "chargePointModel": "P"})
        await looks(door)
        assert [one for one in hand.of("GetConfiguration") if not one.get("key")] == whole


@requirement("1.6:Reset-1")
async def test_a_reset_is_said_as_soft_and_hard_in_1_6(door: Any) -> None:
    async with by_hand(door, Version.V16) as (station, hand):
        for kind in (v2.Reset.ON_IDLE, v2.Reset.IMMEDIATE):
            await door.csms.resets.reset(OPERATOR, station, kind)
        assert hand.of("Reset") == [{"type": "Soft"}, {"type": "Hard"}]


async def test_a_reset_for_a_station_that_is_offline_waits_an_hour_and_no_longer(door: Any) -> None:
    station = await door.station()
    wish = await door.csms.resets.reset(OPERATOR, station, v2.Reset.IMMEDIATE)
    assert wish.state is WishState.WAITING
    door.clock.at += timedelta(hours=2)
    async with by_hand(door, Version.V201, station) as (_, hand):
        await looks(door)
        assert hand.of("Reset") == []
        assert (await ends(door, station, "reset"))[0][0] is WishState.FAILED


@requirement("B13-1")
async def test_a_reset_that_resumes_is_asked_only_where_the_variables_say_so(door: Any) -> None:
    async with by_hand(door, Version.V21) as (station, hand):
        with pytest.raises(CannotResume):
            await door.csms.resets.reset(OPERATOR, station, v2.Reset.IMMEDIATE_AND_RESUME)
        assert hand.of("Reset") == []
        told = line_of("TxCtrlr.ResumptionTimeout", "300")
        await hand.tell("r", "NotifyReport", part_of(9, 0, [told], more=False))
        await door.csms.resets.reset(OPERATOR, station, v2.Reset.IMMEDIATE_AND_RESUME)
        assert hand.of("Reset") == [{"type": "ImmediateAndResume"}]


# --- network profiles


PROFILE = v2.NetworkConnectionProfile(
    ocpp_interface=v2.OCPPInterface("Wired0"),
    ocpp_transport=v2.OCPPTransport("JSON"),
    message_timeout=30,
    ocpp_csms_url="wss://elsewhere.example/ocpp",
    security_profile=2,
)


def slots(priority: str, slots: str) -> dict[str, Any]:
    line = line_of("OCPPCommCtrlr.NetworkConfigurationPriority", priority)
    about = {"dataType": "SequenceList", "valuesList": slots, "supportsMonitoring": False}
    return {**line, "variableCharacteristics": about}


def values(priority: str) -> Any:
    def answer(payload: Any) -> Any:
        return {
            "getVariableResult": [
                {
                    "attributeStatus": "Accepted" if "Priority" in one["variable"]["name"] else "UnknownVariable",
                    **({"attributeValue": priority} if "Priority" in one["variable"]["name"] else {}),
                    "component": one["component"],
                    "variable": one["variable"],
                }
                for one in payload["getVariableData"]
            ]
        }

    return answer


@requirement("B09-1", "B09-2", "B10-1")
@pytest.mark.parametrize("version", TWO)
async def test_a_profile_is_written_to_a_slot_that_is_not_used_and_put_first(door: Any, version: Version) -> None:
    async with by_hand(door, version) as (station, hand):
        await hand.tell("r", "NotifyReport", part_of(9, 0, [slots("1,2", "1,2,3")], more=False))
        hand.answers["GetVariables"] = values("1,2")
        move = await door.csms.network_profiles.change(station, PROFILE, "operator")
        (sent,) = hand.of("SetNetworkProfile")
        assert (sent["configurationSlot"], sent["connectionData"]["securityProfile"]) == (3, 2)
        (order,) = hand.of("SetVariables")
        assert order["setVariableData"][0]["attributeValue"] == "3,1,2"
        assert (move.slot, move.ready) == (3, True)


@requirement("B09-3")
@pytest.mark.parametrize("version", TWO)
async def test_no_slot_that_is_in_use_is_ever_written(door: Any, version: Version) -> None:
    async with by_hand(door, version) as (station, hand):
        await hand.tell("r", "NotifyReport", part_of(9, 0, [slots("1,2", "1,2")], more=False))
        hand.answers["GetVariables"] = values("1,2")
        with pytest.raises(NoFreeSlot):
            await door.csms.network_profiles.change(station, PROFILE, "operator")
        assert (hand.of("SetNetworkProfile"), hand.of("SetVariables")) == ([], [])


@requirement("B09-4")
@pytest.mark.parametrize("version", TWO)
async def test_a_refused_profile_is_not_put_first(door: Any, version: Version) -> None:
    async with by_hand(door, version) as (station, hand):
        hand.answers["GetVariables"] = values("1")
        hand.answers["SetNetworkProfile"] = {"status": "Failed", "statusInfo": {"reasonCode": "InvalidConfSlot"}}
        move = await door.csms.network_profiles.change(station, PROFILE, "operator")
        assert (move.ready, move.steps[0].info) == (False, "InvalidConfSlot")
        assert hand.of("SetVariables") == []


@requirement("B09-5")
async def test_a_station_with_network_configuration_is_set_by_its_variables(door: Any) -> None:
    async with by_hand(door, Version.V21) as (station, hand):
        line = line_of("NetworkConfiguration.OcppCsmsUrl", "")
        line["component"]["instance"] = "2"
        await hand.tell("r", "NotifyReport", part_of(9, 0, [slots("1", "1,2"), line], more=False))
        hand.answers["GetVariables"] = values("1")
        profile = replace_profile(identity="CP9", basic_auth_password="0123456789abcdef")
        move = await door.csms.network_profiles.change(station, profile, "operator")
        sent = [one for request in hand.of("SetVariables") for one in request["setVariableData"]]
        assert {one["variable"]["name"]: one["attributeValue"] for one in sent} == {
            "OcppCsmsUrl": "wss://elsewhere.example/ocpp",
            "OcppInterface": "Wired0",
            "OcppTransport": "JSON",
            "MessageTimeout": "30",
            "SecurityProfile": "2",
            "Identity": "CP9",
            "BasicAuthPassword": "0123456789abcdef",
            "NetworkConfigurationPriority": "2,1",
        }
        assert {one["component"].get("instance") for one in sent} == {"2", None}
        assert (move.ready, hand.of("SetNetworkProfile")) == (True, [])


def replace_profile(**changes: Any) -> v2.NetworkConnectionProfile:
    return v2.NetworkConnectionProfile(**{name: getattr(PROFILE, name) for name in PROFILE.__struct_fields__} | changes)


# --- rollouts


async def test_a_rollout_brings_a_template_to_the_stations_that_lack_it_and_tells_each_result(door: Any) -> None:
    async with (
        by_hand(door, Version.V201) as (one, first),
        by_hand(door, Version.V16, identity="CP2") as (two, second),
    ):
        offline = await door.station("CP3")
        await first.tell("r", "NotifyReport", part_of(9, 0, [line_of("X.A", "1")], more=False))
        key = "ConfigurationKeys.Vendor"
        await door.csms.templates.add(OPERATOR, "Depot", [*wanted(X__A="1"), named(key, "on")])
        second.answers["ChangeConfiguration"] = {"status": "RebootRequired"}
        second.answers["GetConfiguration"] = {"configurationKey": []}
        made = await door.csms.rollouts.of_template(OPERATOR, "depot", [one, two, offline])
        assert made.stations == 3
        await looks(door)
        _, counts = await door.csms.rollouts.rollout(OPERATOR, made.id)
        assert counts == {WishState.DONE: 2, WishState.FAILED: 1, WishState.WAITING: 2}
        page = await door.csms.rollouts.wishes(OPERATOR, made.id)
        results = {(wish.station, wish.subject_key.split("\x1f")[0]): wish.result for wish in page.items}
        assert (one.id, "x") not in results
        assert results[two.id, "configurationkeys"] == "RebootRequired"
        known = await door.store.device_models.these(two.id, [named(key, "on").key])
        station = await door.store.stations.by_id(two.id)
        assert known[named(key, "on").key].awaits_reboot(station.booted_at)
        cancelled = await door.csms.rollouts.cancel(OPERATOR, made.id)
        assert cancelled.cancelled_at is not None
        _, counts = await door.csms.rollouts.rollout(OPERATOR, made.id)
        assert counts == {WishState.DONE: 2, WishState.FAILED: 1, WishState.WITHDRAWN: 2}


async def test_the_fleet_is_compared_with_a_template_with_both_values(door: Any) -> None:
    async with by_hand(door, Version.V201) as (one, hand):
        await door.station("CP2")
        await hand.tell("r", "NotifyReport", part_of(9, 0, [line_of("X.A", "7")], more=False))
        await door.csms.templates.add(OPERATOR, "Depot", wanted(X__A="1"))
        page = await door.csms.templates.fleet(OPERATOR, "depot")
        told = {
            station.identity: [
                (line.wanted.value, line.known.attribute.value if line.known else None, str(line.difference))
                for line in lines
            ]
            for station, lines in page.items
        }
        assert told == {one.identity: [("1", "7", "different")], "CP2": [("1", None, "unknown")]}


@requirement("B05.FR.13")
@pytest.mark.parametrize("version", TWO)
async def test_values_of_a_rollout_go_one_request_at_a_time_and_no_attribute_twice(door: Any, version: Version) -> None:
    async with by_hand(door, version) as (station, hand):
        line = line_of("DeviceDataCtrlr.ItemsPerMessage", "2")
        line["variable"]["instance"] = "SetVariables"
        await hand.tell("r", "NotifyReport", part_of(9, 0, [line], more=False))
        many = [*wanted(X__A="1", X__B="2", X__C="3"), *wanted(x__a="4")]
        await door.csms.rollouts.of_values(OPERATOR, "values", many, [station])
        await looks(door)
        sizes = [len(one["setVariableData"]) for one in hand.of("SetVariables")]
        names = [part["variable"]["name"] for one in hand.of("SetVariables") for part in one["setVariableData"]]
        assert (sizes, sorted(name.casefold() for name in names)) == ([2, 1], ["a", "b", "c"])
