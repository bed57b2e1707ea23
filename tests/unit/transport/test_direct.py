"""Texts that are handed on as they come: in one order with those that had to wait, none lost, and bugs are heard of."""

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from uuid import uuid4

import pytest
from websockets.asyncio.client import connect

from amperanto.ocpp import Codec, Connection, Role, Version, v16
from amperanto.transport import Peer, PeerClosed, websocket
from amperanto.transport.peer import OnFrame
from amperanto.transport.upgrade import Upgrade, Welcome

CALLS = 60


def heartbeat(number: int) -> str:
    return json.dumps([2, str(number), "Heartbeat", {}])


@asynccontextmanager
async def serving(
    handle: Callable[[Peer], Awaitable[None]], *, mailbox: int = 64, on_frame: OnFrame | None = None
) -> AsyncIterator[str]:
    """A port whose peers are handled so; its URL."""

    async def on_link(link: websocket.WebSocketLink, welcome: Welcome) -> None:
        connection = Connection(Role.CSMS, Codec(Version.V16), ids=uuid4)
        async with Peer(connection, link, mailbox=mailbox, on_frame=on_frame) as peer:
            await handle(peer)

    async def decide(upgrade: Upgrade) -> Welcome:
        return Welcome(identity="CP1", version=Version.V16)

    async with asyncio.timeout(10), websocket.Listener(on_link, decide=decide, host="127.0.0.1") as listener:
        yield f"ws://127.0.0.1:{listener.port}/CP1"


@pytest.mark.parametrize("mailbox", [1, 2, 7, 64])
async def test_calls_keep_their_order_whether_they_had_to_wait_or_not(mailbox: int) -> None:
    heard: list[str] = []
    all_heard = asyncio.Event()

    async def handle(peer: Peer) -> None:
        async for call in peer:
            heard.append(call.id)
            if len(heard) % 5 == 0:
                for _ in range(3):
                    await asyncio.sleep(0)  # a handler that takes several turns
            if len(heard) == CALLS:
                all_heard.set()

    async with serving(handle, mailbox=mailbox) as url, connect(url, subprotocols=["ocpp1.6"]) as station:  # type: ignore[list-item]
        for number in range(CALLS):
            if number % 9 == 4:  # in pieces: such a text is put together first
                text = heartbeat(number)
                await station.send([text[:5], text[5:9], text[9:]])
            else:
                await station.send(heartbeat(number))
        await all_heard.wait()
    assert heard == [str(number) for number in range(CALLS)]


async def test_frames_are_numbered_in_the_order_of_the_wire() -> None:
    numbered: list[tuple[str, int]] = []

    async def handle(peer: Peer) -> None:
        async for call in peer:
            await call.reply(v16.StatusNotificationResponse())

    def note(direction: str, text: str, number: int, event: object) -> None:
        numbered.append((direction, number))

    status = {"connectorId": 1, "errorCode": "NoError", "status": "Available"}
    async with serving(handle, on_frame=note) as url, connect(url, subprotocols=["ocpp1.6"]) as station:  # type: ignore[list-item]
        for number in range(5):
            await station.send(json.dumps([2, str(number), "StatusNotification", status]))
            assert json.loads(await station.recv()) == [3, str(number), {}]
    assert numbered == [
        (direction, 2 * turn + place) for turn in range(5) for place, direction in ((1, "in"), (2, "out"))
    ]


async def test_a_bug_in_what_listens_reaches_whoever_serves_the_peer_and_ends_the_link() -> None:
    served: asyncio.Future[str] = asyncio.get_running_loop().create_future()

    def broken(*_: object) -> None:
        raise RuntimeError("the journal is broken")

    async def handle(peer: Peer) -> None:
        try:
            async for _ in peer:
                pass
        except RuntimeError as bug:
            served.set_result(str(bug))

    async with serving(handle, on_frame=broken) as url:
        station = await websocket.connect(url, Version.V16)
        with pytest.raises(PeerClosed):
            await station.call(v16.HeartbeatRequest())
        assert await served == "the journal is broken"
