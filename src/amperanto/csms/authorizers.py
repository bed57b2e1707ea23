"""Who else is asked of a token: a program of the owner's, through a hook, before anything is decided (R2).

A station's message that tells a token waits here for the authorizer, outside any unit and no longer than
`authorizer_seconds`; what it says is kept for as long as it wants, so that it is asked once for a token at a station
whether the station asks first or tells the start at once. An authorizer that is late or fails is replaced by the
declared fallback: our own registry, a refusal, or a welcome. It may answer None: not mine, ask your registry.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass

import structlog

from amperanto.csms.block import Block, Context
from amperanto.domain.observations import TokenPresented, TransactionContinued, TransactionEnded, TransactionStarted
from amperanto.domain.stations import Station, StationId
from amperanto.domain.tokens import FALLBACK, AuthorizationStatus, Token, Verdict
from amperanto.hooks import EVERYBODY, Authorizer

KEPT = 10_000
NOT_MINE_FOR = 120.0  # seconds until an authorizer is asked again about a token that was none of its business
FALLBACKS: dict[str, Verdict | None] = {
    "own": None,
    "refuse": Verdict(status=AuthorizationStatus.INVALID, basis=FALLBACK),
    "accept": Verdict(status=AuthorizationStatus.ACCEPTED, basis=FALLBACK),
}

log = structlog.get_logger("amperanto.csms")


@dataclass(frozen=True, slots=True)
class _Kept:
    said: Verdict | None
    until: float


class Authorizers(Block):
    """The owners' own programs that say who may charge."""

    def __init__(self, context: Context) -> None:
        super().__init__(context)
        self._kept: dict[tuple[StationId, str], _Kept] = {}

    def of(self, station: Station) -> Authorizer | None:
        """Who is asked for that station's owner."""
        hooks = self.context.hooks.authorizers
        return hooks.get(station.organisation) or hooks.get(EVERYBODY)

    async def ask(self, station: Station, told: object) -> Verdict | None:
        """What the authorizer says of the token that was told; None where our registry decides."""
        if not isinstance(told, TokenPresented | TransactionStarted | TransactionContinued | TransactionEnded):
            return None
        token, authorizer = told.token, self.of(station)
        if authorizer is None or token is None or token.nobodys:
            return None
        kept = self._kept.get((station.id, token.key))
        if kept is not None and self.context.clock.monotonic() < kept.until:
            return kept.said
        return await self._asked(authorizer, station, token)

    async def _asked(self, authorizer: Authorizer, station: Station, token: Token) -> Verdict | None:
        settings = self.context.settings
        try:
            async with asyncio.timeout(settings.authorizer_seconds):
                said = await authorizer(station, token)
        except Exception as error:  # noqa: BLE001 - a hook's trouble is no reason to lose a station's message
            why = f"{type(error).__name__}: {error}" if str(error) else type(error).__name__
            log.warning("the external authorizer did not answer", station=station.identity, why=why)
            return FALLBACKS[settings.authorizer_fallback]
        keep_for = NOT_MINE_FOR if said is None else said.keep_for
        self._kept.pop((station.id, token.key), None)
        if keep_for > 0:
            self._kept[(station.id, token.key)] = _Kept(said, self.context.clock.monotonic() + keep_for)
            if len(self._kept) > KEPT:
                del self._kept[next(iter(self._kept))]
        return said
