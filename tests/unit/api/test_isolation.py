"""D9, R15: what is one organisation's is nobody else's, by whatever name and on whatever way it is asked for.

Every operation of the OpenAPI document is asked with another organisation's key, for every name of what is not
theirs. Nothing of it may be told (each text of it holds a mark), and nothing of it may change.
"""

import asyncio
import json
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any
from urllib.parse import quote

import httpx2
import msgspec
import pytest

from amperanto import app
from amperanto.domain.charge_records import ChargeRecord
from amperanto.domain.desired_state import Wish
from amperanto.domain.device_model import Attribute, KnownVariable, VariableRef, WantedValue
from amperanto.domain.events import FrameLogged
from amperanto.domain.meter_values import MeterValue, SampledValue
from amperanto.domain.observations import TransactionStarted
from amperanto.domain.payments import Payment, PaymentKind
from amperanto.domain.quantities import WattHours
from amperanto.domain.remote_starts import RemoteStart
from amperanto.domain.reservations import Reservation
from amperanto.domain.sites import Site, SiteId
from amperanto.domain.stations import (
    Availability,
    ChargingState,
    Connector,
    EvseRef,
    Hardware,
    OrganisationId,
    Station,
    StationId,
)
from amperanto.domain.tariff_assignments import Assignment, Scope, TariffVersion
from amperanto.domain.tariffs import Tariff
from amperanto.domain.tokens import RegisteredToken, Token, TokenGroup
from amperanto.domain.transactions import Transaction
from amperanto.settings import in_memory
from amperanto.stores.device_model import VariableChange
from amperanto.stores.inbox import InboxEntry
from amperanto.stores.message_log import LoggedMessage
from amperanto.stores.meter_keys import MeterKey
from amperanto.stores.reviews import Review
from amperanto.stores.rollouts import Rollout
from amperanto.stores.statements import Statement
from amperanto.stores.tables import metadata, organisations
from amperanto.stores.templates import Template

from .conftest import House, least_body, operations

NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)
ASK_ONLY = {"preview_tariff"}  # a question too long for an address
MARK = "zebra"  # in every text that is theirs


@dataclass
class Owner:
    """What an organisation has, and every name of it."""

    names: dict[str, list[str]]


async def furnished(house: House, organisation: str, identity: str, mark: str) -> Owner:
    """An organisation with one of everything."""
    owner, ids, store = OrganisationId(organisation), house.csms.context.ids, house.csms.context.store
    station = Station(
        id=StationId(ids.new()),
        organisation=owner,
        identity=identity,
        hardware=Hardware(vendor=f"{mark} vendor", model="One"),
        created_at=NOON,
    )
    transaction = Transaction(
        id=ids.new(), organisation=owner, station=station.id, reference=f"{mark}-77", number=None
    ).hear(
        TransactionStarted(
            reference=f"{mark}-77",
            where=EvseRef(1, 1),
            token=Token(f"{mark}-uid", "Local"),
            at=NOON,
            meter=WattHours(Decimal(7)),
        )
    )
    token = RegisteredToken(
        id=ids.new(), organisation=owner, token=Token(f"{mark}-Uid", "Local"), note=f"{mark} note", created_at=NOON
    )
    site = Site(id=SiteId(ids.new()), organisation=owner, name=f"{mark} quay")
    group = TokenGroup(organisation=owner, name=f"{mark} fleet", note=f"{mark} note")
    frame = LoggedMessage(
        at=NOON,
        organisation=owner,
        station=station.id,
        connection=1,
        number=1,
        direction="in",
        frame=f'[2,"{mark}","Heartbeat",{{}}]',
        action="Heartbeat",
    )
    caller = InboxEntry(
        organisation=owner,
        identity=f"{mark}/Caller",
        first_seen=NOON,
        last_seen=NOON,
        tries=1,
        remote="192.0.2.9",
        offered=("ocpp1.6",),
        reason=f"{mark} reason",
    )
    value = MeterValue(at=NOON, samples=(SampledValue(value=Decimal(8), location=f"{mark}"),))
    reservation = Reservation(
        id=ids.new(),
        organisation=owner,
        station=station.id,
        number=7,
        token=token.token,
        group=f"{mark} group",
        created_at=NOON,
        expires_at=NOON + timedelta(hours=1),
    )
    remote_start = RemoteStart(
        id=ids.new(), organisation=owner, station=station.id, number=8, token=token.token, asked_at=NOON,
        asked_by=f"{mark} key", until=NOON, reason=f"{mark} reason",
    )  # fmt: skip
    ref = VariableRef(f"{mark}", "X")
    wanted = WantedValue(ref=ref, value=f"{mark} value")
    wish = Wish(
        id=ids.new(), organisation=owner, station=station.id, kind="variable", subject_key=wanted.key,
        body=msgspec.json.encode(wanted).decode(), wanted_at=NOON, wanted_by=f"{mark} key", expires_at=NOON,
    )  # fmt: skip
    variable = KnownVariable(
        station=station.id, organisation=owner, ref=ref, attribute=Attribute(value=mark), seen_at=NOON, source="set"
    )
    change = VariableChange(
        id=ids.new(), organisation=owner, station=station.id, at=NOON, variable=f"{mark}", attribute="Actual",
        before=None, after=f"{mark}", source="set", by=None,
    )  # fmt: skip
    rollout = Rollout(
        id=ids.new(), organisation=owner, name=f"{mark} rollout", stations=1, started_at=NOON, started_by=mark
    )
    template = Template(
        organisation=owner, name=f"{mark} template", wanted=(wanted,), changed_at=NOON, changed_by=f"{mark} key"
    )
    review = Review(
        id=ids.new(), organisation=owner, station=station.id, at=NOON, action="StopTransaction", message=f"{mark}",
        problem=f"{mark} problem",
    )  # fmt: skip
    version = TariffVersion(
        organisation=owner, name=f"{mark}-tariff", number=1, tariff=Tariff(id=f"{mark}-tariff.1", currency="EUR"),
        created_at=NOON, created_by=f"{mark} key",
    )  # fmt: skip
    holds = Assignment(
        organisation=owner, scope=Scope.GROUP, subject=f"{mark} group", tariff=version.name, created_at=NOON,
        created_by=f"{mark} key",
    )  # fmt: skip
    record = ChargeRecord(
        id=ids.new(), organisation=owner, number=4711 + len(mark), transaction=transaction.id, station=station.id,
        identity=identity, reference=f"{mark}-77", token=token.token, started_at=NOON, ended_at=NOON,
        received_at=NOON, known_at=NOON, issued_at=NOON, energy=Decimal(5),
    )  # fmt: skip
    async with store.unit() as unit:
        unit.reviews.add(review)
    payment = Payment(
        id=ids.new(), organisation=owner, station=station.id, kind=PaymentKind.TERMINAL, psp_ref=f"{mark} ref"
    )
    async with store.unit() as unit:
        unit.payments.add(payment)
        unit.device_models.put([variable])
        unit.device_models.note(change)
        unit.desired_states.add(wish)
        unit.templates.put(template)
        unit.rollouts.add(rollout)
        unit.tariffs.add(version)
        unit.tariffs.assign(holds)
        unit.charge_records.add(record, turn=0)
        unit.meter_keys.put(
            MeterKey(
                organisation=owner,
                station=station.id,
                evse=1,
                key=f"{mark}00",
                changed_at=NOON,
                changed_by=f"{mark} key",
            )
        )
        unit.stations.add(station)
        unit.reservations.add(reservation)
        unit.remote_starts.add(remote_start)
        unit.transactions.add(transaction)
        unit.tokens.add(token)
        unit.sites.add(site)
        unit.token_groups.put(group)
        unit.messages.append(frame)
        unit.inbox.knock(caller)
        unit.meter_values.add(owner, station.id, [value], where=EvseRef(1, 1), transaction=transaction.id)
        await unit.connectors.observe(
            owner,
            Connector(
                station=station.id,
                where=EvseRef(1, 1),
                availability=Availability.OCCUPIED,
                charging=ChargingState.CHARGING,
                since=NOON,
                native=f"{mark} word",
            ),
        )
    await store.connections.take(station.id, f"{mark}-node", remote="192.0.2.8", version="1.6", at=NOON)
    await house.csms.access.create(owner, f"{mark} key", frozenset({"read"}))
    [key] = [one for one in await store.keys.list(owner) if mark in one.name]
    return Owner(
        {
            "identity": [identity, identity.lower(), identity.upper(), station.id, caller.identity, transaction.id],
            "review": [review.id, transaction.id],
            "transaction": [transaction.id, transaction.reference, station.id],
            "reservation": [reservation.id, str(reservation.number), transaction.id],
            "remote_start": [remote_start.id, str(remote_start.number)],
            "payment": [payment.id, f"{mark} ref"],
            "token": [token.token.uid, token.token.uid.upper(), token.id],
            "alias": [f"{mark}-other", token.token.uid],
            "site": [site.name, site.name.upper(), site.id],
            "group": [group.name, group.name.upper()],
            "key": [key.id, key.hash],
            "action": ["Reset"],
            "wish": [wish.id, station.id],
            "name": [template.name, template.name.upper()],
            "template": [template.name],
            "rollout": [rollout.id],
            "tariff": [version.name, version.id],
            "record": [record.id, str(record.number)],
            "station": [identity, identity.lower(), station.id],
            "evse": ["1", "0"],
        }
    )


async def snapshot(house: House, organisation: str) -> dict[str, list[Any]]:
    """Everything that belongs to the organisation."""
    await house.csms.context.store.flush()
    kept: dict[str, list[Any]] = {}
    async with house.csms.context.store.unit() as unit:
        for table in metadata.sorted_tables:
            if "organisation" in table.c:
                rows = await unit.scan(Statement(table.select()), {})
                kept[table.name] = sorted(map(repr, (row for row in rows if row["organisation"] == organisation)))
    return kept


def ways(document: dict[str, Any], owner: Owner) -> Iterator[tuple[dict[str, Any], str, str, list[str]]]:
    """Every operation with every name in its path, and every station to ask for: its method, address, names in it."""
    for path, method, told in operations(document):
        asked = [(one["name"], one["in"]) for one in told.get("parameters", ())]
        names = [name for name, where in asked if where == "path"]
        for number in range(max([1, *(len(owner.names[name]) for name in names)])):
            chosen = {name: owner.names[name][number % len(owner.names[name])] for name in names}  # a new name: add it
            address = path
            for name, text in chosen.items():
                address = address.replace(f"{{{name}}}", quote(text, safe=""))
            needed = [one["name"] for one in told.get("parameters", ()) if one["in"] == "query" and one.get("required")]
            if needed:
                address += "?" + "&".join(f"{name}={quote(owner.names[name][0], safe='')}" for name in needed)
            yield told, method.upper(), address, list(chosen.values())
        for station in owner.names["station"] if ("station", "query") in asked else ():
            yield told, method.upper(), f"{path}?station={quote(station, safe='')}", [station]


def bodies(document: dict[str, Any], told: dict[str, Any], owner: Owner) -> Iterator[tuple[dict[str, Any], list[str]]]:
    """The least body, with every name of a station where it names one; and the names in it."""
    least = least_body(document, told)
    if "station" not in least.get("json", {}):
        yield least, []
        return
    for station in owner.names["station"]:
        yield {"json": {**least["json"], "station": station}}, [station]


async def test_nothing_of_another_organisation_is_told_or_changed_on_any_way(house: House) -> None:
    key = await house.another_organisation()
    theirs = await furnished(house, "default", f"{MARK}/Station", MARK)
    await furnished(house, "other", "Own", "own")
    document = (await house.client.get("/openapi.json")).json()
    assert len(operations(document)) > 25
    before = await snapshot(house, "default")
    kept = ("stations", "messages", "inbox", "tokens", "keys", "transactions", "meter_values", "connectors")
    assert all(MARK in repr(before[name]) for name in kept)
    asked = 0
    for told, method, address, names in ways(document, theirs):
        if told["operationId"] == "stream_messages" and not names:
            continue  # it does not end; see below
        for body, named in bodies(document, told, theirs):
            answer = await house.call(method, address, key=key, **body)
            asked += 1
            assert answer.status_code in ((404,) if names or named else (200, 201)), (method, address, answer.text)
            text = answer.text
            for name in [*names, *named]:  # a refusal repeats the name it was asked for
                text = text.replace(name, "")
            assert MARK not in text.lower(), (method, address, answer.text)
    assert asked > 60
    assert await snapshot(house, "default") == before


async def test_an_identity_of_two_organisations_is_each_ones_own(house: House) -> None:
    key = await house.another_organisation()
    for who in (None, key):
        made = await house.call("POST", "/api/v1/stations", key=who, json={"identity": "Shared", "security_profile": 0})
        assert made.status_code == 201
    assert (await house.call("PATCH", "/api/v1/stations/sHARED", key=key, json={"quiet": True})).status_code == 200
    assert (await house.call("GET", "/api/v1/stations/shared")).json()["quiet"] is False
    assert (await house.call("DELETE", "/api/v1/stations/SHARED", key=key)).status_code == 204
    assert (await house.call("GET", "/api/v1/stations/shared")).status_code == 200
    assert (await house.call("GET", "/api/v1/stations/shared", key=key)).status_code == 404


async def test_a_uid_of_two_organisations_is_each_ones_own(house: House) -> None:
    key = await house.another_organisation()
    for who, note in ((None, "ours"), (key, "theirs")):
        body = {"uid": "04AB", "type": "Local", "note": note}
        assert (await house.call("POST", "/api/v1/tokens", key=who, json=body)).status_code == 201
    assert (await house.call("PATCH", "/api/v1/tokens/04ab", key=key, json={"status": "Blocked"})).status_code == 200
    ours = (await house.call("GET", "/api/v1/tokens/04Ab")).json()
    assert (ours["note"], ours["status"]) == ("ours", "Accepted")


async def test_a_stream_tells_only_of_the_own_organisation(tmp_path: Path) -> None:
    node = await app.start(in_memory(data=tmp_path))
    async with node.store.unit() as unit:
        row = {"id": "other", "name": "Other", "created_at": NOON}
        unit.record(Statement(organisations.insert(), rank=1), row)
    key = await node.csms.access.create(OrganisationId("other"), "test", frozenset({"read"}))
    frame = FrameLogged(
        organisation=OrganisationId("default"),
        station=StationId("s"),
        identity=MARK,
        at=NOON,
        direction="in",
        frame=f"[{MARK}]",
        number=1,
    )
    url = f"http://127.0.0.1:{node.http_port}/api/v1/messages/stream"
    async with (
        asyncio.timeout(5),
        httpx2.AsyncClient(headers={"authorization": f"Bearer {key}"}) as client,
        client.stream("GET", url) as stream,
    ):
        lines = stream.aiter_lines()
        assert await anext(lines) == ": listening"
        node.csms.context.bus.publish(frame)
        node.csms.context.bus.publish(replace(frame, organisation=OrganisationId("other"), frame="[own]", identity="x"))
        told = [await anext(lines) for _ in range(3)]
        assert told[1] == "event: frame"
        assert json.loads(told[2].removeprefix("data: "))["frame"] == "[own]"
    async with asyncio.timeout(5):
        await node.stop()


async def test_a_key_that_may_only_read_writes_nothing(house: House) -> None:
    ours = await furnished(house, "default", "CP1", MARK)
    key = await house.key_with("read")
    document = (await house.client.get("/openapi.json")).json()
    before = await snapshot(house, "default")
    asked = 0
    for told, method, address, _ in ways(document, ours):
        if method != "GET" and told["operationId"] not in ASK_ONLY:
            answer = await house.call(method, address, key=key, **least_body(document, told))
            assert (answer.status_code, answer.json()["code"]) == (403, "not_allowed"), (method, address)
            asked += 1
    assert asked > 20
    assert await snapshot(house, "default") == before


TAMPERED = ["", "MA", "LTE", "OTk5OTk5OTk5OTk5OTk5OTk5OTk5OTk5", "4pi6", "w6k", "~~~~", "%E2%98%83", "JyBPUiAxPTE"]


@pytest.mark.parametrize(
    "path",
    [
        "/stations",
        "/tokens",
        "/inbox",
        "/transactions",
        "/stations/CP1/connections",
        "/stations/CP1/availability",
        "/messages",
    ],
)
async def test_a_cursor_that_was_tampered_with_shows_nothing_new_and_breaks_nothing(house: House, path: str) -> None:
    key = await house.another_organisation()
    await furnished(house, "default", "CP1", MARK)
    await furnished(house, "other", "CP1", "own")
    name = "before" if path == "/messages" else "cursor"
    for cursor in [*TAMPERED, "eA" * 240]:
        answer = await house.call("GET", f"/api/v1{path}?{name}={cursor}", key=key)
        assert answer.status_code in (200, 400), (cursor, answer.text)
        assert MARK not in answer.text


async def test_a_cursor_of_one_organisation_shows_another_its_own_rows_only(house: House) -> None:
    key = await house.another_organisation()
    for number in range(4):
        await house.call("POST", "/api/v1/tokens", json={"uid": f"{MARK}{number}", "type": "Local"})
        await house.call("POST", "/api/v1/tokens", key=key, json={"uid": f"zz{number}", "type": "Local"})
    first = (await house.call("GET", "/api/v1/tokens?limit=2")).json()
    rest = (await house.call("GET", f"/api/v1/tokens?cursor={first['next']}", key=key)).json()
    assert [one["uid"] for one in rest["items"]] == [f"zz{number}" for number in range(4)]


@pytest.mark.parametrize("limit", ["0", "-1", "1001", "99999999999999999999", "NaN", "", "x"])
async def test_a_limit_is_a_page_and_no_more(shared: House, limit: str) -> None:
    for path in ("stations", "tokens", "inbox", "transactions", "messages"):
        answer = await shared.call("GET", f"/api/v1/{path}?limit={quote(limit)}")
        assert (answer.status_code, answer.json()["field"]) == (400, "limit"), (path, answer.text)


async def test_pages_of_many_tokens_miss_and_double_none_while_others_are_added(house: House) -> None:
    store, ids = house.csms.context.store, house.csms.context.ids

    async def add(uids: list[str]) -> None:
        for start in range(0, len(uids), 500):
            async with store.unit() as unit:
                for uid in uids[start : start + 500]:
                    token = Token(uid, "Local")
                    unit.tokens.add(RegisteredToken(id=ids.new(), organisation=OrganisationId("default"), token=token))

    lasting = [f"T{number:05}" for number in range(10_000)]
    await add(lasting)
    seen: list[str] = []
    path = "/api/v1/tokens?limit=1000"
    page = (await house.call("GET", path)).json()
    while True:
        seen += [one["uid"] for one in page["items"]]
        if page["next"] is None:
            break
        await add([f"{seen[-1]}-after", f"A{len(seen)}"])  # one behind the cursor's place, one before it
        page = (await house.call("GET", f"{path}&cursor={page['next']}")).json()
    assert len(seen) == len(set(seen))
    assert set(lasting) <= set(seen)
    assert seen == sorted(seen, key=str.casefold)


async def test_a_time_far_away_is_a_time(house: House) -> None:
    await furnished(house, "default", "CP1", MARK)
    far = (NOON + timedelta(days=365 * 7000)).isoformat().replace("+", "%2B")
    for path in ("/transactions", "/stations/CP1/connections", "/stations/CP1/availability"):
        assert (await house.call("GET", f"/api/v1{path}?from=0001-01-01T00:00:00Z&to={far}")).status_code == 200
    assert (await house.call("GET", f"/api/v1/messages?before={far}")).status_code == 200
