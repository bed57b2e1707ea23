"""The variables of tariffs and payments: TariffCostCtrlr, PaymentCtrlr, WebPaymentsCtrlr (device_model §3)."""

from __future__ import annotations

from amperanto.ocpp import v2
from amperanto.station.controllers import READ, WRITE, Address, Variable

TARIFFS, PAYMENTS, WEB = "TariffCostCtrlr", "PaymentCtrlr", "WebPaymentsCtrlr"
LANGUAGE = "en"
DATA = v2.Data


def _one(component: str, name: str, value: str, instance: str | None = None, **rest: object) -> Variable:
    return Variable(address=Address(component, name, instance), value=value, **rest)  # type: ignore[arg-type]


def _flag(component: str, name: str, value: bool, instance: str | None = None, *, fixed: bool = False) -> Variable:
    text, mutability = str(value).lower(), READ if fixed else WRITE
    return _one(component, name, text, instance, data=DATA.BOOLEAN, mutability=mutability)


def _whole(component: str, name: str, value: int, instance: str | None = None, **rest: object) -> Variable:
    return _one(component, name, str(value), instance, data=DATA.INTEGER, least=0, **rest)


SHOWN = (
    _flag(TARIFFS, "Available", True, "Tariff", fixed=True),
    _flag(TARIFFS, "Available", True, "Cost", fixed=True),
    _flag(TARIFFS, "Enabled", True, "Tariff"),
    _flag(TARIFFS, "Enabled", True, "Cost"),
    _one(TARIFFS, "Currency", "EUR"),
    _one(TARIFFS, "TariffFallbackMessage", "Ask the operator for the price."),
    _one(TARIFFS, "TotalCostFallbackMessage", "The cost is told to you later."),
)
"""What 2.x has to show prices and costs."""

CALCULATED = (
    _flag(TARIFFS, "Enabled", True, "RunningCost"),
    _one(TARIFFS, "TariffFallbackMessage", "Ask the operator for the price.", LANGUAGE),
    _one(TARIFFS, "TotalCostFallbackMessage", "The cost is told to you later.", LANGUAGE),
    _one(TARIFFS, "OfflineTariffFallbackMessage", "Offline: ask the operator for the price.", LANGUAGE),
    _whole(TARIFFS, "Interval", 60, "Tariff", unit="s"),
    Variable(address=Address(TARIFFS, "Interval", "Cost"), value="300", data=DATA.INTEGER, least=1, unit="s"),
    _whole(TARIFFS, "MaxElements", 20, "Tariff", mutability=READ),
    _flag(TARIFFS, "ConditionsSupported", True, "Tariff", fixed=True),
    _one(
        TARIFFS, "HandleFailedTariff", "UseDefaultTariff", "Tariff", data=DATA.OPTION_LIST,
        choices=("Deauthorize", "UseDefaultTariff", "UseDefault", "CentralCost"),
    ),
    _flag(TARIFFS, "Problem", False, fixed=True),
    _one("ClockCtrlr", "TimeZone", "Etc/UTC"),
)  # fmt: skip
"""What 2.1 added, to calculate costs at the station (I07-I12)."""

PAID = (
    _flag(PAYMENTS, "Enabled", True),
    _flag(PAYMENTS, "Problem", False, fixed=True),
    _flag(PAYMENTS, "AuthorizeDirectPayment", True),
    _one(PAYMENTS, "AuthorizationAmount", "50.00", data=DATA.DECIMAL),
    _one(PAYMENTS, "IncrementalAuthorizationAmount", "0", data=DATA.DECIMAL),
    _one(PAYMENTS, "IncrementalAuthorizationThreshold", "5.00", data=DATA.DECIMAL),
    _one(PAYMENTS, "PaymentDetails", "CardBrand", data=DATA.MEMBER_LIST),
    _flag(PAYMENTS, "SettlementByCSMS", False),
    _one(PAYMENTS, "ReceiptServerUrl", "https://receipts.example/"),
    _flag(PAYMENTS, "ReceiptByCSMS", False),
    *(_one(PAYMENTS, "Merchant", "", name) for name in ("Id", "TaxId", "Name", "Address", "City")),
    *(
        _one(PAYMENTS, name, value, mutability=READ)
        for name, value in (
            ("TerminalID", "1"), ("PaymentServiceProvider", "Pretend"), ("VendorName", "Amperanto"),
            ("Model", "Pretender"), ("SerialNumber", "1"), ("FirmwareVersion", "1.0"), ("IMSI", ""), ("ICCID", ""),
        )
    ),
    _flag(PAYMENTS, "Connected", True, fixed=True),
    _flag(WEB, "Enabled", True),
    _one(WEB, "URLTemplate", "https://pay.example/{chargingstationid}/{evse}?totp={totp}&version={version}"),
    _one(WEB, "URLParameters", "maxtime,maxenergy,maxcost", data=DATA.MEMBER_LIST, mutability=READ),
    _one(WEB, "TOTPVersion", "v1"),
    _one(WEB, "ChargingStationId", ""),
    _one(WEB, "RoamingEvseId", ""),
    Variable(
        address=Address(WEB, "ValidityTime"), value="60", data=DATA.INTEGER, least=6, most=3600, unit="s"
    ),
    Variable(address=Address(WEB, "SharedSecret"), value="", mutability=v2.Mutability.WRITE_ONLY),
    Variable(address=Address(WEB, "Length"), value="8", data=DATA.INTEGER, least=6),
)  # fmt: skip
"""What 2.1 has to pay on the spot (C18-C25)."""
CALIFORNIA = (
    Variable(address=Address("ConfigurationKeys", "CustomDisplayCostAndPrice"), value="false", data=DATA.BOOLEAN),
    _one("ConfigurationKeys", "DefaultPriceText", ""),
    _one(TARIFFS, "Currency", "EUR"),
)
"""The keys of 1.6's California Pricing Requirements whitepaper that we know."""
