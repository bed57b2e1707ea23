"""One OCPP-J connection, both roles, without a socket."""

import json
from itertools import count
from typing import Any

import pytest

from amperanto.ocpp import (
    CallExpired,
    CallLost,
    CallReceived,
    CallUnreadable,
    Code,
    Codec,
    Connection,
    DoubledAnswer,
    ErrorReceived,
    FrameRejected,
    HandlerFailed,
    LateAnswer,
    LocalProtocolError,
    Mode,
    NotAllowedNow,
    NotImplementedHere,
    ResultErrorReceived,
    ResultReceived,
    Role,
    SendReceived,
    UnknownAnswer,
    Version,
    v2,
    v16,
)

HEARTBEAT = '[2,"h","Heartbeat",{}]'


def csms(version: Version = Version.V16, mode: Mode = Mode.TOLERANT, **options: Any) -> Connection:
    ids = count(1)
    return Connection(Role.CSMS, Codec(version, mode), ids=lambda: next(ids), **options)


def station(version: Version = Version.V16) -> Connection:
    ids = count(1)
    return Connection(Role.STATION, Codec(version), ids=lambda: next(ids))


def hear(connection: Connection, *frame: Any, now: float = 0.0) -> Any:
    (event,) = connection.receive(json.dumps(frame), now)
    return event


def sent(connection: Connection) -> list[Any]:
    return [json.loads(text) for text in connection.texts_to_send()]


def test_two_parties_understand_each_other() -> None:
    system, charger = csms(), station()
    charger.call(v16.AuthorizeRequest(id_tag="TAG"), 0.0)
    (asked,) = system.receive(charger.texts_to_send()[0], 0.0)
    assert isinstance(asked, CallReceived)
    assert asked.call.request == v16.AuthorizeRequest(id_tag="TAG")
    answer = v16.AuthorizeResponse(id_tag_info=v16.IdTagInfo(status=v16.AuthorizationStatus.ACCEPTED))
    system.reply(asked.call, answer)
    (heard,) = charger.receive(system.texts_to_send()[0], 0.1)
    assert isinstance(heard, ResultReceived)
    assert heard.response == answer


def test_one_call_is_open_and_the_others_wait_their_turn() -> None:
    connection = csms()
    for key in "abc":
        connection.call(v16.GetConfigurationRequest(key=[key]), 0.0)
    assert [frame[1] for frame in sent(connection)] == ["1"]
    assert connection.queued == 2
    hear(connection, 3, "1", {})
    assert [frame[3]["key"] for frame in sent(connection)] == [["b"]]


def test_an_urgent_call_overtakes_those_that_wait() -> None:
    connection = csms()
    first = connection.call(v16.ClearCacheRequest(), 0.0)
    connection.call(v16.ClearCacheRequest(), 0.0)
    urgent = connection.call(v16.ResetRequest(type=v16.Reset.HARD), 0.0, urgent=True)
    hear(connection, 3, first, {"status": "Accepted"})
    assert [frame[1] for frame in sent(connection)] == [first, urgent]


def test_the_peer_is_answered_while_our_call_is_open() -> None:
    connection = csms()
    connection.call(v16.ClearCacheRequest(), 0.0)
    connection.texts_to_send()
    event = hear(connection, 2, "x", "MeterValues", {"connectorId": 1, "meterValue": METER})
    connection.reply(event.call, v16.MeterValuesResponse())
    assert sent(connection) == [[3, "x", {}]]


METER = [{"timestamp": "2026-01-01T00:00:00Z", "sampledValue": [{"value": "1"}]}]


def test_several_calls_of_the_peer_are_delivered_in_order_and_noted() -> None:
    connection = csms()
    first = hear(connection, 2, "a", "Heartbeat", {})
    second = hear(connection, 2, "b", "Heartbeat", {})
    assert (first.call.number, second.call.number) == (1, 2)
    assert first.call.violations == ()
    assert [violation.kind for violation in second.call.violations] == ["frame"]
    connection.refuse(second.call, NotAllowedNow("later"))
    connection.refuse(first.call, HandlerFailed)
    assert [frame[1:3] for frame in sent(connection)] == [["b", "SecurityError"], ["a", "InternalError"]]


def test_a_call_without_answer_expires_and_the_next_goes_out() -> None:
    connection = csms(timeout=30.0)
    first = connection.call(v16.ClearCacheRequest(), 0.0)
    second = connection.call(v16.ClearCacheRequest(), 5.0)
    assert connection.deadline() == 30.0
    assert connection.tick(29.9) == []
    (event,) = connection.tick(30.0)
    assert isinstance(event, CallExpired)
    assert (event.id, event.was_sent) == (first, True)
    assert [frame[1] for frame in sent(connection)] == [first, second]
    assert connection.deadline() == 35.0


def test_the_deadline_covers_the_time_in_the_queue() -> None:
    connection = csms()
    connection.call(v16.ClearCacheRequest(), 0.0, timeout=60.0)
    hurried = connection.call(v16.ClearCacheRequest(), 0.0, timeout=2.0)
    (event,) = connection.tick(2.0)
    assert isinstance(event, CallExpired)
    assert (event.id, event.was_sent) == (hurried, False)


def test_late_doubled_and_unknown_answers_are_seen_and_change_nothing() -> None:
    connection = csms()
    late = connection.call(v16.ClearCacheRequest(), 0.0)
    connection.tick(30.0)
    twice = connection.call(v16.ClearCacheRequest(), 30.0)
    assert isinstance(hear(connection, 3, late, {"status": "Accepted"}), LateAnswer)
    assert isinstance(hear(connection, 3, twice, {"status": "Accepted"}), ResultReceived)
    assert isinstance(hear(connection, 4, twice, "GenericError", "", {}), DoubledAnswer)
    assert isinstance(hear(connection, 3, "?", {}), UnknownAnswer)
    assert isinstance(hear(connection, 4, "-1", "RpcFrameworkError", "", {}), UnknownAnswer)
    assert connection.deadline() is None


def test_an_answer_before_the_call_was_sent_is_unknown() -> None:
    connection = csms()
    connection.call(v16.ClearCacheRequest(), 0.0)
    waiting = connection.call(v16.ClearCacheRequest(), 0.0)
    assert isinstance(hear(connection, 3, waiting, {"status": "Accepted"}), UnknownAnswer)


def test_a_cancelled_call_frees_the_line() -> None:
    connection = csms()
    first = connection.call(v16.ClearCacheRequest(), 0.0)
    second = connection.call(v16.ClearCacheRequest(), 0.0)
    assert connection.cancel(first)
    assert not connection.cancel(first)
    assert [frame[1] for frame in sent(connection)] == [first, second]
    assert isinstance(hear(connection, 3, first, {"status": "Accepted"}), LateAnswer)


def test_a_refusal_carries_its_code_whatever_its_spelling() -> None:
    for written, code in [
        ("FormationViolation", Code.FORMAT_VIOLATION),
        ("OccurenceConstraintViolation", Code.OCCURRENCE_CONSTRAINT_VIOLATION),
        ("NotSupported", Code.NOT_SUPPORTED),
        ("SomethingElse", Code.GENERIC_ERROR),
    ]:
        connection = csms()
        message_id = connection.call(v16.ClearCacheRequest(), 0.0)
        event = hear(connection, 4, message_id, written, "because", "details as text")
        assert isinstance(event, ErrorReceived)
        assert (event.error.code, event.error.written, event.is_local) == (code, written, False)
        assert (event.error.description, event.error.details) == ("because", "details as text")


def test_a_callerror_without_description_and_details_is_heard() -> None:
    connection = csms()
    message_id = connection.call(v16.ClearCacheRequest(), 0.0)
    assert isinstance(hear(connection, 4, message_id, "NotSupported"), ErrorReceived)


@pytest.mark.parametrize(("version", "expected"), [(Version.V16, []), (Version.V201, []), (Version.V21, [5])])
def test_an_unreadable_answer_ends_the_call_and_only_21_tells_the_peer(version: Version, expected: list[int]) -> None:
    for answer in ('{"status":{}}', '{"status":"Accepted","status":"Accepted"}', '{"status":'):
        connection = csms(version)
        family: Any = v16 if version is Version.V16 else v2
        message_id = connection.call(family.ClearCacheRequest(), 0.0)
        connection.texts_to_send()
        (event,) = connection.receive(f'[3,"{message_id}",{answer}]', 0.0)
        assert isinstance(event, ErrorReceived)
        assert event.is_local
        frames = sent(connection)
        assert [frame[0] for frame in frames] == expected
        assert all(frame[1] == message_id for frame in frames)
        assert connection.deadline() is None


def test_21_notices_go_out_beside_an_open_call_and_are_heard_without_answer() -> None:
    charger, system = station(Version.V21), csms(Version.V21)
    charger.call(v2.HeartbeatRequest(), 0.0)
    notice = v2.NotifyPeriodicEventStreamRequest(
        id=1, pending=0, basetime=moment(), data=[v2.StreamDataElement(t=0.0, v="1")]
    )
    charger.send(notice, 0.0)
    call, send = charger.texts_to_send()
    system.receive(call, 0.0)
    (event,) = system.receive(send, 0.0)
    assert isinstance(event, SendReceived)
    assert event.notice == notice
    assert system.texts_to_send() == []


def moment() -> Any:
    response = Codec(Version.V21).decode(v2.HeartbeatResponse, b'{"currentTime":"2026-01-01T00:00:00Z"}').message
    assert isinstance(response, v2.HeartbeatResponse)
    return response.current_time


def test_a_bad_notice_is_dropped_in_silence() -> None:
    system = csms(Version.V21)
    event = hear(system, 6, "n", "NotifyPeriodicEventStream", {"id": 1})
    assert isinstance(event, FrameRejected)
    assert not event.answered
    assert system.texts_to_send() == []


def test_21_hears_that_its_answer_was_not_understood() -> None:
    event = hear(csms(Version.V21), 5, "h", "FormatViolation", "what?", {})
    assert isinstance(event, ResultErrorReceived)
    assert event.error.code is Code.FORMAT_VIOLATION


@pytest.mark.parametrize("version", [Version.V16, Version.V201])
def test_frames_of_21_are_ignored_before_it(version: Version) -> None:
    connection = csms(version)
    for frame in ([5, "x", "GenericError", "", {}], [6, "x", "NotifyPeriodicEventStream", {}], [7, "x"], [1, "x"]):
        event = hear(connection, *frame)
        assert isinstance(event, FrameRejected)
        assert not event.answered
    assert connection.texts_to_send() == []


# situation → code in 1.6, code in 2.0.1 and 2.1; None is silence; -1 stands for the id nobody could read
TABLE: list[tuple[str, str | None, str | None, str]] = [
    ("hello", None, "RpcFrameworkError", "-1"),
    ("", None, "RpcFrameworkError", "-1"),
    ('{"a":1}', None, "RpcFrameworkError", "-1"),
    ("[]", None, "RpcFrameworkError", "-1"),
    ('["2","m","Heartbeat",{}]', None, "RpcFrameworkError", "-1"),
    ('[2,17,"Heartbeat",{}]', None, "RpcFrameworkError", "-1"),
    ('[2,null,"Heartbeat",{}]', None, "RpcFrameworkError", "-1"),
    ("[" * 100_000, None, "RpcFrameworkError", "-1"),
    ('[2,"' + "m" * 256 + '","Heartbeat",{}]', None, "RpcFrameworkError", "-1"),
    ('[2,"m","Heartbeat",{', "FormationViolation", "RpcFrameworkError", "m"),
    ('[2,"m","Heartbeat"]', "FormationViolation", "RpcFrameworkError", "m"),
    ('[2,"m","Heartbeat",{},{}]', "FormationViolation", "RpcFrameworkError", "m"),
    ('[2,"m",7,{}]', "FormationViolation", "RpcFrameworkError", "m"),
    ('[2,"m","Heartbeat",{]}]', "FormationViolation", "RpcFrameworkError", "m"),
    ('[2,"m","Heartbeat",' + "[" * 70 + "]" * 70 + "]", "FormationViolation", "FormatViolation", "m"),
    ('[2,"m","Heartbeat",' + "[" * 100_000, "FormationViolation", "FormatViolation", "m"),
    ('[2,"m","DataTransfer",{"vendorId":"a","vendorId":"a"}]', "FormationViolation", "FormatViolation", "m"),
    ('[2,"m","DataTransfer",{"vendorId":"a","data":NaN}]', "FormationViolation", "RpcFrameworkError", "m"),
    ('[2,"m","Frobnicate",{}]', "NotImplemented", "NotImplemented", "m"),
    ('[2,"m","heartbeat",{}]', "NotImplemented", "NotImplemented", "m"),
    ('[2,"m","ClearCache",{}]', "NotSupported", "NotSupported", "m"),
    ('[2,"m","DataTransfer",{}]', "OccurenceConstraintViolation", "OccurrenceConstraintViolation", "m"),
    ('[2,"m","DataTransfer",{"vendorId":{}}]', "TypeConstraintViolation", "TypeConstraintViolation", "m"),
    ('[2,"m","DataTransfer",[1]]', "TypeConstraintViolation", "TypeConstraintViolation", "m"),
]


@pytest.mark.parametrize("version", Version)
@pytest.mark.parametrize("mode", [Mode.STRICT, Mode.TOLERANT])
@pytest.mark.parametrize(("text", "old", "new", "message_id"), TABLE)
def test_every_hostile_frame_gets_its_code_or_silence(
    version: Version, mode: Mode, text: str, old: str | None, new: str | None, message_id: str
) -> None:
    connection = csms(version, mode)
    (event,) = connection.receive(text, 0.0)
    code = old if version is Version.V16 else new
    assert isinstance(event, FrameRejected)
    assert event.answered == (code is not None)
    assert [frame[:3] for frame in sent(connection)] == ([[4, message_id, code]] if code else [])


STRICT_TABLE = [
    ('{"vendorId":"a","extra":1}', "FormationViolation", "FormatViolation"),
    ('{"vendorId":1}', "TypeConstraintViolation", "TypeConstraintViolation"),
    ('{"vendorId":null}', "TypeConstraintViolation", "TypeConstraintViolation"),
    ('{"vendorId":"' + "x" * 256 + '"}', "PropertyConstraintViolation", "PropertyConstraintViolation"),
]


@pytest.mark.parametrize("version", Version)
@pytest.mark.parametrize(("payload", "old", "new"), STRICT_TABLE)
def test_strict_refuses_every_violation_with_its_code(version: Version, payload: str, old: str, new: str) -> None:
    connection = csms(version, Mode.STRICT)
    connection.receive(f'[2,"m","DataTransfer",{payload}]', 0.0)
    ((number, message_id, code, _, details),) = sent(connection)
    assert (number, message_id, code, details) == (4, "m", old if version is Version.V16 else new, {})


@pytest.mark.parametrize("version", Version)
def test_text_that_is_not_utf8_is_rejected(version: Version) -> None:
    for text in (b'[2,"m","Heartbeat",{"a":"\xff"}]', b"\xff\xfe", '[2,"m","Heartbeat",{"\ud800":1}]'):
        (event,) = csms(version).receive(text, 0.0)
        assert isinstance(event, FrameRejected)


def test_a_long_message_id_is_noted_by_the_tolerant_and_refused_by_the_strict() -> None:
    long = "i" * 37
    event = hear(csms(), 2, long, "Heartbeat", {})
    assert [violation.kind for violation in event.call.violations] == ["frame"]
    assert hear(csms(mode=Mode.SILENT), 2, long, "Heartbeat", {}).call.violations == ()
    for version, code in ((Version.V16, "FormationViolation"), (Version.V21, "RpcFrameworkError")):
        strict = csms(version, Mode.STRICT)
        assert isinstance(hear(strict, 2, long, "Heartbeat", {}), FrameRejected)
        assert [frame[1:3] for frame in sent(strict)] == [[long, code]]


def test_an_unreadable_call_the_application_wants_is_left_to_it() -> None:
    connection = csms(unreadable=frozenset({"StopTransaction"}))
    event = hear(connection, 2, "s", "StopTransaction", {"transactionId": 7})
    assert isinstance(event, CallUnreadable)
    assert event.error.code is Code.OCCURRENCE_CONSTRAINT_VIOLATION
    assert connection.texts_to_send() == []
    connection.reply(event.call, v16.StopTransactionResponse())
    assert sent(connection) == [[3, "s", {}]]


def test_strict_refuses_even_a_wanted_unreadable_call() -> None:
    connection = csms(mode=Mode.STRICT, unreadable=frozenset({"StopTransaction"}))
    assert isinstance(hear(connection, 2, "s", "StopTransaction", {}), FrameRejected)
    assert sent(connection)[0][2] == "OccurenceConstraintViolation"


def test_our_own_mistakes_raise() -> None:
    connection = csms()
    event = hear(connection, 2, "h", "Heartbeat", {})
    with pytest.raises(LocalProtocolError, match="not answered by"):
        connection.reply(event.call, v16.MeterValuesResponse())
    with pytest.raises(LocalProtocolError, match="details"):
        connection.refuse(event.call, HandlerFailed(details={"a": object()}))
    connection.refuse(event.call, NotImplementedHere)
    with pytest.raises(LocalProtocolError, match="has been answered"):
        connection.refuse(event.call, NotImplementedHere)
    with pytest.raises(LocalProtocolError, match="not for a csms"):
        connection.call(v16.HeartbeatRequest(), 0.0)
    with pytest.raises(LocalProtocolError, match="has no"):
        connection.call(v2.GetBaseReportRequest(request_id=1, report_base=v2.ReportBase.FULL_INVENTORY), 0.0)
    with pytest.raises(LocalProtocolError, match=r"1\.6 has no"):
        connection.call(v2.ClearCacheRequest(), 0.0)
    assert connection.deadline() is None
    assert [frame[:3] for frame in sent(connection)] == [[4, "h", "NotImplemented"]]


def test_an_answer_the_codec_refuses_leaves_the_call_open_for_another() -> None:
    connection = csms()
    event = hear(connection, 2, "a", "Authorize", {"idTag": "T"})
    bad = v16.AuthorizeResponse(id_tag_info=v16.IdTagInfo(status=v16.AuthorizationStatus.keep("Maybe")))
    with pytest.raises(LocalProtocolError):
        connection.reply(event.call, bad)
    connection.refuse(event.call, HandlerFailed)
    assert len(sent(connection)) == 1


def test_a_lost_connection_loses_its_calls_once_and_says_nothing_more() -> None:
    connection = csms()
    first = connection.call(v16.ClearCacheRequest(), 0.0)
    second = connection.call(v16.ClearCacheRequest(), 0.0)
    owed = hear(connection, 2, "h", "Heartbeat", {})
    events = connection.closed(1.0)
    assert [(event.id, event.was_sent) for event in events if isinstance(event, CallLost)] == [
        (first, True),
        (second, False),
    ]
    connection.refuse(owed.call, HandlerFailed)
    assert connection.closed(2.0) == []
    assert connection.receive(HEARTBEAT, 2.0) == []
    assert connection.texts_to_send() == []
    with pytest.raises(LocalProtocolError, match="closed"):
        connection.call(v16.ClearCacheRequest(), 3.0)


def test_json_leaves_us_compact_with_utc_milliseconds() -> None:
    connection = csms()
    event = hear(connection, 2, "h", "Heartbeat", {})
    connection.reply(event.call, v16.HeartbeatResponse(current_time=moment()))
    assert connection.texts_to_send() == ['[3,"h",{"currentTime":"2026-01-01T00:00:00.000Z"}]']


def test_an_answer_whose_id_has_something_before_it_is_taken_and_noted() -> None:
    """mobilityhouse/ocpp#230: there is one open call, so there is no doubt."""
    connection = Connection(Role.CSMS, Codec(Version.V16), ids=iter(["c0ffee00-1", "c0ffee00-2"]).__next__)
    connection.call(v16.ClearCacheRequest(), 0.0)
    (event,) = connection.receive('[3,"4c0ffee00-1",{"status":"Accepted"}]', 1.0)
    assert isinstance(event, ResultReceived)
    assert [violation.detail for violation in event.violations] == ["the answer has another message id than its call"]


def test_a_strict_station_must_answer_under_the_id_of_the_call() -> None:
    connection = Connection(Role.CSMS, Codec(Version.V16, Mode.STRICT), ids=iter(["c0ffee00-1"]).__next__)
    connection.call(v16.ClearCacheRequest(), 0.0)
    (event,) = connection.receive('[3,"4c0ffee00-1",{"status":"Accepted"}]', 1.0)
    assert isinstance(event, UnknownAnswer)


def test_an_answer_under_an_id_of_its_own_is_taken_only_of_stations_known_for_it() -> None:
    """mobilityhouse/ocpp#297."""
    for known in (True, False):
        connection = Connection(Role.CSMS, Codec(Version.V16), ids=iter(["c0ffee00-1"]).__next__)
        connection.takes_any_id = known
        connection.call(v16.ClearCacheRequest(), 0.0)
        (event,) = connection.receive('[3,"17",{"status":"Accepted"}]', 1.0)
        assert isinstance(event, ResultReceived if known else UnknownAnswer)


def test_a_late_answer_with_an_amended_id_is_not_taken_for_the_answer_to_the_next_call() -> None:
    connection = Connection(Role.CSMS, Codec(Version.V16), ids=iter(["c0ffee00-1", "c0ffee00-2"]).__next__)
    connection.takes_any_id = True
    connection.call(v16.ClearCacheRequest(), 0.0, timeout=1.0)
    connection.tick(2.0)
    connection.call(v16.ClearCacheRequest(), 2.0)
    (event,) = connection.receive('[3,"4c0ffee00-1",{"status":"Rejected"}]', 3.0)
    assert isinstance(event, UnknownAnswer)
