"""Hager: the Witty, which stops what it never started."""

from __future__ import annotations

from amperanto.dialects.quirks.quirk import Quirk, Source

WITTY = Quirk(
    "hager-witty",
    vendor="Hager*",
    title="Hager Witty",
    sources=[Source("dallmann-consulting/OCPP.Core#55", "StopTransaction with the number -1")],
)
