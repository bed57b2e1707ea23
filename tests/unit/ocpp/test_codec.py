"""What the codec tolerates, refuses and writes."""

import json
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest

from amperanto.ocpp import (
    Codec,
    Kind,
    LocalProtocolError,
    Malformed,
    Missing,
    Mode,
    OutOfRange,
    RemoteProtocolError,
    UnknownAction,
    Version,
    WrongType,
    v2,
    v16,
)
from amperanto.ocpp.shapes import is_set

AT = "2026-01-01T10:00:00Z"
MOMENT = datetime(2026, 1, 1, 10, tzinfo=UTC)


def read(version: Version, action: str, payload: Any, mode: Mode = Mode.TOLERANT) -> Any:
    return Codec(version, mode).decode_request(action, json.dumps(payload).encode())


def kinds(decoded: Any) -> list[tuple[str, Kind]]:
    return [(violation.path, violation.kind) for violation in decoded.violations]


def status(**fields: Any) -> dict[str, Any]:
    return {"connectorId": 1, "errorCode": "NoError", "status": "Charging"} | fields


def test_unknown_fields_are_dropped_and_told() -> None:
    decoded = read(Version.V16, "StatusNotification", status(vendorThing=1))
    assert kinds(decoded) == [("/vendorThing", Kind.UNKNOWN_FIELD)]
    assert decoded.message.status is v16.ChargePointStatus.CHARGING


def test_null_and_empty_text_mean_absent_for_optional_fields() -> None:
    decoded = read(Version.V16, "StatusNotification", status(info=None, timestamp=""))
    assert not is_set(decoded.message.info)
    assert not is_set(decoded.message.timestamp)
    assert len(decoded.violations) == 2


def test_numbers_texts_and_booleans_are_turned_into_what_the_field_wants() -> None:
    started = {"connectorId": "1", "idTag": 12345, "meterStart": 10.0, "timestamp": AT, "reservationId": True}
    message = read(Version.V16, "StartTransaction", started).message
    assert (message.connector_id, message.id_tag, message.meter_start, message.reservation_id) == (1, "12345", 10, 1)
    sample = {"timestamp": AT, "sampledValue": [{"value": 230.1}]}
    message = read(Version.V16, "MeterValues", {"connectorId": 1, "meterValue": sample}).message
    assert message.meter_value[0].sampled_value[0].value == "230.1"
    key = {"configurationKey": [{"key": "K", "readonly": "false", "value": True}]}
    answer: Any = Codec(Version.V16).decode_response(v16.GetConfigurationRequest, json.dumps(key).encode()).message
    assert (answer.configuration_key[0].readonly, answer.configuration_key[0].value) == (False, "true")


def test_long_texts_and_unknown_words_are_kept() -> None:
    decoded = read(Version.V16, "StatusNotification", status(errorCode="Error", info="x" * 60))
    assert decoded.message.error_code == "Error"
    assert not decoded.message.error_code.is_known
    assert decoded.message.info == "x" * 60
    assert {kind for _, kind in kinds(decoded)} == {Kind.OUT_OF_RANGE}


@pytest.mark.parametrize(
    ("written", "hour"),
    [
        ("2026-01-01T10:00:00", 10),
        ("2026-01-01T10:00:00+03", 7),
        ("2026-01-01T10:00:00+0300", 7),
        ("2026-01-01 10:00:00Z", 10),
    ],
)
def test_sloppy_instants_are_read_and_told(written: str, hour: int) -> None:
    decoded = read(Version.V16, "StatusNotification", status(timestamp=written))
    assert decoded.message.timestamp == MOMENT.replace(hour=hour)
    assert kinds(decoded) == [("/timestamp", Kind.OUT_OF_RANGE)]


def test_what_would_falsify_a_charge_is_not_guessed() -> None:
    started = {"connectorId": 1, "idTag": "T", "meterStart": 10, "timestamp": AT}
    for field, value, error in [
        ("meterStart", None, Missing),
        ("meterStart", "many", WrongType),
        ("timestamp", "yesterday", OutOfRange),
        ("idTag", {}, WrongType),
    ]:
        with pytest.raises(error, match=field):
            read(Version.V16, "StartTransaction", started | {field: value})


def test_a_missing_trigger_reason_has_a_harmless_default() -> None:
    event = {"eventType": "Started", "timestamp": AT, "seqNo": 0, "transactionInfo": {"transactionId": "T"}}
    decoded = read(Version.V201, "TransactionEvent", event)
    assert decoded.message.trigger_reason is v2.TriggerReason.CHARGING_STATE_CHANGED
    assert kinds(decoded) == [("/triggerReason", Kind.MISSING)]


def test_silent_tolerates_without_a_word_and_strict_refuses() -> None:
    assert read(Version.V16, "StatusNotification", status(extra=1), Mode.SILENT).violations == ()
    with pytest.raises(Malformed, match="/extra: unknown field"):
        read(Version.V16, "StatusNotification", status(extra=1), Mode.STRICT)


def test_a_null_payload_is_an_empty_one_when_tolerant() -> None:
    assert read(Version.V16, "Heartbeat", None).message == v16.HeartbeatRequest()
    with pytest.raises(WrongType):
        read(Version.V16, "Heartbeat", None, Mode.STRICT)


def test_201_is_not_21() -> None:
    token = {"idToken": {"idToken": "x" * 37, "type": "DirectPayment"}}
    assert read(Version.V21, "Authorize", token).violations == ()
    assert kinds(read(Version.V201, "Authorize", token)) == [
        ("/idToken/idToken", Kind.OUT_OF_RANGE),
        ("/idToken/type", Kind.OUT_OF_RANGE),
    ]
    with pytest.raises(UnknownAction):
        read(Version.V201, "BatterySwap", {})


def test_what_a_version_cannot_say_is_not_sent() -> None:
    token = v2.IdToken(id_token="x" * 37, type="DirectPayment")
    request = v2.RequestStartTransactionRequest(id_token=token, remote_start_id=1)
    assert Codec(Version.V21).encode(request)
    for version, message in [
        (Version.V201, request),
        (Version.V201, v2.ResetRequest(type=v2.Reset.IMMEDIATE_AND_RESUME)),
        (Version.V201, v2.CertificateSignedRequest(certificate_chain="x", request_id=1)),
        (Version.V201, v2.AFRRSignalRequest(timestamp=MOMENT, signal=1)),
        (Version.V16, v2.HeartbeatRequest()),
        (Version.V16, v16.AuthorizeRequest(id_tag="x" * 21)),
        (Version.V16, v16.ChangeConfigurationRequest(key="k", value=7)),  # type: ignore[arg-type]
        (Version.V16, v16.SetChargingProfileRequest(connector_id=1, cs_charging_profiles=profile_16(16.05))),
    ]:
        with pytest.raises(LocalProtocolError):
            Codec(version).encode(message)


def profile_16(limit: float) -> v16.ChargingProfile:
    period = v16.ChargingSchedulePeriod(start_period=0, limit=limit)
    return v16.ChargingProfile(
        charging_profile_id=1,
        stack_level=0,
        charging_profile_purpose=v16.ChargingProfilePurpose.TX_PROFILE,
        charging_profile_kind=v16.ChargingProfileKind.RELATIVE,
        charging_schedule=v16.ChargingSchedule(
            charging_rate_unit=v16.ChargingRateUnit.A, charging_schedule_period=[period]
        ),
    )


def test_one_decimal_is_exactly_one_decimal() -> None:
    for tenths in range(0, 1000, 7):
        request = v16.SetChargingProfileRequest(connector_id=1, cs_charging_profiles=profile_16(tenths / 10))
        assert f'"limit":{tenths / 10}'.encode() in Codec(Version.V16).encode(request)


def test_instants_leave_as_utc_milliseconds_wherever_they_are() -> None:
    east = timezone(timedelta(hours=5, minutes=30))
    event = v2.TransactionEventRequest(
        event_type=v2.TransactionEvent.UPDATED,
        timestamp=datetime(2026, 1, 1, 15, 30, 0, 123999, east),
        trigger_reason=v2.TriggerReason.TRIGGER,
        seq_no=1,
        transaction_info=v2.Transaction(transaction_id="T"),
        meter_value=[v2.MeterValue(timestamp=MOMENT, sampled_value=[v2.SampledValue(value=1.5)])],
        custom_data={"vendorId": "x", "at": "2026-01-01T15:30:00.123456+05:30"},
    )
    written = json.loads(Codec(Version.V201).encode(event))
    assert written["timestamp"] == "2026-01-01T10:00:00.123Z"
    assert written["meterValue"][0]["timestamp"] == "2026-01-01T10:00:00.000Z"
    assert written["customData"]["at"] == "2026-01-01T15:30:00.123456+05:30"


def test_a_naive_instant_of_ours_is_our_mistake() -> None:
    with pytest.raises(LocalProtocolError, match="aware"):
        Codec(Version.V16).encode(v16.HeartbeatResponse(current_time=datetime(2026, 1, 1)))  # noqa: DTZ001


def test_a_number_that_201_calls_an_integer_has_no_decimal_point() -> None:
    needs = v2.ChargingNeeds(
        requested_energy_transfer=v2.EnergyTransferMode.AC_THREE_PHASE,
        ac_charging_parameters=v2.ACChargingParameters(
            energy_amount=20000.0, ev_min_current=6.0, ev_max_current=32.0, ev_max_voltage=400.0
        ),
    )
    request = v2.NotifyEVChargingNeedsRequest(evse_id=1, charging_needs=needs)
    assert b'"energyAmount":20000,' in Codec(Version.V201).encode(request)


def test_custom_data_survives_and_must_name_its_vendor() -> None:
    custom = {"vendorId": "acme", "deep": [{"a": None, "b": [1.5, "x"]}]}
    decoded = read(Version.V21, "Heartbeat", {"customData": custom}, Mode.STRICT)
    assert decoded.message.custom_data == custom
    assert json.loads(Codec(Version.V21).encode(decoded.message)) == {"customData": custom}
    with pytest.raises(Missing):
        read(Version.V21, "Heartbeat", {"customData": {}}, Mode.STRICT)


@pytest.mark.parametrize("mode", Mode)
@pytest.mark.parametrize(
    "payload",
    [
        b'{"vendorId":"a","data":{"x":1,"x":2}}',
        b'{"vendorId":"a","data":{"x":1,"\\u0078":2}}',
        b'{"vendorId":"a","customData":{"vendorId":"a","vendorId":"a"}}',
        b'{"vendorId":"a","data":' + b"[" * 64 + b"]" * 64 + b"}",
        b'{"vendorId":"a","data":"\xff"}',
        b'{"vendorId":"a","data":"\\ud800"}',
        b'{"vendorId":"a","data":1e999}',
        b'{"vendorId":"a"} ',
        b"",
    ],
)
def test_inexact_json_is_refused_in_every_mode(mode: Mode, payload: bytes) -> None:
    if payload.endswith(b" "):
        payload += b"x"
    with pytest.raises(RemoteProtocolError):
        Codec(Version.V21, mode).decode_request("DataTransfer", payload)


def test_valid_json_with_white_space_and_escapes_is_welcome() -> None:
    payload = b' {\n\t"vendorId" : "\\u0061\\"\\\\" , "data" : [ ] }\r\n'
    decoded: Any = Codec(Version.V21, Mode.STRICT).decode_request("DataTransfer", payload)
    assert decoded.message.vendor_id == 'a"\\'


class WattsCalledWattHours:
    """A quirk that mends one message and is asked about every one."""

    def applies_to(self, kind: Any, direction: Any, /) -> bool:
        return kind in (v16.MeterValuesRequest, v16.ResetRequest)

    def __call__(self, kind: Any, direction: Any, payload: dict[str, Any], /) -> dict[str, Any]:
        if direction == "outgoing":
            return payload | {"extra": True}
        for value in payload["meterValue"]:
            for sample in value["sampledValue"]:
                sample["unit"] = "W"
        return payload


def test_a_quirk_amends_what_it_applies_to_both_ways() -> None:
    codec = Codec(Version.V16, Mode.STRICT, amend=WattsCalledWattHours())
    samples = [{"value": "1", "unit": "Wh"}]
    payload = {"connectorId": 1, "meterValue": [{"timestamp": AT, "sampledValue": samples}]}
    message: Any = codec.decode_request("MeterValues", json.dumps(payload).encode()).message
    assert message.meter_value[0].sampled_value[0].unit is v16.UnitOfMeasure.W
    assert json.loads(codec.encode(v16.ResetRequest(type=v16.Reset.HARD))) == {"type": "Hard", "extra": True}
    assert codec.encode(v16.ClearCacheRequest()) == b"{}"
