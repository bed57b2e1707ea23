"""Remote start and stop, unlock, trigger."""

import pytest
from tests.unit.station.scripted import ALL, DRIVER, EPOCH, TWO, Refusal, reports, scene

from amperanto.conformance.requirements import requirement
from amperanto.domain.quantities import WattHours
from amperanto.domain.stations import Fault
from amperanto.ocpp import Version
from amperanto.station import Vehicle


async def start(csms, *, evse=None, number=99):
    if csms.version is Version.V16:
        asked = {"idTag": "REMOTE"} if evse is None else {"idTag": "REMOTE", "connectorId": evse}
        return (await csms.ask("RemoteStartTransaction", asked))["status"]
    asked = {"idToken": {"idToken": "REMOTE", "type": "Central"}, "remoteStartId": number}
    return (await csms.ask("RequestStartTransaction", asked if evse is None else {**asked, "evseId": evse}))["status"]


async def stop(csms, station):
    reference = station.transactions[-1].reference
    if csms.version is Version.V16:
        return (await csms.ask("RemoteStopTransaction", {"transactionId": int(reference)}))["status"]
    return (await csms.ask("RequestStopTransaction", {"transactionId": reference}))["status"]


@requirement(
    "F01-7",
    "F01-8",
    "F03-1",
    "F03-2",
    "1.6:RemoteStartTransaction-2",
    "1.6:RemoteStopTransaction-1",
    "1.6:RemoteStopTransaction-2",
)
@pytest.mark.parametrize("version", ALL)
async def test_a_waiting_car_is_started_and_stopped_from_afar(version):
    async with scene(version, evses=2) as (station, csms, clock):
        await station.plug_in(2, Vehicle())
        assert await start(csms) == "Accepted"
        await clock.advance(600)
        assert station.evses[2].state == "Charging"
        assert csms.of("Authorize") == []
        assert await stop(csms, station) == "Accepted"
        await clock.advance(1)
        if version is Version.V16:
            assert csms.of("StopTransaction")[-1]["reason"] == "Remote"
        else:
            end = csms.of("TransactionEvent")[-1]
            assert (end["eventType"], end["triggerReason"]) == ("Ended", "RemoteStop")
            assert end["transactionInfo"]["stoppedReason"] == "Remote"
        assert station.transactions[0].energy > WattHours.of(1800)
        assert await stop(csms, station) == "Rejected"


@requirement("F01-15", "F02-1", "C05-3")
@pytest.mark.parametrize("version", TWO)
async def test_the_first_report_names_the_request_that_started_it(version):
    async with scene(version) as (station, csms, clock):
        assert await start(csms, number=4711) == "Accepted"
        await clock.advance(10)
        await station.plug_in(1, Vehicle())
        await clock.advance(1)
        first = reports(csms)[0]
        assert first["transactionInfo"]["remoteStartId"] == 4711
        assert (first["triggerReason"], first["idToken"]["idToken"]) == ("CablePluggedIn", "REMOTE")
        assert [one["transactionInfo"].get("remoteStartId") for one in reports(csms)[1:]] == [None]


@requirement("F01-11", "1.6:RemoteStartTransaction-4")
@pytest.mark.parametrize("version", ALL)
async def test_a_used_or_unknown_evse_is_not_started(version):
    async with scene(version) as (station, csms, clock):
        assert await start(csms, evse=7) == "Rejected"
        await station.plug_in(1, Vehicle())
        await clock.until(station.present(DRIVER, 1))
        assert await start(csms) == "Rejected"
        assert await start(csms, evse=1) == "Rejected"


@requirement("1.6:RemoteStartTransaction-1")
@pytest.mark.parametrize("version", ALL)
async def test_a_station_may_have_to_authorise_a_remote_start(version):
    async with scene(version, variables={("AuthCtrlr", "AuthorizeRemoteStart"): True}) as (station, csms, clock):
        csms.answers["Authorize"] = {"idTagInfo" if version is Version.V16 else "idTokenInfo": {"status": "Blocked"}}
        if version is not Version.V16:
            return  # A Central token is never asked about (C05).
        await station.plug_in(1, Vehicle())
        assert await start(csms) == "Accepted"
        await clock.advance(10)
        assert station.transactions == []
        assert csms.of("Authorize") == [{"idTag": "REMOTE"}]


async def unlock(csms, connector=1):
    if csms.version is Version.V16:
        return (await csms.ask("UnlockConnector", {"connectorId": connector}))["status"]
    return (await csms.ask("UnlockConnector", {"evseId": connector, "connectorId": 1}))["status"]


@requirement("F05-1", "F05-2", "F05-4", "1.6:UnlockConnector-2", "1.6:UnlockConnector-3")
@pytest.mark.parametrize("version", ALL)
async def test_a_cable_is_unlocked_if_the_lock_lets_it(version):
    async with scene(version) as (station, csms, _clock):
        lock = station.evses[1].outlet.lock
        await station.plug_in(1, Vehicle())
        assert lock.locked
        assert await unlock(csms) == "Unlocked"
        assert not lock.locked
        lock.lock()
        lock.jammed = True
        assert await unlock(csms) == "UnlockFailed"
        assert await unlock(csms, 9) == ("NotSupported" if version is Version.V16 else "UnknownConnector")


@requirement("F05-3", "1.6:UnlockConnector-1")
@pytest.mark.parametrize("version", ALL)
async def test_unlocking_during_a_transaction_ends_it_in_16_and_is_refused_in_2x(version):
    async with scene(version) as (station, csms, clock):
        await station.plug_in(1, Vehicle())
        await clock.until(station.present(DRIVER, 1))
        await clock.advance(60)
        answer = await unlock(csms)
        await clock.advance(1)
        if version is Version.V16:
            assert answer == "Unlocked"
            assert csms.of("StopTransaction")[0]["reason"] == "UnlockCommand"
        else:
            assert answer == "OngoingAuthorizedTransaction"
            assert station.transactions[0].open


@requirement("F06-1", "F06-2", "1.6:TriggerMessage-1")
@pytest.mark.parametrize("version", ALL)
@pytest.mark.parametrize("wanted", ["Heartbeat", "StatusNotification", "MeterValues", "FirmwareStatusNotification"])
async def test_a_triggered_message_follows_its_answer(version, wanted):
    async with scene(version) as (_, csms, clock):
        before = len(csms.frames)
        assert await csms.ask("TriggerMessage", {"requestedMessage": wanted}) == {"status": "Accepted"}
        await clock.advance(1)
        answer, message = csms.frames[before], csms.frames[before + 1]
        assert answer[0] == 3
        expected = "NotifyEvent" if (wanted, version) == ("StatusNotification", Version.V21) else wanted
        assert message[2] == expected


@requirement("F06-6")
@pytest.mark.parametrize("version", TWO)
async def test_a_running_transaction_reports_when_triggered(version):
    async with scene(version) as (station, csms, clock):
        asked = {"requestedMessage": "TransactionEvent"}
        assert await csms.ask("TriggerMessage", asked) == {"status": "Rejected"}
        await station.plug_in(1, Vehicle())
        await clock.until(station.present(DRIVER, 1))
        await clock.advance(10)
        assert await csms.ask("TriggerMessage", {**asked, "evse": {"id": 1}}) == {"status": "Accepted"}
        await clock.advance(1)
        last = reports(csms)[-1]
        assert last["triggerReason"] == "Trigger"
        assert last["meterValue"]
        assert await csms.ask("TriggerMessage", {**asked, "evse": {"id": 5}}) == {"status": "Rejected"}


async def test_a_16_reading_triggered_during_a_transaction_belongs_to_it():
    async with scene(Version.V16) as (station, csms, clock):
        await station.plug_in(1, Vehicle())
        await clock.until(station.present(DRIVER, 1))
        await clock.advance(10)
        await csms.ask("TriggerMessage", {"requestedMessage": "MeterValues", "connectorId": 1})
        await clock.advance(1)
        reading = csms.of("MeterValues")[-1]
        assert reading["transactionId"] == 41
        assert reading["meterValue"][0]["sampledValue"][0]["context"] == "Trigger"


@requirement("F06-9")
@pytest.mark.parametrize("version", TWO)
async def test_what_cannot_be_triggered_is_not_implemented(version):
    async with scene(version) as (_, csms, _clock):
        asked = {"requestedMessage": "SignChargingStationCertificate"}
        assert await csms.ask("TriggerMessage", asked) == {"status": "NotImplemented"}


@requirement("F06-8")
@pytest.mark.parametrize("version", ALL)
async def test_a_log_is_idle_when_asked(version):
    async with scene(version) as (_, csms, clock):
        action = "ExtendedTriggerMessage" if version is Version.V16 else "TriggerMessage"
        assert await csms.ask(action, {"requestedMessage": "LogStatusNotification"}) == {"status": "Accepted"}
        await clock.advance(1)
        assert csms.of("LogStatusNotification") == [{"status": "Idle"}]


@pytest.mark.parametrize("about", ["Diagnostics", "Firmware"])
async def test_16_tells_of_diagnostics_and_firmware_in_the_form_it_is_asked_for(about):
    async with scene(Version.V16) as (_, csms, clock):
        await csms.ask("TriggerMessage", {"requestedMessage": f"{about}StatusNotification"})
        await clock.advance(1)
        assert csms.actions()[-1] == f"{about}StatusNotification"
        newer = {"Diagnostics": "LogStatusNotification", "Firmware": "FirmwareStatusNotification"}[about]
        await csms.ask("ExtendedTriggerMessage", {"requestedMessage": newer})
        await clock.advance(1)
        assert csms.actions()[-1] == ("Signed" + newer if about == "Firmware" else newer)


@pytest.mark.parametrize("version", ALL)
async def test_nobodys_data_transfer_is_known(version):
    async with scene(version) as (_, csms, _clock):
        assert await csms.ask("DataTransfer", {"vendorId": "com.example"}) == {"status": "UnknownVendorId"}


@pytest.mark.parametrize("version", ALL)
async def test_a_csms_that_refuses_what_it_triggered_harms_nothing(version):
    async with scene(version) as (station, csms, clock):
        csms.answers["Heartbeat"] = Refusal("InternalError")
        await csms.ask("TriggerMessage", {"requestedMessage": "Heartbeat"})
        await clock.advance(10)
        assert station.online


@requirement("1.6:TriggerMessage-4")
async def test_a_16_station_asked_for_its_states_tells_its_own_too():
    async with scene(Version.V16, evses=2) as (_, csms, clock):
        before = len(csms.of("StatusNotification"))
        assert await csms.ask("TriggerMessage", {"requestedMessage": "StatusNotification"}) == {"status": "Accepted"}
        await clock.advance(1)
        assert [one["connectorId"] for one in csms.of("StatusNotification")[before:]] == [0, 1, 2]


@requirement("F06-4")
@pytest.mark.parametrize("version", TWO)
async def test_a_connector_that_does_not_exist_triggers_nothing(version):
    async with scene(version) as (_, csms, _clock):
        asked = {"requestedMessage": "StatusNotification", "evse": {"id": 1, "connectorId": 2}}
        assert await csms.ask("TriggerMessage", asked) == {"status": "Rejected"}


@pytest.mark.parametrize("version", ALL)
async def test_a_pending_station_tells_its_meter_when_asked(version):
    def prepare(csms):
        csms.answers["BootNotification"] = {"status": "Pending", "currentTime": EPOCH, "interval": 600}

    async with scene(version, prepare=prepare) as (_, csms, clock):
        assert await csms.ask("TriggerMessage", {"requestedMessage": "MeterValues"}) == {"status": "Accepted"}
        await clock.advance(1)
        assert csms.of("MeterValues")


@requirement("F01-6")
@pytest.mark.parametrize("version", TWO)
async def test_a_station_set_to_asks_about_the_token_before_it_starts(version):
    async with scene(version, variables={("AuthCtrlr", "AuthorizeRemoteStart"): True}) as (station, csms, clock):
        await station.plug_in(1, Vehicle())
        asked = {"idToken": {"idToken": "04A2", "type": "ISO14443"}, "remoteStartId": 1}
        csms.answers["Authorize"] = {"idTokenInfo": {"status": "Blocked"}}
        assert (await csms.ask("RequestStartTransaction", asked))["status"] == "Accepted"
        await clock.advance(10)
        assert (station.transactions, len(csms.of("Authorize"))) == ([], 1)
        csms.answers["Authorize"] = {"idTokenInfo": {"status": "Accepted"}}
        assert (await csms.ask("RequestStartTransaction", asked))["status"] == "Accepted"
        await clock.advance(10)
        assert (len(station.transactions), len(csms.of("Authorize"))) == (1, 2)


@requirement("F01-10", "1.6:RemoteStartTransaction-4")
@pytest.mark.parametrize("version", ALL)
@pytest.mark.parametrize("state", ["Faulted", "Unavailable"])
async def test_a_place_that_is_broken_or_out_of_service_is_not_started(version, state):
    async with scene(version) as (station, csms, _clock):
        if state == "Faulted":
            await station.fail(1, Fault(code="GroundFailure"))
        elif version is Version.V16:
            await csms.ask("ChangeAvailability", {"connectorId": 1, "type": "Inoperative"})
        else:
            await csms.ask("ChangeAvailability", {"operationalStatus": "Inoperative"})
        assert station.evses[1].state == state
        assert await start(csms, evse=1) == "Rejected"
        assert await start(csms) == "Rejected"


@requirement("1.6:RemoteStartTransaction-6")
@pytest.mark.parametrize("version", ALL)
async def test_a_station_that_is_not_accepted_yet_is_not_started(version):
    def prepare(csms):
        csms.answers["BootNotification"] = {"status": "Pending", "currentTime": EPOCH, "interval": 600}

    async with scene(version, prepare=prepare) as (_, csms, _clock):
        assert await start(csms) == "Rejected"


@requirement("F01-16")
@pytest.mark.parametrize("version", TWO)
async def test_a_transaction_that_runs_already_is_named_in_the_answer_and_gets_the_request(version):
    async with scene(version, variables={("TxCtrlr", "TxStartPoint"): "EVConnected"}) as (station, csms, clock):
        await station.plug_in(1, Vehicle())
        await clock.advance(1)
        asked = {"idToken": {"idToken": "REMOTE", "type": "Central"}, "remoteStartId": 5}
        answer = await csms.ask("RequestStartTransaction", asked)
        assert answer == {"status": "Accepted", "transactionId": station.transactions[0].reference}
        await clock.advance(1)
        told = [one for one in reports(csms) if "remoteStartId" in one["transactionInfo"]]
        assert [(one["eventType"], one["triggerReason"]) for one in told] == [("Updated", "RemoteStart")]


def with_profile(purpose="TxProfile", starts=(0,), **more):
    periods = [{"startPeriod": start, "limit": 10.0} for start in starts]
    profile = {
        "id": 1, "stackLevel": 0, "chargingProfilePurpose": purpose, "chargingProfileKind": "Relative",
        "chargingSchedule": [{"id": 1, "chargingRateUnit": "A", "chargingSchedulePeriod": periods}], **more,
    }  # fmt: skip
    return {"idToken": {"idToken": "REMOTE", "type": "Central"}, "remoteStartId": 5, "chargingProfile": profile}


@requirement("F01-12", "F01-14")
@pytest.mark.parametrize("version", TWO)
@pytest.mark.parametrize(
    ("asked", "reason"),
    [
        (with_profile("TxDefaultProfile"), "InvalidProfile"),
        (with_profile(transactionId="T"), "InvalidProfile"),
        (with_profile(starts=(60,)), "InvalidSchedule"),
        (with_profile(starts=(0, 60, 60)), "InvalidSchedule"),
    ],
)
async def test_a_profile_that_cannot_be_is_refused_with_its_reason(version, asked, reason):
    async with scene(version, variables={("SmartChargingCtrlr", "Enabled"): True}) as (station, csms, clock):
        await station.plug_in(1, Vehicle())
        answer = await csms.ask("RequestStartTransaction", asked)
        assert (answer["status"], answer["statusInfo"]["reasonCode"]) == ("Rejected", reason)
        await clock.advance(5)
        assert station.transactions == []
        assert (await csms.ask("RequestStartTransaction", with_profile(starts=(0, 60))))["status"] == "Accepted"


@requirement("F01-13")
@pytest.mark.parametrize("version", TWO)
async def test_a_station_without_smart_charging_ignores_the_profile(version):
    async with scene(version) as (station, csms, clock):
        await station.plug_in(1, Vehicle())
        answer = await csms.ask("RequestStartTransaction", with_profile("TxDefaultProfile"))
        assert answer["status"] == "Accepted"
        await clock.advance(5)
        assert len(station.transactions) == 1


@requirement("F02-2")
@pytest.mark.parametrize("version", ALL)
async def test_who_is_started_from_afar_and_brings_no_car_in_time_loses_it_again(version):
    async with scene(version) as (station, csms, clock):
        assert await start(csms) == "Accepted"
        await clock.advance(61)
        await station.plug_in(1, Vehicle())
        await clock.advance(5)
        assert station.transactions == []
        assert station.evses[1].state == "Preparing"


@requirement("F03-3", "F04-1")
@pytest.mark.parametrize("version", TWO)
async def test_a_stop_where_the_cable_ends_the_transaction_ends_the_energy_first(version):
    points = {("TxCtrlr", "TxStopPoint"): "EVConnected"}
    async with scene(version, variables=points) as (station, csms, clock):
        await station.plug_in(1, Vehicle())
        assert await start(csms) == "Accepted"
        await clock.advance(60)
        assert await stop(csms, station) == "Accepted"
        await clock.advance(1)
        last = reports(csms)[-1]
        assert (last["eventType"], last["triggerReason"]) == ("Updated", "RemoteStop")
        assert last["transactionInfo"]["chargingState"] == "EVConnected"
        used = station.evses[1].meter
        await clock.advance(600)
        assert station.evses[1].meter == used
        await station.unplug(1)
        await clock.advance(1)
        assert reports(csms)[-1]["eventType"] == "Ended"


@requirement("F05-5")
@pytest.mark.parametrize("version", ALL)
async def test_a_lock_without_a_cable_is_tried_all_the_same(version):
    async with scene(version) as (station, csms, _clock):
        lock = station.evses[1].outlet.lock
        lock.lock()
        assert await unlock(csms) == "Unlocked"
        assert not lock.locked


@requirement("1.6:UnlockConnector-4")
async def test_a_16_station_as_a_whole_has_no_lock():
    async with scene(Version.V16) as (_, csms, _clock):
        assert await unlock(csms, 0) == "NotSupported"


@requirement("F06-3", "1.6:TriggerMessage-3")
@pytest.mark.parametrize("version", ALL)
async def test_an_accepted_station_does_not_boot_because_it_is_asked_to(version):
    async with scene(version) as (_, csms, clock):
        asked = {"requestedMessage": "BootNotification"}
        assert await csms.ask("TriggerMessage", asked) == {"status": "Rejected"}
        await clock.advance(10)
        assert len(csms.of("BootNotification")) == 1


@requirement("F06-5")
@pytest.mark.parametrize("version", TWO)
async def test_triggered_readings_are_those_of_the_aligned_data_of_all_places(version):
    variables = {("AlignedDataCtrlr", "Measurands"): "Voltage"}
    async with scene(version, evses=2, variables=variables) as (_, csms, clock):
        assert await csms.ask("TriggerMessage", {"requestedMessage": "MeterValues"}) == {"status": "Accepted"}
        await clock.advance(1)
        told = csms.of("MeterValues")
        assert [one["evseId"] for one in told] == [1, 2]
        samples = [sample for one in told for value in one["meterValue"] for sample in value["sampledValue"]]
        assert {(sample["measurand"], sample["context"]) for sample in samples} == {("Voltage", "Trigger")}


@requirement("F06-7")
@pytest.mark.parametrize("version", TWO)
async def test_a_triggered_transaction_report_tells_state_and_sampled_measurands(version):
    variables = {("SampledDataCtrlr", "TxUpdatedMeasurands"): "Voltage"}
    async with scene(version, variables=variables) as (station, csms, clock):
        await station.plug_in(1, Vehicle())
        await clock.until(station.present(DRIVER, 1))
        await clock.advance(10)
        await csms.ask("TriggerMessage", {"requestedMessage": "TransactionEvent"})
        await clock.advance(1)
        last = reports(csms)[-1]
        assert last["transactionInfo"]["chargingState"] == "Charging"
        samples = last["meterValue"][0]["sampledValue"]
        assert {sample["measurand"] for sample in samples} == {"Voltage"}


@requirement("F06-10")
async def test_a_custom_message_nobody_knows_is_not_implemented():
    async with scene(Version.V21) as (_, csms, _clock):
        asked = {"requestedMessage": "CustomTrigger", "customTrigger": "Selfie"}
        assert await csms.ask("TriggerMessage", asked) == {"status": "NotImplemented"}


@requirement("F06-11")
async def test_a_custom_message_is_sent_that_the_station_says_it_has():
    async with scene(Version.V21, evses=2) as (_, csms, clock):
        asked = {"component": {"name": "CustomizationCtrlr"}, "variable": {"name": "CustomTriggers"}}
        (told,) = (await csms.ask("GetVariables", {"getVariableData": [asked]}))["getVariableResult"]
        before = len(csms.heard)
        trigger = {"requestedMessage": "CustomTrigger", "customTrigger": told["attributeValue"], "evse": {"id": 2}}
        assert await csms.ask("TriggerMessage", trigger) == {"status": "Accepted"}
        await clock.advance(1)
        state, reading = csms.heard[before:]
        assert state.payload["eventData"][0]["component"]["evse"]["id"] == 2
        assert (reading.action, reading.payload["evseId"]) == ("MeterValues", 2)


@requirement("1.6:TriggerMessage-2")
async def test_a_16_message_the_station_has_not_is_not_implemented():
    async with scene(Version.V16) as (_, csms, _clock):
        asked = {"requestedMessage": "SignChargePointCertificate"}
        assert await csms.ask("ExtendedTriggerMessage", asked) == {"status": "NotImplemented"}
