"""E05: a token that the CSMS refuses on hearing of the transaction."""

import pytest
from tests.unit.station.scripted import ALL, DRIVER, TWO, outcome, reports, scene, story

from amperanto.conformance.requirements import requirement
from amperanto.domain.quantities import WattHours
from amperanto.ocpp import Version
from amperanto.station import Token, Vehicle

QUIET = {("SampledDataCtrlr", "TxUpdatedInterval"): 0}
GOES_ON = QUIET | {("TxCtrlr", "StopTxOnInvalidId"): False}


def refusing(csms):
    """A CSMS that lets the token in and refuses it when it hears of the transaction."""
    info = {"status": "Blocked"}
    csms.answers["StartTransaction"] = {"idTagInfo": info, "transactionId": 7}
    csms.answers["TransactionEvent"] = lambda told: {"idTokenInfo": info} if "idToken" in told else {}


async def begin(station, clock):
    await station.plug_in(1, Vehicle())
    await clock.until(station.present(DRIVER, 1))
    await clock.advance(1)


@requirement("E05-S1")
@pytest.mark.parametrize("stop", ["Authorized", "PowerPathClosed", "EnergyTransfer"])
@pytest.mark.parametrize("version", TWO)
async def test_it_ends_the_transaction_where_authorisation_path_or_energy_is_the_stop_point(version, stop):
    variables = QUIET | {("TxCtrlr", "TxStopPoint"): stop}
    async with scene(version, prepare=refusing, variables=variables) as (station, csms, clock):
        await begin(station, clock)
        assert story(csms)[-1][:2] == ("Ended", "Deauthorized")
        assert story(csms)[-1][3] == "DeAuthorized"


@requirement("E05-S2")
@pytest.mark.parametrize("version", TWO)
async def test_elsewhere_energy_stops_and_the_transaction_stays(version):
    variables = QUIET | {("TxCtrlr", "TxStopPoint"): "EVConnected"}
    async with scene(version, prepare=refusing, variables=variables) as (station, csms, clock):
        await begin(station, clock)
        await clock.advance(600)
        state = "EVConnected" if version is Version.V21 else "SuspendedEVSE"
        assert story(csms)[-1] == ("Updated", "Deauthorized", state, None)
        assert not station.evses[1].outlet.contactor.closed
        await station.unplug(1)
        await clock.advance(1)
        assert story(csms)[-1] == ("Ended", "EVCommunicationLost", "Idle", "EVDisconnected")


@requirement("E05-S3", "1.6:StartTransaction-S1")
@pytest.mark.parametrize("version", ALL)
async def test_a_station_set_to_go_on_gives_what_it_may_to_the_watt_hour_then_suspends(version):
    variables = GOES_ON | {("TxCtrlr", "MaxEnergyOnInvalidId"): 500}
    async with scene(version, prepare=refusing, variables=variables) as (station, csms, clock):
        await begin(station, clock)
        await clock.advance(60)
        assert station.evses[1].state == "Charging"
        await clock.advance(3600)
        assert station.evses[1].state == "SuspendedEVSE"
        assert station.transactions[0].open
        given = station.evses[1].outlet.meter.counted - station.transactions[0].meter_start
        assert WattHours.of(500) <= given < WattHours.of(510)
        if version is not Version.V16:
            assert story(csms)[-1] == ("Updated", "Deauthorized", "SuspendedEVSE", None)


@requirement("E05-S4", "1.6:StartTransaction-S2")
@pytest.mark.parametrize("version", ALL)
async def test_without_an_allowance_energy_stops_at_once(version):
    async with scene(version, prepare=refusing, variables=GOES_ON) as (station, csms, clock):
        await begin(station, clock)
        before = station.evses[1].meter
        await clock.advance(3600)
        assert station.evses[1].meter == before
        assert station.evses[1].state == "SuspendedEVSE"
        assert outcome(csms) == []


@requirement("1.6:StartTransaction-S3")
async def test_16_stops_a_refused_tag_with_deauthorized():
    async with scene(Version.V16, prepare=refusing) as (station, csms, clock):
        await begin(station, clock)
        [stop] = csms.of("StopTransaction")
        assert (stop["transactionId"], stop["reason"]) == (7, "DeAuthorized")
        assert station.evses[1].state == "Finishing"


@requirement("E05-S5")
@pytest.mark.parametrize("version", ALL)
async def test_the_cable_stays_locked_until_its_owner_comes(version):
    async with scene(version, prepare=refusing) as (station, _, clock):
        await begin(station, clock)
        assert station.evses[1].outlet.lock.locked
        await clock.until(station.present(Token("SOMEBODY", "ISO14443"), 1))
        await clock.advance(1)
        assert station.evses[1].outlet.lock.locked
        await clock.until(station.present(DRIVER, 1))
        assert not station.evses[1].outlet.lock.locked


@requirement("E05-S6")
@pytest.mark.parametrize("version", TWO)
async def test_what_was_charged_offline_ends_the_same_way_when_the_csms_hears_of_it(version):
    async with scene(version, prepare=refusing, variables=QUIET) as (station, csms, clock):
        csms.unreachable = True
        csms.cut()
        await clock.advance(1)
        await begin(station, clock)
        await clock.advance(300)
        assert station.evses[1].state == "Charging"
        csms.unreachable = False
        await clock.advance(60)
        assert story(csms)[-1][:2] == ("Ended", "Deauthorized")
        assert "offline" not in reports(csms)[-1]
