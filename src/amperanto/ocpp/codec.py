"""Payload bytes to typed message and back, for one version.

Every payload in and out is valid in the negotiated version, or its violations are known. Parsing twice (once
to type it, once to find doubled keys) would cost as much again, so the fast path proves instead:

  msgspec decodes into the class, which refuses unknown fields, wrong types, limits and vocabularies. Of two
  equal keys it keeps the last, silently. But a field is set only if a member of the text said so: a text has
  at least as many members as the message has fields set, and more if one was dropped. proof.py tells the
  number of fields set, in all records, if the version allows what they hold. The text has at most as many
  members as it has `":`, if no colon stands apart from its key: each key ends so (and a text that begins with
  a colon does; it spoils the proof, never the verdict). Equal numbers prove that nothing was dropped. Only
  fields of known depth are counted, so depth is proved too. msgspec reads instants a little more freely than
  RFC 3339; proof.py demands offset zero, and two searches find its wrong spellings.

What the proof does not cover (customData, escapes, violations) takes the slow path: exact parsing, the
published schema, tolerant reading. In STRICT mode any violation raises; TOLERANT returns it beside the
message; SILENT forgets it. Doubled keys, over-deep and non-UTF-8 text raise in every mode.
"""

import re
from collections.abc import Callable
from datetime import datetime
from enum import StrEnum
from functools import cache
from typing import Any, Generic, Literal, Protocol, TypeVar, cast

import msgspec

from amperanto.ocpp.catalogue import exchange, speaks
from amperanto.ocpp.errors import LocalProtocolError, UnknownAction
from amperanto.ocpp.exact import parse
from amperanto.ocpp.proof import compile_proof
from amperanto.ocpp.shapes import Message, Request, Response
from amperanto.ocpp.tolerance import Unreadable, read
from amperanto.ocpp.validation import Violation, error_for, violations, worst
from amperanto.ocpp.versions import Version
from amperanto.ocpp.writing import Finish, compile_finish

__all__ = ["Amend", "Codec", "Decoded", "Direction", "Mode"]

Answer = TypeVar("Answer", bound=Response)
Kept = TypeVar("Kept", bound=Message, covariant=True)
Direction = Literal["incoming", "outgoing"]

BACKSLASH, SPACE, TAB, LINE_FEED, RETURN, PLUS = b"\\ \t\n\r+"
SPACED_INSTANT = re.compile(rb"-\d\d ")
ODD_OFFSET = b'-0000"'  # the one without PLUS that msgspec takes for zero
ODD_INSTANT = re.compile(rb'"\d{4}-\d\d-\d\d[^"]*[+-]\d\d(?:\d\d)?"')
ENCODER = msgspec.json.Encoder()
EMPTY = b"{}"  # most answers to reports
UNDECODABLE = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)


class Mode(StrEnum):
    """What to do with a payload that breaks the standard and can be understood."""

    STRICT = "strict"
    TOLERANT = "tolerant"
    SILENT = "silent"


class Amend(Protocol):
    """A vendor's quirk: changes the JSON tree of some messages, after hearing or before saying them."""

    def applies_to(self, kind: type[Message], direction: Direction, /) -> bool:
        """Whether messages of this class are to be amended; others keep the fast path."""
        ...

    def __call__(self, kind: type[Message], direction: Direction, payload: dict[str, Any], /) -> dict[str, Any]:
        """The payload as it should have been; may be the same object, changed."""
        ...


class Decoded(msgspec.Struct, Generic[Kept], frozen=True):
    """A typed message and what was wrong with its payload (nothing, when STRICT or SILENT).

    `proved`: the payload holds the message's own fields and nothing else: no custom data, no escapes.
    """

    message: Kept
    violations: tuple[Violation, ...] = ()
    proved: bool = False


class Plan(msgspec.Struct, frozen=True):
    """What is compiled once for a class in a version."""

    decode_surely: Callable[[bytes], Message | None]
    is_surely_valid: Callable[[bytes], bool]
    finish: Finish | None
    is_spoken: bool
    may_be_empty: bool


@cache
def plan_for(version: Version, kind: type[Message]) -> Plan:
    """The plan of a class."""
    finish, spoken = compile_finish(version, kind), speaks(version, kind)
    check = compile_check(version, kind)
    return Plan(compile_reader(version, kind), check, finish, spoken, check(EMPTY))


def compile_reader(version: Version, kind: type[Message]) -> Callable[[bytes], Message | None]:
    """The fast path of a class: the message when its payload is proved valid, else None."""
    decode, proof = msgspec.json.Decoder(kind).decode, compile_proof(version, kind)

    def decode_surely(payload: bytes) -> Message | None:
        if BACKSLASH in payload:
            return None
        if SPACE in payload and (b" :" in payload or SPACED_INSTANT.search(payload)):
            return None
        if (LINE_FEED in payload and b"\n:" in payload) or (TAB in payload and b"\t:" in payload):
            return None
        if RETURN in payload and b"\r:" in payload:
            return None
        if (PLUS in payload or payload.rfind(ODD_OFFSET) >= 0) and ODD_INSTANT.search(payload):
            return None
        try:
            message = decode(payload)
        except UNDECODABLE:
            return None
        return message if proof(message) == payload.count(b'":') else None

    return decode_surely


def compile_check(version: Version, kind: type[Message]) -> Callable[[bytes], bool]:
    """Whether a payload we wrote is proved valid; we write no instant oddly, and no space before a colon."""
    decode, proof = msgspec.json.Decoder(kind).decode, compile_proof(version, kind)

    def is_surely_valid(payload: bytes) -> bool:
        try:
            message = decode(payload)
        except UNDECODABLE:
            return False
        return proof(message) == payload.count(b'":')

    return is_surely_valid


class Codec:
    """Reads and writes the payloads of one version."""

    def __init__(
        self,
        version: Version,
        mode: Mode = Mode.TOLERANT,
        amend: Amend | None = None,
        *,
        wall: Callable[[], datetime] | None = None,
    ) -> None:
        """`wall` is the clock (aware): some moments a station cannot tell are the moment of receipt."""
        self.version = version
        self.mode = mode
        self.amend = amend
        self.wall = wall

    def decode_request(self, action: str, payload: bytes) -> Decoded[Message]:
        """The request (or notice) in a payload. Raises RemoteProtocolError."""
        row = exchange(self.version, action)
        if row is None:
            raise UnknownAction(f"no such action in OCPP {self.version}")
        return self.decode(row.request, payload)

    def decode_response(self, request: type[Request[Answer]], payload: bytes) -> Decoded[Answer]:
        """The answer to a request of this class. Raises RemoteProtocolError."""
        row = exchange(self.version, request.action)
        if row is None or row.response is None:
            raise LocalProtocolError(f"{request.__name__} has no answer in OCPP {self.version}")
        return cast(Decoded[Answer], self.decode(row.response, payload))

    def decode(self, kind: type[Message], payload: bytes) -> Decoded[Message]:
        """The message of a known class in a payload. Raises RemoteProtocolError."""
        if self.amend is None or not self.amend.applies_to(kind, "incoming"):
            message = plan_for(self.version, kind).decode_surely(payload)
            if message is not None:
                return Decoded(message, (), True)
        return self.decode_carefully(kind, payload)

    def decode_carefully(self, kind: type[Message], payload: bytes) -> Decoded[Message]:
        """The slow path: exact, amended, judged by the schema, read with tolerance."""
        tree = self.amended(kind, parse(payload))
        found = violations(self.version, kind.__name__, tree)
        if found and self.mode is Mode.STRICT:
            raise error_for(worst(found))
        try:
            message = read(kind, tree, self.wall)
        except Unreadable as problem:
            raise error_for(problem.violation()) from None
        return Decoded(message, () if self.mode is Mode.SILENT else found)

    def amended(self, kind: type[Message], tree: Any) -> Any:
        """What the vendor's quirk makes of a payload."""
        if self.amend is None or not isinstance(tree, dict) or not self.amend.applies_to(kind, "incoming"):
            return cast(object, tree)
        return self.amend(kind, "incoming", cast(dict[str, Any], tree))

    def encode(self, message: Message) -> bytes:
        """The payload of a message. Raises LocalProtocolError for what this version cannot say."""
        kind = type(message)
        try:
            plan = plan_for(self.version, kind)
        except TypeError as error:
            raise LocalProtocolError(f"{kind.__name__} is no message") from error
        if not plan.is_spoken:
            raise LocalProtocolError(f"OCPP {self.version} has no {kind.__name__}")
        try:
            payload = ENCODER.encode(message if plan.finish is None else plan.finish(message))
        except (TypeError, ValueError, RecursionError) as error:
            raise LocalProtocolError(f"{kind.__name__} cannot be written: {error}") from error
        if not (plan.may_be_empty and payload == EMPTY) and not plan.is_surely_valid(payload):
            self.refuse_invalid(kind, payload)
        if self.amend is not None and self.amend.applies_to(kind, "outgoing"):
            payload = ENCODER.encode(self.amend(kind, "outgoing", msgspec.json.decode(payload)))
        return payload

    def refuse_invalid(self, kind: type[Message], payload: bytes) -> None:
        """Raises LocalProtocolError when the payload we are about to send is not valid."""
        found = violations(self.version, kind.__name__, parse(payload))
        if found:
            first = worst(found)
            raise LocalProtocolError(f"{kind.__name__}{first.path}: {first.detail} (OCPP {self.version})")
