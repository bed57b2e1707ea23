"""Who may do what: keys, scopes, and what nobody is told."""

import httpx2
import pytest

from amperanto.api.server import application
from amperanto.settings import in_memory

from .conftest import House

WRONG = ["Bearer amp_wrong", "Bearer", "Bearer ", "Basic YTpi", "", "bearer\tx"]


@pytest.mark.asyncio(loop_scope="module")
@pytest.mark.parametrize("path", ["/stations", "/stations/CP1", "/nowhere", "", "/keys"])
async def test_without_a_valid_key_every_address_answers_the_same(shared: House, path: str) -> None:
    without = await shared.client.get(f"/api/v1{path}")
    assert without.status_code == 401
    assert without.headers["www-authenticate"] == "Bearer"
    assert without.headers["content-type"] == "application/problem+json"
    assert without.content == (await shared.client.get("/api/v1/tokens")).content
    for header in WRONG:
        answer = await shared.client.get(f"/api/v1{path}", headers={"authorization": header})
        assert (answer.status_code, answer.content) == (401, without.content), header


SCOPED = [
    ("GET", "/api/v1/stations", "read"),
    ("GET", "/api/v1/transactions", "read"),
    ("GET", "/api/v1/messages", "read"),
    ("GET", "/api/v1/tokens", "read"),
    ("GET", "/api/v1/inbox", "read"),
    ("POST", "/api/v1/stations", "operate"),
    ("PATCH", "/api/v1/stations/CP1", "operate"),
    ("DELETE", "/api/v1/stations/CP1", "operate"),
    ("POST", "/api/v1/tokens", "operate"),
    ("POST", "/api/v1/inbox/CP1/accept", "operate"),
    ("POST", "/api/v1/stations/CP1/ocpp/Reset", "operate"),
    ("GET", "/api/v1/keys", "admin"),
    ("POST", "/api/v1/keys", "admin"),
    ("POST", "/api/v1/stations/CP1/raw/Reset", "raw"),
]
INCLUDED = {
    "read": {"read"},
    "operate": {"read", "operate"},
    "admin": {"read", "operate", "admin"},
    "raw": {"raw"},
}


@pytest.mark.parametrize("held", list(INCLUDED))
async def test_a_key_does_what_its_scopes_say_and_no_more(house: House, held: str) -> None:
    key = await house.key_with(held)
    for method, path, needed in SCOPED:
        answer = await house.call(method, path, key=key, json={})
        assert (answer.status_code == 403) is (needed not in INCLUDED[held]), (method, path, answer.text)


async def test_a_key_is_made_used_and_withdrawn(house: House) -> None:
    made = await house.call("POST", "/api/v1/keys", json={"name": "grafana", "scopes": ["read"]})
    assert made.status_code == 201
    key = made.json()["key"]
    assert (await house.call("GET", "/api/v1/stations", key=key)).status_code == 200
    listed = (await house.call("GET", "/api/v1/keys")).json()["items"]
    assert {one["name"] for one in listed} == {"administrator", "grafana"}
    assert key not in str(listed)
    assert (await house.call("DELETE", f"/api/v1/keys/{made.json()['id']}")).status_code == 204
    assert (await house.call("GET", "/api/v1/stations", key=key)).status_code == 401


async def test_a_key_gives_no_scope_it_lacks(house: House) -> None:
    key = await house.key_with("admin")
    answer = await house.call("POST", "/api/v1/keys", key=key, json={"name": "x", "scopes": ["read", "raw"]})
    assert (answer.status_code, answer.json()["code"]) == (403, "not_allowed")


async def test_the_last_administrators_key_stays(house: House) -> None:
    await house.key_with("read", "operate")
    [admin] = [one for one in (await house.call("GET", "/api/v1/keys")).json()["items"] if "admin" in one["scopes"]]
    answer = await house.call("DELETE", f"/api/v1/keys/{admin['id']}")
    assert (answer.status_code, answer.json()["code"]) == (409, "last_key")
    assert (await house.call("GET", "/api/v1/keys")).status_code == 200


async def test_another_organisations_key_cannot_be_withdrawn_or_seen(house: House) -> None:
    other = await house.another_organisation()
    [mine] = (await house.call("GET", "/api/v1/keys")).json()["items"]
    assert len((await house.call("GET", "/api/v1/keys", key=other)).json()["items"]) == 1
    assert (await house.call("DELETE", f"/api/v1/keys/{mine['id']}", key=other)).status_code == 404


async def test_health_and_description_need_no_key(house: House) -> None:
    for path in ("/health", "/metrics", "/openapi.json", "/docs", "/docs/reference.css"):
        assert (await house.client.get(path)).status_code == 200, path


async def test_no_other_origin_is_invited(house: House) -> None:
    headers = {"origin": "https://elsewhere.example", "access-control-request-method": "GET"}
    for method in ("GET", "OPTIONS"):
        answer = await house.call(method, "/api/v1/stations", headers=headers)
        assert not [name for name in answer.headers if name.startswith("access-control")]


@pytest.mark.parametrize(
    ("host", "status"), [("127.0.0.1", 200), ("::1", 200), ("localhost", 200), ("0.0.0.0", 401), ("", 401)]
)
async def test_figures_need_a_key_once_other_machines_can_ask(house: House, host: str, status: int) -> None:
    opened = application(house.csms, in_memory(http_host=host))
    async with httpx2.AsyncClient(transport=httpx2.ASGITransport(app=opened.door), base_url="http://node") as client:
        assert (await client.get("/metrics")).status_code == status
        with_key = await client.get("/metrics", headers={"authorization": f"Bearer {house.key}"})
        assert with_key.status_code == 200
        assert (await client.get("/health")).status_code == 200
