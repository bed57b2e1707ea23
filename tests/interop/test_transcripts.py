"""What stations of every known make say, replayed against our CSMS: nothing of a charge is lost, nothing lands in
review that need not, and what was put right is counted (quirks.md §1-§6).
"""

import re
from typing import Any

import pytest

from amperanto.dialects.quirks.built_in import BUILT_IN
from tests.support.transcripts import HOW, Replay, Transcript, transcripts
from tests.unit.gateway.conftest import door, hooks, unusual  # noqa: F401 - fixtures

ALL = transcripts()
NAMES = [one.name for one in ALL]


@pytest.mark.parametrize("transcript", ALL, ids=NAMES)
async def test_a_transcript_ends_in_what_it_says_is_kept(door: Any, transcript: Transcript) -> None:  # noqa: F811
    replay = await Replay(door, transcript).run()
    kept = await replay.kept()
    expected = dict(transcript.about["kept"])
    counted = set(expected.pop("counted", ()))
    assert counted <= set(kept.pop("counted"))
    assert {name: kept[name] for name in expected} == expected


@pytest.mark.parametrize("transcript", ALL, ids=NAMES)
def test_a_transcript_says_where_it_is_from(transcript: Transcript) -> None:
    about = transcript.about
    assert about["how"] in HOW
    assert about["sources"]
    for source in about["sources"]:
        assert re.search(r"#\d+|code|templates|docs", source), source


def test_every_quirk_has_a_transcript_that_shows_it() -> None:
    shown = {one.about["kept"]["quirk"] for one in ALL}
    assert {quirk.name for quirk in BUILT_IN} <= shown


def test_a_transcripts_sources_are_among_its_quirks() -> None:
    known = {quirk.name: {source.reference for source in quirk.sources} for quirk in BUILT_IN}
    for one in ALL:
        quirk = one.about["kept"]["quirk"]
        assert quirk is None or set(one.about["sources"]) <= known[quirk], one.name
