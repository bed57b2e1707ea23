"""Exact reading of JSON text: nothing lost, nothing doubled, nothing too deep.

JSON parsers usually keep the last of two equal keys, read invented numbers (NaN) and follow any depth. A
party that audits what it heard cannot: two readers would disagree about one message. So text that is not
UTF-8, doubles a key in one object, nests deeper than 64, or holds a number or character that has no meaning
is `Malformed`, in every mode. RFC 8259; OCPP-J asks for UTF-8.
"""

import json
import math
import re
from typing import Any

from amperanto.ocpp.errors import Malformed

__all__ = ["DEEPEST", "is_too_deep", "parse"]

DEEPEST = 64
TEXT = re.compile(rb'"[^"\\]*(?:\\.[^"\\]*)*"', re.DOTALL)
BRACKETS = bytes.maketrans(b"{}", b"[]")
NOT_BRACKETS = bytes(set(range(256)) - set(b"[]{}"))
SURROGATE = re.compile("[\ud800-\udfff]")


def parse(text: bytes) -> Any:
    """The value in a JSON text. Raises Malformed."""
    if is_too_deep(text):
        raise Malformed(f"nested deeper than {DEEPEST}")
    try:
        value = json.loads(
            text.decode("utf-8"), object_pairs_hook=unique, parse_constant=refuse_constant, parse_float=finite
        )
    except UnicodeDecodeError:
        raise Malformed("not UTF-8") from None
    except (ValueError, RecursionError):  # also integers of thousands of digits
        raise Malformed("not JSON") from None
    if rb"\u" in text and holds_surrogate(value):
        raise Malformed("half of a character")
    return value


def is_too_deep(text: bytes) -> bool:
    """Whether brackets outside strings nest deeper than 64."""
    if text.count(b"{") + text.count(b"[") <= DEEPEST:
        return False
    brackets = TEXT.sub(b"", text).translate(BRACKETS, NOT_BRACKETS)
    for _ in range(DEEPEST):  # each pass takes off the innermost level
        if b"[]" not in brackets:
            break
        brackets = brackets.replace(b"[]", b"")
    return b"[" in brackets


def unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """An object; its keys must differ."""
    found = dict(pairs)
    if len(found) != len(pairs):
        raise Malformed("a key twice in one object")
    return found


def refuse_constant(name: str) -> Any:
    """NaN and infinities are no JSON."""
    raise Malformed("a number that is none")


def finite(text: str) -> float:
    """A number that a double can hold."""
    number = float(text)
    if math.isinf(number):
        raise Malformed("a number out of range")
    return number


def holds_surrogate(value: Any) -> bool:
    """Whether any text inside has half of a character, which no UTF-8 can carry on."""
    return SURROGATE.search(json.dumps(value, ensure_ascii=False)) is not None
