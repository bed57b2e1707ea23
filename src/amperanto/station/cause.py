"""Why something changes at an EVSE, in 2.x words whatever the version."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from amperanto.domain.limits import TransactionLimit
from amperanto.domain.tokens import Token


@dataclass(frozen=True, slots=True, kw_only=True)
class Cause:
    """Why something changed: 2.x's triggerReason, and what goes with it."""

    trigger: str
    token: Token | None = None
    reason: str | None = None
    remote_start: int | None = None
    limit: TransactionLimit | None = None
    at: datetime | None = None
    """When, by the station's clock, if not now."""
    ago: float = 0.0
    """How many seconds ago that truly was."""


STATE_CHANGED = Cause(trigger="ChargingStateChanged")
CAR_CHANGED = Cause(trigger="ChargingStateChanged", reason="StoppedByEV")
SIGNED = Cause(trigger="SignedDataReceived")
DEAUTHORIZED = Cause(trigger="Deauthorized", reason="DeAuthorized")
