"""The manifest, both ways: every requirement is proved or deferred, and every proof proves a requirement."""

from collections import Counter

import pytest

from amperanto.conformance.requirements import BLOCKS, Requirement
from amperanto.conformance.requirements.requirement import ALL
from tests.support.proofs import proofs

LISTED = [one for _, asked in BLOCKS.values() for one in asked]
PROOFS = proofs()


def test_each_requirement_is_listed_once() -> None:
    counted = Counter(one.id for one in LISTED)
    assert [name for name, count in counted.items() if count > 1] == []


@pytest.mark.parametrize("block", BLOCKS)
def test_each_requirement_is_proved_or_deferred_with_a_reason(block: str) -> None:
    bare = [one.id for one in BLOCKS[block][1] if not one.deferred and one.id not in PROOFS]
    assert bare == [], "mark the test that proves it with @requirement, or say why it is deferred"


def test_each_mark_names_a_requirement_that_is_not_deferred() -> None:
    known: dict[str, Requirement] = {one.id: one for one in LISTED}
    strange = {name: tests for name, tests in PROOFS.items() if name not in known or known[name].deferred}
    assert strange == {}


def test_each_requirement_says_what_is_asked_and_of_which_versions() -> None:
    odd = [one.id for one in LISTED if len(one.words) < 15 or not set(one.versions) <= set(ALL) or not one.versions]
    assert odd == []
