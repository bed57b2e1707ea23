"""C10, C11, C12 and 1.6's authorization cache: what a station remembers of tokens it asked about."""

from typing import Any

import pytest
from tests.unit.station.scripted import ALL, DRIVER, TWO, scene

from amperanto.conformance.requirements import requirement
from amperanto.domain.decisions import TokenDecision
from amperanto.domain.observations import TokenPresented
from amperanto.domain.tokens import Authorization, AuthorizationStatus, Token
from amperanto.ocpp import Version
from amperanto.station import Vehicle
from amperanto.station.authorization_cache import ROOM

ON = {("AuthCacheCtrlr", "Enabled"): True}
ASKS_LESS = ON | {("AuthCtrlr", "LocalPreAuthorize"): True}
NO_STRANGERS = ON | {("AuthCtrlr", "OfflineTxForUnknownIdEnabled"): False}


def answering(version: Version, status: str, **more: Any) -> dict[str, Any]:
    return {"idTagInfo" if version is Version.V16 else "idTokenInfo": {"status": status, **more}}


def expiry(version: Version, at: str) -> dict[str, Any]:
    return {"expiryDate" if version is Version.V16 else "cacheExpiryDateTime": at}


async def presented(scenery: Any, token: Token = DRIVER) -> AuthorizationStatus:
    """Present it, and give up the place it gets."""
    station, _, clock = scenery
    outcome = await clock.until(station.present(token, 1))
    if outcome.accepted:
        await clock.until(station.present(token, 1))
    return outcome.status


async def cut_off(scenery: Any) -> None:
    scenery.csms.unreachable = True
    scenery.csms.cut()
    await scenery.clock.advance(1)


@pytest.mark.parametrize("version", ALL)
async def test_without_a_cache_the_csms_is_asked_each_time(version):
    async with scene(version, variables={("AuthCtrlr", "LocalPreAuthorize"): True}) as scenery:
        for _ in range(2):
            await presented(scenery)
        assert len(scenery.csms.of("Authorize")) == 2


@requirement("C12-2")
@pytest.mark.parametrize("version", ALL)
async def test_a_token_that_was_accepted_is_not_asked_about_again(version):
    """C12: with LocalPreAuthorize alone."""
    async with scene(version, variables=ASKS_LESS) as scenery:
        for _ in range(2):
            assert await presented(scenery) is AuthorizationStatus.ACCEPTED
        assert len(scenery.csms.of("Authorize")) == 1
    async with scene(version, variables=ON) as scenery:
        for _ in range(2):
            await presented(scenery)
        assert len(scenery.csms.of("Authorize")) == 2


@requirement("C12-3", "1.6:Authorize-4")
@pytest.mark.parametrize("version", ALL)
async def test_a_token_that_was_refused_is_asked_about_again(version):
    """C12: not accepted and online."""
    async with scene(version, variables=ASKS_LESS) as scenery:
        scenery.csms.answers["Authorize"] = answering(version, "Blocked")
        await presented(scenery)
        scenery.csms.answers["Authorize"] = answering(version, "Accepted")
        assert await presented(scenery) is AuthorizationStatus.ACCEPTED


@requirement("C12-3")
@pytest.mark.parametrize("version", TWO)
async def test_without_post_authorization_a_refused_token_stays_refused(version):
    """C12: DisablePostAuthorize."""
    async with scene(version, variables=ASKS_LESS | {("AuthCacheCtrlr", "DisablePostAuthorize"): True}) as scenery:
        scenery.csms.answers["Authorize"] = answering(version, "Blocked")
        for _ in range(2):
            assert await presented(scenery) is AuthorizationStatus.BLOCKED
        assert len(scenery.csms.of("Authorize")) == 1


@requirement("C10-2")
@pytest.mark.parametrize("version", ALL)
@pytest.mark.parametrize("status", ["Accepted", "Blocked"])
async def test_offline_what_was_heard_last_holds(version, status):
    """C10: whatever it was."""
    async with scene(version, variables=NO_STRANGERS) as scenery:
        scenery.csms.answers["Authorize"] = answering(version, status)
        await presented(scenery)
        await cut_off(scenery)
        assert await presented(scenery) == status
        assert await presented(scenery, Token("STRANGER", "ISO14443")) is AuthorizationStatus.INVALID


@requirement("C10-2", "1.6:Authorize-3")
@pytest.mark.parametrize("version", ALL)
async def test_what_the_csms_says_of_a_transaction_is_remembered_too(version):
    """C10: the answer to a start outranks the answer before it."""
    async with scene(version, variables=NO_STRANGERS) as scenery:
        station, csms, clock = scenery
        start = "StartTransaction" if version is Version.V16 else "TransactionEvent"
        refusal = answering(version, "Blocked")
        csms.answers[start] = refusal | ({"transactionId": 5} if version is Version.V16 else {})
        await station.plug_in(1, Vehicle())
        assert (await clock.until(station.present(DRIVER, 1))).accepted
        await clock.advance(5)
        await station.unplug(1)
        await clock.advance(5)
        await cut_off(scenery)
        assert await presented(scenery) is AuthorizationStatus.BLOCKED


@requirement("C13-1", "1.6:Authorize-2")
@pytest.mark.parametrize("version", ALL)
async def test_the_local_list_goes_before_the_cache(version):
    """C13, TC_C_25."""
    async with scene(version, variables=NO_STRANGERS) as scenery:
        await presented(scenery)
        old = version is Version.V16
        token = {"idTag": DRIVER.uid} if old else {"idToken": {"idToken": DRIVER.uid, "type": DRIVER.type}}
        info = {"idTagInfo" if old else "idTokenInfo": {"status": "Blocked"}}
        number = {"listVersion" if old else "versionNumber": 1}
        await scenery.csms.ask(
            "SendLocalList", {**number, "updateType": "Full", "localAuthorizationList": [token | info]}
        )
        await cut_off(scenery)
        assert await presented(scenery) is AuthorizationStatus.BLOCKED


@requirement("C10-3")
@pytest.mark.parametrize("version", ALL)
async def test_an_entry_ends_when_the_csms_says(version):
    """C10: cacheExpiryDateTime, 1.6 expiryDate."""
    async with scene(version, variables=ASKS_LESS) as scenery:
        scenery.csms.answers["Authorize"] = answering(version, "Accepted", **expiry(version, "2026-01-01T00:02:00Z"))
        await presented(scenery)
        await presented(scenery)
        assert len(scenery.csms.of("Authorize")) == 1
        await scenery.clock.advance(180)
        await presented(scenery)
        assert len(scenery.csms.of("Authorize")) == 2


@requirement("C10-3")
@pytest.mark.parametrize("version", TWO)
async def test_an_entry_without_an_end_lives_for_its_life_time(version):
    """C10: LifeTime since it was last heard."""
    async with scene(version, variables=ASKS_LESS | {("AuthCacheCtrlr", "LifeTime"): 100}) as scenery:
        await presented(scenery)
        await scenery.clock.advance(60)
        await presented(scenery)
        assert len(scenery.csms.of("Authorize")) == 1
        await scenery.clock.advance(60)
        await presented(scenery)
        assert len(scenery.csms.of("Authorize")) == 2


@requirement("C11-2", "1.6:ClearCache-1")
@pytest.mark.parametrize("version", ALL)
async def test_a_cleared_cache_knows_nobody(version):
    """C11."""
    async with scene(version, variables=ASKS_LESS) as scenery:
        await presented(scenery)
        assert await scenery.csms.ask("ClearCache") == {"status": "Accepted"}
        await presented(scenery)
        assert len(scenery.csms.of("Authorize")) == 2


@requirement("C11-2")
@pytest.mark.parametrize("version", ALL)
async def test_a_cache_that_is_off_cannot_be_cleared(version):
    """C11."""
    async with scene(version) as scenery:
        assert await scenery.csms.ask("ClearCache") == {"status": "Rejected"}


async def test_a_1_6_station_is_told_to_use_its_cache_by_a_key():
    async with scene(Version.V16, variables={("AuthCtrlr", "LocalPreAuthorize"): True}) as scenery:
        key = {"key": "AuthorizationCacheEnabled", "value": "true"}
        assert await scenery.csms.ask("ChangeConfiguration", key) == {"status": "Accepted"}
        for _ in range(2):
            await presented(scenery)
        assert len(scenery.csms.of("Authorize")) == 1


@requirement("C17-3", "C10-5")
async def test_a_prepaid_card_is_asked_about_each_time():
    """C17 (2.1): NoCredit is not kept."""
    async with scene(Version.V21, variables=NO_STRANGERS) as scenery:
        await presented(scenery)
        scenery.csms.answers["Authorize"] = answering(Version.V21, "NoCredit")
        await presented(scenery)
        await cut_off(scenery)
        assert await presented(scenery) is AuthorizationStatus.INVALID


@requirement("C10-4")
@pytest.mark.parametrize("version", ALL)
async def test_where_there_is_no_room_refused_tokens_go_first_and_then_the_oldest(version):
    """C10."""
    async with scene(version, variables=NO_STRANGERS) as scenery:
        hear, *_ = scenery.station.line.on_said

        def heard(uid: str, status: AuthorizationStatus = AuthorizationStatus.ACCEPTED) -> None:
            said = TokenDecision(authorization=Authorization(status=status))
            hear(TokenPresented(token=Token(uid, "ISO14443")), said)

        for number in range(ROOM - 1):
            heard(f"T{number}")
        heard("REFUSED", AuthorizationStatus.BLOCKED)
        heard("NEW1")
        await cut_off(scenery)
        outcomes = {uid: await presented(scenery, Token(uid, "ISO14443")) for uid in ("T0", "REFUSED", "NEW1")}
        assert [*outcomes.values()] == ["Accepted", "Invalid", "Accepted"]
        heard("NEW2")
        assert await presented(scenery, Token("T0", "ISO14443")) is AuthorizationStatus.INVALID
        assert await presented(scenery, Token("T1", "ISO14443")) is AuthorizationStatus.ACCEPTED


@pytest.mark.parametrize("version", ALL)
async def test_a_cache_outlives_a_restart(version):
    async with scene(version, variables=ASKS_LESS) as scenery:
        await presented(scenery)
        await scenery.csms.ask("Reset", {"type": "Hard" if version is Version.V16 else "Immediate"})
        await scenery.clock.advance(120)
        await presented(scenery)
        assert len(scenery.csms.of("Authorize")) == 1


@requirement("C02-2", "C10-5")
@pytest.mark.parametrize("version", TWO)
@pytest.mark.parametrize(
    ("token", "status"),
    [
        (Token("", "NoAuthorization"), AuthorizationStatus.ACCEPTED),
        (Token("GIVEN", "Central"), AuthorizationStatus.ACCEPTED),
        (Token("psp-1", "DirectPayment"), AuthorizationStatus.ACCEPTED),
        (Token("PREPAID", "ISO14443"), AuthorizationStatus.NO_CREDIT),
    ],
)
async def test_what_is_not_kept_takes_no_room_from_what_is(version, token, status):
    """C10: start buttons, Central and prepaid tokens."""
    async with scene(version, variables=NO_STRANGERS) as scenery:
        hear, *_ = scenery.station.line.on_said
        for number in range(ROOM):
            said = TokenDecision(authorization=Authorization(status=AuthorizationStatus.ACCEPTED))
            hear(TokenPresented(token=Token(f"T{number}", "ISO14443")), said)
        hear(TokenPresented(token=token), TokenDecision(authorization=Authorization(status=status)))
        await cut_off(scenery)
        assert await presented(scenery, Token("T0", "ISO14443")) is AuthorizationStatus.ACCEPTED
