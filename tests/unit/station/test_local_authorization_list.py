"""D01, D02, C13, C14 and 1.6's counterpart: what a station does with a list of tokens."""

from typing import Any

import pytest
from tests.unit.station.scripted import ALL, DRIVER, TWO, Refusal, scene

from amperanto.conformance.requirements import requirement
from amperanto.domain.tokens import AuthorizationStatus, Token
from amperanto.ocpp import Version
from amperanto.station import Vehicle

FRIEND = Token("FRIEND", "ISO14443")
STRANGER = Token("STRANGER", "ISO14443")
FULL, DIFFERENTIAL = "Full", "Differential"
ASKS_NOBODY = {("AuthCtrlr", "LocalPreAuthorize"): True}
NO_STRANGERS = {("AuthCtrlr", "OfflineTxForUnknownIdEnabled"): False}
REMOVED = object()


def line(version: Version, uid: str, outcome: Any = "Accepted", **more: Any) -> dict[str, Any]:
    """One token of a list."""
    if version is Version.V16:
        told = {"idTag": uid}
        return told if outcome is REMOVED else told | {"idTagInfo": {"status": outcome, **more}}
    told = {"idToken": {"idToken": uid, "type": "ISO14443"}}
    return told if outcome is REMOVED else told | {"idTokenInfo": {"status": outcome, **more}}


async def send(csms: Any, number: int, kind: str, *lines: dict[str, Any]) -> Any:
    """The status of a SendLocalList, or the code of its CALLERROR."""
    old = csms.version is Version.V16
    payload: dict[str, Any] = {"listVersion" if old else "versionNumber": number, "updateType": kind}
    if lines or old:
        payload["localAuthorizationList"] = list(lines)
    answer = await csms.ask("SendLocalList", payload)
    return answer["status"] if isinstance(answer, dict) else answer


async def version_of(csms: Any) -> Any:
    answer = await csms.ask("GetLocalListVersion")
    return answer if isinstance(answer, str) else answer.get("listVersion", answer.get("versionNumber"))


def group(version: Version, name: str) -> dict[str, Any]:
    return {"parentIdTag": name} if version is Version.V16 else {"groupIdToken": {"idToken": name, "type": "Central"}}


def expiry(version: Version, at: str) -> dict[str, Any]:
    return {"expiryDate" if version is Version.V16 else "cacheExpiryDateTime": at}


# --- D01: the list, and what changes it


@requirement("D02-1", "1.6:GetLocalListVersion-1")
@pytest.mark.parametrize("version", ALL)
async def test_a_station_nobody_sent_a_list_says_version_0(version):
    """D02.FR.02, TC_042_2, TC_D_09."""
    async with scene(version) as (_, csms, _clock):
        assert await version_of(csms) == 0


@requirement("D01-1", "1.6:SendLocalList-2")
@pytest.mark.parametrize("version", ALL)
async def test_a_full_list_replaces_what_was_there_and_takes_its_version(version):
    """D01.FR.01, D01.FR.15, D02.FR.01, TC_D_01, TC_D_08, TC_043."""
    async with scene(version, variables=ASKS_NOBODY) as (station, csms, clock):
        assert await send(csms, 7, FULL, line(version, "FRIEND")) == "Accepted"
        assert await send(csms, 3, FULL, line(version, DRIVER.uid)) == "Accepted"
        assert await version_of(csms) == 3
        assert (await clock.until(station.present(DRIVER, 1))).accepted
        assert csms.of("Authorize") == []
        await clock.until(station.present(FRIEND, 1))
        assert len(csms.of("Authorize")) == 1


@requirement("D01-2", "1.6:SendLocalList-2")
@pytest.mark.parametrize("version", ALL)
async def test_a_differential_update_puts_and_removes_and_leaves_the_rest(version):
    """D01.FR.16, D01.FR.17, TC_D_02, TC_D_03, TC_043_5."""
    async with scene(version, variables=ASKS_NOBODY | NO_STRANGERS) as (station, csms, clock):
        await send(csms, 1, FULL, line(version, "FRIEND"), line(version, "OTHER"), line(version, "THIRD"))
        changes = [line(version, "FRIEND", "Blocked"), line(version, "other", REMOVED), line(version, DRIVER.uid)]
        assert await send(csms, 2, DIFFERENTIAL, *changes) == "Accepted"
        csms.unreachable = True
        csms.cut()
        await clock.advance(1)
        outcomes = {
            uid: (await clock.until(station.present(Token(uid, "ISO14443"), 1))).status
            for uid in ("FRIEND", "OTHER", "THIRD")
        }
        assert outcomes["FRIEND"] is AuthorizationStatus.BLOCKED
        assert outcomes["OTHER"] is AuthorizationStatus.INVALID
        assert outcomes["THIRD"] is AuthorizationStatus.ACCEPTED


@requirement("D01-4")
@pytest.mark.parametrize("version", ALL)
async def test_an_update_that_is_not_newer_is_a_version_mismatch_and_changes_nothing(version):
    """D01.FR.19, TC_D_06, TC_043_2."""
    async with scene(version, variables=ASKS_NOBODY) as (station, csms, clock):
        await send(csms, 5, FULL, line(version, DRIVER.uid))
        for number in (5, 4):
            assert await send(csms, number, DIFFERENTIAL, line(version, DRIVER.uid, REMOVED)) == "VersionMismatch"
        assert await version_of(csms) == 5
        await clock.until(station.present(DRIVER, 1))
        assert csms.of("Authorize") == []


@requirement("D01-1")
@pytest.mark.parametrize("version", ALL)
async def test_a_full_list_without_tokens_empties_it(version):
    """D01.FR.04, TC_D_04: the version holds; 1.6 says 0 for whatever is empty."""
    async with scene(version, variables=ASKS_NOBODY) as (station, csms, clock):
        await send(csms, 1, FULL, line(version, DRIVER.uid))
        assert await send(csms, 2, FULL) == "Accepted"
        assert await version_of(csms) == (0 if version is Version.V16 else 2)
        await clock.until(station.present(DRIVER, 1))
        assert len(csms.of("Authorize")) == 1


@requirement("D01-3")
@pytest.mark.parametrize("version", ALL)
async def test_a_differential_update_without_tokens_changes_the_version_only(version):
    """D01.FR.05, TC_D_05."""
    async with scene(version, variables=ASKS_NOBODY) as (station, csms, clock):
        await send(csms, 1, FULL, line(version, DRIVER.uid))
        assert await send(csms, 9, DIFFERENTIAL) == "Accepted"
        assert await version_of(csms) == 9
        await clock.until(station.present(DRIVER, 1))
        assert csms.of("Authorize") == []


@requirement("D01-9")
@pytest.mark.parametrize("version", ALL)
async def test_a_list_outlives_a_restart(version):
    """TC_D_07."""
    async with scene(version) as (_, csms, clock):
        await send(csms, 4, FULL, line(version, DRIVER.uid))
        await csms.ask("Reset", {"type": "Hard" if version is Version.V16 else "Immediate"})
        await clock.advance(120)
        assert csms.actions().count("BootNotification") == 2
        assert await version_of(csms) == 4


@pytest.mark.parametrize("version", ALL)
@pytest.mark.parametrize("number", [0, -1])
async def test_version_0_and_below_are_no_versions_of_a_list(version, number):
    """D01.FR.18 (1.6: errata)."""
    async with scene(version) as (_, csms, _clock):
        await send(csms, 4, FULL, line(version, DRIVER.uid))
        assert await send(csms, number, FULL, line(version, DRIVER.uid)) == "Failed"
        assert await version_of(csms) == 4


@requirement("D01.FR.06")
@pytest.mark.parametrize("version", ALL)
@pytest.mark.parametrize("kind", [FULL, DIFFERENTIAL])
async def test_a_token_named_twice_spoils_the_update_whole(version, kind):
    """D01.FR.06: tokens are the same whatever their case."""
    async with scene(version) as (_, csms, _clock):
        assert await send(csms, 1, kind, line(version, "cafe"), line(version, "CAFE")) == "Failed"
        assert await version_of(csms) == 0


@pytest.mark.parametrize("version", ALL)
async def test_a_full_list_says_of_each_token_what_it_may(version):
    """A token without an outcome is one to remove, and a full list removes none."""
    async with scene(version) as (_, csms, _clock):
        assert await send(csms, 1, FULL, line(version, "CAFE"), line(version, "BEEF", REMOVED)) == "Failed"


@requirement("D01-10")
@pytest.mark.parametrize("version", ALL)
async def test_more_tokens_than_a_message_may_hold_are_refused(version):
    """ItemsPerMessage, 1.6's SendLocalListMaxLength (messages §2.2)."""
    async with scene(version, variables={("LocalAuthListCtrlr", "ItemsPerMessage"): 2}) as (_, csms, _clock):
        three = [line(version, f"T{n}") for n in range(3)]
        spelled = "Occurence" if version is Version.V16 else "Occurrence"
        assert await send(csms, 1, FULL, *three) == f"{spelled}ConstraintViolation"
        assert await send(csms, 1, FULL, *three[:2]) == "Accepted"


@requirement("D01-10")
@pytest.mark.parametrize("version", TWO)
async def test_more_bytes_than_a_message_may_hold_are_refused(version):
    """BytesPerMessage (messages §2.2)."""
    async with scene(version, variables={("LocalAuthListCtrlr", "BytesPerMessage"): 200}) as (_, csms, _clock):
        assert await send(csms, 1, FULL, *[line(version, f"T{n}") for n in range(3)]) == "FormatViolation"
        assert await send(csms, 1, FULL, line(version, "T1")) == "Accepted"


@requirement("D01-11")
@pytest.mark.parametrize("version", ALL)
async def test_a_list_the_station_has_no_room_for_fails_and_the_old_one_stays(version):
    """TC_043_3."""
    most = {("LocalAuthListCtrlr", "ItemsPerMessage"): 2000, ("LocalAuthListCtrlr", "BytesPerMessage"): 1_000_000}
    async with scene(version, variables=most) as (_, csms, _clock):
        await send(csms, 1, FULL, line(version, "OLD"))
        assert await send(csms, 2, FULL, *[line(version, f"T{n}") for n in range(1001)]) == "Failed"
        assert await version_of(csms) == 1


async def test_how_many_tokens_are_listed_is_a_variable():
    """D01.FR.12."""
    async with scene(Version.V201) as (_, csms, _clock):
        await send(csms, 1, FULL, *[line(Version.V201, f"T{n}") for n in range(3)])
        asked = {"component": {"name": "LocalAuthListCtrlr"}, "variable": {"name": "Entries"}}
        answer = await csms.ask("GetVariables", {"getVariableData": [asked]})
        assert answer["getVariableResult"][0]["attributeValue"] == "3"


async def test_the_limits_of_a_1_6_station_are_keys():
    async with scene(Version.V16) as (_, csms, _clock):
        keys = ["LocalAuthListEnabled", "LocalAuthListMaxLength", "SendLocalListMaxLength"]
        answer = await csms.ask("GetConfiguration", {"key": keys})
        told = {one["key"]: (one["value"], one["readonly"]) for one in answer["configurationKey"]}
        assert told == {
            "LocalAuthListEnabled": ("true", False),
            "LocalAuthListMaxLength": ("1000", True),
            "SendLocalListMaxLength": ("50", True),
        }


# --- switched off


@requirement("1.6:SendLocalList-3", "1.6:GetLocalListVersion-1")
async def test_a_1_6_station_without_lists_says_so_in_both_answers():
    """TC_042_1, TC_043_1."""
    async with scene(Version.V16) as (_, csms, _clock):
        await send(csms, 1, FULL, line(Version.V16, DRIVER.uid))
        await csms.ask("ChangeConfiguration", {"key": "LocalAuthListEnabled", "value": "false"})
        assert await version_of(csms) == -1
        assert await send(csms, 2, FULL, line(Version.V16, DRIVER.uid)) == "NotSupported"


@requirement("D02-1")
@pytest.mark.parametrize("version", TWO)
async def test_a_2_x_station_whose_list_is_off_says_version_0_and_takes_none(version):
    """D02.FR.03, TC_D_10."""
    async with scene(version) as (station, csms, _clock):
        await send(csms, 1, FULL, line(version, DRIVER.uid))
        station.context.variables.put("LocalAuthListCtrlr", "Enabled", "false")
        assert await version_of(csms) == 0
        assert await send(csms, 2, FULL, line(version, DRIVER.uid)) == "Failed"


@pytest.mark.parametrize("version", TWO)
async def test_a_2_x_station_that_keeps_no_list_does_not_support_it(version):
    none = {("LocalAuthListCtrlr", "Available"): False}
    async with scene(version, variables=none) as (_, csms, _clock):
        assert await version_of(csms) == "NotSupported"
        assert await send(csms, 1, FULL, line(version, DRIVER.uid)) == "NotSupported"


# --- C14: while the CSMS can be asked


@pytest.mark.parametrize("version", ALL)
async def test_without_local_pre_authorization_the_csms_is_always_asked(version):
    async with scene(version) as (station, csms, clock):
        await send(csms, 1, FULL, line(version, DRIVER.uid))
        assert (await clock.until(station.present(DRIVER, 1))).accepted
        assert len(csms.of("Authorize")) == 1


@requirement("C14-2")
@pytest.mark.parametrize("version", ALL)
async def test_a_listed_token_charges_without_an_authorize(version):
    """TC_C_27, TC_008_1: and the transaction is told with it."""
    async with scene(version, variables=ASKS_NOBODY) as (station, csms, clock):
        await send(csms, 1, FULL, line(version, DRIVER.uid))
        await station.plug_in(1, Vehicle())
        assert (await clock.until(station.present(DRIVER, 1))).accepted
        await clock.advance(1)
        assert csms.of("Authorize") == []
        assert DRIVER.uid in str(csms.of("StartTransaction", "TransactionEvent"))


@requirement("C14-2")
@pytest.mark.parametrize("version", ALL)
@pytest.mark.parametrize("listed", ["Invalid", "Blocked", "Expired"])
@pytest.mark.parametrize("now", ["Accepted", "Blocked"])
async def test_of_a_token_that_is_listed_as_refused_the_csms_is_asked(version, listed, now):
    """TC_C_28, TC_C_29, TC_C_30, TC_C_31: its answer holds."""
    async with scene(version, variables=ASKS_NOBODY) as (station, csms, clock):
        await send(csms, 1, FULL, line(version, DRIVER.uid, listed))
        csms.answers["Authorize"] = {"idTagInfo" if version is Version.V16 else "idTokenInfo": {"status": now}}
        assert (await clock.until(station.present(DRIVER, 1))).status == now
        assert len(csms.of("Authorize")) == 1


@pytest.mark.parametrize("version", TWO)
async def test_without_post_authorization_a_refused_token_is_refused_at_once(version):
    """TC_C_58."""
    off = ASKS_NOBODY | {("LocalAuthListCtrlr", "DisablePostAuthorize"): True}
    async with scene(version, variables=off) as (station, csms, clock):
        await send(csms, 1, FULL, line(version, DRIVER.uid, "Blocked"))
        assert (await clock.until(station.present(DRIVER, 1))).status is AuthorizationStatus.BLOCKED
        assert csms.of("Authorize") == []


@requirement("C13-3")
@pytest.mark.parametrize("version", ALL)
async def test_a_listed_token_whose_time_is_over_is_asked_about(version):
    async with scene(version, variables=ASKS_NOBODY) as (station, csms, clock):
        await send(csms, 1, FULL, line(version, DRIVER.uid, **expiry(version, "2026-01-01T00:01:00Z")))
        assert (await clock.until(station.present(DRIVER, 1))).accepted
        assert csms.of("Authorize") == []
        await clock.advance(90)
        await clock.until(station.present(DRIVER, 1))
        assert len(csms.of("Authorize")) == 1


@pytest.mark.parametrize("version", ALL)
async def test_a_remote_start_of_a_listed_token_needs_no_authorize(version):
    """TC_008_2."""
    wanted = ASKS_NOBODY | {("AuthCtrlr", "AuthorizeRemoteStart"): True}
    async with scene(version, variables=wanted) as (station, csms, clock):
        await send(csms, 1, FULL, line(version, DRIVER.uid))
        await station.plug_in(1, Vehicle())
        if version is Version.V16:
            await csms.ask("RemoteStartTransaction", {"idTag": DRIVER.uid, "connectorId": 1})
        else:
            token = {"idToken": DRIVER.uid, "type": "ISO14443"}
            await csms.ask("RequestStartTransaction", {"idToken": token, "remoteStartId": 1, "evseId": 1})
        await clock.advance(1)
        assert csms.of("Authorize") == []
        assert station.evses[1].state == "Charging"


@pytest.mark.parametrize("version", ALL)
async def test_a_listed_token_of_the_same_group_ends_a_charge(version):
    """C09, TC_C_40: neither is asked about."""
    async with scene(version, variables=ASKS_NOBODY) as (station, csms, clock):
        tokens = [line(version, uid, **group(version, "FLEET")) for uid in (DRIVER.uid, "FRIEND")]
        await send(csms, 1, FULL, *tokens)
        await station.plug_in(1, Vehicle())
        await clock.until(station.present(DRIVER, 1))
        await clock.advance(1)
        assert (await clock.until(station.present(FRIEND, 1))).accepted
        assert not station.transactions[0].open
        assert csms.of("Authorize") == []


@pytest.mark.parametrize("version", ALL)
async def test_a_token_of_the_group_that_is_listed_as_refused_does_not_end_it(version):
    """C09, TC_C_43."""
    async with scene(version, variables=ASKS_NOBODY) as (station, csms, clock):
        tokens = [line(version, DRIVER.uid, **group(version, "FLEET"))]
        await send(csms, 1, FULL, *tokens, line(version, "FRIEND", "Invalid", **group(version, "FLEET")))
        csms.answers["Authorize"] = Refusal("InternalError")
        await station.plug_in(1, Vehicle())
        await clock.until(station.present(DRIVER, 1))
        await clock.advance(1)
        assert not (await clock.until(station.present(FRIEND, 1))).accepted
        assert station.transactions[0].open


# --- C13: while it cannot be asked


@pytest.mark.parametrize("version", ALL)
@pytest.mark.parametrize("listed", ["Accepted", "Invalid", "Blocked", "Expired"])
async def test_offline_the_list_decides(version, listed):
    """TC_C_21, TC_C_22, TC_C_23, TC_C_24: a listed refusal outranks the rule for strangers."""
    async with scene(version) as (station, csms, clock):
        await send(csms, 1, FULL, line(version, DRIVER.uid, listed))
        csms.unreachable = True
        csms.cut()
        await clock.advance(1)
        assert (await clock.until(station.present(DRIVER, 1))).status == listed


@requirement("C13-2")
@pytest.mark.parametrize("version", ALL)
async def test_offline_only_listed_tokens_charge_where_strangers_may_not(version):
    """C13, C15: the charge is told when the line is back."""
    async with scene(version, variables=NO_STRANGERS) as (station, csms, clock):
        await send(csms, 1, FULL, line(version, DRIVER.uid))
        csms.unreachable = True
        csms.cut()
        await clock.advance(1)
        assert not (await clock.until(station.present(STRANGER, 1))).accepted
        await station.plug_in(1, Vehicle())
        assert (await clock.until(station.present(DRIVER, 1))).accepted
        await clock.advance(1)
        csms.unreachable = False
        await clock.advance(120)
        assert DRIVER.uid in str(csms.of("StartTransaction", "TransactionEvent"))


@pytest.mark.parametrize("version", ALL)
async def test_offline_the_list_says_nothing_where_it_may_not(version):
    """LocalAuthorizeOffline false: strangers' rule alone."""
    mute = NO_STRANGERS | {("AuthCtrlr", "LocalAuthorizeOffline"): False}
    async with scene(version, variables=mute) as (station, csms, clock):
        await send(csms, 1, FULL, line(version, DRIVER.uid))
        csms.unreachable = True
        csms.cut()
        await clock.advance(1)
        assert not (await clock.until(station.present(DRIVER, 1))).accepted


@pytest.mark.parametrize("version", ALL)
async def test_a_list_that_is_off_authorizes_nobody(version):
    off = ASKS_NOBODY | NO_STRANGERS
    async with scene(version, variables=off) as (station, csms, clock):
        await send(csms, 1, FULL, line(version, DRIVER.uid))
        station.context.variables.put("LocalAuthListCtrlr", "Enabled", "false")
        await clock.until(station.present(DRIVER, 1))
        assert len(csms.of("Authorize")) == 1


@requirement("C01.FR.25")
@pytest.mark.parametrize("version", TWO)
async def test_in_2_x_a_token_of_another_kind_is_another_token(version):
    """C01: tokens are the same by uid and type, without case."""
    async with scene(version, variables=ASKS_NOBODY, evses=2) as (station, csms, clock):
        await send(csms, 1, FULL, line(version, "cafe"))
        await clock.until(station.present(Token("CAFE", "ISO14443"), 1))
        assert csms.of("Authorize") == []
        await clock.until(station.present(Token("CAFE", "ISO15693"), 2))
        assert len(csms.of("Authorize")) == 1
