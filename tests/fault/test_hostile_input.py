"""Every row of the hostile table, in every version, strict and tolerant, against a whole node with a neighbour.

One node serves all rows; each version and mode has a station of its own. After each row the same connection must
answer a heartbeat (a new one, where the row ends in a close). A silence is proved by the next answer that comes:
everything a station says is answered in its order, so what has not come before it will not come.
Beside all of it other stations charge, with plain WebSocket and JSON; nothing of theirs may be lost.
"""

from __future__ import annotations

import asyncio
import base64
import itertools
import json
import statistics
import time
from collections.abc import AsyncIterator
from typing import Any

import pytest
import pytest_asyncio
import websockets

from amperanto.domain.stations import DEFAULT_ORGANISATION
from amperanto.ocpp import Version
from tests.fault.clients import Client
from tests.fault.hostile_table import MODES, NOW, ROWS, UNBOOTED, VERSIONS, Outcome, Row, error_code
from tests.laws.published import is_valid
from tests.support.node import PASSWORD, House, house

pytestmark = pytest.mark.asyncio(loop_scope="module")

BOOT = {
    "1.6": {"chargePointVendor": "Acme", "chargePointModel": "M"},
    "2": {"reason": "PowerUp", "chargingStation": {"vendorName": "Acme", "model": "M"}},
}


class Neighbour(Client):
    """A well-behaved station that charges all the while and times its answers."""

    def __init__(self, *args: Any) -> None:
        super().__init__(*args)
        self.waited: list[float] = []

    async def _exchange(self, name: str, action: str, payload: dict[str, Any]) -> Any:
        began = time.perf_counter()
        answer = await super()._exchange(name, action, payload)
        self.waited.append(time.perf_counter() - began)
        await asyncio.sleep(0)
        return answer


class Hostile:
    """A station that says what it is told to, over one connection that is renewed when it ends."""

    def __init__(self, home: House, identity: str, version: str) -> None:
        self.identity = identity
        self.version = version
        self._home = home
        self._socket: Any = None
        self._ids = itertools.count()

    def fresh(self) -> str:
        return f"{self.identity}-{next(self._ids)}"

    async def connect(self) -> None:
        credential = base64.b64encode(f"{self.identity}:{PASSWORD}".encode()).decode()
        self._socket = await websockets.connect(
            self._home.url(self.identity),
            subprotocols=[websockets.Subprotocol(f"ocpp{self.version}")],
            additional_headers={"Authorization": f"Basic {credential}"},
            compression=None,
            ping_interval=None,
            max_size=None,
        )

    async def say(self, frame: str | bytes) -> None:
        """A text frame, whatever it holds."""
        if self._socket is None:
            await self.connect()
        await self._socket.send(frame, text=True)

    async def say_binary(self, frame: bytes) -> None:
        await self._socket.send(frame)

    async def heard(self) -> Any:
        return json.loads(await self._socket.recv())

    async def ask(self, action: str, payload: Any, name: str | None = None) -> Any:
        """Say it and return the one frame that comes back."""
        await self.say(json.dumps([2, name or self.fresh(), action, payload]))
        return await self.heard()

    async def boot(self) -> str:
        answer = await self.ask("BootNotification", BOOT["1.6" if self.version == "1.6" else "2"])
        return answer[2]["status"]

    async def heard_until_the_heartbeat(self, action: str = "Heartbeat") -> list[Any]:
        """What came before a heartbeat that is said now was answered. The connection works."""
        name = self.fresh()
        payload = {} if action == "Heartbeat" else BOOT["1.6" if self.version == "1.6" else "2"]
        await self.say(json.dumps([2, name, action, payload]))
        before: list[Any] = []
        while True:
            frame = await self.heard()
            if frame[1] == name:
                assert frame[0] == 3, frame
                return before
            before.append(frame)

    async def close_code(self) -> int:
        """How the node closed; the next thing said is said over a new connection."""
        await self._socket.wait_closed()
        code = self._socket.close_code
        self._socket = None
        return code

    async def leave(self) -> None:
        if self._socket is not None:
            await self._socket.close()
            self._socket = None


class Arena:
    """One node, a hostile station of each version and mode, and neighbours."""

    def __init__(self, home: House) -> None:
        self.home = home
        self.stations: dict[tuple[str, str], Hostile] = {}
        self.neighbours: list[Neighbour] = []

    async def enter(self, version: str, name: str, mode: str, *, booted: bool = True, **fields: Any) -> Hostile:
        """A new station of that mode."""
        identity = f"{name}-{version}-{mode}"
        await self.home.station(identity, mode=mode, **fields)
        station = Hostile(self.home, identity, version)
        if booted:
            assert await station.boot() == "Accepted"
        return station

    async def open_reviews(self, identity: str) -> list[Any]:
        station = await self.home.get(f"/stations/{identity}")
        page = await self.home.node.csms.context.store.reviews.list(DEFAULT_ORGANISATION, limit=1000)
        return [review for review in page.items if review.station == station["id"]]


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def arena(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Arena]:
    async with house(tmp_path_factory.mktemp("hostile"), mailbox=256) as home:
        arena = Arena(home)
        await home.token("CAFE")
        for version in VERSIONS:
            for mode in MODES:
                arena.stations[version, mode] = await arena.enter(version, "hostile", mode)
            identity = f"neighbour-{version}"
            await home.station(identity)
            await home.token(identity)
            arena.neighbours.append(Neighbour(home.url("")[:-1], identity, PASSWORD, version))
        charging = [asyncio.create_task(neighbour.run()) for neighbour in arena.neighbours]
        try:
            yield arena
        finally:
            for neighbour in arena.neighbours:
                neighbour.stopping.set()
            async with asyncio.timeout(10):
                await asyncio.gather(*charging)
            for station in arena.stations.values():
                await station.leave()


def cells(rows: list[Row]) -> list[Any]:
    return [
        pytest.param(row, version, mode, id=f"{row.name}, {version} {mode}")
        for row in rows
        for version in VERSIONS
        for mode in MODES
        if row.frame(version) is not None
    ]


def with_id(frame: str | bytes, name: str) -> tuple[str | bytes, str]:
    """The frame with a fresh id, and the id it then has."""
    if isinstance(frame, bytes):
        return frame.replace(b"$id", name.encode()), name
    if "$id" in frame:
        return frame.replace("$id", name), name
    try:
        said = json.loads(frame)
    except (ValueError, RecursionError):
        return frame, "-1"
    return frame, said[1] if isinstance(said, list) and len(said) > 1 else "-1"


def judge(answers: list[Any], outcome: Outcome, name: str, *, version: str, action: str | None) -> None:
    """The answers are what the row says."""
    unheard = outcome.kind == "silence" or (outcome.kind == "unreadable" and version == "1.6")
    if unheard:
        assert answers == []
        return
    assert len(answers) == 1, answers
    (answer,) = answers
    if outcome.kind == "answered":
        assert answer[:2] == [3, name], answer
        if action is not None:
            assert is_valid(Version(version), f"{action}Response", answer[2]), answer
        return
    code = error_code(outcome, version)
    assert answer[:3] == [4, "-1" if outcome.kind == "unreadable" else name, code], answer
    assert isinstance(answer[3], str) and len(answer[3]) <= 255
    assert isinstance(answer[4], dict)


@pytest.mark.parametrize(("row", "version", "mode"), cells(ROWS))
async def test_hostile_input_gets_what_the_standard_says(arena: Arena, row: Row, version: str, mode: str):
    station, outcome = arena.stations[version, mode], row.outcome(version, mode)
    frame, name = with_id(row.frame(version) or "", station.fresh())
    reviews = await arena.open_reviews(station.identity) if outcome.reviewed else []
    async with asyncio.timeout(5):
        await station.say(frame)
        if outcome.kind == "closed":
            assert await station.close_code() == outcome.close
            assert await station.heard_until_the_heartbeat() == []
            return
        answers = await station.heard_until_the_heartbeat()
    action = next((word for word in str(frame[:400]).split('"')[3:4] if word.isalpha()), None)
    judge(answers, outcome, name, version=version, action=action)
    if outcome.noted:
        assert (await logged(arena.home, station.identity, name))["violations"]
    if outcome.reviewed:
        assert len(await arena.open_reviews(station.identity)) == len(reviews) + 1


async def logged(home: House, identity: str, name: str) -> dict[str, Any]:
    """The row of the message log for what was heard under that id; it may be committed a group later."""
    async with asyncio.timeout(5):
        while True:
            for message in await home.messages(identity, limit=20):
                if message["direction"] == "in" and message["message_id"] == name:
                    return message
            await asyncio.sleep(0.01)
