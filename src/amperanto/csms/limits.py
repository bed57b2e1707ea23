"""Limits of a transaction (E16, 2.1): what it may cost, use, last, and up to which charge of the battery.

A limit is wanted by a person (or by a remote start), said to the station once in the answer to its next live report,
and confirmed by the station with LimitSet. What the station does not support (TxCtrlr.SupportedLimits) is refused
before anything is kept. A report that was queued is no moment to say anything: nobody acts on it any more (E16.FR.18).
A limit is never unset: to lift it, a higher one is set.
"""

from __future__ import annotations

from dataclasses import replace

from amperanto.csms.access import Principal
from amperanto.csms.block import Block, Context, Teller
from amperanto.csms.transactions import Transactions
from amperanto.domain.decisions import TransactionDecision
from amperanto.domain.device_model import VariableRef, members
from amperanto.domain.errors import LimitNotSupported, TransactionOver, UnknownTransaction
from amperanto.domain.limits import TransactionLimit
from amperanto.domain.observations import TransactionReport
from amperanto.domain.stations import Station, StationId
from amperanto.domain.transactions import Transaction, TransactionState
from amperanto.stores.store import Lane, Unit

SUPPORTED = VariableRef("TxCtrlr", "SupportedLimits")
NAMES = {"cost": "maxcost", "energy": "maxenergy", "seconds": "maxtime", "state_of_charge": "maxsoc"}
"""Each limit by the member of SupportedLimits; one table of the standard calls maxTime maxLength."""


class Limits(Block):
    """E16: limits of transactions."""

    def __init__(self, context: Context, transactions: Transactions) -> None:
        super().__init__(context)
        self._transactions = transactions
        transactions.answering.append(self.say)

    async def want(self, who: Principal, transaction: str, limit: TransactionLimit) -> Transaction:
        """Want it of a running transaction. Raises UnknownTransaction, TransactionOver, LimitNotSupported."""

        async def work(unit: Unit) -> Transaction:
            one = await unit.transactions.get(who.organisation, transaction)
            if one is None:
                raise UnknownTransaction(f"there is no transaction {transaction}")
            if one.state is TransactionState.ENDED:
                raise TransactionOver("the transaction ended already")
            await self.check(unit, one.station, limit)
            station = await unit.stations.by_id(one.station)
            assert station is not None
            return await self.limited(unit, station, one, limit)

        return await self.context.store.run(work, lane=Lane.BULK)

    async def limited(self, unit: Unit, station: Station, one: Transaction, limit: TransactionLimit) -> Transaction:
        """The transaction with that limit wanted of its station; within a unit, for who starts it from afar."""
        if one.limits.wanted == limit:
            return one
        return await self._transactions.keep(unit, station, one, one.limited(limit))

    async def check(self, unit: Unit, station: StationId, limit: TransactionLimit) -> None:
        """Raises LimitNotSupported for what the station's device model does not name."""
        known = (await unit.device_models.these(station, [SUPPORTED.key()])).get(SUPPORTED.key())
        named = set(members((known and known.attribute.value) or ""))
        if "maxlength" in named:
            named.add("maxtime")
        missing = [name for name, word in NAMES.items() if getattr(limit, name) is not None and word not in named]
        if missing or limit.empty:
            words = ", ".join(missing) or "nothing"
            raise LimitNotSupported(f"the station's TxCtrlr.SupportedLimits does not allow to limit {words}")

    async def say(
        self,
        unit: Unit,
        teller: Teller,
        told: TransactionReport,
        one: Transaction,
        decision: TransactionDecision,
    ) -> TransactionDecision:
        """E16: say it once, in the answer to a live report; again only to the same report told again."""
        if one.limits.wanted is None or told.sequence is None or one.limits.said_at != told.sequence:
            return decision
        return replace(decision, limit=one.limits.wanted)
