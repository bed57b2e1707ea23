"""Blocks E and J, use case by use case, as the CSMS keeps and answers them."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from amperanto.conformance.requirements import requirement
from amperanto.domain.meter_values import TRANSACTION_BEGIN, TRANSACTION_END, MeterValue, SampledValue, SignedValue
from amperanto.domain.observations import (
    MeterRead,
    TransactionContinued,
    TransactionEnded,
    TransactionStarted,
)
from amperanto.domain.quantities import WattHours
from amperanto.domain.stations import DEFAULT_ORGANISATION, ChargingState, EvseRef
from amperanto.domain.tokens import AuthorizationStatus, Token
from amperanto.domain.transactions import Completeness, TransactionState
from amperanto.ocpp import v2

T0 = datetime(2026, 5, 1, 12, tzinfo=UTC)
WH = WattHours.of
BEGIN, GOES_ON, END = TransactionStarted, TransactionContinued, TransactionEnded


def at(sequence: int) -> datetime:
    return T0 + timedelta(minutes=10 * sequence)


def reading(sequence: int, energy: int, context: str = "Sample.Periodic") -> MeterValue:
    return MeterValue(at=at(sequence), samples=(SampledValue(Decimal(energy), context=context),))


def report(kind: type[Any], sequence: int, **told: Any) -> Any:
    return kind(**{"at": at(sequence), "reference": "tx", "sequence": sequence, **told})


async def told(house: Any, station: Any, *reports: Any) -> list[Any]:
    answers: list[Any] = []
    for one in reports:
        house.clock.at = max(house.clock.at, getattr(one, "at", house.clock.at))
        answers.append(await station.tell(one))
    return answers


async def only(house: Any) -> Any:
    (transaction,) = (await house.store.transactions.list(DEFAULT_ORGANISATION)).items
    return transaction


async def readings(house: Any, of: str) -> list[MeterValue]:
    return list((await house.store.meter_values.of_transaction(DEFAULT_ORGANISATION, of)).items)


@requirement("E01-3", "E05-1")
async def test_the_token_of_a_report_is_validated_and_the_outcome_answered(house: Any):
    await house.token("GOOD")
    await house.token("GONE", status=AuthorizationStatus.BLOCKED)
    station = await house.station()
    good, gone, silent = await told(
        house,
        station,
        report(BEGIN, 0, token=Token("GOOD", "ISO14443"), where=EvseRef(1, 1)),
        report(BEGIN, 0, token=Token("GONE", "ISO14443"), where=EvseRef(2, 1), reference="other"),
        report(GOES_ON, 1, reference="other", values=(reading(1, 500),)),
    )
    assert good.authorization.accepted
    assert (gone.authorization.status, silent.authorization) == (AuthorizationStatus.BLOCKED, None)
    found = (await house.store.transactions.list(DEFAULT_ORGANISATION)).items
    assert {one.reference: one.accepted for one in found} == {"tx": True, "other": False}


@requirement("E01-4", "E01-6")
async def test_what_is_told_once_holds_for_the_transaction_in_whichever_report_it_came(house: Any):
    station = await house.station()
    await told(
        house,
        station,
        report(BEGIN, 0, charging=ChargingState.EV_CONNECTED),
        report(GOES_ON, 1, token=Token("A"), reservation=7),
        report(GOES_ON, 3, charging=ChargingState.SUSPENDED_EV),
        report(GOES_ON, 2, where=EvseRef(3, 1), charging=ChargingState.CHARGING),
    )
    kept = await only(house)
    assert (kept.where, kept.token, kept.reservation) == (EvseRef(3, 1), Token("A"), 7)
    assert kept.charging is ChargingState.SUSPENDED_EV


@requirement("E01-5")
async def test_a_reading_of_the_begin_that_comes_late_is_the_begins(house: Any):
    station = await house.station()
    late = (replace(reading(0, 1000, TRANSACTION_BEGIN)),)
    await told(
        house, station, report(BEGIN, 0), report(GOES_ON, 1, values=late), report(END, 2, values=(reading(2, 1800),))
    )
    kept = await only(house)
    assert (kept.meter_start, kept.energy, kept.first_reading.at) == (WH(1000), WH(800), T0)


@requirement("E03-1")
async def test_a_transaction_without_a_car_ends_by_timeout_with_no_energy(house: Any):
    station = await house.station()
    await told(
        house, station, report(BEGIN, 0, token=Token("A")), report(END, 1, reason="Timeout", trigger="EVConnectTimeout")
    )
    kept = await only(house)
    assert (kept.reason, kept.energy, kept.held, kept.state) == ("Timeout", None, False, TransactionState.ENDED)


@requirement("E04-1", "E08-1", "E11-1", "E12-1")
async def test_a_charge_told_after_an_offline_time_has_its_own_times_and_no_clock_fault(house: Any):
    station = await house.station()
    house.clock.at = T0 + timedelta(days=2)
    await told(
        house,
        station,
        report(BEGIN, 0, offline=True, where=EvseRef(1, 1), values=(reading(0, 100),)),
        report(GOES_ON, 1, offline=True, values=(reading(1, 600),)),
        report(END, 2, offline=True, reason="Local", values=(reading(2, 900),)),
    )
    kept = await only(house)
    assert (kept.started_at, kept.ended_at, kept.energy, kept.offline) == (at(0), at(2), WH(800), True)
    assert (kept.received_at, kept.judgement.findings) == (T0 + timedelta(days=2), ())
    assert (kept.billed.started_at, kept.billed.ended_at) == (at(0), at(2))


@requirement("E04-2", "E-5")
async def test_gaps_are_shown_and_the_first_number_need_not_be_zero(house: Any):
    station = await house.station()
    await told(house, station, report(BEGIN, 5), report(GOES_ON, 7), report(END, 9))
    kept = await only(house)
    assert (kept.missing(), kept.completeness) == (((6, 6), (8, 8)), Completeness.INCOMPLETE)
    await told(house, station, report(GOES_ON, 8), report(GOES_ON, 6))
    assert (await only(house)).completeness is Completeness.PROVEN


@requirement("E06-1", "E09-1", "E15-1")
@pytest.mark.parametrize("reason", [None, "Local", "EVDisconnected", "StoppedByEV", "GroundFault", "NoSuchReason"])
async def test_the_reason_of_an_end_is_kept_as_told(house: Any, reason: str | None):
    station = await house.station()
    await told(house, station, report(BEGIN, 0), report(END, 1, reason=reason))
    assert (await only(house)).reason == reason


@requirement("E06-2")
async def test_the_reading_of_the_end_is_the_last(house: Any):
    station = await house.station()
    end = report(END, 2, values=(reading(2, 900, TRANSACTION_END),))
    await told(
        house, station, report(BEGIN, 0, values=(reading(0, 100),)), end, report(GOES_ON, 1, values=(reading(1, 600),))
    )
    assert (await only(house)).energy == WH(800)


@requirement("E07-1")
async def test_who_stops_is_answered_for_and_who_started_stays(house: Any):
    await house.token("FIRST", group="FAMILY")
    await house.token("SECOND", group="FAMILY")
    station = await house.station()
    (_, stopped) = await told(
        house,
        station,
        report(BEGIN, 0, token=Token("FIRST", "ISO14443"), where=EvseRef(1, 1)),
        report(END, 1, token=Token("SECOND", "ISO14443"), reason="Local", trigger="StopAuthorized"),
    )
    assert (stopped.authorization.accepted, stopped.authorization.group) == (True, "FAMILY")
    assert (await only(house)).token.key == "first"


@requirement("E10-1")
async def test_an_unplugged_car_does_not_end_a_transaction_that_waits_for_it(house: Any):
    station = await house.station()
    lost = {"trigger": "EVCommunicationLost", "charging": ChargingState.IDLE}
    await told(house, station, report(BEGIN, 0, charging=ChargingState.CHARGING), report(GOES_ON, 1, **lost))
    kept = await only(house)
    assert (kept.state, kept.charging) == (TransactionState.OPEN, ChargingState.IDLE)
    await told(house, station, report(GOES_ON, 2, charging=ChargingState.CHARGING))
    assert (await only(house)).charging is ChargingState.CHARGING


@requirement("E-2", "E-4", "E13-1")
async def test_an_event_told_again_gets_the_same_answer_and_is_kept_once(house: Any):
    await house.token("GOOD")
    station = await house.station()
    begin = report(BEGIN, 0, token=Token("GOOD", "ISO14443"), where=EvseRef(1, 1), values=(reading(0, 100),))
    first, again, after_the_end = [
        (await told(house, station, one))[0] for one in (begin, begin, report(END, 1, values=(reading(1, 300),)))
    ]
    assert first == again
    assert after_the_end is not None
    assert (await told(house, station, begin))[0] == first
    kept = await only(house)
    assert (kept.revision, kept.energy) == (1, WH(200))
    assert len(await readings(house, kept.id)) == 2


@pytest.mark.parametrize("trigger", [str(one.value) for one in v2.TriggerReason])
async def test_every_trigger_reason_is_taken(house: Any, trigger: str):
    station = await house.station()
    await told(house, station, report(BEGIN, 0), report(GOES_ON, 1, trigger=trigger, values=(reading(1, 500),)))
    kept = await only(house)
    assert (kept.state, kept.heard) == (TransactionState.OPEN, ((0, 1),))


@requirement("J01-1", "J01-2", "J01-3")
@pytest.mark.parametrize("where", [EvseRef(0), EvseRef(1)])
async def test_readings_of_a_meter_are_kept_for_it_and_are_of_no_transaction(house: Any, where: EvseRef):
    station = await house.station()
    await told(house, station, report(BEGIN, 0, where=EvseRef(1, 1), values=(reading(0, 100),)))
    assert await station.tell(MeterRead(where=where, values=(reading(1, 9000),))) is not None
    assert [value.at for value in await readings(house, station.station.id)] == [at(1)]
    kept = await only(house)
    assert (kept.energy, await readings(house, kept.id)) == (WH(0), [reading(0, 100)])


@requirement("J02-1", "J02-3")
async def test_readings_of_the_same_instant_are_each_kept(house: Any):
    station = await house.station()
    twice = [
        report(GOES_ON, 1, values=(reading(1, 500),)),
        report(
            GOES_ON,
            2,
            values=(MeterValue(at=at(1), samples=(SampledValue(Decimal(7), "Power.Active.Import", unit="kW"),)),),
        ),
    ]
    await told(house, station, report(BEGIN, 0), *twice)
    kept = await only(house)
    assert [value.at for value in await readings(house, kept.id)] == [at(1), at(1)]


@requirement("J02-4")
async def test_signed_readings_are_kept_as_they_came(house: Any):
    station = await house.station()
    signed = SignedValue(
        data="T0NNRnx7fQ==", encoding="OCMF", signing_method="ECDSA-secp256r1-SHA256", public_key="oca:…"
    )
    value = MeterValue(at=at(1), samples=(SampledValue(Decimal("12.345"), unit="kWh", signed=signed),))
    await told(house, station, report(BEGIN, 0), report(END, 1, values=(value,)))
    assert await readings(house, (await only(house)).id) == [value]


@requirement("J02-2")
async def test_a_register_that_falls_on_the_way_waits_for_a_person(house: Any):
    station = await house.station()
    falls = [report(BEGIN, 0, values=(reading(0, 5000),)), report(GOES_ON, 1, values=(reading(1, 9000),))]
    await told(
        house,
        station,
        *falls,
        report(GOES_ON, 2, values=(reading(2, 200),)),
        report(END, 3, values=(reading(3, 6000),)),
    )
    kept = await only(house)
    assert (kept.energy, kept.held) == (WH(1000), True)
    assert [str(one.kind) for one in kept.judgement.findings] == ["RegisterBackwards"]


@requirement("1.6:StopTransaction-3", "1.6:StopTransaction-6", "1.6:StopTransaction-7")
async def test_a_16_stop_without_a_token_ends_its_number_and_keeps_its_data(house: Any):
    station = await house.station()
    (begun,) = await told(house, station, BEGIN(at=T0, where=EvseRef(1, 1), token=Token("A"), meter=WH(1000)))
    data = (reading(0, 1000, TRANSACTION_BEGIN), reading(3, 4000, TRANSACTION_END))
    (said,) = await told(house, station, END(at=at(3), reference=str(begun.number), meter=WH(4000), values=data))
    kept = await only(house)
    assert (said.authorization, kept.token, kept.energy) == (None, Token("A"), WH(3000))
    assert await readings(house, kept.id) == list(data)


@requirement("1.6:StartTransaction-1", "1.6:StartTransaction-2", "1.6:StartTransaction-5")
async def test_a_16_start_of_a_refused_tag_gets_a_positive_number_of_its_own(house: Any):
    await house.token("GONE", status=AuthorizationStatus.BLOCKED)
    station = await house.station()
    starts = [BEGIN(at=at(n), where=EvseRef(n + 1, 1), token=Token("GONE"), meter=WH(0)) for n in range(5)]
    answers = await told(house, station, *starts)
    assert {answer.authorization.status for answer in answers} == {AuthorizationStatus.BLOCKED}
    assert len({answer.number for answer in answers}) == 5
    assert all(0 < answer.number < 2**31 for answer in answers)
