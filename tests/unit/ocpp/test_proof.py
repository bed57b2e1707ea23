"""The fast path: what it proves by itself, and what it must leave to the schema."""

import json
from typing import Any

import pytest
from tests.laws.published import all_messages, fullest, published

from amperanto.ocpp import Codec, Mode, RemoteProtocolError, Version, v2, v16
from amperanto.ocpp.codec import plan_for

UNPROVED = {
    "GetDiagnosticsRequest",  # a URI in 1.6
    "UpdateFirmwareRequest",  # likewise
    "DataTransferRequest",  # any JSON in 2.x
    "DataTransferResponse",
}
AUTHORIZE = plan_for(Version.V16, v16.AuthorizeRequest).decode_surely


def without_custom_data(tree: Any) -> Any:
    if isinstance(tree, dict):
        return {key: without_custom_data(value) for key, value in tree.items() if key != "customData"}
    return [without_custom_data(value) for value in tree] if isinstance(tree, list) else tree


@pytest.mark.parametrize("separators", [(",", ":"), (", ", ": ")])
def test_every_usual_message_is_proved_without_its_schema(separators: tuple[str, str]) -> None:
    unproved = set[str]()
    for version, name in all_messages():
        root, kind = published(version, name), getattr(v16 if version is Version.V16 else v2, name)
        payload = without_custom_data(fullest({"properties": {}, **root}, root))
        if plan_for(version, kind).decode_surely(json.dumps(payload, separators=separators).encode()) is None:
            unproved.add(name)
    assert unproved == UNPROVED


@pytest.mark.parametrize(
    "payload",
    [
        b'{"idTag":"A","idTag":"B"}',
        b'{"idTag" :"A","idTag":"B"}',
        b'{"idTag"\t:"A","idTag":"B"}',
        b'{"idTag"\n:"A","idTag":"B"}',
        b'{"idTag"\r:"A","idTag":"B"}',
        b'{"idTag" :"A","idTag":":"}',
        b'{"idTag":"A","id\\u0054ag":"B"}',
        b'{"idTag":"A","idTag" \n :"B"}',
    ],
)
def test_a_colon_far_from_its_key_hides_no_doubled_key(payload: bytes) -> None:
    assert AUTHORIZE(payload) is None
    for mode in Mode:
        with pytest.raises(RemoteProtocolError, match="twice"):
            Codec(Version.V16, mode).decode_request("Authorize", payload)


@pytest.mark.parametrize("id_tag", [":A", "04:A1:B2", 'A":"B', '":', " :", "a-12 b", "x-0000", "2026-01-01 0"])
def test_text_that_looks_like_structure_spoils_no_message(id_tag: str) -> None:
    for payload in (json.dumps({"idTag": id_tag}), json.dumps({"idTag": id_tag}, separators=(",", ":"))):
        decoded: Any = Codec(Version.V16, Mode.STRICT).decode_request("Authorize", payload.encode())
        assert decoded.message.id_tag == id_tag


@pytest.mark.parametrize(
    ("instant", "is_right"),
    [
        ("2026-01-01T10:00:00Z", True),
        ("2026-01-01t10:00:00.5z", True),
        ("2026-01-01T10:00:00+00:00", True),
        ("2026-01-01T10:00:00-00:00", True),
        ("2026-01-01T10:00:00-03:30", True),
        ("2026-01-01 10:00:00Z", False),
        ("2026-01-01T10:00:00 Z", False),
        ("2026-01-01T10:00:00+0000", False),
        ("2026-01-01T10:00:00-0000", False),
        ("2026-01-01T10:00:00+00", False),
        ("2026-01-01T10:00:00-00", False),
        ("2026-01-01T10:00:00+0200", False),
        ("2026-01-01T10:00:00-0230", False),
        ("2026-01-01T10:00:00", False),
    ],
)
def test_only_instants_as_rfc_3339_writes_them_are_right(instant: str, is_right: bool) -> None:
    message = {"connectorId": 1, "errorCode": "NoError", "status": "Available", "timestamp": instant}
    for separators in ((",", ":"), (", ", ": ")):
        payload = json.dumps(message, separators=separators).encode()
        if is_right:
            Codec(Version.V16, Mode.STRICT).decode_request("StatusNotification", payload)
        else:
            with pytest.raises(RemoteProtocolError):
                Codec(Version.V16, Mode.STRICT).decode_request("StatusNotification", payload)


def test_what_only_21_has_is_not_proved_for_201() -> None:
    event: dict[str, Any] = {
        "eventType": "Updated",
        "timestamp": "2026-01-01T10:00:00Z",
        "triggerReason": "MeterValuePeriodic",
        "seqNo": 1,
        "transactionInfo": {"transactionId": "T"},
    }
    newer: list[dict[str, Any]] = [
        {"evseSleep": True},
        {"triggerReason": "CostLimitReached"},
        {"transactionInfo": {"transactionId": "T", "operationMode": "Idle"}},
        {"idToken": {"idToken": "A" * 37, "type": "Central"}},
        {"idToken": {"idToken": "A", "type": "DirectPayment"}},
    ]
    for change in newer:
        payload = json.dumps(event | change).encode()
        assert plan_for(Version.V21, v2.TransactionEventRequest).decode_surely(payload) is not None
        assert plan_for(Version.V201, v2.TransactionEventRequest).decode_surely(payload) is None
