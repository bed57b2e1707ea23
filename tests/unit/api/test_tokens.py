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


HOURS = [
    {"days": ["Mon", "Fri"], "begin": "08:00", "end": "18:00"},
    {"days": ["Sat"], "begin": "22:00", "end": "24:00"},
]


async def test_hours_and_places_are_kept_as_they_were_written_with_names_people_gave(house: House) -> None:
    await house.call("POST", "/api/v1/sites", json={"name": "Quay"})
    await house.call("POST", "/api/v1/stations", json={"identity": "CP1"})
    body = {
        "uid": "04AB",
        "type": "ISO14443",
        "schedule": HOURS,
        "allowed": [{"site": "quay"}],
        "denied": [{"station": "cp1", "evse": 2}, {"connector_type": "cCCS2"}],
        "credit": 12.5,
    }
    token = (await house.call("POST", "/api/v1/tokens", json=body)).json()
    assert token["schedule"] == HOURS
    assert [(one["site"], one["station"], one["evse"]) for one in token["allowed"]] == [("Quay", None, None)]
    assert [(one["station"], one["evse"], one["connector_type"]) for one in token["denied"]] == [
        ("CP1", 2, None),
        (None, None, "cCCS2"),
    ]
    assert token["credit"] == 12.5
    changed = (await house.call("PATCH", "/api/v1/tokens/04AB", json={"denied": [], "schedule": None})).json()
    assert (changed["allowed"], changed["denied"], changed["schedule"]) == (token["allowed"], [], None)


async def test_rules_that_cannot_be_meant_are_refused_with_the_field(house: House) -> None:
    for wrong, field in (
        ({"schedule": [{"days": ["Mon"], "begin": "08:00", "end": "08:00"}]}, "schedule"),
        ({"allowed": [{}]}, "allowed[0]"),
        ({"denied": [{"evse": 2}]}, "denied[0].evse"),
        ({"schedule": [{"days": ["Mon"], "begin": "24:00"}]}, "schedule[0].begin"),
        ({"credit": 1e12}, "credit"),
    ):
        answer = await house.call("POST", "/api/v1/tokens", json={"uid": "A", "type": "Local", **wrong})
        assert (answer.status_code, answer.json()["field"]) == (400, field)
    place = {"uid": "A", "type": "Local", "allowed": [{"station": "nowhere"}]}
    assert (await house.call("POST", "/api/v1/tokens", json=place)).json()["code"] == "unknown_station"


async def test_a_refused_spelling_says_what_may_be_meant_and_becomes_an_alias_by_one_call(house: House) -> None:
    await house.call("POST", "/api/v1/tokens", json={"uid": "04A2B3C4D5", "type": "ISO14443"})
    remembered = RegisteredToken(
        id=house.csms.context.ids.new(),
        organisation="default",  # type: ignore[arg-type]
        token=Token("D5C4B3A204"),
        status=AuthorizationStatus.BLOCKED,
        note="first presented at CP1",
    )
    async with house.csms.context.store.unit() as unit:
        unit.tokens.add(remembered)
    seen = (await house.call("GET", "/api/v1/tokens/d5c4b3a204")).json()
    assert (seen["status"], seen["did_you_mean"]) == ("Blocked", ["04A2B3C4D5"])
    path = "/api/v1/tokens/04A2B3C4D5/aliases"
    answer = await house.call("POST", path, json={"uid": "D5C4B3A204"})
    assert (answer.status_code, answer.json()["aliases"]) == (200, ["D5C4B3A204"])
    assert (await house.call("GET", "/api/v1/tokens/d5c4b3a204")).json() == answer.json()
    assert len((await house.call("GET", "/api/v1/tokens")).json()["items"]) == 1
    again = await house.call("POST", "/api/v1/tokens", json={"uid": "D5C4B3A204", "type": "Local"})
    assert (again.status_code, again.json()["code"]) == (409, "exists")
    gone = await house.call("DELETE", f"{path}/d5c4b3a204")
    assert (gone.status_code, gone.json()["aliases"]) == (200, [])
    assert (await house.call("GET", "/api/v1/tokens/d5c4b3a204")).status_code == 404


async def test_a_registered_token_cannot_become_anothers_alias(house: House) -> None:
    for uid in ("A", "B"):
        await house.call("POST", "/api/v1/tokens", json={"uid": uid, "type": "Local"})
    for uid in ("a", "B"):
        assert (await house.call("POST", "/api/v1/tokens/A/aliases", json={"uid": uid})).json()["code"] == "exists"


async def test_a_group_is_blocked_for_all_its_tokens_and_a_check_says_so_and_changes_nothing(house: House) -> None:
    await house.call("POST", "/api/v1/stations", json={"identity": "CP1"})
    await house.call("POST", "/api/v1/tokens", json={"uid": "A", "type": "Local", "group": "Fleet"})
    check = "/api/v1/tokens/a/check?station=cp1&evse=1"
    assert (await house.call("GET", check)).json()["accepted"] is True
    made = await house.call("POST", "/api/v1/token-groups", json={"name": "fleet", "status": "Blocked"})
    assert made.status_code == 201
    said = (await house.call("GET", check)).json()
    assert (said["status"], said["accepted"]) == ("Blocked", False)
    assert (await house.call("POST", "/api/v1/token-groups", json={"name": "FLEET"})).json()["code"] == "exists"
    anew = await house.call("PUT", "/api/v1/token-groups/FLEET", json={"schedule": HOURS, "master_pass": True})
    assert (anew.json()["name"], anew.json()["status"], anew.json()["master_pass"]) == ("fleet", "Accepted", True)
    assert (await house.call("DELETE", "/api/v1/token-groups/fleet")).status_code == 204
    assert (await house.call("GET", "/api/v1/token-groups/fleet")).json()["code"] == "unknown_group"
    assert (await house.call("GET", check)).json()["accepted"] is True
