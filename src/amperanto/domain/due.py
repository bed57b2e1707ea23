"""What must happen at a time, whoever is alive by then (R4): one row for each, never a timer in memory alone."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from amperanto.domain.stations import OrganisationId


@dataclass(frozen=True, slots=True, kw_only=True)
class Due:
    """`kind` says whose business it is, `subject` about what; both together name it. `body` is that block's JSON."""

    id: str
    organisation: OrganisationId
    kind: str
    subject: str
    at: datetime
    body: str | None = None
    tries: int = 0
    claimed_until: datetime | None = None
