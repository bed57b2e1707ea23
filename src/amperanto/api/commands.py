"""Commands to a station: any request of OCPP 2.1 in its own words, whatever version the station speaks.

`/ocpp/{Action}` takes and returns 2.1's words; the station's dialect translates. `/raw/{Action}` takes and
returns the station's own version, unread. What the station answers is data, also when it says "Rejected":
200. A person's command overtakes bulk (`urgent`); the deadline covers queue and answer. A remote start is
remembered before it is sent, since the station may report the start before it answers.
"""

from __future__ import annotations

from typing import Annotated, Any

import msgspec
from litestar import Request, post
from litestar.di import NamedDependency
from litestar.params import FromPath, QueryParameter

from amperanto.api.access import needs
from amperanto.api.desk import Desk
from amperanto.api.parameters import decoded
from amperanto.api.problems import BadBody, BodyTooLarge, UnknownAction
from amperanto.api.representation import Json
from amperanto.ocpp.v2.messages import EXCHANGES
from amperanto.ocpp.v2.messages import Request as Command

LONGEST_TIMEOUT = 600.0
LARGEST_RAW = 64 * 1024  # bytes
TO_STATIONS: dict[str, type[Command[Any]]] = {
    request.action: request
    for request, response, sender, _block, _new in EXCHANGES
    if sender in ("csms", "both") and response is not None and issubclass(request, Command)
}
FROM_STATIONS = frozenset(request.action for request, *_ in EXCHANGES) - TO_STATIONS.keys()

Timeout = Annotated[
    float | None,
    QueryParameter(gt=0, le=LONGEST_TIMEOUT, description="seconds until the station must have answered"),
]
_OBJECT = msgspec.json.Decoder(dict[str, msgspec.Raw])
_ANSWER = msgspec.json.Encoder()


def _request(action: str, body: bytes) -> Command[Any]:
    kind = TO_STATIONS.get(action)
    if kind is None and action in FROM_STATIONS:
        raise UnknownAction(f"{action} is said by stations, not to them")
    if kind is None:
        raise UnknownAction(f"OCPP 2.1 has no request {action}; actions are written like `Reset`, `GetVariables`")
    try:
        return msgspec.json.decode(body or b"{}", type=kind)
    except msgspec.ValidationError as error:
        raise BadBody(kind) from error


@post(
    "/stations/{identity:str}/ocpp/{action:str}",
    guards=[needs("operate")],
    status_code=200,
    tags=["Commands"],
)
async def send_command(
    identity: FromPath[str],
    action: FromPath[str],
    request: Request[Any, Any, Any],
    desk: NamedDependency[Desk],
    *,
    timeout: Timeout = None,
) -> dict[str, Any]:
    """Send a request in OCPP 2.1's words and return the station's answer in 2.1's words.

    Works for stations of every version: the request is translated. An answer "Rejected" is data.
    """
    station = await desk.registry.station(desk.who, decoded(identity))
    command = _request(decoded(action), await request.body())
    answer: Any = await desk.csms.remote_control.send(desk.who, station, command, timeout=timeout)
    return Json(_ANSWER.encode(answer))  # type: ignore[return-value]


@post("/stations/{identity:str}/raw/{action:str}", guards=[needs("raw")], status_code=200, tags=["Commands"])
async def send_raw(
    identity: FromPath[str],
    action: FromPath[str],
    request: Request[Any, Any, Any],
    desk: NamedDependency[Desk],
    *,
    timeout: Timeout = None,
) -> dict[str, Any]:
    """Send a request in the station's own version, unread, and return its answer as it came.

    The body is sent as it is, vendor's fields and all: a JSON object of at most 64 KiB, with no key twice.
    """
    station = await desk.registry.station(desk.who, decoded(identity))
    payload = await request.body() or b"{}"
    if len(payload) > LARGEST_RAW:
        raise BodyTooLarge(f"a raw request has at most {LARGEST_RAW} bytes, not {len(payload)}")
    _OBJECT.decode(payload)  # said also while the station is offline
    link = desk.csms.stations.reach(station.id)
    return Json(await link.call_raw(decoded(action), payload, timeout=timeout, urgent=True))  # type: ignore[return-value]
