"""Payloads drawn from the published schemas themselves (those of the package `ocpp`, not our copies)."""

import importlib.metadata
import json
import math
from copy import deepcopy
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Any

import jsonschema_rs
from hypothesis import strategies as st

from amperanto.ocpp import Version
from amperanto.ocpp.catalogue import exchanges

FOLDERS = {Version.V16: "v16", Version.V201: "v201", Version.V21: "v21"}
Schema = dict[str, Any]
EARLIEST, LATEST = datetime.fromisoformat("1971-01-02"), datetime.fromisoformat("2100-01-01")


@cache
def folder() -> Path:
    file = next(f for f in importlib.metadata.files("ocpp") or [] if str(f) == "ocpp/__init__.py")
    return Path(str(file.locate())).parent


@cache
def published(version: Version, name: str) -> Schema:
    """The schema of a message by the name of its class, as published."""
    plain = name.removesuffix("Request")
    names = [name, plain] if version is not Version.V16 else [plain]
    paths = [folder() / FOLDERS[version] / "schemas" / f"{stem}.json" for stem in names]
    schema = json.loads(next(path for path in paths if path.exists()).read_text("utf-8-sig"))
    if (version, name) == (Version.V16, "StopTransactionRequest"):
        # The patch of the generator: the same meter values as in MeterValues.
        schema["properties"]["transactionData"]["items"] = published(Version.V16, "MeterValuesRequest")["properties"][
            "meterValue"
        ]["items"]
    return schema


@cache
def judge(version: Version, name: str) -> jsonschema_rs.Validator:
    return jsonschema_rs.validator_for(published(version, name), validate_formats=True)


def is_valid(version: Version, name: str, payload: object) -> bool:
    return judge(version, name).is_valid(payload)


def all_messages() -> list[tuple[Version, str]]:
    """Every message of every version, by the name of its class."""
    return [
        (version, kind.__name__)
        for version in Version
        for row in exchanges(version)
        for kind in (row.request, row.response)
        if kind is not None
    ]


# ------------------------------------------------------------------------------- one fullest payload
def fullest(schema: Schema, root: Schema, *, optional: bool = True) -> Any:
    """A payload with every property said, or with the required ones only."""
    schema = resolve(schema, root)
    if "enum" in schema:
        return schema["enum"][0]
    match schema.get("type"):
        case "object":
            keys = schema.get("properties", {}) if optional else schema.get("required", [])
            return {key: fullest(schema["properties"][key], root, optional=optional) for key in keys}
        case "array":
            return [fullest(schema["items"], root, optional=optional)] * max(1, schema.get("minItems", 0))
        case "string" if schema.get("format") == "date-time":
            return "2026-03-29T01:59:59.123Z"
        case "string" if schema.get("format") == "uri":
            return "ftp://user@example.com/file"
        case "string":
            return "x" * min(schema.get("maxLength", 5), 5)
        case "integer":
            return int(min(schema.get("maximum", 3), max(schema.get("minimum", 3), 3)))
        case "number":
            return min(schema.get("maximum", 6.5), 6.5)
        case "boolean":
            return True
        case _:
            return {"any": [1, None, "x"]}


def resolve(schema: Schema, root: Schema) -> Schema:
    return root["definitions"][schema["$ref"].rpartition("/")[2]] if "$ref" in schema else schema


# ------------------------------------------------------------------------------- random payloads
scalars = st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.floats(allow_nan=False, allow_infinity=False)
texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=8)
anything = st.recursive(
    scalars | texts,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3),
    max_leaves=6,
)
instants = st.builds(
    "{:%Y-%m-%dT%H:%M:%S}{}{}".format,
    st.datetimes(min_value=EARLIEST, max_value=LATEST),
    st.sampled_from(["", ".5", ".123", ".123000", ".000"]),
    st.sampled_from(["Z", "Z", "Z", "z", "+00:00", "-00:00", "+02:00", "-03:30"]),
)


def payloads(schema: Schema, root: Schema) -> st.SearchStrategy[Any]:
    """Valid payloads of a schema."""
    schema = resolve(schema, root)
    if "enum" in schema:
        return st.sampled_from(schema["enum"])
    match schema.get("type"):
        case "object":
            return objects(schema, root)
        case "array":
            least = schema.get("minItems", 0)
            items = payloads(schema["items"], root)
            return st.lists(items, min_size=least, max_size=min(least + 2, schema.get("maxItems", 99)))
        case "string" if schema.get("format") == "date-time":
            return instants
        case "string" if schema.get("format") == "uri":
            return st.sampled_from(["http://x.example/a?b=c", "ftp://u:p@h:21/x%20y", "urn:x"])
        case "string":
            limit = schema.get("maxLength", 20)
            words = st.sampled_from(["A", "eMAID", "2026-01-01 10:00", "x" * limit, "ü😀"[:limit]])
            return st.text(st.characters(exclude_categories=["Cs"]), max_size=min(limit, 6)) | words.map(
                lambda w: w[:limit]
            )
        case "integer":
            return st.integers(int(schema.get("minimum", -(2**40))), int(schema.get("maximum", 2**40)))
        case "number" if "multipleOf" in schema:
            return st.integers(-10000, 10000).map(lambda tenths: tenths / 10)
        case "number":
            low, high = schema.get("minimum", -1e12), schema.get("maximum", 1e12)
            return st.floats(low, high) | st.integers(math.ceil(low), math.floor(high))
        case "boolean":
            return st.booleans()
        case _:
            return anything


def objects(schema: Schema, root: Schema) -> st.SearchStrategy[dict[str, Any]]:
    """Valid objects; deferred, for most payloads leave most of a schema out."""
    properties = schema.get("properties", {})
    required = set(schema.get("required", []))
    said = {key: st.deferred(lambda value=value: payloads(value, root)) for key, value in properties.items()}
    fixed = st.fixed_dictionaries(
        {key: said[key] for key in said if key in required},
        optional={key: said[key] for key in said if key not in required},
    )
    if schema.get("additionalProperties", True) is False:
        return fixed
    return st.tuples(st.dictionaries(texts, anything, max_size=2), fixed).map(lambda two: two[0] | two[1])


@cache
def messages_of(version: Version, name: str) -> st.SearchStrategy[dict[str, Any]]:
    root = published(version, name)
    return payloads({"type": "object", "properties": {}, **root}, root)


def places(tree: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """Every place in a payload."""
    found = [path]
    if isinstance(tree, dict):
        for key, value in tree.items():
            found += places(value, (*path, key))
    elif isinstance(tree, list):
        for index, value in enumerate(tree):
            found += places(value, (*path, index))
    return found


ODD = [
        # everything a field is, for some other field
        None, "", "x", "x" * 600, 0, -1, 4, 101, 1.0, 2.5, 0.25, True, [], {}, [None], {"a": 1}, "12", "true",
        "2026-01-01T00:00:00", "2026-01-01 00:00:00Z", "2026-01-01T00:00:00+0200", "2026-01-01T00:00:00+02",
        "2026-01-01T00:00:00-0000", "2026-01-01T00:00Z", "2026-02-30T00:00:00Z", "2026-01-01T24:00:00Z",
        "2016-12-31T23:59:60Z", "2026-01-01", "2026-01-01T00:00:00,5Z", "2026-01-01T00:00:00.Z",
        "Voltage.Maximum", "Upstream", "ImmediateAndResume", "CostLimitReached", "DirectPayment", "Accepted",
        2**63 - 1, -(2**63),  # beyond 64 bits we are stricter, see ocpp/shapes.py
]  # fmt: skip
odd_values = st.sampled_from(ODD).map(deepcopy)  # a mutation may change what it was given


@st.composite
def mutated(draw: st.DrawFn, payload: Any) -> Any:
    """A payload with something changed somewhere; perhaps still valid."""
    payload = json.loads(json.dumps(payload))
    for _ in range(draw(st.integers(1, 2))):
        path = draw(st.sampled_from(places(payload)))
        where, change = payload, draw(st.sampled_from(["replace", "replace", "drop", "add", "repeat"]))
        for step in path[:-1]:
            where = where[step]
        target = where[path[-1]] if path else payload
        if change == "add" and isinstance(target, dict):
            target[draw(st.sampled_from(["unknown", "customData", "evse", "timestamp", "limit_L2"]))] = draw(odd_values)
        elif change == "repeat" and isinstance(target, list) and target:
            target.extend([target[0]] * draw(st.sampled_from([1, 4, 30])))
        elif change == "drop" and path and isinstance(where, dict):
            del where[path[-1]]
        elif path:
            where[path[-1]] = draw(odd_values)
    return payload
