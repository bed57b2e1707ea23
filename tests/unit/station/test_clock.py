"""Clocks: simulated hours pass at once and in order, and never while a message is under way."""

import asyncio
from datetime import UTC, datetime, timedelta

import pytest
from tests.unit.station.scripted import PATIENCE

from amperanto.station.clock import AcceleratedClock, RealClock, StationTime, within
from amperanto.testing import SimulatedClock


async def test_simulated_hours_pass_in_order():
    clock = SimulatedClock()
    woken: list[tuple[str, float]] = []

    async def sleeper(name: str, seconds: float) -> None:
        await clock.sleep(seconds)
        woken.append((name, clock.monotonic()))

    tasks = [asyncio.create_task(sleeper(name, hours * 3600)) for name, hours in [("late", 3), ("early", 1)]]
    async with asyncio.timeout(PATIENCE):
        await clock.advance(2 * 3600)
        assert woken == [("early", 3600)]
        await clock.until(asyncio.gather(*tasks))
    assert woken == [("early", 3600), ("late", 3 * 3600)]
    assert clock.now() == datetime(2026, 1, 1, 3, tzinfo=UTC)


async def test_simulated_time_stands_still_between_the_leaps():
    clock = SimulatedClock()
    sleeping = asyncio.create_task(clock.sleep(10))
    for _ in range(100):
        await asyncio.sleep(0)
    assert not sleeping.done()
    await clock.advance(10)
    assert sleeping.done()


async def test_simulated_time_waits_for_work_done_elsewhere():
    clock = SimulatedClock()
    elsewhere: asyncio.Future[str] = asyncio.get_running_loop().create_future()

    async def station() -> tuple[str, float]:
        return await clock.elsewhere(elsewhere, 5), clock.monotonic()

    async with asyncio.timeout(PATIENCE):
        story = asyncio.create_task(clock.until(station()))
        other = asyncio.create_task(clock.sleep(60))
        for _ in range(500):
            await asyncio.sleep(0)
        assert not other.done()
        elsewhere.set_result("done")
        assert await story == ("done", 0)
    other.cancel()


async def test_two_may_let_time_pass_together():
    clock = SimulatedClock()
    async with asyncio.timeout(PATIENCE):
        await asyncio.gather(clock.advance(10), clock.advance(20))
    assert clock.monotonic() == 20


async def test_an_impatient_clock_lets_an_answer_time_out():
    clock = SimulatedClock(waits_for_network=False)
    never: asyncio.Future[None] = asyncio.get_running_loop().create_future()
    async with asyncio.timeout(PATIENCE):
        with pytest.raises(TimeoutError):
            await clock.until(clock.elsewhere(never, 30))
    assert clock.monotonic() == 30


async def test_within_gives_the_result_or_cancels_the_work():
    clock = SimulatedClock()

    async def work() -> str:
        await clock.sleep(3)
        return "done"

    async with asyncio.timeout(PATIENCE):
        assert await clock.until(within(clock, 4, work())) == "done"
        slow = asyncio.ensure_future(work())
        with pytest.raises(TimeoutError):
            await clock.until(within(clock, 2, slow))
    assert slow.cancelled()


async def test_an_accelerated_clock_runs_by_its_factor():
    real = SimulatedClock(start=datetime(2026, 5, 1, tzinfo=UTC))
    fast = AcceleratedClock(60, real=real, start=datetime(2020, 1, 1, tzinfo=UTC))
    async with asyncio.timeout(PATIENCE):
        await real.until(fast.sleep(600))
    assert real.monotonic() == 10
    assert fast.now() == datetime(2020, 1, 1, 0, 10, tzinfo=UTC)
    assert fast.monotonic() == 600


async def test_a_station_takes_over_the_time_it_is_told_unless_its_clock_refuses():
    told = datetime(2030, 1, 1, tzinfo=UTC)
    obedient, stubborn = StationTime(SimulatedClock(synchronizable=True)), StationTime(SimulatedClock())
    for time in (obedient, stubborn):
        time.set(told)
    assert obedient.now() == told
    assert stubborn.now() == datetime(2026, 1, 1, tzinfo=UTC)


async def test_the_real_clock_is_the_machines():
    clock = RealClock()
    before = clock.monotonic()
    await clock.sleep(0)
    assert clock.monotonic() >= before
    assert clock.now().utcoffset() == timedelta(0)
    assert await clock.elsewhere(asyncio.sleep(0, "done"), 5) == "done"
