"""The bus within one process."""

import asyncio
from datetime import UTC, datetime

import pytest

from amperanto.bus.bus import BusError, CallExpired, NobodyServes, matches, subject_of
from amperanto.bus.inprocess import InProcessBus
from amperanto.domain.events import StationDisconnected, TransactionOpened
from amperanto.domain.stations import DEFAULT_ORGANISATION, StationId


@pytest.fixture(autouse=True)
async def _bounded():
    async with asyncio.timeout(5):
        yield


def opened(station: str, number: int = 0) -> TransactionOpened:
    return TransactionOpened(
        organisation=DEFAULT_ORGANISATION, station=StationId(station), identity=station,
        at=datetime(2026, 1, 1, tzinfo=UTC), transaction=str(number), reference="r",
    )  # fmt: skip


def gone(station: str) -> StationDisconnected:
    return StationDisconnected(
        organisation=DEFAULT_ORGANISATION, station=StationId(station), identity=station,
        at=datetime(2026, 1, 1, tzinfo=UTC), close_code=1000, cause="closed",
    )  # fmt: skip


async def test_every_listener_hears_what_matches_its_pattern_from_now_on() -> None:
    bus = InProcessBus()
    bus.publish(opened("early"))
    everything, one, kind = bus.subscribe(), bus.subscribe("event.*.a"), bus.subscribe("event.TransactionOpened.>")
    for event in (opened("a"), gone("a"), opened("b")):
        bus.publish(event)
    await bus.close()
    assert [event async for event in everything] == [opened("a"), gone("a"), opened("b")]
    assert [event async for event in one] == [opened("a"), gone("a")]
    assert [event async for event in kind] == [opened("a"), opened("b")]


async def test_a_slow_listener_loses_the_oldest_and_costs_nobody_else_anything() -> None:
    bus = InProcessBus()
    slow, quick = bus.subscribe(kept=3), bus.subscribe(kept=100)
    for number in range(10):
        bus.publish(opened("a", number))
    assert (slow.lost, quick.lost) == (7, 0)
    assert [(await anext(slow)).transaction for _ in range(3)] == ["7", "8", "9"]
    assert [(await anext(quick)).transaction for _ in range(10)] == [str(number) for number in range(10)]


async def test_a_listener_who_waits_is_woken_and_released_when_closed() -> None:
    bus = InProcessBus()
    listener = bus.subscribe()
    waiting = asyncio.ensure_future(anext(listener))
    await asyncio.sleep(0)
    bus.publish(opened("a"))
    assert await waiting == opened("a")
    waiting = asyncio.ensure_future(anext(listener))
    await asyncio.sleep(0)
    listener.close()
    with pytest.raises(StopAsyncIteration):
        await waiting
    bus.publish(opened("b"))
    assert [event async for event in listener] == []


async def test_a_call_is_answered_by_whoever_serves_the_subject() -> None:
    bus = InProcessBus()

    async def answer(request: bytes) -> bytes:
        return request + b"!"

    with pytest.raises(NobodyServes):
        await bus.call("station.1", b"x", timeout=1)
    async with bus.serve("station.1", answer):
        assert await bus.call("station.1", b"x", timeout=1) == b"x!"
    with pytest.raises(NobodyServes):
        await bus.call("station.1", b"x", timeout=1)


async def test_the_end_of_an_old_server_does_not_silence_the_new_one() -> None:
    bus = InProcessBus()

    async def old(request: bytes) -> bytes:
        return b"old"

    async def new(request: bytes) -> bytes:
        return b"new"

    first = bus.serve("station.1", old)
    await first.__aenter__()
    async with bus.serve("station.1", new):
        await first.__aexit__(None, None, None)
        assert await bus.call("station.1", b"", timeout=1) == b"new"


async def test_a_call_nobody_answers_in_time_expires() -> None:
    bus = InProcessBus()

    async def silent(request: bytes) -> bytes:
        await asyncio.Event().wait()
        return b""

    async def late(request: bytes) -> bytes:
        raise TimeoutError

    async with bus.serve("silent", silent), bus.serve("late", late):
        with pytest.raises(CallExpired):
            await bus.call("silent", b"", timeout=0.01)
        with pytest.raises(BusError, match="itself"):
            await bus.call("late", b"", timeout=1)


@pytest.mark.parametrize(
    ("pattern", "subject", "expected"),
    [
        (">", "event.X.s", True), ("event.>", "event.X.s", True), ("event.X.s.>", "event.X.s", False),
        ("event.*.s", "event.X.s", True), ("event.*", "event.X.s", False), ("event.X.s", "event.X.s", True),
        ("event.X.s.t", "event.X.s", False), ("*.*.*", "event.X.s", True), ("event.Y.s", "event.X.s", False),
    ],
)  # fmt: skip
def test_patterns(pattern: str, subject: str, expected: bool) -> None:
    assert matches(pattern, subject) is expected


def test_an_event_is_published_under_its_name_and_station() -> None:
    assert subject_of(gone("id-1")) == "event.StationDisconnected.id-1"
