"""What was kept, over REST: transactions, meter values, frames, connections, availability."""

import json
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from amperanto.domain.meter_values import MeterValue, SampledValue, SignedValue
from amperanto.domain.observations import TransactionEnded, TransactionStarted
from amperanto.domain.quantities import WattHours
from amperanto.domain.stations import (
    Availability,
    ChargingState,
    Connector,
    EvseRef,
    Fault,
    OrganisationId,
    Station,
    StationId,
)
from amperanto.domain.tokens import Token
from amperanto.domain.transactions import Transaction
from amperanto.stores.message_log import LoggedMessage

from .conftest import House

NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)
OURS = OrganisationId("default")


async def station(house: House, identity: str = "CP1") -> Station:
    made = Station(id=StationId(house.csms.context.ids.new()), organisation=OURS, identity=identity)
    async with house.csms.context.store.unit() as unit:
        unit.stations.add(made)
    return made


async def charge(house: House, at: Station, *, start: str, stop: str | None, begin: datetime = NOON) -> Transaction:
    opened = Transaction(
        id=house.csms.context.ids.new(), organisation=OURS, station=at.id, reference="77", number=None
    ).hear(
        TransactionStarted(
            reference="77",
            where=EvseRef(1, 1),
            token=Token("04AB", "ISO14443"),
            at=begin,
            meter=WattHours(Decimal(start)),
        )
    )
    if stop is not None:
        opened = opened.hear(
            TransactionEnded(
                reference="77",
                at=begin + timedelta(hours=1),
                meter=WattHours(Decimal(stop)),
                reason="Local",
            )
        )
    async with house.csms.context.store.unit() as unit:
        unit.transactions.add(opened)
    return opened


async def get(house: House, path: str) -> Any:
    answer = await house.call("GET", f"/api/v1{path}")
    assert answer.status_code == 200, answer.text
    return answer.json()


@pytest.mark.parametrize(
    ("start", "stop", "digits"),
    [
        ("0", "7000", "7000"),
        ("123456.7", "123457.1", "0.4"),
        ("0", "12345678901234567.123", "12345678901234567.123"),
        ("0", "1E+3", "1000"),
        ("0.10", "0.30", "0.20"),
    ],
)
async def test_energy_is_told_to_the_last_digit(house: House, start: str, stop: str, digits: str) -> None:
    done = await charge(house, await station(house), start=start, stop=stop)
    answer = await house.call("GET", f"/api/v1/transactions/{done.id}")
    assert f'"energy_wh":{digits},' in answer.text
    assert json.loads(answer.text, parse_float=Decimal)["energy_wh"] == Decimal(digits)


async def test_a_transaction_names_its_station_and_both_ids(house: House) -> None:
    at = await station(house, "CP/1")
    done = await charge(house, at, start="100", stop="600")
    told = await get(house, f"/transactions/{done.id}")
    assert (told["id"], told["reference"], told["station"], told["station_id"]) == (done.id, "77", "CP/1", at.id)
    assert (told["state"], told["evse"], told["connector"]) == ("Ended", 1, 1)
    assert told["token"] == {"uid": "04AB", "type": "ISO14443"}
    assert (told["meter_start_wh"], told["meter_stop_wh"], told["energy_wh"]) == (100, 600, 500)
    assert (told["started_at"], told["ended_at"]) == ("2026-11-23T12:00:00Z", "2026-11-23T13:00:00Z")
    assert (told["completeness"], told["reason"]) == ("Assumed", "Local")


async def test_the_transactions_are_narrowed_by_station_state_and_time(house: House) -> None:
    north, south = await station(house, "North"), await station(house, "South")
    first = await charge(house, north, start="0", stop="10")
    second = await charge(house, south, start="0", stop=None, begin=NOON + timedelta(days=1))

    async def found(query: str) -> list[str]:
        return [one["id"] for one in (await get(house, f"/transactions?{query}"))["items"]]

    assert await found("") == [second.id, first.id]
    assert await found("station=north") == [first.id]
    assert await found(f"station={south.id}") == [second.id]
    assert await found("state=Open") == [second.id]
    assert await found("from=2026-11-23T12:00:01Z") == [second.id]
    assert await found("from=2026-11-23T12:00:00Z&to=2026-11-24T12:00:00Z") == [first.id]
    assert await found("from=2026-11-24T14:00:00%2B02:00") == [second.id]
    page = await get(house, "/transactions?limit=1")
    assert (await get(house, f"/transactions?limit=1&cursor={page['next']}"))["items"][0]["id"] == first.id


async def test_every_meter_value_of_a_transaction_is_there_once_and_in_order(house: House) -> None:
    at = await station(house)
    done = await charge(house, at, start="0", stop="30")
    values = tuple(
        MeterValue(
            at=NOON + timedelta(minutes=minute),
            samples=(
                SampledValue(value=Decimal(f"{minute}.5"), unit="Wh"),
                SampledValue(value=None, measurand="Voltage", unit="V", signed=SignedValue(data="…")),
            ),
        )
        for minute in range(3)
    )
    async with house.csms.context.store.unit() as unit:
        unit.meter_values.add(OURS, at.id, values, where=EvseRef(1, 1), transaction=done.id)
    first = await get(house, f"/transactions/{done.id}/meter-values?limit=2")
    rest = await get(house, f"/transactions/{done.id}/meter-values?limit=2&cursor={first['next']}")
    told = [*first["items"], *rest["items"]]
    assert [one["energy_wh"] for one in told] == [0.5, 1.5, 2.5]
    assert rest["next"] is None
    assert told[0]["samples"][0]["measurand"] == "Energy.Active.Import.Register"
    assert (told[0]["samples"][1]["value"], told[0]["samples"][1]["signed"]) == (None, True)


def frame(house: House, at: Station, number: int, **fields: Any) -> LoggedMessage:
    return LoggedMessage(
        at=NOON + timedelta(seconds=number),
        organisation=at.organisation,
        station=at.id,
        connection=1,
        number=number,
        direction="in",
        frame=f'[2,"{number}","Heartbeat",{{}}]',
        **{"action": "Heartbeat", "result": "ok", **fields},
    )


async def test_frames_are_read_backwards_page_by_page(house: House) -> None:
    at, other = await station(house), await station(house, "CP2")
    async with house.csms.context.store.unit() as unit:
        for number in range(4):
            unit.messages.append(frame(house, at, number))
        unit.messages.append(frame(house, other, 9, action="Authorize", violations=("a.b: too long",)))
    page = await get(house, "/messages?station=CP1&limit=3")
    assert [one["number"] for one in page["items"]] == [3, 2, 1]
    assert page["items"][0]["station"] == "CP1"
    rest = await get(house, f"/messages?station=CP1&limit=3&before={page['next']}")
    assert ([one["number"] for one in rest["items"]], rest["next"]) == ([0], None)
    [authorize] = (await get(house, "/messages?action=Authorize"))["items"]
    assert (authorize["station"], authorize["violations"]) == ("CP2", ["a.b: too long"])
    for instant in ("2026-11-23T12:00:02Z", "2026-11-23T14:00:02+02:00", "2026-11-23T12:00:02"):
        before = (await get(house, f"/messages?station=CP1&before={instant}"))["items"]
        assert [one["number"] for one in before] == [1, 0], instant


async def test_an_evse_shows_its_connectors_and_its_open_transaction(house: House) -> None:
    at = await station(house)
    running = await charge(house, at, start="0", stop=None)
    async with house.csms.context.store.unit() as unit:
        for where, fault in ((EvseRef(1, 1), None), (EvseRef(2, 1), Fault(code="GroundFailure"))):
            await unit.connectors.observe(
                OURS,
                Connector(
                    station=at.id,
                    where=where,
                    availability=Availability.FAULTED if fault else Availability.OCCUPIED,
                    charging=None if fault else ChargingState.CHARGING,
                    fault=fault,
                    since=NOON,
                    native="Charging",
                ),
            )
    one, two = (await get(house, "/stations/CP1/evses"))["items"]
    assert (one["evse"], one["transaction"]) == (1, running.id)
    assert (one["connectors"][0]["availability"], one["connectors"][0]["charging_state"]) == ("Occupied", "Charging")
    assert (two["transaction"], two["connectors"][0]["fault"]["code"]) == (None, "GroundFailure")


async def test_availability_is_told_as_intervals(house: House) -> None:
    at = await station(house)
    for minute, state in enumerate((Availability.AVAILABLE, Availability.OCCUPIED, Availability.AVAILABLE)):
        seen = Connector(station=at.id, where=EvseRef(1, 1), availability=state, since=NOON + timedelta(minutes=minute))
        async with house.csms.context.store.unit() as unit:
            await unit.connectors.observe(OURS, seen)
    page = await get(house, "/stations/CP1/availability?limit=2")
    rest = await get(house, f"/stations/CP1/availability?limit=2&cursor={page['next']}")
    told = [(one["from"][11:19], one["to"] and one["to"][11:19], one["availability"]) for one in page["items"]]
    assert told == [("12:00:00", "12:01:00", "Available"), ("12:01:00", "12:02:00", "Occupied")]
    assert [(one["to"], one["availability"]) for one in rest["items"]] == [(None, "Available")]
    late = await get(house, "/stations/CP1/availability?from=2026-11-23T12:01:30Z")
    assert [one["availability"] for one in late["items"]] == ["Occupied", "Available"]


async def test_connections_are_told_with_their_cause(house: House) -> None:
    at = await station(house)
    store = house.csms.context.store
    number = await store.connections.take(at.id, "node-1", remote="192.0.2.7", version="2.0.1", at=NOON)
    await store.connections.release(
        at.id, number, at=NOON + timedelta(minutes=5), close_code=1006, cause="no answer to a ping"
    )
    [told] = (await get(house, "/stations/CP1/connections"))["items"]
    assert (told["from"], told["to"]) == ("2026-11-23T12:00:00Z", "2026-11-23T12:05:00Z")
    assert (told["close_code"], told["cause"], told["remote"]) == (1006, "no answer to a ping", "192.0.2.7")
    assert told["ocpp_version"] == "2.0.1"


async def test_other_organisations_see_nothing_that_was_kept(house: House) -> None:
    at = await station(house)
    done = await charge(house, at, start="0", stop="1")
    async with house.csms.context.store.unit() as unit:
        unit.messages.append(frame(house, at, 1))
    other = await house.another_organisation()
    for path in ("/transactions", "/messages"):
        assert (await house.call("GET", f"/api/v1{path}", key=other)).json()["items"] == []
    for path in (f"/transactions/{done.id}", f"/transactions/{done.id}/meter-values", "/messages?station=CP1"):
        assert (await house.call("GET", f"/api/v1{path}", key=other)).status_code == 404


async def test_what_a_removed_station_did_is_kept(house: House) -> None:
    at = await station(house)
    done = await charge(house, at, start="0", stop="1")
    await house.call("DELETE", "/api/v1/stations/CP1")
    told = await get(house, f"/transactions/{done.id}")
    assert (told["energy_wh"], told["station"]) == (1, at.id)
