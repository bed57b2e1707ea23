"""Instants as text."""

from datetime import UTC, datetime, timedelta

import pytest

from amperanto.ocpp.instants import is_instant, parse_instant, write_instant


@pytest.mark.parametrize(
    "text",
    ["2026-01-01T00:00:00Z", "2026-01-01t00:00:00.123456789z", "2026-01-01T00:00:00-03:30", "2016-12-31T23:59:60Z"],
)
def test_rfc_3339_is_an_instant(text: str) -> None:
    assert is_instant(text)
    assert parse_instant(text) is not None


@pytest.mark.parametrize(
    "text",
    [
        "", "2026-01-01", "2026-01-01T00:00:00", "2026-01-01 00:00:00Z", "2026-01-01T00:00:00+0300",
        "2026-02-30T00:00:00Z", "2026-01-01T24:00:00Z", "2026-01-01T00:00:60Z", "0000-01-01T00:00:00Z",
        "2026-01-01T00:0/:00Z", "２０２６-01-01T00:00:00Z", "2026-01-01T00:00:00Z\n",
    ],
)  # fmt: skip
def test_anything_else_is_not(text: str) -> None:
    assert not is_instant(text)


def test_a_leap_second_is_the_next_midnight() -> None:
    assert parse_instant("2016-12-31T23:59:60Z") == datetime(2017, 1, 1, tzinfo=UTC)


def test_what_was_written_is_read_back_to_the_millisecond() -> None:
    moment = datetime(2026, 3, 29, 1, 59, 59, 999999, UTC)
    back = parse_instant(write_instant(moment))
    assert back is not None
    assert timedelta() <= moment - back < timedelta(milliseconds=1)
