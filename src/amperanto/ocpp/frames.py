"""The five frames of OCPP-J: JSON arrays whose first member is a number.

A frame is read with its payload left as bytes, so that the id survives a bad payload; the codec reads
payloads. What cannot be a frame raises `Unframed`, which carries whatever could still be made out
(the type number, the id), because the standard answers a broken CALL when its id can be read.
Message ids: up to 36 characters are legal, up to 255 are read (the connection notes them), longer are not.
OCPP-J 1.6 §4.2; OCPP 2.1 part 4 §4.2.
"""

import re
from contextlib import suppress
from typing import Any, cast

import msgspec
from msgspec import Struct

from amperanto.ocpp.errors import FrameBroken, Malformed, RemoteProtocolError
from amperanto.ocpp.exact import DEEPEST, is_too_deep, parse

__all__ = [
    "CALL",
    "CALLERROR",
    "CALLRESULT",
    "CALLRESULTERROR",
    "LEGAL_ID",
    "LONGEST_ID",
    "SEND",
    "UNREADABLE_ID",
    "Call",
    "CallError",
    "CallResult",
    "CallResultError",
    "Frame",
    "Send",
    "Unframed",
    "decode",
    "encode",
    "is_amended",
    "verify",
]

CALL, CALLRESULT, CALLERROR, CALLRESULTERROR, SEND = 2, 3, 4, 5, 6
LEGAL_ID = 36
LONGEST_ID = 255
UNREADABLE_ID = "-1"
TELLING = 8  # characters an id needs to be known within a longer one


class Call(Struct, frozen=True):
    """A request."""

    id: str
    action: str
    payload: bytes


class CallResult(Struct, frozen=True):
    """The answer to the CALL of the same id."""

    id: str
    payload: bytes


class CallError(Struct, frozen=True):
    """The refusal of the CALL of the same id; `code` as written."""

    id: str
    code: str
    description: str
    details: Any


class CallResultError(Struct, frozen=True):
    """2.1: the CALLRESULT of the same id could not be processed."""

    id: str
    code: str
    description: str
    details: Any


class Send(Struct, frozen=True):
    """2.1: a message nobody answers."""

    id: str
    action: str
    payload: bytes


Frame = Call | CallResult | CallError | CallResultError | Send


class Unframed(Exception):
    """Not a frame. `number`, `id` and `action` are what could be made out, else None; `rest` came after them."""

    def __init__(
        self,
        error: RemoteProtocolError,
        *,
        number: int | None = None,
        message_id: str | None = None,
        action: str | None = None,
        rest: bytes = b"",
    ) -> None:
        super().__init__(error.description)
        self.error = error
        self.number = number
        self.id = message_id
        self.action = action
        self.rest = rest


ENCODER = msgspec.json.Encoder()
# The usual frames: compact, an id and an action without escapes, an object for a payload.
QUESTION = re.compile(r'\[2,"([^"\\\x00-\x1f]{1,255})","(\w{1,50})",(\{.*\})\]', re.DOTALL | re.ASCII)
ANSWER = re.compile(r'\[3,"([^"\\\x00-\x1f]{1,255})",(\{.*\})\]', re.DOTALL | re.ASCII)
MEMBERS = msgspec.json.Decoder(list[msgspec.Raw])
INTEGER = msgspec.json.Decoder(int)
TEXT = msgspec.json.Decoder(str)
UNDECODABLE = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)

# The start of a frame whose end is broken: type number, id and action.
START = re.compile(rb'\s*\[\s*(\d{1,3})\s*(?:,\s*"([^"\\\x00-\x1f]{0,255})"\s*(?:,\s*"(\w{1,50})"\s*,|[,\]]))?')


def encode(frame: Frame) -> str:
    """The text of a frame; compact JSON."""
    match frame:
        case CallResult():  # the most frequent first; captures would cost more than the encoding
            members = (CALLRESULT, frame.id, msgspec.Raw(frame.payload))
        case Call():
            members = (CALL, frame.id, frame.action, msgspec.Raw(frame.payload))
        case CallError():
            members = (CALLERROR, frame.id, frame.code, frame.description, frame.details)
        case CallResultError():
            members = (CALLRESULTERROR, frame.id, frame.code, frame.description, frame.details)
        case Send():
            members = (SEND, frame.id, frame.action, msgspec.Raw(frame.payload))
    return ENCODER.encode(members).decode()


def decode(text: str | bytes) -> Frame:
    """The frame in a text. Raises Unframed.

    A usual frame is cut, not parsed: its payload begins and ends like an object, and whoever reads it proves
    that it is one (`verify` tells an unreadable payload from a text that never was a frame).
    """
    try:
        if isinstance(text, bytes):
            text = text.decode()
        elif not text.isascii():
            text.encode()
    except UnicodeError:
        raise Unframed(FrameBroken("not UTF-8")) from None
    match = QUESTION.fullmatch(text)
    if match is not None:
        return Call(match[1], match[2], match[3].encode())
    match = ANSWER.fullmatch(text)
    if match is not None:
        return CallResult(match[1], match[2].encode())
    return decode_members(text.encode())


def is_amended(answered: str, asked: str) -> bool:
    """Whether an id is another one with something before or after it, as some stations answer."""
    return len(asked) >= TELLING and asked in answered


def verify(text: str | bytes) -> None:
    """Raises Unframed when the text is no frame at all, whatever `decode` cut out of it."""
    decode_members(text.encode() if isinstance(text, str) else text)


def decode_members(data: bytes) -> Frame:
    """The frame in a text, member by member; says as exactly as it can what is wrong. Raises Unframed."""
    try:
        members = [bytes(member) for member in MEMBERS.decode(data)]
    except UNDECODABLE:
        raise salvaged(data) from None
    number = decoded(INTEGER, members[0]) if members else None
    if number is None:
        raise Unframed(FrameBroken("the first member is not a number"))
    message_id = decoded(TEXT, members[1]) if len(members) > 1 else None
    if number not in (CALL, CALLRESULT, CALLERROR, CALLRESULTERROR, SEND):
        raise Unframed(FrameBroken("unknown message type"), number=number, message_id=message_id)
    if message_id is None:
        raise Unframed(FrameBroken("the message id is not a string"), number=number)
    return frame_of(number, checked(message_id, number), members[2:])


def frame_of(number: int, message_id: str, rest: list[bytes]) -> Frame:
    """The frame of a known type. Raises Unframed."""
    if number in (CALL, SEND):
        action = decoded(TEXT, rest[0]) if rest else None
        if len(rest) != 2 or action is None:
            problem = FrameBroken("not [type, id, action, payload]")
            raise Unframed(problem, number=number, message_id=message_id, action=action, rest=b",".join(rest[1:]))
        return Call(message_id, action, rest[1]) if number == CALL else Send(message_id, action, rest[1])
    if number == CALLRESULT:
        if len(rest) != 1:
            raise Unframed(FrameBroken("not [3, id, payload]"), number=number, message_id=message_id)
        return CallResult(message_id, rest[0])
    if not 1 <= len(rest) <= 3:  # stations leave out description and details
        raise Unframed(FrameBroken("not [type, id, code, description, details]"), number=number, message_id=message_id)
    code = decoded(TEXT, rest[0]) or ""
    description = (decoded(TEXT, rest[1]) if len(rest) > 1 else None) or ""
    details: Any = {}
    if len(rest) > 2:
        with suppress(Malformed):
            details = parse(rest[2])  # any JSON: some write a string
    return (CallError if number == CALLERROR else CallResultError)(message_id, code, description, details)


def decoded(decoder: Any, member: bytes) -> Any:
    """A member of the wanted type, None when it is another."""
    try:
        return decoder.decode(member)
    except UNDECODABLE:
        return None


def checked(message_id: str, number: int) -> str:
    """An id that can be answered. Raises Unframed."""
    if len(message_id) > LONGEST_ID:
        raise Unframed(FrameBroken(f"message id longer than {LONGEST_ID} characters"), number=number)
    return message_id


def salvaged(data: bytes) -> Unframed:
    """What can still be read of a text that is no JSON array."""
    match = START.match(data)
    if match is None:
        return Unframed(FrameBroken("not a JSON array"))
    message_id = None if match[2] is None else cast(bytes, match[2]).decode("utf-8", "replace")
    too_deep = message_id is not None and is_too_deep(data)
    error = Malformed(f"nested deeper than {DEEPEST}") if too_deep else FrameBroken("not JSON")
    action, rest = (None, b"") if match[3] is None else (cast(bytes, match[3]).decode(), data[match.end() :])
    return Unframed(error, number=int(match[1]), message_id=message_id, action=action, rest=rest)
