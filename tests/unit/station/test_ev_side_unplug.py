"""E09, E10: the cable is pulled at the car."""

import pytest
from tests.unit.station.scripted import ALL, DRIVER, TWO, outcome, reports, scene, story

from amperanto.conformance.requirements import requirement
from amperanto.ocpp import Version
from amperanto.station import Outlet, Token, Vehicle

QUIET = {("SampledDataCtrlr", "TxUpdatedInterval"): 0}
WAITS = QUIET | {("TxCtrlr", "StopTxOnEVSideDisconnect"): False}


async def pulled(station, clock, after=600):
    """A car charges, and its cable is pulled."""
    await station.plug_in(1, Vehicle())
    await clock.until(station.present(DRIVER, 1))
    await clock.advance(after)
    car = await station.unplug(1)
    await clock.advance(1)
    return car


@requirement("E09-S1", "1.6:StopTransaction-S2")
@pytest.mark.parametrize("version", ALL)
async def test_it_ends_authorisation_and_transaction_and_a_new_plug_needs_a_new_token(version):
    async with scene(version, variables=QUIET) as (station, csms, clock):
        await pulled(station, clock)
        if version is Version.V16:
            assert csms.of("StopTransaction")[-1]["reason"] == "EVDisconnected"
        else:
            assert story(csms)[-1] == ("Ended", "EVCommunicationLost", "Idle", "EVDisconnected")
        await station.plug_in(1, Vehicle())
        await clock.advance(300)
        assert len(station.transactions) == 1
        assert not station.evses[1].outlet.contactor.closed


@requirement("1.6:StatusNotification-9")
@pytest.mark.parametrize(("ends", "state"), [(True, "Finishing"), (False, "SuspendedEV")])
async def test_a_16_station_says_that_the_cable_was_pulled_at_the_car(ends, state):
    variables = QUIET | {
        ("TxCtrlr", "StopTxOnEVSideDisconnect"): ends,
        ("OCPPCommCtrlr", "UnlockOnEVSideDisconnect"): False,
    }
    async with scene(Version.V16, variables=variables) as (station, csms, clock):
        await pulled(station, clock)
        states = csms.of("StatusNotification")
        assert (states[-1]["status"], states[-1].get("info")) == (state, "EV side disconnected")
        assert [one["status"] for one in states if one.get("info")] == [state]


@requirement("E09-S2")
@pytest.mark.parametrize("unlocks", [True, False])
@pytest.mark.parametrize("version", ALL)
async def test_the_cable_is_unlocked_where_it_is_set_to_be_else_when_its_owner_comes(version, unlocks):
    variables = QUIET | {("OCPPCommCtrlr", "UnlockOnEVSideDisconnect"): unlocks}
    async with scene(version, variables=variables) as (station, csms, clock):
        await pulled(station, clock)
        place = station.evses[1]
        assert place.outlet.lock.locked is not unlocks
        if unlocks:
            assert place.state == "Available"
            return
        assert place.state == "Finishing"
        await clock.until(station.present(Token("SOMEBODY", "ISO14443"), 1))
        assert place.outlet.lock.locked
        await clock.until(station.present(DRIVER, 1))
        await clock.advance(1)
        assert not place.outlet.lock.locked
        assert place.state == "Available"
        assert len(station.transactions) == 1
        assert outcome(csms)[-1:] == outcome(csms)


@requirement("E10-S1", "E10-S2", "1.6:StopTransaction-S3")
@pytest.mark.parametrize("version", ALL)
async def test_a_transaction_set_to_wait_goes_on_when_the_cable_is_back(version):
    async with scene(version, variables=WAITS) as (station, csms, clock):
        car = await pulled(station, clock)
        place = station.evses[1]
        assert station.transactions[0].open
        assert place.outlet.lock.locked
        assert place.state == "SuspendedEV"
        used = place.meter
        await clock.advance(3600)
        assert place.meter == used
        await station.plug_in(1, car)
        await clock.advance(600)
        assert place.state == "Charging"
        assert place.meter > used
        assert len(station.transactions) == 1
        if version is not Version.V16:
            assert story(csms)[2:] == [
                ("Updated", "EVCommunicationLost", "Idle", None),
                ("Updated", "CablePluggedIn", "EVConnected", None),
                ("Updated", "ChargingStateChanged", "Charging", None),
            ]
        await clock.until(station.present(DRIVER, 1))
        await clock.advance(1)
        [end] = outcome(csms)
        assert end.get("reason", end.get("transactionInfo", {}).get("stoppedReason")) == "Local"


@requirement("E10-S3")
@pytest.mark.parametrize("version", TWO)
async def test_a_fixed_cable_that_does_not_come_back_in_time_ends_the_authorisation(version):
    outlet = Outlet()
    outlet.fixed_cable = True
    variables = WAITS | {("TxCtrlr", "EVConnectionTimeOut"): 90}
    async with scene(version, evses={1: outlet}, variables=variables) as (station, csms, clock):
        await pulled(station, clock)
        await clock.advance(80)
        assert station.transactions[0].open
        await clock.advance(20)
        assert story(csms)[-1] == ("Ended", "EVConnectTimeout", "Idle", "Timeout")
        assert len(reports(csms)) == 4


@requirement("E07-S3")
@pytest.mark.parametrize("version", TWO)
async def test_a_driver_may_end_it_while_the_cable_is_out(version):
    async with scene(version, variables=WAITS) as (station, csms, clock):
        await pulled(station, clock)
        await clock.until(station.present(DRIVER, 1))
        await clock.advance(1)
        assert story(csms)[-1] == ("Ended", "StopAuthorized", "Idle", "Local")
