"""What every request passes first: the address as it was sent, the API key, and the headers of every
answer.

The router gets the path undecoded, so that an identity containing `/` stays one segment as `%2F` (R6);
handlers decode their segments once (parameters.py). Everything under /api/ needs a key: without a valid one
every address there answers the same 401, whether it exists or not. There is no CORS: browsers of other
origins get nothing.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, MutableMapping
from typing import Any

from amperanto.api.problems import (
    BAD_REQUEST,
    MEDIA_TYPE,
    NO_KEY,
    Problem,
    encoded,
    headers_of,
    problem,
    told_and_logged,
)
from amperanto.csms.access import Principal

LONGEST_PATH = 4096
_HEADERS = [
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"no-referrer"),
    (b"cache-control", b"no-store"),
    (b"content-security-policy", b"default-src 'none'; style-src 'self'; frame-ancestors 'none'"),
]
_SCHEME = b"bearer "

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Any]]
Send = Callable[[Any], Awaitable[None]]
ASGIApp = Callable[[Any, Any, Any], Awaitable[None]]
Authenticate = Callable[[str], Awaitable[Principal | None]]


class Door:
    """The outermost ASGI application."""

    def __init__(self, inside: ASGIApp, authenticate: Authenticate, *, guarded: Iterable[str]) -> None:
        self._inside = inside
        self._authenticate = authenticate
        self._guarded = tuple(guarded)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] == "lifespan":
            await self._inside(scope, receive, send)
            return
        if scope["type"] != "http":
            await send({"type": "websocket.close", "code": 1008})
            return
        refusal = self._unfit(scope) or await self._unknown(scope)
        if refusal is not None:
            await _tell(refusal, send)
            return
        await self._inside(scope, receive, _with_headers(send))

    def _unfit(self, scope: Scope) -> Problem | None:
        """Put the path as it was sent into the scope; refuse what no database takes."""
        raw = scope.get("raw_path") or scope["path"].encode()
        query = scope["query_string"]
        if len(raw) + len(query) > LONGEST_PATH:
            return problem(BAD_REQUEST._replace(status=414), "the address is too long")
        if b"%00" in raw or b"%00" in query:
            return problem(BAD_REQUEST, "the address contains a NUL character")
        scope["path"] = raw.decode("ascii", errors="replace")
        return None

    async def _unknown(self, scope: Scope) -> Problem | None:
        """Look the key up; refuse where one is needed and none, or a wrong one, came."""
        if not scope["path"].startswith(self._guarded):
            return None
        try:
            principal = await self._authenticate(_bearer(scope["headers"]))
        except Exception as error:  # noqa: BLE001 - where a request ends: whatever it was becomes its answer
            return told_and_logged(error, scope)
        if principal is None:
            return problem(NO_KEY, "send a valid API key: `Authorization: Bearer <key>`")
        scope["user"] = principal
        return None


def _bearer(headers: Iterable[tuple[bytes, bytes]]) -> str:
    """The key of the request; empty without one, which no key equals."""
    found = [value for name, value in headers if name.lower() == b"authorization"]
    if len(found) != 1 or found[0][: len(_SCHEME)].lower() != _SCHEME:
        return ""
    return found[0][len(_SCHEME) :].strip().decode("latin-1")


def _with_headers(send: Send) -> Send:
    async def wrapped(message: Message) -> None:
        if message["type"] == "http.response.start":
            named = {name.lower() for name, _ in message["headers"]}
            message["headers"] = [*message["headers"], *(one for one in _HEADERS if one[0] not in named)]
        await send(message)

    return wrapped


async def _tell(told: Problem, send: Send) -> None:
    body = encoded(told)
    start: dict[str, Any] = {
        "type": "http.response.start",
        "status": told.status,
        "headers": [
            (b"content-type", MEDIA_TYPE.encode()),
            (b"content-length", str(len(body)).encode()),
            *((name.encode(), value.encode()) for name, value in headers_of(told).items()),
        ],
    }
    wrapped = _with_headers(send)
    await wrapped(start)
    await wrapped({"type": "http.response.body", "body": body, "more_body": False})
