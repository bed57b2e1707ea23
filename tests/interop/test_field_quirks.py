"""What the field is known to do, row by row (quirks.md §2-§6), said to our own CSMS: the charge is kept.

Rows that concern one make only are its transcript's; those of connection and handshake are in test_field_behaviour.py.
Each test says what came, and looks at what is kept.
"""

from __future__ import annotations

import asyncio
import json
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest

from amperanto.domain.meter_values import SampledValue
from amperanto.domain.stations import DEFAULT_ORGANISATION, Availability, EvseRef
from amperanto.domain.transactions import TransactionState
from amperanto.ocpp import Version, v2
from amperanto.ocpp.errors import CallRefused
from tests.unit.gateway.conftest import Door, door, hooks, unusual  # noqa: F401 - fixtures

NOON = "2026-05-01T12:00:00Z"
REGISTER = {"value": "1500", "measurand": "Energy.Active.Import.Register", "unit": "Wh"}
START = {"connectorId": 1, "idTag": "CAFE", "meterStart": 1000, "timestamp": NOON}
STOP = {"idTag": "CAFE", "meterStop": 2000, "timestamp": "2026-05-01T13:00:00Z"}


class Field:
    """A booted station, and what is kept of it."""

    def __init__(self, door: Door, line: Any, station: Any) -> None:  # noqa: F811
        self.door, self.line, self.station = door, line, station
        self._asked = 0

    async def ask(self, action: str, payload: Any) -> Any:
        self._asked += 1
        return await self.line.ask(f"f{self._asked}", action, payload)

    async def raw(self, text: str) -> Any:
        self.line.cable.station_link.write(text)
        return await self.line.hear()

    async def start(self, **changes: Any) -> int:
        answer = await self.ask("StartTransaction", START | changes)
        return answer["transactionId"]

    async def values(self, *samples: Any, **changes: Any) -> None:
        value = {"timestamp": "2026-05-01T12:30:00Z", "sampledValue": list(samples)}
        assert await self.ask("MeterValues", {"connectorId": 1, "meterValue": [value]} | changes) == {}

    async def transaction(self) -> Any:
        page = await self.door.store.transactions.list(DEFAULT_ORGANISATION)
        (found,) = page.items
        return found

    async def samples(self) -> list[SampledValue]:
        page = await self.door.store.meter_values.of_transaction(DEFAULT_ORGANISATION, (await self.transaction()).id)
        return [sample for value in page.items for sample in value.samples]

    async def reviews(self) -> int:
        return len((await self.door.store.reviews.list(DEFAULT_ORGANISATION)).items)

    async def state(self, evse: int = 1) -> Any:
        found = await self.door.store.connectors.of(DEFAULT_ORGANISATION, self.station.id)
        return next(one for one in found if one.where.evse == evse)


@pytest.fixture
async def field(door: Door) -> Field:  # noqa: F811
    await door.token("CAFE")
    station = await door.station(quiet=True)
    return Field(door, await door.booted(station), station)


@pytest.fixture
async def field2(door: Door) -> Field:  # noqa: F811
    await door.token("CAFE")
    station = await door.station(quiet=True)
    return Field(door, await door.booted(station, Version.V201), station)


# ------------------------------------------------------------------------------------------ §2 RPC
async def test_two_calls_at_once_are_answered_in_order(field: Field) -> None:
    for message_id in ("a", "b"):
        field.line.say(2, message_id, "Heartbeat", {})
    assert [(await field.line.hear())[1] for _ in "ab"] == ["a", "b"]


async def test_one_message_id_for_ever_is_no_repeat_while_the_content_differs(field: Field) -> None:
    first = await field.line.ask("0", "StartTransaction", START)
    other = await field.line.ask("0", "StartTransaction", START | {"timestamp": "2026-05-01T14:00:00Z"})
    assert first["transactionId"] != other["transactionId"]


@pytest.mark.parametrize("code", ["NotSuported", "GenericErorr", "OccurrenceConstraintViolation", ""])
@pytest.mark.parametrize("details", ["in words", None, 5, {}])
async def test_a_refusal_is_heard_however_it_is_written(field: Field, code: str, details: Any) -> None:
    link = field.door.csms.stations.link(field.station.id)
    assert link is not None
    asking = asyncio.create_task(link.call_raw("ClearCache", b"{}"))
    _, message_id, *_ = await field.line.hear()
    field.line.say(4, message_id, code, "it does not want to", details)
    with pytest.raises(CallRefused, match="does not want"):
        await asking


async def test_a_second_answer_to_one_call_harms_nobody(field: Field) -> None:
    link = field.door.csms.stations.link(field.station.id)
    assert link is not None
    asking = asyncio.create_task(link.call_raw("ClearCache", b"{}"))
    _, message_id, *_ = await field.line.hear()
    for status in ("Accepted", "Rejected"):
        field.line.say(3, message_id, {"status": status})
    assert json.loads(await asking) == {"status": "Accepted"}
    assert "currentTime" in await field.ask("Heartbeat", {})


@pytest.mark.parametrize("text", ['[2,"x","Heartbeat",{}', "[2,", "{}", "", '["2","x","Heartbeat",{}]', "nonsense"])
async def test_a_broken_frame_does_not_end_the_connection(field: Field, text: str) -> None:
    field.line.cable.station_link.write(text)
    field.line.say(2, "next", "Heartbeat", {})
    while (answer := await field.line.hear())[1] != "next":
        assert answer[0] == 4
    assert answer[0] == 3


@pytest.mark.parametrize(
    "boot",
    [
        {"chargePointSerialNumber": "X" * 26, "chargeBoxSerialNumber": "Y" * 34},
        {"iccid": "", "imsi": "", "meterType": ""},
        {"iccid": "-67"},
        {"iccid": None, "imsi": None, "firmwareVersion": None},
        {"firmwareVersion": 12},
        {"somethingElse": {"of": ["its", "own"]}},
        {"chargePointVendor": ""},
    ],
    ids=",".join,
)
async def test_a_boot_is_accepted_whatever_else_it_says(field: Field, boot: dict[str, Any]) -> None:
    told = {"chargePointVendor": "V", "chargePointModel": "M"} | boot
    assert (await field.ask("BootNotification", told))["status"] == "Accepted"
    station = await field.door.store.stations.by_id(field.station.id)
    assert station is not None
    assert station.hardware is not None
    if len(str(boot.get("chargePointSerialNumber"))) == 26:
        assert station.hardware.serial_number == "X" * 26


async def test_names_and_words_in_another_case_are_understood(field: Field) -> None:
    status = {"ConnectorID": 1, "errorcode": "noerror", "Status": "available", "timestamp": NOON}
    assert await field.ask("StatusNotification", status) == {}
    state = await field.state()
    assert (state.availability, state.fault) == (Availability.AVAILABLE, None)


@pytest.mark.parametrize("code", ["Error", "UnderVoltage2", "Ok"])
async def test_an_error_nobody_knows_is_kept_as_it_was_said(field: Field, code: str) -> None:
    await field.ask("StatusNotification", {"connectorId": 1, "errorCode": code, "status": "Faulted"})
    assert (await field.state()).fault.code == code


async def test_numbers_as_texts_and_texts_as_numbers_are_understood(field: Field) -> None:
    number = await field.start(connectorId="1", meterStart="1000")
    await field.values({"value": 1500.5}, connectorId="1", transactionId=str(number))
    assert await field.ask("StopTransaction", STOP | {"transactionId": str(number), "meterStop": "2000.0"}) is not None
    found = await field.transaction()
    assert (found.state, found.energy.value, found.where) == (TransactionState.ENDED, Decimal(1000), EvseRef(1, 1))
    assert await field.reviews() == 0


async def test_an_id_tag_read_beyond_its_buffer_is_the_card_it_begins_with(field: Field) -> None:
    await field.door.token("A" * 20)
    answer = await field.ask("Authorize", {"idTag": "A" * 20 + "?"})
    assert answer["idTagInfo"]["status"] == "Accepted"


async def test_a_strict_station_is_told_the_code_its_version_has_for_each_fault(door: Door) -> None:  # noqa: F811
    line = await door.booted(await door.station(tolerance="strict"))
    status = {"connectorId": 1, "errorCode": "NoError", "status": "Available"}
    for n, (payload, code) in enumerate(
        [
            (status | {"connectorId": "1"}, "TypeConstraintViolation"),
            (status | {"status": "available"}, "PropertyConstraintViolation"),
            ({"connectorId": 1, "status": "Available"}, "OccurenceConstraintViolation"),
            (status | {"ConnectorID": 1}, "FormationViolation"),
        ]
    ):
        assert await line.ask(str(n), "StatusNotification", payload) == code


# ------------------------------------------------------------------------------------------ §4 transactions
@pytest.mark.parametrize("number", [-1, 0, None, 2**40])
async def test_a_stop_under_a_number_nobody_gave_ends_the_charge_of_its_token(field: Field, number: Any) -> None:
    await field.start()
    answer = await field.ask("StopTransaction", STOP | {"transactionId": number})
    assert answer["idTagInfo"]["status"] == "Accepted"
    found = await field.transaction()
    assert (found.state, found.energy.value) == (TransactionState.ENDED, Decimal(1000))
    assert await field.reviews() == 0


async def test_a_stop_without_any_number_is_answered_too(field: Field) -> None:
    await field.start()
    assert "idTagInfo" in await field.ask("StopTransaction", STOP)
    assert (await field.transaction()).state is TransactionState.ENDED


async def test_a_stop_of_a_charge_nobody_heard_of_is_kept_and_answered(field: Field) -> None:
    assert await field.ask("StopTransaction", STOP | {"transactionId": 4711}) is not None
    found = await field.transaction()
    assert (found.state, found.meter_stop.value) == (TransactionState.ENDED, Decimal(2000))
    assert found.flags


async def test_a_start_told_again_is_the_same_charge(field: Field) -> None:
    assert await field.start() == await field.start()
    await field.transaction()


@pytest.mark.parametrize("number", [-1, 0, 999, 9223372036854775807, 10**30, None])
async def test_values_under_no_number_belong_to_the_charge_at_their_connector(field: Field, number: Any) -> None:
    await field.start()
    await field.values(REGISTER, transactionId=number)
    assert [sample.value for sample in await field.samples()] == [Decimal(1500)]
    assert await field.reviews() == 0


async def test_an_old_history_is_taken_at_any_rate(field: Field) -> None:
    for year in range(2019, 2026):
        start = await field.start(timestamp=f"{year}-05-01T12:00:00Z")
        await field.ask("StopTransaction", STOP | {"transactionId": start, "timestamp": f"{year}-05-01T13:00:00Z"})
    page = await field.door.store.transactions.list(DEFAULT_ORGANISATION)
    assert {one.energy.value for one in page.items if one.energy} == {Decimal(1000)}
    assert len(page.items) == 7


def event(kind: str, sequence: int, minute: int, **changes: Any) -> dict[str, Any]:
    value = {"value": 1000 + 10 * minute, "measurand": "Energy.Active.Import.Register"}
    at = f"2026-05-01T12:{minute:02d}:00Z"
    return {
        "eventType": kind,
        "timestamp": at,
        "triggerReason": "MeterValuePeriodic",
        "seqNo": sequence,
        "transactionInfo": {"transactionId": "tx"},
        "evse": {"id": 1},
        "meterValue": [{"timestamp": at, "sampledValue": [value]}],
    } | changes


async def test_a_constant_sequence_number_is_ordered_by_time(field2: Field) -> None:
    token = {"idToken": "CAFE", "type": "ISO14443"}
    for told in (event("Started", 0, 0, idToken=token), event("Updated", 0, 10), event("Ended", 0, 20)):
        assert isinstance(await field2.ask("TransactionEvent", told), dict)
    found = await field2.transaction()
    assert (found.state, found.energy.value) == (TransactionState.ENDED, Decimal(200))


async def test_an_event_without_a_reason_or_a_connector_counts(field2: Field) -> None:
    for kind, sequence in (("Started", 0), ("Ended", 1)):
        told = event(kind, sequence, 10 * sequence)
        del told["triggerReason"]
        assert await field2.ask("TransactionEvent", told) == {}
    found = await field2.transaction()
    assert (found.energy.value, found.where) == (Decimal(100), EvseRef(1))
    assert await field2.reviews() == 0


@pytest.mark.parametrize("nonsense", ["NaN", "", None, "abc", {}])
async def test_a_figure_that_is_none_costs_no_event(field2: Field, nonsense: Any) -> None:
    told = event("Started", 0, 0)
    told["meterValue"][0]["sampledValue"].append({"value": nonsense, "measurand": "Voltage"})
    assert await field2.ask("TransactionEvent", told) == {}
    assert await field2.ask("TransactionEvent", event("Ended", 1, 10)) == {}
    assert (await field2.transaction()).energy.value == Decimal(100)
    assert await field2.reviews() == 0


# ------------------------------------------------------------------------------------------ §5 timestamps
@pytest.mark.parametrize(
    "text",
    [
        "2026-05-01T12:00:00",
        "2026-05-01T15:00:00+03",
        "2026-05-01T15:00:00+0300",
        "2026-05-01T15:00:00+03:00",
        "2026-05-01T12:00:00.000000000Z",
        "2026-05-01T12:00:00.0Z",
        "2026-05-01 12:00:00Z",
        "2026-05-01t12:00:00z",
        "2026-05-01T12:00Z",
    ],
)
async def test_an_instant_is_understood_however_it_is_written(field: Field, text: str) -> None:
    await field.start(timestamp=text)
    assert (await field.transaction()).started_at == datetime(2026, 5, 1, 12, tzinfo=UTC)
    assert await field.reviews() == 0


async def test_a_status_without_a_time_is_of_now(field: Field) -> None:
    status = {"connectorId": 1, "errorCode": "NoError", "status": "Available", "timestamp": ""}
    assert await field.ask("StatusNotification", status) == {}
    assert (await field.state()).since == field.door.clock.now()


async def test_a_start_without_a_time_is_answered_and_kept_for_a_person(field: Field) -> None:
    answer = await field.ask("StartTransaction", START | {"timestamp": ""})
    assert 0 < answer["transactionId"] < 2**31
    assert await field.reviews() == 1  # what a charge costs may depend on its time: nobody guesses it


async def test_what_we_say_is_easy_to_read(field: Field) -> None:
    heartbeat = await field.ask("Heartbeat", {})
    assert heartbeat["currentTime"] == "2026-05-01T12:00:00.000Z"
    said = [text for side, text in field.line.cable.texts if side == "csms"]
    answer = await field.ask("StartTransaction", START)
    assert 0 < answer["transactionId"] < 2**31
    assert all("null" not in text and text.isascii() for text in said)


# ------------------------------------------------------------------------------------------ §6 meter values
@pytest.mark.parametrize(
    ("sample", "value", "unit"),
    [
        ({"value": "  15.5 "}, Decimal("15.5"), "Wh"),
        ({"value": 15.5}, Decimal("15.5"), "Wh"),
        ({"value": ""}, None, "Wh"),
        ({"value": "NaN"}, None, "Wh"),
        ({"value": "inf"}, None, "Wh"),
        ({"value": None}, None, "Wh"),
        ({"value": "1", "unit": "KWH"}, Decimal(1), "kWh"),
        ({"value": "1", "unit": " wh"}, Decimal(1), "Wh"),
        ({"value": "50", "measurand": "Frequency", "unit": "Hz"}, Decimal(50), "Hertz"),
        ({"value": "50", "measurand": "Frequency", "unit": "Hertz"}, Decimal(50), "Hertz"),
        ({"value": "20", "measurand": "Temperature", "unit": "Celcius"}, Decimal(20), "Celsius"),
        ({"value": "20", "measurand": "Temperature", "unit": "C"}, Decimal(20), "Celsius"),
        ({"value": "293", "measurand": "Temperature", "unit": "K"}, Decimal(293), "K"),
        ({"value": "80", "measurand": "SoC", "unit": "%"}, Decimal(80), "Percent"),
    ],
    ids=str,
)
async def test_a_figure_is_understood_however_it_is_written(
    field: Field, sample: dict[str, Any], value: Decimal | None, unit: str
) -> None:
    await field.start()
    await field.values(sample)
    (kept,) = await field.samples()
    assert (kept.value, kept.unit) == (value, unit)
    assert await field.reviews() == 0


@pytest.mark.parametrize(
    ("unit", "measurand"), [("A", "Current.Import"), ("V", "Voltage"), ("kW", "Power.Active.Import"), (None, "Energy")]
)
async def test_a_figure_without_a_measurand_is_what_its_unit_measures(field: Field, unit: Any, measurand: str) -> None:
    await field.start()
    await field.values({"value": "15"} | ({"unit": unit} if unit else {}))
    (kept,) = await field.samples()
    assert kept.measurand.startswith(measurand)


async def test_lists_without_values_are_passed_over(field: Field) -> None:
    await field.start()
    await field.values()
    for value in (
        {"timestamp": NOON, "sampledValue": ""},
        {"timestamp": NOON},
        {"timestamp": NOON, "sampledValue": None},
    ):
        assert await field.ask("MeterValues", {"connectorId": 1, "meterValue": [value]}) == {}
    assert await field.ask("MeterValues", {"connectorId": 1, "meterValue": []}) == {}
    assert await field.samples() == []
    assert await field.reviews() == 0


async def test_a_lone_phase_that_is_none_counts_for_the_whole(field: Field) -> None:
    number = await field.start()
    await field.values(REGISTER | {"phase": "L1L2L3", "value": "3000"})
    await field.ask("StopTransaction", STOP | {"transactionId": number, "meterStop": 3000})
    (kept,) = await field.samples()
    assert kept.phase is None


async def test_three_phases_of_energy_are_one_register_with_or_without_their_neutral(field: Field) -> None:
    await field.start()
    phases = [REGISTER | {"phase": f"L{n}-N", "value": str(n * 1000)} for n in (1, 2, 3)]
    await field.values(*phases)
    assert (await field.transaction()).last_reading.energy.value == Decimal(6000)


async def test_voltages_between_phases_and_a_lone_neutral_are_kept_as_told(field: Field) -> None:
    await field.start()
    between = {"value": "400", "measurand": "Voltage", "unit": "V", "phase": "L1-L2"}
    await field.values(between, {"value": "15.6", "measurand": "Current.Import", "unit": "A", "phase": "N"})
    assert [sample.phase for sample in await field.samples()] == ["L1-L2", "N"]


async def test_a_context_nobody_knows_is_kept_and_its_register_counts(field: Field) -> None:
    await field.start()
    await field.values(REGISTER | {"context": "CurrentMax"})
    (kept,) = await field.samples()
    assert kept.context == "CurrentMax"
    assert (await field.transaction()).last_reading.energy.value == Decimal(1500)


# ------------------------------------------------------------------------------------------ §3 configuration
KEYS = [
    {"key": "heartbeatinterval", "readonly": 0, "value": 60},
    {"key": "LocalPreAuthorize", "readonly": "true", "value": True},
    {"key": "MeterValuesSampledData", "readonly": False, "value": "'Voltage, Current.Import'"},
    {"key": "SupportedFeatureProfiles", "readonly": False, "value": " Core , Reservation "},
    {"key": "NumberOfConnectors", "readonly": False, "value": "2"},
    {"key": "StationPassword", "readonly": False, "value": "hunter2hunter2"},
    {"key": "VendorKey", "readonly": 1},
]


async def test_configuration_keys_are_understood_however_they_are_told(field: Field) -> None:
    asking = asyncio.create_task(
        field.door.csms.stations.call(
            field.station.id, v2.GetBaseReportRequest(request_id=1, report_base=v2.ReportBase.FULL_INVENTORY)
        )
    )
    _, message_id, action, _ = await field.line.hear()
    assert action == "GetConfiguration"
    field.line.say(3, message_id, {"configurationKey": KEYS, "unknownKey": None})
    assert (await asking).status == "Accepted"
    page = await field.door.store.device_models.list(DEFAULT_ORGANISATION, field.station.id)
    told = {(one.ref.component, one.ref.variable): one.attribute.value for one in page.items}
    assert told["OCPPCommCtrlr", "HeartbeatInterval"] == "60"
    assert told["AuthCtrlr", "LocalPreAuthorize"] == "true"
    assert told["SampledDataCtrlr", "TxUpdatedMeasurands"] == "Voltage, Current.Import"
    assert ("ReservationCtrlr", "Available") in told
    await field.door.store.flush()
    assert not any("hunter2" in frame.frame for frame in await field.door.frames())
