"""H. Reservation at the station: kept, used, cancelled, expired, removed, replaced (H01-H04; 1.6 Reservation)."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from tests.unit.station.scripted import ALL, DRIVER, TWO, reports, scene

from amperanto.conformance.requirements import requirement
from amperanto.domain.stations import Fault
from amperanto.domain.tokens import Token
from amperanto.ocpp import Version
from amperanto.station import Vehicle
from amperanto.station.hardware import Outlet

OTHER = Token("BEEF0001", "ISO14443")
HOUR = 60


def in_minutes(minutes: float) -> str:
    at = datetime(2026, 1, 1, tzinfo=UTC) + timedelta(minutes=minutes)
    return at.isoformat().replace("+00:00", "Z")


async def reserve(csms, number: int = 7, *, evse: int | None = 1, minutes: float = HOUR, **more: Any) -> str:
    """The station's word."""
    group = more.pop("group", None)
    if csms.version is Version.V16:
        asked = {
            "connectorId": evse or 0, "expiryDate": in_minutes(minutes), "idTag": DRIVER.uid, "reservationId": number,
        } | ({"parentIdTag": group} if group else {})  # fmt: skip
    else:
        asked = {"id": number, "expiryDateTime": in_minutes(minutes), "idToken": spelled(DRIVER), **more}
        asked |= ({"evseId": evse} if evse else {}) | (
            {"groupIdToken": spelled(Token(group, "Central"))} if group else {}
        )
    return (await csms.ask("ReserveNow", asked))["status"]


def spelled(token: Token) -> dict[str, str]:
    return {"idToken": token.uid, "type": token.type}


async def cancel(csms, number: int = 7) -> str:
    return (await csms.ask("CancelReservation", {"reservationId": number}))["status"]


def states(csms, evse: int = 1) -> list[str]:
    """What the station told of that connector since it booted."""
    if csms.version is Version.V16:
        return [one["status"] for one in csms.of("StatusNotification") if one["connectorId"] == evse]
    if csms.version is Version.V201:
        return [one["connectorStatus"] for one in csms.of("StatusNotification") if one["evseId"] == evse]
    lines = [line for one in csms.of("NotifyEvent") for line in one["eventData"]]
    return [line["actualValue"] for line in lines if line["component"]["evse"]["id"] == evse]


def ends(csms) -> list[tuple[int, str]]:
    return [(one["reservationId"], one["reservationUpdateStatus"]) for one in csms.of("ReservationStatusUpdate")]


def used(csms) -> list[int | None]:
    """The reservation each report of a transaction names."""
    return [one.get("reservationId") for one in csms.of("StartTransaction", "TransactionEvent")]


# --- H01: reserve


@requirement("H01-1")
@pytest.mark.parametrize("version", ALL)
async def test_a_reserved_connector_says_so_after_the_answer(version):
    """H01, TC_H_01, 1.6 TC_046: Accepted, then Reserved in the words of the version (2.1: NotifyEvent)."""
    async with scene(version, evses=2) as (_, csms, clock):
        before = len(csms.frames)
        assert await reserve(csms) == "Accepted"
        await clock.advance(1)
        assert csms.frames[before][0] == 3
        assert (states(csms, 1)[-1], states(csms, 2)[-1]) == ("Reserved", "Available")


@requirement("H01-3", "1.6:ReserveNow-1")
@pytest.mark.parametrize("version", ALL)
async def test_a_place_that_is_taken_broken_or_out_of_service_is_not_reserved(version):
    """H01, TC_H_03, TC_H_04, TC_H_06, TC_H_22; 1.6 TC_048_1 to _4."""
    async with scene(version, evses=4) as (station, csms, clock):
        assert await reserve(csms, 1, evse=1) == "Accepted"
        assert await reserve(csms, 2, evse=1) == "Occupied"
        await station.plug_in(2, Vehicle())
        assert await reserve(csms, 2, evse=2) == "Occupied"
        await station.fail(3, Fault(code="GroundFailure"))
        assert await reserve(csms, 2, evse=3) == "Faulted"
        change = {"connectorId": 4, "type": "Inoperative"}
        if version is not Version.V16:
            change = {"evse": {"id": 4}, "operationalStatus": "Inoperative"}
        await csms.ask("ChangeAvailability", change)
        assert await reserve(csms, 2, evse=4) == "Unavailable"
        assert await reserve(csms, 2, evse=9) == "Rejected"
        await clock.advance(1)
        assert [one.number for one in station.reservations] == [1]


@requirement("H01-4")
@pytest.mark.parametrize("version", ALL)
@pytest.mark.parametrize("switch", ["Available", "Enabled"])
async def test_a_station_that_takes_no_reservations_rejects_them(version, switch):
    """H01, TC_H_22, R-3; 1.6 TC_048_4."""
    async with scene(version, variables={("ReservationCtrlr", switch): False}) as (_, csms, _clock):
        assert await reserve(csms) == "Rejected"


@pytest.mark.parametrize("version", ALL)
async def test_what_has_expired_already_is_rejected(version):
    async with scene(version) as (station, csms, _clock):
        assert await reserve(csms, minutes=-1) == "Rejected"
        assert station.reservations == []


@requirement("H01-2", "1.6:ReserveNow-3")
@pytest.mark.parametrize("version", ALL)
async def test_the_same_number_replaces_even_at_another_place(version):
    """H01, TC_H_23; the old place is free again, and no end is told."""
    async with scene(version, evses=2) as (station, csms, clock):
        await reserve(csms, 7, evse=1)
        assert await reserve(csms, 7, evse=2, minutes=2 * HOUR) == "Accepted"
        await clock.advance(61 * 60)
        assert (states(csms, 1)[-1], states(csms, 2)[-1]) == ("Available", "Reserved")
        assert ends(csms) == []
        assert [one.evse for one in station.reservations] == [2]


@pytest.mark.parametrize("version", ALL)
async def test_a_replacement_that_is_refused_leaves_what_was(version):
    async with scene(version, evses=2) as (station, csms, _clock):
        await reserve(csms, 7, evse=1)
        await station.fail(2, Fault(code="GroundFailure"))
        assert await reserve(csms, 7, evse=2) == "Faulted"
        assert [one.evse for one in station.reservations] == [1]


# --- H01: any EVSE


@requirement("H01-5", "1.6:ReserveNow-2")
@pytest.mark.parametrize("version", ALL)
async def test_any_evse_needs_a_station_that_can(version):
    """H01: NonEvseSpecific; 1.6 ReserveConnectorZeroSupported."""
    async with scene(version, variables={("ReservationCtrlr", "NonEvseSpecific"): False}) as (_, csms, _clock):
        assert await reserve(csms, evse=None) == "Rejected"


@requirement("H01-6", "H01-7")
@pytest.mark.parametrize("version", ALL)
async def test_as_many_free_places_as_reservations_are_all_reserved(version):
    """H01, TC_H_08, TC_H_09, TC_H_14; 1.6 TC_049."""
    async with scene(version, evses=3) as (station, csms, clock):
        assert await reserve(csms, 1, evse=None) == "Accepted"
        await clock.advance(1)
        assert [states(csms, number)[-1] for number in (1, 2, 3)] == ["Available"] * 3
        await station.plug_in(1, Vehicle())
        await clock.advance(1)
        assert [states(csms, number)[-1] for number in (2, 3)] == ["Available"] * 2
        assert await reserve(csms, 2, evse=3) == "Accepted"
        await clock.advance(1)
        assert [states(csms, number)[-1] for number in (2, 3)] == ["Reserved"] * 2
        assert await reserve(csms, 3, evse=None) == "Occupied"
        assert await reserve(csms, 4, evse=2) == "Occupied"
        await station.unplug(1)
        await clock.advance(1)
        assert states(csms, 2)[-1] == "Available"


@pytest.mark.parametrize("version", ALL)
async def test_where_nothing_can_be_reserved_the_answer_says_why(version):
    """H01, TC_H_10, TC_H_12."""
    async with scene(version, evses=2) as (station, csms, _clock):
        await station.fail(1, Fault(code="GroundFailure"))
        await station.fail(2, Fault(code="GroundFailure"))
        assert await reserve(csms, evse=None) == "Faulted"
        await station.repair(1)
        await station.plug_in(1, Vehicle())
        assert await reserve(csms, evse=None) == "Occupied"


@pytest.mark.parametrize("version", TWO)
async def test_a_connector_type_is_kept_free_by_itself(version):
    """H01, TC_H_15, TC_H_16, R-1."""
    outlets = {
        1: Outlet(connector_type="cCCS2"),
        2: Outlet(connector_type="sType2"),
        3: Outlet(connector_type="sType2"),
    }
    async with scene(version, evses=outlets) as (_, csms, clock):
        assert await reserve(csms, 1, evse=None, connectorType="cCCS2") == "Accepted"
        await clock.advance(1)
        assert [states(csms, number)[-1] for number in (1, 2, 3)] == ["Reserved", "Available", "Available"]
        assert await reserve(csms, 2, evse=None, connectorType="cCCS2") == "Occupied"
        assert await reserve(csms, 3, evse=None, connectorType="cType1") == "Rejected"
        assert await reserve(csms, 4, evse=None) == "Accepted"
        assert await reserve(csms, 5, evse=None, connectorType="sType2") == "Accepted"
        await clock.advance(1)
        assert [states(csms, number)[-1] for number in (1, 2, 3)] == ["Reserved"] * 3


# --- H02: cancel


@requirement("H02-1", "H02-2")
@pytest.mark.parametrize("version", ALL)
async def test_a_cancelled_place_is_available_again(version):
    """H02, TC_H_17, TC_H_18; 1.6 TC_051, TC_052. Cancelling is no end to be told."""
    async with scene(version) as (_, csms, clock):
        assert await cancel(csms, 7) == "Rejected"
        await reserve(csms, 7)
        assert await cancel(csms, 8) == "Rejected"
        assert await cancel(csms, 7) == "Accepted"
        await clock.advance(2 * HOUR * 60)
        assert states(csms) == ["Available", "Reserved", "Available"]
        assert ends(csms) == []
        assert await cancel(csms, 7) == "Rejected"


# --- H03: use


@requirement("H03-1", "H03-2", "G01.FR.06", "1.6:ReserveNow-4")
@pytest.mark.parametrize("version", ALL)
async def test_its_token_uses_it_and_the_transaction_names_it_once(version):
    """H03, TC_H_01, G01.FR.06; 1.6 TC_046_1."""
    async with scene(version) as (station, csms, clock):
        await reserve(csms, 7)
        await station.plug_in(1, Vehicle())
        assert (await clock.until(station.present(DRIVER, 1))).accepted
        await clock.advance(2 * HOUR * 60)
        assert used(csms)[0] == 7
        assert set(used(csms)[1:]) <= {None}
        assert station.reservations == []
        assert ends(csms) == []
        told = states(csms)
        assert told[: told.index("Reserved") + 2][-1] in ("Preparing", "Occupied", "Charging")


@requirement("G01.FR.09", "H03-6")
@pytest.mark.parametrize("version", ALL)
async def test_another_token_is_turned_away_and_the_place_stays_reserved(version):
    """H01, TC_H_02; 2.1 G01.FR.09: also with a car on the cable. Nobody is asked about that token."""
    async with scene(version) as (station, csms, clock):
        await reserve(csms, 7)
        await station.plug_in(1, Vehicle())
        assert not (await clock.until(station.present(OTHER, 1))).accepted
        await clock.advance(1)
        assert states(csms)[-1] == "Reserved"
        assert csms.of("Authorize", "StartTransaction") == []
        assert [one.number for one in station.reservations] == [7]


@requirement("H03-3", "H03-4")
@pytest.mark.parametrize("version", ALL)
async def test_a_token_of_the_group_uses_it_once_the_csms_has_said_its_group(version):
    """H03, TC_H_19; 1.6 TC_053_1: the station asks to learn the group."""
    async with scene(version) as (station, csms, clock):
        info = {"status": "Accepted", "parentIdTag": "Fleet"}
        if version is not Version.V16:
            info = {"status": "Accepted", "groupIdToken": {"idToken": "Fleet", "type": "Central"}}
        csms.answers["Authorize"] = {"idTagInfo" if version is Version.V16 else "idTokenInfo": info}
        await reserve(csms, 7, group="FLEET")
        await station.plug_in(1, Vehicle())
        assert (await clock.until(station.present(OTHER, 1))).accepted
        await clock.advance(60)
        assert used(csms)[0] == 7


@pytest.mark.parametrize("version", ALL)
async def test_a_token_of_another_group_is_asked_about_and_turned_away(version):
    async with scene(version) as (station, csms, clock):
        await reserve(csms, 7, group="FLEET")
        await station.plug_in(1, Vehicle())
        assert not (await clock.until(station.present(OTHER, 1))).accepted
        assert len(csms.of("Authorize")) == 1
        assert station.transactions == []


@requirement("H03.FR.10")
@pytest.mark.parametrize("version", TWO)
async def test_without_a_cable_the_place_is_available_at_once(version):
    """H03.FR.10."""
    async with scene(version) as (station, csms, clock):
        await reserve(csms, 7)
        await clock.until(station.present(DRIVER, 1))
        await clock.advance(1)
        assert states(csms) == ["Available", "Reserved", "Available"]
        await station.plug_in(1, Vehicle())
        await clock.advance(1)
        assert used(csms)[0] == 7
        assert states(csms)[-1] == "Occupied"


@requirement("H03-5")
@pytest.mark.parametrize("version", ALL)
async def test_who_comes_without_a_car_has_used_it_and_21_says_that_nothing_came_of_it(version):
    """H03: NoTransaction is 2.1's; the next driver's transaction names no reservation."""
    async with scene(version, variables={("TxCtrlr", "EVConnectionTimeOut"): 30}) as (station, csms, clock):
        await reserve(csms, 7)
        await clock.until(station.present(DRIVER, 1))
        await clock.advance(40)
        assert ends(csms) == ([(7, "NoTransaction")] if version is Version.V21 else [])
        await station.plug_in(1, Vehicle())
        await clock.until(station.present(OTHER, 1))
        await clock.advance(1)
        assert set(used(csms)) == {None}


@pytest.mark.parametrize("version", TWO)
async def test_who_gives_up_before_charging_leaves_no_reservation_to_the_next(version):
    """H03: the number goes with its token, never with whoever plugs in afterwards."""
    async with scene(version, variables={("TxCtrlr", "TxStartPoint"): "EVConnected"}) as (station, csms, clock):
        await reserve(csms, 7)
        await clock.until(station.present(DRIVER, 1))
        await clock.until(station.present(DRIVER, 1))
        await station.plug_in(1, Vehicle())
        await clock.until(station.present(OTHER, 1))
        await clock.advance(1)
        assert len(used(csms)) > 1
        assert set(used(csms)) == {None}


@pytest.mark.parametrize("version", ALL)
async def test_whoever_may_choose_uses_it_at_any_free_place(version):
    """H03, TC_H_08; 1.6 TC_049."""
    async with scene(version, evses=2) as (station, csms, clock):
        await reserve(csms, 7, evse=None)
        await station.plug_in(2, Vehicle())
        await clock.until(station.present(DRIVER, 2))
        await clock.advance(1)
        assert used(csms)[0] == 7
        assert station.reservations == []


@requirement("F01-9")
@pytest.mark.parametrize("version", ALL)
async def test_a_remote_start_follows_the_reservation(version):
    """F01, F02: Reserved for another token → Rejected; for this one it is chosen and used (1.6 TC_053_2)."""
    async with scene(version, evses=2) as (station, csms, clock):
        await reserve(csms, 7, evse=2)

        async def start(token: Token, evse: int | None) -> str:
            if version is Version.V16:
                at = {"connectorId": evse} if evse else {}
                return (await csms.ask("RemoteStartTransaction", {"idTag": token.uid, **at}))["status"]
            asked = {"idToken": spelled(token), "remoteStartId": 5} | ({"evseId": evse} if evse else {})
            return (await csms.ask("RequestStartTransaction", asked))["status"]

        assert await start(OTHER, 2) == "Rejected"
        assert await start(DRIVER, None) == "Accepted"
        await station.plug_in(2, Vehicle())
        await clock.advance(1)
        assert used(csms)[0] == 7


@pytest.mark.parametrize("version", TWO)
async def test_a_remote_start_for_the_group_uses_the_reservation(version):
    """F01, H03."""
    async with scene(version) as (station, csms, clock):
        await reserve(csms, 7, group="FLEET")
        await station.plug_in(1, Vehicle())
        group = {"groupIdToken": spelled(Token("fleet", "Central"))}
        asked = {"idToken": spelled(OTHER), "remoteStartId": 5, "evseId": 1}
        assert (await csms.ask("RequestStartTransaction", asked))["status"] == "Rejected"
        assert (await csms.ask("RequestStartTransaction", asked | group))["status"] == "Accepted"
        await clock.advance(1)
        assert used(csms)[0] == 7


async def test_a_16_station_that_asks_first_learns_the_group_of_a_remote_start():
    """1.6 TC_053_2 with AuthorizeRemoteTxRequests."""
    variables = {("AuthCtrlr", "AuthorizeRemoteStart"): True}
    async with scene(Version.V16, variables=variables) as (station, csms, clock):
        csms.answers["Authorize"] = {"idTagInfo": {"status": "Accepted", "parentIdTag": "FLEET"}}
        await reserve(csms, 7, group="FLEET")
        await station.plug_in(1, Vehicle())
        answer = await csms.ask("RemoteStartTransaction", {"idTag": OTHER.uid, "connectorId": 1})
        assert answer == {"status": "Accepted"}
        await clock.advance(1)
        assert used(csms) == [7]


# --- H04 and H01: the end


@requirement("H04-1", "H04-2")
@pytest.mark.parametrize("version", ALL)
async def test_what_expires_is_told_and_free_again(version):
    """H04, TC_H_07; 1.6 TC_047, where the state alone tells it."""
    async with scene(version) as (station, csms, clock):
        await reserve(csms, 7, minutes=10)
        await clock.advance(9 * 60)
        assert states(csms)[-1] == "Reserved"
        await clock.advance(2 * 60)
        assert states(csms)[-1] == "Available"
        assert ends(csms) == ([] if version is Version.V16 else [(7, "Expired")])
        assert station.reservations == []


@pytest.mark.parametrize("version", TWO)
async def test_what_expired_while_the_line_was_down_is_told_afterwards(version):
    """H04."""
    async with scene(version) as (_, csms, clock):
        await reserve(csms, 7, minutes=10)
        csms.unreachable = True
        csms.cut()
        await clock.advance(20 * 60)
        assert ends(csms) == []
        csms.unreachable = False
        await clock.advance(10 * 60)
        assert ends(csms) == [(7, "Expired")]
        assert states(csms)[-1] == "Available"


@requirement("H01-8", "1.6:ReserveNow-5")
@pytest.mark.parametrize("version", ALL)
@pytest.mark.parametrize("cause", ["fault", "out of service"])
async def test_a_place_that_breaks_or_goes_out_of_service_is_reserved_no_longer(version, cause):
    """H01, TC_H_20, TC_H_21; state_machines §1: G8, G9."""
    async with scene(version) as (station, csms, clock):
        await reserve(csms, 7)
        if cause == "fault":
            await station.fail(1, Fault(code="GroundFailure"))
        elif version is Version.V16:
            await csms.ask("ChangeAvailability", {"connectorId": 1, "type": "Inoperative"})
        else:
            await csms.ask("ChangeAvailability", {"evse": {"id": 1}, "operationalStatus": "Inoperative"})
        await clock.advance(1)
        assert ends(csms) == ([] if version is Version.V16 else [(7, "Removed")])
        assert states(csms)[-1] == ("Faulted" if cause == "fault" else "Unavailable")
        await station.repair(1)
        await clock.advance(1)
        assert "Reserved" not in states(csms)[-1:]
        assert station.reservations == []


@requirement("B01.FR.13")
@pytest.mark.parametrize("version", ALL)
async def test_a_reservation_outlives_a_restart(version):
    """B01.FR.13, TC_B_24: Reserved is told again after the boot, and the reservation still holds."""
    async with scene(version) as (station, csms, clock):
        await reserve(csms, 7)
        await clock.advance(1)
        told = len(states(csms))
        reset = {"type": "Hard" if version is Version.V16 else "Immediate"}
        assert (await csms.ask("Reset", reset))["status"] == "Accepted"
        await clock.advance(60)
        assert csms.actions().count("BootNotification") == 2
        assert states(csms)[told:] == ["Reserved"]
        await station.plug_in(1, Vehicle())
        assert not (await clock.until(station.present(OTHER, 1))).accepted
        await clock.until(station.present(DRIVER, 1))
        await clock.advance(1)
        assert used(csms)[0] == 7


async def test_a_16_station_says_that_it_reserves():
    """SupportedFeatureProfiles, ReserveConnectorZeroSupported."""
    async with scene(Version.V16) as (_, csms, _clock):
        keys = ["SupportedFeatureProfiles", "ReserveConnectorZeroSupported"]
        answer = await csms.ask("GetConfiguration", {"key": keys})
        found = {one["key"]: one["value"] for one in answer["configurationKey"]}
        assert "Reservation" in found["SupportedFeatureProfiles"].split(",")
        assert found["ReserveConnectorZeroSupported"] == "true"


@pytest.mark.parametrize("version", TWO)
async def test_a_transaction_begun_by_the_cable_alone_names_the_reservation_when_its_token_comes(version):
    """H03: the next event after the use carries the number, once."""
    variables = {("TxCtrlr", "TxStartPoint"): "EVConnected"}
    async with scene(version, variables=variables) as (station, csms, clock):
        await reserve(csms, 7)
        await station.plug_in(1, Vehicle())
        await clock.advance(1)
        assert states(csms)[-1] == "Reserved"
        await clock.until(station.present(DRIVER, 1))
        await clock.advance(1)
        found = [(one["triggerReason"], one.get("reservationId")) for one in reports(csms)]
        assert found[:2] == [("CablePluggedIn", None), ("Authorized", 7)]
        assert {number for _, number in found[2:]} <= {None}


@requirement("H01-12")
@pytest.mark.parametrize("version", TWO)
@pytest.mark.parametrize("end", ["cancelled", "expired"])
async def test_a_restart_on_idle_waits_until_nothing_is_reserved(version, end):
    async with scene(version) as (_, csms, clock):
        assert await reserve(csms, minutes=10) == "Accepted"
        assert (await csms.ask("Reset", {"type": "OnIdle"}))["status"] == "Scheduled"
        await clock.advance(300)
        assert len(csms.of("BootNotification")) == 1
        if end == "cancelled":
            assert await cancel(csms) == "Accepted"
            await clock.advance(60)
        else:
            await clock.advance(900)
        assert len(csms.of("BootNotification")) == 2


@pytest.mark.parametrize("version", TWO)
async def test_a_restart_on_idle_waits_for_who_uses_the_reservation(version):
    async with scene(version) as (station, csms, clock):
        assert await reserve(csms) == "Accepted"
        assert (await csms.ask("Reset", {"type": "OnIdle"}))["status"] == "Scheduled"
        await station.plug_in(1, Vehicle())
        await clock.until(station.present(DRIVER, 1))
        await clock.advance(60)
        assert (len(csms.of("BootNotification")), station.transactions[0].open) == (1, True)
        await clock.until(station.present(DRIVER, 1))
        await clock.advance(60)
        assert len(csms.of("BootNotification")) == 2
