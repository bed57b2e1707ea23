"""EVBox: the Elvi and Livo, and the Entratek boxes built of them.

A list of measurands with one they do not have is rejected as a whole, and no stack level but 0 is taken. The Livo
speaks of itself in 2.0.1's words on a 1.6 connection (`ocpp/tolerance.py` reads them).
"""

from __future__ import annotations

from amperanto.dialects.quirks.quirk import Quirk, Source

EVBOX = Quirk(
    "evbox",
    vendor="EV-Box*|EVBox*|Entratek*",
    title="EVBox Elvi and Livo",
    sources=[
        Source("lbbrhzn/ocpp#221", "rejects a list with a measurand it does not have; its highest stack level is 0"),
        Source("lbbrhzn/ocpp#1703", "rejects profiles above stack level 0"),
        Source("evcc templates ocpp-evbox, ocpp-entratek", "without Current.Offered, Power.Offered and SoC"),
        Source("lbbrhzn/ocpp#1432", "the Livo sends a 2.0.1 BootNotification on a 1.6 connection"),
    ],
)
EVBOX.behaves(
    stack_level_max=0,
    measurands_at_once=False,
    denied_measurands=frozenset({"Current.Offered", "Power.Offered", "SoC"}),
)
