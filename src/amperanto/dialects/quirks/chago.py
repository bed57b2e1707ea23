"""Chago: stations that call their local time UTC until a boot has set their clock."""

from __future__ import annotations

from amperanto.dialects.quirks.quirk import Quirk, Source

CHAGO = Quirk(
    "chago",
    vendor="Chago*",
    title="Chago",
    sources=[Source("steve-community/steve#136", "local time marked Z until its clock is set at a boot")],
)
CHAGO.behaves(hints=("Times it told before its first boot after a power cut are its local time, marked as UTC.",))
