"""A site's time zone is a zone that exists, or an error that says how to write one."""

from datetime import UTC, datetime, timedelta

import pytest

from amperanto.domain.errors import UnknownTimeZone
from amperanto.domain.sites import zone


def test_a_zone_follows_its_summer_time() -> None:
    amsterdam = zone("Europe/Amsterdam")
    assert datetime(2026, 7, 1, tzinfo=UTC).astimezone(amsterdam).utcoffset() == timedelta(hours=2)
    assert datetime(2026, 12, 1, tzinfo=UTC).astimezone(amsterdam).utcoffset() == timedelta(hours=1)


@pytest.mark.parametrize("name", ["Mars/Olympus", "", "../etc/passwd", "Europe"])
def test_what_is_no_zone_is_refused(name: str) -> None:
    with pytest.raises(UnknownTimeZone):
        zone(name)
