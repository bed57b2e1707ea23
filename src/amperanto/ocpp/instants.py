"""Instants as text: how the standard writes them, how stations do, and how we do.

The standard asks for RFC 3339 (`is_instant`). Stations also leave out the zone, its colon, its minutes, or
the seconds (`parse_instant` reads all of that). We write UTC with three decimals, always (`write_instant`).
"""

import re
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

from amperanto.ocpp.errors import LocalProtocolError

__all__ = ["Receipt", "is_instant", "parse_instant", "write_instant"]

RFC_3339 = re.compile(
    r"\d{4}-\d\d-\d\d[Tt](?:[01]\d|2[0-3]):[0-5]\d:(?:[0-5]\d|60)(?:\.\d+)?"
    r"(?:[Zz]|[+-](?:[01]\d|2[0-3]):[0-5]\d)",
    re.ASCII,
)
LOOSE = re.compile(
    r"\s*(\d{4})-(\d\d?)-(\d\d?)[Tt ](\d\d?):(\d\d)(?::(\d\d)(?:[.,](\d+))?)?\s*"
    r"(?:[Zz]|([+-])(\d\d):?(\d\d)?)?\s*",
    re.ASCII,
)


class Receipt(datetime):
    """The moment a message was received, in the place of one it does not tell readably."""


def is_instant(text: str) -> bool:
    """Whether a text is an RFC 3339 date-time that a calendar has; leap seconds end a day in UTC."""
    instant = parse_instant(text) if RFC_3339.fullmatch(text) else None
    if instant is None or text[17:19] != "60":
        return instant is not None
    midnight = instant.replace(hour=0, minute=0, second=0, microsecond=0, tzinfo=UTC)
    return (instant - midnight) % timedelta(days=1) < timedelta(seconds=1)


def parse_instant(text: str) -> datetime | None:
    """An instant as stations write it; None when it is none.

    That is RFC 3339, also without seconds, with `+03` or `+0300`, and without a zone, which is UTC.
    """
    match = LOOSE.fullmatch(text)
    if match is None:
        return None
    year, month, day, hour, minute = (int(part) for part in match.group(1, 2, 3, 4, 5))
    second = int(match[6] or 0)
    leap = second == 60  # RFC 3339 has leap seconds, Python does not: the same second, one later
    micros = int((match[7] or "0")[:6].ljust(6, "0"))
    try:
        zone = UTC
        if match[8]:
            offset = timedelta(hours=int(match[9]), minutes=int(match[10] or 0))
            zone = timezone(-offset if match[8] == "-" else offset) if offset else UTC
        instant = datetime(year, month, day, hour, minute, 59 if leap else second, micros, zone)
        instant.astimezone(UTC)  # an offset may lead out of the calendar
        return instant + timedelta(seconds=1) if leap else instant
    except (ValueError, OverflowError):
        return None


def write_instant(instant: Any) -> str:
    """An instant as OCPP wants it. Raises LocalProtocolError for a naive one."""
    if not isinstance(instant, datetime) or instant.tzinfo is None:
        raise LocalProtocolError("an instant must be an aware datetime")
    try:
        return instant.astimezone(UTC).isoformat(timespec="milliseconds")[:-6] + "Z"
    except OverflowError:
        raise LocalProtocolError("an instant outside the calendar") from None
