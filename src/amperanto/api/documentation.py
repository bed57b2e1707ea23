"""The API's own description: the OpenAPI document, and a page for people that needs no other server."""

from __future__ import annotations

from functools import lru_cache
from importlib.resources import files
from typing import Any

import msgspec
from litestar import Litestar, Request, Response, get
from litestar.routes import HTTPRoute

from amperanto.api.openapi import document
from amperanto.api.reference_page import page

_STYLE = files("amperanto.api").joinpath("reference.css").read_bytes()
_GUARDED = "/api/"


@lru_cache(maxsize=1)
def described(app: Litestar) -> dict[str, Any]:
    """The OpenAPI document of the application."""
    return document([route for route in app.routes if isinstance(route, HTTPRoute)], _GUARDED)


@get("/openapi.json", tags=["Description"], media_type="application/json")
async def openapi_document(request: Request[Any, Any, Any]) -> Response[bytes]:
    """The OpenAPI 3.1 document of this API. Needs no key."""
    return Response(msgspec.json.encode(described(request.app)), media_type="application/json")


@get("/docs", tags=["Description"], media_type="text/html")
async def documentation_page(request: Request[Any, Any, Any]) -> Response[bytes]:
    """The same for people. Needs no key and no other server."""
    return Response(page(described(request.app)).encode(), media_type="text/html; charset=utf-8")


@get("/docs/reference.css", tags=["Description"], media_type="text/css")
async def documentation_style() -> Response[bytes]:
    """How the page looks."""
    return Response(_STYLE, media_type="text/css; charset=utf-8")
