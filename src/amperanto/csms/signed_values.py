"""J. Signed readings: kept as they came, checked when a transaction ends and whenever somebody asks (J02).

The key that counts is the one registered for the meter (a person reads it off the meter's label); one that the
station told beside the reading shows only that the reading is whole. When a transaction with signed readings ends, a
timer checks them: a wrong signature, another key, or energy that is not the one we count keeps the transaction from
being billed until a person has decided.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from enum import StrEnum
from typing import Protocol
from xml.etree.ElementTree import Element, SubElement, tostring

from amperanto.csms.access import Principal
from amperanto.csms.block import Block, Context, Teller
from amperanto.csms.signatures import Checked, check, normal_key
from amperanto.csms.timers import Timers
from amperanto.csms.transactions import Transactions
from amperanto.domain.decisions import TransactionDecision
from amperanto.domain.due import Due
from amperanto.domain.errors import UnknownMeterKey, UnknownTransaction
from amperanto.domain.meter_values import MeterValue, SignedValue
from amperanto.domain.observations import TransactionReport
from amperanto.domain.quantities import WattHours
from amperanto.domain.signed_values import WRONG_SIGNATURE, SignedReading, Verdict, format_of
from amperanto.domain.stations import Station, StationId
from amperanto.domain.transactions import Transaction, TransactionState
from amperanto.stores.meter_keys import MeterKey, MeterKeys
from amperanto.stores.meter_values import MeterValues
from amperanto.stores.store import Lane, Unit
from amperanto.stores.work import LARGEST_PAGE

__all__ = ["CheckedValue", "MeterKey", "Outcome", "SignedTransaction", "SignedValues"]

DUE = "signed-values"
SETTLING = timedelta(seconds=5)
A_WATT_HOUR = Decimal(1)
"""Within this the figures are the same: 1.6 tells its registers in whole watt-hours."""
WRONG = frozenset({Verdict.INVALID, Verdict.OTHER_KEY, Verdict.UNREADABLE})
MOST = 10_000
_ENDS = frozenset({"E", "L", "R", "A", "P"})  # OCMF: ended, locally, remotely, by abort, by power failure


class Outcome(StrEnum):
    """What all signed readings of a transaction are worth together."""

    NONE = "None"  # the meter signed nothing
    VERIFIED = "Verified"  # begin and end are signed with the registered key, and their energy is the one counted
    CONSISTENT = "Consistent"  # the same, by keys that only the station told
    UNPROVEN = "Unproven"  # nothing is wrong, but begin, end or key is missing, or the format cannot be checked
    WRONG = "Wrong"  # a signature, a key or the energy is not right


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckedValue:
    """One signed reading of a transaction, as it came, with what it is worth."""

    at: datetime
    context: str
    signed: SignedValue
    checked: Checked


@dataclass(frozen=True, slots=True, kw_only=True)
class SignedTransaction:
    """A transaction's signed readings. `signed` is the energy they tell, Wh; `counted` the one we count."""

    transaction: Transaction
    outcome: Outcome
    words: str
    values: tuple[CheckedValue, ...]
    signed: WattHours | None
    counted: WattHours | None


class SignedValues(Block):
    """Signed readings."""

    def __init__(self, context: Context, transactions: Transactions, timers: Timers) -> None:
        super().__init__(context)
        self._transactions = transactions
        transactions.answering.append(self._ended)
        timers.on(DUE, self._look)

    # --- for people

    async def of(self, who: Principal, transaction: str) -> SignedTransaction:
        """The signed readings of a transaction, checked now. Raises UnknownTransaction."""
        found = await self.context.store.transactions.get(who.organisation, transaction)
        if found is None:
            raise UnknownTransaction(f"there is no transaction {transaction}")
        return await self._checked(self.context.store, found)

    async def export(self, who: Principal, transaction: str) -> bytes:
        """The signed readings as the XML that transparency software reads, byte for byte. Raises UnknownTransaction."""
        found = await self.of(who, transaction)
        root = Element("values")
        for number, value in enumerate(found.values, start=1):
            one = SubElement(root, "value", transactionId=str(number), context=value.context)
            data = SubElement(one, "signedData", format=format_of(value.signed), encoding="plain")
            data.text = value.signed.data
            if value.checked.key or value.signed.public_key:
                key = SubElement(one, "publicKey", encoding="hex" if value.checked.key else "plain")
                key.text = value.checked.key or value.signed.public_key
        return tostring(root, encoding="utf-8", xml_declaration=True)

    async def keys(self, who: Principal, station: StationId) -> dict[int, MeterKey]:
        """The public keys registered for a station's meters, by EVSE."""
        return await self.context.store.meter_keys.of(who.organisation, station)

    async def register(self, who: Principal, station: Station, evse: int, key: str) -> MeterKey:
        """Register the public key of an EVSE's meter (0: of the station's one meter). Raises BadMeterKey."""
        registered = MeterKey(
            organisation=who.organisation,
            station=station.id,
            evse=evse,
            key=normal_key(key),
            changed_at=self.context.clock.now(),
            changed_by=who.name,
        )

        async def work(unit: Unit) -> None:
            unit.meter_keys.put(registered)

        await self.context.store.run(work, lane=Lane.BULK)
        return registered

    async def withdraw(self, who: Principal, station: Station, evse: int) -> None:
        """Forget the key of an EVSE's meter. Raises UnknownMeterKey."""

        async def work(unit: Unit) -> None:
            if evse not in await unit.meter_keys.of(who.organisation, station.id):
                raise UnknownMeterKey(f"no key is registered for the meter of EVSE {evse} of {station.identity}")
            unit.meter_keys.remove(who.organisation, station.id, evse)

        await self.context.store.run(work, lane=Lane.BULK)

    # --- by itself

    async def _ended(
        self, unit: Unit, teller: Teller, told: TransactionReport, after: Transaction, decision: TransactionDecision
    ) -> TransactionDecision:
        """A report of an ended transaction holds signed readings: look at them soon."""
        if after.state is TransactionState.ENDED and _signs(told.values):
            now = self.context.clock.now()
            unit.due.put(
                Due(
                    id=self.context.ids.new(),
                    organisation=after.organisation,
                    kind=DUE,
                    subject=after.id,
                    at=now + SETTLING,
                )
            )
        return decision

    async def _look(self, unit: Unit, due: Due) -> None:
        """Check what a transaction's meter signed, and put what is wrong into review."""
        found = await unit.transactions.get(due.organisation, due.subject)
        if found is None or WRONG_SIGNATURE in found.flags:
            return
        checked = await self._checked(unit, found)
        station = await unit.stations.by_id(found.station)
        if checked.outcome is not Outcome.WRONG or station is None:
            return
        await self._transactions.keep(unit, station, found, found.flagged(WRONG_SIGNATURE))

    async def _checked(self, kept: Kept, transaction: Transaction) -> SignedTransaction:
        told = await _signed_values(kept, transaction)
        registered = await _registered(kept, transaction) if told else None
        values = tuple(
            CheckedValue(at=at, context=context, signed=signed, checked=check(signed, registered))
            for at, context, signed in told
        )
        begin, end = _bounds(values)
        signed = end.energy - begin.energy if begin and end and begin.energy and end.energy else None
        outcome, words = _judged(values, signed, transaction.energy)
        return SignedTransaction(
            transaction=transaction,
            outcome=outcome,
            words=words,
            values=values,
            signed=signed,
            counted=transaction.energy,
        )


class Kept(Protocol):
    """Where readings and keys are looked up: a store, or a unit."""

    @property
    def meter_values(self) -> MeterValues: ...

    @property
    def meter_keys(self) -> MeterKeys: ...


async def _registered(kept: Kept, transaction: Transaction) -> str | None:
    """The key a person registered for this EVSE's meter, or for the station's."""
    keys = await kept.meter_keys.of(transaction.organisation, transaction.station)
    evse = 0 if transaction.where is None else transaction.where.evse
    found = keys.get(evse) or keys.get(0)
    return None if found is None else found.key


async def _signed_values(kept: Kept, transaction: Transaction) -> list[tuple[datetime, str, SignedValue]]:
    """The signed readings of a transaction in their order, each record once however often it was told."""
    found: dict[str, tuple[datetime, str, SignedValue]] = {}
    cursor: str | None = None
    while len(found) < MOST:
        page = await kept.meter_values.of_transaction(
            transaction.organisation, transaction.id, cursor=cursor, limit=LARGEST_PAGE
        )
        for value in page.items:
            for sample in value.samples:
                if sample.signed is not None:
                    found.setdefault(sample.signed.data, (value.at, sample.context, sample.signed))
        cursor = page.next
        if cursor is None:
            break
    return list(found.values())


def _bounds(values: Iterable[CheckedValue]) -> tuple[SignedReading | None, SignedReading | None]:
    """The first and the last billed register reading that was rightly signed: B and E where the meter marks them."""
    readings = [
        reading
        for value in values
        if value.checked.record is not None and value.checked.verdict in (Verdict.VALID, Verdict.SELF_SIGNED)
        for reading in value.checked.record.readings
        if reading.billed
    ]
    begin = next((one for one in readings if one.kind == "B"), None)
    end = next((one for one in reversed(readings) if one.kind in _ENDS), None)
    return begin, end


def _judged(values: Sequence[CheckedValue], signed: WattHours | None, counted: WattHours | None) -> tuple[Outcome, str]:
    """What all of them together are worth, and why."""
    if not values:
        return Outcome.NONE, "the meter signed nothing"
    wrong = [one.checked for one in values if one.checked.verdict in WRONG]
    if wrong:
        return Outcome.WRONG, f"{len(wrong)} of {len(values)} signed readings: {wrong[0].words}"
    if signed is None:
        return Outcome.UNPROVEN, f"begin and end are not both proved: {values[-1].checked.words}"
    if counted is None or abs(signed.value - counted.value) >= A_WATT_HOUR:
        told = "none" if counted is None else f"{counted.value:f} Wh"
        return Outcome.WRONG, f"the meter signed {signed.value:f} Wh, and {told} were counted"
    if all(one.checked.verdict is Verdict.VALID for one in values):
        return Outcome.VERIFIED, f"begin and end are signed with the registered key: {signed.value:f} Wh"
    return Outcome.CONSISTENT, values[-1].checked.words


def _signs(values: Iterable[MeterValue]) -> bool:
    return any(sample.signed is not None for value in values for sample in value.samples)
