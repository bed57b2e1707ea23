"""Reservations: rows ↔ `domain.reservations.Reservation`.

`open_until` is the row's alarm: the time it expires while the station may hold it, nothing afterwards. So what is
live at a station, and what falls due by our clock, is found by an index however many reservations there ever were.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, bindparam, update

from amperanto.domain.reservations import Reservation, ReservationState
from amperanto.domain.stations import OrganisationId, StationId
from amperanto.domain.tokens import Token
from amperanto.stores.columns import Timestamp
from amperanto.stores.newest import newest_at_stations
from amperanto.stores.scope import across, owned
from amperanto.stores.statements import Row, Statement
from amperanto.stores.tables import reservations
from amperanto.stores.work import PAGE, Page, Work

_c = reservations.c
_KNOWN = "the node acts for a station it knows by our id"
_GET = Statement(owned(reservations).where(_c.id == bindparam("id")))
_OF_NUMBER = Statement(
    across(reservations, because=_KNOWN)
    .where(_c.station == bindparam("station"), _c.number == bindparam("number"))
    .order_by(_c.id.desc())
)
_LIVE_AT = Statement(
    across(reservations, because=_KNOWN)
    .where(_c.station == bindparam("station"), _c.open_until.is_not(None))
    .order_by(_c.id)
)
_DUE = Statement(
    across(reservations, because="what expires, expires whoever owns it")
    .where(_c.open_until <= bindparam("now", type_=Timestamp()))
    .order_by(_c.open_until)
    .limit(bindparam("limit", type_=BigInteger()))
)
_ADD = Statement(reservations.insert(), rank=45)
_SAVE = Statement(
    update(reservations).where(
        _c.id == bindparam("key_id"), _c.revision == bindparam("key_revision", type_=BigInteger())
    ),
    rank=46,
    exact=True,
    columns=["state", "answer", "ended_at", "open_until", "transaction_id", "revision"],
)


class Reservations:
    """What stations hold for tokens, and held."""

    __slots__ = ("_work",)

    def __init__(self, work: Work) -> None:
        self._work = work

    async def get(self, organisation: OrganisationId, reservation: str) -> Reservation | None:
        """The organisation's reservation of our id."""
        row = await self._work.one(_GET, {"organisation": organisation, "id": reservation})
        return None if row is None else _reservation(row)

    async def of_number(self, station: StationId, number: int) -> list[Reservation]:
        """The station's reservations of that number, the newest first: a replaced one has its successor's."""
        rows = await self._work.several(_OF_NUMBER, {"station": station, "number": number})
        return [_reservation(row) for row in rows]

    async def live_at(self, station: StationId) -> list[Reservation]:
        """What the station may hold now, the oldest first."""
        return [_reservation(row) for row in await self._work.several(_LIVE_AT, {"station": station})]

    async def due(self, now: datetime, limit: int = PAGE) -> list[Reservation]:
        """Some of what has expired by then and is still counted as held."""
        return [_reservation(row) for row in await self._work.scan(_DUE, {"now": now, "limit": limit})]

    async def list(
        self,
        organisation: OrganisationId,
        *,
        station: StationId | None = None,
        state: ReservationState | None = None,
        cursor: str | None = None,
        limit: int = PAGE,
    ) -> Page[Reservation]:
        """A page of reservations, the newest first."""
        return await newest_at_stations(
            self._work,
            reservations,
            _reservation,
            organisation,
            station=station,
            state=state,
            cursor=cursor,
            limit=limit,
        )

    def add(self, reservation: Reservation) -> None:
        """Keep a new reservation."""
        row: dict[str, Any] = {
            **_changing(reservation),
            "id": reservation.id,
            "organisation": reservation.organisation,
            "station": reservation.station,
            "number": reservation.number,
            "evse": reservation.evse,
            "connector_type": reservation.connector_type,
            "token_uid": reservation.token.uid,
            "token_type": reservation.token.type,
            "token_group": reservation.group,
            "created_at": reservation.created_at,
            "expires_at": reservation.expires_at,
        }
        self._work.record(_ADD, row)

    def save(self, reservation: Reservation) -> Reservation:
        """Change where one stands that was read with this revision; returns it as it will stand (revision + 1)."""
        saved = replace(reservation, revision=reservation.revision + 1)
        changed = {**_changing(saved), "key_id": reservation.id, "key_revision": reservation.revision}
        self._work.record(_SAVE, changed)
        return saved


def _changing(reservation: Reservation) -> dict[str, Any]:
    return {
        "state": reservation.state,
        "answer": reservation.answer,
        "ended_at": reservation.ended_at,
        "open_until": reservation.expires_at if reservation.live else None,
        "transaction_id": reservation.transaction,
        "revision": reservation.revision,
    }


def _reservation(row: Row) -> Reservation:
    return Reservation(
        id=row["id"],
        organisation=row["organisation"],
        station=row["station"],
        number=row["number"],
        token=Token(row["token_uid"], row["token_type"]),
        group=row["token_group"],
        evse=row["evse"],
        connector_type=row["connector_type"],
        state=ReservationState(row["state"]),
        answer=row["answer"],
        created_at=row["created_at"],
        expires_at=row["expires_at"],
        ended_at=row["ended_at"],
        transaction=row["transaction_id"],
        revision=row["revision"],
    )
