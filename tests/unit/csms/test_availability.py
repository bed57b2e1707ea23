"""The state of every connector now, and its history without a gap."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from amperanto.conformance.requirements import requirement
from amperanto.csms.access import Principal
from amperanto.csms.errors import StationOffline
from amperanto.csms.wanted import availability_wanted
from amperanto.domain.behaviour import Behaviour
from amperanto.domain.observations import ConnectorObserved, EventsReported, VariableEvent
from amperanto.domain.stations import DEFAULT_ORGANISATION, Availability, EvseRef, Fault, Registration
from amperanto.ocpp import v2

A = Availability
WHO = Principal(organisation=DEFAULT_ORGANISATION, name="test", scopes=frozenset({"operate"}))
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


def lock(problem: str) -> EventsReported:
    event = VariableEvent(
        component="ConnectorPlugRetentionLock", variable="Problem", value=problem, trigger="Alerting", at=LONG_AGO,
        event_id=1, where=ONE,
    )  # fmt: skip
    return EventsReported(events=(event,), at=LONG_AGO)


@requirement("G05-3")
async def test_a_lock_that_failed_is_known_at_its_connector_until_it_works_again(house: Any):
    station = await house.station()
    listener = house.csms.context.bus.subscribe("event.AvailabilityChanged.*")
    await station.tell(lock("true"))  # of a connector nobody has heard of
    await station.tell(seen(A.OCCUPIED))
    await house.clock.sleep(1)
    await station.tell(lock("true"))
    (connector,) = await house.store.connectors.of(station.station.organisation, station.station_id)
    assert (connector.availability, connector.fault) == (A.OCCUPIED, Fault(code="ConnectorLockFailure"))
    await station.tell(lock("false"))
    listener.close()
    faults = [event.fault and event.fault.code async for event in listener]
    assert faults == [None, "ConnectorLockFailure", None]


def taking(station: Any, *answers: Any) -> list[Any]:
    """The station's socket answers changes of availability so, one after the other; what it was asked."""
    asked: list[Any] = []
    said = list(answers)

    async def call(request: Any, *, timeout: float | None = None, urgent: bool = False) -> Any:
        asked.append(request)
        answer = said.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return v2.ChangeAvailabilityResponse(status=answer)

    station.call = call
    return asked


async def put_out(house: Any, station: Any) -> None:
    wanted = availability_wanted(EvseRef(1), operative=False)
    await house.csms.desired_state.want_all(WHO, station.station, [wanted])


async def became(house: Any, station: Any) -> tuple[str, str | None]:
    (wish,) = (await house.csms.desired_state.wishes(WHO, station.station_id)).items
    return str(wish.state), wish.result


@requirement("G03-8")
async def test_a_change_that_is_scheduled_is_followed_until_it_is_made(house: Any):
    station = await house.station(admitted=Registration.ACCEPTED)
    asked = taking(station, *["Scheduled"] * 7, "Accepted")
    await put_out(house, station)
    for _ in range(7):
        assert not await house.csms.delivery.give(station.station_id)
        state, said = await became(house, station)
        assert (state, "Scheduled" in (said or "")) == ("Waiting", True)
    assert await house.csms.delivery.give(station.station_id)
    assert await became(house, station) == ("Done", "Accepted")
    assert {(one.operational_status, one.evse.id) for one in asked} == {("Inoperative", 1)}


@requirement("G03-8")
async def test_a_change_the_station_rejects_is_said_to_have_failed(house: Any):
    station = await house.station(admitted=Registration.ACCEPTED)
    taking(station, "Rejected")
    await put_out(house, station)
    await house.csms.delivery.give(station.station_id)
    assert await became(house, station) == ("Failed", "Rejected")


@requirement("G03-9")
async def test_a_change_meant_for_a_station_that_is_gone_waits_until_it_is_there(house: Any):
    station = await house.station(admitted=Registration.ACCEPTED)
    asked = taking(station, StationOffline("gone"), "Accepted")
    await put_out(house, station)
    await house.csms.delivery.give(station.station_id)
    assert (await became(house, station))[0] == "Waiting"
    await house.csms.delivery.give(station.station_id)
    assert ((await became(house, station))[0], len(asked)) == ("Done", 2)


async def test_a_make_that_breaks_by_changes_of_availability_is_never_sent_one(house: Any):
    station = await house.station(admitted=Registration.ACCEPTED)
    station.behaviour = Behaviour(takes_availability_changes=False)
    asked = taking(station)
    await put_out(house, station)
    await house.csms.delivery.give(station.station_id)
    assert ((await became(house, station))[0], asked) == ("Failed", [])
