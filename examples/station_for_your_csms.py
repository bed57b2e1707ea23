"""A charging station for your CSMS: a car arrives, charges 5 kWh at 300 times the speed, and leaves.

python station_for_your_csms.py ws://localhost:9000/CP1 2.0.1
"""

import asyncio
import sys

from amperanto.domain.quantities import WattHours
from amperanto.domain.tokens import Token
from amperanto.ocpp.versions import Version
from amperanto.station import AcceleratedClock, Answered, Fleet, Station
from amperanto.station.scenarios import charge
from amperanto.transport import websocket


def show(answered: Answered) -> None:
    """Print which message your CSMS answered; the whole of it is `answered.message`."""
    print(answered.at.strftime("%H:%M:%S"), type(answered.message).__name__, "was answered")


async def main(url: str, version: Version) -> None:
    """Charge once."""
    identity = url.rsplit("/", 1)[-1]
    clock = AcceleratedClock(300)
    station = Station(identity, version, connect=lambda: websocket.connect(url, version), clock=clock)
    station.when_answered(show)
    async with Fleet([station]):
        transaction = await charge(station, 1, Token("04A2B3C4", "ISO14443"), WattHours.of(5000))
    print(f"charged {int(transaction.energy or 0)} Wh as transaction {transaction.reference}")


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], Version.parse(sys.argv[2])))
