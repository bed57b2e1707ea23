"""The answer to a boot is the operator's word, and it lasts."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import Any

import pytest

from amperanto.conformance.requirements import requirement
from amperanto.domain.observations import StationBooted
from amperanto.domain.stations import Hardware, Registration
from amperanto.stores.store import Lane

BOOT = StationBooted(hardware=Hardware(vendor="Peer", model="P", firmware_version="1.0"))


async def known(house: Any, teller: Any) -> Any:
    return await house.store.stations.get(teller.station.organisation, teller.station_id)


@requirement("B01-1")
@pytest.mark.parametrize("registration", list(Registration))
async def test_a_boot_is_answered_as_the_operator_decided(house: Any, registration: Registration):
    station = await house.station(registration=registration, heartbeat_interval=77)
    answer = await station.tell(BOOT)
    assert (answer.status, answer.interval, answer.now) == (registration, 77, house.clock.now())
    kept = await known(house, station)
    assert kept.may_speak() is (registration is Registration.ACCEPTED)
    assert (kept.hardware, kept.booted_at, kept.ocpp_version) == (BOOT.hardware, house.clock.now(), "1.6")


async def test_an_operators_change_and_a_boot_at_the_same_moment_are_both_kept(house: Any):
    station = await house.station()

    async def change() -> None:
        async def work(unit: Any) -> None:
            before = await unit.stations.by_id(station.station_id)
            unit.stations.save(replace(before, heartbeat_interval=before.heartbeat_interval + 1))

        await house.store.run(work, lane=Lane.BULK)

    await asyncio.gather(change(), station.tell(BOOT), change(), station.tell(BOOT))
    kept = await known(house, station)
    assert (kept.heartbeat_interval, kept.hardware, kept.admitted) == (302, BOOT.hardware, Registration.ACCEPTED)


async def test_a_boot_becomes_known_to_listeners_once(house: Any):
    station = await house.station()
    listener = house.csms.context.bus.subscribe("event.StationRegistered.*")
    await station.tell(BOOT)
    listener.close()
    heard = [event async for event in listener]
    assert [(event.identity, event.registration, event.vendor) for event in heard] == [("CP1", "Accepted", "Peer")]
