"""Tariffs and charge records over REST: what is written comes back, what is shown is what is billed."""

import csv
import io
import json
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from amperanto.conformance.requirements import requirement
from amperanto.csms.journal import Frame
from amperanto.domain.meter_values import MeterValue, SampledValue
from amperanto.domain.observations import TransactionEnded, TransactionStarted
from amperanto.domain.stations import EvseRef
from amperanto.domain.tokens import Token

from .conftest import House

NOON = datetime(2026, 5, 4, 12, tzinfo=UTC)
VAT = [{"type": "VAT", "tax": 21}]
DAY: dict[str, Any] = {
    "currency": "EUR",
    "energy": {
        "prices": [
            {"price": 0.39, "conditions": {"start_time": "07:00", "end_time": "12:30", "days": ["Monday", "Friday"]}},
            {"price": 0.2512, "conditions": {"season": {"first": "04-01", "until": "10-01"}, "max_power": 50000}},
            {"price": 0.3},
        ],
        "taxes": VAT,
    },
    "idle_time": {"prices": [{"price": 0.1}], "taxes": VAT, "step": {"size": 60}},
    "idle_grace": 900,
    "max_cost": {"incl_tax": 50},
    "description": [{"content": "0.39 by day", "language": "en"}],
}


class Connected:
    """A station's socket, as far as the CSMS sees it."""

    def __init__(self, station: Any, number: int) -> None:
        self.station_id, self.identity, self.number, self.ocpp_version = station.id, station.identity, number, "2.1"

    def can(self, kind: type) -> bool:
        return False


async def charged(house: House, *, minutes: int = 60, idle: int = 0) -> str:
    """A charge of 10 kWh at the station CP1, told to the CSMS; returns the transaction's id."""
    await house.call("POST", "/api/v1/stations", json={"identity": "CP1", "security_profile": 0})
    await house.call("POST", "/api/v1/tokens", json={"uid": "CAFE", "type": "ISO14443"})
    csms = house.csms
    found = (await house.call("GET", "/api/v1/stations/CP1")).json()
    station = await csms.context.store.stations.by_id(found["id"])
    assert station is not None
    number = await csms.context.store.connections.take(
        station.id, "n", remote="192.0.2.1", version="2.1", at=csms.context.clock.now()
    )
    reports = [
        TransactionStarted(
            at=NOON, reference="tx", sequence=0, where=EvseRef(1, 1), token=Token("CAFE", "ISO14443"),
            trigger="Authorized", values=(MeterValue(at=NOON, samples=(SampledValue(Decimal(0)),)),),
        ),
        TransactionEnded(
            at=NOON + timedelta(minutes=minutes + idle), reference="tx", sequence=1, trigger="EVDeparted",
            values=tuple(
                MeterValue(at=NOON + timedelta(minutes=at), samples=(SampledValue(Decimal(10_000)),))
                for at in sorted({minutes, minutes + idle})
            ),
        ),
    ]  # fmt: skip
    for count, told in enumerate(reports):
        frame = Frame(
            organisation=station.organisation, station=station.id, connection=number, number=count,
            at=told.at, direction="in", frame="[]",
        )  # fmt: skip
        await csms.told(Connected(station, number), told, frame)  # type: ignore[arg-type]
    await csms.timers.look()
    return (await house.call("GET", "/api/v1/transactions")).json()["items"][0]["id"]


async def test_a_tariff_comes_back_as_it_was_written(house: House) -> None:
    made = await house.call("POST", "/api/v1/tariffs", json={"name": "day", "tariff": DAY})
    assert made.status_code == 201, made.text
    told = made.json()
    assert (told["name"], told["version"], told["id"]) == ("day", 1, "day.1")
    kept = (await house.call("GET", "/api/v1/tariffs/day")).json()["tariff"]
    again = await house.call("PUT", "/api/v1/tariffs/day", json=kept)
    assert (again.status_code, again.json()["version"]) == (200, 1), again.text
    assert kept["energy"]["prices"][1]["price"] == 0.2512
    assert kept["energy"]["prices"][0]["conditions"]["start_time"] == "07:00"
    assert kept["energy"]["prices"][1]["conditions"]["season"] == {"first": "04-01", "until": "10-01"}
    assert (kept["idle_grace"], kept["max_cost"]["incl_tax"]) == (900, 50)


async def test_a_change_is_a_new_version_and_the_old_one_stays(house: House) -> None:
    await house.call("POST", "/api/v1/tariffs", json={"name": "day", "tariff": DAY})
    changed = await house.call("PUT", "/api/v1/tariffs/day", json={**DAY, "idle_grace": 0})
    assert changed.json()["version"] == 2
    versions = (await house.call("GET", "/api/v1/tariffs/day/versions")).json()["items"]
    assert [one["version"] for one in versions] == [2, 1]
    first = (await house.call("GET", "/api/v1/tariffs/day?version=1")).json()
    assert first["tariff"]["idle_grace"] == 900
    assert (await house.call("GET", "/api/v1/tariffs/day?version=7")).json()["code"] == "unknown_tariff"
    assert (await house.call("POST", "/api/v1/tariffs", json={"name": "day", "tariff": DAY})).status_code == 409


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"energy": {"prices": [{"price": -1}]}}, "0 or more"),
        ({"energy": {"prices": [{"price": "NaN"}]}}, "digits"),
        ({"energy": {"prices": [{"price": 1e300}]}}, "digits"),
        ({"energy": {"prices": [{"price": 1, "conditions": {"start": "07:00"}}]}}, "start"),
        ({"energy": {"prices": [{"price": 1, "conditions": {"start_time": "25:00"}}]}}, "start_time"),
        ({"energy": {"prices": [{"price": 1, "conditions": {"season": {"first": "02-30", "until": "10-01"}}}]}}, "day"),
        ({"energy": {"prices": [{"price": 1, "conditions": {"min_energy": 5, "max_energy": 5}}]}}, "never holds"),
        ({"energy": {"prices": [{"price": 1}], "step": {"size": 0}}}, "step"),
        ({"energy": {"prices": []}}, "prices"),
        ({"currency": "euro"}, "currency"),
    ],
)
async def test_what_cannot_be_a_tariff_is_refused_with_the_reason(
    shared: House, wrong: dict[str, Any], said: str
) -> None:
    answer = await shared.call("POST", "/api/v1/tariffs", json={"name": "bad", "tariff": {"currency": "EUR", **wrong}})
    assert (answer.status_code, answer.json()["code"]) == (400, "bad_field"), answer.text
    assert said in answer.text


@requirement("I03")
async def test_the_price_shown_before_the_start_is_what_the_record_says(house: House) -> None:
    await house.call("POST", "/api/v1/tariffs", json={"name": "day", "tariff": DAY})
    held = await house.call("POST", "/api/v1/tariffs/day/assign", json={"scope": "organisation"})
    assert held.status_code == 200, held.text
    plan = {"start": "2026-05-04T12:00:00Z", "energy": 10000, "charging": 3600, "idle": 1800}
    shown = await house.call("POST", "/api/v1/tariffs/day/preview", json=plan)
    assert shown.status_code == 200, shown.text
    await charged(house, idle=30)
    (record,) = (await house.call("GET", "/api/v1/charge-records")).json()["items"]
    assert record["cost"] == shown.json()
    assert (record["number"], record["kind"], record["energy"]) == (1, "Charge", 10000)
    assert record["tariffs"][0]["id"] == "day.1" and record["tariffs"][0]["tariff"]["idle_grace"] == 900
    total = sum(Decimal(str(line["gross"])) for line in record["cost"]["lines"])
    assert total == Decimal(str(record["cost"]["gross"]))
    by_id = await house.call("GET", f"/api/v1/charge-records/{record['id']}")
    assert by_id.json() == record
    assert (await house.call("GET", "/api/v1/charge-records/1")).json() == record
    for none in ("0", "2", "-1", "9" * 30):
        assert (await house.call("GET", f"/api/v1/charge-records/{none}")).json()["code"] == "unknown_charge_record"


async def test_a_correction_is_a_credit_and_a_new_record_and_only_once(house: House) -> None:
    await house.call("POST", "/api/v1/tariffs", json={"name": "day", "tariff": DAY})
    await house.call("POST", "/api/v1/tariffs/day/assign", json={"scope": "token", "subject": "CaFe"})
    await charged(house)
    (record,) = (await house.call("GET", "/api/v1/charge-records")).json()["items"]
    path = f"/api/v1/charge-records/{record['id']}/correct"
    made = await house.call("POST", path, json={"reason": "=1+1"})
    assert [(one["number"], one["kind"], one["corrects"]) for one in made.json()["items"]] == [
        (2, "Credit", record["id"]),
        (3, "Charge", record["id"]),
    ]
    (seen,) = (await house.call("GET", "/api/v1/transactions")).json()["items"]
    latest = made.json()["items"][1]
    assert seen["record"] == {
        "id": latest["id"], "number": 3, "kind": "Charge", "gross": latest["cost"]["gross"], "currency": "EUR",
    }  # fmt: skip
    assert made.json()["items"][0]["cost"]["gross"] == -record["cost"]["gross"]
    again = await house.call("POST", path, json={"reason": "again"})
    assert (again.status_code, again.json()["code"]) == (409, "nothing_to_correct")
    for method in ("PUT", "PATCH", "DELETE"):
        assert (await house.call(method, f"/api/v1/charge-records/{record['id']}", json={})).status_code == 405
    table = await house.call("GET", "/api/v1/charge-records.csv")
    rows = list(csv.DictReader(io.StringIO(table.text)))
    assert {row["number"] for row in rows} == {"1", "2", "3"}
    sums = {n: sum(Decimal(row["line_gross"]) for row in rows if row["number"] == n) for n in ("1", "2", "3")}
    assert {n: Decimal(next(row["gross"] for row in rows if row["number"] == n)) for n in sums} == sums
    assert rows[-1]["reason"].startswith("'=")  # no formula for a spreadsheet
    lines = (await house.call("GET", "/api/v1/charge-records.jsonl?station=CP1")).text.splitlines()
    assert [json.loads(line)["number"] for line in lines] == [1, 2, 3]


async def test_an_assignment_names_what_is_there_and_is_ended(house: House) -> None:
    await house.call("POST", "/api/v1/stations", json={"identity": "CP1", "security_profile": 0})
    await house.call("POST", "/api/v1/tariffs", json={"name": "day", "tariff": DAY})
    path = "/api/v1/tariffs/day/assign"
    for body, status in (
        ({"scope": "station", "subject": "CP1"}, 200),
        ({"scope": "evse", "subject": "CP1", "evse": 2}, 200),
        ({"scope": "evse", "subject": "CP1"}, 400),
        ({"scope": "station", "subject": "nobody"}, 404),
        ({"scope": "site", "subject": "nowhere"}, 404),
        ({"scope": "group"}, 400),
        ({"scope": "organisation", "subject": "x"}, 400),
    ):
        answer = await house.call("POST", path, json=body)
        assert answer.status_code == status, (body, answer.text)
    known = (await house.call("GET", "/api/v1/tariff-assignments")).json()["items"]
    assert [(one["scope"], one["evse"], one["tariff"]) for one in known] == [
        ("evse", 2, "day"),
        ("station", None, "day"),
    ]
    removed = await house.call("DELETE", "/api/v1/tariffs/day")
    assert (removed.status_code, removed.json()["code"]) == (409, "tariff_in_use")
    for body in ({"scope": "station", "subject": "CP1"}, {"scope": "evse", "subject": "CP1", "evse": 2}):
        assert (await house.call("POST", "/api/v1/tariffs/day/unassign", json=body)).status_code == 204
    gone = await house.call("POST", "/api/v1/tariffs/day/unassign", json={"scope": "station", "subject": "CP1"})
    assert gone.json()["code"] == "unknown_assignment"
    assert (await house.call("DELETE", "/api/v1/tariffs/day")).status_code == 204
    assert (await house.call("GET", "/api/v1/tariffs")).json()["items"] == []


async def test_a_transaction_that_runs_is_not_billed(house: House) -> None:
    transaction = await charged(house)
    issued = await house.call("POST", f"/api/v1/transactions/{transaction}/charge-record")
    assert (issued.status_code, issued.json()["cost"]) == (200, None)
    missing = await house.call("POST", "/api/v1/transactions/none/charge-record")
    assert missing.json()["code"] == "unknown_transaction"
