"""A remote stop is followed to the end of its transaction; a message is asked for as this station takes it."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest
from tests.unit.csms.conftest import House

from amperanto.conformance.requirements import requirement
from amperanto.csms.access import Principal
from amperanto.csms.remote_stop import WITHIN, StopState
from amperanto.domain.behaviour import Behaviour
from amperanto.domain.errors import TransactionOver, TriggerNotAllowed, UnknownTransaction
from amperanto.domain.events import ReviewWanted
from amperanto.domain.observations import (
    ConnectorObserved,
    TransactionContinued,
    TransactionEnded,
    TransactionStarted,
)
from amperanto.domain.quantities import WattHours
from amperanto.domain.stations import (
    DEFAULT_ORGANISATION,
    Availability,
    ChargingState,
    EvseRef,
    OrganisationId,
    Registration,
)
from amperanto.domain.tokens import Token
from amperanto.domain.transactions import Transaction
from amperanto.ocpp import v2

NOON = datetime(2026, 5, 1, 12, tzinfo=UTC)
WHO = Principal(organisation=DEFAULT_ORGANISATION, name="app", scopes=frozenset({"operate"}))
START = TransactionStarted(
    at=NOON, reference="T1", sequence=0, where=EvseRef(1, 1), token=Token("CAFE"), meter=WattHours.of(0),
    charging=ChargingState.CHARGING,
)  # fmt: skip
END = TransactionEnded(at=NOON, reference="T1", sequence=1, reason="Remote")
OFF = TransactionContinued(
    at=NOON, reference="T1", sequence=1, trigger="RemoteStop", charging=ChargingState.EV_CONNECTED
)


async def charging(house: House, answer: str = "Accepted", then: Any = None) -> tuple[Any, Transaction]:
    """A station that charges, answers a stop so, and then tells something."""
    station: Any = await house.station()
    station.asked = []
    await station.tell(START)

    async def call(request: Any, *, timeout: float | None = None, urgent: bool = False) -> Any:
        station.asked.append(request)
        if then is not None:
            await station.tell(then)
        return v2.RequestStopTransactionResponse(status=answer)  # type: ignore[arg-type]

    station.call = call
    found = await house.store.transactions.by_reference(station.station_id, "T1")
    assert found is not None
    return station, found


async def reviews(house: House) -> list[ReviewWanted]:
    found = [entry.event() for entry in await house.store.outbox.read("test", 1000)]
    return [event for event in found if isinstance(event, ReviewWanted)]


async def when_over(house: House) -> list[ReviewWanted]:
    await house.clock.sleep(WITHIN.total_seconds() + 1)
    await house.csms.timers.look()
    return await reviews(house)


@requirement("F03-4")
async def test_a_stop_is_followed_to_the_end(house: House):
    station, transaction = await charging(house, then=END)
    stop = await house.csms.remote_stops.stop(WHO, transaction.id, wait=10)
    assert station.asked == [v2.RequestStopTransactionRequest(transaction_id="T1")]
    assert (stop.state, stop.transaction.reason) == (StopState.ENDED, "Remote")
    assert await when_over(house) == []


@requirement("F04-2")
async def test_energy_that_is_off_while_the_car_stays_is_no_failure(house: House):
    _, transaction = await charging(house, then=OFF)
    assert (await house.csms.remote_stops.stop(WHO, transaction.id, wait=10)).state is StopState.ENERGY_OFF
    assert await when_over(house) == []


@requirement("F03-5")
async def test_a_station_that_accepts_and_charges_on_is_put_before_a_person_once(house: House):
    _, transaction = await charging(house)
    assert (await house.csms.remote_stops.stop(WHO, transaction.id, wait=1)).state is StopState.ACCEPTED
    (review,) = await when_over(house)
    assert (review.subject, review.station) == (transaction.id, transaction.station)
    assert len(await when_over(house)) == 1


@requirement("F03-6")
async def test_a_refused_stop_is_said_and_leaves_the_transaction_alone(house: House):
    _, transaction = await charging(house, answer="Rejected")
    stop = await house.csms.remote_stops.stop(WHO, transaction.id, wait=10)
    assert (stop.state, stop.answer) == (StopState.REFUSED, "Rejected")
    assert await when_over(house) == []


async def test_only_what_runs_and_is_ones_own_can_be_stopped(house: House):
    station, transaction = await charging(house)
    with pytest.raises(UnknownTransaction):
        await house.csms.remote_stops.stop(replace(WHO, organisation=OrganisationId("other")), transaction.id)
    await station.tell(END)
    with pytest.raises(TransactionOver):
        await house.csms.remote_stops.stop(WHO, transaction.id)
    assert station.asked == []


async def triggering(house: House, answer: Any, **changes: Any) -> Any:
    station: Any = await house.station(**changes)
    station.asked = []

    async def call(request: Any, *, timeout: float | None = None, urgent: bool = False) -> Any:
        station.asked.append(request)
        return v2.TriggerMessageResponse(status=answer(request))

    station.call = call
    return station


@requirement("F06-20")
async def test_an_accepted_station_is_never_asked_for_its_boot(house: House):
    station = await triggering(house, lambda _: "Accepted", admitted=Registration.ACCEPTED)
    with pytest.raises(TriggerNotAllowed):
        await house.csms.triggers.trigger(station.station, v2.MessageTrigger.BOOT_NOTIFICATION)
    assert station.asked == []
    waiting = replace(station.station, admitted=Registration.PENDING)
    assert (await house.csms.triggers.trigger(waiting, v2.MessageTrigger.BOOT_NOTIFICATION)).status == "Accepted"


@requirement("F06-21")
async def test_a_station_that_must_be_asked_connector_by_connector_is(house: House):
    def answer(request: v2.TriggerMessageRequest) -> str:
        return "Rejected" if isinstance(request.evse, v2.UnsetType) else "Accepted"

    station = await triggering(house, answer)
    for evse in (0, 1, 2):
        where = EvseRef(evse, 1 if evse else None)
        await station.tell(ConnectorObserved(where=where, availability=Availability.AVAILABLE))
    told = await house.csms.triggers.trigger(station.station, v2.MessageTrigger.STATUS_NOTIFICATION)
    assert (told.status, told.asked) == ("Accepted", (EvseRef(1, 1), EvseRef(2, 1)))
    assert [request.evse for request in station.asked[1:]] == [v2.EVSE(id=n, connector_id=1) for n in (1, 2)]


@requirement("F06-22")
async def test_a_custom_trigger_is_passed_on_by_its_name(house: House):
    station = await triggering(house, lambda _: "Accepted")
    await house.csms.triggers.trigger(station.station, v2.MessageTrigger.CUSTOM_TRIGGER, custom="Selfie")
    (asked,) = station.asked
    assert (asked.requested_message, asked.custom_trigger) == ("CustomTrigger", "Selfie")


async def test_what_a_station_does_not_implement_is_not_asked_again(house: House):
    station = await triggering(house, lambda _: "NotImplemented")
    await station.tell(ConnectorObserved(where=EvseRef(1, 1), availability=Availability.AVAILABLE))
    told = await house.csms.triggers.trigger(station.station, v2.MessageTrigger.STATUS_NOTIFICATION)
    assert (told.status, told.asked, len(station.asked)) == ("NotImplemented", (), 1)


async def test_a_make_that_needs_the_connector_is_asked_for_each_at_once(house: House):
    station = await triggering(house, lambda _: "Accepted")
    station.behaviour = Behaviour(triggers_need_connector=True)
    await station.tell(ConnectorObserved(where=EvseRef(1, 1), availability=Availability.AVAILABLE))
    told = await house.csms.triggers.trigger(station.station, v2.MessageTrigger.METER_VALUES)
    assert (told.asked, [request.evse for request in station.asked]) == (
        (EvseRef(1, 1),), [v2.EVSE(id=1, connector_id=1)],
    )  # fmt: skip


async def test_a_make_that_restarts_by_the_trigger_of_its_boot_is_not_asked_for_it(house: House):
    station = await triggering(house, lambda _: "Accepted", admitted=Registration.PENDING)
    station.behaviour = Behaviour(boots_when_triggered=False)
    with pytest.raises(TriggerNotAllowed):
        await house.csms.triggers.trigger(station.station, v2.MessageTrigger.BOOT_NOTIFICATION)
    assert station.asked == []
