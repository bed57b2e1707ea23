"""Links over WebSocket: the one place that knows the library `websockets` (and sockets.py its connections).

`Listener` opens a port; for each client that wants to upgrade it asks `decide` (async, before the 101) and
hands the open link to `on_link`; the link ends when `on_link` returns. `dial` is the client's half. `serve`
and `connect` are both with a `Peer` on top. What RFC 6455 leaves to the application is settled here: OCPP is
text, so a binary frame is 1003 and an oversized one 1009; permessage-deflate exists on 2.x only, without
context takeover and with 12-bit windows; a handshake has ten seconds and 16 KiB. Writing is immediate, so
frames keep the order in which they were said. Keepalive is ours too (keepalive.py).
"""

import asyncio
import logging
import ssl as tls
from collections.abc import Awaitable, Callable, Iterable, Sequence
from typing import Any, cast
from urllib.parse import urlsplit
from uuid import uuid4
from weakref import WeakSet

from websockets.asyncio.client import connect as open_client
from websockets.asyncio.server import Server, ServerConnection
from websockets.asyncio.server import serve as open_server
from websockets.datastructures import Headers
from websockets.exceptions import ConnectionClosed, InvalidHandshake, InvalidStatus, InvalidURI
from websockets.extensions.permessage_deflate import ClientPerMessageDeflateFactory, ServerPerMessageDeflateFactory
from websockets.http11 import Request
from websockets.http11 import Response as HttpResponse
from websockets.protocol import OPEN, SERVER
from websockets.typing import Subprotocol

from amperanto.ocpp.codec import Codec
from amperanto.ocpp.connection import Connection as OcppConnection
from amperanto.ocpp.connection import Role
from amperanto.ocpp.versions import NEWEST_FIRST, Version, by_subprotocol
from amperanto.transport.link import Cause, Closed, HandshakeRefused, PeerClosed, Unreachable
from amperanto.transport.peer import Peer
from amperanto.transport.upgrade import (
    Denial,
    Upgrade,
    Welcome,
    basic_header,
    negotiate,
    offered_subprotocols,
    path_segments,
)
from amperanto.transport.websocket.sockets import CLOSE_SECONDS, ClientSocket, ServerSocket, Sink, Socket

HANDSHAKE_SECONDS = 10.0
STALL_SECONDS = 60.0
FRAMED = 2**16 - 1
PING_SECONDS, PONG_SECONDS = 60.0, 20.0
COMPRESSED = frozenset({Version.V201, Version.V21})  # RFC 7692 is not part of OCPP-J 1.6
FAREWELLS = frozenset({1000, 1001, 1012})  # the codes the library itself closes with when we stop
logger = logging.getLogger("amperanto.transport")

Decide = Callable[[Upgrade], Awaitable[Welcome | Denial]]

SMALL: dict[str, Any] = {  # 9 KiB a connection instead of 37
    "server_no_context_takeover": True,
    "client_no_context_takeover": True,
    "server_max_window_bits": 12,
    "client_max_window_bits": 12,
}
DEFLATE, INFLATE = ServerPerMessageDeflateFactory(**SMALL), ClientPerMessageDeflateFactory(**SMALL)


class WebSocketLink:
    """A link over one WebSocket."""

    def __init__(self, socket: Socket) -> None:
        self._socket = socket
        self.remote = address(socket)

    # --------------------------------------------------------------------------------- texts

    def write(self, text: str) -> None:
        """Send a text now. On a link that has ended it is dropped."""
        protocol = self._socket.protocol
        if protocol.state is not OPEN:
            return
        data = text.encode()
        if protocol.side is SERVER and len(data) <= FRAMED and not (protocol.extensions or protocol.writes):
            self._socket.transport.write(framed(data))
            return
        protocol.send_text(data)
        self._socket.send_data()

    async def drain(self) -> None:
        """Wait until the other side has read enough; one that reads nothing for a minute is cut."""
        if not self._socket.paused:
            return
        try:
            async with asyncio.timeout(STALL_SECONDS):
                await self._socket.drain()
        except TimeoutError:
            self._socket.cut(Closed(1006, "the other side does not read", Cause.STALLED))
        except OSError:
            pass  # the line was lost: whoever reads will learn it

    async def receive(self) -> str:
        """The next text. Raises PeerClosed."""
        try:
            message = await self._socket.recv()
        except ConnectionClosed:
            raise PeerClosed(await self.wait_closed()) from None
        if isinstance(message, str):
            return message
        await self.close(1003, "OCPP is spoken in text", Cause.VIOLATION)
        raise PeerClosed(await self.wait_closed())

    def deliver_to(self, sink: Sink) -> None:
        """Hand each text to `sink` as it comes; what it does not take is received as ever."""
        self._socket.sink = sink

    def limit(self, size: int) -> None:
        """Refuse messages of more than `size` bytes (inflated) from now on, with 1009."""
        self._socket.protocol.max_message_size = size

    @property
    def closed(self) -> bool:
        """Whether nothing can be said any more."""
        return self._socket.protocol.state is not OPEN

    @property
    def compressed(self) -> bool:
        """Whether permessage-deflate was negotiated."""
        return bool(self._socket.protocol.extensions)

    # --------------------------------------------------------------------------------- its end

    async def close(self, code: int = 1000, reason: str = "", cause: Cause = Cause.LOCAL) -> None:
        """End the link: a close frame, and after five seconds without an echo the line is cut."""
        if self._socket.protocol.state is OPEN:
            reason = reason.encode()[:120].decode(errors="ignore")
            self._socket.ended = self._socket.ended or Closed(code, reason, cause)
            self._socket.doom()
            await self._socket.close(code, reason)
        await self._socket.wait_closed()

    def abort(self) -> None:
        """Cut the line at once, without a farewell."""
        self._socket.cut(Closed(1006, "", Cause.LOCAL))

    async def wait_closed(self) -> Closed:
        """How it ended, once it has."""
        await self._socket.wait_closed()
        protocol = self._socket.protocol
        received, sent = protocol.close_rcvd, protocol.close_sent
        if self._socket.ended is not None:
            return self._socket.ended
        if received is not None and (sent is None or protocol.close_rcvd_then_sent):
            return Closed(received.code, received.reason, Cause.REMOTE)
        if sent is not None:
            return Closed(sent.code, sent.reason, Cause.LOCAL if sent.code in FAREWELLS else Cause.VIOLATION)
        return Closed(1006)

    def keep_alive(self, interval: float | None, timeout: float) -> None:
        """Ping after `interval` seconds of silence, give up `timeout` seconds later; None: never ping."""
        if self._socket.protocol.state is OPEN:
            self._socket.watch.start(interval, timeout)

    async def ping(self, timeout: float) -> bool:
        """Whether anything is heard from the other side within `timeout` seconds."""
        socket = self._socket
        ear = socket.listen()
        socket.send_ping()
        if socket.protocol.state is OPEN:
            await asyncio.wait([ear], timeout=timeout)
        lives = ear.done() or socket.deaf
        if not lives:
            socket.mute = socket.heard
        return lives and socket.protocol.state is OPEN


def framed(data: bytes) -> bytes:
    """A whole text of at most 64 KiB as a server's frame, without extensions: as the library would, in less time."""
    size = len(data)
    return (bytes((0x81, size)) if size < 126 else b"\x81\x7e" + size.to_bytes(2)) + data  # RFC 6455, 5.2


def address(socket: Socket) -> str:
    """The other side's address alone; an IPv4 one as such, however the socket was opened."""
    name: Any = socket.remote_address
    host = str(name[0]) if isinstance(name, tuple) and name else ""  # pyright: ignore[reportUnknownArgumentType]
    return host.removeprefix("::ffff:") if "." in host else host


class Listener:
    """A port where stations knock. `async with listener:` opens it, and closes every link at the end."""

    def __init__(
        self,
        on_link: Callable[[WebSocketLink, Welcome], Awaitable[None]],
        *,
        decide: Decide,
        host: str | None = None,
        port: int = 0,
        ssl: tls.SSLContext | None = None,
        max_size: int = 2**16,
        handshake: float = HANDSHAKE_SECONDS,
    ) -> None:
        """Prepare; nothing is opened yet. `handshake` bounds TLS and the upgrade, decision included."""
        self._on_link = on_link
        self._decide = decide
        self._where: dict[str, Any] = {"host": host, "port": port, "ssl": ssl}
        self._max_size = max_size
        self._handshake = handshake
        self._server: Server | None = None
        self._sockets = WeakSet[ServerSocket]()

    async def start(self) -> "Listener":
        """Open the port. Raises OSError when it is taken."""
        self._server = await open_server(
            self._run,
            **self._where,
            create_connection=cast(type[ServerSocket], self._made),
            process_request=self._process,
            select_subprotocol=chosen_subprotocol,
            compression=None,
            server_header=None,
            open_timeout=self._handshake,
            close_timeout=CLOSE_SECONDS,
            ping_interval=None,
            max_size=self._max_size,
            logger=logger,
        )
        return self

    @property
    def port(self) -> int:
        """The port that is open; the system's choice when 0 was asked for."""
        assert self._server is not None, "not started"
        return int(next(iter(self._server.sockets)).getsockname()[1])

    async def close(self, code: int = 1001, reason: str = "", *, within: float = CLOSE_SECONDS) -> None:
        """Close the port and every link, cut what lasts `within` seconds; returns when each `on_link` has."""
        if self._server is None:
            return
        self._server.close(code=code, reason=reason)
        self._cut(one for one in self._sockets if one.request is None)  # nobody waits for those who only knock
        late = asyncio.get_running_loop().call_later(within, self._cut, self._sockets)
        try:
            await self._server.wait_closed()
        finally:
            late.cancel()
            for task in self._server.handler_tasks:  # some are left if we were cancelled
                task.cancel()

    def _made(self, *arguments: Any, **options: Any) -> ServerSocket:
        self._sockets.add(socket := ServerSocket(*arguments, **options))
        return socket

    def _cut(self, sockets: Iterable[ServerSocket]) -> None:
        for socket in [one for one in sockets if hasattr(one, "transport")]:  # else TLS has not begun it yet
            socket.transport.abort()

    async def __aenter__(self) -> "Listener":
        return await self.start()

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    async def _process(self, socket: ServerConnection, request: Request) -> HttpResponse | None:
        assert isinstance(socket, ServerSocket)
        if not is_upgrade(request):
            return None  # the library says what it misses: 400, 405, 426
        decision = await self._decide(upgrade_of(socket, request))
        if isinstance(decision, Denial):
            response = socket.respond(decision.status, decision.body)
            response.headers.update(decision.headers)
            return response
        socket.welcome = decision
        if decision.version in COMPRESSED:
            socket.protocol.available_extensions = [DEFLATE]
        drop(request.headers, "Sec-WebSocket-Protocol")  # read leniently already; see chosen_subprotocol
        return None

    async def _run(self, socket: ServerConnection) -> None:
        assert isinstance(socket, ServerSocket) and socket.welcome is not None
        link = WebSocketLink(socket)
        if socket.welcome.version is None:
            await link.close(1002, "no common subprotocol", Cause.VIOLATION)
        else:
            await self._on_link(link, socket.welcome)


def chosen_subprotocol(socket: ServerConnection, _: Sequence[Subprotocol]) -> Subprotocol | None:
    """What the decision negotiated; nothing when the client offered nothing (RFC 6455, 4.2.2)."""
    assert isinstance(socket, ServerSocket)
    welcome = socket.welcome
    version = welcome.version if welcome is not None else None
    return Subprotocol(version.subprotocol) if version is not None and socket.offered else None


def is_upgrade(request: Request) -> bool:
    """Whether a client wants a WebSocket; a wrong or missing `Connection: Upgrade` is put right."""
    wants = any("websocket" in value.lower() for value in request.headers.get_all("Upgrade"))
    if not wants or request.method != "GET" or "Sec-WebSocket-Key" not in request.headers:
        return False
    drop(request.headers, "Connection")
    request.headers["Connection"] = "Upgrade"
    return True


def drop(headers: Headers, name: str) -> None:
    """Forget a header, if it is there."""
    if name in headers:
        del headers[name]


def upgrade_of(socket: ServerSocket, request: Request) -> Upgrade:
    """The request as plain data."""
    ssl_object: Any = socket.transport.get_extra_info("ssl_object")
    socket.offered = offered_subprotocols(request.headers.get_all("Sec-WebSocket-Protocol"))
    return Upgrade(
        path=request.path,
        host=next(iter(request.headers.get_all("Host")), ""),
        remote=address(socket),
        offered=socket.offered,
        authorization=tuple(request.headers.get_all("Authorization")),
        secure=ssl_object is not None,
        certificate=ssl_object.getpeercert(binary_form=True) if ssl_object is not None else None,
    )


async def dial(
    url: str,
    versions: Sequence[Version],
    *,
    authorization: str | None = None,
    ssl: tls.SSLContext | None = None,
    max_size: int = 2**20,
    handshake: float = HANDSHAKE_SECONDS,
) -> tuple[WebSocketLink, Version]:
    """Open a link to a CSMS, offering these versions. Raises Unreachable, HandshakeRefused, ValueError."""
    options: dict[str, Any] = {} if ssl is None else {"ssl": ssl}
    try:
        socket = await open_client(
            url,
            create_connection=ClientSocket,
            subprotocols=[Subprotocol(version.subprotocol) for version in versions],
            extensions=[INFLATE] if COMPRESSED.issuperset(versions) else None,
            compression=None,
            additional_headers={"Authorization": authorization} if authorization else None,
            proxy=None,
            open_timeout=handshake,
            close_timeout=CLOSE_SECONDS,
            ping_interval=None,
            max_size=max_size,
            logger=logger,
            **options,
        )
    except InvalidStatus as refused:
        raise HandshakeRefused(f"the server answered HTTP {(status := refused.response.status_code)}", status) from None
    except InvalidURI as wrong:
        raise ValueError(str(wrong)) from None
    except InvalidHandshake as refused:
        raise HandshakeRefused(f"no WebSocket there: {refused}") from None
    except (OSError, TimeoutError, EOFError) as failed:
        raise Unreachable(f"no connection: {failed or 'no answer in time'}") from None
    assert isinstance(socket, ClientSocket)
    link, version = WebSocketLink(socket), by_subprotocol(socket.subprotocol or "")
    if version is None:
        await link.close(1002, "no common subprotocol")
        offered = ", ".join(version.subprotocol for version in versions)
        raise HandshakeRefused(f"the server speaks none of {offered}", 101)
    return link, version


def serve(
    on_peer: Callable[[Peer], Awaitable[None]],
    *,
    host: str | None = None,
    port: int = 0,
    versions: Sequence[Version] = NEWEST_FIRST,
    default: Version = Version.V16,
    ssl: tls.SSLContext | None = None,
) -> Listener:
    """A small CSMS that lets everybody in: `async with serve(on_peer, port=9000): ...`; `Listener` can more."""

    async def decide(upgrade: Upgrade) -> Welcome | Denial:
        try:
            segments = path_segments(upgrade.path)
        except UnicodeDecodeError:
            segments = ()
        if not segments:
            return Denial(status=404, body="the path ends in no station identity\n")
        version = negotiate(upgrade.offered, spoken=versions, default=default)
        return Welcome(identity=segments[-1], version=version)

    async def on_link(link: WebSocketLink, welcome: Welcome) -> None:
        assert welcome.version is not None
        link.keep_alive(PING_SECONDS, PONG_SECONDS)
        connection = OcppConnection(Role.CSMS, Codec(welcome.version), ids=uuid4)
        async with Peer(connection, link, identity=welcome.identity) as peer:
            await on_peer(peer)

    return Listener(on_link, decide=decide, host=host, port=port, ssl=ssl, max_size=2**20)


async def connect(
    url: str,
    *versions: Version,
    password: str | bytes | None = None,
    user: str | None = None,
    ssl: tls.SSLContext | None = None,
    codec: Callable[[Version], Codec] = Codec,
    **options: Any,
) -> Peer:
    """Connect a station: the URL ends in its identity, which is also the user unless said otherwise.

    `options` are Peer's. Raises Unreachable, HandshakeRefused, ValueError.
    """
    segments = path_segments(urlsplit(url).path)
    if not segments:
        raise ValueError("the URL must end in the station's identity, as in ws://host:9000/CP1")
    identity = segments[-1]
    authorization = basic_header(user or identity, password) if password is not None else None
    link, version = await dial(url, versions or NEWEST_FIRST, authorization=authorization, ssl=ssl)
    connection = OcppConnection(Role.STATION, codec(version), ids=uuid4)
    return Peer(connection, link, identity=identity, **options)
