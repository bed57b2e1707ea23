"""E16 (2.1): what a transaction may use at most."""

import pytest
from tests.unit.station.scripted import DRIVER, TWO, reports, scene, story

from amperanto.conformance.requirements import requirement
from amperanto.domain.limits import TransactionLimit
from amperanto.domain.quantities import Percent, WattHours
from amperanto.ocpp import Version
from amperanto.station import Vehicle

QUIET = {("SampledDataCtrlr", "TxUpdatedInterval"): 0}
BY_ENERGY = QUIET | {("TxCtrlr", "TxStopPoint"): "EnergyTransfer"}


def limiting(**limit):
    """A CSMS that answers the start with limits."""

    def prepare(csms):
        csms.answers["TransactionEvent"] = lambda told: (
            {"transactionLimit": limit} if told["eventType"] == "Started" else {}
        )

    return prepare


async def begin(station, clock, **car):
    await station.plug_in(1, Vehicle(**car))
    await clock.until(station.present(DRIVER, 1))
    await clock.advance(1)


def confirmed(csms):
    return [one["transactionInfo"]["transactionLimit"] for one in reports(csms) if one["triggerReason"] == "LimitSet"]


@requirement("E16-S1", "F07-S1")
async def test_a_limit_is_confirmed_once():
    limit = {"maxEnergy": 1000, "maxTime": 7200, "maxCost": 4.5, "maxSoC": 80}
    async with scene(Version.V21, prepare=limiting(**limit), variables=QUIET) as (station, csms, clock):
        await begin(station, clock)
        csms.answers["TransactionEvent"] = {"transactionLimit": limit}
        await clock.advance(60)
        assert await csms.ask("TriggerMessage", {"requestedMessage": "TransactionEvent"}) == {"status": "Accepted"}
        assert confirmed(csms) == [limit]
        assert sum("transactionLimit" in one["transactionInfo"] for one in reports(csms)) == 1


@requirement("E16-S2")
async def test_energy_is_given_to_the_watt_hour_of_its_limit_then_the_evse_suspends():
    async with scene(Version.V21, prepare=limiting(maxEnergy=1500), variables=QUIET) as (station, csms, clock):
        await begin(station, clock)
        await clock.advance(7200)
        assert story(csms)[-1] == ("Updated", "EnergyLimitReached", "SuspendedEVSE", None)
        assert station.evses[1].outlet.meter.counted == WattHours.of(1500)
        assert station.transactions[0].open


@requirement("E16-S3")
async def test_time_counts_from_the_start_of_the_transaction():
    variables = QUIET | {("TxCtrlr", "TxStartPoint"): "EVConnected"}
    async with scene(Version.V21, prepare=limiting(maxTime=600), variables=variables) as (station, csms, clock):
        await station.plug_in(1, Vehicle())
        await clock.advance(300)
        await clock.until(station.present(DRIVER, 1))
        await clock.advance(7200)
        assert story(csms)[-1] == ("Updated", "TimeLimitReached", "SuspendedEVSE", None)
        assert reports(csms)[-1]["timestamp"] == "2026-01-01T00:10:01.000Z"


@requirement("E16-S4")
async def test_the_state_of_charge_ends_the_energy_too():
    async with scene(Version.V21, prepare=limiting(maxSoC=25), variables=QUIET) as (station, csms, clock):
        await begin(station, clock, state_of_charge=Percent.of(20))
        await clock.advance(7200)
        assert story(csms)[-1] == ("Updated", "SoCLimitReached", "SuspendedEVSE", None)
        assert station.evses[1].outlet.state_of_charge == Percent.of("25.0")


@requirement("E16-S5")
async def test_the_cost_the_csms_tells_is_held_against_its_limit():
    async with scene(Version.V21, prepare=limiting(maxCost=2), variables=QUIET) as (station, csms, clock):
        await begin(station, clock)
        running = {"transactionId": station.transactions[0].id}
        await csms.ask("CostUpdated", running | {"totalCost": 1.99})
        await clock.advance(60)
        assert station.evses[1].state == "Charging"
        await csms.ask("CostUpdated", running | {"totalCost": 2})
        await clock.advance(1)
        assert story(csms)[-1] == ("Updated", "CostLimitReached", "SuspendedEVSE", None)


@requirement("E16-S6")
@pytest.mark.parametrize(
    ("limit", "trigger"),
    [({"maxEnergy": 500}, "EnergyLimitReached"), ({"maxTime": 300}, "TimeLimitReached")],
)
async def test_a_transaction_that_stops_with_its_energy_ends_at_its_limit(limit, trigger):
    async with scene(Version.V21, prepare=limiting(**limit), variables=BY_ENERGY) as (station, csms, clock):
        await begin(station, clock)
        await clock.advance(7200)
        assert story(csms)[-1][:2] == ("Ended", trigger)
        assert story(csms)[-1][3] == trigger


@requirement("E16-S7")
async def test_a_limit_that_is_exceeded_already_holds_at_once():
    async with scene(Version.V21, variables=QUIET) as (station, csms, clock):
        await begin(station, clock)
        await clock.advance(1800)
        csms.answers["TransactionEvent"] = lambda told: (
            {"transactionLimit": {"maxEnergy": 100}} if told["triggerReason"] == "Trigger" else {}
        )
        await csms.ask("TriggerMessage", {"requestedMessage": "TransactionEvent"})
        await clock.advance(1)
        assert [one[1:3] for one in story(csms)[-2:]] == [
            ("LimitSet", "Charging"),
            ("EnergyLimitReached", "SuspendedEVSE"),
        ]


@requirement("E16-S8")
async def test_a_higher_limit_lets_it_go_on():
    async with scene(Version.V21, prepare=limiting(maxEnergy=500), variables=QUIET) as (station, csms, clock):
        await begin(station, clock)
        await clock.advance(3600)
        csms.answers["TransactionEvent"] = lambda told: (
            {"transactionLimit": {"maxEnergy": 900}} if told["triggerReason"] == "Trigger" else {}
        )
        await csms.ask("TriggerMessage", {"requestedMessage": "TransactionEvent"})
        await clock.advance(3600)
        assert [one[1:3] for one in story(csms)[-3:]] == [
            ("LimitSet", "SuspendedEVSE"),
            ("ChargingStateChanged", "Charging"),
            ("EnergyLimitReached", "SuspendedEVSE"),
        ]
        assert station.evses[1].meter == WattHours.of(900)


@requirement("E16-S9")
async def test_a_limit_of_the_driver_is_told_and_never_exceeds_the_csmss():
    async with scene(Version.V21, prepare=limiting(maxEnergy=1000), variables=QUIET) as (station, csms, clock):
        await begin(station, clock)
        await station.limit(1, TransactionLimit(energy=WattHours.of(5000), seconds=900))
        await clock.advance(1)
        assert confirmed(csms) == [{"maxEnergy": 1000}, {"maxEnergy": 1000, "maxTime": 900}]
        await station.limit(1, TransactionLimit(energy=WattHours.of(400)))
        await clock.advance(1)
        assert confirmed(csms)[-1] == {"maxEnergy": 400, "maxTime": 900}


@requirement("E16-S10")
async def test_a_limit_it_does_not_support_is_left_alone():
    variables = QUIET | {("TxCtrlr", "SupportedLimits"): "maxTime"}
    prepare = limiting(maxEnergy=10, maxTime=7200)
    async with scene(Version.V21, prepare=prepare, variables=variables) as (station, csms, clock):
        await begin(station, clock)
        await clock.advance(600)
        assert confirmed(csms) == [{"maxTime": 7200}]
        assert station.evses[1].state == "Charging"


@requirement("E16-S11")
async def test_limits_reached_offline_are_told_afterwards_and_never_dropped():
    variables = QUIET | {("SampledDataCtrlr", "TxUpdatedInterval"): 1}
    async with scene(Version.V21, prepare=limiting(maxEnergy=2000), variables=variables) as (station, csms, clock):
        await begin(station, clock)
        csms.unreachable = True
        csms.cut()
        await clock.advance(6000)
        assert station.queued < 3000
        csms.unreachable = False
        await clock.advance(60)
        [reached] = [one for one in reports(csms) if one["triggerReason"] == "EnergyLimitReached"]
        assert reached["offline"] is True


@requirement("E16-S12")
async def test_201_has_no_limits():
    async with scene(Version.V201, variables=QUIET) as (station, csms, clock):
        await begin(station, clock)
        await station.limit(1, TransactionLimit(energy=WattHours.of(10)))
        await clock.advance(600)
        assert confirmed(csms) == []
        assert station.evses[1].state == "Charging"
    assert Version.V201 in TWO
