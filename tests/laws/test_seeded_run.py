"""R13: time and chance are injected. One seeded run of the whole system gives the identical event log twice.

CSMS, gateway, store and three stations (1.6, 2.0.1, 2.1) on one loop over memory links, under simulated time. The
stations charge, lose their lines and come back. What is compared is the outbox: everything that became true.
"""

from __future__ import annotations

import asyncio
from contextlib import suppress
from dataclasses import replace
from random import Random
from typing import Any

import msgspec

from amperanto.bus.inprocess import InProcessBus
from amperanto.csms.block import Context
from amperanto.csms.csms import Csms
from amperanto.csms.stations import Stations
from amperanto.domain.ids import Ids
from amperanto.domain.quantities import WattHours
from amperanto.domain.stations import DEFAULT_ORGANISATION, StationId
from amperanto.domain.stations import Station as Registered
from amperanto.domain.tokens import RegisteredToken, Token
from amperanto.gateway.server import Gateway
from amperanto.ocpp import Codec, Connection, Role, Version
from amperanto.settings import in_memory
from amperanto.station import scenarios
from amperanto.station.station import Station
from amperanto.stores.store import Store
from amperanto.testing import SimulatedClock
from amperanto.transport.memory import Cable, numbered
from amperanto.transport.peer import Peer


class System:
    """The whole house with one seed, and three stations at its door."""

    def __init__(self, seed: int) -> None:
        self.clock = SimulatedClock()
        self.random = Random(seed)
        self.seed = seed
        self.cables: list[Cable] = []
        self.serving: list[asyncio.Task[None]] = []

    async def run(self) -> list[str]:
        ids = Ids(self.clock.now, self.random.getrandbits)
        store = await Store.open("sqlite://", clock=self.clock.now, ids=ids, node="n")
        csms = Csms(
            Context(
                store=store,
                bus=InProcessBus(),
                stations=Stations(),
                clock=self.clock,
                ids=ids,
                random=self.random,
                settings=replace(in_memory(), node="n"),
            )
        )
        self.gateway = Gateway(csms)
        stations = [await self._station(store, ids, version) for version in Version]
        running = [asyncio.create_task(station.run()) for station in stations]
        await self.clock.until(asyncio.gather(*(self._story(station) for station in stations)))
        for task in running:
            task.cancel()
        for cable in self.cables:
            cable.cut()
        await asyncio.gather(*running, *self.serving, return_exceptions=True)
        events = await store.outbox.read("everything", limit=10_000)
        await store.close()
        return [msgspec.json.encode((event.name, event.body), enc_hook=str).decode() for event in events]

    async def _station(self, store: Store, ids: Ids, version: Version) -> Station:
        identity = f"CP-{version.value}"
        known = Registered(id=StationId(ids.new()), organisation=DEFAULT_ORGANISATION, identity=identity)
        async with store.unit() as unit:
            unit.stations.add(known)
            unit.tokens.add(RegisteredToken(id=ids.new(), organisation=DEFAULT_ORGANISATION, token=Token(identity)))

        async def connect() -> Peer:
            cable = Cable()
            self.cables.append(cable)
            self.serving.append(asyncio.create_task(self.gateway.serve(cable.csms_link, known, version)))
            connection = Connection(Role.STATION, Codec(version), ids=numbered(identity))
            return Peer(connection, cable.station_link, identity=identity, clock=self.clock.monotonic)

        return Station(identity, version, connect=connect, clock=self.clock, seed=self.seed)

    async def _story(self, station: Station) -> None:
        for energy in (5_000, 12_345):
            token = Token(station.identity, "ISO14443")
            charging = asyncio.create_task(scenarios.charge(station, 1, token, WattHours.of(energy)))
            await self.clock.sleep(self.random.uniform(60, 1200))
            if self.random.random() < 0.7:
                self.cables[-1].cut()
            await charging
            await self.clock.sleep(self.random.uniform(30, 600))


async def seeded(seed: int) -> list[str]:
    async with asyncio.timeout(60):
        with suppress(asyncio.CancelledError):
            return await System(seed).run()
    raise AssertionError("the run was cancelled")


async def test_one_seed_is_one_story_to_the_last_event():
    first, second, other = [await seeded(seed) for seed in (1, 1, 2)]
    assert first == second
    assert first != other
    closed: list[Any] = [event for event in first if "TransactionClosed" in event]
    assert len(closed) == 6
