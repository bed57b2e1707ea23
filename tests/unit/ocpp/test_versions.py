"""Versions by subprotocol and by text."""

import pytest

from amperanto.ocpp import NEWEST_FIRST, Version, by_subprotocol


def test_a_version_is_found_by_its_subprotocol_only() -> None:
    assert [by_subprotocol(version.subprotocol) for version in NEWEST_FIRST] == list(NEWEST_FIRST)
    assert by_subprotocol("ocpp1.5") is None
    assert by_subprotocol("OCPP1.6") is None


def test_people_write_versions_in_several_ways() -> None:
    assert Version.parse("ocpp2.0.1") is Version.parse(" 2.0.1") is Version.V201
    with pytest.raises(ValueError, match="not a valid Version"):
        Version.parse("2.0")
