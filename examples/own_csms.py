"""A CSMS of your own: it accepts every station, lets every token charge, and prints what it hears."""

# Beside it: amperanto station ws://localhost:9000/CP1 --version 2.0.1 --charge 5kWh
import asyncio
import sys
from datetime import UTC, datetime

from amperanto.ocpp import NotImplementedHere, Version, v2
from amperanto.transport import Peer, websocket

REGISTERED = v2.RegistrationStatus.ACCEPTED
WELCOME = v2.IdTokenInfo(status=v2.AuthorizationStatus.ACCEPTED)


async def on_station(peer: Peer) -> None:
    """Answer one station's calls until it leaves."""
    async for call in peer:
        print(peer.identity, call.action, call.payload.decode())
        match call.request:
            case v2.BootNotificationRequest():
                now = datetime.now(UTC)
                await call.reply(v2.BootNotificationResponse(current_time=now, interval=60, status=REGISTERED))
            case v2.StatusNotificationRequest():
                await call.reply(v2.StatusNotificationResponse())
            case v2.AuthorizeRequest():
                await call.reply(v2.AuthorizeResponse(id_token_info=WELCOME))
            case v2.TransactionEventRequest():
                await call.reply(v2.TransactionEventResponse())
            case _:
                await call.refuse(NotImplementedHere)


async def main(port: int) -> None:
    """Listen for stations that speak OCPP 2.0.1."""
    async with websocket.serve(on_station, port=port, versions=[Version.V201]):
        await asyncio.Event().wait()


asyncio.run(main(int(sys.argv[1]) if len(sys.argv) > 1 else 9000))
