"""Whatever goes wrong is told as a problem document that names the field and the next step."""

import json
from typing import Any

import httpx2
import pytest

from amperanto.api.door import Door
from amperanto.csms.registry import NotDurable

from .conftest import House

pytestmark = pytest.mark.asyncio(loop_scope="module")

STATION = {"identity": "CP1", "security_profile": 0}
BAD: list[tuple[str, str, Any, str, str | None]] = [
    ("POST", "/stations", {}, "bad_field", "identity"),
    ("POST", "/stations", {"identity": ""}, "bad_field", "identity"),
    ("POST", "/stations", {"identity": 7}, "bad_field", "identity"),
    ("POST", "/stations", {"identity": "a\nb"}, "bad_field", "identity"),
    ("POST", "/stations", {"identity": "a\x00"}, "bad_field", "identity"),
    ("POST", "/stations", {"identity": "CP2", "pasword": "x"}, "bad_field", "pasword"),
    ("POST", "/stations", {"identity": "CP2", "security_profile": 4}, "bad_field", "security_profile"),
    ("POST", "/stations", {"identity": "x" * 256}, "bad_field", "identity"),
    ("PATCH", "/stations/CP1", {"mode": "strickt"}, "bad_field", "mode"),
    ("PATCH", "/stations/CP1", {"interval": 0}, "bad_field", "interval"),
    ("PATCH", "/stations/CP1", {"interval": 2**31}, "bad_field", "interval"),
    ("PATCH", "/stations/CP1", {"interval": None}, "bad_field", "interval"),
    ("PATCH", "/stations/CP1", {"quiet": "yes"}, "bad_field", "quiet"),
    ("PATCH", "/stations/CP1", {"identity": "CP2"}, "bad_field", "identity"),
    ("PATCH", "/stations/CP1", [], "bad_json", None),
    ("PATCH", "/stations/CP1", "text", "bad_json", None),
    ("PATCH", "/stations/CP9", {}, "unknown_station", None),
    ("POST", "/tokens", {"uid": "A"}, "bad_field", "type"),
    ("POST", "/tokens", {"uid": "A", "type": "RFID"}, "bad_field", "type"),
    ("POST", "/tokens", {"uid": "A", "type": "Local", "expires_at": "tomorrow"}, "bad_field", "expires_at"),
    (
        "POST",
        "/tokens",
        {"uid": "A", "type": "Local", "expires_at": "0001-01-01T00:00:00+14:00"},
        "bad_field",
        "expires_at",
    ),
    (
        "POST",
        "/tokens",
        {"uid": "A", "type": "Local", "concurrent_limit": 0},
        "bad_field",
        "concurrent_limit",
    ),
    ("POST", "/keys", {"name": "k", "scopes": ["write"]}, "bad_field", "scopes[0]"),
    ("POST", "/inbox/CP7/accept", {}, "not_in_inbox", None),
    ("POST", "/stations/CP1/ocpp/Reset", {}, "bad_field", "type"),
    ("POST", "/stations/CP1/ocpp/Reset", {"type": "Hard"}, "bad_field", "type"),
    ("POST", "/stations/CP1/ocpp/Reset", {"type": "OnIdle", "evseid": 1}, "bad_field", "evseid"),
    ("POST", "/stations/CP1/ocpp/Reset", {"type": "OnIdle"}, "station_offline", None),
    ("POST", "/stations/CP1/ocpp/reset", {"type": "OnIdle"}, "unknown_action", None),
    ("POST", "/stations/CP1/ocpp/BootNotification", {}, "unknown_action", None),
    ("POST", "/stations/CP9/ocpp/Reset", {"type": "OnIdle"}, "unknown_station", None),
    ("POST", "/stations/CP1/raw/Reset", {"type": "Hard"}, "station_offline", None),
    ("POST", "/stations/CP1/raw/Reset", [], "bad_json", None),
    ("POST", "/stations/CP1/ocpp/Reset?timeout=0", {"type": "OnIdle"}, "bad_field", "timeout"),
    ("POST", "/stations/CP1/ocpp/Reset?timeout=nan", {"type": "OnIdle"}, "bad_field", "timeout"),
    ("POST", "/stations/CP1/ocpp/Reset?timeout=soon", {"type": "OnIdle"}, "bad_field", "timeout"),
    ("GET", "/stations?limit=0", None, "bad_field", "limit"),
    ("GET", "/stations?limit=1001", None, "bad_field", "limit"),
    ("GET", "/stations?cursor=%21%21", None, "bad_field", "cursor"),
    ("GET", "/stations?statoin=CP1", None, "bad_field", "statoin"),
    ("GET", "/transactions?state=open", None, "bad_field", "state"),
    ("GET", "/transactions?from=yesterday", None, "bad_field", "from"),
    ("GET", "/transactions?to=9999-12-31T23:59:59-14:00", None, "bad_field", "to"),
    ("GET", "/transactions?station=CP9", None, "unknown_station", None),
    ("GET", "/transactions/none", None, "unknown_transaction", None),
    ("GET", "/transactions/none/meter-values", None, "unknown_transaction", None),
    ("GET", "/tokens/none", None, "unknown_token", None),
    ("GET", "/messages?before=then", None, "bad_field", "before"),
    ("GET", "/messages?before=MjAyNg", None, "bad_field", "before"),
    ("GET", "/stations/CP1/connections?cursor=LTE", None, "bad_field", "cursor"),
    ("DELETE", "/keys/none", None, "unknown_key", None),
    ("DELETE", "/inbox/none", None, "not_in_inbox", None),
    ("GET", "/nowhere", None, "not_found", None),
    ("PUT", "/stations", {}, "wrong_method", None),
]


@pytest.mark.parametrize(
    ("method", "path", "body", "code", "field"), BAD, ids=[f"{b[0]} {b[1]} {b[2]}"[:70] for b in BAD]
)
async def test_a_bad_request_is_told_what_is_wrong(
    shared: House, method: str, path: str, body: Any, code: str, field: str | None
) -> None:
    await shared.call("POST", "/api/v1/stations", json=STATION)
    answer = await shared.call(method, f"/api/v1{path}", **({} if body is None else {"json": body}))
    problem = answer.json()
    assert answer.headers["content-type"] == "application/problem+json"
    assert (problem["code"], problem.get("field")) == (code, field), problem
    assert problem["status"] == answer.status_code
    assert 400 <= answer.status_code < 500
    assert problem["detail"]
    assert problem["title"]
    assert problem["type"] == f"/docs#{code}"


RAW = [b"", b"{", b"\xff", b'{"identity":"\\ud800"}', b"[" * 50_000, b'{"identity":"x"}}', b"\x00"]


@pytest.mark.parametrize("body", RAW, ids=[repr(body[:12]) for body in RAW])
@pytest.mark.parametrize("path", ["/stations", "/stations/CP1/ocpp/GetVariables", "/stations/CP1/raw/Reset"])
async def test_a_body_that_is_no_json_is_told_so(shared: House, path: str, body: bytes) -> None:
    await shared.call("POST", "/api/v1/stations", json=STATION)
    answer = await shared.call("POST", f"/api/v1{path}", content=body)
    empty_command = body == b"" and path != "/stations"
    assert answer.status_code in ((400, 409) if empty_command else (400,)), answer.text
    assert answer.json()["code"] in ("bad_json", "bad_field", "station_offline")


async def test_a_word_outside_a_vocabulary_is_answered_with_the_words(shared: House) -> None:
    await shared.call("POST", "/api/v1/stations", json=STATION)
    answer = await shared.call("PATCH", "/api/v1/stations/CP1", json={"mode": "lax"})
    assert "strict, tolerant, silent" in answer.json()["detail"]
    command = await shared.call("POST", "/api/v1/stations/CP1/ocpp/Reset", json={"type": "Soft"})
    assert "Immediate, OnIdle" in command.json()["detail"]


async def test_a_body_beyond_a_mebibyte_is_refused(shared: House) -> None:
    body = json.dumps({"identity": "x" * (1024 * 1024)}).encode()
    for path in ("/stations", "/stations/CP1/ocpp/Reset"):
        answer = await shared.call("POST", f"/api/v1{path}", content=body)
        assert (answer.status_code, answer.json()["code"]) in (
            (413, "too_large"),
            (404, "unknown_station"),
        ), answer.text
    assert (await shared.call("POST", "/api/v1/stations", content=body)).status_code == 413


async def test_a_wrong_method_is_told_the_right_ones(shared: House) -> None:
    answer = await shared.call("PUT", "/api/v1/stations")
    assert {"GET", "POST"} <= set(answer.headers["allow"].split(", "))


@pytest.mark.parametrize(
    "path", ["/api/v1/stations/a%00b", "/api/v1/stations?contains=%00", "/api/v1/stations/" + "x" * 5000]
)
async def test_an_address_no_database_takes_is_refused(shared: House, path: str) -> None:
    answer = await shared.call("GET", path)
    assert answer.status_code in (400, 414)
    assert answer.json()["code"] == "bad_request"


@pytest.mark.parametrize(("error", "status", "code"), [(NotDurable, 503, "not_durable"), (ValueError, 500, "failed")])
async def test_a_key_that_cannot_be_looked_up_is_told_so(error: type[Exception], status: int, code: str) -> None:
    async def authenticate(_: str) -> None:
        raise error("secret details")

    async def inside(*_: object) -> None:
        raise AssertionError("nobody passes")

    transport = httpx2.ASGITransport(app=Door(inside, authenticate, guarded=["/api"]))
    async with httpx2.AsyncClient(transport=transport, base_url="http://node") as client:
        answer = await client.get("/api/v1/stations")
        assert (answer.status_code, answer.json()["code"]) == (status, code)
        assert status == 503 or "secret" not in answer.text
