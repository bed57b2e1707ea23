"""The memory of repeats, and frames without secrets."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import msgspec
import pytest
from msgspec import inspect

from amperanto.conformance.requirements import requirement
from amperanto.csms.journal import NAMES_NO_SECRET, Repeats, is_plain, redacted
from amperanto.domain.stations import StationId
from amperanto.ocpp import Codec, Version
from amperanto.ocpp.catalogue import exchange

CP1, CP2 = StationId("cp1"), StationId("cp2")
SECRET = "deadbeefdeadbeef"


class Time:
    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


def kept(repeats: Repeats, station: StationId, message_id: str, payload: bytes = b"{}") -> Any:
    return repeats.answer(station, message_id, repeats.content("1.6", "Authorize", payload))


def keep(repeats: Repeats, station: StationId, message_id: str, answer: Any, payload: bytes = b"{}") -> None:
    repeats.remember(station, message_id, repeats.content("1.6", "Authorize", payload), answer)


def test_the_same_id_action_and_payload_get_the_same_answer():
    repeats = Repeats(Time())
    keep(repeats, CP1, "1", "yes")
    assert kept(repeats, CP1, "1") == "yes"
    assert kept(repeats, CP1, "2") is None
    assert kept(repeats, CP2, "1") is None
    assert kept(repeats, CP1, "1", b'{"a":1}') is None
    assert repeats.answer(CP1, "1", repeats.content("1.6", "StartTransaction", b"{}")) is None
    assert repeats.answer(CP1, "1", repeats.content("2.1", "Authorize", b"{}")) is None


def test_other_content_under_an_id_ends_the_message_before():
    repeats = Repeats(Time())
    keep(repeats, CP1, "1", "first")
    keep(repeats, CP1, "1", "second", b'{"a":1}')
    assert kept(repeats, CP1, "1") is None
    assert kept(repeats, CP1, "1", b'{"a":1}') == "second"


def test_the_memory_is_bounded_in_number_and_time():
    time = Time()
    repeats = Repeats(time, per_station=2, stations=2, seconds=60)
    for number in range(3):
        keep(repeats, CP1, str(number), number)
    assert [kept(repeats, CP1, str(number)) for number in range(3)] == [None, 1, 2]
    time.now = 61
    assert kept(repeats, CP1, "2") is None
    for name in ("a", "b", "c"):
        keep(repeats, StationId(name), "1", name)
    assert [kept(repeats, StationId(name), "1") for name in ("a", "b", "c")] == [None, "b", "c"]


def test_a_station_that_starts_anew_has_said_nothing_yet():
    repeats = Repeats(Time())
    keep(repeats, CP1, "1", "yes")
    keep(repeats, CP2, "1", "yes")
    repeats.forget(CP1)
    assert kept(repeats, CP1, "1") is None
    assert kept(repeats, CP2, "1") == "yes"


@pytest.mark.parametrize(
    "payload",
    [
        {"key": "AuthorizationKey", "value": SECRET},
        {"configurationKey": [{"key": "AuthorizationKey", "readonly": False, "value": SECRET}]},
        {"setVariableData": [{"attributeValue": SECRET, "component": {"name": "SecurityCtrlr"},
                              "variable": {"name": "BasicAuthPassword"}}]},
        {"reportData": [{"component": {"name": "SecurityCtrlr"}, "variable": {"name": "BasicAuthPassword"},
                         "variableAttribute": [{"type": "Actual", "value": SECRET}]}]},
        {"eventData": [{"actualValue": SECRET, "variable": {"name": "BasicAuthPassword"}}]},
        {"connectionData": {"apn": {"apn": "a", "apnPassword": SECRET, "simPin": 4711}}},
        {"connectionData": {"vpn": {"server": "s", "user": "u", "password": SECRET, "key": SECRET, "type": "IPSec"}}},
        {"connectionData": {"basicAuthPassword": SECRET}},
        {"location": f"ftp://diag:{SECRET}@files.example/upload"},
        {"vendorId": "v", "data": json.dumps({"password": SECRET})},
        {"vendorId": "v", "data": {"wifi": {"ssid": "x", "psk": SECRET}}},
        {"customData": {"vendorId": "v", "apiKey": SECRET}},
    ],
)  # fmt: skip
def test_no_secret_stays_in_a_frame(payload: Any):
    cleaned = redacted(json.dumps([2, "1", "Anything", payload]))
    assert SECRET not in cleaned
    assert "4711" not in cleaned
    assert json.loads(cleaned)[:3] == [2, "1", "Anything"]


def test_what_is_no_secret_stays_as_it_was():
    frame = json.dumps([2, "1", "ChangeConfiguration", {"key": "HeartbeatInterval", "value": "300"}])
    assert redacted(frame) == frame
    mixed = [2, "1", "GetConfiguration", {"key": ["AuthorizationKey", "MeterValueSampleInterval"]}]
    assert json.loads(redacted(json.dumps(mixed))) == mixed
    event = [2, "1", "NotifyEvent", {"eventData": [{"actualValue": "40", "variable": {"name": "Temperature"}}],
                                     "note": "passed"}]  # fmt: skip
    assert json.loads(redacted(json.dumps(event))) == event


def test_a_frame_that_is_no_json_and_may_hold_a_secret_is_not_kept_at_all():
    assert SECRET not in redacted(f'[2,"1","ChangeConfiguration",{{"key":"AuthorizationKey","value":"{SECRET}"')


@requirement("C04-1")
@pytest.mark.parametrize("action", ["Authorize", "TransactionEvent"])
def test_a_key_code_stays_in_no_frame_and_other_tokens_do(action: str):
    frame = [2, "1", action, {"idToken": {"idToken": "4711", "type": "KeyCode"}, "seqNo": 1}]
    kept = json.loads(redacted(json.dumps(frame)))
    assert kept == [2, "1", action, {"idToken": {"idToken": "***", "type": "KeyCode"}, "seqNo": 1}]
    card = json.dumps([2, "1", action, {"idToken": {"idToken": "4711", "type": "ISO14443"}}])
    assert redacted(card) == card


def names_in(kind: inspect.Type, seen: set[type]) -> Iterator[str]:
    """Every name a JSON text of that type can hold, but those of custom data, which is never proved."""
    if isinstance(kind, inspect.StructType) and kind.cls not in seen:
        seen.add(kind.cls)
        for field in kind.fields:
            yield field.encode_name
            yield from () if field.encode_name == "customData" else names_in(field.type, seen)
    for inner in (*getattr(kind, "types", ()), getattr(kind, "item_type", None)):
        yield from () if inner is None else names_in(inner, seen)


@pytest.mark.parametrize("version", Version)
@pytest.mark.parametrize("action", sorted(NAMES_NO_SECRET))
def test_messages_that_are_logged_unsearched_can_name_no_secret(version: Version, action: str):
    row = exchange(version, action)
    if row is None:
        return
    names = set(names_in(inspect.type_info(row.request), set()))
    assert names or action == "Heartbeat"
    for name in names - {"customData"}:
        told = json.dumps({"variable": {"name": "any"}, name: SECRET})
        assert SECRET in redacted(told), name
    assert not names & {"key", "variable", "data"}, "a value whose neighbour could name a secret"


EVENT: dict[str, Any] = {
    "eventType": "Updated",
    "timestamp": "2026-01-02T03:04:05Z",
    "triggerReason": "Trigger",
    "seqNo": 1,
    "transactionInfo": {"transactionId": "passw"},
}


@pytest.mark.parametrize(
    ("more", "plain"),
    [
        ({}, True),
        ({"customData": {"vendorId": "x", "password": SECRET}}, False),
        ({"idToken": {"idToken": f"http://me:{SECRET}@host", "type": "Central"}}, False),
        ({"idToken": {"idToken": f'{{"password":"{SECRET}"}}', "type": "Central"}}, False),
        ({"idToken": {"idToken": SECRET, "type": "KeyCode"}}, False),
        ({"password": SECRET}, False),
    ],
)
def test_a_frame_is_logged_unsearched_only_when_it_is_proved_to_hold_what_its_schema_names(
    more: dict[str, Any], plain: bool
):
    payload = msgspec.json.encode(EVENT | more)
    decoded = Codec(Version.V201).decode_request("TransactionEvent", payload)
    text = f'[2,"1","TransactionEvent",{payload.decode()}]'
    assert is_plain(text, "TransactionEvent", proved=decoded.proved) is plain
    assert plain or SECRET not in redacted(text)
    assert not is_plain(text, "BootNotification", proved=decoded.proved)
