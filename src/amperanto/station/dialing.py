"""The way to a CSMS somewhere else: an address that ends in the identity, a version, a password.

`dial` connects once, at once, so that whoever asked learns of a refusal; a Station's line would try again for
ever. What it returns is what a Station connects by: the connection it has made already, then new ones in the
same version.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from amperanto.ocpp.versions import Version
from amperanto.station.line import Connect
from amperanto.transport import websocket
from amperanto.transport.link import HandshakeRefused, Unreachable
from amperanto.transport.peer import OnFrame, Peer

__all__ = ["Dialled", "HandshakeRefused", "OnFrame", "Unreachable", "dial"]


@dataclass(frozen=True, slots=True)
class Dialled:
    """A CSMS that let us in: as whom, in which version, and how to connect again."""

    identity: str
    version: Version
    connect: Connect


async def dial(
    url: str,
    versions: Sequence[Version] = (),
    *,
    password: str | None = None,
    on_frame: OnFrame | None = None,
) -> Dialled:
    """Connect in the newest of these versions that the CSMS speaks; without any, of all.

    Raises Unreachable, HandshakeRefused, and ValueError for a URL that is none.
    """
    first: Peer | None = await websocket.connect(url, *versions, password=password, on_frame=on_frame)
    identity, version = first.identity, first.version

    async def connect() -> Peer:
        nonlocal first
        peer, first = first, None
        if peer is not None and peer.closed is None:
            return peer
        return await websocket.connect(url, version, password=password, on_frame=on_frame)

    return Dialled(identity, version, connect)
