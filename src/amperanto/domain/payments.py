"""Ad hoc payments: money held before a charge, taken after it, never more than was held (2.1: C17-C25).

A Payment is followed from the wish to its end. Where we settle (`settled_by_csms`), each thing the payment service
provider must do is a *step* with a number of its own; number and payment make the key by which the provider knows
a step it has done already. Steps are kept before they are begun, so a node that dies between any two of them goes on
where it stood. The rule: `captured ≤ authorized`, `refunded ≤ captured`, whatever is told, however often, in any
order; what was used beyond that stays unpaid and is said in `problem`. Figures are exact decimals of one currency.
Where the station's own terminal settles, its NotifySettlement is kept as told (C21, C22).
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal
from enum import StrEnum

from amperanto.domain.limits import NO_LIMIT, TransactionLimit
from amperanto.domain.stations import OrganisationId, StationId

DIRECT_PAYMENT = "DirectPayment"
ZERO = Decimal(0)


class PaymentKind(StrEnum):
    """Who held the money first: the station's terminal (C18), a kiosk beside it (C24), a page of the web (C25)."""

    TERMINAL = "Terminal"
    KIOSK = "Kiosk"
    WEB = "Web"


class PaymentState(StrEnum):
    """Where a payment stands."""

    ASKED = "Asked"
    AUTHORIZED = "Authorized"
    CHARGING = "Charging"
    USED = "Used"
    SETTLED = "Settled"
    CANCELED = "Canceled"
    REJECTED = "Rejected"
    FAILED = "Failed"


HELD = frozenset({PaymentState.AUTHORIZED, PaymentState.CHARGING, PaymentState.USED})
OVER = frozenset({PaymentState.SETTLED, PaymentState.CANCELED, PaymentState.REJECTED, PaymentState.FAILED})


class Act(StrEnum):
    """What a payment service provider can be asked to do."""

    PREAUTHORIZE = "Preauthorize"
    CAPTURE = "Capture"
    RELEASE = "Release"
    REFUND = "Refund"


@dataclass(frozen=True, slots=True)
class Step:
    """Something the provider must do, or is doing; its number is unique in its payment."""

    act: Act
    amount: Decimal
    number: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What the provider did. `done` None: not yet, ask again with the same key."""

    done: bool | None
    psp_ref: str | None = None
    amount: Decimal | None = None
    why: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Settlement:
    """What a station's terminal told of a payment (NotifySettlement)."""

    status: PaymentState
    amount: Decimal
    at: datetime
    transaction: str | None = None
    why: str | None = None
    receipt_id: str | None = None
    receipt_url: str | None = None
    vat_number: str | None = None
    company: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Payment:
    """One payment. `cost` is what was used, None while nobody knows; `reference` the station's transaction id."""

    id: str
    organisation: OrganisationId
    station: StationId
    kind: PaymentKind
    state: PaymentState = PaymentState.ASKED
    settled_by_csms: bool = True
    currency: str | None = None
    psp_ref: str | None = None
    evse: int | None = None
    amount: Decimal | None = None
    authorized: Decimal | None = None
    captured: Decimal = ZERO
    refunded: Decimal = ZERO
    cost: Decimal | None = None
    limits: TransactionLimit = NO_LIMIT
    limit_told: bool = False
    remote_start: int | None = None
    start_sent: bool = False
    start_by: datetime | None = None
    transaction: str | None = None
    reference: str | None = None
    step: Step | None = None
    steps: int = 0
    receipt_id: str | None = None
    receipt_url: str | None = None
    vat_number: str | None = None
    company: str | None = None
    details: tuple[tuple[str, str], ...] = ()
    problem: str | None = None
    created_at: datetime | None = None
    ended_at: datetime | None = None
    revision: int = 0

    @property
    def over(self) -> bool:
        """Whether nothing more is to happen, as far as we know."""
        return self.state in OVER and self.step is None

    @property
    def holds(self) -> bool:
        """Whether an amount is held that may still be used."""
        return self.state in HELD

    @property
    def paid(self) -> Decimal:
        """What was taken and not given back."""
        return self.captured - self.refunded

    @property
    def unpaid(self) -> Decimal:
        """What was used and not paid."""
        return ZERO if self.cost is None else max(self.cost - self.paid, ZERO)

    @property
    def key(self) -> str:
        """By which the provider knows the present step: the same however often it is asked."""
        assert self.step is not None
        return f"{self.id}-{self.step.number}"

    # --- what happens

    def begun(self) -> Payment:
        """Ask the provider to hold the amount."""
        return self.onwards()

    def charging(self, transaction: str, reference: str, evse: int | None) -> Payment:
        """A transaction uses it; the first that does, has it."""
        if self.state is not PaymentState.AUTHORIZED or self.transaction is not None:
            return self
        state = PaymentState.CHARGING
        return replace(
            self, state=state, transaction=transaction, reference=reference, evse=self.evse if evse is None else evse
        )

    def raised(self, amount: Decimal) -> Payment:
        """C18, C23: the terminal holds that much; late news never lower it."""
        if not self.holds or (self.authorized is not None and amount <= self.authorized):
            return self
        return replace(self, authorized=amount)

    def used(self, cost: Decimal) -> Payment:
        """What the charge came to, or comes to after a correction; never negative."""
        cost = max(cost, ZERO)
        if self.state is PaymentState.REJECTED or cost == self.cost:
            return self
        if self.state in (PaymentState.CANCELED, PaymentState.FAILED):
            return replace(self, cost=cost, problem=self.problem or _late(cost))
        if self.state is PaymentState.SETTLED:  # a correction: what is too much goes back, what is too little is said
            return replace(self, cost=cost)._with_unpaid().onwards()
        state = PaymentState.USED if self.holds else self.state
        return replace(self, cost=cost, state=state).onwards()

    def canceled(self, why: str | None = None) -> Payment:
        """C19, C20: nothing is to be taken. What was taken already stays: then it is too late."""
        if self.state in OVER or self.cost is not None:
            return self
        return replace(self, problem=self.problem or why).used(ZERO)

    def told(self, said: Settlement) -> Payment:
        """C21, C22: the station's terminal settled it, canceled it, or could not; that it settled outranks the rest.

        What a kiosk or a page had us hold is no terminal's to settle: what is told of it is said, and changes nothing.
        """
        if self.settled_by_csms and self.kind is not PaymentKind.TERMINAL:
            took = said.status is PaymentState.SETTLED
            return replace(self, problem=f"the station says it took {said.amount}, too") if took else self
        taking = self.settled_by_csms and (self.captured or (self.step is not None and self.step.act is Act.CAPTURE))
        if taking and said.status is PaymentState.SETTLED:
            return replace(self, problem=f"the station says it took {said.amount}, too")
        if taking or self.state is PaymentState.SETTLED:
            return self
        if self.state in OVER and said.status is not PaymentState.SETTLED:
            return self
        captured = max(said.amount, ZERO) if said.status is PaymentState.SETTLED else ZERO
        return replace(
            self,
            state=said.status,
            settled_by_csms=False,
            captured=captured,
            authorized=max(captured, self.authorized or ZERO),
            reference=self.reference or said.transaction,
            receipt_id=said.receipt_id or self.receipt_id,
            receipt_url=said.receipt_url or self.receipt_url,
            vat_number=said.vat_number or self.vat_number,
            company=said.company or self.company,
            problem=said.why or self.problem,
            ended_at=said.at,
            step=None,
        )

    def done(self, number: int, outcome: Outcome, at: datetime) -> Payment:
        """The provider did the step of that number; what it does again changes nothing."""
        step = self.step
        if step is None or step.number != number or outcome.done is None:
            return self
        settled = replace(self, step=None)
        if not outcome.done:
            return settled._refused(step, outcome.why or "the provider refused", at)
        match step.act:
            case Act.PREAUTHORIZE:
                return settled._authorized(step, outcome).onwards(at)
            case Act.CAPTURE:
                taken = step.amount if outcome.amount is None else min(outcome.amount, step.amount)
                after = replace(settled, captured=taken, state=PaymentState.SETTLED, ended_at=at)
                return after._with_unpaid().onwards(at)
            case Act.RELEASE:
                return replace(settled, state=PaymentState.CANCELED, ended_at=at)
            case Act.REFUND:
                return replace(settled, refunded=settled.refunded + step.amount).onwards(at)

    def onwards(self, at: datetime | None = None) -> Payment:
        """The payment with the next step it needs, if it needs one and none is under way."""
        if self.step is not None or not self.settled_by_csms:
            return self
        act, amount = self._next()
        if act is None:
            if self.state is PaymentState.ASKED and self.cost is not None:
                return replace(self, state=PaymentState.CANCELED, ended_at=at)
            return self
        number = self.steps + 1
        return replace(self, step=Step(act, amount, number), steps=number)

    def _next(self) -> tuple[Act | None, Decimal]:
        if self.state is PaymentState.ASKED:
            wanted = self.amount is not None and self.cost is None
            return (Act.PREAUTHORIZE, self.amount or ZERO) if wanted else (None, ZERO)
        if self.holds and self.cost is not None:
            if self.cost == 0:
                return Act.RELEASE, self.authorized or ZERO
            return Act.CAPTURE, self.cost if self.authorized is None else min(self.cost, self.authorized)
        if self.state is PaymentState.SETTLED and self.cost is not None and self.cost < self.paid:
            return Act.REFUND, self.paid - self.cost
        return None, ZERO

    def _authorized(self, step: Step, outcome: Outcome) -> Payment:
        held = step.amount if outcome.amount is None else outcome.amount
        state = PaymentState.AUTHORIZED if self.cost is None else PaymentState.USED
        return replace(self, state=state, psp_ref=outcome.psp_ref or self.psp_ref or self.id, authorized=held)

    def _refused(self, step: Step, why: str, at: datetime) -> Payment:
        if step.act is Act.PREAUTHORIZE:
            return replace(self, state=PaymentState.REJECTED, problem=why, ended_at=at)
        if step.act is Act.REFUND:
            return replace(self, problem=f"{step.amount} could not be given back: {why}")
        return replace(self, state=PaymentState.FAILED, problem=why, ended_at=at)

    def _with_unpaid(self) -> Payment:
        return self if self.unpaid == 0 else replace(self, problem=f"{self.unpaid} of {self.cost} was not paid")


def _late(cost: Decimal) -> str | None:
    return None if cost == 0 else f"{cost} was used after the payment had ended"
