"""Transcripts: what a real station said (or says, by the sources that saw it), replayed against our own CSMS.

A file of JSON lines. The first is about the transcript: which station, in which version, whether it was `recorded` or
`reconstructed` and from what, which tokens are known, and what must be kept in the end (a `site` of the
settings is its time zone). Each other line is a frame:
when, from whom, and `frame` (JSON) or `text` (as it was, where it is no JSON). The numbers the other CSMS gave to
transactions, and the ids of its calls, are exchanged for ours, so that a recording made anywhere can be replayed.
"""

from __future__ import annotations

import asyncio
import json
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from amperanto.domain.sites import Site, SiteId
from amperanto.domain.stations import DEFAULT_ORGANISATION
from amperanto.ocpp.errors import CallRefused
from amperanto.ocpp.versions import Version

HERE = Path(__file__).parents[1] / "interop" / "transcripts"
HOW = ("recorded", "reconstructed")


@dataclass(frozen=True)
class Transcript:
    """A file of it."""

    name: str
    about: dict[str, Any]
    lines: list[dict[str, Any]]

    @property
    def version(self) -> Version:
        return Version(self.about["version"])


def read(path: Path) -> Transcript:
    """The transcript in a file."""
    first, *rest = [json.loads(line) for line in path.read_text().splitlines() if line.strip()]
    return Transcript(path.stem, first["transcript"], rest)


def transcripts() -> list[Transcript]:
    """All there are."""
    return [read(path) for path in sorted(HERE.glob("*.jsonl"))]


@dataclass
class Replay:
    """A transcript on its way through a gateway. `answers` holds ours, by the station's message id."""

    door: Any
    transcript: Transcript
    line: Any = None
    station: Any = None
    answers: dict[str, list[Any]] = field(default_factory=dict)
    numbers: dict[int, int] = field(default_factory=dict)
    asked: dict[str, tuple[str, asyncio.Task[Any]]] = field(default_factory=dict)
    results: dict[str, Any] = field(default_factory=dict)

    async def run(self) -> Replay:
        """Say every line in turn; returns itself."""
        about = self.transcript.about
        for token in about.get("tokens", []):
            await self.door.token(token)
        zone = about.get("settings", {}).get("site")
        if zone is not None:
            site = Site(id=SiteId(zone), organisation=DEFAULT_ORGANISATION, name=zone, time_zone=zone)
            async with self.door.store.unit() as unit:
                unit.sites.add(site)
        self.station = await self.door.station(about.get("identity", "CP1"), quiet=True, **about.get("settings", {}))
        for line in self.transcript.lines:
            if "at" in line:
                self.door.clock.at = datetime.fromisoformat(line["at"])
            if "connect" in line:
                await self._connect(line["connect"])
            elif line["from"] == "csms":
                await self._asked(line["frame"])
            else:
                await self._said(line)
        await self.door.csms.oddities.keep()
        return self

    async def _connect(self, version: str) -> None:
        """A new socket; the one before is gone."""
        if self.line is not None:
            self.line.cut()
            await self.line.serving
        self.line = self.door.line(self.station, Version(version))

    async def _asked(self, frame: list[Any]) -> None:
        """A call of the other CSMS is made by ours; an answer of it tells which number it gave."""
        kind, message_id, *rest = frame
        if kind == 2:
            link = self.door.csms.stations.link(self.station.id)
            call = link.call_raw(rest[0], json.dumps(self._exchanged(rest[1])).encode())
            task = asyncio.create_task(call)
            ours = await self.line.hear()
            assert ours[2:] == [rest[0], self._exchanged(rest[1])]
            self.asked[message_id] = (ours[1], task)
        elif kind == 3 and "transactionId" in rest[0]:
            self.numbers[rest[0]["transactionId"]] = self.answers[message_id][2]["transactionId"]

    async def _said(self, line: dict[str, Any]) -> None:
        text = line["text"] if "text" in line else json.dumps(self._exchanged(line["frame"]))
        for theirs, (ours, task) in list(self.asked.items()):
            if line.get("answers") == theirs or (text[:2] in ("[3", "[4") and f'{theirs}"' in text[:60]):
                self.line.cable.station_link.write(text if "answers" in line else text.replace(theirs, ours, 1))
                async with asyncio.timeout(5):
                    with suppress(CallRefused):
                        self.results[theirs] = json.loads(await task)
                del self.asked[theirs]
                return
        self.line.cable.station_link.write(text)
        if line.get("unanswered"):
            return
        answer = await self.line.hear()
        self.answers[answer[1]] = answer
        assert answer[0] == line.get("answered", 3), f"{self.transcript.name}: {text} was answered {answer}"

    def _exchanged(self, node: Any) -> Any:
        """The frame, with our numbers in the place of theirs."""
        if isinstance(node, list):
            return [self._exchanged(one) for one in node]
        if isinstance(node, dict):
            return {
                name: self.numbers.get(value, value)
                if name == "transactionId" and isinstance(value, int)
                else self._exchanged(value)
                for name, value in node.items()
            }
        return node

    async def kept(self) -> dict[str, Any]:
        """What is kept in the end, in the words of the transcript's `kept`."""
        store = self.door.store
        found = await store.transactions.list(DEFAULT_ORGANISATION)
        reviews = await store.reviews.list(DEFAULT_ORGANISATION)
        states = await store.connectors.of(DEFAULT_ORGANISATION, self.station.id)
        counted = await store.oddities.of(DEFAULT_ORGANISATION, self.station.id)
        make = self.door.csms.oddities.make_of(await store.stations.by_id(self.station.id))
        return {
            "quirk": None if make is None else make.name,
            "transactions": [
                {
                    "energy_wh": None if one.energy is None else str(one.energy.value),
                    "state": one.state.value,
                    "evse": None if one.where is None else one.where.evse,
                }
                for one in reversed(found.items)
            ],
            "times": [
                [None if at is None else at.isoformat() for at in (one.started_at, one.ended_at)]
                for one in reversed(found.items)
            ],
            "states": {str(one.where.evse): one.availability.value for one in states},
            "reviews": len(reviews.items),
            "counted": sorted({_counted(one.oddity) for one in counted}),
        }


def _counted(oddity: Any) -> str:
    return f"{oddity.kind.value} {oddity.message} {oddity.place}".strip()
