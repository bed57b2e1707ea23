"""Frames over asyncio: a `Peer` for the other side, and the lines that lead there."""

from amperanto.transport.link import (
    Cause,
    Closed,
    HandshakeRefused,
    Link,
    PeerClosed,
    QueueFull,
    TransportError,
    Unreachable,
)
from amperanto.transport.mailbox import IncomingCall
from amperanto.transport.peer import Peer

__all__ = [
    "Cause",
    "Closed",
    "HandshakeRefused",
    "IncomingCall",
    "Link",
    "Peer",
    "PeerClosed",
    "QueueFull",
    "TransportError",
    "Unreachable",
]
