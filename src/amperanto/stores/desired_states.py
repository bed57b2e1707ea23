"""Desired states: what is wanted of stations, waiting or settled; rows ↔ `domain.desired_state.Wish`.

Of one thing at one station at most one wish waits; a unique index holds that against two people at once.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from functools import cache
from typing import Any

from sqlalchemy import BigInteger, bindparam, func, update

from amperanto.domain.desired_state import Wish, WishState
from amperanto.domain.stations import OrganisationId, StationId
from amperanto.stores.columns import Timestamp, Words
from amperanto.stores.scope import across, owned
from amperanto.stores.statements import Listed, Row, Statement, listed
from amperanto.stores.tables import desired_states
from amperanto.stores.work import PAGE, Page, Work, page_of, page_size

_c = desired_states.c
# Replaced first: the index allows one that waits.
_REPLACE = Statement(
    update(desired_states)
    .where(
        _c.station == bindparam("of_station", type_=Words()),
        _c.kind == bindparam("of_kind", type_=Words()),
        _c.subject_key == bindparam("of_subject", type_=Words()),
        _c.state == WishState.WAITING.value,
    )
    .values(state=WishState.REPLACED.value, settled_at=bindparam("replaced_at", type_=Timestamp())),
    rank=220,
)
_ADD = Statement(desired_states.insert(), rank=221)
_SETTLE = Statement(
    update(desired_states)
    .where(_c.id == bindparam("key_id"), _c.state == WishState.WAITING.value)
    .values(
        state=bindparam("new_state", type_=Words()),
        attempts=_c.attempts + bindparam("tried", type_=BigInteger()),
        result=bindparam("new_result", type_=Words()),
        settled_at=bindparam("new_settled_at", type_=Timestamp()),
    ),
    rank=222,
)
_EXPIRE = Statement(
    update(desired_states)
    .where(
        _c.state == WishState.WAITING.value,
        _c.expires_at <= bindparam("now", type_=Timestamp()),
    )
    .values(state=WishState.EXPIRED.value, settled_at=bindparam("now", type_=Timestamp())),
    rank=223,
)
_WAITING = Statement(
    across(desired_states, because="the node acts for a station it knows by our id")
    .where(
        _c.station == bindparam("station"),
        _c.state == WishState.WAITING.value,
        _c.expires_at > bindparam("now", type_=Timestamp()),
    )
    .order_by(_c.id)
)
_STATIONS = Statement(
    across(
        desired_states,
        _c.station,
        func.min(_c.expires_at, type_=Timestamp()).label("first"),
        because="the node looks after its own stations",
    )
    .where(_c.state == WishState.WAITING.value)
    .group_by(_c.station)
)
_GET = Statement(owned(desired_states).where(_c.id == bindparam("id")))
_REWRITE = Statement(
    update(desired_states)
    .where(_c.id == bindparam("key_id"), _c.state == WishState.WAITING.value)
    .values(body=bindparam("new_body", type_=Words())),
    rank=224,
)


@cache
def _list(filters: frozenset[str]) -> Statement:
    chosen = owned(desired_states).where(_c.id < bindparam("before", type_=Words()))
    if "station" in filters:
        chosen = chosen.where(_c.station == bindparam("station"))
    if "batch" in filters:
        chosen = chosen.where(_c.batch == bindparam("batch", type_=Words()))
    if "kinds" in filters:
        chosen = chosen.where(Listed(_c.kind, "kinds"))
    if "state" in filters:
        chosen = chosen.where(_c.state == bindparam("state", type_=Words()))
    return Statement(chosen.order_by(_c.id.desc()).limit(bindparam("limit", type_=BigInteger())))


class DesiredStates:
    """The wishes for all stations."""

    __slots__ = ("_work",)

    def __init__(self, work: Work) -> None:
        self._work = work

    async def stations_waiting(self) -> dict[StationId, datetime]:
        """The stations something is wanted of, each with the time the first of it expires."""
        return {row["station"]: row["first"] for row in await self._work.scan(_STATIONS, {})}

    async def waiting(self, station: StationId, now: datetime) -> list[Wish]:
        """What waits for that station and has not expired, the oldest first."""
        return [_wish(row) for row in await self._work.several(_WAITING, {"station": station, "now": now})]

    async def get(self, organisation: OrganisationId, wish: str) -> Wish | None:
        """The organisation's wish of that id."""
        row = await self._work.one(_GET, {"organisation": organisation, "id": wish})
        return None if row is None else _wish(row)

    async def list(
        self,
        organisation: OrganisationId,
        station: StationId | None = None,
        *,
        batch: str | None = None,
        kinds: Sequence[str] = (),
        state: WishState | None = None,
        cursor: str | None = None,
        limit: int = PAGE,
    ) -> Page[Wish]:
        """A page of what was wanted, the latest first: of a station, of a rollout, of some kinds, in a state."""
        limit = page_size(limit)
        wanted: dict[str, Any] = {
            "station": station,
            "batch": batch,
            "kinds": listed(kinds) if kinds else None,
            "state": state,
        }
        wanted = {name: value for name, value in wanted.items() if value is not None}
        rows = await self._work.scan(
            _list(frozenset(wanted)),
            {**wanted, "organisation": organisation, "before": cursor or "\uffff", "limit": limit + 1},
        )
        return page_of([_wish(row) for row in rows], limit, lambda one: one.id)

    def add(self, wish: Wish) -> None:
        """Keep a wish, in place of one that waits for the same thing."""
        self._work.record(
            _REPLACE,
            {
                "of_station": wish.station, "of_kind": wish.kind, "of_subject": wish.subject_key,
                "replaced_at": wish.wanted_at,
            },
        )  # fmt: skip
        self._work.record(_ADD, _row(wish))

    def settle(self, wish: str, state: WishState, result: str | None, at: datetime, *, tried: bool = True) -> None:
        """Say what became of a wish that waits; `WAITING` means it was tried and waits on."""
        self._work.record(
            _SETTLE,
            {
                "key_id": wish, "new_state": state, "new_result": result, "tried": int(tried),
                "new_settled_at": None if state is WishState.WAITING else at,
            },
        )  # fmt: skip

    def rewrite(self, wish: str, body: str) -> None:
        """Say anew what a wish that waits is about: it came to a part of it."""
        self._work.record(_REWRITE, {"key_id": wish, "new_body": body})

    def expire(self, now: datetime) -> None:
        """Settle everything that waited for too long."""
        self._work.record(_EXPIRE, {"now": now})


def _row(wish: Wish) -> dict[str, Any]:
    return {
        "id": wish.id, "organisation": wish.organisation, "station": wish.station, "kind": wish.kind,
        "subject_key": wish.subject_key, "body": wish.body, "state": wish.state, "wanted_at": wish.wanted_at,
        "wanted_by": wish.wanted_by, "expires_at": wish.expires_at, "attempts": wish.attempts,
        "result": wish.result, "settled_at": wish.settled_at, "batch": wish.batch,
    }  # fmt: skip


def _wish(row: Row) -> Wish:
    return Wish(
        id=row["id"],
        organisation=row["organisation"],
        station=row["station"],
        kind=row["kind"],
        subject_key=row["subject_key"],
        body=row["body"],
        state=WishState(row["state"]),
        wanted_at=row["wanted_at"],
        wanted_by=row["wanted_by"],
        expires_at=row["expires_at"],
        attempts=row["attempts"],
        result=row["result"],
        settled_at=row["settled_at"],
        batch=row["batch"],
    )
