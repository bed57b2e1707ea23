"""How often one may knock, with time in the test's hand."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from amperanto.gateway.limits import Attempts, Buckets, Flapping


class Time:
    def __init__(self) -> None:
        self.now = 500.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def time() -> Time:
    return Time()


def test_a_bucket_gives_its_size_and_then_fills_with_time(time: Time) -> None:
    buckets: Buckets[str] = Buckets(3, 0.5, clock=time)
    assert [buckets.take("a") for _ in range(5)] == [True, True, True, False, False]
    assert buckets.wait("a") == 2
    time.now += 2
    assert [buckets.take("a"), buckets.take("a")] == [True, False]
    assert buckets.take("b")


@given(st.lists(st.floats(0, 10), max_size=60))
def test_no_rhythm_gets_more_than_the_size_and_the_rate_allow(pauses: list[float]) -> None:
    time = Time()
    buckets: Buckets[str] = Buckets(5, 0.5, clock=time)
    taken = 0
    for pause in pauses:
        time.now += pause
        taken += buckets.take("a")
    assert taken <= 5 + sum(pauses) * 0.5 + 1e-6


def test_the_memory_of_buckets_is_bounded(time: Time) -> None:
    buckets: Buckets[int] = Buckets(1, 0.1, clock=time, remembered=100)
    for key in range(1000):
        buckets.take(key)
    assert len(buckets) == 100


def test_guessing_is_slowed_for_the_pair_and_nobody_else(time: Time) -> None:
    attempts = Attempts(clock=time)
    for _ in range(30):
        assert attempts.may_try("evil", "CP1")
        attempts.failed("evil", "CP1")
    assert not attempts.may_try("evil", "CP1")
    assert not attempts.may_try("evil", "cp1"), "identities have no case"
    assert attempts.may_try("evil", "CP2")
    assert attempts.may_try("home", "CP1"), "an identity is never locked out from elsewhere"
    time.now += 2
    assert attempts.may_try("evil", "CP1")


def test_a_source_that_guesses_many_identities_is_slowed_but_not_its_proven_neighbours(time: Time) -> None:
    attempts = Attempts(clock=time)
    attempts.succeeded("car park", "GOOD")
    for number in range(300):
        attempts.failed("car park", f"GUESS{number}")
    assert not attempts.may_try("car park", "NEW")
    assert attempts.may_try("car park", "GOOD")
    assert attempts.may_try("elsewhere", "NEW")


def test_success_forgives_the_failures_before_it(time: Time) -> None:
    attempts = Attempts(clock=time)
    for _ in range(29):
        attempts.failed("home", "CP1")
    attempts.succeeded("home", "CP1")
    for _ in range(29):
        attempts.failed("home", "CP1")
    assert attempts.may_try("home", "CP1")


def test_a_station_that_flaps_has_to_wait_and_its_neighbour_has_not(time: Time) -> None:
    flapping = Flapping(clock=time, at_once=3, per_second=0.1)
    assert [flapping.delay("CP1") for _ in range(4)] == [0, 0, 0, 10]
    assert flapping.delay("CP2") == 0
    time.now += 10
    assert flapping.delay("CP1") == 0
