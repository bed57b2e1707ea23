"""go-e: chargers whose transaction profiles change nothing."""

from __future__ import annotations

from amperanto.dialects.quirks.quirk import Quirk, Source

GO_E = Quirk(
    "go-e",
    vendor="go-e*",
    title="go-eCharger",
    sources=[
        Source("goecharger/go-eCharger-API-v2#105", "accepts a TxProfile that then has no effect"),
        Source("goecharger/go-eCharger-API-v2#106", "StopTransaction with the number -1"),
    ],
)
GO_E.behaves(hints=("A TxProfile may be accepted and do nothing: use TxDefaultProfile or ChargePointMaxProfile.",))
