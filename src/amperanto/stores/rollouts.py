"""Rollouts: values on their way to many stations; rows ↔ `Rollout`. What became of each value is its wish's."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, bindparam, func, update

from amperanto.domain.desired_state import WishState
from amperanto.domain.stations import OrganisationId
from amperanto.stores.columns import Timestamp, Words
from amperanto.stores.scope import owned
from amperanto.stores.statements import Row, Statement
from amperanto.stores.tables import desired_states, rollouts
from amperanto.stores.work import PAGE, Page, Work, page_of, page_size

_c, _w = rollouts.c, desired_states.c
_ADD = Statement(rollouts.insert(), rank=225)
_CANCEL = Statement(
    update(rollouts)
    .where(_c.id == bindparam("key_id"), _c.cancelled_at.is_(None))
    .values(cancelled_at=bindparam("now", type_=Timestamp())),
    rank=226,
)
_WITHDRAW = Statement(
    update(desired_states)
    .where(_w.batch == bindparam("of_batch", type_=Words()), _w.state == WishState.WAITING.value)
    .values(state=WishState.WITHDRAWN.value, settled_at=bindparam("now", type_=Timestamp())),
    rank=227,
)
_GET = Statement(owned(rollouts).where(_c.id == bindparam("id")))
_LIST = Statement(
    owned(rollouts)
    .where(_c.id < bindparam("before", type_=Words()))
    .order_by(_c.id.desc())
    .limit(bindparam("limit", type_=BigInteger()))
)
_PROGRESS = Statement(
    owned(desired_states, _w.state, func.count().label("count"))
    .where(_w.batch == bindparam("batch"))
    .group_by(_w.state)
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Rollout:
    """Values for many stations: what they are called, for how many, since when and by whom."""

    id: str
    organisation: OrganisationId
    name: str
    stations: int
    started_at: datetime
    started_by: str
    cancelled_at: datetime | None = None


class Rollouts:
    """The rollouts."""

    __slots__ = ("_work",)

    def __init__(self, work: Work) -> None:
        self._work = work

    async def get(self, organisation: OrganisationId, rollout: str) -> Rollout | None:
        """The organisation's rollout of that id."""
        row = await self._work.one(_GET, {"organisation": organisation, "id": rollout})
        return None if row is None else _rollout(row)

    async def list(
        self, organisation: OrganisationId, *, cursor: str | None = None, limit: int = PAGE
    ) -> Page[Rollout]:
        """A page of rollouts, the latest first."""
        limit = page_size(limit)
        rows = await self._work.scan(
            _LIST, {"organisation": organisation, "before": cursor or "\uffff", "limit": limit + 1}
        )
        return page_of([_rollout(row) for row in rows], limit, lambda one: one.id)

    async def progress(self, organisation: OrganisationId, rollout: str) -> dict[WishState, int]:
        """How many of its values are in which state."""
        rows = await self._work.scan(_PROGRESS, {"organisation": organisation, "batch": rollout})
        return {WishState(row["state"]): row["count"] for row in rows}

    def add(self, rollout: Rollout) -> None:
        """Keep a rollout."""
        row: dict[str, Any] = {
            "id": rollout.id, "organisation": rollout.organisation, "name": rollout.name,
            "stations": rollout.stations, "started_at": rollout.started_at, "started_by": rollout.started_by,
            "cancelled_at": rollout.cancelled_at,
        }  # fmt: skip
        self._work.record(_ADD, row)

    def cancel(self, rollout: str, now: datetime) -> None:
        """Want no more of it what still waits."""
        self._work.record(_CANCEL, {"key_id": rollout, "now": now})
        self._work.record(_WITHDRAW, {"of_batch": rollout, "now": now})


def _rollout(row: Row) -> Rollout:
    return Rollout(
        id=row["id"],
        organisation=row["organisation"],
        name=row["name"],
        stations=row["stations"],
        started_at=row["started_at"],
        started_by=row["started_by"],
        cancelled_at=row["cancelled_at"],
    )
