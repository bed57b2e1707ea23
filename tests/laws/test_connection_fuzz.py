"""Whatever the peer says, a connection answers with events; and never has two of its calls open."""

import json
from itertools import count
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from amperanto.ocpp import (
    CallExpired,
    CallLost,
    CallReceived,
    CallUnreadable,
    Codec,
    Connection,
    ErrorReceived,
    HandlerFailed,
    Mode,
    ResultReceived,
    Role,
    Version,
    v2,
    v16,
)

quick = settings(max_examples=500, deadline=None, suppress_health_check=list(HealthCheck))
names = st.sampled_from(
    ["Heartbeat", "BootNotification", "StatusNotification", "NotifyPeriodicEventStream", "Reset", "X"]
)
bits = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=40) | names
json_values = st.recursive(
    bits,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=8,
)
frames = st.tuples(st.sampled_from([2, 3, 4, 5, 6, 7, -1, "2", 2.0, True]), json_values, json_values, json_values)
near_frames = st.builds(
    lambda frame, keep: json.dumps(frame[:keep], ensure_ascii=False), frames.map(list), st.integers(0, 4)
) | st.builds(
    lambda number, message_id, name, payload: json.dumps([number, message_id, name, payload]),
    st.sampled_from([2, 2, 2, 3, 4, 5, 6]),
    st.text(max_size=40) | st.sampled_from(["0", "1", "-1"]),
    names,
    json_values,
)


@st.composite
def broken(draw: st.DrawFn) -> bytes:
    """A frame with some of its bytes changed."""
    text = bytearray(draw(near_frames).encode("utf-8", "surrogatepass"))
    for _ in range(draw(st.integers(0, 3))):
        place = draw(st.integers(0, max(0, len(text) - 1)))
        text[place : place + draw(st.integers(0, 3))] = draw(st.binary(max_size=3))
    return bytes(text)


texts = st.text(max_size=60) | st.binary(max_size=60) | near_frames | broken()


def a_connection(version: Version, mode: Mode, role: Role = Role.CSMS) -> Connection:
    ids = count()
    return Connection(role, Codec(version, mode), ids=lambda: next(ids), unreadable=frozenset({"StatusNotification"}))


@quick
@given(
    st.sampled_from(Version),
    st.sampled_from(Mode),
    st.sampled_from(Role),
    st.lists(texts, min_size=1, max_size=6),
)
def test_any_text_yields_events_and_sendable_frames(
    version: Version, mode: Mode, role: Role, heard: list[str | bytes]
) -> None:
    connection = a_connection(version, mode, role)
    if role is Role.CSMS:
        connection.call((v16 if version is Version.V16 else v2).ClearCacheRequest(), 0.0)
    for text in heard:
        for event in connection.receive(text, 1.0):
            if isinstance(event, CallReceived | CallUnreadable):
                connection.refuse(event.call, HandlerFailed)
    for text in connection.texts_to_send():
        assert json.loads(text)[0] in ((2, 4) if version is not Version.V21 else (2, 4, 5))
        text.encode()
    assert connection.owed == 0


@quick
@given(
    st.sampled_from(Version),
    st.sampled_from(Mode),
    st.sampled_from([10, 64, 65, 500, 5000, 200_000]),
    st.booleans(),
)
def test_depth_never_hurts(version: Version, mode: Mode, depth: int, closed: bool) -> None:
    connection = a_connection(version, mode)
    bomb = "[" * depth + ("]" * depth if closed else "")
    for text in (bomb, f'[2,"a","DataTransfer",{{"vendorId":"x","data":{bomb}}}]', f'[4,"a","X","",{bomb}]'):
        assert len(connection.receive(text, 0.0)) == 1


class OneOutstanding(RuleBasedStateMachine):
    """Random life of a connection against a model: every call ends exactly once, and one is open at most."""

    @initialize(version=st.sampled_from(Version), mode=st.sampled_from(Mode))
    def start(self, version: Version, mode: Mode) -> None:
        self.family: Any = v16 if version is Version.V16 else v2
        self.connection = a_connection(version, mode)
        self.now = 0.0
        self.asked: dict[str, float] = {}
        self.on_wire: list[str] = []
        self.ended: list[str] = []

    def hear(self, events: list[Any]) -> None:
        for event in events:
            if isinstance(event, ResultReceived | ErrorReceived | CallExpired | CallLost):
                self.ended.append(event.id)

    def drain(self) -> None:
        sent = [json.loads(text) for text in self.connection.texts_to_send()]
        self.on_wire += [frame[1] for frame in sent if frame[0] == 2]

    @rule(urgent=st.booleans(), timeout=st.floats(0.5, 20))
    def ask(self, urgent: bool, timeout: float) -> None:
        request = self.family.ClearCacheRequest()
        message_id = self.connection.call(request, self.now, timeout=timeout, urgent=urgent)
        self.asked[message_id] = self.now + timeout

    @rule(seconds=st.floats(0, 10))
    def wait(self, seconds: float) -> None:
        self.now += seconds
        self.hear(self.connection.tick(self.now))
        assert all(due > self.now for one, due in self.asked.items() if one not in self.ended)

    @rule(which=st.integers(0, 5), kind=st.sampled_from(["ok", "bad", "error"]))
    def answer(self, which: int, kind: str) -> None:
        self.drain()
        if self.on_wire:
            message_id = self.on_wire[-1 - which % len(self.on_wire)]
            frame = {
                "ok": [3, message_id, {"status": "Accepted"}],
                "bad": [3, message_id, {"status": {}}],
                "error": [4, message_id, "NotSupported", "", {}],
            }[kind]
            self.hear(self.connection.receive(json.dumps(frame), self.now))

    @rule(which=st.integers(0, 5))
    def give_up(self, which: int) -> None:
        pending = [one for one in self.asked if one not in self.ended]
        if pending:
            message_id = pending[which % len(pending)]
            assert self.connection.cancel(message_id)
            self.ended.append(message_id)

    @invariant()
    def at_most_one_is_open(self) -> None:
        if not hasattr(self, "connection"):
            return
        self.drain()
        assert len(self.ended) == len(set(self.ended))
        assert set(self.ended) <= set(self.asked)
        requests = [one for one in self.on_wire if one in self.asked]
        assert len(requests) == len(set(requests))
        open_now = [one for one in requests if one not in self.ended]
        assert len(open_now) <= 1
        waiting = set(self.asked) - set(self.ended) - set(open_now)
        assert self.connection.queued == len(waiting)
        assert not waiting or open_now, "nothing is open while something waits"
        due = [when for one, when in self.asked.items() if one not in self.ended]
        assert self.connection.deadline() == (min(due) if due else None)

    def teardown(self) -> None:
        if hasattr(self, "connection"):
            self.hear(self.connection.closed(self.now))
            assert set(self.ended) == set(self.asked)


TestOneOutstanding = OneOutstanding.TestCase
TestOneOutstanding.settings = settings(max_examples=120, stateful_step_count=25, deadline=None)
