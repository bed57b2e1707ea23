"""What comes in the address: path segments decoded once, and no query parameter that nobody reads.

The router sees the path as it was sent (door.py), so an identity that contains `/` stays one segment as
`%2F`.
"""

from __future__ import annotations

from functools import cache
from typing import Any
from urllib.parse import unquote

from litestar import Request
from litestar.handlers import HTTPRouteHandler
from litestar.params import QueryParameter

from amperanto.api.problems import BadField


def decoded(segment: str) -> str:
    """The text of a path segment."""
    return unquote(segment, errors="replace")


def refuse_unknown_query(request: Request[Any, Any, Any]) -> None:
    """A misspelt query parameter is an error, not silence. Raises BadField."""
    known = query_names(request.route_handler)
    for name in request.query_params:
        if name not in known:
            expected = ", ".join(sorted(known)) or "none"
            raise BadField(name, f"there is no such query parameter here; there are: {expected}")


@cache
def query_names(handler: HTTPRouteHandler) -> frozenset[str]:
    """The query parameters an operation reads, as they are spelled in the address."""
    found: set[str] = set()
    for name, parameter in handler.parsed_fn_signature.parameters.items():
        kwarg = parameter.kwarg_definition
        if isinstance(kwarg, QueryParameter):
            found.add(kwarg.name or name)
    return frozenset(found)
