"""Reports without a readable time: dated when we received them, flagged, held, and not doubled by a repeat."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from amperanto.dialects import PlainContext, dialect_for
from amperanto.domain.findings import Doubt
from amperanto.domain.observations import TransactionContinued, TransactionEnded, TransactionStarted
from amperanto.domain.quantities import WattHours
from amperanto.domain.stations import DEFAULT_ORGANISATION, EvseRef
from amperanto.domain.tokens import Token
from amperanto.ocpp import v2, v16
from amperanto.ocpp.codec import Codec, Mode
from amperanto.ocpp.errors import RemoteProtocolError
from amperanto.ocpp.versions import Version

NOON = datetime(2026, 5, 1, 12, tzinfo=UTC)
START = {"connectorId": 1, "idTag": "CAFE", "meterStart": 10}
STOP = {"transactionId": 7, "meterStop": 20}
EVENT = {"eventType": "Ended", "triggerReason": "EVDeparted", "seqNo": 3, "transactionInfo": {"transactionId": "tx"}}
UNREADABLE: list[dict[str, Any]] = [{}, {"timestamp": ""}, {"timestamp": None}, {"timestamp": "yesterday"}]


@pytest.mark.parametrize("changes", UNREADABLE)
@pytest.mark.parametrize(
    ("version", "kind", "payload"),
    [
        ("1.6", v16.StartTransactionRequest, START),
        ("1.6", v16.StopTransactionRequest, STOP),
        ("2.0.1", v2.TransactionEventRequest, EVENT),
        ("2.1", v2.TransactionEventRequest, EVENT),
    ],
)
def test_a_report_without_a_readable_time_is_of_now_and_said_to_be_and_a_strict_station_is_refused(
    version: Any, kind: Any, payload: dict[str, Any], changes: dict[str, Any]
) -> None:
    frame = json.dumps(payload | changes).encode()
    read = Codec(Version(version), Mode.TOLERANT, wall=lambda: NOON).decode(kind, frame)
    told = dialect_for(Version(version)).read(read.message, PlainContext(clock=lambda: NOON))
    assert isinstance(told, TransactionStarted | TransactionEnded)
    assert (told.at, told.undated) == (NOON, True)
    assert read.violations
    with pytest.raises(RemoteProtocolError):
        Codec(Version(version), Mode.STRICT, wall=lambda: NOON).decode(kind, frame)


@pytest.mark.parametrize("number", [{"transactionId": None}, {}, {"transactionId": ""}])
def test_a_stop_without_a_number_says_minus_one(number: dict[str, Any]) -> None:
    frame = json.dumps({"meterStop": 20, "timestamp": "2026-05-01T12:00:00Z"} | number).encode()
    read = Codec(Version("1.6"), Mode.TOLERANT, wall=lambda: NOON).decode(v16.StopTransactionRequest, frame)
    assert read.message.transaction_id == -1
    with pytest.raises(RemoteProtocolError):
        Codec(Version("1.6"), Mode.STRICT).decode(v16.StopTransactionRequest, frame)


def start(house: Any, meter: int = 0) -> TransactionStarted:
    at = house.clock.now()
    return TransactionStarted(at=at, where=EvseRef(1, 1), token=Token("CAFE"), meter=WattHours.of(meter), undated=True)


def stop(house: Any, number: int, meter: int) -> TransactionEnded:
    return TransactionEnded(at=house.clock.now(), reference=str(number), meter=WattHours.of(meter), undated=True)


async def kept(house: Any) -> list[Any]:
    return list(reversed((await house.store.transactions.list(DEFAULT_ORGANISATION)).items))


async def test_a_charge_without_times_is_dated_by_us_flagged_and_held(house: Any) -> None:
    station = await house.station()
    number = (await station.tell(start(house))).number
    house.clock.at += timedelta(minutes=30)
    await station.tell(stop(house, number, 1800))
    (one,) = await kept(house)
    assert (one.started_at, one.ended_at, one.energy) == (NOON, NOON + timedelta(minutes=30), WattHours.of(1800))
    assert [found.kind for found in one.judgement.findings] == [Doubt.UNDATED]
    assert (one.held, one.billable) == (True, False)
    assert one.clock.skew == 0


async def test_repeats_are_recognised_though_each_has_another_date(house: Any) -> None:
    station = await house.station()
    number = (await station.tell(start(house))).number
    house.clock.at += timedelta(minutes=1)
    assert (await station.tell(start(house))).number == number
    house.clock.at += timedelta(minutes=30)
    await station.tell(stop(house, number, 1800))
    house.clock.at += timedelta(minutes=5)
    await station.tell(stop(house, number, 1800))
    (one,) = await kept(house)
    assert one.ended_at == NOON + timedelta(minutes=31)
    assert (await station.tell(start(house))).number != number  # the same words after its end are another charge
    assert len(await kept(house)) == 2


async def test_another_end_under_the_same_number_is_another_transaction(house: Any) -> None:
    station = await house.station()
    number = (await station.tell(start(house))).number
    await station.tell(stop(house, number, 1800))
    house.clock.at += timedelta(minutes=5)
    await station.tell(stop(house, number, 2500))
    assert [one.meter_stop for one in await kept(house)] == [WattHours.of(1800), WattHours.of(2500)]


async def test_a_report_of_2x_that_is_repeated_changes_nothing(house: Any) -> None:
    station = await house.station()
    for kind, sequence in ((TransactionStarted, 0), (TransactionContinued, 1), (TransactionEnded, 2)):
        told = kind(at=house.clock.now(), reference="tx", sequence=sequence, where=EvseRef(1, 1), undated=True)
        await station.tell(told)
        (before,) = await kept(house)
        house.clock.at += timedelta(minutes=10)
        await station.tell(kind(at=house.clock.now(), reference="tx", sequence=sequence, undated=True))
        (after,) = await kept(house)
        assert after == before
    assert (after.started_at, after.ended_at) == (NOON, NOON + timedelta(minutes=20))
    late = TransactionStarted(at=house.clock.now(), reference="tx", sequence=0, where=EvseRef(1, 1), undated=True)
    await station.tell(late)
    assert await kept(house) == [after]
