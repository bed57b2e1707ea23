"""C. Ad hoc payment at the station (2.1, C18-C23, C25): a card at its terminal, or a QR address to pay at.

The terminal holds AuthorizationAmount under a reference, which is a token of type DirectPayment from then on, and the
limit of what the charge may cost. The CSMS is asked about it where AuthorizeDirectPayment says so. What was not used is
let go; what was used is taken when the CSMS has answered the end of the transaction, and told by NotifySettlement,
which is repeated until it is answered; with SettlementByCSMS taking it is the CSMS's. A kiosk's or a page's payment
comes as any remote start does (C24, C25).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from decimal import Decimal
from urllib.parse import urlencode

from amperanto.dialects.dialect import Neutral, Said
from amperanto.domain.decisions import TokenDecision, TransactionDecision
from amperanto.domain.limits import TransactionLimit
from amperanto.domain.observations import TokenPresented, TransactionEnded, TransactionTold
from amperanto.domain.payments import DIRECT_PAYMENT
from amperanto.domain.qr_codes import address, code
from amperanto.domain.tokens import Authorization as Outcome
from amperanto.domain.tokens import Token
from amperanto.ocpp import v2
from amperanto.ocpp.shapes import or_none, unless_none
from amperanto.station import limits
from amperanto.station.authorization import ACCEPTED, INVALID, Authorization
from amperanto.station.block import Block, handles
from amperanto.station.cause import Cause
from amperanto.station.evse import Evse, Transaction
from amperanto.station.line import LineError, Offline
from amperanto.station.money_controllers import PAYMENTS, WEB
from amperanto.station.queue import Queue, Report
from amperanto.station.screen import Screen
from amperanto.station.terminal import Hold, Terminal
from amperanto.station.transactions import Transactions

TERMINAL = "terminal"
ZERO = Decimal(0)
ATTEMPTS, PAUSE = 5, 30.0
CANCELED, UNKNOWN_COST = "Canceled", "nobody said what it cost"


@dataclass(slots=True, kw_only=True)
class Paid:
    """A payment at the terminal, from the card to its settlement."""

    token: Token
    evse: int
    hold: Hold
    vat_number: str | None = None
    company: v2.Address | None = None
    transaction: Transaction | None = None
    limit_told: bool = False
    over: bool = False


class Payment(Block):
    """C. Ad hoc payment."""

    def __init__(self, transactions: Transactions, authorization: Authorization, queue: Queue, screen: Screen) -> None:
        super().__init__(transactions.context, transactions.line)
        self.terminal = Terminal()
        self.marks: dict[str, Decimal] = {}
        """For a running transaction, the cost at which its hold is raised."""
        self._transactions = transactions
        self._authorization = authorization
        self._screen = screen
        self._paid: dict[str, Paid] = {}
        self._kept_free: dict[int, float] = {}
        authorization.admissions.append(self._may_start)
        queue.amending.append(self._amend)
        self.line.on_said.append(self._said)

    def _decimal(self, name: str) -> Decimal:
        return Decimal(self.context.variables.text(PAYMENTS, name) or "0")

    # --- C18: a card at the terminal

    async def pay(self, evse: Evse, brand: str = "VISA", vat_number: str | None = None) -> Outcome:
        """Hold a payment card to the terminal of an EVSE; what is not accepted is let go at once."""
        flag = self.context.variables.flag
        if (
            not self.context.habits.calculates_costs
            or not flag(PAYMENTS, "Enabled")
            or not evse.usable
            or self._kept(evse)
        ):
            return INVALID
        reference = f"psp-{self.context.new_id()}"
        hold = self.terminal.hold(reference, self._decimal("AuthorizationAmount"), brand)
        if hold is None:
            return INVALID
        paid = Paid(token=Token(reference, DIRECT_PAYMENT), evse=evse.number, hold=hold)
        if vat_number is not None:
            await self._validate(paid, vat_number)
        outcome = await self._authorized(paid) if flag(PAYMENTS, "AuthorizeDirectPayment") else ACCEPTED
        if not outcome.accepted or not evse.usable:
            self.terminal.release(hold)
            return outcome if not outcome.accepted else INVALID
        self._paid[paid.token.key] = paid
        self._authorization.admit(paid.token, evse, Cause(trigger="Authorized", token=paid.token))
        self.context.spawn(self._expire(paid, evse))
        return outcome

    async def _authorized(self, paid: Paid) -> Outcome:
        """What the CSMS says; while nobody can be asked, the terminal's word counts."""
        wanted = self.context.variables.words(PAYMENTS, "PaymentDetails")
        details = (("CardBrand", paid.hold.brand),) if "CardBrand" in wanted else ()
        try:
            said = await self.line.ask(TokenPresented(token=paid.token, details=details))
        except Offline:
            return ACCEPTED
        except LineError:
            return INVALID
        return said.authorization if isinstance(said, TokenDecision) else INVALID

    async def _validate(self, paid: Paid, number: str) -> None:
        """A VAT number for the receipt; one that is rejected is left out."""
        try:
            said = await self.line.ask(v2.VatNumberValidationRequest(vat_number=number, evse_id=paid.evse))
        except LineError:
            return
        if isinstance(said, v2.VatNumberValidationResponse) and said.status == v2.GenericStatus.ACCEPTED:
            paid.vat_number, paid.company = number, or_none(said.company)

    # --- C19: nobody charges with it

    async def cancel(self, evse: Evse) -> None:
        """The driver changes his mind: before a transaction begins, or while it runs (C19, C20)."""
        paid = None if evse.token is None else self._paid.get(evse.token.key)
        if paid is None:
            return
        self._transactions.stop(evse, Cause(trigger="StopAuthorized", token=paid.token, reason="Local"))
        if paid.transaction is None:
            await self._let_go(paid)

    async def _expire(self, paid: Paid, evse: Evse) -> None:
        await self.context.clock.sleep(self.context.variables.number("TxCtrlr", "EVConnectionTimeOut") + 1)
        if paid.transaction is None and evse.token is not paid.token:
            await self._let_go(paid)

    async def _let_go(self, paid: Paid) -> None:
        """C19: told only where the CSMS was asked before; C20: told with the transaction."""
        if paid.over:
            return
        paid.over = True
        self.terminal.release(paid.hold)
        if paid.transaction is not None or self.context.variables.flag(PAYMENTS, "AuthorizeDirectPayment"):
            await self._notify(paid, CANCELED, ZERO)

    # --- its transaction

    def _amend(self, transaction: Transaction, report: Report) -> Report:
        """C18: the first report of its transaction tells the limit; C23: its cost may reach it."""
        if not isinstance(report, TransactionTold):
            return report
        token = transaction.token or report.token
        paid = None if token is None else self._paid.get(token.key)
        if paid is None or paid.over:
            return report
        paid.transaction = transaction
        if isinstance(report, TransactionEnded):
            self.marks.pop(transaction.id, None)
            return report
        self._look(paid, transaction)
        if paid.limit_told:
            return report
        paid.limit_told = True
        transaction.limits[TERMINAL] = TransactionLimit(cost=paid.hold.amount)
        transaction.limit = limits.tightest(transaction.limits)
        return replace(report, limit=transaction.limit)

    def look(self, transaction: Transaction) -> None:
        """The cost of a transaction changed."""
        for paid in self._paid.values():
            if paid.transaction is transaction and not paid.over:
                self._look(paid, transaction)

    def _look(self, paid: Paid, transaction: Transaction) -> None:
        """C23: when little is left, the terminal raises what it holds, and the limit with it."""
        step = self._decimal("IncrementalAuthorizationAmount")
        if step <= 0:
            return
        mark = paid.hold.amount - self._decimal("IncrementalAuthorizationThreshold")
        if transaction.cost is not None and transaction.cost >= mark and self.terminal.raise_by(paid.hold, step):
            self.context.spawn(self._raise(paid, transaction))
            mark += step
        self.marks[transaction.id] = mark

    async def _raise(self, paid: Paid, transaction: Transaction) -> None:
        evse = self.context.evses[transaction.evse]
        self._transactions.limit(evse, TERMINAL, TransactionLimit(cost=paid.hold.amount))

    # --- C20 to C22: its end

    def _said(self, neutral: Neutral, said: Said) -> None:
        if not isinstance(neutral, TransactionEnded) or not isinstance(said, TransactionDecision):
            return
        found = next((one for one in self._paid.values() if _is_of(one, neutral)), None)
        if found is None or found.over:
            return
        cost = None if neutral.cost is None or neutral.cost.failure is not None else neutral.cost.gross
        if said.cost is not None:
            cost = said.cost if cost is None or said.cost == 0 else cost
        self.context.spawn(self._settle(found, cost))

    async def _settle(self, paid: Paid, cost: Decimal | None) -> None:
        if cost == 0:
            await self._let_go(paid)
            return
        paid.over = True
        if self.context.variables.flag(PAYMENTS, "SettlementByCSMS"):
            return  # C21: never by the station
        if cost is None:
            self.terminal.release(paid.hold)
            await self._notify(paid, "Failed", ZERO, UNKNOWN_COST)
            return
        status = self.terminal.settle(paid.hold, cost)
        taken = paid.hold.taken or ZERO
        why = None if status == "Settled" else f"the terminal says {status}"
        await self._notify(paid, status, taken, why)

    async def _notify(self, paid: Paid, status: str, amount: Decimal, why: str | None = None) -> None:
        """NotifySettlement, again until it is answered."""
        settled = status == "Settled"
        ours = settled and not self.context.variables.flag(PAYMENTS, "ReceiptByCSMS")
        url = self.context.variables.text(PAYMENTS, "ReceiptServerUrl") + paid.hold.reference if ours else None
        transaction = paid.transaction
        told = v2.NotifySettlementRequest(
            psp_ref=paid.hold.reference,
            status=v2.PaymentStatus(status),
            settlement_amount=float(amount),
            settlement_time=self.context.now(),
            transaction_id=v2.UNSET if transaction is None else unless_none(transaction.reference),
            status_info=unless_none(why),
            receipt_id=paid.hold.reference[-36:] if ours else v2.UNSET,
            receipt_url=unless_none(url),
            vat_number=unless_none(paid.vat_number) if settled else v2.UNSET,
            vat_company=unless_none(paid.company) if settled else v2.UNSET,
        )
        answer = await self._told(told)
        if isinstance(answer, v2.NotifySettlementResponse):
            url = url or or_none(answer.receipt_url)
        if url is not None:
            self._screen.show(paid.evse, url)

    async def _told(self, told: v2.NotifySettlementRequest) -> Said | None:
        attempts = 0
        while attempts < ATTEMPTS:
            await self.line.ready()
            try:
                return await self.line.ask(told)
            except Offline:
                await self.context.clock.sleep(1)
            except LineError:
                attempts += 1
                await self.context.clock.sleep(PAUSE)
        return None

    # --- C25: QR codes

    def qr_address(self, evse: Evse, wanted: Mapping[str, str] | None = None) -> str | None:
        """What the QR code of an EVSE says now, with what the driver chose to limit; None where it is switched off."""
        variables = self.context.variables
        if not self.context.habits.calculates_costs or not variables.flag(WEB, "Enabled"):
            return None
        totp = code(
            variables.text(WEB, "SharedSecret"),
            self.context.now(),
            validity=variables.number(WEB, "ValidityTime"),
            length=variables.number(WEB, "Length"),
        )
        values = {
            "chargingstationid": variables.text(WEB, "ChargingStationId") or self.context.identity,
            "roamingevseid": variables.text(WEB, "RoamingEvseId"),
            "evse": str(evse.number),
            "totp": totp,
            "version": variables.text(WEB, "TOTPVersion"),
        }
        shown = address(variables.text(WEB, "URLTemplate"), values)
        allowed = variables.words(WEB, "URLParameters")
        chosen = {name: value for name, value in (wanted or {}).items() if name in allowed}
        if chosen:
            shown += ("&" if "?" in shown else "?") + urlencode(chosen)
        self._screen.show(evse.number, shown)
        return shown

    @handles(v2.NotifyWebPaymentStartedRequest)
    def page_opened(self, asked: v2.NotifyWebPaymentStartedRequest) -> v2.NotifyWebPaymentStartedResponse:
        """Somebody pays for that EVSE by the web: nobody else starts there for so many seconds; 0 ends it."""
        until = self.context.clock.monotonic() + max(asked.timeout, 0)
        for number in self.context.evses if asked.evse_id == 0 else (asked.evse_id,):
            self._kept_free[number] = until
        return v2.NotifyWebPaymentStartedResponse()

    def _kept(self, evse: Evse) -> bool:
        return self.context.clock.monotonic() < self._kept_free.get(evse.number, 0.0)

    def _may_start(self, token: Token, evse: Evse) -> bool:
        return not self._kept(evse)


def _is_of(paid: Paid, told: TransactionEnded) -> bool:
    return paid.transaction is not None and paid.transaction.reference == told.reference
