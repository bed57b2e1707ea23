"""R7: the message log stays under its cap, the oldest frames go first."""

from dataclasses import replace
from datetime import timedelta

from tests.unit.csms.conftest import House

from amperanto.csms.schedule import Schedule
from amperanto.domain.events import StationDisconnected
from amperanto.domain.stations import DEFAULT_ORGANISATION, StationId
from amperanto.stores.message_log import LoggedMessage


def schedule(house: House, **settings: int) -> Schedule:
    context = house.csms.context
    return Schedule(replace(context, settings=replace(context.settings, **settings)))


async def log(house: House, numbers: range, length: int = 1000) -> None:
    """Frames a second apart, the last of them now."""
    now = house.clock.now()
    house.store.messages.log_later([
        LoggedMessage(
            at=now - timedelta(seconds=numbers.stop - number),
            organisation=DEFAULT_ORGANISATION,
            station=StationId("s"),
            connection=1,
            number=number,
            direction="in",
            frame="x" * length,
        )
        for number in numbers
    ])  # fmt: skip
    await house.store.flush()


async def kept(house: House) -> list[int]:
    found: list[int] = []
    before = None
    while True:
        page = await house.store.messages.list(DEFAULT_ORGANISATION, before=before, limit=1000)
        found += [one.number for one in page.items]
        if page.next is None:
            return found
        before = page.next


async def test_a_log_larger_than_its_cap_loses_its_oldest_frames(house: House) -> None:
    await log(house, range(3000))
    removed = await schedule(house, log_megabytes=1).tidy()
    left = await kept(house)
    assert len(left) + removed == 3000
    assert left == list(range(2999, removed - 1, -1))
    assert 600_000 < len(left) * 1000 < 1_000_000


async def test_a_log_below_its_cap_keeps_everything(house: House) -> None:
    await log(house, range(300))
    assert await schedule(house, log_megabytes=1).tidy() == 0
    assert len(await kept(house)) == 300


async def test_a_capped_log_that_goes_on_growing_stays_capped(house: House) -> None:
    housekeeping = schedule(house, log_megabytes=1)
    for minute in range(4):
        house.clock.at += timedelta(hours=1)
        await log(house, range(minute * 1000, minute * 1000 + 1000))
        await housekeeping.tidy()
    left = await kept(house)
    assert 600 < len(left) <= 1000
    assert left[0] == 3999


async def test_frames_and_events_past_their_days_go_however_small_the_log_is(house: House) -> None:
    await log(house, range(1200), 10)
    async with house.store.unit() as unit:
        unit.publish(
            StationDisconnected(
                organisation=DEFAULT_ORGANISATION,
                station=StationId("s"),
                identity="CP1",
                at=house.clock.now(),
                close_code=1000,
                cause="bye",
            )
        )
    house.clock.at += timedelta(days=2)
    await log(house, range(1200, 1205), 10)
    assert await schedule(house, log_days=1, outbox_days=3).tidy() == 1200
    assert await kept(house) == [1204, 1203, 1202, 1201, 1200]
    assert await schedule(house, log_days=3, outbox_days=1).tidy() == 1
    assert await house.store.outbox.read("anybody") == []
