"""Tokens over REST."""

from amperanto.domain.tokens import AuthorizationStatus, RegisteredToken, Token

from .conftest import House


async def test_a_token_is_registered_with_uid_and_type(house: House) -> None:
    answer = await house.call("POST", "/api/v1/tokens", json={"uid": "04AB", "type": "ISO14443"})
    assert answer.status_code == 201
    token = answer.json()
    assert (token["status"], token["concurrent_limit"], token["expires_at"]) == ("Accepted", 1, None)
    assert (await house.call("GET", "/api/v1/tokens/04ab")).json() == token
    assert (await house.call("GET", f"/api/v1/tokens/{token['id']}")).json() == token


async def test_a_uid_is_registered_once_whatever_its_case(house: House) -> None:
    await house.call("POST", "/api/v1/tokens", json={"uid": "04AB", "type": "ISO14443"})
    again = await house.call("POST", "/api/v1/tokens", json={"uid": "04ab", "type": "Local"})
    assert (again.status_code, again.json()["code"]) == (409, "exists")


async def test_a_token_that_was_only_presented_is_admitted_by_registering_it(house: House) -> None:
    remembered = RegisteredToken(
        id=house.csms.context.ids.new(),
        organisation="default",  # type: ignore[arg-type]
        token=Token("04AB"),
        status=AuthorizationStatus.BLOCKED,
        note="first presented at CP1",
    )
    async with house.csms.context.store.unit() as unit:
        unit.tokens.add(remembered)
    answer = await house.call("POST", "/api/v1/tokens", json={"uid": "04ab", "type": "ISO14443"})
    assert answer.status_code == 201
    assert (answer.json()["id"], answer.json()["status"]) == (remembered.id, "Accepted")
    assert len((await house.call("GET", "/api/v1/tokens")).json()["items"]) == 1


async def test_a_token_that_somebody_blocked_stays_blocked(house: House) -> None:
    await house.call("POST", "/api/v1/tokens", json={"uid": "04AB", "type": "Local"})
    await house.call("PATCH", "/api/v1/tokens/04AB", json={"status": "Blocked"})
    assert (await house.call("POST", "/api/v1/tokens", json={"uid": "04AB", "type": "Local"})).status_code == 409
    assert (await house.call("GET", "/api/v1/tokens/04AB")).json()["status"] == "Blocked"


async def test_a_patch_changes_what_it_names_and_null_takes_away(house: House) -> None:
    fields = {"uid": "A/B 1", "type": "eMAID", "group": "fleet", "expires_at": "2030-01-01T02:00:00+02:00"}
    before = (await house.call("POST", "/api/v1/tokens", json=fields)).json()
    assert before["expires_at"] == "2030-01-01T00:00:00Z"
    change = {"status": "Blocked", "expires_at": None, "concurrent_limit": None, "type": "Local", "note": "lost"}
    after = (await house.call("PATCH", "/api/v1/tokens/a%2Fb%201", json=change)).json()
    assert after == {**before, **change}
    assert (await house.call("GET", "/api/v1/tokens?status=Blocked")).json()["items"] == [after]
    assert (await house.call("GET", "/api/v1/tokens?status=Accepted")).json()["items"] == []


async def test_a_removed_token_is_unknown(house: House) -> None:
    await house.call("POST", "/api/v1/tokens", json={"uid": "A", "type": "Local"})
    assert (await house.call("DELETE", "/api/v1/tokens/a")).status_code == 204
    assert (await house.call("GET", "/api/v1/tokens/A")).status_code == 404


async def test_other_organisations_see_nothing_of_a_token(house: House) -> None:
    token = (await house.call("POST", "/api/v1/tokens", json={"uid": "A", "type": "Local"})).json()
    other = await house.another_organisation()
    for name in ("A", token["id"]):
        for method in ("GET", "PATCH", "DELETE"):
            assert (await house.call(method, f"/api/v1/tokens/{name}", key=other, json={})).status_code == 404
    assert (
        await house.call("POST", "/api/v1/tokens", key=other, json={"uid": "A", "type": "Local"})
    ).status_code == 201
