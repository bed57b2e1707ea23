"""Text to a typed, validated request, and its answer to text: ours against `ocpp` from PyPI, in one process.

Ours: frame, doubled keys, depth, the negotiated version's schema, typed object; answer checked and encoded.
  connection   through Connection.receive and reply, its state machine included
  codec        the same without the state machine
Theirs, which looks for neither doubled keys nor depth: unpack, validate, snake_case; answer likewise.
  as it runs   await ChargePoint.route_message, which validates in a thread
  functions    the functions it calls, without thread, loop or routing, and its typed request built
Each figure is the best of several rounds, so that a busy machine matters little. The ratios compare like with
like: connection with "as it runs", codec with "functions".
"""

import asyncio
import json
import logging
import timeit
from collections.abc import Callable
from datetime import UTC, datetime
from functools import partial
from itertools import count
from typing import Any

from ocpp import messages as theirs
from ocpp import v16 as their_v16
from ocpp import v201 as their_v201
from ocpp.charge_point import camel_to_snake_case, remove_nones, serialize_as_dict, snake_to_camel_case
from ocpp.routing import on

from amperanto.ocpp import CallReceived, Codec, Connection, Mode, Response, Role, Version, frames, v2, v16

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


def timed(work: Callable[[], None]) -> float:
    """Seconds of one round of about 50 ms."""
    number = max(1, int(0.05 / max(timeit.timeit(work, number=1), 1e-7)))
    return timeit.timeit(work, number=number) / number


async def timed_loop(work: Callable[[], Any]) -> float:
    """Seconds of one round of awaited work."""
    await work()
    begin, number = timeit.default_timer(), 30
    for _ in range(number):
        await work()
    return (timeit.default_timer() - begin) / number


def measured(version: Version, cases: list[Case]) -> dict[str, float]:
    """Microseconds a message, the best of rounds in which all four take turns."""
    runs: dict[str, Callable[[], float]] = {
        "connection_us": partial(timed, our_connection(version, cases)),
        "ocpp_as_it_runs_us": partial(run_loop, their_charge_point(version, cases)),
        "codec_us": partial(timed, our_codec(version, cases)),
        "ocpp_functions_us": partial(timed, their_functions(version, cases)),
    }
    rounds = [{name: one() for name, one in runs.items()} for _ in range(12)]
    best = {name: min(one[name] for one in rounds) / len(cases) * 1e6 for name in runs}
    best["ratio_as_it_runs"] = best["ocpp_as_it_runs_us"] / best["connection_us"]
    best["ratio_functions"] = best["ocpp_functions_us"] / best["codec_us"]
    return best


def run_loop(work: Callable[[], Any]) -> float:
    return asyncio.run(timed_loop(work))


def run() -> dict[str, Any]:
    """Prints the table; returns microseconds and ratios."""
    figures: dict[str, Any] = {}
    heads = ("connection", "as it runs", "ratio", "codec", "functions", "ratio")
    print(f"{'µs per message, answer included':52}" + "".join(f"{head:>11}" for head in heads))
    for name, (version, cases) in CASES.items():
        row = figures[name] = measured(version, cases)
        print(
            f"{name:52}{row['connection_us']:11.1f}{row['ocpp_as_it_runs_us']:11.0f}{row['ratio_as_it_runs']:10.0f}×"
            f"{row['codec_us']:11.1f}{row['ocpp_functions_us']:11.0f}{row['ratio_functions']:10.0f}×"
        )
    return figures


if __name__ == "__main__":
    run()
