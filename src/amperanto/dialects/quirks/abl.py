"""ABL: wallboxes that answer a trigger only for a connector."""

from __future__ import annotations

from amperanto.dialects.quirks.quirk import Quirk, Source

ABL = Quirk(
    "abl",
    vendor="ABL*",
    title="ABL",
    sources=[Source("evcc-io/evcc#7424", "rejects TriggerMessage(MeterValues) without a connector")],
)
ABL.behaves(triggers_need_connector=True)
