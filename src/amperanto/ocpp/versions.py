"""The versions of OCPP spoken here.

One table, newest first. A version belongs to a connection (its negotiated subprotocol), never to a station;
nothing outside this table compares versions by text.
"""

from enum import StrEnum

__all__ = ["NEWEST_FIRST", "Version", "by_subprotocol"]


class Version(StrEnum):
    """A version of OCPP; its value is how the standard writes it."""

    V16 = "1.6"
    V201 = "2.0.1"
    V21 = "2.1"

    @property
    def subprotocol(self) -> str:
        """The WebSocket subprotocol that negotiates it."""
        return f"ocpp{self.value}"

    @property
    def family(self) -> str:
        """The package that holds its types: "v16" or "v2"."""
        return "v16" if self is Version.V16 else "v2"

    @property
    def has_notices(self) -> bool:
        """Whether SEND (6) and CALLRESULTERROR (5) exist."""
        return self is Version.V21

    @property
    def answers_the_unreadable(self) -> bool:
        """Whether a CALL whose id cannot be read is answered, with the id "-1"."""
        return self is not Version.V16

    @classmethod
    def parse(cls, text: str) -> "Version":
        """The version written as "2.0.1" or "ocpp2.0.1". Raises ValueError."""
        return cls(text.strip().lower().removeprefix("ocpp"))


NEWEST_FIRST: tuple[Version, ...] = (Version.V21, Version.V201, Version.V16)


def by_subprotocol(name: str) -> Version | None:
    """The version a subprotocol stands for, if it is one of ours."""
    return next((version for version in NEWEST_FIRST if version.subprotocol == name), None)
