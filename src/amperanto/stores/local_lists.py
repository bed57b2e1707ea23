"""Local authorization lists: rows ↔ `domain.local_lists`, and the tokens each station has confirmed.

What is wanted, what was confirmed and what came of an attempt are different columns, written by different
statements, so that an operator's wish and a list under way never undo each other. Confirmed tokens are rows of
their own: a part that a station accepted writes that part and no more.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any

import msgspec
from sqlalchemy import BigInteger, Integer, bindparam, case, func, update

from amperanto.domain.local_lists import ListEntry, LocalList, Wanted
from amperanto.domain.stations import OrganisationId, Station, StationId
from amperanto.domain.tokens import Authorization, AuthorizationStatus, Token
from amperanto.stores.columns import Timestamp, Words
from amperanto.stores.scope import across, owned
from amperanto.stores.statements import Row, Statement, Upserting
from amperanto.stores.tables import local_list_entries, local_lists, token_groups, tokens
from amperanto.stores.tokens import as_json
from amperanto.stores.work import Work

_c, _e = local_lists.c, local_list_entries.c
_NUMBERS = msgspec.json.Decoder(tuple[int, ...])
_REASONS = msgspec.json.Decoder(dict[str, int])


def _began(insert: Upserting) -> Any:
    return insert(local_lists).on_conflict_do_nothing(index_elements=[_c.station])


def _put(insert: Upserting) -> Any:
    inserted = insert(local_list_entries)
    told = {name: inserted.excluded[name] for name in ("uid", "type", "status", "token_group", "expires_at", "evses")}
    return inserted.on_conflict_do_update(index_elements=[_e.station, _e.token_key], set_=told)


def _changed(*columns: str, rank: int) -> Statement:
    """An update of these columns of one station's row."""
    row = update(local_lists).where(_c.station == bindparam("of_station", type_=Words()))
    return Statement(row, rank=rank, columns=columns)


_BEGIN = Statement(_began, rank=120)
_WANT = _changed("wanted", rank=121)
_CONFIRM = _changed("version", rank=122)
_SETTLE = _changed("brought_to", "tried", "result", "detail", "left_out", "at", "reasons", rank=123)
_OUTDATE = _changed("brought_to", "tried", rank=123)
_CLEAR = Statement(local_list_entries.delete().where(_e.station == bindparam("station", type_=Words())), rank=124)
_TAKE = Statement(
    local_list_entries.delete().where(
        _e.station == bindparam("station", type_=Words()), _e.token_key == bindparam("token_key", type_=Words())
    ),
    rank=125,
)
_PUT = Statement(_put, rank=126)
_FORGET = Statement(local_lists.delete().where(_c.station == bindparam("station", type_=Words())), rank=127)
_GET = Statement(owned(local_lists).where(_c.station == bindparam("station", type_=Words())))
_ENTRIES = Statement(owned(local_list_entries).where(_e.station == bindparam("station", type_=Words())))
_COUNT = Statement(
    owned(local_list_entries, func.count(type_=Integer()).label("entries")).where(
        _e.station == bindparam("station", type_=Words())
    )
)
_OWNERS = Statement(
    across(local_lists, _c.organisation, because="the node keeps the lists of every owner's stations")
    .where(_c.wanted.is_not(None))
    .distinct()
)
_BEHIND = Statement(
    owned(local_lists, _c.station).where(
        _c.wanted == bindparam("wanted", type_=Words()), func.coalesce(_c.tried, "") != bindparam("mark", type_=Words())
    )
)
_MARK = Statement(
    owned(
        tokens,
        func.count(type_=BigInteger()).label("known"),
        func.coalesce(func.sum(tokens.c.revision), 0).label("changes"),
        func.max(tokens.c.id, type_=Words()).label("latest"),
        func.coalesce(
            func.sum(case((tokens.c.expires_at <= bindparam("now", type_=Timestamp()), 1), else_=0)), 0
        ).label("expired"),
    )
)
_GROUPS_MARK = Statement(
    owned(
        token_groups,
        func.count(type_=BigInteger()).label("known"),
        func.coalesce(func.sum(token_groups.c.revision), 0).label("changes"),
        func.coalesce(
            func.sum(case((token_groups.c.expires_at <= bindparam("now", type_=Timestamp()), 1), else_=0)), 0
        ).label("expired"),
    )
)


class LocalLists:
    """What stations shall know by themselves, and what they have confirmed."""

    __slots__ = ("_work",)

    def __init__(self, work: Work) -> None:
        self._work = work

    async def of(self, organisation: OrganisationId, station: StationId) -> LocalList:
        """The station's list; one of which nothing is wanted and nothing known where there is no row."""
        at = {"organisation": organisation, "station": station}
        row = await self._work.one(_GET, at)
        if row is None:
            return LocalList(station=station, organisation=organisation)
        counted = await self._work.one(_COUNT, at)
        return _list(row, 0 if counted is None else counted["entries"])

    async def entries(self, organisation: OrganisationId, station: StationId) -> dict[str, ListEntry]:
        """The tokens the station has confirmed, by their keys."""
        rows = await self._work.scan(_ENTRIES, {"organisation": organisation, "station": station})
        return {row["token_key"]: _entry(row) for row in rows}

    async def mark(self, organisation: OrganisationId, now: datetime) -> str:
        """A mark of the organisation's tokens as they are: another one as soon as any of them changes or expires."""
        (row,) = await self._work.scan(_MARK, {"organisation": organisation, "now": now})
        (groups,) = await self._work.scan(_GROUPS_MARK, {"organisation": organisation, "now": now})
        ruled = f"{groups['known']}.{int(groups['changes'])}.{int(groups['expired'])}"
        return f"{row['known']}.{int(row['changes'])}.{row['latest'] or ''}.{int(row['expired'])} {ruled}"

    async def owners(self) -> list[OrganisationId]:
        """The organisations that want a list at any station."""
        return [row["organisation"] for row in await self._work.several(_OWNERS, {})]

    async def behind(self, organisation: OrganisationId, wanted: Wanted, mark: str) -> list[StationId]:
        """The stations that shall have this list, and to which it was not brought in vain or with success."""
        rows = await self._work.several(_BEHIND, {"organisation": organisation, "wanted": wanted, "mark": mark})
        return [StationId(row["station"]) for row in rows]

    def want(self, station: Station, wanted: Wanted | None) -> None:
        """Want that of the station from now on; None: leave its list alone."""
        self._begin(station)
        self._work.record(_WANT, {"of_station": station.id, "wanted": wanted})

    def confirmed(
        self, station: Station, version: int, *, anew: bool, removed: Iterable[Token], put: Iterable[ListEntry]
    ) -> None:
        """The station accepted this part as that version; `anew`: it is all it has now."""
        self._begin(station)
        self._work.record(_CONFIRM, {"of_station": station.id, "version": version})
        if anew:
            self._work.record(_CLEAR, {"station": station.id})
        for token in removed:
            self._work.record(_TAKE, {"station": station.id, "token_key": token.key})
        for entry in put:
            self._work.record(_PUT, {"station": station.id, "organisation": station.organisation, **_row(entry)})

    def settled(self, station: Station, outcome: LocalList) -> None:
        """Keep what came of an attempt: all of `outcome` but what is wanted and what was confirmed."""
        self._begin(station)
        self._work.record(
            _SETTLE,
            {
                "of_station": station.id,
                "brought_to": outcome.brought_to,
                "tried": outcome.tried,
                "result": outcome.result,
                "detail": outcome.detail,
                "left_out": outcome.left_out,
                "at": outcome.at,
                "reasons": as_json(outcome.reasons),
            },
        )

    def outdate(self, station: Station) -> None:
        """What the station was brought to is not what is wanted now, whatever the tokens' mark says."""
        self._work.record(_OUTDATE, {"of_station": station.id, "brought_to": None, "tried": None})

    def forget(self, station: StationId) -> None:
        """The station was removed."""
        self._work.record(_CLEAR, {"station": station})
        self._work.record(_FORGET, {"station": station})

    def _begin(self, station: Station) -> None:
        nothing = dict.fromkeys(("wanted", "brought_to", "tried", "result", "detail", "at", "reasons"))
        self._work.record(
            _BEGIN,
            {**nothing, "station": station.id, "organisation": station.organisation, "version": 0, "left_out": 0},
        )


def _row(entry: ListEntry) -> dict[str, Any]:
    return {
        "token_key": entry.token.key,
        "uid": entry.token.uid,
        "type": entry.token.type,
        "status": entry.authorization.status,
        "token_group": entry.authorization.group,
        "expires_at": entry.authorization.expires_at,
        "evses": as_json(entry.authorization.evses),
    }


def _entry(row: Row) -> ListEntry:
    authorization = Authorization(
        status=AuthorizationStatus(row["status"]),
        group=row["token_group"],
        expires_at=row["expires_at"],
        evses=() if row["evses"] is None else _NUMBERS.decode(row["evses"]),
    )
    return ListEntry(Token(row["uid"], row["type"]), authorization)


def _list(row: Row, entries: int) -> LocalList:
    return LocalList(
        station=StationId(row["station"]),
        organisation=row["organisation"],
        wanted=None if row["wanted"] is None else Wanted(row["wanted"]),
        version=row["version"],
        entries=entries,
        brought_to=row["brought_to"],
        tried=row["tried"],
        result=row["result"],
        detail=row["detail"],
        left_out=row["left_out"],
        reasons={} if row["reasons"] is None else _REASONS.decode(row["reasons"]),
        at=row["at"],
    )
