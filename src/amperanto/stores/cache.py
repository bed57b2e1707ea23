"""A bounded store of frozen objects that a connected station would otherwise read from the database again and again.

Objects enter when they were read, and are exchanged only after the commit that changed them (R3). A read that
was under way while a commit exchanged something must not put the old state back: `offer` takes the generation
seen before the read.
"""

from __future__ import annotations

from typing import Generic, TypeVar

K = TypeVar("K")
V = TypeVar("V")


class Cache(Generic[K, V]):
    """The newest `limit` objects by key; the one unused for longest goes first."""

    __slots__ = ("_found", "_limit", "generation")

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._found: dict[K, V] = {}
        self.generation = 0

    def __len__(self) -> int:
        return len(self._found)

    def get(self, key: K) -> V | None:
        """The object, or None where it is not kept here."""
        value = self._found.pop(key, None)
        if value is not None:
            self._found[key] = value
        return value

    def offer(self, key: K, value: V, generation: int) -> None:
        """Keep what was read, unless something was exchanged since `generation`."""
        if generation == self.generation:
            self._keep(key, value)

    def exchange(self, key: K, value: V | None) -> None:
        """Keep what was committed; None forgets the key."""
        self.generation += 1
        self._found.pop(key, None)
        if value is not None:
            self._keep(key, value)

    def clear(self) -> None:
        """Forget everything."""
        self.generation += 1
        self._found.clear()

    def _keep(self, key: K, value: V) -> None:
        self._found[key] = value
        if len(self._found) > self._limit:
            del self._found[next(iter(self._found))]
