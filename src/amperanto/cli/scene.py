"""What the demo shows: three stations, the cars that come to them, the charges that ended and what they cost.

Each station has its story: a car arrives, takes some energy, leaves; after a while the next one comes. A
charge counts when the node tells it by REST, with what the node kept of it and billed for it. One meter
lies, once: at the end of a first short charge it tells a lifetime, which the node does not bill.
"""

from __future__ import annotations

import asyncio
from collections import Counter, deque
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from random import Random
from typing import Any

from rich.text import Text

from amperanto.cli.failure import Failure
from amperanto.cli.frames import Reader, line
from amperanto.station import (
    AcceleratedClock,
    Clock,
    Evse,
    Outlet,
    Percent,
    Station,
    Token,
    Vehicle,
    Version,
    WattHours,
)
from amperanto.station.dialing import Dialled, OnFrame
from amperanto.station.lies import Lies
from amperanto.station.rates import Rates
from amperanto.station.scenarios import NothingCharged, charge

FIRST_ENERGY = WattHours.of(20_000)
SHORT = WattHours.of(83)
"""What the charge really was that is told as 910 kWh more."""
BETWEEN_ARRIVALS = 600.0
PAUSE = (300.0, 1800.0)
FRAMES = 12

Kept = Callable[[str, str], Awaitable[dict[str, Any]]]
"""What the node kept of a transaction, by the station's identity and its own name for it."""
Billed = Callable[[str], Awaitable[dict[str, Any]]]
"""The charge record of a transaction, by our id."""


@dataclass(slots=True, kw_only=True)
class Place:
    """A station of the demo, and what its next driver presents."""

    identity: str
    version: Version
    token: Token
    lifetime: WattHours
    lies: bool = False
    """Whether its meter tells a lifetime at the end of its first charge."""
    dialled: Dialled | None = None
    station: Station | None = None

    def read_before(self, kept: dict[str, Any]) -> None:
        """Let the meter go on where an earlier transaction left it."""
        reading = kept["meter_stop_wh"] or kept["meter_start_wh"]
        if reading is not None:
            self.lifetime = max(self.lifetime, WattHours.of(reading))

    def put_up(self, clock: Clock) -> None:
        """Build the station behind the connection."""
        assert self.dialled is not None
        self.station = Station(
            self.identity,
            self.version,
            connect=self.dialled.connect,
            evses={1: Outlet(lifetime=self.lifetime)},
            clock=clock,
        )

    async def live(self) -> None:
        """Let the station live until `stop`."""
        assert self.station is not None
        await self.station.run()

    def stop(self) -> None:
        """Switch the station off."""
        if self.station is not None:
            self.station.stop()

    @property
    def evse(self) -> Evse | None:
        """Its one EVSE, up to date, once it lives."""
        if self.station is None:
            return None
        evse = self.station.evses[1]
        evse.settle()
        return evse


def places() -> list[Place]:
    """One station of each version; their meters have a past."""
    return [
        Place(
            identity="CP-16",
            version=Version.V16,
            token=Token("04A1B2C3D4", "ISO14443"),
            lifetime=WattHours.of(1_862_310),
        ),
        Place(
            identity="CP-201",
            version=Version.V201,
            token=Token("04B5C6D7E8", "ISO14443"),
            lifetime=WattHours.of(734_055),
        ),
        Place(
            identity="CP-21",
            version=Version.V21,
            token=Token("04C9DAEBFC", "ISO14443"),
            lifetime=WattHours.of(20_148),
            lies=True,
        ),
    ]


@dataclass(slots=True, kw_only=True)
class Scene:
    """Everything a view needs."""

    places: list[Place]
    random: Random
    kept: Kept
    billed: Billed
    clock: AcceleratedClock = field(default_factory=lambda: AcceleratedClock(1))
    price: str = ""
    """What charging costs, in words."""
    hints: list[str] = field(default_factory=list[str])
    frames: deque[Text] = field(default_factory=lambda: deque[Text](maxlen=FRAMES))
    charges: list[dict[str, Any]] = field(default_factory=list[dict[str, Any]])

    def listener(self, place: Place) -> OnFrame:
        """What keeps the last frames of a station."""
        reader = Reader()

        def heard(direction: str, text: str, number: int, event: object) -> None:
            incoming = direction == "out"  # out of the station, in to the node
            frame = reader.read(text, incoming=incoming)
            shown = Text(f"{place.identity:<7}", style="bold", no_wrap=True, overflow="ellipsis")
            self.frames.append(shown.append_text(line(frame, incoming=incoming)))

        return heard

    def begin(self, clock: AcceleratedClock) -> None:
        """Let the stations' time run from here."""
        self.clock = clock
        for place in self.places:
            place.put_up(clock)

    async def play(self, *, once: bool) -> None:
        """Cars come to every station; with `once` a single one each. Raises Failure."""
        stories = [
            asyncio.create_task(self._cars(place, delay=number * BETWEEN_ARRIVALS, once=once))
            for number, place in enumerate(self.places)
        ]
        try:
            await asyncio.gather(*stories)
        finally:
            for story in stories:
                story.cancel()

    async def _cars(self, place: Place, *, delay: float, once: bool) -> None:
        if place.lies:
            await self._visit_of_a_liar(place)
        await self.clock.sleep(delay)
        energy = FIRST_ENERGY
        while True:
            await self._visit(place, energy)
            if once:
                return
            await self.clock.sleep(self.random.uniform(*PAUSE))
            energy = WattHours.of(self.random.randrange(8_000, 26_000))

    async def _visit_of_a_liar(self, place: Place) -> None:
        assert place.station is not None
        context = place.station.context
        heard = tuple(context.on_transaction)
        Lies(Rates(lifetime_stop=1.0), self.random, Counter()).of(place.station)
        try:
            await self._visit(place, SHORT)
        finally:
            context.on_transaction[:] = heard
            context.spoil = None

    async def _visit(self, place: Place, energy: WattHours) -> None:
        assert place.station is not None
        car = Vehicle(
            capacity=WattHours.of(self.random.choice([42_000, 58_000, 77_000])),
            state_of_charge=Percent.of(self.random.randrange(10, 35)),
        )
        try:
            transaction = await charge(place.station, 1, place.token, energy, vehicle=car)
        except NothingCharged as error:
            raise Failure(f"Nothing was charged at {place.identity}: {error}; start the demo again.") from error
        if transaction.reference is None:
            raise Failure(f"The node never named the transaction of {place.identity}; start the demo again.")
        kept = await self.kept(place.identity, transaction.reference)
        cost: dict[str, Any] | None = None if kept["held"] else (await self.billed(kept["id"]))["cost"]
        self.charges.append(_summary(place, kept, cost))


def _summary(place: Place, kept: dict[str, Any], cost: dict[str, Any] | None) -> dict[str, Any]:
    """One ended charge, in the words of the REST interface."""
    told = ("energy_wh", "meter_start_wh", "meter_stop_wh", "started_at", "ended_at", "state")
    return {
        "station": place.identity,
        "version": place.version.value,
        "transaction_id": kept["id"],
        "reference": kept["reference"],
        **{name: kept[name] for name in told},
        "held": kept["held"],
        "findings": [one["kind"] for one in kept["findings"]],
        "cost": None if cost is None else {name: cost[name] for name in ("gross", "net", "tax", "currency")},
    }
