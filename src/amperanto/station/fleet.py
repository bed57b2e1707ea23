"""Many stations on one event loop."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Iterator

from amperanto.station.station import Station


class Fleet:
    """Stations that live together: `async with Fleet(stations) as fleet:` runs them until its end."""

    def __init__(self, stations: Iterable[Station]) -> None:
        self._stations = {station.identity: station for station in stations}
        self._tasks: list[asyncio.Task[None]] = []

    def __iter__(self) -> Iterator[Station]:
        return iter(self._stations.values())

    def __len__(self) -> int:
        return len(self._stations)

    def __getitem__(self, identity: str) -> Station:
        return self._stations[identity]

    async def ready(self) -> None:
        """Return once all are connected and accepted."""
        await asyncio.gather(*(station.ready() for station in self))

    async def drained(self) -> None:
        """Return once the CSMS has answered every transaction report of all."""
        await asyncio.gather(*(station.drained() for station in self))

    async def __aenter__(self) -> Fleet:
        self._tasks = [asyncio.create_task(station.run()) for station in self]
        return self

    async def __aexit__(self, *_: object) -> None:
        for station in self:
            station.stop()
        await asyncio.gather(*self._tasks)
