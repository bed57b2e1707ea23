"""Exact reading of JSON text."""

import pytest

from amperanto.ocpp import Malformed
from amperanto.ocpp.exact import is_too_deep, parse


def test_depth_is_counted_outside_strings_and_to_the_level() -> None:
    assert not is_too_deep(b"[" * 64 + b"]" * 64)
    assert is_too_deep(b"[" * 65 + b"]" * 65)
    assert is_too_deep(b'{"a":' * 65 + b"1" + b"}" * 65)
    assert not is_too_deep(b'["' + b"[{" * 500 + b'\\"' + b'"]')
    assert not is_too_deep(b"[" + b"[{}]," * 500 + b"1]")


@pytest.mark.parametrize(
    "text",
    [
        b'{"a":1,"a":1}',
        b'[{"a":{"b":1,"b":2}}]',
        b"NaN",
        b"[-Infinity]",
        b"1e999",
        b'"\xff"',
        b'"\\udc00"',
        b"[1,]",
        b"1" * 5000,
    ],
)
def test_what_has_no_exact_meaning_is_malformed(text: bytes) -> None:
    with pytest.raises(Malformed):
        parse(text)


def test_what_has_one_is_read() -> None:
    assert parse(b' {"a":[1,1.5,"\\ud83d\\ude00",null,true]} ') == {"a": [1, 1.5, "😀", None, True]}
