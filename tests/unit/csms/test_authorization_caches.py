"""C11: what stations remember of tokens is forgotten when a token changes, where the owner wants that."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import pytest

from amperanto.conformance.requirements import requirement
from amperanto.csms.access import Principal
from amperanto.csms.errors import StationOffline
from amperanto.csms.token_registry import TokenRegistry
from amperanto.domain.local_lists import Wanted
from amperanto.domain.organisations import Organisation
from amperanto.domain.stations import DEFAULT_ORGANISATION, Registration
from amperanto.ocpp import v2
from amperanto.ocpp.errors import CallRefused, Code

WHO = Principal(organisation=DEFAULT_ORGANISATION, name="test", scopes=frozenset({"operate"}))


@dataclass
class Cache:
    """A station's cache behind its socket."""

    cleared: int = 0
    says: list[Any] = field(default_factory=list)

    async def call(self, request: Any, *, timeout: float | None = None, urgent: bool = False) -> Any:
        assert isinstance(request, v2.ClearCacheRequest)
        self.cleared += 1
        said = self.says.pop(0) if self.says else v2.ClearCacheResponse(status=v2.ClearCacheStatus.ACCEPTED)
        if isinstance(said, Exception):
            raise said
        return said


async def placed(house: Any, identity: str = "CP1", **changes: Any) -> tuple[Any, Cache]:
    teller = await house.station(identity, admitted=Registration.ACCEPTED, **changes)
    cache = Cache()
    teller.call = cache.call
    return teller, cache


async def wanted(house: Any) -> TokenRegistry:
    """The owner wants caches cleared; tokens are there."""
    async with house.store.unit() as unit:
        unit.organisations.save(Organisation(id=DEFAULT_ORGANISATION, name="", clear_caches=True))
    await house.token("CAFE")
    return TokenRegistry(house.csms.context, house.csms.authorization, house.csms.tokens_changed)


async def followed(house: Any) -> None:
    """What follows by itself, once."""
    caches = house.csms.authorization_caches
    await caches.look()
    for station in caches.due():
        await caches.serve(station)


@requirement("C11-1")
async def test_a_blocked_token_empties_the_caches_of_connected_stations_once(house: Any):
    registry = await wanted(house)
    _, cache = await placed(house)
    await followed(house)
    assert cache.cleared == 0
    await registry.change(WHO, "CAFE", {"status": "Blocked"})
    await followed(house)
    await followed(house)
    assert cache.cleared == 1


async def test_a_note_and_a_new_token_empty_no_cache(house: Any):
    registry = await wanted(house)
    _, cache = await placed(house)
    await registry.change(WHO, "CAFE", {"note": "lost?"})
    await followed(house)
    assert cache.cleared == 0


@pytest.mark.parametrize("why", ["nobody wants it", "it has a list", "it is quiet"])
async def test_a_station_is_left_alone(house: Any, why: str):
    registry = await wanted(house)
    teller, cache = await placed(house, quiet=why == "it is quiet")
    async with house.store.unit() as unit:
        if why == "nobody wants it":
            unit.organisations.save(Organisation(id=DEFAULT_ORGANISATION, name=""))
        if why == "it has a list":
            unit.local_lists.want(teller.station, Wanted.TOKENS)
    await registry.change(WHO, "CAFE", {"status": "Blocked"})
    await followed(house)
    assert cache.cleared == 0


async def test_one_that_was_offline_forgets_when_it_connects(house: Any):
    registry = await wanted(house)
    await registry.remove(WHO, "CAFE")
    teller, cache = await placed(house)
    house.csms.arrived(teller, booted=False)
    for station in house.csms.authorization_caches.due():
        await house.csms.authorization_caches.serve(station)
    assert cache.cleared == 1


async def test_one_that_is_lost_on_the_way_is_asked_again_and_one_that_refuses_is_not(house: Any):
    registry = await wanted(house)
    _, lost = await placed(house, "CP1")
    _, refuses = await placed(house, "CP2")
    lost.says = [StationOffline("gone")]
    refuses.says = [CallRefused(Code.NOT_SUPPORTED)]
    await registry.change(WHO, "CAFE", {"concurrent_limit": 2})
    await followed(house)
    await followed(house)
    assert (lost.cleared, refuses.cleared) == (2, 1)
    house.clock.at += timedelta(seconds=1)
    await registry.change(WHO, "CAFE", {"concurrent_limit": 3})
    await followed(house)
    assert (lost.cleared, refuses.cleared) == (3, 2)


async def test_a_change_while_it_is_cleared_is_not_lost(house: Any):
    registry = await wanted(house)
    teller, cache = await placed(house)
    await registry.change(WHO, "CAFE", {"concurrent_limit": 2})

    async def meanwhile(request: Any, **rest: Any) -> Any:
        house.clock.at += timedelta(seconds=1)
        await registry.change(WHO, "CAFE", {"status": "Blocked"})
        teller.call = cache.call
        return v2.ClearCacheResponse(status=v2.ClearCacheStatus.ACCEPTED)

    teller.call = meanwhile
    await followed(house)
    await followed(house)
    assert cache.cleared == 1
