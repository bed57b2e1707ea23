"""A day of many stations, under one seed: who stands where, who comes when, what it costs, and what goes wrong.

A third each of OCPP 1.6, 2.0.1 and 2.1; homes, car parks and fast chargers with one or two EVSEs. Cars arrive by the
hour, each driver has a token: most are known, some are of a group and stop with another's, some are blocked or unknown
to everybody, and stations that are offline let them charge. Every fault of `Rates` happens in one case of twenty.

The stations keep their own records, one file each, that no fault reaches; what they told otherwise is kept apart
(`Told`), for the report only: nothing is billed by it.
"""

from __future__ import annotations

import asyncio
import json
from collections import Counter
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from random import Random
from typing import Any, NamedTuple

from amperanto.domain.quantities import Amperes, Percent, Volts, WattHours
from amperanto.domain.sites import Site, SiteId
from amperanto.domain.stations import DEFAULT_ORGANISATION
from amperanto.domain.tokens import AuthorizationStatus, RegisteredToken, Token
from amperanto.ocpp import Version
from amperanto.station import Outlet, Station, Vehicle
from amperanto.station.clock import within
from amperanto.station.context import Report
from amperanto.station.evse import Transaction
from amperanto.station.faults import Faults
from amperanto.station.rates import Rates
from amperanto.station.record import Record
from amperanto.station.scenarios import A_MOMENT, until_idle
from tests.support.house import House

DAWN = datetime(2026, 3, 29, tzinfo=UTC)
"""The day on which the clocks of Europe go forward: it has 23 hours there."""
ZONE = "Europe/Berlin"
HOUR = 3600.0
DAY = 24 * HOUR
LAST_ARRIVAL = 22 * HOUR
PATIENCE = 8 * HOUR
"""How long a driver waits for a car that gets nothing."""
RATE = 0.05
DRIVERS_OF_A_STATION = 8


class Kind(NamedTuple):
    """A kind of place: what an EVSE offers, how often cars come in each hour (UTC), how much they want (kWh)."""

    name: str
    price: str
    evses: int
    amperes: int
    volts: int
    phases: int
    visits: tuple[int, int]
    busy: range
    wants: tuple[int, int]
    sampled: int


KINDS = (
    Kind("home", "flat", 1, 16, 230, 3, (1, 2), range(15, 22), (4, 40), 900),
    Kind("car park", "steps", 2, 32, 230, 3, (2, 3), range(5, 20), (2, 25), 900),
    Kind("fast", "hours", 2, 250, 400, 1, (3, 6), range(4, 22), (8, 45), 300),
)
PRICES: dict[str, dict[str, Any]] = {
    "flat": {"fee": "0.35", "energy": [{"price": "0.4567"}], "tax": "19"},
    "steps": {
        "energy": [{"price": "0.29", "below": 5000}, {"price": "0.3925", "below": 15000}, {"price": "0.45"}],
        "tax": "19",
        "least": "1.25",
        "most": "6.80",
    },
    "hours": {
        "energy": [{"price": "0.59", "from": "07:00", "until": "19:00"}, {"price": "0.41"}],
        "idle": "0.07",
        "idle_grace": 600,
        "tax": "19",
    },
}


@dataclass(slots=True)
class Told:
    """What a station told otherwise than it was, of one transaction: kinds of lies, and whether its clock was right."""

    lies: set[str] = field(default_factory=set[str])
    true_clock: bool = True


@dataclass(slots=True, kw_only=True)
class Day:
    """What came of it."""

    folder: Path
    prices: dict[str, Any]
    stations: list[Station]
    faults: Faults
    told: dict[tuple[str, str], Told]
    visits: Counter[str]


class Visit(NamedTuple):
    """A car that comes: when, with which tokens (the second stops), how much it wants, and how long it stays then."""

    at: float
    token: Token
    stops_with: Token
    wants: int
    lingers: float
    arrives_with: int
    amperes: int


async def prepare(house: House, folder: Path, *, stations: int, seed: int) -> Day:
    """Build the stations, their tokens, sites and records; the tariffs are the test's business."""
    faults = Faults(house.clock, seed=seed, rates=Rates.every(RATE))
    site = Site(id=SiteId("site"), organisation=DEFAULT_ORGANISATION, name="everywhere", time_zone=ZONE)
    async with house.store.unit() as unit:
        unit.sites.add(site)
    day = Day(
        folder=folder, prices={"stations": {}, "prices": PRICES}, stations=[], faults=faults, told={}, visits=Counter()
    )
    for number in range(stations):
        kind, version = KINDS[number // 3 % 3], [*Version][number % 3]
        name = f"CP{number:03}"
        station = await house.station(
            name,
            version,
            faults=faults,
            known_as={"site": site.id, "heartbeat_interval": 3600},
            evses=_outlets(kind, Random(f"{seed}/{name}/outlets")),
            variables={
                ("OCPPCommCtrlr", "MessageAttempts"): 100,
                ("OCPPCommCtrlr", "MessageAttemptInterval"): 10,
                ("SampledDataCtrlr", "TxUpdatedInterval"): kind.sampled,
            },
        )
        station.keep(Record(folder / f"{name}.jsonl"))
        day.prices["stations"][name] = {"price": kind.price, "zone": ZONE}
        day.stations.append(station)
        _listen(day, station)
        await _register(house, name)
    (folder / "prices.json").write_text(json.dumps(day.prices))
    return day


def _outlets(kind: Kind, dice: Random) -> dict[int, Outlet]:
    return {
        evse: Outlet(
            max_current=Amperes.of(kind.amperes),
            voltage=Volts.of(kind.volts),
            phases=kind.phases,
            lifetime=WattHours(Decimal(dice.randrange(10_000_000, 900_000_000)) / 1000),
        )
        for evse in range(1, kind.evses + 1)
    }


def _listen(day: Day, station: Station) -> None:
    """Keep apart what this station tells otherwise than it is."""
    spoil = station.context.spoil
    assert spoil is not None
    identity, told, counted = station.identity, day.told, day.faults.counted

    def listening(transaction: Transaction, report: Report) -> Report | None:
        before = counted.copy()
        changed = spoil(transaction, report)
        known = told.setdefault((identity, transaction.id), Told())
        known.lies |= {name for name in counted if counted[name] > before[name]}
        error = station.context.time.error
        known.true_clock = known.true_clock and (error is None or (not error.offset and not error.unset))
        return changed

    station.context.spoil = listening


def drivers(identity: str) -> list[Token]:
    """Who charges at a station: the first two are of one group, the last two are blocked and unknown."""
    return [Token(f"{identity}D{number}", "ISO14443") for number in range(DRIVERS_OF_A_STATION)]


async def _register(house: House, identity: str) -> None:
    known = drivers(identity)[:-1]
    async with house.store.unit() as unit:
        for number, token in enumerate(known):
            unit.tokens.add(
                RegisteredToken(
                    id=house.ids.new(),
                    organisation=DEFAULT_ORGANISATION,
                    token=token,
                    group=f"{identity}G" if number < 2 else None,
                    status=AuthorizationStatus.BLOCKED if token is known[-1] else AuthorizationStatus.ACCEPTED,
                    concurrent_limit=None if number < 4 else 1,
                )
            )


def visits(station: Station, evse: int, kind: Kind, seed: int) -> list[Visit]:
    """The cars that come to an EVSE, in the order of their arrival."""
    dice = Random(f"{seed}/{station.identity}/{evse}/visits")
    known = drivers(station.identity)
    hours = sorted(dice.choices(kind.busy, k=dice.randint(*kind.visits)))
    found: list[Visit] = []
    for hour in hours:
        who = dice.randrange(len(known))
        group = who < 2
        found.append(
            Visit(
                at=hour * HOUR + dice.uniform(0, HOUR),
                token=known[who],
                stops_with=known[1 - who] if group and dice.random() < 0.5 else known[who],
                wants=dice.randint(kind.wants[0] * 1000, kind.wants[1] * 1000),
                lingers=dice.choice((0.0, 30.0, 600.0, 1_800.0, 5_400.0)),
                arrives_with=dice.randint(5, 70),
                amperes=dice.choice((10, 16, 32)) if kind.phases == 3 else dice.choice((100, 125, 250)),
            )
        )
    return sorted(found)


async def live(day: Day, clock: Any, seed: int) -> None:
    """All cars of the day, at every EVSE; returns when the last has left."""
    async with asyncio.TaskGroup() as group:
        for number, station in enumerate(day.stations):
            kind = KINDS[number // 3 % 3]
            for evse in station.evses:
                group.create_task(_place(day, station, evse, kind, visits(station, evse, kind, seed), clock))
        await clock.sleep(DAY)


async def _place(day: Day, station: Station, evse: int, kind: Kind, due: list[Visit], clock: Any) -> None:
    for visit in due:
        await clock.sleep(visit.at - clock.monotonic())
        if visit.at < LAST_ARRIVAL:
            day.visits[await _charge(station, evse, kind, visit)] += 1


async def _charge(station: Station, evse: int, kind: Kind, visit: Visit) -> str:
    """A car comes, charges if it may, stays for a while and leaves; how it went."""
    clock = station.context.clock
    car = Vehicle(
        capacity=WattHours.of(70_000),
        state_of_charge=Percent.of(visit.arrives_with),
        max_current=Amperes.of(visit.amperes),
        phases=kind.phases,
        wants=WattHours.of(visit.wants),
    )
    await station.plug_in(evse, car)
    try:
        await clock.sleep(A_MOMENT)
        await station.present(visit.token, evse)
        place = station.evses[evse]
        transaction = place.transaction
        if transaction is None:
            await clock.sleep(60)
            return "refused"
        with suppress(TimeoutError):
            await within(clock, PATIENCE, until_idle(station, evse, car))
        await clock.sleep(visit.lingers)
        if place.transaction is transaction and place.token is not None:
            await station.present(visit.stops_with, evse)
        await clock.sleep(A_MOMENT)
        return "charged" if car.satisfied else "cut short"
    finally:
        await station.unplug(evse)
