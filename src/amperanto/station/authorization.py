"""C. Authorization: a token is presented, and what comes of it.

What the local list says, else the cache, goes first where LocalPreAuthorize (C12, C14) or, offline,
LocalAuthorizeOffline (C13) lets it: an accepted token is not asked about, any other is, while there is somebody to
ask. Offline a token nobody knows charges when OfflineTxForUnknownIdEnabled says so (C15). The token that started a
transaction ends it, and so does one of the same group (C09), and a master pass ends them all (C16). Who was authorised
and does not plug in within EVConnectionTimeOut loses it again (E03).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from amperanto.domain.decisions import TokenDecision
from amperanto.domain.observations import TokenPresented
from amperanto.domain.tokens import Authorization as Outcome
from amperanto.domain.tokens import AuthorizationStatus, Token
from amperanto.station.authorization_cache import AuthorizationCache
from amperanto.station.block import Block
from amperanto.station.evse import Evse
from amperanto.station.line import Offline, Unprocessed
from amperanto.station.local_authorization_list import LocalAuthorizationList
from amperanto.station.reservation import Reservations
from amperanto.station.transactions import Cause, Transactions

NEVER_ASKED = ("Central", "NoAuthorization")
"""Token types that need no Authorize: the CSMS gave them itself, or there is nobody to check (C02, C05)."""
ACCEPTED = Outcome(status=AuthorizationStatus.ACCEPTED)
INVALID = Outcome(status=AuthorizationStatus.INVALID)
NOT_HERE = Outcome(status=AuthorizationStatus.NOT_AT_THIS_LOCATION)


@dataclass(frozen=True, slots=True)
class _Known:
    """What is known of a token without asking; `final`: the CSMS need not be asked (C12, TC_C_58)."""

    outcome: Outcome
    final: bool


class Authorization(Block):
    """C. Authorization."""

    def __init__(
        self,
        transactions: Transactions,
        reserved: Reservations,
        listed: LocalAuthorizationList,
        cache: AuthorizationCache,
    ) -> None:
        super().__init__(transactions.context, transactions.line)
        self._listed = listed
        self._cache = cache
        self.reserved = reserved
        self._transactions = transactions
        self.admissions: list[Callable[[Token, Evse], bool]] = []
        """Each may say that nobody, or somebody else, starts there now."""

    async def present(self, token: Token, evse: Evse) -> Outcome:
        """Hold a token to the reader: starts, or stops what the same token or group started."""
        self.context.note("token", evse, token=token.uid, token_type=token.type)
        if self.context.dark:
            return INVALID
        if evse.keeper is not None and evse.token is None:
            return self._fetch_cable(token, evse.keeper, evse)
        if evse.token is not None:
            return await self._present_again(token, evse)
        if not self._transactions.may_begin or not evse.usable or not self.reserved.may_admit(token, evse):
            return INVALID
        if not all(may_start(token, evse) for may_start in self.admissions):
            return INVALID
        outcome = await self.decide(token)
        if self._masters(outcome):
            return self._stop_all(token)  # C16: it starts nothing
        if outcome.accepted and evse.usable:
            if outcome.evses and evse.number not in outcome.evses:
                return NOT_HERE  # C01: it may charge at other EVSEs of this station
            if not self.reserved.admits(token, outcome.group, evse):
                return INVALID
            self.admit(token, evse, Cause(trigger="Authorized", token=token), outcome.group)
        return outcome

    def _fetch_cable(self, token: Token, owner: Token, evse: Evse) -> Outcome:
        """A cable stayed locked: its owner gets it, and nobody else gets anything here meanwhile (E05, E09)."""
        if token.key != owner.key:
            return INVALID
        evse.outlet.lock.unlock()
        evse.keeper = None
        self._transactions.follow(evse)
        return ACCEPTED

    async def decide(self, token: Token) -> Outcome:
        """What the local list, the cache, the CSMS, or the rule for being offline says of a token."""
        presented = TokenPresented(token=token)
        if not self.can_say(presented):
            return INVALID
        if token.type in NEVER_ASKED:
            return ACCEPTED
        known, flag = self._known(token), self.context.variables.flag
        if not flag("AuthCtrlr", "Enabled"):
            return ACCEPTED
        if flag("AuthCtrlr", "DisableRemoteAuthorization"):
            return INVALID if known is None else known.outcome
        if self.line.is_ready:
            if known is not None and flag("AuthCtrlr", "LocalPreAuthorize") and known.final:
                return known.outcome
            try:
                said = await self.line.ask(presented)
            except Offline:
                pass
            except Unprocessed:
                return INVALID  # The CSMS is there: the rules for being offline do not hold.
            else:
                return said.authorization if isinstance(said, TokenDecision) else INVALID
        if known is not None and (flag("AuthCtrlr", "LocalAuthorizeOffline") or not known.outcome.accepted):
            return known.outcome  # a refusal that is known holds, too: only strangers may be let in unasked (C15)
        return ACCEPTED if flag("AuthCtrlr", "OfflineTxForUnknownIdEnabled") else INVALID

    def _known(self, token: Token) -> _Known | None:
        """What is known without asking; the list goes before the cache (C13)."""
        for outcome, controller in (
            (self._listed.known(token), "LocalAuthListCtrlr"),
            (self._cache.known(token), "AuthCacheCtrlr"),
        ):
            if outcome is not None:
                asks_nobody = self.context.variables.flag(controller, "DisablePostAuthorize")
                return _Known(outcome, final=outcome.accepted or asks_nobody)
        return None

    def admit(self, token: Token, evse: Evse, cause: Cause, group: str | None = None) -> None:
        """The token may charge here: begin, or wait for the cable."""
        self.reserved.use(token, group, evse)
        evse.token, evse.remote_start = token, cause.remote_start
        evse.finishing = False
        evse.group = group
        self._transactions.changed(evse, cause)
        if not evse.plugged:
            self.context.spawn(self._expire(token, evse))

    async def _present_again(self, token: Token, evse: Evse) -> Outcome:
        holder = evse.token
        if holder is not None and token.key != holder.key:
            outcome = await self.decide(token)
            if self._masters(outcome):
                return self._stop_all(token)
            same_group = outcome.group is not None and outcome.group == evse.group
            if not (outcome.accepted and same_group and evse.token is holder):
                return INVALID
        self._transactions.stop(evse, Cause(trigger="StopAuthorized", token=token, reason="Local"))
        return ACCEPTED

    def _masters(self, outcome: Outcome) -> bool:
        """Whether it is a master pass: a token of MasterPassGroupId (C16)."""
        group = self.context.variables.text("AuthCtrlr", "MasterPassGroupId")
        return outcome.accepted and bool(group) and (outcome.group or "").casefold() == group.casefold()

    def _stop_all(self, token: Token) -> Outcome:
        """C16, on a station that has no screen to choose on: every transaction ends."""
        running = self._transactions.running()
        for evse in running:
            self._transactions.stop(evse, Cause(trigger="StopAuthorized", token=token, reason="MasterPass"))
        return ACCEPTED if running else INVALID

    async def _expire(self, token: Token, evse: Evse) -> None:
        await self.context.clock.sleep(self.context.variables.number("TxCtrlr", "EVConnectionTimeOut"))
        if evse.token is token and not evse.plugged:
            unused = evse.take_claim()
            if unused is not None:
                self.reserved.unused(unused)
            self._transactions.stop(evse, Cause(trigger="EVConnectTimeout", reason="Timeout"))
