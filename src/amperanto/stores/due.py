"""What must happen at a time: rows ↔ `domain.due.Due`, claimed by a lease so that one node alone does it (R4).

Of one kind and subject there is one row: to put it again moves it. Whoever does what is due ends it in the same
unit; where the lease was lost meanwhile, or it was put off, that is a ConflictError and nothing happens.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, bindparam, or_, update

from amperanto.domain.due import Due
from amperanto.stores.columns import Timestamp, Words
from amperanto.stores.scope import across
from amperanto.stores.statements import Row, Statement, Upserting
from amperanto.stores.tables import due
from amperanto.stores.work import Work

_c = due.c
_NODE = "the node does for every organisation what is due"


def _put(insert: Upserting) -> Any:
    putting = insert(due)
    return putting.on_conflict_do_update(
        index_elements=[_c.kind, _c.subject],
        set_={"at": putting.excluded.at, "body": putting.excluded.body, "tries": 0, "claimed_until": None},
    )


_PUT = Statement(_put, rank=240)
_CANCEL = Statement(
    due.delete().where(
        _c.kind == bindparam("of_kind", type_=Words()), _c.subject == bindparam("of_subject", type_=Words())
    ),
    rank=239,  # before what is put: of the two, a timer too many is harmless, one too few is not
)
_MINE = (_c.id == bindparam("key_id"), _c.claimed_until == bindparam("lease", type_=Timestamp()))
_CLAIM = Statement(
    update(due)
    .where(
        _c.id == bindparam("key_id"),
        _c.tries == bindparam("key_tries", type_=BigInteger()),
        _c.at == bindparam("key_at", type_=Timestamp()),  # it was not put off since it was found
        or_(_c.claimed_until.is_(None), _c.claimed_until <= bindparam("now", type_=Timestamp())),
    )
    .values(claimed_until=bindparam("lease", type_=Timestamp()), tries=_c.tries + 1),
    rank=242,
    exact=True,
)
_DONE = Statement(due.delete().where(*_MINE), rank=238, exact=True)
_READY = Statement(
    across(due, because=_NODE)
    .where(
        _c.at <= bindparam("now", type_=Timestamp()),
        or_(_c.claimed_until.is_(None), _c.claimed_until <= bindparam("now", type_=Timestamp())),
    )
    .order_by(_c.at)
    .limit(bindparam("limit", type_=BigInteger()))
)
_OF = Statement(
    across(due, because=_NODE).where(
        _c.kind == bindparam("of_kind", type_=Words()), _c.subject == bindparam("of_subject", type_=Words())
    )
)


class Dues:
    """What must happen, and when."""

    __slots__ = ("_work",)

    def __init__(self, work: Work) -> None:
        self._work = work

    async def ready(self, now: datetime, limit: int) -> list[Due]:
        """What is due and nobody is at, the longest overdue first."""
        return [_due(row) for row in await self._work.several(_READY, {"now": now, "limit": limit})]

    async def of(self, kind: str, subject: str) -> Due | None:
        """What of this kind will happen to that subject."""
        row = await self._work.one(_OF, {"of_kind": kind, "of_subject": subject})
        return None if row is None else _due(row)

    def put(self, one: Due) -> None:
        """Want it to happen; in place of what was to happen of the same kind to the same subject."""
        self._work.record(
            _PUT,
            {
                "id": one.id, "organisation": one.organisation, "kind": one.kind, "subject": one.subject,
                "at": one.at, "body": one.body, "tries": 0, "claimed_until": None,
            },
        )  # fmt: skip

    def cancel(self, kind: str, subject: str) -> None:
        """Let what was put before not happen; what the same unit puts, happens."""
        self._work.record(_CANCEL, {"of_kind": kind, "of_subject": subject})

    def claim(self, one: Due, now: datetime, lease: datetime) -> Due:
        """Take it until `lease`; ConflictError at the commit when somebody else did. Returns it as it will stand."""
        known = {"key_id": one.id, "key_tries": one.tries, "key_at": one.at}
        self._work.record(_CLAIM, {**known, "now": now, "lease": lease})
        return replace(one, tries=one.tries + 1, claimed_until=lease)

    def done(self, one: Due) -> None:
        """It happened, with the rest of this unit; ConflictError at the commit when the claim is not ours any more."""
        self._work.record(_DONE, {"key_id": one.id, "lease": one.claimed_until})


def _due(row: Row) -> Due:
    return Due(
        id=row["id"],
        organisation=row["organisation"],
        kind=row["kind"],
        subject=row["subject"],
        at=row["at"],
        body=row["body"],
        tries=row["tries"],
        claimed_until=row["claimed_until"],
    )
