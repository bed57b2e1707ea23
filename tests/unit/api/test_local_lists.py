"""Local authorization lists by REST: what is wanted is kept, and told with what came of it."""

from typing import Any

import pytest
from tests.unit.api.conftest import House

LIST = "/api/v1/stations/CP1/local-list"
NOTHING = {
    "wanted": None,
    "left_out_for": {},
    "in_step": True,
    "waiting": False,
    "version": None,
    "entries": 0,
    "left_out": 0,
    "result": None,
    "detail": None,
    "at": None,
}


async def added(house: House, **fields: Any) -> None:
    body = {"identity": "CP1", "security_profile": 0, **fields}
    assert (await house.call("POST", "/api/v1/stations", json=body)).status_code == 201


async def test_at_first_nothing_is_wanted(house: House) -> None:
    await added(house)
    assert (await house.call("GET", LIST)).json() == NOTHING


@pytest.mark.parametrize("wanted", ["Tokens", "Empty", None])
async def test_what_is_wanted_is_kept_until_the_station_has_it(house: House, wanted: str | None) -> None:
    await added(house)
    answer = await house.call("PUT", LIST, json={"wanted": wanted})
    assert answer.status_code == 200
    expected = NOTHING if wanted is None else {**NOTHING, "wanted": wanted, "in_step": False, "waiting": True}
    assert answer.json() == expected == (await house.call("GET", LIST)).json()


async def test_a_list_for_a_station_that_is_offline_waits_for_it(house: House) -> None:
    await added(house)
    told = (await house.call("POST", f"{LIST}/sync")).json()
    assert (told["wanted"], told["result"], told["waiting"], told["in_step"]) == ("Tokens", "Offline", True, False)
    assert told["at"] is not None


async def test_a_list_for_a_quiet_station_waits_for_a_person(house: House) -> None:
    await added(house, quiet=True)
    told = (await house.call("PUT", LIST, json={"wanted": "Tokens"})).json()
    assert (told["waiting"], told["in_step"]) == (False, False)


@pytest.mark.parametrize(
    ("body", "field"), [({"wanted": "All"}, "wanted"), ({}, "wanted"), ({"wanted": None, "version": 3}, "version")]
)
async def test_a_wish_that_is_none_names_its_field(house: House, body: dict[str, Any], field: str) -> None:
    await added(house)
    answer = await house.call("PUT", LIST, json=body)
    assert (answer.status_code, answer.json()["code"], answer.json()["field"]) == (400, "bad_field", field)


@pytest.mark.parametrize(("method", "path"), [("GET", LIST), ("PUT", LIST), ("POST", f"{LIST}/sync")])
async def test_a_station_nobody_registered_has_no_list(house: House, method: str, path: str) -> None:
    answer = await house.call(method, path, json={"wanted": "Tokens"})
    assert (answer.status_code, answer.json()["code"]) == (404, "unknown_station")


async def test_who_may_only_read_sends_no_list(house: House) -> None:
    await added(house)
    key = await house.key_with("read")
    assert (await house.call("GET", LIST, key=key)).status_code == 200
    assert (await house.call("PUT", LIST, key=key, json={"wanted": "Tokens"})).status_code == 403
    assert (await house.call("POST", f"{LIST}/sync", key=key)).status_code == 403


async def test_nothing_is_kept_of_a_removed_station(house: House) -> None:
    await added(house)
    await house.call("PUT", LIST, json={"wanted": "Tokens"})
    station = await house.csms.context.store.stations.by_identity("default", "CP1")  # type: ignore[arg-type]
    assert station is not None
    await house.call("DELETE", "/api/v1/stations/CP1")
    assert (await house.csms.local_lists.state(station)).kept.wanted is None
