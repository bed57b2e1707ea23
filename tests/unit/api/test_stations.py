"""Stations over REST: registered, changed, removed, named as people name them."""

from urllib.parse import quote

import pytest

from .conftest import House

PASSWORD = "0123456789abcdef0123"


async def added(house: House, identity: str = "CP1", **fields: object) -> dict[str, object]:
    answer = await house.call("POST", "/api/v1/stations", json={"identity": identity, "password": PASSWORD, **fields})
    assert answer.status_code == 201, answer.text
    return answer.json()


async def test_a_station_is_registered_with_identity_and_password(house: House) -> None:
    station = await added(house)
    assert station["identity"] == "CP1"
    assert station["registration"] == "Accepted"
    assert station["interval"] == 300
    assert station["security_profile"] == 1
    assert station["online"] is False
    assert (await house.call("GET", "/api/v1/stations/CP1")).json() == station


async def test_a_password_is_never_told_again(house: House) -> None:
    station = await added(house)
    for path in ("/api/v1/stations", "/api/v1/stations/CP1"):
        text = (await house.call("GET", path)).text
        assert PASSWORD not in text
        assert "argon2" not in text
    assert station["has_password"] is True
    assert "password" not in station


async def test_without_a_password_one_is_made_and_told_once(house: House) -> None:
    made = (await house.call("POST", "/api/v1/stations", json={"identity": "CP1"})).json()
    assert len(made["password"]) == 32
    station = await house.csms.context.store.stations.by_identity(None, "CP1")
    assert await house.csms.security.passwords.verify(station[0].password_hash, made["password"].encode())
    assert "password" not in (await house.call("GET", "/api/v1/stations/CP1")).json()


async def test_a_station_without_credentials_needs_no_password(house: House) -> None:
    station = (await house.call("POST", "/api/v1/stations", json={"identity": "CP1", "security_profile": 0})).json()
    assert station["has_password"] is False
    assert "password" not in station


async def test_an_identity_is_registered_once_whatever_its_case(house: House) -> None:
    await added(house, "CP1")
    again = await house.call("POST", "/api/v1/stations", json={"identity": "cp1", "password": PASSWORD})
    assert (again.status_code, again.json()["code"]) == (409, "exists")


IDENTITIES = ["CP/1", "a.b", "*", "a|b", "a+b", "a:b", "100%", "two words", "CP%2F1", "x" * 60, "Ladesäule", "?", "#"]


@pytest.mark.asyncio(loop_scope="module")
@pytest.mark.parametrize("identity", IDENTITIES)
async def test_every_identity_is_reached_percent_encoded(shared: House, identity: str) -> None:
    station = await added(shared, identity)
    answer = await shared.call("GET", f"/api/v1/stations/{quote(identity, safe='')}")
    assert answer.json()["id"] == station["id"]
    assert (await shared.call("GET", f"/api/v1/stations/{station['id']}")).json()["identity"] == identity


async def test_a_patch_changes_what_it_names_and_nothing_else(house: House) -> None:
    before = await added(house)
    change = {"registration": "Pending", "interval": 60, "mode": "strict", "quiet": True, "ping_interval": 0}
    after = await house.call("PATCH", "/api/v1/stations/CP1", json=change)
    assert after.status_code == 200
    assert after.json() == {**before, **change}
    assert (await house.call("PATCH", "/api/v1/stations/CP1", json={"ping_interval": None})).json() == {
        **before,
        **change,
        "ping_interval": None,
    }


async def test_a_new_password_counts_and_the_old_no_longer(house: House) -> None:
    await added(house)
    await house.call("PATCH", "/api/v1/stations/CP1", json={"password": "another-password-1"})
    station = await house.csms.context.store.stations.by_identity(None, "CP1")
    verify = house.csms.security.passwords.verify
    assert await verify(station[0].password_hash, b"another-password-1")
    assert not await verify(station[0].password_hash, PASSWORD.encode())


async def test_a_profile_that_needs_a_password_asks_for_one(house: House) -> None:
    await house.call("POST", "/api/v1/stations", json={"identity": "CP1", "security_profile": 0})
    refused = await house.call("PATCH", "/api/v1/stations/CP1", json={"security_profile": 1})
    assert (refused.status_code, refused.json()["code"]) == (409, "password_needed")
    changed = await house.call("PATCH", "/api/v1/stations/CP1", json={"security_profile": 1, "password": PASSWORD})
    assert changed.json()["has_password"] is True


async def test_a_rejected_station_must_boot_again_before_it_speaks(house: House) -> None:
    await added(house)
    await house.call("PATCH", "/api/v1/stations/CP1", json={"registration": "Rejected"})
    [station] = await house.csms.context.store.stations.by_identity(None, "CP1")
    assert not station.may_speak()


async def test_a_removed_station_is_gone(house: House) -> None:
    await added(house)
    assert (await house.call("DELETE", "/api/v1/stations/CP1")).status_code == 204
    gone = await house.call("GET", "/api/v1/stations/CP1")
    assert (gone.status_code, gone.json()["code"]) == (404, "unknown_station")
    assert (await house.call("DELETE", "/api/v1/stations/CP1")).status_code == 404


async def test_pages_follow_one_another_and_end(house: House) -> None:
    for number in range(5):
        await added(house, f"CP &{number}", security_profile=0)
    found: list[str] = []
    cursor = ""
    for _ in range(3):
        page = (await house.call("GET", f"/api/v1/stations?limit=2{cursor}")).json()
        found += [station["identity"] for station in page["items"]]
        if page["next"] is None:
            break
        cursor = f"&cursor={page['next']}"  # as it is: no encoding needed
    assert found == [f"CP &{number}" for number in range(5)]


async def test_the_list_is_narrowed_by_registration_and_part_of_the_identity(house: House) -> None:
    await added(house, "North-1")
    await added(house, "North-2", registration="Pending")
    await added(house, "South-1")
    names = [s["identity"] for s in (await house.call("GET", "/api/v1/stations?contains=nORTH")).json()["items"]]
    assert names == ["North-1", "North-2"]
    pending = (await house.call("GET", "/api/v1/stations?registration=Pending")).json()["items"]
    assert [station["identity"] for station in pending] == ["North-2"]


async def test_other_organisations_see_nothing_of_a_station(house: House) -> None:
    station = await added(house)
    other = await house.another_organisation()
    assert (await house.call("GET", "/api/v1/stations", key=other)).json()["items"] == []
    for name in ("CP1", station["id"]):
        for method, rest in (("GET", {}), ("PATCH", {"json": {"quiet": True}}), ("DELETE", {})):
            answer = await house.call(method, f"/api/v1/stations/{name}", key=other, **rest)
            assert answer.status_code == 404
        for below in ("evses", "connections", "availability"):
            assert (await house.call("GET", f"/api/v1/stations/{name}/{below}", key=other)).status_code == 404
        command = await house.call("POST", f"/api/v1/stations/{name}/ocpp/Reset", key=other, json={"type": "OnIdle"})
        assert command.status_code == 404
