"""Each fault of a station, against the whole house in simulated time: everything is answered, and nothing is doubled.

What does not lie about energy costs none: the CSMS then has, transaction by transaction, what the station's own record
says. What lies is told as it is; whether it is believed is the CSMS's business, and tested there.
"""

from __future__ import annotations

import asyncio
import json
from contextlib import suppress
from decimal import Decimal
from typing import Any

import pytest
from tests.support.house import House, house

from amperanto.domain.quantities import WattHours
from amperanto.ocpp import Version
from amperanto.station import Fleet, Outlet, Station, Token
from amperanto.station.faults import Faults
from amperanto.station.rates import Rates
from amperanto.station.record import Record
from amperanto.station.scenarios import NothingCharged, charge

LINE = {"lose": 0.1, "double": 0.2, "late": 0.3, "strand": 0.05, "reuse_id": 0.2}
HAPPENS = dict.fromkeys(("reboot", "lose_power", "drop_socket", "clock_jump", "replay"), 1.0)
CLOCK = dict.fromkeys(("clock_offset", "clock_unset", "clock_local"), 1.0)
OF_THE_METER = ("register_back", "lifetime_stop", "unit_mixed", "jump", "no_figure", "previous_values")
LIES = dict.fromkeys((*OF_THE_METER, "never_stop"), 1.0)
ONLY_16 = dict.fromkeys(("stop_minus_one", "wrong_reference", "no_reference"), 1.0)
HARMLESS = LINE | HAPPENS | CLOCK
PATIENT = {("OCPPCommCtrlr", "MessageAttempts"): 100, ("OCPPCommCtrlr", "MessageAttemptInterval"): 1}
CHARGES = 3
WANTED = WattHours.of(3_000)


async def story(station: Station, clock: Any) -> None:
    """Three drivers come, one after the other, and take what they can get."""
    for _ in range(CHARGES):
        with suppress(NothingCharged):
            await charge(station, 1, Token(station.identity, "ISO14443"), WANTED)
        await clock.sleep(120)
    await station.ready()
    await station.drained()


async def lived(built: House, version: Version, faults: Faults) -> tuple[Station, list[dict[str, Any]]]:
    """A station of that version that lives through its story; and its record."""
    lines: list[str] = []
    outlets = {1: Outlet(lifetime=WattHours.of(50_000))}
    station = await built.station("CP1", version, faults=faults, evses=outlets, variables=PATIENT)
    station.keep(Record(lines.append))
    running = asyncio.create_task(station.run())
    await built.clock.until(story(station, built.clock))
    station.stop()
    await running
    return station, [json.loads(line) for line in lines]


def truth(facts: list[dict[str, Any]]) -> list[Decimal]:
    """The energy of each transaction as its meter shows it: whole Wh at the end less those at the start."""
    found: dict[str, list[int]] = {}
    for fact in facts:
        if fact["what"] in ("transaction-started", "transaction-ended"):
            found.setdefault(fact["transaction"], []).append(int(Decimal(fact["register_wh"])))
    return [Decimal(end - start) for start, end in found.values()]


@pytest.mark.parametrize("fault", HARMLESS)
@pytest.mark.parametrize("version", Version)
async def test_a_fault_that_tells_no_lie_of_energy_costs_none_and_doubles_nothing(version: Version, fault: str):
    async with asyncio.timeout(60), house() as built:
        faults = Faults(built.clock, seed=7, **{fault: HARMLESS[fault]})
        station, facts = await lived(built, version, faults)
        assert faults.counted[fault] > 0
        assert station.queued == 0
        known = await built.transactions()
        assert [one.energy.value for one in known if one.energy is not None] == truth(facts)
        assert len(known) == len(station.transactions) > 0


TOLD = [(version, fault) for fault in LIES for version in Version] + [(Version.V16, fault) for fault in ONLY_16]


@pytest.mark.parametrize(("version", "fault"), TOLD)
async def test_a_lie_is_told_and_answered_and_makes_no_second_transaction(version: Version, fault: str):
    async with asyncio.timeout(60), house() as built:
        faults = Faults(built.clock, seed=7, **{fault: 1.0})
        station, facts = await lived(built, version, faults)
        assert faults.counted[fault] > 0
        assert station.queued == 0
        assert len(await built.transactions()) == len(station.transactions) == CHARGES
        if fault != "never_stop":  # then its token is still in use elsewhere, as far as the CSMS knows
            assert truth(facts) == [WANTED.value] * CHARGES


async def test_a_fleet_with_every_fault_lives_through_it_and_everything_it_said_is_answered():
    async with asyncio.timeout(60), house() as built:
        faults = Faults(built.clock, seed=3, rates=Rates.every(0.05))
        fleet = Fleet(
            [
                await built.station(f"CP{number}", version, faults=faults, variables=PATIENT)
                for number, version in enumerate([*Version] * 2)
            ]
        )
        async with fleet:
            await built.clock.until(asyncio.gather(*(story(station, built.clock) for station in fleet)))
            assert all(station.queued == 0 for station in fleet)
        assert sum(count > 0 for count in faults.counted.values()) > 8
        assert len(await built.transactions()) == sum(len(station.transactions) for station in fleet)
