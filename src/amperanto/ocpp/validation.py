"""The published schemas as a judge: a violation is data, not an exception.

Each validator is compiled once, when a message of its version first needs it; most messages never do,
because the codec proves them right without (see codec.py). `date-time` and `uri` are checked as formats.
A violation names a place and a rule in our own words and never repeats a value, since values may be secret
and violations are logged and sent.
"""

import json
from collections.abc import Callable, Iterable
from enum import StrEnum
from functools import cache
from pathlib import Path
from typing import Any, cast

import jsonschema_rs
from msgspec import Struct

from amperanto.ocpp.errors import Malformed, Missing, OutOfRange, RemoteProtocolError, TooMany, WrongType
from amperanto.ocpp.instants import is_instant
from amperanto.ocpp.versions import Version

__all__ = ["Kind", "Violation", "error_for", "violations", "worst"]

FILES = {Version.V16: "v16.json", Version.V201: "v201.json", Version.V21: "v21.json"}


class Kind(StrEnum):
    """What sort of rule a payload or frame breaks."""

    UNKNOWN_FIELD = "unknown_field"
    MISSING = "missing"
    WRONG_TYPE = "wrong_type"
    OUT_OF_RANGE = "out_of_range"
    CARDINALITY = "cardinality"
    MALFORMED = "malformed"
    FRAME = "frame"


class Violation(Struct, frozen=True):
    """One broken rule: where (a JSON pointer; "" is the whole payload), of what kind, in words."""

    path: str
    kind: Kind
    detail: str


# Which complaint of the schema is which kind of violation.
KINDS: dict[str, Kind] = {
    "additionalProperties": Kind.UNKNOWN_FIELD,
    "required": Kind.MISSING,
    "type": Kind.WRONG_TYPE,
    "minItems": Kind.CARDINALITY,
    "maxItems": Kind.CARDINALITY,
}

# Which kind is answered with which code, gravest first: what cannot be a payload before what is a wrong one.
ERRORS: dict[Kind, Callable[[str], RemoteProtocolError]] = {
    Kind.MALFORMED: Malformed,
    Kind.WRONG_TYPE: WrongType,
    Kind.MISSING: Missing,
    Kind.CARDINALITY: TooMany,
    Kind.OUT_OF_RANGE: OutOfRange,
    Kind.UNKNOWN_FIELD: Malformed,
    Kind.FRAME: Malformed,
}
GRAVITY = {kind: place for place, kind in enumerate(ERRORS)}


@cache
def bundle(version: Version) -> dict[str, Any]:
    """The schemas of one version."""
    text = (Path(__file__).parent / "schemas" / FILES[version]).read_text("utf-8")
    return cast(dict[str, Any], json.loads(text))


def names_in(schema: object) -> Iterable[str]:
    """The definitions a schema refers to directly."""
    if isinstance(schema, dict):
        for key, value in cast(dict[str, Any], schema).items():
            if key == "$ref":
                yield cast(str, value).rpartition("/")[2]
            else:
                yield from names_in(value)
    elif isinstance(schema, list):
        for item in cast(list[Any], schema):
            yield from names_in(item)


def schema_of(version: Version, name: str) -> dict[str, Any]:
    """The complete schema of one message, with the definitions it needs and no more. Raises KeyError."""
    schemas = bundle(version)
    needed: dict[str, Any] = {}
    waiting = list(names_in(schemas["messages"][name]))
    while waiting:
        definition = waiting.pop()
        if definition not in needed:
            needed[definition] = schemas["definitions"][definition]
            waiting.extend(names_in(needed[definition]))
    return {"$schema": schemas["$schema"], "definitions": needed, **schemas["messages"][name]}


@cache
def validator(version: Version, name: str) -> jsonschema_rs.Validator:
    """The compiled schema of one message."""
    # Its own date-time takes any character for a digit.
    formats = {"date-time": is_instant}
    return jsonschema_rs.validator_for(schema_of(version, name), validate_formats=True, formats=formats)


def violations(version: Version, name: str, payload: object) -> tuple[Violation, ...]:
    """Every rule of the version that a payload breaks; `name` is the class of the message.

    Raises Malformed for what no JSON text can say (infinite numbers, lone surrogates).
    """
    try:
        return tuple(translate(error) for error in validator(version, name).iter_errors(payload))
    except (ValueError, TypeError, OverflowError) as error:
        raise Malformed("payload holds a value JSON does not have") from error


def translate(error: jsonschema_rs.ValidationError) -> Violation:
    """A complaint of the schema in our words, without the offending value."""
    kind: Any = error.kind
    place = list(error.instance_path)
    rule = cast(str, kind.name)
    match rule:
        case "required":
            place.append(kind.property)
            detail = "required field is missing"
        case "additionalProperties":
            if len(kind.unexpected) == 1:
                place.append(kind.unexpected[0])
            detail = "unknown field" if len(kind.unexpected) == 1 else "unknown fields"
        case "type":
            detail = f"is not {' or '.join(kind.types)}"
        case "maxLength":
            detail = f"longer than {kind.limit} characters"
        case "minItems" | "maxItems":
            detail = f"{'fewer' if rule == 'minItems' else 'more'} than {kind.limit} members"
        case "minimum" | "maximum":
            detail = f"{'less' if rule == 'minimum' else 'more'} than {kind.limit}"
        case "format":
            detail = f"is not a {kind.format}"
        case "enum":
            detail = "is not a word of the vocabulary"
        case "multipleOf":
            detail = "has more than one decimal"
        case _:
            detail = f"breaks the rule {rule}"
    return Violation(pointer(place), KINDS.get(rule, Kind.OUT_OF_RANGE), detail)


def pointer(place: Iterable[str | int]) -> str:
    """A JSON pointer (RFC 6901), its parts cut at 64 characters: names come from the peer."""
    return "".join("/" + str(part).replace("~", "~0").replace("/", "~1")[:64] for part in place)


def worst(found: Iterable[Violation]) -> Violation:
    """The gravest of some violations; the first of equals. Raises ValueError when there is none."""
    return min(found, key=lambda violation: GRAVITY[violation.kind])


def error_for(violation: Violation) -> RemoteProtocolError:
    """The error that answers a violation."""
    where = f"{violation.path}: " if violation.path else ""
    return ERRORS[violation.kind]((where + violation.detail)[:255])
