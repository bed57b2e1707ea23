"""What real stations do (peers.md §4, quirks.md §1-3), said by hand over a plain WebSocket: it is survived."""

from __future__ import annotations

import asyncio
import base64
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
import websockets

from tests.support.node import PASSWORD, House, house

BOOT = {"chargePointVendor": "Peer", "chargePointModel": "P"}
BOOT2 = {"reason": "PowerUp", "chargingStation": {"model": "P", "vendorName": "Peer"}}


@asynccontextmanager
async def socket(
    home: House, identity: str, *protocols: str, password: bytes = PASSWORD.encode()
) -> AsyncIterator[websockets.ClientConnection]:
    credential = base64.b64encode(identity.encode() + b":" + password).decode()
    async with websockets.connect(
        home.url(identity),
        subprotocols=[websockets.Subprotocol(name) for name in protocols] or None,
        additional_headers={"Authorization": f"Basic {credential}"},
    ) as line:
        yield line


async def ask(line: Any, message_id: Any, action: str, payload: Any) -> Any:
    await line.send(json.dumps([2, message_id, action, payload]))
    return await heard(line)


async def heard(line: Any) -> Any:
    async with asyncio.timeout(5):
        return json.loads(await line.recv())


@pytest.fixture
async def home(tmp_path: Path) -> AsyncIterator[House]:
    async with asyncio.timeout(30), house(tmp_path) as running:
        yield running


async def test_a_burst_of_calls_is_answered_in_order_boot_first(home: House):
    await home.station("CP1")
    async with socket(home, "CP1", "ocpp2.0.1") as line:
        status = {"timestamp": "2026-05-01T12:00:00Z", "connectorStatus": "Available", "evseId": 1, "connectorId": 1}
        calls = [("1", "BootNotification", BOOT2), ("2", "StatusNotification", status), ("3", "Heartbeat", {})]
        for message_id, action, payload in calls:
            await line.send(json.dumps([2, message_id, action, payload]))
        answers = [await heard(line) for _ in calls]
        assert [(kind, message_id) for kind, message_id, *_ in answers] == [(3, "1"), (3, "2"), (3, "3")]


async def test_a_known_1_6_station_may_report_its_status_before_it_boots(home: House):
    await home.station("CP1")
    status = {"connectorId": 1, "errorCode": "NoError", "status": "Available"}
    async with socket(home, "CP1", "ocpp1.6") as line:
        assert await ask(line, "1", "StatusNotification", status) == [3, "1", {}]


async def test_a_2_x_station_must_boot_first(home: House):
    await home.station("CP1")
    async with socket(home, "CP1", "ocpp2.1") as line:
        kind, _, code, *_ = await ask(line, "1", "Heartbeat", {})
        assert (kind, code) == (4, "SecurityError")


@pytest.mark.parametrize("version", ["1.6", "2.0.1"])
async def test_after_a_reconnect_no_boot_is_needed(home: House, version: str):
    await home.station("CP1")
    async with socket(home, "CP1", f"ocpp{version}") as line:
        await ask(line, "1", "BootNotification", BOOT if version == "1.6" else BOOT2)
        line.transport.abort()  # cut, without a close frame
    async with socket(home, "CP1", f"ocpp{version}") as line:
        assert (await ask(line, "2", "Heartbeat", {}))[0] == 3
    intervals = (await home.get("/stations/CP1/connections"))["items"]
    assert len(intervals) == 2


async def test_a_version_belongs_to_the_socket_not_to_the_station(home: House):
    await home.station("CP1")
    async with socket(home, "CP1", "ocpp1.6") as line:
        assert (await ask(line, "1", "BootNotification", BOOT))[2]["status"] == "Accepted"
    async with socket(home, "CP1", "ocpp2.1", "ocpp1.6") as line:
        assert line.subprotocol == "ocpp2.1"
        assert (await ask(line, "1", "BootNotification", BOOT2))[2]["status"] == "Accepted"


async def test_a_station_without_a_subprotocol_speaks_1_6(home: House):
    await home.station("CP1")
    async with socket(home, "CP1") as line:
        assert line.subprotocol is None
        assert (await ask(line, "1", "BootNotification", BOOT))[2]["status"] == "Accepted"


async def test_a_long_message_id_is_tolerated_and_noted_and_refused_when_strict(home: House):
    await home.station("CP1")
    await home.station("CP2", mode="strict")
    name = "x" * 40
    async with socket(home, "CP1", "ocpp1.6") as line:
        assert (await ask(line, name, "BootNotification", BOOT))[:2] == [3, name]
    frames = await home.messages("CP1", action="BootNotification")
    assert any(frame["violations"] for frame in frames)
    async with socket(home, "CP2", "ocpp1.6") as line:
        assert (await ask(line, name, "BootNotification", BOOT))[:3] == [4, name, "FormationViolation"]


async def test_the_1_6_password_is_the_same_secret_as_bytes_and_as_hexadecimal_text(home: House):
    key = "0001020304050607FFFFFFFFFFFFFFFFFFFFFFFF"
    await home.post("/stations", {"identity": "AL1000", "password": key})
    for password in (bytes.fromhex(key), key.encode(), key.lower().encode()):
        async with socket(home, "AL1000", "ocpp1.6", password=password) as line:
            assert (await ask(line, "1", "BootNotification", BOOT))[2]["status"] == "Accepted"


async def test_everybody_without_a_valid_credential_hears_the_same_401(home: House):
    await home.station("CP1")
    heard_answers: set[tuple[Any, ...]] = set()
    for identity, password in (("CP1", b"wrong wrong wrong wrong"), ("CP9", b"wrong wrong wrong wrong"), ("CP1", b"")):
        with pytest.raises(websockets.InvalidStatus) as refused:
            async with socket(home, identity, "ocpp1.6", password=password):
                pass
        response = refused.value.response
        headers = {name: value for name, value in response.headers.raw_items() if name.lower() != "date"}
        heard_answers.add((response.status_code, bytes(response.body), tuple(sorted(headers.items()))))
    assert len(heard_answers) == 1
    assert next(iter(heard_answers))[0] == 401


async def test_an_unknown_station_appears_in_the_inbox_and_is_accepted_with_one_call(home: House):
    with pytest.raises(websockets.InvalidStatus):
        async with socket(home, "NEW1", "ocpp1.6"):
            pass
    (entry,) = (await home.get("/inbox"))["items"]
    assert entry["identity"] == "NEW1"
    await home.post("/inbox/NEW1/accept", {"password": PASSWORD})
    async with socket(home, "NEW1", "ocpp1.6") as line:
        assert (await ask(line, "1", "BootNotification", BOOT))[2]["status"] == "Accepted"
    assert (await home.get("/inbox"))["items"] == []


async def test_a_second_connection_never_replaces_a_living_one(home: House):
    await home.station("CP1")
    async with socket(home, "CP1", "ocpp1.6") as first:
        await ask(first, "1", "BootNotification", BOOT)
        with pytest.raises(websockets.InvalidStatus) as refused:
            async with socket(home, "CP1", "ocpp1.6"):
                pass
        assert refused.value.response.status_code == 409
        assert (await ask(first, "2", "Heartbeat", {}))[0] == 3


async def test_pending_and_rejected_stations_are_told_so_and_held_back(home: House):
    await home.station("CP1", registration="pending", interval=60)
    await home.station("CP2", registration="rejected", interval=60)
    for identity, status in (("CP1", "Pending"), ("CP2", "Rejected")):
        async with socket(home, identity, "ocpp2.0.1") as line:
            answer = (await ask(line, "1", "BootNotification", BOOT2))[2]
            assert (answer["status"], answer["interval"]) == (status, 60)
            event = {"timestamp": "2026-05-01T12:00:00Z", "connectorStatus": "Available", "evseId": 1, "connectorId": 1}
            assert (await ask(line, "2", "StatusNotification", event))[2] == "SecurityError"


async def test_a_message_triggered_while_pending_is_let_through(home: House):
    await home.station("CP1", registration="pending")
    async with socket(home, "CP1", "ocpp2.0.1") as line:
        await ask(line, "1", "BootNotification", BOOT2)
        path = "/stations/CP1/ocpp/TriggerMessage"
        trigger = asyncio.create_task(home.post(path, {"requestedMessage": "Heartbeat"}))
        _, message_id, action, _ = await heard(line)
        assert action == "TriggerMessage"
        await line.send(json.dumps([3, message_id, {"status": "Accepted"}]))
        assert (await trigger)["status"] == "Accepted"
        assert (await ask(line, "2", "Heartbeat", {}))[0] == 3
        assert (await ask(line, "3", "Heartbeat", {}))[2] == "SecurityError"


async def test_a_station_in_quiet_mode_hears_nothing_it_did_not_ask_for(home: House):
    await home.station("CP1", quiet=True)
    async with socket(home, "CP1", "ocpp2.0.1") as line:
        for n in range(3):
            answer = await ask(line, str(n), "BootNotification", BOOT2)
            assert answer[:2] == [3, str(n)]


@pytest.mark.parametrize(
    ("path", "identity"),
    [("", "a.b*c|d+e:f%g h"), ("ocpp/4/x", "CP" + "9" * 58), ("default", "A/B"), ("services/ocppj", "Größe")],
)
async def test_any_identity_is_found_at_the_end_of_any_path(home: House, path: str, identity: str):
    from urllib.parse import quote

    await home.post("/stations", {"identity": identity, "security_profile": 0})
    url = f"ws://127.0.0.1:{home.node.ocpp_port}/{path}/{quote(identity, safe='')}"
    async with websockets.connect(url, subprotocols=[websockets.Subprotocol("ocpp1.6")]) as line:
        assert (await ask(line, "1", "BootNotification", BOOT))[2]["status"] == "Accepted"
    kept = await home.get(f"/stations/{quote(identity, safe='')}")
    assert kept["identity"] == identity


async def test_a_repeated_start_is_answered_the_same_whether_or_not_its_message_id_repeats(home: House):
    await home.station("CP1")
    await home.token("CAFE")
    start = {"connectorId": 1, "idTag": "CAFE", "meterStart": 5, "timestamp": "2026-05-01T12:00:00Z"}
    async with socket(home, "CP1", "ocpp1.6") as line:
        await ask(line, "1", "BootNotification", BOOT)
        answers = [(await ask(line, message_id, "StartTransaction", start))[2] for message_id in ("2", "2", "3")]
        other = (await ask(line, "2", "StartTransaction", {**start, "timestamp": "2026-05-01T13:00:00Z"}))[2]
    assert answers[0] == answers[1] == answers[2]
    assert other["transactionId"] != answers[0]["transactionId"]
    assert len(await home.transactions("CP1")) == 2


async def test_secrets_are_redacted_before_they_are_logged(home: House):
    await home.station("CP1")
    async with socket(home, "CP1", "ocpp1.6") as line:
        await ask(line, "1", "BootNotification", BOOT)
        body = {"key": "AuthorizationKey", "value": "deadbeefdeadbeefdeadbeefdeadbeef"}
        sending = asyncio.create_task(home.post("/stations/CP1/raw/ChangeConfiguration", body))
        _, message_id, _, payload = await heard(line)
        assert payload == body
        await line.send(json.dumps([3, message_id, {"status": "Accepted"}]))
        await sending
    frames = await home.messages("CP1", action="ChangeConfiguration")
    assert frames
    assert not any("deadbeef" in json.dumps(frame) for frame in frames)


async def test_a_strict_station_must_name_its_version(home: House):
    await home.station("CP1", mode="strict")
    with pytest.raises(websockets.ConnectionClosed):
        async with socket(home, "CP1") as line:
            await ask(line, "1", "BootNotification", BOOT)
