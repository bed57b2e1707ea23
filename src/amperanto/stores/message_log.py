"""The message log: every frame, in and out, as the reader numbered it (R7).

Rows are appended within the unit a frame caused, or later in a group nobody waits for. Whoever writes here
has taken the secrets out already. Old rows go in small steps. How large the log is can be told without
reading it: about how many rows there are, times what the newest and the oldest of them take.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Any, NamedTuple

import msgspec
from sqlalchemy import BigInteger, bindparam, func, tuple_

from amperanto.domain.stations import OrganisationId, StationId
from amperanto.stores.columns import Timestamp, Words
from amperanto.stores.scope import across, owned
from amperanto.stores.statements import AboutHowMany, Parameters, Row, Statement
from amperanto.stores.tables import messages
from amperanto.stores.work import PAGE, Page, Work, page_of, page_size

_c = messages.c
APPEND = Statement(lambda insert: insert(messages).on_conflict_do_nothing(), rank=70)
_OLDEST = Statement(
    across(messages, _c.at, because="retention is the node's, whoever owns the rows")
    .where(_c.at < bindparam("older_than", type_=Timestamp()))
    .order_by(_c.at)
    .limit(bindparam("limit", type_=BigInteger()))
)
_PRUNE = Statement(messages.delete().where(_c.at <= bindparam("until", type_=Timestamp())), rank=71)
ROW_BYTES = 330  # what a row takes beside its frame: the other columns, the key's index and the station's
SAMPLED = 250
_NODES = "the size of the log is the node's business, whoever owns the rows"
_COUNT = Statement(across(messages, AboutHowMany(_c.at).label("rows"), because=_NODES).limit(1))
_ENDS = [
    Statement(across(messages, func.length(_c.frame).label("length"), because=_NODES).order_by(order).limit(SAMPLED))
    for order in (_c.at, _c.at.desc())
]
_KEY = (_c.at, _c.station, _c.connection, _c.number, _c.direction)
_VIOLATIONS = msgspec.json.Decoder(tuple[str, ...])


@dataclass(slots=True, kw_only=True)  # not frozen: two are made for every message, and that costs six times as much
class LoggedMessage:
    """One frame.

    `connection` is the fencing number, `number` the frame's place in it, `result` how it was taken.
    """

    at: datetime
    organisation: OrganisationId
    station: StationId
    connection: int
    number: int
    direction: str
    frame: str
    action: str | None = None
    message_id: str | None = None
    result: str | None = None
    violations: tuple[str, ...] = ()

    @property
    def cursor(self) -> str:
        """Where the list goes on after this message."""
        return f"{self.at.isoformat()}~{self.connection}~{self.number}~{self.direction}~{self.station}"


@cache
def _list(filters: frozenset[str]) -> Statement:
    chosen = owned(messages)
    for name in ("station", "action"):
        if name in filters:
            chosen = chosen.where(_c[name] == bindparam(name))
    if "before_at" in filters:
        place = tuple_(
            bindparam("before_at", type_=Timestamp()),
            bindparam("before_station", type_=Words()),
            bindparam("before_connection", type_=BigInteger()),
            bindparam("before_number", type_=BigInteger()),
            bindparam("before_direction", type_=Words()),
        )
        chosen = chosen.where(tuple_(*_KEY) < place)
    ordered = chosen.order_by(*(column.desc() for column in _KEY))
    return Statement(ordered.limit(bindparam("limit", type_=BigInteger())))


class Volume(NamedTuple):
    """About how many frames are kept, and how many bytes one takes."""

    frames: int
    bytes_each: float

    def beyond(self, limit: int) -> int:
        """How many frames make the log larger than `limit` bytes."""
        return 0 if not self.frames else max(0, self.frames - int(limit / self.bytes_each))


class Messages:
    """The message log, as a unit sees it."""

    __slots__ = ("_work",)

    def __init__(self, work: Work) -> None:
        self._work = work

    def append(self, message: LoggedMessage) -> None:
        """Keep a frame together with what it caused."""
        self._work.record(APPEND, row_of(message))

    async def list(
        self,
        organisation: OrganisationId,
        *,
        station: StationId | None = None,
        action: str | None = None,
        before: str | None = None,
        limit: int = PAGE,
    ) -> Page[LoggedMessage]:
        """A page of frames, the newest first; `before` is a cursor or an instant (ISO 8601)."""
        limit = page_size(limit)
        wanted: dict[str, Any] = {"station": station, "action": action}
        wanted = {name: value for name, value in wanted.items() if value is not None} | _place(before)
        rows = await self._work.scan(
            _list(frozenset(wanted)), {**wanted, "organisation": organisation, "limit": limit + 1}
        )
        return page_of([_message(row) for row in rows], limit, lambda message: message.cursor)

    async def volume(self) -> Volume:
        """About how large the log is; costs the same however large it is."""
        counted = await self._work.one(_COUNT, {})
        lengths = [row["length"] for end in _ENDS for row in await self._work.scan(end, {})]
        if counted is None or not lengths:
            return Volume(0, 0.0)
        return Volume(counted["rows"], ROW_BYTES + sum(lengths) / len(lengths))

    async def prune(self, older_than: datetime, max_rows: int) -> int:
        """Remove about `max_rows` of the oldest frames older than that.

        Returns how many there were to remove now.
        """
        rows = await self._work.scan(_OLDEST, {"older_than": older_than, "limit": max_rows})
        if rows:
            self._work.record(_PRUNE, {"until": rows[-1]["at"]})
        return len(rows)


def _place(before: str | None) -> dict[str, Any]:
    """The parameters of a cursor; an instant stands before every frame of that instant. Raises ValueError."""
    if before is None:
        return {}
    at, connection, number, direction, station = (before.split("~", 4) + [""] * 4)[:5]
    return {
        "before_at": datetime.fromisoformat(at),
        "before_station": station,
        "before_connection": int(connection or 0),
        "before_number": int(number or 0),
        "before_direction": direction,
    }


def row_of(message: LoggedMessage) -> Parameters:
    """The row of a frame."""
    return {
        "at": message.at,
        "organisation": message.organisation,
        "station": message.station,
        "connection": message.connection,
        "number": message.number,
        "direction": message.direction,
        "action": message.action,
        "message_id": message.message_id,
        "frame": message.frame,
        "result": message.result,
        "violations": msgspec.json.encode(message.violations).decode() if message.violations else "[]",
    }


def _message(row: Row) -> LoggedMessage:
    return LoggedMessage(
        at=row["at"],
        organisation=row["organisation"],
        station=row["station"],
        connection=row["connection"],
        number=row["number"],
        direction=row["direction"],
        frame=row["frame"],
        action=row["action"],
        message_id=row["message_id"],
        result=row["result"],
        violations=_VIOLATIONS.decode(row["violations"]),
    )
