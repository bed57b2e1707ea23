"""Two at once: nothing is lost, nothing is doubled, and who comes second is told so."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import httpx2
import pytest
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed

from amperanto import app
from amperanto.domain.stations import DEFAULT_ORGANISATION, OrganisationId
from amperanto.settings import in_memory
from amperanto.stores.inbox import InboxEntry

BOOT = {"chargePointVendor": "ACME", "chargePointModel": "One"}


class Place:
    """A running node and its client."""

    def __init__(self, node: app.Node, client: httpx2.AsyncClient) -> None:
        self.node = node
        self.client = client

    async def call(self, method: str, path: str, **rest: Any) -> httpx2.Response:
        async with asyncio.timeout(10):
            return await self.client.request(method, f"/api/v1{path}", **rest)

    def connect(self, identity: str) -> connect:
        url = f"ws://127.0.0.1:{self.node.ocpp_port}/{identity}"
        return connect(url, subprotocols=["ocpp1.6"])  # type: ignore[list-item]

    async def knocked(self, identity: str) -> None:
        now = self.node.csms.context.clock.now()
        async with self.node.store.unit() as unit:
            unit.inbox.knock(
                InboxEntry(
                    organisation=DEFAULT_ORGANISATION,
                    identity=identity,
                    first_seen=now,
                    last_seen=now,
                    tries=1,
                    remote="192.0.2.1",
                    offered=("ocpp1.6",),
                    reason="unknown",
                )
            )


@pytest.fixture
async def place(tmp_path: Path) -> AsyncIterator[Place]:
    node = await app.start(in_memory(data=tmp_path, database=f"sqlite:///{tmp_path}/node.db"))
    async with httpx2.AsyncClient(
        base_url=f"http://127.0.0.1:{node.http_port}", headers={"authorization": f"Bearer {node.admin_key}"}
    ) as client:
        place = Place(node, client)
        made = await place.call("POST", "/stations", json={"identity": "CP1", "security_profile": 0})
        assert made.status_code == 201
        yield place
    async with asyncio.timeout(5):
        await node.stop()


async def ask(socket: ClientConnection, message_id: str, action: str, payload: Any) -> Any:
    async with asyncio.timeout(5):
        await socket.send(json.dumps([2, message_id, action, payload]))
        return json.loads(await socket.recv())


def codes(answers: list[httpx2.Response]) -> list[int]:
    return sorted(answer.status_code for answer in answers)


async def test_a_change_while_the_station_boots_is_kept_and_so_is_the_boot(place: Place) -> None:
    async with place.connect("CP1") as socket:
        for round_ in range(30):
            quiet = round_ % 2 == 0
            boot = {**BOOT, "firmwareVersion": f"1.{round_}"}
            told, changed, other = await asyncio.gather(
                ask(socket, f"b{round_}", "BootNotification", boot),
                place.call("PATCH", "/stations/CP1", json={"quiet": quiet}),
                place.call("PATCH", "/stations/cp1", json={"interval": 100 + round_}),
            )
            assert told[2]["status"] == "Accepted"
            assert (changed.status_code, other.status_code) == (200, 200)
            kept = (await place.call("GET", "/stations/CP1")).json()
            assert (kept["quiet"], kept["interval"]) == (quiet, 100 + round_)
            assert (kept["admitted"], kept["hardware"]["firmware_version"]) == ("Accepted", f"1.{round_}")


async def test_changes_of_different_fields_by_many_are_all_kept(place: Place) -> None:
    changes: list[dict[str, Any]] = [{"quiet": True}, {"interval": 77}, {"ping_interval": 9}, {"mode": "strict"}]
    answers = await asyncio.gather(*(place.call("PATCH", "/stations/CP1", json=one) for one in changes))
    assert codes(list(answers)) == [200] * 4
    kept = (await place.call("GET", "/stations/CP1")).json()
    assert [kept["quiet"], kept["interval"], kept["ping_interval"], kept["mode"]] == [True, 77, 9, "strict"]


async def test_a_station_is_registered_once_however_many_try(place: Place) -> None:
    bodies = [{"identity": name, "security_profile": 0} for name in ("New", "NEW", "new", "nEW") * 3]
    answers = await asyncio.gather(*(place.call("POST", "/stations", json=body) for body in bodies))
    assert codes(list(answers)) == [201] + [409] * 11
    assert {answer.json()["code"] for answer in answers if answer.status_code == 409} == {"exists"}
    assert len((await place.call("GET", "/stations?contains=new")).json()["items"]) == 1


async def test_a_token_is_registered_once_however_many_try(place: Place) -> None:
    bodies = [{"uid": name, "type": "Local"} for name in ("ab", "AB") * 5]
    answers = await asyncio.gather(*(place.call("POST", "/tokens", json=body) for body in bodies))
    assert codes(list(answers)) == [201] + [409] * 9
    assert len((await place.call("GET", "/tokens")).json()["items"]) == 1


async def test_who_is_in_the_inbox_is_accepted_once(place: Place) -> None:
    await place.knocked("Caller")
    body = {"security_profile": 0}
    answers = await asyncio.gather(*(place.call("POST", "/inbox/CALLER/accept", json=body) for _ in range(8)))
    assert codes(list(answers))[0] == 201
    assert set(codes(list(answers))[1:]) <= {404, 409}
    assert len((await place.call("GET", "/stations?contains=caller")).json()["items"]) == 1
    assert (await place.call("GET", "/inbox")).json()["items"] == []
    assert (await place.call("POST", "/inbox/CALLER/accept", json=body)).json()["code"] == "not_in_inbox"


async def test_a_caller_who_is_accepted_and_dismissed_at_once_is_one_of_the_two(place: Place) -> None:
    await place.knocked("Caller")
    accepted, dismissed = await asyncio.gather(
        place.call("POST", "/inbox/caller/accept", json={"security_profile": 0}),
        place.call("DELETE", "/inbox/caller"),
    )
    assert accepted.status_code in (201, 404)
    assert dismissed.status_code in (204, 404)
    assert 404 not in (accepted.status_code, dismissed.status_code) or accepted.status_code != dismissed.status_code
    assert (await place.call("GET", "/inbox")).json()["items"] == []


async def test_two_administrators_cannot_withdraw_each_others_keys_at_once(place: Place) -> None:
    access = place.node.csms.access
    for _ in range(10):
        second = await access.create(OrganisationId("default"), "second", frozenset({"admin"}))
        keys = (await place.call("GET", "/keys")).json()["items"]
        assert len(keys) == 2
        mine, theirs = sorted(keys, key=lambda key: key["name"] == "second")
        asked = [
            place.call("DELETE", f"/keys/{theirs['id']}"),
            place.call("DELETE", f"/keys/{mine['id']}", headers={"authorization": f"Bearer {second}"}),
        ]
        await asyncio.gather(*asked)
        left = [key for key in await place.node.store.keys.list(DEFAULT_ORGANISATION) if "admin" in key.scopes]
        assert len(left) == 1
        if left[0].name == "second":
            break  # the administrator's own is withdrawn


async def test_a_station_that_is_removed_while_it_talks_is_cut_off_and_leaves_nothing_behind(place: Place) -> None:
    for round_ in range(5):
        async with place.connect("CP1") as socket:
            await ask(socket, "boot", "BootNotification", BOOT)
            answered: list[Any] = []

            async def talk(socket: ClientConnection = socket, answered: list[Any] = answered) -> None:
                for number in range(1_000_000):
                    word = ("Available", "Preparing")[number % 2]
                    status = {"connectorId": 1, "errorCode": "NoError", "status": word}
                    answered.append(await ask(socket, str(number), "StatusNotification", status))

            talking = asyncio.create_task(talk())
            while len(answered) < 5:
                await asyncio.sleep(0)
            station = (await place.call("GET", "/stations/CP1")).json()
            assert (await place.call("DELETE", "/stations/CP1")).status_code == 204
            with pytest.raises(ConnectionClosed) as closed:
                await talking
            assert closed.value.rcvd is not None
            assert closed.value.rcvd.code == 1008
            assert {answer[0] for answer in answered} == {3}
        assert (await place.call("GET", "/stations/CP1")).status_code == 404
        assert (await place.call("GET", f"/messages?limit=1&station={station['id']}")).status_code == 404
        made = await place.call("POST", "/stations", json={"identity": "CP1", "security_profile": 0})
        assert made.status_code == 201, round_
        assert made.json()["id"] != station["id"]
        assert made.json()["online"] is False
        connections = (await place.call("GET", "/stations/CP1/connections")).json()["items"]
        assert connections == []


async def test_a_station_that_is_removed_while_it_connects_never_stays(place: Place) -> None:
    for _ in range(10):
        knocking = asyncio.ensure_future(place.connect("CP1").__aenter__())
        removed = await place.call("DELETE", "/stations/CP1")
        assert removed.status_code == 204
        with suppress(Exception):
            socket = await knocking
            with pytest.raises(ConnectionClosed):
                await ask(socket, "boot", "BootNotification", BOOT)
        async with asyncio.timeout(5):
            while len(place.node.csms.stations):
                await asyncio.sleep(0)
        await place.call("POST", "/stations", json={"identity": "CP1", "security_profile": 0})


async def test_registers_beyond_every_float_and_fractions_are_counted_exactly(place: Place) -> None:
    await place.call("POST", "/tokens", json={"uid": "TAG", "type": "Local"})
    async with place.connect("CP1") as socket:
        await ask(socket, "boot", "BootNotification", BOOT)
        start = {"connectorId": 1, "idTag": "TAG", "meterStart": 2**53 + 1, "timestamp": "2026-11-23T12:00:00Z"}
        number = (await ask(socket, "start", "StartTransaction", start))[2]["transactionId"]
        samples = [{"value": "9007199254740995.125", "measurand": "Energy.Active.Import.Register", "unit": "Wh"}]
        values = [{"timestamp": "2026-11-23T12:10:00Z", "sampledValue": samples}]
        told = {"connectorId": 1, "transactionId": number, "meterValue": values}
        assert (await ask(socket, "values", "MeterValues", told))[0] == 3
        during = (await place.call("GET", "/transactions")).text
        assert '"energy_wh":2.125,' in during
        assert '"meter_start_wh":9007199254740993,' in during
        stop = {"transactionId": number, "meterStop": 2**53 + 8, "timestamp": "2026-11-23T13:00:00Z"}
        assert (await ask(socket, "stop", "StopTransaction", stop))[0] == 3
        after = (await place.call("GET", "/transactions")).text
        assert '"energy_wh":7,' in after
        assert '"meter_stop_wh":9007199254741000,' in after
        [transaction] = json.loads(after)["items"]
        readings = (await place.call("GET", f"/transactions/{transaction['id']}/meter-values")).text
        assert '"energy_wh":9007199254740995.125' in readings
