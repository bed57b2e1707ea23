"""Variables, what waits for a station, templates and drift, through the API; with a station that speaks by hand."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx2
import pytest

from amperanto import app
from amperanto.settings import in_memory

from .conftest import House
from .test_served import PASSWORD, Place, boot, place, receive  # noqa: F401 - a fixture

HEARTBEAT = {"name": "OCPPCommCtrlr.HeartbeatInterval", "value": "60"}
PARTS = {"component": "OCPPCommCtrlr", "variable": "HeartbeatInterval", "value": "60"}


@asynccontextmanager
async def answering(place: Place, version: str, answers: dict[str, Any]) -> AsyncIterator[list[Any]]:  # noqa: F811
    """A booted station that answers by action; what it heard."""
    heard: list[Any] = []
    async with place.connect(version=version) as socket:
        await boot(socket)

        async def answer() -> None:
            async for text in socket:
                frame = json.loads(text)
                if frame[0] == 2:
                    heard.append(frame[2:])
                    said = answers[frame[2]]
                    said = said(frame[3]) if callable(said) else said
                    await socket.send(json.dumps([3, frame[1], said]))
                    for number, call in enumerate(answers.get(f"after {frame[2]}", [])):
                        told = call["payload"](frame[3])
                        await socket.send(json.dumps([2, f"n{number}", call["action"], told]))

        running = asyncio.create_task(answer())
        yield heard
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)


def report(request: Any) -> dict[str, Any]:
    line = {
        "component": {"name": "EVSE", "evse": {"id": 1}},
        "variable": {"name": "Power"},
        "variableAttribute": [{"value": "11000", "mutability": "ReadOnly"}],
        "variableCharacteristics": {"dataType": "decimal", "unit": "W", "maxLimit": 22000, "supportsMonitoring": False},
    }
    return {"requestId": request["requestId"], "generatedAt": "2026-05-01T12:00:00Z", "seqNo": 0, "reportData": [line]}


async def test_a_report_is_asked_for_and_its_variables_are_listed(place: Place) -> None:  # noqa: F811
    told = {
        "GetBaseReport": {"status": "Accepted"},
        "after GetBaseReport": [{"action": "NotifyReport", "payload": report}],
    }
    async with answering(place, "2.0.1", told):
        answer = await place.call("POST", "/stations/CP1/variables/report", json={})
        assert (answer.status_code, answer.json()["complete"], answer.json()["variables"]) == (200, True, 1)
        page = (await place.call("GET", "/stations/CP1/variables?contains=evse.pow")).json()
        (one,) = page["items"]
        assert (one["name"], one["evse"], one["value"], one["unit"]) == ("EVSE@1.Power", 1, "11000", "W")
        assert (one["mutability"], one["max_limit"], one["reboot_required"]) == ("ReadOnly", 22000, False)


async def test_a_report_that_never_comes_says_so_in_time(place: Place) -> None:  # noqa: F811
    async with answering(place, "2.1", {"GetBaseReport": {"status": "Accepted"}}):
        answer = await place.call("POST", "/stations/CP1/variables/report?timeout=0.05", json={})
        assert (answer.status_code, answer.json()["status"], answer.json()["complete"]) == (200, "NoAnswer", False)


async def test_values_are_set_and_read_back(place: Place) -> None:  # noqa: F811
    answers = {
        "GetConfiguration": {"configurationKey": [{"key": "HeartbeatInterval", "readonly": False, "value": "60"}]},
        "ChangeConfiguration": lambda asked: {"status": "Accepted" if "Heart" in asked["key"] else "Rejected"},
    }
    async with answering(place, "1.6", answers):
        values = [PARTS, {"name": "ConfigurationKeys.Vendor.Key", "value": "on"}]
        answer = await place.call("PUT", "/stations/CP1/variables", json={"values": values})
        assert [(one["name"], one["status"], one["read"], one["confirmed"]) for one in answer.json()["items"]] == [
            ("OCPPCommCtrlr.HeartbeatInterval", "Accepted", "60", True),
            ("ConfigurationKeys.Vendor.Key", "Rejected", None, None),
        ]
        page = (await place.call("GET", "/stations/CP1/variables?contains=Heart")).json()
        assert (page["items"][0]["value"], page["items"][0]["source"]) == ("60", "set")
        assert page["items"][0]["by"] == "administrator"


@pytest.fixture
async def offline(house: House) -> House:
    await house.call("POST", "/api/v1/stations", json={"identity": "CP1"})
    return house


async def put(house: House, *values: Any, **more: Any) -> Any:
    return await house.call("PUT", "/api/v1/stations/CP1/variables", json={"values": list(values), **more})


async def test_what_cannot_be_sent_waits_and_can_be_withdrawn(offline: House) -> None:
    (made,) = (await put(offline, HEARTBEAT)).json()["items"]
    assert made["status"] == "Waiting"
    again = (await put(offline, {**PARTS, "value": "70"})).json()["items"][0]
    page = (await offline.call("GET", "/api/v1/stations/CP1/variables/wanted")).json()
    assert [(one["id"], one["state"], one["value"]) for one in page["items"]] == [
        (again["wish"], "Waiting", "70"),
        (made["wish"], "Replaced", "60"),
    ]
    path = f"/api/v1/stations/CP1/variables/wanted/{again['wish']}"
    assert (await offline.call("DELETE", path)).status_code == 204
    refused = await offline.call("DELETE", path)
    assert (refused.status_code, refused.json()["code"]) == (404, "unknown_wish")


async def test_a_secret_does_not_wait(offline: House) -> None:
    secret = {"name": "SecurityCtrlr.BasicAuthPassword", "value": "0123456789abcdef"}
    answer = await put(offline, secret)
    assert (answer.status_code, answer.json()["code"]) == (409, "secret_not_kept")
    assert "0123456789abcdef" not in answer.text


BAD = [
    ([HEARTBEAT, PARTS], "values[1]"),
    ([{"value": "1"}], "values[0]"),
    ([{"name": "Nonsense", "value": "1"}], "values[0].name"),
    ([{**HEARTBEAT, "component": "X"}], "values[0]"),
    ([{**PARTS, "connector": 1}], "values[0].connector"),
    ([{**PARTS, "attribute": "Nonsense"}], "values[0].attribute"),
    ([{"name": "A.B", "value": 3}], "values[0].value"),
    ([], "values"),
]


@pytest.mark.parametrize(("values", "field"), BAD)
async def test_a_badly_named_variable_is_told_by_its_field(offline: House, values: list[Any], field: str) -> None:
    """B05.FR.13: no attribute twice in one request."""
    answer = await put(offline, *values)
    assert (answer.status_code, answer.json()["code"], answer.json()["field"]) == (400, "bad_field", field)


@pytest.mark.parametrize("when", ["2020-01-01T00:00:00Z", "9999-01-01T00:00:00Z"])
async def test_a_wish_ends_in_time_to_come(offline: House, when: str) -> None:
    answer = await put(offline, HEARTBEAT, expires_at=when)
    assert (answer.status_code, answer.json()["field"]) == (400, "expires_at")


async def test_a_template_is_written_compared_and_removed(offline: House) -> None:
    path, body = "/api/v1/templates/depot%20north", {"name": "Depot North", "values": [HEARTBEAT]}
    made = await offline.call("POST", "/api/v1/templates", json=body)
    assert (made.status_code, made.json()["name"], made.json()["changed_by"]) == (201, "Depot North", "administrator")
    twice = await offline.call("POST", "/api/v1/templates", json={**body, "name": "DEPOT NORTH"})
    assert (twice.status_code, twice.json()["code"]) == (409, "exists")
    changed = await offline.call("PUT", path, json={"values": [{**PARTS, "value": "90"}]})
    assert (changed.json()["name"], changed.json()["values"][0]["value"]) == ("Depot North", "90")
    listed = (await offline.call("GET", "/api/v1/templates")).json()["items"]
    assert [one["name"] for one in listed] == ["Depot North"]
    drift = (await offline.call("GET", "/api/v1/stations/CP1/drift?template=depot%20north")).json()
    assert (drift["in_step"], drift["items"][0]["difference"]) == (False, "unknown")
    assert (await offline.call("DELETE", path)).status_code == 204
    gone = await offline.call("GET", "/api/v1/stations/CP1/drift?template=x")
    assert (gone.status_code, gone.json()["code"]) == (404, "unknown_template")


async def test_another_organisation_sees_and_changes_nothing_of_it(offline: House) -> None:
    await offline.call("POST", "/api/v1/templates", json={"name": "T", "values": [HEARTBEAT]})
    key = await offline.another_organisation()
    for method, path in (
        ("GET", "/stations/CP1/variables"),
        ("GET", "/stations/CP1/variables/wanted"),
        ("GET", "/stations/CP1/variables/changes"),
        ("GET", "/templates/T"),
        ("DELETE", "/templates/T"),
    ):
        assert (await offline.call(method, f"/api/v1{path}", key=key)).status_code == 404, path
    assert (await offline.call("GET", "/api/v1/templates", key=key)).json()["items"] == []


async def test_a_report_of_a_station_that_is_not_there_is_told_so(offline: House) -> None:
    answer = await offline.call("POST", "/api/v1/stations/CP1/variables/report", json={})
    assert (answer.status_code, answer.json()["code"]) == (409, "station_offline")
    both = {"base": "FullInventory", "variables": [{"component": "TxCtrlr"}]}
    answer = await offline.call("POST", "/api/v1/stations/CP1/variables/report", json=both)
    assert (answer.status_code, answer.json()["field"]) == (400, "base")


class QuickClock(app.SystemClock):
    """A clock on which nobody waits long, and time goes a hundred times as fast."""

    def monotonic(self) -> float:
        return super().monotonic() * 100

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(seconds / 100)


async def test_a_node_gives_a_station_that_comes_back_what_waits_for_it(tmp_path: Path) -> None:
    node = await app.start(in_memory(data=tmp_path), clock=QuickClock())
    address, headers = f"http://127.0.0.1:{node.http_port}", {"authorization": f"Bearer {node.admin_key}"}
    async with asyncio.timeout(10), httpx2.AsyncClient(base_url=address, headers=headers) as client:
        at = Place(node, client)
        await at.call("POST", "/stations", json={"identity": "CP1", "password": PASSWORD})
        await at.call("PUT", "/stations/CP1/variables", json={"values": [HEARTBEAT]})
        async with at.connect() as socket:
            await boot(socket)
            heard = await receive(socket)
            assert heard[2:] == ["GetConfiguration", {}]  # what it has is asked for first
            await socket.send(json.dumps([3, heard[1], {}]))
            heard = await receive(socket)
            assert heard[2:] == ["ChangeConfiguration", {"key": "HeartbeatInterval", "value": "60"}]
    await node.stop()
