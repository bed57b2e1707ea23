"""ABB: the Terra AC wallboxes.

They take a list of every measurand, keep it, and restart for ever when asked for it; and no stack level but 0.
"""

from __future__ import annotations

from amperanto.dialects.quirks.quirk import Quirk, Source

TERRA_AC = Quirk(
    "abb-terra-ac",
    vendor="ABB",
    model="*TAC*",
    title="ABB Terra AC",
    sources=[
        Source("lbbrhzn/ocpp#1275", "accepts all measurands, then restarts in a loop (firmware up to 1.8.21)"),
        Source("evcc-io/evcc#15493", "rejects charging profiles whose stack level is not 0"),
        Source("mobilityhouse/ocpp#186", "repeats StartTransaction with its first timestamp after a lost connection"),
    ],
)
TERRA_AC.behaves(
    stack_level_max=0,
    configured_unasked=False,
    first_measurands=("Energy.Active.Import.Register", "Power.Active.Import", "Current.Import"),
    hints=("If it restarts again and again, set MeterValuesSampledData to Energy.Active.Import.Register alone.",),
)
