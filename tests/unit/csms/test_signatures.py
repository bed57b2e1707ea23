"""The verdict on a signed reading is right: for each curve in use, each form of a key, and each way to cheat."""

import pytest
from tests.support.ocmf import NAMES, Meter

from amperanto.csms.signatures import check, normal_key
from amperanto.domain.errors import BadMeterKey
from amperanto.domain.meter_values import SignedValue
from amperanto.domain.signed_values import Verdict


def told(data: str, key: str = "") -> SignedValue:
    return SignedValue(data=data, encoding="OCMF", public_key=key)


@pytest.mark.parametrize("curve", NAMES)
@pytest.mark.parametrize("encoding", ["hex", "base64"])
def test_a_right_signature_with_the_registered_key_is_valid(curve: str, encoding: str) -> None:
    meter = Meter(curve)
    found = check(told(meter.sign(("B", "100.5"), encoding=encoding)), normal_key(meter.key))
    assert (found.verdict, found.key) == (Verdict.VALID, normal_key(meter.key))


@pytest.mark.parametrize("curve", NAMES)
def test_one_changed_digit_is_caught(curve: str) -> None:
    meter = Meter(curve)
    changed = meter.sign(("B", "100.5")).replace("100.5", "100.6")
    assert check(told(changed), normal_key(meter.key)).verdict is Verdict.INVALID
    assert check(told(changed, meter.key), None).verdict is Verdict.INVALID


def test_a_key_that_only_the_station_told_proves_less() -> None:
    meter = Meter()
    record = meter.sign(("B", "1"))
    for key in (meter.key, f"oca:base16:asn1:{meter.key}", meter.point, meter.point[2:]):
        assert check(told(record, key), None).verdict is Verdict.SELF_SIGNED
    assert check(told(record), None).verdict is Verdict.NO_KEY


def test_another_meters_key_is_another_key_even_if_it_comes_with_the_reading() -> None:
    mine, other = Meter(), Meter()
    record = other.sign(("B", "1"))
    assert check(told(record, other.key), normal_key(mine.key)).verdict is Verdict.OTHER_KEY
    assert check(told(record), normal_key(mine.key)).verdict is Verdict.INVALID
    assert check(told(record, mine.key), normal_key(other.key)).verdict is Verdict.VALID


def test_what_cannot_be_checked_is_not_called_wrong() -> None:
    meter = Meter()
    assert check(SignedValue(data="AP;0;3;ABC;DEF;GHI;", encoding="ALFEN"), None).verdict is Verdict.UNSUPPORTED
    odd = meter.sign(("B", "1")).replace("ECDSA-secp256r1-SHA256", "ECDSA-secp192k1-SHA256")
    assert check(told(odd, meter.key), None).verdict is Verdict.UNSUPPORTED


def test_a_record_that_is_none_is_unreadable() -> None:
    assert check(told("OCMF|{}|{}"), None).verdict is Verdict.UNREADABLE
    assert check(told(Meter().sign(("B", "1")), "no key"), None).verdict is Verdict.UNREADABLE


@pytest.mark.parametrize("key", ["", "xyz", "00", "AAAA", "30" * 40])
def test_what_is_no_key_is_refused(key: str) -> None:
    with pytest.raises(BadMeterKey):
        normal_key(key)
