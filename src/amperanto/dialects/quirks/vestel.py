"""Vestel: the EVC04, which sends meter values without a single value."""

from __future__ import annotations

from amperanto.dialects.quirks.quirk import Quirk, Source

EVC04 = Quirk(
    "vestel-evc04",
    vendor="Vestel*",
    title="Vestel EVC04",
    sources=[Source("lbbrhzn/ocpp#466", "sampledValue is an empty list")],
)
