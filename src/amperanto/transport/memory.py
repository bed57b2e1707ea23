"""Two peers joined without a socket, for tests of whatever speaks OCPP.

`wire()` gives both ends; a `Wire` can be cut, held (nothing is delivered until it is released), and tampered
with: `tamper` sees each text and says what arrives instead (nothing, twice, something else). Everything
happens in the order of the event loop; there is no clock. Like a socket, a direction takes only so many
unread texts before its writer has to wait.
"""

import asyncio
from collections import deque
from collections.abc import Callable, Iterable
from itertools import count
from typing import Any, Literal

from amperanto.ocpp.codec import Codec
from amperanto.ocpp.connection import Connection, Role
from amperanto.ocpp.versions import Version
from amperanto.transport.link import Cause, Closed, PeerClosed
from amperanto.transport.peer import Peer

Side = Literal["station", "csms"]
Tamper = Callable[[Side, str], Iterable[str]]
UNREAD = 16


class MemoryLink:
    """One end of a wire."""

    def __init__(self, wire: "Cable", side: Side) -> None:
        self._wire = wire
        self._side: Side = side
        self._inbox: deque[str] = deque()
        self._stirred = asyncio.Event()
        self._room = asyncio.Event()
        self._room.set()
        self._ended: asyncio.Future[Closed] = asyncio.get_running_loop().create_future()
        self.remote = "memory"
        self.max_size: int | None = None
        self.pings: tuple[float | None, float] = (None, 0.0)

    @property
    def _other(self) -> "MemoryLink":
        return self._wire.csms_link if self._side == "station" else self._wire.station_link

    def write(self, text: str) -> None:
        """Send a text."""
        if not self._ended.done():
            self._wire.carry(self._side, text)

    def arrive(self, text: str) -> None:
        """A text comes out of the wire here."""
        if not self._ended.done():
            self._inbox.append(text)
            self._stirred.set()
            if len(self._inbox) >= UNREAD:
                self._room.clear()

    async def drain(self) -> None:
        """Wait until the other side has read enough."""
        await self._other.have_room()

    async def have_room(self) -> None:
        """Wait until enough of what arrived has been read."""
        await self._room.wait()

    async def receive(self) -> str:
        """The next text. Raises PeerClosed."""
        while not self._inbox:
            if self._ended.done():
                raise PeerClosed(self._ended.result())
            self._stirred.clear()
            await self._stirred.wait()
        text = self._inbox.popleft()
        if len(self._inbox) < UNREAD:
            self._room.set()
        return text

    async def close(self, code: int = 1000, reason: str = "", cause: Cause = Cause.LOCAL) -> None:
        """End both ends of the wire; what was sent before still arrives."""
        self.end(Closed(code, reason, cause))
        self._other.end(Closed(code, reason, Cause.REMOTE))

    def abort(self) -> None:
        """Cut the wire."""
        self.end(Closed(1006, "", Cause.LOCAL))
        self._other.end(Closed(1006))

    def end(self, closed: Closed) -> None:
        """This end is over."""
        if not self._ended.done():
            self._ended.set_result(closed)
            self._stirred.set()
            self._room.set()

    async def wait_closed(self) -> Closed:
        """How it ended, once it has."""
        return await asyncio.shield(self._ended)

    async def ping(self, timeout: float) -> bool:
        """Whether the other end is there: it is, unless the wire was cut or is held."""
        return not self._ended.done() and not self._wire.held

    def keep_alive(self, interval: float | None, timeout: float) -> None:
        """Remembered in `pings`; a wire needs none."""
        self.pings = interval, timeout

    def limit(self, size: int) -> None:
        """Remembered in `max_size`."""
        self.max_size = size


class Cable:
    """Two joined links, and what happens to the texts in between."""

    def __init__(self, *, tamper: Tamper | None = None) -> None:
        self.texts: list[tuple[Side, str]] = []
        self.held = False
        self.tamper = tamper
        self._waiting: list[tuple[Side, str]] = []
        self.station_link = MemoryLink(self, "station")
        self.csms_link = MemoryLink(self, "csms")

    def carry(self, side: Side, text: str) -> None:
        """A text said by one side goes through the wire."""
        for one in self.tamper(side, text) if self.tamper is not None else (text,):
            self.texts.append((side, one))
            if self.held:
                self._waiting.append((side, one))
            else:
                (self.csms_link if side == "station" else self.station_link).arrive(one)

    def hold(self) -> None:
        """Deliver nothing from now on."""
        self.held = True

    def release(self) -> None:
        """Deliver what was held, in order, and what comes."""
        self.held = False
        waiting, self._waiting = self._waiting, []
        for side, text in waiting:
            (self.csms_link if side == "station" else self.station_link).arrive(text)

    def cut(self) -> None:
        """Lose the line: both ends see it end without a farewell, and what was held is gone."""
        self._waiting.clear()
        self.station_link.end(Closed(1006))
        self.csms_link.end(Closed(1006))


class Wire(Cable):
    """A cable with a station's peer and a CSMS's peer at its ends."""

    def __init__(
        self,
        version: Version,
        *,
        identity: str = "CP1",
        tamper: Tamper | None = None,
        codecs: tuple[Codec, Codec] | None = None,
        station: dict[str, Any] | None = None,
        csms: dict[str, Any] | None = None,
    ) -> None:
        """Join two peers. `station` and `csms` are Peer's options for each end, `codecs` its codecs."""
        super().__init__(tamper=tamper)
        ours, theirs = codecs or (Codec(version), Codec(version))
        mine: dict[str, Any] = {"identity": identity} | (station or {})
        yours: dict[str, Any] = {"identity": identity} | (csms or {})
        self.station = Peer(Connection(Role.STATION, ours, ids=numbered("s")), self.station_link, **mine)
        self.csms = Peer(Connection(Role.CSMS, theirs, ids=numbered("c")), self.csms_link, **yours)

    async def __aenter__(self) -> "Wire":
        return self

    async def __aexit__(self, *_: object) -> None:
        self.cut()
        await self.station.wait_closed()
        await self.csms.wait_closed()


def numbered(prefix: str) -> Callable[[], str]:
    """Message ids that say who spoke and when: s1, s2, ..."""
    numbers = count(1)
    return lambda: f"{prefix}{next(numbers)}"


def wire(version: Version = Version.V16, **options: Any) -> Wire:
    """Two joined peers: `async with wire(Version.V201) as line: await line.station.call(...)`."""
    return Wire(version, **options)
