"""Mennekes: the ACU of the Amtron and the 4You, slow to tell and slow to come back."""

from __future__ import annotations

from amperanto.dialects.quirks.quirk import Quirk, Source

ACU = Quirk(
    "mennekes-acu",
    vendor="Mennekes*",
    title="Mennekes ACU",
    sources=[
        Source("evcc templates ocpp-mennekes", "meter values at most every 60 s; the 4You is gone up to 15 min"),
        Source("evcc code connector_core.go", "tells energy only when idle, power only in a transaction"),
    ],
)
ACU.behaves(min_meter_interval=60, hints=("The 4You is gone for up to 15 minutes before it connects again.",))
