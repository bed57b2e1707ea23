"""Remote start and stop, unlock, trigger."""

import pytest
from tests.unit.station.scripted import ALL, DRIVER, EPOCH, TWO, Refusal, reports, scene

from amperanto.domain.quantities import WattHours
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
        assert station.transactions[0].reason == "Remote"
        assert station.transactions[0].energy > WattHours.of(1800)
        assert await stop(csms, station) == "Rejected"


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


@pytest.mark.parametrize("version", ALL)
async def test_a_used_or_unknown_evse_is_not_started(version):
    async with scene(version) as (station, csms, clock):
        assert await start(csms, evse=7) == "Rejected"
        await station.plug_in(1, Vehicle())
        await clock.until(station.present(DRIVER, 1))
        assert await start(csms) == "Rejected"
        assert await start(csms, evse=1) == "Rejected"


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


@pytest.mark.parametrize("version", TWO)
async def test_what_cannot_be_triggered_is_not_implemented(version):
    async with scene(version) as (_, csms, _clock):
        asked = {"requestedMessage": "SignChargingStationCertificate"}
        assert await csms.ask("TriggerMessage", asked) == {"status": "NotImplemented"}


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


async def test_a_16_station_asked_for_its_states_tells_its_own_too():
    async with scene(Version.V16, evses=2) as (_, csms, clock):
        before = len(csms.of("StatusNotification"))
        assert await csms.ask("TriggerMessage", {"requestedMessage": "StatusNotification"}) == {"status": "Accepted"}
        await clock.advance(1)
        assert [one["connectorId"] for one in csms.of("StatusNotification")[before:]] == [0, 1, 2]


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
