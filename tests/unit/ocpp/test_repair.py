"""Commas that separate nothing are taken away, and nothing else is touched."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from amperanto.ocpp import CallReceived, Codec, Connection, FrameRejected, Mode, Role, Version
from amperanto.ocpp.repair import without_stray_commas

TREES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=20,
)


@given(TREES)
def test_what_is_json_means_the_same_afterwards(tree: Any) -> None:
    text = json.dumps(tree, ensure_ascii=False)
    mended = without_stray_commas(text)
    assert mended is None or json.loads(mended) == tree


@given(TREES, st.sampled_from(["[,", "[ , ,"]), st.sampled_from([",]", ", ,\n]"]))
def test_stray_commas_around_anything_are_taken_away(tree: Any, start: str, end: str) -> None:
    mended = without_stray_commas(start + json.dumps(tree) + end)
    assert mended is not None
    assert json.loads(mended) == [tree]


@pytest.mark.parametrize("text", ['["a,,b","[,"]', '{"a":"\\",]"}', "[1", b"\xff[,1]"])
def test_strings_and_what_is_broken_otherwise_are_left_alone(text: str | bytes) -> None:
    assert without_stray_commas(text) is None


def test_such_a_frame_is_read_and_noted_and_a_strict_station_is_refused() -> None:
    """lbbrhzn/ocpp#1078."""
    text = '[2,"1","Authorize",{"idTag":"A",}]'
    (event,) = Connection(Role.CSMS, Codec(Version.V16), ids=lambda: 1).receive(text, 0.0)
    assert isinstance(event, CallReceived)
    assert [one.detail for one in event.call.violations] == ["commas that separate nothing"]
    (event,) = Connection(Role.CSMS, Codec(Version.V16, Mode.STRICT), ids=lambda: 1).receive(text, 0.0)
    assert isinstance(event, FrameRejected)
