"""What waits for a person over REST: seen with its evidence, settled by one call, shown with the transaction."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from amperanto.csms.journal import Frame
from amperanto.domain.observations import TransactionEnded, TransactionStarted, Unreadable
from amperanto.domain.quantities import WattHours
from amperanto.domain.stations import DEFAULT_ORGANISATION, EvseRef, Station, StationId
from amperanto.domain.tokens import Token

NOON = datetime(2026, 5, 1, 12, tzinfo=UTC)


class Socket:
    """A station's socket as far as the CSMS sees it."""

    def __init__(self, house: Any, station: Station, number: int) -> None:
        self.house, self.station, self.number = house, station, number
        self.station_id, self.identity, self.frames = station.id, station.identity, 0

    async def tell(self, told: Any) -> Any:
        self.frames += 1
        frame = Frame(
            organisation=DEFAULT_ORGANISATION, station=self.station.id, connection=self.number, number=self.frames,
            at=NOON, direction="in", frame="[]",
        )  # fmt: skip
        return await self.house.csms.told(self, told, frame)


@pytest.fixture
async def station(house: Any) -> Socket:
    store, ids = house.csms.context.store, house.csms.context.ids
    known = Station(id=StationId(ids.new()), organisation=DEFAULT_ORGANISATION, identity="CP1")
    async with store.unit() as unit:
        unit.stations.add(known)
    number = await store.connections.take(known.id, "n", remote="192.0.2.1", version="1.6", at=NOON)
    return Socket(house, known, number)


async def doubtful(station: Socket) -> None:
    start = TransactionStarted(at=NOON, where=EvseRef(1, 1), token=Token("CAFE"), meter=WattHours.of(0))
    number = (await station.tell(start)).number
    at = NOON + timedelta(minutes=10)
    await station.tell(TransactionEnded(at=at, reference=str(number), meter=WattHours.of(910_000)))


async def ask(house: Any, method: str, path: str, **rest: Any) -> Any:
    answer = await house.call(method, f"/api/v1{path}", **rest)
    assert answer.status_code == 200, answer.text
    return answer.json()


async def test_a_doubtful_transaction_is_seen_settled_and_shown(house: Any, station: Socket) -> None:
    await doubtful(station)
    (review,) = (await ask(house, "GET", "/reviews", params={"kind": "transaction", "station": "CP1"}))["items"]
    (seen,) = (await ask(house, "GET", "/transactions"))["items"]
    assert (seen["held"], seen["billable"], seen["review"]) == (True, False, review["id"])
    assert (await ask(house, "GET", "/transactions", params={"held": "true"}))["items"] == [seen]
    assert (await ask(house, "GET", "/transactions", params={"held": "false"}))["items"] == []
    exported = await house.call("GET", "/api/v1/transactions/export", params={"held": "false", "format": "jsonl"})
    assert exported.text == ""
    assert seen["findings"][0]["kind"] == review["evidence"]["doubts"][0]["kind"] == "LifetimeRegister"
    body = {"ruling": "use", "energy_wh": 83.5, "reason": "the driver's receipt"}
    settled = await ask(house, "POST", f"/reviews/{review['id']}/resolution", json=body)
    assert settled["resolution"] == {
        "ruling": "use", "reason": "the driver's receipt", "before_wh": "910000", "after_wh": "83.5",
    }  # fmt: skip
    assert settled["settled_at"] is not None
    shown = await ask(house, "GET", f"/transactions/{seen['id']}")
    assert (shown["billed_energy_wh"], shown["energy_wh"], shown["billable"]) == (83.5, 910_000, True)
    assert (await ask(house, "GET", "/transactions", params={"held": "true"}))["items"] == []
    assert (await ask(house, "GET", shown["signed_values"].removeprefix("/api/v1")))["outcome"] == "None"
    assert (shown["verdict"]["reason"], shown["held"]) == ("the driver's receipt", False)
    assert (await ask(house, "GET", "/reviews"))["items"] == []
    assert len((await ask(house, "GET", "/reviews", params={"settled": "true"}))["items"]) == 1
    again = await house.call("POST", f"/api/v1/reviews/{review['id']}/resolution", json=body)
    assert (again.status_code, again.json()["code"]) == (409, "review_over")


@pytest.mark.parametrize(
    "body",
    [
        {"ruling": "use", "reason": "x"},
        {"ruling": "void", "reason": "x", "energy_wh": 1},
        {"ruling": "use", "reason": "x", "energy_wh": -1},
        {"ruling": "use", "reason": "x", "energy_wh": "NaN"},
        {"ruling": "use", "reason": "", "energy_wh": 1},
        {"ruling": "perhaps", "reason": "x"},
    ],
)
async def test_a_decision_that_cannot_be_is_refused(house: Any, station: Socket, body: dict[str, Any]) -> None:
    await doubtful(station)
    (review,) = (await ask(house, "GET", "/reviews"))["items"]
    answer = await house.call("POST", f"/api/v1/reviews/{review['id']}/resolution", json=body)
    assert answer.status_code == 400, answer.text
    assert len((await ask(house, "GET", "/reviews"))["items"]) == 1


async def test_a_message_nobody_could_read_is_settled_the_same_way(house: Any, station: Socket) -> None:
    await station.tell(Unreadable(action="StopTransaction", payload='{"meterStop":"?"}', problem="no number"))
    (review,) = (await ask(house, "GET", "/reviews", params={"kind": "message"}))["items"]
    assert (review["message"], review["evidence"], review["subject"]) == ('{"meterStop":"?"}', None, None)
    await ask(house, "POST", f"/reviews/{review['id']}/resolution", json={"ruling": "accept", "reason": "seen"})
    assert (await ask(house, "GET", f"/reviews/{review['id']}"))["resolution"]["ruling"] == "accept"


async def test_both_clocks_are_shown_and_which_is_billed(house: Any, station: Socket) -> None:
    await doubtful(station)
    (seen,) = (await ask(house, "GET", "/transactions"))["items"]
    clocks = seen["clocks"]
    assert clocks["started_at"] == "2026-05-01T12:00:00Z"
    assert (clocks["started_heard_at"], clocks["ended_heard_at"]) == ("2026-05-01T12:00:00Z", "2026-05-01T12:00:00Z")
    assert clocks["rule"] == "station moved by skew"  # its end was told ten minutes before it was
    assert clocks["skew_seconds"] == -600


async def test_a_limit_the_station_does_not_support_is_refused(house: Any, station: Socket) -> None:
    await station.tell(TransactionStarted(at=NOON, reference="tx", sequence=0, where=EvseRef(1, 1)))
    (seen,) = (await ask(house, "GET", "/transactions"))["items"]
    answer = await house.call("PUT", f"/api/v1/transactions/{seen['id']}/limit", json={"energy_wh": 5000})
    assert (answer.status_code, answer.json()["code"]) == (409, "limit_not_supported")
