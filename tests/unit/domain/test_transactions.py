"""A transaction grows from reports; what it says is what a bill needs."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

from amperanto.domain.meter_values import TRANSACTION_BEGIN, TRANSACTION_END, MeterValue, SampledValue
from amperanto.domain.observations import TransactionContinued, TransactionEnded, TransactionStarted
from amperanto.domain.quantities import WattHours
from amperanto.domain.references import begins_the_next
from amperanto.domain.stations import DEFAULT_ORGANISATION, ChargingState, EvseRef, StationId
from amperanto.domain.tokens import Token
from amperanto.domain.transactions import Completeness, Transaction, TransactionState

T0 = datetime(2026, 5, 1, 12, tzinfo=UTC)


def at(minutes: float) -> datetime:
    return T0 + timedelta(minutes=minutes)


def metered(minutes: float, watt_hours: int, context: str = "Sample.Periodic") -> MeterValue:
    return MeterValue(at=at(minutes), samples=(SampledValue(value=Decimal(watt_hours), context=context),))


def fresh() -> Transaction:
    return Transaction(id="t", organisation=DEFAULT_ORGANISATION, station=StationId("s"), reference="r")


def test_a_1_6_transaction_is_meter_stop_minus_meter_start():
    start = TransactionStarted(at=at(0), where=EvseRef(1, 1), token=Token("A"), meter=WattHours.of(910_000))
    stop = TransactionEnded(at=at(60), reference="7", meter=WattHours.of(921_500), reason="Local")
    done = fresh().hear(start).hear(stop)
    assert (done.energy, done.state, done.reason) == (WattHours.of(11_500), TransactionState.ENDED, "Local")
    assert done.completeness is Completeness.ASSUMED


def test_samples_between_never_change_what_start_and_stop_said():
    done = (
        fresh()
        .hear(TransactionStarted(at=at(0), meter=WattHours.of(1000)))
        .hear(TransactionEnded(at=at(60), meter=WattHours.of(5000)))
        .measured((metered(30, 3000), metered(70, 9999), metered(-5, 1)))
    )
    assert done.energy == WattHours.of(4000)


def test_begin_and_end_samples_told_with_the_end_count_as_what_they_are():
    done = (
        fresh()
        .hear(TransactionStarted(at=at(0), sequence=0))
        .hear(
            TransactionEnded(
                at=at(60),
                sequence=1,
                values=(metered(0, 100, TRANSACTION_BEGIN), metered(59, 900), metered(60, 950, TRANSACTION_END)),
            )
        )
    )
    assert done.energy == WattHours.of(850)


def test_a_running_transaction_shows_what_was_counted_so_far():
    running = fresh().hear(TransactionStarted(at=at(0), sequence=0, values=(metered(0, 100),)))
    assert running.energy == WattHours.of(0)
    told = TransactionContinued(at=at(5), sequence=1, values=(metered(5, 400),), charging=ChargingState.CHARGING)
    grown = running.hear(told)
    assert (grown.energy, grown.charging) == (WattHours.of(300), ChargingState.CHARGING)


def test_sequence_numbers_prove_that_nothing_is_missing():
    start, stop = TransactionStarted(at=at(0), sequence=5), TransactionEnded(at=at(9), sequence=8)
    gap = fresh().hear(start).hear(stop)
    assert (gap.completeness, gap.missing()) == (Completeness.INCOMPLETE, ((6, 7),))
    whole = gap.hear(TransactionContinued(at=at(2), sequence=7)).hear(TransactionContinued(at=at(1), sequence=6))
    assert (whole.completeness, whole.missing()) == (Completeness.PROVEN, ())


def test_an_end_without_a_start_is_not_complete():
    assert fresh().hear(TransactionEnded(at=at(9), sequence=8)).completeness is Completeness.INCOMPLETE


def test_a_reference_used_again_after_the_end_is_a_new_transaction():
    done = fresh().hear(TransactionStarted(at=at(0), sequence=0)).hear(TransactionEnded(at=at(9), sequence=1))
    assert begins_the_next(done, TransactionStarted(at=at(20), sequence=0))
    assert not begins_the_next(done, TransactionStarted(at=at(0), sequence=0))
    assert not begins_the_next(done, TransactionContinued(at=at(20), sequence=2))


def test_a_token_told_later_is_taken_and_the_first_one_stays():
    grown = (
        fresh()
        .hear(TransactionStarted(at=at(0), sequence=0))
        .hear(TransactionContinued(at=at(1), sequence=1, token=Token("FIRST")))
        .hear(TransactionEnded(at=at(9), sequence=2, token=Token("OTHER")))
    )
    assert grown.token == Token("FIRST")


def test_a_station_that_skips_every_other_number_does_not_grow_a_transaction_for_ever():
    one = fresh().hear(TransactionStarted(at=at(0), sequence=0))
    for sequence in range(2, 2000, 2):
        one = one.hear(TransactionContinued(at=at(1), sequence=sequence))
    assert len(one.heard) <= 256
    assert (one.heard[0], one.heard[-1]) == ((0, 0), (1998, 1998))
    assert one.hear(TransactionEnded(at=at(2), sequence=1999)).completeness is Completeness.INCOMPLETE


def test_a_repeat_under_another_date_that_no_calendar_goes_beyond_is_billed_by_our_clock():
    one = fresh().hear(TransactionStarted(at=at(0), sequence=0), at(0) - timedelta(hours=1))
    one = one.hear(TransactionEnded(at=datetime.max.replace(tzinfo=UTC), sequence=0), at(60))
    assert one.billed.ended_at in (None, at(60))
