"""What people do at charging stations, as plain async functions.

Each is one story at one EVSE, told in the station's own time, and returns when it is over. They compose: a
car park is many of them in a TaskGroup.
"""

from __future__ import annotations

from amperanto.domain.quantities import WattHours
from amperanto.domain.tokens import Token
from amperanto.station.evse import Transaction
from amperanto.station.station import Station
from amperanto.station.vehicle import Vehicle

A_MOMENT = 2.0
"""Seconds between what a driver does and does next."""


class NothingCharged(Exception):
    """The story ended before a transaction began: the token was refused, or the EVSE not free."""


async def charge(
    station: Station, evse: int, token: Token, energy: WattHours, *, vehicle: Vehicle | None = None
) -> Transaction:
    """A car arrives, charges that much (or until it is full) and leaves; its transaction, delivered.

    Raises NothingCharged when the token is refused.
    """
    car = vehicle or Vehicle()
    car.want(energy)
    await station.ready()
    await station.plug_in(evse, car)
    try:
        await station.context.clock.sleep(A_MOMENT)
        outcome = await station.present(token, evse)
        transaction = station.evses[evse].transaction
        if transaction is None:
            raise NothingCharged(f"{token.uid} was answered {outcome.status}")
        await until_idle(station, evse, car)
        if transaction.open:
            await station.present(token, evse)
        await station.context.clock.sleep(A_MOMENT)
    finally:
        await station.unplug(evse)
    await station.drained()
    return transaction


async def until_idle(station: Station, evse: int, car: Vehicle) -> None:
    """Return when the car has what it wants, or somebody else ended its transaction."""
    place = station.evses[evse]
    while place.transaction is not None:
        place.settle()
        if car.satisfied:
            return
        await place.next_change()


async def park(station: Station, evse: int, seconds: float, *, vehicle: Vehicle | None = None) -> None:
    """A car occupies an EVSE without charging."""
    await station.plug_in(evse, vehicle or Vehicle())
    await station.context.clock.sleep(seconds)
    await station.unplug(evse)
