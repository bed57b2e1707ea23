"""Sites are kept on each database, each for its organisation alone."""

from dataclasses import replace

import pytest

from amperanto.domain.sites import Site, SiteId
from amperanto.domain.stations import DEFAULT_ORGANISATION, OrganisationId, Station, StationId
from amperanto.stores.errors import ConflictError
from amperanto.stores.store import Store

QUAY = Site(id=SiteId("s1"), organisation=DEFAULT_ORGANISATION, name="Quay", time_zone="Europe/Amsterdam")


async def add(store: Store, site: Site) -> None:
    async with store.unit() as unit:
        unit.sites.add(site)


async def test_a_site_is_found_by_id_and_by_name_in_any_case(store: Store) -> None:
    await add(store, QUAY)
    for found in (
        await store.sites.by_id("s1"),
        await store.sites.get(DEFAULT_ORGANISATION, "s1"),
        await store.sites.by_name(DEFAULT_ORGANISATION, "QUAY"),
    ):
        assert found is not None
        assert (found.name, found.time_zone) == ("Quay", "Europe/Amsterdam")
    assert await store.sites.get(OrganisationId("other"), "s1") is None


async def test_a_name_is_one_sites(store: Store) -> None:
    await add(store, QUAY)
    with pytest.raises(ConflictError):
        await add(store, replace(QUAY, id=SiteId("s2"), name="quay"))


async def test_a_change_is_seen_at_once_and_a_stale_one_refused(store: Store) -> None:
    await add(store, QUAY)
    known = await store.sites.by_id("s1")
    assert known is not None
    async with store.unit() as unit:
        unit.sites.save(replace(known, time_zone="Europe/Lisbon"))
    again = await store.sites.by_id("s1")
    assert again is not None
    assert again.time_zone == "Europe/Lisbon"
    with pytest.raises(ConflictError):
        async with store.unit() as unit:
            unit.sites.save(known)


async def test_pages_go_by_name_and_a_removed_site_is_gone(store: Store) -> None:
    await add(store, QUAY)
    await add(store, replace(QUAY, id=SiteId("s2"), name="airport"))
    page = await store.sites.list(DEFAULT_ORGANISATION, limit=1)
    assert [site.name for site in page.items] == ["airport"]
    rest = await store.sites.list(DEFAULT_ORGANISATION, cursor=page.next)
    assert [site.name for site in rest.items] == ["Quay"]
    async with store.unit() as unit:
        unit.sites.remove(rest.items[0])
    assert await store.sites.by_id("s1") is None


async def test_a_station_stands_at_its_site(store: Store) -> None:
    await add(store, QUAY)
    async with store.unit() as unit:
        unit.stations.add(Station(id=StationId("a"), organisation=DEFAULT_ORGANISATION, identity="A", site="s1"))
    found = await store.stations.by_id(StationId("a"))
    assert found is not None
    assert found.site == "s1"
