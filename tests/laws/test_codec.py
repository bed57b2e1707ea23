"""The codec agrees with the published schemas, message by message, version by version."""

import json
from datetime import datetime
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.laws.published import all_messages, fullest, is_valid, messages_of, mutated, places, published

from amperanto.ocpp import Codec, Mode, RemoteProtocolError, Version, catalogue, v2, v16
from amperanto.ocpp.exact import parse

MESSAGES = all_messages()
quick = settings(max_examples=400, deadline=None, suppress_health_check=list(HealthCheck))


def kind_of(version: Version, name: str) -> Any:
    return getattr(v16 if version is Version.V16 else v2, name)


def as_text(payload: object, *, separators: tuple[str, str] = (",", ":"), ascii_only: bool = False) -> bytes:
    return json.dumps(payload, separators=separators, ensure_ascii=ascii_only).encode()


def normal(value: Any) -> Any:
    """A payload with its instants as moments and its numbers as numbers."""
    if isinstance(value, dict):
        return {key: normal(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [normal(inner) for inner in value]
    if isinstance(value, str) and len(value) >= 20 and value[4:5] == "-" and value[10] in "Tt":
        try:
            return datetime.fromisoformat(value.upper())
        except ValueError:
            return value
    return float(value) if isinstance(value, int) and not isinstance(value, bool) else value


@pytest.mark.parametrize(("version", "name"), MESSAGES)
@pytest.mark.parametrize("optional", [True, False])
def test_every_property_of_every_message_survives_a_round_trip(version: Version, name: str, optional: bool) -> None:
    root = published(version, name)
    payload = fullest({"properties": {}, **root}, root, optional=optional)
    assert is_valid(version, name, payload)
    codec = Codec(version, Mode.STRICT)
    message = codec.decode(kind_of(version, name), as_text(payload)).message
    assert normal(json.loads(codec.encode(message))) == normal(payload)


def test_every_message_of_every_version_is_there() -> None:
    assert [len(catalogue.actions(version)) for version in Version] == [39, 64, 91]
    assert len(MESSAGES) == 78 + 128 + 181


@quick
@given(st.data(), st.sampled_from(MESSAGES), st.sampled_from([(",", ":"), (", ", ": ")]), st.booleans())
def test_what_the_schema_calls_valid_is_read_and_written_back_whole(
    data: st.DataObject, message: tuple[Version, str], separators: tuple[str, str], ascii_only: bool
) -> None:
    version, name = message
    payload = data.draw(messages_of(version, name))
    assert is_valid(version, name, payload)
    for mode in Mode:
        codec = Codec(version, mode)
        decoded = codec.decode(kind_of(version, name), as_text(payload, separators=separators, ascii_only=ascii_only))
        assert decoded.violations == ()
        written = codec.encode(decoded.message)
        assert normal(json.loads(written)) == normal(payload)
        assert codec.decode(type(decoded.message), written).message == decoded.message


@settings(quick, max_examples=1500)
@given(st.data(), st.sampled_from(MESSAGES))
def test_strict_agrees_with_the_published_schema_on_every_mutation(
    data: st.DataObject, message: tuple[Version, str]
) -> None:
    version, name = message
    payload = data.draw(mutated(data.draw(messages_of(version, name))))
    kind, text = kind_of(version, name), as_text(payload)
    expected = is_valid(version, name, payload)
    try:
        Codec(version, Mode.STRICT).decode(kind, text)
        accepted = True
    except RemoteProtocolError:
        accepted = False
    assert accepted == expected


@settings(quick, max_examples=1500)
@given(st.data(), st.sampled_from(MESSAGES))
def test_tolerant_reads_or_refuses_and_tells_every_violation(data: st.DataObject, message: tuple[Version, str]) -> None:
    version, name = message
    payload = data.draw(mutated(data.draw(messages_of(version, name))))
    try:
        decoded = Codec(version, Mode.TOLERANT).decode(kind_of(version, name), as_text(payload))
    except RemoteProtocolError:
        assert not is_valid(version, name, payload)
        return
    assert bool(decoded.violations) != is_valid(version, name, payload)
    assert type(decoded.message) is kind_of(version, name)


def text_with_a_doubled_key(draw: Any, payload: Any, separators: tuple[str, str]) -> bytes:
    """The payload as text; one object in it says one of its members twice, anywhere."""
    spots = [path for path in places(payload) if isinstance(at(payload, path), dict) and at(payload, path)]
    chosen = at(payload, draw(st.sampled_from(spots)))
    key = draw(st.sampled_from(sorted(chosen)))
    items = list(chosen.items())
    items.insert(draw(st.integers(0, len(items))), ("\0doubled", chosen[key]))
    chosen.clear()
    chosen.update(items)
    text = json.dumps(payload, separators=separators, ensure_ascii=False)
    return text.replace('"\\u0000doubled"', json.dumps(key, ensure_ascii=False)).encode()


def at(tree: Any, path: tuple[Any, ...]) -> Any:
    for step in path:
        tree = tree[step]
    return tree


@settings(quick, max_examples=600)
@given(
    st.data(),
    st.sampled_from(MESSAGES),
    st.sampled_from([(",", ":"), (", ", ": "), (",\n", ":"), (",", "\t:"), ("\r,", " \n:"), (",", "\r:\n")]),
)
def test_a_doubled_key_is_never_overlooked(
    data: st.DataObject, message: tuple[Version, str], separators: tuple[str, str]
) -> None:
    version, name = message
    text = text_with_a_doubled_key(data.draw, data.draw(messages_of(version, name).filter(bool)), separators)
    for mode in Mode:
        with pytest.raises(RemoteProtocolError, match="twice"):
            Codec(version, mode).decode(kind_of(version, name), text)


@quick
@given(st.binary(max_size=40) | st.text(max_size=40).map(lambda text: text.encode("utf-8", "replace")))
def test_no_bytes_make_the_codec_fall_over(data: bytes) -> None:
    for codec in (Codec(version, mode) for version in Version for mode in Mode):
        for payload in (data, b'{"a":' + data + b"}", b'{"vendorId":"x","data":' + data + b"}"):
            try:
                codec.decode_request("DataTransfer", payload)
            except RemoteProtocolError:
                continue
            parse(payload)  # what was accepted is exact JSON
