"""Text to a typed, validated request, and its answer to text: ours against `ocpp` from PyPI, in one process.

What each side does with the same text, and with the same answer built beforehand (ours) or by the handler as
its users write it (theirs):

  ours, connection   Connection.receive, reply and texts_to_send, strict. In: frame, doubled keys, depth, the
                     schema of the negotiated version, typed object, state machine. Out: checked, encoded.
  ours, codec        the same work without the state machine.
  theirs, as it runs await ChargePoint.route_message: unpack, validate (in a thread), snake_case, handler,
                     validate the answer, camelCase, encode. It looks for neither doubled keys nor depth, and
                     its handlers get a dict of keywords where no typed object is built.
  theirs, functions  the functions it calls, without thread, loop and routing; its typed request built.

The ratios compare like with like: connection with "as it runs", codec with "functions". A busy machine slows
both sides, so they take turns, every few milliseconds, the garbage collector running as in life; in a turn the
quickest of a few spells counts. `ratio` is the median over the rounds of theirs by ours in the same round,
`lowest` the least of them; microseconds are the best of all rounds, wall clock.
"""

import asyncio
import json
import logging
import timeit
from collections.abc import Callable
from datetime import UTC, datetime
from functools import partial
from itertools import count
from statistics import median
from time import perf_counter
from typing import Any

from ocpp import messages as theirs
from ocpp import v16 as their_v16
from ocpp import v201 as their_v201
from ocpp.charge_point import camel_to_snake_case, remove_nones, serialize_as_dict, snake_to_camel_case
from ocpp.routing import on

from amperanto.ocpp import CallReceived, Codec, Connection, Mode, Response, Role, Version, frames, v2, v16

ROUNDS, SPELLS = 40, 5
INSTANT = "2026-08-08T12:34:56.789Z"
READINGS = [
    ("Energy.Active.Import.Register", "Outlet", "Wh", None),
    ("Power.Active.Import", "Outlet", "W", None),
    ("Current.Import", "Outlet", "A", "L1"),
    ("Current.Import", "Outlet", "A", "L2"),
    ("Current.Import", "Outlet", "A", "L3"),
    ("Voltage", "Outlet", "V", "L1-N"),
    ("Voltage", "Outlet", "V", "L2-N"),
    ("Voltage", "Outlet", "V", "L3-N"),
]


def sample_16(number: int) -> dict[str, Any]:
    measurand, location, unit, phase = READINGS[number]
    sample = {
        "value": f"{12345.6 + number:.1f}",
        "context": "Sample.Periodic",
        "format": "Raw",
        "measurand": measurand,
        "location": location,
        "unit": unit,
    }
    return sample if phase is None else sample | {"phase": phase}


def sample_201(number: int) -> dict[str, Any]:
    measurand, location, unit, phase = READINGS[number]
    sample = {
        "value": 12345.6 + number,
        "context": "Sample.Periodic",
        "measurand": measurand,
        "location": location,
        "unitOfMeasure": {"unit": unit, "multiplier": 0},
    }
    return sample if phase is None else sample | {"phase": phase}


METER_VALUES = {
    "connectorId": 1,
    "transactionId": 4711,
    "meterValue": [{"timestamp": INSTANT, "sampledValue": [sample_16(n) for n in range(8)]}],
}
TRANSACTION_EVENT = {
    "eventType": "Updated",
    "timestamp": INSTANT,
    "triggerReason": "MeterValuePeriodic",
    "seqNo": 17,
    "offline": False,
    "numberOfPhasesUsed": 3,
    "cableMaxCurrent": 32,
    "transactionInfo": {
        "transactionId": "6f3b1b0e-7d1c-4b8c-9d42-1a2b3c4d5e6f",
        "chargingState": "Charging",
        "timeSpentCharging": 3600,
        "remoteStartId": 77,
    },
    "evse": {"id": 1, "connectorId": 1},
    "idToken": {"idToken": "04E1A2B3C4D5E6", "type": "ISO14443"},
    "meterValue": [{"timestamp": INSTANT, "sampledValue": [sample_201(n) for n in range(8)]}],
}
IDTAG = {"connectorId": 1, "idTag": "04E1A2B3C4D5E6", "meterStart": 0, "timestamp": INSTANT}
STATUS = {"connectorId": 1, "errorCode": "NoError", "status": "Charging", "timestamp": INSTANT}
INFO = {"status": "Accepted"}

Case = tuple[str, dict[str, Any], Response, dict[str, Any]]
METER_CASE: Case = ("MeterValues", METER_VALUES, v16.MeterValuesResponse(), {})
NOW = datetime(2026, 8, 8, 12, 34, 56, 789000, UTC)
ACCEPTED_16 = v16.IdTagInfo(status=v16.AuthorizationStatus.ACCEPTED)
CASES: dict[str, tuple[Version, list[Case]]] = {
    "1.6 MeterValues, 8 sampled values": (Version.V16, [METER_CASE]),
    "2.0.1 TransactionEvent, 8 sampled values": (
        Version.V201,
        [
            (
                "TransactionEvent",
                TRANSACTION_EVENT,
                v2.TransactionEventResponse(id_token_info=v2.IdTokenInfo(status=v2.AuthorizationStatus.ACCEPTED)),
                {"id_token_info": INFO},
            )
        ],
    ),
    "1.6 mix (heartbeat, status, start, 3 × meter values)": (
        Version.V16,
        [
            ("Heartbeat", {}, v16.HeartbeatResponse(current_time=NOW), {"current_time": INSTANT}),
            ("StatusNotification", STATUS, v16.StatusNotificationResponse(), {}),
            (
                "StartTransaction",
                IDTAG,
                v16.StartTransactionResponse(transaction_id=4711, id_tag_info=ACCEPTED_16),
                {"transaction_id": 4711, "id_tag_info": INFO},
            ),
            METER_CASE,
            METER_CASE,
            METER_CASE,
        ],
    ),
}


def our_connection(version: Version, cases: list[Case]) -> Callable[[], None]:
    """A whole connection, strict, from text to text."""
    connection = Connection(Role.CSMS, Codec(version, Mode.STRICT), ids=count().__next__)
    texts = [(frame_of(case), case[2]) for case in cases]

    def work() -> None:
        for text, answer in texts:
            (event,) = connection.receive(text, 0.0)
            assert isinstance(event, CallReceived)
            connection.reply(event.call, answer)
            connection.texts_to_send()

    return work


def our_codec(version: Version, cases: list[Case]) -> Callable[[], None]:
    """Frame and payload, strict, from text to text."""
    codec = Codec(version, Mode.STRICT)
    texts = [(frame_of(case), case[2]) for case in cases]

    def work() -> None:
        for text, answer in texts:
            call = frames.decode(text)
            assert isinstance(call, frames.Call)
            codec.decode_request(call.action, call.payload)
            frames.encode(frames.CallResult(call.id, codec.encode(answer)))

    return work


def their_functions(version: Version, cases: list[Case]) -> Callable[[], None]:
    """The functions its ChargePoint calls."""
    package: Any = their_v16 if version is Version.V16 else their_v201
    texts = [(frame_of(case), case[0], case[3]) for case in cases]
    validate: Any = theirs._validate_payload  # the synchronous half of its public one

    def work() -> None:
        for text, action, answer in texts:
            call = theirs.unpack(text)
            validate(call, version.value)
            getattr(package.call, action)(**camel_to_snake_case(call.payload))
            response = getattr(package.call_result, action)(**answer)
            payload = snake_to_camel_case(remove_nones(serialize_as_dict(response)))
            result = call.create_call_result(payload)
            validate(result, version.value)
            result.to_json()

    return work


def their_charge_point(version: Version, cases: list[Case]) -> Callable[[], Any]:
    """A whole ChargePoint with a handler for each action, as its users write it."""
    package: Any = their_v16 if version is Version.V16 else their_v201
    logging.getLogger("ocpp").setLevel(logging.CRITICAL)

    def handler(action: str, answer: dict[str, Any]) -> Any:
        def handle(self: Any, **_: Any) -> Any:
            return getattr(package.call_result, action)(**answer)

        handle.__name__ = f"on_{action}"  # its routing goes by the function's name
        return on(action)(handle)

    handlers = {f"on_{case[0]}": handler(case[0], case[3]) for case in cases}
    station = type("Station", (package.ChargePoint,), handlers)("CP1", Wire())
    texts = [frame_of(case) for case in cases]

    async def work() -> None:
        for text in texts:
            await station.route_message(text)

    return work


class Wire:
    """Where their answers go."""

    async def send(self, text: str) -> None:
        assert text.startswith("[3,"), text


def frame_of(case: Case) -> str:
    return json.dumps([2, "4fa1e6c2-1f3c-4f0e-b1a2-3c4d5e6f7a8b", case[0], case[1]], separators=(",", ":"))


def spell(work: Callable[[], None]) -> float:
    """Seconds of one piece of work, the quickest of some spells of about 2 ms."""
    begin = perf_counter()
    work()
    number = max(1, int(0.002 / (perf_counter() - begin)))
    return min(timeit.repeat(work, setup="import gc; gc.enable()", repeat=SPELLS, number=number)) / number


def spell_on(loop: asyncio.Runner, work: Callable[[], Any]) -> float:
    """The same of awaited work."""

    async def repeated() -> float:
        times: list[float] = []
        for _ in range(2 * SPELLS):
            begin = perf_counter()
            await work()
            times.append(perf_counter() - begin)
        return min(times)

    return loop.run(repeated())


def measured(version: Version, cases: list[Case]) -> dict[str, float]:
    """Microseconds a message and ratios, over rounds in which all four take turns."""
    with asyncio.Runner() as loop:
        turns: dict[str, Callable[[], float]] = {
            "connection": partial(spell, our_connection(version, cases)),
            "as_it_runs": partial(spell_on, loop, their_charge_point(version, cases)),
            "codec": partial(spell, our_codec(version, cases)),
            "functions": partial(spell, their_functions(version, cases)),
        }
        rounds = [{name: turn() for name, turn in turns.items()} for _ in range(1 + ROUNDS)][1:]  # one to warm up
    figures = {f"{name}_us": min(one[name] for one in rounds) / len(cases) * 1e6 for name in turns}
    for ours, theirs_ in (("connection", "as_it_runs"), ("codec", "functions")):
        ratios = [one[theirs_] / one[ours] for one in rounds]
        figures |= {f"{ours}_ratio": median(ratios), f"{ours}_lowest": min(ratios)}
    return figures


def run() -> dict[str, Any]:
    """Prints the table; returns microseconds and ratios."""
    figures: dict[str, Any] = {}
    heads = ("connection", "as it runs", "ratio", "lowest", "codec", "functions", "ratio", "lowest")
    print(f"{'µs per message, answer included':52}" + "".join(f"{head:>11}" for head in heads))
    for name, (version, cases) in CASES.items():
        row = figures[name] = measured(version, cases)
        halves = (("connection", "as_it_runs"), ("codec", "functions"))
        print(f"{name:52}" + "".join(half_row(row, ours, them) for ours, them in halves))
    return figures


def half_row(row: dict[str, float], ours: str, them: str) -> str:
    """One comparison, as text."""
    ratios = f"{row[f'{ours}_ratio']:10.0f}×{row[f'{ours}_lowest']:10.0f}×"
    return f"{row[f'{ours}_us']:11.1f}{row[f'{them}_us']:11.0f}{ratios}"


if __name__ == "__main__":
    run()
