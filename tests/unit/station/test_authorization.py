"""A token is presented."""

import pytest
from tests.unit.station.scripted import ALL, DRIVER, EPOCH, TWO, scene

from amperanto.conformance.requirements import requirement
from amperanto.domain.tokens import AuthorizationStatus, Token
from amperanto.ocpp import Version
from amperanto.station import Vehicle

OTHER = Token("FRIEND", "ISO14443")


def answering(version, **info):
    return {"idTagInfo" if version is Version.V16 else "idTokenInfo": info}


@requirement("C01-1")
@pytest.mark.parametrize("version", ALL)
async def test_a_refused_token_starts_nothing(version):
    async with scene(version) as (station, csms, clock):
        csms.answers["Authorize"] = answering(version, status="Blocked")
        await station.plug_in(1, Vehicle())
        assert (await clock.until(station.present(DRIVER, 1))).status is AuthorizationStatus.BLOCKED
        await clock.advance(60)
        assert station.transactions == []
        assert not station.evses[1].outlet.contactor.closed


@requirement("C01-1")
@pytest.mark.parametrize("version", ALL)
async def test_who_authorises_first_and_plugs_in_then_charges(version):
    async with scene(version) as (station, csms, clock):
        assert (await clock.until(station.present(DRIVER, 1))).accepted
        await clock.advance(30)
        assert station.transactions == []
        await station.plug_in(1, Vehicle())
        await clock.advance(1)
        assert station.evses[1].state == "Charging"
        assert csms.of("StartTransaction", "TransactionEvent")


@requirement("C01-3")
@pytest.mark.parametrize("version", ALL)
async def test_who_does_not_plug_in_in_time_loses_the_authorisation(version):
    async with scene(version) as (station, _, clock):
        await clock.until(station.present(DRIVER, 1))
        assert station.evses[1].state == "Preparing"
        await clock.advance(60)
        assert station.evses[1].state == "Available"
        await station.plug_in(1, Vehicle())
        assert station.transactions == []


async def test_a_transaction_that_began_with_the_token_ends_by_timeout_when_nobody_plugs_in():
    points = {("TxCtrlr", "TxStartPoint"): "Authorized", ("TxCtrlr", "TxStopPoint"): "Authorized"}
    async with scene(Version.V201, variables=points) as (station, csms, clock):
        await clock.until(station.present(DRIVER, 1))
        await clock.advance(61)
        ended = csms.of("TransactionEvent")[-1]
        assert (ended["eventType"], ended["triggerReason"]) == ("Ended", "EVConnectTimeout")
        assert ended["transactionInfo"]["stoppedReason"] == "Timeout"


@requirement("C09-3", "C09-4")
@pytest.mark.parametrize("version", ALL)
async def test_a_stranger_cannot_end_a_transaction_but_one_of_the_group_can(version):
    group = "FAMILY"
    info = (
        {"status": "Accepted", "parentIdTag": group}
        if version is Version.V16
        else {"status": "Accepted", "groupIdToken": {"idToken": group, "type": "Central"}}
    )
    async with scene(version) as (station, csms, clock):
        csms.answers["Authorize"] = answering(version, **info)
        await station.plug_in(1, Vehicle())
        await clock.until(station.present(DRIVER, 1))
        await clock.advance(60)
        csms.answers["Authorize"] = answering(version, status="Accepted")
        assert not (await clock.until(station.present(OTHER, 1))).accepted
        assert station.transactions[0].open
        csms.answers["Authorize"] = answering(version, **info)
        assert (await clock.until(station.present(OTHER, 1))).accepted
        assert not station.transactions[0].open


@requirement("C01.FR.25")
async def test_the_same_token_ends_its_transaction_however_it_is_spelled():
    async with scene(Version.V201) as (station, csms, clock):
        await station.plug_in(1, Vehicle())
        await clock.until(station.present(Token("abcd", "ISO14443"), 1))
        await clock.until(station.present(Token("ABCD", "ISO14443"), 1))
        assert not station.transactions[0].open
        assert len(csms.of("Authorize")) == 1


@requirement("C15-2")
@pytest.mark.parametrize("version", ALL)
@pytest.mark.parametrize(("allowed", "charges"), [(True, 1), (False, 0)])
async def test_an_unknown_token_charges_offline_only_where_that_is_allowed(allowed, charges, version):
    variables = {("AuthCtrlr", "OfflineTxForUnknownIdEnabled"): allowed}
    async with scene(version, variables=variables) as (station, csms, clock):
        csms.unreachable = True
        csms.cut()
        await clock.advance(1)
        await station.plug_in(1, Vehicle())
        assert (await clock.until(station.present(DRIVER, 1))).accepted is allowed
        assert len(station.transactions) == charges


@pytest.mark.parametrize("online", [True, False])
async def test_a_token_too_long_for_16_is_refused_before_it_is_sent(online):
    async with scene(Version.V16) as (station, csms, clock):
        if not online:
            csms.unreachable = True
            csms.cut()
            await clock.advance(1)
        outcome = await clock.until(station.present(Token("x" * 21), 1))
        assert outcome.status is AuthorizationStatus.INVALID
        assert csms.of("Authorize") == []


@requirement("C02-2")
@pytest.mark.parametrize("version", TWO)
async def test_tokens_nobody_can_check_are_not_asked_about(version):
    async with scene(version) as (station, csms, clock):
        await station.plug_in(1, Vehicle())
        assert (await clock.until(station.present(Token("", "NoAuthorization"), 1))).accepted
        await clock.advance(5)
        assert csms.of("Authorize") == []


@requirement("1.6:ClearCache-1", "C11-2")
@pytest.mark.parametrize("version", ALL)
async def test_there_is_no_cache_to_clear(version):
    async with scene(version) as (_, csms, _clock):
        assert await csms.ask("ClearCache") == {"status": "Rejected"}


@pytest.mark.parametrize("version", ALL)
@pytest.mark.parametrize("status", ["Pending", "Rejected"])
@pytest.mark.parametrize("allowed", [False, True])
async def test_a_station_not_accepted_yet_charges_only_where_it_is_set_to(version, status, allowed):
    def prepare(csms):
        csms.answers["BootNotification"] = {"status": status, "currentTime": EPOCH, "interval": 600}

    variables = {("TxCtrlr", "TxBeforeAcceptedEnabled"): allowed}
    async with scene(version, prepare=prepare, variables=variables) as (station, csms, clock):
        await station.plug_in(1, Vehicle())
        assert (await clock.until(station.present(DRIVER, 1))).accepted is allowed
        await clock.advance(60)
        assert len(station.transactions) == allowed
        assert csms.actions() == ["BootNotification"]


def accepted(version, **info):
    return answering(version, status="Accepted", **info)


def grouped(version, name):
    return accepted(version, groupIdToken={"idToken": name, "type": "Central"})


@requirement("C01-6", "C01.FR.22")
@pytest.mark.parametrize("version", TWO)
async def test_a_token_for_some_evses_charges_at_those_only(version):
    async with scene(version, evses=2) as (station, csms, clock):
        csms.answers["Authorize"] = accepted(version, evseId=[2])
        for evse in (1, 2):
            await station.plug_in(evse, Vehicle())
        refused = await clock.until(station.present(DRIVER, 1))
        assert refused.status is AuthorizationStatus.NOT_AT_THIS_LOCATION
        assert (await clock.until(station.present(DRIVER, 2))).accepted
        await clock.advance(10)
        assert [station.evses[number].state for number in (1, 2)] == ["Preparing", "Charging"]


MASTERS = {("AuthCtrlr", "MasterPassGroupId"): "MASTERS"}


@requirement("C16-2", "C16-3")
@pytest.mark.parametrize("version", TWO)
@pytest.mark.parametrize("at", [1, 3])
async def test_a_master_pass_ends_every_transaction_wherever_it_is_presented_and_starts_none(version, at):
    async with scene(version, evses=3, variables=MASTERS) as (station, csms, clock):
        for evse in (1, 2):
            await station.plug_in(evse, Vehicle())
            await clock.until(station.present(Token(f"DRIVER-{evse}", "ISO14443"), evse))
        await station.plug_in(3, Vehicle())
        await clock.advance(30)
        csms.answers["Authorize"] = grouped(version, "masters")
        assert (await clock.until(station.present(OTHER, at))).accepted
        await clock.advance(5)
        ended = [one for one in csms.of("TransactionEvent") if one["eventType"] == "Ended"]
        assert [one["transactionInfo"]["stoppedReason"] for one in ended] == ["MasterPass", "MasterPass"]
        assert {one["idToken"]["idToken"] for one in ended} == {OTHER.uid}
        assert not (await clock.until(station.present(OTHER, 3))).accepted
        await clock.advance(30)
        assert len(station.transactions) == 2


@requirement("C16-2")
async def test_without_a_master_pass_group_a_group_is_a_group():
    async with scene(Version.V201) as (station, csms, clock):
        csms.answers["Authorize"] = grouped(Version.V201, "")
        await station.plug_in(1, Vehicle())
        assert (await clock.until(station.present(DRIVER, 1))).accepted
        await clock.advance(5)
        assert station.transactions[0].open


@requirement("C01-1")
@pytest.mark.parametrize("version", TWO)
async def test_where_no_authorization_is_needed_nobody_is_asked(version):
    async with scene(version, variables={("AuthCtrlr", "Enabled"): False}) as (station, csms, clock):
        csms.answers["Authorize"] = answering(version, status="Blocked")
        await station.plug_in(1, Vehicle())
        assert (await clock.until(station.present(DRIVER, 1))).accepted
        assert csms.of("Authorize") == []


async def test_a_station_that_may_not_ask_knows_its_list_and_cache_only():
    variables = {("AuthCtrlr", "DisableRemoteAuthorization"): True}
    async with scene(Version.V201, variables=variables) as (station, csms, clock):
        await csms.ask(
            "SendLocalList",
            {
                "versionNumber": 1,
                "updateType": "Full",
                "localAuthorizationList": [
                    {"idToken": {"idToken": DRIVER.uid, "type": DRIVER.type}, "idTokenInfo": {"status": "Accepted"}}
                ],
            },
        )
        assert not (await clock.until(station.present(OTHER, 1))).accepted
        assert (await clock.until(station.present(DRIVER, 1))).accepted
        assert csms.of("Authorize") == []


@requirement("C03-1", "C05-2", "C10-5")
@pytest.mark.parametrize("version", TWO)
async def test_a_central_token_is_neither_asked_about_nor_cached(version):
    cache = {("AuthCacheCtrlr", "Enabled"): True, ("AuthCtrlr", "OfflineTxForUnknownIdEnabled"): False}
    async with scene(version, variables=cache) as (station, csms, clock):
        await station.plug_in(1, Vehicle())
        assert (await clock.until(station.present(Token("GIVEN", "Central"), 1))).accepted
        await clock.advance(5)
        assert csms.of("Authorize") == []
        await clock.until(station.present(Token("GIVEN", "Central"), 1))
        csms.unreachable = True
        csms.cut()
        await clock.advance(1)
        assert not (await clock.until(station.present(Token("GIVEN", "ISO14443"), 1))).accepted


@requirement("C15-3")
@pytest.mark.parametrize("version", ALL)
async def test_offline_a_token_known_as_refused_is_no_stranger(version):
    variables = {
        ("AuthCacheCtrlr", "Enabled"): True,
        ("AuthCtrlr", "LocalAuthorizeOffline"): False,
        ("AuthCtrlr", "OfflineTxForUnknownIdEnabled"): True,
    }
    async with scene(version, variables=variables) as (station, csms, clock):
        csms.answers["Authorize"] = answering(version, status="Blocked")
        await clock.until(station.present(DRIVER, 1))
        csms.unreachable = True
        csms.cut()
        await clock.advance(1)
        assert (await clock.until(station.present(DRIVER, 1))).status is AuthorizationStatus.BLOCKED
        assert (await clock.until(station.present(OTHER, 1))).accepted
