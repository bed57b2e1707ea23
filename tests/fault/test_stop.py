"""The end of a node is bounded: neither stations, nor those who only knock, nor listeners can hold it up."""

import asyncio
from contextlib import AsyncExitStack
from dataclasses import replace
from pathlib import Path

import httpx2
import pytest
from websockets.asyncio.client import ClientConnection, connect

from amperanto import app
from amperanto.domain.stations import DEFAULT_ORGANISATION, Station, StationId
from amperanto.settings import in_memory

STATIONS = 200
BOOT = '[2,"boot","BootNotification",{"chargePointVendor":"ACME","chargePointModel":"One"}]'


@pytest.fixture
async def node(tmp_path: Path) -> app.Node:
    node = await app.start(replace(in_memory(), data=tmp_path, database=""))
    async with node.store.unit() as unit:
        for number in range(STATIONS):
            unit.stations.add(
                Station(
                    id=StationId(f"id-{number}"),
                    organisation=DEFAULT_ORGANISATION,
                    identity=f"CP{number}",
                    security_profile=0,
                )
            )
    return node


async def booted(node: app.Node, number: int) -> ClientConnection:
    socket = await connect(f"ws://127.0.0.1:{node.ocpp_port}/CP{number}", subprotocols=["ocpp1.6"])  # type: ignore[list-item]
    await socket.send(BOOT)
    await socket.recv()
    return socket


async def listening(node: app.Node, *, reads: bool) -> asyncio.StreamWriter:
    """An open stream of frames; one that does not read stalls."""
    reader, writer = await asyncio.open_connection("127.0.0.1", node.http_port)
    writer.write(
        f"GET /api/v1/messages/stream HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {node.admin_key}\r\n\r\n".encode()
    )
    await reader.readuntil(b": listening")
    if not reads:
        writer.transport.pause_reading()  # type: ignore[attr-defined]
    return writer


async def test_two_hundred_stations_and_open_streams_do_not_hold_up_the_end(node: app.Node) -> None:
    async with asyncio.timeout(60):
        streams = [await listening(node, reads=number % 2 == 0) for number in range(6)]
        sockets: list[ClientConnection] = []
        for start in range(0, STATIONS, 50):
            sockets += await asyncio.gather(*(booted(node, number) for number in range(start, start + 50)))
        for socket in sockets[:20]:
            socket.transport.pause_reading()  # type: ignore[attr-defined] - these never answer our close
        asking = asyncio.create_task(command(node))
        await sockets[-1].recv()
    async with asyncio.timeout(5):
        await node.stop()
    codes = set()
    async with asyncio.timeout(10):
        for socket in sockets[20:]:
            await socket.wait_closed()
            codes.add(socket.close_code)
        assert await asking in (409, 0)
    assert codes == {1001}
    for socket in sockets[:20]:
        socket.transport.abort()
    for stream in streams:
        stream.transport.abort()


async def command(node: app.Node) -> int:
    """A command that its station does not answer; 0 where the node ended before it answered."""
    async with httpx2.AsyncClient(headers={"authorization": f"Bearer {node.admin_key}"}) as client:
        try:
            url = f"http://127.0.0.1:{node.http_port}/api/v1/stations/CP{STATIONS - 1}/ocpp/ClearCache"
            return (await client.post(url, json={})).status_code
        except httpx2.HTTPError:
            return 0


async def test_those_who_only_knock_do_not_hold_up_the_end(node: app.Node) -> None:
    async with AsyncExitStack() as stack:
        lines = [await asyncio.open_connection("127.0.0.1", node.ocpp_port) for _ in range(20)]
        lines += [await asyncio.open_connection("127.0.0.1", node.http_port) for _ in range(20)]
        for _, writer in lines:
            stack.callback(writer.transport.abort)
        for _, writer in lines[::2]:
            writer.write(b"GET /CP1 HTTP/1.1\r\nHost: x\r\nUpgrade: web")
            await writer.drain()
        await (await booted(node, 1)).close()  # by now the knocks before it have been taken
        async with asyncio.timeout(5):
            await node.stop()


async def test_a_node_without_a_database_ends_all_the_same(node: app.Node) -> None:
    sockets = [await booted(node, number) for number in range(5)]
    await node.store.close()
    async with asyncio.timeout(5):
        status = '{"connectorId":1,"errorCode":"NoError","status":"Available"}'
        await sockets[0].send(f'[2,"held","StatusNotification",{status}]')
        await node.stop()
        for socket in sockets:
            await socket.wait_closed()
