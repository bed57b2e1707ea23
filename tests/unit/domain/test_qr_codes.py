"""The code of a QR address."""

from datetime import UTC, datetime, timedelta

import pytest

from amperanto.domain.qr_codes import BASE61, BASE62, address, code, is_good

AT = datetime(2026, 5, 1, 12, 0, 30, tzinfo=UTC)
SECRET = "a shared secret, 32 letters long"


def test_the_alphabets_have_62_and_61_letters_in_the_standards_order():
    assert (len(BASE62), len(BASE61)) == (62, 61)
    assert BASE62.startswith("0123456789abc") and BASE62.endswith("XYZ")
    assert set(BASE62) - set(BASE61) == {"o"}


@pytest.mark.parametrize(("seconds", "good"), [(0, True), (-60, True), (60, True), (-120, False), (120, False)])
def test_codes_of_this_interval_and_its_neighbours_are_good(seconds, good):
    told = code(SECRET, AT + timedelta(seconds=seconds), validity=60, length=8)
    assert is_good(told, SECRET, AT, validity=60, length=8, alphabets=(BASE62,)) is good


def test_another_secret_length_or_text_is_no_good():
    told = code(SECRET, AT, validity=60, length=8)
    assert not is_good(told, SECRET + "x", AT, validity=60, length=8, alphabets=(BASE62,))
    assert not is_good(told[:-1], SECRET, AT, validity=60, length=8, alphabets=(BASE62,))
    assert not is_good("ä" * 8, SECRET, AT, validity=60, length=8, alphabets=(BASE62,))


def test_a_code_of_61_letters_is_good_only_where_that_alphabet_is_allowed():
    moments = (AT + timedelta(minutes=minute) for minute in range(100))
    at = next(one for one in moments if code(SECRET, one, validity=60, length=8) != _old(one))
    assert not is_good(_old(at), SECRET, at, validity=60, length=8, alphabets=(BASE62,))
    assert is_good(_old(at), SECRET, at, validity=60, length=8, alphabets=(BASE62, BASE61))


def _old(at):
    return code(SECRET, at, validity=60, length=8, alphabet=BASE61)


def test_an_address_is_filled_and_what_it_does_not_know_stays():
    template = "https://pay.example/{chargingstationid}/{evse}?t={totp}&v={version}&x={other}"
    filled = address(template, {"chargingstationid": "CP1", "evse": "2", "totp": "abc", "version": "v1"})
    assert filled == "https://pay.example/CP1/2?t=abc&v=v1&x={other}"


def test_a_code_is_made_as_the_standard_describes():
    """HMAC by `openssl dgst -sha256 -hmac`: 865bc9b8a0e8f83c80d4 4151 1979 d669 cdd6 …aa; offset 10; mod 62 by hand."""
    assert code(SECRET, AT, validity=60, length=8) == "3jpXsHjs"
