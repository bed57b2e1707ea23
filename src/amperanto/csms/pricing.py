"""What a transaction costs, from all that is kept of it: the one way to a price for answers, running costs and records.

The tariffs are those that were chosen when it started or put in their place since; the hours are those of the site.
Everything is read afresh, so the outcome depends on what is kept and on nothing that was in memory (R10).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from amperanto.domain.charge_usages import Phase, Surroundings, usage_of
from amperanto.domain.cost_details import CostDetails
from amperanto.domain.costs import Cost, InForce, cost
from amperanto.domain.device_model import VariableRef
from amperanto.domain.meter_values import MeterValue
from amperanto.domain.plausibility import LONGEST
from amperanto.domain.sites import zone
from amperanto.domain.stations import ChargingState, EvseRef, Station
from amperanto.domain.tariffs import EvseKind
from amperanto.domain.transactions import Transaction
from amperanto.domain.usages import Usage
from amperanto.stores.store import Store, Unit

MOMENT = timedelta(microseconds=1)
FIRST, LAST = datetime(2, 1, 1, tzinfo=UTC), datetime(9999, 1, 1, tzinfo=UTC)  # a calendar has ends
Reader = Store | Unit


@dataclass(frozen=True, slots=True, kw_only=True)
class Pricing:
    """A transaction with all that its price follows from."""

    transaction: Transaction
    station: Station | None
    tariffs: tuple[InForce, ...]
    usage: Usage | None
    values: tuple[MeterValue, ...]
    time_zone: str
    station_cost: CostDetails | None

    def cost(self, *, ended: bool) -> Cost | None:
        """What it costs, or has cost so far; None where no tariff holds or nothing is known."""
        if not self.tariffs or self.usage is None or not _possible(self.usage):
            return None
        return cost(self.tariffs, self.usage, ended=ended)


def _possible(usage: Usage) -> bool:
    """Whether these can be the times of a charge: a clock gone wrong by years would be priced day by day."""
    return usage.start >= FIRST and usage.end < LAST and usage.end - usage.start <= LONGEST


@dataclass(frozen=True, slots=True)
class Told:
    """What a report that is being handled tells beyond what is kept."""

    values: tuple[MeterValue, ...] = ()
    phases: tuple[Phase, ...] = ()


async def pricing(reader: Reader, transaction: Transaction, told: Told | None = None) -> Pricing:
    """Read what a transaction's price follows from."""
    told = told or Told()
    organisation = transaction.organisation
    facts = await reader.charge_facts.of(organisation, transaction.id)
    values = (*await _values(reader, transaction), *told.values)
    station = await reader.stations.by_id(transaction.station)
    zone_name = await zone_name_of(reader, station)
    phases = [*facts.phases, *told.phases] or await _connector_phases(reader, transaction)
    around = Surroundings(
        zone(zone_name),
        evse_kind=await evse_kind(reader, transaction),
        reserved=await _reserved(reader, transaction),
    )
    tariffs: list[InForce] = []
    for name, number, since in facts.tariffs:
        version = await reader.tariffs.version(organisation, name, number)
        if version is not None:
            tariffs.append(InForce(version.tariff, since))
    return Pricing(
        transaction=transaction,
        station=station,
        tariffs=tuple(tariffs),
        usage=usage_of(transaction, values, phases, around),
        values=values,
        time_zone=zone_name,
        station_cost=facts.station_cost,
    )


async def zone_name_of(reader: Reader, station: Station | None) -> str:
    """The time zone a station's tariffs are read in: its site's, or UTC."""
    if station is None or station.site is None:
        return "UTC"
    site = await reader.sites.by_id(station.site)
    return "UTC" if site is None else site.time_zone


async def _values(reader: Reader, transaction: Transaction) -> list[MeterValue]:
    found: list[MeterValue] = []
    cursor: str | None = None
    while True:
        page = await reader.meter_values.of_transaction(
            transaction.organisation, transaction.id, cursor=cursor, limit=1000
        )
        found += page.items
        if page.next is None:
            return found
        cursor = page.next


async def _connector_phases(reader: Reader, transaction: Transaction) -> list[Phase]:
    """When energy flowed by the states of the connector: all that 1.6 tells."""
    begin, end, where = transaction.started_at, transaction.over_at, transaction.where
    if begin is None or where is None:
        return []
    found = await reader.connectors.intervals(
        transaction.organisation, transaction.station, begin, (end or begin + timedelta(days=30)) + MOMENT
    )
    return [
        Phase(max(one.begin, begin), one.charging is ChargingState.CHARGING)
        for one in found
        if _same(one.where, where) and one.charging is not None
    ]


def _same(one: EvseRef, other: EvseRef) -> bool:
    return (one.evse == other.evse and None in (one.connector, other.connector)) or one == other


async def _reserved(reader: Reader, transaction: Transaction) -> tuple[datetime, datetime] | None:
    """From when to when its place had been reserved, if it was."""
    if transaction.reservation is None or transaction.started_at is None:
        return None
    found = await reader.reservations.of_number(transaction.station, transaction.reservation)
    mine = next((one for one in found if one.transaction in (None, transaction.id)), None)
    return None if mine is None else (min(mine.created_at, transaction.started_at), transaction.started_at)


async def evse_kind(reader: Reader, transaction: Transaction) -> EvseKind | None:
    """Alternating or direct current, as the device model tells: SupplyPhases is 0 for direct current."""
    if transaction.where is None:
        return None
    key = VariableRef("EVSE", "SupplyPhases", where=EvseRef(transaction.where.evse)).key()
    known = (await reader.device_models.these(transaction.station, [key])).get(key)
    value = None if known is None else known.attribute.value
    if value is None:
        return None
    return EvseKind.DC if value.strip() == "0" else EvseKind.AC
