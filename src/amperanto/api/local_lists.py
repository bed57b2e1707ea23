"""Local authorization lists: the tokens a station shall know by itself, and whether it does.

What is wanted of a station is kept and follows the organisation's tokens by itself, also for a station that is
offline now. `sync` is the person's word for now: it waits for the station.
"""

from __future__ import annotations

from typing import Annotated

from litestar import get, post, put
from litestar.di import NamedDependency
from litestar.params import FromPath, JSONBody, QueryParameter
from msgspec import Meta, Struct

from amperanto.api.access import needs
from amperanto.api.desk import Desk
from amperanto.api.parameters import decoded
from amperanto.api.representation import Instant
from amperanto.csms.local_authorization_list import ListState
from amperanto.domain.local_lists import Wanted

WantedList = Annotated[
    Wanted | None,
    Meta(description="`Tokens`: the organisation's tokens, `Empty`: none of them, null: its list is left alone"),
]


class LocalListView(Struct, kw_only=True):
    """The local authorization list of a station."""

    wanted: WantedList
    in_step: Annotated[bool, Meta(description="the station has confirmed what is wanted now")]
    waiting: Annotated[bool, Meta(description="it will be sent without being asked again")]
    version: Annotated[int | None, Meta(description="the last version the station confirmed")]
    entries: Annotated[int, Meta(description="how many tokens the station has confirmed")]
    left_out: Annotated[int, Meta(description="tokens that are not on it")]
    left_out_for: Annotated[
        dict[str, int],
        Meta(
            description="how many for which reason: `no room` at the station, `cannot be said` in its OCPP version, "
            "`hours` (a list knows no clock), `prepaid` (asked about each time)"
        ),
    ]
    result: Annotated[
        str | None,
        Meta(description="the station's last answer, or `Offline`, `NoAnswer`, `Refused`, `NotSpoken`"),
    ]
    detail: str | None
    at: Annotated[Instant | None, Meta(description="when that was")]


class WantedLocalList(Struct, kw_only=True, forbid_unknown_fields=True):
    """What the station's list shall be."""

    wanted: WantedList


def _view(state: ListState) -> LocalListView:
    kept = state.kept
    return LocalListView(
        wanted=kept.wanted,
        in_step=state.in_step,
        waiting=state.waiting,
        version=kept.version or None,
        entries=kept.entries,
        left_out=kept.left_out,
        left_out_for=dict(kept.reasons),
        result=kept.result,
        detail=kept.detail,
        at=kept.at,
    )


@get("/stations/{identity:str}/local-list", guards=[needs("read")], tags=["Local lists"])
async def get_local_list(
    identity: FromPath[str],
    desk: NamedDependency[Desk],
) -> LocalListView:
    """What is wanted of the station's list, what it has confirmed, and what came of the last attempt."""
    station = await desk.registry.station(desk.who, decoded(identity))
    return _view(await desk.csms.local_lists.state(station))


@put("/stations/{identity:str}/local-list", guards=[needs("operate")], tags=["Local lists"])
async def want_local_list(
    identity: FromPath[str],
    data: JSONBody[WantedLocalList],
    desk: NamedDependency[Desk],
) -> LocalListView:
    """Say what the station's list shall be from now on; it follows by itself.

    A station that is offline gets it when it connects, one in quiet mode only when you ask for `sync`.
    """
    station = await desk.registry.station(desk.who, decoded(identity))
    return _view(await desk.csms.local_lists.want(station, data.wanted, desk.who.name))


@post(
    "/stations/{identity:str}/local-list/sync",
    guards=[needs("operate")],
    status_code=200,
    tags=["Local lists"],
)
async def sync_local_list(
    identity: FromPath[str],
    desk: NamedDependency[Desk],
    *,
    anew: Annotated[bool, QueryParameter(description="send all of it, whatever the station has")] = False,
) -> LocalListView:
    """Send the station what its list lacks, now, and wait for its answers; a refusal is data.

    Where nothing was wanted, the organisation's tokens are from now on. A station that is offline gets them when
    it connects.
    """
    station = await desk.registry.station(desk.who, decoded(identity))
    return _view(await desk.csms.local_lists.sync(station, anew=anew))
