"""Which node holds which station, proved by a fencing number (R4), and every connection there was.

Taking a station raises its number by one, for ever; every write that a connection causes carries its number
and is refused once there is a higher one. Whoever gives a station back that somebody else has taken meanwhile
changes nothing. Each connection is an interval with its close code and its cause, kept for good: uptime and
"why" cannot be rebuilt later.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import BigInteger, bindparam, or_, update

from amperanto.domain.stations import OrganisationId, StationId
from amperanto.stores.columns import Timestamp, Words
from amperanto.stores.errors import ConflictError
from amperanto.stores.scope import across, owned
from amperanto.stores.statements import Row, Statement
from amperanto.stores.tables import connection_intervals, connections
from amperanto.stores.work import Work

_c, _i = connections.c, connection_intervals.c
REPLACED = "replaced by a newer connection"
RESTARTED = "node restarted"
_OWN = "the node acts for a station it knows by our id"
_OF = Statement(across(connections, because=_OWN).where(_c.station == bindparam("station")))
_OWNED_BY_NODE = Statement(
    across(connections, because="a node that starts clears what its last life held").where(_c.node == bindparam("node"))
)
_ADD = Statement(connections.insert(), rank=60)
_CHANGE = Statement(
    update(connections).where(
        _c.station == bindparam("key_station"), _c.fence == bindparam("key_fence", type_=BigInteger())
    ),
    rank=61,
    exact=True,
    columns=[column.key for column in _c if column.key not in ("station", "organisation")],
)
_END = Statement(
    update(connection_intervals)
    .where(_i.station == bindparam("at_station", type_=Words()), _i.to_at.is_(None))
    .values(
        to_at=bindparam("ended_at", type_=Timestamp()),
        close_code=bindparam("ended_code", type_=BigInteger()),
        cause=bindparam("ended_cause", type_=Words()),
    ),
    rank=62,
)
_BEGIN = Statement(connection_intervals.insert(), rank=63)
_INTERVALS = Statement(
    owned(connection_intervals)
    .where(
        _i.station == bindparam("station"),
        _i.from_at < bindparam("until", type_=Timestamp()),
        or_(_i.to_at.is_(None), _i.to_at > bindparam("since", type_=Timestamp())),
    )
    .order_by(_i.from_at, _i.id)
    .limit(bindparam("limit", type_=BigInteger()))
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Connection:
    """Who holds a station: `node` is None while nobody does.

    `fence` is the number of its latest connection.
    """

    station: StationId
    organisation: OrganisationId
    node: str | None
    fence: int
    since: datetime
    remote: str
    version: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ConnectionInterval:
    """One connection of a station from `begin` to `end` (None: it lasts)."""

    station: StationId
    node: str
    fence: int
    begin: datetime
    end: datetime | None
    close_code: int | None
    cause: str | None
    remote: str
    version: str


class Connections:
    """The connections of all stations, now and before."""

    __slots__ = ("_work",)

    def __init__(self, work: Work) -> None:
        self._work = work

    async def of(self, station: StationId) -> Connection | None:
        """The station's latest connection, whether it lasts or not."""
        row = await self._work.one(_OF, {"station": station})
        return None if row is None else _connection(row)

    async def held_by(self, node: str) -> list[Connection]:
        """Every connection the node holds, or held when it died."""
        return [_connection(row) for row in await self._work.scan(_OWNED_BY_NODE, {"node": node})]

    async def intervals(
        self,
        organisation: OrganisationId,
        station: StationId,
        since: datetime,
        until: datetime,
        *,
        limit: int = 10_000,
    ) -> list[ConnectionInterval]:
        """The connections that touch the time from `since` to `until`, oldest first."""
        rows = await self._work.scan(
            _INTERVALS,
            {
                "organisation": organisation,
                "station": station,
                "since": since,
                "until": until,
                "limit": limit,
            },
        )
        return [_interval(row) for row in rows]

    async def take(self, taken: Connection) -> Connection:
        """Take the station with the next number (`taken.fence` is not looked at).

        A connection that lasts is ended.
        """
        before = await self.of(taken.station)
        if before is None and taken.node is None:
            raise ConflictError("a station is taken by a node")
        fence = 1 if before is None else before.fence + 1
        since = taken.since if before is None else max(taken.since, before.since)
        row = {
            "node": taken.node,
            "fence": fence,
            "since": since,
            "remote": taken.remote,
            "version": taken.version,
        }
        if before is None:
            self._work.record(_ADD, {**row, "station": taken.station, "organisation": taken.organisation})
        else:
            self._work.record(_CHANGE, {**row, "key_station": taken.station, "key_fence": before.fence})
        self._end(taken.station, since, None, REPLACED)
        self._work.record(
            _BEGIN,
            {"id": self._work.ids.new(), "organisation": taken.organisation, "station": taken.station,
             "node": taken.node, "fence": fence, "from_at": since, "to_at": None, "close_code": None, "cause": None,
             "remote": taken.remote, "version": taken.version},
        )  # fmt: skip
        if self._work.shared:
            # Another node may have changed the station since it was here.
            self._work.exchange(self._work.caches.stations, taken.station, None)
            self._work.after_commit(self._work.caches.open_transactions.clear)
        return Connection(
            station=taken.station, organisation=taken.organisation, node=taken.node, fence=fence, since=since,
            remote=taken.remote, version=taken.version,
        )  # fmt: skip

    async def release(self, station: StationId, fence: int, at: datetime, close_code: int | None, cause: str) -> bool:
        """Give the station back; False, and nothing changes, if a newer connection has taken it."""
        before = await self.of(station)
        if before is None or before.fence != fence or before.node is None:
            return False
        at = max(at, before.since)
        self._work.record(
            _CHANGE,
            {"node": None, "fence": fence, "since": at, "remote": before.remote, "version": before.version,
             "key_station": station, "key_fence": fence},
        )  # fmt: skip
        self._end(station, at, close_code, cause)
        return True

    def _end(self, station: StationId, at: datetime, close_code: int | None, cause: str) -> None:
        self._work.record(_END, {"at_station": station, "ended_at": at, "ended_code": close_code, "ended_cause": cause})


def _connection(row: Row) -> Connection:
    return Connection(
        station=row["station"],
        organisation=row["organisation"],
        node=row["node"],
        fence=row["fence"],
        since=row["since"],
        remote=row["remote"],
        version=row["version"],
    )


def _interval(row: Row) -> ConnectionInterval:
    return ConnectionInterval(
        station=row["station"],
        node=row["node"],
        fence=row["fence"],
        begin=row["from_at"],
        end=row["to_at"],
        close_code=row["close_code"],
        cause=row["cause"],
        remote=row["remote"],
        version=row["version"],
    )
