"""Laws of the transaction: any order, any repetition, one outcome (R10); energy never shrinks."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from amperanto.domain.meter_values import MeterValue, SampledValue
from amperanto.domain.observations import (
    TransactionContinued,
    TransactionEnded,
    TransactionReport,
    TransactionStarted,
)
from amperanto.domain.quantities import WattHours
from amperanto.domain.stations import DEFAULT_ORGANISATION, ChargingState, EvseRef, StationId
from amperanto.domain.tokens import Token
from amperanto.domain.transactions import Completeness, Transaction, TransactionState

T0 = datetime(2026, 5, 1, 12, tzinfo=UTC)


def fresh() -> Transaction:
    return Transaction(id="t", organisation=DEFAULT_ORGANISATION, station=StationId("s"), reference="r")


def hear_all(reports: list[TransactionReport]) -> Transaction:
    transaction = fresh()
    for report in reports:
        transaction = transaction.hear(report)
    return transaction


@st.composite
def stories(draw: st.DrawFn) -> list[TransactionReport]:
    """A well-formed 2.x transaction: started, some updates, ended, with a register that only grows."""
    updates = draw(st.integers(0, 6))
    first = draw(st.integers(0, 1000))
    energy = draw(st.integers(0, 10**9))
    story: list[TransactionReport] = []
    for step in range(updates + 2):
        energy += draw(st.integers(0, 5000))
        at = T0 + timedelta(seconds=60 * step)
        values = (MeterValue(at=at, samples=(SampledValue(value=Decimal(energy)),)),) if draw(st.booleans()) else ()
        token = Token(draw(st.sampled_from(["A", "B"]))) if draw(st.booleans()) else None
        where = EvseRef(1, 1) if draw(st.booleans()) else None
        charging = draw(st.none() | st.sampled_from(ChargingState))
        kind = TransactionStarted if step == 0 else TransactionEnded if step == updates + 1 else TransactionContinued
        story.append(
            kind(
                at=at,
                sequence=first + step,
                values=values,
                token=token,
                where=where,
                charging=charging,
                reference="r",
            )
        )
    return story


@given(st.data(), stories())
def test_reports_in_any_order_and_repeated_end_in_the_same_state(data: st.DataObject, story: list[TransactionReport]):
    shuffled = data.draw(st.permutations(story))
    repeated = shuffled + data.draw(st.lists(st.sampled_from(story), max_size=5))
    assert hear_all(repeated) == hear_all(story)


@given(stories())
def test_a_whole_story_is_proven_and_its_energy_is_last_minus_first(story: list[TransactionReport]):
    whole = hear_all(story)
    registers = [value.samples[0].value for report in story for value in report.values]
    assert whole.completeness is Completeness.PROVEN
    assert whole.state is TransactionState.ENDED
    assert whole.energy == (WattHours.of(registers[-1] - registers[0]) if registers else None)  # type: ignore[operator]


@given(stories())
def test_energy_never_shrinks_while_a_transaction_is_told(story: list[TransactionReport]):
    transaction, last = fresh(), Decimal(0)
    for report in story:
        transaction = transaction.hear(report)
        now = last if transaction.energy is None else transaction.energy.value
        assert now >= last
        last = now


@given(st.data(), stories())
def test_a_missing_report_is_noticed(data: st.DataObject, story: list[TransactionReport]):
    lost = data.draw(st.sampled_from(story))
    assert hear_all([report for report in story if report is not lost]).completeness is Completeness.INCOMPLETE
