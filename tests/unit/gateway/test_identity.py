"""The identity of a station, as its path says it (R6)."""

from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from amperanto.gateway.identity import Address, is_identity, read_address

ODD = ["/", ".x", "a.b", "*", "|", "+", ":", "%", " a", "CP 1", "ä", "站", "a/b", "%41", "x" * 60, "*-_=:+|@."]


@pytest.mark.parametrize("identity", ODD)
@pytest.mark.parametrize("before", ["/", "/ocpp/", "/a/b%20c/d/", "//ocpp//"])
@pytest.mark.parametrize("after", ["", "/", "//", "?", "?token=/x", "/?x"])
def test_the_identity_is_the_last_segment_whatever_stands_around_it(identity: str, before: str, after: str) -> None:
    address = read_address(before + quote(identity, safe="") + after)
    assert address is not None
    assert address.identity == identity


@given(st.text(alphabet=st.characters(exclude_categories=["C", "Z"]), min_size=1, max_size=255))
def test_every_printable_identity_survives_being_encoded_once(identity: str) -> None:
    if identity not in (".", ".."):
        assert read_address("/ocpp/" + quote(identity, safe="")) == Address(identity, "ocpp")


@pytest.mark.parametrize("raw", ["CP:1", "a+b", "CP*7", "a|b", "a%b", "50%"])
def test_an_identity_that_was_not_encoded_is_taken_as_it_is(raw: str) -> None:
    assert read_address(f"/{raw}") == Address(raw, None)


def test_it_is_decoded_once_and_no_more() -> None:
    assert read_address("/CP%252F1") == Address("CP%2F1", None)


@pytest.mark.parametrize(
    "path", ["", "/", "//", "/?CP1", "/%20", "/%00", "/CP%0A1", "/%FF", "/..", "/a/.", "/" + "x" * 256]
)
def test_a_path_that_names_no_station_is_none(path: str) -> None:
    assert read_address(path) is None


@pytest.mark.parametrize(
    ("path", "host", "hint"),
    [
        ("/CP1", "", None),
        ("/acme/CP1", "", "acme"),
        ("/ocpp/acme/CP1", "other.example.org", "acme"),
        ("/CP1", "acme.example.org:9000", "acme"),
        ("/CP1", "example.org", None),
        ("/CP1", "192.168.1.7:9000", None),
        ("/CP1", "[::1]:9000", None),
        ("/CP1", "localhost:9000", None),
    ],
)
def test_the_segment_before_or_the_host_may_name_the_organisation(path: str, host: str, hint: str | None) -> None:
    assert read_address(path, host) == Address("CP1", hint)


def test_what_the_standard_allows_is_an_identity() -> None:
    assert is_identity("abcXYZ019*-_=:+|@.")
    assert is_identity("x" * 48)
