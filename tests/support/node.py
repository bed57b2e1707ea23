"""A whole node for tests: real sockets, a real SQLite file, and a client of its REST interface."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx2

from amperanto import app
from amperanto.settings import Settings, in_memory

PASSWORD = "a-password-of-24-letters"


class House:
    """A running node, and what an operator does with it."""

    def __init__(self, node: app.Node, client: httpx2.AsyncClient) -> None:
        self.node = node
        self.client = client

    def url(self, identity: str, path: str = "ocpp") -> str:
        """Where that station connects."""
        return f"ws://127.0.0.1:{self.node.ocpp_port}/{path}/{identity}"

    async def get(self, path: str, **params: Any) -> Any:
        """GET, which must succeed."""
        answer = await self.client.get(path, params=params)
        assert answer.status_code == 200, answer.text
        return answer.json()

    async def post(self, path: str, body: Any = None) -> Any:
        """POST, which must succeed."""
        answer = await self.client.post(path, json={} if body is None else body)
        assert answer.status_code < 300, answer.text
        return answer.json() if answer.content else None

    async def patch(self, path: str, body: Any) -> Any:
        """PATCH, which must succeed."""
        answer = await self.client.patch(path, json=body)
        assert answer.status_code < 300, answer.text
        return answer.json()

    async def station(self, identity: str, **fields: Any) -> None:
        """Register a station."""
        await self.post("/stations", {"identity": identity, "password": PASSWORD, **fields})

    async def token(self, uid: str, **fields: Any) -> None:
        """Register a token."""
        await self.post("/tokens", {"uid": uid, "type": "ISO14443", **fields})

    async def transactions(self, identity: str) -> list[dict[str, Any]]:
        """A station's transactions, newest first."""
        return (await self.get("/transactions", station=identity))["items"]

    async def messages(self, identity: str, **filters: Any) -> list[dict[str, Any]]:
        """A station's frames, newest first."""
        return (await self.get("/messages", station=identity, **filters))["items"]


@asynccontextmanager
async def house(data: Path, **changes: Any) -> AsyncIterator[House]:
    """A node on free ports over a database file in `data`."""
    settings: Settings = replace(in_memory(), data=data, database="", **changes)
    node = await app.start(settings)
    key = (data / "admin.key").read_text()
    base = f"http://127.0.0.1:{node.http_port}/api/v1"
    async with httpx2.AsyncClient(base_url=base, headers={"Authorization": f"Bearer {key}"}, timeout=10) as client:
        try:
            yield House(node, client)
        finally:
            await node.stop()
