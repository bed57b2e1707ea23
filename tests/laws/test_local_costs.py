"""The law of two calculations: what a station says a charge cost is what the CSMS says, to the cent.

A 2.1 station in software and the whole CSMS on one loop, under simulated time. Tariffs and charges are drawn by a seed:
energy, charging and idle time, fees, taxes, times of day across midnight, thresholds, limits, a car that tapers off,
lines that break. The station is told the tariff and calculates by itself; the CSMS prices what it was told by reports.
"""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import time
from decimal import Decimal
from random import Random

import pytest

from amperanto.bus.inprocess import InProcessBus
from amperanto.conformance.requirements import requirement
from amperanto.csms.access import Principal
from amperanto.csms.block import Context
from amperanto.csms.csms import Csms
from amperanto.csms.stations import Stations
from amperanto.dialects.v2.costs import write_tariff
from amperanto.domain.ids import Ids
from amperanto.domain.quantities import Percent
from amperanto.domain.stations import DEFAULT_ORGANISATION, StationId
from amperanto.domain.stations import Station as Registered
from amperanto.domain.tariff_assignments import Scope
from amperanto.domain.tariffs import Component, Conditions, Element, Limit, Tariff, TaxRate
from amperanto.domain.tokens import RegisteredToken, Token
from amperanto.gateway.server import Gateway
from amperanto.ocpp import Codec, Connection, Role, Version, v2
from amperanto.settings import in_memory
from amperanto.station import Vehicle
from amperanto.station.station import Station
from amperanto.stores.store import Store
from amperanto.testing import SimulatedClock
from amperanto.transport.memory import Cable, numbered
from amperanto.transport.peer import Peer

CARD = Token("04A2B3C4", "ISO14443")
WHO = Principal(organisation=DEFAULT_ORGANISATION, name="test", scopes=frozenset({"admin"}))
CHARGES = 2


def _conditions(random: Random, *, fee: bool) -> Conditions:
    chosen: dict[str, object] = {}
    if random.random() < 0.6:
        chosen["start_time"] = time(random.randrange(24), random.randrange(60))
        chosen["end_time"] = time(random.randrange(24), random.randrange(60))
    if not fee and random.random() < 0.4:
        chosen[random.choice(("min_energy", "max_energy"))] = Decimal(random.randrange(100, 9000))
    if not fee and random.random() < 0.4:
        chosen[random.choice(("min_time", "max_time", "min_charging_time", "max_idle_time"))] = random.randrange(
            60, 7200
        )
    return Conditions(**chosen)  # type: ignore[arg-type]


def _component(random: Random, *, fee: bool = False) -> Component | None:
    if random.random() < 0.25:
        return None
    prices = [
        Element(price=Decimal(random.randrange(0, 9000)) / 10_000, conditions=_conditions(random, fee=fee))
        for _ in range(random.randrange(3))
    ]
    prices.append(Element(price=Decimal(random.randrange(0, 9000)) / 10_000))
    taxes = (TaxRate(type="vat", tax=Decimal(random.choice(("19", "21", "5.5")))),) if random.random() < 0.7 else ()
    return Component(prices=tuple(prices), taxes=taxes)


def tariff(random: Random) -> Tariff:
    """A tariff a station can calculate by."""
    both = Decimal(random.randrange(1, 80)) / 10
    return Tariff(
        id="any",
        currency="EUR",
        energy=_component(random),
        charging_time=_component(random),
        idle_time=_component(random),
        fixed_fee=_component(random, fee=True),
        min_cost=Limit(excl_tax=both, incl_tax=both) if random.random() < 0.15 else None,
        max_cost=Limit(incl_tax=both + 5) if random.random() < 0.15 else None,
    )


class Place:
    """One station at the door of the whole CSMS, under one seed."""

    def __init__(self, seed: int) -> None:
        self.random, self.clock = Random(seed), SimulatedClock()
        self.cables: list[Cable] = []
        self.serving: list[asyncio.Task[None]] = []

    async def open(self) -> None:
        ids = Ids(self.clock.now, self.random.getrandbits)
        self.store = await Store.open("sqlite://", clock=self.clock.now, ids=ids, node="n")
        settings = replace(in_memory(), node="n")
        self.csms = Csms(
            Context(
                store=self.store, bus=InProcessBus(), stations=Stations(), clock=self.clock, ids=ids,
                random=self.random, settings=settings,
            )
        )  # fmt: skip
        self.gateway = Gateway(self.csms)
        known = Registered(id=StationId(ids.new()), organisation=DEFAULT_ORGANISATION, identity="CP1")
        async with self.store.unit() as unit:
            unit.stations.add(known)
            unit.tokens.add(RegisteredToken(id=ids.new(), organisation=DEFAULT_ORGANISATION, token=CARD))
        self.known = known
        often = {("SampledDataCtrlr", "TxUpdatedInterval"): 900}
        self.station = Station("CP1", Version.V21, connect=self._connect, clock=self.clock, seed=1, variables=often)
        self.running = asyncio.create_task(self.station.run())
        await self.clock.until(self.station.ready())

    async def _connect(self) -> Peer:
        cable = Cable()
        self.cables.append(cable)
        self.serving.append(asyncio.create_task(self.gateway.serve(cable.csms_link, self.known, Version.V21)))
        connection = Connection(Role.STATION, Codec(Version.V21), ids=numbered("CP1"))
        return Peer(connection, cable.station_link, identity="CP1", clock=self.clock.monotonic)

    async def close(self) -> None:
        self.running.cancel()
        for cable in self.cables:
            cable.cut()
        await asyncio.gather(self.running, *self.serving, return_exceptions=True)
        await self.store.close()

    async def price_by(self, chosen: Tariff) -> None:
        """The same tariff here and there."""
        await self.csms.tariffs.add(WHO, "any", chosen)
        await self.csms.tariffs.assign(WHO, Scope.ORGANISATION, "", "any")
        request = v2.SetDefaultTariffRequest(evse_id=0, tariff=write_tariff(chosen))
        answer = await self.clock.until(self.csms.stations.call(self.known.id, request))
        assert answer.status == "Accepted", answer

    async def charge(self) -> None:
        """A car comes, charges some hours, perhaps until it is full, and leaves."""
        random, clock = self.random, self.clock
        await clock.advance(random.uniform(60, 6 * 3600))
        await self.station.plug_in(1, Vehicle(state_of_charge=Percent.of(random.randrange(20, 99))))
        await clock.until(self.station.present(CARD, 1))
        for _ in range(random.randrange(1, 4)):
            await clock.advance(random.uniform(10, 2 * 3600))
            if random.random() < 0.3:
                self.cables[-1].cut()
        await clock.until(self.station.present(CARD, 1))
        await clock.until(self.station.drained())
        await self.station.unplug(1)
        await clock.advance(1)


@requirement("I12-S2")
@pytest.mark.parametrize("seed", range(6))
async def test_station_and_csms_come_to_the_same_cost(seed: int) -> None:
    place = Place(seed)
    async with asyncio.timeout(60):
        await place.open()
        try:
            await place.price_by(tariff(place.random))
            for _ in range(CHARGES):
                await place.charge()
            figures = [
                (one.message.cost_details.total_cost.total.incl_tax, one.answer.total_cost)  # type: ignore[attr-defined]
                for one in place.station.journal
                if isinstance(one.message, v2.TransactionEventRequest) and one.message.event_type == "Ended"
            ]
            assert len(figures) == CHARGES
            for ours, theirs in figures:
                assert ours == theirs
        finally:
            await place.close()
