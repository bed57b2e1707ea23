"""C. Authorization: what a presented token may do. The rule itself is `domain.tokens.authorize`.

A token nobody registered is refused, and remembered as blocked so that an operator can admit it with one word.
"""

from __future__ import annotations

from amperanto.csms.block import Block, Teller, handles
from amperanto.domain.decisions import TokenDecision
from amperanto.domain.events import TokenRefused
from amperanto.domain.observations import TokenPresented
from amperanto.domain.stations import Station
from amperanto.domain.tokens import Authorization, AuthorizationStatus, RegisteredToken, Token, authorize
from amperanto.stores.store import Unit

UNKEPT = {"refuse": AuthorizationStatus.INVALID, "accept": AuthorizationStatus.ACCEPTED}


class AuthorizationBlock(Block):
    """C. Authorization."""

    @handles(TokenPresented)
    async def presented(self, unit: Unit, teller: Teller, told: TokenPresented) -> TokenDecision:
        """C01: a token that charges at this very station may be presented again, to stop."""
        here = [
            transaction
            for transaction in await unit.transactions.open_at(teller.station.id)
            if transaction.token is not None and transaction.token.key == told.token.key and transaction.accepted
        ]
        return TokenDecision(authorization=await self.decide(unit, teller.station, told.token, discount=len(here)))

    def while_unkept(self) -> TokenDecision | None:
        """The declared answer to a token while nothing can be read or kept (R8).

        None: none is given, and the station falls back to its own offline rules (C15).
        """
        outcome = UNKEPT.get(self.context.settings.authorize_unkept)
        return None if outcome is None else TokenDecision(authorization=Authorization(status=outcome))

    async def decide(
        self,
        unit: Unit,
        station: Station,
        token: Token,
        *,
        discount: int = 0,
        besides: str = "",
        to_start: bool = False,
    ) -> Authorization:
        """The outcome for this token. `discount` of its open transactions, and the one `besides`, are no other use.

        With `to_start` the limit of concurrent transactions is checked once more inside the commit (R3).
        """
        known = None if token.nobodys else await unit.tokens.by_uid(station.organisation, token.uid)
        others = 0
        if known is not None and known.concurrent_limit is not None:
            others = await unit.transactions.open_of_token(station.organisation, token.key, besides) - discount
        outcome = authorize(token, known, now=self.context.clock.now(), open_elsewhere=others)
        if outcome.accepted and to_start and known is not None and known.concurrent_limit is not None:
            unit.require_open_transactions_at_most(station.organisation, token.key, known.concurrent_limit)
        if not outcome.accepted:
            self._refused(unit, station, token, outcome.status)
        if known is None and not token.nobodys and self.context.settings.unknown_tokens_remembered:
            self._remember(unit, station, token)
        return outcome

    def _remember(self, unit: Unit, station: Station, token: Token) -> None:
        unit.tokens.add(
            RegisteredToken(
                id=self.context.ids.new(),
                organisation=station.organisation,
                token=token,
                status=AuthorizationStatus.BLOCKED,
                created_at=self.context.clock.now(),
                note=f"first presented at {station.identity}",
            )
        )

    def _refused(self, unit: Unit, station: Station, token: Token, status: AuthorizationStatus) -> None:
        self.tell(
            unit,
            TokenRefused(
                organisation=station.organisation,
                station=station.id,
                identity=station.identity,
                at=self.context.clock.now(),
                token=token,
                status=status,
            ),
        )
