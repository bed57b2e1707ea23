"""What a payment service provider must do for us, one step after the other, whoever dies in between.

A step is kept before it is begun (`domain.payments`); `perform` asks the provider for it outside any unit (R2) and
keeps what came of it. Whatever is unknown, because nobody answered or the node ended, is asked again with the same
key by a durable timer (R4), each time later. The same timer cancels what nobody charged with in time.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import structlog

from amperanto.csms.block import Block, Context
from amperanto.csms.timers import Timers
from amperanto.domain.charge_records import ChargeRecord, RecordKind
from amperanto.domain.due import Due
from amperanto.domain.events import PaymentChanged, ReviewWanted
from amperanto.domain.payments import DIRECT_PAYMENT, ZERO, Act, Outcome, Payment, PaymentState
from amperanto.stores.reviews import Review
from amperanto.stores.store import Unit

KIND, PRICED = "payment", "payment_priced"
FIRST_RETRY, LAST_RETRY = timedelta(seconds=15), timedelta(hours=1)
PROVIDER_SECONDS = 30.0
NOBODY_CAME = "nobody charged with it in time"

log = structlog.get_logger("amperanto.csms")


class Settlements(Block):
    """The steps of payments."""

    def __init__(self, context: Context, timers: Timers) -> None:
        super().__init__(context)
        timers.on(KIND, self._due, lasting=True)
        timers.on(PRICED, self._priced, lasting=True)
        self.start: Callable[[str], Awaitable[Payment]] | None = None
        """Ask the station to begin; given by who can."""
        self._working: set[asyncio.Task[None]] = set()

    # --- keeping

    async def keep(self, unit: Unit, before: Payment | None, after: Payment, *, told: bool = True) -> Payment:
        """Save a change, make it known, and see to it that what comes next comes; nothing where nothing changed."""
        if before == after:
            return after
        saved = unit.payments.add(after) if before is None else unit.payments.save(after)
        self._watch(unit, saved)
        if saved.step is not None and told:
            unit.after_commit(lambda: self.spawn(self._carry_on(saved.id)))
        await self._tell(unit, before, saved)
        return saved

    def _watch(self, unit: Unit, payment: Payment, tries: int = 0) -> None:
        """The timer this payment needs now: the retry of its step, or the end of waiting for a car."""
        at = None
        if payment.step is not None:
            at = self.context.clock.now() + min(FIRST_RETRY * 2 ** min(tries, 20), LAST_RETRY)
        elif payment.state is PaymentState.AUTHORIZED and payment.start_by is not None:
            at = payment.start_by
        if at is None:
            unit.due.cancel(KIND, payment.id)
            return
        if payment.start_by is not None and payment.state in (PaymentState.ASKED, PaymentState.AUTHORIZED):
            at = min(at, max(payment.start_by, self.context.clock.now() + timedelta(seconds=1)))
        unit.due.put(
            Due(
                id=self.context.ids.new(), organisation=payment.organisation, kind=KIND, subject=payment.id, at=at,
                body=str(tries),
            )
        )  # fmt: skip

    async def _tell(self, unit: Unit, before: Payment | None, now: Payment) -> None:
        station = await unit.stations.by_id(now.station)
        if station is None:
            return
        about = {
            "organisation": now.organisation,
            "station": now.station,
            "identity": station.identity,
            "at": self.context.clock.now(),
        }
        if before is None or (before.state, before.paid) != (now.state, now.paid):
            event = PaymentChanged(
                **about,  # type: ignore[arg-type]
                payment=now.id,
                state=now.state,
                psp_ref=now.psp_ref,
                currency=now.currency,
                authorized=now.authorized,
                paid=now.paid,
                transaction=now.transaction,
                problem=now.problem,
            )
            self.tell(unit, event)
        doubtful = now.state is PaymentState.FAILED or (now.unpaid > 0 and now.over)
        new = before is None or before.problem != now.problem or before.over != now.over
        if doubtful and new and now.problem is not None:
            self.tell(unit, ReviewWanted(**about, subject=f"payment {now.id}", problem=now.problem))  # type: ignore[arg-type]
            unit.reviews.add(
                Review(
                    id=self.context.ids.new(), organisation=now.organisation, station=now.station,
                    at=self.context.clock.now(), action="Payment", message=now.id, problem=now.problem,
                )
            )  # fmt: skip

    # --- doing

    async def perform(self, payment: str) -> Payment | None:
        """Do what the provider must do now, until nothing is left; what stays unknown is tried again by its timer."""
        while True:
            found = await self.context.store.payments.by_id(payment)
            if found is None or found.step is None:
                return found
            outcome = await self._asked(found)
            if outcome is None or outcome.done is None:
                return found
            await self.done(payment, found.step.number, outcome)

    async def done(self, payment: str, number: int, outcome: Outcome) -> None:
        """Keep what came of a step; a second time changes nothing."""

        async def work(unit: Unit) -> None:
            before = await unit.payments.by_id(payment)
            if before is not None:
                await self.keep(unit, before, before.done(number, outcome, self.context.clock.now()), told=False)

        await self.context.store.run(work)

    async def _asked(self, payment: Payment) -> Outcome | None:
        """What the provider did of the present step; None where nobody knows."""
        provider, step = self.context.hooks.payment_provider, payment.step
        assert step is not None
        if provider is None:
            log.warning("there is no payment service provider", payment=payment.id, step=step.act)
            return None
        try:
            async with asyncio.timeout(PROVIDER_SECONDS):
                match step.act:
                    case Act.PREAUTHORIZE:
                        return await provider.preauthorize(payment.key, payment, step.amount)
                    case Act.CAPTURE:
                        return await provider.capture(payment.key, payment, step.amount)
                    case Act.RELEASE:
                        return await provider.release(payment.key, payment)
                    case Act.REFUND:
                        return await provider.refund(payment.key, payment, step.amount)
        except Exception as error:  # noqa: BLE001 - what a provider does wrong must not stop the others
            why = type(error).__name__
            log.warning("the payment service provider failed", payment=payment.id, step=step.act, why=why)
            return None

    # --- what time brings

    def spawn(self, work: Awaitable[None]) -> None:
        """Do it beside everything else; a timer stands for it should the node end."""
        task = asyncio.ensure_future(work)
        self._working.add(task)
        task.add_done_callback(self._ended)

    def _ended(self, task: asyncio.Future[None]) -> None:
        self._working.discard(task)  # type: ignore[arg-type]
        if not task.cancelled() and (error := task.exception()) is not None:
            log.warning("a payment waits for its timer", why=f"{type(error).__name__}: {error}")

    async def settled(self) -> None:
        """Return when nothing is under way."""
        while self._working:
            await asyncio.wait(set(self._working))

    async def _carry_on(self, payment: str) -> None:
        """Do its steps, then begin what was paid for and never begun."""
        found = await self.perform(payment)
        waits = found is not None and found.state is PaymentState.AUTHORIZED and found.remote_start is not None
        if found is not None and waits and not found.start_sent and self.start is not None:
            await self.start(payment)

    def issued(self, unit: Unit, record: ChargeRecord) -> None:
        """A charge record says what a transaction came to: its payment is settled so; after a credit, given back."""
        if record.token is None or record.token.type != DIRECT_PAYMENT or record.gross is None:
            return
        cost = record.gross if record.kind is RecordKind.CHARGE else ZERO
        due = Due(
            id=self.context.ids.new(), organisation=record.organisation, kind=PRICED, subject=record.transaction,
            at=self.context.clock.now(), body=str(cost),
        )  # fmt: skip
        unit.due.put(due)

    async def _priced(self, unit: Unit, one: Due) -> None:
        before = await unit.payments.of_transaction(one.subject)
        if before is not None and before.settled_by_csms:
            await self.keep(unit, before, before.used(Decimal(one.body or "0")))

    async def _due(self, unit: Unit, one: Due) -> None:
        before = await unit.payments.by_id(one.subject)
        if before is None or before.over:
            return
        tries = int(one.body or "0") + 1
        waiting = before.state in (PaymentState.ASKED, PaymentState.AUTHORIZED) and before.transaction is None
        late = before.start_by is not None and before.start_by <= self.context.clock.now()
        if waiting and late:
            saved = await self.keep(unit, before, before.canceled(NOBODY_CAME))
            if saved == before:
                self._watch(unit, replace(saved, start_by=None), tries)
        else:
            saved = before
            self._watch(unit, saved, tries)
        unit.after_commit(lambda: self.spawn(self._carry_on(saved.id)))
