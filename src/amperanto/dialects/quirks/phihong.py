"""Phihong: answers whose id has a character before it."""

from __future__ import annotations

from amperanto.dialects.quirks.quirk import Quirk, Source

PHIHONG = Quirk(
    "phihong",
    vendor="Phihong*",
    title="Phihong",
    sources=[Source("mobilityhouse/ocpp#230", "answers under the id of the call with a character before it")],
)
