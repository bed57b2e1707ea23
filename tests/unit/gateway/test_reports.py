"""Reports of variables (B07, B08) from stations typed by hand: in parts, out of order, doubled, lost, late."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from itertools import count
from typing import Any

import pytest
from tests.unit.gateway.variables_by_hand import DEFAULTS, by_hand, keys_of, known_values, line_of, part_of, until

from amperanto.conformance.requirements import requirement
from amperanto.csms.errors import NotSpoken, StationOffline
from amperanto.ocpp import Version, v2

TWO = (Version.V201, Version.V21)
A, B, C = (line_of(f"TxCtrlr.{name}", value) for name, value in (("A", "1"), ("B", "2"), ("C", "3")))
ORDERS = {
    "in order": [(0, [A]), (1, [B]), (2, [C])],
    "out of order": [(2, [C]), (0, [A]), (1, [B])],
    "doubled": [(0, [A]), (0, [A]), (1, [B]), (1, [B]), (2, [C])],
}
NAMES = count()


@pytest.fixture(autouse=True)
def _reports_are_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    """These stations announce a report they send."""
    monkeypatch.delitem(DEFAULTS, "GetBaseReport")


@pytest.fixture
def patient(door: Any) -> asyncio.Event:
    """Time stands still until it is set; then every wait is over."""
    over = asyncio.Event()

    async def sleep(seconds: float) -> None:
        await over.wait()

    door.clock.sleep = sleep
    return over


async def send(hand: Any, request: int, number: int, lines: list[Any], *, last: int) -> None:
    frame = await hand.tell(f"n{next(NAMES)}", "NotifyReport", part_of(request, number, lines, more=number != last))
    assert frame[0] == 3


async def asked_for(hand: Any, action: str = "GetBaseReport") -> int:
    await until(lambda: bool(hand.of(action)))
    return hand.of(action)[-1]["requestId"]


@requirement("B07-1")
@pytest.mark.parametrize("version", TWO)
@pytest.mark.parametrize("order", ORDERS)
async def test_a_report_is_put_together_from_its_parts(
    door: Any, patient: asyncio.Event, version: Version, order: str
) -> None:
    """B07: each part is answered and kept, whatever order they come in."""
    async with by_hand(door, version) as (station, hand):
        reporting = asyncio.create_task(door.csms.reports.report(station))
        request = await asked_for(hand)
        assert hand.of("GetBaseReport") == [{"requestId": request, "reportBase": "FullInventory"}]
        for number, lines in ORDERS[order]:
            assert not reporting.done()
            await send(hand, request, number, lines, last=2)
        made = await reporting
        assert (made.status, made.complete, made.missing, made.parts) == ("Accepted", True, (), 3)
        assert made.doubled == len(ORDERS[order]) - 3
        assert await known_values(door, station) == {"TxCtrlr.A": "1", "TxCtrlr.B": "2", "TxCtrlr.C": "3"}


@requirement("B07-1")
async def test_a_lost_part_is_named_and_what_came_is_kept_also_what_comes_too_late(
    door: Any, patient: asyncio.Event
) -> None:
    async with by_hand(door, Version.V201) as (station, hand):
        reporting = asyncio.create_task(door.csms.reports.report(station))
        request = await asked_for(hand)
        await send(hand, request, 0, [A], last=2)
        await send(hand, request, 2, [C], last=2)
        patient.set()
        made = await reporting
        assert (made.status, made.complete, made.missing) == ("NoAnswer", False, (1,))
        assert await known_values(door, station) == {"TxCtrlr.A": "1", "TxCtrlr.C": "3"}
        await send(hand, request, 1, [B], last=2)
        assert (await known_values(door, station))["TxCtrlr.B"] == "2"


async def test_a_part_that_overtakes_the_answer_counts(door: Any, patient: asyncio.Event) -> None:
    async with by_hand(door, Version.V21) as (station, hand):

        def early(payload: Any) -> Any:
            hand.line.say(2, "early", "NotifyReport", part_of(payload["requestId"], 0, [A], more=False))
            return {"status": "Accepted"}

        hand._said["early"] = asyncio.get_running_loop().create_future()
        hand.answers["GetBaseReport"] = early
        made = await door.csms.reports.report(station)
        assert made.complete


@requirement("B07-4")
@pytest.mark.parametrize("version", TWO)
@pytest.mark.parametrize("status", ["NotSupported", "Rejected", "EmptyResultSet"])
async def test_what_a_station_answers_instead_of_a_report_is_data(door: Any, status: str, version: Version) -> None:
    """B07."""
    async with by_hand(door, version) as (station, hand):
        hand.answers["GetBaseReport"] = {"status": status, "statusInfo": {"reasonCode": "Busy"}}
        made = await door.csms.reports.report(station, base=v2.ReportBase.SUMMARY_INVENTORY)
        assert (made.status, made.info, made.variables) == (status, "Busy", 0)
        assert made.complete is (status == "EmptyResultSet")


async def test_what_a_whole_full_report_leaves_out_is_forgotten(door: Any, patient: asyncio.Event) -> None:
    async with by_hand(door, Version.V201) as (station, hand):
        for number, lines in enumerate([[A, B], [B]], 1):
            reporting = asyncio.create_task(door.csms.reports.report(station))
            await until(lambda number=number: len(hand.of("GetBaseReport")) == number)
            await send(hand, await asked_for(hand), 0, lines, last=0)
            assert (await reporting).forgotten
            door.clock.at += timedelta(minutes=1)
        assert await known_values(door, station) == {"TxCtrlr.B": "2"}


async def test_a_changed_value_is_seen(door: Any, patient: asyncio.Event) -> None:
    async with by_hand(door, Version.V201) as (station, hand):
        for value in ("1", "1", "5"):
            await send(hand, 99, 0, [line_of("TxCtrlr.A", value)], last=0)
        page = await door.csms.device_model.changes(station.organisation, station.id)
        (change,) = page.items
        assert (change.variable, change.before, change.after, change.source) == ("TxCtrlr.A", "1", "5", "report")


async def test_no_secret_is_kept_whatever_the_station_tells(door: Any, patient: asyncio.Event) -> None:
    """B07: write-only values are left out; some stations tell them."""
    async with by_hand(door, Version.V201) as (station, hand):
        lines = [
            line_of("SecurityCtrlr.BasicAuthPassword", "open sesame"),
            line_of("X.Y", "hidden", mutability="WriteOnly"),
            line_of("NetworkConfiguration.OcppCsmsUrl", "wss://me:mine@csms/x"),
        ]
        await send(hand, 99, 0, lines, last=0)
        assert await known_values(door, station) == {
            "SecurityCtrlr.BasicAuthPassword": None,
            "X.Y": None,
            "NetworkConfiguration.OcppCsmsUrl": "wss://***@csms/x",
        }
        rows = repr([frame.frame for frame in await door.frames()])
        assert "open sesame" not in rows


@requirement("B08-1")
@pytest.mark.parametrize("version", TWO)
async def test_a_chosen_report_is_split_as_the_station_can_take_it(
    door: Any, patient: asyncio.Event, version: Version
) -> None:
    """B08: at most ItemsPerMessage in one GetReport."""
    async with by_hand(door, version) as (station, hand):
        limit = line_of("DeviceDataCtrlr.ItemsPerMessage", "2")
        limit["variable"]["instance"] = "GetReport"
        await send(hand, 1, 0, [limit], last=0)
        names = [v2.ComponentVariable(component=v2.Component(name=name)) for name in ("A", "B", "C")]
        reporting = asyncio.create_task(door.csms.reports.report(station, base=None, variables=names))
        for number in (1, 2):
            await until(lambda number=number: len(hand.of("GetReport")) == number)
            await send(hand, hand.of("GetReport")[-1]["requestId"], 0, [A], last=0)
        made = await reporting
        assert [len(one["componentVariable"]) for one in hand.of("GetReport")] == [2, 1]
        assert (made.complete, made.parts) == (True, 2)


async def test_a_chosen_report_by_criteria_says_them(door: Any) -> None:
    """B08."""
    async with by_hand(door, Version.V201) as (station, hand):
        hand.answers["GetReport"] = {"status": "EmptyResultSet"}
        problem = [v2.ComponentCriterion.PROBLEM]
        assert (await door.csms.reports.report(station, base=None, criteria=problem)).complete
        assert hand.of("GetReport")[0]["componentCriteria"] == ["Problem"]


async def test_a_station_that_is_not_there_is_not_asked(door: Any) -> None:
    station = await door.station()
    with pytest.raises(StationOffline):
        await door.csms.reports.report(station)


KEYS = {
    "HeartbeatInterval": 300,
    "SupportedFeatureProfiles": "Core, Reservation ,SmartCharging",
    "AuthorizationKey": "00112233",
    "ChargingScheduleAllowedChargingRateUnit": "Current, Power",
    "VendorX.Mode": True,
}


@requirement("1.6:GetConfiguration-1")
async def test_in_16_the_answer_to_get_configuration_is_the_report(door: Any) -> None:
    """1.6:GetConfiguration without keys lists all; numbers and booleans as values are read as texts."""
    async with by_hand(door, Version.V16) as (station, hand):
        hand.answers["GetConfiguration"] = keys_of(KEYS)
        made = await door.csms.reports.report(station)
        assert hand.of("GetConfiguration") == [{}]
        assert (made.status, made.complete, made.parts) == ("Accepted", True, 1)
        assert await known_values(door, station) == {
            "OCPPCommCtrlr.HeartbeatInterval": "300",
            "ConfigurationKeys.SupportedFeatureProfiles": "Core, Reservation ,SmartCharging",
            "ReservationCtrlr.Available": "true",
            "SmartChargingCtrlr.Available": "true",
            "SecurityCtrlr.BasicAuthPassword": None,
            "SmartChargingCtrlr.RateUnit": "A,W",
            "ConfigurationKeys.VendorX.Mode": "true",
        }


@requirement("1.6:GetConfiguration-1")
async def test_in_16_a_station_that_ignores_the_filter_reports_only_what_was_asked_for(door: Any) -> None:
    async with by_hand(door, Version.V16) as (station, hand):
        hand.answers["GetConfiguration"] = keys_of(KEYS)
        heartbeat = v2.ComponentVariable(
            component=v2.Component(name="OCPPCommCtrlr"), variable=v2.Variable(name="HeartbeatInterval")
        )
        made = await door.csms.reports.report(station, base=None, variables=[heartbeat])
        assert hand.of("GetConfiguration")[-1] == {"key": ["HeartbeatInterval"]}
        assert made.variables == 1
        assert list(await known_values(door, station)) == ["OCPPCommCtrlr.HeartbeatInterval"]


async def test_in_16_a_report_asked_for_as_a_plain_command_is_kept_too(door: Any) -> None:
    async with by_hand(door, Version.V16) as (station, hand):
        hand.answers["GetConfiguration"] = keys_of({"HeartbeatInterval": "7"})
        request = v2.GetBaseReportRequest(request_id=1, report_base=v2.ReportBase.FULL_INVENTORY)
        answer = await door.csms.stations.call(station.id, request)
        assert answer.status == "Accepted"
        assert await known_values(door, station) == {"OCPPCommCtrlr.HeartbeatInterval": "7"}


async def test_in_16_there_is_no_summary_and_no_criterion(door: Any) -> None:
    async with by_hand(door, Version.V16) as (station, hand):
        with pytest.raises(NotSpoken):
            await door.csms.reports.report(station, base=v2.ReportBase.SUMMARY_INVENTORY)
        with pytest.raises(NotSpoken):
            await door.csms.reports.report(station, base=None, criteria=[v2.ComponentCriterion.ACTIVE])
        assert hand.heard == []


async def test_in_16_a_station_that_lists_nothing_has_an_empty_report_and_loses_nothing(door: Any) -> None:
    async with by_hand(door, Version.V16) as (station, hand):
        hand.answers["GetConfiguration"] = keys_of({"HeartbeatInterval": "7"})
        await door.csms.reports.report(station)
        hand.answers["GetConfiguration"] = {}
        made = await door.csms.reports.report(station)
        assert made.status == "EmptyResultSet"
        assert await known_values(door, station) == {"OCPPCommCtrlr.HeartbeatInterval": "7"}
