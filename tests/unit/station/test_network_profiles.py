"""Network profiles of a station, custom reports in all their wildcards, and the keys a 1.6 station must have."""

import pytest
from tests.unit.station.scripted import ALL, DRIVER, TWO, scene

from amperanto.conformance.requirements import requirement
from amperanto.domain.stations import Registration
from amperanto.ocpp import Version

PROFILE = {
    "ocppInterface": "Wired0",
    "ocppTransport": "JSON",
    "ocppVersion": "OCPP20",
    "messageTimeout": 30,
    "ocppCsmsUrl": "wss://elsewhere.example",
    "securityProfile": 1,
}
PRIORITY = {"component": {"name": "OCPPCommCtrlr"}, "variable": {"name": "NetworkConfigurationPriority"}}
REQUIRED = [
    "AuthorizeRemoteTxRequests",
    "ClockAlignedDataInterval",
    "ConnectionTimeOut",
    "ConnectorPhaseRotation",
    "GetConfigurationMaxKeys",
    "HeartbeatInterval",
    "LocalAuthorizeOffline",
    "LocalPreAuthorize",
    "MeterValuesAlignedData",
    "MeterValuesSampledData",
    "MeterValueSampleInterval",
    "NumberOfConnectors",
    "ResetRetries",
    "StopTransactionOnInvalidId",
    "StopTxnAlignedData",
    "StopTxnSampledData",
    "SupportedFeatureProfiles",
    "TransactionMessageAttempts",
    "TransactionMessageRetryInterval",
    "UnlockConnectorOnEVSideDisconnect",
    "LocalAuthListEnabled",
    "LocalAuthListMaxLength",
    "SendLocalListMaxLength",
]


@requirement("B09-6", "B09-7")
@pytest.mark.parametrize("version", TWO)
@pytest.mark.parametrize(
    ("slot", "profile", "expected"),
    [(2, 1, None), (1, 1, "ActiveNetworkConf"), (9, 1, "InvalidConfSlot"), (2, 0, "NoSecurityDowngrade")],
)
async def test_a_profile_is_kept_in_a_free_slot_only_and_never_less_secure(version, slot, profile, expected):
    async with scene(version) as (_, csms, _clock):
        told = {"configurationSlot": slot, "connectionData": PROFILE | {"securityProfile": profile}}
        answer = await csms.ask("SetNetworkProfile", told)
        assert (answer["status"], answer.get("statusInfo", {}).get("reasonCode")) == (
            "Accepted" if expected is None else "Rejected",
            expected,
        )


@requirement("B10-2")
@pytest.mark.parametrize("version", TWO)
@pytest.mark.parametrize(
    ("value", "status"), [("2,1", "RebootRequired"), ("1,3", "Rejected"), ("1,1", "Rejected"), ("", "Rejected")]
)
async def test_a_priority_names_slots_the_station_has_each_once(value, status, version):
    async with scene(version) as (_, csms, _clock):
        await csms.ask("SetNetworkProfile", {"configurationSlot": 2, "connectionData": PROFILE})
        answer = await csms.ask("SetVariables", {"setVariableData": [{**PRIORITY, "attributeValue": value}]})
        assert answer["setVariableResult"][0]["attributeStatus"] == status


async def reported(csms, component, variable=None):
    """The variables of a chosen report, as (evse, connector, name, instance)."""
    asked = {"component": component, **({} if variable is None else {"variable": variable})}
    answer = await csms.ask("GetReport", {"requestId": 7, "componentVariable": [asked]})
    lines = [line for part in csms.of("NotifyReport") for line in part["reportData"]]
    assert (answer["status"] == "EmptyResultSet") == (not lines)
    return [
        (line["component"].get("evse", {}).get("id"), line["variable"]["name"], line["variable"].get("instance"))
        for line in lines
    ]


@requirement("B08.FR.20", "B08.FR.24", "B08.FR.25")
@pytest.mark.parametrize("version", TWO)
async def test_what_a_criterion_leaves_out_means_any(version):
    async with scene(version, evses=2) as (_, csms, _clock):
        both = await reported(csms, {"name": "evse"})
        assert {evse for evse, _, _ in both} == {1, 2}
        assert {"Power", "AvailabilityState"} <= {name for _, name, _ in both}
    async with scene(version, evses=2) as (_, csms, _clock):
        assert {evse for evse, _, _ in await reported(csms, {"name": "EVSE", "evse": {"id": 2}})} == {2}


@requirement("B08.FR.21", "B08.FR.22", "B08.FR.23")
@pytest.mark.parametrize("version", TWO)
@pytest.mark.parametrize(
    ("component", "variable", "instances"),
    [
        ({"name": "DeviceDataCtrlr"}, {"name": "ItemsPerMessage"}, ["GetReport", "GetVariables", "SetVariables"]),
        ({"name": "DeviceDataCtrlr"}, {"name": "itemspermessage", "instance": "getreport"}, ["GetReport"]),
        ({"name": "DeviceDataCtrlr"}, {"name": "ItemsPerMessage", "instance": "Reset"}, []),
        ({"name": "DeviceDataCtrlr", "instance": "Other"}, {"name": "ItemsPerMessage"}, []),
    ],
)
async def test_an_instance_that_is_named_is_the_one_that_is_meant(component, variable, instances, version):
    async with scene(version) as (_, csms, _clock):
        assert sorted(instance for _, _, instance in await reported(csms, component, variable)) == instances


@requirement("B06-3")
async def test_an_instance_of_a_component_that_has_none_is_unknown():
    async with scene(Version.V201) as (_, csms, _clock):
        asked = {"component": {"name": "TxCtrlr", "instance": "Other"}, "variable": {"name": "EVConnectionTimeOut"}}
        answer = await csms.ask("GetVariables", {"getVariableData": [asked]})
        assert answer["getVariableResult"][0]["attributeStatus"] == "UnknownComponent"


@requirement("1.6:Configuration-2")
async def test_a_1_6_station_has_every_key_its_profiles_require():
    async with scene(Version.V16) as (_, csms, _clock):
        answer = await csms.ask("GetConfiguration")
        listed = {one["key"] for one in answer["configurationKey"]}
        assert [key for key in REQUIRED if key not in listed] == []


@requirement("B01-2")
@pytest.mark.parametrize("version", ALL)
async def test_the_interval_of_the_boot_is_the_heartbeats(version):
    def prepare(csms):
        csms.answers["BootNotification"] = csms.answers["BootNotification"] | {"interval": 40}

    async with scene(version, prepare=prepare) as (_, csms, clock):
        await clock.advance(45)
        assert len(csms.of("Heartbeat")) == 1


@requirement("B11-4")
@pytest.mark.parametrize("version", TWO)
async def test_a_reset_on_idle_waits_until_nothing_is_reserved(version):
    async with scene(version) as (station, csms, clock):
        token = {"idToken": DRIVER.uid, "type": "ISO14443"}
        reservation = {"id": 1, "expiryDateTime": "2026-01-01T00:10:00Z", "idToken": token, "evseId": 1}
        assert (await csms.ask("ReserveNow", reservation))["status"] == "Accepted"
        assert (await csms.ask("Reset", {"type": "OnIdle"}))["status"] == "Scheduled"
        await clock.advance(60)
        assert len(csms.of("BootNotification")) == 1
        assert (await csms.ask("CancelReservation", {"reservationId": 1}))["status"] == "Accepted"
        await clock.advance(60)
        assert [one["reason"] for one in csms.of("BootNotification")] == ["PowerUp", "ScheduledReset"]
        assert station.registration is Registration.ACCEPTED
