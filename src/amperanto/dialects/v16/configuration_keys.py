"""1.6's configuration keys as variables of the 2.x device model.

The standard keys have a variable each, by table; those whose counterpart is no value but a limit of a
variable (…MaxLength), those without one, and vendors' keys are variables of the component
`ConfigurationKeys`, named like the key. Keys and names are compared without case; what is said is spelled as
the table spells it. Two values are also spelled differently: the charging rate units, and the password (1.6:
hexadecimal bytes, 2.x: text).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from amperanto.ocpp import v2

COMPONENT = "ConfigurationKeys"
KEY_LENGTH = 50


class Place(NamedTuple):
    """A variable of the device model, by its names."""

    component: str
    variable: str
    instance: str | None = None


def _hexadecimal(password: str) -> str:
    return password.encode().hex()


def _password(value: str) -> str | None:
    try:
        return bytes.fromhex(value).decode()
    except ValueError:
        return None


_UNITS = {"Current": "A", "Power": "W"}
_UNIT_NAMES = {unit: name for name, unit in _UNITS.items()}


def _renamed(names: dict[str, str]) -> Callable[[str], str]:
    def rename(value: str) -> str:
        return ",".join(names.get(item.strip(), item) for item in value.split(","))

    return rename


SPELLED_IN_2X: dict[str, Callable[[str], str | None]] = {
    "AuthorizationKey": _password,
    "ChargingScheduleAllowedChargingRateUnit": _renamed(_UNITS),
}
SPELLED_IN_16: dict[str, Callable[[str], str]] = {
    "AuthorizationKey": _hexadecimal,
    "ChargingScheduleAllowedChargingRateUnit": _renamed(_UNIT_NAMES),
}

# 1.6 key, component, variable, instance of the variable ("" for none).
_TABLE = """
AllowOfflineTxForUnknownId                AuthCtrlr           OfflineTxForUnknownIdEnabled
AuthorizeRemoteTxRequests                 AuthCtrlr           AuthorizeRemoteStart
LocalAuthorizeOffline                     AuthCtrlr           LocalAuthorizeOffline
LocalPreAuthorize                         AuthCtrlr           LocalPreAuthorize
AuthorizationCacheEnabled                 AuthCacheCtrlr      Enabled
ClockAlignedDataInterval                  AlignedDataCtrlr    Interval
MeterValuesAlignedData                    AlignedDataCtrlr    Measurands
StopTxnAlignedData                        AlignedDataCtrlr    TxEndedMeasurands
MeterValuesSampledData                    SampledDataCtrlr    TxUpdatedMeasurands
MeterValueSampleInterval                  SampledDataCtrlr    TxUpdatedInterval
StopTxnSampledData                        SampledDataCtrlr    TxEndedMeasurands
ConnectionTimeOut                         TxCtrlr             EVConnectionTimeOut
MaxEnergyOnInvalidId                      TxCtrlr             MaxEnergyOnInvalidId
StopTransactionOnEVSideDisconnect         TxCtrlr             StopTxOnEVSideDisconnect
StopTransactionOnInvalidId                TxCtrlr             StopTxOnInvalidId
GetConfigurationMaxKeys                   DeviceDataCtrlr     ItemsPerMessage            GetVariables
MinimumStatusDuration                     ChargingStation     MinimumStatusDuration
HeartbeatInterval                         OCPPCommCtrlr       HeartbeatInterval
ResetRetries                              OCPPCommCtrlr       ResetRetries
TransactionMessageAttempts                OCPPCommCtrlr       MessageAttempts            TransactionEvent
TransactionMessageRetryInterval           OCPPCommCtrlr       MessageAttemptInterval     TransactionEvent
UnlockConnectorOnEVSideDisconnect         OCPPCommCtrlr       UnlockOnEVSideDisconnect
WebSocketPingInterval                     OCPPCommCtrlr       WebSocketPingInterval
SupportedFileTransferProtocols            OCPPCommCtrlr       FileTransferProtocols
MessageTimeout                            OCPPCommCtrlr       MessageTimeout             Default
RetryBackOffRepeatTimes                   OCPPCommCtrlr       RetryBackOffRepeatTimes
RetryBackOffRandomRange                   OCPPCommCtrlr       RetryBackOffRandomRange
RetryBackOffWaitMinimum                   OCPPCommCtrlr       RetryBackOffWaitMinimum
QueueAllMessages                          OCPPCommCtrlr       QueueAllMessages
LocalAuthListEnabled                      LocalAuthListCtrlr  Enabled
SendLocalListMaxLength                    LocalAuthListCtrlr  ItemsPerMessage
ReserveConnectorZeroSupported             ReservationCtrlr    NonEvseSpecific
ChargeProfileMaxStackLevel                SmartChargingCtrlr  ProfileStackLevel
ChargingScheduleAllowedChargingRateUnit   SmartChargingCtrlr  RateUnit
ChargingScheduleMaxPeriods                SmartChargingCtrlr  PeriodsPerSchedule
ConnectorSwitch3to1PhaseSupported         SmartChargingCtrlr  Phases3to1
AuthorizationKey                          SecurityCtrlr       BasicAuthPassword
AdditionalRootCertificateCheck            SecurityCtrlr       AdditionalRootCertificateCheck
CertificateSignedMaxChainSize             SecurityCtrlr       MaxCertificateChainSize
CpoName                                   SecurityCtrlr       OrganizationName
SecurityProfile                           SecurityCtrlr       SecurityProfile
CertSigningWaitMinimum                    SecurityCtrlr       CertSigningWaitMinimum
CertSigningRepeatTimes                    SecurityCtrlr       CertSigningRepeatTimes
ISO15118PnCEnabled                        ISO15118Ctrlr       PnCEnabled
CentralContractValidationAllowed          ISO15118Ctrlr       CentralContractValidationAllowed
ContractValidationOffline                 ISO15118Ctrlr       ContractValidationOffline
TimeOffset                                ClockCtrlr          TimeOffset
TimeOffsetNextTransition                  ClockCtrlr          TimeOffset                 NextTransition
NextTimeOffsetTransitionDateTime          ClockCtrlr          NextTimeOffsetTransitionDateTime
"""

READ_ONLY = frozenset({
    "AuthorizationKeyMaxLength", "ChargeProfileMaxStackLevel", "ChargingScheduleAllowedChargingRateUnit",
    "ChargingScheduleMaxPeriods", "ConnectorPhaseRotationMaxLength", "ConnectorSwitch3to1PhaseSupported",
    "GetConfigurationMaxKeys", "LocalAuthListMaxLength", "MaxChargingProfilesInstalled",
    "MeterValuesAlignedDataMaxLength", "MeterValuesSampledDataMaxLength", "NumberOfConnectors",
    "ReserveConnectorZeroSupported", "SendLocalListMaxLength", "StopTxnAlignedDataMaxLength",
    "StopTxnSampledDataMaxLength", "SupportedFeatureProfiles", "SupportedFeatureProfilesMaxLength",
    "SupportedFileTransferProtocols",
})  # fmt: skip
"""The standard keys that cannot be written."""

PLACES = {key: Place(*names) for key, *names in (line.split() for line in _TABLE.strip().splitlines())}
_BY_KEY = {key.casefold(): (key, place) for key, place in PLACES.items()}
_BY_PLACE = {
    tuple(name.casefold() if name is not None else None for name in place): key for key, place in PLACES.items()
}
_COMPONENTS = {place.component.casefold() for place in PLACES.values()} | {COMPONENT.casefold()}


def place_of(key: str) -> Place:
    """The variable a key stands for; one of `ConfigurationKeys` where no other is known."""
    found = _BY_KEY.get(key.casefold())
    return Place(COMPONENT, key) if found is None else found[1]


def key_of(component: v2.Component, variable: v2.Variable) -> str | None:
    """The key a variable stands for, None where 1.6 has none."""
    if not isinstance(component.evse, v2.UnsetType) or not isinstance(component.instance, v2.UnsetType):
        return None
    instance = v2.or_none(variable.instance)
    if is_raw(component):
        named = instance is None and 0 < len(variable.name) <= KEY_LENGTH
        return variable.name if named else None
    folded = None if instance is None else instance.casefold()
    return _BY_PLACE.get((component.name.casefold(), variable.name.casefold(), folded))


def knows_component(component: v2.Component) -> bool:
    """Whether any key belongs to that component."""
    plain = isinstance(component.evse, v2.UnsetType) and isinstance(component.instance, v2.UnsetType)
    return plain and component.name.casefold() in _COMPONENTS


def is_raw(component: v2.Component) -> bool:
    """Whether the component is the one whose variables are keys as they are."""
    return component.name.casefold() == COMPONENT.casefold()


def value_in_2x(key: str, value: str) -> str | None:
    """A key's value as its variable spells it; None where it cannot (a password that is no text)."""
    spell = SPELLED_IN_2X.get(key)
    return value if spell is None else spell(value)


def value_in_16(component: v2.Component, key: str, value: str) -> str:
    """A variable's value as its key spells it."""
    spell = None if is_raw(component) else SPELLED_IN_16.get(key)
    return value if spell is None else spell(value)


def named(place: Place) -> tuple[v2.Component, v2.Variable]:
    """The variable as 2.1 names it."""
    variable = v2.Variable(name=place.variable, instance=v2.unless_none(place.instance))
    return v2.Component(name=place.component), variable
