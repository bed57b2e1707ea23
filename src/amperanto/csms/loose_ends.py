"""Loose ends: transactions whose end, or whose missing reports, nobody tells.

A boot, or a connector that is available again, speaks against a transaction that is open there. It is only suspected
then: the station may still deliver its queue, or resume (E17). After a grace a durable timer looks again: a 2.x station
is asked (E14), and its word counts; a 1.6 station that is connected and said nothing more has lost the end. Then the
transaction is closed provisionally, at the last instant known of it; a late report opens or replaces that (R10).
The same timer asks for what is missing of a transaction that ended: once nothing is in the station's queue, it is lost.
A station that is away is waited for: its queue is where the truth may be; one that was removed is not.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable
from datetime import datetime, timedelta

import structlog

from amperanto.csms.block import Block, Context, Teller
from amperanto.csms.errors import StationError
from amperanto.csms.stations import StationLink
from amperanto.csms.timers import Timers
from amperanto.csms.transactions import Transactions
from amperanto.domain.due import Due
from amperanto.domain.loose_ends import AVAILABLE, BOOTED, DENIED
from amperanto.domain.observations import ConnectorObserved, StationBooted
from amperanto.domain.stations import Availability, ChargingState, Connector, Station
from amperanto.domain.transactions import Completeness, Transaction, TransactionState
from amperanto.ocpp import v2
from amperanto.ocpp.errors import CallRefused
from amperanto.stores.errors import NotDurable
from amperanto.stores.store import Unit

DUE = "transaction.loose"
TRIGGERED = "Triggered"
GOING_ON = frozenset({ChargingState.CHARGING, ChargingState.SUSPENDED_EV, ChargingState.SUSPENDED_EVSE})

log = structlog.get_logger("amperanto.csms")


class LooseEnds(Block):
    """What becomes of transactions whose end is not told."""

    def __init__(self, context: Context, transactions: Transactions, timers: Timers) -> None:
        super().__init__(context)
        self._transactions = transactions
        self.asking: set[asyncio.Task[None]] = set()
        """Questions that are under way."""
        transactions.listeners.append(self.noticed)
        timers.on(DUE, self.look, lasting=True)

    @property
    def grace(self) -> timedelta:
        """How long a station has to deliver, or to resume."""
        return timedelta(seconds=self.context.settings.closing_grace)

    # --- what speaks against a transaction

    async def booted(self, unit: Unit, teller: Teller, told: StationBooted) -> None:
        """B01, E17: what was open when a station restarts may have been cut off; a triggered boot is no restart."""
        if told.reason != TRIGGERED:
            for one in await unit.transactions.open_at(teller.station.id):
                await self._suspect(unit, teller.station, one, BOOTED, teller.at)

    async def free(self, unit: Unit, teller: Teller, seen: Connector) -> None:
        """G01: a connector that is available charges nobody."""
        if seen.availability is not Availability.AVAILABLE or seen.where.whole_station:
            return
        for one in await unit.transactions.open_at(teller.station.id):
            if one.is_at(seen.where):
                await self._suspect(unit, teller.station, one, AVAILABLE, teller.at)

    async def charging(self, unit: Unit, teller: Teller, told: ConnectorObserved) -> None:
        """G01: a connector that charges, or waits within a charge, speaks for what is suspected there."""
        if told.charging not in GOING_ON or told.where.whole_station:
            return
        for one in await unit.transactions.open_at(teller.station.id):
            if one.loose.suspicion is not None and one.is_at(told.where):
                unit.due.cancel(DUE, one.id)
                await self._transactions.keep(unit, teller.station, one, one.cleared())

    async def _suspect(self, unit: Unit, station: Station, one: Transaction, why: str, at: datetime) -> None:
        await self._transactions.keep(unit, station, one, one.suspected(why, at))

    async def noticed(self, unit: Unit, before: Transaction | None, after: Transaction) -> None:
        """A change that leaves a loose end: look again after the grace."""
        was = before is not None and _loose(before)
        if _loose(after) and (not was or (before is not None and before.state is not after.state)):
            self._look_again(unit, after)

    def _look_again(self, unit: Unit, one: Transaction) -> None:
        at = self.context.clock.now() + self.grace
        unit.due.put(Due(id=self.context.ids.new(), organisation=one.organisation, kind=DUE, subject=one.id, at=at))

    # --- when the grace is over

    async def look(self, unit: Unit, due: Due) -> None:
        """Ask the station, or conclude; wait on while it is away."""
        one = await unit.transactions.get(due.organisation, due.subject)
        if one is None or not _loose(one):
            return
        link = self.context.stations.link(one.station)
        if await unit.stations.by_id(one.station) is None:
            await self._conclude(unit, one, lost=True)
        elif link is None:
            self._look_again(unit, one)
        elif one.number is None and link.can(v2.GetTransactionStatusRequest):
            self._look_again(unit, one)
            unit.after_commit(lambda: self._spawn(self._ask(link, one)))
        else:
            await self._conclude(unit, one)

    def _spawn(self, work: Awaitable[None]) -> None:
        async def guarded() -> None:
            try:
                await work
            except NotDurable as error:
                log.warning("a transaction's status cannot be kept now", why=str(error))

        task = asyncio.ensure_future(guarded())
        self.asking.add(task)
        task.add_done_callback(self.asking.discard)

    async def _ask(self, link: StationLink, one: Transaction) -> None:
        """E14: whether it runs, and whether reports of it are still to come."""
        request = v2.GetTransactionStatusRequest(transaction_id=one.reference)
        try:
            answer = await link.call(request)
        except CallRefused:
            await self.context.store.run(lambda unit: self._concluded(unit, one))
            return
        except StationError:
            return  # it is asked again after another grace
        if answer.messages_in_queue:
            return
        runs = answer.ongoing_indicator is True

        async def work(unit: Unit) -> None:
            if runs:
                await self._cleared(unit, one)
            else:
                await self._concluded(unit, one, lost=True)

        await self.context.store.run(work)

    async def _cleared(self, unit: Unit, one: Transaction) -> None:
        known = await unit.transactions.get(one.organisation, one.id)
        unit.due.cancel(DUE, one.id)
        if known is not None:
            await self._transactions.keep(unit, await self._station(unit, known), known, known.cleared())

    async def _concluded(self, unit: Unit, one: Transaction, *, lost: bool = False) -> None:
        known = await unit.transactions.get(one.organisation, one.id)
        unit.due.cancel(DUE, one.id)
        if known is not None:
            await self._conclude(unit, known, lost=lost)

    async def _conclude(self, unit: Unit, one: Transaction, *, lost: bool = False) -> None:
        """Close it, with what speaks against it; and declare lost what the station does not have any more."""
        suspicion = one.loose.suspicion
        after = one
        if suspicion is not None:
            after = one.closed(suspicion.why, suspicion.since)
        elif lost and one.state is TransactionState.OPEN:
            after = one.closed(DENIED, self.context.clock.now())
        if lost or not one.sequenced:
            after = after.without_the_rest()
        await self._transactions.keep(unit, await self._station(unit, one), one, after)

    async def _station(self, unit: Unit, one: Transaction) -> Station:
        known = await unit.stations.by_id(one.station)
        return known or Station(id=one.station, organisation=one.organisation, identity=one.station)


def _loose(one: Transaction) -> bool:
    """Whether something about its end is open: it is suspected, or reports of it are missing."""
    if one.state is TransactionState.OPEN:
        return one.loose.suspicion is not None
    return one.sequenced and one.completeness is Completeness.INCOMPLETE and not one.loose.lost
