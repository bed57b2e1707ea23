"""The line to the CSMS: back-off, hostile input, stopping."""

import asyncio
import json

import pytest
from tests.unit.station.scripted import ALL, DRIVER, PATIENCE, SILENCE, ScriptedCsms, scene

from amperanto.dialects.errors import NotSpoken
from amperanto.domain.stations import Hardware
from amperanto.ocpp import Version
from amperanto.station import Station, Vehicle
from amperanto.testing import SimulatedClock

EVEN = {
    ("OCPPCommCtrlr", "RetryBackOffWaitMinimum"): 10,
    ("OCPPCommCtrlr", "RetryBackOffRandomRange"): 0,
    ("OCPPCommCtrlr", "RetryBackOffRepeatTimes"): 3,
}


@pytest.mark.parametrize("version", ALL)
async def test_the_wait_for_a_reconnect_doubles_as_often_as_it_may(version):
    async with scene(version, variables=EVEN) as (station, csms, clock):
        csms.unreachable = True
        csms.cut()
        await clock.advance(380)
        waits = [after - before for before, after in zip(csms.connected_at[1:], csms.connected_at[2:], strict=False)]
        assert csms.connected_at[1] == 11
        assert waits == [20, 40, 80, 80, 80]
        csms.unreachable = False
        await clock.advance(80)
        assert station.online
        csms.unreachable = True
        csms.cut()
        broken_at = clock.monotonic()
        await clock.advance(11)
        assert csms.connected_at[-1] == broken_at + 10


async def test_each_wait_has_a_random_part_of_its_own_and_the_seed_decides():
    async def waits(seed):
        scattered = {**EVEN, ("OCPPCommCtrlr", "RetryBackOffRandomRange"): 30}
        async with scene(Version.V16, variables=scattered, seed=seed) as (_, csms, clock):
            csms.unreachable = True
            csms.cut()
            await clock.advance(600)
            return [after - before for before, after in zip(csms.connected_at, csms.connected_at[1:], strict=False)]

    first, again, other = await waits("a"), await waits("a"), await waits("b")
    assert first == again != other
    assert all(low <= wait <= low + 31 for low, wait in zip((10, 20, 40, 80), first, strict=False))


async def test_a_csms_that_is_not_there_yet_is_waited_for():
    def prepare(csms):
        csms.unreachable = True

    async with scene(Version.V201, prepare=prepare) as (station, csms, clock):
        await clock.advance(300)
        assert not station.online
        csms.unreachable = False
        await clock.advance(120)
        assert station.online


HOSTILE = [
    "no JSON",
    "[]",
    "{}",
    "null",
    "[2]",
    '[2,"x","Reset"]',
    "[7,1,2]",
    '[3,"nobody asked",{}]',
    '[4,"nobody asked","InternalError","",{}]',
    '[2,"a","NoSuchAction",{}]',
    '[2,"b","Reset",{"type":"Sideways"}]',
    '[2,"c","Reset",{}]',
    '[2,"d","BootNotification",{}]',
    '[2,"e","UnlockConnector",{"connectorId":"one"}]',
    "[" * 10_000,
]


@pytest.mark.parametrize("version", ALL)
async def test_nonsense_from_the_csms_breaks_nothing(version):
    async with scene(version) as (station, csms, clock):
        for text in HOSTILE:
            csms.link.arrive(text)
        await clock.advance(10)
        assert station.online
        refused = {frame[1]: frame[2] for frame in csms.frames if frame[0] == 4}
        assert refused["a"] in ("NotImplemented", "NotSupported")
        assert {"c", "d", "e"} <= refused.keys()
        assert [3, "b", {"status": "Rejected"}] in csms.frames
        await station.plug_in(1, Vehicle())
        assert (await clock.until(station.present(DRIVER, 1))).accepted


@pytest.mark.parametrize("version", ALL)
async def test_a_command_the_station_has_no_block_for_is_not_supported(version):
    async with scene(version) as (_, csms, _clock):
        assert await csms.ask("ClearChargingProfile") in ("NotSupported", "NotImplemented")


@pytest.mark.parametrize("version", ALL)
async def test_a_stopped_station_is_gone_and_keeps_what_it_did_not_deliver(version):
    clock = SimulatedClock()
    csms = ScriptedCsms(version, clock)
    station = Station("CP1", version, connect=csms.connect, clock=clock)
    async with asyncio.timeout(PATIENCE):
        running = asyncio.create_task(station.run())
        await clock.until(station.ready())
        csms.answers["StartTransaction"] = csms.answers["TransactionEvent"] = SILENCE
        await station.plug_in(1, Vehicle())
        await clock.until(station.present(DRIVER, 1))
        station.stop()
        await running
        assert csms.link is not None
        assert (await csms.link.wait_closed()).code == 1000
    assert not station.online
    assert station.queued > 0


async def test_a_boot_the_version_cannot_say_is_no_silent_failure():
    clock = SimulatedClock()
    csms = ScriptedCsms(Version.V16, clock)
    nobody = Hardware(vendor="x" * 21, model="y")
    station = Station("CP1", Version.V16, connect=csms.connect, clock=clock, hardware=nobody)
    async with asyncio.timeout(PATIENCE):
        with pytest.raises(ExceptionGroup) as failure:
            await station.run()
    assert failure.group_contains(NotSpoken)


async def test_a_car_that_stood_there_before_the_station_started_is_told_after_the_boot():
    clock = SimulatedClock()
    csms = ScriptedCsms(Version.V201, clock)
    station = Station("CP1", Version.V201, connect=csms.connect, clock=clock)
    await station.plug_in(1, Vehicle())
    async with asyncio.timeout(PATIENCE):
        running = asyncio.create_task(station.run())
        await clock.until(station.ready())
        assert csms.of("StatusNotification")[0]["connectorStatus"] == "Occupied"
        station.stop()
        await running


async def test_every_frame_of_a_run_is_the_same_in_the_next():
    async def run():
        async with scene(Version.V21, evses=3) as (station, csms, clock):
            for number in station.evses:
                await station.plug_in(number, Vehicle())
                await clock.until(station.present(DRIVER, number))
            await clock.advance(1800)
            return json.dumps(csms.frames)

    assert await run() == await run()
