"""C. The authorization cache: what the CSMS said of tokens the last time (C10, C12).

It hears every answer that says something of a token, accepted or not: to an Authorize and to what is told of a
transaction. An entry ends at the time the CSMS gave it, else LifeTime seconds after it was last heard. Where there is
no room, refused tokens go first, then the oldest. It outlives restarts, and ClearCache empties it (C11).
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from amperanto.dialects.dialect import Neutral, Said
from amperanto.domain.decisions import TokenDecision, TransactionDecision
from amperanto.domain.observations import TokenPresented, TransactionContinued, TransactionEnded, TransactionStarted
from amperanto.domain.tokens import Authorization as Outcome
from amperanto.domain.tokens import AuthorizationStatus, Token
from amperanto.ocpp import v2
from amperanto.station.block import Block, handles
from amperanto.station.context import Context
from amperanto.station.line import Line

CONTROLLER = "AuthCacheCtrlr"
ROOM = 1_000
NEVER_KEPT = ("Central", "NoAuthorization", "DirectPayment")
"""Token types that are not kept: nobody is asked about them."""
PREPAID = (AuthorizationStatus.NO_CREDIT,)
"""A prepaid card is asked about each time (C17)."""


@dataclass(frozen=True, slots=True)
class _Entry:
    outcome: Outcome
    heard: float


class AuthorizationCache(Block):
    """C. The authorization cache. It is off unless AuthCacheCtrlr.Enabled says otherwise."""

    def __init__(self, context: Context, line: Line) -> None:
        super().__init__(context, line)
        self._entries: dict[tuple[str, str], _Entry] = {}
        line.on_said.append(self._hear)

    def known(self, token: Token) -> Outcome | None:
        """What was last heard of a token, None where that is nothing, too long ago, or the cache is off."""
        entry = self._entries.get(_key(token)) if self._on else None
        if entry is None:
            return None
        until = entry.outcome.expires_at
        if until is not None:
            over = entry.outcome.accepted and until <= self.context.now()
            return replace(entry.outcome, status=AuthorizationStatus.EXPIRED) if over else entry.outcome
        life = self.context.variables.number(CONTROLLER, "LifeTime")
        too_old = life > 0 and self.context.clock.monotonic() - entry.heard >= life
        return None if too_old else entry.outcome

    @handles(v2.ClearCacheRequest)
    def clear(self, _: v2.ClearCacheRequest) -> v2.ClearCacheResponse:
        """Forget everything (C11)."""
        if not self._on:
            return v2.ClearCacheResponse(status=v2.ClearCacheStatus.REJECTED)
        self._entries.clear()
        return v2.ClearCacheResponse(status=v2.ClearCacheStatus.ACCEPTED)

    def _hear(self, told: Neutral, said: Said) -> None:
        if not isinstance(told, TokenPresented | TransactionStarted | TransactionContinued | TransactionEnded):
            return
        if not isinstance(said, TokenDecision | TransactionDecision):
            return
        token, outcome = told.token, said.authorization
        if token is not None and outcome is not None and self._on:
            self._keep(token, outcome)

    def _keep(self, token: Token, outcome: Outcome) -> None:
        self._entries.pop(_key(token), None)
        if token.type in NEVER_KEPT or outcome.status in PREPAID:
            return
        if len(self._entries) >= ROOM:
            refused = (key for key, entry in self._entries.items() if not entry.outcome.accepted)
            del self._entries[next(refused, next(iter(self._entries)))]
        self._entries[_key(token)] = _Entry(outcome, self.context.clock.monotonic())

    @property
    def _on(self) -> bool:
        return all(self.context.variables.flag(CONTROLLER, name) for name in ("Available", "Enabled"))


def _key(token: Token) -> tuple[str, str]:
    """What tokens are matched by: uid and type, both without case (C01)."""
    return token.uid.casefold(), token.type.casefold()
