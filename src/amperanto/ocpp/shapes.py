"""What every generated class is made of.

`Record` is a JSON object of the standard, `Message` a whole payload that names its action, `Request` a
payload that expects an answer (and knows which, so that a call can be typed), `Response` that answer,
`Notice` a payload sent without one (SEND, 2.1 only). `Word` is a closed vocabulary.

Instances are frozen. An absent field is `UNSET`, never None: OCPP forbids null. Building one checks
nothing; the codec checks, on the way in and on the way out.
"""

from collections.abc import Callable
from datetime import datetime
from enum import StrEnum
from typing import Annotated, ClassVar, Generic, Self, TypeGuard, TypeVar

from msgspec import UNSET, Meta, Struct, UnsetType

__all__ = [
    "UNSET",
    "Integer",
    "Message",
    "Notice",
    "Record",
    "Request",
    "Response",
    "Timestamp",
    "UnsetType",
    "Word",
    "is_set",
    "or_none",
    "unless_none",
]

Answer = TypeVar("Answer", bound="Response", covariant=True)
Value = TypeVar("Value")

Integer = Annotated[int, Meta(ge=-(2**63), le=2**63 - 1)]
"""A whole number. JSON knows no bound; what exceeds 64 bits is no number anybody could keep."""

Timestamp = Annotated[datetime, Meta(tz=True)]
"""An instant; always aware. A naive one is refused, or read as UTC when tolerant."""


class Word(StrEnum):
    """One word of a closed vocabulary; compares equal to its text."""

    @classmethod
    def keep(cls, text: str) -> Self:
        """A word the vocabulary does not have, kept as it was said (tolerant reading only)."""
        member = cls._value2member_map_.get(text)
        if member is None:
            member = str.__new__(cls, text)
            member._name_ = text
            member._value_ = text
        return member  # pyright: ignore[reportReturnType]

    def __reduce_ex__(self, protocol: object) -> tuple[Callable[[str], Self], tuple[str]]:
        return type(self).keep, (self._value_,)  # copies a kept word too; Enum would look for its name

    def __deepcopy__(self, memo: object) -> Self:
        return self

    @property
    def is_known(self) -> bool:
        """Whether the vocabulary has this word."""
        return self._value_ in type(self)._value2member_map_


class Record(
    Struct,
    frozen=True,
    kw_only=True,
    gc=False,
    omit_defaults=True,
    forbid_unknown_fields=True,
    rename="camel",
):
    """A JSON object of the standard."""


class Message(Record, frozen=True, kw_only=True):
    """A whole payload."""

    action: ClassVar[str] = ""


class Response(Message, frozen=True, kw_only=True):
    """The answer of an exchange."""


class Request(Message, Generic[Answer], frozen=True, kw_only=True):
    """The question of an exchange; its parameter is the answer it expects."""


class Notice(Message, frozen=True, kw_only=True):
    """A payload nobody answers."""


def is_set(value: Value | UnsetType) -> TypeGuard[Value]:
    """Whether an optional field was said."""
    return value is not UNSET


def or_none(value: Value | UnsetType) -> Value | None:
    """An optional field, None when it was not said."""
    return None if isinstance(value, UnsetType) else value


def unless_none(value: Value | None) -> Value | UnsetType:
    """An optional field to say; None leaves it out."""
    return UNSET if value is None else value
