"""The API of a running node: real sockets, a station at the other end that speaks by hand."""

import asyncio
import base64
import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

import httpx2
import pytest
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed

from amperanto import app
from amperanto.settings import in_memory

PASSWORD = "0123456789abcdef"
RESET = {"type": "OnIdle"}


class Place:
    """A running node, a client with the administrator's key, and stations."""

    def __init__(self, node: app.Node, client: httpx2.AsyncClient) -> None:
        self.node = node
        self.client = client

    async def call(self, method: str, path: str, **rest: Any) -> httpx2.Response:
        async with asyncio.timeout(5):
            return await self.client.request(method, f"/api/v1{path}", **rest)

    def connect(self, identity: str = "CP1", version: str = "1.6", password: str = PASSWORD) -> connect:
        secret = base64.b64encode(f"{identity}:{password}".encode()).decode()
        return connect(
            f"ws://127.0.0.1:{self.node.ocpp_port}/{quote(identity, safe='')}",
            subprotocols=[f"ocpp{version}"],  # type: ignore[list-item]
            additional_headers={"Authorization": f"Basic {secret}"},
        )


@pytest.fixture
async def place(tmp_path: Path) -> AsyncIterator[Place]:
    node = await app.start(in_memory(data=tmp_path, call_queue=2))
    async with httpx2.AsyncClient(
        base_url=f"http://127.0.0.1:{node.http_port}", headers={"authorization": f"Bearer {node.admin_key}"}
    ) as client:
        place = Place(node, client)
        made = await place.call("POST", "/stations", json={"identity": "CP1", "password": PASSWORD})
        assert made.status_code == 201
        yield place
    async with asyncio.timeout(5):
        await node.stop()


async def receive(socket: ClientConnection) -> Any:
    async with asyncio.timeout(5):
        return json.loads(await socket.recv())


async def boot(socket: ClientConnection) -> Any:
    vendor = {"chargePointVendor": "ACME", "chargePointModel": "One"}
    if socket.subprotocol != "ocpp1.6":
        vendor = {"reason": "PowerUp", "chargingStation": {"vendorName": "ACME", "model": "One"}}  # type: ignore[dict-item]
    await socket.send(json.dumps([2, "boot", "BootNotification", vendor]))
    return await receive(socket)


async def answered(place: Place, socket: ClientConnection, path: str, body: Any, answer: list[Any]) -> tuple[Any, Any]:
    """Ask the station through the API and let it answer; returns what it heard and what the API said."""
    asking = asyncio.create_task(place.call("POST", path, json=body))
    heard = await receive(socket)
    await socket.send(json.dumps([answer[0], heard[1], *answer[1:]]))
    return heard, await asking


async def test_a_command_is_translated_and_the_answer_comes_back(place: Place) -> None:
    async with place.connect() as socket:
        await boot(socket)
        heard, answer = await answered(place, socket, "/stations/CP1/ocpp/Reset", RESET, [3, {"status": "Accepted"}])
        assert heard[2:] == ["Reset", {"type": "Soft"}]
        assert (answer.status_code, answer.json()) == (200, {"status": "Accepted"})


@pytest.mark.parametrize("version", ["2.0.1", "2.1"])
async def test_a_command_goes_to_every_version(place: Place, version: str) -> None:
    async with place.connect(version=version) as socket:
        await boot(socket)
        body = {
            "getVariableData": [{"component": {"name": "OCPPCommCtrlr"}, "variable": {"name": "HeartbeatInterval"}}]
        }
        told = {
            "getVariableResult": [{**body["getVariableData"][0], "attributeStatus": "Accepted", "attributeValue": "9"}]
        }
        heard, answer = await answered(place, socket, "/stations/CP1/ocpp/GetVariables", body, [3, told])
        assert heard[2:] == ["GetVariables", body]
        assert answer.json() == told


async def test_rejected_is_data(place: Place) -> None:
    async with place.connect() as socket:
        await boot(socket)
        _, answer = await answered(place, socket, "/stations/CP1/ocpp/Reset", RESET, [3, {"status": "Rejected"}])
        assert (answer.status_code, answer.json()) == (200, {"status": "Rejected"})


async def test_a_callerror_is_told_with_code_description_and_details(place: Place) -> None:
    async with place.connect() as socket:
        await boot(socket)
        error = [4, "NotSupported", "no reset here", {"hint": "use the switch"}]
        _, answer = await answered(place, socket, "/stations/CP1/ocpp/Reset", RESET, error)
        problem = answer.json()
        assert (answer.status_code, problem["code"]) == (502, "station_refused")
        assert (problem["ocpp_code"], problem["ocpp_description"]) == ("NotSupported", "no reset here")
        assert problem["ocpp_details"] == {"hint": "use the switch"}


async def test_a_station_that_does_not_answer_is_told_so_in_time(place: Place) -> None:
    async with place.connect() as socket:
        await boot(socket)
        answer = await place.call("POST", "/stations/CP1/ocpp/Reset?timeout=0.05", json=RESET)
        assert (answer.status_code, answer.json()["code"]) == (504, "no_answer")


async def test_what_a_version_cannot_say_is_not_spoken(place: Place) -> None:
    async with place.connect() as socket:
        await boot(socket)
        answer = await place.call("POST", "/stations/CP1/ocpp/GetTransactionStatus", json={})
        assert (answer.status_code, answer.json()["code"]) == (409, "not_spoken")


async def test_too_many_waiting_commands_are_refused(place: Place) -> None:
    async with place.connect() as socket:
        await boot(socket)
        waiting = [
            asyncio.create_task(place.call("POST", "/stations/CP1/ocpp/ClearCache?timeout=0.2", json={}))
            for _ in range(10)
        ]
        codes = {(await one).json()["code"] for one in waiting}
        assert codes == {"queue_full", "no_answer"}


async def test_raw_takes_and_returns_the_stations_own_words(place: Place) -> None:
    async with place.connect() as socket:
        await boot(socket)
        told = {"configurationKey": [{"key": "X", "readonly": False}], "vendorExtra": 1}
        heard, answer = await answered(place, socket, "/stations/CP1/raw/GetConfiguration", {"key": ["X"]}, [3, told])
        assert heard[2:] == ["GetConfiguration", {"key": ["X"]}]
        assert (answer.status_code, answer.json()) == (200, told)


async def test_raw_sends_what_it_is_given_and_returns_the_answer_as_it_came(place: Place) -> None:
    asked = b'{"key": ["X"], "vendorOnly": {"rate": 0.10, "big": 123456789012345678901234567890}}'
    told = '{"status":"Odd", "vendorOnly":{"rate":1.50,"big":98765432109876543210}}'
    async with place.connect() as socket:
        await boot(socket)
        asking = asyncio.create_task(place.call("POST", "/stations/CP1/raw/GetConfiguration", content=asked))
        async with asyncio.timeout(5):
            heard = await socket.recv()
        assert str(heard).endswith(f'"GetConfiguration",{asked.decode().replace(" ", "")}]')
        await socket.send(f'[3,"{json.loads(heard)[1]}",{told}]')
        answer = await asking
        assert (answer.status_code, answer.text) == (200, told)
        logged = (await place.call("GET", "/messages?station=CP1&action=GetConfiguration")).json()["items"]
        assert [(one["direction"], one["result"]) for one in logged] == [("in", "ok"), ("out", "ok")]


DEEP = b'{"a":' * 65 + b"1" + b"}" * 65
NOT_SENT = [
    ("Nothing", b"{}", 404, "unknown_action"),
    ("getConfiguration", b"{}", 404, "unknown_action"),
    ("SetVariables", b"{}", 404, "unknown_action"),
    ("BootNotification", b"{}", 404, "unknown_action"),
    ("Reset", b"[]", 400, "bad_json"),
    ("Reset", b"{", 400, "bad_json"),
    ("Reset", b'{"type":"Hard","type":"Soft"}', 400, "bad_json"),
    ("Reset", b'{"a":{"b":1,"b":2}}', 400, "bad_json"),
    ("Reset", DEEP, 400, "bad_json"),
    ("Reset", b'{"a":NaN}', 400, "bad_json"),
    ("Reset", b'{"a":"\\ud800"}', 400, "bad_json"),
    ("Reset", b'{"a":"' + b"x" * 65_536 + b'"}', 413, "too_large"),
]


async def test_what_is_no_raw_request_never_reaches_the_station(place: Place) -> None:
    async with place.connect() as socket:
        await boot(socket)
        for action, body, status, code in NOT_SENT:
            answer = await place.call("POST", f"/stations/CP1/raw/{action}", content=body)
            assert (answer.status_code, answer.json()["code"]) == (status, code), (action, body[:40], answer.text)
        heard, answer = await answered(place, socket, "/stations/CP1/raw/ClearCache", {}, [3, {"status": "Accepted"}])
        assert heard[2] == "ClearCache"


async def test_a_raw_request_may_be_refused_by_the_station_or_answered_with_nonsense(place: Place) -> None:
    async with place.connect() as socket:
        await boot(socket)
        path = "/stations/CP1/raw/ClearCache"
        _, refused = await answered(place, socket, path, {}, [4, "NotSupported", "no cache", {}])
        assert (refused.status_code, refused.json()["ocpp_code"]) == (502, "NotSupported")
        asking = asyncio.create_task(place.call("POST", path, json={}))
        heard = await receive(socket)
        await socket.send(f'[3,"{heard[1]}",{{"status":"Accepted","status":"Rejected"}}]')
        assert (await asking).json()["code"] == "station_refused"


async def test_a_remote_start_is_remembered_before_it_is_sent(place: Place) -> None:
    await place.call("POST", "/tokens", json={"uid": "TAG", "type": "Local"})
    async with place.connect() as socket:
        await boot(socket)
        body = {"idToken": {"idToken": "TAG", "type": "Local"}, "remoteStartId": 4711, "evseId": 1}
        asking = asyncio.create_task(place.call("POST", "/stations/CP1/ocpp/RequestStartTransaction", json=body))
        heard = await receive(socket)
        assert heard[2] == "RemoteStartTransaction"
        start = {"connectorId": 1, "idTag": "TAG", "meterStart": 0, "timestamp": "2026-11-23T12:00:00Z"}
        await socket.send(json.dumps([2, "start", "StartTransaction", start]))
        assert (await receive(socket))[0] == 3
        await socket.send(json.dumps([3, heard[1], {"status": "Accepted"}]))
        assert (await asking).json()["status"] == "Accepted"
        [transaction] = (await place.call("GET", "/transactions")).json()["items"]
        assert transaction["remote_start"] == 4711


async def test_a_connected_station_is_online_with_its_version_and_hardware(place: Place) -> None:
    async with place.connect(version="2.0.1") as socket:
        await boot(socket)
        station = (await place.call("GET", "/stations/CP1")).json()
        assert (station["online"], station["ocpp_version"], station["remote"]) == (True, "2.0.1", "127.0.0.1")
        assert (station["hardware"]["vendor"], station["hardware"]["model"]) == ("ACME", "One")
        [connection] = (await place.call("GET", "/stations/CP1/connections")).json()["items"]
        assert connection["to"] is None
        metrics = (await place.client.get("/metrics")).text
        assert 'amperanto_stations_connected{version="2.0.1"} 1.0' in metrics


@pytest.mark.parametrize("change", [{"registration": "Rejected"}, {"password": "another-password"}, None])
async def test_a_station_that_lost_its_right_is_disconnected(place: Place, change: Any) -> None:
    async with place.connect() as socket:
        await boot(socket)
        if change is None:
            await place.call("DELETE", "/stations/CP1")
        else:
            await place.call("PATCH", "/stations/CP1", json=change)
        with pytest.raises(ConnectionClosed) as closed:
            await receive(socket)
        assert closed.value.rcvd is not None
        assert closed.value.rcvd.code == 1008


async def test_a_change_reaches_a_living_connection(place: Place) -> None:
    async with place.connect() as socket:
        await boot(socket)
        await place.call("PATCH", "/stations/CP1", json={"interval": 77, "registration": "Pending"})
        assert (await boot(socket))[2]["interval"] == 77
        assert (await place.call("GET", "/stations/CP1")).json()["admitted"] == "Pending"


async def test_an_unknown_station_is_in_the_inbox_and_accepted_with_one_call(place: Place) -> None:
    with pytest.raises(Exception, match="401"):
        async with place.connect("NEW/1"):
            pass
    [caller] = (await place.call("GET", "/inbox")).json()["items"]
    assert (caller["identity"], caller["tries"], caller["subprotocols"]) == ("NEW/1", 1, ["ocpp1.6"])
    accepted = await place.call("POST", "/inbox/new%2F1/accept", json={"password": PASSWORD})
    assert (accepted.status_code, accepted.json()["identity"]) == (201, "NEW/1")
    assert (await place.call("GET", "/inbox")).json()["items"] == []
    assert (await place.call("POST", "/inbox/new%2F1/accept")).status_code == 404


async def test_acceptance_without_a_body_makes_a_password(place: Place) -> None:
    with pytest.raises(Exception, match="401"):
        async with place.connect("NEW"):
            pass
    password = (await place.call("POST", "/inbox/NEW/accept")).json()["password"]
    async with place.connect("NEW", password=password) as socket:
        assert (await boot(socket))[2]["status"] == "Accepted"


async def lines_of(stream: httpx2.Response) -> AsyncIterator[str]:
    async for line in stream.aiter_lines():
        if line:
            yield line


async def test_frames_stream_as_they_come_and_only_of_the_station_asked_for(place: Place) -> None:
    await place.call("POST", "/stations", json={"identity": "CP2", "password": PASSWORD})
    async with (
        asyncio.timeout(5),
        place.client.stream("GET", "/api/v1/messages/stream?station=cp1") as stream,
        place.connect("CP2") as other,
        place.connect() as socket,
    ):
        assert stream.headers["content-type"].startswith("text/event-stream")
        lines = lines_of(stream)
        assert await anext(lines) == ": listening"
        await boot(other)
        await boot(socket)
        seen = []
        while len(seen) < 2:
            assert await anext(lines) == "event: frame"
            seen.append(json.loads((await anext(lines)).removeprefix("data: ")))
        assert [(one["station"], one["direction"], one["action"]) for one in seen] == [
            ("CP1", "in", "BootNotification"),
            ("CP1", "out", "BootNotification"),
        ]
        assert json.loads(seen[0]["frame"])[3]["chargePointVendor"] == "ACME"


async def test_a_listener_who_stalls_costs_nobody_else_anything_and_is_told_what_it_lost(place: Place) -> None:
    request = f"GET /api/v1/messages/stream HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {place.node.admin_key}\r\n\r\n"
    reader, writer = await asyncio.open_connection("127.0.0.1", place.node.http_port, limit=2**26)
    writer.write(request.encode())
    async with asyncio.timeout(20), place.connect() as socket:
        await reader.readuntil(b": listening\n\n")
        writer.transport.pause_reading()  # type: ignore[attr-defined]
        await boot(socket)
        data = {"vendorId": "V", "data": "x" * 8000}
        for number in range(1600):
            await socket.send(json.dumps([2, f"d{number}", "DataTransfer", data]))
            assert (await receive(socket))[0] == 3
        writer.transport.resume_reading()  # type: ignore[attr-defined]
        await reader.readuntil(b"event: lost\ndata: ")
        lost = json.loads(await reader.readuntil(b"}"))["lost"]
        assert 0 < lost < 3200
    writer.close()


async def test_an_open_stream_does_not_hold_up_the_end(tmp_path: Path) -> None:
    node = await app.start(in_memory(data=tmp_path))
    async with (
        asyncio.timeout(5),
        httpx2.AsyncClient(headers={"authorization": f"Bearer {node.admin_key}"}) as client,
        client.stream("GET", f"http://127.0.0.1:{node.http_port}/api/v1/messages/stream") as stream,
    ):
        lines = lines_of(stream)
        assert await anext(lines) == ": listening"
        await node.stop()
        assert await anext(lines, None) is None


async def test_an_address_that_is_taken_is_an_os_error(place: Place, tmp_path: Path) -> None:
    with pytest.raises(OSError, match="in use"):
        await app.start(in_memory(data=tmp_path, http_port=place.node.http_port))
