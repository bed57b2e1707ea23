"""Remote starts: rows ↔ `domain.remote_starts.RemoteStart`.

What may still come at a station is found by its `until`, whatever became of it in our eyes: a start that counts as
timed out may have begun in time and be told late.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from typing import Any

import msgspec
from sqlalchemy import BigInteger, bindparam, update

from amperanto.domain.limits import TransactionLimit
from amperanto.domain.remote_starts import Failure, RemoteStart, RemoteStartState
from amperanto.domain.stations import OrganisationId, StationId
from amperanto.domain.tokens import Token
from amperanto.stores.columns import Timestamp
from amperanto.stores.newest import newest_at_stations
from amperanto.stores.scope import across, owned
from amperanto.stores.statements import Row, Statement
from amperanto.stores.tables import remote_starts
from amperanto.stores.work import PAGE, Page, Work

_LIMIT = msgspec.json.Decoder(TransactionLimit)
LOOKED_BACK = 20  # how many remote starts of one station a start may mean
_c = remote_starts.c
_KNOWN = "the node acts for a station it knows by our id"
_GET = Statement(owned(remote_starts).where(_c.id == bindparam("id")))
_BY_ID = Statement(across(remote_starts, because=_KNOWN).where(_c.id == bindparam("id")))
_OF_NUMBER = Statement(
    across(remote_starts, because=_KNOWN)
    .where(_c.station == bindparam("station"), _c.number == bindparam("number"))
    .order_by(_c.id.desc())
    .limit(1)
)
_SINCE = Statement(
    across(remote_starts, because=_KNOWN)
    .where(_c.station == bindparam("station"), _c.until >= bindparam("since", type_=Timestamp()))
    .order_by(_c.id.desc())
    .limit(LOOKED_BACK)
)
_ADD = Statement(remote_starts.insert(), rank=47)
_SAVE = Statement(
    update(remote_starts).where(
        _c.id == bindparam("key_id"), _c.revision == bindparam("key_revision", type_=BigInteger())
    ),
    rank=48,
    exact=True,
    columns=[
        "state",
        "answered_at",
        "answer",
        "reference",
        "reason",
        "ended_at",
        "transaction_id",
        "sent_at",
        "failure",
        "revision",
    ],
)


class RemoteStarts:
    """What stations were asked to start, and what came of it."""

    __slots__ = ("_work",)

    def __init__(self, work: Work) -> None:
        self._work = work

    async def get(self, organisation: OrganisationId, remote_start: str) -> RemoteStart | None:
        """The organisation's remote start of our id."""
        row = await self._work.one(_GET, {"organisation": organisation, "id": remote_start})
        return None if row is None else _remote_start(row)

    async def by_id(self, remote_start: str) -> RemoteStart | None:
        """The remote start of our id."""
        row = await self._work.one(_BY_ID, {"id": remote_start})
        return None if row is None else _remote_start(row)

    async def of_number(self, station: StationId, number: int) -> RemoteStart | None:
        """The station's latest remote start of that remoteStartId."""
        row = await self._work.one(_OF_NUMBER, {"station": station, "number": number})
        return None if row is None else _remote_start(row)

    async def since(self, station: StationId, since: datetime) -> list[RemoteStart]:
        """The station's latest remote starts whose time was not over by then, the oldest first."""
        rows = await self._work.several(_SINCE, {"station": station, "since": since})
        return [_remote_start(row) for row in reversed(rows)]

    async def list(
        self,
        organisation: OrganisationId,
        *,
        station: StationId | None = None,
        state: RemoteStartState | None = None,
        cursor: str | None = None,
        limit: int = PAGE,
    ) -> Page[RemoteStart]:
        """A page of remote starts, the newest first."""
        return await newest_at_stations(
            self._work,
            remote_starts,
            _remote_start,
            organisation,
            station=station,
            state=state,
            cursor=cursor,
            limit=limit,
        )

    def add(self, one: RemoteStart) -> None:
        """Keep a new remote start."""
        row: dict[str, Any] = {
            **_changing(one),
            "id": one.id,
            "organisation": one.organisation,
            "station": one.station,
            "number": one.number,
            "token_uid": one.token.uid,
            "token_type": one.token.type,
            "evse": one.evse,
            "asked_by": one.asked_by,
            "asked_at": one.asked_at,
            "until": one.until,
            "limits": None if one.limit is None else msgspec.json.encode(one.limit).decode(),
        }
        self._work.record(_ADD, row)

    def save(self, one: RemoteStart) -> RemoteStart:
        """Change where one stands that was read with this revision; returns it as it will stand (revision + 1)."""
        saved = replace(one, revision=one.revision + 1)
        self._work.record(_SAVE, {**_changing(saved), "key_id": one.id, "key_revision": one.revision})
        return saved


def _changing(one: RemoteStart) -> dict[str, Any]:
    return {
        "state": one.state,
        "answered_at": one.answered_at,
        "answer": one.answer,
        "reference": one.reference,
        "reason": one.reason,
        "ended_at": one.ended_at,
        "transaction_id": one.transaction,
        "sent_at": one.sent_at,
        "failure": one.failure,
        "revision": one.revision,
    }


def _remote_start(row: Row) -> RemoteStart:
    return RemoteStart(
        id=row["id"],
        organisation=row["organisation"],
        station=row["station"],
        number=row["number"],
        token=Token(row["token_uid"], row["token_type"]),
        evse=row["evse"],
        asked_by=row["asked_by"],
        asked_at=row["asked_at"],
        until=row["until"],
        state=RemoteStartState(row["state"]),
        answered_at=row["answered_at"],
        answer=row["answer"],
        reference=row["reference"],
        reason=row["reason"],
        ended_at=row["ended_at"],
        transaction=row["transaction_id"],
        sent_at=row["sent_at"],
        limit=None if row["limits"] is None else _LIMIT.decode(row["limits"]),
        failure=None if row["failure"] is None else Failure(row["failure"]),
        revision=row["revision"],
    )
