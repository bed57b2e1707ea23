"""C. Authorization: what a presented token may do. The rule itself is `domain.tokens.authorize`.

Here is gathered what the rule needs: the token with its group, its other open transactions, the place, the hour of
the site's clock, what the owner declared of unknown tokens. A token with no more than a status costs no read beside
its own, which is cached. A token nobody registered is, unless the owner declared otherwise, refused and remembered as
blocked so that an operator can admit it with one word; one that looks like a registered token in another spelling is
refused, too, and the refusal names what may be meant. What an external authorizer said (authorizers.py) comes with the
teller.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import NamedTuple

from amperanto.csms.block import Block, Context, Teller, handles
from amperanto.csms.guesses import Guesses
from amperanto.csms.payment import Payments
from amperanto.domain.decisions import PersonalMessage, TokenDecision, TransactionDecision
from amperanto.domain.events import TokenRefused
from amperanto.domain.likeness import sought
from amperanto.domain.observations import TokenPresented, TransactionEnded, TransactionReport, TransactionStarted
from amperanto.domain.payments import DIRECT_PAYMENT
from amperanto.domain.places import Places, Spot
from amperanto.domain.sites import zone
from amperanto.domain.stations import EvseRef, OrganisationId, Station, UnknownTokens
from amperanto.domain.tokens import (
    ISSUED,
    REMEMBERED,
    Authorization,
    AuthorizationStatus,
    Circumstances,
    Purpose,
    RegisteredToken,
    Token,
    TokenGroup,
    Verdict,
    authorize,
    schedules_of,
)
from amperanto.domain.transactions import Transaction, TransactionState
from amperanto.stores.store import Store, Unit

UNKEPT = {"refuse": AuthorizationStatus.INVALID, "accept": AuthorizationStatus.ACCEPTED}
INVALID = Authorization(status=AuthorizationStatus.INVALID)
LATE = timedelta(days=30)  # how long ago a start may have been and still be judged by its own hour
STOPPED_BY = "StopAuthorized"
TYPES_OF = "Connector.ConnectorType"


Issuer = Callable[[Unit, Teller, TransactionReport], Awaitable[bool]]
"""Says whether it gave the token of a start itself."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Use:
    """What a token is presented for, and what is known of it besides.

    `discount` of its open transactions, and the one `besides`, are no other use. `issued` finds out whether we gave an
    unknown token ourselves (C05).
    """

    purpose: Purpose = Purpose.ASK
    where: EvseRef | None = None
    at: datetime | None = None
    discount: int = 0
    besides: str = ""
    verdict: Verdict | None = None
    issued: Callable[[], Awaitable[bool]] | None = None


class _Judged(NamedTuple):
    """An outcome, and what it rests on."""

    known: RegisteredToken | None
    unknown: UnknownTokens
    outcome: Authorization


class AuthorizationBlock(Block):
    """C. Authorization."""

    def __init__(self, context: Context, payment: Payments) -> None:
        super().__init__(context)
        self._payment = payment
        self._guesses = Guesses(context.clock)
        self.issuers: list[Issuer] = []
        """Who may have given a token that nobody registered."""

    @handles(TokenPresented)
    async def presented(self, unit: Unit, teller: Teller, told: TokenPresented) -> TokenDecision:
        """C01: a token that charges at this very station, or whose group does, may be presented again, to stop."""
        if told.token.type == DIRECT_PAYMENT:
            return TokenDecision(authorization=await self._payment.presented(unit, teller.station, told))
        here = await unit.transactions.open_at(teller.station.id)
        use = Use(verdict=teller.verdict)
        if here and not told.token.nobodys:
            known = await unit.tokens.by_uid(teller.station.organisation, told.token.uid)
            keys = (told.token.key,) if known is None else (told.token.key, *known.keys)
            group = None if known is None else known.group
            if teller.verdict is not None:
                group = teller.verdict.group or group
            if any(_may_stop(one, keys, group) for one in here):
                use = replace(use, purpose=Purpose.STOP)
        outcome = await self.decide(unit, teller.station, told.token, use)
        shown = None if outcome.message is None else PersonalMessage(outcome.message, language=outcome.language1)
        return TokenDecision(authorization=outcome, message=shown)

    def while_unkept(self) -> TokenDecision | None:
        """The declared answer to a token while nothing can be read or kept (R8).

        None: none is given, and the station falls back to its own offline rules (C15).
        """
        outcome = UNKEPT.get(self.context.settings.authorize_unkept)
        return None if outcome is None else TokenDecision(authorization=Authorization(status=outcome))

    async def within(
        self, unit: Unit, teller: Teller, told: TransactionReport, before: Transaction
    ) -> Authorization | None:
        """The outcome for a token that a report tells; once decided for this transaction it stays."""
        token = told.token
        if token is None:
            return None
        same = before.token is not None and before.token.key == token.key
        if before.authorization is not None and same:
            return before.authorization
        use = Use(purpose=Purpose.STOP, where=told.where or before.where, verdict=teller.verdict)
        if isinstance(told, TransactionEnded) or told.trigger == STOPPED_BY:
            return await self.decide(unit, teller.station, token, use)
        if before.authorization is not None and not before.accepted:
            return INVALID  # C01.FR.23: who was refused is not followed by another in the same transaction
        starts = before.state is TransactionState.OPEN
        use = replace(
            use, purpose=Purpose.START if starts else Purpose.ASK, besides=before.id, at=self._hour(told, before)
        )
        if starts:
            use = replace(use, issued=lambda: self._issued(unit, teller, told))
        return await self.decide(unit, teller.station, token, use)

    async def _issued(self, unit: Unit, teller: Teller, told: TransactionReport) -> bool:
        for issued in self.issuers:
            if await issued(unit, teller, told):
                return True
        return False

    async def limited(
        self,
        unit: Unit,
        teller: Teller,
        told: TransactionReport,
        transaction: Transaction,
        decision: TransactionDecision,
    ) -> TransactionDecision:
        """C17: what a prepaid token has left is the limit of the transaction it starts, told once."""
        outcome = decision.authorization
        if outcome is None or outcome.limit is None or decision.limit is not None or isinstance(told, TransactionEnded):
            return decision
        return replace(decision, limit=outcome.limit)

    async def decide(self, unit: Unit, station: Station, token: Token, use: Use) -> Authorization:
        """The outcome for this token.

        For a start, the limit of concurrent transactions is checked once more inside the commit (R3).
        """
        if token.type == DIRECT_PAYMENT:
            return await self._payment.decide(unit, station, token, besides=use.besides)
        if token.secret and self._guesses.too_many(station.id):
            return INVALID  # C04: not even looked up
        known, unknown, outcome = await self._judged(unit, station, token, use)
        if known is None and use.issued is not None and await use.issued():
            return Authorization(status=AuthorizationStatus.ACCEPTED, basis=ISSUED)
        if outcome.accepted and use.purpose is Purpose.START and known is not None:
            self._hold_to_limit(unit, station, token, known)
        if token.secret:
            self._guesses.tried(station.id, right=outcome.accepted)
        if not outcome.accepted:
            await self._refused(unit, station, token, known, outcome.status)
        if known is None and unknown is UnknownTokens.STORE and not (token.nobodys or token.secret):
            self._remember(unit, station, token)
        return outcome

    async def judge(self, reader: Unit | Store, station: Station, token: Token, use: Use) -> Authorization:
        """What the rule says of this token now; nothing is kept of it, and nobody hears."""
        return (await self._judged(reader, station, token, use)).outcome

    async def _judged(self, reader: Unit | Store, station: Station, token: Token, use: Use) -> _Judged:
        found = None if token.nobodys else await reader.tokens.by_uid(station.organisation, token.uid)
        known = found if use.verdict is None else use.verdict.of(station.organisation, token, found)
        group = None
        if known is not None and known.group is not None:
            group = await reader.token_groups.of(station.organisation, known.group)
        met = await self._circumstances(reader, station, known, group, use)
        if known is None or known.only_remembered:
            met = replace(met, unknown=await self.unknown_tokens(reader, station))
        basis = None if use.verdict is None else use.verdict.basis
        return _Judged(known, met.unknown, authorize(token, known, met, group=group, basis=basis))

    async def unknown_tokens(self, unit: Unit | Store, station: Station) -> UnknownTokens:
        """What the owner declared of tokens nobody registered: for the station, its site, or all it has."""
        if station.unknown_tokens is not None:
            return station.unknown_tokens
        site = None if station.site is None else await unit.sites.by_id(station.site)
        if site is not None and site.unknown_tokens is not None:
            return site.unknown_tokens
        owner = await unit.organisations.get(station.organisation)
        return owner.unknown_tokens or UnknownTokens(self.context.settings.unknown_tokens)

    async def _circumstances(
        self, unit: Unit | Store, station: Station, known: RegisteredToken | None, group: TokenGroup | None, use: Use
    ) -> Circumstances:
        now = use.at or self.context.clock.now()
        if known is None:
            return Circumstances(now=now, purpose=use.purpose)
        others = 0
        if known.concurrent_limit is not None and use.purpose is not Purpose.STOP:
            for key in dict.fromkeys(known.keys):
                others += await unit.transactions.open_of_token(station.organisation, key, use.besides)
            others -= use.discount
        met = Circumstances(now=now, purpose=use.purpose, open_elsewhere=others)
        if schedules_of(known, group) and station.site is not None:
            site = await unit.sites.by_id(station.site)
            met = met if site is None else replace(met, zone=zone(site.time_zone))
        if known.places or (group is not None and group.places):
            met = replace(met, spot=await spot_of(unit, station, known, group, use.where))
        return met

    def _hold_to_limit(self, unit: Unit, station: Station, token: Token, known: RegisteredToken) -> None:
        if known.concurrent_limit is not None:
            unit.require_open_transactions_at_most(
                station.organisation, known.token.key, known.concurrent_limit, besides=known.keys[1:]
            )

    def _hour(self, told: TransactionReport, before: Transaction) -> datetime | None:
        """When a start that is told late was (C15); None where the station's clock cannot be believed."""
        now = self.context.clock.now()
        if told.sequence is not None and not told.offline:
            return None  # told as it happens: our clock is the better one
        at = told.at if isinstance(told, TransactionStarted) else before.started_at
        return at if at is not None and now - LATE <= at <= now else None

    def _remember(self, unit: Unit, station: Station, token: Token) -> None:
        unit.tokens.add(
            RegisteredToken(
                id=self.context.ids.new(),
                organisation=station.organisation,
                token=token,
                status=AuthorizationStatus.BLOCKED,
                created_at=self.context.clock.now(),
                note=f"{REMEMBERED}{station.identity}",
            )
        )

    async def _refused(
        self, unit: Unit, station: Station, token: Token, known: RegisteredToken | None, status: AuthorizationStatus
    ) -> None:
        meant: list[RegisteredToken] = []
        if known is None or known.only_remembered:
            meant = await meant_by(unit, station.organisation, token)
        self.tell(
            unit,
            TokenRefused(
                organisation=station.organisation,
                station=station.id,
                identity=station.identity,
                at=self.context.clock.now(),
                token=token,
                status=status,
                did_you_mean=tuple(one.token.uid for one in meant),
            ),
        )


def _may_stop(transaction: Transaction, keys: tuple[str, ...], group: str | None) -> bool:
    """Whether a token of these keys and that group may stop what runs here (C09)."""
    if transaction.token is None or not transaction.accepted:
        return False
    if transaction.token.key in keys:
        return True
    holder = None if transaction.authorization is None else transaction.authorization.group
    return group is not None and holder is not None and group.casefold() == holder.casefold()


async def meant_by(reader: Unit | Store, organisation: OrganisationId, token: Token) -> list[RegisteredToken]:
    """The registered tokens that somebody may have meant whose uid is none ("did you mean")."""
    if token.secret or token.nobodys:
        return []
    found = await reader.tokens.alike(organisation, sought(token.uid))
    return [one for one in found if not (one.only_remembered or one.token.secret or token.key in one.keys)]


async def spot_of(
    reader: Unit | Store, station: Station, known: RegisteredToken, group: TokenGroup | None, where: EvseRef | None
) -> Spot:
    """The place a token is presented at, in as much detail as its rules need."""
    return await spot_at(reader, station, [known.places] if group is None else [known.places, group.places], where)


async def spot_at(reader: Unit | Store, station: Station, rules: Sequence[Places], where: EvseRef | None) -> Spot:
    """The place these rules are asked about, in as much detail as they need."""
    evse = None if where is None or where.whole_station else where.evse
    spot = Spot(station=station.id, site=station.site, evse=evse)
    if any(one.needs_types for one in rules) or (evse is None and any(one.needs_evses for one in rules)):
        return replace(spot, evses=await _evses(reader, station))
    return spot


async def _evses(reader: Unit | Store, station: Station) -> dict[int, frozenset[str]]:
    """The station's EVSEs as far as they are known, each with the types of its connectors."""
    connectors = await reader.connectors.of(station.organisation, station.id)
    found = {one.where.evse: frozenset[str]() for one in connectors if not one.where.whole_station}
    page = await reader.device_models.list(station.organisation, station.id, contains=TYPES_OF, limit=1000)
    for one in page.items:
        ref, value = one.ref, one.attribute.value
        if (ref.component.casefold(), ref.variable.casefold()) != ("connector", "connectortype"):
            continue
        if ref.where is not None and value:
            found[ref.where.evse] = found.get(ref.where.evse, frozenset()) | {value.casefold()}
    return found
