"""Who registers the demo's stations, tokens and tariff, and reads what became of them: by REST, like anybody else."""

from __future__ import annotations

import secrets
from types import TracebackType
from typing import Any

import httpx2

from amperanto.cli.failure import Failure
from amperanto.station import Token

SECONDS = 30.0
EXISTS = 409


class Registrar:
    """A client of the demo's node. Every method raises Failure where the node refuses."""

    def __init__(self, url: str, key: str) -> None:
        self._client = httpx2.AsyncClient(
            base_url=f"{url}/api/v1",
            headers={"Authorization": f"Bearer {key}"},
            timeout=SECONDS,
            trust_env=False,
        )

    async def __aenter__(self) -> Registrar:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._client.aclose()

    async def let_in(self, identity: str, token: Token) -> str:
        """Register a station and the token of its drivers; the station's new password."""
        password = secrets.token_hex(16)
        answer = await self._client.post("/stations", json={"identity": identity, "password": password})
        if answer.status_code == EXISTS:
            answer = await self._client.patch(f"/stations/{identity}", json={"password": password})
        _done(answer)
        answer = await self._client.post("/tokens", json={"uid": token.uid, "type": token.type})
        if answer.status_code != EXISTS:
            _done(answer)
        return password

    async def price(self, tariff: str, content: dict[str, Any], identities: list[str]) -> None:
        """Let a tariff hold at these stations; one of that name that is there already stays as it is."""
        answer = await self._client.post("/tariffs", json={"name": tariff, "tariff": content})
        if answer.status_code != EXISTS:
            _done(answer)
        for identity in identities:
            _done(await self._client.post(f"/tariffs/{tariff}/assign", json={"scope": "station", "subject": identity}))

    async def billed(self, transaction: str) -> dict[str, Any]:
        """The charge record of a transaction."""
        answer = await self._client.post(f"/transactions/{transaction}/charge-record")
        _done(answer)
        record: dict[str, Any] = answer.json()
        return record

    async def kept(self, identity: str, reference: str) -> dict[str, Any]:
        """What the node kept of a transaction, by the station's name for it."""
        for one in await self._transactions(identity):
            if reference in (one["reference"], str(one["number"])):
                return one
        raise Failure(f"The node does not know transaction {reference} of {identity}; start the demo again.")

    async def last(self, identity: str) -> dict[str, Any] | None:
        """The newest transaction of a station, if there is such a station and it had any."""
        answer = await self._client.get(f"/stations/{identity}")
        found = [] if answer.is_error else await self._transactions(identity)
        return found[0] if found else None

    async def _transactions(self, identity: str) -> list[dict[str, Any]]:
        answer = await self._client.get("/transactions", params={"station": identity, "limit": 5})
        _done(answer)
        found: list[dict[str, Any]] = answer.json()["items"]
        return found


def _done(answer: httpx2.Response) -> None:
    if answer.is_error:
        raise Failure(f"The demo's node refused a request ({answer.text}); start the demo again.")
