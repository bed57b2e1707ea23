"""A CSMS made of frames typed by hand: it shares nothing with ours, not even the protocol.

`answers` says what each action is answered: a payload, a function of the request's payload, `SILENCE`, or a
`Refusal`. `heard` is every CALL in the order it came, `ask` sends one and returns the station's answer.
"""

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from itertools import count
from typing import Any, NamedTuple

from amperanto.domain.tokens import Token
from amperanto.ocpp import Codec, Connection, Role, Version
from amperanto.station import ByProfile, NetworkProfile, SimulatedClock, Station
from amperanto.transport import Cause, Closed, Link, Peer, PeerClosed

ALL = (Version.V16, Version.V201, Version.V21)
TWO = (Version.V201, Version.V21)
DRIVER = Token("04A2B3C4", "ISO14443")
EPOCH = "2026-01-01T00:00:00.000Z"
SILENCE = object()
PATIENCE = 30
"""Real seconds a whole scene may take on a busy machine; alone it takes a few hundredths of one."""
ACCEPTED = {"status": "Accepted", "currentTime": EPOCH, "interval": 300}


class Refusal(NamedTuple):
    """A CALLERROR."""

    code: str


class Heard(NamedTuple):
    """A CALL of the station."""

    action: str
    payload: dict[str, Any]


def answers_of(version: Version) -> dict[str, Any]:
    """What an obliging CSMS answers."""
    info = {"status": "Accepted"}
    numbers = count(41)
    return {
        "BootNotification": ACCEPTED,
        "Heartbeat": {"currentTime": EPOCH},
        "Authorize": {"idTagInfo": info} if version is Version.V16 else {"idTokenInfo": info},
        "StartTransaction": lambda _: {"idTagInfo": info, "transactionId": next(numbers)},
    }


class ScriptedLink:
    """The station's end of the line."""

    remote = "scripted"

    def __init__(self, csms: "ScriptedCsms") -> None:
        self._csms = csms
        self._inbox: asyncio.Queue[str | None] = asyncio.Queue()
        self._ended: asyncio.Future[Closed] = asyncio.get_running_loop().create_future()

    def write(self, text: str) -> None:
        if not self._ended.done():
            self._csms.receive(text)

    def arrive(self, text: str) -> None:
        self._inbox.put_nowait(text)

    async def drain(self) -> None:
        await asyncio.sleep(0)

    async def receive(self) -> str:
        text = None if self._ended.done() and self._inbox.empty() else await self._inbox.get()
        if text is None:
            raise PeerClosed(self._ended.result())
        return text

    async def close(self, code: int = 1000, reason: str = "", cause: Cause = Cause.LOCAL) -> None:
        self.end(Closed(code, reason, cause))

    def abort(self) -> None:
        self.end(Closed(1006, "", Cause.LOST))

    def end(self, closed: Closed) -> None:
        if not self._ended.done():
            self._ended.set_result(closed)
            self._inbox.put_nowait(None)

    async def wait_closed(self) -> Closed:
        return await asyncio.shield(self._ended)

    async def ping(self, timeout: float) -> bool:
        return not self._ended.done()

    def keep_alive(self, interval: float | None, timeout: float) -> None: ...

    def limit(self, size: int) -> None: ...


class ScriptedCsms:
    """The other end, and everything said on it."""

    def __init__(self, version: Version, clock: SimulatedClock, around: Callable[[Link], Link] | None = None) -> None:
        self.version = version
        self.clock = clock
        self.answers = answers_of(version)
        self.heard: list[Heard] = []
        self.frames: list[list[Any]] = []
        self.connected_at: list[float] = []
        self.unreachable = False
        self.tried: list[NetworkProfile] = []
        self.ways: set[str] = set()
        self.link: ScriptedLink | None = None
        self.around = around
        self._asked: dict[str, asyncio.Future[Any]] = {}
        self._ids = count(1)

    async def connect(self) -> Peer:
        return await self.connect_to(None)

    async def connect_to(self, profile: NetworkProfile | None) -> Peer:
        """Open the line by a network profile; who `ways` says is not there refuses."""
        self.connected_at.append(self.clock.monotonic())
        if profile is not None:
            self.tried.append(profile)
        if self.unreachable or (profile is not None and profile.url not in self.ways):
            raise ConnectionRefusedError
        self.link = link = ScriptedLink(self)
        line = Connection(Role.STATION, Codec(self.version), ids=lambda: f"s{next(self._ids)}")
        return Peer(line, self.around(link) if self.around else link, identity="CP1")

    def receive(self, text: str) -> None:
        frame = json.loads(text)
        self.frames.append(frame)
        if frame[0] != 2:
            asked = self._asked.pop(frame[1], None)
            if asked is not None:
                asked.set_result(frame[2])
            return
        self.heard.append(Heard(frame[2], frame[3]))
        answer = self.answers.get(frame[2], {})
        answer = answer(frame[3]) if callable(answer) else answer
        if isinstance(answer, Refusal):
            self.say([4, frame[1], answer.code, "", {}])
        elif answer is not SILENCE:
            self.say([3, frame[1], answer])

    def say(self, frame: Any) -> None:
        if self.link is not None:
            self.link.arrive(frame if isinstance(frame, str) else json.dumps(frame))

    async def ask(self, action: str, payload: dict[str, Any] | None = None) -> Any:
        """The station's answer: a payload, or the code of its CALLERROR."""
        name = f"c{next(self._ids)}"
        self._asked[name] = asyncio.get_running_loop().create_future()
        self.say([2, name, action, payload or {}])
        answer = await self.clock.until(self._asked[name])
        await self.clock.advance(0.001)
        return answer

    def cut(self) -> None:
        """The line breaks."""
        if self.link is not None:
            self.link.abort()

    def of(self, *actions: str) -> list[dict[str, Any]]:
        """The payloads of those actions, in order."""
        return [payload for action, payload in self.heard if action in actions]

    def actions(self) -> list[str]:
        return [action for action, _ in self.heard]


class Scene(NamedTuple):
    """A station that runs, its CSMS and their time."""

    station: Station
    csms: ScriptedCsms
    clock: SimulatedClock


@asynccontextmanager
async def scene(
    version: Version, *, impatient: bool = False, around: Callable[[Link], Link] | None = None, **options: Any
) -> AsyncIterator[Scene]:
    """A station on a scripted CSMS; `impatient`: simulated time runs while an answer is awaited.

    With a `profile` it connects by its network profiles, and only `csms.ways` lead anywhere.
    """
    clock = SimulatedClock(waits_for_network=not impatient, synchronizable=options.pop("synchronizable", False))
    csms = ScriptedCsms(version, clock, around)
    prepare = options.pop("prepare", None)
    if prepare is not None:
        prepare(csms)
    first = options.pop("profile", None)
    connect = csms.connect if first is None else ByProfile(first, csms.connect_to)
    station = Station("CP1", version, connect=connect, clock=clock, **{"seed": "scene", **options})
    async with asyncio.timeout(PATIENCE):
        running = asyncio.create_task(station.run())
        try:
            await clock.advance(1)
            yield Scene(station, csms, clock)
        finally:
            station.stop()
            await running


def reports(csms: ScriptedCsms) -> list[dict[str, Any]]:
    """The TransactionEvents."""
    return csms.of("TransactionEvent")


def register(report: dict[str, Any]) -> float:
    """The last import register in a 2.x report."""
    samples = report["meterValue"][-1]["sampledValue"]
    return next(s["value"] for s in samples if s["measurand"] == "Energy.Active.Import.Register")


def story(csms: ScriptedCsms) -> list[tuple[str, str, str | None, str | None]]:
    """What each TransactionEvent says: kind, trigger, charging state, stopped reason."""
    return [
        (
            one["eventType"],
            one["triggerReason"],
            one["transactionInfo"].get("chargingState"),
            one["transactionInfo"].get("stoppedReason"),
        )
        for one in reports(csms)
    ]


def outcome(csms: ScriptedCsms) -> list[dict[str, Any]]:
    """What ended: the StopTransactions, or the TransactionEvents that say Ended."""
    return csms.of("StopTransaction") + [one for one in reports(csms) if one["eventType"] == "Ended"]
