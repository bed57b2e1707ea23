"""The outbox: changes of state, written in the database transaction that made them true (R11).

Each node numbers its events under a row lock held to the commit, so that within a node a higher number is
never visible before a lower one. A reader keeps a durable cursor for each node; it never compares numbers of
different nodes. Retention is by age. Meter samples do not come here; they go to live listeners by the bus.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, get_args

import msgspec
from sqlalchemy import BigInteger, and_, bindparam, func

from amperanto.domain.events import Event, StationEvent
from amperanto.domain.stations import OrganisationId
from amperanto.stores.columns import Timestamp
from amperanto.stores.scope import across
from amperanto.stores.statements import Row, Statement, Upserting
from amperanto.stores.tables import outbox, outbox_cursors
from amperanto.stores.work import Work

_c, _k = outbox.c, outbox_cursors.c
_FEED = "a feed serves its listeners by organisation itself"
_DECODERS: dict[str, msgspec.json.Decoder[Any]] = {
    kind.__name__: msgspec.json.Decoder(kind) for kind in get_args(Event)
}
_ENCODER = msgspec.json.Encoder()
_READ = Statement(
    across(
        outbox.outerjoin(outbox_cursors, and_(_k.name == bindparam("name"), _k.node == _c.node)),  # type: ignore[arg-type]
        *_c,
        because=_FEED,
    )
    .where(_c.sequence > func.coalesce(_k.position, 0))
    .order_by(_c.sequence, _c.node)
    .limit(bindparam("limit", type_=BigInteger()))
)
_OLDEST = Statement(
    across(outbox, _c.at, because="retention is the node's, whoever owns the rows")
    .where(_c.at < bindparam("older_than", type_=Timestamp()))
    .order_by(_c.at)
    .limit(bindparam("limit", type_=BigInteger()))
)
_PRUNE = Statement(outbox.delete().where(_c.at <= bindparam("until", type_=Timestamp())), rank=81)


def _advanced(insert: Upserting) -> Any:
    inserted = insert(outbox_cursors)
    return inserted.on_conflict_do_update(
        index_elements=[_k.name, _k.node],
        set_={"position": inserted.excluded.position},
        where=_k.position < inserted.excluded.position,
    )


_ADVANCE = Statement(_advanced, rank=80)


@dataclass(frozen=True, slots=True, kw_only=True)
class OutboxEntry:
    """An event as it was kept; `node` and `sequence` name it for good."""

    node: str
    sequence: int
    at: datetime
    organisation: OrganisationId
    name: str
    body: str

    def event(self) -> Event:
        """The event itself."""
        return _DECODERS[self.name].decode(self.body)


class Outbox:
    """The events kept for feeds."""

    __slots__ = ("_work",)

    def __init__(self, work: Work) -> None:
        self._work = work

    async def read(self, cursor_name: str, limit: int = 100) -> list[OutboxEntry]:
        """The next events after the cursor; a cursor nobody advanced yet stands before the oldest."""
        return [_entry(row) for row in await self._work.scan(_READ, {"name": cursor_name, "limit": limit})]

    def advance(self, cursor_name: str, entries: Sequence[OutboxEntry]) -> None:
        """Move the cursor past these entries; it never goes back."""
        positions: dict[str, int] = {}
        for entry in entries:
            positions[entry.node] = max(entry.sequence, positions.get(entry.node, 0))
        for node, position in positions.items():
            self._work.record(_ADVANCE, {"name": cursor_name, "node": node, "position": position})

    async def prune(self, older_than: datetime, max_rows: int) -> int:
        """Remove about `max_rows` of the oldest events older than that.

        Returns how many there were to remove now.
        """
        rows = await self._work.scan(_OLDEST, {"older_than": older_than, "limit": max_rows})
        if rows:
            self._work.record(_PRUNE, {"until": rows[-1]["at"]})
        return len(rows)


def row_of(event: StationEvent) -> dict[str, Any]:
    """The row of an event, but for the node and the number it gets at the commit."""
    return {
        "at": event.at,
        "organisation": event.organisation,
        "name": type(event).__name__,
        "body": _ENCODER.encode(event).decode(),
    }


def _entry(row: Row) -> OutboxEntry:
    return OutboxEntry(
        node=row["node"],
        sequence=row["sequence"],
        at=row["at"],
        organisation=row["organisation"],
        name=row["name"],
        body=row["body"],
    )
