"""E16: a limit is said once, in the answer to a live report, and confirmed by the station."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from amperanto.conformance.requirements import requirement
from amperanto.csms.access import Principal
from amperanto.domain.device_model import Attribute, KnownVariable, VariableRef
from amperanto.domain.errors import LimitNotSupported, TransactionOver, UnknownTransaction
from amperanto.domain.limits import TransactionLimit
from amperanto.domain.observations import TransactionContinued, TransactionEnded, TransactionStarted
from amperanto.domain.quantities import WattHours
from amperanto.domain.stations import DEFAULT_ORGANISATION, EvseRef, OrganisationId

T0 = datetime(2026, 5, 1, 12, tzinfo=UTC)
WHO = Principal(organisation=DEFAULT_ORGANISATION, name="desk", scopes=frozenset({"operate"}))
OTHERS = Principal(organisation=OrganisationId("other"), name="x", scopes=frozenset({"operate"}))
LIMIT = TransactionLimit(energy=WattHours.of(5000), cost=Decimal("12.50"))


def report(sequence: int, kind: type[Any] = TransactionContinued, **told: Any) -> Any:
    return kind(at=T0 + timedelta(minutes=sequence), reference="tx", sequence=sequence, **told)


async def running(house: Any, supported: str = "maxEnergy,maxCost,maxTime") -> Any:
    station = await house.station()
    known = KnownVariable(
        station=station.station.id, organisation=DEFAULT_ORGANISATION, ref=VariableRef("TxCtrlr", "SupportedLimits"),
        attribute=Attribute(value=supported), seen_at=T0, source="report",
    )  # fmt: skip
    async with house.store.unit() as unit:
        unit.device_models.put([known])
    await station.tell(report(0, TransactionStarted, where=EvseRef(1, 1)))
    return station


async def only(house: Any) -> Any:
    (transaction,) = (await house.store.transactions.list(DEFAULT_ORGANISATION)).items
    return transaction


@requirement("E16-2")
async def test_a_limit_is_said_once_in_the_answer_to_the_next_live_report(house: Any):
    station = await running(house)
    await house.csms.limits.want(WHO, (await only(house)).id, LIMIT)
    assert (await station.tell(report(1, offline=True))).limit is None  # what was queued is no moment to act
    assert (await station.tell(report(2))).limit == LIMIT
    assert (await station.tell(report(3))).limit is None
    assert (await station.tell(report(2))).limit == LIMIT  # the answer was lost, and the report comes again


@requirement("E16-3", "E16.FR.18")
async def test_the_station_confirms_a_limit_and_a_queued_report_confirms_nothing(house: Any):
    station = await running(house)
    await house.csms.limits.want(WHO, (await only(house)).id, LIMIT)
    await station.tell(report(1))
    await station.tell(report(2, trigger="LimitSet", limit=LIMIT, offline=True))
    assert not (await only(house)).limits.confirmed
    await station.tell(report(3, trigger="LimitSet", limit=LIMIT))
    assert (await only(house)).limits.confirmed


@requirement("E16-4")
async def test_a_higher_limit_is_said_anew(house: Any):
    station = await running(house)
    transaction = (await only(house)).id
    await house.csms.limits.want(WHO, transaction, LIMIT)
    await station.tell(report(1))
    higher = TransactionLimit(energy=WattHours.of(9000))
    await house.csms.limits.want(WHO, transaction, higher)
    await house.csms.limits.want(WHO, transaction, higher)
    assert [(await station.tell(report(sequence))).limit for sequence in (2, 3)] == [higher, None]


@pytest.mark.parametrize(
    "limit", [TransactionLimit(state_of_charge=80), TransactionLimit(), TransactionLimit(cost=Decimal(1), seconds=60)]
)
@requirement("E16-1")
async def test_only_limits_the_station_supports_are_wanted_of_it(house: Any, limit: TransactionLimit):
    station = await running(house, "maxEnergy,maxTime")
    with pytest.raises(LimitNotSupported):
        await house.csms.limits.want(WHO, (await only(house)).id, limit)
    assert (await station.tell(report(1))).limit is None


@requirement("E16-5")
async def test_the_other_name_of_max_time_is_understood(house: Any):
    await running(house, "maxLength")
    wanted = await house.csms.limits.want(WHO, (await only(house)).id, TransactionLimit(seconds=60))
    assert wanted.limits.wanted == TransactionLimit(seconds=60)


async def test_nothing_is_wanted_of_what_is_over_or_others_own(house: Any):
    station = await running(house)
    transaction = (await only(house)).id
    with pytest.raises(UnknownTransaction):
        await house.csms.limits.want(OTHERS, transaction, LIMIT)
    await station.tell(report(1, TransactionEnded))
    with pytest.raises(TransactionOver):
        await house.csms.limits.want(WHO, transaction, LIMIT)


@requirement("E02-1")
async def test_phases_and_time_of_charging_are_kept_as_last_told(house: Any):
    station = await running(house)
    await station.tell(report(3, phases=1, seconds_charging=120))
    await station.tell(report(2, phases=3, seconds_charging=60))
    usage = (await only(house)).usage
    assert (usage.phases, usage.seconds_charging) == (1, 120)
