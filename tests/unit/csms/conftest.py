"""A CSMS over a real database in memory, and stations that tell it things."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any

import pytest

from amperanto.bus.inprocess import InProcessBus
from amperanto.csms.block import Context
from amperanto.csms.csms import Csms
from amperanto.csms.journal import Frame
from amperanto.csms.stations import Stations
from amperanto.domain.behaviour import ORDINARY, Behaviour
from amperanto.domain.ids import Ids
from amperanto.domain.observations import Observation
from amperanto.domain.stations import DEFAULT_ORGANISATION, Station, StationId
from amperanto.domain.tokens import RegisteredToken, Token
from amperanto.settings import in_memory
from amperanto.stores.store import Store


class Clock:
    """A clock that only moves when told."""

    def __init__(self) -> None:
        self.at = datetime(2026, 5, 1, 12, tzinfo=UTC)

    def now(self) -> datetime:
        return self.at

    def monotonic(self) -> float:
        return self.at.timestamp()

    async def sleep(self, seconds: float) -> None:
        self.at += timedelta(seconds=seconds)


@dataclass(eq=False)
class Teller:
    """A station's socket as far as the CSMS sees it."""

    csms: Csms
    station: Station
    number: int
    ocpp_version: str = "1.6"
    remote: str = "192.0.2.1"
    alive: bool = True
    closed: list[str] = field(default_factory=list)
    frames: int = 0
    behaviour: Behaviour = ORDINARY

    @property
    def station_id(self) -> StationId:
        return self.station.id

    @property
    def identity(self) -> str:
        return self.station.identity

    async def tell(self, told: Observation) -> Any:
        self.frames += 1
        frame = Frame(
            organisation=self.station.organisation,
            station=self.station.id,
            connection=self.number,
            number=self.frames,
            at=self.csms.context.clock.now(),
            direction="in",
            frame="[]",
        )
        return await self.csms.told(self, told, frame)  # type: ignore[arg-type]

    async def ping(self, timeout: float) -> bool:
        return self.alive

    async def close(self, code: int, reason: str) -> None:
        self.closed.append(reason)
        self.csms.stations.forget(self)  # type: ignore[arg-type]

    def refresh(self) -> None:
        pass


class House:
    """A CSMS with stations and tokens in it."""

    def __init__(self, csms: Csms) -> None:
        self.csms = csms
        self.clock = csms.context.clock
        self.store = csms.context.store

    async def station(self, identity: str = "CP1", **changes: Any) -> Teller:
        """A registered station with an open socket."""
        station = Station(
            id=StationId(self.csms.context.ids.new()), organisation=DEFAULT_ORGANISATION, identity=identity, **changes
        )
        async with self.store.unit() as unit:
            unit.stations.add(station)
        return await self.socket(station)

    async def socket(self, station: Station) -> Teller:
        """One more socket of that station; it takes the place."""
        number = await self.store.connections.take(
            station.id, "n", remote="192.0.2.1", version="1.6", at=self.clock.now()
        )
        teller = Teller(self.csms, station, number)
        self.csms.stations.register(teller)  # type: ignore[arg-type]
        return teller

    async def token(self, uid: str, **changes: Any) -> None:
        """A registered token."""
        known = RegisteredToken(
            id=self.csms.context.ids.new(), organisation=DEFAULT_ORGANISATION, token=Token(uid, "ISO14443"), **changes
        )
        async with self.store.unit() as unit:
            unit.tokens.add(known)


@pytest.fixture
async def house() -> AsyncIterator[House]:
    clock = Clock()
    random = Random(7)
    ids = Ids(clock.now, random.getrandbits)
    store = await Store.open("sqlite://", node="n", clock=clock.now, ids=ids)
    context = Context(
        store=store,
        bus=InProcessBus(),
        stations=Stations(),
        clock=clock,
        ids=ids,
        random=random,
        settings=in_memory(),
    )
    yield House(Csms(context))
    await store.close()
