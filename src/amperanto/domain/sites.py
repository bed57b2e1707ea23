"""A site: where stations stand together, in one time zone.

Tariffs read their hours in the site's local time, tokens may be allowed or denied per site, and people see their
stations by it. A station without a site counts as UTC.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, tzinfo
from typing import NewType
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from amperanto.domain.errors import UnknownTimeZone
from amperanto.domain.stations import OrganisationId, UnknownTokens

SiteId = NewType("SiteId", str)


@dataclass(frozen=True, slots=True, kw_only=True)
class Site:
    """A place of one organisation; `time_zone` is an IANA name, such as Europe/Amsterdam.

    `unknown_tokens` is what happens here to tokens nobody registered, None for what the organisation declared.
    """

    id: SiteId
    organisation: OrganisationId
    name: str
    time_zone: str = "UTC"
    created_at: datetime | None = None
    revision: int = 0
    unknown_tokens: UnknownTokens | None = None

    @property
    def zone(self) -> tzinfo:
        """Its time zone. Raises UnknownTimeZone."""
        return zone(self.time_zone)


def zone(name: str) -> tzinfo:
    """The time zone of that IANA name. Raises UnknownTimeZone."""
    if name == "UTC":
        return UTC
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise UnknownTimeZone(f"there is no time zone {name!r}; write it as Europe/Amsterdam") from error
