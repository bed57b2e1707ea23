"""What a request to open a WebSocket says, as OCPP-J reads it."""

import base64

import pytest
from hypothesis import given
from hypothesis import strategies as st

from amperanto.ocpp import NEWEST_FIRST, Version
from amperanto.transport.upgrade import (
    basic_credentials,
    basic_header,
    negotiate,
    offered_subprotocols,
    path_segments,
    split_credentials,
)


def test_the_example_of_the_standard_is_written_and_read_as_bytes() -> None:
    key = bytes.fromhex("0001020304050607FFFFFFFFFFFFFFFFFFFFFFFF")
    header = basic_header("AL1000", key)
    assert header == "Basic QUwxMDAwOgABAgMEBQYH////////////////"
    credentials = basic_credentials([header])
    assert credentials is not None
    assert split_credentials(credentials, "AL1000") == ("AL1000", key)


@given(st.text(alphabet=st.characters(exclude_characters=":", exclude_categories=["Cs"])), st.binary())
def test_credentials_survive_the_way_for_any_user_and_any_bytes(user: str, password: bytes) -> None:
    credentials = basic_credentials([basic_header(user, password)])
    assert credentials is not None
    assert split_credentials(credentials, "another") == (user, password)


def test_an_identity_with_a_colon_is_still_told_from_its_password() -> None:
    assert split_credentials(b"cp:1:pass:word", "CP:1") == ("cp:1", b"pass:word")
    assert split_credentials(b"CP:pass", "CP:1") == ("CP", b"pass")


@pytest.mark.parametrize(
    "headers",
    [
        [],
        ["Basic"],
        ["Basic !!!"],
        ["Bearer QTpC"],
        ["Basic " + base64.b64encode(b"no colon").decode()],
        ["Basic QTpC", "Basic QTpC"],
        ["Basic QTp\u00fc"],
    ],
)
def test_what_is_no_basic_credential_is_none(headers: list[str]) -> None:
    assert basic_credentials(headers) is None


@pytest.mark.parametrize("header", ["basic QTpC", "BASIC  QTpC ", "Basic QTpCRA", "Basic QTpCRA=="])
def test_the_scheme_has_no_case_and_padding_may_be_missing(header: str) -> None:
    credentials = basic_credentials([header])
    assert credentials is not None
    assert credentials.startswith(b"A:B")


@pytest.mark.parametrize(
    ("headers", "names"),
    [
        ([], ()),
        ([""], ()),
        (["ocpp1.6"], ("ocpp1.6",)),
        (["ocpp2.0.1, ocpp1.6"], ("ocpp2.0.1", "ocpp1.6")),
        ([" ocpp2.0.1 ,,", "ocpp1.6"], ("ocpp2.0.1", "ocpp1.6")),
    ],
)
def test_subprotocols_are_read_over_all_headers(headers: list[str], names: tuple[str, ...]) -> None:
    assert offered_subprotocols(headers) == names


@given(st.lists(st.sampled_from(["ocpp1.6", "ocpp2.0.1", "ocpp2.1", "ocpp1.5", "x"]), unique=True))
def test_the_newest_common_version_is_chosen_whatever_the_order(offered: list[str]) -> None:
    common = [version for version in NEWEST_FIRST if version.subprotocol in offered]
    expected = common[0] if common else None if offered else Version.V201
    assert negotiate(offered, default=Version.V201) is expected


def test_a_version_that_is_switched_off_is_not_chosen() -> None:
    assert negotiate(["ocpp2.1", "ocpp1.6"], spoken=[Version.V16]) is Version.V16


def test_a_path_is_decoded_once_and_segment_by_segment() -> None:
    assert path_segments("/a//b%2Fc/%2541/?q=/x") == ("a", "b/c", "%41")
    with pytest.raises(UnicodeDecodeError):
        path_segments("/%FF")
