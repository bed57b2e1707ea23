"""Local authorization lists (D): which tokens a station shall know by itself, and what it has confirmed.

`listing` makes a station's list of an organisation's tokens: those that may charge there first, then those that may
not, each the latest registered first, so that a list a station has no room for loses the refusals first, then the
oldest. What a list cannot say is left out, and why is counted: hours (a list knows no clock) and prepaid tokens, which
must be asked about each time (C17). Each alias is a line of its own. `difference` says what brings one list to another:
what to remove, then what to put. Tokens are matched by uid without case, so no list
holds one twice (D01.FR.06).

A station's `LocalList` is both: what is wanted of it, and what it confirmed. It is in step when what it was
brought to last is what is wanted now; `wanted_now` and `brought_to` are marks that change with what they stand
for.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from amperanto.domain.places import Spot
from amperanto.domain.stations import OrganisationId, StationId
from amperanto.domain.tokens import (
    Authorization,
    AuthorizationStatus,
    Circumstances,
    RegisteredToken,
    Token,
    TokenGroup,
    authorize,
    schedules_of,
)

LISTED_TYPES = frozenset(
    {"eMAID", "EVCCID", "ISO14443", "ISO15693", "KeyCode", "Local", "MacAddress", "VIN", "Unknown"}
)
"""What a driver can present at a station; the CSMS's own tokens, payments and start buttons are never looked up."""
HOURS, PREPAID, UNSAID, NO_ROOM = "hours", "prepaid", "cannot be said", "no room"
"""Why a token is not on a list."""
HERE = Spot()
NO_GROUPS: Mapping[str, TokenGroup] = {}
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
    the last attempt, `detail` says more; `left_out` tokens are not on it, for `reasons`.
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
    reasons: Mapping[str, int] = field(default_factory=dict[str, int])
    at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Difference:
    """What brings one list to another."""

    remove: tuple[Token, ...]
    put: tuple[ListEntry, ...]

    def __len__(self) -> int:
        return len(self.remove) + len(self.put)


@dataclass(frozen=True, slots=True)
class Listing:
    """A list in the order it is sent, and how many tokens are not on it, by the reason."""

    entries: dict[str, ListEntry]
    left_out: dict[str, int]


def listing(
    tokens: Iterable[RegisteredToken], *, now: datetime, groups: Mapping[str, TokenGroup] = NO_GROUPS, spot: Spot = HERE
) -> Listing:
    """The list of these tokens at a station; `groups` by their names without case."""
    found: list[tuple[float, ListEntry]] = []
    left_out: dict[str, int] = {}
    for known in tokens:
        if known.token.type not in LISTED_TYPES or known.only_remembered:
            continue
        group = None if known.group is None else groups.get(known.group.casefold())
        reason = _unlisted(known, group)
        if reason is not None:
            left_out[reason] = left_out.get(reason, 0) + 1
            continue
        outcome = _outcome(known, group, now, spot)
        age = 0.0 if known.created_at is None else -known.created_at.timestamp()
        found += [(age, ListEntry(Token(uid, known.token.type), outcome)) for uid in (known.token.uid, *known.aliases)]
    found.sort(key=lambda one: (not one[1].authorization.accepted, one[0]))
    return Listing({entry.token.key: entry for _, entry in found}, left_out)


def _unlisted(known: RegisteredToken, group: TokenGroup | None) -> str | None:
    """Why a token cannot be on a list; one that may not charge at all can."""
    if known.status is not AuthorizationStatus.ACCEPTED:
        return None
    if known.credit is not None:
        return PREPAID
    return HOURS if schedules_of(known, group) else None


def difference(before: Entries, after: Entries) -> Difference:
    """What to remove and what to put; an entry whose token is now of another kind is removed first."""
    remove = [entry.token for key, entry in before.items() if key not in after or after[key].token != entry.token]
    put = [entry for key, entry in after.items() if before.get(key) != entry]
    return Difference(tuple(remove), tuple(put))


def next_version(*known: int) -> int:
    """A version above all that are known, or the first one where there is none above (D01.FR.18)."""
    latest = max((0, *known))
    return latest + 1 if latest < LAST_VERSION else FIRST_VERSION


def _outcome(known: RegisteredToken, group: TokenGroup | None, now: datetime, spot: Spot) -> Authorization:
    said = authorize(known.token, known, Circumstances(now=now, spot=spot), group=group)
    return Authorization(status=said.status, group=said.group, expires_at=said.expires_at, evses=said.evses)
