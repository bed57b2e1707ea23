"""The OpenAPI document and the page tell what the API does."""

import json
import re
from html.parser import HTMLParser
from typing import Any

import pytest
from jsonschema_rs import Draft202012Validator

from amperanto.api import reference_page
from amperanto.api.commands import TO_STATIONS
from amperanto.api.server import RESOURCES

from .conftest import House


async def document(house: House) -> Any:
    return (await house.client.get("/openapi.json")).json()


async def test_every_operation_is_described_with_its_scope(house: House) -> None:
    described = [one for place in (await document(house))["paths"].values() for one in place.values()]
    named = {one["operationId"]: one for one in described}
    for handler in RESOURCES:
        told = named[handler.fn.__name__]
        assert told["x-scope"] in ("read", "operate", "admin", "raw")
        assert told["security"] == [{"key": []}]
        assert told["summary"].endswith((".", "`"))
    assert all("security" not in one for one in described if "x-scope" not in one)


async def test_every_reference_leads_somewhere(house: House) -> None:
    told = await document(house)
    references = set(re.findall(r'"\$ref": "#/components/schemas/([^"]+)"', json.dumps(told)))
    assert references
    assert references <= told["components"]["schemas"].keys()


async def test_limits_and_vocabularies_are_told(house: House) -> None:
    schemas = (await document(house))["components"]["schemas"]
    assert schemas["StationChange"]["properties"]["interval"]["minimum"] == 1
    assert schemas["Tolerance"]["enum"] == ["silent", "strict", "tolerant"]
    energy = schemas["TransactionView"]["properties"]["energy_wh"]
    assert {one["type"] for one in energy["anyOf"]} == {"number", "null"}


ANSWERS = [
    ("POST", "/stations", {"identity": "CP1"}, "NewStationView"),
    ("GET", "/stations", None, "StationPage"),
    ("GET", "/stations/CP0", None, "StationView"),
    ("GET", "/stations/CP0/evses", None, "EvsePage"),
    ("POST", "/tokens", {"uid": "A", "type": "Local", "expires_at": "2030-01-01T00:00:00Z"}, "TokenView"),
    ("GET", "/transactions", None, "TransactionPage"),
    ("GET", "/messages", None, "MessagePage"),
    ("GET", "/keys", None, "KeyPage"),
    ("GET", "/tokens/none", None, "Problem"),
    ("PATCH", "/stations/CP0", {"interval": 0}, "Problem"),
]


@pytest.mark.parametrize(("method", "path", "body", "name"), ANSWERS)
async def test_an_answer_is_what_the_document_says(house: House, method: str, path: str, body: Any, name: str) -> None:
    await house.call("POST", "/api/v1/stations", json={"identity": "CP0"})
    answer = await house.call(method, f"/api/v1{path}", **({} if body is None else {"json": body}))
    told = await document(house)
    Draft202012Validator({"$ref": f"#/components/schemas/{name}", "components": told["components"]}).validate(
        answer.json()
    )


class Links(HTMLParser):
    """Every address and every anchor of a page."""

    def __init__(self) -> None:
        super().__init__()
        self.targets: list[str] = []
        self.anchors: set[str] = set()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        for name, value in attrs:
            if name in ("href", "src"):
                self.targets.append(value or "")
            if name == "id":
                self.anchors.add(value or "")


async def test_the_page_needs_no_other_server_and_its_links_lead_somewhere(house: House) -> None:
    answer = await house.client.get("/docs")
    links = Links()
    links.feed(answer.text)
    assert "<script" not in answer.text
    assert "default-src 'none'" in answer.headers["content-security-policy"]
    for target in links.targets:
        if target.startswith("#"):
            assert target[1:] in links.anchors
        else:
            assert (await house.client.get(target)).status_code == 200


async def test_the_page_shows_every_operation_action_and_problem(house: House) -> None:
    text = (await house.client.get("/docs")).text
    for place, operations in (await document(house))["paths"].items():
        assert place in text
        assert all(f"id={one['operationId']}" in text for one in operations.values())
    assert all(f"<code>{action}</code>" in text for action in TO_STATIONS)
    problem = (await house.call("GET", "/api/v1/stations/none")).json()
    links = Links()
    links.feed(text)
    assert problem["type"].removeprefix("/docs#") in links.anchors


async def test_the_figures_have_a_type_and_a_meaning(house: House) -> None:
    answer = await house.client.get("/metrics")
    assert answer.headers["content-type"].startswith("text/plain; version=0.0.4")
    names = set(re.findall(r"^# TYPE (\w+) ", answer.text, re.MULTILINE))
    assert {
        "amperanto_stations_connected",
        "amperanto_messages_received_total",
        "amperanto_commit_groups_total",
    } <= names
    assert names <= set(re.findall(r"^# HELP (\w+) \w", answer.text, re.MULTILINE))


async def test_every_group_of_operations_has_its_place_and_every_link_of_the_page_leads_to_one(house: House) -> None:
    told = await document(house)
    tags = {operation["tags"][0] for place in told["paths"].values() for operation in place.values()}
    assert tags == {tag for group in reference_page.GROUPS.values() for tag in group}
    shown = reference_page.page(told)
    links = set(re.findall(r"<a href=#([^ >]+)>", shown))
    assert len(links) == len(tags) + 2
    assert links <= set(re.findall(r" id=([^ >]+)[ >]", shown))
