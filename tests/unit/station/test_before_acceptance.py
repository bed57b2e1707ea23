"""Charging before the CSMS has accepted the station: only where it is set to, and nothing is told before that."""

import pytest
from tests.unit.station.scripted import ALL, DRIVER, EPOCH, TWO, outcome, reports, scene

from amperanto.conformance.requirements import requirement
from amperanto.ocpp import Version
from amperanto.station import Vehicle

EAGER = {("TxCtrlr", "TxBeforeAcceptedEnabled"): True}
AT_THE_PLUG = {("TxCtrlr", "TxStartPoint"): "EVConnected", ("TxCtrlr", "TxStopPoint"): "EVConnected"}


def booted(status):
    def prepare(csms):
        csms.answers["BootNotification"] = {"status": status, "currentTime": EPOCH, "interval": 600}

    return prepare


def unreachable(csms):
    csms.unreachable = True


def told(csms):
    return [one for one in csms.actions() if one in ("TransactionEvent", "StartTransaction", "StopTransaction")]


async def a_charge(station, clock):
    await station.plug_in(1, Vehicle())
    said = await clock.until(station.present(DRIVER, 1))
    await clock.advance(120)
    return said.accepted


@requirement("B02-4")
@pytest.mark.parametrize("status", ["Pending", "Rejected"])
@pytest.mark.parametrize("version", ALL)
async def test_a_station_that_may_not_charges_nobody_before_it_is_accepted(version, status):
    async with scene(version, prepare=booted(status)) as (station, csms, clock):
        assert not await a_charge(station, clock)
        assert not station.transactions
        booted("Accepted")(csms)
        await clock.advance(600)
        assert station.online
        assert told(csms) == []
        assert (await clock.until(station.present(DRIVER, 1))).accepted
        await clock.advance(10)
        assert told(csms)
        assert len(station.transactions) == 1


@requirement("B02-4")
@pytest.mark.parametrize("version", ALL)
async def test_what_was_charged_before_the_acceptance_is_told_after_it(version):
    async with scene(version, prepare=booted("Pending"), variables=EAGER) as (station, csms, clock):
        assert await a_charge(station, clock)
        assert station.evses[1].outlet.contactor.closed
        await clock.until(station.present(DRIVER, 1))
        await clock.advance(60)
        assert set(csms.actions()) == {"BootNotification"}
        assert station.queued
        booted("Accepted")(csms)
        await clock.advance(600)
        assert told(csms)[0] == ("StartTransaction" if version is Version.V16 else "TransactionEvent")
        assert len(outcome(csms)) == 1
        assert not station.queued
        if version is not Version.V16:
            assert all(one["offline"] for one in reports(csms))


@requirement("B02-4")
@pytest.mark.parametrize("version", TWO)
async def test_a_station_no_csms_has_answered_since_it_started_is_not_accepted_either(version):
    async with scene(version, prepare=unreachable) as (station, _csms, clock):
        assert not await a_charge(station, clock)
        assert not station.transactions


@requirement("B02-4")
@pytest.mark.parametrize("version", TWO)
async def test_a_car_that_is_plugged_in_before_the_acceptance_begins_its_transaction_with_it(version):
    async with scene(version, prepare=booted("Pending"), variables=AT_THE_PLUG) as (station, csms, clock):
        await station.plug_in(1, Vehicle())
        await clock.advance(60)
        assert not station.transactions
        booted("Accepted")(csms)
        await clock.advance(600)
        first = reports(csms)[0]
        assert (first["eventType"], first["triggerReason"]) == ("Started", "CablePluggedIn")


@requirement("B02-4")
async def test_who_came_and_went_before_the_acceptance_leaves_no_transaction():
    async with scene(Version.V201, prepare=booted("Pending"), variables=AT_THE_PLUG) as (station, csms, clock):
        await station.plug_in(1, Vehicle())
        await station.unplug(1)
        booted("Accepted")(csms)
        await clock.advance(600)
        assert station.online
        assert not station.transactions
        assert station.evses[1].state == "Available"
