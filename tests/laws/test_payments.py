"""The law of payments: no more is taken than was held, no more given back than was taken, each deed is done once.

What stations, providers, payers and operators can say comes in any order, doubled, and with a node that forgets
everything but the row at any moment; the provider loses answers, refuses, or makes one wait. In the end, when
everybody answers, the provider's own ledger shows exactly what was used, as far as it was held, and nothing is held
that will never be used.
"""

import asyncio
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from amperanto.csms.pretend_provider import PretendFailure, PretendProvider
from amperanto.domain.payments import Act, Outcome, Payment, PaymentKind, PaymentState, Settlement
from amperanto.domain.stations import OrganisationId, StationId

AT = datetime(2026, 5, 1, 12, tzinfo=UTC)
CENTS = st.integers(0, 5000).map(lambda cents: Decimal(cents) / 100)
STATES = (PaymentState.SETTLED, PaymentState.CANCELED, PaymentState.REJECTED, PaymentState.FAILED)
EVENTS = st.one_of(
    st.tuples(st.just("charging"), st.sampled_from(["t1", "t2"])),
    st.tuples(st.just("raised"), CENTS),
    st.tuples(st.just("used"), CENTS),
    st.tuples(st.just("canceled"), st.none()),
    st.tuples(st.just("told"), st.tuples(st.sampled_from(STATES), CENTS)),
    st.tuples(st.just("perform"), st.sampled_from(["well", "lost before", "lost after", "refused", "not yet"])),
    st.tuples(st.just("again"), st.none()),
)


def asked(amount: Decimal, kind: PaymentKind) -> Payment:
    payment = Payment(
        id="p", organisation=OrganisationId("o"), station=StationId("s"), kind=kind, amount=amount, currency="EUR"
    )
    if kind is PaymentKind.TERMINAL:
        return replace(payment, state=PaymentState.AUTHORIZED, psp_ref="r", authorized=amount, amount=None)
    return payment.begun()


async def performed(
    payment: Payment, provider: PretendProvider, how: str
) -> tuple[Payment, tuple[int, Outcome] | None]:
    """One step asked of the provider, and what the node learned of it."""
    step = payment.step
    if step is None:
        return payment, None
    provider.fails_before = int(how == "lost before")
    provider.fails_after = int(how == "lost after")
    provider.refuses = {step.act} if how == "refused" and step.act is not Act.RELEASE else set()
    provider.not_yet = {step.act} if how == "not yet" else set()
    deed = {
        Act.PREAUTHORIZE: lambda: provider.preauthorize(payment.key, payment, step.amount),
        Act.CAPTURE: lambda: provider.capture(payment.key, payment, step.amount),
        Act.RELEASE: lambda: provider.release(payment.key, payment),
        Act.REFUND: lambda: provider.refund(payment.key, payment, step.amount),
    }[step.act]
    try:
        outcome = await deed()
    except PretendFailure:
        return payment, None
    return payment.done(step.number, outcome, AT), (step.number, outcome)


def happened(payment: Payment, what: str, value: Any) -> Payment:
    match what:
        case "charging":
            return payment.charging(value, value, 1)
        case "raised":
            return payment.raised(value) if payment.kind is PaymentKind.TERMINAL else payment
        case "used":
            return payment.used(value)
        case "canceled":
            return payment.canceled()
        case _:
            return payment.told(Settlement(status=value[0], amount=value[1], at=AT))


def keeps_the_rule(payment: Payment) -> None:
    held = payment.authorized or Decimal(0)
    assert Decimal(0) <= payment.refunded <= payment.captured <= held
    assert payment.paid + payment.unpaid >= (payment.cost or Decimal(0))


@settings(max_examples=400, deadline=None)
@given(
    amount=st.integers(1, 5000).map(lambda cents: Decimal(cents) / 100),
    kind=st.sampled_from(PaymentKind),
    events=st.lists(EVENTS, max_size=25),
)
def test_captures_never_exceed_what_is_held_and_refunds_never_what_was_captured(
    amount: Decimal, kind: PaymentKind, events: list[tuple[str, Any]]
) -> None:
    async def scene() -> None:
        provider, payment = PretendProvider(), asked(amount, kind)
        heard: list[tuple[int, Outcome]] = []
        for what, value in events:
            if what == "perform":
                payment, outcome = await performed(payment, provider, value)
                heard += [] if outcome is None else [outcome]
            elif what == "again":  # an old outcome is told once more, as by a node that was slow to die
                for number, outcome in heard:
                    assert payment.done(number, outcome, AT) == payment
            else:
                payment = happened(happened(payment, what, value), what, value)
            keeps_the_rule(payment)
        for _ in range(10):  # everybody answers now
            payment, _outcome = await performed(payment, provider, "well")
        keeps_the_rule(payment)
        assert payment.step is None
        deeds = [act for act, _, _ in provider.asked]
        keys = {(act, key) for act, key, _ in provider.asked}
        assert len({key for act, key in keys if act is Act.CAPTURE}) <= 1 or Act.CAPTURE not in deeds
        if payment.settled_by_csms:
            account = provider.accounts.get(payment.psp_ref or "")
            taken = Decimal(0) if account is None else account.taken - account.given_back
            assert taken == payment.paid
            if payment.state is PaymentState.SETTLED and payment.cost is not None and payment.problem is None:
                assert taken == payment.cost
            if payment.state is PaymentState.CANCELED and account is not None:
                assert not account.open

    asyncio.run(scene())
