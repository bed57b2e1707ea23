"""What a station's parts are doing, and what they and its connection did: states now, and intervals for
ever.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Annotated

from litestar import get
from litestar.di import NamedDependency
from litestar.params import FromPath, QueryParameter
from msgspec import Meta, Struct

from amperanto.api.access import needs
from amperanto.api.desk import Desk
from amperanto.api.parameters import decoded
from amperanto.api.problems import BadField
from amperanto.api.representation import Cursor, Instant, Limit, cursor_for, cursor_from, instant
from amperanto.csms.records import Period
from amperanto.domain.availability import evse_state
from amperanto.domain.behaviour import Behaviour
from amperanto.domain.stations import Availability, ChargingState, Connector, Fault
from amperanto.domain.transactions import Transaction

From = Annotated[datetime | None, QueryParameter(name="from", description="what lasted after this time")]
To = Annotated[datetime | None, QueryParameter(name="to", description="what began before this time")]


class FaultView(Struct, kw_only=True):
    """What is wrong, in the station's words."""

    code: str
    info: str | None
    vendor_id: str | None
    vendor_code: str | None


class StateView(Struct, kw_only=True):
    """The last known state of a connector."""

    connector: Annotated[int | None, Meta(description="null: the EVSE as a whole")]
    availability: Availability
    charging_state: ChargingState | None
    fault: FaultView | None
    since: Instant
    native: Annotated[str | None, Meta(description="the station's own word")]


class EvseView(Struct, kw_only=True):
    """An EVSE; 0 is the station as a whole."""

    evse: int
    availability: Annotated[
        Availability | None,
        Meta(description="what it is, by its connectors' words and by whether a transaction runs here"),
    ]
    charging_state: ChargingState | None
    connectors: Annotated[list[StateView], Meta(description="what was told last of each, as it was told")]
    transaction: Annotated[str | None, Meta(description="our id of the transaction that is open here")]


class EvsePage(Struct, kw_only=True):
    """Every EVSE of a station."""

    items: list[EvseView]
    next: None = None


class ConnectionView(Struct, kw_only=True, rename={"begin": "from", "end": "to"}):
    """One connection of a station; `to` is null while it lasts."""

    begin: Instant
    end: Instant | None
    close_code: int | None
    cause: Annotated[str | None, Meta(description="why it ended, in words")]
    remote: str
    ocpp_version: str
    node: str


class ConnectionPage(Struct, kw_only=True):
    """Some connections, the oldest first."""

    items: list[ConnectionView]
    next: str | None


class IntervalView(Struct, kw_only=True, rename={"begin": "from", "end": "to"}):
    """A time during which a connector was in one state; `to` is null while it lasts."""

    begin: Instant
    end: Instant | None
    evse: int
    connector: int | None
    availability: Availability
    charging_state: ChargingState | None
    fault: FaultView | None


class IntervalPage(Struct, kw_only=True):
    """Some intervals, the oldest first."""

    items: list[IntervalView]
    next: str | None


def _fault(fault: Fault | None) -> FaultView | None:
    if fault is None:
        return None
    return FaultView(code=fault.code, info=fault.info, vendor_id=fault.vendor_id, vendor_code=fault.vendor_code)


def _state(connector: Connector) -> StateView:
    return StateView(
        connector=connector.where.connector,
        availability=connector.availability,
        charging_state=connector.charging,
        fault=_fault(connector.fault),
        since=connector.since,
        native=connector.native,
    )


def _evses(
    connectors: Iterable[Connector], transactions: Iterable[Transaction], behaviour: Behaviour
) -> list[EvseView]:
    told: dict[int, list[Connector]] = {}
    for connector in connectors:
        told.setdefault(connector.where.evse, []).append(connector)
    charging = {one.where.evse: one.id for one in transactions if one.where is not None}
    views: list[EvseView] = []
    for evse in sorted(told.keys() | charging.keys()):
        here = told.get(evse, [])
        availability, state = evse_state(here, behaviour, charging=evse in charging)
        views.append(
            EvseView(
                evse=evse,
                availability=availability,
                charging_state=state,
                connectors=[_state(one) for one in here],
                transaction=charging.get(evse),
            )
        )
    return views


def _period(since: datetime | None, until: datetime | None, cursor: str | None, limit: int) -> Period:
    place = cursor_from(cursor) or "0"
    if not (place.isascii() and place.isdigit() and len(place) <= 9):
        raise BadField("cursor", "this is not the `next` of a page")
    return Period(instant(since, "from"), instant(until, "to"), int(place), limit)


@get("/stations/{identity:str}/evses", guards=[needs("read")], tags=["Stations"])
async def list_evses(
    identity: FromPath[str],
    desk: NamedDependency[Desk],
) -> EvsePage:
    """The EVSEs the station has told of, each with its connectors and their last known state."""
    station = await desk.registry.station(desk.who, decoded(identity))
    behaviour = desk.csms.stations.behaviour(station.id)
    return EvsePage(items=_evses(*await desk.records.connectors(desk.who, station.id), behaviour))


@get("/stations/{identity:str}/connections", guards=[needs("read")], tags=["Stations"])
async def list_connections(
    identity: FromPath[str],
    desk: NamedDependency[Desk],
    *,
    since: From = None,
    until: To = None,
    limit: Limit = 100,
    cursor: Cursor = None,
) -> ConnectionPage:
    """When the station was connected, and why each connection ended; the oldest first."""
    station = await desk.registry.station(desk.who, decoded(identity))
    page = await desk.records.connections(desk.who, station.id, _period(since, until, cursor, limit))
    return ConnectionPage(
        items=[
            ConnectionView(
                begin=one.begin,
                end=one.end,
                close_code=one.close_code,
                cause=one.cause,
                remote=one.remote,
                ocpp_version=one.version,
                node=one.node,
            )
            for one in page.items
        ],
        next=cursor_for(page.next),
    )


@get("/stations/{identity:str}/availability", guards=[needs("read")], tags=["Stations"])
async def list_availability(
    identity: FromPath[str],
    desk: NamedDependency[Desk],
    *,
    since: From = None,
    until: To = None,
    limit: Limit = 100,
    cursor: Cursor = None,
) -> IntervalPage:
    """What state each connector was in, and from when to when; the oldest first."""
    station = await desk.registry.station(desk.who, decoded(identity))
    page = await desk.records.availability(desk.who, station.id, _period(since, until, cursor, limit))
    return IntervalPage(
        items=[
            IntervalView(
                begin=one.begin,
                end=one.end,
                evse=one.where.evse,
                connector=one.where.connector,
                availability=one.availability,
                charging_state=one.charging,
                fault=_fault(one.fault),
            )
            for one in page.items
        ],
        next=cursor_for(page.next),
    )
