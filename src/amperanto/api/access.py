"""Who asks: the principal of a request, and the scope an operation needs.

Scopes: `read` sees, `operate` changes and commands, `admin` does everything but `raw` calls and manages keys,
`raw` sends a station's own words. The door has looked the key up already (door.py).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from litestar.connection import ASGIConnection
from litestar.handlers.base import BaseRouteHandler

from amperanto.api.problems import NotAllowed
from amperanto.csms.access import Principal

Connection = ASGIConnection[Any, Any, Any, Any]
Guard = Callable[[Connection, BaseRouteHandler], None]
SCOPES: dict[Guard, str] = {}
"""Which scope each guard asks for."""


def needs(scope: str) -> Guard:
    """A guard that lets only keys with this scope pass."""

    def guard(connection: Connection, handler: BaseRouteHandler) -> None:
        principal: Principal = connection.scope["user"]
        if not principal.may(scope):
            raise NotAllowed(f"this needs an API key with the scope `{scope}`")

    SCOPES[guard] = scope
    return guard
