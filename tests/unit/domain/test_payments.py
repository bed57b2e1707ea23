"""A payment: what is held, taken and given back, exactly, whatever is told in whatever order."""

from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal

import pytest

from amperanto.domain.payments import (
    Act,
    Outcome,
    Payment,
    PaymentKind,
    PaymentState,
    Settlement,
    Step,
)
from amperanto.domain.stations import OrganisationId, StationId

AT = datetime(2026, 5, 1, 12, tzinfo=UTC)
DONE = Outcome(done=True)
TWENTY, SEVEN = Decimal("20.00"), Decimal("7.31")


def asked(**changes):
    payment = Payment(
        id="p", organisation=OrganisationId("o"), station=StationId("s"), kind=PaymentKind.KIOSK, amount=TWENTY
    )
    return replace(payment, **changes).begun()


def held():
    return asked().done(1, Outcome(done=True, psp_ref="r", amount=TWENTY), AT)


def test_a_wish_asks_the_provider_to_hold_the_amount():
    payment = asked()
    assert payment.step == Step(Act.PREAUTHORIZE, TWENTY, 1)
    assert payment.key == "p-1"


def test_what_was_used_is_taken_and_no_more():
    used = held().charging("t", "r1", 1).used(SEVEN)
    assert used.step == Step(Act.CAPTURE, SEVEN, 2)
    settled = used.done(2, DONE, AT)
    assert (settled.state, settled.captured, settled.paid, settled.unpaid, settled.over) == (
        PaymentState.SETTLED, SEVEN, SEVEN, Decimal(0), True,
    )  # fmt: skip


def test_what_was_used_beyond_what_is_held_stays_unpaid_and_is_said():
    settled = held().used(Decimal("25.50")).done(2, DONE, AT)
    assert (settled.captured, settled.unpaid) == (TWENTY, Decimal("5.50"))
    assert settled.problem == "5.50 of 25.50 was not paid"


def test_a_cheaper_correction_gives_the_difference_back_and_a_dearer_one_takes_nothing():
    settled = held().used(SEVEN).done(2, DONE, AT)
    back = settled.used(Decimal("5.01"))
    assert back.step == Step(Act.REFUND, Decimal("2.30"), 3)
    assert back.done(3, DONE, AT).paid == Decimal("5.01")
    assert settled.used(Decimal("9.00")).step is None
    assert settled.used(Decimal("9.00")).unpaid == Decimal("1.69")


def test_nothing_used_releases_everything():
    released = held().canceled()
    assert released.step == Step(Act.RELEASE, TWENTY, 2)
    assert released.done(2, DONE, AT).state is PaymentState.CANCELED


def test_who_gives_up_while_the_provider_still_thinks_gets_everything_back():
    gone = asked().canceled("left")
    assert gone.step == Step(Act.PREAUTHORIZE, TWENTY, 1)
    late = gone.done(1, Outcome(done=True, psp_ref="r"), AT)
    assert late.step == Step(Act.RELEASE, TWENTY, 2)
    assert gone.done(1, Outcome(done=False, why="no"), AT).state is PaymentState.REJECTED


@pytest.mark.parametrize("number", [1, 3])
def test_a_step_done_twice_or_never_asked_changes_nothing(number):
    used = held().used(SEVEN)
    assert used.done(number, DONE, AT) == used


def test_a_terminal_that_holds_more_is_believed_and_late_news_never_lower_it():
    raised = held().raised(Decimal(40))
    assert raised.authorized == Decimal(40)
    assert raised.raised(Decimal(30)) == raised


def test_a_refused_capture_is_a_failure_with_its_reason():
    failed = held().used(SEVEN).done(2, Outcome(done=False, why="expired"), AT)
    assert (failed.state, failed.problem, failed.captured) == (PaymentState.FAILED, "expired", Decimal(0))


def told(status, amount="7.31", **more):
    return Settlement(status=status, amount=Decimal(amount), at=AT, **more)


def test_a_terminals_settlement_is_kept_as_told_once():
    own = replace(held(), kind=PaymentKind.TERMINAL, settled_by_csms=False)
    settled = own.told(told(PaymentState.SETTLED, receipt_url="u"))
    assert (settled.state, settled.captured, settled.receipt_url) == (PaymentState.SETTLED, SEVEN, "u")
    assert settled.told(told(PaymentState.FAILED)) == settled
    assert settled.told(told(PaymentState.SETTLED, "9")) == settled


def test_a_settlement_after_a_failure_counts():
    own = replace(held(), settled_by_csms=False).told(told(PaymentState.FAILED, "0", why="no line"))
    assert (own.state, own.problem) == (PaymentState.FAILED, "no line")
    assert own.told(told(PaymentState.SETTLED)).captured == SEVEN


def test_a_station_that_takes_what_we_take_is_said_and_not_believed():
    ours = held().used(SEVEN)
    doubled = ours.told(told(PaymentState.SETTLED))
    assert (doubled.captured, doubled.step) == (Decimal(0), ours.step)
    assert doubled.problem == "the station says it took 7.31, too"


@pytest.mark.parametrize("status", [PaymentState.SETTLED, PaymentState.CANCELED, PaymentState.FAILED])
def test_what_a_kiosk_had_us_hold_is_no_terminals_to_settle(status: PaymentState):
    """A station that mixes up its payments must not make us forget the money that is held."""
    ours = held().charging("t", "T1", 1)
    told_so = ours.told(told(status))
    assert (told_so.state, told_so.settled_by_csms) == (PaymentState.CHARGING, True)
    assert told_so.used(SEVEN).step is not None


def test_a_settlement_of_less_than_nothing_gives_nothing_back():
    own = replace(held(), kind=PaymentKind.TERMINAL, settled_by_csms=False)
    assert own.told(told(PaymentState.SETTLED, "-5")).paid == 0
