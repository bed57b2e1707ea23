"""The way out: `await stations.call(id, v2.ResetRequest(...))`, wherever that station is connected.

The gateway registers one `StationLink` per socket. Two sockets of one station are told apart by their fencing
number (R4): the end of an old socket never removes the new one. Commands are spelled in OCPP 2.1; the link's
dialect translates them (D3).
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Protocol, TypeVar

from amperanto.csms.errors import StationOffline
from amperanto.domain.behaviour import ORDINARY, Behaviour
from amperanto.domain.stations import StationId
from amperanto.ocpp import v2

R = TypeVar("R", bound=v2.Response)


class StationLink(Protocol):
    """One socket of a station, as the CSMS sees it."""

    @property
    def station_id(self) -> StationId: ...

    @property
    def identity(self) -> str: ...

    @property
    def ocpp_version(self) -> str: ...

    @property
    def remote(self) -> str: ...

    @property
    def number(self) -> int:
        """The fencing number of this connection."""
        ...

    @property
    def behaviour(self) -> Behaviour:
        """What to expect of stations of its make."""
        ...

    async def call(self, request: v2.Request[R], *, timeout: float | None = None, urgent: bool = False) -> R: ...

    async def call_raw(
        self, action: str, payload: bytes, *, timeout: float | None = None, urgent: bool = False
    ) -> bytes:
        """Ask with any JSON object in the station's own words; the answer's JSON as it came."""
        ...

    def can(self, request: type) -> bool: ...

    def fits(self, request: v2.Request[Any]) -> bool:
        """Whether the station's version can say all of this very request."""
        ...

    async def ping(self, timeout: float) -> bool:
        """Whether the socket lives: anything was heard from it within `timeout` seconds."""
        ...

    async def close(self, code: int, reason: str) -> None: ...

    def refresh(self) -> None:
        """The station's settings changed: read them again."""
        ...


class Stations:
    """The stations that have a socket on this node."""

    def __init__(self) -> None:
        self._links: dict[StationId, StationLink] = {}

    def register(self, link: StationLink) -> StationLink | None:
        """Make this the station's socket; the one it replaces is returned."""
        old = self._links.get(link.station_id)
        self._links[link.station_id] = link
        return old

    def forget(self, link: StationLink) -> None:
        """The socket ended; a newer one of the same station is left alone."""
        if self._links.get(link.station_id) is link:
            del self._links[link.station_id]

    def link(self, station: StationId) -> StationLink | None:
        """The station's socket, if it has one."""
        return self._links.get(station)

    def behaviour(self, station: StationId) -> Behaviour:
        """What to expect of the station, as far as its socket tells; an ordinary one where it has none."""
        link = self._links.get(station)
        return ORDINARY if link is None else link.behaviour

    def online(self, station: StationId) -> bool:
        """Whether the station has a socket."""
        return station in self._links

    def __iter__(self) -> Iterator[StationLink]:
        return iter(tuple(self._links.values()))

    def __len__(self) -> int:
        return len(self._links)

    def reach(self, station: StationId) -> StationLink:
        """The station's socket. Raises StationOffline."""
        link = self._links.get(station)
        if link is None:
            raise StationOffline("the station is not connected now; the command was not sent")
        return link

    async def call(
        self, station: StationId, request: v2.Request[R], *, timeout: float | None = None, urgent: bool = False
    ) -> R:
        """Send a command and return the station's answer.

        Raises StationOffline, NotSpoken, StationBusy, StationSilent, StationNotAccepted; CallRefused for a CALLERROR.
        """
        return await self.reach(station).call(request, timeout=timeout, urgent=urgent)
