"""Legrand: the Green'up, with an error that has no name and keys that are numbers."""

from __future__ import annotations

from amperanto.dialects.quirks.quirk import Payload, Quirk, Source
from amperanto.ocpp import v16

GREEN_UP = Quirk(
    "legrand-greenup",
    vendor="Legrand*",
    title="Legrand Green'up",
    sources=[
        Source("lbbrhzn/ocpp#1248", "errorCode is Error"),
        Source("lbbrhzn/ocpp#1499", "values of configuration keys are numbers and truths, readonly is 0 or 1"),
    ],
)


@GREEN_UP.incoming(v16.StatusNotificationRequest)
def an_error_without_a_name(payload: Payload) -> Payload:
    """Its "Error" is 1.6's OtherError."""
    return payload | {"errorCode": "OtherError"} if payload.get("errorCode") == "Error" else payload
