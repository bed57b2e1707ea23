"""The words of the hostile table: what may come back, and messages that are well formed but for one thing."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

VERSIONS = ("1.6", "2.0.1", "2.1")
MODES = ("strict", "tolerant")
NOW = "2026-05-01T12:00:00Z"


@dataclass(frozen=True, slots=True)
class Outcome:
    """What comes back: an answer, a CALLERROR under the message's id, one under "-1", nothing, or a close."""

    kind: str
    code: str = ""
    noted: bool = False  # the log names what was tolerated
    reviewed: bool = False  # kept raw for a person
    close: int = 0


# In the spelling of each version. 1.6 has no code for a broken frame; a syntactically wrong one comes nearest.
SPELLINGS = {
    "Framework": ("FormationViolation", "RpcFrameworkError"),
    "Format": ("FormationViolation", "FormatViolation"),
    "Property": ("PropertyConstraintViolation", "PropertyConstraintViolation"),
    "Type": ("TypeConstraintViolation", "TypeConstraintViolation"),
    "Missing": ("OccurenceConstraintViolation", "OccurrenceConstraintViolation"),
    "Occurrence": ("OccurenceConstraintViolation", "OccurrenceConstraintViolation"),
    "Protocol": ("ProtocolError", "ProtocolError"),
    "Unknown": ("NotImplemented", "NotImplemented"),
    "NotSupported": ("NotSupported", "NotSupported"),
    "Security": ("SecurityError", "SecurityError"),
}

ANSWERED = Outcome("answered")
NOTED = Outcome("answered", noted=True)
REVIEWED = Outcome("answered", reviewed=True)
PROTOCOL = Outcome("refused", "Protocol")
SILENCE = Outcome("silence")
UNREADABLE = Outcome("unreadable")  # 2.x: CALLERROR "-1" RpcFrameworkError; 1.6 has no such id: silence
FRAMEWORK = Outcome("refused", "Framework")
BROKEN = FRAMEWORK  # no JSON, but it begins as a CALL whose id can be read
FORMAT = Outcome("refused", "Format")
PROPERTY = Outcome("refused", "Property")
TYPE = Outcome("refused", "Type")
MISSING = Outcome("refused", "Missing")
OCCURRENCE = Outcome("refused", "Occurrence")
UNKNOWN = Outcome("refused", "Unknown")
NOT_SUPPORTED = Outcome("refused", "NotSupported")
SECURITY = Outcome("refused", "Security")
TOO_BIG = Outcome("closed", close=1009)
NOT_UTF8 = Outcome("closed", close=1007)


def error_code(outcome: Outcome, version: str) -> str:
    """The error code of that outcome, as that version spells it."""
    old, new = SPELLINGS["Framework" if outcome.kind == "unreadable" else outcome.code]
    return old if version == "1.6" else new


Frame = str | bytes
Said = Frame | Mapping[str, Frame]
Expected = Outcome | Mapping[str, Outcome]


def _of(version: str, said: Any) -> Any:
    """What a row says for that version: its own entry, else that of its family, else None."""
    if not isinstance(said, Mapping):
        return said
    return said.get(version) or said.get("1.6" if version == "1.6" else "2")


@dataclass(frozen=True, slots=True)
class Row:
    """One hostile message and what it gets."""

    name: str
    said: Said
    strict: Expected
    tolerant: Expected

    def frame(self, version: str) -> Frame | None:
        """What is sent on that version; None when the row does not concern it."""
        return _of(version, self.said)

    def outcome(self, version: str, mode: str) -> Outcome:
        """What must come back."""
        return _of(version, self.strict if mode == "strict" else self.tolerant)


def both(name: str, said: Said, outcome: Expected) -> Row:
    """A row in which strict and tolerant agree."""
    return Row(name, said, outcome, outcome)


def call(action: str, payload: Any) -> str:
    """A CALL under a fresh id."""
    return json.dumps([2, "$id", action, payload])


def raw(action: str, payload: str) -> str:
    """A CALL whose payload is text that `json` would not write."""
    return f'[2,"$id","{action}",{payload}]'


# ------------------------------------------------------------------ well-formed payloads, to be broken by one thing
def status(**changes: Any) -> dict[str, str]:
    """A StatusNotification in both families; a change of value None is said as null."""
    one = {"connectorId": 1, "errorCode": "NoError", "status": "Available"}
    two = {"timestamp": NOW, "connectorStatus": "Available", "evseId": 1, "connectorId": 1}
    return {"1.6": call("StatusNotification", one | changes), "2": call("StatusNotification", two | changes)}


def boot(one: dict[str, Any], two: dict[str, Any], *, without: str = "") -> dict[str, str]:
    """A BootNotification in both families, changed."""
    old = {"chargePointVendor": "Acme", "chargePointModel": "M"} | one
    station = {"vendorName": "Acme", "model": "M"} | two
    for known in (old, station):
        known.pop(without, None)
    return {
        "1.6": call("BootNotification", old),
        "2": call("BootNotification", {"reason": "PowerUp", "chargingStation": station}),
    }


def start(**changes: Any) -> dict[str, Any]:
    """A 1.6 StartTransaction."""
    return {"connectorId": 1, "idTag": "CAFE", "meterStart": 10, "timestamp": NOW} | changes


def event(**changes: Any) -> dict[str, Any]:
    """A 2.x TransactionEvent."""
    told = {"eventType": "Started", "timestamp": NOW, "triggerReason": "Authorized", "seqNo": 0}
    return told | {"transactionInfo": {"transactionId": "hostile"}, "evse": {"id": 1, "connectorId": 1}} | changes


def without(payload: dict[str, Any], name: str) -> dict[str, Any]:
    """That payload, one field short."""
    return {key: value for key, value in payload.items() if key != name}


def data(text: str) -> str:
    """A DataTransfer whose data is that JSON."""
    return raw("DataTransfer", f'{{"vendorId":"acme","data":{text}}}')


def deep(depth: int) -> str:
    """A list in a list in a list."""
    return "[" * depth + "]" * depth
