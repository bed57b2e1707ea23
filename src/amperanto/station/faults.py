"""What goes wrong between a station and its CSMS, on purpose and repeatably.

`Faults` wraps the links a station opens: each frame may be lost, doubled, or come late, by the dice of a
seeded Random; and `cut` ends the socket without a farewell, as a dying modem does. A late frame holds up
those behind it, since a socket keeps its order.

    faults = Faults(clock, seed=1, lose=0.05, double=0.05, late=0.1)
    station = Station("CP-1", version, connect=lambda: faults.connect(url, version))
"""

from __future__ import annotations

from collections import deque
from random import Random
from uuid import uuid4

from amperanto.ocpp.codec import Codec
from amperanto.ocpp.connection import Connection, Role
from amperanto.ocpp.versions import Version
from amperanto.station.clock import Clock
from amperanto.transport.link import Cause, Closed, Link
from amperanto.transport.peer import Peer
from amperanto.transport.websocket import basic_header, dial


class Faults:
    """How bad the line is: the share of frames lost, doubled, and late, and by up to how many seconds."""

    def __init__(
        self,
        clock: Clock,
        *,
        seed: int | str = 0,
        lose: float = 0.0,
        double: float = 0.0,
        late: float = 0.0,
        seconds: float = 10.0,
    ) -> None:
        self.clock = clock
        self.lose, self.double, self.late, self.seconds = lose, double, late, seconds
        self._random = Random(seed)  # noqa: S311
        self._links: list[Link] = []

    async def connect(self, url: str, version: Version, *, password: str | None = None) -> Peer:
        """Connect as `websocket.connect` does, over a bad line."""
        identity = url.rstrip("/").rsplit("/", 1)[-1]
        authorization = None if password is None else basic_header(identity, password)
        link, spoken = await dial(url, (version,), authorization=authorization)
        return Peer(Connection(Role.STATION, Codec(spoken), ids=uuid4), self.on(link), identity=identity)

    def on(self, link: Link) -> Link:
        """The same link, as bad as this says."""
        self._links = [*(one for one in self._links if one is not link), link]
        return FaultyLink(link, self)

    def cut(self) -> None:
        """End every link at once, without a farewell."""
        for link in self._links:
            link.abort()
        self._links.clear()

    def copies(self) -> int:
        """How often a frame arrives."""
        chance = self._random.random()
        if chance < self.lose:
            return 0
        return 2 if chance < self.lose + self.double else 1

    def delay(self) -> float:
        """By how many seconds a frame is late."""
        late = self._random.random() < self.late
        return self._random.uniform(0, self.seconds) if late else 0.0


class FaultyLink:
    """A link that loses, doubles and delays."""

    def __init__(self, link: Link, faults: Faults) -> None:
        self._link = link
        self._faults = faults
        self._again: deque[str] = deque()

    @property
    def remote(self) -> str:
        """The other side's address."""
        return self._link.remote

    def write(self, text: str) -> None:
        """Send a text, or not, or twice."""
        for _ in range(self._faults.copies()):
            self._link.write(text)

    async def receive(self) -> str:
        """The next text that gets through, when it does. Raises PeerClosed."""
        while not self._again:
            text = await self._link.receive()
            delay = self._faults.delay()
            if delay:
                await self._faults.clock.sleep(delay)
            self._again.extend([text] * self._faults.copies())
        return self._again.popleft()

    async def drain(self) -> None:
        """Wait for a slow reader."""
        await self._link.drain()

    async def close(self, code: int = 1000, reason: str = "", cause: Cause = Cause.LOCAL) -> None:
        """End the link."""
        await self._link.close(code, reason, cause)

    def abort(self) -> None:
        """Cut the line."""
        self._link.abort()

    async def wait_closed(self) -> Closed:
        """How it ended."""
        return await self._link.wait_closed()

    async def ping(self, timeout: float) -> bool:
        """Whether the other side is there."""
        return await self._link.ping(timeout)

    def keep_alive(self, interval: float | None, timeout: float) -> None:
        """Ping after silence."""
        self._link.keep_alive(interval, timeout)

    def limit(self, size: int) -> None:
        """Refuse longer messages."""
        self._link.limit(size)
