"""C. Ad hoc payment at the CSMS (C18-C25): the station at the other end is asked by hand, the provider is pretended."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from random import Random
from typing import Any

import pytest

from amperanto.bus.inprocess import InProcessBus
from amperanto.conformance.requirements import requirement
from amperanto.csms.access import Principal
from amperanto.csms.block import Context
from amperanto.csms.csms import Csms
from amperanto.csms.errors import NotSpoken, StationOffline, StationSilent
from amperanto.csms.payment import Order
from amperanto.csms.pretend_provider import PretendProvider
from amperanto.csms.stations import Stations
from amperanto.domain.device_model import Attribute, KnownVariable, VariableRef
from amperanto.domain.errors import BadCode, PaymentOver, PaymentRefused
from amperanto.domain.events import PaymentChanged, ReviewWanted
from amperanto.domain.ids import Ids
from amperanto.domain.limits import TransactionLimit
from amperanto.domain.observations import (
    TokenPresented,
    TransactionContinued,
    TransactionEnded,
    TransactionStarted,
)
from amperanto.domain.payments import DIRECT_PAYMENT, Act, Payment, PaymentKind, PaymentState
from amperanto.domain.qr_codes import code
from amperanto.domain.quantities import WattHours
from amperanto.domain.stations import DEFAULT_ORGANISATION, EvseRef
from amperanto.domain.tariff_assignments import Scope
from amperanto.domain.tariffs import Component, Element, Tariff
from amperanto.domain.tokens import AuthorizationStatus, Token
from amperanto.hooks import Company, Hooks
from amperanto.ocpp import v2
from amperanto.settings import in_memory
from amperanto.stores.store import Store

from .conftest import Clock, House

NOON = datetime(2026, 5, 1, 12, tzinfo=UTC)
WHO = Principal(organisation=DEFAULT_ORGANISATION, name="test", scopes=frozenset({"operate"}))
TWENTY, SEVEN = Decimal("20.00"), Decimal("7.31")
ORDER = Order(kind=PaymentKind.KIOSK, evse=1, amount=TWENTY, currency="EUR")
CARD = Token("psp-77", DIRECT_PAYMENT)
ACCEPTED, REJECTED = AuthorizationStatus.ACCEPTED, AuthorizationStatus.INVALID


class Shop:
    """A CSMS with a provider, a 2.1 station that answers as told, and a price for every charge."""

    def __init__(self, csms: Csms, provider: PretendProvider) -> None:
        self.csms = csms
        self.house = House(csms)
        self.provider = provider
        self.clock = csms.context.clock
        self.price: Decimal | None = SEVEN
        self.seq = 0

        async def price(unit: Any, transaction: Any) -> Decimal | None:
            return self.price

        csms.payment.price = price

    async def station(self, identity: str = "CP1", answer: Any = "Accepted", **variables: str) -> Any:
        station = await self.house.station(identity)
        station.asked, station.answer = [], answer

        async def call(request: Any, *, timeout: float | None = None, urgent: bool = False) -> Any:
            station.asked.append(request)
            if isinstance(station.answer, Exception):
                raise station.answer
            if isinstance(request, v2.SetVariablesRequest):
                status = v2.SetVariableStatus(station.answer)
                results = [
                    v2.SetVariableResult(attribute_status=status, component=one.component, variable=one.variable)
                    for one in request.set_variable_data
                ]
                return v2.SetVariablesResponse(set_variable_result=results)
            if isinstance(request, v2.NotifyWebPaymentStartedRequest):
                return v2.NotifyWebPaymentStartedResponse()
            return v2.RequestStartTransactionResponse(status=v2.RequestStartStopStatus(station.answer))

        station.call, station.can = call, lambda kind: True
        known = [
            KnownVariable(
                station=station.station_id,
                organisation=DEFAULT_ORGANISATION,
                ref=VariableRef(*name.split("__")),
                attribute=Attribute(value=value),
                seen_at=NOON,
                source="report",
            )
            for name, value in variables.items()
        ]
        async with self.csms.context.store.unit() as unit:
            unit.device_models.put(known)
        return station

    async def begin(self, station: Any, order: Order = ORDER) -> Payment:
        return await self.csms.payment.begin(station.station, order)

    async def kept(self, payment: Payment) -> Payment:
        await self.csms.settlements.settled()
        return await self.csms.payment.payment(WHO, payment.id)

    async def only(self) -> Payment:
        await self.csms.settlements.settled()
        (one,) = (await self.csms.payment.payments(WHO)).items
        return one

    async def later(self, seconds: float) -> None:
        self.clock.at += timedelta(seconds=seconds)  # type: ignore[attr-defined]
        await self.csms.timers.look()
        await self.csms.settlements.settled()

    def _told(self, kind: type, token: Token | None, **more: Any) -> Any:
        self.seq += 1
        return kind(at=NOON, reference="T1", sequence=self.seq - 1, where=EvseRef(1, 1), token=token, **more)

    async def started(self, station: Any, token: Token = CARD, **more: Any) -> Any:
        said = await station.tell(self._told(TransactionStarted, token, meter=WattHours.of(0), **more))
        await self.csms.settlements.settled()
        return said

    async def ended(self, station: Any, token: Token = CARD, meter: int = 9000, **more: Any) -> Any:
        said = await station.tell(self._told(TransactionEnded, token, meter=WattHours.of(meter), **more))
        await self.csms.settlements.settled()
        return said

    async def events(self, *kinds: type) -> list[Any]:
        found = [entry.event() for entry in await self.csms.context.store.outbox.read("test", 1000)]
        return [event for event in found if isinstance(event, kinds)]


async def opened(provider: PretendProvider | None, **settings: Any) -> tuple[Store, Csms]:
    clock, random = Clock(), Random(7)
    ids = Ids(clock.now, random.getrandbits)
    store = await Store.open("sqlite://", node="n", clock=clock.now, ids=ids)
    context = Context(
        store=store, bus=InProcessBus(), stations=Stations(), clock=clock, ids=ids, random=random,
        settings=in_memory(**settings), hooks=Hooks(payment_provider=provider),
    )  # fmt: skip
    return store, Csms(context)


@pytest.fixture
async def shop() -> AsyncIterator[Shop]:
    provider = PretendProvider()
    store, csms = await opened(provider, receipt_url="https://receipts.example/{receipt}")
    yield Shop(csms, provider)
    await store.close()


def reconfigured(shop: Shop, **changes: Any) -> Shop:
    """The same house with other settings or hooks, as after a restart: nothing in memory is left."""
    context = shop.csms.context
    hooks = changes.pop("hooks", context.hooks)
    again = Csms(replace(context, settings=replace(context.settings, **changes), hooks=hooks))
    return Shop(again, shop.provider)


def settlement(status: str = "Settled", amount: float = 7.31, **more: Any) -> v2.NotifySettlementRequest:
    return v2.NotifySettlementRequest(
        psp_ref="psp-77", status=v2.PaymentStatus(status), settlement_amount=amount, settlement_time=NOON, **more
    )


# --- C18: the station's own terminal


@requirement("C18-3", "C18-5")
async def test_what_a_terminal_holds_may_charge_and_is_kept_with_its_details(shop: Shop):
    station = await shop.station(TariffCostCtrlr__Currency="EUR")
    said = await station.tell(TokenPresented(token=CARD, details=(("cardBrand", "VISA"),)))
    assert said.authorization.status is ACCEPTED
    payment = await shop.only()
    assert (payment.kind, payment.state, payment.psp_ref) == (PaymentKind.TERMINAL, PaymentState.AUTHORIZED, "psp-77")
    assert (payment.details, payment.currency) == ((("cardBrand", "VISA"),), "EUR")
    tokens = await shop.csms.context.store.tokens.list(DEFAULT_ORGANISATION)
    assert tokens.items == (), "a payment's reference is no token for an operator to admit"


@requirement("C18-4")
async def test_an_operator_may_refuse_money_held_by_terminals(shop: Shop):
    closed = reconfigured(shop, direct_payments="refuse")
    station = await closed.station()
    said = await station.tell(TokenPresented(token=CARD))
    assert said.authorization.status is REJECTED
    assert (await closed.csms.payment.payments(WHO)).items == ()


async def test_a_reference_charges_at_one_station_and_once_at_a_time(shop: Shop):
    station, other = await shop.station(), await shop.station("CP2")
    await shop.started(station)
    assert (await other.tell(TokenPresented(token=CARD))).authorization.status is REJECTED
    second = TransactionStarted(at=NOON, reference="T2", sequence=0, where=EvseRef(2, 1), token=CARD)
    assert (await station.tell(second)).authorization.status is AuthorizationStatus.CONCURRENT_TX
    assert (await shop.only()).reference == "T1"


@requirement("C18-6", "C23-2")
async def test_what_the_terminal_holds_is_told_by_the_limit_and_may_be_raised(shop: Shop):
    station = await shop.station()
    await shop.started(station, limit=TransactionLimit(cost=TWENTY))
    assert (await shop.only()).authorized == TWENTY
    raised = shop._told(TransactionContinued, None, trigger="LimitSet", limit=TransactionLimit(cost=Decimal(35)))
    said = await station.tell(raised)
    assert said.limit is None
    assert (await shop.only()).authorized == Decimal(35)


@requirement("C18-7", "C18-8")
@pytest.mark.parametrize("known", [True, False])
async def test_a_vat_number_is_checked_by_the_hook_and_the_evse_is_echoed(shop: Shop, known: bool):
    async def check(station: Any, number: str) -> Company | None:
        return Company(name="Ada Ltd", address="1 Way", city="Bonn", country="DE") if known else None

    asking = reconfigured(shop, hooks=replace(shop.csms.context.hooks, vat_numbers=check))
    station = await asking.station()
    asked = v2.VatNumberValidationRequest(vat_number="DE123", evse_id=2)
    said = await asking.csms.payment.validated(station.station, asked)
    assert (said.status, said.vat_number, said.evse_id) == ("Accepted" if known else "Rejected", "DE123", 2)
    assert (said.company.name if known else said.company) == ("Ada Ltd" if known else v2.UNSET)


@pytest.mark.parametrize(("declared", "word"), [("accept", "Accepted"), ("reject", "Rejected")])
@pytest.mark.parametrize("fails", [True, False])
async def test_a_vat_number_nobody_can_check_is_answered_as_declared(shop: Shop, declared: str, word: str, fails: bool):
    async def broken(station: Any, number: str) -> Company | None:
        raise ConnectionError

    hooks = replace(shop.csms.context.hooks, vat_numbers=broken if fails else None)
    asking = reconfigured(shop, vat_unchecked=declared, hooks=hooks)
    station = await asking.station()
    said = await asking.csms.payment.validated(station.station, v2.VatNumberValidationRequest(vat_number="X"))
    assert (said.status, said.evse_id) == (word, v2.UNSET)


# --- C19 to C22: canceled, settled, not settled


@requirement("C19-2")
async def test_a_payment_the_terminal_cancels_before_it_was_used_is_over(shop: Shop):
    station = await shop.station()
    await station.tell(TokenPresented(token=CARD))
    said = await station.tell(settlement("Canceled", 0))
    assert said == v2.NotifySettlementResponse()
    payment = await shop.only()
    assert (payment.state, payment.paid) == (PaymentState.CANCELED, Decimal(0))
    assert (await station.tell(TokenPresented(token=CARD))).authorization.status is REJECTED


@requirement("C20-1", "C20-2")
@pytest.mark.parametrize("trigger", ["StopAuthorized", "EVConnectTimeout"])
async def test_a_charge_that_is_canceled_costs_nothing_and_says_so(shop: Shop, trigger: str):
    station = await shop.station()
    await shop.started(station)
    said = await shop.ended(station, meter=0, trigger=trigger)
    assert said.cost == Decimal(0)
    await station.tell(settlement("Canceled", 0, transaction_id="T1"))
    assert (await shop.only()).state is PaymentState.CANCELED


async def test_a_charge_that_took_energy_is_no_canceled_one(shop: Shop):
    station = await shop.station()
    await shop.started(station)
    said = await shop.ended(station, meter=5, trigger="StopAuthorized")
    assert said.cost is None
    assert (await shop.only()).cost == SEVEN


@requirement("C21-3")
async def test_a_terminals_settlement_is_kept_to_the_cent_and_answered_with_a_receipt(shop: Shop):
    station = await shop.station(PaymentCtrlr__ReceiptByCSMS="true")
    await shop.started(station)
    await shop.ended(station, trigger="StopAuthorized")
    said = await station.tell(settlement(transaction_id="T1", vat_number="DE1"))
    payment = await shop.only()
    assert (payment.state, payment.captured, payment.vat_number) == (PaymentState.SETTLED, SEVEN, "DE1")
    assert said.receipt_url == f"https://receipts.example/{payment.id}"
    assert said.receipt_id == payment.id
    assert shop.provider.asked == [], "the terminal took the money, we must not"
    again = await station.tell(settlement(transaction_id="T1", vat_number="DE1"))
    assert (again, await shop.only()) == (said, payment)


@pytest.mark.parametrize("more", [{"receipt_url": "https://own.example/1"}, {}])
async def test_a_station_with_receipts_of_its_own_is_given_none(shop: Shop, more: dict[str, Any]):
    station = await shop.station(**({} if more else {"PaymentCtrlr__ReceiptByCSMS": "false"}))
    said = await station.tell(settlement(**more))
    assert said == v2.NotifySettlementResponse()
    assert (await shop.only()).receipt_url == more.get("receipt_url")


@requirement("C21-2")
async def test_where_we_settle_what_was_used_is_taken_once_the_charge_has_ended(shop: Shop):
    station = await shop.station(PaymentCtrlr__SettlementByCSMS="true")
    await shop.started(station, limit=TransactionLimit(cost=TWENTY))
    await shop.ended(station, trigger="StopAuthorized")
    payment = await shop.only()
    assert (payment.state, payment.captured) == (PaymentState.SETTLED, SEVEN)
    assert shop.provider.accounts["psp-77"].taken == SEVEN
    assert [act for act, _, _ in shop.provider.asked] == [Act.CAPTURE]


@requirement("C22-1")
@pytest.mark.parametrize("status", ["Rejected", "Failed"])
async def test_a_settlement_that_did_not_happen_is_kept_with_its_reason_and_gets_no_receipt(shop: Shop, status: str):
    station = await shop.station(PaymentCtrlr__ReceiptByCSMS="true")
    await shop.started(station)
    said = await station.tell(settlement(status, 0, status_info="no funds", transaction_id="T1"))
    assert said == v2.NotifySettlementResponse()
    payment = await shop.only()
    assert (payment.state, payment.problem, payment.paid) == (PaymentState(status), "no funds", Decimal(0))


async def test_a_settlement_of_a_payment_nobody_told_us_of_is_kept(shop: Shop):
    station = await shop.station()
    await station.tell(settlement(transaction_id="unheard"))
    payment = await shop.only()
    assert (payment.state, payment.captured, payment.reference) == (PaymentState.SETTLED, SEVEN, "unheard")


# --- C24: a kiosk


async def test_a_report_that_waited_is_no_moment_to_tell_a_limit(shop: Shop):
    station = await shop.station()
    payment = await shop.begin(station)
    token = Token(payment.psp_ref or "", DIRECT_PAYMENT)
    assert (await shop.started(station, token, offline=True)).limit is None
    live = shop._told(TransactionContinued, None, trigger="MeterValuePeriodic")
    assert (await station.tell(live)).limit == TransactionLimit(cost=TWENTY)


@requirement("C24-1", "C24-2", "C24-3")
async def test_a_kiosk_holds_money_starts_the_station_limits_the_charge_and_takes_what_was_used(shop: Shop):
    station = await shop.station()
    limits = TransactionLimit(cost=Decimal(15), seconds=3600)
    payment = await shop.begin(station, replace(ORDER, limits=limits))
    assert (payment.state, payment.authorized) == (PaymentState.AUTHORIZED, TWENTY)
    (request,) = station.asked
    assert request.id_token == v2.IdToken(id_token=payment.psp_ref, type=DIRECT_PAYMENT)
    assert (request.evse_id, request.remote_start_id) == (1, payment.remote_start)
    token = Token(payment.psp_ref or "", DIRECT_PAYMENT)
    said = await shop.started(station, token, remote_start=payment.remote_start)
    assert (said.authorization.status, said.limit) == (ACCEPTED, limits)
    more = shop._told(TransactionContinued, None, trigger="MeterValuePeriodic")
    assert (await station.tell(more)).limit is None
    await shop.ended(station, token, trigger="StopAuthorized")
    settled = await shop.kept(payment)
    assert (settled.state, settled.captured) == (PaymentState.SETTLED, SEVEN)
    account = shop.provider.accounts[payment.psp_ref or ""]
    assert (account.taken, account.open) == (SEVEN, False)
    states = [event.state for event in await shop.events(PaymentChanged)]
    assert states == ["Asked", "Authorized", "Charging", "Used", "Settled"]


async def test_a_charge_is_never_limited_by_more_than_is_held(shop: Shop):
    station = await shop.station()
    payment = await shop.begin(station, replace(ORDER, limits=TransactionLimit(cost=Decimal(90))))
    said = await shop.started(station, Token(payment.psp_ref or "", DIRECT_PAYMENT))
    assert said.limit == TransactionLimit(cost=TWENTY)


async def test_a_providers_no_starts_nothing(shop: Shop):
    station = await shop.station()
    shop.provider.refuses.add(Act.PREAUTHORIZE)
    payment = await shop.begin(station)
    assert (payment.state, payment.problem, station.asked) == (PaymentState.REJECTED, "refused", [])


@requirement("C24-4")
async def test_a_stations_no_gives_everything_back(shop: Shop):
    station = await shop.station(answer="Rejected")
    payment = await shop.begin(station)
    assert payment.state is PaymentState.CANCELED
    assert payment.problem == "the station did not start: it answered Rejected"
    assert not shop.provider.accounts[payment.psp_ref or ""].open


async def test_a_station_that_does_not_answer_may_have_begun_so_the_money_is_held_until_nobody_came(shop: Shop):
    station = await shop.station(answer=StationSilent("no answer"))
    payment = await shop.begin(station)
    assert payment.state is PaymentState.AUTHORIZED
    await shop.later(299)
    assert (await shop.kept(payment)).state is PaymentState.AUTHORIZED
    await shop.later(2)
    given_back = await shop.kept(payment)
    assert (given_back.state, given_back.problem) == (PaymentState.CANCELED, "nobody charged with it in time")
    late = await shop.started(station, Token(payment.psp_ref or "", DIRECT_PAYMENT))
    assert late.authorization.status is REJECTED


async def test_no_money_is_held_where_it_could_not_be_used(shop: Shop):
    station = await shop.station()
    station.can = lambda kind: False
    with pytest.raises(NotSpoken):
        await shop.begin(station)
    shop.csms.stations.forget(station)
    with pytest.raises(StationOffline):
        await shop.begin(station)
    assert (shop.provider.asked, (await shop.csms.payment.payments(WHO)).items) == ([], ())


async def test_without_a_provider_there_are_no_payments_of_ours(shop: Shop):
    none = reconfigured(shop, hooks=Hooks())
    station = await none.station()
    with pytest.raises(PaymentRefused):
        await none.begin(station)


async def test_an_unknown_price_waits_for_somebody_who_knows_it_and_a_correction_is_given_back(shop: Shop):
    station = await shop.station()
    shop.price = None
    payment = await shop.begin(station)
    token = Token(payment.psp_ref or "", DIRECT_PAYMENT)
    await shop.started(station, token)
    await shop.ended(station, token, trigger="StopAuthorized")
    assert (await shop.kept(payment)).state is PaymentState.CHARGING
    taken = await shop.csms.payment.settle(WHO, payment.id, Decimal("12.10"))
    assert (taken.state, taken.captured) == (PaymentState.SETTLED, Decimal("12.10"))
    corrected = await shop.csms.payment.settle(WHO, payment.id, Decimal("10.00"))
    assert (corrected.paid, corrected.refunded) == (Decimal("10.00"), Decimal("2.10"))
    with pytest.raises(PaymentOver):
        await shop.csms.payment.settle(WHO, payment.id, Decimal("11.00"))
    with pytest.raises(PaymentOver):
        await shop.csms.payment.cancel(WHO, payment.id)


async def test_what_is_held_can_be_canceled_before_it_is_used(shop: Shop):
    station = await shop.station()
    payment = await shop.begin(station)
    canceled = await shop.csms.payment.cancel(WHO, payment.id)
    assert canceled.state is PaymentState.CANCELED
    assert not shop.provider.accounts[payment.psp_ref or ""].open


async def test_a_capture_the_provider_refuses_is_a_failure_and_put_before_a_person(shop: Shop):
    station = await shop.station()
    payment = await shop.begin(station)
    shop.provider.refuses.add(Act.CAPTURE)
    token = Token(payment.psp_ref or "", DIRECT_PAYMENT)
    await shop.started(station, token)
    await shop.ended(station, token, trigger="StopAuthorized")
    assert (await shop.kept(payment)).state is PaymentState.FAILED
    told = [(one.subject, one.problem) for one in await shop.events(ReviewWanted)]
    assert (f"payment {payment.id}", "refused") in told


# --- nothing is lost, whoever dies


@pytest.mark.parametrize("lost", ["fails_before", "fails_after"])
async def test_what_the_provider_did_not_answer_is_asked_again_with_the_same_key_and_done_once(shop: Shop, lost: str):
    station = await shop.station()
    payment = await shop.begin(station)
    token = Token(payment.psp_ref or "", DIRECT_PAYMENT)
    await shop.started(station, token)
    setattr(shop.provider, lost, 2)
    await shop.ended(station, token, trigger="StopAuthorized")
    assert (await shop.kept(payment)).state is PaymentState.USED
    await shop.later(16)
    await shop.later(40)
    assert (await shop.kept(payment)).state is PaymentState.SETTLED
    keys = {key for act, key, _ in shop.provider.asked if act is Act.CAPTURE}
    assert (len(keys), shop.provider.accounts[payment.psp_ref or ""].taken) == (1, SEVEN)


async def test_a_payer_who_takes_his_time_is_waited_for_and_then_the_station_starts(shop: Shop):
    station = await shop.station()
    shop.provider.not_yet.add(Act.PREAUTHORIZE)
    payment = await shop.begin(station)
    assert (payment.state, station.asked) == (PaymentState.ASKED, [])
    shop.provider.not_yet.clear()
    await shop.later(16)
    assert (await shop.kept(payment)).state is PaymentState.AUTHORIZED
    assert len(station.asked) == 1
    await shop.later(30)
    assert len(station.asked) == 1, "the station is started once"


async def test_a_payer_who_never_agrees_is_given_up(shop: Shop):
    station = await shop.station()
    shop.provider.not_yet.add(Act.PREAUTHORIZE)
    payment = await shop.begin(station)
    await shop.later(301)
    shop.provider.not_yet.clear()
    await shop.later(4000)
    assert (await shop.kept(payment)).state is PaymentState.CANCELED
    assert (station.asked, shop.provider.accounts[f"psp-{payment.id}"].open) == ([], False)


async def test_a_node_that_comes_back_goes_on_where_it_stood(shop: Shop):
    """Killed after each step: what was kept is all the next node knows."""
    station = await shop.station()
    shop.provider.fails_after = 1  # held, and the node died before it knew
    payment = await shop.begin(station)
    assert payment.state is PaymentState.ASKED
    second = reconfigured(shop)
    station.csms = second.csms
    second.csms.stations.register(station)
    await second.later(16)
    assert len(station.asked) == 1
    token = Token(f"psp-{payment.id}", DIRECT_PAYMENT)
    await second.started(station, token)
    shop.provider.fails_after = 1  # taken, and the node died before it knew
    await second.ended(station, token, trigger="StopAuthorized")
    third = reconfigured(second)
    await third.later(60)
    settled = await third.kept(payment)
    assert (settled.state, settled.captured) == (PaymentState.SETTLED, SEVEN)
    assert shop.provider.accounts[f"psp-{payment.id}"].taken == SEVEN


# --- C25: QR codes

WEB = replace(ORDER, kind=PaymentKind.WEB)


async def secret_of(shop: Shop, station: Any) -> str:
    said = await shop.csms.payment.codes.renew(station.station, validity=60, length=8, template="https://p/{totp}")
    assert set(said.values()) == {"Accepted"}
    request = station.asked.pop()
    values = {one.variable.name: one.attribute_value for one in request.set_variable_data}
    assert (values["ValidityTime"], values["Length"], values["TOTPVersion"]) == ("60", "8", "v1")
    return values["SharedSecret"]


@requirement("C25-5", "C25-6")
@pytest.mark.parametrize(("seconds", "good"), [(0, True), (-60, True), (60, True), (-120, False), (120, False)])
async def test_a_qr_code_of_now_and_its_neighbours_starts_the_station(shop: Shop, seconds: int, good: bool):
    station = await shop.station()
    secret = await secret_of(shop, station)
    told = code(secret, shop.clock.now() + timedelta(seconds=seconds), validity=60, length=8)
    if good:
        payment = await shop.begin(station, replace(WEB, code=told))
        assert (payment.kind, payment.state, len(station.asked)) == (PaymentKind.WEB, PaymentState.AUTHORIZED, 1)
    else:
        with pytest.raises(BadCode):
            await shop.begin(station, replace(WEB, code=told))
        assert (shop.provider.asked, station.asked) == ([], [])


@requirement("C25-7")
async def test_what_the_driver_asked_for_in_the_address_limits_the_charge(shop: Shop):
    station = await shop.station()
    told = code(await secret_of(shop, station), shop.clock.now(), validity=60, length=8)
    wanted = TransactionLimit(cost=Decimal("5.50"), energy=WattHours.of(11000), seconds=1800)
    payment = await shop.begin(station, replace(WEB, code=told, limits=wanted))
    said = await shop.started(station, Token(payment.psp_ref or "", DIRECT_PAYMENT))
    assert said.limit == wanted


@requirement("C25-8")
async def test_who_opens_the_page_has_the_evse_kept_free(shop: Shop):
    station = await shop.station()
    told = code(await secret_of(shop, station), shop.clock.now(), validity=60, length=8)
    await shop.csms.payment.codes.opened(station.station, 1, told, 120)
    assert station.asked == [v2.NotifyWebPaymentStartedRequest(evse_id=1, timeout=120)]
    with pytest.raises(BadCode):
        await shop.csms.payment.codes.opened(station.station, 1, "wrong", 120)
    assert len(station.asked) == 1


async def test_a_secret_nobody_confirmed_is_good_beside_the_old_one(shop: Shop):
    station = await shop.station()
    old = await secret_of(shop, station)
    station.answer = StationSilent("no answer")
    with pytest.raises(StationSilent):
        await shop.csms.payment.codes.renew(station.station, validity=60, length=8)
    sent = next(one.attribute_value for one in station.asked[-1].set_variable_data)
    for secret in (old, sent):
        await shop.csms.payment.codes.check(station.station, code(secret, shop.clock.now(), validity=60, length=8))
    station.answer = "Accepted"
    station.asked.clear()
    await secret_of(shop, station)
    with pytest.raises(BadCode):
        await shop.csms.payment.codes.check(station.station, code(old, shop.clock.now(), validity=60, length=8))


async def test_a_station_without_a_secret_has_no_good_code(shop: Shop):
    station = await shop.station()
    with pytest.raises(BadCode):
        await shop.csms.payment.codes.check(station.station, "")


async def test_the_secret_is_not_told_by_what_holds_it(shop: Shop):
    station = await shop.station()
    secret = await secret_of(shop, station)
    kept = await shop.csms.context.store.payments.codes(station.station_id)
    assert kept is not None and kept.secret == secret
    assert secret not in repr(kept)


# --- what a charge came to, by its tariff

PER_KWH = Tariff(id="any", currency="EUR", energy=Component(prices=(Element(price=Decimal("0.50")),)))


async def test_a_charge_record_settles_the_payment(shop: Shop):
    shop.csms.payment.price = None
    admin = Principal(organisation=DEFAULT_ORGANISATION, name="test", scopes=frozenset({"admin"}))
    await shop.csms.tariffs.add(admin, "kwh", PER_KWH)
    await shop.csms.tariffs.assign(admin, Scope.ORGANISATION, "", "kwh")
    station = await shop.station()
    payment = await shop.begin(station)
    token = Token(payment.psp_ref or "", DIRECT_PAYMENT)
    await shop.started(station, token)
    end = shop._told(TransactionEnded, token, meter=WattHours.of(9000), trigger="StopAuthorized")
    await station.tell(replace(end, at=NOON + timedelta(hours=1)))
    for _ in range(3):
        await shop.later(70)
    settled = await shop.kept(payment)
    assert (settled.state, settled.cost, settled.captured) == (PaymentState.SETTLED, Decimal("4.50"), Decimal("4.50"))


async def test_an_end_that_overtakes_its_start_gives_no_money_back(shop: Shop):
    """R10: nothing was counted yet, which is not to say that nothing flowed."""
    shop.csms.payment.price = None
    station = await shop.station()
    payment = await shop.begin(station)
    token = Token(payment.psp_ref or "", DIRECT_PAYMENT)
    begin = shop._told(TransactionStarted, token, meter=WattHours.of(0))
    end = replace(
        shop._told(TransactionEnded, token, meter=WattHours.of(9000), trigger="StopAuthorized"),
        at=NOON + timedelta(minutes=30),
    )
    await station.tell(end)
    await station.tell(begin)
    kept = await shop.kept(payment)
    assert kept.state is PaymentState.CHARGING
    assert Act.RELEASE not in [act for act, _, _ in shop.provider.asked]
