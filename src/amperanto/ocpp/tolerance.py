"""Reading a payload that may break the standard: what can be understood is, and nothing is invented.

The schema has already said what is wrong (validation.py); here the JSON tree becomes a typed message all the
same. Unknown fields are dropped, null and "" stand for an absent optional field, numbers, texts and booleans
are turned into each other where the field wants the other, names and words are read in any case, over-long texts
and unknown words are kept,
instants without a zone are UTC, a lone member is a list of one. What a charge would be falsified by is not
guessed: a required field that is absent or cannot be read raises `Unreadable`, and so does a broken record
or list inside. An optional plain value that cannot be read is left out.
A payload without any violation is always readable here.
"""

import math
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime
from functools import cache
from typing import Any, cast

from msgspec import UNSET, inspect

from amperanto.ocpp import v2, v16
from amperanto.ocpp.instants import Receipt, parse_instant
from amperanto.ocpp.shapes import Message, Record, Word
from amperanto.ocpp.validation import Kind, Violation, pointer

__all__ = ["Unreadable", "read"]

Reader = Callable[[Any], Any]
Plain = (
    inspect.StrType,
    inspect.IntType,
    inspect.FloatType,
    inspect.BoolType,
    inspect.EnumType,
    inspect.DateTimeType,
)

# Required fields that sloppy stations leave out, and the value that says nothing wrong (spec/quirks.md §4).
DEFAULTS: dict[tuple[type[Record], str], Any] = {
    (v2.TransactionEventRequest, "trigger_reason"): v2.TriggerReason.CHARGING_STATE_CHANGED,
    (v16.StatusNotificationRequest, "error_code"): v16.ChargePointErrorCode.NO_ERROR,
    (v16.StopTransactionRequest, "transaction_id"): -1,  # what a station says that was never given a number
    (v16.SampledValue, "value"): "",  # a figure that says nothing, as many write it
    (v16.MeterValue, "sampled_value"): [],
    (v2.MeterValue, "sampled_value"): [],
}

# Members of lists that are left out when they cannot be read: a figure that is none says nothing (quirks.md §6).
SKIPPED = (v16.SampledValue, v2.SampledValue)


class Unreadable(Exception):
    """A place that cannot be read, and why."""

    def __init__(self, kind: Kind, detail: str) -> None:
        super().__init__(detail)
        self.kind = kind
        self.detail = detail
        self.place: list[str | int] = []

    def violation(self) -> Violation:
        """The place and the reason as data."""
        return Violation(pointer(reversed(self.place)), self.kind, self.detail)


# Required moments that may be the moment of receipt when they cannot be read (spec/quirks.md §5): they only say
# when the station noticed something. The time of a reading is never guessed.
MOMENTS: dict[type[Record], str] = {
    v2.StatusNotificationRequest: "timestamp",
    v2.NotifyEventRequest: "generatedAt",
    v2.SecurityEventNotificationRequest: "timestamp",
    v16.SecurityEventNotificationRequest: "timestamp",
}

# Of a transaction's reports too, since a start or stop that is lost costs more; but theirs is marked as ours, so that
# nobody bills by it unseen.
REPORTS = (v16.StartTransactionRequest, v16.StopTransactionRequest, v2.TransactionEventRequest)


def boot_of_1_6(tree: dict[str, Any]) -> dict[str, Any]:
    """A boot that speaks of `chargingStation`, as 2.x does, in 1.6's words (quirks.md §1)."""
    told = tree.get("chargingStation")
    if not isinstance(told, dict):
        return tree
    station = cast(dict[str, Any], told)
    modem = station.get("modem")
    names = {"vendorName": "chargePointVendor", "model": "chargePointModel", "serialNumber": "chargePointSerialNumber"}
    names |= {"firmwareVersion": "firmwareVersion"}
    return {
        **(cast(dict[str, Any], modem) if isinstance(modem, dict) else {}),
        **{other: station[name] for name, other in names.items() if name in station},
        **tree,
    }


def read(kind: type[Message], payload: object, wall: Callable[[], datetime] | None = None) -> Message:
    """The typed message in a payload (a JSON tree); `wall` tells when it was received. Raises Unreadable."""
    if wall is not None and kind in MOMENTS and isinstance(payload, dict):
        tree = cast(dict[str, Any], payload)
        said = tree.get(MOMENTS[kind])
        if isinstance(said, str) and parse_instant(said) is None:
            payload = tree | {MOMENTS[kind]: wall().isoformat()}
    if wall is not None and kind in REPORTS and isinstance(payload, dict):
        payload = dated(cast(dict[str, Any], payload), wall)
    if kind is v16.BootNotificationRequest and isinstance(payload, dict):
        payload = boot_of_1_6(cast(dict[str, Any], payload))
    return cast(Message, record_reader(kind)({} if payload is None else payload))


def dated(tree: dict[str, Any], wall: Callable[[], datetime]) -> dict[str, Any]:
    """The report of a transaction, with the moment of receipt where it tells none that can be read."""
    told = respelled(tree, {"timestamp"})
    said = told.get("timestamp")
    if isinstance(said, str) and parse_instant(said) is not None:
        return told
    return told | {"timestamp": Receipt.fromtimestamp(wall().timestamp(), UTC)}


@cache
def record_reader(kind: type[Record]) -> Reader:
    """Reads an object into a class."""
    structure = cast(inspect.StructType, inspect.type_info(kind))
    known = {field.encode_name for field in structure.fields}
    fields = [(field.name, field.encode_name, field, reader_for(field.type)) for field in structure.fields]

    def read_record(value: Any) -> Record:
        if not isinstance(value, dict):
            raise Unreadable(Kind.WRONG_TYPE, "is not an object")
        tree = respelled(cast(dict[str, Any], value), known)
        found: dict[str, Any] = {}
        for name, wire, field, reader in fields:
            try:
                said = read_field(tree.get(wire, UNSET), field, reader)
                if said is UNSET and field.required:
                    said = DEFAULTS.get((kind, name), UNSET)
                    if said is UNSET:
                        raise Unreadable(Kind.MISSING, "required field is missing")
            except Unreadable as problem:
                problem.place.append(wire)
                raise
            if said is not UNSET:
                found[name] = said
        return kind(**found)

    return read_record


def respelled(tree: dict[str, Any], known: set[str]) -> dict[str, Any]:
    """The object with the names it writes in another case as the standard writes them; exact ones go before."""
    if known.issuperset(tree):
        return tree
    meant = {name.casefold(): name for name in known if name not in tree}
    others = {name: meant[name.casefold()] for name in tree if name.casefold() in meant}
    return tree | {other: tree[name] for name, other in others.items()} if others else tree


def read_field(value: Any, field: inspect.Field, reader: Reader) -> Any:
    """One field's value, UNSET when it says nothing."""
    if value is UNSET or isinstance(field.type, inspect.AnyType):
        return value
    if value is None or (value == "" and not isinstance(field.type, inspect.StrType)):
        return UNSET
    if field.required:
        return reader(value)
    if value == [] and isinstance(field.type, inspect.ListType) and field.type.min_length:
        return UNSET
    try:
        return reader(value)
    except Unreadable:
        if isinstance(field.type, Plain):
            return UNSET
        raise


def reader_for(kind: inspect.Type) -> Reader:
    """The reader of a field's type."""
    match kind:
        case inspect.StructType(cls=cls):
            return record_reader(cls)
        case inspect.ListType(item_type=item):
            return list_reader(reader_for(item), isinstance(item, inspect.StructType) and item.cls in SKIPPED)
        case inspect.EnumType(cls=cls):
            return word_reader(cast(type[Word], cls))
        case inspect.DateTimeType():
            return read_instant
        case inspect.StrType():
            return read_text
        case inspect.IntType():
            return read_integer
        case inspect.FloatType():
            return read_number
        case inspect.BoolType():
            return read_boolean
        case inspect.DictType():
            return read_object
        case _:
            return lambda value: value


def list_reader(item: Reader, skips: bool = False) -> Reader:
    """Reads a list; a lone member is a list of one. With `skips`, members that cannot be read are left out."""

    def read_list(value: Any) -> list[Any]:
        members = cast(list[Any], value) if isinstance(value, list) else [value]
        found: list[Any] = []
        for place, member in enumerate(members):
            try:
                found.append(item(member))
            except Unreadable as problem:
                if skips:
                    continue
                problem.place.append(place)
                raise
        return found

    return read_list


def word_reader(vocabulary: type[Word]) -> Reader:
    """Reads a word, in any case and with blanks around it; one the vocabulary lacks is kept as text."""
    meant = {word.casefold(): word for word in vocabulary}

    def read_word(value: Any) -> Word:
        text = read_text(value)
        return meant.get(text.strip().casefold()) or vocabulary.keep(text)

    return read_word


def read_text(value: Any) -> str:
    """A text; numbers and booleans as JSON writes them."""
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float):
        return repr(value)
    raise Unreadable(Kind.WRONG_TYPE, "is not a string")


def read_number(value: Any) -> float:
    """A number; texts that hold one."""
    if isinstance(value, int | float) and not isinstance(value, bool):
        try:
            return float(value)
        except OverflowError:
            raise Unreadable(Kind.OUT_OF_RANGE, "is too large") from None
    if isinstance(value, str):
        try:
            number = float(value)
        except ValueError:
            number = math.nan
        if math.isfinite(number):
            return number
    raise Unreadable(Kind.WRONG_TYPE, "is not a number")


def read_integer(value: Any) -> int:
    """A whole number of 64 bits; 0 and 1 for booleans, the nearest for a fraction."""
    number = int(value) if isinstance(value, int) else nearest_integer(value)
    if not -(2**63) <= number < 2**63:
        raise Unreadable(Kind.OUT_OF_RANGE, "needs more than 64 bits")
    return number


def nearest_integer(value: Any) -> int:
    """The whole number in a text, or nearest to a fraction."""
    if isinstance(value, str):
        with suppress(ValueError):
            return int(value)
    try:
        return round(read_number(value))
    except Unreadable:
        raise Unreadable(Kind.WRONG_TYPE, "is not an integer") from None


def read_boolean(value: Any) -> bool:
    """A truth; 0, 1 and their names."""
    if isinstance(value, bool):
        return value
    said = {"true": True, "1": True, "false": False, "0": False}.get(str(value).strip().lower())
    if said is None:
        raise Unreadable(Kind.WRONG_TYPE, "is not a boolean")
    return said


def read_object(value: Any) -> dict[str, Any]:
    """A free object."""
    if isinstance(value, dict):
        return cast(dict[str, Any], value)
    raise Unreadable(Kind.WRONG_TYPE, "is not an object")


def read_instant(value: Any) -> datetime:
    """An instant, aware."""
    instant = value if isinstance(value, Receipt) else parse_instant(value) if isinstance(value, str) else None
    if instant is None:
        raise Unreadable(Kind.OUT_OF_RANGE if isinstance(value, str) else Kind.WRONG_TYPE, "is not a date-time")
    return instant
