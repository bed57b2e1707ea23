"""Grizzl-E (United Chargers): JSON that ends too early, no subprotocol, one token for all."""

from __future__ import annotations

from amperanto.dialects.quirks.quirk import Quirk, Source

GRIZZL_E = Quirk(
    "grizzl-e",
    vendor="United*Chargers*|Grizzl*",
    title="Grizzl-E",
    sources=[
        Source("lbbrhzn/ocpp#442", "no Sec-WebSocket-Protocol header; NotSupported for what Core demands"),
        Source("lbbrhzn/ocpp#899", "frames that end before their brackets do; connects and disconnects in a loop"),
        Source("lbbrhzn/ocpp#176", "tells StationPassword; writes its signal strength as iccid"),
        Source("evcc-io/evcc#32502", "a remote start must carry uc_default_auth; limits below 6 A are ignored"),
    ],
)
GRIZZL_E.behaves(
    default_version="1.6",
    remote_start_token="uc_default_auth",  # noqa: S106 - a card's number, no secret
    configured_unasked=False,
    hints=("A limit below 6 A does not pause it: stop the transaction instead.",),
)
