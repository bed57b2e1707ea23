"""StarCharge and MG: wallboxes that restart when asked to boot."""

from __future__ import annotations

from amperanto.dialects.quirks.quirk import Quirk, Source

STAR_CHARGE = Quirk(
    "star-charge",
    vendor="Star*Charge*|MG|MG Motor*",
    title="StarCharge and MG",
    sources=[Source("lbbrhzn/ocpp#1096", "connects and disconnects in a loop after TriggerMessage(BootNotification)")],
)
STAR_CHARGE.behaves(boots_when_triggered=False)
