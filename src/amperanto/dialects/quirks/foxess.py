"""FoxESS: the A series.

On 2.0.1 it speaks in 1.6's shapes, and refuses charging profiles that have 2.0.1's; on 1.6 it does neither.
"""

from __future__ import annotations

from amperanto.dialects.quirks.quirk import Payload, Quirk, Source
from amperanto.ocpp import v2

A_SERIES = Quirk(
    "foxess-a",
    vendor="Fox*",
    title="FoxESS A series",
    sources=[
        Source("lbbrhzn/ocpp#2008", "a 1.6 connection of some seconds before each 2.0.1 one; no EVSE in its report"),
        Source("lbbrhzn/ocpp#2050", "2.0.1 requests judged by 1.6's schemas, 1.6 payloads on a 2.0.1 connection"),
        Source("lbbrhzn docs/supported-devices.md", "reconnects after 6 to 19 minutes"),
    ],
)
A_SERIES.behaves(
    finishes_after_unplugging=False,
    hints=(
        "It is gone for 6 to 19 minutes before it connects again.",
        "Its maker advises OCPP 1.6 until a firmware mends its 2.0.1.",
        "Do not start it within 6 minutes of a stop: it then opens a transaction without power.",
    ),
)
_AVAILABLE = {"Available": "Available", "Reserved": "Reserved", "Unavailable": "Unavailable", "Faulted": "Faulted"}


@A_SERIES.incoming(v2.StatusNotificationRequest)
def status_in_the_shape_of_1_6(payload: Payload) -> Payload:
    """1.6's `status` is 2.0.1's `connectorStatus`; its connector n is connector 1 of EVSE n."""
    if "status" not in payload or "connectorStatus" in payload:
        return payload
    told = {name: payload[name] for name in ("timestamp", "customData") if name in payload}
    state = _AVAILABLE.get(str(payload["status"]), "Occupied")
    return told | {"connectorStatus": state, "evseId": payload.get("connectorId", 1), "connectorId": 1}


@A_SERIES.incoming(v2.MeterValuesRequest)
def meter_values_in_the_shape_of_1_6(payload: Payload) -> Payload:
    """1.6's `connectorId` is 2.0.1's `evseId`; what else 1.6 says there, 2.0.1 has no place for."""
    if "evseId" in payload or "connectorId" not in payload:
        return payload
    return {"evseId": payload["connectorId"], "meterValue": payload.get("meterValue", [])}
