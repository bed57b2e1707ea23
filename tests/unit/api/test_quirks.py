"""What a station does that the standard does not say, as the API tells it."""

from datetime import UTC, datetime

from tests.unit.api.conftest import House

from amperanto.dialects.quirks.built_in import known_quirks
from amperanto.domain.oddities import Make, Oddity, OddityKind
from amperanto.domain.stations import Hardware, Station

NOON = datetime(2026, 5, 1, 12, tzinfo=UTC)


def make_of(station: Station) -> Make | None:
    quirk = known_quirks().of(Hardware(vendor="EV-BOX", model="ELVI"))
    return None if quirk is None else Make(quirk.name, quirk.title, quirk.behaviour)


async def test_the_make_and_every_kind_are_told(house: House) -> None:
    await house.call("POST", "/api/v1/stations", json={"identity": "CP1"})
    station = await house.csms.context.store.stations.by_identity("default", "CP1")
    house.csms.oddities.count(station, Oddity.at(OddityKind.VIOLATION, "MeterValues", "/a/0", "is no word"), NOON)
    told = (await house.call("GET", "/api/v1/stations/CP1/quirks")).json()
    assert told["quirk"] is None
    (one,) = told["items"]
    assert (one["kind"], one["message"], one["place"], one["count"]) == ("violation", "MeterValues", "/a/*", 1)
    house.csms.oddities.make_of = make_of
    quirk = (await house.call("GET", "/api/v1/stations/CP1/quirks")).json()["quirk"]
    assert quirk["name"] == "evbox"
    assert quirk["behaviour"]["stack_level_max"] == 0
    assert quirk["behaviour"]["denied_measurands"] == ["Current.Offered", "Power.Offered", "SoC"]


async def test_a_removed_stations_counts_are_gone(house: House) -> None:
    await house.call("POST", "/api/v1/stations", json={"identity": "CP1"})
    station = await house.csms.context.store.stations.by_identity("default", "CP1")
    house.csms.oddities.count(station, Oddity.at(OddityKind.FRAME, None, "", "x"), NOON)
    await house.csms.oddities.keep()
    await house.call("DELETE", "/api/v1/stations/CP1")
    house.csms.oddities.count(station, Oddity.at(OddityKind.FRAME, None, "", "x"), NOON)
    await house.csms.oddities.keep()
    assert await house.csms.context.store.oddities.of("default", station.id) == []
