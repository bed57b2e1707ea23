"""Many stations, bad lines."""

import asyncio
from collections import Counter

import pytest
from tests.unit.station.scripted import ALL, DRIVER, PATIENCE, ScriptedCsms, reports, scene

from amperanto.domain.quantities import WattHours
from amperanto.ocpp import Version
from amperanto.station import Fleet, Station, Vehicle
from amperanto.station.faults import Faults
from amperanto.station.rates import Rates
from amperanto.station.scenarios import NothingCharged, charge
from amperanto.testing import SimulatedClock

PATIENT = {("OCPPCommCtrlr", "MessageAttempts"): 50, ("OCPPCommCtrlr", "MessageAttemptInterval"): 1}


async def test_fifty_stations_charge_at_once_on_one_loop():
    clock = SimulatedClock()
    csms = {f"CP{number}": ScriptedCsms(ALL[number % 3], clock) for number in range(50)}
    stations = [Station(name, one.version, connect=one.connect, clock=clock) for name, one in csms.items()]
    async with asyncio.timeout(PATIENCE), Fleet(stations) as fleet:
        await clock.until(fleet.ready())
        assert len(fleet) == 50
        assert fleet["CP7"].version is Version.V201
        charges = [charge(station, 1, DRIVER, WattHours.of(500)) for station in fleet]
        done = await clock.until(asyncio.gather(*charges))
        await clock.until(fleet.drained())
    assert {one.energy for one in done} == {WattHours.of(500)}


@pytest.mark.parametrize("version", ALL)
async def test_over_a_line_that_loses_doubles_and_delays_everything_arrives_in_order(version):
    clock = SimulatedClock(waits_for_network=False)
    faults = Faults(clock, seed=3, lose=0.05, double=0.05, late=0.1)
    csms = ScriptedCsms(version, clock, around=faults.on)
    station = Station("CP1", version, connect=csms.connect, clock=clock, variables=PATIENT)
    async with asyncio.timeout(PATIENCE), Fleet([station]):
        for _ in range(3):
            await clock.until(charge(station, 1, DRIVER, WattHours.of(2_000)))
            faults.cut()
        if version is Version.V16:
            ended = {one["transactionId"]: one["meterStop"] for one in csms.of("StopTransaction")}
            assert sorted(ended.values()) == [2_000, 4_000, 6_000]
        else:
            heard: dict[str, list[int]] = {}
            for one in reports(csms):
                heard.setdefault(one["transactionInfo"]["transactionId"], []).append(one["seqNo"])
            assert len(heard) == 3
            for numbers in heard.values():
                assert numbers == sorted(numbers)
                assert set(numbers) == set(range(max(numbers) + 1))
        answered = Counter(one.message.action for one in station.journal)
        assert all(count <= len(csms.of(action)) for action, count in answered.items())


async def test_a_cut_line_is_noticed_and_mended():
    clock = SimulatedClock()
    faults = Faults(clock)
    csms = ScriptedCsms(Version.V16, clock, around=faults.on)
    station = Station("CP1", Version.V16, connect=csms.connect, clock=clock)
    async with asyncio.timeout(PATIENCE), Fleet([station]):
        await clock.until(station.ready())
        faults.cut()
        await clock.advance(30)
        assert station.online
        assert len(csms.connected_at) == 2


async def test_a_refused_driver_leaves_again():
    async with scene(Version.V201) as (station, csms, clock):
        csms.answers["Authorize"] = {"idTokenInfo": {"status": "Unknown"}}
        with pytest.raises(NothingCharged, match="04A2B3C4 was answered Unknown"):
            await clock.until(charge(station, 1, DRIVER, WattHours.of(1)))
        assert not station.evses[1].plugged


async def test_a_charge_ended_from_afar_is_over():
    async with scene(Version.V201) as (station, csms, clock):
        story = asyncio.create_task(charge(station, 1, DRIVER, WattHours.of(20_000), vehicle=Vehicle()))
        await clock.advance(600)
        reference = station.transactions[0].reference
        await csms.ask("RequestStopTransaction", {"transactionId": reference})
        transaction = await clock.until(story)
        assert transaction.reason == "Remote"
        assert transaction.energy is not None
        assert transaction.energy < WattHours.of(2_000)


async def test_a_fleet_goes_wrong_in_the_same_way_each_time():
    async def one() -> tuple[Counter[str], list[list[str]]]:
        clock = SimulatedClock(waits_for_network=False)
        faults = Faults(clock, seed=5, rates=Rates.every(0.05))
        lines = {f"CP{number}": ScriptedCsms(ALL[number % 3], clock) for number in range(6)}
        for name, line in lines.items():
            line.around = lambda link, name=name: faults.on(link, name)
        stations = [
            Station(name, line.version, connect=line.connect, clock=clock, seed=name, variables=PATIENT)
            for name, line in lines.items()
        ]
        faults.afflict(*stations)
        async with Fleet(stations) as fleet:
            for _ in range(3):
                charges = (charge(station, 1, DRIVER, WattHours.of(2_000)) for station in fleet)
                await clock.until(asyncio.gather(*charges, return_exceptions=True))
        return faults.counted, [line.actions() for line in lines.values()]

    async with asyncio.timeout(PATIENCE):
        first, again = await one(), await one()
    assert first == again
    assert sum(count > 0 for count in first[0].values()) > 8
