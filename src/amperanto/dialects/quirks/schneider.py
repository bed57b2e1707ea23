"""Schneider Electric: EVlink, with serial numbers longer than the standard has room for."""

from __future__ import annotations

from amperanto.dialects.quirks.quirk import Quirk, Source

EVLINK = Quirk(
    "schneider-evlink",
    vendor="Schneider*",
    title="Schneider EVlink",
    sources=[
        Source("lbbrhzn/ocpp#213", "chargePointSerialNumber of 26, chargeBoxSerialNumber of 34 characters"),
        Source("lbbrhzn/ocpp#877", "rejects every charging profile until local load management is on"),
    ],
)
EVLINK.behaves(hints=("It rejects charging profiles until local load management is switched on at the station.",))
