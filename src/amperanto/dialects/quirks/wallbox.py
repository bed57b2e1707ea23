"""Wallbox: the Pulsar line, different with each firmware."""

from __future__ import annotations

from amperanto.dialects.quirks.quirk import Quirk, Source

FIRMWARE_5 = Quirk(
    "wallbox-5",
    vendor="Wall*Box*",
    firmware=">=5,<6",
    title="Wallbox, firmware 5",
    sources=[Source("evcc templates ocpp-wallbox", "charges only after a remote start; no stack level but 0")],
)
FIRMWARE_5.behaves(remote_start_required=True, stack_level_max=0)

FIRMWARE_6 = Quirk(
    "wallbox-6",
    vendor="Wall*Box*",
    firmware=">=6",
    title="Wallbox, firmware 6",
    sources=[
        Source("evcc-io/evcc#25069", "no BootNotification after a reconnect"),
        Source("evcc-io/evcc#28541", "a Pulsar Pro with the internal meter takes settings and never sends values"),
    ],
)
FIRMWARE_6.behaves(
    boots_on_reconnect=False,
    hints=("A Pulsar Pro whose meter is set to 'Internal NON compliant' sends no meter values.",),
)
