"""The law of the station: whatever happens to it, in whatever order, what it says on the wire is legal.

Random sequences of plugs, tokens, commands, lost lines, losses of power, restarts and limits; a CSMS that answers as it
pleases. Then: nothing before an accepted boot, every frame valid by the schema, and of each transaction one Started
first, at most one Ended last, numbers without a gap, a register that never shrinks, and all of it in order.
"""

from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.unit.station.scripted import Scene, ScriptedCsms, scene

from amperanto.domain.limits import TransactionLimit
from amperanto.domain.quantities import WattHours
from amperanto.domain.stations import Fault
from amperanto.ocpp import Version
from amperanto.ocpp.catalogue import exchange
from amperanto.ocpp.codec import Codec, Mode
from amperanto.station import Station, Token, Vehicle

DRIVERS = [Token(uid, "ISO14443") for uid in ("ANNA", "BERT")]
DEEDS = (
    "arrive", "depart", "plug", "unplug", "present", "present other", "remote start", "remote stop", "offline",
    "online", "dark", "light", "crash", "reset", "resume", "limit", "driver's limit", "fail", "repair", "refuse",
    "allow", "wait", "wait long", "emergency", "car stops",
)  # fmt: skip
POINTS = ("ParkingBayOccupancy", "EVConnected", "Authorized", "PowerPathClosed", "EnergyTransfer")
SETTINGS = st.fixed_dictionaries(
    {
        ("TxCtrlr", "TxStartPoint"): st.lists(st.sampled_from(POINTS), min_size=1, max_size=2).map(",".join),
        ("TxCtrlr", "TxStopPoint"): st.lists(st.sampled_from(POINTS), min_size=1, max_size=2).map(",".join),
        ("TxCtrlr", "StopTxOnEVSideDisconnect"): st.booleans(),
        ("TxCtrlr", "StopTxOnInvalidId"): st.booleans(),
        ("TxCtrlr", "MaxEnergyOnInvalidId"): st.sampled_from([0, 300]),
        ("OCPPCommCtrlr", "UnlockOnEVSideDisconnect"): st.booleans(),
        ("SampledDataCtrlr", "TxUpdatedInterval"): st.sampled_from([0, 60]),
        ("SampledDataCtrlr", "TxEndedInterval"): st.sampled_from([0, 120]),
        ("AlignedDataCtrlr", "Interval"): st.sampled_from([0, 300]),
    }
)
RESUMPTION = st.sampled_from([0, 120])
STEPS = st.lists(st.sampled_from(DEEDS), min_size=4, max_size=25)
BRISK = settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))


class Life:
    """One station, and what happens to it."""

    def __init__(self, at: Scene, version: Version) -> None:
        self.station, self.csms, self.clock = at
        self.version = version
        self.deeds = 0

    async def does(self, deed: str) -> None:
        """Let one thing happen, if it can."""
        station, csms, clock = self.station, self.csms, self.clock
        self.deeds += 1
        match deed:
            case "arrive":
                await station.arrive(1)
            case "depart":
                await station.depart(1)
            case "plug" if not station.evses[1].plugged:
                await station.plug_in(1, Vehicle(wants=WattHours.of(2000)))
            case "unplug" if station.evses[1].plugged:
                await station.unplug(1)
            case "present" | "present other":
                await clock.until(station.present(DRIVERS[deed != "present"], 1))
            case "remote start" | "remote stop" | "reset" | "resume" if station.online:
                await self.ask(deed)
            case "offline":
                csms.unreachable = True
                csms.cut()
            case "online":
                csms.unreachable = False
            case "dark":
                await station.lose_power()
            case "light":
                await station.restore()
            case "crash":
                await clock.until(station.reboot())
            case "limit":
                self.answer({"transactionLimit": {"maxEnergy": 200 * self.deeds}})
            case "driver's limit":
                await station.limit(1, TransactionLimit(seconds=60 * self.deeds))
            case "fail":
                await station.fail(1, Fault(code="GroundFailure"))
            case "repair":
                await station.repair(1)
            case "refuse":
                self.answer({"idTokenInfo": {"status": "Blocked"}})
            case "allow":
                self.answer({})
            case "emergency":
                await station.press_emergency_stop(1)
            case "car stops":
                await station.end_by_car(1)
            case "wait long":
                await clock.advance(1800)
            case _:
                await clock.advance(30)
        await clock.advance(1)

    def answer(self, said: dict[str, Any]) -> None:
        """What the CSMS answers to reports from now on."""
        if self.version is not Version.V21:
            said = {name: value for name, value in said.items() if name != "transactionLimit"}
        self.csms.answers["TransactionEvent"] = said
        status = said.get("idTokenInfo", {"status": "Accepted"})
        self.csms.answers["StartTransaction"] = lambda _: {"idTagInfo": status, "transactionId": 100 + self.deeds}

    async def ask(self, deed: str) -> None:
        """A command of the CSMS."""
        running = [one.reference for one in self.station.transactions if one.open and one.reference]
        old = self.version is Version.V16
        match deed:
            case "remote start":
                token = {"idToken": "ANNA", "type": "ISO14443"}
                start = {"connectorId": 1, "idTag": "ANNA"} if old else {"remoteStartId": self.deeds, "idToken": token}
                await self.csms.ask("RemoteStartTransaction" if old else "RequestStartTransaction", start)
            case "remote stop" if running:
                stop = {"transactionId": int(running[-1]) if old else running[-1]}
                await self.csms.ask("RemoteStopTransaction" if old else "RequestStopTransaction", stop)
            case "reset":
                await self.csms.ask("Reset", {"type": "Hard" if old else "Immediate"})
            case "resume" if self.version is Version.V21:
                await self.csms.ask("Reset", {"type": "ImmediateAndResume"})
            case _:
                pass

    async def settles(self) -> None:
        """The line and the power come back, and everything is delivered."""
        self.csms.unreachable = False
        await self.station.restore()
        await self.clock.until(self.station.drained())
        await self.clock.advance(120)


def valid(version: Version, csms: ScriptedCsms) -> None:
    """Every call is valid by the schema of its version."""
    codec = Codec(version, Mode.STRICT)
    for action, payload in csms.heard:
        known = exchange(version, action)
        assert known is not None
        codec.decode(known.request, json.dumps(payload).encode())


def distinct(told: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """What was told, repeats of the same left out (a broken line costs an answer, not a report)."""
    found: list[dict[str, Any]] = []
    for one in told:
        if not found or one != found[-1]:
            found.append(one)
    return found


def registers(told: list[dict[str, Any]]) -> list[float]:
    """Every import register told, in the order of its sampling."""
    values = sorted(
        (value for one in told for value in one.get("meterValue", ())), key=lambda value: str(value["timestamp"])
    )
    energy = "Energy.Active.Import.Register"
    return [
        float(sample["value"])
        for value in values
        for sample in value["sampledValue"]
        if sample.get("measurand", energy) == energy
    ]


def legal_in_2x(csms: ScriptedCsms, station: Station) -> None:
    by_transaction: dict[str, list[dict[str, Any]]] = {}
    for one in distinct(csms.of("TransactionEvent")):
        by_transaction.setdefault(one["transactionInfo"]["transactionId"], []).append(one)
    assert by_transaction.keys() == {one.id for one in station.transactions}
    for told in by_transaction.values():
        kinds = [one["eventType"] for one in told]
        assert kinds[0] == "Started"
        assert kinds.count("Started") == 1
        assert "Ended" not in kinds[:-1]
        assert [one["seqNo"] for one in told] == list(range(len(told)))
        assert registers(told) == sorted(registers(told))
        assert sum("evse" in one for one in told) <= 1
        assert all("stoppedReason" not in one["transactionInfo"] for one in told if one["eventType"] != "Ended")
        times = [one["timestamp"] for one in told]
        assert times == sorted(times)


def legal_in_16(csms: ScriptedCsms, station: Station) -> None:
    starts, stops = distinct(csms.of("StartTransaction")), distinct(csms.of("StopTransaction"))
    ended = [one for one in station.transactions if not one.open]
    assert len(starts) == len(station.transactions)
    assert len(stops) == len(ended)
    assert [one["meterStop"] for one in stops] == [int(one.meter_stop) for one in ended if one.meter_stop is not None]
    assert all(stop["meterStop"] >= start["meterStart"] for start, stop in zip(starts, stops, strict=False))
    assert registers(stops) == sorted(registers(stops))


def boots_first(csms: ScriptedCsms) -> None:
    """After a restart nothing is said before the boot."""
    assert csms.heard[0].action == "BootNotification"


@pytest.mark.parametrize("version", Version)
@given(steps=STEPS, variables=SETTINGS, resumption=RESUMPTION)
@BRISK
def test_whatever_happens_the_wire_is_legal(
    version: Version, steps: list[str], variables: dict[tuple[str, str], Any], resumption: int
) -> None:
    async def live() -> None:
        options = dict(variables)
        if version is Version.V21:
            options["TxCtrlr", "ResumptionTimeout"] = resumption
        async with scene(version, variables=options) as at:
            life = Life(at, version)
            for deed in steps:
                await life.does(deed)
            await life.settles()
            boots_first(at.csms)
            valid(version, at.csms)
            (legal_in_16 if version is Version.V16 else legal_in_2x)(at.csms, at.station)
            used = sum(one.energy.value for one in at.station.transactions if one.energy is not None)
            assert used <= at.station.evses[1].meter.value
            if not any(one.open for one in at.station.transactions):
                assert not at.station.evses[1].outlet.contactor.closed

    asyncio.run(live())
