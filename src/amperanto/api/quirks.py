"""What a station does that the standard does not say: the make it was recognised as, and what was counted."""

from __future__ import annotations

from enum import Enum
from typing import Annotated, Any

from litestar import get
from litestar.di import NamedDependency
from litestar.params import FromPath
from msgspec import Meta, Struct

from amperanto.api.access import needs
from amperanto.api.desk import Desk
from amperanto.api.parameters import decoded
from amperanto.api.representation import Instant
from amperanto.domain.oddities import Make, OddityCount, OddityKind


class MakeView(Struct, kw_only=True):
    """The make a station was recognised as, by what it said in its last boot."""

    name: Annotated[str, Meta(description="the quirk's name")]
    title: Annotated[str, Meta(description="what people call these stations")]
    behaviour: Annotated[dict[str, Any], Meta(description="what is known to be different, by name; see docs/stations")]
    hints: Annotated[list[str], Meta(description="what to know before blaming something else")]


class OddityView(Struct, kw_only=True):
    """One kind of thing the station does, and how often."""

    kind: Annotated[
        OddityKind,
        Meta(
            description="quirk: put right by the quirk of its make; violation: broke the standard and was understood; "
            "frame: refused or ignored"
        ),
    ]
    message: Annotated[str, Meta(description="the action, or the message a quirk changed")]
    direction: Annotated[str, Meta(description="incoming or outgoing")]
    place: Annotated[str, Meta(description="where in the message; * stands for any member of a list")]
    detail: Annotated[str, Meta(description="which rule it breaks, or the quirk's name")]
    count: int
    first_at: Instant
    last_at: Instant


class OddityPage(Struct, kw_only=True):
    """Everything a station does that the standard does not say."""

    quirk: MakeView | None
    items: list[OddityView]
    next: None = None


def _make(make: Make | None) -> MakeView | None:
    if make is None:
        return None
    return MakeView(
        name=make.name,
        title=make.title,
        behaviour={name: _plain(value) for name, value in make.behaviour.differences().items()},
        hints=list(make.behaviour.hints),
    )


def _plain(value: object) -> Any:
    """A value as JSON has it."""
    if isinstance(value, frozenset):
        return sorted(str(one) for one in value)  # pyright: ignore[reportUnknownVariableType, reportUnknownArgumentType]
    return value.value if isinstance(value, Enum) else value


def _oddity(told: OddityCount) -> OddityView:
    oddity = told.oddity
    return OddityView(
        kind=oddity.kind,
        message=oddity.message,
        direction=oddity.direction,
        place=oddity.place,
        detail=oddity.detail,
        count=told.count,
        first_at=told.first_at,
        last_at=told.last_at,
    )


@get("/stations/{identity:str}/quirks", guards=[needs("read")], tags=["Stations"])
async def list_quirks(
    identity: FromPath[str],
    desk: NamedDependency[Desk],
) -> OddityPage:
    """What the station's make is known for, and what this station did that the standard does not say.

    Each kind is told once, with how often and since when; no value is named.
    """
    station = await desk.registry.station(desk.who, decoded(identity))
    oddities = desk.csms.oddities
    return OddityPage(
        quirk=_make(oddities.make_of(station)), items=[_oddity(one) for one in await oddities.of(desk.who, station)]
    )
