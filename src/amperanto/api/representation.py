"""How answers are written: JSON in snake_case, exact decimals as JSON numbers, times in UTC, pages with a
cursor.

A page is `{items, next}`; `next` goes into the next request's `cursor` and is null on the last page.
"""

from __future__ import annotations

import binascii
from base64 import b64decode, urlsafe_b64encode
from datetime import UTC, datetime
from decimal import Decimal
from typing import Annotated, Any

import msgspec
from litestar import Response
from litestar.params import QueryParameter
from msgspec import Meta

from amperanto.api.problems import BadField
from amperanto.domain.quantities import Quantity

# A figure in plain digits, never in exponents, unless that would take more digits than a reader wants.
_PLAIN_DIGITS = 40
_ENCODER = msgspec.json.Encoder(decimal_format="number")

Instant = Annotated[datetime, Meta(tz=True)]
Limit = Annotated[int, QueryParameter(ge=1, le=1000, description="how many items a page has at most")]
Cursor = Annotated[str | None, QueryParameter(max_length=500, description="`next` of the page before")]

# Text without control characters: databases refuse some, people see none.
PLAIN = r"^[^\u0000-\u001f\u007f]+(?!\n)$"


class Json(Response[Any]):
    """An answer whose decimals are numbers, digit for digit."""

    def render(self, content: Any, media_type: str, enc_hook: Any = None) -> bytes:
        """Encode the answer."""
        return content if isinstance(content, bytes) else _ENCODER.encode(content)


def figure(quantity: Quantity | Decimal | None) -> Decimal | None:
    """The figure as it is written: plain digits."""
    if quantity is None:
        return None
    value = quantity.value if isinstance(quantity, Quantity) else quantity
    if abs(value.adjusted()) > _PLAIN_DIGITS:
        return value
    return Decimal(format(value, "f"))


MOST = Decimal(10**12)


def amount(value: Decimal | None, field: str) -> Decimal | None:
    """A figure the client gave, none that is negative or beyond a trillion. Raises BadField."""
    if value is not None and not (value.is_finite() and 0 <= value <= MOST):
        raise BadField(field, f"write a number from 0 to {MOST}")
    return value


def instant(value: datetime | None, field: str) -> datetime | None:
    """A time the client gave, in UTC; one without a zone counts as UTC. Raises BadField."""
    if value is None:
        return None
    try:
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)
    except OverflowError as error:
        raise BadField(field, "the time is out of range") from error


def cursor_for(place: str | None) -> str | None:
    """A store's cursor in characters that an address takes as they are."""
    return None if place is None else urlsafe_b64encode(place.encode()).decode().rstrip("=")


def cursor_from(cursor: str | None, field: str = "cursor") -> str | None:
    """The store's cursor behind the one a client sent back. Raises BadField."""
    if cursor is None:
        return None
    try:
        place = b64decode(cursor + "=" * (-len(cursor) % 4), altchars=b"-_", validate=True).decode()
    except (binascii.Error, ValueError) as error:
        raise BadField(field, "this is not the `next` of a page") from error
    if not place.isprintable():
        raise BadField(field, "this is not the `next` of a page")
    return place
