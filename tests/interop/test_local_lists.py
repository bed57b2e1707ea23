"""D01, D02 over a real socket: a station typed by hand, in each version, is brought the list and keeps it in step."""

from __future__ import annotations

import asyncio
import base64
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, NamedTuple

import pytest
import websockets

from tests.support.node import PASSWORD, House, house

ALL = ("1.6", "2.0.1", "2.1")


class Words(NamedTuple):
    """How a version spells it."""

    boot: dict[str, Any]
    number: str
    uid: Callable[[dict[str, Any]], str]
    info: str


OLD = Words(
    {"chargePointVendor": "Peer", "chargePointModel": "P"}, "listVersion", lambda line: line["idTag"], "idTagInfo"
)
NEW = Words(
    {"reason": "PowerUp", "chargingStation": {"model": "P", "vendorName": "Peer"}},
    "versionNumber",
    lambda line: line["idToken"]["idToken"],
    "idTokenInfo",
)
WORDS = {"1.6": OLD, "2.0.1": NEW, "2.1": NEW}


class Typed:
    """A station typed by hand: it keeps a list, and takes `most` tokens a message."""

    def __init__(self, version: str, most: int = 2) -> None:
        self.words = WORDS[version]
        self.subprotocol = f"ocpp{version}"
        self.most = most
        self.version = 0
        self.listed: dict[str, str] = {}
        self.heard: list[tuple[str, dict[str, Any]]] = []
        self.instead: dict[str, Any] = {}
        self.moved = asyncio.Event()

    @asynccontextmanager
    async def connected(self, home: House, identity: str = "CP1", *, boot: bool = True) -> AsyncIterator[Any]:
        credential = base64.b64encode(f"{identity}:{PASSWORD}".encode()).decode()
        async with websockets.connect(
            home.url(identity),
            subprotocols=[websockets.Subprotocol(self.subprotocol)],
            additional_headers={"Authorization": f"Basic {credential}"},
        ) as line:
            first = ("BootNotification", self.words.boot) if boot else ("Heartbeat", {})
            await line.send(json.dumps([2, "first", *first]))
            living = asyncio.create_task(self._live(line))
            try:
                yield line
            finally:
                living.cancel()

    async def _live(self, line: Any) -> None:
        async for text in line:
            frame = json.loads(text)
            if frame[0] == 2:
                self.heard.append((frame[2], frame[3]))
                await line.send(json.dumps(self._answered(frame[1], frame[2], frame[3])))
            else:
                self.heard.append(("answer", frame))
            self.moved.set()

    def _answered(self, name: str, action: str, payload: dict[str, Any]) -> list[Any]:
        if action in self.instead:
            told = self.instead[action]
            return [4, name, told, "", {}] if isinstance(told, str) else [3, name, told]
        if action == "GetBaseReport":
            return [3, name, {"status": "EmptyResultSet"}]
        if action == "GetLocalListVersion":
            return [3, name, {self.words.number: self.version}]
        if action == "GetConfiguration":
            most = {"key": "SendLocalListMaxLength", "readonly": True, "value": str(self.most)}
            return [3, name, {"configurationKey": [most]}]
        if action == "GetVariables":
            return [3, name, {"getVariableResult": [self._variable(one) for one in payload["getVariableData"]]}]
        return [3, name, {"status": self._take(payload)}]

    def _variable(self, asked: dict[str, Any]) -> dict[str, Any]:
        if asked["variable"]["name"] == "ItemsPerMessage":
            return {**asked, "attributeStatus": "Accepted", "attributeValue": str(self.most)}
        return {**asked, "attributeStatus": "UnknownVariable"}

    def _take(self, payload: dict[str, Any]) -> str:
        lines = payload.get("localAuthorizationList", [])
        assert len(lines) <= self.most
        if payload["updateType"] == "Full":
            self.listed = {}
        elif payload[self.words.number] <= self.version:
            return "VersionMismatch"
        for line in lines:
            if self.words.info in line:
                self.listed[self.words.uid(line)] = line[self.words.info]["status"]
            else:
                self.listed.pop(self.words.uid(line))
        self.version = payload[self.words.number]
        return "Accepted"

    async def has(self, *uids: str) -> None:
        """Return once its list holds just these."""
        async with asyncio.timeout(5):
            while set(self.listed) != set(uids):
                self.moved.clear()
                await self.moved.wait()

    async def answered(self) -> None:
        """Return once its first message was answered."""
        async with asyncio.timeout(5):
            while not any(action == "answer" for action, _ in self.heard):
                self.moved.clear()
                await self.moved.wait()

    @property
    def updates(self) -> list[dict[str, Any]]:
        return [payload for action, payload in self.heard if action == "SendLocalList"]


@pytest.fixture
async def home(tmp_path: Path) -> AsyncIterator[House]:
    async with asyncio.timeout(30), house(tmp_path, settle_time=0.0) as running:
        yield running


async def settled(home: House) -> dict[str, Any]:
    """The state of the list once the node knows what came of it."""
    async with asyncio.timeout(5):
        while True:
            state = await home.get("/stations/CP1/local-list")
            if state["in_step"] or not state["waiting"]:
                return state


@pytest.mark.parametrize("version", ALL)
async def test_a_station_is_brought_the_tokens_and_then_only_what_changed(home: House, version: str):
    """D01.FR.01, FR.16, FR.17, TC_D_01 to TC_D_03, TC_043_4, TC_043_5: in parts the station takes."""
    await home.station("CP1")
    for uid in ("A", "B", "C", "D"):
        await home.token(uid)
    station = Typed(version)
    async with station.connected(home):
        await station.answered()
        state = await home.post("/stations/CP1/local-list/sync")
        assert (state["result"], state["in_step"], state["version"], state["entries"]) == ("Accepted", True, 2, 4)
        assert [one["updateType"] for one in station.updates] == ["Full", "Differential"]
        await home.client.patch("/tokens/A", json={"status": "Blocked"})
        await home.client.delete("/tokens/B")
        state = await home.post("/stations/CP1/local-list/sync")
        assert (state["in_step"], state["version"], state["entries"]) == (True, station.version, 3)
        assert station.listed == {"A": "Blocked", "C": "Accepted", "D": "Accepted"}
        # Changes follow by themselves: both in one update, or each in its own.
        assert {one["updateType"] for one in station.updates[2:]} == {"Differential"}


@pytest.mark.parametrize("version", ALL)
async def test_a_list_meant_for_an_offline_station_survives_a_restart_and_is_sent_when_it_connects(
    tmp_path: Path, version: str
):
    async with asyncio.timeout(30):
        async with house(tmp_path, settle_time=0.0) as home:
            await home.station("CP1")
            await home.token("A")
            state = await home.post("/stations/CP1/local-list/sync")
            assert (state["wanted"], state["result"], state["waiting"]) == ("Tokens", "Offline", True)
        async with house(tmp_path, settle_time=0.0) as home:
            station = Typed(version)
            async with station.connected(home):
                await station.has("A")
                assert station.heard[0][0] == "answer"  # first the boot is answered
                state = await settled(home)
                assert (state["in_step"], state["version"], state["entries"]) == (True, 1, 1)
        async with house(tmp_path, settle_time=0.0) as home:
            await home.token("B")
            async with station.connected(home, boot=False):  # its acceptance lasts
                await station.has("A", "B")
                assert station.updates[-1]["updateType"] == "Differential"
                assert (await settled(home))["version"] == 2


@pytest.mark.parametrize("version", ALL)
async def test_a_station_that_lost_its_list_gets_all_of_it_after_its_boot(home: House, version: str):
    """D02: the box was exchanged."""
    await home.station("CP1")
    await home.token("A")
    first, second = Typed(version), Typed(version)
    async with first.connected(home):
        await first.answered()
        await home.post("/stations/CP1/local-list/sync")
    async with second.connected(home):
        await second.has("A")
        assert [one["updateType"] for one in second.updates] == ["Full"]
        assert second.version == 2


async def test_a_station_in_quiet_mode_is_sent_its_list_only_when_a_person_asks(home: House):
    await home.station("CP1", quiet=True)
    await home.token("A")
    station = Typed("2.0.1")
    await home.client.put("/stations/CP1/local-list", json={"wanted": "Tokens"})
    async with station.connected(home) as line:
        await station.answered()
        state = await home.get("/stations/CP1/local-list")
        assert (state["in_step"], state["waiting"]) == (False, False)
        for number in range(3):
            station.heard.clear()
            await line.send(json.dumps([2, f"h{number}", "Heartbeat", {}]))
            await station.answered()
        assert station.updates == []
        await home.post("/stations/CP1/local-list/sync")
        assert station.listed == {"A": "Accepted"}


@pytest.mark.parametrize(
    ("version", "answers"),
    [
        ("1.6", {"GetLocalListVersion": {"listVersion": -1}}),
        ("1.6", {"SendLocalList": {"status": "NotSupported"}}),
        ("1.6", {"GetLocalListVersion": "NotSupported"}),
        ("2.0.1", {"GetLocalListVersion": "NotImplemented"}),
        ("2.1", {"SendLocalList": "NotSupported"}),
    ],
)
async def test_a_station_without_lists_says_so_as_data(home: House, version: str, answers: dict[str, Any]):
    """TC_042_1, TC_043_1."""
    await home.station("CP1")
    await home.token("A")
    station = Typed(version)
    station.instead = answers
    async with station.connected(home):
        await station.answered()
        state = await home.post("/stations/CP1/local-list/sync")
        assert (state["result"], state["in_step"], state["waiting"]) == ("NotSupported", False, False)


@pytest.mark.parametrize("version", ALL)
async def test_what_a_version_cannot_say_is_left_out_and_counted(home: House, version: str):
    """1.6 has 20 characters and no kinds, 2.x must say a kind."""
    await home.station("CP1")
    await home.token("A" * 30)
    await home.post("/tokens", {"uid": "B", "type": "Unknown"})
    await home.token("C")
    station = Typed(version)
    async with station.connected(home):
        await station.answered()
        state = await home.post("/stations/CP1/local-list/sync")
    assert (state["left_out"], state["entries"], state["in_step"]) == (1, 2, True)
    assert set(station.listed) == ({"B", "C"} if version == "1.6" else {"A" * 30, "C"})


@pytest.mark.parametrize("version", ALL)
async def test_the_list_can_be_sent_by_hand_in_2_1s_words(home: House, version: str):
    """`/ocpp/SendLocalList` speaks to every version."""
    await home.station("CP1")
    station = Typed(version)
    body = {
        "versionNumber": 4,
        "updateType": "Full",
        "localAuthorizationList": [
            {"idToken": {"idToken": "A", "type": "ISO14443"}, "idTokenInfo": {"status": "Accepted"}}
        ],
    }
    async with station.connected(home):
        await station.answered()
        assert await home.post("/stations/CP1/ocpp/SendLocalList", body) == {"status": "Accepted"}
        assert await home.post("/stations/CP1/ocpp/GetLocalListVersion") == {"versionNumber": 4}
    assert station.listed == {"A": "Accepted"}
