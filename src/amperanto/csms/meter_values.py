"""J. Meter values that come apart from transaction reports: 1.6's MeterValues, and readings of idle meters.

Readings that name no transaction, or one we do not know (−1, 0, an old id), belong to the one that is open at
their EVSE; else they are kept for the EVSE alone (quirks.md §6).
"""

from __future__ import annotations

from datetime import datetime

from amperanto.csms.block import Block, Context, Teller, handles
from amperanto.csms.transactions import Transactions
from amperanto.domain.decisions import Noted
from amperanto.domain.events import MeterSampled
from amperanto.domain.observations import MeterRead
from amperanto.domain.transactions import Transaction
from amperanto.stores.store import Unit

_NOTED = Noted()


class MeterValues(Block):
    """J. Meter values."""

    def __init__(self, context: Context, transactions: Transactions) -> None:
        super().__init__(context)
        self._transactions = transactions

    @handles(MeterRead)
    async def read(self, unit: Unit, teller: Teller, told: MeterRead) -> Noted:
        """J01, J02: keep the readings; the transaction they belong to grows."""
        if not told.values:
            return _NOTED
        transaction = await self._transaction(unit, teller, told)
        if transaction is None:
            unit.meter_values.add(teller.station.organisation, teller.station.id, told.values, where=told.where)
        else:
            grown = await self._transactions.keep(unit, teller.station, transaction, transaction.measured(told.values))
            unit.meter_values.add(
                grown.organisation, grown.station, told.values, where=told.where, transaction=grown.id
            )
        if not self.context.bus.heard:
            return _NOTED
        sampled = MeterSampled(
            organisation=teller.station.organisation,
            station=teller.station.id,
            identity=teller.station.identity,
            at=teller.at,
            where=told.where,
            transaction=None if transaction is None else transaction.id,
            values=told.values,
        )
        unit.after_commit(lambda: self.context.bus.publish(sampled))
        return _NOTED

    async def _transaction(self, unit: Unit, teller: Teller, told: MeterRead) -> Transaction | None:
        """The transaction they are of: as named, unless that was over by then; else the one at that place and time.

        In 2.x the readings of a transaction come in its reports: these here are of none (J01).
        """
        at = min(value.at for value in told.values)
        if told.reference is not None:
            named = await unit.transactions.by_reference(teller.station.id, told.reference)
            if named is not None and named.number is not None and (named.ended_at is None or at <= named.ended_at):
                return named
        if told.where.whole_station:
            return None
        open_here = [one for one in await unit.transactions.open_at(teller.station.id) if _at(one, told, at)]
        if open_here:
            return open_here[-1]
        if told.reference is None:
            return None
        return next(
            (one for one in await unit.transactions.started_before(teller.station.id, at) if _at(one, told, at)), None
        )


def _at(one: Transaction, told: MeterRead, at: datetime) -> bool:
    """Whether the transaction ran there at that time. One without a start may have begun at any."""
    begun = one.started_at is None or one.started_at <= at
    return one.number is not None and one.is_at(told.where) and begun and (one.over_at is None or at <= one.over_at)
