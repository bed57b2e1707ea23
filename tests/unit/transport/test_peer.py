"""A peer over a wire in memory: calls, answers, the mailbox, and the end."""

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from amperanto.ocpp import (
    CallReceived,
    CallRefused,
    CallTimedOut,
    Codec,
    LateAnswer,
    LocalProtocolError,
    Mode,
    NotImplementedHere,
    Version,
    v2,
    v16,
)
from amperanto.transport import Cause, Closed, Peer, PeerClosed, QueueFull
from amperanto.transport.memory import wire

NOW = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
HEARTBEAT = v16.HeartbeatResponse(current_time=NOW)


class ManualTime:
    """A clock and an alarm that move when told."""

    def __init__(self) -> None:
        self.now = 1000.0
        self._alarms: list[tuple[float, Callable[[], None]]] = []

    def __call__(self) -> float:
        return self.now

    def alarm(self, delay: float, callback: Callable[[], None]) -> "Alarm":
        alarm = Alarm(self, (self.now + delay, callback))
        self._alarms.append(alarm.entry)
        return alarm

    def pass_by(self, seconds: float) -> None:
        self.now += seconds
        due = [entry for entry in self._alarms if entry[0] <= self.now]
        for entry in due:
            self._alarms.remove(entry)
            entry[1]()

    @property
    def alarms(self) -> int:
        return len(self._alarms)

    def drop(self, entry: tuple[float, Callable[[], None]]) -> None:
        if entry in self._alarms:
            self._alarms.remove(entry)


class Alarm:
    def __init__(self, time: ManualTime, entry: tuple[float, Callable[[], None]]) -> None:
        self.entry = entry
        self._time = time

    def cancel(self) -> None:
        self._time.drop(self.entry)


async def answer_all(peer: Peer, seen: list[str] | None = None) -> None:
    async for call in peer:
        if seen is not None:
            seen.append(call.id)
        await call.reply(HEARTBEAT)


async def quiet(rounds: int = 20) -> None:
    """Let every task that can run, run."""
    for _ in range(rounds):
        await asyncio.sleep(0)


async def test_a_call_gets_its_typed_answer() -> None:
    async with wire(Version.V16) as line, asyncio.TaskGroup() as group:
        worker = group.create_task(answer_all(line.csms))
        answer = await line.station.call(v16.HeartbeatRequest())
        assert answer == HEARTBEAT
        worker.cancel()


@pytest.mark.parametrize("version", Version)
async def test_a_refusal_is_raised_with_its_code_and_description(version: Version) -> None:
    request = (
        v16.DataTransferRequest(vendor_id="x") if version is Version.V16 else v2.DataTransferRequest(vendor_id="x")
    )
    async with wire(version) as line:
        asking = asyncio.create_task(line.csms.call(request))
        call = await anext(line.station)
        await call.refuse(NotImplementedHere("no such thing"))
        with pytest.raises(CallRefused, match="no such thing") as refused:
            await asking
        assert refused.value.written == "NotImplemented"


async def test_calls_are_delivered_in_order_and_answered_by_either_way_of_writing() -> None:
    async with wire(Version.V16) as line:
        asking = [asyncio.create_task(line.station.call(v16.HeartbeatRequest())) for _ in range(3)]
        seen: list[str] = []
        for _ in range(3):
            call = await anext(line.csms)
            seen.append(call.id)
            await (line.csms.reply(call, HEARTBEAT) if len(seen) % 2 else call.reply(HEARTBEAT))
        await asyncio.gather(*asking)
        assert seen == ["s1", "s2", "s3"]


async def test_an_answer_does_not_wait_for_a_handler_that_is_busy() -> None:
    async with wire(Version.V16) as line:
        station_asks = asyncio.create_task(line.station.call(v16.HeartbeatRequest()))
        call = await anext(line.csms)  # taken, and not answered yet
        csms_asks = asyncio.create_task(line.csms.call(v16.ClearCacheRequest()))
        question = await anext(line.station)
        await question.reply(v16.ClearCacheResponse(status=v16.ClearCacheStatus.ACCEPTED))
        assert (await csms_asks).status is v16.ClearCacheStatus.ACCEPTED
        await call.reply(HEARTBEAT)
        await station_asks


async def test_an_urgent_call_overtakes_the_queue() -> None:
    async with wire(Version.V16) as line:
        tasks = [
            asyncio.create_task(line.csms.call(v16.GetConfigurationRequest(key=["a"]))),
            asyncio.create_task(line.csms.call(v16.GetConfigurationRequest(key=["b"]))),
            asyncio.create_task(line.csms.call(v16.ClearCacheRequest(), urgent=True)),
        ]
        actions: list[str] = []
        for _ in tasks:
            call = await anext(line.station)
            actions.append(call.action)
            await call.refuse(NotImplementedHere)
        assert actions == ["GetConfiguration", "ClearCache", "GetConfiguration"]
        await asyncio.gather(*tasks, return_exceptions=True)


async def test_too_many_waiting_calls_are_refused_before_the_wire_and_an_urgent_one_still_gets_in() -> None:
    async with wire(Version.V16, csms={"queue": 2}) as line:
        tasks = [asyncio.create_task(line.csms.call(v16.ClearCacheRequest())) for _ in range(3)]
        await quiet()
        with pytest.raises(QueueFull):
            await line.csms.call(v16.ClearCacheRequest())
        tasks.append(asyncio.create_task(line.csms.call(v16.ClearCacheRequest(), urgent=True)))
        await quiet()
        assert not tasks[-1].done()
        await line.csms.close()
        outcomes = await asyncio.gather(*tasks, return_exceptions=True)
        assert [type(outcome) for outcome in outcomes] == [PeerClosed] * 4


async def test_a_call_without_an_answer_times_out_and_its_late_answer_is_only_noted() -> None:
    time = ManualTime()
    events: list[object] = []

    def note(direction: str, text: str, number: int, event: object) -> None:
        if direction == "in":
            events.append(event)

    options = {"clock": time, "alarm": time.alarm, "on_frame": note}
    async with wire(Version.V16, csms=options) as line:
        asking = asyncio.create_task(line.csms.call(v16.ClearCacheRequest(), timeout=20))
        call = await anext(line.station)
        time.pass_by(19)
        await quiet()
        assert not asking.done()
        time.pass_by(1)
        with pytest.raises(CallTimedOut):
            await asking
        await call.reply(v16.ClearCacheResponse(status=v16.ClearCacheStatus.ACCEPTED))
        await quiet()
        assert isinstance(events[-1], LateAnswer)
        assert time.alarms == 0, "no timer is left when nothing is pending"


async def test_the_deadline_covers_the_time_in_the_queue() -> None:
    time = ManualTime()
    async with wire(Version.V16, csms={"clock": time, "alarm": time.alarm}) as line:
        first = asyncio.create_task(line.csms.call(v16.ClearCacheRequest(), timeout=60))
        second = asyncio.create_task(line.csms.call(v16.GetConfigurationRequest(), timeout=5))
        await quiet()
        time.pass_by(5)
        with pytest.raises(CallTimedOut, match="not sent"):
            await second
        assert not first.done()
        assert time.alarms == 1, "one timer a peer"
        first.cancel()
        await asyncio.gather(first, return_exceptions=True)


async def test_a_cancelled_caller_takes_its_queued_call_along() -> None:
    async with wire(Version.V16) as line:
        first = asyncio.create_task(line.csms.call(v16.ClearCacheRequest()))
        second = asyncio.create_task(line.csms.call(v16.GetConfigurationRequest()))
        third = asyncio.create_task(line.csms.call(v16.GetLocalListVersionRequest()))
        await quiet()
        second.cancel()
        await quiet()
        actions: list[str] = []
        for _ in range(2):
            call = await anext(line.station)
            actions.append(call.action)
            await call.refuse(NotImplementedHere)
        assert actions == ["ClearCache", "GetLocalListVersion"]
        await asyncio.gather(first, second, third, return_exceptions=True)


async def test_the_answer_to_a_cancelled_call_disturbs_nobody() -> None:
    async with wire(Version.V16) as line:
        asking = asyncio.create_task(line.csms.call(v16.ClearCacheRequest()))
        call = await anext(line.station)
        asking.cancel()
        await quiet()
        await call.reply(v16.ClearCacheResponse(status=v16.ClearCacheStatus.ACCEPTED))
        again = asyncio.create_task(line.csms.call(v16.GetLocalListVersionRequest()))
        await (await anext(line.station)).reply(v16.GetLocalListVersionResponse(list_version=7))
        assert (await again).list_version == 7


async def test_pending_calls_learn_that_the_line_was_cut() -> None:
    async with wire(Version.V16) as line:
        open_one = asyncio.create_task(line.csms.call(v16.ClearCacheRequest()))
        queued = asyncio.create_task(line.csms.call(v16.ClearCacheRequest()))
        await quiet()
        line.cut()
        for asking in (open_one, queued):
            with pytest.raises(PeerClosed) as ended:
                await asking
            assert ended.value.closed == Closed(1006)
        with pytest.raises(PeerClosed):
            await line.csms.call(v16.ClearCacheRequest())


async def test_the_end_has_a_code_a_reason_and_a_cause_on_both_sides() -> None:
    async with wire(Version.V21) as line:
        assert await line.csms.close(1001, "maintenance") == Closed(1001, "maintenance", Cause.LOCAL)
        assert await line.station.wait_closed() == Closed(1001, "maintenance", Cause.REMOTE)


async def test_what_was_read_before_the_end_is_delivered_and_can_no_longer_be_answered() -> None:
    async with wire(Version.V16) as line:
        asking = asyncio.create_task(line.station.call(v16.HeartbeatRequest()))
        await quiet()
        line.cut()
        calls = [call async for call in line.csms]
        assert [call.action for call in calls] == ["Heartbeat"]
        with pytest.raises(PeerClosed):
            await calls[0].reply(HEARTBEAT)
        with pytest.raises(PeerClosed):
            await asking


async def test_answering_twice_is_our_mistake() -> None:
    async with wire(Version.V16) as line:
        asking = asyncio.create_task(line.station.call(v16.HeartbeatRequest()))
        call = await anext(line.csms)
        await call.reply(HEARTBEAT)
        with pytest.raises(LocalProtocolError):
            await call.reply(HEARTBEAT)
        await asking


async def test_garbage_is_answered_without_troubling_the_handler() -> None:
    async with wire(Version.V201) as line:
        line.csms_link.arrive('[2,"x","Nonsense",{}]')
        line.csms_link.arrive("{")
        asking = asyncio.create_task(line.station.call(v2.HeartbeatRequest()))
        call = await anext(line.csms)
        assert call.action == "Heartbeat"
        await call.reply(v2.HeartbeatResponse(current_time=NOW))
        await asking
        said = [text for side, text in line.texts if side == "csms"]
        assert '"NotImplemented"' in said[0]
        assert '"RpcFrameworkError"' in said[1]


async def test_a_call_that_cannot_be_read_arrives_with_its_error_where_the_application_asked_for_it() -> None:
    async with wire(Version.V16) as line:
        line.csms.connection.unreadable = frozenset({"StartTransaction"})
        line.csms_link.arrive('[2,"7","StartTransaction",{"idTag":"A"}]')
        call = await anext(line.csms)
        assert (call.request, call.action, call.payload) == (None, "StartTransaction", b'{"idTag":"A"}')
        assert call.error is not None
        info = v16.IdTagInfo(status=v16.AuthorizationStatus.ACCEPTED)
        await call.reply(v16.StartTransactionResponse(transaction_id=1, id_tag_info=info))
        assert line.texts == [("csms", '[3,"7",{"idTagInfo":{"status":"Accepted"},"transactionId":1}]')]


async def test_a_send_of_2_1_arrives_in_order_and_takes_no_answer() -> None:
    async with wire(Version.V21) as line:
        data = v2.StreamDataElement(t=0.0, v="1")
        notice = v2.NotifyPeriodicEventStreamRequest(id=1, pending=0, basetime=NOW, data=[data])
        await line.station.send(notice)
        call = await anext(line.csms)
        assert call.one_way
        assert call.request == notice
        assert call.payload.startswith(b"{")
        with pytest.raises(LocalProtocolError):
            await call.refuse(NotImplementedHere)


async def test_frames_are_numbered_in_the_order_of_the_wire_and_calls_know_their_number() -> None:
    frames: list[tuple[str, str, int]] = []

    def note(direction: str, text: str, number: int, event: object) -> None:
        assert (direction == "in") == (event is not None)
        frames.append((direction, text, number))

    async with wire(Version.V16, csms={"on_frame": note}) as line:
        asking = asyncio.create_task(line.csms.call(v16.ClearCacheRequest()))
        other = asyncio.create_task(line.station.call(v16.HeartbeatRequest()))
        call = await anext(line.csms)
        await call.reply(HEARTBEAT)
        await (await anext(line.station)).reply(v16.ClearCacheResponse(status=v16.ClearCacheStatus.ACCEPTED))
        await asyncio.gather(asking, other)
    assert [number for _, _, number in frames] == [1, 2, 3, 4]
    assert [direction for direction, _, _ in frames] == ["out", "in", "out", "in"]
    assert frames[call.number - 1][1] == '[2,"s1","Heartbeat",{}]'


async def test_the_event_of_a_frame_is_seen_before_its_handler_runs() -> None:
    order: list[str] = []

    def note(direction: str, text: str, number: int, event: object) -> None:
        if isinstance(event, CallReceived):
            order.append("noted")

    async with wire(Version.V16, csms={"on_frame": note}) as line:
        asking = asyncio.create_task(line.station.call(v16.HeartbeatRequest()))
        call = await anext(line.csms)
        order.append("handled")
        await call.reply(HEARTBEAT)
        await asking
    assert order == ["noted", "handled"]


async def test_a_hook_that_fails_ends_the_connection_instead_of_leaving_callers_waiting() -> None:
    def note(direction: str, text: str, number: int, event: object) -> None:
        if direction == "in":
            raise RuntimeError("a bug")

    async with wire(Version.V16, csms={"on_frame": note}) as line:
        asking = asyncio.create_task(line.csms.call(v16.ClearCacheRequest()))
        await (await anext(line.station)).refuse(NotImplementedHere)
        with pytest.raises(PeerClosed):
            await asking
        with pytest.raises(RuntimeError, match="a bug"):
            await anext(line.csms)


async def test_a_raw_call_sends_what_it_is_given_and_returns_the_answer_as_it_came() -> None:
    async with wire(Version.V16) as line:
        asking = asyncio.create_task(line.csms.call_raw("GetConfiguration", b'{"key": ["a"], "vendorsOwn": 1.50}'))
        call = await anext(line.station)
        assert call.payload == b'{"key":["a"],"vendorsOwn":1.50}'
        line.csms_link.arrive(f'[3,"{call.id}",{{"unknownKey":["a"],"vendorsOwn":0.10}}]')
        assert await asking == b'{"unknownKey":["a"],"vendorsOwn":0.10}'


@pytest.mark.parametrize(
    ("action", "payload"),
    [
        ("Resett", b'{"type":"Hard"}'),
        ("Heartbeat", b"{}"),
        ("Reset", b"{"),
        ("Reset", b"[]"),
        ("Reset", b'{"type":"Hard","type":"Soft"}'),
        ("Reset", b'{"a":' * 65 + b"1" + b"}" * 65),
        ("Reset", b'{"type":"\xff"}'),
    ],
)
async def test_a_raw_call_that_is_no_call_is_refused_before_the_wire(action: str, payload: bytes) -> None:
    async with wire(Version.V16) as line:
        with pytest.raises(LocalProtocolError):
            await line.csms.call_raw(action, payload)
        assert line.texts == []


async def test_an_answer_of_no_known_shape_is_still_returned_to_a_raw_caller() -> None:
    async with wire(Version.V16, codecs=(Codec(Version.V16), Codec(Version.V16, Mode.STRICT))) as line:
        asking = asyncio.create_task(line.csms.call_raw("ClearCache", b"{}"))
        call = await anext(line.station)
        line.csms_link.arrive(f'[3,"{call.id}",{{"status":"Perhaps"}}]')
        assert await asking == b'{"status":"Perhaps"}'


async def test_an_answer_that_is_no_exact_json_is_told_to_a_raw_caller() -> None:
    async with wire(Version.V16) as line:
        asking = asyncio.create_task(line.csms.call_raw("ClearCache", b"{}"))
        call = await anext(line.station)
        line.csms_link.arrive(f'[3,"{call.id}",{{"status":"Accepted","status":"Rejected"}}]')
        with pytest.raises(CallRefused, match="could not be read"):
            await asking


async def test_a_full_mailbox_stops_reading_and_goes_on_when_there_is_room() -> None:
    async with wire(Version.V16, csms={"mailbox": 3}) as line:
        for number in range(10):
            line.csms_link.arrive(f'[2,"{number}","Heartbeat",{{}}]')
        await quiet(50)
        assert line.csms.waiting == 3
        seen: list[str] = []
        async with asyncio.TaskGroup() as group:
            worker = group.create_task(answer_all(line.csms, seen))
            while len(seen) < 10:
                await asyncio.sleep(0)
            worker.cancel()
        assert seen == [str(number) for number in range(10)]


async def test_the_end_is_noticed_even_while_the_mailbox_is_full() -> None:
    async with wire(Version.V16, csms={"mailbox": 1}) as line:
        for number in range(3):
            line.csms_link.arrive(f'[2,"{number}","Heartbeat",{{}}]')
        await quiet()
        line.cut()
        assert await line.csms.wait_closed() == Closed(1006)


@settings(max_examples=40, deadline=None)
@given(mailbox=st.integers(1, 4), crossing=st.integers(0, 16), callers=st.integers(1, 3))
def test_a_full_mailbox_never_stalls_a_call_made_by_a_handler(mailbox: int, crossing: int, callers: int) -> None:
    """R2: the answer to the handler's call stands behind more calls than the mailbox holds."""

    async def play() -> list[str]:
        time = ManualTime()
        async with (
            asyncio.timeout(5),
            wire(Version.V16, csms={"mailbox": mailbox, "clock": time, "alarm": time.alarm}) as line,
        ):

            def station_says(side: str, text: str) -> tuple[str, ...]:
                if side == "csms" and text.startswith("[2"):
                    message_id = text.split('"')[1]
                    for number in range(crossing):
                        line.csms_link.arrive(f'[2,"{message_id}-{number}","Heartbeat",{{}}]')
                    line.csms_link.arrive(f'[3,"{message_id}",{{"status":"Accepted"}}]')
                    return ()
                return (text,)

            line.tamper = station_says
            for number in range(callers):
                line.csms_link.arrive(f'[2,"first{number}","Heartbeat",{{}}]')
            seen: list[str] = []
            async for call in line.csms:
                seen.append(call.id)
                if call.id.startswith("first"):
                    await line.csms.call(v16.ClearCacheRequest())
                await call.reply(HEARTBEAT)
                if len(seen) == callers * (crossing + 1):
                    break
            return seen

    assert len(set(asyncio.run(play()))) == callers * (crossing + 1)


async def test_a_flood_while_our_call_is_open_is_bounded() -> None:
    async with wire(Version.V16, csms={"mailbox": 2}) as line:
        asking = asyncio.create_task(line.csms.call(v16.ClearCacheRequest()))
        await quiet()
        for number in range(1200):
            line.csms_link.arrive(f'[2,"{number}","Heartbeat",{{}}]')
        await quiet(3000)
        assert line.csms.waiting == 2 + 1024
        asking.cancel()
        await asyncio.gather(asking, return_exceptions=True)


async def test_a_wire_can_be_held_and_tampered_with() -> None:
    async with wire(Version.V16, tamper=lambda side, text: (text, text)) as line:
        line.hold()
        asking = asyncio.create_task(line.station.call(v16.HeartbeatRequest()))
        await quiet()
        assert line.csms.waiting == 0
        assert not await line.station.ping(1)
        line.release()
        first, second = await anext(line.csms), await anext(line.csms)
        assert (first.id, second.id) == ("s1", "s1")
        await first.reply(HEARTBEAT)
        await second.reply(HEARTBEAT)
        assert await asking == HEARTBEAT
