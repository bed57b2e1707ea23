"""ZJ Beny: wallboxes that write a comma too much.

The comma is put right before anybody looks (`ocpp/repair.py`), since it is no JSON with it.
"""

from __future__ import annotations

from amperanto.dialects.quirks.quirk import Quirk, Source

BENY = Quirk(
    "zj-beny",
    vendor="*Beny*",
    title="ZJ Beny",
    sources=[Source("lbbrhzn/ocpp#1078", "lists begin with a comma: [,{")],
)
