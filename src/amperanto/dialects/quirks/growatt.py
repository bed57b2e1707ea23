"""Growatt: the THOR, which tells its local time without saying so."""

from __future__ import annotations

from amperanto.dialects.quirks.quirk import Quirk, Source

THOR = Quirk(
    "growatt-thor",
    vendor="Growatt*",
    model="*THOR*",
    title="Growatt THOR",
    sources=[
        Source("evcc-io/evcc#10399", "instants without a zone"),
        Source("lbbrhzn/ocpp#1514", "they are local time, and its register counts one charge only"),
    ],
)
THOR.behaves(
    tells_local_time=True,
    hints=("Name the site it stands at, with its time zone: its instants are read in that.",),
)
