"""Hours and places as people type them: `Mon-Fri 08:00-18:00`, `station=CP1,evse=2`."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

import click

DAYS = ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"]
NAMES = {day.casefold(): number for number, day in enumerate(DAYS)}
HOURS = re.compile(r"\s*(?P<days>[A-Za-z,\- ]+?)\s+(?P<begin>\d\d:\d\d)\s*-\s*(?P<end>\d\d:\d\d)\s*")
FIELDS = {"site": "site", "station": "station", "evse": "evse", "type": "connector_type"}


def windows(told: Sequence[str]) -> list[dict[str, Any]]:
    """The windows, in the words of the REST interface. Raises click.BadParameter."""
    return [_window(one) for one in told]


def _window(told: str) -> dict[str, Any]:
    found = HOURS.fullmatch(told)
    days = None if found is None else _days(found["days"])
    if found is None or days is None:
        raise click.BadParameter(f"{told!r} is none; write it like 'Mon-Fri 08:00-18:00'.", param_hint="--hours")
    return {"days": days, "begin": found["begin"], "end": found["end"]}


def _days(told: str) -> list[str] | None:
    """The days of `daily`, `Sat,Sun` or `Mon-Fri`."""
    if told.casefold() == "daily":
        return DAYS
    numbers: set[int] = set()
    for part in told.replace(" ", "").split(","):
        ends = [NAMES.get(day.casefold()[:3]) for day in part.split("-")]
        first, last = ends[0], ends[-1]
        if first is None or last is None or len(ends) > 2:
            return None
        numbers |= {number % 7 for number in range(first, last + 1 if first <= last else last + 8)}
    return [DAYS[number] for number in sorted(numbers)]


def places(told: Sequence[str], option: str) -> list[dict[str, Any]]:
    """The places, in the words of the REST interface. Raises click.BadParameter."""
    return [_place(one, option) for one in told]


def _place(told: str, option: str) -> dict[str, Any]:
    place: dict[str, Any] = {}
    for part in told.split(","):
        name, equals, value = part.partition("=")
        field = FIELDS.get(name.strip())
        if field is None or not equals or not value.strip():
            raise click.BadParameter(f"{told!r} is none; write it like station=CP1,evse=2.", param_hint=option)
        place[field] = value.strip()
    if "evse" in place:
        if not place["evse"].isdecimal():
            raise click.BadParameter(f"{place['evse']!r} is no number of an EVSE.", param_hint=option)
        place["evse"] = int(place["evse"])
    return place
