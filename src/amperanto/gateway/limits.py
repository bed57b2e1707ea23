"""How often one may knock: token buckets, filled by time, bounded in memory.

Two questions, two limiters. `Attempts` slows guessing: failures are counted per source and identity, and (far
more generously, since many stations may share one address) per source alone. A pair of source and identity
that was let in before is not held up by its neighbours, and nobody can lock out an identity from elsewhere.
`Flapping` slows stations that connect and fall off in a loop; it counts only those that were let in, so it
tells strangers nothing. Time is injected: monotonic seconds.
"""

from collections import OrderedDict
from collections.abc import Callable, Hashable
from typing import Generic, TypeVar

K = TypeVar("K", bound=Hashable)
REMEMBERED = 20_000


class Buckets(Generic[K]):
    """A bucket for each key: `size` at once, then `per_second`. The longest untouched key is forgotten."""

    def __init__(
        self,
        size: float,
        per_second: float,
        *,
        clock: Callable[[], float],
        remembered: int = REMEMBERED,
    ) -> None:
        self._size = size
        self._rate = per_second
        self._clock = clock
        self._remembered = remembered
        self._left: OrderedDict[K, tuple[float, float]] = OrderedDict()

    def __len__(self) -> int:
        return len(self._left)

    def left(self, key: K) -> float:
        """How many may pass now."""
        level, at = self._left.get(key, (self._size, 0.0))
        return min(self._size, level + (self._clock() - at) * self._rate)

    def take(self, key: K) -> bool:
        """Take one, if there is one."""
        level = self.left(key)
        allowed = level >= 1
        self._left[key] = (level - 1 if allowed else level, self._clock())
        self._left.move_to_end(key)
        if len(self._left) > self._remembered:
            self._left.popitem(last=False)
        return allowed

    def wait(self, key: K) -> float:
        """Seconds until one may pass."""
        return max(0.0, (1 - self.left(key)) / self._rate)

    def forget(self, key: K) -> None:
        """Fill the bucket of this key."""
        self._left.pop(key, None)


class Attempts:
    """Failed attempts to be let in."""

    def __init__(self, *, clock: Callable[[], float], remembered: int = REMEMBERED) -> None:
        """30 failures of one station from one source, then one in 2 s; 300 of a source, then one in 0.2 s."""
        self._pairs: Buckets[tuple[str, str]] = Buckets(30, 0.5, clock=clock, remembered=remembered)
        self._sources: Buckets[str] = Buckets(300, 5, clock=clock, remembered=remembered)
        self._trusted: OrderedDict[tuple[str, str], None] = OrderedDict()
        self._remembered = remembered

    def may_try(self, source: str, identity: str) -> bool:
        """Whether credentials from there are looked at now."""
        pair = source, identity.casefold()
        return self._pairs.left(pair) >= 1 and (pair in self._trusted or self._sources.left(source) >= 1)

    def failed(self, source: str, identity: str) -> None:
        """It was not let in."""
        pair = source, identity.casefold()
        self._pairs.take(pair)
        self._sources.take(source)

    def succeeded(self, source: str, identity: str) -> None:
        """It was let in."""
        pair = source, identity.casefold()
        self._pairs.forget(pair)
        self._trusted[pair] = None
        self._trusted.move_to_end(pair)
        if len(self._trusted) > self._remembered:
            self._trusted.popitem(last=False)


class Flapping:
    """Stations that connect again and again."""

    def __init__(
        self,
        *,
        clock: Callable[[], float],
        at_once: float = 20,
        per_second: float = 0.2,
        remembered: int = REMEMBERED,
    ) -> None:
        """`at_once` connections in a burst, then one in five seconds."""
        self._buckets: Buckets[Hashable] = Buckets(at_once, per_second, clock=clock, remembered=remembered)

    def delay(self, station: Hashable) -> float:
        """Seconds it has to wait; 0 lets it in, and counts."""
        return 0.0 if self._buckets.take(station) else self._buckets.wait(station)
