"""The algorithm of a group, step by step, with a script in the place of a database."""

from typing import Any

import pytest

from amperanto.stores.errors import ConflictError, NotDurable, Unstorable
from amperanto.stores.groups import Control, Lock, Many, OpenLimit, Query, Recorded, commit_group
from amperanto.stores.statements import Statement
from amperanto.stores.tables import connections, organisations

FIRST = Statement(organisations.insert(), rank=1)
SECOND = Statement(connections.insert(), rank=2)
EXACT = Statement(organisations.delete(), rank=3, exact=True)


def play(units: list[Recorded], answer: Any) -> tuple[list[Any], list[Exception | None]]:
    """Drive the steps; `answer(step)` gives what came of it, or an error to throw into the group."""
    steps, taken = commit_group(units, "node"), []
    reply: Any = None
    while True:
        try:
            step = steps.throw(reply) if isinstance(reply, Exception) else steps.send(reply)
        except StopIteration as end:
            return taken, end.value
        taken.append(step)
        reply = answer(step)


def unit(*writes: tuple[Statement, dict[str, Any]], **more: Any) -> Recorded:
    return Recorded(writes=list(writes), **more)


def test_the_writes_of_all_units_go_statement_by_statement_in_rank_order() -> None:
    units = [unit((SECOND, {"n": 1}), (FIRST, {"n": 2})), unit((FIRST, {"n": 3}))]
    taken, outcomes = play(units, lambda step: None)
    assert taken == [
        Control.BEGIN, Many(FIRST, [{"n": 2}, {"n": 3}]), Many(SECOND, [{"n": 1}]), Control.COMMIT,
    ]  # fmt: skip
    assert outcomes == [None, None]


def test_when_the_group_fails_each_unit_is_tried_alone_in_a_savepoint() -> None:
    bad = {"n": "bad"}

    def answer(step: Any) -> Any:
        return ConflictError("taken") if isinstance(step, Many) and bad in step.rows else None

    taken, outcomes = play([unit((FIRST, {"n": 1})), unit((FIRST, bad)), unit((FIRST, {"n": 3}))], answer)
    assert [type(outcome) for outcome in outcomes] == [type(None), ConflictError, type(None)]
    assert [step for step in taken if isinstance(step, Control)] == [
        Control.BEGIN, Control.ROLLBACK,
        Control.BEGIN,
        Control.SAVEPOINT, Control.RELEASE,
        Control.SAVEPOINT, Control.ROLLBACK_TO, Control.RELEASE,
        Control.SAVEPOINT, Control.RELEASE,
        Control.COMMIT,
    ]  # fmt: skip


def test_a_lone_unit_that_fails_is_not_tried_twice() -> None:
    taken, outcomes = play([unit((FIRST, {}))], lambda step: Unstorable("no") if isinstance(step, Many) else None)
    assert [step for step in taken if isinstance(step, Control)] == [Control.BEGIN, Control.ROLLBACK]
    assert [type(outcome) for outcome in outcomes] == [Unstorable]


@pytest.mark.parametrize("hit", [0, 1, 3])
def test_an_exact_write_that_hits_another_number_of_rows_is_a_conflict(hit: int) -> None:
    _, outcomes = play([unit((EXACT, {}), (EXACT, {}))], lambda step: hit if isinstance(step, Many) else None)
    assert [type(outcome) for outcome in outcomes] == [ConflictError]


def test_conditions_are_locked_before_and_counted_after_the_writes() -> None:
    limit = OpenLimit("o", "card", 1)
    taken, outcomes = play(
        [unit((FIRST, {}), limits=[limit])], lambda step: [{"open": 1}] if isinstance(step, Query) else None
    )
    assert [type(step) for step in taken] == [Control, Lock, Many, Query, Control]
    assert outcomes == [None]


def test_a_database_that_is_gone_is_nobodys_own_failure() -> None:
    with pytest.raises(NotDurable):
        play(
            [unit((FIRST, {})), unit((FIRST, {}))], lambda step: NotDurable("gone") if isinstance(step, Many) else None
        )
