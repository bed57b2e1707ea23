"""I01-I06. What a driver reads of prices and costs at the station, in each version."""

import json
from typing import Any

import pytest
from tests.unit.station.scripted import DRIVER, TWO, reports, scene

from amperanto.conformance.requirements import requirement
from amperanto.ocpp import Version
from amperanto.station import Vehicle

FALLBACK = "Ask the operator for the price."
OFFLINE = "Offline: ask the operator for the price."
LATER = "The cost is told to you later."
VENDOR = "org.openchargealliance.costmsg"
ON = {("ConfigurationKeys", "CustomDisplayCostAndPrice"): True}


def at_end(**answer: Any) -> Any:
    return lambda told: answer if told["eventType"] == "Ended" else {}


async def charge(station: Any, clock: Any) -> None:
    await station.plug_in(1, Vehicle())
    await clock.until(station.present(DRIVER, 1))
    await clock.advance(30)
    await clock.until(station.present(DRIVER, 1))
    await clock.advance(1)


@requirement("I01-S1")
@pytest.mark.parametrize("version", TWO)
async def test_the_price_in_words_that_came_with_the_token_is_read_before_and_at_the_start(version):
    message = {"format": "UTF8", "content": "0.30 EUR a kWh"}
    async with scene(version) as (station, csms, clock):
        csms.answers["Authorize"] = {"idTokenInfo": {"status": "Accepted", "personalMessage": message}}
        await station.plug_in(1, Vehicle())
        await clock.until(station.present(DRIVER, 1))
        assert station.shown() == ["0.30 EUR a kWh"]
        assert station.shown(1) == ["0.30 EUR a kWh"]


@requirement("I02-S1")
@pytest.mark.parametrize("version", TWO)
async def test_the_running_cost_is_read_however_it_is_told(version):
    async with scene(version) as (station, csms, clock):
        csms.answers["TransactionEvent"] = lambda told: {"totalCost": 0.5} if told["eventType"] == "Started" else {}
        await station.plug_in(1, Vehicle())
        await clock.until(station.present(DRIVER, 1))
        await clock.advance(1)
        assert station.shown(1)[-1] == "So far: 0.5 EUR"
        reference = reports(csms)[0]["transactionInfo"]["transactionId"]
        assert await csms.ask("CostUpdated", {"transactionId": reference, "totalCost": 1.25}) == {}
        assert station.shown(1)[-1] == "So far: 1.25 EUR"
        assert await csms.ask("CostUpdated", {"transactionId": "unknown", "totalCost": 9}) == {}
        assert station.shown(1)[-1] == "So far: 1.25 EUR"


@requirement("I03-S1", "I05-S1")
@pytest.mark.parametrize("version", TWO)
@pytest.mark.parametrize(
    ("answer", "text"), [({"totalCost": 7.31}, "Total: 7.31 EUR"), ({"totalCost": 0}, "Free of charge."), ({}, LATER)]
)
async def test_the_total_is_read_0_is_free_and_nothing_is_not_free(version, answer, text):
    async with scene(version) as (station, csms, clock):
        csms.answers["TransactionEvent"] = at_end(**answer)
        await charge(station, clock)
        assert station.shown(1)[-1] == text


@requirement("I04-S1")
@pytest.mark.parametrize(("version", "online", "text"), [
    (Version.V201, True, FALLBACK), (Version.V21, True, FALLBACK),
    (Version.V201, False, FALLBACK), (Version.V21, False, OFFLINE),
])  # fmt: skip
async def test_where_no_price_is_known_the_fallback_is_read(version, online, text):
    async with scene(version) as (station, csms, clock):
        if not online:
            csms.unreachable = True
            csms.cut()
            await clock.advance(1)
        await station.plug_in(1, Vehicle())
        await clock.until(station.present(DRIVER, 1))
        assert station.shown(1) == [text]


@requirement("I06-S1")
@pytest.mark.parametrize("version", TWO)
async def test_a_change_of_the_price_in_words_is_read(version):
    message = {"format": "UTF8", "content": "now 0.20 EUR a kWh"}
    async with scene(version) as (station, csms, clock):
        answer = {"updatedPersonalMessage": message}
        csms.answers["TransactionEvent"] = lambda told: answer if told["eventType"] == "Updated" else {}
        await station.plug_in(1, Vehicle())
        await clock.until(station.present(DRIVER, 1))
        await clock.advance(1)
        assert station.shown(1)[-1] == "now 0.20 EUR a kWh"


@pytest.mark.parametrize("version", TWO)
async def test_a_final_cost_that_comes_after_the_end_is_read_with_its_text(version):
    async with scene(version) as (station, csms, clock):
        await charge(station, clock)
        reference = reports(csms)[0]["transactionInfo"]["transactionId"]
        extra = {"vendorId": VENDOR, "final": True, "priceText": "Thank you"}
        asked = {"transactionId": reference, "totalCost": 2.5, "customData": extra}
        assert await csms.ask("CostUpdated", asked) == {}
        assert station.shown(1)[-2:] == ["Total: 2.5 EUR", "Thank you"]


# --- 1.6: the California Pricing Requirements whitepaper


async def transfer(csms: Any, message: str, data: Any) -> str:
    text = data if isinstance(data, str) else json.dumps(data)
    answer = await csms.ask("DataTransfer", {"vendorId": VENDOR, "messageId": message, "data": text})
    return answer["status"]


@requirement("1.6:CaliforniaPricing-S1")
async def test_prices_and_costs_are_read_in_16_as_the_whitepaper_sends_them():
    async with scene(Version.V16, variables=ON) as (station, csms, clock):
        price = {"idToken": DRIVER.uid, "priceText": "$0.30/kWh"}
        assert await transfer(csms, "SetUserPrice", price) == "Accepted"
        assert station.shown() == ["$0.30/kWh"]
        await station.plug_in(1, Vehicle())
        await clock.until(station.present(DRIVER, 1))
        await clock.advance(1)
        assert station.shown(1) == ["$0.30/kWh"]
        running = {
            "transactionId": 41,
            "timestamp": "2026-01-01T00:01:00Z",
            "meterValue": 100,
            "cost": 1.10,
            "state": "Charging",
        }
        assert await transfer(csms, "RunningCost", running) == "Accepted"
        assert station.shown(1)[-1] == "So far: 1.1 EUR"
        await clock.until(station.present(DRIVER, 1))
        await clock.advance(1)
        final = {"transactionId": 41, "cost": 3.31, "priceText": "Thank you", "qrCodeText": "https://r.example/1"}
        assert await transfer(csms, "FinalCost", final) == "Accepted"
        assert station.shown(1)[-3:] == ["Total: 3.31 EUR", "Thank you", "https://r.example/1"]


@requirement("1.6:CaliforniaPricing-S2")
async def test_without_the_key_the_vendor_is_unknown_and_what_cannot_be_read_is_rejected():
    async with scene(Version.V16) as (station, csms, clock):
        await station.plug_in(1, Vehicle())
        await clock.until(station.present(DRIVER, 1))
        await clock.advance(1)
        cost = {"transactionId": int(station.transactions[0].reference), "cost": 1.5}
        shown = station.shown(1)
        assert await transfer(csms, "SetUserPrice", {"idToken": "x", "priceText": "y"}) == "UnknownVendorId"
        assert await transfer(csms, "RunningCost", cost) == "UnknownVendorId"
        assert await transfer(csms, "FinalCost", cost) == "UnknownVendorId"
        assert (station.shown(), station.shown(1)) == ([], shown)
        answer = await csms.ask("ChangeConfiguration", {"key": "CustomDisplayCostAndPrice", "value": "true"})
        assert answer["status"] == "Accepted"
        assert await transfer(csms, "SetUserPrice", {"idToken": "x"}) == "Rejected"
        assert await transfer(csms, "RunningCost", cost) == "Accepted"
        assert station.shown(1)[-1] == "So far: 1.5 EUR"
        assert await transfer(csms, "RunningCost", {"transactionId": 999, "cost": 1}) == "Rejected"
        assert await transfer(csms, "FinalCost", "no JSON") == "Rejected"
        assert await transfer(csms, "Dance", {}) == "UnknownMessageId"
        assert station.shown() == []
