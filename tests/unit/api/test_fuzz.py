"""Whatever is asked, nothing is answered with a failure of ours, and every answer is what the document says."""

import asyncio
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from jsonschema_rs import Draft202012Validator

from .conftest import House, open_house

ANYTHING = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**70), 2**70)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=6,
)
KNOWN = st.sampled_from(["CP1", "cp1", "A", "Reset", "ClearCache", "GetVariables"])
SEGMENT = KNOWN | st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=20)
VALUE = SEGMENT | st.sampled_from(
    ["1", "0", "-1", "2026-11-23T12:00:00Z", "9999-12-31T23:59:59-14:00", "MX4w", "nan", "Open"]
)


class Place:
    """One house for all examples, on a loop of its own."""

    def __init__(self, runner: asyncio.Runner, house: House) -> None:
        self.runner = runner
        self.house = house
        self.document = runner.run(house.client.get("/openapi.json")).json()
        self.operations = [
            (method, path, told)
            for path, place in self.document["paths"].items()
            for method, told in place.items()
            if path.startswith("/api/") and told["operationId"] not in ("stream_messages", "withdraw_key")
        ]
        self.validators: dict[str, Draft202012Validator] = {}

    def fits(self, schema: dict[str, Any], answer: Any) -> bool:
        key = repr(schema)
        if key not in self.validators:
            whole = {**schema, "components": self.document["components"]}
            self.validators[key] = Draft202012Validator(whole)
        return self.validators[key].is_valid(answer)


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    with asyncio.Runner() as runner:
        opened = open_house(Path(tmp_path_factory.mktemp("fuzz")))
        house = runner.run(opened.__aenter__())
        runner.run(house.call("POST", "/api/v1/stations", json={"identity": "CP1", "security_profile": 0}))
        runner.run(house.call("POST", "/api/v1/tokens", json={"uid": "A", "type": "Local"}))
        yield Place(runner, house)
        runner.run(opened.__aexit__(None, None, None))


def value_for(place: Place, schema: dict[str, Any]) -> st.SearchStrategy[Any]:
    """Values near what the schema asks for, right or wrong."""
    if "$ref" in schema:
        return value_for(place, place.document["components"]["schemas"][schema["$ref"].rpartition("/")[2]])
    if "anyOf" in schema:
        return st.one_of([value_for(place, one) for one in schema["anyOf"]])
    if "enum" in schema:
        return st.sampled_from(schema["enum"]) | ANYTHING
    if "properties" in schema:
        fields = {name: value_for(place, one) | ANYTHING for name, one in schema["properties"].items()}
        return st.fixed_dictionaries({}, optional=fields) | ANYTHING
    simple = {"integer": st.integers(-1, 100), "boolean": st.booleans(), "null": st.none(), "string": VALUE}
    return simple.get(schema.get("type", ""), ANYTHING)


@given(data=st.data())
@settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))
def test_nothing_that_is_asked_makes_the_server_fail(place: Place, data: st.DataObject) -> None:
    method, path, told = data.draw(st.sampled_from(place.operations), label="operation")
    query: dict[str, str] = {}
    for parameter in told.get("parameters", ()):
        if parameter["in"] == "path":
            segment = quote(data.draw(SEGMENT, label=parameter["name"]), safe="")
            path = path.replace(f"{{{parameter['name']}}}", segment)
        elif data.draw(st.booleans()):
            query[parameter["name"]] = data.draw(VALUE, label=parameter["name"])
    rest: dict[str, Any] = {"params": query}
    if "requestBody" in told:
        schema = told["requestBody"]["content"]["application/json"]["schema"]
        rest["json"] = data.draw(value_for(place, schema), label="body")
    answer = place.runner.run(place.house.call(method.upper(), path, **rest))
    if answer.status_code >= 400:
        assert answer.status_code < 500, answer.text
        assert answer.headers["content-type"] == "application/problem+json"
        assert place.fits({"$ref": "#/components/schemas/Problem"}, answer.json())
    else:
        response = told["responses"][str(answer.status_code)]
        if answer.content and "application/json" in response["content"]:  # exports are text
            assert place.fits(response["content"]["application/json"]["schema"], answer.json()), answer.text
