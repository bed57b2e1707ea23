"""Links over real sockets on the loopback: what is let in, what ends a link, and how its end is told."""

import asyncio
import base64
import contextlib
import ssl
import zlib
from collections.abc import AsyncIterator
from datetime import UTC, datetime

import pytest
from websockets.asyncio.client import ClientConnection
from websockets.asyncio.client import connect as raw_connect
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.frames import Frame, Opcode
from websockets.typing import Subprotocol

from amperanto.ocpp import Version, v2, v16
from amperanto.transport import Cause, Closed, HandshakeRefused, Peer, PeerClosed, Unreachable
from amperanto.transport.upgrade import Denial, Upgrade, Welcome, negotiate
from amperanto.transport.websocket import FRAMED, Listener, WebSocketLink, connect, framed, serve

NOW = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
LOCAL = "127.0.0.1"


class Port:
    """A listener that keeps the links it gets, and what became of them."""

    def __init__(self, **options: object) -> None:
        self.upgrades: list[Upgrade] = []
        self.links: asyncio.Queue[WebSocketLink] = asyncio.Queue()
        self.ends: asyncio.Queue[Closed] = asyncio.Queue()
        self.texts: asyncio.Queue[str] = asyncio.Queue()
        self.echo = True
        self.verdict: Denial | None = None
        self.listener = Listener(self.on_link, decide=self.decide, host=LOCAL, **options)  # type: ignore[arg-type]

    async def decide(self, upgrade: Upgrade) -> Welcome | Denial:
        self.upgrades.append(upgrade)
        return self.verdict or Welcome(identity="CP1", version=negotiate(upgrade.offered))

    async def on_link(self, link: WebSocketLink, welcome: Welcome) -> None:
        await self.links.put(link)
        with contextlib.suppress(PeerClosed):
            while True:
                text = await link.receive()
                await self.texts.put(text)
                if self.echo:
                    link.write(text)
                    await link.drain()
        await self.ends.put(await link.wait_closed())

    @property
    def url(self) -> str:
        return f"ws://{LOCAL}:{self.listener.port}/ocpp/CP1"

    def client(self, *subprotocols: str, **options: object) -> raw_connect:
        names = [Subprotocol(name) for name in subprotocols] or None
        return raw_connect(self.url, subprotocols=names, proxy=None, ping_interval=None, **options)  # type: ignore[arg-type]


@contextlib.asynccontextmanager
async def port(**options: object) -> AsyncIterator[Port]:
    opened = Port(**options)
    async with opened.listener:
        yield opened


async def raw_request(where: Port, *lines: str) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    reader, writer = await asyncio.open_connection(LOCAL, where.listener.port)
    writer.write("\r\n".join([*lines, "", ""]).encode("latin-1"))
    await writer.drain()
    return reader, writer


async def head_of(reader: asyncio.StreamReader) -> str:
    return (await reader.readuntil(b"\r\n\r\n")).decode()


KEY = "Sec-WebSocket-Key: " + base64.b64encode(bytes(16)).decode()


# ------------------------------------------------------------------------------------- the upgrade


@pytest.mark.parametrize(
    ("offered", "chosen"),
    [
        (["ocpp1.6"], "ocpp1.6"),
        (["ocpp1.6", "ocpp2.0.1"], "ocpp2.0.1"),
        (["ocpp2.0.1", "ocpp2.1", "ocpp1.6"], "ocpp2.1"),
        (["ocpp2.0", "ocpp1.6", "ocpp9"], "ocpp1.6"),
        ([], None),
    ],
)
async def test_the_newest_common_version_is_negotiated(offered: list[str], chosen: str | None) -> None:
    async with port() as opened, opened.client(*offered) as client:
        assert client.subprotocol == chosen
        await client.send("x")
        assert await client.recv() == "x"


async def test_without_a_common_version_the_handshake_completes_and_the_link_is_closed_at_once() -> None:
    async with port() as opened, opened.client("ocpp1.5", "soap") as client:
        assert client.subprotocol is None
        with pytest.raises(ConnectionClosed):
            await client.recv()
        assert client.close_code == 1002
        assert opened.links.empty()


async def test_a_denial_is_an_http_answer_and_no_link() -> None:
    async with port() as opened:
        opened.verdict = Denial(status=401, body="who?\n", headers={"WWW-Authenticate": 'Basic realm="ocpp"'})
        with pytest.raises(InvalidStatus) as refused:
            async with opened.client("ocpp1.6"):
                pass
        response = refused.value.response
        assert (response.status_code, response.body) == (401, b"who?\n")
        assert response.headers["WWW-Authenticate"] == 'Basic realm="ocpp"'
        assert "Server" not in response.headers
        assert opened.links.empty()


async def test_the_decider_sees_the_request_as_it_was_written() -> None:
    header = "Basic " + base64.b64encode(b"CP 1:\xff\x00secret").decode()
    async with port() as opened:
        url = f"ws://{LOCAL}:{opened.listener.port}/a/CP%201?x=1"
        async with raw_connect(
            url,
            subprotocols=[Subprotocol("ocpp1.6"), Subprotocol("ocpp2.0.1")],
            additional_headers={"Authorization": header},
            proxy=None,
        ):
            pass
        (seen,) = opened.upgrades
        assert seen.path == "/a/CP%201?x=1"
        assert seen.offered == ("ocpp1.6", "ocpp2.0.1")
        assert seen.authorization == (header,)
        assert (seen.remote, seen.secure, seen.certificate) == (LOCAL, False, None)
        assert seen.host == f"{LOCAL}:{opened.listener.port}"


@pytest.mark.parametrize(
    "connection", [[], ["Connection: upgrade, keep-alive"], ["Connection: Upgrade,"], ["Connection: close"]]
)
async def test_a_wrong_connection_header_is_forgiven(connection: list[str]) -> None:
    async with port() as opened:
        reader, writer = await raw_request(
            opened,
            "GET /CP1 HTTP/1.1",
            "Host: x",
            "Upgrade: WebSocket",
            *connection,
            KEY,
            "Sec-WebSocket-Version: 13",
            "Sec-WebSocket-Protocol: ,ocpp1.6 ,",
        )
        head = await head_of(reader)
        assert head.startswith("HTTP/1.1 101")
        assert "Sec-WebSocket-Protocol: ocpp1.6" in head
        writer.close()


@pytest.mark.parametrize(
    ("lines", "status"),
    [
        (["GET /CP1 HTTP/1.1", "Host: x"], "426"),
        (["POST /CP1 HTTP/1.1", "Host: x"], "405"),
        (["GET /CP1 HTTP/1.1", "Host: x", "Upgrade: websocket", "Connection: Upgrade"], "400"),
        (["GET /CP1 HTTP/1.1", "Host: x", "Upgrade: websocket", KEY, "Sec-WebSocket-Version: 8"], "400"),
    ],
)
async def test_what_is_no_websocket_request_is_answered_as_http(lines: list[str], status: str) -> None:
    async with port() as opened:
        reader, writer = await raw_request(opened, *lines)
        assert (await head_of(reader)).split()[1] == status
        assert opened.links.empty()
        writer.close()


async def test_a_slow_handshake_is_cut() -> None:
    async with port(handshake=0.05) as opened:
        reader, writer = await asyncio.open_connection(LOCAL, opened.listener.port)
        writer.write(b"GET /CP1 HTTP/1.1\r\nHost:")
        with contextlib.suppress(ConnectionResetError):
            assert await reader.read() == b""
        assert opened.upgrades == []
        writer.close()


async def test_a_slow_decision_is_cut_too() -> None:
    async def never(_: Upgrade) -> Welcome | Denial:
        await asyncio.Event().wait()
        raise AssertionError

    async with port(handshake=0.05) as opened:
        opened.listener._decide = never  # pyright: ignore[reportPrivateUsage]
        with pytest.raises((ConnectionClosed, OSError, EOFError, Exception)):
            async with opened.client("ocpp1.6"):
                pass
        assert opened.links.empty()


async def test_an_endless_header_is_cut() -> None:
    async with port() as opened:
        reader, writer = await asyncio.open_connection(LOCAL, opened.listener.port)
        with contextlib.suppress(ConnectionError):
            writer.write(b"GET /CP1 HTTP/1.1\r\n" + b"X-A: " + b"a" * 4000 + b"\r\n")
            for _ in range(8):
                writer.write(b"X-A: " + b"a" * 4000 + b"\r\n")
                await writer.drain()
            assert await reader.read() == b""
        assert opened.upgrades == []
        writer.close()


# ------------------------------------------------------------------------------------- hostile frames


@pytest.mark.parametrize("version", Version)
@pytest.mark.parametrize(
    ("frame", "code"),
    [
        (b"\x82\x81\0\0\0\0x", 1003),  # binary
        (b"\x81\xff" + (100 * 2**20).to_bytes(8, "big") + bytes(4), 1009),  # announces 100 MB
        (b"\x81\x82\0\0\0\0\xff\xfe", 1007),  # no UTF-8
        (b"\xc1\x81\0\0\0\0x", 1002),  # compressed without negotiation
        (b"\x81\x01x", 1002),  # not masked
        (b"\x80\x81\0\0\0\0x", 1002),  # continues nothing
        (b"\x83\x81\0\0\0\0x", 1002),  # an opcode nobody knows
    ],
)
async def test_a_hostile_frame_closes_with_its_code(version: Version, frame: bytes, code: int) -> None:
    async with port() as opened:
        reader, writer = await raw_request(
            opened,
            "GET /CP1 HTTP/1.1",
            "Host: x",
            "Upgrade: websocket",
            "Connection: Upgrade",
            KEY,
            "Sec-WebSocket-Version: 13",
            f"Sec-WebSocket-Protocol: {version.subprotocol}",
        )
        assert "101" in await head_of(reader)
        writer.write(frame)
        header = await reader.readexactly(4)
        assert header[0] == 0x88
        assert int.from_bytes(header[2:], "big") == code
        writer.close()
        ended = await opened.ends.get()
        assert (ended.code, ended.cause) == (code, Cause.VIOLATION)


async def test_who_keeps_sending_after_it_was_closed_is_cut(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("amperanto.transport.websocket.sockets.CLOSE_SECONDS", 0.05)
    async with port() as opened:
        reader, writer = await raw_request(
            opened,
            "GET /CP1 HTTP/1.1",
            "Host: x",
            "Upgrade: websocket",
            KEY,
            "Sec-WebSocket-Version: 13",
        )
        await head_of(reader)
        with contextlib.suppress(ConnectionError):
            while True:
                writer.write(b"\x81\xff" + (100 * 2**20).to_bytes(8, "big") + bytes(1000))
                await writer.drain()
                await asyncio.sleep(0)
        assert (await opened.ends.get()).code == 1009
        writer.close()


async def test_the_size_limit_may_change_while_the_link_lives() -> None:
    async with port(max_size=100) as opened, opened.client("ocpp1.6") as client:
        link = await opened.links.get()
        await client.send("a" * 100)
        assert await client.recv() == "a" * 100
        link.limit(1000)
        await client.send("b" * 1000)
        assert await client.recv() == "b" * 1000
        await client.send("c" * 1001)
        with pytest.raises(ConnectionClosed):
            await client.recv()
        assert client.close_code == 1009


# ------------------------------------------------------------------------------------- our own frames

SIZES = [0, 1, 124, 125, 126, 127, 255, 256, 1475, FRAMED - 1, FRAMED]


@pytest.mark.parametrize("size", SIZES)
def test_a_text_we_frame_is_byte_for_byte_the_librarys_frame(size: int) -> None:
    data = (b'[3,"\xc3\xa9",{}]' * size)[:size]
    assert framed(data) == Frame(Opcode.TEXT, data).serialize(mask=False)


@pytest.mark.parametrize("name", ["ocpp1.6", "ocpp2.0.1"])
@pytest.mark.parametrize("compression", ["deflate", None])
async def test_texts_of_every_size_arrive_whole_and_in_their_order(name: str, compression: str | None) -> None:
    sizes = [*SIZES, FRAMED + 1, 3, 100_000, 0]
    async with port() as opened, opened.client(name, compression=compression) as client, asyncio.timeout(5):
        link = await opened.links.get()
        for size in sizes:
            link.write("é" * (size // 2) + "x" * (size % 2))
        assert [len((await client.recv()).encode()) for _ in sizes] == sizes  # type: ignore[union-attr]


# ------------------------------------------------------------------------------------- compression


@pytest.mark.parametrize(("name", "compressed"), [("ocpp1.6", False), ("ocpp2.0.1", True), ("ocpp2.1", True)])
async def test_compression_is_negotiated_on_2_x_only(name: str, compressed: bool) -> None:
    async with port() as opened, opened.client(name) as client:
        assert client.response is not None
        answer = client.response.headers.get("Sec-WebSocket-Extensions", "")
        assert bool(answer) == compressed
        link = await opened.links.get()
        assert link.compressed == compressed
        if compressed:
            assert "server_no_context_takeover" in answer
            assert "client_no_context_takeover" in answer
            assert "server_max_window_bits=12" in answer
        await client.send("text" * 100)
        assert await client.recv() == "text" * 100


async def test_a_small_frame_that_inflates_beyond_the_limit_is_too_big() -> None:
    async with port() as opened:
        reader, writer = await raw_request(
            opened,
            "GET /CP1 HTTP/1.1",
            "Host: x",
            "Upgrade: websocket",
            KEY,
            "Sec-WebSocket-Version: 13",
            "Sec-WebSocket-Protocol: ocpp2.0.1",
            "Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits",
        )
        assert "permessage-deflate" in await head_of(reader)
        deflate = zlib.compressobj(wbits=-12)
        bomb = (deflate.compress(b" " * 20_000_000) + deflate.flush(zlib.Z_SYNC_FLUSH))[:-4]
        assert len(bomb) < 2**16
        writer.write(b"\xc1\xfe" + len(bomb).to_bytes(2, "big") + bytes(4) + bomb)
        header = await reader.readexactly(4)
        assert int.from_bytes(header[2:], "big") == 1009
        writer.close()


# ------------------------------------------------------------------------------------- life and end


async def test_the_other_sides_farewell_is_told_with_code_and_reason() -> None:
    async with port() as opened:
        async with opened.client("ocpp1.6") as client:
            await client.close(4001, "going to sleep")
        assert await opened.ends.get() == Closed(4001, "going to sleep", Cause.REMOTE)


async def test_a_line_that_is_cut_has_no_farewell() -> None:
    async with port() as opened, opened.client("ocpp1.6") as client:
        await opened.links.get()
        client.transport.abort()
        assert await opened.ends.get() == Closed(1006, "", Cause.LOST)


async def test_stopping_the_listener_tells_every_client() -> None:
    async with port() as opened:
        client: ClientConnection = await opened.client("ocpp1.6")
        await opened.links.get()
        await opened.listener.close(1012, "restarting")
        with pytest.raises(ConnectionClosed):
            await client.recv()
        assert (client.close_code, client.close_reason) == (1012, "restarting")
        assert (await opened.ends.get()).cause is Cause.LOCAL


class Deaf(ClientConnection):
    """A client whose answers no longer arrive: half open."""

    def data_received(self, data: bytes) -> None:
        if self.response is None:
            super().data_received(data)


async def test_a_half_open_line_is_found_by_a_ping_and_cut() -> None:
    async with port() as opened:
        client: ClientConnection = await opened.client("ocpp1.6", create_connection=Deaf)
        link = await opened.links.get()
        link.keep_alive(0.02, 0.02)
        ended = await opened.ends.get()
        assert (ended.code, ended.cause) == (1006, Cause.SILENT)
        client.transport.abort()


async def test_a_living_line_is_not_cut_and_pings_can_be_switched_off() -> None:
    async with port() as opened, opened.client("ocpp1.6") as client:
        link = await opened.links.get()
        link.keep_alive(0.005, 0.5)
        for number in range(5):
            assert await link.ping(2)
            await client.send(str(number))
            await client.recv()
        link.keep_alive(None, 0)
        assert not link.closed


async def test_a_ping_tells_the_dead_from_the_living_and_a_dead_one_is_closed_quickly() -> None:
    async with port() as opened:
        alive = await opened.client("ocpp1.6")
        living = await opened.links.get()
        dead = await opened.client("ocpp1.6", create_connection=Deaf)
        half_open = await opened.links.get()
        assert await living.ping(2)
        assert not await half_open.ping(0.02)
        await half_open.close(1001, "replaced")
        assert await opened.ends.get() == Closed(1001, "replaced", Cause.LOCAL)
        assert not await half_open.ping(0.02)
        await alive.close()
        dead.transport.abort()


async def test_who_does_not_read_is_cut(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("amperanto.transport.websocket.STALL_SECONDS", 0.05)
    async with port() as opened:
        client = await opened.client("ocpp1.6")
        client.transport.pause_reading()
        link = await opened.links.get()
        while not link.closed:
            link.write("x" * 100_000)
            await link.drain()
            await asyncio.sleep(0)
        assert (await opened.ends.get()).cause is Cause.STALLED
        client.transport.abort()


# ------------------------------------------------------------------------------------- peers on top


async def answer(peer: Peer) -> None:
    async for call in peer:
        match call.request:
            case v2.HeartbeatRequest():
                await call.reply(v2.HeartbeatResponse(current_time=NOW))
            case _:
                await call.reply(v16.HeartbeatResponse(current_time=NOW))


@pytest.mark.parametrize("version", Version)
async def test_a_station_and_a_csms_talk_over_a_real_socket(version: Version) -> None:
    async with (
        serve(answer, host=LOCAL) as csms,
        await connect(f"ws://{LOCAL}:{csms.port}/CP%201", version) as peer,
    ):
        assert (peer.version, peer.identity) == (version, "CP 1")
        request = v16.HeartbeatRequest() if version is Version.V16 else v2.HeartbeatRequest()
        assert (await peer.call(request)).current_time == NOW


async def test_a_client_learns_why_it_was_not_let_in() -> None:
    async with serve(answer, host=LOCAL, versions=[Version.V16]) as csms:
        where = f"ws://{LOCAL}:{csms.port}"
        with pytest.raises(HandshakeRefused, match=r"none of ocpp2\.1"):
            await connect(f"{where}/CP1", Version.V21)
        with pytest.raises(ValueError, match="identity"):
            await connect(where)
    with pytest.raises(Unreachable):
        await connect(f"{where}/CP1")
    with pytest.raises(ValueError, match="URI"):
        await connect("http://127.0.0.1/CP1")
    async with port() as opened:
        opened.verdict = Denial(status=401)
        with pytest.raises(HandshakeRefused) as refused:
            await connect(opened.url, password="wrong")
        assert refused.value.status == 401


async def test_a_password_of_bytes_travels_as_those_bytes() -> None:
    async with port() as opened:
        password = bytes.fromhex("0001020304050607FFFFFFFFFFFFFFFFFFFFFFFF")
        where = f"ws://{LOCAL}:{opened.listener.port}/AL1000"
        async with await connect(where, Version.V16, password=password):
            pass
        assert opened.upgrades[0].authorization == ("Basic QUwxMDAwOgABAgMEBQYH////////////////",)


async def test_frames_keep_the_order_in_which_they_were_said() -> None:
    async with port() as opened, opened.client("ocpp1.6") as client:
        link = await opened.links.get()
        for number in range(200):
            link.write(str(number))
        await link.drain()
        assert [await client.recv() for _ in range(200)] == [str(number) for number in range(200)]


async def test_tls_needs_no_more_than_a_context() -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    insecure = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    insecure.check_hostname, insecure.verify_mode = False, ssl.CERT_NONE
    async with port(ssl=context) as opened:  # it has no certificate, so every handshake fails
        with pytest.raises(Unreachable):
            await connect(opened.url.replace("ws:", "wss:"), ssl=insecure)
