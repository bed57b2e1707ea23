"""E01, E02, E03, E06, E15: where a transaction begins and ends, and what each event says."""

import pytest
from tests.unit.station.scripted import ALL, DRIVER, TWO, outcome, reports, scene, story

from amperanto.conformance.requirements import requirement
from amperanto.domain.meter_values import SignedValue
from amperanto.domain.quantities import WattHours
from amperanto.domain.stations import Fault
from amperanto.ocpp import Version
from amperanto.station import Outlet, Vehicle
from amperanto.station.hardware import Reading
from amperanto.station.transactions import never_ending

QUIET = {("SampledDataCtrlr", "TxUpdatedInterval"): 0}


def points(start: str, stop: str) -> dict[tuple[str, str], str | int]:
    return QUIET | {("TxCtrlr", "TxStartPoint"): start, ("TxCtrlr", "TxStopPoint"): stop}


async def a_visit(station, clock):
    """A car comes, is plugged, charged, stopped by its token, unplugged, and drives away."""
    await station.arrive(1)
    await clock.advance(10)
    await station.plug_in(1, Vehicle(wants=WattHours.of(1104)))
    await clock.advance(10)
    await clock.until(station.present(DRIVER, 1))
    await clock.advance(600)
    if station.evses[1].token is not None:  # it has not ended by itself
        await clock.until(station.present(DRIVER, 1))
    await clock.advance(10)
    await station.unplug(1)
    await clock.advance(10)
    await station.depart(1)
    await clock.advance(10)


STARTS = {
    "ParkingBayOccupancy": ("Started", "EVDetected", "Idle", None),
    "EVConnected": ("Started", "CablePluggedIn", "EVConnected", None),
    "Authorized": ("Started", "Authorized", "EVConnected", None),
    "PowerPathClosed": ("Started", "Authorized", "EVConnected", None),
    "EnergyTransfer": ("Started", "ChargingStateChanged", "Charging", None),
}
STOPS = {
    "ParkingBayOccupancy": ("Ended", "EVDeparted", "Idle", "Local"),
    "EVConnected": ("Ended", "EVCommunicationLost", "Idle", "EVDisconnected"),
    "Authorized": ("Ended", "StopAuthorized", "EVConnected", "Local"),
    "PowerPathClosed": ("Ended", "StopAuthorized", "EVConnected", "Local"),
    "EnergyTransfer": ("Ended", "ChargingStateChanged", "SuspendedEV", "StoppedByEV"),
}


@requirement("E01-S1", "E01-S2", "E06-S1", "E06-S2")
@pytest.mark.parametrize("stop", STOPS)
@pytest.mark.parametrize("start", STARTS)
@pytest.mark.parametrize("version", TWO)
async def test_every_pair_of_points_begins_and_ends_one_transaction_where_it_says(version, start, stop):
    async with scene(version, variables=points(start, stop)) as (station, csms, clock):
        await a_visit(station, clock)
        told = story(csms)
        assert told[0] == STARTS[start]
        assert told[-1] == STOPS[stop]
        assert [kind for kind, *_ in told[1:-1]] == ["Updated"] * (len(told) - 2)
        assert len({one["transactionInfo"]["transactionId"] for one in reports(csms)}) == 1
        assert [one["seqNo"] for one in reports(csms)] == list(range(len(told)))
        assert not station.transactions[0].open


@requirement("E01-S3")
@pytest.mark.parametrize("version", TWO)
async def test_a_transaction_may_begin_with_the_first_signed_reading(version):
    asked: list[Reading] = []

    def sign(reading: Reading) -> SignedValue:
        asked.append(reading)
        return SignedValue(data="OCMF|{}|{}", encoding="OCMF", signing_method="", public_key="key")

    outlet = Outlet()
    outlet.signer = sign
    variables = points("DataSigned", "Authorized") | {("SampledDataCtrlr", "SignReadings"): True}
    async with scene(version, evses={1: outlet}, variables=variables) as (station, csms, clock):
        await station.plug_in(1, Vehicle())
        await clock.advance(10)
        assert reports(csms) == []
        await clock.until(station.present(DRIVER, 1))
        await clock.advance(10)
        assert story(csms)[0][:2] == ("Started", "SignedDataReceived")
        assert reports(csms)[0]["idToken"]["idToken"] == DRIVER.uid


@requirement("E01-S4")
@pytest.mark.parametrize("version", TWO)
async def test_what_is_told_once_is_told_once(version):
    async with scene(version, variables=points("ParkingBayOccupancy", "ParkingBayOccupancy")) as (station, csms, clock):
        await station.arrive(1)
        await clock.advance(1)
        start = {"evseId": 1, "remoteStartId": 5, "idToken": {"idToken": "DRIVER", "type": "ISO14443"}}
        assert (await csms.ask("RequestStartTransaction", start))["status"] == "Accepted"
        await clock.advance(1)
        await station.plug_in(1, Vehicle(phases=2))
        await clock.advance(600)
        told = reports(csms)
        assert [one["transactionInfo"].get("remoteStartId") for one in told] == [None, 5, None, None]
        assert [one.get("idToken", {}).get("idToken") for one in told] == [None, "DRIVER", None, None]
        assert [one.get("evse") for one in told] == [None, None, {"id": 1, "connectorId": 1}, None]
        assert [one.get("numberOfPhasesUsed") for one in told] == [None, None, None, 2]


@requirement("E01-S4")
@pytest.mark.parametrize("version", TWO)
async def test_a_remote_start_that_begins_the_transaction_is_named_in_started_alone(version):
    async with scene(version, variables=QUIET) as (station, csms, clock):
        await station.plug_in(1, Vehicle(wants=WattHours.of(500)))
        start = {"evseId": 1, "remoteStartId": 5, "idToken": {"idToken": "DRIVER", "type": "ISO14443"}}
        assert (await csms.ask("RequestStartTransaction", start))["status"] == "Accepted"
        await clock.advance(600)
        told = [one["transactionInfo"].get("remoteStartId") for one in reports(csms)]
        assert told == [5, None, None]


@requirement("E01-S5")
@pytest.mark.parametrize("version", TWO)
async def test_the_readings_of_the_begin_wait_for_the_report_that_says_where_it_is(version):
    outlets = {1: Outlet(lifetime=WattHours.of(777))}
    async with scene(version, evses=outlets, variables=points("Authorized", "Authorized")) as (station, csms, clock):
        await clock.until(station.present(DRIVER, 1))
        await clock.advance(10)
        await station.plug_in(1, Vehicle())
        await clock.advance(10)
        first, plugged = reports(csms)[:2]
        assert "meterValue" not in first
        assert "evse" not in first
        [begin] = plugged["meterValue"]
        assert (begin["sampledValue"][0]["context"], begin["sampledValue"][0]["value"]) == ("Transaction.Begin", 777)
        assert begin["timestamp"] == first["timestamp"]


@requirement("E01-S6")
@pytest.mark.parametrize("version", TWO)
async def test_a_reservation_that_is_used_is_named_once(version):
    reserve = {
        "id": 9,
        "evseId": 1,
        "expiryDateTime": "2026-01-01T10:00:00Z",
        "idToken": {"idToken": DRIVER.uid, "type": DRIVER.type},
    }
    async with scene(version, variables=QUIET) as (station, csms, clock):
        assert (await csms.ask("ReserveNow", reserve))["status"] == "Accepted"
        await station.plug_in(1, Vehicle())
        await clock.until(station.present(DRIVER, 1))
        await clock.advance(600)
        assert [one.get("reservationId") for one in reports(csms)] == [9, None]


@requirement("E01-S7", "E02-S1", "E02-S2")
@pytest.mark.parametrize("version", TWO)
async def test_cable_first_then_token_then_energy_each_have_their_event(version):
    async with scene(version, variables=points("EVConnected", "EVConnected")) as (station, csms, clock):
        await a_visit(station, clock)
        assert story(csms) == [
            ("Started", "CablePluggedIn", "EVConnected", None),
            ("Updated", "Authorized", "EVConnected", None),
            ("Updated", "ChargingStateChanged", "Charging", None),
            ("Updated", "ChargingStateChanged", "SuspendedEV", None),
            ("Updated", "StopAuthorized", "EVConnected", None),
            ("Ended", "EVCommunicationLost", "Idle", "EVDisconnected"),
        ]


@requirement("E02-S3")
@pytest.mark.parametrize("version", TWO)
async def test_the_phases_are_told_when_energy_starts_and_not_again_while_they_stay(version):
    async with scene(version) as (station, csms, clock):
        await station.plug_in(1, Vehicle(phases=1))
        await clock.until(station.present(DRIVER, 1))
        await clock.advance(300)
        phases = [one.get("numberOfPhasesUsed") for one in reports(csms)]
        assert phases == [None, 1, *[None] * (len(phases) - 2)]


@requirement("E03-S1")
@pytest.mark.parametrize("version", TWO)
async def test_a_token_nobody_plugs_in_for_ends_its_transaction_by_timeout(version):
    variables = points("Authorized", "Authorized") | {("TxCtrlr", "EVConnectionTimeOut"): 45}
    async with scene(version, variables=variables) as (station, csms, clock):
        await clock.until(station.present(DRIVER, 1))
        await clock.advance(44)
        assert station.transactions[0].open
        await clock.advance(2)
        assert story(csms)[-1] == ("Ended", "EVConnectTimeout", "Idle", "Timeout")


@requirement("E03-S2")
@pytest.mark.parametrize("version", TWO)
async def test_a_car_in_the_bay_keeps_its_transaction_and_loses_its_authorisation_only(version):
    async with scene(version, variables=points("ParkingBayOccupancy", "ParkingBayOccupancy")) as (station, csms, clock):
        await station.arrive(1)
        await clock.until(station.present(DRIVER, 1))
        await clock.advance(61)
        assert story(csms)[-1] == ("Updated", "EVConnectTimeout", "Idle", None)
        assert station.evses[1].token is None
        await station.depart(1)
        await clock.advance(1)
        assert story(csms)[-1] == ("Ended", "EVDeparted", "Idle", "Local")


@requirement("E03-S3")
async def test_16_starts_nothing_for_a_token_nobody_plugs_in_for():
    async with scene(Version.V16) as (station, csms, clock):
        await clock.until(station.present(DRIVER, 1))
        await clock.advance(61)
        await station.plug_in(1, Vehicle())
        await clock.advance(60)
        assert csms.of("StartTransaction") == []


@requirement("E06-S3")
@pytest.mark.parametrize("version", ALL)
@pytest.mark.parametrize(
    ("code", "reason"),
    [("GroundFailure", "GroundFault"), ("OverCurrentFailure", "OvercurrentFault"), ("HighTemperature", "Other")],
)
async def test_a_fault_ends_the_transaction_whatever_its_stop_point(version, code, reason):
    async with scene(version, variables=points("EVConnected", "EVConnected")) as (station, csms, clock):
        await station.plug_in(1, Vehicle())
        await clock.until(station.present(DRIVER, 1))
        await clock.advance(60)
        await station.fail(1, Fault(code=code))
        await clock.advance(1)
        if version is Version.V16:
            assert csms.of("StopTransaction")[-1]["reason"] == "Other"
        else:
            assert story(csms)[-1] == ("Ended", "AbnormalCondition", "EVConnected", reason)


@requirement("E06-S4")
@pytest.mark.parametrize("version", ALL)
async def test_the_cable_is_free_after_the_end_and_locked_before(version):
    async with scene(version) as (station, _, clock):
        await station.plug_in(1, Vehicle())
        await clock.until(station.present(DRIVER, 1))
        await clock.advance(60)
        assert station.evses[1].outlet.lock.locked
        await clock.until(station.present(DRIVER, 1))
        assert not station.evses[1].outlet.lock.locked


@requirement("E06-S5")
@pytest.mark.parametrize("version", TWO)
async def test_a_pair_of_points_that_need_never_end_is_warned_about(version):
    def asked(variable, value):
        line = {"component": {"name": "TxCtrlr"}, "variable": {"name": variable}, "attributeValue": value}
        return {"setVariableData": [line]}

    async with scene(version) as (station, csms, _):
        assert station.warnings == []
        fine = await csms.ask("SetVariables", asked("TxStopPoint", "EVConnected"))
        assert "attributeStatusInfo" not in fine["setVariableResult"][0]
        odd = await csms.ask("SetVariables", asked("TxStartPoint", "ParkingBayOccupancy"))
        [result] = odd["setVariableResult"]
        assert (result["attributeStatus"], result["attributeStatusInfo"]["reasonCode"]) == ("Accepted", "TxNeverEnds")
        assert "ParkingBayOccupancy" in station.warnings[0]
    assert never_ending(["EnergyTransfer"], ["Authorized"]) == []
    assert never_ending(["EVConnected"], ["Authorized"]) == ["EVConnected"]


@requirement("E06-S6")
@pytest.mark.parametrize("version", TWO)
async def test_data_signed_is_no_stop_point(version):
    async with scene(version) as (_, csms, __):
        line = {"component": {"name": "TxCtrlr"}, "variable": {"name": "TxStopPoint"}, "attributeValue": "DataSigned"}
        answer = await csms.ask("SetVariables", {"setVariableData": [line]})
        assert answer["setVariableResult"][0]["attributeStatus"] == "Rejected"


@requirement("E15-S1")
@pytest.mark.parametrize(("stop", "kind"), [("Authorized", "Ended"), ("EVConnected", "Updated")])
@pytest.mark.parametrize("version", TWO)
async def test_a_car_that_ends_the_charging_itself_ends_what_its_stop_point_says(version, stop, kind):
    async with scene(version, variables=points("PowerPathClosed", stop)) as (station, csms, clock):
        await station.plug_in(1, Vehicle())
        await clock.until(station.present(DRIVER, 1))
        await clock.advance(60)
        await station.end_by_car(1)
        await clock.advance(1)
        reason = "StoppedByEV" if kind == "Ended" else None
        assert story(csms)[-1] == (kind, "StopAuthorized", "EVConnected", reason)
        assert not station.evses[1].outlet.contactor.closed


@requirement("1.6:StopTransaction-S1")
@pytest.mark.parametrize(
    ("deed", "reason"),
    [
        ("token", "Local"),
        ("unplug", "EVDisconnected"),
        ("button", "EmergencyStop"),
        ("remote", "Remote"),
        ("unlock", "UnlockCommand"),
        ("soft", "SoftReset"),
        ("hard", "HardReset"),
        ("power", "PowerLoss"),
        ("crash", "Reboot"),
        ("fault", "Other"),
        ("refused", "DeAuthorized"),
    ],
)
async def test_16_says_each_reason_for_a_stop(deed, reason):
    async with scene(Version.V16, variables=QUIET) as (station, csms, clock):
        if deed == "refused":
            csms.answers["StartTransaction"] = {"idTagInfo": {"status": "Blocked"}, "transactionId": 41}
        await station.plug_in(1, Vehicle())
        await clock.until(station.present(DRIVER, 1))
        await clock.advance(60)
        deeds = {
            "token": lambda: clock.until(station.present(DRIVER, 1)),
            "unplug": lambda: station.unplug(1),
            "button": lambda: station.press_emergency_stop(1),
            "remote": lambda: csms.ask("RemoteStopTransaction", {"transactionId": 41}),
            "unlock": lambda: csms.ask("UnlockConnector", {"connectorId": 1}),
            "soft": lambda: csms.ask("Reset", {"type": "Soft"}),
            "hard": lambda: csms.ask("Reset", {"type": "Hard"}),
            "power": station.lose_power,
            "crash": lambda: clock.until(station.reboot()),
            "fault": lambda: station.fail(1, Fault(code="HighTemperature")),
        }
        if deed != "refused":
            await deeds[deed]()
        await clock.advance(20)
        await station.restore()
        await clock.advance(60)
        [stop] = csms.of("StopTransaction")
        assert stop["reason"] == reason
        assert outcome(csms) == [stop]
