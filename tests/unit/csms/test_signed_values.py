"""Signed readings of a transaction: proved, or put into review with what was found."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any
from xml.etree import ElementTree as ET

import pytest
from tests.support.ocmf import Meter

from amperanto.conformance.requirements import requirement
from amperanto.csms.access import Principal
from amperanto.csms.signed_values import DUE, Outcome
from amperanto.domain.errors import UnknownTransaction
from amperanto.domain.findings import Doubt
from amperanto.domain.meter_values import TRANSACTION_BEGIN, TRANSACTION_END, MeterValue, SampledValue, SignedValue
from amperanto.domain.observations import TransactionEnded, TransactionStarted
from amperanto.domain.stations import DEFAULT_ORGANISATION, EvseRef
from amperanto.domain.tokens import Token

T0 = datetime(2026, 5, 1, 12, tzinfo=UTC)
WHO = Principal(organisation=DEFAULT_ORGANISATION, name="ann", scopes=frozenset({"read", "operate"}))


def value(at: datetime, watt_hours: str, context: str, record: str | None, key: str = "") -> MeterValue:
    signed = None if record is None else SignedValue(data=record, encoding="OCMF", public_key=key)
    return MeterValue(at=at, samples=(SampledValue(Decimal(watt_hours), context=context, signed=signed),))


async def charge(house: Any, begin: str | None, end: str | None, *, counted: str = "5500", key: str = "") -> Any:
    """A charge from 1000 Wh to `counted`, with these records at its begin and end."""
    await house.token("CAFE")
    station = await house.station(ocpp_version="2.0.1")
    start = TransactionStarted(
        at=T0, reference="t", sequence=0, where=EvseRef(1, 1), token=Token("CAFE"),
        values=(value(T0, "1000", TRANSACTION_BEGIN, begin, key),),
    )  # fmt: skip
    await station.tell(start)
    later = T0 + timedelta(hours=1)
    await station.tell(
        TransactionEnded(
            at=later, reference="t", sequence=1, values=(value(later, counted, TRANSACTION_END, end, key),)
        )
    )
    page = await house.store.transactions.list(DEFAULT_ORGANISATION, station=station.station.id)
    return station.station, page.items[0]


async def register(house: Any, station: Any, meter: Meter) -> None:
    await house.csms.signed_values.register(WHO, station, 1, meter.key)


@requirement("J02-signed-1")
async def test_begin_and_end_signed_with_the_registered_key_verify_the_energy(house: Any) -> None:
    meter = Meter()
    station, charged = await charge(house, meter.sign(("B", "1.0000")), meter.sign(("E", "5.5000")))
    await register(house, station, meter)
    found = await house.csms.signed_values.of(WHO, charged.id)
    assert (found.outcome, found.signed, found.counted) == (Outcome.VERIFIED, charged.energy, charged.energy)


async def test_a_key_only_the_station_told_makes_it_consistent_and_no_more(house: Any) -> None:
    meter = Meter()
    _, charged = await charge(house, meter.sign(("B", "1")), meter.sign(("E", "5.5")), key=meter.key)
    assert (await house.csms.signed_values.of(WHO, charged.id)).outcome is Outcome.CONSISTENT


async def test_without_a_key_or_an_end_nothing_is_proved_and_nothing_is_wrong(house: Any) -> None:
    meter = Meter()
    _, charged = await charge(house, meter.sign(("B", "1")), None)
    found = await house.csms.signed_values.of(WHO, charged.id)
    assert (found.outcome, found.signed) == (Outcome.UNPROVEN, None)


async def test_a_meter_that_signs_nothing_is_no_finding(house: Any) -> None:
    _, charged = await charge(house, None, None)
    assert (await house.csms.signed_values.of(WHO, charged.id)).outcome is Outcome.NONE
    assert await house.store.due.of(DUE, charged.id) is None


@requirement("J02-signed-2")
@pytest.mark.parametrize("cheat", ["register", "figure", "key"])
async def test_what_is_wrong_goes_into_review_once(house: Any, cheat: str) -> None:
    meter, other = Meter(), Meter()
    begin, end = meter.sign(("B", "1")), meter.sign(("E", "5.5"))
    if cheat == "figure":
        end = end.replace("5.5", "9.5")
    if cheat == "key":
        end = other.sign(("E", "5.5"))
    counted = "9500" if cheat == "register" else "5500"
    station, charged = await charge(house, begin, end, counted=counted)
    await register(house, station, meter)
    await house.clock.sleep(60)
    await house.csms.timers.look()
    kept = await house.store.transactions.get(DEFAULT_ORGANISATION, charged.id)
    assert (kept.held, Doubt.SIGNATURE in {finding.kind for finding in kept.judgement.findings}) == (True, True)
    page = await house.store.reviews.list(DEFAULT_ORGANISATION)
    assert [review.subject for review in page.items] == [charged.id]


async def test_the_export_holds_each_record_byte_for_byte_with_its_key(house: Any) -> None:
    meter = Meter()
    begin, end = meter.sign(("B", "1"), TT="<&>"), meter.sign(("E", "5.5"))
    station, charged = await charge(house, begin, end)
    await register(house, station, meter)
    root = ET.fromstring(await house.csms.signed_values.export(WHO, charged.id))
    told = [(one.get("context"), one.findtext("signedData"), one.findtext("publicKey")) for one in root.iter("value")]
    assert told == [(TRANSACTION_BEGIN, begin, meter.key.lower()), (TRANSACTION_END, end, meter.key.lower())]


async def test_another_organisation_sees_none_of_it(house: Any) -> None:
    meter = Meter()
    station, charged = await charge(house, meter.sign(("B", "1")), meter.sign(("E", "5.5")))
    await register(house, station, meter)
    stranger = replace(WHO, organisation="other")  # type: ignore[arg-type]
    with pytest.raises(UnknownTransaction):
        await house.csms.signed_values.of(stranger, charged.id)
    assert await house.csms.signed_values.keys(stranger, station.id) == {}


async def test_a_charge_is_not_billed_before_its_signatures_were_looked_at(house: Any) -> None:
    """It is whole at once, but what its meter signed says otherwise: no record may be issued in between."""
    meter = Meter()
    _, charged = await charge(house, meter.sign(("B", "1.0000")), meter.sign(("E", "5.4000")), key=meter.key)
    for _ in range(30):
        house.clock.at += timedelta(seconds=1)
        await house.csms.timers.look()
    kept = await house.store.transactions.get(DEFAULT_ORGANISATION, charged.id)
    assert kept.held
    assert await house.store.charge_records.of(DEFAULT_ORGANISATION, charged.id) == []


async def test_one_whose_signatures_are_right_is_billed_after_that(house: Any) -> None:
    meter = Meter()
    _, charged = await charge(house, meter.sign(("B", "1.0000")), meter.sign(("E", "5.5000")), key=meter.key)
    for _ in range(30):
        house.clock.at += timedelta(seconds=1)
        await house.csms.timers.look()
    (record,) = await house.store.charge_records.of(DEFAULT_ORGANISATION, charged.id)
    assert record.energy == Decimal(4500)


@pytest.mark.parametrize("figure", ["1e999999", "1e99999999999999999999", "-1E+200"])
async def test_a_figure_no_meter_shows_proves_nothing_and_breaks_nothing(house: Any, figure: str) -> None:
    meter = Meter()
    for record in (meter.sign(("B", "1.0000")), meter.sign(("E", figure))):
        assert "OCMF" in record
    _, charged = await charge(house, meter.sign(("B", "1.0000")), meter.sign(("E", figure)), key=meter.key)
    found = await house.csms.signed_values.of(WHO, charged.id)
    assert (found.outcome, found.signed) != (Outcome.VERIFIED, charged.energy)
    house.clock.at += timedelta(seconds=10)
    await house.csms.timers.look()
    assert await house.store.due.of(DUE, charged.id) is None
