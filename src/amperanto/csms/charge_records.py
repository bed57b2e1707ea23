"""Charge detail records are issued by themselves: at once for a charge that is whole, else after a settling time (R10).

The end of a transaction puts a durable timer; when it falls due the record is issued in the same unit that ends the
timer, so it is issued once or not yet, whoever is killed when. What is held for a person is not issued; the timer comes
back until somebody decides. Whatever changes a charge afterwards puts the timer again: if it then bills otherwise, the
record is taken back by a credit, and a new one issued, both linked to it.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from dataclasses import replace
from datetime import datetime, timedelta
from decimal import Decimal

import structlog

from amperanto.csms.access import Principal
from amperanto.csms.block import Block, Context
from amperanto.csms.pricing import Pricing, pricing
from amperanto.csms.signed_values import DUE as SIGNATURES
from amperanto.csms.timers import Timers
from amperanto.domain.charge_records import ChargeRecord, RecordKind, RegisterReading
from amperanto.domain.cost_details import disagreement
from amperanto.domain.due import Due
from amperanto.domain.errors import NotBillable, NothingToCorrect, UnknownRecord, UnknownTransaction
from amperanto.domain.events import ChargeRecordIssued
from amperanto.domain.meter_values import readings
from amperanto.domain.quantities import WattHours
from amperanto.domain.stations import OrganisationId
from amperanto.domain.tokens import RegisteredToken
from amperanto.domain.transactions import Completeness, Transaction, TransactionState
from amperanto.stores.charge_records import Which
from amperanto.stores.errors import ConflictError
from amperanto.stores.reviews import Review
from amperanto.stores.store import Lane, Unit
from amperanto.stores.work import Page

KIND = "charge_record"
AGAIN = timedelta(hours=1)
"""How long until it is looked again whether a held transaction was decided about."""
LONGEST_NUMBER = 19
"""A number of so many digits is none of ours: it would not fit a column."""
STRAYS = timedelta(seconds=60)
"""How long readings of 1.6 may come after the stop that ends their transaction."""
UNCHECKED = timedelta(seconds=10)
"""How long until it is looked again whether what the meter signed was checked: what is wrong is not billed first."""
TURNED_OUT = "it turned out otherwise later"

log = structlog.get_logger("amperanto.csms")


class ChargeRecords(Block):
    """Charge detail records."""

    def __init__(self, context: Context, timers: Timers) -> None:
        super().__init__(context)
        self.issued: list[Callable[[Unit, ChargeRecord], None]] = []
        """Who acts on each record, in the unit that issues it."""
        timers.on(KIND, self.fell_due, lasting=True)

    # --- by itself

    async def changed(self, unit: Unit, before: Transaction | None, after: Transaction) -> None:
        """Have a record issued when a transaction ended, and have it looked at again when it changed since."""
        if after.state is not TransactionState.ENDED:
            return
        self._put(unit, after, self._settling(after))

    def _settling(self, transaction: Transaction) -> timedelta:
        if transaction.completeness is Completeness.PROVEN or transaction.judgement.verdict is not None:
            return timedelta(0)
        if transaction.completeness is Completeness.ASSUMED:
            return STRAYS
        return timedelta(seconds=self.context.settings.record_settling)

    def _put(self, unit: Unit, transaction: Transaction, wait: timedelta) -> None:
        unit.due.put(
            Due(
                id=self.context.ids.new(),
                organisation=transaction.organisation,
                kind=KIND,
                subject=transaction.id,
                at=self.context.clock.now() + wait,
            )
        )

    async def fell_due(self, unit: Unit, due: Due) -> None:
        """Issue or correct the record of a transaction, where there is anything to."""
        transaction = await unit.transactions.get(due.organisation, due.subject)
        if transaction is None or transaction.state is not TransactionState.ENDED:
            return
        if transaction.void:
            await self._take_back(unit, transaction)
        elif transaction.held:
            self._put(unit, transaction, AGAIN)
        elif await unit.due.of(SIGNATURES, transaction.id) is not None:
            self._put(unit, transaction, UNCHECKED)
        else:
            await self._settle(unit, transaction, TURNED_OUT)

    async def _settle(self, unit: Unit, transaction: Transaction, reason: str) -> ChargeRecord | None:
        """The record that stands, issued now if there is none or another is due; None where it stood already."""
        known = await unit.charge_records.of(transaction.organisation, transaction.id)
        number = await unit.charge_records.next_number(transaction.organisation)
        priced = await pricing(unit, transaction)
        fresh = self._record(priced, number)
        last = known[-1] if known else None
        if last is None:
            self._compare(unit, priced, fresh)
        if last is None or last.kind is RecordKind.CREDIT:
            if last is not None:
                fresh = _linked(fresh, last.corrects, reason, number)
            await self._issued(unit, [fresh], turn=len(known))
            return fresh
        if last.says_the_same(fresh):
            return None
        fresh = _linked(fresh, last.id, reason, number + 1)
        await self._issued(unit, [self._credit(last, number, reason), fresh], turn=len(known))
        return fresh

    async def _take_back(self, unit: Unit, transaction: Transaction) -> None:
        """A transaction that is void after all: what was billed of it is given back."""
        known = await unit.charge_records.of(transaction.organisation, transaction.id)
        if known and known[-1].kind is RecordKind.CHARGE:
            number = await unit.charge_records.next_number(transaction.organisation)
            credit = self._credit(known[-1], number, "the transaction is void")
            await self._issued(unit, [credit], turn=len(known))

    def _compare(self, unit: Unit, priced: Pricing, record: ChargeRecord) -> None:
        """I12: a station that calculated another cost than we did, beyond a cent, is something for a person to see."""
        theirs, ours = priced.station_cost, record.cost
        if theirs is None or ours is None:
            return
        problem = disagreement(theirs, ours)
        if problem is not None:
            unit.reviews.add(
                Review(
                    id=self.context.ids.new(),
                    organisation=record.organisation,
                    station=record.station,
                    at=record.issued_at,
                    action="TransactionEvent",
                    subject=record.transaction,
                    message=f"transaction {record.transaction}, charge record {record.number}",
                    problem=problem,
                )
            )

    def _credit(self, record: ChargeRecord, number: int, reason: str) -> ChargeRecord:
        return record.credit(as_id=self.context.ids.new(), number=number, at=self.context.clock.now(), reason=reason)

    async def _issued(self, unit: Unit, records: list[ChargeRecord], *, turn: int) -> None:
        """Issue them together; prepaid tokens (C17) pay what they come to, or get it back."""
        owed: dict[str, Decimal] = {}
        for at, record in enumerate(records, turn):
            self._issue(unit, record, turn=at)
            if record.token is not None and record.gross:
                owed[record.token.key] = owed.get(record.token.key, Decimal(0)) + record.gross
        prepaid: dict[str, tuple[RegisteredToken, Decimal]] = {}
        for key, amount in owed.items():
            known = await unit.tokens.by_uid(records[0].organisation, key)
            if known is not None and known.credit is not None:  # two spellings may be one token
                so_far = prepaid[known.id][1] if known.id in prepaid else known.credit
                prepaid[known.id] = (known, so_far - amount)
        for known, left in prepaid.values():
            if left != known.credit:
                unit.tokens.save(replace(known, credit=left))

    def _issue(self, unit: Unit, record: ChargeRecord, *, turn: int) -> None:
        unit.charge_records.add(record, turn=turn)
        for heard in self.issued:
            heard(unit, record)
        self.tell(
            unit,
            ChargeRecordIssued(
                organisation=record.organisation,
                station=record.station,
                identity=record.identity,
                at=record.issued_at,
                record=record.id,
                number=record.number,
                kind=record.kind,
                transaction=record.transaction,
                currency=None if record.cost is None else record.cost.currency,
                gross=record.gross,
                corrects=record.corrects,
            ),
        )

    def _record(self, priced: Pricing, number: int) -> ChargeRecord:
        transaction, station, now = priced.transaction, priced.station, self.context.clock.now()
        return ChargeRecord(
            id=self.context.ids.new(),
            organisation=transaction.organisation,
            number=number,
            transaction=transaction.id,
            station=transaction.station,
            identity=transaction.station if station is None else station.identity,
            reference=transaction.reference,
            where=transaction.where,
            token=transaction.token,
            started_at=transaction.started_at,
            ended_at=transaction.over_at,
            received_at=transaction.received_at,
            known_at=now,
            issued_at=now,
            energy=None if transaction.billed_energy is None else transaction.billed_energy.value,
            time_zone=priced.time_zone,
            tariffs=priced.tariffs,
            cost=priced.cost(ended=True),
            readings=tuple(RegisterReading(at, energy.value) for at, energy in _readings(priced)),
        )

    # --- for people

    async def record(self, who: Principal, record: str) -> ChargeRecord:
        """One record, by its id or its number. Raises UnknownRecord."""
        kept = self.context.store.charge_records
        if record.isascii() and record.isdigit() and len(record) < LONGEST_NUMBER:
            page = await kept.list(who.organisation, Which(), cursor=str(int(record) - 1), limit=1)
            found = next((one for one in page.items if one.number == int(record)), None)
        else:
            found = await kept.get(who.organisation, record)
        if found is None:
            raise UnknownRecord(f"there is no charge record {record}")
        return found

    async def records(
        self, who: Principal, which: Which, *, cursor: str | None = None, limit: int = 100
    ) -> Page[ChargeRecord]:
        """A page of records, in the order of their numbers."""
        return await self.context.store.charge_records.list(who.organisation, which, cursor=cursor, limit=limit)

    def all(self, organisation: OrganisationId, which: Which) -> AsyncIterator[ChargeRecord]:
        """Every such record, in the order of their numbers."""
        return self.context.store.charge_records.all(organisation, which)

    async def correct(self, who: Principal, record: str, reason: str) -> list[ChargeRecord]:
        """Take a record back, and issue what stands now in its place: the credit, and the new record if one is due.

        Raises UnknownRecord, NothingToCorrect for one that a credit took back already.
        """
        old = await self.record(who, record)
        why = f"{reason} ({who.name})"

        async def work(unit: Unit) -> list[ChargeRecord]:
            known = await unit.charge_records.of(who.organisation, old.transaction)
            if known[-1].id != old.id or old.kind is RecordKind.CREDIT:
                raise NothingToCorrect(f"record {old.number} was corrected already")
            number = await unit.charge_records.next_number(who.organisation)
            issued = [self._credit(old, number, why)]
            transaction = await unit.transactions.get(who.organisation, old.transaction)
            if transaction is not None and transaction.billable:
                fresh = self._record(await pricing(unit, transaction), number + 1)
                issued.append(_linked(fresh, old.id, why, number + 1))
            await self._issued(unit, issued, turn=len(known))
            return issued

        try:
            return await self.context.store.run(work, lane=Lane.BULK)
        except ConflictError as error:
            raise NothingToCorrect(f"record {old.number} is being corrected") from error

    async def issue(self, who: Principal, transaction: str) -> ChargeRecord:
        """Issue the record of a transaction now, without waiting. Raises UnknownTransaction, NotBillable."""

        async def work(unit: Unit) -> ChargeRecord:
            found = await unit.transactions.get(who.organisation, transaction)
            if found is None:
                raise UnknownTransaction(f"there is no transaction {transaction}")
            if not found.billable:
                raise NotBillable("the transaction runs, or is held for review")
            fresh = await self._settle(unit, found, TURNED_OUT)
            return fresh or (await unit.charge_records.of(who.organisation, transaction))[-1]

        return await self.context.store.run(work, lane=Lane.BULK)


def _linked(record: ChargeRecord, corrects: str | None, reason: str, number: int) -> ChargeRecord:
    return replace(record, number=number, corrects=corrects, reason=reason)


def _readings(priced: Pricing) -> list[tuple[datetime, WattHours]]:
    """The register readings that were used, first and last included, in order."""
    found = dict(readings(priced.values))
    for one in (priced.transaction.first_reading, priced.transaction.last_reading):
        if one is not None:
            found[one.at] = one.energy
    return sorted(found.items(), key=lambda reading: reading[0])
