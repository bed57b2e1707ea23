"""What is kept comes back equal: events through the outbox, transactions and readings through SQLite."""

import asyncio
from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal

from hypothesis import given, settings
from hypothesis import strategies as st

from amperanto.domain.events import AvailabilityChanged, Event, TokenRefused, TransactionClosed
from amperanto.domain.ids import Ids
from amperanto.domain.meter_values import MeterValue, SampledValue, SignedValue
from amperanto.domain.observations import TransactionContinued, TransactionEnded, TransactionStarted
from amperanto.domain.quantities import WattHours
from amperanto.domain.stations import (
    DEFAULT_ORGANISATION,
    Availability,
    ChargingState,
    EvseRef,
    Fault,
    StationId,
)  # fmt: skip
from amperanto.domain.tokens import Authorization, AuthorizationStatus, Token
from amperanto.domain.transactions import Transaction
from amperanto.stores.outbox import OutboxEntry, row_of
from amperanto.stores.store import Store

OFFSETS = st.integers(-14 * 60, 14 * 60).map(lambda minutes: timezone(timedelta(minutes=minutes)))
WHEN = st.datetimes(datetime(2000, 1, 1), datetime(2200, 1, 1), timezones=OFFSETS)  # noqa: DTZ001 - the strategy adds it
WORDS = st.text(st.characters(codec="utf-8"), max_size=40)
FIGURES = st.decimals(allow_nan=False, allow_infinity=False)
PLACES = st.builds(EvseRef, st.integers(0, 99), st.none() | st.integers(0, 9))
TOKENS = st.builds(Token, WORDS, WORDS)
ENERGY = st.builds(WattHours, FIGURES)
SAMPLES = st.builds(
    SampledValue, value=st.none() | FIGURES, measurand=WORDS, context=WORDS, phase=st.none() | WORDS, location=WORDS,
    unit=WORDS, multiplier=st.integers(-9, 9), signed=st.none() | st.builds(SignedValue, data=WORDS, encoding=WORDS),
)  # fmt: skip
VALUES = st.builds(MeterValue, at=WHEN, samples=st.lists(SAMPLES, min_size=1, max_size=3).map(tuple))
TOLD = {
    "at": WHEN, "sequence": st.none() | st.integers(0, 2**31), "where": st.none() | PLACES, "token": st.none() | TOKENS,
    "meter": st.none() | ENERGY, "values": st.lists(VALUES, max_size=2).map(tuple),
    "charging": st.none() | st.sampled_from(ChargingState), "offline": st.booleans(),
    "reservation": st.none() | st.integers(), "remote_start": st.none() | st.integers(0, 2**31),
}  # fmt: skip
TOLD["reservation"] = st.none() | st.integers(0, 2**31)
REPORTS = st.one_of(
    st.builds(TransactionStarted, **TOLD), st.builds(TransactionContinued, **TOLD),
    st.builds(TransactionEnded, reason=st.none() | WORDS, **TOLD),
)  # fmt: skip
AUTHORIZATIONS = st.builds(
    Authorization, status=st.sampled_from(AuthorizationStatus), group=st.none() | WORDS, expires_at=st.none() | WHEN
)
ABOUT = {"organisation": WORDS, "station": WORDS, "identity": WORDS, "at": WHEN}
EVENTS = st.one_of(
    st.builds(
        AvailabilityChanged, where=PLACES, availability=st.sampled_from(Availability), charging=st.none(),
        fault=st.none() | st.builds(Fault, code=WORDS, info=st.none() | WORDS), **ABOUT,
    ),
    st.builds(
        TransactionClosed, transaction=WORDS, reference=WORDS, where=st.none() | PLACES, token=st.none() | TOKENS,
        energy=st.none() | ENERGY, reason=st.none() | WORDS, **ABOUT,
    ),
    st.builds(TokenRefused, token=TOKENS, status=st.sampled_from(AuthorizationStatus), **ABOUT),
)  # fmt: skip


@given(EVENTS)
def test_an_event_comes_out_of_the_outbox_as_it_went_in(event: Event) -> None:
    assert OutboxEntry(node="n", sequence=1, **row_of(event)).event() == event


@settings(max_examples=50)
@given(st.lists(REPORTS, min_size=1, max_size=4), st.none() | AUTHORIZATIONS, st.lists(WORDS, max_size=2))
def test_a_transaction_of_any_reports_comes_back_as_it_was(reports, authorization, flags) -> None:
    transaction = Transaction(
        id="t", organisation=DEFAULT_ORGANISATION, station=StationId("s"), reference="r", authorization=authorization,
        flags=tuple(flags),
    )  # fmt: skip
    for report in reports:
        transaction = transaction.hear(report)

    async def there_and_back() -> Transaction | None:
        store = await Store.open("sqlite://")
        async with store.unit() as unit:
            unit.transactions.add(transaction)
        kept = await store.transactions.get(DEFAULT_ORGANISATION, "t")
        await store.close()
        return kept

    assert asyncio.run(there_and_back()) == transaction


@settings(max_examples=50)
@given(st.lists(VALUES, min_size=1, max_size=3, unique_by=lambda value: value.at.astimezone(UTC)))
def test_readings_come_back_digit_for_digit_in_the_order_of_time(values: list[MeterValue]) -> None:
    async def there_and_back() -> list[MeterValue]:
        store = await Store.open("sqlite://")
        for _ in range(2):
            async with store.unit() as unit:
                unit.meter_values.add(DEFAULT_ORGANISATION, StationId("s"), values, transaction="t")
        kept = await store.meter_values.of_transaction(DEFAULT_ORGANISATION, "t")
        await store.close()
        return list(kept.items)

    def digits(found: list[MeterValue]) -> list[str]:
        return [str(sample.value) for value in found for sample in value.samples]

    kept = asyncio.run(there_and_back())
    expected = sorted(values, key=lambda value: value.at)
    assert kept == expected
    assert digits(kept) == digits(expected)


@given(st.lists(WHEN, min_size=2))
def test_ids_sort_in_the_order_they_were_made_whatever_the_clock_does(times: list[datetime]) -> None:
    clock = iter(times)
    ids = Ids(lambda: next(clock), lambda bits: (1 << bits) - 1)
    made = [ids.new() for _ in times]
    assert made == sorted(set(made))
    assert all(one[14] == "7" and one[19] in "89ab" and len(one) == 36 for one in made)


@given(st.decimals(allow_nan=False, allow_infinity=False, places=3))
def test_the_energy_column_prints_the_figure(figure: Decimal) -> None:
    assert Decimal(str(WattHours(figure).value)) == figure
