"""I07. The default tariffs of a station: for each EVSE those that hold or will hold, over restarts.

A tariff holds from its validFrom, or from when it was set. One that begins to hold replaces those that began earlier or
never said when; one that will begin later is kept beside it. A name stands for one content (DuplicateTariffId).
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from amperanto.domain.tariffs import Tariff


class Shelf:
    """The default tariffs, by EVSE."""

    def __init__(self) -> None:
        self._kept: dict[int, list[Tariff]] = {}

    def put(self, tariff: Tariff, evses: Iterable[int], now: datetime) -> None:
        """Set it for these EVSEs."""
        for evse in evses:
            kept = self._kept.setdefault(evse, [])
            if tariff in kept:
                kept.remove(tariff)
            begins = tariff.valid_from
            if begins is None or begins <= now:
                kept[:] = [one for one in kept if not _gives_way(one, begins or now)]
                before = [one for one in kept if one.valid_from is not None and one.valid_from <= now]
                if before and begins is not None:
                    continue  # one that began later holds already
            kept.append(tariff)

    def current(self, evse: int, now: datetime) -> Tariff | None:
        """The tariff that holds there; what it replaced is forgotten."""
        kept = self._kept.get(evse, [])
        begun = [one for one in kept if one.valid_from is None or one.valid_from <= now]
        latest = max((one for one in begun if one.valid_from is not None), key=_begin, default=None)
        if latest is not None:
            kept[:] = [one for one in kept if one is latest or one not in begun]
            return latest
        return begun[-1] if begun else None

    def all(self, now: datetime) -> list[tuple[int, Tariff]]:
        """Every tariff with its EVSE."""
        for evse in self._kept:
            self.current(evse, now)
        return [(evse, tariff) for evse, kept in sorted(self._kept.items()) for tariff in kept]

    def known(self, name: str) -> Tariff | None:
        """The tariff of that name."""
        return next((one for kept in self._kept.values() for one in kept if one.id == name), None)

    def remove(self, name: str, evse: int | None) -> bool:
        """Take it away, from one EVSE or from all; whether it was there."""
        found = False
        for number, kept in self._kept.items():
            if evse in (None, 0, number):
                left = [one for one in kept if one.id != name]
                found = found or len(left) < len(kept)
                kept[:] = left
        return found


def _gives_way(one: Tariff, begins: datetime) -> bool:
    return one.valid_from is None or one.valid_from <= begins


def _begin(tariff: Tariff) -> datetime:
    assert tariff.valid_from is not None
    return tariff.valid_from
