"""Booting, being configured, reporting, restarting."""

import pytest
from tests.unit.station.scripted import ALL, DRIVER, EPOCH, TWO, Refusal, reports, scene

from amperanto.conformance.requirements import requirement
from amperanto.domain.stations import Registration
from amperanto.ocpp import Version
from amperanto.station import Vehicle

HEARTBEAT = {"component": {"name": "OCPPCommCtrlr"}, "variable": {"name": "HeartbeatInterval"}}


def booting(status, interval=60):
    def prepare(csms):
        csms.answers["BootNotification"] = {"status": status, "currentTime": EPOCH, "interval": interval}

    return prepare


@requirement("B01.FR.08", "B01-5")
@pytest.mark.parametrize("version", ALL)
async def test_a_station_boots_before_it_says_anything_else_and_then_tells_its_states(version):
    async with scene(version, evses=2) as (station, csms, _):
        told = ["NotifyEvent" if version is Version.V21 else "StatusNotification"] * (
            3 if version is Version.V16 else 2
        )
        assert csms.actions() == ["BootNotification", *told]
        assert station.registration is Registration.ACCEPTED
        assert station.online


@requirement("B02-2")
@pytest.mark.parametrize("version", ALL)
@pytest.mark.parametrize("status", ["Pending", "Rejected"])
async def test_a_boot_is_repeated_at_the_interval_until_it_is_accepted(version, status):
    async with scene(version, prepare=booting(status)) as (station, csms, clock):
        await clock.advance(58)
        assert csms.actions() == ["BootNotification"]
        await clock.advance(2)
        assert csms.actions() == ["BootNotification"] * 2
        booting("Accepted")(csms)
        await clock.advance(60)
        assert csms.actions()[:3] == ["BootNotification"] * 3
        assert len(csms.actions()) > 3
        assert station.online


@requirement("B02-3")
@pytest.mark.parametrize("version", ALL)
@pytest.mark.parametrize(
    "answer", [Refusal("InternalError"), {"status": "Pending", "currentTime": EPOCH, "interval": 0}]
)
async def test_without_an_interval_a_station_boots_again_by_itself(answer, version):
    def prepare(csms):
        csms.answers["BootNotification"] = answer

    async with scene(version, prepare=prepare) as (_, csms, clock):
        await clock.advance(30)
        assert csms.actions() == ["BootNotification"] * 2


@requirement("B02.FR.05")
@pytest.mark.parametrize("version", ALL)
async def test_a_pending_station_answers_but_starts_nothing(version):
    async with scene(version, prepare=booting("Pending")) as (_, csms, _clock):
        if version is Version.V16:
            assert (await csms.ask("GetConfiguration", {"key": ["HeartbeatInterval"]}))["configurationKey"]
            assert await csms.ask("RemoteStartTransaction", {"idTag": "X"}) == {"status": "Rejected"}
        else:
            assert (await csms.ask("GetVariables", {"getVariableData": [HEARTBEAT]}))["getVariableResult"]
            start = {"idToken": {"idToken": "X", "type": "Central"}, "remoteStartId": 1}
            assert await csms.ask("RequestStartTransaction", start) == {"status": "Rejected"}
        assert csms.actions() == ["BootNotification"]


@requirement("B02-2")
@pytest.mark.parametrize("version", ALL)
async def test_a_pending_station_may_be_asked_to_boot_now_and_an_accepted_one_not(version):
    async with scene(version, prepare=booting("Pending")) as (_, csms, _clock):
        booting("Accepted")(csms)
        asked = {"requestedMessage": "BootNotification"}
        assert await csms.ask("TriggerMessage", asked) == {"status": "Accepted"}
        assert csms.of("BootNotification")[1:]
        if version is not Version.V16:
            assert csms.of("BootNotification")[1]["reason"] == "Triggered"
        assert await csms.ask("TriggerMessage", asked) == {"status": "Rejected"}


@requirement("B03.FR.08")
@pytest.mark.parametrize("version", ALL)
async def test_a_rejected_station_refuses_commands(version):
    async with scene(version, prepare=booting("Rejected")) as (_, csms, _clock):
        assert await csms.ask("ClearCache") == "SecurityError"


@requirement("B01-3")
@pytest.mark.parametrize("version", ALL)
async def test_the_clock_is_set_by_boot_and_heartbeat(version):
    def prepare(csms):
        csms.answers["BootNotification"] = {"status": "Accepted", "currentTime": "2031-01-01T00:00:00Z", "interval": 60}
        csms.answers["Heartbeat"] = {"currentTime": "2032-01-01T00:00:00Z"}

    async with scene(version, prepare=prepare, synchronizable=True) as (station, csms, clock):
        assert station.context.now().year == 2031
        if version is not Version.V21:  # it tells states as events
            assert csms.of("StatusNotification")[0]["timestamp"] == "2031-01-01T00:00:00.000Z"
        await clock.advance(60)
        assert station.context.now().year == 2032


@requirement("B05-2", "B06-3")
@pytest.mark.parametrize("version", TWO)
async def test_2x_variables_are_read_and_written(version):
    async with scene(version) as (_, csms, clock):

        async def write(value, **where):
            data = {**HEARTBEAT, **where, "attributeValue": value}
            answer = await csms.ask("SetVariables", {"setVariableData": [data]})
            return answer["setVariableResult"][0]["attributeStatus"]

        async def read(**where):
            answer = await csms.ask("GetVariables", {"getVariableData": [{**HEARTBEAT, **where}]})
            result = answer["getVariableResult"][0]
            return result["attributeStatus"], result.get("attributeValue")

        assert await read() == ("Accepted", "300")
        assert await write("20") == "Accepted"
        assert await read() == ("Accepted", "20")
        before = len(csms.of("Heartbeat"))
        await clock.advance(60)
        assert len(csms.of("Heartbeat")) - before == 3
        assert [await write(wrong) for wrong in ("0", "-1", "soon", "")] == ["Rejected"] * 4
        assert await write("x", variable={"name": "Nonsense"}) == "UnknownVariable"
        assert await write("x", component={"name": "Nonsense"}) == "UnknownComponent"
        assert await write("60", attributeType="Target") == "NotSupportedAttributeType"
        assert await read(attributeType="MaxSet") == ("NotSupportedAttributeType", None)
        assert await read(component={"name": "Nonsense"}) == ("UnknownComponent", None)
        connector = {"name": "Connector", "evse": {"id": 1, "connectorId": 1}}
        assert await read(component=connector, variable={"name": "AvailabilityState"}) == ("Accepted", "Available")
        assert await write("Faulted", component=connector, variable={"name": "AvailabilityState"}) == "Rejected"


async def test_lists_take_only_their_members():
    async with scene(Version.V201) as (station, csms, _):
        place = {"component": {"name": "TxCtrlr"}, "variable": {"name": "TxStopPoint"}}
        for value, status in [("EVConnected, Authorized", "Accepted"), ("Never", "Rejected"), ("", "Accepted")]:
            data = [{**place, "attributeValue": value}]
            answer = await csms.ask("SetVariables", {"setVariableData": data})
            assert answer["setVariableResult"][0]["attributeStatus"] == status
        assert station.context.variables.words("TxCtrlr", "TxStopPoint") == []


@requirement("1.6:ChangeConfiguration-2", "1.6:GetConfiguration-3")
async def test_16_keys_are_read_and_written():
    async with scene(Version.V16) as (station, csms, _):
        asked = {"key": ["MeterValueSampleInterval", "NumberOfConnectors", "Nonsense"]}
        answer = await csms.ask("GetConfiguration", asked)
        assert answer["configurationKey"] == [
            {"key": "MeterValueSampleInterval", "readonly": False, "value": "60"},
            {"key": "NumberOfConnectors", "readonly": True, "value": "1"},
        ]
        assert answer["unknownKey"] == ["Nonsense"]
        every = {one["key"] for one in (await csms.ask("GetConfiguration"))["configurationKey"]}
        assert {"HeartbeatInterval", "TransactionMessageAttempts", "SupportedFeatureProfiles"} <= every

        async def change(key, value):
            return (await csms.ask("ChangeConfiguration", {"key": key, "value": value}))["status"]

        assert await change("MeterValueSampleInterval", "10") == "Accepted"
        assert station.context.variables.number("SampledDataCtrlr", "TxUpdatedInterval") == 10
        assert await change("MeterValueSampleInterval", "soon") == "Rejected"
        assert await change("NumberOfConnectors", "2") == "Rejected"
        assert await change("Nonsense", "1") == "NotSupported"


@requirement("B07-5")
@pytest.mark.parametrize("version", TWO)
async def test_a_base_report_comes_in_numbered_parts_that_hold_every_variable_once(version):
    async with scene(version) as (_, csms, clock):
        asked = {"requestId": 7, "reportBase": "FullInventory"}
        assert await csms.ask("GetBaseReport", asked) == {"status": "Accepted"}
        await clock.advance(1)
        parts = csms.of("NotifyReport")
        assert [part["seqNo"] for part in parts] == list(range(len(parts)))
        assert len(parts) > 1
        assert [part["tbc"] for part in parts] == [True] * (len(parts) - 1) + [False]
        assert {part["requestId"] for part in parts} == {7}
        found = [(str(one["component"]), str(one["variable"])) for part in parts for one in part["reportData"]]
        assert len(found) == len(set(found)) > 40


@pytest.mark.parametrize(
    ("base", "has", "lacks"),
    [
        ("ConfigurationInventory", "HeartbeatInterval", "VendorName"),
        ("SummaryInventory", "AvailabilityState", "HeartbeatInterval"),
    ],
)
async def test_smaller_reports_hold_less(base, has, lacks):
    async with scene(Version.V201) as (_, csms, clock):
        await csms.ask("GetBaseReport", {"requestId": 1, "reportBase": base})
        await clock.advance(1)
        names = {one["variable"]["name"] for part in csms.of("NotifyReport") for one in part["reportData"]}
        assert has in names
        assert lacks not in names


@requirement("B08-2")
@pytest.mark.parametrize("version", TWO)
async def test_a_report_of_chosen_variables_holds_those_alone(version):
    off = {("AuthCacheCtrlr", "Available"): False}
    async with scene(version, evses=2, variables=off) as (_, csms, clock):

        async def report(**asked):
            csms.heard.clear()
            status = (await csms.ask("GetReport", {"requestId": 3, **asked}))["status"]
            await clock.advance(1)
            return status, [
                (one["component"]["name"], one["component"].get("evse", {}).get("id"), one["variable"]["name"])
                for part in csms.of("NotifyReport")
                for one in part["reportData"]
            ]

        assert await report(componentVariable=[HEARTBEAT]) == (
            "Accepted",
            [("OCPPCommCtrlr", None, "HeartbeatInterval")],
        )
        one_evse = {"component": {"name": "EVSE", "evse": {"id": 2}}}
        _, found = await report(componentVariable=[one_evse])
        assert {place[:2] for place in found} == {("EVSE", 2)}
        assert await report(componentVariable=[{"component": {"name": "Nonsense"}}]) == ("EmptyResultSet", [])
        assert await report(componentCriteria=["Problem"]) == ("EmptyResultSet", [])
        _, found = await report(componentCriteria=["Available"])
        assert ("AuthCacheCtrlr", None, "Available") not in found
        assert ("EVSE", 1, "Available") in found
        assert await report(componentCriteria=["Problem", "Available"]) == ("Accepted", found)
        _, found = await report(componentVariable=[HEARTBEAT, one_evse])
        assert {place[:2] for place in found} == {("OCPPCommCtrlr", None), ("EVSE", 2)}


@requirement("B12-1")
@pytest.mark.parametrize("version", TWO)
async def test_an_immediate_reset_ends_the_transaction_restarts_and_boots(version):
    async with scene(version) as (station, csms, clock):
        await station.plug_in(1, Vehicle())
        await clock.until(station.present(DRIVER, 1))
        await clock.advance(60)
        assert await csms.ask("Reset", {"type": "Immediate"}) == {"status": "Accepted"}
        await clock.advance(30)
        ended = reports(csms)[-1]
        assert (ended["triggerReason"], ended["transactionInfo"]["stoppedReason"]) == ("ResetCommand", "ImmediateReset")
        assert len(csms.connected_at) == 2
        assert [boot["reason"] for boot in csms.of("BootNotification")] == ["PowerUp", "RemoteReset"]
        assert station.online


@requirement("B12-2")
@pytest.mark.parametrize("version", TWO)
async def test_a_reset_on_idle_waits_for_the_transaction(version):
    async with scene(version) as (station, csms, clock):
        await station.plug_in(1, Vehicle())
        await clock.until(station.present(DRIVER, 1))
        assert await csms.ask("Reset", {"type": "OnIdle"}) == {"status": "Scheduled"}
        await clock.advance(600)
        assert len(csms.connected_at) == 1
        await clock.until(station.present(DRIVER, 1))
        await clock.advance(30)
        assert len(csms.connected_at) == 2
        assert csms.of("BootNotification")[-1]["reason"] == "ScheduledReset"


@requirement("1.6:Reset-2")
@pytest.mark.parametrize(("kind", "reason"), [("Soft", "SoftReset"), ("Hard", "HardReset")])
async def test_a_16_reset_stops_what_runs_and_boots(kind, reason):
    async with scene(Version.V16) as (station, csms, clock):
        await station.plug_in(1, Vehicle())
        await clock.until(station.present(DRIVER, 1))
        await clock.advance(60)
        assert await csms.ask("Reset", {"type": kind}) == {"status": "Accepted"}
        await clock.advance(30)
        assert csms.of("StopTransaction")[0]["reason"] == reason
        assert csms.actions().index("StopTransaction") < len(csms.actions()) - csms.actions()[::-1].index(
            "BootNotification"
        )
        assert len(csms.of("BootNotification")) == 2


@requirement("B11-5")
@pytest.mark.parametrize("version", TWO)
@pytest.mark.parametrize("asked", [{"type": "Immediate", "evseId": 1}])
async def test_one_evse_alone_is_not_reset(asked, version):
    async with scene(version) as (_, csms, _clock):
        assert await csms.ask("Reset", asked) == {"status": "Rejected"}


async def test_nothing_is_resumed_after_a_reset():
    async with scene(Version.V21) as (_, csms, _clock):
        assert await csms.ask("Reset", {"type": "ImmediateAndResume"}) == {"status": "Rejected"}


@requirement("B12-3", "B01.FR.08")
@pytest.mark.parametrize("version", TWO)
async def test_a_queue_that_cannot_be_delivered_survives_the_restart(version):
    async with scene(version) as (station, csms, clock):
        await station.plug_in(1, Vehicle())
        await clock.until(station.present(DRIVER, 1))
        await clock.advance(60)
        csms.answers["TransactionEvent"] = Refusal("InternalError")
        await csms.ask("Reset", {"type": "Immediate"})
        await clock.advance(31)
        csms.answers["TransactionEvent"] = {}
        await clock.advance(90)
        assert reports(csms)[-1]["eventType"] == "Ended"
        assert csms.actions().index("TransactionEvent") < csms.actions().index("BootNotification", 1)
        assert station.queued == 0


@requirement("B12-3")
async def test_a_16_stop_that_cannot_be_delivered_survives_the_restart():
    async with scene(Version.V16) as (station, csms, clock):
        await station.plug_in(1, Vehicle())
        await clock.until(station.present(DRIVER, 1))
        await clock.advance(60)
        csms.answers["StopTransaction"] = Refusal("InternalError")
        await csms.ask("Reset", {"type": "Soft"})
        await clock.advance(31)
        csms.answers["StopTransaction"] = {}
        await clock.advance(90)
        told = csms.actions()
        boot = len(told) - 1 - told[::-1].index("BootNotification")
        assert told.count("BootNotification") == 2
        assert "StopTransaction" in told[boot:]
        assert csms.of("StopTransaction")[-1]["reason"] == "SoftReset"
        assert station.queued == 0
