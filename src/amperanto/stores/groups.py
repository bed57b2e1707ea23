"""How a group of units becomes one database transaction (D8, R3): the algorithm, without a database.

`commit_group` is a generator that asks a database to take steps and is told what came of them, so that the
same lines drive SQLite's thread and PostgreSQL's connection. First all units together: locks of the
conditions, outbox numbers, the writes of all units statement by statement in rank order, then fences and
conditions *after* the writes. If any of that fails, everything is rolled back and each unit is applied alone
in a savepoint, so that one unit's failure is its own. A database that is gone is no unit's failure:
NotDurable passes through and nobody's is kept.
"""

from __future__ import annotations

from collections.abc import Generator, Iterable, Sequence
from dataclasses import dataclass, field
from enum import Enum
from typing import Any, NamedTuple

from sqlalchemy import Integer, bindparam, func

from amperanto.stores.errors import ConflictError, Fenced, Unstorable
from amperanto.stores.scope import across, owned
from amperanto.stores.statements import Listed, Parameters, Row, Statement, Upserting, listed
from amperanto.stores.tables import connections, outbox, outbox_nodes, transactions


class Control(Enum):
    """Steps that carry nothing."""

    BEGIN = "BEGIN"
    COMMIT = "COMMIT"
    ROLLBACK = "ROLLBACK"
    SAVEPOINT = "SAVEPOINT unit"
    RELEASE = "RELEASE SAVEPOINT unit"
    ROLLBACK_TO = "ROLLBACK TO SAVEPOINT unit"


class Many(NamedTuple):
    """Run a write for each of the rows; an exact one tells how many rows it hit."""

    statement: Statement
    rows: Sequence[Parameters]


class Query(NamedTuple):
    """Run a statement that gives rows."""

    statement: Statement
    parameters: Parameters


class Lock(NamedTuple):
    """Hold these words against other nodes until the end of the database transaction."""

    words: Sequence[str]


class OpenLimit(NamedTuple):
    """The condition that a token has at most so many open transactions, once the unit's writes are done.

    `besides` are other keys of the same token: they count, too.
    """

    organisation: str
    token_key: str
    limit: int
    besides: tuple[str, ...] = ()


Step = Control | Many | Query | Lock
Steps = Generator[Step, Any, list[Exception | None]]


@dataclass(slots=True)
class Recorded:
    """What one unit wants written, as data that can be replayed, and what must hold for it."""

    writes: list[tuple[Statement, Parameters]] = field(default_factory=list[tuple[Statement, Parameters]])
    events: list[dict[str, Any]] = field(default_factory=list[dict[str, Any]])
    fences: dict[str, int] = field(default_factory=dict[str, int])
    limits: list[OpenLimit] = field(default_factory=list[OpenLimit])

    @property
    def size(self) -> int:
        """How many rows it writes."""
        return len(self.writes) + len(self.events)


def _numbered(insert: Upserting) -> Any:
    numbering = insert(outbox_nodes)
    return numbering.on_conflict_do_update(
        index_elements=[outbox_nodes.c.node], set_={"last": outbox_nodes.c.last + numbering.excluded.last}
    ).returning(outbox_nodes.c.last)


NUMBER = Statement(_numbered)
PUBLISH = Statement(outbox.insert(), rank=1000)
FENCES = Statement(
    across(
        connections,
        connections.c.station,
        connections.c.fence,
        because="the group holds stations of many owners",
    )
    .where(Listed(connections.c.station, "stations"))
    .with_for_update(read=True)
)
COUNT_OPEN = Statement(
    owned(transactions, func.count(type_=Integer()).label("open")).where(
        transactions.c.open_token_key == bindparam("token_key")
    )
)


def commit_group(units: Sequence[Recorded], node: str) -> Steps:
    """Apply the units in one database transaction; the outcome of each is None or why it was not kept."""
    yield Control.BEGIN
    try:
        yield from _together(units, node)
    except (ConflictError, Unstorable) as error:
        yield Control.ROLLBACK
        if len(units) == 1:
            return [error]
    else:
        yield Control.COMMIT
        return [None] * len(units)
    return (yield from _one_by_one(units, node))


def _one_by_one(units: Sequence[Recorded], node: str) -> Steps:
    outcomes: list[Exception | None] = []
    yield Control.BEGIN
    for unit in units:
        yield Control.SAVEPOINT
        try:
            yield from _together([unit], node)
        except (ConflictError, Unstorable) as error:
            yield Control.ROLLBACK_TO
            outcomes.append(error)
        else:
            outcomes.append(None)
        yield Control.RELEASE
    yield Control.COMMIT
    return outcomes


def _together(units: Sequence[Recorded], node: str) -> Generator[Step, Any, None]:
    limits = sorted({limit for unit in units for limit in unit.limits})
    if limits:
        yield Lock([f"{limit.organisation}/{limit.token_key}" for limit in limits])
    for statement, rows in _merged(units):
        hit: int = yield Many(statement, rows)
        if statement.exact and hit != len(rows):
            raise ConflictError("changed or removed by somebody else meanwhile")
    events = [event for unit in units for event in unit.events]
    if events:
        yield from _publish(events, node)
    fences = [fence for unit in units for fence in unit.fences.items()]
    if fences:
        yield from _check_fences(fences)
    for limit in limits:
        yield from _check_limit(limit)


def _merged(units: Iterable[Recorded]) -> list[tuple[Statement, list[Parameters]]]:
    """The writes of all units statement by statement, in rank order; within one in the order of the units."""
    merged: dict[Statement, list[Parameters]] = {}
    for unit in units:
        for statement, parameters in unit.writes:
            rows = merged.get(statement)
            if rows is None:
                merged[statement] = [parameters]
            else:
                rows.append(parameters)
    return sorted(merged.items(), key=lambda item: item[0].rank)


def _publish(events: list[dict[str, Any]], node: str) -> Generator[Step, Any, None]:
    """Number the events in commit order: the row of this node stays locked until the commit (R11)."""
    rows: list[Row] = yield Query(NUMBER, {"node": node, "last": len(events)})
    first = rows[0]["last"] - len(events) + 1
    yield Many(PUBLISH, [{**event, "node": node, "sequence": first + index} for index, event in enumerate(events)])


def _check_fences(fences: list[tuple[str, int]]) -> Generator[Step, Any, None]:
    rows: list[Row] = yield Query(FENCES, {"stations": listed(sorted({station for station, _ in fences}))})
    current = {row["station"]: row["fence"] for row in rows}
    for station, number in fences:
        if current.get(station) != number:
            raise Fenced(f"station {station} has a newer connection than number {number}")


def _check_limit(limit: OpenLimit) -> Generator[Step, Any, None]:
    counted = 0
    for key in dict.fromkeys((limit.token_key, *limit.besides)):
        rows: list[Row] = yield Query(COUNT_OPEN, {"organisation": limit.organisation, "token_key": key})
        counted += rows[0]["open"]
    if counted > limit.limit:
        raise ConflictError(f"token {limit.token_key} has more than {limit.limit} open transactions")
