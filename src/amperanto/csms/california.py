"""California pricing: what a display must show beside the cost, in the words of the Open Charge Alliance's paper.

The same words go to every version: as customData of CostUpdated in 2.x, and lifted into DataTransfer by the dialect of
1.6 (SetUserPrice, RunningCost, FinalCost). Prices are with tax, as a driver pays them; hours are 60 of our minutes.
"""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import msgspec

from amperanto.csms.pricing import Pricing
from amperanto.domain.amounts import rounded, tax_factor
from amperanto.domain.costs import Cost
from amperanto.domain.decisions import PersonalMessage
from amperanto.domain.tariffs import Dimension, Tariff
from amperanto.domain.tokens import Token
from amperanto.ocpp import v2

VENDOR = "org.openchargealliance.costmsg"
PLACES = 4  # of a price


def running(priced: Pricing, cost: Cost) -> dict[str, Any]:
    """The customData of a running cost: state, register and the prices that hold now."""
    usage, tariff = priced.usage, priced.tariffs[-1].tariff
    assert usage is not None  # a cost is of a usage
    *before, end = usage.points
    last = before[-1] if before else end
    said: dict[str, Any] = {
        "vendorId": VENDOR,
        "timestamp": usage.end.isoformat().replace("+00:00", "Z"),
        "meterValue": int(end.energy),
        "state": "Charging" if last.charging else "Idle",
        "chargingPrice": {
            "kWhPrice": _price(tariff, Dimension.ENERGY, cost, 1),
            "hourPrice": _price(tariff, Dimension.CHARGING_TIME, cost, 60),
            "flatFee": _price(tariff, Dimension.FIXED_FEE, cost, 1),
        },
    }
    if tariff.idle_time is not None:
        idle = _price(tariff, Dimension.IDLE_TIME, cost, 60)
        said["idlePrice"] = {"graceMinutes": tariff.idle_grace // 60, "hourPrice": idle}
    return said


def final(text: PersonalMessage | None) -> dict[str, Any]:
    """The customData of a final cost."""
    said: dict[str, Any] = {"vendorId": VENDOR, "final": True}
    return said if text is None else {**said, "priceText": text.content}


def user_price(token: Token, text: PersonalMessage) -> v2.DataTransferRequest:
    """SetUserPrice: what a driver who presented this token will pay, in words (1.6)."""
    data = {"idToken": token.uid, "priceText": text.content}
    return v2.DataTransferRequest(vendor_id=VENDOR, message_id="SetUserPrice", data=msgspec.json.encode(data).decode())


def _price(tariff: Tariff, dimension: Dimension, cost: Cost, units: int) -> float:
    """The price with tax that was used last in this dimension, else its first."""
    component = tariff.component(dimension)
    if component is None:
        return 0.0
    used = [line.element for line in cost.lines if line.dimension is dimension and line.tariff == tariff.id]
    index = (used[-1] or 1) - 1 if used else 0
    factor = 1 if tariff.tax_included else tax_factor(component.taxes)
    return float(rounded(Fraction(component.prices[index].price) * factor * units, PLACES))
