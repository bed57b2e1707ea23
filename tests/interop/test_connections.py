"""Real sockets: who holds a station's place, how long a dead one is believed, and how large a message may be."""

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
BOOTS = {"1.6": BOOT, "2.0.1": BOOT2, "2.1": BOOT2}
NOON = "2026-05-01T12:00:00Z"


def credential(identity: str, password: str = PASSWORD) -> str:
    return "Basic " + base64.b64encode(f"{identity}:{password}".encode()).decode()


@asynccontextmanager
async def socket(
    home: House, identity: str = "CP1", version: str = "1.6", password: str = PASSWORD
) -> AsyncIterator[websockets.ClientConnection]:
    async with websockets.connect(
        home.url(identity),
        subprotocols=[websockets.Subprotocol(f"ocpp{version}")],
        additional_headers={"Authorization": credential(identity, password)},
    ) as line:
        yield line


class Mute:
    """A station whose line is half open: it shook hands, and answers nothing any more, no ping either."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader = reader
        self.writer = writer

    @classmethod
    async def connect(cls, home: House, identity: str = "CP1") -> Mute:
        reader, writer = await asyncio.open_connection("127.0.0.1", home.node.ocpp_port)
        lines = [
            f"GET /ocpp/{identity} HTTP/1.1", "Host: x", "Upgrade: websocket", "Connection: Upgrade",
            "Sec-WebSocket-Key: MDAwMDAwMDAwMDAwMDAwMA==", "Sec-WebSocket-Version: 13",
            "Sec-WebSocket-Protocol: ocpp1.6", f"Authorization: {credential(identity)}", "", "",
        ]  # fmt: skip
        writer.write("\r\n".join(lines).encode())
        async with asyncio.timeout(5):
            head = await reader.readuntil(b"\r\n\r\n")
        assert head.startswith(b"HTTP/1.1 101"), head
        return cls(reader, writer)

    async def cut_off(self) -> None:
        """Until the server has cut the line."""
        async with asyncio.timeout(10):
            try:
                await self.reader.read()
            except ConnectionError:
                pass
        self.writer.close()


async def heard(line: Any) -> Any:
    async with asyncio.timeout(5):
        return json.loads(await line.recv())


async def ask(line: Any, message_id: str, action: str, payload: Any) -> Any:
    await line.send(json.dumps([2, message_id, action, payload]))
    return await heard(line)


async def closing(line: Any) -> int:
    """The code the server closes the line with."""
    async with asyncio.timeout(5):
        await line.wait_closed()
    return line.close_code


@asynccontextmanager
async def disconnections(home: House) -> AsyncIterator[Any]:
    """The next disconnection that becomes known."""
    listener = home.node.csms.context.bus.subscribe("event.StationDisconnected.*")
    try:
        yield lambda: asyncio.wait_for(anext(listener), 5)
    finally:
        listener.close()


@pytest.fixture
async def home(tmp_path: Path) -> AsyncIterator[House]:
    async with house(tmp_path, takeover_ping=0.1) as running:
        await running.station("CP1")
        yield running


async def test_a_half_open_socket_is_found_within_ping_and_timeout(tmp_path: Path):
    async with house(tmp_path, ping_interval=0.1, ping_timeout=0.1) as home:
        await home.station("CP1")
        async with disconnections(home) as next_end:
            mute = await Mute.connect(home)
            ended = await next_end()
            assert (ended.identity, ended.close_code, "ping" in ended.cause) == ("CP1", 1006, True)
            await mute.cut_off()
        (interval,) = (await home.get("/stations/CP1/connections"))["items"]
        assert (interval["close_code"], "ping" in interval["cause"]) == (1006, True)


async def test_a_socket_that_answers_pings_is_left_alone_by_them(tmp_path: Path):
    async with house(tmp_path, ping_interval=0.05, ping_timeout=0.5) as home:
        await home.station("CP1")
        async with socket(home) as line:
            await ask(line, "1", "BootNotification", BOOT)
            async with asyncio.timeout(5):
                for _ in range(3):
                    await (await line.ping())
            assert (await ask(line, "2", "Heartbeat", {}))[0] == 3


async def test_of_two_sockets_that_find_a_dead_one_exactly_one_takes_its_place(home: House):
    mute = await Mute.connect(home)

    async def arrive(done: asyncio.Event) -> str:
        try:
            async with socket(home) as line:
                try:
                    answer = await ask(line, "1", "BootNotification", BOOT)
                except websockets.ConnectionClosed:
                    return f"closed {line.close_code}"
                await asyncio.wait_for(done.wait(), 5)
                assert (await ask(line, "2", "Heartbeat", {}))[0] == 3  # still its place
                return answer[2]["status"]
        except websockets.InvalidStatus as refused:
            return f"refused {refused.response.status_code}"

    done = asyncio.Event()
    arrivals = [asyncio.create_task(arrive(done)) for _ in range(4)]
    losers, pending = set(), set(arrivals)
    async with asyncio.timeout(10):
        while len(pending) > 1:
            ended, pending = await asyncio.wait(pending, return_when=asyncio.FIRST_COMPLETED)
            losers |= ended
        done.set()
        (winner,) = pending
        assert await winner == "Accepted"
    assert {loser.result() for loser in losers} <= {"closed 1008", "refused 409"}
    await mute.cut_off()
    assert len((await home.get("/stations/CP1/connections"))["items"]) == 2


@pytest.mark.parametrize("version", ["1.6", "2.1"])
async def test_a_message_may_be_64_kib_before_a_boot_is_accepted_and_1_mib_after(home: House, version: str):
    def transfer(size: int) -> str:
        return json.dumps([2, "9", "DataTransfer", {"vendorId": "v", "data": "x" * size}])

    async with disconnections(home) as next_end:
        async with socket(home, version=version) as line:
            await line.send(transfer(65 * 1024))
            assert (await next_end()).close_code == 1009
        async with socket(home, version=version) as line:
            await ask(line, "1", "BootNotification", BOOTS[version])
            await line.send(transfer(1000 * 1024))
            assert (await heard(line))[:2] == [3, "9"]
            await line.send(transfer(1025 * 1024))
            assert (await next_end()).close_code == 1009


async def test_a_close_code_is_kept_although_the_station_is_back_at_once(home: House):
    for code in (1001, 1008, 3000):
        async with socket(home) as line:
            await ask(line, "1", "BootNotification", BOOT)
            await line.close(code, "its reason")
    async with socket(home) as line:
        await ask(line, "1", "BootNotification", BOOT)
        kept = (await home.get("/stations/CP1/connections"))["items"]
    assert [one["close_code"] for one in kept] == [1001, 1008, 3000, None]
    assert all("its reason" in one["cause"] for one in kept[:3])


async def once_too_often(home: House) -> None:
    """A few times more: meanwhile one connection may have been earned by waiting."""
    for _ in range(3):
        async with socket(home):
            pass


async def test_a_station_that_flaps_is_told_to_wait(home: House):
    for _ in range(20):
        async with socket(home) as line:
            line.transport.abort()
    with pytest.raises(websockets.InvalidStatus) as refused:
        await once_too_often(home)
    assert refused.value.response.status_code == 429
    assert int(refused.value.response.headers["Retry-After"]) >= 1


async def test_a_changed_password_ends_the_socket_and_the_old_one_opens_nothing(home: House):
    async with socket(home) as line:
        await ask(line, "1", "BootNotification", BOOT)
        await home.patch("/stations/CP1", {"password": "another-password-of-24-l"})
        assert await closing(line) == 1008
    with pytest.raises(websockets.InvalidStatus) as refused:
        async with socket(home):
            pass
    assert refused.value.response.status_code == 401
    async with socket(home, password="another-password-of-24-l") as line:
        assert (await ask(line, "1", "Heartbeat", {}))[0] == 3


@pytest.mark.parametrize("version", ["1.6", "2.0.1", "2.1"])
async def test_a_remote_start_is_known_by_its_number_although_it_begins_before_it_is_answered(
    home: House, version: str
):
    await home.token("CAFE")
    async with socket(home, version=version) as line:
        await ask(line, "1", "BootNotification", BOOTS[version])
        command = {"idToken": {"idToken": "CAFE", "type": "ISO14443"}, "remoteStartId": 4711, "evseId": 1}
        asking = asyncio.create_task(home.post("/stations/CP1/ocpp/RequestStartTransaction", command))
        _, message_id, action, asked = await heard(line)
        if version == "1.6":
            assert (action, asked) == ("RemoteStartTransaction", {"idTag": "CAFE", "connectorId": 1})
            start = {"connectorId": 1, "idTag": "CAFE", "meterStart": 0, "timestamp": NOON}
            started = await ask(line, "2", "StartTransaction", start)
            assert started[2]["idTagInfo"]["status"] == "Accepted"
        else:
            assert (action, asked["remoteStartId"]) == ("RequestStartTransaction", 4711)
            event = {
                "eventType": "Started", "timestamp": NOON, "triggerReason": "RemoteStart", "seqNo": 0,
                "transactionInfo": {"transactionId": "T1", "remoteStartId": asked["remoteStartId"]},
                "evse": {"id": 1, "connectorId": 1}, "idToken": {"idToken": "CAFE", "type": "ISO14443"},
            }  # fmt: skip
            started = await ask(line, "2", "TransactionEvent", event)
            assert started[2]["idTokenInfo"]["status"] == "Accepted"
        await line.send(json.dumps([3, message_id, {"status": "Accepted"}]))
        assert (await asking)["status"] == "Accepted"
    (transaction,) = await home.transactions("CP1")
    assert transaction["remote_start"] == 4711


@pytest.mark.parametrize("version", ["1.6", "2.0.1", "2.1"])
async def test_to_a_quiet_station_nothing_is_said_that_nobody_asked_for(home: House, version: str):
    await home.station("CP2", quiet=True)
    async with socket(home, "CP2", version) as line:
        await ask(line, "1", "BootNotification", BOOTS[version])
        await ask(line, "2", "Heartbeat", {})
        async with asyncio.timeout(5):
            await (await line.ping())  # whatever was said before the pong would be here by now
    said = [frame for frame in await home.messages("CP2") if frame["direction"] == "out"]
    assert [frame["message_id"] for frame in said] == ["2", "1"]


async def test_when_the_node_stops_stations_are_told_and_nothing_is_left_running(tmp_path: Path):
    before = asyncio.all_tasks()
    lines = []
    async with house(tmp_path) as home:
        for number in range(3):
            await home.station(f"CP{number}")
            line = await websockets.connect(
                home.url(f"CP{number}"),
                subprotocols=[websockets.Subprotocol("ocpp1.6")],
                additional_headers={"Authorization": credential(f"CP{number}")},
            )
            await ask(line, "1", "BootNotification", BOOT)
            lines.append(line)
    assert [await closing(line) for line in lines] == [1001] * 3
    left = [task for task in asyncio.all_tasks() - before if not task.done()]
    async with asyncio.timeout(5):
        if left:
            await asyncio.wait(left)
