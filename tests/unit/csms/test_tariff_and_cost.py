"""I. Tariff and cost: what drivers and stations are told of prices, and when."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from typing import Any

import msgspec
import pytest
from tests.unit.csms.conftest import Teller
from tests.unit.csms.test_charge_records import MINUTE, T0, WHO, ended, per_kwh, read, sold, started, tariff, updated

from amperanto.conformance.requirements import requirement
from amperanto.domain.cost_details import CostDetails
from amperanto.domain.device_model import Attribute, KnownVariable, VariableRef, WantedValue
from amperanto.domain.errors import CurrencyChanges
from amperanto.domain.observations import MeterRead, TokenPresented, TransactionEnded, TransactionStarted
from amperanto.domain.quantities import WattHours
from amperanto.domain.stations import DEFAULT_ORGANISATION, EvseRef
from amperanto.domain.tariff_assignments import Scope
from amperanto.domain.tariffs import Description, Step, Tariff, Weekday
from amperanto.domain.tokens import Token
from amperanto.ocpp import v2

CARD = Token("CAFE", "ISO14443")
TEXT = (Description(content="0.50 a kWh", language="en"), Description(content="0,50 pro kWh", language="de"))
SHOWS = {"TariffCostCtrlr.Enabled[Cost]": "true", "TariffCostCtrlr.Enabled[Tariff]": "true"}
CALCULATES = {**SHOWS, "TariffCostCtrlr.MaxElements[Tariff]": "10"}


class Display(Teller):
    """A station's socket that keeps what it is asked, and answers as told."""

    def speaks(self, *kinds: type, **answers: Any) -> Display:
        self.kinds, self.asked, self.answers = kinds, [], answers
        return self

    def can(self, kind: type) -> bool:
        return kind in self.kinds

    async def call(self, request: Any, **_: Any) -> Any:
        self.asked.append(request)
        return self.answers.get(request.action, v2.CostUpdatedResponse())


async def display(house: Any, variables: dict[str, str], *kinds: type, **answers: Any) -> Display:
    """A connected station of which these variables are known."""
    await house.token("CAFE", concurrent_limit=None)
    plain = await house.station()
    known = []
    for text, value in variables.items():
        component, _, rest = text.partition(".")
        variable, _, instance = rest.removesuffix("]").partition("[")
        ref = VariableRef(component, variable, variable_instance=instance or None)
        known.append(
            KnownVariable(
                station=plain.station.id, organisation=DEFAULT_ORGANISATION, ref=ref,
                attribute=Attribute(value=value), seen_at=T0, source="report",
            )
        )  # fmt: skip
    async with house.store.unit() as unit:
        unit.device_models.put(known)
    made = Display(plain.csms, plain.station, plain.number).speaks(*kinds, **answers)
    house.csms.stations.register(made)
    return made


@requirement("I01", "I01-1")
async def test_a_driver_reads_the_price_when_the_card_is_presented(house: Any):
    await sold(house, tariff(description=TEXT))
    station = await display(house, {**SHOWS, "DisplayMessageCtrlr.Language": "de"})
    decision = await station.tell(TokenPresented(token=CARD))
    assert (decision.message.content, decision.message.language) == ("0,50 pro kWh", "de")
    assert decision.tariff is None
    refused = await station.tell(TokenPresented(token=Token("nobody", "ISO14443")))
    assert refused.message is None


@requirement("I01-1")
async def test_a_station_that_cannot_show_a_price_is_told_none(house: Any):
    await sold(house, tariff(description=TEXT))
    station = await display(house, {"TariffCostCtrlr.Available[Tariff]": "false"})
    assert (await station.tell(TokenPresented(token=CARD))).message is None


@requirement("I02", "I02-1")
async def test_the_running_cost_is_told_at_its_pace_and_only_when_it_changed(house: Any):
    await sold(house)
    station = await display(house, SHOWS)
    await station.tell(started())
    await station.tell(updated(1, 10, values=(read(10, 2000),)))
    await house.csms.running_costs.look()
    assert station.asked == []
    house.clock.at += timedelta(seconds=61)
    await house.csms.running_costs.look()
    (cost,) = station.asked
    assert (cost.action, cost.total_cost, cost.transaction_id) == ("CostUpdated", 0.5, "tx")
    answer = await station.tell(updated(2, 12, values=(read(12, 2000),)))
    assert answer.cost == Decimal("0.50")
    house.clock.at += timedelta(seconds=30)
    await station.tell(updated(3, 14, values=(read(14, 4000),)))
    await house.csms.running_costs.look()
    assert len(station.asked) == 1
    house.clock.at += timedelta(seconds=31)
    await house.csms.running_costs.look()
    assert [one.total_cost for one in station.asked] == [0.5, 1.5]


@requirement("I02-1")
async def test_a_station_without_a_display_is_not_called(house: Any):
    await sold(house)
    station = await display(house, {})
    await station.tell(started())
    house.clock.at += timedelta(seconds=61)
    await station.tell(updated(1, 10, values=(read(10, 2000),)))
    await house.csms.running_costs.look()
    assert station.asked == []


@requirement("I03", "I03-1")
async def test_the_last_answer_tells_the_final_cost(house: Any):
    await sold(house)
    station = await display(house, SHOWS)
    await station.tell(started())
    assert (await station.tell(ended(1, 60, 11_000))).cost == Decimal("5.00")


@requirement("I08", "I08-1", "I08-2")
async def test_a_drivers_own_tariff_comes_with_the_authorization_in_2_1(house: Any):
    await sold(house, tariff(valid_from=T0 - timedelta(days=1)), scope=Scope.TOKEN, subject="cafe")
    station = await display(house, CALCULATES, v2.SetDefaultTariffRequest)
    given = (await station.tell(TokenPresented(token=CARD))).tariff
    assert (given.id, given.valid_from) == ("day.1", None)
    await house.csms.tariffs.change(WHO, "day", tariff("0.70"))
    assert (await station.tell(TokenPresented(token=CARD))).tariff.id == "day.2"
    older = Display(station.csms, station.station, station.number).speaks()  # its version has no such word
    assert (await older.tell(TokenPresented(token=CARD))).tariff is None


@requirement("I08-3")
async def test_a_tariff_a_station_cannot_calculate_to_the_cent_is_priced_centrally(house: Any):
    stepped = replace(per_kwh("0.50"), step=Step(size=Decimal(1000)))
    await sold(house, tariff(energy=stepped), scope=Scope.TOKEN, subject="cafe")
    station = await display(house, CALCULATES, v2.SetDefaultTariffRequest)
    assert (await station.tell(TokenPresented(token=CARD))).tariff is None


ACCEPTED = v2.SetDefaultTariffResponse(status=v2.TariffSetStatus.ACCEPTED)
CLEARED = v2.ClearTariffsResponse(
    clear_tariffs_result=[v2.ClearTariffsResult(status=v2.TariffClearStatus.ACCEPTED, tariff_id="day.1")]
)


async def brought(house: Any, station: Display) -> list[Any]:
    """What is wanted of the station after the tariffs changed, brought to it."""
    await house.csms.timers.look()
    wishes = await house.store.desired_states.waiting(station.station.id, house.clock.at)
    outcomes = await house.csms.local_tariffs.deliver(station.station, wishes)
    async with house.store.unit() as unit:
        for wish, outcome in zip(wishes, outcomes, strict=True):
            unit.desired_states.settle(wish.id, outcome.state, outcome.said, house.clock.at, tried=True)
    return list(outcomes)


@requirement("I07", "I07-1", "I07-2", "I10")
async def test_a_station_that_calculates_has_the_tariff_that_holds_there_installed(house: Any):
    answers = {"SetDefaultTariff": ACCEPTED, "ClearTariffs": CLEARED}
    station = await display(house, CALCULATES, v2.SetDefaultTariffRequest, **answers)
    prices = tariff(energy=per_kwh("0.50", days=(Weekday.MONDAY,), max_energy=Decimal(9000)))
    await sold(house, prices)
    (outcome,) = await brought(house, station)
    (request,) = station.asked
    assert (request.action, request.evse_id, request.tariff.tariff_id) == ("SetDefaultTariff", 0, "day.1")
    conditions = request.tariff.energy.prices[0].conditions
    assert (conditions.day_of_week, conditions.max_energy) == ([v2.DayOfWeek.MONDAY], 9000)
    assert outcome.state == "Done"
    assert await brought(house, station) == []
    await house.csms.tariffs.change(WHO, "day", tariff("0.60"))
    await brought(house, station)
    assert station.asked[-1].tariff.tariff_id == "day.2"
    await house.csms.tariffs.unassign(WHO, Scope.ORGANISATION, "", "day")
    await brought(house, station)
    assert (station.asked[-1].action, station.asked[-1].evse_id) == ("ClearTariffs", 0)


@requirement("I07-3")
@pytest.mark.parametrize(
    ("variables", "status", "said"),
    [
        ({**CALCULATES, "TariffCostCtrlr.MaxElements[Tariff]": "1"}, "Accepted", "TooManyElements"),
        ({**CALCULATES, "TariffCostCtrlr.ConditionsSupported[Tariff]": "false"}, "Accepted", "ConditionNotSupported"),
        (CALCULATES, "Rejected", "Rejected"),
        (CALCULATES, "TooManyElements", "TooManyElements"),
    ],
)
async def test_what_a_station_cannot_take_is_shown_on_the_wish(
    house: Any, variables: dict[str, str], status: str, said: str
):
    answer = v2.SetDefaultTariffResponse(status=v2.TariffSetStatus(status))
    station = await display(house, variables, v2.SetDefaultTariffRequest, SetDefaultTariff=answer)
    await sold(house, tariff(energy=per_kwh("1", max_energy=Decimal(5)), idle_time=per_kwh("2")))
    (outcome,) = await brought(house, station)
    assert outcome.state == "Failed" and said in outcome.said


@requirement("I07-4")
async def test_a_station_without_local_costs_gets_no_tariff(house: Any):
    station = await display(house, SHOWS, v2.SetDefaultTariffRequest)
    await sold(house)
    assert await brought(house, station) == [] == station.asked


@requirement("I09")
async def test_what_a_station_has_installed_is_asked(house: Any):
    told = v2.GetTariffsResponse(status=v2.TariffGetStatus.NO_TARIFF)
    station = await display(house, CALCULATES, v2.SetDefaultTariffRequest, GetTariffs=told)
    assert (await house.csms.local_tariffs.installed(station.station, 1)).status == "NoTariff"
    assert station.asked[0].evse_id == 1


@requirement("I11", "I11-1", "I11-2", "I11-3", "I06")
async def test_another_tariff_for_the_rest_of_a_charge_is_taken_by_the_station_first(house: Any):
    refused = v2.ChangeTransactionTariffResponse(status=v2.TariffChangeStatus.TOO_MANY_ELEMENTS)
    station = await display(house, CALCULATES, v2.SetDefaultTariffRequest, ChangeTransactionTariff=refused)
    await sold(house, tariff(description=TEXT))
    await house.csms.tariffs.add(WHO, "night", tariff("1.00", description=TEXT))
    await station.tell(started())
    (transaction,) = (await house.store.transactions.list(DEFAULT_ORGANISATION)).items
    house.clock.at = T0 + 30 * MINUTE
    exchange = house.csms.local_tariffs.exchange
    assert await exchange(WHO, transaction.id, "night") == "TooManyElements"
    assert (await station.tell(updated(1, 30))).message is None
    station.answers["ChangeTransactionTariff"] = v2.ChangeTransactionTariffResponse(
        status=v2.TariffChangeStatus.ACCEPTED
    )
    assert await exchange(WHO, transaction.id, "night") == "Accepted"
    assert (station.asked[-1].transaction_id, station.asked[-1].tariff.tariff_id) == ("tx", "night.1")
    assert (await station.tell(updated(2, 31))).message.content == "0.50 a kWh"
    house.clock.at = T0 + 60 * MINUTE
    answer = await station.tell(ended(3, 60, 11_000))
    assert answer.cost == Decimal("2.50") + Decimal("5.00")


@requirement("I11-2")
async def test_a_charge_keeps_its_currency(house: Any):
    station = await display(house, {})
    await sold(house)
    await house.csms.tariffs.add(WHO, "krone", Tariff(id="", currency="NOK", energy=per_kwh("5")))
    await station.tell(started())
    (transaction,) = (await house.store.transactions.list(DEFAULT_ORGANISATION)).items
    with pytest.raises(CurrencyChanges):
        await house.csms.local_tariffs.exchange(WHO, transaction.id, "krone")


@requirement("I12", "I12-1")
@pytest.mark.parametrize(("told", "doubtful"), [("5.00", False), ("5.01", False), ("5.02", True), ("4.90", True)])
async def test_a_stations_own_cost_that_differs_by_more_than_a_cent_is_reviewed(house: Any, told: str, doubtful: bool):
    await sold(house)
    station = await display(house, CALCULATES)
    await station.tell(started())
    details = CostDetails(currency="EUR", net=Decimal(told), gross=Decimal(told), energy=Decimal(10_000))
    await station.tell(ended(1, 60, 11_000, cost=details))
    await house.csms.timers.look()
    reviews = (await house.store.reviews.list(DEFAULT_ORGANISATION)).items
    assert [told in one.problem and "5.00" in one.problem for one in reviews] == ([True] if doubtful else [])


@requirement("1.6:California-1", "1.6:California-2", "1.6:California-3")
async def test_california_pricing_tells_price_running_and_final_cost_in_1_6(house: Any):
    await sold(house, tariff(description=TEXT, idle_time=per_kwh("0.10")))
    station = await display(house, {"ConfigurationKeys.CustomDisplayCostAndPrice": "true"})
    await station.tell(TokenPresented(token=Token("CAFE")))
    await house.csms.running_costs.look()
    (price,) = station.asked
    assert (price.vendor_id, price.message_id) == ("org.openchargealliance.costmsg", "SetUserPrice")
    assert msgspec.json.decode(price.data) == {"idToken": "CAFE", "priceText": "0.50 a kWh"}
    begun = await station.tell(
        TransactionStarted(at=T0, where=EvseRef(1, 1), token=Token("CAFE"), meter=WattHours.of(0))
    )
    house.clock.at = T0 + timedelta(minutes=10)
    await station.tell(MeterRead(where=EvseRef(1, 1), values=(read(10, 2000),), reference=str(begun.number)))
    house.clock.at += timedelta(seconds=61)
    await house.csms.running_costs.look()
    running = station.asked[-1]
    assert (running.total_cost, running.transaction_id) == (1.0, str(begun.number))
    assert running.custom_data["chargingPrice"] == {"kWhPrice": 0.5, "hourPrice": 0.0, "flatFee": 0.0}
    assert (running.custom_data["state"], running.custom_data["meterValue"]) == ("Charging", 2000)
    assert running.custom_data["idlePrice"] == {"graceMinutes": 0, "hourPrice": 6.0}
    stop = TransactionEnded(at=T0 + timedelta(minutes=30), reference=str(begun.number), meter=WattHours.of(4000))
    await station.tell(stop)
    await house.csms.running_costs.look()
    last = station.asked[-1]
    assert (last.total_cost, last.custom_data["final"], last.custom_data["priceText"]) == (2.0, True, "0.50 a kWh")


@requirement("I04", "I05")
async def test_the_texts_for_an_unknown_price_are_variables_in_each_language(house: Any):
    set_ = v2.SetVariablesResponse(
        set_variable_result=[
            v2.SetVariableResult(
                attribute_status=v2.SetVariableStatus.ACCEPTED,
                component=v2.Component(name="TariffCostCtrlr"),
                variable=v2.Variable(name=name, instance="de"),
            )
            for name in ("TariffFallbackMessage", "TotalCostFallbackMessage")
        ]
    )
    told = v2.GetVariablesResponse(get_variable_result=[])
    station = await display(house, {}, SetVariables=set_, GetVariables=told)
    texts = [
        WantedValue(ref=VariableRef("TariffCostCtrlr", name, variable_instance="de"), value=text)
        for name, text in (("TariffFallbackMessage", "Preis: am Schild"), ("TotalCostFallbackMessage", "folgt"))
    ]
    await house.csms.device_model.set_many(station.station, texts, "olga")
    asked = [data for one in station.asked if one.action == "SetVariables" for data in one.set_variable_data]
    assert [(one.component.name, one.variable.name, one.variable.instance, one.attribute_value) for one in asked] == [
        ("TariffCostCtrlr", "TariffFallbackMessage", "de", "Preis: am Schild"),
        ("TariffCostCtrlr", "TotalCostFallbackMessage", "de", "folgt"),
    ]


async def test_nothing_is_remembered_of_a_charge_whose_end_nobody_told(house: Any):
    """The next start closes it; a report that is told late is no reason to work out a running cost."""
    await sold(house)
    station = await display(house, SHOWS)
    await station.tell(started())
    await station.tell(updated(1, 10))
    assert len(house.csms.running_costs._marks) == 1
    house.clock.at = T0 + 30 * MINUTE
    await station.tell(started(reference="next", at=T0 + 30 * MINUTE))
    await station.tell(updated(2, 20))
    (first,) = [
        one for one in (await house.store.transactions.list(DEFAULT_ORGANISATION)).items if one.reference == "tx"
    ]
    assert first.provisional
    assert first.id not in house.csms.running_costs._marks
