"""Starting and stopping over REST, with our station in software at the other end, in every version."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx2
import pytest

from amperanto import app
from amperanto.conformance.requirements import requirement
from amperanto.ocpp import Version
from amperanto.settings import in_memory
from amperanto.station import Station, Vehicle
from amperanto.transport import websocket

from .conftest import House

ALL = list(Version)


class Place:
    """A running node with one station that need not say a password, and a client with the administrator's key."""

    def __init__(self, node: app.Node, client: httpx2.AsyncClient) -> None:
        self.node = node
        self.client = client

    async def call(self, method: str, path: str, **rest: Any) -> Any:
        async with asyncio.timeout(10):
            answer = await self.client.request(method, f"/api/v1{path}", **rest)
        return answer.json() | {"http": answer.status_code}

    @asynccontextmanager
    async def station(self, version: Version, **options: Any) -> AsyncIterator[Station]:
        url = f"ws://127.0.0.1:{self.node.ocpp_port}/CP1"
        station = Station("CP1", version, connect=lambda: websocket.connect(url, version), **options)
        running = asyncio.create_task(station.run())
        async with asyncio.timeout(10):
            await station.ready()
        yield station
        station.stop()
        await running


@pytest.fixture
async def place(tmp_path: Path) -> AsyncIterator[Place]:
    node = await app.start(in_memory(data=tmp_path))
    headers = {"authorization": f"Bearer {node.admin_key}"}
    async with httpx2.AsyncClient(base_url=f"http://127.0.0.1:{node.http_port}", headers=headers) as client:
        place = Place(node, client)
        await place.call("POST", "/stations", json={"identity": "CP1", "security_profile": 0})
        await place.call("POST", "/tokens", json={"uid": "CAFE", "type": "Central"})
        yield place
    async with asyncio.timeout(5):
        await node.stop()


@requirement("F01-5", "F03-4", "1.6:RemoteStartTransaction-5")
@pytest.mark.parametrize("version", ALL)
async def test_a_car_is_started_and_stopped_from_afar_and_each_says_what_came_of_it(place: Place, version: Version):
    async with place.station(version) as station:
        await station.plug_in(1, Vehicle())
        started = await place.call("POST", "/remote-starts?wait=5", json={"station": "CP1", "token": "CAFE", "evse": 1})
        assert (started["http"], started["state"], started["asked_by"]) == (201, "Started", "administrator")
        transaction = await place.call("GET", f"/transactions/{started['transaction']}")
        assert (transaction["state"], transaction["remote_start"]) == ("Open", started["number"])
        stopped = await place.call("POST", f"/transactions/{transaction['id']}/stop?wait=5")
        assert (stopped["http"], stopped["state"], stopped["answer"]) == (200, "Ended", "Accepted")
        again = await place.call("POST", f"/transactions/{transaction['id']}/stop")
        assert (again["http"], again["code"]) == (409, "transaction_over")


@pytest.mark.parametrize("version", ALL)
async def test_a_refusal_is_data(place: Place, version: Version):
    async with place.station(version):
        told = await place.call("POST", "/remote-starts?wait=5", json={"station": "CP1", "token": "CAFE", "evse": 7})
        assert (told["http"], told["state"], told["answer"]) == (201, "Refused", "Rejected")
        kept = await place.call("GET", f"/remote-starts/{told['id']}")
        assert kept == told | {"http": 200}
        assert [one["id"] for one in (await place.call("GET", "/remote-starts?station=CP1"))["items"]] == [told["id"]]
        assert (await place.call("GET", "/remote-starts?state=Started"))["items"] == []


async def test_a_station_that_is_not_connected_is_said_to_be_so(place: Place):
    told = await place.call("POST", "/remote-starts", json={"station": "CP1", "token": "CAFE"})
    assert (told["state"], told["failure"], told["sent_at"]) == ("Failed", "offline", None)


@requirement("F01-3")
@pytest.mark.parametrize("version", ALL)
async def test_a_profile_goes_along_and_one_that_cannot_is_told(place: Place, version: Version):
    profile = {
        "id": 1, "stackLevel": 0, "chargingProfilePurpose": "TxProfile", "chargingProfileKind": "Relative",
        "chargingSchedule": [
            {"id": 1, "chargingRateUnit": "A", "chargingSchedulePeriod": [{"startPeriod": 0, "limit": 10.0}]}
        ],
    }  # fmt: skip
    wish = {"station": "CP1", "token": "CAFE", "charging_profile": profile}
    async with place.station(version) as station:
        await station.plug_in(1, Vehicle())
        assert (await place.call("POST", "/remote-starts?wait=5", json=wish))["state"] == "Started"
    wish["charging_profile"] = profile | {"chargingProfilePurpose": "TxDefaultProfile"}
    refused = await place.call("POST", "/remote-starts", json=wish)
    assert (refused["http"], refused["code"]) == (400, "wrong_profile")
    wish["charging_profile"] = {"id": 1}
    refused = await place.call("POST", "/remote-starts", json=wish)
    assert (refused["http"], refused["field"]) == (400, "charging_profile")


@pytest.mark.parametrize("version", ALL)
async def test_a_message_is_asked_for(place: Place, version: Version):
    async with place.station(version):
        told = await place.call("POST", "/stations/CP1/trigger", json={"message": "StatusNotification"})
        assert (told["http"], told["status"], told["asked"]) == (200, "Accepted", [])
        refused = await place.call("POST", "/stations/CP1/trigger", json={"message": "BootNotification"})
        assert (refused["http"], refused["code"]) == (409, "trigger_not_allowed")


async def test_a_connector_needs_its_evse(house: House):
    await house.call("POST", "/api/v1/stations", json={"identity": "CP1", "security_profile": 0})
    body = {"message": "Heartbeat", "connector": 1}
    answer = await house.call("POST", "/api/v1/stations/CP1/trigger", json=body)
    assert (answer.status_code, answer.json()["field"]) == (400, "connector")
