"""A CSMS over a database in memory, and a client that speaks to its API without a socket."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import Any

import httpx2
import pytest
import pytest_asyncio

from amperanto.api.server import Application, application
from amperanto.app import SystemClock
from amperanto.bus.inprocess import InProcessBus
from amperanto.csms.block import Context
from amperanto.csms.csms import Csms
from amperanto.csms.stations import Stations
from amperanto.domain.ids import Ids
from amperanto.domain.stations import OrganisationId
from amperanto.settings import in_memory
from amperanto.stores.statements import Statement
from amperanto.stores.store import Store
from amperanto.stores.tables import organisations


@dataclass
class House:
    """A CSMS and its API; `call` asks as the administrator unless told otherwise."""

    csms: Csms
    api: Application
    key: str
    client: httpx2.AsyncClient

    async def call(self, method: str, path: str, *, key: str | None = None, **rest: Any) -> httpx2.Response:
        headers = {"authorization": f"Bearer {key or self.key}", **rest.pop("headers", {})}
        return await self.client.request(method, path, headers=headers, **rest)

    async def another_organisation(self) -> str:
        """The key of another organisation's administrator."""
        row = {"id": "other", "name": "Other", "created_at": self.csms.context.clock.now()}
        async with self.csms.context.store.unit() as unit:
            unit.record(Statement(organisations.insert(), rank=1), row)
        return await self.key_with("admin", "raw", organisation="other")

    async def key_with(self, *scopes: str, organisation: str = "default") -> str:
        return await self.csms.access.create(OrganisationId(organisation), "test", frozenset(scopes))


def operations(document: dict[str, Any]) -> list[tuple[str, str, dict[str, Any]]]:
    """Every operation of the OpenAPI document that needs a key: its path, its method, what is said of it."""
    return [
        (path, method, told)
        for path, place in document["paths"].items()
        for method, told in place.items()
        if path.startswith("/api/")
    ]


def least_body(document: dict[str, Any], told: dict[str, Any]) -> dict[str, Any]:
    """How the operation is asked with the least body it takes, as arguments of `House.call`."""
    content = told.get("requestBody", {}).get("content", {})
    if not content:
        return {}
    return {"json": least(document, content["application/json"]["schema"])}


def least(document: dict[str, Any], schema: dict[str, Any]) -> Any:
    """The least value of a schema."""
    if "$ref" in schema:
        return least(document, document["components"]["schemas"][schema["$ref"].rpartition("/")[2]])
    for several in ("anyOf", "oneOf"):
        if several in schema:
            return least(document, schema[several][0])
    if schema.get("examples"):
        return schema["examples"][0]
    if "enum" in schema:
        return schema["enum"][0]
    if "examples" in schema:  # a text of a form of its own
        return schema["examples"][0]
    kind = schema.get("type", "object")
    if kind == "object":
        known = schema.get("properties", {})
        made = {name: least(document, known[name]) for name in schema.get("required", ())}
        two_ways = {"name", "component"} <= known.keys() - made.keys()  # to name a variable: one of them is needed
        return made | {"name": "Component.Variable"} if two_ways else made
    if kind == "array":
        return [least(document, schema["items"])] * schema.get("minItems", 0)
    if schema.get("format") == "date-time":
        return "2999-01-01T00:00:00Z"
    return {"string": "x" * schema.get("minLength", 1), "integer": schema.get("minimum", 1), "number": 1.5}.get(
        kind, True
    )


@asynccontextmanager
async def open_house(data: Path) -> AsyncIterator[House]:
    """A CSMS over a database in memory; its administrator's key goes into `data`."""
    ids = Ids()
    settings = in_memory(data=data)
    store = await Store.open(settings.database_url, ids=ids)
    csms = Csms(
        Context(
            store=store,
            bus=InProcessBus(),
            stations=Stations(),
            clock=SystemClock(),
            ids=ids,
            random=Random(1),
            settings=settings,
        )
    )
    key = await csms.access.first_key(data)
    assert key is not None
    api = application(csms, settings)
    transport = httpx2.ASGITransport(app=api.door)
    async with httpx2.AsyncClient(transport=transport, base_url="http://node") as client:
        yield House(csms, api, key, client)
    await store.close()


@pytest.fixture
async def house(tmp_path: Path) -> AsyncIterator[House]:
    async with open_house(tmp_path) as house:
        yield house


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def shared(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[House]:
    """One house for a module's tables of requests that leave nothing another row would see."""
    async with open_house(tmp_path_factory.mktemp("house")) as house:
        yield house
