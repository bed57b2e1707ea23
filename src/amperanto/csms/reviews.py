"""Reviews: what waits for a person, and the one call that settles it.

A doubtful transaction is accepted as it is, billed with another figure, or void; a message that could not be read is
seen to. Who decided, when, why, and the figure before and after stay with the review and with the transaction.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import msgspec

from amperanto.csms.access import Principal
from amperanto.csms.block import Block, Context
from amperanto.csms.records import Named
from amperanto.csms.transactions import Transactions
from amperanto.domain.errors import FigureNeeded, ReviewOver, UnknownReview, UnknownTransaction
from amperanto.domain.findings import Judgement, Ruling, Verdict
from amperanto.domain.quantities import WattHours
from amperanto.domain.stations import Station, StationId
from amperanto.domain.transactions import Transaction
from amperanto.stores.reviews import TRANSACTION, Review
from amperanto.stores.store import Lane, Unit
from amperanto.stores.work import Page

__all__ = ["Resolution", "Review", "Reviews"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Resolution:
    """What a person decides, and why; `energy` (Wh) is what is billed when the ruling is `use`."""

    ruling: Ruling
    reason: str
    energy: WattHours | None = None


class Reviews(Block):
    """What people should look at."""

    def __init__(self, context: Context, transactions: Transactions) -> None:
        super().__init__(context)
        self._transactions = transactions

    async def review(self, who: Principal, review: str) -> Named[Review]:
        """The organisation's review of that id. Raises UnknownReview."""
        found = await self.context.store.reviews.get(who.organisation, review)
        if found is None:
            raise UnknownReview(f"there is no review {review}")
        return (await self._named(who, [found]))[0]

    async def reviews(
        self,
        who: Principal,
        *,
        open_only: bool = True,
        kind: str | None = None,
        station: StationId | None = None,
        cursor: str | None = None,
        limit: int = 100,
    ) -> Page[Named[Review]]:
        """A page of reviews, the newest first."""
        page = await self.context.store.reviews.list(
            who.organisation, open_only=open_only, kind=kind, station=station, cursor=cursor, limit=limit
        )
        return Page(tuple(await self._named(who, page.items)), page.next)

    async def settle(self, who: Principal, review: str, resolution: Resolution) -> Named[Review]:
        """Decide. Raises UnknownReview, ReviewOver, FigureNeeded (for `use`, and for that alone)."""
        if (resolution.ruling is Ruling.USE) != (resolution.energy is not None):
            raise FigureNeeded("say the energy in Wh with `use`, and only then")

        async def work(unit: Unit) -> None:
            found = await unit.reviews.get(who.organisation, review)
            if found is None:
                raise UnknownReview(f"there is no review {review}")
            if found.settled_at is not None:
                raise ReviewOver("it was settled already")
            before, after = None, None
            if found.kind == TRANSACTION and found.subject is not None:
                before, after = await self._ruled(unit, who, found, resolution)
            unit.reviews.settle(
                who.organisation,
                review,
                self.context.clock.now(),
                resolution=_written(resolution, before, after),
                by=who.name,
            )

        await self.context.store.run(work, lane=Lane.BULK)
        return await self.review(who, review)

    async def _ruled(
        self, unit: Unit, who: Principal, review: Review, resolution: Resolution
    ) -> tuple[WattHours | None, WattHours | None]:
        """The transaction as decided; returns what was to be billed before and after."""
        transaction = await unit.transactions.get(who.organisation, review.subject or "")
        if transaction is None:
            raise UnknownTransaction(f"there is no transaction {review.subject}")
        verdict = Verdict(
            ruling=resolution.ruling,
            by=who.name,
            at=self.context.clock.now(),
            reason=resolution.reason,
            energy=resolution.energy,
            about=transaction.energy,
        )
        judgement = Judgement(transaction.judgement.findings, verdict, None)
        ruled = await self._transactions.keep(
            unit, await self._station(unit, transaction), transaction, transaction.judged(judgement)
        )
        return transaction.billed_energy, None if ruled.void else ruled.billed_energy

    async def _station(self, unit: Unit, transaction: Transaction) -> Station:
        """The transaction's station; one that was removed is named by our id."""
        known = await unit.stations.by_id(transaction.station)
        return known or Station(
            id=transaction.station, organisation=transaction.organisation, identity=transaction.station
        )

    async def _named(self, who: Principal, found: Iterable[Review]) -> list[Named[Review]]:
        named: list[Named[Review]] = []
        for one in found:
            known = await self.context.store.stations.get(who.organisation, one.station)
            named.append(Named(one.station if known is None else known.identity, one))
        return named


def _written(resolution: Resolution, before: WattHours | None, after: WattHours | None) -> str:
    told = {
        "ruling": resolution.ruling,
        "reason": resolution.reason,
        "before_wh": None if before is None else f"{before.value:f}",
        "after_wh": None if after is None else f"{after.value:f}",
    }
    return msgspec.json.encode(told).decode()
