"""What a station keeps for itself is what was."""

import json
from datetime import datetime
from decimal import Decimal

import pytest
from tests.unit.station.scripted import ALL, DRIVER, scene

from amperanto.domain.quantities import WattHours
from amperanto.ocpp import Version
from amperanto.station import Outlet, Vehicle
from amperanto.station.record import Record
from amperanto.station.scenarios import charge


@pytest.mark.parametrize("version", ALL)
async def test_a_transaction_can_be_added_up_from_the_record_alone(version):
    lines: list[str] = []
    outlets = {1: Outlet(lifetime=WattHours.of("123456.789"))}
    async with scene(version, evses=outlets) as (station, csms, clock):
        station.keep(Record(lines.append))
        transaction = await clock.until(charge(station, 1, DRIVER, WattHours.of(3000)))
        facts = [json.loads(line) for line in lines]
        kinds = [fact["what"] for fact in facts]
        assert kinds[:4] == ["plugged", "token", "transaction-started", "contactor"]
        assert kinds[-1] == "unplugged"
        of_it = [fact for fact in facts if fact["what"].startswith("transaction-") and "register_wh" in fact]
        assert {fact["transaction"] for fact in of_it} == {transaction.id}
        first, last = of_it[0], of_it[-1]
        assert (first["what"], last["what"]) == ("transaction-started", "transaction-ended")
        assert Decimal(first["register_wh"]) == Decimal("123456.789")
        assert Decimal(last["register_wh"]) - Decimal(first["register_wh"]) == 3000
        assert (first["token"], first["token_type"]) == (DRIVER.uid, DRIVER.type)
        assert datetime.fromisoformat(last["at"]) == transaction.ended_at
        assert [fact["state"] for fact in of_it if fact["what"] == "transaction-changed"] == ["Charging", "SuspendedEV"]
        assert kinds.count("transaction-sampled") == 16
        if version is Version.V16:
            [numbered] = [fact for fact in facts if fact["what"] == "transaction-numbered"]
            assert numbered["reference"] == "41"
        assert csms.heard


async def test_power_and_contactor_are_kept_too(tmp_path):
    path = tmp_path / "truth.jsonl"
    async with scene(Version.V201) as (station, _, clock):
        station.keep(Record(path))
        await station.plug_in(1, Vehicle())
        await clock.until(station.present(DRIVER, 1))
        await clock.advance(60)
        await station.lose_power()
        await clock.advance(60)
        await station.restore()
        facts = [json.loads(line) for line in path.read_text().splitlines()]
        assert [fact["what"] for fact in facts[-4:]] == [
            "contactor",
            "power-lost",
            "power-back",
            "transaction-ended",
        ]
        assert facts[-1]["reason"] == "PowerLoss"
        assert facts[-1]["register_wh"] == facts[-4]["register_wh"] == "184"


async def test_a_station_without_a_record_keeps_none():
    async with scene(Version.V201) as (station, _, clock):
        assert station.context.record is None
        assert (await clock.until(charge(station, 1, DRIVER, WattHours.of(10)))).delivered
