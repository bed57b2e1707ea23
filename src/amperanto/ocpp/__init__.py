"""The Open Charge Point Protocol, without input or output: versions 1.6, 2.0.1 and 2.1.

    connection = Connection(Role.CSMS, Codec(Version.V16), ids=uuid4)
    for event in connection.receive(text, now): ...
    for text in connection.texts_to_send(): ...

The messages themselves are in `amperanto.ocpp.v16` and `amperanto.ocpp.v2`. Nothing here opens a socket,
reads a clock or imports asyncio.
"""

from amperanto.ocpp.codec import Amend, Codec, Decoded, Direction, Mode
from amperanto.ocpp.connection import Connection, Role
from amperanto.ocpp.errors import (
    CallRefused,
    CallTimedOut,
    Code,
    FrameBroken,
    HandlerFailed,
    Incomplete,
    LocalProtocolError,
    Malformed,
    Missing,
    NotAllowedNow,
    NotImplementedHere,
    NotSupportedHere,
    OcppError,
    OutOfRange,
    RemoteProtocolError,
    TooMany,
    UnknownAction,
    WrongType,
)
from amperanto.ocpp.events import (
    CallExpired,
    CallLost,
    CallReceived,
    CallUnreadable,
    DoubledAnswer,
    ErrorReceived,
    Event,
    FrameRejected,
    LateAnswer,
    ReceivedCall,
    ResultErrorReceived,
    ResultReceived,
    SendReceived,
    UnknownAnswer,
    UnreadableCall,
)
from amperanto.ocpp.shapes import Message, Notice, Request, Response
from amperanto.ocpp.validation import Kind, Violation
from amperanto.ocpp.versions import NEWEST_FIRST, Version, by_subprotocol

__all__ = [
    "NEWEST_FIRST",
    "Amend",
    "CallExpired",
    "CallLost",
    "CallReceived",
    "CallRefused",
    "CallTimedOut",
    "CallUnreadable",
    "Code",
    "Codec",
    "Connection",
    "Decoded",
    "Direction",
    "DoubledAnswer",
    "ErrorReceived",
    "Event",
    "FrameBroken",
    "FrameRejected",
    "HandlerFailed",
    "Incomplete",
    "Kind",
    "LateAnswer",
    "LocalProtocolError",
    "Malformed",
    "Message",
    "Missing",
    "Mode",
    "NotAllowedNow",
    "NotImplementedHere",
    "NotSupportedHere",
    "Notice",
    "OcppError",
    "OutOfRange",
    "ReceivedCall",
    "RemoteProtocolError",
    "Request",
    "Response",
    "ResultErrorReceived",
    "ResultReceived",
    "Role",
    "SendReceived",
    "TooMany",
    "UnknownAction",
    "UnknownAnswer",
    "UnreadableCall",
    "Version",
    "Violation",
    "WrongType",
    "by_subprotocol",
]
