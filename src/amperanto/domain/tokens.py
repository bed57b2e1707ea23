"""Tokens, and the one authorisation rule.

A Token is what a driver presents: a uid and what kind of uid it is (1.6 does not say: `Unknown`).
A RegisteredToken is what we know of it. Tokens are matched by uid without case, whatever their type,
since 1.6 cannot say one (C01, C02, architecture §4.2). Another spelling of a uid is matched only where a person made
it an alias.

The rule, in order: a start button's token → Accepted (C02); unknown → as the owner declared; blocked, or its group
is → that; past its expiry or its group's → Expired; a master pass that starts → Invalid (C16); without credit →
NoCredit (C17); not at this station or EVSE → NotAtThisLocation or NotAllowedTypeEVSE (C01); not at this hour →
NotAtThisTime; already in use elsewhere beyond its limit → ConcurrentTx; else Accepted. Who stops needs neither
credit, nor the hour, nor a transaction of its own. What an external authorizer said replaces status, group and expiry
of our registry, but not a block that a person put there.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, tzinfo
from decimal import Decimal
from enum import StrEnum

from amperanto.domain.limits import TransactionLimit
from amperanto.domain.places import EVERYWHERE, Admission, Places, Spot, admission
from amperanto.domain.schedules import Schedule
from amperanto.domain.stations import OrganisationId, UnknownTokens

UNKNOWN_TYPE = "Unknown"
NO_AUTHORIZATION = "NoAuthorization"
KEY_CODE = "KeyCode"
REMEMBERED = "first presented at "
FREE_VENDING = "free vending: nobody registered the token"
AUTHORIZER = "an external authorizer said so"
FALLBACK = "the external authorizer did not answer"
ISSUED = "we gave the token ourselves"
NOWHERE = Places()


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


S = AuthorizationStatus


class Purpose(StrEnum):
    """What a token is presented for, as far as we know: a question of a reader, a start, or a stop."""

    ASK = "Ask"
    START = "Start"
    STOP = "Stop"


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

    @property
    def secret(self) -> bool:
        """Whether the uid is a code somebody knows by heart: it is never logged (C04)."""
        return self.type == KEY_CODE


@dataclass(frozen=True, slots=True, kw_only=True)
class TokenGroup:
    """What holds for all tokens of a group. The tokens of a `master_pass` group stop anything and start nothing."""

    organisation: OrganisationId
    name: str
    status: AuthorizationStatus = S.ACCEPTED
    expires_at: datetime | None = None
    schedule: Schedule | None = None
    places: Places = NOWHERE
    master_pass: bool = False
    note: str | None = None
    revision: int = 0

    @property
    def key(self) -> str:
        """What groups are matched by: the name without case."""
        return self.name.casefold()


@dataclass(frozen=True, slots=True, kw_only=True)
class RegisteredToken:
    """A token we know.

    `concurrent_limit` is how many transactions it may have open at once, None for any number; `credit` what is left
    on a prepaid one, in the currency of its tariff, None where it is not prepaid. `aliases` are other spellings of its
    uid, each matched exactly. `message` is shown to its driver (I01), in `language1` where the station can.
    """

    id: str
    organisation: OrganisationId
    token: Token
    status: AuthorizationStatus = S.ACCEPTED
    group: str | None = None
    expires_at: datetime | None = None
    concurrent_limit: int | None = 1
    created_at: datetime | None = None
    note: str | None = None
    revision: int = 0
    schedule: Schedule | None = None
    places: Places = NOWHERE
    credit: Decimal | None = None
    language1: str | None = None
    language2: str | None = None
    message: str | None = None
    aliases: tuple[str, ...] = ()

    @property
    def keys(self) -> tuple[str, ...]:
        """What it is matched by: its uid and its aliases, without case."""
        return (self.token.key, *(alias.casefold() for alias in self.aliases))

    @property
    def only_remembered(self) -> bool:
        """Whether nobody registered it: it was presented, and is kept blocked until somebody decides."""
        return self.status is S.BLOCKED and self.revision == 0 and (self.note or "").startswith(REMEMBERED)


@dataclass(frozen=True, slots=True, kw_only=True)
class Authorization:
    """The outcome of the rule, with what a station may cache of it.

    `evses` are the only ones it holds for, none where it holds for all. `basis` says what it rests on where that is
    not our registry; `limit` is what its transaction may use.
    """

    status: AuthorizationStatus
    group: str | None = None
    expires_at: datetime | None = None
    evses: tuple[int, ...] = ()
    language1: str | None = None
    language2: str | None = None
    message: str | None = None
    basis: str | None = None
    limit: TransactionLimit | None = None

    @property
    def accepted(self) -> bool:
        """Whether energy may flow."""
        return self.status is S.ACCEPTED


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """What an external authorizer says of a token. `keep_for`: seconds until it wants to be asked again."""

    status: AuthorizationStatus
    group: str | None = None
    expires_at: datetime | None = None
    concurrent_limit: int | None = 1
    credit: Decimal | None = None
    language1: str | None = None
    language2: str | None = None
    message: str | None = None
    keep_for: float = 120.0
    basis: str = AUTHORIZER

    def of(self, organisation: OrganisationId, token: Token, known: RegisteredToken | None) -> RegisteredToken:
        """The token as it is to be judged by. A block that a person put on it stands, and so do hours and places."""
        before = known or RegisteredToken(
            id="", organisation=organisation, token=token, concurrent_limit=self.concurrent_limit
        )
        blocked = known is not None and known.status is not S.ACCEPTED and not known.only_remembered
        return replace(
            before,
            status=before.status if blocked else self.status,
            note=before.note if blocked else None,
            group=self.group or before.group,
            expires_at=self.expires_at,
            credit=before.credit if self.credit is None else self.credit,
            language1=self.language1 or before.language1,
            language2=self.language2 or before.language2,
            message=self.message or before.message,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Circumstances:
    """When, where and for what a token is presented; `open_elsewhere` counts its other open transactions."""

    now: datetime
    open_elsewhere: int = 0
    purpose: Purpose = Purpose.ASK
    spot: Spot = field(default_factory=Spot)
    zone: tzinfo = UTC
    unknown: UnknownTokens = UnknownTokens.STORE


def authorize(
    token: Token,
    known: RegisteredToken | None,
    met: Circumstances,
    *,
    group: TokenGroup | None = None,
    basis: str | None = None,
) -> Authorization:
    """The one authorisation rule: what may be done with `token`, of which `known` and its `group` are known."""
    if token.nobodys:
        return Authorization(status=S.ACCEPTED)
    if known is None or (known.only_remembered and met.unknown is UnknownTokens.ACCEPT):
        if met.unknown is UnknownTokens.ACCEPT:
            return Authorization(status=S.ACCEPTED, basis=FREE_VENDING)
        return Authorization(status=S.UNKNOWN)
    rules = [known.places] if group is None else [known.places, group.places]
    where = admission(rules, met.spot)
    status = _status(known, group, met, where)
    accepted = status is S.ACCEPTED
    prepaid = known.credit if accepted and met.purpose is not Purpose.STOP else None
    return Authorization(
        status=status,
        group=known.group,
        expires_at=_until(known, group, met, accepted=accepted),
        evses=where.evses if accepted else (),
        language1=known.language1,
        language2=known.language2,
        message=known.message,
        basis=basis,
        limit=None if prepaid is None else TransactionLimit(cost=prepaid),
    )


def _status(known: RegisteredToken, group: TokenGroup | None, met: Circumstances, where: Admission) -> S:
    if known.status is not S.ACCEPTED:
        return known.status
    if group is not None and group.status is not S.ACCEPTED:
        return group.status
    if any(one is not None and one <= met.now for one in (known.expires_at, group and group.expires_at)):
        return S.EXPIRED
    if group is not None and group.master_pass and met.purpose is Purpose.START:
        return S.INVALID
    stops = met.purpose is Purpose.STOP
    if known.credit is not None and known.credit <= 0 and not stops:
        return S.NO_CREDIT
    if where is not EVERYWHERE and not where.admitted:
        return S.NOT_ALLOWED_TYPE_EVSE if where.wrong_type else S.NOT_AT_THIS_LOCATION
    if stops:
        return S.ACCEPTED
    if not all(one.open(met.now, met.zone) for one in schedules_of(known, group)):
        return S.NOT_AT_THIS_TIME
    if known.concurrent_limit is not None and met.open_elsewhere >= known.concurrent_limit:
        return S.CONCURRENT_TX
    return S.ACCEPTED


def schedules_of(known: RegisteredToken, group: TokenGroup | None) -> list[Schedule]:
    """The hours of a token and of its group: it may charge where all of them are open."""
    both = (known.schedule, None if group is None else group.schedule)
    return [one for one in both if one is not None]


def _until(known: RegisteredToken, group: TokenGroup | None, met: Circumstances, *, accepted: bool) -> datetime | None:
    """Until when a station may go by the answer: a prepaid card's it may not keep at all (C17)."""
    if known.credit is not None:
        return met.now
    ends = [known.expires_at, None if group is None else group.expires_at]
    if accepted and met.purpose is not Purpose.STOP:
        ends += [one.until(met.now, met.zone) for one in schedules_of(known, group)]
    return min((end for end in ends if end is not None), default=None)
