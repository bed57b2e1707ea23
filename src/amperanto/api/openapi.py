"""The OpenAPI 3.1 document, read off the handlers: their paths, parameters, bodies, answers and scopes.

Schemas are msgspec's own (constraints included); every operation may answer with a problem document, so
that is its `default`. An operation's id is its function's name.
"""

from __future__ import annotations

import inspect
from collections.abc import Iterable
from typing import Annotated, Any, cast, get_args, get_origin

import msgspec
from litestar import Response
from litestar.handlers import HTTPRouteHandler
from litestar.params import BodyKwarg, ParameterKwarg, PathParameter, QueryParameter
from litestar.response import Stream
from litestar.routes import HTTPRoute
from litestar.typing import FieldDefinition

from amperanto import __version__
from amperanto.api.access import SCOPES, Guard
from amperanto.api.problems import MEDIA_TYPE, Problem

_REF = "#/components/schemas/{name}"
METHODS = ("get", "put", "post", "patch", "delete")
_LIMITS = ("ge", "gt", "le", "lt", "min_length", "max_length", "pattern")
_ABOUT = (
    "REST for programs: JSON in snake_case, times in UTC (RFC 3339), energy in Wh as exact numbers, pages as "
    "`{items, next}` (`next` goes into `cursor`), errors as problem documents (RFC 9457). "
    "Send an API key as `Authorization: Bearer <key>`."
)

Schemas = dict[str, Any]


def document(routes: Iterable[HTTPRoute], guarded: str) -> dict[str, Any]:
    """The document of these routes; `guarded` is the beginning of the addresses that need a key."""
    handlers = [
        (route, handler)
        for route in routes
        for handler in route.route_handlers
        if handler.http_methods != {"OPTIONS"}  # the router's own
    ]
    types = [kind for _, handler in handlers for kind in _types(handler)]
    described = msgspec.json.schema_components([*types, Problem], ref_template=_REF)
    schemas, components = _decimals_as_numbers(described)
    known = dict(zip(map(repr, [*types, Problem]), schemas, strict=True))
    paths: dict[str, dict[str, Any]] = {}
    for route, handler in handlers:
        for method in sorted(handler.http_methods):
            place = paths.setdefault(_path(route), {})
            place[method.lower()] = _operation(handler, known, locked=route.path.startswith(guarded))
    return {
        "openapi": "3.1.0",
        "info": {"title": "Amperanto", "version": __version__, "description": _ABOUT, "license": _license()},
        "paths": {path: {one: place[one] for one in METHODS if one in place} for path, place in sorted(paths.items())},
        "components": {
            "schemas": dict(sorted(components.items())),
            "securitySchemes": {"key": {"type": "http", "scheme": "bearer"}},
        },
    }


def _decimals_as_numbers(node: Any) -> Any:
    """The schemas with decimals as we write them: JSON numbers (msgspec's default is text)."""
    if isinstance(node, dict):
        items = cast("dict[str, Any]", node)
        if items.get("format") == "decimal":
            return {**items, "type": "number"}
        return {name: _decimals_as_numbers(inner) for name, inner in items.items()}
    if isinstance(node, list | tuple):
        return [_decimals_as_numbers(inner) for inner in cast("list[Any]", node)]
    return node


def _license() -> dict[str, str]:
    return {"name": "Apache-2.0", "identifier": "Apache-2.0"}


def _path(route: HTTPRoute) -> str:
    return route.path_format


def _types(handler: HTTPRouteHandler) -> list[Any]:
    """Every type whose schema an operation needs."""
    found: list[Any] = [_parameter_type(one) for _, one in _parameters(handler)]
    body = _body(handler)
    if body is not None:
        found.append(body.annotation)
    answer = _answer(handler)
    return found if answer is None else [*found, answer]


def _fields(handler: HTTPRouteHandler) -> dict[str, FieldDefinition]:
    return handler.parsed_fn_signature.parameters


def _parameters(handler: HTTPRouteHandler) -> list[tuple[str, FieldDefinition]]:
    return [
        (one.kwarg_definition.name or name, one)
        for name, one in _fields(handler).items()
        if isinstance(one.kwarg_definition, QueryParameter | PathParameter)
    ]


def _body(handler: HTTPRouteHandler) -> FieldDefinition | None:
    return next((one for one in _fields(handler).values() if isinstance(one.kwarg_definition, BodyKwarg)), None)


def _answer(handler: HTTPRouteHandler) -> Any | None:
    """The type of the JSON an operation answers with, None for no body or another media type."""
    kind = handler.parsed_fn_signature.return_type.annotation
    if kind is Stream or get_origin(kind) is Response or kind is bytes:
        return None
    return kind


def _parameter_type(one: FieldDefinition) -> Any:
    """The parameter's type with the limits of its declaration."""
    kwarg = one.kwarg_definition
    assert isinstance(kwarg, ParameterKwarg)
    limits = {name: value for name in _LIMITS if (value := getattr(kwarg, name)) is not None}
    inner = _without_none(one.annotation)
    return Annotated[inner, msgspec.Meta(**limits)] if limits else inner


def _without_none(kind: Any) -> Any:
    """The type of a parameter that is there: absent ones are None."""
    if get_origin(kind) is Annotated:
        kind = get_args(kind)[0]
    return next((one for one in get_args(kind) if one is not type(None)), kind)


def _operation(handler: HTTPRouteHandler, known: Schemas, *, locked: bool) -> dict[str, Any]:
    summary, _, rest = inspect.cleandoc(handler.fn.__doc__ or "").partition("\n")
    told: dict[str, Any] = {
        "operationId": handler.fn.__name__,
        "summary": summary,
        "tags": list(handler.tags or ()),
        "responses": _responses(handler, known),
    }
    if rest.strip():
        told["description"] = rest.strip()
    parameters = [_parameter(name, one, known) for name, one in _parameters(handler)]
    if parameters:
        told["parameters"] = parameters
    body = _body(handler)
    if body is not None:
        told["requestBody"] = _content(known[repr(body.annotation)], required=body.default is not None)
    elif "POST" in handler.http_methods:
        told["requestBody"] = _content({"type": "object"}, required=False)
    if locked:
        told["security"] = [{"key": []}]
        told["x-scope"] = _scope(handler)
    return told


def _scope(handler: HTTPRouteHandler) -> str | None:
    guards = cast("list[Guard]", cast("Any", handler).guards or [])
    return next((SCOPES[guard] for guard in guards if guard in SCOPES), None)


def _content(schema: Any, *, required: bool) -> dict[str, Any]:
    return {"required": required, "content": {"application/json": {"schema": schema}}}


def _parameter(name: str, one: FieldDefinition, known: Schemas) -> dict[str, Any]:
    kwarg = one.kwarg_definition
    assert isinstance(kwarg, ParameterKwarg)
    place = kwarg.param_type.value
    schema = dict(known[repr(_parameter_type(one))])
    if isinstance(one.default, int | str) and not isinstance(one.default, bool):
        schema["default"] = one.default
    told: dict[str, Any] = {"name": name, "in": place, "required": one.is_required, "schema": schema}
    if kwarg.description:
        told["description"] = kwarg.description
    return told


def _responses(handler: HTTPRouteHandler, known: Schemas) -> dict[str, Any]:
    status = str(204 if handler.parsed_fn_signature.return_type.annotation == Response[None] else handler.status_code)
    answer = _answer(handler)
    told: dict[str, Any] = {"description": "Done" if status == "204" else "The answer"}
    if answer is not None:
        told["content"] = {"application/json": {"schema": known[repr(answer)]}}
    elif status != "204":
        told["content"] = {str(handler.media_type).split(";", maxsplit=1)[0]: {"schema": {"type": "string"}}}
    problem = {MEDIA_TYPE: {"schema": known[repr(Problem)]}}
    return {status: told, "default": {"description": "What went wrong", "content": problem}}
