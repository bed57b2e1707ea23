"""A station that follows its network profiles: written as variables, tried in turn, left and come back to."""

import asyncio
from typing import Any

import pytest
from tests.support.house import house
from tests.unit.station.scripted import DRIVER, TWO, outcome, scene

from amperanto.conformance.requirements import requirement
from amperanto.domain.stations import DEFAULT_ORGANISATION
from amperanto.ocpp import Version, v2
from amperanto.station import NetworkProfile, Vehicle

HOME, AWAY, LOST = "ws://home.example", "ws://away.example", "ws://lost.example"
OWN = NetworkProfile(HOME, identity="CP1", password="home-home-home-home")
SECRET = "away-away-away-away"
SLOT = {
    "OcppCsmsUrl": AWAY,
    "OcppInterface": "Wired0",
    "OcppTransport": "JSON",
    "MessageTimeout": "30",
    "SecurityProfile": "1",
    "Identity": "CP-AWAY",
    "BasicAuthPassword": SECRET,
}


def at_home(csms: Any) -> None:
    csms.ways = {HOME}


def away(slot: int = 2, url: str = AWAY, **more: Any) -> dict[str, Any]:
    profile = {
        "ocppInterface": "Wired0",
        "ocppTransport": "JSON",
        "ocppVersion": "OCPP20",
        "messageTimeout": 30,
        "ocppCsmsUrl": url,
        "securityProfile": 1,
    }
    return {"configurationSlot": slot, "connectionData": profile | more}


def named(component: str, variable: str, slot: int | None = None) -> dict[str, Any]:
    whole = {"name": component} if slot is None else {"name": component, "instance": str(slot)}
    return {"component": whole, "variable": {"name": variable}}


async def put(csms: Any, component: str, variable: str, value: str, slot: int | None = None) -> tuple[str, str | None]:
    line = named(component, variable, slot) | {"attributeValue": value}
    (told,) = (await csms.ask("SetVariables", {"setVariableData": [line]}))["setVariableResult"]
    return told["attributeStatus"], told.get("attributeStatusInfo", {}).get("reasonCode")


async def prefer(csms: Any, slots: str) -> tuple[str, str | None]:
    return await put(csms, "OCPPCommCtrlr", "NetworkConfigurationPriority", slots)


async def get(csms: Any, component: str, variable: str, slot: int | None = None) -> tuple[str, str | None]:
    asked = {"getVariableData": [named(component, variable, slot)]}
    (told,) = (await csms.ask("GetVariables", asked))["getVariableResult"]
    return told["attributeStatus"], told.get("attributeValue")


async def write_slot(csms: Any, **other: str) -> None:
    for name, value in (SLOT | other).items():
        assert await put(csms, "NetworkConfiguration", name, value, 2) == ("Accepted", None)


@requirement("B09-8")
async def test_a_slot_is_read_and_set_as_variables_and_its_secret_is_never_told():
    async with scene(Version.V21, profile=OWN, prepare=at_home) as (_, csms, clock):
        assert await get(csms, "NetworkConfiguration", "OcppCsmsUrl", 1) == ("Accepted", HOME)
        assert await get(csms, "NetworkConfiguration", "OcppCsmsUrl", 3) == ("UnknownComponent", None)
        assert await get(csms, "NetworkConfiguration", "OcppCsmsUrl") == ("UnknownComponent", None)
        assert await get(csms, "NetworkConfiguration", "VpnEnabled", 2) == ("Accepted", "false")
        await write_slot(csms)
        for name, value in SLOT.items():
            expected = ("Rejected", None) if name == "BasicAuthPassword" else ("Accepted", value)
            assert await get(csms, "networkconfiguration", name, 2) == expected
        await csms.ask("GetBaseReport", {"requestId": 1, "reportBase": "FullInventory"})
        await clock.advance(1)
        lines = [one for part in csms.of("NotifyReport") for one in part["reportData"]]
        slots = {
            (one["component"]["instance"], one["variable"]["name"]): one["variableAttribute"][0].get("value")
            for one in lines
            if one["component"]["name"] == "NetworkConfiguration"
        }
        assert slots["1", "OcppCsmsUrl"] == HOME
        assert slots["2", "OcppCsmsUrl"] == AWAY
        assert slots["2", "BasicAuthPassword"] is None
        assert not any(SECRET in str(frame) or OWN.password in str(frame) for frame in csms.frames)


@requirement("B09-8")
async def test_a_report_can_be_of_one_slot():
    async with scene(Version.V21) as (_, csms, clock):
        asked = {"component": {"name": "NetworkConfiguration", "instance": "2"}}
        await csms.ask("GetReport", {"requestId": 1, "componentVariable": [asked]})
        await clock.advance(1)
        lines = [one["component"] for part in csms.of("NotifyReport") for one in part["reportData"]]
        assert lines
        assert all(one == {"name": "NetworkConfiguration", "instance": "2"} for one in lines)


@requirement("B09-8")
@pytest.mark.parametrize(
    ("slot", "variable", "value", "why"),
    [
        (1, "OcppCsmsUrl", AWAY, "ActiveNetworkConf"),
        (2, "SecurityProfile", "0", "NoSecurityDowngrade"),
        (2, "SecurityProfile", "4", "InvalidValue"),
        (2, "BasicAuthPassword", "short", "InvalidValue"),
        (2, "BasicAuthPassword", "x" * 65, "InvalidValue"),
        (2, "OcppInterface", "Carrier pigeon", "InvalidValue"),
        (2, "MessageTimeout", "0", "InvalidValue"),
        (2, "ApnEnabled", "true", "ReadOnly"),
    ],
)
async def test_what_a_slot_may_not_hold_is_refused_for_its_reason(slot, variable, value, why):
    async with scene(Version.V21, profile=OWN, prepare=at_home) as (_, csms, _clock):
        assert await put(csms, "NetworkConfiguration", variable, value, slot) == ("Rejected", why)


@requirement("B09-8")
async def test_a_slot_is_out_of_the_priority_before_it_is_edited():
    async with scene(Version.V21, profile=OWN, prepare=at_home) as (_, csms, _clock):
        await write_slot(csms)
        assert await prefer(csms, "1,2") == ("RebootRequired", None)
        assert await put(csms, "NetworkConfiguration", "OcppCsmsUrl", LOST, 2) == ("Rejected", "ActiveNetworkConf")
        assert await prefer(csms, "1") == ("RebootRequired", None)
        assert await put(csms, "NetworkConfiguration", "OcppCsmsUrl", LOST, 2) == ("Accepted", None)


@requirement("B09-8", "B10-2")
@pytest.mark.parametrize("version", TWO)
async def test_a_slot_that_nobody_could_connect_by_is_not_put_into_the_priority(version):
    async with scene(version, profile=OWN, prepare=at_home) as (_, csms, _clock):
        assert await prefer(csms, "1,2") == ("Rejected", "InvalidNetworkConf")
        for url, security in (("elsewhere", 1), ("ws://away.example", 2)):
            told = away(url=url, securityProfile=security)
            assert (await csms.ask("SetNetworkProfile", told))["status"] == "Accepted"
            assert await prefer(csms, "1,2") == ("Rejected", "InvalidNetworkConf")
        assert (await csms.ask("SetNetworkProfile", away()))["status"] == "Accepted"
        assert await prefer(csms, "1,2") == ("RebootRequired", None)


@requirement("B09.FR.26", "B09.FR.27")
@pytest.mark.parametrize(
    ("variable", "shared", "held"),
    [("Identity", "CP-NEW", "identity"), ("BasicAuthPassword", "new-new-new-new-new", "password")],
)
async def test_what_is_set_for_all_profiles_clears_that_of_the_active_one(variable, shared, held):
    async with scene(Version.V21, profile=OWN, prepare=at_home) as (_, csms, clock):
        await write_slot(csms)
        assert await put(csms, "SecurityCtrlr", variable, shared) == ("Accepted", None)
        await clock.advance(5)
        assert [getattr(one, held) for one in csms.tried] == [getattr(OWN, held), shared]
        assert len(csms.of("BootNotification")) == (2 if variable == "Identity" else 1)
        csms.ways = {AWAY}
        await prefer(csms, "2,1")
        await csms.ask("Reset", {"type": "Immediate"})
        await clock.advance(10)
        assert getattr(csms.tried[-1], held) == SLOT[variable]


@requirement("B10-4")
@pytest.mark.parametrize("version", TWO)
async def test_after_a_reset_it_connects_by_the_first_of_the_priority_and_boots(version):
    async with scene(version, profile=OWN, prepare=at_home) as (station, csms, clock):
        csms.ways = {HOME, AWAY}
        await csms.ask("SetNetworkProfile", away())
        await prefer(csms, "2,1")
        csms.cut()
        await clock.advance(30)
        assert [one.url for one in csms.tried] == [HOME, HOME]
        assert len(csms.of("BootNotification")) == 1
        await csms.ask("Reset", {"type": "OnIdle"})
        await clock.advance(10)
        assert [one.url for one in csms.tried] == [HOME, HOME, AWAY]
        assert [one["reason"] for one in csms.of("BootNotification")] == ["PowerUp", "ScheduledReset"]
        assert await get(csms, "OCPPCommCtrlr", "ActiveNetworkProfile") == ("Accepted", "2")
        assert station.network_profile == 2
        await prefer(csms, "1")  # out of the priority, but in use
        answer = await csms.ask("SetNetworkProfile", away())
        assert answer["statusInfo"]["reasonCode"] == "ActiveNetworkConf"


@requirement("B10-3", "B10-4")
@pytest.mark.parametrize("attempts", [1, 2])
async def test_when_the_line_is_lost_each_slot_is_tried_in_turn_and_the_other_csms_hears_a_boot(attempts):
    variables = {("OCPPCommCtrlr", "NetworkProfileConnectionAttempts"): attempts}
    async with scene(Version.V201, profile=OWN, prepare=at_home, variables=variables) as (station, csms, clock):
        await csms.ask("SetNetworkProfile", away())
        await prefer(csms, "1,2")
        await csms.ask("Reset", {"type": "Immediate"})
        await clock.advance(10)
        await station.plug_in(1, Vehicle())
        await clock.until(station.present(DRIVER, 1))
        await clock.advance(60)
        csms.tried.clear()
        csms.ways = {AWAY}
        csms.cut()
        await clock.until(station.unplug(1))
        await clock.advance(600)
        assert [one.url for one in csms.tried] == [HOME] * attempts + [AWAY]
        assert [one["reason"] for one in csms.of("BootNotification")] == ["PowerUp", "RemoteReset", "Unknown"]
        assert len(outcome(csms)) == 1
        assert station.online


@requirement("B10-3")
async def test_where_no_slot_of_the_priority_leads_anywhere_the_last_good_one_is_tried_and_then_all_again():
    async with scene(Version.V21, profile=OWN, prepare=at_home) as (station, csms, clock):
        await csms.ask("SetNetworkProfile", away())
        await prefer(csms, "2")
        csms.tried.clear()
        csms.ways = set()
        await csms.ask("Reset", {"type": "Immediate"})
        await clock.advance(3600)
        turns = [one.url for one in csms.tried]
        assert len(turns) > 30
        assert turns == ([AWAY] * 3 + [HOME] * 3) * (len(turns) // 6) + ([AWAY] * 3 + [HOME] * 3)[: len(turns) % 6]
        csms.ways = {HOME}
        await clock.advance(600)
        assert station.online
        assert station.network_profile == 1
        assert csms.of("BootNotification")[-1]["reason"] == "RemoteReset"


@requirement("B10-3")
async def test_a_station_that_knows_one_way_takes_it_by_every_profile():
    async with scene(Version.V201) as (station, csms, clock):
        await csms.ask("SetNetworkProfile", away())
        await prefer(csms, "2,1")
        await csms.ask("Reset", {"type": "Immediate"})
        await clock.advance(10)
        assert station.online
        assert station.network_profile == 2


@requirement("B09.FR.27")
async def test_a_station_that_knows_one_way_does_not_take_a_password_it_would_not_use():
    async with scene(Version.V21) as (_, csms, _clock):
        assert await put(csms, "SecurityCtrlr", "BasicAuthPassword", "0" * 20) == ("UnknownVariable", None)


@requirement("B09-8", "B10-4")
@pytest.mark.parametrize("version", TWO)
async def test_our_csms_moves_it_to_another_profile(version):
    async with house() as home, asyncio.timeout(60):
        station = await home.station("CP1", version, profile=OWN)
        life = asyncio.create_task(station.run())
        await home.clock.advance(60)
        known = await home.store.stations.by_identity(DEFAULT_ORGANISATION, "CP1")
        assert (await home.clock.until(home.csms.reports.report(known))).complete
        profile = v2.NetworkConnectionProfile(
            ocpp_interface=v2.OCPPInterface.WIRED0,
            ocpp_transport=v2.OCPPTransport.JSON,
            message_timeout=30,
            ocpp_csms_url=AWAY,
            security_profile=1,
        )
        move = await home.clock.until(home.csms.network_profiles.change(known, profile, "operator"))
        assert (move.slot, move.ready) == (2, True)
        assert (move.steps[0].what == "SetNetworkProfile 2") is (version is Version.V201)
        await home.clock.until(station.reboot())
        await home.clock.advance(120)
        assert (station.online, station.network_profile) == (True, 2)
        station.stop()
        await life
