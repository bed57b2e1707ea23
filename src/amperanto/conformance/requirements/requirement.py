"""A requirement of the standard, in our own words, and the mark of what proves it.

`@requirement("E01.FR.02")` stands on each test (or examiner's case) that fails when we do not do what it asks. A
requirement is listed once, in the file of its block; one test holds both directions: every requirement is proved or
deferred with a reason, and every mark names a requirement. The pages under docs/standard are printed from both.

Ids are the standard's own (`E01.FR.02`) where they are known; a sentence of a use case whose number is not known is
counted by us (`E01-3`); 1.6 has none, so its are `1.6:StartTransaction-3`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol, TypeVar

F = TypeVar("F", bound=Callable[..., object])

V16 = ("1.6",)
V201 = ("2.0.1",)
V21 = ("2.1",)
V2 = ("2.0.1", "2.1")
ALL = ("1.6", "2.0.1", "2.1")


class Role(StrEnum):
    """Whom a requirement binds."""

    CSMS = "CSMS"
    STATION = "station"
    BOTH = "both"


@dataclass(frozen=True, slots=True)
class Requirement:
    """One thing the standard asks.

    `divergence` says where we mean to differ and why; `deferred` why it is not built yet. Only a deferred one may be
    without proof.
    """

    id: str
    role: Role
    versions: tuple[str, ...]
    words: str
    divergence: str = ""
    deferred: str = ""


class _Binding(Protocol):
    """What makes a requirement of its id, our words for it and the versions that ask it."""

    def __call__(
        self, name: str, words: str, versions: tuple[str, ...] = V2, *, divergence: str = "", deferred: str = ""
    ) -> Requirement: ...


def requirement(*ids: str) -> Callable[[F], F]:
    """Mark a test or a case as the proof of these requirements."""
    assert ids

    def mark(function: F) -> F:
        return function

    return mark


def _binds(role: Role) -> _Binding:
    def one(
        name: str, words: str, versions: tuple[str, ...] = V2, *, divergence: str = "", deferred: str = ""
    ) -> Requirement:
        return Requirement(name, role, versions, words, divergence, deferred)

    return one


csms = _binds(Role.CSMS)
"""A requirement that binds the CSMS."""
station = _binds(Role.STATION)
"""A requirement that binds the charging station."""
both = _binds(Role.BOTH)
"""A requirement that binds either side."""
