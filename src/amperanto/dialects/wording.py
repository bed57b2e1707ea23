"""The small change of translation: words that must exist, texts that must fit, instants that must have a
zone.

Reading takes what it is given (a word nobody knows is kept as text); writing refuses what the other side
could not read. Figures are exact decimals; one that no meter can mean (NaN, or beyond 10^±30) is no figure.
"""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from typing import TypeVar

from amperanto.dialects.errors import NotSpoken
from amperanto.domain.errors import ImpossibleQuantity
from amperanto.domain.quantities import exact
from amperanto.ocpp.shapes import UNSET, UnsetType, Word

W = TypeVar("W", bound=Word)

MAGNITUDE = 30
"""Beyond ten to this power a figure is nonsense, and dear to print."""


def word(kind: type[W], text: str, what: str) -> W:
    """The word of a closed vocabulary. Raises NotSpoken."""
    try:
        return kind(text)
    except ValueError:
        raise NotSpoken(f"there is no {what} {text!r} in this OCPP version") from None


def word_or_unset(kind: type[W], text: str | None, what: str) -> W | UnsetType:
    """The word of a closed vocabulary, left out for None. Raises NotSpoken."""
    return UNSET if text is None else word(kind, text, what)


def plain(text: str | UnsetType) -> str | None:
    """A word or text as plain text, None when it was not said."""
    return None if text is UNSET else str(text)


def fitting(text: str, limit: int, what: str) -> str:
    """The text, if it fits. Raises NotSpoken."""
    if len(text) > limit:
        raise NotSpoken(f"the {what} {text[:60]!r} is longer than {limit} characters")
    return text


def fitting_or_unset(text: str | None, limit: int, what: str) -> str | UnsetType:
    """The text, if it fits; left out for None. Raises NotSpoken."""
    return UNSET if text is None else fitting(text, limit, what)


def aware(at: datetime) -> datetime:
    """The instant with its zone; a naive one counts as UTC."""
    return at if at.tzinfo is not None else at.replace(tzinfo=UTC)


def aware_or_none(at: datetime | UnsetType) -> datetime | None:
    """The instant with its zone, None when it was not said."""
    return None if isinstance(at, UnsetType) else aware(at)


def figure(text: str) -> Decimal | None:
    """The figure a meter wrote; None for what is no number ("", NaN, a comma) or no meter's number."""
    text = text.strip()
    if not text or "_" in text:
        return None
    try:
        value = exact(text)
    except ImpossibleQuantity:
        return None
    return value if -MAGNITUDE <= value.adjusted() <= MAGNITUDE else None


def figure_of(number: float) -> Decimal | None:
    """The figure a JSON number means: its shortest decimal, whole numbers without a point."""
    if not -1e30 < number < 1e30:
        return None
    return Decimal(int(number)) if number == int(number) else Decimal(repr(number))
