"""An organisation, and what it declares once for all its stations.

What is said about one station goes before what is said about its site, that before the organisation's word, and that
before the node's setting.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from amperanto.domain.stations import OrganisationId, UnknownTokens


@dataclass(frozen=True, slots=True, kw_only=True)
class Organisation:
    """Who owns stations. `tokens_changed_at`: when a token of it was last blocked, changed or removed."""

    id: OrganisationId
    name: str
    unknown_tokens: UnknownTokens | None = None
    clear_caches: bool = False
    tokens_changed_at: datetime | None = None
