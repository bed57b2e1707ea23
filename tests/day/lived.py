"""A day lived through the whole house: gateway, CSMS, store and timers; then all come back, and a person decides.

What is measured afterwards is plain: what the CSMS kept, what it billed before anybody decided, and after.
"""

from __future__ import annotations

import asyncio
import json
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import time
from decimal import Decimal
from pathlib import Path
from typing import Any

from amperanto.csms.access import Principal
from amperanto.csms.reviews import Resolution, Review
from amperanto.domain.charge_records import ChargeRecord, RecordKind
from amperanto.domain.findings import Ruling
from amperanto.domain.quantities import WattHours
from amperanto.domain.stations import DEFAULT_ORGANISATION, StationId
from amperanto.domain.tariff_assignments import Scope
from amperanto.domain.tariffs import Component, Conditions, Element, Limit, Tariff, TaxRate
from amperanto.domain.transactions import Transaction
from amperanto.station import Fleet
from amperanto.stores.charge_records import Which
from amperanto.stores.reviews import TRANSACTION
from tests.day.recompute import Charge, charges
from tests.day.scenario import DAWN, HOUR, PRICES, Day, live, prepare
from tests.support.house import House, house

OPERATOR = Principal(organisation=DEFAULT_ORGANISATION, name="the operator", scopes=frozenset({"admin"}))
SETTLING = 26 * HOUR
"""Until every timer of the day is over: grace, questions, and the settling of charges with gaps (24 h)."""
AFTERWARDS = 2 * HOUR
Key = tuple[str, str]
"""A station and what both sides call its transaction."""


@dataclass(slots=True, kw_only=True)
class Lived:
    """A day and everything that is known after it."""

    day: Day
    charges: dict[Key, Charge]
    unseen: list[ChargeRecord]
    """What was billed before anybody decided anything."""
    before: dict[Key, list[Transaction]]
    after: dict[Key, list[Transaction]]
    records: list[ChargeRecord]
    decided: Counter[tuple[str, str]]
    """What a person decided: kind of doubt, ruling."""
    unread: list[Review]
    """What waits for a person and is about no transaction."""
    waiting: list[Review]
    """What still waits in the end."""
    queued: int

    def standing(self) -> dict[Key, list[ChargeRecord]]:
        """What is billed in the end: records that no credit took back."""
        return standing(self.records)


def standing(records: list[ChargeRecord]) -> dict[Key, list[ChargeRecord]]:
    """The records that no credit took back, by station and reference."""
    back = {one.corrects for one in records if one.kind is RecordKind.CREDIT}
    found: dict[Key, list[ChargeRecord]] = {}
    for one in records:
        if one.kind is RecordKind.CHARGE and one.id not in back:
            found.setdefault((one.identity, one.reference), []).append(one)
    return found


async def lived(folder: Path, *, stations: int, seed: int) -> Lived:
    """Live through a day."""
    async with house(seed, start=DAWN) as built:
        day = await prepare(built, folder, stations=stations, seed=seed)
        names = await _price(built, day)
        built.let_timers_fall_due(30)
        async with Fleet(day.stations) as fleet:
            return await built.clock.until(_through(built, day, fleet, names, seed))


async def _through(built: House, day: Day, fleet: Fleet, names: Mapping[StationId, str], seed: int) -> Lived:
    await live(day, built.clock, seed)
    await fleet.ready()
    await fleet.drained()
    await built.clock.sleep(SETTLING)
    await fleet.drained()
    true = charges(day.folder)
    unseen, before = await _records(built), await _known(built, names)
    decided, unread = await _decide(built, true, before, names)
    await built.clock.sleep(AFTERWARDS)
    return Lived(
        day=day,
        charges=true,
        unseen=unseen,
        before=before,
        after=await _known(built, names),
        records=await _records(built),
        decided=decided,
        unread=unread,
        waiting=await _waiting(built),
        queued=sum(station.queued for station in day.stations),
    )


async def _price(built: House, day: Day) -> dict[StationId, str]:
    """Keep the price list as tariffs, and let one hold at each station; the stations by our ids."""
    for name, price in PRICES.items():
        await built.csms.tariffs.add(OPERATOR, name, tariff(name, price))
    names: dict[StationId, str] = {}
    for identity, place in day.prices["stations"].items():
        known = await built.store.stations.by_identity(DEFAULT_ORGANISATION, identity)
        assert known is not None
        names[known.id] = identity
        await built.csms.tariffs.assign(OPERATOR, Scope.STATION, known.id, place["price"])
    return names


def tariff(name: str, price: Mapping[str, Any]) -> Tariff:
    """The plain price list, in our own words."""
    taxes = (TaxRate(type="VAT", tax=Decimal(price["tax"])),)

    def component(*elements: Element) -> Component:
        return Component(prices=elements, taxes=taxes)

    def limit(figure: str | None) -> Limit | None:
        return None if figure is None else Limit(excl_tax=Decimal(figure), taxes=taxes)

    return Tariff(
        id=name,
        currency="EUR",
        energy=component(*(Element(price=Decimal(one["price"]), conditions=_when(one)) for one in price["energy"])),
        fixed_fee=component(Element(price=Decimal(price["fee"]))) if "fee" in price else None,
        idle_time=component(Element(price=Decimal(price["idle"]))) if "idle" in price else None,
        idle_grace=price.get("idle_grace", 0),
        min_cost=limit(price.get("least")),
        max_cost=limit(price.get("most")),
    )


def _when(one: Mapping[str, Any]) -> Conditions:
    return Conditions(
        start_time=time.fromisoformat(one["from"]) if "from" in one else None,
        end_time=time.fromisoformat(one["until"]) if "until" in one else None,
        max_energy=Decimal(one["below"]) if "below" in one else None,
    )


async def _records(built: House) -> list[ChargeRecord]:
    return [one async for one in built.store.charge_records.all(DEFAULT_ORGANISATION, Which())]


async def _known(built: House, names: Mapping[StationId, str]) -> dict[Key, list[Transaction]]:
    found: dict[Key, list[Transaction]] = {}
    for one in await built.transactions():
        found.setdefault((names[one.station], one.reference), []).append(one)
    return found


async def _waiting(built: House) -> list[Review]:
    found: list[Review] = []
    cursor: str | None = None
    while True:
        page = await built.csms.reviews.reviews(OPERATOR, cursor=cursor, limit=500)
        found += [named.what for named in page.items]
        cursor = page.next
        if cursor is None:
            return found


async def _decide(
    built: House, true: Mapping[Key, Charge], known: Mapping[Key, list[Transaction]], names: Mapping[StationId, str]
) -> tuple[Counter[tuple[str, str]], list[Review]]:
    """What a person does who has each station's own record before him: one call for each review."""
    by_id = {one.id: (key, one) for key, found in known.items() for one in found}
    decided: Counter[tuple[str, str]] = Counter()
    unread: list[Review] = []
    for review in await _waiting(built):
        if review.kind != TRANSACTION:
            unread.append(review)
            continue
        key, transaction = by_id[review.subject or ""]
        resolution = _resolution(transaction, true.get(key))
        await built.csms.reviews.settle(OPERATOR, review.id, resolution)
        doubts = json.loads(review.evidence or "{}")["doubts"]
        decided[" + ".join(sorted(one["kind"] for one in doubts)), resolution.ruling.value] += 1
    return decided, unread


def _resolution(transaction: Transaction, charge: Charge | None) -> Resolution:
    if charge is None:
        return Resolution(ruling=Ruling.VOID, reason="the station knows no such charge")
    if transaction.energy is not None and transaction.energy.value == charge.energy:
        return Resolution(ruling=Ruling.ACCEPT, reason="its own record says the same")
    energy = WattHours(Decimal(charge.energy))
    return Resolution(ruling=Ruling.USE, reason="as its own record says", energy=energy)


def run(folder: Path, *, stations: int, seed: int) -> Lived:
    """Live through a day, from outside any event loop."""
    return asyncio.run(lived(folder, stations=stations, seed=seed))
