"""Stations that only load: plain WebSocket frames over an event loop, as cheap as Python allows.

A station is an asyncio protocol and a script, a generator that yields (action, payload) and is sent the answer's
payload. It has one call open at a time, as OCPP-J asks, and every answer is decoded and must be the CALLRESULT of
that call. Client frames carry the mask 0, which leaves the text as it is: masking would cost the load more than
all the rest.
"""

import asyncio
import base64
import os
import struct
from collections.abc import Callable, Generator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from time import perf_counter
from typing import Any

import msgspec

Script = Generator[tuple[str, dict[str, Any]], Any, None]
PASSWORD = "0123456789abcdef0123456789abcdef"
T0 = datetime(2026, 5, 1, tzinfo=UTC)
CYCLE_READINGS = 12
_ENCODE = msgspec.json.Encoder().encode
_DECODE = msgspec.json.Decoder().decode
_READINGS = (
    ("Energy.Active.Import.Register", "Wh", None), ("Power.Active.Import", "W", None),
    ("Current.Import", "A", "L1"), ("Current.Import", "A", "L2"), ("Current.Import", "A", "L3"),
    ("Voltage", "V", "L1-N"), ("Voltage", "V", "L2-N"), ("Voltage", "V", "L3-N"),
)  # fmt: skip


@dataclass
class Tally:
    """What a fleet counted: seconds each answer took, and what was not as it should be."""

    waits: list[float] = field(default_factory=list[float])
    wrong: list[str] = field(default_factory=list[str])
    lost: int = 0


class LoadStation(asyncio.Protocol):
    """One station on one socket. `gap` seconds lie between a call and the next one, 0: as soon as it is answered."""

    def __init__(self, identity: str, version: str, script: Script, tally: Tally, *, gap: float = 0.0) -> None:
        self.identity, self.version, self.gap = identity, version, gap
        self.script, self.tally = script, tally
        self.ready = asyncio.get_running_loop().create_future()
        self.running = True
        self._buffer = b""
        self._upgraded = False
        self._number = 0
        self._asked = 0.0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport: Any = transport
        credential = base64.b64encode(f"{self.identity}:{PASSWORD}".encode()).decode()
        key = base64.b64encode(os.urandom(16)).decode()
        self.transport.write(
            f"GET /{self.identity} HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            f"Sec-WebSocket-Key: {key}\r\nSec-WebSocket-Version: 13\r\n"
            f"Sec-WebSocket-Protocol: ocpp{self.version}\r\nAuthorization: Basic {credential}\r\n\r\n".encode()
        )

    def data_received(self, data: bytes) -> None:
        data = self._buffer + data if self._buffer else data
        if not self._upgraded:
            head, end, data = data.partition(b"\r\n\r\n")
            if not end:
                self._buffer = head
                return
            if not head.startswith(b"HTTP/1.1 101"):
                self._wrong(f"upgrade refused: {head[:80]!r}")
                return
            self._upgraded = True
            self._ask(None)
        while len(data) >= 2:
            length, at = data[1] & 127, 2
            if length == 126:
                length, at = int.from_bytes(data[2:4], "big"), 4
            if len(data) < at + length:
                break
            self._on_frame(data[0] & 15, data[at : at + length])
            data = data[at + length :]
        self._buffer = data

    def connection_lost(self, exc: Exception | None) -> None:
        if self.running:
            self.tally.lost += 1
            self._fail("connection lost")

    def stop(self) -> None:
        """Say nothing any more and cut the line."""
        self.running = False
        self.transport.abort()

    def _on_frame(self, opcode: int, payload: bytes) -> None:
        if opcode == 9:
            self._write(0x8A, payload)
        if opcode != 1 or not self.running:
            return
        now = perf_counter()
        answer = _DECODE(payload)
        if answer[0] == 2:  # what the server asks by itself (a report, say) is nothing this station has
            self._write(0x81, _ENCODE((4, answer[1], "NotSupported", "", {})))
            return
        if answer[0] != 3 or answer[1] != str(self._number):
            self._wrong(f"{self.identity}: {payload[:200]!r}")
            return
        self.tally.waits.append(now - self._asked)
        if self.gap:
            delay = max(0.0, self._asked + self.gap - now)
            asyncio.get_running_loop().call_later(delay, self._ask, answer[2])
        else:
            self._ask(answer[2])

    def _ask(self, answer: Any) -> None:
        if not self.running:
            return
        try:
            action, payload = self.script.send(answer)
        except StopIteration:
            if not self.ready.done():
                self.ready.set_result(None)
            return
        self._number += 1
        self._asked = perf_counter()
        self._write(0x81, _ENCODE((2, str(self._number), action, payload)))

    def _write(self, first: int, text: bytes) -> None:
        size = len(text)
        head = struct.pack("!BB", first, 128 | size) if size < 126 else struct.pack("!BBH", first, 254, size)
        self.transport.write(b"".join((head, b"\0\0\0\0", text)))

    def _wrong(self, what: str) -> None:
        self.tally.wrong.append(what)
        self._fail(what)

    def _fail(self, what: str) -> None:
        if not self.ready.done():
            self.ready.set_exception(RuntimeError(what))


async def connect(
    port: int, stations: list[Callable[[], LoadStation]], *, at_once: int = 64, hosts: int = 1
) -> list[LoadStation]:
    """Connect these stations, `at_once` at a time, and run their scripts until each has ended or is well on its way."""
    loop, turn = asyncio.get_running_loop(), asyncio.Semaphore(at_once)

    async def one(number: int, make: Callable[[], LoadStation]) -> LoadStation:
        async with turn:
            host = f"127.0.0.{1 + number % hosts}"
            _, station = await loop.create_connection(make, "127.0.0.1", port, local_addr=(host, 0))
            await station.ready
            return station

    return list(await asyncio.gather(*(one(number, make) for number, make in enumerate(stations))))


# ── scripts ──────────────────────────────────────────────────────────────────────────────────────────
def booted(version: str) -> Script:
    """A boot, then silence."""
    answer = yield boot_of(version)
    assert answer["status"] == "Accepted", answer


def boot_of(version: str) -> tuple[str, dict[str, Any]]:
    if version == "1.6":
        return "BootNotification", {"chargePointVendor": "Load", "chargePointModel": "L"}
    station = {"model": "L", "vendorName": "Load"}
    return "BootNotification", {"reason": "PowerUp", "chargingStation": station}


def mix_16(identity: str) -> Script:
    """The usual life of a 1.6 station, over and over: 20 messages a charge, 12 of them readings of 8 values."""
    meter, second = 1000, 0

    def at() -> str:
        nonlocal second
        second += 1
        return _stamp(second)

    while True:
        yield "StatusNotification", _status("Preparing", at())
        begun = {"connectorId": 1, "idTag": identity, "meterStart": meter, "timestamp": at()}
        answer = yield "StartTransaction", begun
        assert answer["idTagInfo"]["status"] == "Accepted", answer
        number = answer["transactionId"]
        yield "StatusNotification", _status("Charging", at())
        for reading in range(CYCLE_READINGS):
            meter += 100
            samples = [_sample_16(one, meter) for one in _READINGS]
            values = [{"timestamp": at(), "sampledValue": samples}]
            yield "MeterValues", {"connectorId": 1, "transactionId": number, "meterValue": values}
            if reading % 6 == 5:
                yield "Heartbeat", {}
        yield "StatusNotification", _status("Finishing", at())
        yield "StopTransaction", {"transactionId": number, "meterStop": meter, "timestamp": at(), "idTag": identity}
        yield "StatusNotification", _status("Available", at())


def updates_201(identity: str) -> Script:
    """One long 2.0.1 transaction: TransactionEvent Updated with 8 values, without end."""
    reference, sequence, meter = f"tx-{os.urandom(4).hex()}", 0, 1000
    while True:
        at = _stamp(sequence)
        event: dict[str, Any] = {
            "eventType": "Updated" if sequence else "Started",
            "timestamp": at,
            "triggerReason": "MeterValuePeriodic" if sequence else "Authorized",
            "seqNo": sequence,
            "transactionInfo": {"transactionId": reference, "chargingState": "Charging"},
            "meterValue": [{"timestamp": at, "sampledValue": [_sample_201(one, meter) for one in _READINGS]}],
        }
        if not sequence:
            event |= {"evse": {"id": 1, "connectorId": 1}, "idToken": {"idToken": identity, "type": "ISO14443"}}
        answer = yield "TransactionEvent", event
        assert sequence or answer["idTokenInfo"]["status"] == "Accepted", answer
        sequence, meter = sequence + 1, meter + 100


def _status(status: str, at: str) -> dict[str, Any]:
    return {"connectorId": 1, "errorCode": "NoError", "status": status, "timestamp": at}


def _stamp(second: int) -> str:
    return (T0 + timedelta(seconds=second)).strftime("%Y-%m-%dT%H:%M:%S.000Z")


def _sample_16(reading: tuple[str, str, str | None], meter: int) -> dict[str, Any]:
    measurand, unit, phase = reading
    sample = {
        "value": f"{meter}.5",
        "context": "Sample.Periodic",
        "measurand": measurand,
        "location": "Outlet",
        "unit": unit,
    }
    return sample if phase is None else sample | {"phase": phase}


def _sample_201(reading: tuple[str, str, str | None], meter: int) -> dict[str, Any]:
    measurand, unit, phase = reading
    sample: dict[str, Any] = {
        "value": meter + 0.5, "context": "Sample.Periodic", "measurand": measurand, "location": "Outlet",
        "unitOfMeasure": {"unit": unit, "multiplier": 0},
    }  # fmt: skip
    return sample if phase is None else sample | {"phase": phase}
