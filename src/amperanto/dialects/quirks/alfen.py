"""Alfen: the Eve line.

At its first connection it tells its whole history, under a transaction number no integer holds, with samples that
name a limit where the standard has a context.
"""

from __future__ import annotations

from amperanto.dialects.quirks.quirk import Payload, Quirk, Source, each_sample
from amperanto.ocpp import v16

EVE = Quirk(
    "alfen-eve",
    vendor="Alfen*",
    title="Alfen Eve",
    sources=[
        Source("lbbrhzn/ocpp#361", "replays its whole history; the transaction number is 2^63-1; context CurrentMax"),
        Source("steve-community/steve#1347", "message ids are small counters that begin again at each boot"),
        Source("evcc code cp_setup.go", "PlugAndChargeIdentifier holds the token of its own starts"),
    ],
)
EVE.behaves(hints=("The configuration key PlugAndChargeIdentifier holds the token of its own starts.",))
NO_NUMBER = 2**63 - 1


@EVE.incoming(v16.MeterValuesRequest)
def limits_are_offered_current(payload: Payload) -> Payload:
    """A sample in the context "CurrentMax" is the current offered; the largest number names no transaction."""
    if payload.get("transactionId") == NO_NUMBER:
        payload = {name: value for name, value in payload.items() if name != "transactionId"}
    return each_sample(payload, _offered)


def _offered(sample: Payload) -> Payload:
    if sample.get("context") != "CurrentMax":
        return sample
    return {"measurand": "Current.Offered"} | sample | {"context": "Sample.Periodic"}
