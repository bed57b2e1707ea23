"""Charge Amps: the Halo, whose frequency is in Hz."""

from __future__ import annotations

from amperanto.dialects.quirks.quirk import Quirk, Source

HALO = Quirk(
    "charge-amps-halo",
    vendor="Charge*Amps*",
    model="*Halo*",
    title="Charge Amps Halo",
    sources=[Source("lbbrhzn/ocpp#1576", "the unit of the frequency is Hz, a word 1.6 does not have")],
)
