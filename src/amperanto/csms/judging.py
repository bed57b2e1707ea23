"""Judging: an ended transaction whose figures cannot be true is held for a person instead of being billed.

Whenever an ended transaction changes, or readings of it arrive late, it is judged anew from all its readings
(`domain/plausibility.py`), so the order in which they came makes no difference (R10). What holds it opens one review
with the evidence; what explains it by itself withdraws that review. A transaction that runs is not judged: nothing is
read for a report that only goes on.
"""

from __future__ import annotations

import msgspec

from amperanto.csms.block import Block
from amperanto.domain.device_model import VariableRef
from amperanto.domain.events import ReviewWanted
from amperanto.domain.findings import Finding, Judgement
from amperanto.domain.meter_values import MeterValue
from amperanto.domain.plausibility import judge
from amperanto.domain.quantities import Watts, exact
from amperanto.domain.stations import EvseRef, Station
from amperanto.domain.transactions import Transaction, TransactionState
from amperanto.stores.reviews import TRANSACTION, Review
from amperanto.stores.store import Unit

READ_AT_ONCE, MOST_READ = 1000, 10_000
"""Meter values of one transaction: one every ten seconds for a day is 8,640."""
WITHDRAWN = msgspec.json.encode({"ruling": "withdrawn", "reason": "later reports explained it"}).decode()
POWER = "Power"


class Judging(Block):
    """What is doubtful about transactions."""

    async def judged(
        self, unit: Unit, station: Station, after: Transaction, values: tuple[MeterValue, ...] = ()
    ) -> Transaction:
        """The transaction with what is found about it now; `values` are the readings that are kept with this unit."""
        known = after.judgement
        if after.state is TransactionState.OPEN:
            if known.review is not None:
                self._withdraw(unit, after)
            return after.judged(Judgement())
        told = await self._readings(unit, after)
        findings = judge(after, (*told, *values), await self._power(unit, after))
        if known.verdict is not None and after.stands(findings):
            return after.judged(known._replace(findings=findings))
        doubts = tuple(one for one in findings if one.holds)
        if not doubts:
            if known.review is not None:
                self._withdraw(unit, after)
            return after.judged(Judgement(findings))
        if known.review is None:
            review = self._open(unit, station, after, doubts)
        else:
            review = known.review
            if known.findings != findings:
                unit.reviews.amend(
                    after.organisation, review, problem=problem_of(doubts), evidence=evidence_of(after, doubts)
                )
        return after.judged(Judgement(findings, None, review))

    async def _readings(self, unit: Unit, transaction: Transaction) -> list[MeterValue]:
        found: list[MeterValue] = []
        cursor: str | None = None
        while len(found) < MOST_READ:
            page = await unit.meter_values.of_transaction(
                transaction.organisation, transaction.id, cursor=cursor, limit=READ_AT_ONCE
            )
            found += page.items
            cursor = page.next
            if cursor is None:
                break
        return found

    async def _power(self, unit: Unit, transaction: Transaction) -> Watts | None:
        """What the EVSE can deliver at most, by the device model (EVSE.Power, maxLimit)."""
        where = transaction.where
        if where is None:
            return None
        ref = VariableRef("EVSE", POWER, where=EvseRef(where.evse))
        known = (await unit.device_models.these(transaction.station, [ref.key()])).get(ref.key())
        told = None if known is None else known.characteristics
        if told is None or told.max_limit is None or told.max_limit <= 0:
            return None
        limit = exact(told.max_limit)
        return Watts(limit * 1000 if told.unit == "kW" else limit)

    def _open(self, unit: Unit, station: Station, after: Transaction, doubts: tuple[Finding, ...]) -> str:
        review = Review(
            id=self.context.ids.new(),
            organisation=after.organisation,
            station=after.station,
            at=self.context.clock.now(),
            action="Transaction",
            message="",
            problem=problem_of(doubts),
            kind=TRANSACTION,
            subject=after.id,
            evidence=evidence_of(after, doubts),
        )
        unit.reviews.add(review)
        self.tell(
            unit,
            ReviewWanted(
                organisation=after.organisation,
                station=after.station,
                identity=station.identity,
                at=review.at,
                subject=after.id,
                problem=review.problem,
            ),
        )
        return review.id

    def _withdraw(self, unit: Unit, transaction: Transaction) -> None:
        assert transaction.judgement.review is not None
        unit.reviews.settle(
            transaction.organisation, transaction.judgement.review, self.context.clock.now(), resolution=WITHDRAWN
        )


def problem_of(doubts: tuple[Finding, ...]) -> str:
    """All that is doubtful, in words."""
    return "; ".join(one.words for one in doubts)


def evidence_of(transaction: Transaction, doubts: tuple[Finding, ...]) -> str:
    """What the words rest on, as JSON: each doubt with its figures, and what it proposes."""
    energy = transaction.energy
    told = {
        "energy_wh": None if energy is None else f"{energy.value:f}",
        "doubts": [
            {
                "kind": one.kind,
                "words": one.words,
                "evidence": dict(one.evidence),
                "proposed_wh": None if one.proposed is None else f"{one.proposed.value:f}",
            }
            for one in doubts
        ],
    }
    return msgspec.json.encode(told).decode()
