"""Taking and giving back stations, each as a unit of its own (R4).

`take` gives the fencing number that every write of the connection must carry. What a node held when it died
is closed when it starts again, so that no connection seems to last for ever.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime

from amperanto.domain.events import StationEvent
from amperanto.domain.stations import OrganisationId, StationId
from amperanto.stores.connections import RESTARTED, Connection, ConnectionInterval, Connections
from amperanto.stores.errors import StoreError
from amperanto.stores.unit import Runner, Unit
from amperanto.stores.writer import Lane

CLOSED_AT_ONCE = 200


class Ownership:
    """Who holds which station."""

    __slots__ = ("_read", "_run", "of")

    def __init__(self, read: Connections, run: Runner) -> None:
        self._read = read
        self._run = run
        self.of = read.of

    async def take(
        self,
        station: StationId,
        node: str,
        *,
        remote: str,
        version: str,
        at: datetime,
        events: Callable[[int], Sequence[StationEvent]] = lambda fence: (),
    ) -> int:
        """Take the station for a new connection.

        Returns its fencing number. `events(number)` are published with it.
        """

        async def work(unit: Unit) -> int:
            owner = await unit.stations.by_id(station)
            if owner is None:
                raise StoreError(f"there is no station {station}")
            taken = Connection(
                station=station, organisation=owner.organisation, node=node, fence=0, since=at, remote=remote,
                version=version,
            )  # fmt: skip
            fence = (await unit.connections.take(taken)).fence
            for event in events(fence):
                unit.publish(event)
            return fence

        return await self._run(work)

    async def release(
        self,
        station: StationId,
        fence: int,
        *,
        at: datetime,
        close_code: int | None,
        cause: str,
        events: Sequence[StationEvent] = (),
    ) -> bool:
        """Give the station back, and publish.

        False, and nothing happens, if a newer connection has taken it.
        """

        async def work(unit: Unit) -> bool:
            released = await unit.connections.release(station, fence, at, close_code, cause)
            if released:
                for event in events:
                    unit.publish(event)
            return released

        return await self._run(work)

    async def close_orphans(self, node: str, at: datetime, *, cause: str = RESTARTED) -> list[Connection]:
        """End every connection that a former life of this node left open; returns them.

        Each ends when its station was last heard, as far as that was kept: nobody knows it lived longer.
        """
        left = await self._read.held_by(node)
        for start in range(0, len(left), CLOSED_AT_ONCE):
            part = left[start : start + CLOSED_AT_ONCE]

            async def work(unit: Unit, part: list[Connection] = part) -> None:
                for connection in part:
                    station = await unit.stations.by_id(connection.station)
                    heard = connection.since if station is None else station.last_seen or connection.since
                    until = min(at, max(heard, connection.since))
                    await unit.connections.release(connection.station, connection.fence, until, None, cause)

            await self._run(work, lane=Lane.BULK)
        return left

    async def intervals(
        self,
        organisation: OrganisationId,
        station: StationId,
        since: datetime,
        until: datetime,
        *,
        limit: int = 10_000,
    ) -> list[ConnectionInterval]:
        """The connections that touch the time from `since` to `until`, oldest first."""
        return await self._read.intervals(organisation, station, since, until, limit=limit)
