"""What happens to a station in the middle of a transaction: crashes, losses of power and of the socket, and worse.

The dice are thrown when a transaction begins; what they say happens some time later, if it still runs then.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Awaitable, Callable
from datetime import timedelta
from random import Random

from amperanto.station.evse import Transaction
from amperanto.station.rates import Rates
from amperanto.station.station import Station

SOON, LATE = 10.0, 1_500.0
"""Seconds of a transaction in which something happens to it."""
Deed = Callable[[Station], Awaitable[None]]


class Mishaps:
    """What happens to one station."""

    def __init__(self, rates: Rates, dice: Random, counted: Counter[str]) -> None:
        self._rates = rates
        self._dice = dice
        self._counted = counted
        self._deeds: dict[str, Deed] = {
            "reboot": self._reboot,
            "lose_power": self._lose_power,
            "drop_socket": self._drop,
            "clock_jump": self._jump,
            "replay": self._replay,
        }

    def befall(self, station: Station) -> None:
        """From now on things happen to this station."""
        station.context.on_transaction.append(lambda transaction: self._throw(station, transaction))

    def _throw(self, station: Station, transaction: Transaction) -> None:
        for name, deed in self._deeds.items():
            if self._dice.random() < getattr(self._rates, name):
                wait = self._dice.uniform(SOON, LATE)
                station.context.spawn(self._happen(station, transaction, name, deed, wait))

    async def _happen(self, station: Station, transaction: Transaction, name: str, deed: Deed, wait: float) -> None:
        await station.context.clock.sleep(wait)
        if transaction.open and not station.context.dark:
            self._counted[name] += 1
            await deed(station)

    async def _reboot(self, station: Station) -> None:
        await station.reboot(self._dice.uniform(5, 60))

    async def _lose_power(self, station: Station) -> None:
        await station.lose_power()
        await station.context.clock.sleep(self._dice.uniform(10, 1_200))
        await station.restore()

    async def _drop(self, station: Station) -> None:
        station.line.drop()

    async def _jump(self, station: Station) -> None:
        if station.context.time.error is not None:
            station.context.time.error.offset += timedelta(hours=self._dice.choice((-2, -1, 1, 2)))

    async def _replay(self, station: Station) -> None:
        station.replay()
