"""Instants of stations that tell local time without saying so: read in the time zone of the station's site.

Only what has no zone is touched: an instant that names one is taken at its word. Where a clock is put back an hour
of local time comes twice; the second is meant from the moment the first is over by our clock (`fold`).
"""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import datetime, timedelta, tzinfo
from typing import Any, cast

from amperanto.dialects.quirks.quirk import Payload
from amperanto.ocpp import v2, v16
from amperanto.ocpp.instants import parse_instant
from amperanto.ocpp.shapes import Message

CLOCKED: frozenset[type[Message]] = frozenset(
    {
        v16.StartTransactionRequest,
        v16.StopTransactionRequest,
        v16.MeterValuesRequest,
        v16.StatusNotificationRequest,
        v2.TransactionEventRequest,
        v2.MeterValuesRequest,
        v2.StatusNotificationRequest,
    }
)
_ZONED = re.compile(r"(?:[Zz]|[+-]\d\d:?(?:\d\d)?)\s*")


class SiteClock:
    """The clock of a station that tells the local time of its site."""

    def __init__(self, zone: tzinfo, now: Callable[[], datetime]) -> None:
        """`now` is our wall clock, aware."""
        self._zone = zone
        self._now = now

    def tells_time(self, kind: type[Message], /) -> bool:
        """Whether messages of this class tell instants."""
        return kind in CLOCKED

    def zoned(self, payload: Payload, /) -> Payload:
        """The payload, its instants in the site's zone where they name none."""
        return localised(payload, self._zone, self._now())


def localised(payload: Payload, zone: tzinfo, now: datetime) -> Payload:
    """The payload with a zone for each `timestamp` that has none; `now` is our wall clock."""
    return {name: _read(name, value, zone, now) for name, value in payload.items()}


def _read(name: str, value: Any, zone: tzinfo, now: datetime) -> Any:
    if isinstance(value, dict):
        return localised(cast(Payload, value), zone, now)
    if isinstance(value, list):
        return [_read("", one, zone, now) for one in cast(list[Any], value)]
    return _zoned(value, zone, now) if name == "timestamp" and isinstance(value, str) else value


def _zoned(text: str, zone: tzinfo, now: datetime) -> str:
    told = parse_instant(text)
    if told is None or _ZONED.search(text, 16):
        return text
    first, second = (told.replace(tzinfo=zone, fold=fold) for fold in (0, 1))
    meant = second if now - second.astimezone(now.tzinfo) > -timedelta(minutes=1) else first
    return meant.isoformat()
