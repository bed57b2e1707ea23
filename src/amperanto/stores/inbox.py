"""The inbox: stations that knocked and that nobody registered, for an operator to accept with one call.

Anybody can knock, so each organisation's inbox keeps the latest thousand identities and no more.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

import msgspec
from sqlalchemy import BigInteger, bindparam

from amperanto.domain.stations import OrganisationId, folded
from amperanto.stores.columns import Words
from amperanto.stores.scope import owned
from amperanto.stores.statements import Row, Statement, Upserting
from amperanto.stores.tables import inbox
from amperanto.stores.work import PAGE, Page, Work, page_of, page_size

_c = inbox.c
KEPT = 1000
_OFFERED = msgspec.json.Decoder(tuple[str, ...])


def _knocked(insert: Upserting) -> Any:
    inserted = insert(inbox)
    latest = {name: inserted.excluded[name] for name in ("identity", "last_seen", "remote", "offered", "reason")}
    return inserted.on_conflict_do_update(
        index_elements=[_c.organisation, _c.identity_key], set_={**latest, "tries": _c.tries + 1}
    )


_KNOCK = Statement(_knocked, rank=90)
_GET = Statement(owned(inbox).where(_c.identity_key == bindparam("identity_key")))
_LIST = Statement(
    owned(inbox)
    .where(_c.identity_key > bindparam("after", type_=Words()))
    .order_by(_c.identity_key)
    .limit(bindparam("limit", type_=BigInteger()))
)
_OVERFLOW = Statement(
    inbox.delete().where(
        _c.organisation == bindparam("organisation"),
        _c.identity_key.in_(
            owned(inbox, _c.identity_key).order_by(_c.last_seen.desc(), _c.identity_key).limit(KEPT).offset(KEPT)
        ),
    ),
    rank=91,
)
_REMOVE = Statement(
    inbox.delete().where(_c.organisation == bindparam("organisation"), _c.identity_key == bindparam("identity_key")),
    rank=92,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class InboxEntry:
    """A station nobody registered: who it says it is, from where, with which subprotocols, and why it was refused."""

    organisation: OrganisationId
    identity: str
    first_seen: datetime
    last_seen: datetime
    tries: int = 1
    remote: str = ""
    offered: tuple[str, ...] = ()
    reason: str = ""


class Inbox:
    """The unknown stations."""

    __slots__ = ("_work",)

    def __init__(self, work: Work) -> None:
        self._work = work

    def knock(self, entry: InboxEntry) -> None:
        """Note that this station tried; if it did before, one more time."""
        self._work.record(
            _KNOCK,
            {
                "organisation": entry.organisation,
                "identity_key": folded(entry.identity),
                "identity": entry.identity,
                "first_seen": entry.first_seen,
                "last_seen": entry.last_seen,
                "tries": entry.tries,
                "remote": entry.remote,
                "offered": msgspec.json.encode(entry.offered).decode(),
                "reason": entry.reason,
            },
        )
        self._work.record(_OVERFLOW, {"organisation": entry.organisation})

    async def get(self, organisation: OrganisationId, identity: str) -> InboxEntry | None:
        """The entry of that identity, case aside."""
        row = await self._work.one(_GET, {"organisation": organisation, "identity_key": folded(identity)})
        return None if row is None else _entry(row)

    async def list(
        self, organisation: OrganisationId, *, cursor: str | None = None, limit: int = PAGE
    ) -> Page[InboxEntry]:
        """A page of the inbox by identity."""
        limit = page_size(limit)
        rows = await self._work.scan(_LIST, {"organisation": organisation, "after": cursor or "", "limit": limit + 1})
        return page_of([_entry(row) for row in rows], limit, lambda entry: folded(entry.identity))

    def remove(self, organisation: OrganisationId, identity: str) -> None:
        """Forget the entry, if there is one."""
        self._work.record(_REMOVE, {"organisation": organisation, "identity_key": folded(identity)})


def _entry(row: Row) -> InboxEntry:
    return InboxEntry(
        organisation=row["organisation"],
        identity=row["identity"],
        first_seen=row["first_seen"],
        last_seen=row["last_seen"],
        tries=row["tries"],
        remote=row["remote"],
        offered=_OFFERED.decode(row["offered"]),
        reason=row["reason"],
    )
