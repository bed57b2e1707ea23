"""Local authorization lists (D): which tokens a station shall know by itself, and what it has confirmed.

`listing` makes the list of an organisation's tokens: those that may charge first, then those that may not
(blocked, expired), so that a list a station has no room for loses the refusals first. `difference` says what
brings one list to another: what to remove, then what to put. Tokens are matched by uid without case, so no list
holds one twice (D01.FR.06).

A station's `LocalList` is both: what is wanted of it, and what it confirmed. It is in step when what it was
brought to last is what is wanted now; `wanted_now` and `brought_to` are marks that change with what they stand
for.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from amperanto.domain.stations import OrganisationId, StationId
from amperanto.domain.tokens import Authorization, AuthorizationStatus, RegisteredToken, Token

LISTED_TYPES = frozenset(
    {"eMAID", "EVCCID", "ISO14443", "ISO15693", "KeyCode", "Local", "MacAddress", "VIN", "Unknown"}
)
"""What a driver can present at a station; the CSMS's own tokens, payments and start buttons are never looked up."""
FIRST_VERSION = 1
LAST_VERSION = 2**31 - 1


class Wanted(StrEnum):
    """What an operator wants a station's list to be."""

    TOKENS = "Tokens"
    EMPTY = "Empty"


@dataclass(frozen=True, slots=True)
class ListEntry:
    """A token, and what a station shall say to it when it asks nobody."""

    token: Token
    authorization: Authorization


Entries = Mapping[str, ListEntry]
"""A list, by the tokens' keys, in the order it is sent."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LocalList:
    """A station's list: what is wanted, and what it confirmed.

    `version` is the last one it confirmed (0: none), `entries` how many tokens that has. `result` is what came of
    the last attempt, `detail` says more; `left_out` tokens could not be said to the station.
    """

    station: StationId
    organisation: OrganisationId
    wanted: Wanted | None = None
    version: int = 0
    entries: int = 0
    brought_to: str | None = None
    tried: str | None = None
    result: str | None = None
    detail: str | None = None
    left_out: int = 0
    at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Difference:
    """What brings one list to another."""

    remove: tuple[Token, ...]
    put: tuple[ListEntry, ...]

    def __len__(self) -> int:
        return len(self.remove) + len(self.put)


def listing(tokens: Iterable[RegisteredToken], *, now: datetime) -> dict[str, ListEntry]:
    """The list of these tokens: who may charge first, then who may not."""
    found = [ListEntry(known.token, _outcome(known, now)) for known in tokens if known.token.type in LISTED_TYPES]
    found.sort(key=lambda entry: not entry.authorization.accepted)
    return {entry.token.key: entry for entry in found}


def difference(before: Entries, after: Entries) -> Difference:
    """What to remove and what to put; an entry whose token is now of another kind is removed first."""
    remove = [entry.token for key, entry in before.items() if key not in after or after[key].token != entry.token]
    put = [entry for key, entry in after.items() if before.get(key) != entry]
    return Difference(tuple(remove), tuple(put))


def next_version(*known: int) -> int:
    """A version above all that are known, or the first one where there is none above (D01.FR.18)."""
    latest = max((0, *known))
    return latest + 1 if latest < LAST_VERSION else FIRST_VERSION


def _outcome(known: RegisteredToken, now: datetime) -> Authorization:
    expired = known.expires_at is not None and known.expires_at <= now
    status = known.status
    if status is AuthorizationStatus.ACCEPTED and expired:
        status = AuthorizationStatus.EXPIRED
    return Authorization(status=status, group=known.group, expires_at=known.expires_at)
