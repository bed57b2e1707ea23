"""The state of every connector now, and its history without a gap."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from amperanto.conformance.requirements import requirement
from amperanto.domain.observations import ConnectorObserved, EventsReported
from amperanto.domain.stations import Availability, EvseRef

A = Availability
ONE, TWO = EvseRef(1, 1), EvseRef(2, 1)
LONG_AGO = datetime(1970, 1, 1, tzinfo=UTC)


def seen(availability: A, where: EvseRef = ONE, **changes: Any) -> ConnectorObserved:
    return ConnectorObserved(where=where, availability=availability, **changes)


async def history(house: Any, teller: Any) -> list[tuple[str, datetime, datetime | None]]:
    found = await house.store.connectors.intervals(
        teller.station.organisation, teller.station_id, LONG_AGO, house.clock.now() + timedelta(days=1)
    )
    return [(one.availability.value, one.begin, one.end) for one in found]


@requirement("G01-5", "1.6:StatusNotification-7")
async def test_each_change_is_an_interval_that_ends_where_the_next_begins(house: Any):
    station = await house.station()
    noon = house.clock.now()
    for availability in (A.AVAILABLE, A.OCCUPIED, A.OCCUPIED, A.AVAILABLE):
        await station.tell(seen(availability))
        await house.clock.sleep(60)
    one, three = noon + timedelta(seconds=60), noon + timedelta(seconds=180)
    assert await history(house, station) == [
        ("Available", noon, one), ("Occupied", one, three), ("Available", three, None),
    ]  # fmt: skip


@requirement("1.6:StatusNotification-8")
async def test_a_stations_wrong_clock_does_not_touch_the_order(house: Any):
    station = await house.station()
    await station.tell(seen(A.OCCUPIED, at=datetime(2099, 1, 1, tzinfo=UTC)))
    await house.clock.sleep(1)
    await station.tell(seen(A.AVAILABLE, at=LONG_AGO))
    (connector,) = await house.store.connectors.of(station.station.organisation, station.station_id)
    assert (connector.availability, connector.since) == (A.AVAILABLE, house.clock.now())


@requirement("G01-4")
async def test_of_many_states_in_one_report_the_last_of_each_connector_counts(house: Any):
    station = await house.station()
    told = EventsReported(events=(seen(A.OCCUPIED), seen(A.FAULTED, TWO), seen(A.AVAILABLE)), at=house.clock.now())
    await station.tell(told)
    kept = await house.store.connectors.of(station.station.organisation, station.station_id)
    assert {one.where: one.availability for one in kept} == {ONE: A.AVAILABLE, TWO: A.FAULTED}


async def test_only_a_change_is_an_event(house: Any):
    station = await house.station()
    listener = house.csms.context.bus.subscribe("event.AvailabilityChanged.*")
    for availability in (A.AVAILABLE, A.AVAILABLE, A.OCCUPIED):
        await station.tell(seen(availability))
    listener.close()
    assert [event.availability async for event in listener] == [A.AVAILABLE, A.OCCUPIED]
