"""Amperfied, before Heidelberg: wallboxes with figures that are empty texts."""

from __future__ import annotations

from amperanto.dialects.quirks.quirk import Quirk, Source

AMPERFIED = Quirk(
    "amperfied",
    vendor="Amperfied*|Heidelberg*",
    title="Amperfied (Heidelberg)",
    sources=[
        Source("evcc-io/evcc#17836", 'figures are ""; GetCompositeSchedule answers with a start of "0" and no unit'),
    ],
)
AMPERFIED.behaves(hints=("Its composite schedule cannot be read; look at its meter values instead.",))
