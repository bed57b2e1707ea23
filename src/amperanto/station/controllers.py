"""Which variables a station has, with the values they begin with (device_model §3).

A variable is declared once, here, for all stations of a program; what a station changes it keeps itself
(`device_model.py`).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from amperanto.domain.stations import EvseRef
from amperanto.ocpp import v2

MEASURANDS = (
    "Energy.Active.Import.Register",
    "Power.Active.Import",
    "Current.Import",
    "Voltage",
    "SoC",
)
SAMPLED = ",".join(MEASURANDS)
STOP_POINTS = ("ParkingBayOccupancy", "EVConnected", "Authorized", "PowerPathClosed", "EnergyTransfer")
START_POINTS = (*STOP_POINTS, "DataSigned")
LIMITS = ("maxCost", "maxEnergy", "maxTime", "maxSoC")
OVERVIEW = "Overview"
"""The custom message a station can be triggered to: its states and readings, all of them (2.1, F06)."""
READ, WRITE = v2.Mutability.READ_ONLY, v2.Mutability.READ_WRITE


@dataclass(frozen=True, slots=True)
class Address:
    """Where a variable stands: component, variable, its instance, the EVSE and the instance of the component."""

    component: str
    variable: str
    instance: str | None = None
    where: EvseRef | None = None
    component_instance: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Variable:
    """What is declared of a variable: its first value, and which values it takes."""

    address: Address
    value: str
    mutability: v2.Mutability = WRITE
    data: v2.Data = v2.Data.STRING
    unit: str | None = None
    least: int | None = None
    most: int | None = None
    choices: tuple[str, ...] = ()
    reboot: bool = False
    longest: int | None = None
    """How many characters it has at most."""

    def accepts(self, text: str) -> bool:
        """Whether the text is a value of this variable."""
        match self.data:
            case v2.Data.INTEGER:
                fits = _is_integer(text) and (self.least is None or int(text) >= self.least)
                return fits and (self.most is None or int(text) <= self.most)
            case v2.Data.BOOLEAN:
                return text.lower() in ("true", "false")
            case v2.Data.SEQUENCE_LIST:
                words = split(text)
                return bool(words) and len(set(words)) == len(words) and all(word in self.choices for word in words)
            case v2.Data.MEMBER_LIST:
                return all(word in self.choices for word in split(text)) if self.choices else True
            case v2.Data.OPTION_LIST:
                return text in self.choices
            case _:
                return self.longest is None or len(text) <= self.longest


def _is_integer(text: str) -> bool:
    digits = text.removeprefix("-")
    return digits.isascii() and digits.isdecimal() and len(digits) < 16


def split(text: str) -> list[str]:
    """The members of a list value."""
    return [word.strip() for word in text.split(",") if word.strip()]


def _whole(component: str, variable: str, value: int, instance: str | None = None, **rest: Any) -> Variable:
    options: dict[str, Any] = {"least": 0, "unit": "s", **rest}
    return Variable(address=Address(component, variable, instance), value=str(value), data=v2.Data.INTEGER, **options)


def _flag(component: str, variable: str, value: bool, mutability: v2.Mutability = WRITE) -> Variable:
    address = Address(component, variable)
    return Variable(address=address, value=str(value).lower(), data=v2.Data.BOOLEAN, mutability=mutability)


def _list(component: str, variable: str, value: str, choices: tuple[str, ...]) -> Variable:
    address = Address(component, variable)
    return Variable(address=address, value=value, data=v2.Data.MEMBER_LIST, choices=choices)


def fixed(component: str, variable: str, value: str, where: EvseRef | None = None) -> Variable:
    """A variable nobody can set."""
    return Variable(address=Address(component, variable, None, where), value=value, mutability=READ)


CONTROLLERS = (
    _whole("OCPPCommCtrlr", "HeartbeatInterval", 300, least=1),
    _whole("OCPPCommCtrlr", "MessageTimeout", 30, "Default", mutability=READ),
    _whole("OCPPCommCtrlr", "MessageAttempts", 3, "TransactionEvent", least=1, unit=None),
    _whole("OCPPCommCtrlr", "MessageAttemptInterval", 60, "TransactionEvent"),
    _whole("OCPPCommCtrlr", "OfflineThreshold", 60),
    _whole("OCPPCommCtrlr", "RetryBackOffWaitMinimum", 5),
    _whole("OCPPCommCtrlr", "RetryBackOffRandomRange", 5),
    _whole("OCPPCommCtrlr", "RetryBackOffRepeatTimes", 3, unit=None),
    _whole("OCPPCommCtrlr", "NetworkProfileConnectionAttempts", 3, unit=None),
    _whole("OCPPCommCtrlr", "ResetRetries", 1, unit=None),
    _whole("OCPPCommCtrlr", "WebSocketPingInterval", 60),
    _flag("OCPPCommCtrlr", "UnlockOnEVSideDisconnect", True),
    Variable(
        address=Address("OCPPCommCtrlr", "PublicKeyWithSignedMeterValue"),
        value="Never",
        data=v2.Data.OPTION_LIST,
        choices=("Never", "OncePerTransaction", "EveryMeterValue"),
    ),
    Variable(
        address=Address("OCPPCommCtrlr", "NetworkConfigurationPriority"),
        value="1",
        data=v2.Data.SEQUENCE_LIST,
        choices=("1", "2"),
        reboot=True,
    ),
    fixed("OCPPCommCtrlr", "FileTransferProtocols", "HTTPS"),
    fixed("SecurityCtrlr", "SecurityProfile", "1"),
    Variable(address=Address("SecurityCtrlr", "OrganizationName"), value="Amperanto"),
    _flag("AuthCtrlr", "AuthorizeRemoteStart", False),
    _flag("AuthCtrlr", "LocalAuthorizeOffline", True),
    _flag("AuthCtrlr", "LocalPreAuthorize", False),
    _flag("AuthCtrlr", "OfflineTxForUnknownIdEnabled", True),
    _flag("AuthCtrlr", "Enabled", True),
    _flag("AuthCtrlr", "DisableRemoteAuthorization", False),
    Variable(address=Address("AuthCtrlr", "MasterPassGroupId"), value=""),
    _flag("AuthCacheCtrlr", "Available", True, READ),
    _flag("AuthCacheCtrlr", "Enabled", False),
    _flag("AuthCacheCtrlr", "DisablePostAuthorize", False),
    _whole("AuthCacheCtrlr", "LifeTime", 0),
    _flag("LocalAuthListCtrlr", "Available", True, READ),
    _flag("LocalAuthListCtrlr", "Enabled", True),
    _flag("LocalAuthListCtrlr", "DisablePostAuthorize", False),
    _flag("LocalAuthListCtrlr", "SupportsExpiryDateTime", True, READ),
    _whole("LocalAuthListCtrlr", "ItemsPerMessage", 50, mutability=READ, unit=None),
    _whole("LocalAuthListCtrlr", "BytesPerMessage", 16_384, mutability=READ, unit=None),
    _whole("TxCtrlr", "EVConnectionTimeOut", 60),
    _flag("TxCtrlr", "StopTxOnEVSideDisconnect", True),
    _whole("TxCtrlr", "MaxEnergyOnInvalidId", 0, unit="Wh"),
    _flag("TxCtrlr", "StopTxOnInvalidId", True),
    _flag("TxCtrlr", "TxBeforeAcceptedEnabled", False),
    _list("TxCtrlr", "TxStartPoint", "PowerPathClosed", START_POINTS),
    _list("TxCtrlr", "TxStopPoint", "EVConnected,Authorized", STOP_POINTS),
    _flag("SampledDataCtrlr", "Available", True, READ),
    _flag("SampledDataCtrlr", "Enabled", True),
    _flag("SampledDataCtrlr", "SignReadings", False),
    _whole("SampledDataCtrlr", "TxUpdatedInterval", 60),
    _list("SampledDataCtrlr", "TxUpdatedMeasurands", SAMPLED, MEASURANDS),
    _list("SampledDataCtrlr", "TxStartedMeasurands", MEASURANDS[0], MEASURANDS),
    _list("SampledDataCtrlr", "TxEndedMeasurands", MEASURANDS[0], MEASURANDS),
    _whole("SampledDataCtrlr", "TxEndedInterval", 0),
    _flag("AlignedDataCtrlr", "Available", True, READ),
    _flag("AlignedDataCtrlr", "Enabled", True),
    _flag("AlignedDataCtrlr", "SignReadings", False),
    _flag("AlignedDataCtrlr", "SendDuringIdle", False),
    _whole("AlignedDataCtrlr", "Interval", 0),
    _list("AlignedDataCtrlr", "Measurands", MEASURANDS[0], MEASURANDS),
    _whole("AlignedDataCtrlr", "TxEndedInterval", 0),
    _list("AlignedDataCtrlr", "TxEndedMeasurands", "", MEASURANDS),
    _whole("DeviceDataCtrlr", "ItemsPerMessage", 50, "GetReport", mutability=READ, unit=None),
    _whole("DeviceDataCtrlr", "ItemsPerMessage", 50, "GetVariables", mutability=READ, unit=None),
    _whole("DeviceDataCtrlr", "ItemsPerMessage", 50, "SetVariables", mutability=READ, unit=None),
    _flag("ReservationCtrlr", "Available", True, READ),
    _flag("ReservationCtrlr", "Enabled", True),
    _flag("ReservationCtrlr", "NonEvseSpecific", True, READ),
    _flag("SmartChargingCtrlr", "Enabled", False),
    fixed("ClockCtrlr", "TimeSource", "Heartbeat"),
)


IN_21 = (
    _whole("TxCtrlr", "ResumptionTimeout", 0),
    _flag("TxCtrlr", "AllowEnergyTransferResumption", True),
    _whole("TxCtrlr", "EnergyTransferResumptionRandomRange", 0),
    fixed("CustomizationCtrlr", "CustomTriggers", OVERVIEW),
    fixed("TxCtrlr", "SupportedLimits", ",".join(LIMITS)),
    _flag("SampledDataCtrlr", "SignStartedReadings", False),
    _flag("SampledDataCtrlr", "SignUpdatedReadings", False),
    _flag("AlignedDataCtrlr", "SignUpdatedReadings", False),
)
"""The variables that 2.1 added."""
IN_16 = (
    Variable(
        address=Address("ConfigurationKeys", "StopTransactionMaxMeterValues"),
        value="100",
        mutability=READ,
        data=v2.Data.INTEGER,
    ),
)
"""Keys of 1.6 that stand for no variable of 2.x."""
