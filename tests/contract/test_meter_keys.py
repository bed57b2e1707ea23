"""Public keys of meters are kept on each database, one for each EVSE, each for its organisation alone."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from amperanto.domain.stations import DEFAULT_ORGANISATION, OrganisationId, StationId
from amperanto.stores.errors import ConflictError
from amperanto.stores.meter_keys import MeterKey
from amperanto.stores.store import Store

KEY = MeterKey(
    organisation=DEFAULT_ORGANISATION, station=StationId("s"), evse=1, key="30aa",
    changed_at=datetime(2026, 5, 1, tzinfo=UTC), changed_by="ann",
)  # fmt: skip


async def test_a_key_takes_the_place_of_the_one_before_and_can_be_withdrawn(store: Store) -> None:
    for key in (KEY, replace(KEY, key="30bb"), replace(KEY, evse=2)):
        async with store.unit() as unit:
            unit.meter_keys.put(key)
    found = await store.meter_keys.of(DEFAULT_ORGANISATION, KEY.station)
    assert {evse: one.key for evse, one in found.items()} == {1: "30bb", 2: "30aa"}
    assert await store.meter_keys.of(OrganisationId("other"), KEY.station) == {}
    async with store.unit() as unit:
        unit.meter_keys.remove(DEFAULT_ORGANISATION, KEY.station, 1)
    assert list(await store.meter_keys.of(DEFAULT_ORGANISATION, KEY.station)) == [2]


async def test_nobody_withdraws_another_organisations_key(store: Store) -> None:
    async with store.unit() as unit:
        unit.meter_keys.put(KEY)
    with pytest.raises(ConflictError):
        async with store.unit() as unit:
            unit.meter_keys.remove(OrganisationId("other"), KEY.station, 1)
