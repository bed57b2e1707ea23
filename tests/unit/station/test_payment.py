"""C. Ad hoc payment at a 2.1 station: cards at its terminal, and QR codes; asserted on the wire and on the money."""

from decimal import Decimal
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from tests.unit.station.scripted import DRIVER, SILENCE, TWO, Refusal, reports, scene

from amperanto.conformance.requirements import requirement
from amperanto.domain.qr_codes import code
from amperanto.domain.tokens import AuthorizationStatus
from amperanto.ocpp import Version
from amperanto.station import Vehicle

V21 = Version.V21
HOUR = 3600
PER_MINUTE = {"tariffId": "m", "currency": "EUR", "chargingTime": {"prices": [{"priceMinute": 0.10}]}}
ASKS = {("PaymentCtrlr", "AuthorizeDirectPayment"): True}
ALONE = {("PaymentCtrlr", "AuthorizeDirectPayment"): False}
INFO = {"idTokenInfo": {"status": "Accepted"}}


def settled(csms: Any) -> list[dict[str, Any]]:
    return csms.of("NotifySettlement")


def costing(figure: float | None) -> Any:
    """A CSMS that says with the end what it cost."""

    def answer(told: dict[str, Any]) -> dict[str, Any]:
        return {"totalCost": figure} if told["eventType"] == "Ended" and figure is not None else {}

    return answer


async def charge(station: Any, clock: Any, seconds: float = 600, **options: Any) -> Any:
    """A whole charge paid by card; the hold."""
    await station.plug_in(1, Vehicle())
    assert (await clock.until(station.pay(1, **options))).accepted
    (hold,) = station.terminal.ledger.values()
    await clock.advance(seconds)
    await clock.until(station.present(station.evses[1].token, 1))
    await clock.advance(1)
    return hold


# --- C17


@requirement("C17-S1", "C17-S2")
async def test_a_prepaid_card_is_asked_about_each_time_and_its_credit_limits_the_charge():
    variables = {
        ("AuthCacheCtrlr", "Enabled"): True,
        ("AuthCtrlr", "LocalPreAuthorize"): True,
    }
    async with scene(V21, variables=variables) as (station, csms, clock):
        csms.answers["Authorize"] = {
            "idTokenInfo": {"status": "Accepted", "cacheExpiryDateTime": "2026-01-01T00:00:00Z"}
        }
        csms.answers["TransactionEvent"] = {"transactionLimit": {"maxCost": 2.0}}
        await csms.ask("SetDefaultTariff", {"evseId": 0, "tariff": PER_MINUTE})
        for uses in (1, 2):
            await station.plug_in(1, Vehicle())
            await clock.until(station.present(DRIVER, 1))
            await clock.advance(HOUR)
            assert len(csms.of("Authorize")) == uses
            assert station.evses[1].state == "SuspendedEVSE"
            await clock.until(station.present(DRIVER, 1))
            await station.unplug(1)
            await clock.advance(1)
        limits = [report["transactionInfo"].get("transactionLimit") for report in reports(csms)]
        assert limits.count({"maxCost": 2.0}) == 2, "echoed once for each transaction"
        csms.answers["Authorize"] = {"idTokenInfo": {"status": "NoCredit"}}
        assert (await clock.until(station.present(DRIVER, 1))).status is AuthorizationStatus.NO_CREDIT


# --- C18


@requirement("C18-S1", "C18-S2", "C18-S3")
async def test_a_card_is_authorised_by_the_terminal_and_then_by_the_csms_with_its_details():
    async with scene(V21, variables=ASKS) as (station, csms, clock):
        await station.plug_in(1, Vehicle())
        outcome = await clock.until(station.pay(1, brand="MAESTRO"))
        assert outcome.accepted
        (hold,) = station.terminal.ledger.values()
        assert hold.amount == Decimal("50.00")
        (asked,) = csms.of("Authorize")
        assert asked["idToken"] == {
            "idToken": hold.reference,
            "type": "DirectPayment",
            "additionalInfo": [{"additionalIdToken": "MAESTRO", "type": "CardBrand"}],
        }
        await clock.advance(1)
        started = reports(csms)[0]
        assert started["idToken"]["idToken"] == hold.reference
        assert started["transactionInfo"]["transactionLimit"] == {"maxCost": 50.0}
        limits = [report for report in reports(csms) if "transactionLimit" in report["transactionInfo"]]
        assert len(limits) == 1


@requirement("C18-S4")
async def test_what_the_csms_rejects_is_let_go_at_once_and_nothing_charges():
    async with scene(V21, variables=ASKS) as (station, csms, clock):
        csms.answers["Authorize"] = {"idTokenInfo": {"status": "Invalid"}}
        await station.plug_in(1, Vehicle())
        assert not (await clock.until(station.pay(1))).accepted
        (hold,) = station.terminal.ledger.values()
        assert not hold.open
        await clock.advance(120)
        assert (station.transactions, settled(csms)) == ([], [])


@requirement("C18-S5")
async def test_where_only_the_terminal_authorises_nobody_is_asked():
    async with scene(V21, variables=ALONE) as (station, csms, clock):
        await station.plug_in(1, Vehicle())
        assert (await clock.until(station.pay(1))).accepted
        await clock.advance(1)
        assert csms.of("Authorize") == []
        assert reports(csms)[0]["transactionInfo"]["transactionLimit"] == {"maxCost": 50.0}


async def test_a_card_the_terminal_refuses_is_nobodys_business():
    async with scene(V21) as (station, csms, clock):
        station.terminal.accepts = False
        await station.plug_in(1, Vehicle())
        assert not (await clock.until(station.pay(1))).accepted
        assert (csms.of("Authorize"), station.terminal.ledger) == ([], {})


async def test_stations_without_a_terminal_take_no_cards():
    async with scene(Version.V201) as (station, _, clock):
        assert not (await clock.until(station.pay(1))).accepted


@requirement("C18-S6")
@pytest.mark.parametrize("status", ["Accepted", "Rejected"])
async def test_a_vat_number_is_validated_and_only_an_accepted_one_is_on_the_receipt(status):
    company = {"name": "Ada Ltd", "address1": "1 Way", "city": "Bonn", "country": "DE"}
    async with scene(V21) as (station, csms, clock):
        csms.answers["VatNumberValidation"] = {"status": status, "vatNumber": "DE1", "evseId": 1, "company": company}
        csms.answers["TransactionEvent"] = costing(4.5)
        await charge(station, clock, vat_number="DE1")
        assert csms.of("VatNumberValidation") == [{"vatNumber": "DE1", "evseId": 1}]
        (told,) = settled(csms)
        assert told.get("vatNumber") == ("DE1" if status == "Accepted" else None)
        assert told.get("vatCompany") == (company if status == "Accepted" else None)


# --- C19, C20


@requirement("C19-S1", "C19-S2")
@pytest.mark.parametrize("variables", [ASKS, ALONE])
@pytest.mark.parametrize("by_driver", [True, False])
async def test_a_payment_nobody_charges_with_is_let_go_and_told_only_where_the_csms_was_asked(variables, by_driver):
    async with scene(V21, variables=variables) as (station, csms, clock):
        await clock.until(station.pay(1))
        (hold,) = station.terminal.ledger.values()
        await clock.advance(10)
        assert hold.open
        if by_driver:
            await clock.until(station.cancel_payment(1))
            assert not hold.open, "who changes his mind need not wait for EVConnectionTimeOut"
        await clock.advance(120)
        assert not hold.open
        assert station.evses[1].state == "Available"
        told = [(one["status"], one["settlementAmount"], one["pspRef"]) for one in settled(csms)]
        assert told == ([("Canceled", 0, hold.reference)] if variables is ASKS else [])
        assert all("transactionId" not in one for one in settled(csms))


@requirement("C20-S1")
@pytest.mark.parametrize("by_driver", [True, False])
async def test_a_charge_that_is_canceled_ends_and_is_told_with_its_transaction(by_driver):
    points = {("TxCtrlr", "TxStartPoint"): "Authorized", ("TxCtrlr", "TxStopPoint"): "Authorized"}
    async with scene(V21, variables={**points, **ALONE}) as (station, csms, clock):
        csms.answers["TransactionEvent"] = costing(0)
        await clock.until(station.pay(1))
        await clock.advance(5)
        if by_driver:
            await clock.until(station.cancel_payment(1))
        await clock.advance(120)
        ended = reports(csms)[-1]
        trigger = "StopAuthorized" if by_driver else "EVConnectTimeout"
        assert (ended["eventType"], ended["triggerReason"]) == ("Ended", trigger)
        (told,) = settled(csms)
        assert (told["status"], told["transactionId"]) == ("Canceled", ended["transactionInfo"]["transactionId"])
        (hold,) = station.terminal.ledger.values()
        assert (hold.open, hold.taken) == (False, None)


# --- C21, C22


@requirement("C21-S1")
async def test_what_the_csms_says_it_cost_is_taken_to_the_cent_and_told_with_a_receipt():
    async with scene(V21) as (station, csms, clock):
        csms.answers["TransactionEvent"] = costing(7.31)
        hold = await charge(station, clock)
        assert (hold.taken, hold.open) == (Decimal("7.31"), False)
        (told,) = settled(csms)
        assert (told["status"], told["settlementAmount"], told["pspRef"]) == ("Settled", 7.31, hold.reference)
        assert told["transactionId"] == reports(csms)[-1]["transactionInfo"]["transactionId"]
        assert told["receiptUrl"] == f"https://receipts.example/{hold.reference}"
        assert station.shown(1)[-1] == told["receiptUrl"]


@requirement("C21-S2")
async def test_what_the_station_calculates_is_what_it_takes():
    async with scene(V21) as (station, csms, clock):
        await csms.ask("SetDefaultTariff", {"evseId": 0, "tariff": PER_MINUTE})
        hold = await charge(station, clock, 600)
        total = reports(csms)[-1]["costDetails"]["totalCost"]["total"]["inclTax"]
        assert hold.taken == Decimal(str(total)) == Decimal("1.0")
        assert settled(csms)[0]["settlementAmount"] == total


@requirement("C21-S3")
async def test_where_the_csms_settles_the_station_takes_nothing():
    async with scene(V21, variables={("PaymentCtrlr", "SettlementByCSMS"): True}) as (station, csms, clock):
        csms.answers["TransactionEvent"] = costing(7.31)
        hold = await charge(station, clock)
        await clock.advance(600)
        assert (hold.taken, settled(csms)) == (None, [])


@requirement("C21-S4")
async def test_where_the_csms_gives_the_receipt_its_address_is_shown():
    async with scene(V21, variables={("PaymentCtrlr", "ReceiptByCSMS"): True}) as (station, csms, clock):
        csms.answers["TransactionEvent"] = costing(7.31)
        csms.answers["NotifySettlement"] = {"receiptUrl": "https://csms.example/r/1", "receiptId": "1"}
        await charge(station, clock)
        assert "receiptUrl" not in settled(csms)[0]
        assert station.shown(1)[-1] == "https://csms.example/r/1"


@requirement("C22-S1")
@pytest.mark.parametrize("status", ["Rejected", "Failed"])
async def test_a_settlement_that_does_not_happen_is_told_without_a_receipt(status):
    async with scene(V21) as (station, csms, clock):
        csms.answers["TransactionEvent"] = costing(7.31)
        station.terminal.settles = status
        hold = await charge(station, clock)
        (told,) = settled(csms)
        assert (told["status"], told["settlementAmount"], hold.taken) == (status, 0, None)
        assert "receiptUrl" not in told
        assert "receiptId" not in told


async def test_a_cost_nobody_told_is_no_cost_anybody_pays():
    async with scene(V21) as (station, csms, clock):
        hold = await charge(station, clock)
        (told,) = settled(csms)
        assert (told["status"], told["statusInfo"], hold.taken) == ("Failed", "nobody said what it cost", None)


@requirement("C21-S5")
async def test_a_settlement_is_told_again_until_it_is_answered_and_taken_once():
    async with scene(V21, impatient=True) as (station, csms, clock):
        csms.answers["TransactionEvent"] = costing(7.31)
        csms.answers["NotifySettlement"] = Refusal("InternalError")
        hold = await charge(station, clock)
        await clock.advance(40)
        csms.answers["NotifySettlement"] = SILENCE
        csms.cut()
        await clock.advance(60)
        csms.answers["NotifySettlement"] = {}
        await clock.advance(300)
        told = settled(csms)
        assert len(told) > 2
        assert {(one["pspRef"], one["settlementAmount"]) for one in told} == {(hold.reference, 7.31)}
        count = len(told)
        await clock.advance(600)
        assert len(settled(csms)) == count
        assert hold.taken == Decimal("7.31")


async def test_no_more_is_taken_than_is_held():
    async with scene(V21) as (station, csms, clock):
        csms.answers["TransactionEvent"] = costing(80)
        hold = await charge(station, clock)
        assert hold.taken == Decimal("50.00")
        assert settled(csms)[0]["settlementAmount"] == 50


# --- C23


@requirement("C23-S1")
async def test_when_little_is_left_the_terminal_holds_more_and_the_limit_follows():
    variables = {
        ("PaymentCtrlr", "AuthorizationAmount"): "3.00",
        ("PaymentCtrlr", "IncrementalAuthorizationAmount"): "2.00",
        ("PaymentCtrlr", "IncrementalAuthorizationThreshold"): "1.00",
    }
    async with scene(V21, variables=variables) as (station, csms, clock):
        await csms.ask("SetDefaultTariff", {"evseId": 0, "tariff": PER_MINUTE})
        hold = await charge(station, clock, 3300)  # 5.50
        limits = [
            (report["triggerReason"], report["transactionInfo"]["transactionLimit"]["maxCost"])
            for report in reports(csms)
            if "transactionLimit" in report["transactionInfo"]
        ]
        assert limits[0][1] == 3.0
        assert limits[1:] == [("LimitSet", 5.0), ("LimitSet", 7.0)]
        assert (hold.amount, hold.taken) == (Decimal("7.00"), Decimal("5.50"))
        assert not [report for report in reports(csms) if report["triggerReason"] == "CostLimitReached"]


@requirement("C23-S2")
async def test_without_an_increment_the_charge_stops_at_what_is_held():
    async with scene(V21, variables={("PaymentCtrlr", "AuthorizationAmount"): "3.00"}) as (station, csms, clock):
        await csms.ask("SetDefaultTariff", {"evseId": 0, "tariff": PER_MINUTE})
        hold = await charge(station, clock, HOUR)
        assert [report for report in reports(csms) if report["triggerReason"] == "CostLimitReached"]
        assert hold.taken == Decimal("3.00")


# --- C24


@requirement("C24-S1")
async def test_a_kiosks_start_charges_and_echoes_its_limit_once():
    async with scene(V21) as (station, csms, clock):
        limit = {"maxCost": 20.0, "maxEnergy": 11000.0}
        answer = {"transactionLimit": limit, **INFO}
        csms.answers["TransactionEvent"] = lambda told: answer if told["eventType"] == "Started" else {}
        await station.plug_in(1, Vehicle())
        asked = {"idToken": {"idToken": "psp-1", "type": "DirectPayment"}, "remoteStartId": 7, "evseId": 1}
        assert (await csms.ask("RequestStartTransaction", asked))["status"] == "Accepted"
        await clock.advance(60)
        assert reports(csms)[0]["idToken"] == {"idToken": "psp-1", "type": "DirectPayment"}
        told = [
            one["transactionInfo"]["transactionLimit"]
            for one in reports(csms)
            if "transactionLimit" in one["transactionInfo"]
        ]
        assert told == [limit]
        assert station.terminal.ledger == {}


# --- C25

SECRET = "0123456789abcdef0123456789abcdef"
WEB = {
    ("WebPaymentsCtrlr", "SharedSecret"): SECRET,
    ("WebPaymentsCtrlr", "URLTemplate"): "https://pay.example/{chargingstationid}/{evse}?totp={totp}&v={version}",
}


@requirement("C25-S1", "C25-S2")
async def test_a_qr_address_names_the_place_and_a_code_that_changes_with_time():
    async with scene(V21, variables=WEB, evses=2) as (station, _, clock):
        first = urlsplit(station.qr_address(2, maxcost="15.5", maxtime="3600", other="x"))
        assert (first.netloc, first.path) == ("pay.example", "/CP1/2")
        asked = parse_qs(first.query)
        right = code(SECRET, station.context.now(), validity=60, length=8)
        assert asked == {"totp": [right], "v": ["v1"], "maxcost": ["15.5"], "maxtime": ["3600"]}
        await clock.advance(60)
        assert parse_qs(urlsplit(station.qr_address(2)).query)["totp"] != [right]
        assert station.shown(2)[0] == first.geturl()


@requirement("C25.FR.01")
async def test_there_is_no_qr_address_where_it_is_switched_off():
    async with scene(V21, variables={("WebPaymentsCtrlr", "Enabled"): False}) as (station, _, _clock):
        assert station.qr_address(1) is None
        assert station.shown(1) == []


@requirement("C25-S3")
async def test_an_evse_somebody_pays_for_by_the_web_is_kept_free_for_that_long():
    async with scene(V21) as (station, csms, clock):
        await station.plug_in(1, Vehicle())
        assert await csms.ask("NotifyWebPaymentStarted", {"evseId": 1, "timeout": 60}) == {}
        assert not (await clock.until(station.present(DRIVER, 1))).accepted
        assert not (await clock.until(station.pay(1))).accepted
        asked = {"idToken": {"idToken": "psp-1", "type": "DirectPayment"}, "remoteStartId": 7, "evseId": 1}
        assert (await csms.ask("RequestStartTransaction", asked))["status"] == "Accepted"
    async with scene(V21) as (station, csms, clock):
        await csms.ask("NotifyWebPaymentStarted", {"evseId": 1, "timeout": 60})
        await clock.advance(61)
        await station.plug_in(1, Vehicle())
        assert (await clock.until(station.present(DRIVER, 1))).accepted


@requirement("C25-S4")
async def test_the_shared_secret_can_be_set_and_not_read():
    async with scene(V21) as (station, csms, clock):
        secret = {"component": {"name": "WebPaymentsCtrlr"}, "variable": {"name": "SharedSecret"}}
        answer = await csms.ask("SetVariables", {"setVariableData": [{**secret, "attributeValue": SECRET}]})
        assert answer["setVariableResult"][0]["attributeStatus"] == "Accepted"
        answer = await csms.ask("GetVariables", {"getVariableData": [secret]})
        assert answer["getVariableResult"][0]["attributeStatus"] == "Rejected"
        await csms.ask("GetBaseReport", {"requestId": 1, "reportBase": "FullInventory"})
        await clock.advance(1)
        lines = [one for part in csms.of("NotifyReport") for one in part["reportData"]]
        (told,) = (one for one in lines if one["variable"]["name"] == "SharedSecret")
        assert told["variableAttribute"] == [{"mutability": "WriteOnly"}]
        assert SECRET not in str(csms.heard)
        assert code(SECRET, station.context.now(), validity=60, length=8) in station.qr_address(1)


@pytest.mark.parametrize("version", TWO)
async def test_the_terminals_variables_are_there_in_21_alone(version):
    async with scene(version) as (_, csms, _clock):
        asked = {"component": {"name": "PaymentCtrlr"}, "variable": {"name": "AuthorizationAmount"}}
        answer = await csms.ask("GetVariables", {"getVariableData": [asked]})
        status = answer["getVariableResult"][0]["attributeStatus"]
        assert status == ("Accepted" if version is V21 else "UnknownComponent")
