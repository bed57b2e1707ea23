"""Quirks: what one vendor's stations do that the standard does not say.

A Quirk names its stations by vendor, model and firmware (patterns, compared without case), changes the
JSON of some of their messages on the way in or out, and tells how they behave. It is chosen after the
boot by what the station says it is, and remembered with the station. Two quirks for one station are an
error: nobody could say which was meant. `QuirkInUse` is what a connection's codec is given
(`ocpp.Amend`); it counts every application, so that none is invisible. Others bring their own by the
entry point group `amperanto.quirks`; `built_in.py` gathers them all.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from copy import deepcopy
from dataclasses import dataclass, replace
from fnmatch import fnmatchcase
from itertools import combinations
from typing import Any, Protocol, TypeAlias, cast

from amperanto.dialects.errors import QuirkConflict
from amperanto.domain.behaviour import Behaviour
from amperanto.domain.stations import Hardware
from amperanto.ocpp.codec import Direction
from amperanto.ocpp.shapes import Message

Payload: TypeAlias = dict[str, Any]
Change: TypeAlias = Callable[[Payload], Payload]
_BOUND = re.compile(r"(<=|>=|<|>|==)\s*(.+)")
_TESTS: dict[str, Callable[[tuple[int, ...], tuple[int, ...]], bool]] = {
    "<": lambda told, bound: told < bound,
    "<=": lambda told, bound: told <= bound,
    ">": lambda told, bound: told > bound,
    ">=": lambda told, bound: told >= bound,
    "==": lambda told, bound: told == bound,
}


@dataclass(frozen=True, slots=True)
class Source:
    """Where something was seen: `reference` as owner/repository#number or a file's name, and what stands there."""

    reference: str
    seen: str


class Quirk:
    """One kind of station that is different.

    `firmware` is a pattern ("1.8*") or bounds (">=1.2,<2.4"); patterns may be alternatives ("amperfied*|heidelberg*").
    """

    def __init__(
        self,
        name: str,
        *,
        vendor: str,
        model: str = "*",
        firmware: str = "*",
        title: str = "",
        sources: Sequence[Source] = (),
    ) -> None:
        """`title` is what people call these stations; the patterns are of what they call themselves."""
        self.name, self.title, self.sources = name, title or name, tuple(sources)
        self.named = {"vendor": vendor, "model": model, "firmware": firmware}
        self.vendor, self.model, self.firmware = vendor.casefold(), model.casefold(), firmware.casefold()
        self.behaviour = Behaviour()
        self.changes: dict[tuple[type[Message], Direction], Change] = {}

    def incoming(self, kind: type[Message]) -> Callable[[Change], Change]:
        """Register what is changed in messages of this class before they are read."""
        return self._registering(kind, "incoming")

    def outgoing(self, kind: type[Message]) -> Callable[[Change], Change]:
        """Register what is changed in messages of this class before they are sent."""
        return self._registering(kind, "outgoing")

    def behaves(self, **told: Any) -> None:
        """Tell how these stations behave, in the words of `Behaviour`. Raises TypeError for any other."""
        self.behaviour = replace(self.behaviour, **told)

    def is_of(self, hardware: Hardware) -> bool:
        """Whether a station that is this hardware is meant."""
        named = _like(hardware.vendor, self.vendor) and _like(hardware.model, self.model)
        return named and self._is_firmware(hardware.firmware_version or "")

    def overlaps(self, other: Quirk) -> bool:
        """Whether both plainly claim the same stations: the patterns of one match those of the other."""
        pairs = ((self.vendor, other.vendor), (self.model, other.model))
        names = all(_like(mine, theirs) or _like(theirs, mine) for mine, theirs in pairs)
        return names and (self.firmware == other.firmware or "*" in (self.firmware, other.firmware))

    def _registering(self, kind: type[Message], direction: Direction) -> Callable[[Change], Change]:
        def register(change: Change) -> Change:
            if (kind, direction) in self.changes:
                raise QuirkConflict(f"quirk {self.name} changes {direction} {kind.__name__} twice")
            self.changes[kind, direction] = change
            return change

        return register

    def _is_firmware(self, told: str) -> bool:
        bounds = [_BOUND.fullmatch(part.strip()) for part in self.firmware.split(",")]
        if not all(bounds):
            return _like(told, self.firmware)
        return all(_TESTS[bound[1]](_numbers(told), _numbers(bound[2])) for bound in bounds if bound is not None)


def _like(told: str, pattern: str) -> bool:
    """Whether a text, or one of its alternatives, matches a pattern, or one of its alternatives."""
    texts = told.casefold().split("|")
    return any(fnmatchcase(text.strip(), one) for one in pattern.split("|") for text in texts)


def _numbers(version: str) -> tuple[int, ...]:
    """The numbers in a version, for comparison: "v2.04-rc1" is (2, 4, 1); trailing zeros do not count.

    Where several are told, it is the last ("TAC3Z9119::V1.8.21" is 1.8.21).
    """
    found = [int(number[:9]) for number in re.findall(r"[0-9]+", version.rpartition("::")[2])]
    while found and found[-1] == 0:
        found.pop()
    return tuple(found)


class Clocks(Protocol):
    """What puts a zone to instants that have none (`clock.py`)."""

    def tells_time(self, kind: type[Message], /) -> bool:
        """Whether messages of this class tell instants."""
        ...

    def zoned(self, payload: Payload, /) -> Payload:
        """The payload, its instants with a zone."""
        ...


class QuirkInUse:
    """A quirk at work on one connection: changes payloads, and tells whoever counts each time it did."""

    def __init__(
        self, quirk: Quirk, *, clocks: Clocks | None = None, applied: Callable[[str, Direction], None] | None = None
    ) -> None:
        """`clocks` puts a zone to instants that have none; `applied` hears the class and direction of what changed."""
        self.quirk = quirk
        self.applied: Counter[tuple[str, Direction]] = Counter()
        self._clocks = clocks
        self._told = applied

    def applies_to(self, kind: type[Message], direction: Direction, /) -> bool:
        """Whether messages of this class are changed; others keep the codec's fast path."""
        clocked = self._clocks is not None and direction == "incoming" and self._clocks.tells_time(kind)
        return clocked or (kind, direction) in self.quirk.changes

    def __call__(self, kind: type[Message], direction: Direction, payload: Payload, /) -> Payload:
        """The payload as it should have been."""
        before = deepcopy(payload)  # a change may be made in place
        changed = self.quirk.changes[kind, direction](payload) if (kind, direction) in self.quirk.changes else payload
        if self._clocks is not None and direction == "incoming" and self._clocks.tells_time(kind):
            changed = self._clocks.zoned(changed)
        if changed != before:
            self.applied[kind.__name__, direction] += 1
            if self._told is not None:
                self._told(kind.__name__, direction)
        return changed


class Quirks:
    """The quirks known to this system. Raises QuirkConflict when two plainly claim the same stations."""

    def __init__(self, quirks: Iterable[Quirk]) -> None:
        self._quirks = tuple(quirks)
        for one, other in combinations(self._quirks, 2):
            if one.name == other.name or one.overlaps(other):
                raise QuirkConflict(f"quirks {one.name} and {other.name} claim the same stations")

    def of(self, hardware: Hardware) -> Quirk | None:
        """The quirk of such a station, if it has one. Raises QuirkConflict where two claim it."""
        found = [quirk for quirk in self._quirks if quirk.is_of(hardware)]
        if len(found) > 1:
            raise QuirkConflict(f"{hardware.vendor} {hardware.model} is claimed by {found[0].name} and {found[1].name}")
        return found[0] if found else None


def each_sample(payload: Payload, change: Change) -> Payload:
    """A MeterValues payload with each sampled value changed; whatever has another shape is left as it is."""
    return _each(payload, "meterValue", lambda value: _each(value, "sampledValue", change))


def _each(payload: Payload, name: str, change: Change) -> Payload:
    """The object with each object in that list changed."""
    told = payload.get(name)
    if not isinstance(told, list):
        return payload
    members = cast(list[Any], told)
    return payload | {name: [change(cast(Payload, one)) if isinstance(one, dict) else one for one in members]}
