"""Tokens, and the one authorisation rule.

A Token is what a driver presents: a uid and what kind of uid it is (1.6 does not say: `Unknown`).
A RegisteredToken is what we know of it. Tokens are matched by uid without case, whatever their type,
since 1.6 cannot say one (C01, C02, architecture §4.2).

The rule, in order: a start button's token → Accepted (C02); unknown → Unknown; blocked → Blocked; past its
expiry → Expired; already in use elsewhere beyond its limit → ConcurrentTx; else Accepted.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from amperanto.domain.stations import OrganisationId

UNKNOWN_TYPE = "Unknown"
NO_AUTHORIZATION = "NoAuthorization"


class AuthorizationStatus(StrEnum):
    """The answer to a token (2.x words; 1.6 says Invalid for Unknown and what it has no word for)."""

    ACCEPTED = "Accepted"
    BLOCKED = "Blocked"
    CONCURRENT_TX = "ConcurrentTx"
    EXPIRED = "Expired"
    INVALID = "Invalid"
    NO_CREDIT = "NoCredit"
    NOT_ALLOWED_TYPE_EVSE = "NotAllowedTypeEVSE"
    NOT_AT_THIS_LOCATION = "NotAtThisLocation"
    NOT_AT_THIS_TIME = "NotAtThisTime"
    UNKNOWN = "Unknown"


@dataclass(frozen=True, slots=True)
class Token:
    """An IdToken as presented: `type` has 2.x's values (ISO14443, Central, eMAID …) or Unknown."""

    uid: str
    type: str = UNKNOWN_TYPE

    @property
    def key(self) -> str:
        """What tokens are matched by: the uid without case."""
        return self.uid.casefold()

    @property
    def nobodys(self) -> bool:
        """Whether the station asks nobody: it has a start button (C02)."""
        return self.type == NO_AUTHORIZATION


@dataclass(frozen=True, slots=True, kw_only=True)
class RegisteredToken:
    """A token we know. `concurrent_limit` is how many transactions it may have open at once, None for any number."""

    id: str
    organisation: OrganisationId
    token: Token
    status: AuthorizationStatus = AuthorizationStatus.ACCEPTED
    group: str | None = None
    expires_at: datetime | None = None
    concurrent_limit: int | None = 1
    created_at: datetime | None = None
    note: str | None = None
    revision: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Authorization:
    """The outcome of the rule, with what a station may cache of it."""

    status: AuthorizationStatus
    group: str | None = None
    expires_at: datetime | None = None

    @property
    def accepted(self) -> bool:
        """Whether energy may flow."""
        return self.status is AuthorizationStatus.ACCEPTED


def authorize(token: Token, known: RegisteredToken | None, *, now: datetime, open_elsewhere: int) -> Authorization:
    """The one authorisation rule; `open_elsewhere` counts the token's other open transactions."""
    if token.nobodys:
        return Authorization(status=AuthorizationStatus.ACCEPTED)
    if known is None:
        return Authorization(status=AuthorizationStatus.UNKNOWN)
    return Authorization(status=_status(known, now, open_elsewhere), group=known.group, expires_at=known.expires_at)


def _status(known: RegisteredToken, now: datetime, open_elsewhere: int) -> AuthorizationStatus:
    if known.status is not AuthorizationStatus.ACCEPTED:
        return known.status
    if known.expires_at is not None and known.expires_at <= now:
        return AuthorizationStatus.EXPIRED
    if known.concurrent_limit is not None and open_elsewhere >= known.concurrent_limit:
        return AuthorizationStatus.CONCURRENT_TX
    return AuthorizationStatus.ACCEPTED
