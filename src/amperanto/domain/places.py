"""Where a token may charge: at which sites, stations and EVSEs, and at connectors of which kind.

A `Place` names what must be so and leaves out the rest: a site, a station, an EVSE of it, a connector type. Who has
allowed places may charge only there, and never at a denied one. Where the EVSE is not known yet (a token presented at
a reader), each EVSE of the station is tried: none admits it, some do, or all (C01.FR.18-22).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

SOME_OTHER = 0
"""An EVSE nobody named, where a station's EVSEs are not known."""
NO_TYPES: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """What is named must be so. `site` and `station` are our ids; `connector_type` is 2.x's word, such as cCCS2."""

    site: str | None = None
    station: str | None = None
    evse: int | None = None
    connector_type: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Spot:
    """Where a token is presented: the station, its EVSEs with their connectors' types, and the one that is meant."""

    station: str = ""
    site: str | None = None
    evse: int | None = None
    evses: Mapping[int, frozenset[str]] = field(default_factory=dict[int, frozenset[str]])


@dataclass(frozen=True, slots=True, kw_only=True)
class Places:
    """Where somebody may charge, and where not."""

    allowed: tuple[Place, ...] = ()
    denied: tuple[Place, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.allowed or self.denied)

    @property
    def needs_types(self) -> bool:
        """Whether the types of connectors matter."""
        return any(place.connector_type is not None for place in (*self.allowed, *self.denied))

    @property
    def needs_evses(self) -> bool:
        """Whether it matters which EVSE of a station it is."""
        return self.needs_types or any(place.evse is not None for place in (*self.allowed, *self.denied))

    def admits(self, spot: Spot, evse: int, *, whatever_type: bool = False) -> bool:
        """Whether one may charge at that EVSE; `whatever_type`: were its connector of the right type."""
        types = spot.evses.get(evse, NO_TYPES)
        for place in self.denied:
            if _matches(place, spot, evse, types) and not (whatever_type and place.connector_type is not None):
                return False
        if not self.allowed:
            return True
        return any(_matches(place, spot, evse, types, whatever_type=whatever_type) for place in self.allowed)


@dataclass(frozen=True, slots=True, kw_only=True)
class Admission:
    """Where somebody may charge at a station: everywhere, at some EVSEs, or nowhere, and then for which reason."""

    admitted: bool
    evses: tuple[int, ...] = ()
    wrong_type: bool = False


EVERYWHERE = Admission(admitted=True)


def admission(rules: Iterable[Places], spot: Spot) -> Admission:
    """What all the rules together say of a spot."""
    rules = [one for one in rules if one]
    if not rules:
        return EVERYWHERE
    if spot.evse is None and not any(one.needs_evses for one in rules):
        return Admission(admitted=all(one.admits(spot, SOME_OTHER) for one in rules))
    tried = _tried(rules, spot)
    good = tuple(evse for evse in tried if all(one.admits(spot, evse) for one in rules))
    if not good:
        other = any(all(one.admits(spot, evse, whatever_type=True) for one in rules) for evse in tried)
        return Admission(admitted=False, wrong_type=other)
    if spot.evse is not None or len(good) == len(tried) or SOME_OTHER in good:
        return EVERYWHERE
    return Admission(admitted=True, evses=good)


def _tried(rules: list[Places], spot: Spot) -> list[int]:
    if spot.evse is not None:
        return [spot.evse]
    if spot.evses:
        return sorted(spot.evses)
    named = {place.evse for one in rules for place in (*one.allowed, *one.denied) if place.evse is not None}
    return [SOME_OTHER, *sorted(named)]


def _matches(place: Place, spot: Spot, evse: int, types: frozenset[str], *, whatever_type: bool = False) -> bool:
    if place.site not in (None, spot.site) or place.station not in (None, spot.station):
        return False
    if place.evse not in (None, evse):
        return False
    return place.connector_type is None or whatever_type or place.connector_type.casefold() in types
