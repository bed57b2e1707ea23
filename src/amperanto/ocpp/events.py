"""What a connection tells its owner: everything the peer did, right or wrong, in order.

Frames are numbered as they arrive; `number` lets a log keep their order. `text` is the frame as it came.
"""

from typing import Any

from msgspec import Struct, structs

from amperanto.ocpp.errors import CallRefused, RemoteProtocolError
from amperanto.ocpp.shapes import Message, Notice, Request, Response
from amperanto.ocpp.validation import Violation

__all__ = [
    "CallExpired",
    "CallLost",
    "CallReceived",
    "CallUnreadable",
    "DoubledAnswer",
    "ErrorReceived",
    "Event",
    "FrameRejected",
    "LateAnswer",
    "RawCall",
    "RawResultReceived",
    "ReceivedCall",
    "ResultErrorReceived",
    "ResultReceived",
    "SendReceived",
    "UnknownAnswer",
    "UnreadableCall",
    "noted",
]


class ReceivedCall(Struct, frozen=True):
    """A request of the peer; owes an answer. `proved`: its payload is what the schema names and nothing else."""

    id: str
    action: str
    request: Message
    violations: tuple[Violation, ...]
    payload: bytes
    text: str | bytes
    number: int
    proved: bool = False


class UnreadableCall(Struct, frozen=True):
    """A request of the peer that cannot be interpreted; owes an answer all the same."""

    id: str
    action: str
    payload: bytes
    text: str | bytes
    number: int


class RawCall(Struct, frozen=True):
    """A request of ours as bytes: a JSON object of an action this version knows, not judged beyond that."""

    action: str
    payload: bytes


class CallReceived(Struct, frozen=True):
    """The peer asks."""

    call: ReceivedCall


class CallUnreadable(Struct, frozen=True):
    """The peer asks, we cannot read it, and the action is one the application wants to see even so."""

    call: UnreadableCall
    error: RemoteProtocolError


class ResultReceived(Struct, frozen=True):
    """The answer to our call."""

    id: str
    request: Request[Any]
    response: Response
    violations: tuple[Violation, ...]
    text: str | bytes
    number: int


class RawResultReceived(Struct, frozen=True):
    """The answer to our raw call: JSON, as it came and not judged."""

    id: str
    request: RawCall
    payload: bytes
    text: str | bytes
    number: int


class ErrorReceived(Struct, frozen=True):
    """Our call was refused; `is_local` when the peer answered and we could not read the answer."""

    id: str
    request: Request[Any] | RawCall
    error: CallRefused
    is_local: bool
    text: str | bytes
    number: int


class CallExpired(Struct, frozen=True):
    """Our call had no answer in time; `was_sent` is False when it never left the queue."""

    id: str
    request: Request[Any] | RawCall
    was_sent: bool


class CallLost(Struct, frozen=True):
    """The connection ended before our call was answered."""

    id: str
    request: Request[Any] | RawCall
    was_sent: bool


class SendReceived(Struct, frozen=True):
    """2.1: a message that wants no answer."""

    id: str
    notice: Notice
    violations: tuple[Violation, ...]
    text: str | bytes
    number: int


class ResultErrorReceived(Struct, frozen=True):
    """2.1: the peer could not process our answer to its call of this id."""

    id: str
    error: CallRefused
    text: str | bytes
    number: int


class LateAnswer(Struct, frozen=True):
    """An answer after its call had expired or was cancelled; ignored."""

    id: str
    text: str | bytes
    number: int


class DoubledAnswer(Struct, frozen=True):
    """A second answer to one call; ignored."""

    id: str
    text: str | bytes
    number: int


class UnknownAnswer(Struct, frozen=True):
    """An answer to nothing we asked; ignored."""

    id: str
    text: str | bytes
    number: int


class FrameRejected(Struct, frozen=True):
    """A frame that is none, or a request we refused at once; `answered` when the peer was told."""

    text: str | bytes
    error: RemoteProtocolError
    answered: bool
    number: int
    action: str | None = None


Event = (
    CallReceived
    | CallUnreadable
    | ResultReceived
    | RawResultReceived
    | ErrorReceived
    | CallExpired
    | CallLost
    | SendReceived
    | ResultErrorReceived
    | LateAnswer
    | DoubledAnswer
    | UnknownAnswer
    | FrameRejected
)


def noted(event: Event, violation: Violation) -> Event:
    """The event with one more violation in it, where it tells any."""
    match event:
        case CallReceived(call=call):
            return CallReceived(structs.replace(call, violations=(violation, *call.violations)))
        case ResultReceived() | SendReceived():
            return structs.replace(event, violations=(violation, *event.violations))
        case _:
            return event
