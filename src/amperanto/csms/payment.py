"""C. Ad hoc payment (2.1, C18-C25): who pays on the spot, with a card at the station, at a kiosk, or by a QR code.

A station's own terminal holds money first and names it by the provider's reference, a token of type DirectPayment;
that payment is ours from the moment we hear of it. A kiosk or a page (both our API) has us hold the money, then start
the station with that reference. What is used is taken when the transaction has ended, by us or by the terminal
(PaymentCtrlr.SettlementByCSMS). The limit of such a charge is what is held. Steps with the provider: `settlement.py`.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from datetime import timedelta
from decimal import Decimal

from amperanto.csms.access import Principal
from amperanto.csms.block import Block, Context, Teller, handles
from amperanto.csms.errors import NotSpoken, StationBusy, StationError, StationNotAccepted, StationOffline
from amperanto.csms.payment_codes import PaymentCodes
from amperanto.csms.records import Named
from amperanto.csms.remote_control import RemoteControl
from amperanto.csms.settlement import Settlements
from amperanto.domain.decisions import TransactionDecision
from amperanto.domain.device_model import KnownVariable, VariableRef
from amperanto.domain.errors import PaymentOver, PaymentRefused, UnknownPayment
from amperanto.domain.limits import NO_LIMIT, TransactionLimit
from amperanto.domain.observations import TokenPresented, TransactionEnded, TransactionReport, TransactionStarted
from amperanto.domain.payments import (
    DIRECT_PAYMENT,
    OVER,
    ZERO,
    Payment,
    PaymentKind,
    PaymentState,
    Settlement,
)
from amperanto.domain.quantities import exact
from amperanto.domain.stations import OrganisationId, Station, StationId
from amperanto.domain.tokens import Authorization, AuthorizationStatus, Token
from amperanto.domain.transactions import Completeness, Transaction
from amperanto.ocpp import v2
from amperanto.ocpp.errors import CallRefused
from amperanto.stores.store import Unit
from amperanto.stores.work import Page

CANCELING = frozenset({"StopAuthorized", "EVConnectTimeout"})
TOLD = {
    "Settled": PaymentState.SETTLED,
    "Canceled": PaymentState.CANCELED,
    "Rejected": PaymentState.REJECTED,
    "Failed": PaymentState.FAILED,
}
FIRST_START, LAST_START = 1, 2**31 - 1
VAT_SECONDS = 10.0
SETTLES = VariableRef("PaymentCtrlr", "SettlementByCSMS")
RECEIPTS = VariableRef("PaymentCtrlr", "ReceiptByCSMS")
CURRENCY = VariableRef("TariffCostCtrlr", "Currency")
YES = Authorization(status=AuthorizationStatus.ACCEPTED)

Price = Callable[[Unit, Transaction], Awaitable[Decimal | None]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """What a kiosk or a page asks for; `code` is the one of the station's QR address."""

    kind: PaymentKind
    evse: int
    amount: Decimal
    currency: str
    limits: TransactionLimit = NO_LIMIT
    code: str | None = None
    details: tuple[tuple[str, str], ...] = ()


class Payments(Block):
    """C. Ad hoc payment."""

    def __init__(
        self, context: Context, settlements: Settlements, codes: PaymentCodes, remote_control: RemoteControl
    ) -> None:
        super().__init__(context)
        self.codes = codes
        self.price: Price | None = None
        """What an ended transaction comes to, in its currency; None while nobody knows."""
        self._settlements = settlements
        self._remote = remote_control
        settlements.start = self._start

    # --- what stations tell

    async def presented(self, unit: Unit, station: Station, told: TokenPresented) -> Authorization:
        """C18: the terminal holds money and asks whether that is good."""
        return await self.decide(unit, station, told.token, details=told.details, asked=True)

    async def decide(
        self,
        unit: Unit,
        station: Station,
        token: Token,
        *,
        details: tuple[tuple[str, str], ...] = (),
        besides: str = "",
        asked: bool = False,
    ) -> Authorization:
        """Whether a reference of the provider may charge here: it holds money, at this station, for one charge."""
        known = await unit.payments.of_ref(station.organisation, token.uid)
        here = next((one for one in known if one.station == station.id), None)
        if here is None:
            if known or self.context.settings.direct_payments != "accept":
                return Authorization(status=AuthorizationStatus.INVALID)
            await self._opened(unit, station, token.uid, details)
            return YES
        if here.transaction not in (None, besides) and not asked:
            return Authorization(status=AuthorizationStatus.CONCURRENT_TX)
        if here.state in OVER and here.transaction in (None, ""):
            return Authorization(status=AuthorizationStatus.INVALID)
        return YES

    async def _opened(
        self, unit: Unit, station: Station, psp_ref: str, details: tuple[tuple[str, str], ...] = ()
    ) -> Payment:
        known = await self._variables(unit, station.id)
        currency = known.get(CURRENCY.key())
        opened = Payment(
            id=self.context.ids.new(),
            organisation=station.organisation,
            station=station.id,
            kind=PaymentKind.TERMINAL,
            state=PaymentState.AUTHORIZED,
            settled_by_csms=_is_true(known.get(SETTLES.key())),
            currency=None if currency is None else currency.attribute.value,
            psp_ref=psp_ref,
            details=details,
            created_at=self.context.clock.now(),
        )
        kept = await self._settlements.keep(unit, None, opened)
        unit.pending[station.id, psp_ref] = {"payment": kept}
        return kept

    async def _variables(self, unit: Unit, station: StationId) -> dict[str, KnownVariable]:
        return await unit.device_models.these(station, [one.key() for one in (SETTLES, RECEIPTS, CURRENCY)])

    async def _here(self, unit: Unit, organisation: OrganisationId, station: StationId, ref: str) -> Payment | None:
        pending = unit.pending.get((station, ref))
        if pending is not None:
            return pending["payment"]
        known = await unit.payments.of_ref(organisation, ref)
        return next((one for one in known if one.station == station), None)

    async def answering(
        self, unit: Unit, teller: Teller, told: TransactionReport, grown: Transaction, decision: TransactionDecision
    ) -> TransactionDecision:
        """C18, C20, C23, C24: the payment a transaction uses follows it; the answer tells limits, and what is free."""
        token = grown.token
        if token is None or token.type != DIRECT_PAYMENT or not grown.accepted:
            return decision
        before = await self._here(unit, grown.organisation, grown.station, token.uid)
        if before is None or before.transaction not in (None, grown.id):
            return decision
        after = before.charging(grown.id, grown.reference, None if grown.where is None else grown.where.evse)
        if told.limit is not None and told.limit.cost is not None and before.kind is PaymentKind.TERMINAL:
            after = after.raised(told.limit.cost)
        if isinstance(told, TransactionEnded):
            whole = grown.completeness is Completeness.PROVEN  # what came to nothing so far may not have
            canceled = whole and told.trigger in CANCELING and (grown.energy is None or grown.energy.value == 0)
            decision = replace(decision, cost=ZERO) if canceled else decision
            cost = ZERO if canceled else await self._cost(unit, grown)
            after = after if cost is None else after.used(cost)
        elif (
            before.kind is not PaymentKind.TERMINAL
            and not told.offline
            and (isinstance(told, TransactionStarted) or not before.limit_told)
        ):
            after = replace(after, limit_told=True)
            decision = replace(decision, limit=_limit(after))
        await self._settlements.keep(unit, before, after)
        return decision

    async def _cost(self, unit: Unit, grown: Transaction) -> Decimal | None:
        return None if self.price is None else await self.price(unit, grown)

    @handles(v2.NotifySettlementRequest)
    async def settled(
        self, unit: Unit, teller: Teller, told: v2.NotifySettlementRequest
    ) -> v2.NotifySettlementResponse:
        """C19-C22: the terminal settled a payment, canceled it, or could not."""
        station = teller.station
        before = await self._here(unit, station.organisation, station.id, told.psp_ref)
        if before is None:
            before = await self._opened(unit, station, told.psp_ref)
        said = _settlement(told)
        after = before.told(said)
        if after.transaction is None and said.transaction is not None:
            transaction = await unit.transactions.by_reference(station.id, said.transaction)
            after = after if transaction is None else replace(after, transaction=transaction.id)
        ours = said.receipt_url is None and said.status is PaymentState.SETTLED
        if ours and after.receipt_id is None and await self._receipts(unit, station):
            after = self._with_receipt(after)
        await self._settlements.keep(unit, before, after)
        if not ours or not await self._receipts(unit, station) or after.receipt_url is None:
            return v2.NotifySettlementResponse()
        return v2.NotifySettlementResponse(receipt_url=after.receipt_url, receipt_id=v2.unless_none(after.receipt_id))

    def _with_receipt(self, payment: Payment) -> Payment:
        url = self.context.settings.receipt_url
        return (
            replace(payment, receipt_id=payment.id, receipt_url=url.replace("{receipt}", payment.id))
            if url
            else payment
        )

    async def _receipts(self, unit: Unit, station: Station) -> bool:
        """C21: whether the receipt is ours to give; where the station has not said, it is when we can."""
        found = (await self._variables(unit, station.id)).get(RECEIPTS.key())
        return found is None or found.attribute.value is None or _is_true(found)

    async def validated(self, station: Station, asked: v2.VatNumberValidationRequest) -> v2.VatNumberValidationResponse:
        """C18: whose VAT number it is; the hook may wait, so outside any unit (R2)."""
        accepted, company, why = self.context.settings.vat_unchecked == "accept", None, "NotChecked"
        if self.context.hooks.vat_numbers is not None:
            try:
                async with asyncio.timeout(VAT_SECONDS):
                    company = await self.context.hooks.vat_numbers(station, asked.vat_number)
                accepted, why = company is not None, "UnknownVatNumber"
            except Exception:  # noqa: BLE001 - a hook that fails leaves the declared default
                company = None
        status = v2.GenericStatus.ACCEPTED if accepted else v2.GenericStatus.REJECTED
        return v2.VatNumberValidationResponse(
            vat_number=asked.vat_number,
            evse_id=asked.evse_id,
            status=status,
            status_info=v2.UNSET if accepted else v2.StatusInfo(reason_code=why),
            company=v2.UNSET
            if company is None
            else v2.Address(
                name=company.name,
                address1=company.address,
                city=company.city,
                country=company.country,
                postal_code=v2.unless_none(company.postal_code),
            ),
        )

    # --- what a kiosk or a page asks for

    async def begin(self, station: Station, order: Order) -> Payment:
        """C24, C25: hold the money, then start the station; returns the payment as it stands by then.

        Raises StationOffline and NotSpoken before anything is asked, BadCode for a wrong code of a QR address, and
        PaymentRefused where there is no provider. A provider's no is data: state Rejected.
        """
        link = self.context.stations.reach(station.id)
        if not link.can(v2.NotifyWebPaymentStartedRequest):
            raise NotSpoken("ad hoc payments need OCPP 2.1")
        if self.context.hooks.payment_provider is None:
            raise PaymentRefused("no payment service provider is installed, so no money can be held")
        if order.kind is PaymentKind.WEB:
            await self.codes.check(station, order.code or "")
        asked = Payment(
            id=self.context.ids.new(),
            organisation=station.organisation,
            station=station.id,
            kind=order.kind,
            currency=order.currency,
            amount=order.amount,
            evse=order.evse,
            limits=order.limits,
            details=order.details,
            remote_start=self.context.random.randint(FIRST_START, LAST_START),
            start_by=self.context.clock.now() + timedelta(seconds=self.context.settings.payment_start_within),
            created_at=self.context.clock.now(),
        ).begun()

        async def work(unit: Unit) -> None:
            await self._settlements.keep(unit, None, asked, told=False)

        await self.context.store.run(work)
        held = await self._settlements.perform(asked.id)
        assert held is not None
        return await self._start(held.id) if held.state is PaymentState.AUTHORIZED else held

    async def _start(self, payment: str) -> Payment:
        """Ask the station to begin, once; its no gives the money back."""

        async def sending(unit: Unit) -> Payment | None:
            before = await unit.payments.by_id(payment)
            if before is None or before.start_sent or before.state is not PaymentState.AUTHORIZED:
                return None
            return await self._settlements.keep(unit, before, replace(before, start_sent=True))

        sent = await self.context.store.run(sending)
        if sent is not None:
            why = await self._refused(sent)
            if why is not None:
                await self._cancel(payment, why)
                await self._settlements.perform(payment)
        found = await self.context.store.payments.by_id(payment)
        assert found is not None
        return found

    async def _refused(self, payment: Payment) -> str | None:
        """Why the station will not begin; None when it may have."""
        assert payment.psp_ref is not None and payment.remote_start is not None
        request = v2.RequestStartTransactionRequest(
            id_token=v2.IdToken(id_token=payment.psp_ref, type=DIRECT_PAYMENT),
            remote_start_id=payment.remote_start,
            evse_id=v2.unless_none(payment.evse),
        )
        station = await self.context.store.stations.by_id(payment.station)
        if station is None:
            return "the station was removed"
        who = Principal(organisation=payment.organisation, name=f"payment {payment.id}", scopes=frozenset())
        try:
            answer = await self._remote.send(who, station, request)
        except (StationOffline, NotSpoken, StationBusy, StationNotAccepted, CallRefused) as error:
            return f"the station was not started: {error}"
        except StationError:
            return None  # nobody answered: it may have begun, which its reports will say
        if answer.status == v2.RequestStartStopStatus.ACCEPTED:
            return None
        return f"the station did not start: it answered {answer.status}"

    async def cancel(self, who: Principal, payment: str) -> Payment:
        """Give back what is held before it was used. Raises UnknownPayment, PaymentOver."""
        found = await self.payment(who, payment)
        if found.state not in (PaymentState.ASKED, PaymentState.AUTHORIZED) or not found.settled_by_csms:
            raise PaymentOver(f"the payment cannot be canceled any more: it is {found.state}")
        await self._cancel(payment, "canceled by an operator")
        await self._settlements.perform(payment)
        return await self.payment(who, payment)

    async def settle(self, who: Principal, payment: str, cost: Decimal) -> Payment:
        """Say what a charge came to, or what it comes to after a correction: taken, or given back.

        Raises UnknownPayment, PaymentOver.
        """
        found = await self.payment(who, payment)
        if not found.settled_by_csms or found.state not in (
            PaymentState.CHARGING,
            PaymentState.USED,
            PaymentState.SETTLED,
        ):
            raise PaymentOver(f"there is nothing for us to settle: the payment is {found.state}")
        if found.state is PaymentState.SETTLED and cost > found.paid:
            raise PaymentOver(f"{found.paid} was taken and no more is held; less can be given back, not more taken")
        await self._change(payment, lambda one: one.used(cost))
        await self._settlements.perform(payment)
        return await self.payment(who, payment)

    async def _cancel(self, payment: str, why: str) -> None:
        await self._change(payment, lambda one: one.canceled(why))

    async def _change(self, payment: str, change: Callable[[Payment], Payment]) -> None:
        async def work(unit: Unit) -> None:
            before = await unit.payments.by_id(payment)
            if before is not None:
                await self._settlements.keep(unit, before, change(before), told=False)

        await self.context.store.run(work)

    # --- to be seen

    async def payment(self, who: Principal, payment: str) -> Payment:
        """The organisation's payment of our id. Raises UnknownPayment."""
        found = await self.context.store.payments.get(who.organisation, payment)
        if found is None:
            raise UnknownPayment(f"there is no payment {payment}")
        return found

    async def payments(
        self,
        who: Principal,
        *,
        station: StationId | None = None,
        state: PaymentState | None = None,
        cursor: str | None = None,
        limit: int = 100,
    ) -> Page[Payment]:
        """A page of payments, the newest first."""
        return await self.context.store.payments.list(
            who.organisation, station=station, state=state, cursor=cursor, limit=limit
        )

    async def named(self, who: Principal, found: list[Payment]) -> list[Named[Payment]]:
        """Each with its station's identity; a station that was removed is named by our id."""
        named: list[Named[Payment]] = []
        for one in found:
            known = await self.context.store.stations.get(who.organisation, one.station)
            named.append(Named(one.station if known is None else known.identity, one))
        return named


def _is_true(known: KnownVariable | None) -> bool:
    return known is not None and (known.attribute.value or "").lower() == "true"


def _limit(payment: Payment) -> TransactionLimit:
    """Never more than is held (C24)."""
    held, wanted = payment.authorized, payment.limits
    costs = [one for one in (held, wanted.cost) if one is not None]
    return replace(wanted, cost=min(costs) if costs else None)


def _settlement(told: v2.NotifySettlementRequest) -> Settlement:
    company = v2.or_none(told.vat_company)
    return Settlement(
        status=TOLD.get(str(told.status), PaymentState.FAILED),
        amount=exact(told.settlement_amount),
        at=told.settlement_time,
        transaction=v2.or_none(told.transaction_id),
        why=v2.or_none(told.status_info),
        receipt_id=v2.or_none(told.receipt_id),
        receipt_url=v2.or_none(told.receipt_url),
        vat_number=v2.or_none(told.vat_number),
        company=None if company is None else company.name,
    )
