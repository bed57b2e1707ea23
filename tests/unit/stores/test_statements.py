"""Statements compiled for both databases bind named parameters and read rows into Python values."""

from datetime import UTC, datetime, timedelta, timezone

import pytest

from amperanto.domain.stations import DEFAULT_ORGANISATION, StationId
from amperanto.stores.groups import FENCES
from amperanto.stores.message_log import APPEND, LoggedMessage, row_of
from amperanto.stores.statements import listed

AT = datetime(2026, 5, 1, 14, tzinfo=timezone(timedelta(hours=2)))


def message(at: datetime = AT) -> LoggedMessage:
    return LoggedMessage(
        at=at, organisation=DEFAULT_ORGANISATION, station=StationId("s"), connection=1, number=2, direction="in",
        frame="a\x00b",
    )  # fmt: skip


def test_sqlite_keeps_instants_as_text_of_fixed_width_in_utc() -> None:
    values = APPEND.on("sqlite").bind(row_of(message()))
    assert "2026-05-01T12:00:00.000000+00:00" in values
    assert "a\x00b" in values


def test_postgresql_is_given_instants_and_no_nul() -> None:
    values = APPEND.on("postgresql").bind(row_of(message()))
    assert AT in values
    assert "a\u2400b" in values


def test_an_instant_without_a_zone_is_refused() -> None:
    with pytest.raises(ValueError, match="no zone"):
        APPEND.on("sqlite").bind(row_of(message(datetime(2026, 5, 1))))  # noqa: DTZ001 - that is the point


def test_a_list_is_one_parameter_in_both_databases() -> None:
    assert "json_each(?)" in FENCES.on("sqlite").sql
    assert "jsonb_array_elements_text" in FENCES.on("postgresql").sql
    assert FENCES.on("sqlite").bind({"stations": listed(["a", 'b"'])}) == ('["a","b\\""]',)


def test_a_row_is_read_back_into_python_values() -> None:
    row = FENCES.on("sqlite").row(("s", 3))
    assert row == {"station": "s", "fence": 3}
    assert AT.astimezone(UTC) == AT
