"""Record a transcript: stand between a station and a CSMS, and write down what both say.

    python tools/record_transcript.py --listen 9100 --to ws://127.0.0.1:9000/ocpp --out acme-duo.jsonl

Point the station at port 9100 instead of the CSMS. The station's path, credentials and subprotocols go on to the CSMS
as they are. Each connection gets a line, each frame one; secrets are gone before anything is written. What must be
kept in the end (`kept`, in the first line) is for a person to write who knows what the station really did.
"""

from __future__ import annotations

import argparse
import asyncio
import json
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import websockets
from websockets.asyncio.server import ServerConnection

from amperanto.csms.journal import redacted

SPOKEN = [websockets.Subprotocol(name) for name in ("ocpp2.1", "ocpp2.0.1", "ocpp1.6")]


class Recorder:
    """A proxy that writes a transcript; `now` is the clock its lines are stamped by."""

    def __init__(self, upstream: str, out: Path, now: Callable[[], datetime] = lambda: datetime.now(UTC)) -> None:
        self._upstream = upstream.rstrip("/")
        self._out = out
        self._now = now
        self._begun = False

    async def serve(self, port: int) -> websockets.Server:
        """Take stations in on that port of this machine."""
        return await websockets.serve(self._relay, "127.0.0.1", port, subprotocols=SPOKEN)

    async def _relay(self, station: ServerConnection) -> None:
        assert station.request is not None
        secret = station.request.headers.get("Authorization")
        identity = station.request.path.rstrip("/").rpartition("/")[2]
        async with websockets.connect(
            f"{self._upstream}/{identity}",
            subprotocols=None if station.subprotocol is None else [station.subprotocol],
            additional_headers={} if secret is None else {"Authorization": secret},
        ) as csms:
            version = (station.subprotocol or "ocpp1.6").removeprefix("ocpp")
            self._connected(version, identity)
            ways = [
                asyncio.create_task(self._pass("station", station, csms)),
                asyncio.create_task(self._pass("csms", csms, station)),
            ]
            _, rest = await asyncio.wait(ways, return_when=asyncio.FIRST_COMPLETED)
            for way in rest:
                way.cancel()

    async def _pass(self, who: str, source: Any, target: Any) -> None:
        try:
            async for text in source:
                self._heard(who, text if isinstance(text, str) else text.decode(errors="replace"))
                await target.send(text)
        except websockets.ConnectionClosed:
            pass
        await target.close()

    def _connected(self, version: str, identity: str) -> None:
        if not self._begun:
            self._begun = True
            about = {
                "version": version,
                "how": "recorded",
                "sources": [],
                "identity": identity,
                "tokens": [],
                "kept": {},
            }
            self._out.write_text(json.dumps({"transcript": about}) + "\n")
        self._write({"connect": version})

    def _heard(self, who: str, text: str) -> None:
        """A frame; the answers of a CSMS are kept where they name a transaction, its calls always."""
        clean = redacted(text)
        try:
            told: dict[str, Any] = {"frame": json.loads(clean)}
        except ValueError:
            told = {"text": clean}
        self._write({"from": who, **told})

    def _write(self, line: dict[str, Any]) -> None:
        stamped = {"at": self._now().isoformat(timespec="milliseconds"), **line}
        with self._out.open("a") as file:
            file.write(json.dumps(stamped, ensure_ascii=False) + "\n")


async def main() -> None:
    """Record until interrupted."""
    options = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    options.add_argument("--listen", type=int, default=9100, help="the port stations connect to")
    options.add_argument("--to", required=True, help="the CSMS's address, without the identity")
    options.add_argument("--out", type=Path, required=True, help="the transcript's file")
    told = options.parse_args()
    async with await Recorder(told.to, told.out).serve(told.listen) as server:
        await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(main())
