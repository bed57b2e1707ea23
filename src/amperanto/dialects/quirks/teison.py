"""Teison: boots with empty texts where it has nothing to say."""

from __future__ import annotations

from amperanto.dialects.quirks.quirk import Quirk, Source

TEISON = Quirk(
    "teison",
    vendor="Teison*",
    title="Teison",
    sources=[Source("lbbrhzn/ocpp#1617", 'iccid and imsi are ""')],
)
TEISON.behaves(reconnects_within=1200.0)
