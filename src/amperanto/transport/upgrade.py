"""The HTTP request that opens a WebSocket, and what may be decided about it before the 101.

`Upgrade` is the request as plain data: no library type, no meaning. A decision is a `Welcome` (the version
negotiated, and whatever the decider wants to find again at the link) or a `Denial` (an HTTP answer). The
functions here read the parts of it that OCPP-J speaks of: the path, the Basic credentials (raw bytes:
RFC 7617, and passwords of 1.6 that are no text), the subprotocols. What is malformed is read as absent.
"""

import base64
import binascii
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from urllib.parse import unquote_to_bytes

from amperanto.ocpp.versions import NEWEST_FIRST, Version


@dataclass(frozen=True, slots=True, kw_only=True)
class Upgrade:
    """A request to open a WebSocket."""

    path: str  # as it was written: still encoded, query included
    host: str = ""
    remote: str = ""  # the address alone, without the port
    offered: tuple[str, ...] = ()  # subprotocols, in the client's order
    authorization: tuple[str, ...] = ()  # each Authorization header, as it was written
    secure: bool = False
    certificate: bytes | None = None  # the client's, DER; TLS has verified it


@dataclass(frozen=True, slots=True, kw_only=True)
class Welcome:
    """The decision to open. Without a version the link is opened and closed at once, as OCPP-J asks."""

    identity: str
    version: Version | None
    data: object = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Denial:
    """The decision not to open: an HTTP answer."""

    status: int
    body: str = ""
    headers: Mapping[str, str] = field(default_factory=dict[str, str])


def path_segments(path: str) -> tuple[str, ...]:
    """The non-empty segments of a path, each decoded once. Raises UnicodeDecodeError."""
    bare = path.split("?", 1)[0].split("#", 1)[0]
    return tuple(unquote_to_bytes(segment).decode() for segment in bare.split("/") if segment)


def basic_credentials(authorization: Sequence[str]) -> bytes | None:
    """The decoded `user:password` of one Basic header; None without one, or with several."""
    if len(authorization) != 1:
        return None
    scheme, _, encoded = authorization[0].strip().partition(" ")
    if scheme.lower() != "basic":
        return None
    compact = encoded.strip().rstrip("=")
    try:
        decoded = base64.b64decode(compact + "=" * (-len(compact) % 4), validate=True)
    except (binascii.Error, ValueError):
        return None
    return decoded if b":" in decoded else None


def split_credentials(credentials: bytes, identity: str) -> tuple[str, bytes]:
    """User and password. A user is cut at the first colon, unless it is the identity, which may hold one.

    A user that is no UTF-8 keeps its bytes as surrogates and so equals nobody.
    """
    length = len(identity.encode())
    user, colon = credentials[:length], credentials[length : length + 1]
    if colon != b":" or not same_identity(user.decode(errors="surrogateescape"), identity):
        length = credentials.index(b":")
    return credentials[:length].decode(errors="surrogateescape"), credentials[length + 1 :]


def same_identity(one: str, other: str) -> bool:
    """Whether two identities are the same station's: they are compared without case."""
    return bool(one) and one.casefold() == other.casefold()


def basic_header(user: str, password: str | bytes) -> str:
    """The Authorization header that says who we are; a password of bytes is sent as those bytes."""
    secret = password.encode() if isinstance(password, str) else password
    return "Basic " + base64.b64encode(user.encode() + b":" + secret).decode("ascii")


def offered_subprotocols(headers: Iterable[str]) -> tuple[str, ...]:
    """The subprotocols a client offers, over all its headers; empty elements do not count."""
    return tuple(name for header in headers for part in header.split(",") if (name := part.strip(" \t\"'")))


def negotiate(
    offered: Sequence[str], *, spoken: Sequence[Version] = NEWEST_FIRST, default: Version | None = Version.V16
) -> Version | None:
    """The newest version both sides speak; `default` when none was offered; None when none is common."""
    if not offered:
        return default
    common = (version for version in NEWEST_FIRST if version in spoken and version.subprotocol in offered)
    return next(common, None)
