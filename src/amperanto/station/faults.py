"""What goes wrong between a station and its CSMS, and in the station itself, on purpose and repeatably.

`Rates` says how often each fault happens: those of the line for each frame, of a transaction for each transaction,
of the clock for each station. `Faults` throws the dice, one seeded Random for each station, so that a fleet in
simulated time goes wrong in the same way each run; `counted` tells what happened how often.

    faults = Faults(clock, seed=1, lose=0.05, double=0.05, reboot=0.05)
    station = Station("CP-1", version, connect=lambda: faults.connect(url, version))
    faults.afflict(station)

A frame may be lost, doubled, or late (it holds up those behind it, since a socket keeps its order). A stranded frame is
one that a dying socket still delivers when its successor has spoken already: the only way two frames change places.
`cut` ends the sockets without a farewell, as a dying modem does. What a station tells wrongly is in `lies.py`, what
happens to it in `mishaps.py`. What truly was is in its record (`record.py`), which no fault reaches.
"""

from __future__ import annotations

import asyncio
import json
from collections import Counter, deque
from collections.abc import Callable, Iterable
from random import Random
from typing import Any
from uuid import UUID

from amperanto.ocpp.codec import Codec
from amperanto.ocpp.connection import Connection, Role
from amperanto.ocpp.versions import Version
from amperanto.station.clock import Clock
from amperanto.station.lies import Lies
from amperanto.station.mishaps import Mishaps
from amperanto.station.rates import Rates
from amperanto.station.station import Station
from amperanto.transport.link import Cause, Closed, Link, PeerClosed
from amperanto.transport.peer import Peer
from amperanto.transport.websocket import basic_header, dial

CALL = 2
SPOKEN_BEFORE = 3
"""How many frames a new socket carries before the stranded ones of the old come out."""


SPOKEN_SINCE = 5
"""How many ids are newer at least than one that is used again: the station itself must not wait for both."""


class Faults:
    """The faults of a station or of a fleet; the rates by name or as `Rates`, late frames by up to `seconds`."""

    def __init__(
        self,
        clock: Clock,
        *,
        seed: int | str = 0,
        rates: Rates | None = None,
        seconds: float = 10.0,
        **by_name: float,
    ) -> None:
        self.clock = clock
        self.rates = rates or Rates(**by_name)
        self.seconds = seconds
        self.counted: Counter[str] = Counter()
        self._seed = seed
        self._dice: dict[str, Random] = {}
        self._links: list[Link] = []
        self._stranded: dict[str, deque[tuple[Link, str]]] = {}

    async def connect(self, url: str, version: Version, *, password: str | None = None) -> Peer:
        """Connect as `websocket.connect` does, over a bad line."""
        identity = url.rstrip("/").rsplit("/", 1)[-1]
        authorization = None if password is None else basic_header(identity, password)
        link, spoken = await dial(url, (version,), authorization=authorization)
        line = Connection(Role.STATION, Codec(spoken), ids=self.ids(identity))
        return Peer(line, self.on(link, identity), identity=identity)

    def on(self, link: Link, identity: str = "") -> FaultyLink:
        """The same link, as bad as this says."""
        self._links = [*(one for one in self._links if one is not link), link]
        return FaultyLink(link, self, identity)

    def afflict(self, *stations: Station) -> None:
        """Let what is told and what happens go wrong at these stations."""
        for station in stations:
            dice = Random(f"{self._seed}/{station.identity}")  # noqa: S311
            Lies(self.rates, dice, self.counted).of(station)
            Mishaps(self.rates, dice, self.counted).befall(station)

    def cut(self) -> None:
        """End every link at once, without a farewell."""
        for link in self._links:
            link.abort()
        self._links.clear()

    def ids(self, identity: str) -> Callable[[], str]:
        """Message ids for a connection: new ones, and now and then an old one."""
        dice, used = Random(f"{self._seed}/{identity}/ids"), deque[str](maxlen=50)  # noqa: S311

        def next_id() -> str:
            if len(used) > SPOKEN_SINCE and dice.random() < self.rates.reuse_id:
                self.counted["reuse_id"] += 1
                used.append(used.popleft())
            else:
                used.append(str(UUID(int=dice.getrandbits(128), version=4)))
            return used[-1]

        return next_id

    # --- the dice of the line

    def _of_line(self, identity: str) -> Random:
        """The dice of one station's line, so that no other station's traffic changes what they say."""
        return self._dice.setdefault(identity, Random(f"{self._seed}/{identity}/line"))  # noqa: S311

    def copies(self, identity: str = "") -> int:
        """How often a frame arrives."""
        chance = self._of_line(identity).random()
        if chance < self.rates.lose:
            self.counted["lose"] += 1
            return 0
        doubled = chance < self.rates.lose + self.rates.double
        self.counted["double"] += doubled
        return 2 if doubled else 1

    def delay(self, identity: str = "") -> float:
        """By how many seconds a frame is late."""
        dice = self._of_line(identity)
        late = dice.random() < self.rates.late
        self.counted["late"] += late
        return dice.uniform(0, self.seconds) if late else 0.0

    def strands(self, identity: str, text: str) -> bool:
        """Whether the socket dies under this frame, and delivers it when nobody expects it."""
        return self.rates.strand > 0 and _is_call(text) and self._of_line(identity).random() < self.rates.strand

    def strand(self, identity: str, link: Link, text: str) -> None:
        """Keep the frame until the next socket has spoken."""
        self.counted["strand"] += 1
        self._stranded.setdefault(identity, deque()).append((link, text))

    def come_out(self, identity: str) -> None:
        """What was stranded is delivered, and its socket is gone for good."""
        for link, text in self._stranded.pop(identity, ()):
            link.write(text)
            link.abort()


def _is_call(text: str) -> bool:
    frame: Any = json.loads(text)
    return bool(frame[0] == CALL)


class FaultyLink:
    """A link that loses, doubles, delays and strands."""

    def __init__(self, link: Link, faults: Faults, identity: str) -> None:
        self._link = link
        self._faults = faults
        self._identity = identity
        self._again: deque[str] = deque()
        self._written = 0
        self._dead: asyncio.Future[Closed] = asyncio.get_running_loop().create_future()

    @property
    def dead(self) -> bool:
        """Whether the station has left it."""
        return self._dead.done()

    @property
    def remote(self) -> str:
        """The other side's address."""
        return self._link.remote

    def write(self, text: str) -> None:
        """Send a text, or not, or twice."""
        if self._dead.done():
            return
        if self._faults.strands(self._identity, text):
            self._faults.strand(self._identity, self._link, text)
            self._dead.set_result(Closed(1006))
            return
        for _ in range(self._faults.copies(self._identity)):
            self._link.write(text)
        self._written += 1
        if self._written == SPOKEN_BEFORE:
            self._faults.come_out(self._identity)

    async def receive(self) -> str:
        """The next text that gets through, when it does. Raises PeerClosed."""
        while not self._again:
            text = await self._next()
            delay = self._faults.delay(self._identity)
            if delay:
                await self._late(delay)
            self._again.extend([text] * self._faults.copies(self._identity))
        return self._again.popleft()

    async def _late(self, seconds: float) -> None:
        """Hold a frame up, for as long as the link lives."""
        sleeping = asyncio.ensure_future(self._faults.clock.sleep(seconds))
        ended = asyncio.ensure_future(self.wait_closed())
        try:
            await _first((sleeping, ended))
        finally:
            sleeping.cancel()
            ended.cancel()

    async def _next(self) -> str:
        """The next text of the link, unless the station's end dies before."""
        if not self._faults.rates.strand:
            return await self._link.receive()
        text = asyncio.ensure_future(self._link.receive())
        try:
            await _first((text, self._dead))
            if self._dead.done():
                raise PeerClosed(self._dead.result())
            return text.result()
        finally:
            text.cancel()

    async def drain(self) -> None:
        """Wait for a slow reader."""
        if not self._dead.done():
            await self._link.drain()

    async def close(self, code: int = 1000, reason: str = "", cause: Cause = Cause.LOCAL) -> None:
        """End the link."""
        if not self._dead.done():
            await self._link.close(code, reason, cause)

    def abort(self) -> None:
        """Cut the line."""
        if not self._dead.done():
            self._link.abort()

    async def wait_closed(self) -> Closed:
        """How it ended."""
        if not self._faults.rates.strand:
            return await self._link.wait_closed()
        ended = asyncio.ensure_future(self._link.wait_closed())
        try:
            await _first((ended, self._dead))
            return self._dead.result() if self._dead.done() else ended.result()
        finally:
            ended.cancel()

    async def ping(self, timeout: float) -> bool:
        """Whether the other side is there."""
        return not self._dead.done() and await self._link.ping(timeout)

    def keep_alive(self, interval: float | None, timeout: float) -> None:
        """Ping after silence."""
        self._link.keep_alive(interval, timeout)

    def limit(self, size: int) -> None:
        """Refuse longer messages."""
        self._link.limit(size)


async def _first(futures: Iterable[asyncio.Future[Any]]) -> None:
    await asyncio.wait(set(futures), return_when=asyncio.FIRST_COMPLETED)
