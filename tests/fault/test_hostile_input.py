"""Every row of the hostile table, in every version, strict and tolerant, against a whole node with a neighbour.

One node serves all rows; each version and mode has a station of its own. After each row the same connection must
answer a heartbeat (a new one, where the row ends in a close). A silence is proved by the next answer that comes:
everything a station says is answered in its order, so what has not come before it will not come.
Beside all of it other stations charge, with plain WebSocket and JSON; nothing of theirs may be lost.
"""

from __future__ import annotations

import asyncio
import base64
import contextlib
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
from tests.fault.hostile_table import ROWS, UNBOOTED
from tests.fault.hostile_words import MODES, NOW, VERSIONS, Outcome, Row, error_code, event, start
from tests.laws.published import is_valid
from tests.support.node import PASSWORD, House, house

pytestmark = pytest.mark.asyncio(loop_scope="module")

START = start()
STATUS = {
    "1.6": {"connectorId": 1, "errorCode": "NoError", "status": "Available"},
    "2": {"timestamp": NOW, "connectorStatus": "Available", "evseId": 1, "connectorId": 1},
}
BOOT = {
    "1.6": {"chargePointVendor": "Acme", "chargePointModel": "M"},
    "2": {"reason": "PowerUp", "chargingStation": {"vendorName": "Acme", "model": "M"}},
}


def family(version: str) -> str:
    return "1.6" if version == "1.6" else "2"


class Neighbour(Client):
    """A well-behaved station that charges all the while and times its answers."""

    def __init__(self, *args: Any) -> None:
        super().__init__(*args)
        self.waited: list[float] = []

    async def _exchange(self, name: str, action: str, payload: dict[str, Any]) -> Any:
        began = time.perf_counter()
        answer = await super()._exchange(name, action, payload)
        self.waited.append(time.perf_counter() - began)
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
        if self._socket is None:
            await self.connect()
        await self._socket.send(frame)

    async def say_raw(self, octets: bytes) -> None:
        """Octets below the WebSocket, masked with zeros by whoever wrote them."""
        if self._socket is None:
            await self.connect()
        self._socket.transport.write(octets)

    async def heard(self) -> Any:
        return json.loads(await self._socket.recv())

    async def ask(self, action: str, payload: Any, name: str | None = None) -> Any:
        """Say it and return the one frame that comes back."""
        await self.say(json.dumps([2, name or self.fresh(), action, payload]))
        return await self.heard()

    async def boot(self) -> str:
        answer = await self.ask("BootNotification", BOOT[family(self.version)])
        return answer[2]["status"]

    async def heard_until_the_heartbeat(self) -> list[Any]:
        """What came before a heartbeat that is said now was answered. The connection works."""
        name = self.fresh()
        await self.say(json.dumps([2, name, "Heartbeat", {}]))
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
        self.charging: list[asyncio.Task[None]] = []

    async def enter(self, version: str, name: str, mode: str, *, booted: bool = True, **fields: Any) -> Hostile:
        """A new station of that mode."""
        identity = f"{name}-{version}-{mode}"
        await self.home.station(identity, mode=mode, quiet=True, **fields)
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
        arena.charging = [asyncio.create_task(neighbour.run()) for neighbour in arena.neighbours]
        try:
            yield arena
        finally:
            for neighbour in arena.neighbours:
                neighbour.stopping.set()
            async with asyncio.timeout(10):
                await asyncio.gather(*arena.charging)
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


@pytest.mark.parametrize(("row", "version", "mode"), cells(UNBOOTED))
async def test_before_its_boot_a_station_hears_what_its_version_says(arena: Arena, row: Row, version: str, mode: str):
    outcome = row.outcome(version, mode)
    station = await arena.enter(version, f"unbooted-{UNBOOTED.index(row)}", mode, booted=False)
    async with asyncio.timeout(5):
        frame, name = with_id(row.frame(version) or "", station.fresh())
        await station.say(frame)
        if outcome.kind == "closed":
            assert await station.close_code() == outcome.close
        else:
            judge([await station.heard()], outcome, name, version=version, action=None)
        assert await station.boot() == "Accepted"
        assert await station.heard_until_the_heartbeat() == []
        await station.leave()


@pytest.mark.parametrize("registration", ["Pending", "Rejected"])
@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("version", VERSIONS)
async def test_a_station_that_is_not_accepted_hears_a_security_error_and_may_boot_again(
    arena: Arena, version: str, mode: str, registration: str
):
    name = f"{registration}-{mode}"
    station = await arena.enter(version, name, mode, booted=False, registration=registration)
    async with asyncio.timeout(5):
        assert await station.boot() == registration
        said = {"Heartbeat": {}, "StatusNotification": STATUS[family(version)], "DataTransfer": {"vendorId": "acme"}}
        for action, payload in said.items():
            answer = await station.ask(action, payload)
            assert (answer[0], answer[2]) == (4, "SecurityError")
        assert await station.boot() == registration
        await arena.home.patch(f"/stations/{station.identity}", {"registration": "Accepted"})
        assert await station.boot() == "Accepted"
        assert await station.heard_until_the_heartbeat() == []
        await station.leave()


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("version", VERSIONS)
async def test_a_100_megabyte_frame_ends_its_connection_and_nothing_else(arena: Arena, version: str, mode: str):
    station = arena.stations[version, mode]
    async with asyncio.timeout(20):
        with contextlib.suppress(websockets.ConnectionClosed):
            await station.say(b'[2,"huge","DataTransfer",{"vendorId":"' + b"x" * 100_000_000 + b'"}]')
        # Whoever is still sending when the other side has closed may miss the close frame.
        assert await station.close_code() in {1009, 1006}
        assert await station.heard_until_the_heartbeat() == []


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("version", VERSIONS)
async def test_the_announcement_of_a_100_megabyte_frame_is_enough_for_close_code_1009(
    arena: Arena, version: str, mode: str
):
    station = arena.stations[version, mode]
    async with asyncio.timeout(5):
        await station.say_raw(b"\x81\xff" + (100_000_000).to_bytes(8, "big") + b"\0\0\0\0" + b"[2,")
        assert await station.close_code() == 1009
        assert await station.heard_until_the_heartbeat() == []


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("version", VERSIONS)
async def test_a_binary_frame_is_refused_with_close_code_1003(arena: Arena, version: str, mode: str):
    station = arena.stations[version, mode]
    async with asyncio.timeout(5):
        await station.say_binary(b'[2,"binary","Heartbeat",{}]')
        assert await station.close_code() == 1003
        assert await station.heard_until_the_heartbeat() == []


@pytest.mark.parametrize("version", VERSIONS)
async def test_what_is_refused_is_in_the_message_log_with_its_reason(arena: Arena, version: str):
    station = arena.stations[version, "strict"]
    name = station.fresh()
    async with asyncio.timeout(5):
        await station.ask("Heartbeat", {"mood": "fine"}, name)
    message = await logged(arena.home, station.identity, name)
    assert message["result"] == "refused: /mood: unknown field"
    assert json.loads(message["frame"]) == [2, name, "Heartbeat", {"mood": "fine"}]


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("version", VERSIONS)
async def test_the_same_message_again_gets_the_same_answer_and_another_under_its_id_is_new(
    arena: Arena, version: str, mode: str
):
    station = arena.stations[version, mode]
    name = station.fresh()
    first = START | {"meterStart": 700} if version == "1.6" else event(transactionInfo={"transactionId": name})
    other = START | {"meterStart": 800} if version == "1.6" else first | {"seqNo": 1, "eventType": "Updated"}
    action = "StartTransaction" if version == "1.6" else "TransactionEvent"
    before = len(await arena.home.transactions(station.identity))
    async with asyncio.timeout(5):
        answers = [await station.ask(action, payload, name) for payload in (first, first, other, other)]
    assert answers[0] == answers[1]
    assert answers[2] == answers[3]
    assert all(answer[:2] == [3, name] for answer in answers)
    after = len(await arena.home.transactions(station.identity))
    assert after == before + (2 if version == "1.6" else 1)
    if version == "1.6":
        assert answers[0][2]["transactionId"] != answers[2][2]["transactionId"]


@pytest.mark.parametrize("version", VERSIONS)
async def test_an_unreadable_start_is_answered_and_the_charge_after_it_is_recorded(arena: Arena, version: str):
    station = arena.stations[version, "tolerant"]
    async with asyncio.timeout(5):
        if version == "1.6":
            answer = await station.ask("StartTransaction", {"connectorId": 1, "idTag": "CAFE", "timestamp": NOW})
            number = answer[2]["transactionId"]
            stop = {"transactionId": number, "meterStop": 900, "timestamp": NOW, "reason": "Local"}
            assert (await station.ask("StopTransaction", stop))[0] == 3
            answer = await station.ask("StartTransaction", START | {"timestamp": "2026-05-02T12:00:00Z"})
            stop = {"transactionId": answer[2]["transactionId"], "meterStop": 7310, "timestamp": "2026-05-02T13:00:00Z"}
            assert (await station.ask("StopTransaction", stop))[0] == 3
        else:
            assert (await station.ask("TransactionEvent", {"eventType": "Started"}))[0] == 3
            for sequence, (kind, meter) in enumerate([("Started", 10), ("Ended", 7310)]):
                sampled = [{"timestamp": NOW, "sampledValue": [{"value": meter}]}]
                info = {"transactionId": "after-the-unreadable"}
                told = event(eventType=kind, seqNo=sequence, meterValue=sampled, transactionInfo=info)
                assert (await station.ask("TransactionEvent", told))[0] == 3
        newest, *_ = [one for one in await arena.home.transactions(station.identity) if one["energy_wh"]]
    assert (newest["energy_wh"], newest["state"]) == (7300, "Ended")


async def test_the_neighbours_lost_nothing(arena: Arena, record_property: Any, capsys: pytest.CaptureFixture[str]):
    async with asyncio.timeout(30):
        while any(len(neighbour.journal) < 3 for neighbour in arena.neighbours):
            await asyncio.sleep(0.01)
        for neighbour in arena.neighbours:
            neighbour.stopping.set()
        await asyncio.gather(*arena.charging)
    for neighbour in arena.neighbours:
        assert neighbour.refused == []
        assert neighbour.reconnects == 0
        kept = await all_transactions(arena.home, neighbour.identity)
        assert len(kept) == len(neighbour.journal)
        for charge in neighbour.journal:
            one = kept[charge.reference]
            assert one["state"] == "Ended"
            assert one["energy_wh"] == (charge.meter_stop or 0) - charge.meter_start
    waited = [seconds for neighbour in arena.neighbours for seconds in neighbour.waited]
    p50, p99 = (statistics.quantiles(waited, n=100)[place] * 1000 for place in (49, 98))
    record_property("neighbours_p99_ms", round(p99, 2))
    with capsys.disabled():
        print(f"\n  neighbours under hostile input: {len(waited)} answers, p50 {p50:.1f} ms, p99 {p99:.1f} ms")


async def all_transactions(home: House, identity: str) -> dict[str, dict[str, Any]]:
    """Every transaction of a station, by its reference."""
    found: dict[str, dict[str, Any]] = {}
    cursor: dict[str, str] = {}
    while True:
        page = await home.get("/transactions", station=identity, limit=500, **cursor)
        found |= {one["reference"]: one for one in page["items"]}
        if page["next"] is None:
            return found
        cursor = {"cursor": page["next"]}
