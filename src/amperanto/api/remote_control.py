"""Starting, stopping and asking from afar, each followed to what came of it.

A remote start is a resource: it says by its state whether it became a transaction, was refused, timed out, or never
reached the station. `wait` holds the answer until it has ended, for at most so many seconds. What a station says is
data: a refusal is an answer, not an error.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Annotated, Any

import msgspec
from litestar import get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, JSONBody, QueryParameter
from msgspec import Meta, Struct

from amperanto.api.access import needs
from amperanto.api.commands import LONGEST_TIMEOUT, Timeout
from amperanto.api.desk import Desk
from amperanto.api.parameters import decoded
from amperanto.api.problems import BadField
from amperanto.api.representation import PLAIN, Cursor, Instant, Limit, cursor_for, cursor_from
from amperanto.api.tokens import TokenType, Uid
from amperanto.csms.records import Named
from amperanto.csms.remote_control import StartWish
from amperanto.csms.remote_stop import StopState
from amperanto.domain.limits import TransactionLimit
from amperanto.domain.quantities import WattHours
from amperanto.domain.remote_starts import Failure, RemoteStart, RemoteStartState
from amperanto.domain.stations import EvseRef
from amperanto.domain.tokens import Token
from amperanto.ocpp import v2

Number = Annotated[int, Meta(ge=1, le=2**31 - 1)]
Wait = Annotated[
    float, QueryParameter(ge=0, le=LONGEST_TIMEOUT, description="seconds to wait at most until it has ended")
]


class RemoteStartView(Struct, kw_only=True):
    """A start asked of a station, and what came of it."""

    id: Annotated[str, Meta(description="our id, sortable by time")]
    number: Annotated[int, Meta(description="the remoteStartId on the wire (2.x)")]
    station: Annotated[str, Meta(description="the station's identity")]
    station_id: str
    state: RemoteStartState
    token: str
    token_type: str
    evse: int | None
    asked_by: Annotated[str, Meta(description="the name of the API key")]
    asked_at: Instant
    sent_at: Annotated[Instant | None, Meta(description="null: it certainly never reached the station")]
    answered_at: Instant | None
    answer: Annotated[str | None, Meta(description="the station's word")]
    until: Annotated[Instant, Meta(description="when it counts as timed out")]
    ended_at: Instant | None
    failure: Annotated[Failure | None, Meta(description="what went wrong on the way")]
    reason: Annotated[str | None, Meta(description="why it did not start, in words")]
    transaction: Annotated[str | None, Meta(description="our id of the transaction it became")]


class RemoteStartPage(Struct, kw_only=True):
    """Some remote starts, the newest first."""

    items: list[RemoteStartView]
    next: str | None


class Limits(Struct, kw_only=True, forbid_unknown_fields=True):
    """What the transaction may use at most; null: no limit (OCPP 2.1)."""

    cost: Annotated[Decimal, Meta(description="in the currency of its tariff")] | None = None
    energy_wh: Decimal | None = None
    seconds: Annotated[int, Meta(ge=1, le=2**31 - 1)] | None = None
    state_of_charge: Annotated[int, Meta(ge=1, le=100, description="percent")] | None = None


class NewRemoteStart(Struct, kw_only=True, forbid_unknown_fields=True):
    """Whom to let charge, and where."""

    station: Annotated[str, Meta(min_length=1, description="identity or id of the station")]
    token: Uid
    token_type: Annotated[TokenType | None, Meta(description="null: Central, which no station asks us about")] = None
    evse: Annotated[Number | None, Meta(description="at which EVSE; null: the station chooses")] = None
    group: Annotated[str, Meta(min_length=1, max_length=255, pattern=PLAIN)] | None = None
    charging_profile: Annotated[
        dict[str, Any] | None, Meta(description="a TxProfile without transactionId, in OCPP 2.1's words (K05)")
    ] = None
    limits: Limits | None = None


class RemoteStopView(Struct, kw_only=True):
    """What came of a stop so far; the transaction itself tells the rest."""

    state: StopState
    answer: Annotated[str, Meta(description="the station's word")]
    transaction: str


class Trigger(Struct, kw_only=True, forbid_unknown_fields=True):
    """A message to be sent now."""

    message: Annotated[v2.MessageTrigger, Meta(description="in OCPP 2.1's words")]
    evse: Annotated[Number | None, Meta(description="null: all of them")] = None
    connector: Number | None = None
    custom: (
        Annotated[str, Meta(min_length=1, max_length=50, pattern=PLAIN, description="which one, with CustomTrigger")]
        | None
    ) = None


class PlaceView(Struct, kw_only=True):
    """A connector."""

    evse: int
    connector: int | None


class TriggeredView(Struct, kw_only=True):
    """The station's word; `asked` names the connectors where it had to be asked one by one."""

    status: str
    reason: str | None
    asked: list[PlaceView]


def _view(named: Named[RemoteStart]) -> RemoteStartView:
    one = named.what
    return RemoteStartView(
        id=one.id,
        number=one.number,
        station=named.identity,
        station_id=one.station,
        state=one.state,
        token=one.token.uid,
        token_type=one.token.type,
        evse=one.evse,
        asked_by=one.asked_by,
        asked_at=one.asked_at,
        sent_at=one.sent_at,
        answered_at=one.answered_at,
        answer=one.answer,
        until=one.until,
        ended_at=one.ended_at,
        failure=one.failure,
        reason=one.reason,
        transaction=one.transaction,
    )


def _limit(told: Limits | None) -> TransactionLimit | None:
    if told is None:
        return None
    for name in ("cost", "energy_wh"):
        figure = getattr(told, name)
        if figure is not None and not (figure.is_finite() and figure > 0):
            raise BadField(f"limits.{name}", "a limit is more than nothing")
    energy = None if told.energy_wh is None else WattHours(told.energy_wh)
    return TransactionLimit(cost=told.cost, energy=energy, seconds=told.seconds, state_of_charge=told.state_of_charge)


def _profile(told: dict[str, Any] | None) -> v2.ChargingProfile | None:
    if told is None:
        return None
    try:
        return msgspec.convert(told, v2.ChargingProfile)
    except msgspec.ValidationError as error:
        raise BadField("charging_profile", f"this is no charging profile: {error}") from error


@post("/remote-starts", guards=[needs("operate")], tags=["Remote control"])
async def start_from_afar(
    data: JSONBody[NewRemoteStart],
    desk: NamedDependency[Desk],
    *,
    timeout: Timeout = None,
    wait: Wait = 0.0,
) -> RemoteStartView:
    """Ask a station to let a token charge, and follow it: see `state`, `reason` and `transaction`.

    A station that is offline, silent or says no is data: `Failed` or `Refused`. 400 `wrong_profile` before anything
    is sent.
    """
    station = await desk.registry.station(desk.who, data.station)
    token = Token(data.token) if data.token_type is None else Token(data.token, str(data.token_type))
    wish = StartWish(token, data.evse, data.group, _profile(data.charging_profile), _limit(data.limits))
    control = desk.csms.remote_control
    one = await control.start(desk.who, station, wish, timeout=timeout)
    return _view(await control.followed(desk.who, one.id, wait=wait))


@get("/remote-starts", guards=[needs("read")], tags=["Remote control"])
async def list_remote_starts(
    desk: NamedDependency[Desk],
    *,
    limit: Limit = 100,
    cursor: Cursor = None,
    station: Annotated[str | None, QueryParameter(description="identity or id of the station")] = None,
    in_state: Annotated[
        RemoteStartState | None, QueryParameter(name="state", description="only those that stand so")
    ] = None,
) -> RemoteStartPage:
    """The remote starts of your organisation, the newest first."""
    at = None if station is None else (await desk.registry.station(desk.who, station)).id
    page = await desk.csms.remote_control.remote_starts(
        desk.who, station=at, state=in_state, cursor=cursor_from(cursor), limit=limit
    )
    return RemoteStartPage(items=[_view(one) for one in page.items], next=cursor_for(page.next))


@get("/remote-starts/{remote_start:str}", guards=[needs("read")], tags=["Remote control"])
async def get_remote_start(
    remote_start: FromPath[str],
    desk: NamedDependency[Desk],
    *,
    wait: Wait = 0.0,
) -> RemoteStartView:
    """One remote start as it stands; with `wait`, once it has ended."""
    return _view(await desk.csms.remote_control.followed(desk.who, decoded(remote_start), wait=wait))


@post("/transactions/{transaction:str}/stop", guards=[needs("operate")], status_code=200, tags=["Remote control"])
async def stop_from_afar(
    transaction: FromPath[str],
    desk: NamedDependency[Desk],
    *,
    timeout: Timeout = None,
    wait: Wait = 0.0,
) -> RemoteStopView:
    """Ask the station to stop a transaction, and follow it.

    `Ended`; `EnergyOff` while the car stays plugged in; `Accepted` when nothing came of it yet; `Refused`.
    409 `transaction_over`, `station_offline`, `not_spoken`.
    """
    stop = await desk.csms.remote_stops.stop(desk.who, decoded(transaction), timeout=timeout, wait=wait)
    return RemoteStopView(state=stop.state, answer=stop.answer, transaction=stop.transaction.id)


@post("/stations/{identity:str}/trigger", guards=[needs("operate")], status_code=200, tags=["Remote control"])
async def trigger_message(
    identity: FromPath[str],
    data: JSONBody[Trigger],
    desk: NamedDependency[Desk],
    *,
    timeout: Timeout = None,
) -> TriggeredView:
    """Have a station send a message now; one that does not tell of all its connectors at once is asked for each.

    409 `trigger_not_allowed` for the boot of a station that is accepted.
    """
    station = await desk.registry.station(desk.who, decoded(identity))
    if data.connector is not None and data.evse is None:
        raise BadField("connector", "say of which evse")
    where = None if data.evse is None else EvseRef(data.evse, data.connector)
    told = await desk.csms.triggers.trigger(station, data.message, where, custom=data.custom, timeout=timeout)
    asked = [PlaceView(evse=one.evse, connector=one.connector) for one in told.asked]
    return TriggeredView(status=told.status, reason=told.reason, asked=asked)
