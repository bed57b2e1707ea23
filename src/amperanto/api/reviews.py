"""Reviews: what waits for a person, each with its evidence, and the one call that settles it.

`kind` is `transaction` for a doubtful transaction, which is not billed until somebody has decided, and `message` for
one that could not be read.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Annotated, Literal

import msgspec
from litestar import get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, JSONBody, QueryParameter
from msgspec import Meta, Struct

from amperanto.api.access import needs
from amperanto.api.desk import Desk
from amperanto.api.parameters import decoded
from amperanto.api.representation import PLAIN, Cursor, Instant, Limit, amount, cursor_for, cursor_from
from amperanto.csms.records import Named
from amperanto.csms.reviews import Resolution, Review
from amperanto.domain.findings import Ruling
from amperanto.domain.quantities import WattHours


class DoubtView(Struct, kw_only=True):
    """One doubt with its figures."""

    kind: str
    words: str
    evidence: dict[str, str]
    proposed_wh: Annotated[str | None, Meta(description="the energy that would be right, where one follows")]


class EvidenceView(Struct, kw_only=True):
    """What a doubt about a transaction rests on."""

    energy_wh: str | None
    doubts: list[DoubtView]


class ResolutionView(Struct, kw_only=True):
    """How it ended: `withdrawn` where later reports explained it. `before_wh` and `after_wh` are what is billed."""

    ruling: str
    reason: str
    before_wh: str | None = None
    after_wh: str | None = None


class ReviewView(Struct, kw_only=True):
    """Something a person should look at."""

    id: str
    kind: str
    station: Annotated[str, Meta(description="the station's identity")]
    station_id: str
    at: Instant
    subject: Annotated[str | None, Meta(description="our id of the transaction")]
    action: str
    message: Annotated[str, Meta(description="the message as it came, secrets redacted; empty for a transaction")]
    problem: Annotated[str, Meta(description="what is wrong, in words")]
    evidence: EvidenceView | None
    settled_at: Instant | None
    settled_by: Annotated[str | None, Meta(description="whose key settled it")]
    resolution: ResolutionView | None


class ReviewPage(Struct, kw_only=True):
    """Some reviews, the newest first."""

    items: list[ReviewView]
    next: str | None


class NewResolution(Struct, kw_only=True, forbid_unknown_fields=True):
    """The decision: accept it as it is, use another energy, or bill nothing."""

    ruling: Ruling
    reason: Annotated[str, Meta(min_length=1, max_length=1000, pattern=PLAIN)]
    energy_wh: Annotated[Decimal | None, Meta(description="with `use` alone: the energy to bill, Wh")] = None


_EVIDENCE = msgspec.json.Decoder(EvidenceView)
_RESOLUTION = msgspec.json.Decoder(ResolutionView)


def _view(named: Named[Review]) -> ReviewView:
    review = named.what
    return ReviewView(
        id=review.id,
        kind=review.kind,
        station=named.identity,
        station_id=review.station,
        at=review.at,
        subject=review.subject,
        action=review.action,
        message=review.message,
        problem=review.problem,
        evidence=None if review.evidence is None else _EVIDENCE.decode(review.evidence),
        settled_at=review.settled_at,
        settled_by=review.settled_by,
        resolution=None if review.resolution is None else _RESOLUTION.decode(review.resolution),
    )


@get("/reviews", guards=[needs("read")], tags=["Reviews"])
async def list_reviews(
    desk: NamedDependency[Desk],
    *,
    limit: Limit = 100,
    cursor: Cursor = None,
    settled: Annotated[bool, QueryParameter(description="also those that are settled")] = False,
    kind: Annotated[Literal["transaction", "message"] | None, QueryParameter(description="only about these")] = None,
    station: Annotated[str | None, QueryParameter(description="a station's identity or id")] = None,
) -> ReviewPage:
    """What waits for a person, the newest first."""
    page = await desk.csms.reviews.reviews(
        desk.who,
        open_only=not settled,
        kind=kind,
        station=None if station is None else (await desk.registry.station(desk.who, station)).id,
        cursor=cursor_from(cursor),
        limit=limit,
    )
    return ReviewPage(items=[_view(one) for one in page.items], next=cursor_for(page.next))


@get("/reviews/{review:str}", guards=[needs("read")], tags=["Reviews"])
async def get_review(
    review: FromPath[str],
    desk: NamedDependency[Desk],
) -> ReviewView:
    """One review."""
    return _view(await desk.csms.reviews.review(desk.who, decoded(review)))


@post("/reviews/{review:str}/resolution", guards=[needs("operate")], status_code=200, tags=["Reviews"])
async def settle_review(
    review: FromPath[str],
    data: JSONBody[NewResolution],
    desk: NamedDependency[Desk],
) -> ReviewView:
    """Settle it. Of a transaction: `accept` bills what the meter told, `use` the energy you say, `void` nothing.

    Who, when, why and the figures before and after are kept. 409 `review_over` when it was settled already.
    """
    told = amount(data.energy_wh, "energy_wh")
    energy = None if told is None else WattHours(told)
    resolution = Resolution(ruling=data.ruling, reason=data.reason, energy=energy)
    return _view(await desk.csms.reviews.settle(desk.who, decoded(review), resolution))
