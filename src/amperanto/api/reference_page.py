"""The API's description as a page: the OpenAPI document written as HTML, no script, one style sheet.

Everything is escaped; the page names no other server, so it works without a network.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from html import escape
from typing import Any

from amperanto.api.commands import TO_STATIONS
from amperanto.api.problems import ALL_KINDS

GROUPS = {
    "Stations": ("Stations", "Inbox", "Commands", "Remote control", "Messages"),
    "Configuration": ("Variables", "Wishes", "Templates", "Rollouts", "Local lists"),
    "Charging": ("Transactions", "Reviews", "Reservations"),
    "Who and where": ("Tokens", "Token groups", "Sites", "Organisation"),
    "Money": ("Tariffs", "Charge records", "Payments"),
    "The node": ("Keys", "Operations", "Description"),
}
"""What belongs together, in the order of the page."""
_REF = "#/components/schemas/"


def page(document: Mapping[str, Any]) -> str:
    """The whole page."""
    groups = _by_tag(document)
    parts = [
        "<!doctype html><html lang=en><head><meta charset=utf-8>",
        '<meta name=viewport content="width=device-width, initial-scale=1">',
        "<title>Amperanto API</title><link rel=stylesheet href=/docs/reference.css></head><body>",
        f"<header><h1>Amperanto API</h1><p>{_marked(document['info']['description'])}</p>",
        f"<p>Version {escape(document['info']['version'])} · <a href=/openapi.json>OpenAPI document</a></p>",
        "<p>The administrator's key is in <code>admin.key</code> in the node's data directory.</p>",
        "<pre>curl -H 'Authorization: Bearer KEY' http://localhost:8080/api/v1/stations</pre>",
        "<p class=scope>A field with * is needed in a body, and always there in an answer.</p>",
        _contents(groups),
        "</header><main>",
        *(_group(tag, found, document) for tag, found in groups.items()),
        _commands(),
        _problems(),
        "</main></body></html>",
    ]
    return "\n".join(parts)


def outline(document: Mapping[str, Any]) -> str:
    """Every operation and every problem as Markdown tables, for docs/reference/api.md."""
    lines = ["| | | scope | |", "|---|---|---|---|"]
    for path, place in document["paths"].items():
        for method, told in place.items():
            scope = f"`{told['x-scope']}`" if "x-scope" in told else ""
            lines.append(f"| {method.upper()} | `{path}` | {scope} | {told['summary']} |")
    lines += ["", "| status | code | |", "|---|---|---|"]
    lines += [f"| {kind.status} | `{kind.code}` | {kind.title} |" for kind in ALL_KINDS]
    return "\n".join(lines)


def _by_tag(document: Mapping[str, Any]) -> dict[str, list[tuple[str, str, dict[str, Any]]]]:
    ordered = [tag for tags in GROUPS.values() for tag in tags]
    groups: dict[str, list[tuple[str, str, dict[str, Any]]]] = {tag: [] for tag in ordered}
    for path, place in document["paths"].items():
        for method, operation in place.items():
            groups.setdefault(operation["tags"][0], []).append((path, method, operation))
    return {tag: found for tag, found in groups.items() if found}


def _contents(groups: Mapping[str, Any]) -> str:
    rows = [
        f"<dt>{escape(title)}<dd>" + " · ".join(_link(tag) for tag in tags if tag in groups)
        for title, tags in GROUPS.items()
    ]
    named = {tag for tags in GROUPS.values() for tag in tags}
    others = [_link(tag) for tag in (*(tag for tag in groups if tag not in named), "Actions", "Problems")]
    return f"<nav><dl>{''.join(rows)}<dt>Words<dd>{' · '.join(others)}</dl></nav>"


def _link(tag: str) -> str:
    return f"<a href=#{_anchor(tag)}>{escape(tag)}</a>"


def _anchor(tag: str) -> str:
    """A name for a place on the page: without spaces, which end an address."""
    return escape(tag.lower().replace(" ", "-"))


def _group(tag: str, found: Iterable[tuple[str, str, dict[str, Any]]], document: Mapping[str, Any]) -> str:
    inside = "\n".join(_operation(path, method, told, document) for path, method, told in found)
    return f"<section id={_anchor(tag)}><h2>{escape(tag)}</h2>{inside}</section>"


def _operation(path: str, method: str, told: Mapping[str, Any], document: Mapping[str, Any]) -> str:
    scope = told.get("x-scope")
    needed = f"<p class=scope>Scope <code>{escape(scope)}</code></p>" if scope else ""
    parts = [
        f"<details id={escape(told['operationId'])}><summary><b class={method}>{method.upper()}</b> ",
        f"<span><code>{escape(path)}</code> <i>{_marked(told['summary'])}</i></span></summary>",
        f"<p>{_marked(told['description'])}</p>" if "description" in told else "",
        needed,
        _parameters(told.get("parameters", ())),
        _schema("Body", told["requestBody"].get("content", {}), document) if "requestBody" in told else "",
        *(
            _schema(f"Answer {status}", answer.get("content", {}), document)
            for status, answer in told["responses"].items()
            if status != "default"
        ),
        "</details>",
    ]
    return "".join(parts)


def _parameters(parameters: Iterable[Mapping[str, Any]]) -> str:
    rows = [
        f"<tr><td><code>{escape(one['name'])}</code><td>{one['in']}<td>{_type(one['schema'])}"
        f"<td>{_marked(one.get('description', ''))}"
        for one in parameters
    ]
    return _table(["Parameter", "in", "type", "meaning"], rows) if rows else ""


def _schema(title: str, content: Mapping[str, Any], document: Mapping[str, Any]) -> str:
    """The fields of a JSON object, one row each; objects inside it follow."""
    schema = content.get("application/json", {}).get("schema")
    if schema is None:
        kinds = ", ".join(f"<code>{escape(kind)}</code>" for kind in content)
        return f"<h3>{escape(title)}</h3><p>{kinds or 'nothing'}</p>"
    names = _names(schema)
    if not names:
        return f"<h3>{escape(title)}</h3><p>{_type(schema)}</p>"
    return f"<h3>{escape(title)}</h3>" + "".join(_object(name, document) for name in _reached(names, document))


def _reached(names: Iterable[str], document: Mapping[str, Any]) -> list[str]:
    """The named objects and those inside them, each once."""
    seen: list[str] = []
    ahead = list(names)
    while ahead:
        name = ahead.pop(0)
        schema = document["components"]["schemas"][name]
        if name not in seen and "properties" in schema:
            seen.append(name)
            ahead += [inner for one in schema["properties"].values() for inner in _names(one)]
    return seen


def _names(schema: Mapping[str, Any]) -> list[str]:
    if "$ref" in schema:
        return [schema["$ref"].removeprefix(_REF)]
    inner = [*schema.get("anyOf", ()), *([schema["items"]] if isinstance(schema.get("items"), dict) else [])]
    return [name for one in inner for name in _names(one)]


def _object(name: str, document: Mapping[str, Any]) -> str:
    schema = document["components"]["schemas"][name]
    required = set(schema.get("required", ()))
    rows = [
        f"<tr><td><code>{escape(field)}</code>{'*' if field in required else ''}<td>{_shown(one, document)}"
        f"<td>{_marked(_about(one))}"
        for field, one in schema["properties"].items()
    ]
    about = f"<p>{_marked(schema.get('description', ''))}</p>"
    return f"<h4>{escape(name)}</h4>{about}{_table(['Field', 'type', 'meaning'], rows)}"


def _about(schema: Mapping[str, Any]) -> str:
    return schema.get("description") or next(
        (one["description"] for one in schema.get("anyOf", ()) if "description" in one), ""
    )


def _shown(schema: Mapping[str, Any], document: Mapping[str, Any]) -> str:
    """A type in a few words; a named vocabulary by its words."""
    names = _names(schema)
    for name in names:
        words = document["components"]["schemas"][name].get("enum")
        if words:
            null = " or null" if {"type": "null"} in schema.get("anyOf", ()) else ""
            return " · ".join(f"<code>{escape(str(word))}</code>" for word in words) + null
    return _type(schema)


def _type(schema: Mapping[str, Any]) -> str:
    if "$ref" in schema:
        return escape(schema["$ref"].removeprefix(_REF))
    if "anyOf" in schema:
        return " or ".join(_type(one) for one in schema["anyOf"])
    if "enum" in schema:
        return " · ".join(f"<code>{escape(str(word))}</code>" for word in schema["enum"])
    kind = str(schema.get("type", "any JSON"))
    if kind == "array" and isinstance(schema.get("items"), dict):
        return f"array of {_type(schema['items'])}"
    limits = [
        f"{sign} {json.dumps(schema[name])}"
        for name, sign in (
            ("minimum", "≥"),
            ("exclusiveMinimum", ">"),
            ("maximum", "≤"),
            ("maxLength", "length ≤"),
        )
        if name in schema
    ]
    shown = f"{kind} ({schema['format']})" if "format" in schema else kind
    return escape(", ".join([shown, *limits]))


def _commands() -> str:
    actions = " · ".join(f"<code>{escape(action)}</code>" for action in sorted(TO_STATIONS))
    return (
        "<section id=actions><h2>Actions</h2><p>What <code>/ocpp/{action}</code> takes, in the words of "
        "OCPP 2.1; for a station whose version cannot say it the answer is 409 <code>not_spoken</code>.</p>"
        f"<p>{actions}</p></section>"
    )


def _problems() -> str:
    rows = [
        f"<tr id={kind.code}><td>{kind.status}<td><code>{escape(kind.code)}</code><td>{escape(kind.title)}"
        for kind in ALL_KINDS
    ]
    return f"<section id=problems><h2>Problems</h2>{_table(['Status', 'code', 'meaning'], rows)}</section>"


def _table(heads: Iterable[str], rows: Iterable[str]) -> str:
    head = "".join(f"<th scope=col>{escape(one)}" for one in heads)
    return f"<div class=wide><table><thead><tr>{head}<tbody>{''.join(rows)}</table></div>"


def _marked(text: str) -> str:
    """Escaped text, with what stands in backticks as code."""
    parts = escape(text).split("`")
    return "".join(f"<code>{part}</code>" if index % 2 else part for index, part in enumerate(parts))
