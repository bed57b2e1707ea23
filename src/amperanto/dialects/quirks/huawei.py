"""Huawei: the FusionCharge and the SmartCharger, which have no name and count in watts."""

from __future__ import annotations

from amperanto.dialects.quirks.quirk import Quirk, Source
from amperanto.domain.behaviour import RateUnit

FUSION_CHARGE = Quirk(
    "huawei-fusioncharge",
    vendor="Huawei*|",
    model="*FusionCharge*|*SCharger*|*SmartCharger*|ACChargePoint*",
    title="Huawei FusionCharge and SmartCharger",
    sources=[
        Source("lbbrhzn/ocpp#1144", "phases that are no phases"),
        Source("evcc templates ocpp-huawei (forcepowerctrl)", "keeps to limits in watts only"),
        Source("evcc-io/evcc#32170", "its vendor is an empty text"),
    ],
)
FUSION_CHARGE.behaves(rate_unit=RateUnit.WATTS)
