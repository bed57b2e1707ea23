"""Reviews: what a person must see to: messages that could not be interpreted, kept raw with the problem (R8), and
doubtful transactions with their evidence. How it ended, and by whom, stays.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Any

from sqlalchemy import BigInteger, bindparam, func, update

from amperanto.domain.stations import OrganisationId, StationId
from amperanto.stores.columns import Timestamp, Words
from amperanto.stores.scope import owned
from amperanto.stores.statements import Row, Statement
from amperanto.stores.tables import reviews
from amperanto.stores.work import PAGE, Page, Work, page_of, page_size

_c = reviews.c
_ADD = Statement(reviews.insert(), rank=95)
_SETTLE = Statement(
    update(reviews)
    .where(_c.organisation == bindparam("key_organisation"), _c.id == bindparam("key_id"))
    .values(
        settled_at=bindparam("settled", type_=Timestamp()),
        resolution=bindparam("ruled", type_=Words()),
        settled_by=bindparam("by", type_=Words()),
    ),
    rank=96,
    exact=True,
)
_AMEND = Statement(
    update(reviews)
    .where(_c.organisation == bindparam("key_organisation"), _c.id == bindparam("key_id"))
    .values(problem=bindparam("told", type_=Words()), evidence=bindparam("shown", type_=Words())),
    rank=97,
)
_GET = Statement(owned(reviews).where(_c.id == bindparam("id")))
MESSAGE, TRANSACTION = "message", "transaction"
"""What a review can be about."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Review:
    """What is wrong, with its evidence; settled once a person has seen to it, or it explained itself.

    About a raw message (`kind` message, the subject is its action), or a transaction (the subject is our id of it).
    `evidence` and `resolution` are JSON.
    """

    id: str
    organisation: OrganisationId
    station: StationId
    at: datetime
    action: str
    message: str
    problem: str
    settled_at: datetime | None = None
    kind: str = MESSAGE
    subject: str | None = None
    evidence: str | None = None
    resolution: str | None = None
    settled_by: str | None = None


@cache
def _list(open_only: bool, after: bool, of_kind: bool, of_station: bool) -> Statement:
    chosen = owned(reviews)
    if of_kind:
        chosen = chosen.where(func.coalesce(_c.kind, MESSAGE) == bindparam("of_kind", type_=Words()))
    if of_station:
        chosen = chosen.where(_c.station == bindparam("of_station", type_=Words()))
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
            "settled_at": review.settled_at, "kind": review.kind, "subject": review.subject,
            "evidence": review.evidence, "resolution": review.resolution, "settled_by": review.settled_by,
        }  # fmt: skip
        self._work.record(_ADD, row)

    def settle(
        self,
        organisation: OrganisationId,
        review: str,
        at: datetime,
        *,
        resolution: str | None = None,
        by: str | None = None,
    ) -> None:
        """It was seen to; ConflictError at the commit if there is none of that id."""
        key = {"key_organisation": organisation, "key_id": review}
        self._work.record(_SETTLE, {**key, "settled": at, "ruled": resolution, "by": by})

    def amend(self, organisation: OrganisationId, review: str, *, problem: str, evidence: str) -> None:
        """What was found looks different by now."""
        key = {"key_organisation": organisation, "key_id": review}
        self._work.record(_AMEND, {**key, "told": problem, "shown": evidence})

    async def get(self, organisation: OrganisationId, review: str) -> Review | None:
        """The organisation's review of that id."""
        row = await self._work.one(_GET, {"organisation": organisation, "id": review})
        return None if row is None else _review(row)

    async def list(
        self,
        organisation: OrganisationId,
        *,
        open_only: bool = True,
        kind: str | None = None,
        station: StationId | None = None,
        cursor: str | None = None,
        limit: int = PAGE,
    ) -> Page[Review]:
        """A page of reviews, the newest first."""
        limit = page_size(limit)
        parameters: dict[str, Any] = {"organisation": organisation, "limit": limit + 1}
        if cursor is not None:
            parameters["before"] = cursor
        if kind is not None:
            parameters["of_kind"] = kind
        if station is not None:
            parameters["of_station"] = station
        statement = _list(open_only, cursor is not None, kind is not None, station is not None)
        rows = await self._work.scan(statement, parameters)
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
        kind=row["kind"] or MESSAGE,
        subject=row["subject"],
        evidence=row["evidence"],
        resolution=row["resolution"],
        settled_by=row["settled_by"],
    )
