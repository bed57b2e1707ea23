"""I. Tariff and cost: a charge gets its tariff when it starts, and its driver hears what it costs.

The tariff is chosen once the token is known, and fixed as a fact of the transaction: later versions and assignments
touch no charge that runs. The cost stands in the answer to the last report (I03), what it has cost so far in those
before it (I02); 0 is free, and no figure means that nobody knows. Nothing here waits for a station (R2): running costs
are worked out and sent after the commit, by `running_costs.py`. On the usual report this block reads nothing and writes
nothing; on a start it writes one row, on an end it reads what the price follows from.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from decimal import Decimal

import structlog

from amperanto.csms.block import Block, Context, Handler, Teller
from amperanto.csms.california import user_price
from amperanto.csms.pricing import Told, pricing
from amperanto.csms.running_costs import RunningCosts
from amperanto.csms.tariff_abilities import Abilities
from amperanto.csms.tariff_texts import in_words
from amperanto.csms.tariffs import holding
from amperanto.domain.charge_usages import Phase
from amperanto.domain.decisions import PersonalMessage, TokenDecision, TransactionDecision
from amperanto.domain.local_tariffs import NotLocal, local
from amperanto.domain.observations import TokenPresented, TransactionEnded, TransactionReport
from amperanto.domain.stations import ChargingState
from amperanto.domain.tariff_assignments import Scope
from amperanto.domain.tariffs import Tariff
from amperanto.domain.transactions import Transaction, TransactionState
from amperanto.stores.store import Unit

PERIODIC = frozenset({"MeterValuePeriodic", "MeterValueClock"})
"""Why a report is made that tells no change of state."""
DRIVERS = frozenset({Scope.TOKEN, Scope.GROUP})

log = structlog.get_logger("amperanto.csms")


class TariffAndCost(Block):
    """I. Tariff and cost, as stations and drivers see it."""

    def __init__(self, context: Context, abilities: Abilities, running: RunningCosts) -> None:
        super().__init__(context)
        self._abilities = abilities
        self._running = running
        self._texts: dict[str, PersonalMessage] = {}

    async def changed(self, unit: Unit, before: Transaction | None, after: Transaction) -> None:
        """Give a transaction its tariff, as soon as its token is known, and at its end at the latest."""
        ended = after.state is TransactionState.ENDED
        certain = after.begun_by is not None
        if certain and (before is None or before.begun_by is None):
            await self._choose(unit, after, certain=True)
        elif ended and not certain and (before is None or before.state is TransactionState.OPEN):
            await self._choose(unit, after, certain=False)
        if ended and after.number is None:  # also one whose end nobody told
            unit.after_commit(lambda: self._forget(after))
        if after.number is not None:  # 2.x is answered; 1.6 hears of it by a call of ours
            unit.after_commit(lambda: self._running.grew(after, ended=ended))

    async def _choose(self, unit: Unit, transaction: Transaction, *, certain: bool) -> None:
        """Choose it by who started it, and when, by the time that is billed; where only the end is known, for now."""
        station = await unit.stations.by_id(transaction.station)
        if station is None:
            return
        billed = transaction.billed
        at = billed.started_at or billed.ended_at or self.context.clock.now()
        group = None if transaction.authorization is None else transaction.authorization.group
        found = await holding(
            unit,
            station,
            at,
            evse=None if transaction.where is None else transaction.where.evse,
            token_key=None if transaction.token is None else transaction.token.key,
            group=group,
        )
        if found is not None:
            version = found[1]
            keep = unit.charge_facts.tariff if certain else unit.charge_facts.tariff_for_now
            keep(transaction.organisation, transaction.id, at, (version.name, version.number))

    async def answering(
        self,
        unit: Unit,
        teller: Teller,
        told: TransactionReport,
        transaction: Transaction,
        decision: TransactionDecision,
    ) -> TransactionDecision:
        """I02, I03: the cost in the answer; and the facts that stand in the report."""
        phase = _phase(told)
        if phase is not None:
            unit.charge_facts.phase(transaction.organisation, transaction.id, phase)
        if told.cost is not None and isinstance(told, TransactionEnded):
            unit.charge_facts.cost(transaction.organisation, transaction.id, told.at, told.cost)
        if told.sequence is None:
            return decision
        if isinstance(told, TransactionEnded):
            unit.after_commit(lambda: self._forget(transaction))
            cost = await self._final(unit, transaction, Told(told.values, () if phase is None else (phase,)))
            return decision if cost is None else replace(decision, cost=cost)
        if transaction.state is TransactionState.OPEN:
            unit.after_commit(lambda: self._running.grew(transaction, ended=False))
        text = self._texts.pop(transaction.id, None)
        if text is not None:
            decision = replace(decision, message=text)
        so_far = self._running.latest(transaction.id)
        return decision if so_far is None else replace(decision, cost=so_far)

    async def _final(self, unit: Unit, transaction: Transaction, told: Told) -> Decimal | None:
        if transaction.started_at is None:
            return None  # its start may be told yet: what it cost is not known
        priced = (await pricing(unit, transaction, told)).cost(ended=True)
        return None if priced is None else priced.gross

    def _forget(self, transaction: Transaction) -> None:
        self._running.forget(transaction.id)
        self._texts.pop(transaction.id, None)

    def say(self, transaction: str, text: PersonalMessage) -> None:
        """I06: tell the driver with the next answer; the latest text counts."""
        self._texts[transaction] = text

    def with_price(self, decide: Handler) -> Handler:
        """The handler of presented tokens, whose decisions carry the price as well."""

        async def handle(unit: Unit, teller: Teller, told: TokenPresented) -> TokenDecision:
            return await self.presented(unit, teller, told, await decide(unit, teller, told))

        return handle

    async def presented(
        self, unit: Unit, teller: Teller, told: TokenPresented, decision: TokenDecision
    ) -> TokenDecision:
        """I01, I08: with the outcome for a token, the price in words, and the driver's own tariff in 2.1."""
        if not decision.authorization.accepted:
            return decision
        station = teller.station
        found = await holding(
            unit,
            station,
            teller.at,
            evse=None,
            token_key=told.token.key,
            group=decision.authorization.group,
        )
        if found is None:
            return decision
        scope, version = found
        can = await self._abilities.of(unit, station.id, teller.link)
        if can.shows_tariff:
            text = in_words(version.tariff, can.language)
            decision = decision if text is None else replace(decision, message=text)
            if text is not None and can.california:
                unit.after_commit(lambda: self._running.say(station.id, user_price(told.token, text)))
        if can.calculates and scope in DRIVERS:
            mine = drivers(version.tariff, teller.at.date())
            decision = decision if mine is None else replace(decision, tariff=mine)
        return decision


def drivers(tariff: Tariff, today: date) -> Tariff | None:
    """The tariff as a driver's own, for the station to calculate by (I08); None where it cannot be said."""
    try:
        return local(tariff, today, driver=True)
    except NotLocal as error:
        log.info("a driver's tariff is priced centrally", tariff=tariff.id, why=str(error))
        return None


def _phase(told: TransactionReport) -> Phase | None:
    """Whether energy flows from now on, where the report tells a change of it."""
    if told.charging is None or told.trigger in PERIODIC:
        return None
    return Phase(told.at, told.charging is ChargingState.CHARGING)
