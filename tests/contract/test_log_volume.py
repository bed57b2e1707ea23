"""R7: how large the message log is can be told at any time, and costs no scan."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import asyncpg
import pytest
from tests.contract.conftest import Clock, Opener

from amperanto.domain.stations import DEFAULT_ORGANISATION, StationId
from amperanto.stores.message_log import LoggedMessage
from amperanto.stores.store import Store


def frames(clock: Clock, numbers: range, length: int) -> list[LoggedMessage]:
    first = LoggedMessage(
        at=clock(),
        organisation=DEFAULT_ORGANISATION,
        station=StationId("s"),
        connection=1,
        number=0,
        direction="in",
        frame="x" * length,
    )
    return [replace(first, at=clock() + timedelta(seconds=number), number=number) for number in numbers]


async def counted(url: str) -> None:
    """PostgreSQL's statistics are seconds behind; this brings them up to date."""
    if url.startswith("postgresql"):
        connection = await asyncpg.connect(url)
        try:
            await connection.execute("ANALYZE messages")
        finally:
            await connection.close()


@pytest.fixture
def log(store: Store) -> Callable[[list[LoggedMessage]], None]:
    return store.messages.log_later


async def test_the_volume_of_an_empty_log_is_nothing(store: Store) -> None:
    volume = await store.messages.volume()
    assert (volume.frames, volume.beyond(0)) == (0, 0)


async def test_the_volume_follows_what_is_written_and_pruned(url: str, store: Store, clock: Clock) -> None:
    store.messages.log_later(frames(clock, range(600), 400))
    store.messages.log_later(frames(clock, range(600, 1200), 1600))
    await store.flush()
    await counted(url)
    before = await store.messages.volume()
    assert before.frames == 1200
    assert 1000 < before.bytes_each < 2000
    while await store.messages.prune(clock() + timedelta(seconds=900), 100):
        pass
    await counted(url)
    assert (await store.messages.volume()).frames == 300
    while await store.messages.prune(clock() + timedelta(days=1), 100):
        pass
    await counted(url)
    assert (await store.messages.volume()).frames == 0


async def test_how_many_frames_are_too_many_follows_from_the_bytes(url: str, store: Store, clock: Clock) -> None:
    store.messages.log_later(frames(clock, range(1000), 670))
    await store.flush()
    await counted(url)
    volume = await store.messages.volume()
    assert volume.beyond(10_000_000) == 0
    assert volume.beyond(500_000) == 500


async def test_frames_of_a_clock_that_ran_ahead_do_not_make_the_log_seem_larger(
    url: str, store: Store, clock: Clock, open_store: Opener
) -> None:
    ahead = frames(clock, range(10), 10)
    store.messages.log_later([replace(one, at=one.at + timedelta(days=400)) for one in ahead])
    await store.flush()
    for start in range(100, 1100, 500):
        store.messages.log_later(frames(clock, range(start, start + 500), 10))
        await store.flush()
    while await store.messages.prune(clock() + timedelta(seconds=1000), 100):
        pass
    await counted(url)
    assert 100 <= (await store.messages.volume()).frames <= 110
