"""EN+: boards found in the wallboxes of several brands.

They do not boot again on a new connection, break at ChangeAvailability, and answer under ids of their own.
"""

from __future__ import annotations

from amperanto.dialects.quirks.quirk import Quirk, Source

EN_PLUS = Quirk(
    "en-plus",
    vendor="EN+*|EN Plus*|EN-Plus*|EN_Plus*",
    title="EN+",
    sources=[
        Source("evcc-io/evcc#25069", "no BootNotification after a reconnect"),
        Source("evcc templates ocpp-enplus", "ChangeAvailability breaks it"),
        Source("mobilityhouse/ocpp#297", "answers under message ids nobody used"),
    ],
)
EN_PLUS.behaves(boots_on_reconnect=False, takes_availability_changes=False, answers_by_own_ids=True)
