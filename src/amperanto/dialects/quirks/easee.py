"""Easee: wallboxes that wait for a remote start."""

from __future__ import annotations

from amperanto.dialects.quirks.quirk import Quirk, Source

EASEE = Quirk(
    "easee",
    vendor="Easee*",
    title="Easee",
    sources=[Source("evcc templates ocpp-easee", "meter values at most every 30 s; charges only after a remote start")],
)
EASEE.behaves(remote_start_required=True, min_meter_interval=30)
