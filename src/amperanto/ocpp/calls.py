"""The life of one of our calls: queued, open, and one of four ends; the table says all of it."""

from dataclasses import dataclass
from enum import StrEnum, auto
from typing import Any

from amperanto.ocpp.events import RawCall
from amperanto.ocpp.shapes import Request

__all__ = ["TRANSITIONS", "Happening", "Pending", "State"]


class State(StrEnum):
    """Where one of our calls is."""

    QUEUED = auto()
    OPEN = auto()
    ANSWERED = auto()
    EXPIRED = auto()
    CANCELLED = auto()
    LOST = auto()


class Happening(StrEnum):
    """What befalls one of our calls."""

    SENT = auto()
    ANSWER = auto()
    DEADLINE = auto()
    CANCEL = auto()
    CLOSE = auto()


# The whole life of one of our calls. An answer in a final state leaves the state and is only an event.
TRANSITIONS: dict[tuple[State, Happening], State] = {
    (State.QUEUED, Happening.SENT): State.OPEN,
    (State.QUEUED, Happening.DEADLINE): State.EXPIRED,
    (State.QUEUED, Happening.CANCEL): State.CANCELLED,
    (State.QUEUED, Happening.CLOSE): State.LOST,
    (State.OPEN, Happening.ANSWER): State.ANSWERED,
    (State.OPEN, Happening.DEADLINE): State.EXPIRED,
    (State.OPEN, Happening.CANCEL): State.CANCELLED,
    (State.OPEN, Happening.CLOSE): State.LOST,
    (State.ANSWERED, Happening.ANSWER): State.ANSWERED,
    (State.EXPIRED, Happening.ANSWER): State.EXPIRED,
    (State.CANCELLED, Happening.ANSWER): State.CANCELLED,
}


@dataclass(slots=True, eq=False)
class Pending:
    """One of our calls."""

    id: str
    request: Request[Any] | RawCall
    text: str
    deadline: float
    state: State = State.QUEUED

    def move(self, happening: Happening) -> None:
        """Follows the table."""
        self.state = TRANSITIONS[self.state, happening]
