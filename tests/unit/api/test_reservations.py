"""Reservations over REST, with stations at the other end: one that speaks by hand, and ours in software."""

import asyncio
import base64
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx2
import pytest
from websockets.asyncio.client import ClientConnection, connect

from amperanto import app
from amperanto.domain.tokens import Token
from amperanto.ocpp import Version
from amperanto.settings import in_memory
from amperanto.station import Station, Vehicle
from amperanto.transport import websocket

from .conftest import House

PASSWORD = "0123456789abcdef"
CARD = Token("04AABBCC", "ISO14443")
SOON = (datetime.now(UTC) + timedelta(hours=1)).replace(microsecond=0)
UNTIL = SOON.isoformat().replace("+00:00", "Z")
WIRE_UNTIL = UNTIL.replace("Z", ".000Z")
ALL = [version.value for version in Version]
TWO = ["2.0.1", "2.1"]


class Place:
    """A running node with one station and one token, and a client with the administrator's key."""

    def __init__(self, node: app.Node, client: httpx2.AsyncClient) -> None:
        self.node = node
        self.client = client

    async def call(self, method: str, path: str, **rest: Any) -> httpx2.Response:
        async with asyncio.timeout(5):
            return await self.client.request(method, f"/api/v1{path}", **rest)

    async def reserve(self, **more: Any) -> httpx2.Response:
        wish = {"station": "CP1", "token": CARD.uid, "expires_at": UNTIL, "evse": 1, **more}
        return await self.call("POST", "/reservations", json=wish)

    @asynccontextmanager
    async def station(self, version: str) -> AsyncIterator[ClientConnection]:
        """A station that speaks by hand, accepted."""
        secret = base64.b64encode(f"CP1:{PASSWORD}".encode()).decode()
        url = f"ws://127.0.0.1:{self.node.ocpp_port}/CP1"
        headers = {"Authorization": f"Basic {secret}"}
        async with connect(url, subprotocols=[f"ocpp{version}"], additional_headers=headers) as socket:  # type: ignore[list-item]
            boot: dict[str, Any] = {"chargePointVendor": "ACME", "chargePointModel": "One"}
            if version != "1.6":
                boot = {"reason": "PowerUp", "chargingStation": {"vendorName": "ACME", "model": "One"}}
            await tell(socket, "BootNotification", boot)
            yield socket

    async def answered(self, socket: ClientConnection, asking: Any, answer: list[Any]) -> tuple[Any, httpx2.Response]:
        """What the station heard, and what the API said after its answer."""
        task = asyncio.create_task(asking)
        heard = await receive(socket)
        await socket.send(json.dumps([answer[0], heard[1], *answer[1:]]))
        return heard[2:], await task


async def receive(socket: ClientConnection) -> Any:
    async with asyncio.timeout(5):
        return json.loads(await socket.recv())


async def tell(socket: ClientConnection, action: str, payload: dict[str, Any]) -> Any:
    """The node's answer."""
    await socket.send(json.dumps([2, action, action, payload]))
    return (await receive(socket))[2]


@pytest.fixture
async def place(tmp_path: Path) -> AsyncIterator[Place]:
    node = await app.start(in_memory(data=tmp_path))
    headers = {"authorization": f"Bearer {node.admin_key}"}
    async with httpx2.AsyncClient(base_url=f"http://127.0.0.1:{node.http_port}", headers=headers) as client:
        place = Place(node, client)
        await place.call("POST", "/stations", json={"identity": "CP1", "password": PASSWORD})
        await place.call("POST", "/tokens", json={"uid": CARD.uid, "type": CARD.type})
        yield place
    async with asyncio.timeout(5):
        await node.stop()


ACCEPTED = [3, {"status": "Accepted"}]
TOKEN = {"idToken": CARD.uid, "type": CARD.type}
WORDS = {
    "1.6": {"connectorId": 1, "idTag": CARD.uid, "parentIdTag": "fleet", "expiryDate": WIRE_UNTIL},
    **{
        version: {
            "evseId": 1,
            "idToken": TOKEN,
            "groupIdToken": {"idToken": "fleet", "type": "Central"},
            "expiryDateTime": WIRE_UNTIL,
        }
        for version in TWO
    },
}


@pytest.mark.parametrize("version", ALL)
async def test_a_place_is_kept_in_the_words_of_the_version_and_given_up_again(place: Place, version: str) -> None:
    """H01, H02; TC_H_01, TC_H_17, TC_H_19; 1.6 TC_051."""
    async with place.station(version) as socket:
        (action, asked), answer = await place.answered(socket, place.reserve(group="fleet"), ACCEPTED)
        made = answer.json()
        number = asked.pop("reservationId" if version == "1.6" else "id")
        assert (action, asked) == ("ReserveNow", WORDS[version])
        assert answer.status_code == 201
        assert (made["state"], made["number"], made["station"]) == ("Active", number, "CP1")
        assert (made["token"], made["group"], made["evse"], made["expires_at"]) == (CARD.uid, "fleet", 1, UNTIL)
        assert (await place.call("GET", f"/reservations/{made['id']}")).json() == made
        assert (await place.call("GET", "/reservations?station=cp1&state=Active")).json()["items"] == [made]

        cancelling = place.call("DELETE", f"/reservations/{made['id']}")
        (action, asked), answer = await place.answered(socket, cancelling, ACCEPTED)
        assert (action, asked) == ("CancelReservation", {"reservationId": number})
        assert (answer.status_code, answer.json()["state"]) == (200, "Cancelled")
        again = await place.call("DELETE", f"/reservations/{made['id']}")
        assert (again.status_code, again.json()["code"]) == (409, "reservation_over")


async def test_any_connector_is_connector_0_in_16(place: Place) -> None:
    """1.6 TC_049."""
    async with place.station("1.6") as socket:
        (_, asked), _ = await place.answered(socket, place.reserve(evse=None), ACCEPTED)
        assert asked["connectorId"] == 0


async def test_a_kind_of_connector_is_not_spoken_in_16_and_the_refusal_kept(place: Place) -> None:
    """H01, R-1: what 1.6 cannot say is said before the wire."""
    async with place.station("1.6"):
        answer = await place.reserve(evse=None, connector_type="cCCS2")
        assert (answer.status_code, answer.json()["code"]) == (409, "not_spoken")
        (kept,) = (await place.call("GET", "/reservations")).json()["items"]
        assert kept["state"] == "Refused"
        assert "connector" in kept["answer"]


@pytest.mark.parametrize("version", ALL)
async def test_the_stations_no_is_data(place: Place, version: str) -> None:
    """H01, TC_H_04."""
    async with place.station(version) as socket:
        _, answer = await place.answered(socket, place.reserve(), [3, {"status": "Occupied"}])
        assert answer.status_code == 201
        assert (answer.json()["state"], answer.json()["answer"]) == ("Refused", "Occupied")


async def test_a_station_without_reservations_is_told_as_it_answered(place: Place) -> None:
    async with place.station("1.6") as socket:
        _, answer = await place.answered(socket, place.reserve(), [4, "NotSupported", "no such profile", {}])
        assert (answer.status_code, answer.json()["code"]) == (502, "station_refused")


async def test_what_nobody_answered_stays_asked(place: Place) -> None:
    async with place.station("2.1"):
        silent = place.call(
            "POST",
            "/reservations?timeout=0.05",
            json={"station": "CP1", "token": CARD.uid, "expires_at": UNTIL},
        )
        answer = await silent
        assert (answer.status_code, answer.json()["code"]) == (504, "no_answer")
        (kept,) = (await place.call("GET", "/reservations?state=Asked")).json()["items"]
        assert "answer" in kept["answer"]


async def test_a_station_that_is_away_keeps_nothing(place: Place) -> None:
    answer = await place.reserve()
    assert (answer.status_code, answer.json()["code"]) == (409, "station_offline")
    assert (await place.call("GET", "/reservations")).json()["items"] == []


@pytest.mark.parametrize("version", TWO)
@pytest.mark.parametrize("word", ["Expired", "Removed"])
async def test_the_end_a_station_tells_is_seen(place: Place, version: str, word: str) -> None:
    """H01, H04; TC_H_07, TC_H_20."""
    async with place.station(version) as socket:
        _, answer = await place.answered(socket, place.reserve(), ACCEPTED)
        made = answer.json()
        told = {"reservationId": made["number"], "reservationUpdateStatus": word}
        assert await tell(socket, "ReservationStatusUpdate", told) == {}
        ended = (await place.call("GET", f"/reservations/{made['id']}")).json()
        assert (ended["state"], ended["answer"]) == (word, word)
        assert ended["ended_at"] is not None


@pytest.mark.parametrize("version", Version)
async def test_a_station_in_software_keeps_the_place_and_its_driver_uses_it(place: Place, version: Version) -> None:
    """H01, H03 end to end: reserved, another token turned away, used, and shown with its transaction."""
    url = f"ws://127.0.0.1:{place.node.ocpp_port}/CP1"
    password = PASSWORD.encode()
    station = Station("CP1", version, connect=lambda: websocket.connect(url, version, password=password))
    running = asyncio.create_task(station.run())
    try:
        async with asyncio.timeout(20):
            await station.ready()
            made = (await place.reserve()).json()
            assert made["state"] == "Active"
            assert station.evses[1].state == "Reserved"
            await station.plug_in(1, Vehicle())
            assert not (await station.present(Token("STRANGER", "ISO14443"), 1)).accepted
            assert (await station.present(CARD, 1)).accepted
            await station.drained()
            used = (await place.call("GET", f"/reservations/{made['id']}")).json()
            assert used["state"] == "Used"
            transaction = (await place.call("GET", f"/transactions/{used['transaction']}")).json()
            assert (transaction["reservation"], transaction["token"]["uid"]) == (made["number"], CARD.uid)
    finally:
        station.stop()
        await running


# --- what cannot be asked for


@pytest.mark.parametrize(
    ("change", "status", "code", "field"),
    [
        ({"station": "NOBODY"}, 404, "unknown_station", None),
        ({"expires_at": "2020-01-01T00:00:00Z"}, 400, "bad_field", "expires_at"),
        ({"expires_at": "tomorrow"}, 400, "bad_field", "expires_at"),
        ({"evse": 0}, 400, "bad_field", "evse"),
        ({"connector_type": "x" * 21}, 400, "bad_field", "connector_type"),
        ({"token_type": "Card"}, 400, "bad_field", "token_type"),
        ({"minutes": 5}, 400, "bad_field", "minutes"),
    ],
)
async def test_a_wrong_wish_is_told_by_its_field(
    house: House, change: dict[str, Any], status: int, code: str, field: str | None
) -> None:
    await house.call("POST", "/api/v1/stations", json={"identity": "CP1"})
    wish = {"station": "CP1", "token": "A", "expires_at": UNTIL, **change}
    answer = await house.call("POST", "/api/v1/reservations", json=wish)
    assert (answer.status_code, answer.json()["code"], answer.json().get("field")) == (status, code, field)


async def test_a_token_that_may_not_charge_gets_no_place(place: Place) -> None:
    await place.call("PATCH", f"/tokens/{CARD.uid}", json={"status": "Blocked"})
    async with place.station("1.6"):
        answer = await place.reserve()
        assert (answer.status_code, answer.json()["code"]) == (409, "token_not_accepted")


async def test_an_unknown_reservation_is_not_found(house: House) -> None:
    for method in ("GET", "DELETE"):
        answer = await house.call(method, "/api/v1/reservations/none")
        assert (answer.status_code, answer.json()["code"]) == (404, "unknown_reservation")


async def test_reserving_needs_the_right_to_operate(house: House) -> None:
    reader = await house.key_with("read")
    for method, path in (("POST", "/reservations"), ("DELETE", "/reservations/x")):
        answer = await house.call(method, f"/api/v1{path}", key=reader, json={})
        assert answer.status_code == 403
    assert (await house.call("GET", "/api/v1/reservations", key=reader)).json() == {"items": [], "next": None}
