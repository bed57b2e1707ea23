"""What falls due by itself goes on, whatever happens meanwhile."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import Any

from amperanto.csms.schedule import EVERY
from amperanto.domain.stations import DEFAULT_ORGANISATION, StationId
from amperanto.stores.message_log import LoggedMessage


async def frames(house: Any) -> list[int]:
    page = await house.store.messages.list(DEFAULT_ORGANISATION, limit=1000)
    return [frame.number for frame in page.items]


async def test_frames_past_their_time_go_and_the_others_stay(house: Any):
    now = house.clock.now()
    for number, days in enumerate((31, 30.5, 29, 0)):
        frame = LoggedMessage(
            at=now - timedelta(days=days), organisation=DEFAULT_ORGANISATION, station=StationId("s"), connection=1,
            number=number, direction="in", frame="[]",
        )  # fmt: skip
        house.store.messages.log_later([frame])
    await house.store.flush()
    assert await house.csms.schedule.tidy() >= 2
    assert await frames(house) == [3, 2]


async def test_when_a_station_was_heard_last_is_written_with_all_others(house: Any):
    stations = [await house.station(f"CP{n}") for n in range(3)]
    for station in stations:
        house.csms.schedule.seen(station.station_id, house.clock.now())
    await house.csms.schedule.keep_seen()
    for station in stations:
        kept = await house.store.stations.get(DEFAULT_ORGANISATION, station.station_id)
        assert kept.last_seen == house.clock.now()


async def test_one_bad_minute_does_not_end_the_tidying(house: Any):
    schedule, clock = house.csms.schedule, house.clock
    rounds = asyncio.Event()
    slept: list[float] = []

    async def sleep(seconds: float) -> None:
        slept.append(seconds)
        if len(slept) == 1:
            schedule.seen(StationId("s"), clock.now().replace(tzinfo=None))  # no instant: cannot be stored
        if len(slept) == 3:
            rounds.set()
        await asyncio.sleep(0)

    clock.sleep = sleep
    running = asyncio.create_task(schedule.run())
    async with asyncio.timeout(5):
        waiting = asyncio.create_task(rounds.wait())
        await asyncio.wait([waiting, running], return_when=asyncio.FIRST_COMPLETED)
    assert slept[:3] == [EVERY] * 3
    assert not running.done()
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)
