"""Keepalive, with time in the test's hand."""

import asyncio
from collections.abc import Callable
from typing import Any, cast

import pytest

from amperanto.transport.keepalive import Keepalive


class Loop:
    """The part of an event loop that keepalive uses."""

    def __init__(self) -> None:
        self.now = 0.0
        self.timers: list[tuple[float, Callable[[], None]]] = []

    def time(self) -> float:
        return self.now

    def call_later(self, delay: float, callback: Callable[..., None], *args: object) -> "Handle":
        entry = (self.now + delay, lambda: callback(*args))
        self.timers.append(entry)
        return Handle(self, entry)

    def call_soon(self, callback: Callable[..., None], *args: object) -> "Handle":
        return self.call_later(0, callback, *args)

    def run_until(self, until: float) -> None:
        while due := sorted((entry for entry in self.timers if entry[0] <= until), key=lambda entry: entry[0]):
            self.timers.remove(due[0])
            self.now = max(self.now, due[0][0])
            due[0][1]()
        self.now = until


class Handle:
    def __init__(self, loop: Loop, entry: tuple[float, Callable[[], None]]) -> None:
        self._loop, self._entry = loop, entry

    def cancel(self) -> None:
        if self._entry in self._loop.timers:
            self._loop.timers.remove(self._entry)


class Line:
    """A line that answers pings, or does not."""

    def __init__(self, loop: Loop) -> None:
        self.loop = loop
        self.heard, self.heard_at = 0, 0.0
        self.deaf, self.answers = False, True
        self.pings: list[float] = []
        self.died: float | None = None

    def hear(self) -> None:
        self.heard += 1
        self.heard_at = self.loop.now

    def send_ping(self) -> None:
        self.pings.append(self.loop.now)
        if self.answers:
            self.hear()

    def declare_dead(self) -> None:
        self.died = self.loop.now


@pytest.fixture
def loop() -> Loop:
    return Loop()


@pytest.fixture
def line(loop: Loop) -> Line:
    return Line(loop)


@pytest.fixture
def keepalive(loop: Loop, line: Line) -> Keepalive:
    return Keepalive(line, cast(asyncio.AbstractEventLoop, cast(Any, loop)))


def test_silence_is_asked_once_an_interval_and_an_answer_keeps_the_line(
    loop: Loop, line: Line, keepalive: Keepalive
) -> None:
    keepalive.start(60, 20)
    loop.run_until(250)
    assert line.died is None
    assert line.pings == [60, 120, 180, 240]


def test_who_speaks_is_not_asked(loop: Loop, line: Line, keepalive: Keepalive) -> None:
    keepalive.start(60, 20)
    for now in range(0, 600, 30):
        loop.run_until(now)
        line.hear()
    assert line.pings == []


@pytest.mark.parametrize("last_words", [0.0, 1.0, 59.0, 60.0, 61.0, 119.0])
def test_a_half_open_line_is_found_within_interval_and_timeout(
    loop: Loop, line: Line, keepalive: Keepalive, last_words: float
) -> None:
    keepalive.start(60, 20)
    loop.run_until(last_words)
    line.hear()
    line.answers = False
    loop.run_until(1000)
    assert line.died is not None
    assert line.died <= last_words + 80


def test_while_we_do_not_read_nobody_is_cut(loop: Loop, line: Line, keepalive: Keepalive) -> None:
    line.answers = False
    line.deaf = True
    keepalive.start(60, 20)
    loop.run_until(1000)
    assert line.died is None
    line.deaf = False
    loop.run_until(1200)
    assert line.died is not None


def test_a_byte_in_the_last_moment_saves_the_line(loop: Loop, line: Line, keepalive: Keepalive) -> None:
    line.answers = False
    keepalive.start(60, 20)
    loop.run_until(79)
    line.hear()
    loop.run_until(130)
    assert line.died is None


def test_the_interval_may_change_and_none_asks_nobody(loop: Loop, line: Line, keepalive: Keepalive) -> None:
    keepalive.start(60, 20)
    keepalive.start(5, 1)
    loop.run_until(5)
    assert line.pings == [5]
    keepalive.start(None, 0)
    line.answers = False
    loop.run_until(10_000)
    assert line.pings == [5]
    assert line.died is None
    assert loop.timers == []
