"""Reservations: a place kept free for a token, and how each ended.

A reservation is asked of the station when it is made here; the station's no is data: state `Refused`, with the
station's word in `answer`. `Asked` means that nobody knows: the station did not answer.
"""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from litestar import delete, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, JSONBody, QueryParameter
from msgspec import Meta, Struct

from amperanto.api.access import needs
from amperanto.api.commands import Timeout
from amperanto.api.desk import Desk
from amperanto.api.parameters import decoded
from amperanto.api.problems import BadField
from amperanto.api.representation import PLAIN, Cursor, Instant, Limit, cursor_for, cursor_from, instant
from amperanto.api.tokens import TokenType, Uid
from amperanto.csms.records import Named
from amperanto.csms.reservation import Wish
from amperanto.domain.reservations import Reservation, ReservationState
from amperanto.domain.tokens import Token

EvseNumber = Annotated[int, Meta(ge=1, le=2**31 - 1, description="at which EVSE; null: at any")] | None
ConnectorType = (
    Annotated[
        str,
        Meta(
            min_length=1, max_length=20, pattern=PLAIN, description="at any with such a connector (2.x), like `cCCS2`"
        ),
    ]
    | None
)
GroupToken = (
    Annotated[
        str,
        Meta(min_length=1, max_length=255, pattern=PLAIN, description="every token of this group may use it"),
    ]
    | None
)


class ReservationView(Struct, kw_only=True):
    """A place kept for a token, or that was."""

    id: Annotated[str, Meta(description="our id, sortable by time")]
    number: Annotated[int, Meta(description="the reservation id on the wire")]
    station: Annotated[str, Meta(description="the station's identity")]
    station_id: str
    state: ReservationState
    evse: int | None
    connector_type: str | None
    token: str
    token_type: str
    group: str | None
    created_at: Instant
    expires_at: Instant
    ended_at: Instant | None
    answer: Annotated[str | None, Meta(description="the station's word, or why it ended")]
    transaction: Annotated[str | None, Meta(description="our id of the transaction that used it")]


class ReservationPage(Struct, kw_only=True):
    """Some reservations, the newest first."""

    items: list[ReservationView]
    next: str | None


class NewReservation(Struct, kw_only=True, forbid_unknown_fields=True):
    """A place to keep: at an EVSE, at any with such a connector, or at any at all."""

    station: Annotated[str, Meta(min_length=1, description="identity or id of the station")]
    token: Uid
    expires_at: Annotated[datetime, Meta(extra_json_schema={"format": "date-time"})]
    token_type: Annotated[TokenType | None, Meta(description="null: as the token is registered, else ISO14443")] = None
    evse: EvseNumber = None
    connector_type: ConnectorType = None
    group: GroupToken = None
    replaces: Annotated[str | None, Meta(description="id of the reservation whose place it takes")] = None


def _view(named: Named[Reservation]) -> ReservationView:
    reservation = named.what
    return ReservationView(
        id=reservation.id,
        number=reservation.number,
        station=named.identity,
        station_id=reservation.station,
        state=reservation.state,
        evse=reservation.evse,
        connector_type=reservation.connector_type,
        token=reservation.token.uid,
        token_type=reservation.token.type,
        group=reservation.group,
        created_at=reservation.created_at,
        expires_at=reservation.expires_at,
        ended_at=reservation.ended_at,
        answer=reservation.answer,
        transaction=reservation.transaction,
    )


@post("/reservations", guards=[needs("operate")], tags=["Reservations"])
async def add_reservation(
    data: JSONBody[NewReservation],
    desk: NamedDependency[Desk],
    *,
    timeout: Timeout = None,
) -> ReservationView:
    """Ask a station to keep a place. Its no is data: the state is then `Refused`, `answer` says why.

    409 `station_offline` or `not_spoken` before anything is sent; 504 `no_answer` leaves it `Asked`.
    """
    expires_at = instant(data.expires_at, "expires_at")
    if expires_at is None or expires_at <= desk.csms.context.clock.now():
        raise BadField("expires_at", "the time has passed already")
    station = await desk.registry.station(desk.who, data.station)
    wish = Wish(
        token=Token(data.token) if data.token_type is None else Token(data.token, str(data.token_type)),
        expires_at=expires_at,
        evse=data.evse,
        connector_type=data.connector_type,
        group=data.group,
        replaces=data.replaces,
    )
    made = await desk.csms.reservation.reserve(station, wish, timeout=timeout)
    return _view(Named(station.identity, made))


@get("/reservations", guards=[needs("read")], tags=["Reservations"])
async def list_reservations(
    desk: NamedDependency[Desk],
    *,
    limit: Limit = 100,
    cursor: Cursor = None,
    station: Annotated[str | None, QueryParameter(description="identity or id of the station")] = None,
    in_state: Annotated[
        ReservationState | None, QueryParameter(name="state", description="only those that stand so")
    ] = None,
) -> ReservationPage:
    """The reservations of your organisation, the newest first."""
    at = None if station is None else (await desk.registry.station(desk.who, station)).id
    page = await desk.csms.reservation.reservations(
        desk.who, station=at, state=in_state, cursor=cursor_from(cursor), limit=limit
    )
    return ReservationPage(items=[_view(one) for one in page.items], next=cursor_for(page.next))


@get("/reservations/{reservation:str}", guards=[needs("read")], tags=["Reservations"])
async def get_reservation(
    reservation: FromPath[str],
    desk: NamedDependency[Desk],
) -> ReservationView:
    """One reservation."""
    return _view(await desk.csms.reservation.reservation(desk.who, decoded(reservation)))


@delete("/reservations/{reservation:str}", guards=[needs("operate")], status_code=200, tags=["Reservations"])
async def cancel_reservation(
    reservation: FromPath[str],
    desk: NamedDependency[Desk],
    *,
    timeout: Timeout = None,
) -> ReservationView:
    """Give a place up; the reservation stays to be seen, `Cancelled`.

    `Removed` when the station knew of none. 409 `reservation_over` when it had ended already.
    """
    who = desk.who
    cancelled = await desk.csms.reservation.cancel(who, decoded(reservation), timeout=timeout)
    return _view((await desk.csms.reservation.named(who, [cancelled]))[0])
