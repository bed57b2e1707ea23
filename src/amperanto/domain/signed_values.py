"""Signed readings: what a calibrated meter says, in a form that proves who said it (J02; German calibration law).

They are kept as they came, byte for byte (`meter_values.SignedValue`); here they are read, never changed. OCMF, the
form in use, is `OCMF|<payload>|<signature>`, both JSON; what is signed are the payload's bytes as they stand. A
payload holds readings (`RD`), each of which leaves out what the one before it said. Published by S.A.F.E. e.V. as
"Open Charge Metering Format". Whether a signature is right is not decided here: that takes cryptography.
"""

from __future__ import annotations

import binascii
import json
import re
from base64 import b64decode
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from typing import Any, cast

from amperanto.domain.errors import SignedValueUnreadable
from amperanto.domain.meter_values import SignedValue
from amperanto.domain.quantities import WattHours

OCMF = "OCMF"
WRONG_SIGNATURE = "its signed readings are not right"
"""The flag of a transaction whose meter signed something else than what was counted, or not at all."""
SHA256 = "SHA256"
DEFAULT_ALGORITHM = "ECDSA-secp256r1-SHA256"
LONGEST = 64 * 1024
MAGNITUDE = 30  # powers of ten: what no meter shows
_IMPORT = re.compile(r"(?:^|[-:])(?:0?1\.0?8\.0{1,2}|B2\.0?8\.0{1,2}|98\.0?8\.0{1,2})(?:\D|$)", re.IGNORECASE)
_IN_WATT_HOURS = {"wh": Decimal(1), "kwh": Decimal(1000), "mwh": Decimal(1_000_000)}


class Verdict(StrEnum):
    """What a signed reading is worth."""

    VALID = "Valid"  # signed with the key registered for this meter
    SELF_SIGNED = "SelfSigned"  # the signature is right, but the only key is the one that came with it
    INVALID = "Invalid"  # the signature does not belong to these bytes and this key
    OTHER_KEY = "OtherKey"  # signed with another key than the registered one
    NO_KEY = "NoKey"  # nobody knows the meter's key
    UNSUPPORTED = "Unsupported"  # a format or curve that cannot be checked here
    UNREADABLE = "Unreadable"  # it says to be of a format and is not


@dataclass(frozen=True, slots=True, kw_only=True)
class SignedReading:
    """One reading inside a signed record. `kind` is OCMF's TX: B begin, E end, C charging …; energy in Wh."""

    at: datetime | None
    clock: str
    kind: str
    energy: WattHours | None
    obis: str
    status: str
    errors: str = ""

    @property
    def billed(self) -> bool:
        """Whether this is the import register, told without an error of the meter."""
        return self.energy is not None and (not self.obis or _IMPORT.search(self.obis) is not None)


@dataclass(frozen=True, slots=True, kw_only=True)
class SignedRecord:
    """An OCMF record, read. `content` are the bytes that were signed."""

    content: bytes
    algorithm: str
    signature: bytes
    readings: tuple[SignedReading, ...]
    pagination: str = ""
    meter: str = ""
    identification: str = ""

    @property
    def curve(self) -> str:
        """The curve's name, as in `ECDSA-secp256r1-SHA256`."""
        parts = self.algorithm.split("-")
        return parts[1].casefold() if len(parts) == 3 else ""

    @property
    def digest(self) -> str:
        """The name of the hash function."""
        return self.algorithm.rpartition("-")[2].upper()


def format_of(signed: SignedValue) -> str:
    """The name of its form: OCMF by what it is, else what the station called it."""
    return OCMF if _plain(signed.data).startswith("OCMF|") else signed.encoding or "unknown"


def read_record(signed: SignedValue) -> SignedRecord:
    """The OCMF record in a signed value. Raises SignedValueUnreadable."""
    text = _plain(signed.data)
    if len(text) > LONGEST:
        raise SignedValueUnreadable(f"it has {len(text)} characters; {LONGEST} are the most that is read")
    head, _, rest = text.partition("|")
    # The payload may hold the separator in a text: the signature is the last object.
    content, found, tail = rest.rpartition("|")
    if head != OCMF or not found:
        raise SignedValueUnreadable("it is no OCMF record: OCMF|<payload>|<signature>")
    payload, signature = _object(content, "payload"), _object(tail, "signature")
    return SignedRecord(
        content=content.encode(),
        algorithm=str(signature.get("SA") or DEFAULT_ALGORITHM),
        signature=_signature(signature),
        readings=_readings(payload),
        pagination=str(payload.get("PG", "")),
        meter=str(payload.get("MS", "")),
        identification=str(payload.get("ID", "")),
    )


def _plain(data: str) -> str:
    """The record as text: stations send it bare, or in base64 as 2.x asks."""
    text = data.strip()
    if text.startswith("OCMF|"):
        return text
    try:
        inner = b64decode(text, validate=True).decode()
    except (binascii.Error, ValueError):
        return text
    return inner if inner.startswith("OCMF|") else text


def _object(text: str, part: str) -> dict[str, Any]:
    try:
        found: object = json.loads(text, parse_float=Decimal, parse_int=Decimal)
    except (ValueError, RecursionError, ArithmeticError) as error:  # the last for an exponent beyond all figures
        raise SignedValueUnreadable(f"its {part} is no JSON: {error}") from error
    if not isinstance(found, dict):
        raise SignedValueUnreadable(f"its {part} is no JSON object")
    return cast(dict[str, Any], found)


def _signature(told: dict[str, Any]) -> bytes:
    data, encoding = str(told.get("SD", "")), str(told.get("SE") or "hex").casefold()
    try:
        return b64decode(data, validate=True) if encoding == "base64" else bytes.fromhex(data)
    except (binascii.Error, ValueError) as error:
        raise SignedValueUnreadable(f"its signature is not {encoding}") from error


def _readings(payload: dict[str, Any]) -> tuple[SignedReading, ...]:
    told: object = payload.get("RD")
    if not isinstance(told, list):
        raise SignedValueUnreadable("it holds no readings (RD)")
    readings: list[SignedReading] = []
    said: dict[str, Any] = {}
    for one in cast(list[object], told):
        if not isinstance(one, dict):
            raise SignedValueUnreadable("a reading in it is no object")
        said = {**said, **cast(dict[str, Any], one)}
        readings.append(_reading(said))
    return tuple(readings)


def _reading(said: dict[str, Any]) -> SignedReading:
    clock = str(said.get("TM", ""))
    factor = _IN_WATT_HOURS.get(str(said.get("RU", "kWh")).casefold())
    value = said.get("RV")
    if isinstance(value, str):
        value = _decimal(value)
    counts = isinstance(value, Decimal) and value.is_finite() and abs(value.adjusted()) <= MAGNITUDE
    return SignedReading(
        at=_instant(clock),
        clock=clock[-1:] if clock[-2:-1] == " " else "",
        kind=str(said.get("TX", "")),
        energy=WattHours(value * factor) if counts and isinstance(value, Decimal) and factor is not None else None,
        obis=str(said.get("RI", "")),
        status=str(said.get("ST", "")),
        errors=str(said.get("EF", "")),
    )


def _decimal(text: str) -> Decimal | None:
    try:
        return Decimal(text.strip())
    except ArithmeticError:
        return None


def _instant(text: str) -> datetime | None:
    """OCMF writes 2018-07-24T13:22:04,000+0200 S; the letter says how sure the clock was."""
    try:
        return datetime.strptime(text[:28].replace(",", "."), "%Y-%m-%dT%H:%M:%S.%f%z")
    except ValueError:
        return None
