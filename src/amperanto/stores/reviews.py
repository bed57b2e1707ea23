"""Reviews: messages that could not be interpreted, kept raw with the problem, for a person to settle (R8)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Any

from sqlalchemy import BigInteger, bindparam, update

from amperanto.domain.stations import OrganisationId, StationId
from amperanto.stores.columns import Timestamp
from amperanto.stores.scope import owned
from amperanto.stores.statements import Row, Statement
from amperanto.stores.tables import reviews
from amperanto.stores.work import PAGE, Page, Work, page_of, page_size

_c = reviews.c
_ADD = Statement(reviews.insert(), rank=95)
_SETTLE = Statement(
    update(reviews)
    .where(_c.organisation == bindparam("key_organisation"), _c.id == bindparam("key_id"))
    .values(settled_at=bindparam("settled", type_=Timestamp())),
    rank=96,
    exact=True,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Review:
    """A raw message and what is wrong with it; settled once a person has seen to it."""

    id: str
    organisation: OrganisationId
    station: StationId
    at: datetime
    action: str
    message: str
    problem: str
    settled_at: datetime | None = None


@cache
def _list(open_only: bool, after: bool) -> Statement:
    chosen = owned(reviews)
    if open_only:
        chosen = chosen.where(_c.settled_at.is_(None))
    if after:
        chosen = chosen.where(_c.id < bindparam("before"))
    return Statement(chosen.order_by(_c.id.desc()).limit(bindparam("limit", type_=BigInteger())))


class Reviews:
    """What people should look at."""

    __slots__ = ("_work",)

    def __init__(self, work: Work) -> None:
        self._work = work

    def add(self, review: Review) -> None:
        """Keep a message for review."""
        row: dict[str, Any] = {
            "id": review.id, "organisation": review.organisation, "station": review.station, "at": review.at,
            "action": review.action, "message": review.message, "problem": review.problem,
            "settled_at": review.settled_at,
        }  # fmt: skip
        self._work.record(_ADD, row)

    def settle(self, organisation: OrganisationId, review: str, at: datetime) -> None:
        """A person has seen to it; ConflictError at the commit if there is none of that id."""
        self._work.record(_SETTLE, {"key_organisation": organisation, "key_id": review, "settled": at})

    async def list(
        self,
        organisation: OrganisationId,
        *,
        open_only: bool = True,
        cursor: str | None = None,
        limit: int = PAGE,
    ) -> Page[Review]:
        """A page of reviews, the newest first."""
        limit = page_size(limit)
        parameters: dict[str, Any] = {"organisation": organisation, "limit": limit + 1}
        if cursor is not None:
            parameters["before"] = cursor
        rows = await self._work.scan(_list(open_only, cursor is not None), parameters)
        return page_of([_review(row) for row in rows], limit, lambda review: review.id)


def _review(row: Row) -> Review:
    return Review(
        id=row["id"],
        organisation=row["organisation"],
        station=row["station"],
        at=row["at"],
        action=row["action"],
        message=row["message"],
        problem=row["problem"],
        settled_at=row["settled_at"],
    )
