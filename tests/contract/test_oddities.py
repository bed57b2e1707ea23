"""What stations do that the standard does not say is counted on each database, each kind once."""

from datetime import UTC, datetime, timedelta

from amperanto.domain.oddities import Oddity, OddityCount, OddityKind
from amperanto.domain.stations import DEFAULT_ORGANISATION, OrganisationId, StationId
from amperanto.stores.store import Store

NOON = datetime(2026, 5, 1, 12, tzinfo=UTC)
STATION = StationId("s")
UNIT = Oddity.at(OddityKind.VIOLATION, "MeterValues", "/meterValue/0/sampledValue/3/unit", "is not a word")
QUIRK = Oddity.at(OddityKind.QUIRK, "MeterValuesRequest", "", "acme")


async def count(store: Store, *told: OddityCount) -> None:
    async with store.unit() as unit:
        for one in told:
            unit.oddities.add(DEFAULT_ORGANISATION, STATION, one)


async def test_the_same_kind_is_added_and_keeps_its_first_time(store: Store) -> None:
    later = NOON + timedelta(hours=1)
    await count(store, OddityCount(UNIT, 2, NOON, NOON), OddityCount(QUIRK, 1, NOON, NOON))
    await count(store, OddityCount(UNIT, 3, later, later))
    assert await store.oddities.of(DEFAULT_ORGANISATION, STATION) == [
        OddityCount(QUIRK, 1, NOON, NOON),
        OddityCount(UNIT, 5, NOON, later),
    ]
    assert await store.oddities.known(STATION) == {UNIT, QUIRK}


async def test_nobody_else_sees_them_and_they_go_with_the_station(store: Store) -> None:
    await count(store, OddityCount(UNIT, 1, NOON, NOON))
    assert await store.oddities.of(OrganisationId("other"), STATION) == []
    async with store.unit() as unit:
        unit.oddities.forget(STATION)
    assert await store.oddities.of(DEFAULT_ORGANISATION, STATION) == []


def test_members_of_lists_are_one_kind() -> None:
    assert UNIT.place == "/meterValue/*/sampledValue/*/unit"
    assert Oddity.at(OddityKind.VIOLATION, None, "/x1/22", "y").place == "/x1/*"
