"""Injet: the Sonic, whose currents are named as voltages are, or as that of the neutral conductor."""

from __future__ import annotations

from amperanto.dialects.quirks.quirk import Payload, Quirk, Source, each_sample
from amperanto.ocpp import v16

SONIC = Quirk(
    "injet",
    vendor="*Injet*|*Weeyu*",
    title="Injet Sonic",
    sources=[
        Source("lbbrhzn/ocpp#1311", "the current of a single phase is told as that of N"),
        Source("evcc-io/evcc#16966", "currents and powers of L1-N, L2-N and L3-N"),
    ],
)
_CONDUCTORS = {"L1-N": "L1", "L2-N": "L2", "L3-N": "L3"}


@SONIC.incoming(v16.MeterValuesRequest)
def currents_named_as_voltages(payload: Payload) -> Payload:
    """A current flows in L1, not between L1 and N."""
    return each_sample(payload, _conductor)


def _conductor(sample: Payload) -> Payload:
    phase = sample.get("phase")
    if not str(sample.get("measurand", "")).startswith("Current.") or phase not in _CONDUCTORS:
        return sample
    return sample | {"phase": _CONDUCTORS[phase]}
