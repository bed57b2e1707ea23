"""A remote start is followed to its transaction, its refusal or its time, also where the station cannot say whose."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import permutations
from typing import Any

import pytest
from tests.unit.csms.conftest import House

from amperanto.conformance.requirements import requirement
from amperanto.csms.access import Principal
from amperanto.csms.errors import NotSpoken, StationBusy, StationNotAccepted, StationOffline, StationSilent
from amperanto.csms.remote_control import LATE, MARGIN, USUAL_TIMEOUT, RemoteControl, StartWish
from amperanto.domain.behaviour import Behaviour
from amperanto.domain.device_model import Attribute, KnownVariable, VariableRef
from amperanto.domain.errors import UnknownRemoteStart, WrongProfile
from amperanto.domain.events import RemoteStartEnded
from amperanto.domain.limits import TransactionLimit
from amperanto.domain.observations import TransactionContinued, TransactionStarted
from amperanto.domain.quantities import WattHours
from amperanto.domain.remote_starts import Failure, RemoteStart, RemoteStartState
from amperanto.domain.stations import DEFAULT_ORGANISATION, EvseRef, OrganisationId
from amperanto.domain.tokens import Token
from amperanto.ocpp import v2
from amperanto.ocpp.errors import CallRefused, Code

NOON = datetime(2026, 5, 1, 12, tzinfo=UTC)
WHO = Principal(organisation=DEFAULT_ORGANISATION, name="app", scopes=frozenset({"operate"}))
START = TransactionStarted(at=NOON, where=EvseRef(1, 1), token=Token("CAFE"), meter=WattHours.of(0))
WISH = StartWish(Token("cafe"), 1)
STATE = RemoteStartState
TIME = timedelta(seconds=USUAL_TIMEOUT) + MARGIN


def answering(station: Any, answer: Any, *, before: Callable[[Any], Awaitable[Any]] | None = None) -> None:
    """Let the station's socket answer every call so, after what it does before."""
    station.asked = []

    async def call(request: Any, *, timeout: float | None = None, urgent: bool = False) -> Any:
        station.asked.append(request)
        if before is not None:
            await before(request)
        if isinstance(answer, Exception):
            raise answer
        if isinstance(answer, v2.RequestStartTransactionResponse):
            return answer
        return v2.RequestStartTransactionResponse(status=answer)

    station.call = call


async def start(house: House, station: Any, wish: StartWish = WISH) -> RemoteStart:
    return await house.csms.remote_control.start(WHO, station.station, wish)


async def kept(house: House, one: RemoteStart) -> RemoteStart:
    return (await house.csms.remote_control.followed(WHO, one.id)).what


async def begun(house: House, station: Any, told: TransactionStarted = START) -> int | None:
    """The remote start that the transaction which begins now is said to belong to."""
    number = (await station.tell(told)).number
    if number is not None:
        found = await house.store.transactions.by_number(station.station_id, number)
    else:
        found = await house.store.transactions.by_reference(station.station_id, told.reference or "")
    assert found is not None
    return found.remote_start


async def ended(house: House) -> list[RemoteStartEnded]:
    found = [entry.event() for entry in await house.store.outbox.read("test", 1000)]
    return [event for event in found if isinstance(event, RemoteStartEnded)]


def restarted(house: House) -> None:
    """What this node remembered is gone; another one goes on."""
    fresh = house.csms.remote_control
    fresh.__dict__.update(RemoteControl(fresh.context, _NoTimers()).__dict__)  # type: ignore[arg-type]


class _NoTimers:
    def on(self, kind: str, handler: Any) -> None:
        pass


# --- the start it means


@requirement("1.6:RemoteStartTransaction-5")
@pytest.mark.parametrize("evse", [1, None])
async def test_the_next_start_of_that_token_there_is_the_one_asked_for_and_only_that(house: House, evse: int | None):
    station = await house.station()
    answering(station, "Accepted")
    one = await start(house, station, replace(WISH, evse=evse))
    assert one.state is STATE.ACCEPTED
    assert await begun(house, station) == one.number
    assert (await kept(house, one)).state is STATE.STARTED
    assert await begun(house, station, replace(START, at=NOON + timedelta(minutes=1))) is None


@pytest.mark.parametrize(
    "other",
    [replace(START, token=Token("BEEF")), replace(START, where=EvseRef(2, 1)), replace(START, token=None)],
)
async def test_another_token_or_another_evse_is_somebody_else(house: House, other: TransactionStarted):
    station = await house.station()
    answering(station, "Accepted")
    one = await start(house, station)
    assert await begun(house, station, other) is None
    assert (await kept(house, one)).state is STATE.ACCEPTED


@requirement("F01-5", "F02-3")
async def test_a_station_that_says_whose_start_it_is_is_believed(house: House):
    station = await house.station()
    answering(station, "Accepted")
    one = await start(house, station)
    local = replace(START, reference="T1", sequence=0)  # 2.x, without a remoteStartId: at the station itself
    assert await begun(house, station, local) is None
    nobodys = one.number ^ 1
    await begun(house, station, replace(local, reference="T3", remote_start=nobodys))
    assert (await kept(house, one)).state is STATE.ACCEPTED, "a number that is not its own is another start"
    assert await begun(house, station, replace(local, reference="T2", remote_start=one.number)) == one.number
    after = await kept(house, one)
    transaction = await house.store.transactions.by_reference(station.station_id, "T2")
    assert transaction is not None
    assert (after.state, after.transaction) == (STATE.STARTED, transaction.id)


async def test_a_remote_start_told_with_a_later_report_of_a_running_transaction_counts(house: House):
    """TxStartPoint is the cable: the transaction runs already when the token comes from afar (F01)."""
    station = await house.station()
    await station.tell(replace(START, reference="T1", sequence=0, token=None))
    answering(station, "Accepted")
    one = await start(house, station)
    report = TransactionContinued(
        at=NOON, reference="T1", sequence=1, trigger="RemoteStart", remote_start=one.number, token=Token("CAFE")
    )
    await station.tell(report)
    assert (await kept(house, one)).state is STATE.STARTED


@requirement("F01-4")
async def test_a_transaction_the_answer_names_is_the_one_it_started(house: House):
    station = await house.station()
    await station.tell(replace(START, reference="T1", sequence=0, token=None))
    answering(station, v2.RequestStartTransactionResponse(status="Accepted", transaction_id="T1"))  # type: ignore[arg-type]
    one = await start(house, station)
    transaction = await house.store.transactions.by_reference(station.station_id, "T1")
    assert transaction is not None
    assert (one.state, one.transaction) == (STATE.STARTED, transaction.id)


async def test_a_model_that_sends_its_own_tag_whatever_it_was_asked_is_matched_by_that(house: House):
    station = await house.station()
    answering(station, "Accepted")
    station.behaviour = Behaviour(remote_start_token="BEEF")
    one = await start(house, station)
    assert (station.asked[0].id_token.id_token, one.token.uid) == ("BEEF", "cafe")
    assert await begun(house, station, replace(START, token=Token("BEEF"))) == one.number


async def test_a_start_told_with_a_wrong_clock_but_in_time_is_the_one(house: House):
    station = await house.station()
    answering(station, "Accepted")
    one = await start(house, station)
    assert await begun(house, station, replace(START, at=NOON + timedelta(hours=2))) == one.number


# --- what goes over the wire


@requirement("F01-1")
async def test_what_is_asked_goes_over_the_wire_with_a_number_of_its_own(house: House):
    station = await house.station()
    answering(station, "Accepted")
    first, second = await start(house, station), await start(house, station, StartWish(Token("AB", "ISO14443")))
    one, two = station.asked
    assert (one.remote_start_id, two.remote_start_id) == (first.number, second.number)
    assert first.number != second.number
    assert (one.id_token.id_token, one.id_token.type, one.evse_id) == ("cafe", "Central", 1)
    assert (two.id_token.type, two.evse_id) == ("ISO14443", v2.UNSET)


def profile(purpose: str = "TxProfile", **more: Any) -> v2.ChargingProfile:
    period = v2.ChargingSchedulePeriod(start_period=0, limit=10.0)
    schedule = v2.ChargingSchedule(id=1, charging_rate_unit="A", charging_schedule_period=[period])  # type: ignore[arg-type]
    return v2.ChargingProfile(
        id=1, stack_level=0, charging_profile_purpose=purpose, charging_profile_kind="Relative",  # type: ignore[arg-type]
        charging_schedule=[schedule], **more,
    )  # fmt: skip


@requirement("F01-3", "1.6:RemoteStartTransaction-3")
async def test_a_profile_for_the_transaction_to_come_is_passed_on_and_no_other(house: House):
    station = await house.station()
    answering(station, "Accepted")
    await start(house, station, replace(WISH, profile=profile()))
    (asked,) = station.asked
    assert asked.charging_profile == profile()
    for wrong in (profile("TxDefaultProfile"), profile(transaction_id="T1")):
        with pytest.raises(WrongProfile):
            await start(house, station, replace(WISH, profile=wrong))
    assert len(station.asked) == 1
    assert len((await house.store.remote_starts.list(DEFAULT_ORGANISATION)).items) == 1


@requirement("F07-1", "F07-2")
async def test_limits_are_told_with_the_answer_to_the_start_and_not_again(house: House):
    station = await house.station()
    answering(station, "Accepted")
    limit = TransactionLimit(energy=WattHours.of(5000))
    station.can = lambda kind: True
    one = await start(house, station, replace(WISH, limit=limit))
    report = replace(START, reference="T1", sequence=0, remote_start=one.number)
    assert (await station.tell(report)).limit == limit
    later = TransactionContinued(at=NOON, reference="T1", sequence=1, remote_start=one.number, trigger="CablePluggedIn")
    assert (await station.tell(later)).limit is None


@requirement("F07-1")
async def test_a_station_whose_version_knows_no_limits_is_not_started_without_them(house: House):
    station = await house.station()
    answering(station, "Accepted")
    station.can = lambda kind: False
    one = await start(house, station, replace(WISH, limit=TransactionLimit(seconds=60)))
    assert (one.state, one.failure, station.asked) == (STATE.FAILED, Failure.NOT_SPOKEN, [])


# --- how it ends


@requirement("F01-2")
async def test_a_station_that_refuses_says_why(house: House):
    station = await house.station()
    info = v2.StatusInfo(reason_code="InvalidProfile", additional_info="no such unit")
    answering(station, v2.RequestStartTransactionResponse(status="Rejected", status_info=info))  # type: ignore[arg-type]
    one = await start(house, station)
    assert (one.state, one.answer, one.reason) == (STATE.REFUSED, "Rejected", "InvalidProfile: no such unit")
    assert await begun(house, station) is None
    (event,) = await ended(house)
    assert (event.state, event.remote_start, event.reason) == (STATE.REFUSED, one.id, one.reason)


@pytest.mark.parametrize(
    ("error", "failure", "sent"),
    [
        (StationSilent("no answer"), Failure.SILENT, True),
        (StationOffline("the connection ended"), Failure.OFFLINE, True),
        (NotSpoken("no word"), Failure.NOT_SPOKEN, False),
        (StationBusy("full"), Failure.BUSY, False),
        (StationNotAccepted("rejected"), Failure.NOT_ACCEPTED, False),
        (CallRefused(Code.INTERNAL_ERROR, "oops"), Failure.ERROR, True),
    ],
)
async def test_what_went_wrong_on_the_way_is_said(house: House, error: Exception, failure: Failure, sent: bool):
    station = await house.station()
    answering(station, error)
    one = await start(house, station)
    assert (one.state, one.failure, one.reason, one.sent_at is not None) == (STATE.FAILED, failure, str(error), sent)
    assert (await begun(house, station) == one.number) is sent
    assert (await kept(house, one)).state is (STATE.STARTED if sent else STATE.FAILED)


async def test_a_station_that_is_not_there_is_said_to_be_offline_and_never_asked(house: House):
    station = await house.station()
    house.csms.stations.forget(station)
    one = await start(house, station)
    assert (one.state, one.failure, one.sent_at) == (STATE.FAILED, Failure.OFFLINE, None)


@requirement("F02-4")
async def test_a_start_that_never_came_times_out(house: House):
    station = await house.station()
    answering(station, "Accepted")
    one = await start(house, station)
    await house.clock.sleep(TIME.total_seconds() - 1)
    await house.csms.timers.look()
    assert (await kept(house, one)).state is STATE.ACCEPTED
    await house.clock.sleep(2)
    await house.csms.timers.look()
    after = await kept(house, one)
    assert (after.state, after.ended_at) == (STATE.TIMED_OUT, house.clock.now())
    assert [event.state for event in await ended(house)] == [STATE.TIMED_OUT]


async def test_the_time_is_the_stations_own(house: House):
    station = await house.station()
    known = KnownVariable(
        station=station.station_id, organisation=DEFAULT_ORGANISATION,
        ref=VariableRef("TxCtrlr", "EVConnectionTimeOut"), attribute=Attribute(value="600"), seen_at=NOON,
        source="read",
    )  # fmt: skip
    async with house.store.unit() as unit:
        unit.device_models.put([known])
    answering(station, "Accepted")
    assert (await start(house, station)).until == NOON + timedelta(seconds=600) + MARGIN


async def test_a_start_that_began_in_time_but_was_told_late_goes_before_our_clock(house: House):
    """R10: the station was offline meanwhile, and told its start from its queue."""
    station = await house.station()
    answering(station, "Accepted")
    one = await start(house, station)
    await house.clock.sleep(TIME.total_seconds() + 3600)
    await house.csms.timers.look()
    assert await begun(house, station, replace(START, at=NOON + timedelta(seconds=30))) == one.number
    assert [event.state for event in await ended(house)] == [STATE.TIMED_OUT, STATE.STARTED]


async def test_a_start_after_its_time_is_somebody_elses(house: House):
    station = await house.station()
    answering(station, "Accepted")
    one = await start(house, station)
    await house.clock.sleep(TIME.total_seconds() + 3600)
    await house.csms.timers.look()
    assert await begun(house, station, replace(START, at=house.clock.now())) is None
    assert (await kept(house, one)).state is STATE.TIMED_OUT


async def test_a_start_reported_before_its_answer_is_kept(house: House):
    station = await house.station()

    async def report(_: Any) -> None:
        await station.tell(START)

    answering(station, "Accepted", before=report)
    one = await start(house, station)
    assert (one.state, one.transaction is None) == (STATE.STARTED, False)


async def test_it_is_kept_before_it_is_sent_with_who_asked(house: House):
    station = await house.station()
    seen: list[RemoteStart] = []

    async def look(_: Any) -> None:
        seen.extend((await house.store.remote_starts.list(DEFAULT_ORGANISATION)).items)

    answering(station, "Accepted", before=look)
    await start(house, station)
    assert [(one.state, one.asked_by) for one in seen] == [(STATE.ASKED, "app")]


async def test_another_node_knows_what_this_one_asked(house: House):
    station = await house.station()
    answering(station, "Accepted")
    one = await start(house, station)
    restarted(house)
    again = await house.socket(station.station)
    assert await begun(house, again) == one.number
    assert (await kept(house, one)).state is STATE.STARTED


async def test_whoever_waits_hears_of_the_end(house: House):
    station = await house.station()
    answering(station, "Accepted")
    one = await start(house, station)
    assert (await house.csms.remote_control.followed(WHO, one.id, wait=5)).what.state is STATE.ACCEPTED
    await begun(house, station)
    assert (await house.csms.remote_control.followed(WHO, one.id, wait=5)).what.state is STATE.STARTED


async def test_a_command_sent_as_it_is_is_followed_too(house: House):
    station = await house.station()
    answering(station, "Accepted")
    request = v2.RequestStartTransactionRequest(
        id_token=v2.IdToken(id_token="CAFE", type="ISO14443"), remote_start_id=7
    )
    answer = await house.csms.remote_control.send(WHO, station.station, request)
    assert answer.status == "Accepted"
    assert await begun(house, station) == 7
    answering(station, StationSilent("no answer"))
    with pytest.raises(StationSilent):
        await house.csms.remote_control.send(WHO, station.station, replace_number(request, 8))
    states = {one.number: one.state for one in (await house.store.remote_starts.list(DEFAULT_ORGANISATION)).items}
    assert states == {7: STATE.STARTED, 8: STATE.FAILED}


def replace_number(request: v2.RequestStartTransactionRequest, number: int) -> v2.RequestStartTransactionRequest:
    return v2.RequestStartTransactionRequest(id_token=request.id_token, remote_start_id=number)


async def test_nobody_elses_remote_start_is_told(house: House):
    station = await house.station()
    answering(station, "Accepted")
    one = await start(house, station)
    other = replace(WHO, organisation=OrganisationId("other"))
    with pytest.raises(UnknownRemoteStart):
        await house.csms.remote_control.followed(other, one.id)


async def test_messages_of_a_station_nobody_waits_for_read_nothing_of_remote_starts(
    house: House, monkeypatch: pytest.MonkeyPatch
):
    """The hot path: one look for the first start of a connection, none for any other message."""
    station = await house.station()
    looked: list[str] = []
    kind = type(house.store.remote_starts)
    for name in ("since", "of_number", "by_id"):
        real = getattr(kind, name)

        async def counted(self: Any, *words: Any, _real: Any = real, _name: str = name) -> Any:
            looked.append(_name)
            return await _real(self, *words)

        monkeypatch.setattr(kind, name, counted)
    for minute in range(5):
        await begun(house, station, replace(START, at=NOON + timedelta(minutes=minute)))
    await station.tell(replace(START, reference="T1", sequence=0))
    for sequence in range(1, 5):
        await station.tell(TransactionContinued(at=NOON, reference="T1", sequence=sequence))
    assert looked == ["since"]


async def test_a_day_later_nothing_is_looked_for_any_more(house: House):
    station = await house.station()
    answering(station, "Accepted")
    await start(house, station)
    await house.clock.sleep((TIME + LATE).total_seconds() + 1)
    assert await begun(house, station) is None


@requirement("F02-5")
@pytest.mark.parametrize("answer", ["Accepted", "Rejected", StationSilent("no answer")], ids=str)
@pytest.mark.parametrize("numbered", [True, False], ids=["1.6", "2.x"])
@pytest.mark.parametrize("order", [" ".join(one) for one in permutations(["answer", "report", "timer", "restart"])])
async def test_it_ends_in_one_state_whatever_comes_first(house: House, order: str, numbered: bool, answer: Any):
    station = await house.station()
    steps = order.split()
    at = steps.index("answer")
    known: list[RemoteStart] = []

    async def step(what: str) -> None:
        one = (await house.store.remote_starts.list(DEFAULT_ORGANISATION)).items[0]
        known[:] = [one]
        if what == "restart":
            restarted(house)
        elif what == "timer":
            await house.clock.sleep(TIME.total_seconds() + 1)
            await house.csms.timers.look()
        elif numbered:
            await station.tell(START)
        else:
            await station.tell(replace(START, reference="T1", sequence=0, remote_start=one.number))

    async def before(_: Any) -> None:
        for what in steps[:at]:
            await step(what)

    answering(station, answer, before=before)
    await start(house, station)
    for what in steps[at + 1 :]:
        await step(what)
    after = await kept(house, known[0])
    # A 1.6 station that refused and starts all the same started for somebody else: it names no remote start.
    refused_first = numbered and answer == "Rejected" and at < steps.index("report")
    assert after.state is (STATE.REFUSED if refused_first else STATE.STARTED)
    assert len({event.transaction for event in await ended(house) if event.state is STATE.STARTED}) <= 1
    assert await house.store.due.of("remote_start", after.id) is None
