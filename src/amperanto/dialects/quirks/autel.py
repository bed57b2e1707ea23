"""Autel: the MaxiCharger."""

from __future__ import annotations

from amperanto.dialects.quirks.quirk import Quirk, Source

MAXICHARGER = Quirk(
    "autel",
    vendor="Autel*",
    title="Autel MaxiCharger",
    sources=[
        Source("lbbrhzn/ocpp#1523", "stays in Finishing after the cable is out, until it is reset"),
        Source("evcc templates ocpp-autel", "charges only after a remote start"),
    ],
)
MAXICHARGER.behaves(
    remote_start_required=True,
    finishes_after_unplugging=False,
    hints=("It drops wss:// without a word when no CA certificate was uploaded to it.",),
)
