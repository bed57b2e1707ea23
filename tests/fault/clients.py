"""Charging stations of our tests' own making: plain WebSocket and JSON, nothing of ours, and a journal each.

A station charges in a loop: start, readings, stop. What it has no answer to it says again after reconnecting, under
a new message id every second time, as stations with a persistent queue do. Its journal holds exactly what the
server answered, and that must never be missing.
"""

from __future__ import annotations

import asyncio
import base64
import json
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import websockets

T0 = datetime(2026, 5, 1, tzinfo=UTC)
BACK_OFF = 0.5  # seconds between two attempts to connect, as a patient station would


@dataclass
class Charge:
    """What one transaction should look like at the end."""

    station: str
    number: int
    meter_start: int
    readings: list[tuple[str, int]] = field(default_factory=list)
    meter_stop: int | None = None
    reference: str = ""


def stamp(seconds: float) -> str:
    return (T0 + timedelta(seconds=seconds)).isoformat(timespec="milliseconds").replace("+00:00", "Z")


class Client:
    """One station: 1.6 when `version` says so, else 2.x."""

    def __init__(self, url: str, identity: str, password: str, version: str, *, readings: int = 3) -> None:
        self.identity = identity
        self.version = version
        self.journal: list[Charge] = []
        self.refused: list[Any] = []
        self.answered = 0
        self.on_answer: Callable[[], None] = lambda: None
        self.reconnects = 0
        self._url = f"{url}/{identity}"
        self._credential = base64.b64encode(f"{identity}:{password}".encode()).decode()
        self._readings = readings
        self._clock = 0.0
        self._meter = 1000
        self._sent = 0
        self._socket: Any = None
        self._booted = False
        self.stopping = asyncio.Event()

    async def run(self) -> None:
        """Charge until told to stop; the charge that runs then is finished."""
        while not self.stopping.is_set():
            await self._charge()
        if self._socket is not None:
            await self._socket.close()

    async def _charge(self) -> None:
        charge = Charge(self.identity, len(self.journal), self._meter, reference=f"tx-{len(self.journal)}")
        at = self._tick()
        if self.version == "1.6":
            body = {"connectorId": 1, "idTag": self.identity, "meterStart": self._meter, "timestamp": at}
            answer = await self._say("StartTransaction", body)
            charge.reference = str(answer["transactionId"])
        else:
            await self._event(charge, "Started", 0, at, "Authorized")
        self.journal.append(charge)
        for step in range(self._readings):
            self._meter += 100 + step
            at = self._tick()
            if self.version == "1.6":
                values = [{"timestamp": at, "sampledValue": [{"value": str(self._meter)}]}]
                named = {"connectorId": 1, "transactionId": int(charge.reference), "meterValue": values}
                await self._say("MeterValues", named)
            else:
                await self._event(charge, "Updated", step + 1, at, "MeterValuePeriodic")
            charge.readings.append((at, self._meter))
        self._meter += 50
        at = self._tick()
        if self.version == "1.6":
            body = {"transactionId": int(charge.reference), "meterStop": self._meter, "timestamp": at}
            await self._say("StopTransaction", body)
        else:
            await self._event(charge, "Ended", self._readings + 1, at, "StopAuthorized")
        charge.meter_stop = self._meter

    async def _event(self, charge: Charge, kind: str, sequence: int, at: str, trigger: str) -> None:
        info: dict[str, Any] = {"transactionId": charge.reference}
        if kind == "Ended":
            info["stoppedReason"] = "Local"
        body: dict[str, Any] = {
            "eventType": kind,
            "timestamp": at,
            "triggerReason": trigger,
            "seqNo": sequence,
            "transactionInfo": info,
            "meterValue": [{"timestamp": at, "sampledValue": [{"value": self._meter}]}],
        }
        if kind == "Started":
            body |= {"evse": {"id": 1, "connectorId": 1}, "idToken": {"idToken": self.identity, "type": "ISO14443"}}
        await self._say("TransactionEvent", body)

    def _tick(self) -> str:
        self._clock += 1.0
        return stamp(self._clock)

    async def _say(self, action: str, payload: dict[str, Any]) -> Any:
        """Say it until it is answered."""
        self._sent += 1
        message, attempt = self._sent, 0
        while True:
            try:
                if self._socket is None:
                    await self._connect()
                name = f"{message}" if attempt % 2 == 0 else f"{message}-{attempt}"
                answer = await self._exchange(name, action, payload)
            except (OSError, websockets.WebSocketException, TimeoutError):
                self._socket = None
                attempt += 1
                self.reconnects += 1
                await asyncio.sleep(BACK_OFF)
                continue
            self.answered += 1
            self.on_answer()
            return answer

    async def _connect(self) -> None:
        self._socket = await websockets.connect(
            self._url,
            subprotocols=[websockets.Subprotocol(f"ocpp{self.version}")],
            additional_headers={"Authorization": f"Basic {self._credential}"},
            open_timeout=5,
            compression=None,
            ping_interval=None,
        )
        if not self._booted:
            if self.version == "1.6":
                body: dict[str, Any] = {"chargePointVendor": "Peer", "chargePointModel": "P"}
            else:
                body = {"reason": "PowerUp", "chargingStation": {"model": "P", "vendorName": "Peer"}}
            await self._exchange("boot", "BootNotification", body)
            self._booted = True

    async def _exchange(self, name: str, action: str, payload: dict[str, Any]) -> Any:
        await self._socket.send(json.dumps([2, name, action, payload]))
        async with asyncio.timeout(15):
            while True:
                kind, message_id, *rest = json.loads(await self._socket.recv())
                if message_id != name:
                    continue
                if kind == 3:
                    return rest[0]
                self.refused.append((action, rest))
                raise TimeoutError
