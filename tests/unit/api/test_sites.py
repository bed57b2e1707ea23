"""Sites and what an organisation declares, over REST."""

from .conftest import House


async def test_a_site_is_made_found_by_name_and_id_changed_and_removed(house: House) -> None:
    made = await house.call("POST", "/api/v1/sites", json={"name": "Quay", "time_zone": "Europe/Amsterdam"})
    assert made.status_code == 201
    site = made.json()
    for name in ("quay", site["id"]):
        assert (await house.call("GET", f"/api/v1/sites/{name}")).json() == site
    change = {"name": "North Quay", "unknown_tokens": "accept"}
    after = (await house.call("PATCH", "/api/v1/sites/QUAY", json=change)).json()
    assert after == {**site, **change}
    assert (await house.call("GET", "/api/v1/sites")).json()["items"] == [after]
    assert (await house.call("DELETE", "/api/v1/sites/north%20quay")).status_code == 204
    gone = await house.call("GET", "/api/v1/sites/quay")
    assert (gone.status_code, gone.json()["code"]) == (404, "unknown_site")


async def test_a_time_zone_is_one_that_exists_and_a_name_is_one_sites(house: House) -> None:
    bad = await house.call("POST", "/api/v1/sites", json={"name": "Q", "time_zone": "Mars/Olympus"})
    assert (bad.status_code, bad.json()["field"]) == (400, "time_zone")
    await house.call("POST", "/api/v1/sites", json={"name": "A"})
    await house.call("POST", "/api/v1/sites", json={"name": "B"})
    assert (await house.call("POST", "/api/v1/sites", json={"name": "a"})).json()["code"] == "exists"
    assert (await house.call("PATCH", "/api/v1/sites/b", json={"name": "A"})).json()["code"] == "exists"


async def test_a_station_stands_at_a_site_by_name_and_keeps_it_from_being_removed(house: House) -> None:
    site = (await house.call("POST", "/api/v1/sites", json={"name": "Quay"})).json()
    added = await house.call("POST", "/api/v1/stations", json={"identity": "CP1", "site": "quay"})
    assert added.json()["site"] == site["id"]
    await house.call("POST", "/api/v1/stations", json={"identity": "CP2"})
    there = (await house.call("GET", "/api/v1/stations?site=Quay")).json()["items"]
    assert [one["identity"] for one in there] == ["CP1"]
    kept = await house.call("DELETE", "/api/v1/sites/quay")
    assert (kept.status_code, kept.json()["code"]) == (409, "site_in_use")
    assert (await house.call("PATCH", "/api/v1/stations/CP1", json={"site": "nowhere"})).status_code == 404
    moved = await house.call("PATCH", "/api/v1/stations/CP1", json={"site": None, "unknown_tokens": "refuse"})
    assert (moved.json()["site"], moved.json()["unknown_tokens"]) == (None, "refuse")
    assert (await house.call("DELETE", "/api/v1/sites/quay")).status_code == 204


async def test_an_organisation_declares_for_all_its_stations_and_an_operator_may_not(house: House) -> None:
    change = {"unknown_tokens": "refuse", "clear_caches": True}
    after = await house.call("PATCH", "/api/v1/organisation", json=change)
    assert after.json() == {**(await house.call("GET", "/api/v1/organisation")).json(), **change}
    operator = await house.key_with("operate")
    assert (await house.call("PATCH", "/api/v1/organisation", key=operator, json=change)).status_code == 403
