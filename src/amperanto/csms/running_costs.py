"""Running costs (I02): what a charge has cost so far, worked out beside the messages and sent at a measured pace.

A report only marks its transaction here, after its commit. Once a second the node looks which marks are due, works out
the cost from what is kept, and tells the station by CostUpdated if the figure changed. A station that never said it
could show a cost is told none. In 1.6 the words are those of California pricing; there the final cost goes out this
way, too, since a StopTransaction is answered without one. Nothing here must survive a restart: the next report marks
again.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import structlog

from amperanto.csms import california
from amperanto.csms.block import Block, Context
from amperanto.csms.errors import StationError
from amperanto.csms.pricing import pricing
from amperanto.csms.tariff_abilities import Abilities
from amperanto.csms.tariff_texts import in_words
from amperanto.domain.stations import StationId
from amperanto.domain.transactions import Transaction
from amperanto.ocpp import v2
from amperanto.ocpp.errors import CallRefused
from amperanto.stores.errors import NotDurable

EVERY = 1.0
AT_ONCE = 50

log = structlog.get_logger("amperanto.csms")


@dataclass(slots=True)
class _Mark:
    """A charge whose cost is to be worked out when `due` comes (monotonic seconds)."""

    transaction: Transaction
    due: float
    ended: bool = False
    waits: bool = True
    said: Decimal | None = None


class RunningCosts(Block):
    """What charges have cost so far."""

    def __init__(self, context: Context, abilities: Abilities) -> None:
        super().__init__(context)
        self._abilities = abilities
        self._marks: dict[str, _Mark] = {}
        self._words: list[tuple[StationId, v2.Request[Any]]] = []

    def say(self, station: StationId, request: v2.Request[Any]) -> None:
        """Send this with the next look: nobody waits for it, and it may be lost."""
        self._words.append((station, request))

    def grew(self, transaction: Transaction, *, ended: bool) -> None:
        """Mark a transaction that changed: its cost will be worked out when its time comes."""
        mark = self._marks.get(transaction.id)
        now = self.context.clock.monotonic()
        if mark is None:
            mark = self._marks[transaction.id] = _Mark(transaction, now + self.context.settings.running_cost_interval)
        mark.transaction, mark.waits = transaction, True
        if ended:
            mark.ended, mark.due = True, now

    def latest(self, transaction: str) -> Decimal | None:
        """What it had cost when that was last worked out."""
        mark = self._marks.get(transaction)
        return None if mark is None else mark.said

    def forget(self, transaction: str) -> None:
        """It ended, and its cost was told with the answer."""
        self._marks.pop(transaction, None)

    async def run(self) -> None:
        """Look every second, until cancelled."""
        while True:
            await self.context.clock.sleep(EVERY)
            try:
                await self.look()
            except NotDurable as error:
                log.warning("running costs cannot be worked out now", why=str(error))
            except Exception as error:  # noqa: BLE001 - one bad charge must not end the looking for good
                log.warning("working out running costs failed", why=f"{type(error).__name__}: {error}")

    async def look(self) -> None:
        """Work out and tell what is due."""
        now = self.context.clock.monotonic()
        due = [mark for mark in self._marks.values() if mark.waits and mark.due <= now][:AT_ONCE]
        words, self._words = self._words, []
        calls = [self._call(station, request) for station, request in words]
        await asyncio.gather(*calls, *(self._tell(mark) for mark in due))

    async def _tell(self, mark: _Mark) -> None:
        transaction = mark.transaction
        mark.waits, mark.due = False, self.context.clock.monotonic() + self.context.settings.running_cost_interval
        if mark.ended:
            self._marks.pop(transaction.id, None)
        link = self.context.stations.link(transaction.station)
        if link is None:
            return
        ability = await self._abilities.of(self.context.store, transaction.station, link)
        if not ability.shows_cost:
            return
        known = await pricing(self.context.store, transaction)
        priced = known.cost(ended=mark.ended)
        if priced is None or (priced.gross == mark.said and not mark.ended):
            return
        mark.said = priced.gross
        extra = california.running(known, priced)
        if mark.ended:
            extra = california.final(in_words(known.tariffs[-1].tariff, ability.language))
        await self._call(
            transaction.station,
            v2.CostUpdatedRequest(
                total_cost=float(priced.gross),
                transaction_id=transaction.reference,
                custom_data=extra if ability.california else v2.UNSET,
            ),
        )

    async def _call(self, station: StationId, request: v2.Request[Any]) -> None:
        try:
            await self.context.stations.call(station, request)
        except (StationError, CallRefused) as error:
            log.info("a cost was not taken", station=station, action=request.action, why=str(error))
