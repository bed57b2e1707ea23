"""An external authorizer: asked in time or replaced, kept as long as it says, never above a block or the hours."""

from __future__ import annotations

import asyncio
import json
import runpy
import threading
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from amperanto.domain.observations import TokenPresented, TransactionStarted
from amperanto.domain.quantities import WattHours
from amperanto.domain.stations import DEFAULT_ORGANISATION, EvseRef, Station
from amperanto.domain.tokens import AUTHORIZER, FALLBACK, AuthorizationStatus, Token, Verdict
from amperanto.hooks import EVERYBODY, Hooks

S = AuthorizationStatus
NOON = datetime(2026, 5, 1, 12, tzinfo=UTC)
ROAMER = Token("ROAM", "ISO14443")
START = TransactionStarted(
    at=NOON, where=EvseRef(1, 1), token=ROAMER, meter=WattHours.of(0), reference="T1", sequence=0
)
YES = Verdict(status=S.ACCEPTED, group="partner", keep_for=60)


class Authorizer:
    """Says what it is told to say, and remembers who asked."""

    def __init__(self, says: Any) -> None:
        self.says = says
        self.asked: list[tuple[str, str]] = []

    async def __call__(self, station: Station, token: Token) -> Verdict | None:
        self.asked.append((station.identity, token.uid))
        if isinstance(self.says, Exception):
            raise self.says
        if self.says == "nothing":
            await asyncio.Event().wait()
        return self.says


def hooked(house: Any, says: Any, name: str = EVERYBODY, **settings: Any) -> Authorizer:
    """The house with an authorizer."""
    authorizer = Authorizer(says)
    context = house.csms.context
    changed = replace(
        context, hooks=Hooks(authorizers={name: authorizer}), settings=replace(context.settings, **settings)
    )
    for block in (house.csms, house.csms.authorizers, house.csms.authorization):
        block.context = changed
    return authorizer


async def asked(station: Any, token: Token = ROAMER) -> Any:
    return (await station.tell(TokenPresented(token=token))).authorization


async def test_it_is_asked_once_for_the_question_and_the_start_and_again_when_its_word_is_old(house: Any):
    authorizer = hooked(house, YES)
    station = await house.station()
    answer = await asked(station)
    assert (answer.status, answer.group, answer.basis) == (S.ACCEPTED, "partner", AUTHORIZER)
    assert (await station.tell(START)).authorization.accepted
    assert authorizer.asked == [("CP1", "ROAM")]
    house.clock.at = house.clock.at.replace(minute=2)
    await asked(station)
    assert len(authorizer.asked) == 2
    other = await house.station("CP2")
    await asked(other)
    assert authorizer.asked[2:] == [("CP2", "ROAM")]


async def test_a_start_that_nobody_asked_about_is_asked_about(house: Any):
    authorizer = hooked(house, replace(YES, status=S.BLOCKED))
    station = await house.station()
    assert (await station.tell(START)).authorization.status is S.BLOCKED
    assert authorizer.asked == [("CP1", "ROAM")]


async def test_a_word_that_wants_no_keeping_is_asked_for_each_time(house: Any):
    authorizer = hooked(house, replace(YES, keep_for=0))
    station = await house.station()
    await asked(station)
    await asked(station)
    assert len(authorizer.asked) == 2


async def test_what_is_none_of_its_business_is_for_our_registry(house: Any):
    authorizer = hooked(house, None)
    await house.token("CAFE")
    station = await house.station()
    assert (await asked(station, Token("CAFE"))).accepted
    assert (await asked(station)).status is S.UNKNOWN
    await asked(station)
    assert len(authorizer.asked) == 2


@pytest.mark.parametrize("trouble", [RuntimeError("down"), "nothing"])
@pytest.mark.parametrize(
    ("fallback", "status", "basis"),
    [("own", S.UNKNOWN, None), ("refuse", S.INVALID, FALLBACK), ("accept", S.ACCEPTED, FALLBACK)],
)
async def test_one_that_is_late_or_fails_is_replaced_by_the_declared_fallback(
    house: Any, trouble: Any, fallback: str, status: S, basis: str | None
):
    hooked(house, trouble, authorizer_fallback=fallback, authorizer_seconds=0.01)
    async with asyncio.timeout(5):
        answer = await asked(await house.station())
    assert (answer.status, answer.basis) == (status, basis)


async def test_nothing_of_a_failure_is_kept(house: Any):
    authorizer = hooked(house, RuntimeError("down"), authorizer_fallback="refuse")
    station = await house.station()
    await asked(station)
    authorizer.says = YES
    assert (await asked(station)).accepted


async def test_a_block_a_person_put_there_stands(house: Any):
    hooked(house, YES)
    await house.token("ROAM", status=S.BLOCKED)
    assert (await asked(await house.station())).status is S.BLOCKED


async def test_a_token_it_accepts_still_charges_at_one_place_at_a_time(house: Any):
    hooked(house, YES)
    here, there = await house.station("CP1"), await house.station("CP2")
    answers = await asyncio.gather(here.tell(START), there.tell(START))
    assert sorted(one.authorization.status for one in answers) == [S.ACCEPTED, S.CONCURRENT_TX]


async def test_another_organisations_authorizer_is_not_asked(house: Any):
    authorizer = hooked(house, YES, name="other")
    assert (await asked(await house.station())).status is S.UNKNOWN
    assert authorizer.asked == []
    ours = hooked(house, YES, name=DEFAULT_ORGANISATION)
    assert (await asked(await house.station("CP2"))).accepted
    assert ours.asked == [("CP2", "ROAM")]


async def test_nobody_is_asked_about_a_start_button_and_strangers_it_knows_are_not_remembered(house: Any):
    authorizer = hooked(house, replace(YES, status=S.INVALID))
    station = await house.station()
    assert (await asked(station, Token("", "NoAuthorization"))).accepted
    assert authorizer.asked == []
    await asked(station)
    assert (await house.store.tokens.list(DEFAULT_ORGANISATION)).items == ()


EXAMPLE = Path(__file__).parents[3] / "examples" / "external_authorizer.py"
KNOWN = {"GOOD": {"allowed": True, "group": "partner", "seconds": 60}, "BAD": {"allowed": False}}


class Service(BaseHTTPRequestHandler):
    """A web service that knows two tokens."""

    def do_GET(self) -> None:
        asked = parse_qs(urlsplit(self.path).query)
        self.server.asked.append((asked["uid"][0], asked["station"][0]))  # type: ignore[attr-defined]
        told = KNOWN.get(asked["uid"][0])
        self.send_response(404 if told is None else 200)
        self.end_headers()
        self.wfile.write(json.dumps(told).encode())

    def log_message(self, *args: Any) -> None: ...


@pytest.fixture
def service(monkeypatch: pytest.MonkeyPatch) -> Iterator[ThreadingHTTPServer]:
    with ThreadingHTTPServer(("127.0.0.1", 0), Service) as server:
        server.asked = []  # type: ignore[attr-defined]
        threading.Thread(target=server.serve_forever, daemon=True).start()
        monkeypatch.setenv("AUTHORIZER_URL", f"http://127.0.0.1:{server.server_port}")
        yield server
        server.shutdown()


async def test_the_example_asks_a_web_service_once_and_the_registry_where_that_does_not_know(house: Any, service: Any):
    context = house.csms.context
    hooks = Hooks(authorizers={EVERYBODY: runpy.run_path(str(EXAMPLE))["may_charge"]})
    for block in (house.csms, house.csms.authorizers):
        block.context = replace(context, hooks=hooks)
    await house.token("OURS")
    station = await house.station()
    async with asyncio.timeout(5):
        found = [(await asked(station, Token(uid))).status for uid in ("GOOD", "GOOD", "BAD", "OURS", "NEW")]
    assert found == [S.ACCEPTED, S.ACCEPTED, S.BLOCKED, S.ACCEPTED, S.UNKNOWN]
    assert service.asked == [(uid, "CP1") for uid in ("GOOD", "BAD", "OURS", "NEW")]
