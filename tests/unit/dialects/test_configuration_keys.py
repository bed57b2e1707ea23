"""Variables asked of a 1.6 station: which become keys, and what is answered without asking."""

from datetime import UTC, datetime

import pytest

from amperanto.conformance.requirements import requirement
from amperanto.dialects import NotSpoken, PlainContext, dialect_for
from amperanto.dialects.v16.configuration_keys import PLACES, key_of, named, place_of
from amperanto.ocpp import v2, v16
from amperanto.ocpp.versions import Version

CONTEXT = PlainContext(clock=lambda: datetime(2026, 3, 1, tzinfo=UTC))
DIALECT = dialect_for(Version.V16)


def variable(component: str, name: str, instance: str | None = None) -> tuple[v2.Component, v2.Variable]:
    return v2.Component(name=component), v2.Variable(name=name, instance=v2.unless_none(instance))


def asking(*names: tuple[v2.Component, v2.Variable]) -> v2.GetVariablesRequest:
    return v2.GetVariablesRequest(
        get_variable_data=[v2.GetVariableData(component=one, variable=name) for one, name in names]
    )


def setting(component: str, name: str, value: str) -> v2.SetVariablesRequest:
    one, other = variable(component, name)
    return v2.SetVariablesRequest(
        set_variable_data=[v2.SetVariableData(component=one, variable=other, attribute_value=value)]
    )


def test_every_key_is_found_again_through_its_variable() -> None:
    assert len(PLACES) == 49
    for key in PLACES:
        assert key_of(*named(place_of(key))) == key
        assert key_of(*named(place_of(key.upper()))) == key


def test_names_are_compared_without_case() -> None:
    assert key_of(*variable("ocppcommctrlr", "HEARTBEATINTERVAL")) == "HeartbeatInterval"
    assert key_of(*variable("OCPPCommCtrlr", "MessageAttempts", "transactionevent")) == "TransactionMessageAttempts"
    assert key_of(*variable("OCPPCommCtrlr", "MessageAttempts")) is None


def test_a_vendors_key_is_a_variable_of_its_own_component() -> None:
    assert key_of(*variable("ConfigurationKeys", "AcmeLight")) == "AcmeLight"
    assert key_of(*variable("ConfigurationKeys", "x" * 51)) is None


@requirement("1.6:GetConfiguration-2")
def test_one_request_reads_many_keys_and_answers_the_rest_itself() -> None:
    request = asking(
        variable("OCPPCommCtrlr", "HeartbeatInterval"),
        variable("OCPPCommCtrlr", "NoSuchVariable"),
        variable("NoSuchCtrlr", "Enabled"),
        variable("ConfigurationKeys", "AcmeLight"),
        variable("ConfigurationKeys", "AcmeDark"),
    )
    (wire,) = DIALECT.write(request, CONTEXT)
    assert wire == v16.GetConfigurationRequest(key=["HeartbeatInterval", "AcmeLight", "AcmeDark"])
    answer = v16.GetConfigurationResponse(
        configuration_key=[
            v16.KeyValue(key="heartbeatinterval", readonly=False, value="300"),
            v16.KeyValue(key="AcmeLight", readonly=True),
            v16.KeyValue(key="NotAskedFor", readonly=True, value="x"),
        ],
        unknown_key=["AcmeDark"],
    )
    heard = DIALECT.hear(request, [answer], CONTEXT)
    assert isinstance(heard, v2.GetVariablesResponse)
    assert [(one.attribute_status, one.attribute_value) for one in heard.get_variable_result] == [
        ("Accepted", "300"),
        ("UnknownVariable", v2.UNSET),
        ("UnknownComponent", v2.UNSET),
        ("Rejected", v2.UNSET),
        ("UnknownVariable", v2.UNSET),
    ]
    assert [one.variable for one in heard.get_variable_result] == [one.variable for one in request.get_variable_data]


def test_nothing_is_asked_when_no_variable_has_a_key() -> None:
    request = asking(variable("NoSuchCtrlr", "Enabled"))
    assert DIALECT.write(request, CONTEXT) == []
    heard = DIALECT.hear(request, [], CONTEXT)
    assert isinstance(heard, v2.GetVariablesResponse)
    assert heard.get_variable_result[0].attribute_status == "UnknownComponent"


def test_1_6_has_only_the_actual_value_of_the_whole_station() -> None:
    component, name = variable("OCPPCommCtrlr", "HeartbeatInterval")
    target = v2.GetVariableData(component=component, variable=name, attribute_type=v2.Attribute.TARGET)
    at_evse = v2.GetVariableData(component=v2.Component(name="OCPPCommCtrlr", evse=v2.EVSE(id=1)), variable=name)
    request = v2.GetVariablesRequest(get_variable_data=[target, at_evse])
    assert DIALECT.write(request, CONTEXT) == []
    heard = DIALECT.hear(request, [], CONTEXT)
    assert isinstance(heard, v2.GetVariablesResponse)
    statuses = [one.attribute_status for one in heard.get_variable_result]
    assert statuses == ["NotSupportedAttributeType", "UnknownComponent"]


def test_asking_for_no_key_is_asking_for_all() -> None:
    read = DIALECT.read(v16.GetConfigurationRequest(), CONTEXT)
    assert read == v2.GetVariablesRequest(get_variable_data=[])
    component, name = variable("OCPPCommCtrlr", "HeartbeatInterval")
    unsayable, other = variable("DisplayMessageCtrlr", "Enabled")
    accepted = v2.GetVariableStatus.ACCEPTED
    said = v2.GetVariablesResponse(
        get_variable_result=[
            v2.GetVariableResult(attribute_status=accepted, component=component, variable=name, attribute_value="9"),
            v2.GetVariableResult(attribute_status=accepted, component=unsayable, variable=other, attribute_value="x"),
        ]
    )
    answer = DIALECT.answer(v16.GetConfigurationRequest(), said, CONTEXT)
    assert answer == v16.GetConfigurationResponse(
        configuration_key=[v16.KeyValue(key="HeartbeatInterval", readonly=False, value="9")]
    )


def test_a_key_that_cannot_be_written_is_listed_as_such() -> None:
    component, name = variable("ConfigurationKeys", "NumberOfConnectors")
    said = v2.GetVariablesResponse(
        get_variable_result=[
            v2.GetVariableResult(
                attribute_status=v2.GetVariableStatus.ACCEPTED,
                component=component,
                variable=name,
                attribute_value="2",
            )
        ]
    )
    answer = DIALECT.answer(v16.GetConfigurationRequest(key=["NumberOfConnectors"]), said, CONTEXT)
    assert answer == v16.GetConfigurationResponse(
        configuration_key=[v16.KeyValue(key="NumberOfConnectors", readonly=True, value="2")]
    )


@requirement("1.6:ChangeConfiguration-1")
def test_variables_are_written_one_call_each_and_unreached_ones_are_rejected() -> None:
    one, two, odd = (
        setting("OCPPCommCtrlr", "HeartbeatInterval", "60").set_variable_data[0],
        setting("ConfigurationKeys", "AcmeLight", "on").set_variable_data[0],
        setting("NoSuchCtrlr", "Enabled", "true").set_variable_data[0],
    )
    request = v2.SetVariablesRequest(set_variable_data=[one, odd, two])
    assert DIALECT.write(request, CONTEXT) == [
        v16.ChangeConfigurationRequest(key="HeartbeatInterval", value="60"),
        v16.ChangeConfigurationRequest(key="AcmeLight", value="on"),
    ]
    answers: list[v16.ChangeConfigurationResponse] = [
        v16.ChangeConfigurationResponse(status=v16.ConfigurationStatus.NOT_SUPPORTED)
    ]
    heard = DIALECT.hear(request, [*answers], CONTEXT)
    assert isinstance(heard, v2.SetVariablesResponse)
    statuses = [result.attribute_status for result in heard.set_variable_result]
    assert statuses == ["UnknownVariable", "UnknownComponent", "Rejected"]
    answers.append(v16.ChangeConfigurationResponse(status=v16.ConfigurationStatus.REBOOT_REQUIRED))
    heard = DIALECT.hear(request, [*answers], CONTEXT)
    assert isinstance(heard, v2.SetVariablesResponse)
    statuses = [result.attribute_status for result in heard.set_variable_result]
    assert statuses == ["UnknownVariable", "UnknownComponent", "RebootRequired"]


def test_a_value_longer_than_a_key_takes_is_refused_before_anything_is_written() -> None:
    with pytest.raises(NotSpoken, match="longer than 500"):
        DIALECT.write(setting("ConfigurationKeys", "AcmeLight", "x" * 501), CONTEXT)


def test_a_password_is_text_in_2x_and_hexadecimal_in_1_6() -> None:
    request = setting("SecurityCtrlr", "BasicAuthPassword", "Sesam öffne dich")
    (wire,) = DIALECT.write(request, CONTEXT)
    assert wire == v16.ChangeConfigurationRequest(key="AuthorizationKey", value="Sesam öffne dich".encode().hex())
    assert DIALECT.read(wire, CONTEXT) == request


def test_a_password_that_is_no_text_stays_the_key_it_was() -> None:
    wire = v16.ChangeConfigurationRequest(key="AuthorizationKey", value="FF00FF00FF")
    read = DIALECT.read(wire, CONTEXT)
    assert read == setting("ConfigurationKeys", "AuthorizationKey", "FF00FF00FF")
    assert DIALECT.write(setting("ConfigurationKeys", "AuthorizationKey", "FF00FF00FF"), CONTEXT) == [wire]


def test_rate_units_have_other_names() -> None:
    request = setting("SmartChargingCtrlr", "RateUnit", "A,W")
    (wire,) = DIALECT.write(request, CONTEXT)
    assert wire == v16.ChangeConfigurationRequest(key="ChargingScheduleAllowedChargingRateUnit", value="Current,Power")
    assert DIALECT.read(wire, CONTEXT) == request


STANDARD = [
    "AllowOfflineTxForUnknownId",
    "AuthorizationCacheEnabled",
    "AuthorizeRemoteTxRequests",
    "BlinkRepeat",
    "ClockAlignedDataInterval",
    "ConnectionTimeOut",
    "ConnectorPhaseRotation",
    "ConnectorPhaseRotationMaxLength",
    "GetConfigurationMaxKeys",
    "HeartbeatInterval",
    "LightIntensity",
    "LocalAuthorizeOffline",
    "LocalPreAuthorize",
    "MaxEnergyOnInvalidId",
    "MeterValuesAlignedData",
    "MeterValuesAlignedDataMaxLength",
    "MeterValuesSampledData",
    "MeterValuesSampledDataMaxLength",
    "MeterValueSampleInterval",
    "MessageTimeout",
    "MinimumStatusDuration",
    "NumberOfConnectors",
    "ResetRetries",
    "StopTransactionMaxMeterValues",
    "StopTransactionOnEVSideDisconnect",
    "StopTransactionOnInvalidId",
    "StopTxnAlignedData",
    "StopTxnAlignedDataMaxLength",
    "StopTxnSampledData",
    "StopTxnSampledDataMaxLength",
    "SupportedFeatureProfiles",
    "SupportedFeatureProfilesMaxLength",
    "TransactionMessageAttempts",
    "TransactionMessageRetryInterval",
    "UnlockConnectorOnEVSideDisconnect",
    "WebSocketPingInterval",
    "LocalAuthListEnabled",
    "LocalAuthListMaxLength",
    "SendLocalListMaxLength",
    "ReserveConnectorZeroSupported",
    "ChargeProfileMaxStackLevel",
    "ChargingScheduleAllowedChargingRateUnit",
    "ChargingScheduleMaxPeriods",
    "ConnectorSwitch3to1PhaseSupported",
    "MaxChargingProfilesInstalled",
    "SupportedFileTransferProtocols",
    "AdditionalRootCertificateCheck",
    "AuthorizationKey",
    "CertificateSignedMaxChainSize",
    "CertificateStoreMaxLength",
    "CpoName",
    "SecurityProfile",
    "CertSigningWaitMinimum",
    "CertSigningRepeatTimes",
    "ISO15118PnCEnabled",
    "CentralContractValidationAllowed",
    "ContractValidationOffline",
    "TimeOffset",
    "NextTimeOffsetTransitionDateTime",
    "TimeOffsetNextTransition",
]
WITHOUT_A_VARIABLE = [
    "BlinkRepeat",
    "CertificateStoreMaxLength",
    "ConnectorPhaseRotation",
    "ConnectorPhaseRotationMaxLength",
    "LightIntensity",
    "LocalAuthListMaxLength",
    "MaxChargingProfilesInstalled",
    "MeterValuesAlignedDataMaxLength",
    "MeterValuesSampledDataMaxLength",
    "NumberOfConnectors",
    "StopTransactionMaxMeterValues",
    "StopTxnAlignedDataMaxLength",
    "StopTxnSampledDataMaxLength",
    "SupportedFeatureProfiles",
    "SupportedFeatureProfilesMaxLength",
]


@requirement("1.6:Configuration-1")
def test_every_standard_key_has_a_variable_or_stands_as_it_is() -> None:
    raw = sorted(key for key in STANDARD if place_of(key).component == "ConfigurationKeys")
    assert raw == sorted(WITHOUT_A_VARIABLE)
    for key in STANDARD:
        component, variable = named(place_of(key))
        assert key_of(component, variable) == key
