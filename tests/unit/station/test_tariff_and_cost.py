"""I. Local cost calculation at a 2.1 station: what it answers, what it tells, and what it comes to, to the cent."""

from typing import Any

import pytest
from tests.unit.station.scripted import DRIVER, reports, scene

from amperanto.conformance.requirements import requirement
from amperanto.domain.limits import TransactionLimit
from amperanto.domain.quantities import Percent
from amperanto.ocpp import Version
from amperanto.station import Vehicle

V21 = Version.V21
ENERGY = {"energy": {"prices": [{"priceKwh": 0.30}], "taxRates": [{"type": "vat", "tax": 20}]}}
DAY = {"tariffId": "day", "currency": "EUR", **ENERGY}
HOURLY = {"tariffId": "hourly", "currency": "EUR", "chargingTime": {"prices": [{"priceMinute": 0.10}]}}
FEES = {
    "tariffId": "fees",
    "currency": "EUR",
    "fixedFee": {"prices": [{"priceFixed": 1.0}]},
    "energy": {"prices": [{"priceKwh": 0.25}]},
    "idleTime": {"prices": [{"priceMinute": 0.05}]},
}
HOUR = 3600


async def set_default(csms: Any, tariff: dict[str, Any], evse: int = 0) -> Any:
    return await csms.ask("SetDefaultTariff", {"evseId": evse, "tariff": tariff})


def authorizing(**more: Any) -> dict[str, Any]:
    return {"idTokenInfo": {"status": "Accepted"}, **more}


async def begin(station: Any, clock: Any, vehicle: Vehicle | None = None) -> None:
    await station.plug_in(1, vehicle or Vehicle())
    await clock.until(station.present(DRIVER, 1))
    await clock.advance(0.001)


async def stop(station: Any, clock: Any) -> None:
    await clock.until(station.present(DRIVER, 1))
    await clock.advance(1)


def used(csms: Any) -> float:
    """What the reports' registers grew by, kWh."""
    registers = [
        sample["value"]
        for report in reports(csms)
        for value in report.get("meterValue", ())
        for sample in value["sampledValue"]
        if sample.get("measurand", "Energy.Active.Import.Register") == "Energy.Active.Import.Register"
    ]
    return (registers[-1] - registers[0]) / 1000


def cents(figure: float) -> float:
    return round(figure + 1e-9, 2)


# --- I07: default tariffs


@requirement("I07-S1", "I12-S1", "I12-S2", "I07-S7")
async def test_a_charge_by_the_default_tariff_costs_what_its_energy_costs_and_says_so_once():
    async with scene(V21) as (station, csms, clock):
        assert await set_default(csms, DAY) == {"status": "Accepted"}
        await begin(station, clock)
        await clock.advance(HOUR)
        await stop(station, clock)
        told = reports(csms)
        assert [report["transactionInfo"].get("tariffId") for report in told].count("day") == 1
        assert told[0]["transactionInfo"]["tariffId"] == "day"
        details = told[-1]["costDetails"]
        net = cents(used(csms) * 0.30)
        assert details["totalCost"]["currency"] == "EUR"
        assert details["totalCost"]["typeOfCost"] == "NormalCost"
        assert details["totalCost"]["total"]["exclTax"] == net
        assert details["totalCost"]["total"]["inclTax"] == cents(used(csms) * 0.36)
        (rate,) = details["totalCost"]["energy"]["taxRates"]
        assert (rate["type"], rate["tax"]) == ("vat", 20)
        assert details["totalUsage"]["energy"] == pytest.approx(used(csms) * 1000, abs=0.001)
        assert [period["tariffId"] for period in details["chargingPeriods"]] == ["day"]
        assert used(csms) > 3


@requirement("I07-S2")
async def test_a_station_that_does_not_calculate_says_that_it_does_not_support_it():
    variables = {("TariffCostCtrlr", "Enabled"): False}
    async with scene(V21, variables=variables) as (_, csms, _clock):
        for action, asked in (
            ("SetDefaultTariff", {"evseId": 0, "tariff": DAY}),
            ("GetTariffs", {"evseId": 0}),
            ("ClearTariffs", {}),
            ("ChangeTransactionTariff", {"transactionId": "x", "tariff": DAY}),
        ):
            await csms.ask(action, asked)
            assert csms.frames[-1][0] == 4
            assert csms.frames[-1][2] == "NotSupported"


@requirement("I07-S3")
@pytest.mark.parametrize(
    ("variables", "tariff", "evse", "answer"),
    [
        ({("TariffCostCtrlr", "MaxElements"): 2}, FEES, 0, {"status": "TooManyElements"}),
        (
            {("TariffCostCtrlr", "ConditionsSupported"): False},
            {**DAY, "energy": {"prices": [{"priceKwh": 1, "conditions": {"minEnergy": 5}}]}},
            0,
            {"status": "ConditionNotSupported"},
        ),
        ({}, DAY, 9, {"status": "Rejected", "statusInfo": {"reasonCode": "UnknownEvse"}}),
        (
            {},
            {**DAY, "energy": {"prices": [{"priceKwh": -1}]}},
            0,
            {"status": "Rejected", "statusInfo": {"reasonCode": "InvalidValue"}},
        ),
        (
            {},
            {**DAY, "currency": "eu1"},
            0,
            {"status": "Rejected", "statusInfo": {"reasonCode": "InvalidValue"}},
        ),
    ],
)
async def test_a_tariff_it_cannot_calculate_by_is_refused_with_the_reason(variables, tariff, evse, answer):
    async with scene(V21, variables=variables) as (_, csms, _clock):
        assert await set_default(csms, tariff, evse) == answer
        assert await csms.ask("GetTariffs", {"evseId": 0}) == {"status": "NoTariff"}


@requirement("I07-S4")
async def test_a_name_stands_for_one_content():
    async with scene(V21, evses=2) as (_, csms, _clock):
        assert await set_default(csms, DAY, 1) == {"status": "Accepted"}
        assert await set_default(csms, {**HOURLY, "tariffId": "day"}, 2) == {"status": "DuplicateTariffId"}
        assert await set_default(csms, DAY, 2) == {"status": "Accepted"}


@requirement("I07-S5")
async def test_a_tariff_holds_from_its_time_and_a_running_transaction_keeps_its_own():
    later = {**HOURLY, "validFrom": "2026-01-01T01:00:00Z"}
    async with scene(V21) as (station, csms, clock):
        await set_default(csms, DAY)
        await set_default(csms, later)
        both = await csms.ask("GetTariffs", {"evseId": 1})
        assert [one["tariffId"] for one in both["tariffAssignments"]] == ["day", "hourly"]
        await begin(station, clock)
        await clock.advance(1.5 * HOUR)
        await stop(station, clock)
        assert reports(csms)[-1]["costDetails"]["chargingPeriods"][-1]["tariffId"] == "day"
        await station.unplug(1)
        await begin(station, clock)
        names = [report["transactionInfo"].get("tariffId") for report in reports(csms)]
        assert [name for name in names if name] == ["day", "hourly"]
        left = await csms.ask("GetTariffs", {"evseId": 1})
        assert [one["tariffId"] for one in left["tariffAssignments"]] == ["hourly"]


@requirement("I07-S6")
async def test_tariffs_outlive_a_restart():
    async with scene(V21) as (_, csms, clock):
        await set_default(csms, DAY)
        await csms.ask("Reset", {"type": "Immediate"})
        await clock.advance(120)
        assert (await csms.ask("GetTariffs", {"evseId": 0}))["status"] == "Accepted"


@requirement("I07-S8")
async def test_a_driver_who_does_not_want_to_pay_that_does_not_charge():
    async with scene(V21) as (station, csms, clock):
        await set_default(csms, DAY)
        await begin(station, clock)
        await station.refuse_tariff(1)
        await clock.advance(1)
        ended = reports(csms)[-1]
        assert (ended["eventType"], ended["triggerReason"]) == ("Ended", "TariffNotAccepted")
        assert ended["transactionInfo"]["stoppedReason"] == "DeAuthorized"
        assert not station.evses[1].outlet.contactor.closed


# --- I08: the driver's tariff


@requirement("I08-S1", "I08-S2")
async def test_the_drivers_tariff_goes_before_the_default_and_is_gone_after_its_use():
    async with scene(V21) as (station, csms, clock):
        csms.answers["Authorize"] = authorizing(tariff=HOURLY)
        await set_default(csms, DAY)
        await begin(station, clock)
        assigned = await csms.ask("GetTariffs", {"evseId": 1})
        assert {
            "tariffId": "hourly",
            "tariffKind": "DriverTariff",
            "evseIds": [1],
            "idTokens": [DRIVER.uid],
        } in assigned["tariffAssignments"]
        await clock.advance(10 * 60)
        await stop(station, clock)
        total = reports(csms)[-1]["costDetails"]["totalCost"]
        assert total["total"] == {"exclTax": 1.0, "inclTax": 1.0}
        left = await csms.ask("GetTariffs", {"evseId": 0})
        assert [one["tariffKind"] for one in left["tariffAssignments"]] == ["DefaultTariff"]


@requirement("I08-S3", "I08-S4", "I08.FR.32")
@pytest.mark.parametrize(
    ("handling", "tariff", "charges"),
    [
        ("UseDefaultTariff", "day", True),
        ("UseDefault", "day", True),
        ("CentralCost", None, True),
        ("Deauthorize", None, False),
    ],
)
@pytest.mark.parametrize(
    "bad",
    [
        {"validFrom": "2026-01-01T01:00:00Z"},
        {"energy": {"prices": [{"priceKwh": 1.0, "conditions": {"startTimeOfDay": "25:99"}}]}},
    ],
)
async def test_a_drivers_tariff_that_cannot_be_processed_is_told_and_handled_as_set(handling, tariff, charges, bad):
    variables = {("TariffCostCtrlr", "HandleFailedTariff"): handling}
    async with scene(V21, variables=variables) as (station, csms, clock):
        csms.answers["Authorize"] = authorizing(tariff=HOURLY | bad)
        await set_default(csms, DAY)
        await begin(station, clock)
        await clock.advance(60)
        (event,) = [
            data
            for told in csms.of("NotifyEvent")
            for data in told["eventData"]
            if data["component"]["name"] == "TariffCostCtrlr"
        ]
        assert (event["variable"]["name"], event["actualValue"]) == ("Problem", "true")
        names = [report["transactionInfo"].get("tariffId") for report in reports(csms)]
        assert [name for name in names if name] == ([tariff] if tariff else [])
        assert station.transactions[0].open is charges
        if charges:
            await stop(station, clock)
        assert ("costDetails" in reports(csms)[-1]) is (tariff is not None)


# --- I09, I10


@requirement("I09-S1", "I09-S2")
async def test_assignments_are_told_without_the_tariffs_themselves():
    async with scene(V21, evses=2) as (_, csms, _clock):
        assert await csms.ask("GetTariffs", {"evseId": 0}) == {"status": "NoTariff"}
        await set_default(csms, DAY)
        await set_default(csms, HOURLY, 2)
        assert await csms.ask("GetTariffs", {"evseId": 0}) == {
            "status": "Accepted",
            "tariffAssignments": [
                {"tariffId": "day", "tariffKind": "DefaultTariff", "evseIds": [1]},
                {"tariffId": "hourly", "tariffKind": "DefaultTariff", "evseIds": [2]},
            ],
        }
        assert (await csms.ask("GetTariffs", {"evseId": 9}))["status"] == "Rejected"


@requirement("I10-S1", "I10-S2", "I10-S3")
async def test_tariffs_are_cleared_one_by_one_and_a_running_transaction_keeps_its_own():
    async with scene(V21, evses=2) as (station, csms, clock):
        assert await csms.ask("ClearTariffs", {}) == {"clearTariffsResult": [{"status": "NoTariff"}]}
        await set_default(csms, DAY)
        await begin(station, clock)
        answer = await csms.ask("ClearTariffs", {"tariffIds": ["day", "never"]})
        assert answer == {
            "clearTariffsResult": [
                {"tariffId": "day", "status": "Accepted"},
                {"tariffId": "never", "status": "NoTariff"},
            ]
        }
        await clock.advance(HOUR)
        await stop(station, clock)
        assert reports(csms)[-1]["costDetails"]["totalCost"]["total"]["exclTax"] == cents(used(csms) * 0.30)
        await set_default(csms, DAY)
        assert (await csms.ask("ClearTariffs", {"evseId": 1}))["clearTariffsResult"] == [
            {"tariffId": "day", "status": "Accepted"}
        ]
        left = await csms.ask("GetTariffs", {"evseId": 0})
        assert left["tariffAssignments"][0]["evseIds"] == [2]


# --- I11


@requirement("I11-S1", "I11-S2")
async def test_another_tariff_holds_for_the_rest_and_not_for_what_was_used():
    async with scene(V21) as (station, csms, clock):
        await set_default(csms, HOURLY)
        await begin(station, clock)
        await clock.advance(30 * 60)
        reference = reports(csms)[0]["transactionInfo"]["transactionId"]
        free = {"tariffId": "free", "currency": "EUR", "energy": {"prices": [{"priceKwh": 0}]}}
        answer = await csms.ask("ChangeTransactionTariff", {"transactionId": reference, "tariff": free})
        assert answer == {"status": "Accepted"}
        changed = reports(csms)[-1]
        assert (changed["triggerReason"], changed["transactionInfo"]["tariffId"]) == ("TariffChanged", "free")
        await clock.advance(HOUR)
        await stop(station, clock)
        details = reports(csms)[-1]["costDetails"]
        assert details["totalCost"]["total"]["inclTax"] == 3.0
        assert [period["tariffId"] for period in details["chargingPeriods"]] == ["hourly", "free"]


@requirement("I11-S3")
@pytest.mark.parametrize(
    ("tariff", "variables", "status"),
    [
        (FEES, {("TariffCostCtrlr", "MaxElements"): 1}, "TooManyElements"),
        (
            {**DAY, "tariffId": "c", "energy": {"prices": [{"priceKwh": 1, "conditions": {"minEnergy": 5}}]}},
            {("TariffCostCtrlr", "ConditionsSupported"): False},
            "ConditionNotSupported",
        ),
        ({**DAY, "tariffId": "usd", "currency": "USD"}, {}, "NoCurrencyChange"),
    ],
)
async def test_a_change_it_cannot_make_is_refused_with_the_word_for_it(tariff, variables, status):
    async with scene(V21, variables=variables) as (station, csms, clock):
        await set_default(csms, DAY)
        await begin(station, clock)
        reference = reports(csms)[0]["transactionInfo"]["transactionId"]
        answer = await csms.ask("ChangeTransactionTariff", {"transactionId": reference, "tariff": tariff})
        assert answer == {"status": status}
        answer = await csms.ask("ChangeTransactionTariff", {"transactionId": "unknown", "tariff": DAY})
        assert answer == {"status": "TxNotFound"}


# --- I12


@requirement("I12-S3")
async def test_the_running_cost_is_told_in_time_without_periods():
    variables = {("SampledDataCtrlr", "TxUpdatedInterval"): 0}
    async with scene(V21, variables=variables) as (station, csms, clock):
        await set_default(csms, HOURLY)
        await begin(station, clock)
        await clock.advance(16 * 60)
        running = [report for report in reports(csms) if report["triggerReason"] == "RunningCost"]
        totals = [report["costDetails"]["totalCost"]["total"]["inclTax"] for report in running]
        assert totals == [0.5, 1.0, 1.5]
        assert all("chargingPeriods" not in report["costDetails"] for report in running)


async def test_no_running_cost_where_it_is_switched_off():
    async with scene(V21) as (station, csms, clock):
        await set_default(csms, HOURLY)
        asked = {
            "component": {"name": "TariffCostCtrlr"},
            "variable": {"name": "Enabled", "instance": "RunningCost"},
            "attributeValue": "false",
        }
        await csms.ask("SetVariables", {"setVariableData": [asked]})
        await begin(station, clock)
        await clock.advance(16 * 60)
        assert not [report for report in reports(csms) if report["triggerReason"] == "RunningCost"]


@requirement("I12-S4")
async def test_fees_and_idle_time_count_and_the_parts_sum_to_the_total():
    async with scene(V21) as (station, csms, clock):
        await set_default(csms, FEES)
        await begin(station, clock, Vehicle(state_of_charge=Percent.of(99)))
        await clock.advance(2 * HOUR)
        await stop(station, clock)
        details = reports(csms)[-1]["costDetails"]
        total, usage = details["totalCost"], details["totalUsage"]
        assert total["fixed"]["exclTax"] == 1.0
        assert usage["idleTime"] > HOUR
        assert usage["chargingTime"] + usage["idleTime"] == pytest.approx(2 * HOUR, abs=2)
        parts = sum(total[part]["exclTax"] for part in ("fixed", "energy", "idleTime"))
        assert parts == pytest.approx(total["total"]["exclTax"], abs=1e-9)
        assert total["idleTime"]["exclTax"] == pytest.approx(usage["idleTime"] / 60 * 0.05, abs=0.011)


@requirement("I12-S5")
@pytest.mark.parametrize(("name", "figure", "kind"), [("minCost", 50, "MinCost"), ("maxCost", 0.5, "MaxCost")])
async def test_a_limit_of_the_tariff_makes_the_cost_what_it_is_and_usage_counts_on(name, figure, kind):
    async with scene(V21) as (station, csms, clock):
        await set_default(csms, {**HOURLY, name: {"exclTax": figure, "inclTax": figure}})
        await begin(station, clock)
        await clock.advance(HOUR)
        await stop(station, clock)
        details = reports(csms)[-1]["costDetails"]
        assert details["totalCost"]["typeOfCost"] == kind
        assert details["totalCost"]["total"] == {"exclTax": figure, "inclTax": figure}
        assert details["totalUsage"]["chargingTime"] == pytest.approx(HOUR, abs=2)


@requirement("I12-S6", "I08-S4")
async def test_what_cannot_be_calculated_is_told_with_its_reason_and_is_over_when_it_works_again():
    async with scene(V21) as (station, csms, clock):
        await set_default(csms, DAY)
        station.pretend_no_costs("the clock is wrong")
        await begin(station, clock)
        await clock.advance(60)
        started = reports(csms)[0]["costDetails"]
        assert (started["failureToCalculate"], started["failureReason"]) == (True, "the clock is wrong")
        station.pretend_no_costs(None)
        await stop(station, clock)
        ended = reports(csms)[-1]["costDetails"]
        assert "failureToCalculate" not in ended
        problems = [
            data["actualValue"]
            for told in csms.of("NotifyEvent")
            for data in told["eventData"]
            if data["variable"]["name"] == "Problem"
        ]
        assert problems == ["true", "false"]


@requirement("I12-S7")
async def test_a_time_of_day_is_that_of_the_stations_zone():
    night = {"priceMinute": 0.50, "conditions": {"startTimeOfDay": "02:00", "endTimeOfDay": "05:00"}}
    tariff = {**HOURLY, "chargingTime": {"prices": [night, {"priceMinute": 0.10}]}}
    variables = {("ClockCtrlr", "TimeZone"): "Europe/Berlin"}  # 00:00 UTC is 01:00 there
    async with scene(V21, variables=variables) as (station, csms, clock):
        await set_default(csms, tariff)
        await clock.advance(HOUR - clock.monotonic() - 30 * 60)
        await begin(station, clock)
        await clock.advance(HOUR)
        await stop(station, clock)
        details = reports(csms)[-1]["costDetails"]
        assert details["totalCost"]["total"]["inclTax"] == pytest.approx(30 * 0.10 + 30 * 0.50, abs=0.03)
        assert len(details["chargingPeriods"]) == 2


@requirement("I12-S8")
async def test_a_limit_of_cost_stops_the_energy_when_it_is_reached():
    async with scene(V21) as (station, csms, clock):
        await set_default(csms, HOURLY)
        await begin(station, clock)
        await station.limit(1, TransactionLimit(cost=2))
        await clock.advance(HOUR)
        reached = next(report for report in reports(csms) if report["triggerReason"] == "CostLimitReached")
        assert reached["transactionInfo"]["chargingState"] == "SuspendedEVSE"
        await stop(station, clock)
        assert reports(csms)[-1]["costDetails"]["totalCost"]["total"]["inclTax"] == 2.0


@requirement("I12-S9")
async def test_a_reservation_that_was_used_costs_once_and_by_the_minute():
    tariff = {
        "tariffId": "held",
        "currency": "EUR",
        "reservationFixed": {"prices": [{"priceFixed": 2}]},
        "reservationTime": {"prices": [{"priceMinute": 0.10}]},
    }
    async with scene(V21) as (station, csms, clock):
        await set_default(csms, tariff)
        token = {"idToken": DRIVER.uid, "type": DRIVER.type}
        asked = {"id": 5, "expiryDateTime": "2026-01-01T02:00:00Z", "idToken": token, "evseId": 1}
        assert (await csms.ask("ReserveNow", asked))["status"] == "Accepted"
        await clock.advance(600)
        await begin(station, clock)
        await clock.advance(60)
        await stop(station, clock)
        total = reports(csms)[-1]["costDetails"]["totalCost"]
        assert total["reservationFixed"]["exclTax"] == 2.0
        assert total["reservationTime"]["exclTax"] == 1.0
        assert total["total"]["exclTax"] == 3.0
