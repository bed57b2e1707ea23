"""What can go wrong between two OCPP parties, and the RPC error code of each.

    OcppError
    ├── LocalProtocolError        we tried to say something illegal: a bug of ours, loud
    ├── RemoteProtocolError       the peer said something illegal; carries the code to answer with
    │     ├── FrameBroken         no JSON, no array, not the members a frame has
    │     ├── Malformed           payload is no JSON, doubles a key, nests too deep, has a field too many
    │     ├── WrongType           a value of another JSON type
    │     ├── OutOfRange          right type, forbidden value: vocabulary, limit, length, format
    │     ├── Missing             a required field is absent
    │     ├── TooMany             a list too long or too short
    │     ├── UnknownAction · NotImplementedHere · NotSupportedHere
    │     ├── NotAllowedNow       a question of security, or of not having been accepted yet
    │     ├── Incomplete          not conform to the exchange in a way no other code says
    │     └── HandlerFailed       our own fault while processing
    ├── CallRefused               the peer answered CALLERROR
    └── CallTimedOut              the peer did not answer in time

A code is neutral here (`Code`); `SPELLING` says how each version writes it, `read_code` accepts every
spelling of every version, and the wild ones as GenericError.
"""

from enum import StrEnum
from typing import Any, ClassVar

from amperanto.ocpp.versions import Version

__all__ = [
    "CallRefused",
    "CallTimedOut",
    "Code",
    "FrameBroken",
    "HandlerFailed",
    "Incomplete",
    "LocalProtocolError",
    "Malformed",
    "Missing",
    "NotAllowedNow",
    "NotImplementedHere",
    "NotSupportedHere",
    "OcppError",
    "OutOfRange",
    "RemoteProtocolError",
    "TooMany",
    "UnknownAction",
    "WrongType",
    "read_code",
    "spell",
]


class Code(StrEnum):
    """What an RPC error means, in 2.1's spelling."""

    NOT_IMPLEMENTED = "NotImplemented"
    NOT_SUPPORTED = "NotSupported"
    INTERNAL_ERROR = "InternalError"
    PROTOCOL_ERROR = "ProtocolError"
    SECURITY_ERROR = "SecurityError"
    FORMAT_VIOLATION = "FormatViolation"
    PROPERTY_CONSTRAINT_VIOLATION = "PropertyConstraintViolation"
    OCCURRENCE_CONSTRAINT_VIOLATION = "OccurrenceConstraintViolation"
    TYPE_CONSTRAINT_VIOLATION = "TypeConstraintViolation"
    GENERIC_ERROR = "GenericError"
    MESSAGE_TYPE_NOT_SUPPORTED = "MessageTypeNotSupported"
    RPC_FRAMEWORK_ERROR = "RpcFrameworkError"


# Where a version writes a code differently. The two typing errors of 1.6 are its official spelling (the
# errata keep them). 1.6 has no code for a broken frame: the nearest it has is its syntax error. It ignores
# unknown message types, so that code is never sent there.
SPELLING: dict[Version, dict[Code, str]] = {
    Version.V16: {
        Code.FORMAT_VIOLATION: "FormationViolation",
        Code.OCCURRENCE_CONSTRAINT_VIOLATION: "OccurenceConstraintViolation",
        Code.RPC_FRAMEWORK_ERROR: "FormationViolation",
        Code.MESSAGE_TYPE_NOT_SUPPORTED: "GenericError",
    },
    Version.V201: {},
    Version.V21: {},
}

READ: dict[str, Code] = {code.value: code for code in Code} | {
    "FormationViolation": Code.FORMAT_VIOLATION,
    "OccurenceConstraintViolation": Code.OCCURRENCE_CONSTRAINT_VIOLATION,
}


def spell(code: Code, version: Version) -> str:
    """How a version writes a code."""
    return SPELLING[version].get(code, code.value)


def read_code(text: str) -> Code:
    """The code a peer wrote, in any version's spelling; GenericError when nobody's."""
    return READ.get(text, Code.GENERIC_ERROR)


class OcppError(Exception):
    """The root of this room."""


class LocalProtocolError(OcppError):
    """We tried to say something illegal."""


class RemoteProtocolError(OcppError):
    """The peer said something illegal; `code` is what to answer.

    The description travels to the peer: it names fields and limits, never values.
    """

    code: ClassVar[Code] = Code.GENERIC_ERROR

    def __init__(self, description: str = "", *, details: dict[str, Any] | None = None) -> None:
        super().__init__(description)
        self.description = description
        self.details: dict[str, Any] = details or {}

    def spelled(self, version: Version) -> str:
        """The code as this version writes it."""
        return spell(self.code, version)


class FrameBroken(RemoteProtocolError):
    """Not a frame: no JSON, no array, or not the members a frame has."""

    code = Code.RPC_FRAMEWORK_ERROR


class Malformed(RemoteProtocolError):
    """The payload is syntactically wrong: no JSON, a key twice, too deep, or a field nobody knows."""

    code = Code.FORMAT_VIOLATION


class WrongType(RemoteProtocolError):
    """A value of another JSON type."""

    code = Code.TYPE_CONSTRAINT_VIOLATION


class OutOfRange(RemoteProtocolError):
    """The right type with a value the standard forbids."""

    code = Code.PROPERTY_CONSTRAINT_VIOLATION


class Missing(RemoteProtocolError):
    """A required field is absent: it occurs less often than it must."""

    code = Code.OCCURRENCE_CONSTRAINT_VIOLATION


class TooMany(RemoteProtocolError):
    """A list with more (or fewer) members than allowed."""

    code = Code.OCCURRENCE_CONSTRAINT_VIOLATION


class UnknownAction(RemoteProtocolError):
    """This version has no such action."""

    code = Code.NOT_IMPLEMENTED


class NotImplementedHere(RemoteProtocolError):
    """The action exists, and nobody here handles it."""

    code = Code.NOT_IMPLEMENTED


class NotSupportedHere(RemoteProtocolError):
    """The action is known here, and switched off or beside the point."""

    code = Code.NOT_SUPPORTED


class NotAllowedNow(RemoteProtocolError):
    """A matter of security, or of not having been accepted yet (B01.FR.10)."""

    code = Code.SECURITY_ERROR


class Incomplete(RemoteProtocolError):
    """Not conform to what the exchange asks, in a way no other code says."""

    code = Code.PROTOCOL_ERROR


class HandlerFailed(RemoteProtocolError):
    """We failed while processing; not the peer's fault, but the peer must hear something."""

    code = Code.INTERNAL_ERROR


class CallRefused(OcppError):
    """The peer answered a call with CALLERROR. `written` is the code as it wrote it."""

    def __init__(self, code: Code, description: str = "", details: Any = None, *, written: str = "") -> None:
        super().__init__(f"{written or code.value}: {description}" if description else written or code.value)
        self.code = code
        self.description = description
        self.details: Any = {} if details is None else details
        self.written = written or code.value


class CallTimedOut(OcppError):
    """The peer did not answer in time."""
