"""A transcript recorded by tools/record_transcript.py from a real connection can be replayed."""

from __future__ import annotations

import asyncio
import base64
import json
import sys
from pathlib import Path
from typing import Any

import websockets

from tests.interop.test_field_behaviour import BOOT, ask, heard
from tests.support.node import PASSWORD, house
from tests.support.transcripts import Replay, read
from tests.unit.gateway.conftest import door, hooks, unusual  # noqa: F401 - fixtures

sys.path.insert(0, str(Path(__file__).parents[2] / "tools"))

from record_transcript import Recorder

START = {"connectorId": 1, "idTag": "CAFE", "meterStart": 100, "timestamp": "2026-05-01T12:00:00Z"}


async def charge(line: Any, home: Any) -> None:
    """A charge, in the middle of which a key with a secret is asked for."""
    await ask(line, "1", "BootNotification", BOOT)
    number = (await ask(line, "2", "StartTransaction", START))[2]["transactionId"]
    asking = asyncio.create_task(home.post("/stations/CP1/raw/GetConfiguration", {"key": ["StationPassword"]}))
    _, message_id, *_ = await heard(line)
    told = {"configurationKey": [{"key": "StationPassword", "readonly": False, "value": "hunter2hunter2"}]}
    await line.send(json.dumps([3, message_id, told]))
    await asking
    stop = {"transactionId": number, "idTag": "CAFE", "meterStop": 1100, "timestamp": "2026-05-01T13:00:00Z"}
    await ask(line, "3", "StopTransaction", stop)


async def test_what_was_recorded_is_replayed_and_holds_no_secret(tmp_path: Path, door: Any) -> None:  # noqa: F811
    out = tmp_path / "peer.jsonl"
    async with asyncio.timeout(30), house(tmp_path / "node") as home:
        await home.station("CP1")
        await home.token("CAFE")
        recorder = Recorder(home.url("").rstrip("/"), out)
        async with await recorder.serve(0) as server:
            port = server.sockets[0].getsockname()[1]
            secret = base64.b64encode(f"CP1:{PASSWORD}".encode()).decode()
            async with websockets.connect(
                f"ws://127.0.0.1:{port}/anything/CP1",
                subprotocols=[websockets.Subprotocol("ocpp1.6")],
                additional_headers={"Authorization": f"Basic {secret}"},
            ) as line:
                await charge(line, home)
    text = out.read_text()
    assert PASSWORD not in text
    assert secret not in text
    assert "hunter2" not in text
    transcript = read(out)
    assert (transcript.about["how"], transcript.about["version"]) == ("recorded", "1.6")
    transcript.about["tokens"] = ["CAFE"]
    kept = await (await Replay(door, transcript).run()).kept()
    assert kept["transactions"] == [{"energy_wh": "1000", "state": "Ended", "evse": 1}]
    assert kept["reviews"] == 0
