"""Which messages exist: version and action to request, response, sender and block.

The rows are generated beside the types (`EXCHANGES` of each family); this module only arranges them.
Actions are case sensitive, as OCPP-J asks. `Exchange.since` is the oldest version that has the action.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal, cast

from amperanto.ocpp.shapes import Message, Notice, Response
from amperanto.ocpp.v2.messages import EXCHANGES as EXCHANGES_V2
from amperanto.ocpp.v16.messages import EXCHANGES as EXCHANGES_V16
from amperanto.ocpp.versions import NEWEST_FIRST, Version

__all__ = [
    "Exchange",
    "Sender",
    "action_of",
    "actions",
    "exchange",
    "exchanges",
    "find",
    "speaks",
    "versions_of",
]

Sender = Literal["station", "csms", "both"]


@dataclass(frozen=True, slots=True)
class Exchange:
    """One request of one version and what answers it (None: a SEND, never answered)."""

    version: Version
    action: str
    request: type[Message]
    response: type[Response] | None
    sender: Sender
    block: str
    since: Version

    @property
    def is_notice(self) -> bool:
        """Whether it travels as SEND."""
        return issubclass(self.request, Notice)


Rows = Iterable[tuple[type[Message], type[Response] | None, str, str, bool]]


def arrange(version: Version, rows: Rows, oldest: Version) -> dict[str, Exchange]:
    """The rows that one version has, by action."""
    found: dict[str, Exchange] = {}
    for request, response, sender, block, new in rows:
        if new and version is not Version.V21:
            continue
        since = Version.V21 if new else oldest
        side = cast(Sender, sender)
        found[request.action] = Exchange(version, request.action, request, response, side, block, since)
    return found


CATALOGUE: dict[Version, dict[str, Exchange]] = {
    Version.V16: arrange(Version.V16, EXCHANGES_V16, Version.V16),
    Version.V201: arrange(Version.V201, EXCHANGES_V2, Version.V201),
    Version.V21: arrange(Version.V21, EXCHANGES_V2, Version.V201),
}

SPOKEN: dict[type[Message], frozenset[Version]] = {}
for _version, _rows in CATALOGUE.items():
    for _row in _rows.values():
        for _type in (_row.request, _row.response):
            if _type is not None:
                SPOKEN[_type] = SPOKEN.get(_type, frozenset()) | {_version}


def exchange(version: Version, action: str) -> Exchange | None:
    """The exchange of this action, None when the version does not have it."""
    return CATALOGUE[version].get(action)


def exchanges(version: Version) -> tuple[Exchange, ...]:
    """Every exchange of a version, block by block."""
    return tuple(CATALOGUE[version].values())


def actions(version: Version) -> tuple[str, ...]:
    """Every action of a version, block by block."""
    return tuple(CATALOGUE[version])


def find(action: str) -> Exchange | None:
    """The exchange of this action in the newest version that has it."""
    return next((CATALOGUE[v][action] for v in NEWEST_FIRST if action in CATALOGUE[v]), None)


def action_of(kind: type[Message] | Message) -> str:
    """The action of a message or of its class."""
    return kind.action


def speaks(version: Version, kind: type[Message]) -> bool:
    """Whether a version has this message."""
    return version in SPOKEN.get(kind, ())


def versions_of(kind: type[Message]) -> frozenset[Version]:
    """The versions that have this message; empty for a class that is no message."""
    return SPOKEN.get(kind, frozenset())
