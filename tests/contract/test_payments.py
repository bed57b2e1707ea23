"""Payments are kept on each database to the last digit, each for its organisation alone."""

from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal

import pytest

from amperanto.domain.limits import TransactionLimit
from amperanto.domain.payments import Act, Payment, PaymentKind, PaymentState, Step
from amperanto.domain.quantities import WattHours
from amperanto.domain.stations import DEFAULT_ORGANISATION, OrganisationId, StationId
from amperanto.stores.errors import ConflictError
from amperanto.stores.payments import PaymentCodes
from amperanto.stores.store import Store

NOON = datetime(2026, 5, 1, 12, tzinfo=UTC)
WHOLE = Payment(
    id="p1", organisation=DEFAULT_ORGANISATION, station=StationId("s1"), kind=PaymentKind.WEB,
    state=PaymentState.USED, currency="EUR", psp_ref="r", evse=2, amount=Decimal("20.00"),
    authorized=Decimal("20.00"), captured=Decimal("0.10"), refunded=Decimal("0.01"), cost=Decimal("7.310"),
    limits=TransactionLimit(cost=Decimal("5.50"), energy=WattHours(Decimal("11000.5")), seconds=60), limit_told=True,
    remote_start=2**31 - 1, start_sent=True, start_by=NOON, transaction="t", reference="T1",
    step=Step(Act.CAPTURE, Decimal("7.310"), 2), steps=2, receipt_id="i", receipt_url="u", vat_number="v",
    company="c", details=(("brand", "VISA"),), problem="none", created_at=NOON, ended_at=NOON,
)  # fmt: skip


async def add(store: Store, payment: Payment) -> None:
    async with store.unit() as unit:
        unit.payments.add(payment)


async def test_a_payment_comes_back_as_it_was_kept_and_only_to_its_owner(store: Store) -> None:
    await add(store, WHOLE)
    assert await store.payments.get(DEFAULT_ORGANISATION, "p1") == WHOLE
    assert await store.payments.by_id("p1") == WHOLE
    assert await store.payments.of_ref(DEFAULT_ORGANISATION, "r") == [WHOLE]
    assert await store.payments.of_transaction("t") == WHOLE
    other = OrganisationId("other")
    assert await store.payments.get(other, "p1") is None
    assert await store.payments.of_ref(other, "r") == []
    assert (await store.payments.list(other)).items == ()


async def test_a_change_is_kept_whole_and_a_stale_one_refused(store: Store) -> None:
    await add(store, WHOLE)
    after = replace(WHOLE, state=PaymentState.SETTLED, captured=Decimal("7.31"), step=None, revision=1)
    async with store.unit() as unit:
        assert unit.payments.save(replace(after, revision=0)) == after
    assert await store.payments.by_id("p1") == after
    with pytest.raises(ConflictError):
        async with store.unit() as unit:
            unit.payments.save(WHOLE)


async def test_a_reference_is_one_payments_of_a_station(store: Store) -> None:
    await add(store, WHOLE)
    await add(store, replace(WHOLE, id="p2", station=StationId("s2")))
    with pytest.raises(ConflictError):
        await add(store, replace(WHOLE, id="p3"))


async def test_pages_go_back_in_time_by_station_and_state(store: Store) -> None:
    for number in range(1, 4):
        await add(store, replace(WHOLE, id=f"p{number}", psp_ref=None))
    page = await store.payments.list(DEFAULT_ORGANISATION, station=StationId("s1"), state=PaymentState.USED, limit=2)
    assert [one.id for one in page.items] == ["p3", "p2"]
    rest = await store.payments.list(DEFAULT_ORGANISATION, cursor=page.next)
    assert [one.id for one in rest.items] == ["p1"]
    assert (await store.payments.list(DEFAULT_ORGANISATION, state=PaymentState.ASKED)).items == ()


async def test_what_codes_are_made_of_is_replaced(store: Store) -> None:
    codes = PaymentCodes(
        station=StationId("s1"), organisation=DEFAULT_ORGANISATION, secret="a", sent="b", validity=60, length=8,
        set_at=NOON,
    )  # fmt: skip
    assert await store.payments.codes(StationId("s1")) is None
    for one in (codes, replace(codes, secret="b", sent=None, revision=1)):
        async with store.unit() as unit:
            unit.payments.put_codes(one)
        assert await store.payments.codes(StationId("s1")) == one
