"""Hours and places, as the API writes them: when and where a token, or all tokens of a group, may charge.

Hours are windows of the week by the clock of the station's site. A place names a site, a station, an EVSE of it, a
connector type, or several of these at once; sites and stations by name or id.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, Any

from msgspec import UNSET, Meta, Struct, UnsetType, structs

from amperanto.api.problems import BadField
from amperanto.api.representation import PLAIN
from amperanto.domain.places import Place, Places
from amperanto.domain.schedules import DAY, Schedule, Window

MOST = 100


class Day(StrEnum):
    """A day of the week."""

    MON = "Mon"
    TUE = "Tue"
    WED = "Wed"
    THU = "Thu"
    FRI = "Fri"
    SAT = "Sat"
    SUN = "Sun"


DAYS = list(Day)
Begin = Annotated[str, Meta(pattern=r"^([01][0-9]|2[0-3]):[0-5][0-9]$", description="when it opens, such as 08:00")]
End = Annotated[
    str,
    Meta(
        pattern=r"^(([01][0-9]|2[0-3]):[0-5][0-9]|24:00)$",
        description="when it closes; one before `begin` is on the next day",
    ),
]


class WindowView(Struct, kw_only=True, forbid_unknown_fields=True):
    """Hours of some days, by the clock of the station's site."""

    days: Annotated[list[Day], Meta(min_length=1, max_length=7)]
    begin: Begin = "00:00"
    end: End = "24:00"


class PlaceView(Struct, kw_only=True, forbid_unknown_fields=True):
    """A place: what is named must be so."""

    site: Annotated[str, Meta(min_length=1, max_length=255, pattern=PLAIN)] | None = None
    station: Annotated[str, Meta(min_length=1, max_length=255, pattern=PLAIN)] | None = None
    evse: Annotated[int, Meta(ge=1, le=1_000_000, description="of that station")] | None = None
    connector_type: (
        Annotated[str, Meta(min_length=1, max_length=20, pattern=PLAIN, description="OCPP's word, such as cCCS2")]
        | None
    ) = None


Windows = Annotated[list[WindowView], Meta(max_length=MOST, description="when it may charge; null: at any hour")] | None
Allowed = Annotated[list[PlaceView], Meta(max_length=MOST, description="where it may charge; empty: everywhere")]
Denied = Annotated[list[PlaceView], Meta(max_length=MOST, description="where it may not, whatever is allowed")]


def windows_of(schedule: Schedule | None) -> list[WindowView] | None:
    """The hours as they are written."""
    if schedule is None:
        return None
    return [
        WindowView(days=[DAYS[day] for day in sorted(one.days)], begin=_clock(one.begin), end=_clock(one.end))
        for one in schedule.windows
    ]


def schedule_of(windows: list[WindowView] | None) -> Schedule | None:
    """The hours as they were written. Raises BadField."""
    if windows is None:
        return None
    return Schedule(tuple(_window(one) for one in windows))


def _window(told: WindowView) -> Window:
    begin, end = _minute(told.begin), _minute(told.end)
    if begin == end:
        raise BadField("schedule", "a window ends when it begins; a whole day is 00:00 to 24:00")
    return Window(days=frozenset(DAYS.index(day) for day in told.days), begin=begin, end=end)


def places_view(places: tuple[Place, ...]) -> list[PlaceView]:
    """Places as they are written."""
    return [
        PlaceView(site=one.site, station=one.station, evse=one.evse, connector_type=one.connector_type)
        for one in places
    ]


def places_told(settings: dict[str, Any], before: Places) -> dict[str, Any]:
    """The settings with `places` for their `allowed` and `denied`; of which one is absent stays as it was."""
    told = dict(settings)
    allowed, denied = (told.pop(name, UNSET) for name in ("allowed", "denied"))
    if not (isinstance(allowed, UnsetType) and isinstance(denied, UnsetType)):
        told["places"] = Places(
            allowed=before.allowed if isinstance(allowed, UnsetType) else _places("allowed", allowed),
            denied=before.denied if isinstance(denied, UnsetType) else _places("denied", denied),
        )
    return told


def _places(field: str, told: list[Any]) -> tuple[Place, ...]:
    """The places as they were written. Raises BadField."""
    found = tuple(Place(**(one if isinstance(one, dict) else structs.asdict(one))) for one in told)
    for number, place in enumerate(found):
        if place == Place():
            raise BadField(f"{field}[{number}]", "a place names a site, a station or a connector type")
        if place.evse is not None and place.station is None:
            raise BadField(f"{field}[{number}].evse", "an EVSE is one of a station: name the station, too")
    return found


def _clock(minute: int) -> str:
    return f"{minute // 60:02}:{minute % 60:02}"


def _minute(text: str) -> int:
    hours, minutes = text.split(":")
    return min(int(hours) * 60 + int(minutes), DAY)
