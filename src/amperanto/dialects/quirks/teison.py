"""Teison: boots with empty texts where it has nothing to say."""

from __future__ import annotations

from amperanto.dialects.quirks.quirk import Quirk, Source

TEISON = Quirk(
    "teison",
    vendor="Teison*",
    title="Teison",
    sources=[Source("lbbrhzn/ocpp#1617", 'iccid and imsi are ""')],
)
TEISON.behaves(hints=("It is gone for up to 20 minutes before it connects again.",))
