"""OpenEVSE: figures that are numbers where 1.6 wants texts."""

from __future__ import annotations

from amperanto.dialects.quirks.quirk import Quirk, Source

OPEN_EVSE = Quirk(
    "openevse",
    vendor="OpenEVSE*",
    title="OpenEVSE",
    sources=[
        Source("lbbrhzn/ocpp#210", "sampled values are numbers"),
        Source("OpenEVSE/ESP32_WiFi#726", "the temperature is in Celcius"),
    ],
)
