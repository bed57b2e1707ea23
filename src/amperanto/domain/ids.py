"""Our own ids: UUIDs of version 7 (RFC 9562 §5.7), which sort by the time they were made.

48 bits of milliseconds, then a 12-bit counter that keeps ids of one millisecond in order, then 62 random
bits. If the clock goes backwards the ids do not: they go on from the last one. Clock and randomness are given
(R13).
"""

from __future__ import annotations

import secrets
from collections.abc import Callable
from datetime import UTC, datetime

_COUNTER_BITS = 12


def utc_now() -> datetime:
    """The wall clock, UTC."""
    return datetime.now(UTC)


class Ids:
    """A maker of ids. `random_bits(n)` gives n random bits as an integer."""

    __slots__ = ("_clock", "_last", "_random_bits")

    def __init__(
        self, clock: Callable[[], datetime] = utc_now, random_bits: Callable[[int], int] = secrets.randbits
    ) -> None:
        self._clock = clock
        self._random_bits = random_bits
        self._last = 0

    def new(self) -> str:
        """The next id, as canonical text; later than every id this maker gave before."""
        milliseconds = int(self._clock().timestamp() * 1000)
        self._last = max(self._last + 1, milliseconds << _COUNTER_BITS)
        moment, counter = self._last >> _COUNTER_BITS, self._last & ((1 << _COUNTER_BITS) - 1)
        bits = (moment << 80) | (0x7 << 76) | (counter << 64) | (0b10 << 62) | self._random_bits(62)
        text = f"{bits:032x}"
        return f"{text[:8]}-{text[8:12]}-{text[12:16]}-{text[16:20]}-{text[20:]}"

    __call__ = new
