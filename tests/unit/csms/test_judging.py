"""The doubtful waits for a person instead of being billed, and one call settles it."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import msgspec
import pytest

from amperanto.csms.access import Principal
from amperanto.csms.reviews import Resolution
from amperanto.domain.device_model import Attribute, Characteristics, KnownVariable, VariableRef
from amperanto.domain.errors import FigureNeeded, ReviewOver, UnknownReview
from amperanto.domain.findings import Doubt, Ruling
from amperanto.domain.meter_values import MeterValue, SampledValue
from amperanto.domain.observations import (
    MeterRead,
    TransactionContinued,
    TransactionEnded,
    TransactionStarted,
)
from amperanto.domain.quantities import WattHours
from amperanto.domain.stations import DEFAULT_ORGANISATION, EvseRef, OrganisationId
from amperanto.domain.tokens import Token

T0 = datetime(2026, 5, 1, 12, tzinfo=UTC)
WHO = Principal(organisation=DEFAULT_ORGANISATION, name="the desk", scopes=frozenset({"operate"}))
WH = WattHours.of
START = TransactionStarted(at=T0, where=EvseRef(1, 1), token=Token("CAFE"), meter=WH(0))


def stop(number: int, watt_hours: int, *values: MeterValue) -> TransactionEnded:
    at = T0 + timedelta(minutes=10)
    return TransactionEnded(at=at, reference=str(number), meter=WH(watt_hours), values=values, reason="Local")


def register(minute: int, energy: int) -> MeterValue:
    return MeterValue(at=T0 + timedelta(minutes=minute), samples=(SampledValue(Decimal(energy)),))


async def only(house: Any) -> Any:
    (transaction,) = (await house.store.transactions.list(DEFAULT_ORGANISATION)).items
    return transaction


async def waiting(house: Any) -> list[Any]:
    return [named.what for named in (await house.csms.reviews.reviews(WHO)).items]


async def lied(house: Any) -> Any:
    """910 kWh for 0.083: the start tells 0, the end the register of a lifetime."""
    station = await house.station()
    number = (await station.tell(START)).number
    await station.tell(MeterRead(where=EvseRef(1, 1), values=(register(1, 909_917),), reference=str(number)))
    await station.tell(stop(number, 910_000, register(9, 909_990)))
    return station


async def test_a_lifetime_register_waits_for_a_person_with_its_evidence(house: Any):
    await lied(house)
    kept = await only(house)
    assert (kept.held, kept.billable, kept.energy) == (True, False, WH(910_000))
    (review,) = await waiting(house)
    assert (review.subject, review.kind) == (kept.id, "transaction")
    (doubt,) = msgspec.json.decode(review.evidence)["doubts"]
    assert (doubt["kind"], doubt["proposed_wh"]) == ("LifetimeRegister", "83")
    assert doubt["evidence"]["meter_stop_wh"] == "910000"


async def test_a_plain_charge_waits_for_nobody(house: Any):
    station = await house.station()
    number = (await station.tell(START)).number
    await station.tell(stop(number, 1800))
    kept = await only(house)
    assert (kept.held, kept.billable, kept.billed_energy) == (False, True, WH(1800))
    assert await waiting(house) == []


async def test_one_call_bills_another_figure_and_says_who_and_why(house: Any):
    await lied(house)
    (review,) = await waiting(house)
    house.clock.at += timedelta(days=1)
    decided = Resolution(ruling=Ruling.USE, reason="as sampled", energy=WH(83))
    settled = (await house.csms.reviews.settle(WHO, review.id, decided)).what
    kept = await only(house)
    assert (kept.held, kept.billable, kept.billed_energy, kept.energy) == (False, True, WH(83), WH(910_000))
    verdict = kept.judgement.verdict
    assert (verdict.by, verdict.reason, verdict.at) == ("the desk", "as sampled", house.clock.at)
    assert msgspec.json.decode(settled.resolution) == {
        "ruling": "use", "reason": "as sampled", "before_wh": "910000", "after_wh": "83",
    }  # fmt: skip
    assert (settled.settled_by, settled.settled_at) == ("the desk", house.clock.at)
    assert await waiting(house) == []


@pytest.mark.parametrize(
    ("ruling", "billable", "energy"), [(Ruling.ACCEPT, True, WH(910_000)), (Ruling.VOID, False, WH(910_000))]
)
async def test_it_can_be_accepted_or_void(house: Any, ruling: Ruling, billable: bool, energy: WattHours):
    await lied(house)
    (review,) = await waiting(house)
    await house.csms.reviews.settle(WHO, review.id, Resolution(ruling=ruling, reason="looked at"))
    kept = await only(house)
    assert (kept.billable, kept.billed_energy, kept.held) == (billable, energy, False)


async def test_a_settled_review_is_not_settled_twice_nor_by_others(house: Any):
    await lied(house)
    (review,) = await waiting(house)
    stranger = replace(WHO, organisation=OrganisationId("other"))
    with pytest.raises(UnknownReview):
        await house.csms.reviews.settle(stranger, review.id, Resolution(ruling=Ruling.VOID, reason="x"))
    with pytest.raises(FigureNeeded):
        await house.csms.reviews.settle(WHO, review.id, Resolution(ruling=Ruling.USE, reason="x"))
    await house.csms.reviews.settle(WHO, review.id, Resolution(ruling=Ruling.VOID, reason="x"))
    with pytest.raises(ReviewOver):
        await house.csms.reviews.settle(WHO, review.id, Resolution(ruling=Ruling.VOID, reason="x"))


async def test_a_decision_lasts_when_the_same_is_told_again(house: Any):
    station = await lied(house)
    (review,) = await waiting(house)
    await house.csms.reviews.settle(WHO, review.id, Resolution(ruling=Ruling.USE, reason="as sampled", energy=WH(83)))
    await station.tell(
        MeterRead(where=EvseRef(1, 1), values=(register(5, 909_950),), reference=(await only(house)).reference)
    )
    assert (await only(house)).billed_energy == WH(83)
    assert await waiting(house) == []


async def powerful(house: Any, station: Any, kilowatts: float) -> None:
    """The station tells what its EVSE can deliver."""
    known = KnownVariable(
        station=station.station.id,
        organisation=DEFAULT_ORGANISATION,
        ref=VariableRef("EVSE", "Power", where=EvseRef(1)),
        attribute=Attribute(),
        characteristics=Characteristics(data_type="decimal", unit="kW", max_limit=kilowatts),
        seen_at=T0,
        source="report",
    )
    async with house.store.unit() as unit:
        unit.device_models.put([known])


async def test_what_an_evse_can_deliver_is_read_from_its_device_model(house: Any):
    station = await house.station()
    await powerful(house, station, 3.7)
    number = (await station.tell(replace(START, meter=WH(10_000)))).number
    house.clock.at += timedelta(minutes=10)
    await station.tell(stop(number, 15_000))
    kept = await only(house)
    assert [one.kind for one in kept.judgement.findings] == [Doubt.TOO_MUCH]
    assert dict(kept.judgement.findings[0].evidence)["power_watts"] == "3700"


async def test_clock_faults_are_remarks_and_hold_nothing(house: Any):
    station = await house.station()
    ahead = timedelta(hours=2)
    start = TransactionStarted(at=T0 + ahead, reference="tx", sequence=0, where=EvseRef(1, 1), meter=WH(0))
    await station.tell(start)
    house.clock.at += timedelta(hours=1)
    await station.tell(TransactionEnded(at=T0 + ahead + timedelta(hours=1), reference="tx", sequence=1, meter=WH(5000)))
    kept = await only(house)
    assert [one.kind for one in kept.judgement.findings] == [Doubt.LOCAL_TIME]
    assert (kept.held, kept.billable) == (False, True)
    assert (kept.billed.started_at, kept.billed.ended_at) == (T0, T0 + timedelta(hours=1))
    assert (kept.started_at, kept.received_at) == (T0 + ahead, T0)


async def test_a_report_that_only_goes_on_reads_and_judges_nothing(house: Any, monkeypatch: pytest.MonkeyPatch):
    station = await house.station()
    await station.tell(TransactionStarted(at=T0, reference="tx", sequence=0, where=EvseRef(1, 1)))
    asked: list[Any] = []
    database, read, scan = house.store._database, house.store._database.read, house.store._database.scan

    async def watched(statement: Any, parameters: Any) -> Any:
        asked.append(parameters)
        return await read(statement, parameters)

    async def scanned(statement: Any, parameters: Any) -> Any:
        asked.append(parameters)
        return await scan(statement, parameters)

    monkeypatch.setattr(database, "read", watched)
    monkeypatch.setattr(database, "scan", scanned)
    await station.tell(
        TransactionContinued(at=T0 + timedelta(minutes=1), reference="tx", sequence=1, values=(register(1, 500),))
    )
    assert asked == []


async def test_a_decision_stands_when_nothing_is_doubtful_any_more(house: Any):
    """The model of the EVSE came late, and it explains the energy; that it is not billed was decided all the same."""
    station = await house.station()
    number = (await station.tell(START)).number
    await station.tell(stop(number, 100_000))
    (review,) = await waiting(house)
    await powerful(house, station, 1000)
    await house.csms.reviews.settle(WHO, review.id, Resolution(ruling=Ruling.VOID, reason="a test"))
    kept = await only(house)
    assert (kept.void, kept.billable) == (True, False)
