"""TKT: every transaction has the number 0."""

from __future__ import annotations

from amperanto.dialects.quirks.quirk import Payload, Quirk, Source
from amperanto.ocpp import v16

TKT = Quirk(
    "tkt",
    vendor="TKT*",
    title="TKT",
    sources=[Source("mikuso/ocpp-rpc#82", "the transaction number is always 0")],
)


@TKT.incoming(v16.MeterValuesRequest)
def no_transaction_has_the_number_0(payload: Payload) -> Payload:
    """0 names none: what it measures belongs to the transaction that is open at that connector."""
    if payload.get("transactionId") != 0:
        return payload
    return {name: value for name, value in payload.items() if name != "transactionId"}
