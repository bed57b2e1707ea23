"""H. Reservation at the CSMS: kept before it is sent, followed to its end (H01-H04)."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from amperanto.conformance.requirements import requirement
from amperanto.csms.access import Principal
from amperanto.csms.errors import NotSpoken, StationOffline, StationSilent
from amperanto.csms.reservation import GRACE, Wish
from amperanto.domain import events
from amperanto.domain.errors import ReservationOver, TokenNotAccepted, UnknownReservation
from amperanto.domain.observations import (
    ConnectorObserved,
    ReservationEnded,
    TransactionContinued,
    TransactionEnded,
    TransactionStarted,
)
from amperanto.domain.quantities import WattHours
from amperanto.domain.reservations import CLOCKS_APART, Reservation, ReservationState
from amperanto.domain.stations import DEFAULT_ORGANISATION, Availability, EvseRef, OrganisationId
from amperanto.domain.tokens import AuthorizationStatus, RegisteredToken, Token
from amperanto.ocpp import v2
from amperanto.ocpp.errors import CallRefused, Code

NOON = datetime(2026, 5, 1, 12, tzinfo=UTC)
CARD = Token("CAFE", "ISO14443")
WISH = Wish(token=CARD, expires_at=NOON + timedelta(hours=1), evse=1)
WHO = Principal(organisation=DEFAULT_ORGANISATION, name="test", scopes=frozenset({"operate"}))
START = TransactionStarted(at=NOON, where=EvseRef(1, 1), token=Token("cafe"), meter=WattHours.of(0))


async def reserving(house: Any, identity: str = "CP1", answer: Any = "Accepted") -> Any:
    """A station that answers reservations so, and remembers what it was asked."""
    station = await house.station(identity)
    station.asked = []
    station.answer = answer
    station.before_answer = None

    async def call(request: Any, *, timeout: float | None = None, urgent: bool = False) -> Any:
        station.asked.append(request)
        if station.before_answer is not None:
            await station.before_answer(request)
        if isinstance(station.answer, Exception):
            raise station.answer
        if isinstance(request, v2.ReserveNowRequest):
            return v2.ReserveNowResponse(status=v2.ReserveNowStatus(station.answer))
        return v2.CancelReservationResponse(status=v2.CancelReservationStatus(station.answer))

    station.call = call
    station.can = lambda kind: True
    return station


async def reserve(house: Any, station: Any, wish: Wish = WISH) -> Reservation:
    return await house.csms.reservation.reserve(station.station, wish)


async def kept(house: Any, reservation: Reservation) -> Reservation:
    return (await house.csms.reservation.reservation(WHO, reservation.id)).what


async def told(house: Any, *kinds: type) -> list[Any]:
    """The events of those kinds, as the outbox keeps them."""
    found = [entry.event() for entry in await house.store.outbox.read("test", 1000)]
    return [event for event in found if isinstance(event, kinds)]


async def only(house: Any, station: Any) -> Reservation:
    """The station's one reservation."""
    (one,) = (await house.csms.reservation.reservations(WHO, station=station.station_id)).items
    return one.what


# --- H01: made


@requirement("H01-9")
async def test_an_accepted_reservation_is_active_and_made_known(house: Any):
    """H01, TC_H_01."""
    station = await reserving(house)
    made = await reserve(house, station)
    assert (made.state, made.answer, made.ended_at) == (ReservationState.ACTIVE, "Accepted", None)
    (request,) = station.asked
    assert (request.id, request.evse_id, request.expiry_date_time) == (made.number, 1, WISH.expires_at)
    assert request.id_token == v2.IdToken(id_token="CAFE", type="ISO14443")
    assert request.group_id_token is v2.UNSET
    (event,) = await told(house, events.ReservationMade)
    assert (event.reservation, event.number, event.token, event.evse) == (made.id, made.number, CARD, 1)
    assert await kept(house, made) == made


async def test_any_evse_a_connector_type_and_a_group_are_said_as_asked_for(house: Any):
    """H01, TC_H_08, TC_H_15, TC_H_19."""
    station = await reserving(house)
    await reserve(house, station, replace(WISH, evse=None, connector_type="cCCS2", group="FLEET"))
    (request,) = station.asked
    assert (request.evse_id, request.connector_type) == (v2.UNSET, "cCCS2")
    assert request.group_id_token == v2.IdToken(id_token="FLEET", type="Central")


async def test_it_is_kept_before_it_is_sent(house: Any):
    station = await reserving(house)
    seen: list[ReservationState] = []

    async def look(request: Any) -> None:
        seen.append((await only(house, station)).state)

    station.before_answer = look
    await reserve(house, station)
    assert seen == [ReservationState.ASKED]


@requirement("H01-10")
@pytest.mark.parametrize("word", ["Occupied", "Faulted", "Unavailable", "Rejected"])
async def test_the_stations_no_is_data(house: Any, word: str):
    """H01, TC_H_03 to TC_H_06, TC_H_22."""
    station = await reserving(house, answer=word)
    refused = await reserve(house, station)
    assert (refused.state, refused.answer) == (ReservationState.REFUSED, word)
    assert await told(house, events.ReservationMade, events.ReservationEnded) == []
    with pytest.raises(ReservationOver):
        await house.csms.reservation.cancel(WHO, refused.id)


async def test_an_error_of_the_station_is_a_refusal_and_said(house: Any):
    station = await reserving(house, answer=CallRefused(Code.NOT_SUPPORTED, "no such profile"))
    with pytest.raises(CallRefused):
        await reserve(house, station)
    assert (await only(house, station)).state is ReservationState.REFUSED


@pytest.mark.parametrize("error", [StationSilent("no answer"), StationOffline("the connection ended")])
async def test_what_nobody_answered_stays_asked_and_may_still_be_used(house: Any, error: Exception):
    station = await reserving(house, answer=error)
    await house.token("CAFE")
    with pytest.raises(type(error)):
        await reserve(house, station)
    asked = await only(house, station)
    assert (asked.state, asked.answer) == (ReservationState.ASKED, str(error))
    await station.tell(replace(START, reservation=asked.number))
    assert (await kept(house, asked)).state is ReservationState.USED


async def test_nothing_is_kept_for_a_station_that_is_gone_or_cannot(house: Any):
    station = await reserving(house)
    station.can = lambda kind: False
    with pytest.raises(NotSpoken):
        await reserve(house, station)
    house.csms.stations.forget(station)
    with pytest.raises(StationOffline):
        await reserve(house, station)
    assert (await house.csms.reservation.reservations(WHO)).items == ()
    assert station.asked == []


async def test_each_reservation_of_a_station_has_a_number_of_its_own(house: Any):
    station = await reserving(house)
    numbers = {(await reserve(house, station, replace(WISH, evse=evse))).number for evse in range(1, 9)}
    assert len(numbers) == 8
    assert all(0 < number < 2**31 for number in numbers)


@pytest.mark.parametrize(
    "changes",
    [{"status": AuthorizationStatus.BLOCKED}, {"expires_at": NOON - timedelta(seconds=1)}],
)
async def test_nothing_is_reserved_for_a_token_that_may_not_charge(house: Any, changes: dict[str, Any]):
    station = await reserving(house)
    await house.token("CAFE", **changes)
    with pytest.raises(TokenNotAccepted):
        await reserve(house, station)
    assert station.asked == []


async def test_a_token_is_named_by_the_kind_it_is_registered_as(house: Any):
    station = await reserving(house)
    app = RegisteredToken(id="app", organisation=DEFAULT_ORGANISATION, token=Token("APP-1", "Central"))
    async with house.store.unit() as unit:
        unit.tokens.add(app)
    made = await reserve(house, station, replace(WISH, token=Token("app-1")))
    assert made.token == Token("app-1", "Central")
    assert (await reserve(house, station, replace(WISH, token=Token("nobody", "eMAID")))).token.type == "eMAID"


async def test_a_replacement_takes_the_number_and_ends_what_was(house: Any):
    """H01, TC_H_23."""
    station = await reserving(house)
    first = await reserve(house, station)
    second = await reserve(house, station, replace(WISH, evse=2, replaces=first.id))
    assert second.number == first.number
    assert (await kept(house, first)).state is ReservationState.REPLACED
    assert (await kept(house, second)).state is ReservationState.ACTIVE
    await station.tell(ReservationEnded(number=first.number, status="Expired"))
    assert (await kept(house, first)).state is ReservationState.REPLACED
    assert (await kept(house, second)).state is ReservationState.EXPIRED


async def test_a_replacement_that_is_refused_leaves_what_was(house: Any):
    station = await reserving(house)
    first = await reserve(house, station)
    station.answer = "Occupied"
    second = await reserve(house, station, replace(WISH, evse=2, replaces=first.id))
    assert second.state is ReservationState.REFUSED
    assert (await kept(house, first)).state is ReservationState.ACTIVE
    await house.token("CAFE")
    await station.tell(replace(START, reservation=first.number))
    assert (await kept(house, first)).state is ReservationState.USED


async def test_only_a_living_reservation_of_that_station_is_replaced(house: Any):
    one, other = await reserving(house, "CP1"), await reserving(house, "CP2")
    first = await reserve(house, one)
    with pytest.raises(UnknownReservation):
        await reserve(house, other, replace(WISH, replaces=first.id))
    await house.csms.reservation.cancel(WHO, first.id)
    with pytest.raises(ReservationOver):
        await reserve(house, one, replace(WISH, replaces=first.id))


# --- H02: cancelled


@requirement("H02-3")
async def test_a_cancelled_reservation_is_over(house: Any):
    """H02, TC_H_17."""
    station = await reserving(house)
    made = await reserve(house, station)
    assert (await house.csms.reservation.cancel(WHO, made.id)).state is ReservationState.CANCELLED
    assert station.asked[-1] == v2.CancelReservationRequest(reservation_id=made.number)
    (event,) = await told(house, events.ReservationEnded)
    assert (event.reservation, event.state) == (made.id, ReservationState.CANCELLED)
    with pytest.raises(ReservationOver):
        await house.csms.reservation.cancel(WHO, made.id)


@requirement("H02-3")
async def test_a_station_that_knew_of_none_shows_that_it_ended_unheard(house: Any):
    """H02: unknown → Rejected."""
    station = await reserving(house)
    made = await reserve(house, station)
    station.answer = "Rejected"
    ended = await house.csms.reservation.cancel(WHO, made.id)
    assert ended.state is ReservationState.REMOVED
    assert "no such reservation" in (ended.answer or "")


async def test_a_use_told_while_it_is_cancelled_counts(house: Any):
    station = await reserving(house)
    await house.token("CAFE")
    made = await reserve(house, station)

    async def charge(request: Any) -> None:
        await station.tell(replace(START, reservation=made.number))

    station.before_answer, station.answer = charge, "Rejected"
    assert (await house.csms.reservation.cancel(WHO, made.id)).state is ReservationState.USED


async def test_another_organisations_reservations_are_not_seen(house: Any):
    """R15."""
    made = await reserve(house, await reserving(house))
    stranger = replace(WHO, organisation=OrganisationId("other"))
    for ask in (house.csms.reservation.reservation, house.csms.reservation.cancel):
        with pytest.raises(UnknownReservation):
            await ask(stranger, made.id)
    assert (await house.csms.reservation.reservations(stranger)).items == ()


# --- H03: used


async def test_a_use_told_before_the_answer_is_not_undone_by_it(house: Any):
    station = await reserving(house)
    await house.token("CAFE")

    async def charge(request: Any) -> None:
        await station.tell(replace(START, reservation=request.id))

    station.before_answer = charge
    assert (await reserve(house, station)).state is ReservationState.USED


@requirement("H03-7")
async def test_a_transaction_that_carries_the_number_uses_it_once(house: Any):
    """H03; 1.6 StartTransaction.reservationId. Told again, it is the same (R1)."""
    station = await reserving(house)
    await house.token("CAFE")
    made = await reserve(house, station)
    start = replace(START, reservation=made.number)
    number = (await station.tell(start)).number
    assert (await station.tell(start)).number == number
    transaction = await house.store.transactions.by_number(station.station_id, number)
    used = await kept(house, made)
    assert (used.state, used.transaction) == (ReservationState.USED, transaction.id)
    (event,) = await told(house, events.ReservationEnded)
    assert (event.state, event.transaction) == (ReservationState.USED, transaction.id)


async def test_the_number_may_come_with_a_later_report(house: Any):
    """H03, 2.x: the next event after the use carries it."""
    station = await reserving(house)
    await house.token("CAFE")
    made = await reserve(house, station)
    await station.tell(TransactionStarted(at=NOON, reference="T", sequence=0, where=EvseRef(1, 1)))
    assert (await kept(house, made)).state is ReservationState.ACTIVE
    await station.tell(TransactionContinued(at=NOON, reference="T", sequence=1, token=CARD, reservation=made.number))
    assert (await kept(house, made)).state is ReservationState.USED


@requirement("1.6:ReserveNow-6", "H03-7")
@pytest.mark.parametrize("evse", [1, None])
async def test_a_start_of_its_token_that_names_none_uses_it(house: Any, evse: int | None):
    """1.6: many stations leave reservationId out. The transaction is shown with the reservation it had."""
    station = await reserving(house)
    await house.token("CAFE")
    made = await reserve(house, station, replace(WISH, evse=evse))
    number = (await station.tell(START)).number
    assert (await kept(house, made)).state is ReservationState.USED
    assert (await house.store.transactions.by_number(station.station_id, number)).reservation == made.number


@requirement("H03-7")
async def test_a_start_of_its_group_uses_it(house: Any):
    """H03, TC_H_19; 1.6 TC_053_1."""
    station = await reserving(house)
    await house.token("BEEF", group="fleet")
    made = await reserve(house, station, replace(WISH, group="FLEET"))
    await station.tell(replace(START, token=Token("BEEF")))
    assert (await kept(house, made)).state is ReservationState.USED


@pytest.mark.parametrize(
    "start",
    [
        pytest.param(replace(START, token=Token("BEEF")), id="another token"),
        pytest.param(replace(START, where=EvseRef(2, 1)), id="another evse"),
        pytest.param(replace(START, token=None), id="nobody's"),
        pytest.param(replace(START, at=NOON - CLOCKS_APART - timedelta(seconds=1)), id="before it was made"),
        pytest.param(
            TransactionEnded(at=NOON, reference="5", where=EvseRef(1, 1), token=CARD, meter=WattHours.of(1)),
            id="an end",
        ),
    ],
)
async def test_what_is_not_its_start_leaves_it_and_is_answered_as_ever(house: Any, start: Any):
    """Who may charge at a reserved place is the station's to decide: the CSMS refuses nobody for it."""
    station = await reserving(house)
    await house.token("CAFE", concurrent_limit=None)
    await house.token("BEEF")
    made = await reserve(house, station)
    decision = await station.tell(start)
    assert decision.authorization is None or decision.authorization.accepted
    assert (await kept(house, made)).state is ReservationState.ACTIVE


async def test_a_token_that_is_refused_uses_nothing(house: Any):
    station = await reserving(house)
    made = await reserve(house, station)
    assert not (await station.tell(START)).authorization.accepted
    assert (await kept(house, made)).state is ReservationState.ACTIVE


async def test_the_reservation_of_that_very_place_is_used_first(house: Any):
    station = await reserving(house)
    await house.token("CAFE")
    anywhere = await reserve(house, station, replace(WISH, evse=None))
    here = await reserve(house, station)
    await station.tell(START)
    assert (await kept(house, here)).state is ReservationState.USED
    assert (await kept(house, anywhere)).state is ReservationState.ACTIVE


async def test_another_stations_transaction_uses_nothing_whatever_number_it_says(house: Any):
    one, other = await reserving(house, "CP1"), await reserving(house, "CP2")
    await house.token("CAFE")
    made = await reserve(house, one)
    await other.tell(replace(START, reservation=made.number))
    assert (await kept(house, made)).state is ReservationState.ACTIVE


# --- H04 and H01: ended


@requirement("H03-8")
@pytest.mark.parametrize(
    ("word", "state"),
    [("Expired", "Expired"), ("Removed", "Removed"), ("NoTransaction", "NoTransaction"), ("Gone", "Removed")],
)
async def test_an_end_that_the_station_tells_is_kept(house: Any, word: str, state: str):
    """H01, H03, H04; TC_H_07, TC_H_20."""
    station = await reserving(house)
    made = await reserve(house, station)
    await station.tell(ReservationEnded(number=made.number, status=word))
    await station.tell(ReservationEnded(number=made.number, status=word))
    ended = await kept(house, made)
    assert (ended.state, ended.answer) == (state, word)
    assert [event.state for event in await told(house, events.ReservationEnded)] == [state]


async def test_the_end_of_a_reservation_nobody_made_is_noted_and_nothing_else(house: Any):
    station = await reserving(house)
    await station.tell(ReservationEnded(number=4711, status="Expired"))
    assert (await house.csms.reservation.reservations(WHO)).items == ()


@requirement("H04-3")
async def test_our_clock_ends_what_nobody_told_of_a_minute_late(house: Any):
    """H04 for 1.6, TC_047; nothing is sent for it, and a restart forgets nothing: it is a row's time."""
    station = await reserving(house)
    made = await reserve(house, station)
    await house.clock.sleep(3600 + GRACE.total_seconds() - 1)
    assert await house.csms.reservation.expire() == 0
    await house.clock.sleep(1)
    assert await house.csms.reservation.expire() == 1
    assert await house.csms.reservation.expire() == 0
    assert (await kept(house, made)).state is ReservationState.EXPIRED
    assert len(station.asked) == 1
    assert [event.state for event in await told(house, events.ReservationEnded)] == ["Expired"]


async def test_the_schedule_looks_after_it_by_itself(house: Any):
    station = await reserving(house)
    made = await reserve(house, station, replace(WISH, expires_at=NOON + timedelta(seconds=10)))
    running = asyncio.create_task(house.csms.schedule.run())
    try:
        async with asyncio.timeout(5):
            while (await kept(house, made)).state is ReservationState.ACTIVE:
                await asyncio.sleep(0)
    finally:
        running.cancel()
    assert (await kept(house, made)).state is ReservationState.EXPIRED
    assert len(station.asked) == 1


async def test_many_that_expire_at_once_all_end(house: Any):
    station = await reserving(house)
    for evse in range(1, 121):
        await reserve(house, station, replace(WISH, evse=evse))
    await house.clock.sleep(7200)
    assert await house.csms.reservation.expire() == 120


@pytest.mark.parametrize("end", ["our clock", "the station"])
async def test_a_start_told_late_goes_before_an_end(house: Any, end: str):
    """R10: it was used offline before it expired, and the station says so afterwards."""
    station = await reserving(house)
    await house.token("CAFE")
    made = await reserve(house, station)
    if end == "our clock":
        await house.clock.sleep(7200)
        await house.csms.reservation.expire()
    else:
        await station.tell(ReservationEnded(number=made.number, status="Expired"))
    await station.tell(replace(START, reservation=made.number))
    assert (await kept(house, made)).state is ReservationState.USED


async def test_a_reservation_that_was_cancelled_is_not_used_by_what_comes_later(house: Any):
    station = await reserving(house)
    await house.token("CAFE")
    made = await reserve(house, station)
    await house.csms.reservation.cancel(WHO, made.id)
    await station.tell(replace(START, reservation=made.number))
    assert (await kept(house, made)).state is ReservationState.CANCELLED


def state_of(availability: Availability, connector: int = 1, evse: int = 1) -> ConnectorObserved:
    return ConnectorObserved(where=EvseRef(evse, connector), availability=availability)


@requirement("H01-13")
@pytest.mark.parametrize("broken", [Availability.FAULTED, Availability.UNAVAILABLE])
async def test_what_was_reserved_at_a_place_that_broke_is_removed(house: Any, broken: Availability):
    """H01, TC_H_20; 1.6: there is no other word for it."""
    station = await reserving(house)
    here = await reserve(house, station)
    there = await reserve(house, station, replace(WISH, evse=2))
    anywhere = await reserve(house, station, replace(WISH, evse=None))
    await station.tell(state_of(Availability.RESERVED))
    await station.tell(state_of(broken))
    assert (await kept(house, here)).state is ReservationState.REMOVED
    assert {(await kept(house, one)).state for one in (there, anywhere)} == {ReservationState.ACTIVE}


async def test_an_evse_with_another_connector_that_works_keeps_its_reservation(house: Any):
    station = await reserving(house)
    made = await reserve(house, station)
    await station.tell(state_of(Availability.RESERVED, connector=2))
    await station.tell(state_of(Availability.FAULTED, connector=1))
    assert (await kept(house, made)).state is ReservationState.ACTIVE
    await station.tell(state_of(Availability.FAULTED, connector=2))
    assert (await kept(house, made)).state is ReservationState.REMOVED


async def test_reservations_are_listed_the_newest_first_by_station_and_state(house: Any):
    one, other = await reserving(house, "CP1"), await reserving(house, "CP2")
    first, second, third = [await reserve(house, station) for station in (one, other, one)]
    await house.csms.reservation.cancel(WHO, first.id)
    block: Callable[..., Any] = house.csms.reservation.reservations
    found = [(named.identity, named.what.id) for named in (await block(WHO)).items]
    assert found == [("CP1", third.id), ("CP2", second.id), ("CP1", first.id)]
    assert [named.what.id for named in (await block(WHO, station=one.station_id)).items] == [third.id, first.id]
    assert [named.what.id for named in (await block(WHO, state=ReservationState.CANCELLED)).items] == [first.id]
    page = await block(WHO, limit=2)
    assert [named.what.id for named in (await block(WHO, limit=2, cursor=page.next)).items] == [first.id]
