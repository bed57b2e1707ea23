"""What a station in software does with its variables (B05-B08), asked by a CSMS typed by hand."""

from __future__ import annotations

from typing import Any

import pytest
from tests.unit.station.scripted import SILENCE, TWO, scene

from amperanto.conformance.requirements import requirement
from amperanto.ocpp import Version, v2
from amperanto.station.controllers import Address, Variable

PASSWORD = Variable(
    address=Address("SecurityCtrlr", "BasicAuthPassword"), value="hidden", mutability=v2.Mutability.WRITE_ONLY
)


def place(component: str, variable: str, **more: Any) -> dict[str, Any]:
    return {"component": {"name": component}, "variable": {"name": variable, **more}}


async def set_one(csms: Any, component: str, variable: str, value: str, **more: Any) -> dict[str, Any]:
    line = {**place(component, variable), "attributeValue": value, **more}
    return (await csms.ask("SetVariables", {"setVariableData": [line]}))["setVariableResult"][0]


@pytest.mark.parametrize("version", TWO)
async def test_names_are_compared_without_case_and_answered_as_asked(version: Version) -> None:
    """B05, B06: identifiers have no case."""
    async with scene(version) as (station, csms, _):
        result = await set_one(csms, "txctrlr", "EVCONNECTIONTIMEOUT", "90")
        assert (result["attributeStatus"], result["component"]) == ("Accepted", {"name": "txctrlr"})
        assert station.context.variables.number("TxCtrlr", "EVConnectionTimeOut") == 90
        limit = place("devicedatactrlr", "itemsPerMessage", instance="getreport")
        read = await csms.ask("GetVariables", {"getVariableData": [limit]})
        assert read["getVariableResult"][0]["attributeStatus"] == "Accepted"


@requirement("B05.FR.09", "B05-3")
@pytest.mark.parametrize("version", TWO)
@pytest.mark.parametrize(
    ("component", "variable", "value", "more", "status", "reason"),
    [
        ("Nonsense", "X", "1", {}, "UnknownComponent", None),
        ("TxCtrlr", "Nonsense", "1", {}, "UnknownVariable", None),
        ("TxCtrlr", "EVConnectionTimeOut", "1", {"attributeType": "Target"}, "NotSupportedAttributeType", None),
        ("ChargingStation", "Model", "X", {}, "Rejected", "ReadOnly"),
        ("TxCtrlr", "EVConnectionTimeOut", "soon", {}, "Rejected", "InvalidValue"),
        ("TxCtrlr", "EVConnectionTimeOut", "-1", {}, "Rejected", "InvalidValue"),
    ],
)
async def test_what_cannot_be_set_is_refused_for_its_reason(
    component: str, variable: str, value: str, more: Any, status: str, reason: str | None, version: Version
) -> None:
    """B05.FR.09: a value that cannot be honoured is refused, not stored."""
    async with scene(version) as (station, csms, _):
        result = await set_one(csms, component, variable, value, **more)
        assert result["attributeStatus"] == status
        assert result.get("attributeStatusInfo", {}).get("reasonCode") == reason
        assert station.context.variables.number("TxCtrlr", "EVConnectionTimeOut") == 60


@requirement("B06-2", "B07-7")
@pytest.mark.parametrize("version", TWO)
async def test_a_write_only_variable_is_set_and_never_told(version: Version) -> None:
    """B06: write-only is Rejected; B07: its value is left out of reports."""
    async with scene(version) as (station, csms, clock):
        station.context.variables.declare(PASSWORD)
        assert (await set_one(csms, "SecurityCtrlr", "BasicAuthPassword", "0" * 20))["attributeStatus"] == "Accepted"
        asked = [place("SecurityCtrlr", "BasicAuthPassword")]
        (read,) = (await csms.ask("GetVariables", {"getVariableData": asked}))["getVariableResult"]
        assert (read["attributeStatus"], read["attributeStatusInfo"]["reasonCode"]) == ("Rejected", "WriteOnly")
        await csms.ask("GetBaseReport", {"requestId": 1, "reportBase": "ConfigurationInventory"})
        await clock.advance(1)
        lines = [one for part in csms.of("NotifyReport") for one in part["reportData"]]
        told = [one for one in lines if one["variable"]["name"] == "BasicAuthPassword"]
        profiles = {"NetworkConfiguration"} if version is Version.V21 else set[str]()
        assert {one["component"]["name"] for one in told} == {"SecurityCtrlr"} | profiles
        assert all(one["variableAttribute"] == [{"mutability": "WriteOnly"}] for one in told)


@requirement("B06-4")
@pytest.mark.parametrize("version", TWO)
@pytest.mark.parametrize("action", ["GetVariables", "SetVariables", "GetReport"])
async def test_more_lines_than_the_station_takes_are_refused(action: str, version: Version) -> None:
    """messages.md §2: larger than ItemsPerMessage is OccurrenceConstraintViolation."""
    async with scene(version) as (_, csms, _clock):
        line = place("TxCtrlr", "EVConnectionTimeOut")
        many = {
            "GetVariables": {"getVariableData": [line] * 51},
            "SetVariables": {"setVariableData": [{**line, "attributeValue": "1"}] * 51},
            "GetReport": {"requestId": 1, "componentVariable": [line] * 51},
        }[action]
        assert await csms.ask(action, many) == "OccurrenceConstraintViolation"


@requirement("B07-6")
@pytest.mark.parametrize("version", TWO)
async def test_one_report_at_a_time(version: Version) -> None:
    """B07: Rejected while another report is being told."""
    async with scene(version, impatient=True) as (_, csms, clock):

        async def base(request: int) -> Any:
            return await csms.ask("GetBaseReport", {"requestId": request, "reportBase": "FullInventory"})

        csms.answers["NotifyReport"] = SILENCE
        assert await base(1) == {"status": "Accepted"}
        assert await base(2) == {"status": "Rejected"}
        chosen = {"requestId": 3, "componentVariable": [{"component": {"name": "TxCtrlr"}}]}
        assert await csms.ask("GetReport", chosen) == {"status": "Rejected"}
        csms.answers["NotifyReport"] = {}
        await clock.advance(120)
        assert await base(4) == {"status": "Accepted"}


async def test_a_report_of_a_variable_names_all_its_instances_unless_one_is_named() -> None:
    """B08.FR.20-25: what is left out means any."""
    async with scene(Version.V21) as (_, csms, clock):

        async def instances(**named: Any) -> list[str]:
            csms.heard.clear()
            wanted = [place("DeviceDataCtrlr", "itemspermessage", **named)]
            assert (await csms.ask("GetReport", {"requestId": 1, "componentVariable": wanted}))["status"] == "Accepted"
            await clock.advance(1)
            return sorted(
                one["variable"].get("instance") for part in csms.of("NotifyReport") for one in part["reportData"]
            )

        assert await instances() == ["GetReport", "GetVariables", "SetVariables"]
        assert await instances(instance="getreport") == ["GetReport"]
