"""R8 for programs: a database that is gone is a 503 that says when to try again, on every operation."""

import asyncio
from pathlib import Path
from urllib.parse import quote

import httpx2

from amperanto import app
from amperanto.settings import in_memory

from .conftest import least_body, open_house, operations


async def test_every_operation_says_when_to_try_again(tmp_path: Path) -> None:
    async with open_house(tmp_path) as house:
        document = (await house.client.get("/openapi.json")).json()
        await house.csms.context.store.close()
        asked = 0
        assert (await house.client.get("/health")).headers["retry-after"]
        for path, method, told in operations(document):
            address = path
            for parameter in told.get("parameters", ()):
                address = address.replace(f"{{{parameter['name']}}}", quote("CP/1", safe=""))
            answer = await house.call(method.upper(), address, **least_body(document, told))
            asked += 1
            assert (answer.status_code, answer.json()["code"]) == (503, "not_durable"), (method, path, answer.text)
            assert int(answer.headers["retry-after"]) > 0
            assert answer.headers["content-type"] == "application/problem+json"
        assert asked > 25


async def test_what_needs_no_database_is_answered_without_one(tmp_path: Path) -> None:
    async with open_house(tmp_path) as house:
        await house.csms.context.store.close()
        for path in ("/metrics", "/openapi.json", "/docs"):
            assert (await house.client.get(path)).status_code == 200


async def test_the_reason_a_database_is_gone_is_no_strangers_business(tmp_path: Path) -> None:
    node = await app.start(in_memory(data=tmp_path, database=f"sqlite:///{tmp_path}/data/secret-place.db"))
    (tmp_path / "data").rename(tmp_path / "gone")
    async with asyncio.timeout(5), httpx2.AsyncClient(base_url=f"http://127.0.0.1:{node.http_port}") as client:
        answer = await client.get("/health")
        assert answer.status_code == 503
        assert "secret" not in answer.text
        assert "unable" not in answer.text
        (tmp_path / "gone").rename(tmp_path / "data")
        assert (await client.get("/health")).status_code == 200
        await node.stop()
