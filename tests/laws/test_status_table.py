"""Whatever happens at a 1.6 station in software, it tells no change of state that the standard's table forbids."""

from __future__ import annotations

import asyncio
from itertools import pairwise
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st
from tests.unit.station.scripted import DRIVER, scene

from amperanto.conformance.requirements import requirement
from amperanto.domain.stations import Fault
from amperanto.domain.tokens import Token
from amperanto.ocpp import Version
from amperanto.station import Vehicle
from amperanto.station.status_table import ALLOWED, steps

# The table of 1.6 §4.9, written down once more: the digits are the columns.
NAMES = (
    "Available", "Preparing", "Charging", "SuspendedEV", "SuspendedEVSE", "Finishing", "Reserved", "Unavailable",
    "Faulted",
)  # fmt: skip
TABLE = ["2345789", "134569", "145689", "135689", "134689", "1289", "1289", "123459", "12345678"]
MAY_FOLLOW = {name: {NAMES[int(digit) - 1] for digit in digits} for name, digits in zip(NAMES, TABLE, strict=True)}
OTHER = Token("BEEF", "ISO14443")
DEEDS = (
    "plug", "unplug", "present", "present other", "fail", "repair", "reserve", "cancel", "in", "out", "all in",
    "all out", "remote start", "unlock", "fill", "wait",
)  # fmt: skip


async def do(deed: str, station: Any, csms: Any, clock: Any) -> None:
    evse = station.evses[1]
    match deed:
        case "plug" if not evse.plugged:
            await station.plug_in(1, Vehicle())
        case "unplug":
            await station.unplug(1)
        case "present" | "present other":
            await clock.until(station.present(DRIVER if deed == "present" else OTHER, 1))
        case "fail":
            await station.fail(1, Fault(code="GroundFailure"))
        case "repair":
            await station.repair(1)
        case "reserve":
            expiry = "2026-01-01T01:00:00.000Z"
            await csms.ask(
                "ReserveNow", {"connectorId": 1, "expiryDate": expiry, "idTag": DRIVER.uid, "reservationId": 1}
            )
        case "cancel":
            await csms.ask("CancelReservation", {"reservationId": 1})
        case "in" | "out" | "all in" | "all out":
            kind = "Operative" if deed.endswith("in") else "Inoperative"
            await csms.ask("ChangeAvailability", {"connectorId": 0 if "all" in deed else 1, "type": kind})
        case "remote start":
            await csms.ask("RemoteStartTransaction", {"idTag": "REMOTE", "connectorId": 1})
        case "unlock":
            await csms.ask("UnlockConnector", {"connectorId": 1})
        case "fill":
            await clock.advance(6 * 3600)
        case _:
            await clock.advance(70)


async def told(deeds: list[str]) -> list[str]:
    async with scene(Version.V16) as (station, csms, clock):
        for deed in deeds:
            await do(deed, station, csms, clock)
            await clock.advance(1)
        return [one["status"] for one in csms.of("StatusNotification") if one["connectorId"] == 1]


@requirement("1.6:StatusNotification-5")
@settings(max_examples=60, deadline=None)
@given(deeds=st.lists(st.sampled_from(DEEDS), max_size=12))
def test_no_change_is_told_that_the_table_forbids(deeds: list[str]) -> None:
    states = asyncio.run(told(deeds))
    assert all(after in MAY_FOLLOW[before] for before, after in pairwise(states) if before != after), states


def test_our_table_is_the_standards() -> None:
    assert {state: set(after) for state, after in ALLOWED.items()} == MAY_FOLLOW


def test_every_state_is_reached_from_every_other_within_the_table() -> None:
    for before in NAMES:
        for after in NAMES:
            way = [before, *steps(before, after)]
            assert way[-1] == after
            assert all(then in MAY_FOLLOW[first] for first, then in pairwise(way) if first != then), way
