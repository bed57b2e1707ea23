"""`kill -9` at random instants and at the worst ones: what was answered is still there, and nothing is there twice.

Fifty stations charge (1.6, 2.0.1 and 2.1 mixed, see clients.py). The server is killed between and during messages,
before a commit is made and after one that nobody was told of, and started again on the same database. At the end the
*clients'* journals are compared with what the server shows: every answered start, reading and stop, once.
"""

from __future__ import annotations

import asyncio
import json
import random
import socket
import sqlite3
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, closing
from pathlib import Path
from typing import Any

import httpx2

from tests.fault.clients import Charge, Client
from tests.support.node import PASSWORD

STATIONS = 50
RANDOM_KILLS = 12
AIMED_KILLS = [("before", 3), ("after", 3), ("before", 7), ("after", 9), ("before", 20), ("after", 20),
               ("before", 45), ("after", 45)]  # fmt: skip
VERSIONS = ("1.6", "2.0.1", "2.1")


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@asynccontextmanager
async def server(data: Path, ports: tuple[int, int], *instant: str) -> AsyncIterator[Process]:
    arguments = [sys.executable, "-m", "tests.fault.server_process", str(data), *map(str, ports), *instant]
    process = await asyncio.create_subprocess_exec(*arguments, stdout=PIPE)
    assert process.stdout is not None
    try:
        async with asyncio.timeout(20):
            assert await process.stdout.readline() == b"ready\n"
        yield process
    finally:
        if process.returncode is None:
            process.kill()
        await process.wait()


async def api(data: Path, port: int) -> httpx2.AsyncClient:
    key = (data / "admin.key").read_text()
    base = f"http://127.0.0.1:{port}/api/v1"
    return httpx2.AsyncClient(base_url=base, headers={"Authorization": f"Bearer {key}"}, timeout=20)


async def progressed(fleet: list[Client], answers: int) -> None:
    """Wait until the fleet got that many more answers."""
    left, enough = answers, asyncio.Event()

    def one_more() -> None:
        nonlocal left
        left -= 1
        if left <= 0:
            enough.set()

    for client in fleet:
        client.on_answer = one_more
    await enough.wait()


async def everything(client: httpx2.AsyncClient, path: str, **params: Any) -> list[dict[str, Any]]:
    items: list[dict[str, Any]] = []
    while True:
        page = (await client.get(path, params={**params, "limit": 200})).json()
        items += page["items"]
        if not page["next"]:
            return items
        params["cursor"] = page["next"]


async def compare(client: httpx2.AsyncClient, station: Client, readings: dict[str, list[int]]) -> int:
    """Every charge of the journal is there once, with each reading it holds; returns how many readings."""
    kept = await everything(client, "/transactions", station=station.identity)
    by_start = {transaction["meter_start_wh"]: transaction for transaction in kept}
    assert len(by_start) == len(kept) == len(station.journal), station.identity
    return sum(compare_charge(charge, by_start[charge.meter_start], readings) for charge in station.journal)


def compare_charge(charge: Charge, kept: dict[str, Any], readings: dict[str, list[int]]) -> int:
    assert charge.meter_stop is not None
    assert (kept["state"], kept["energy_wh"]) == ("Ended", charge.meter_stop - charge.meter_start)
    told = readings.get(kept["id"], [])
    for _, watt_hours in charge.readings:
        assert told.count(watt_hours) == 1, (charge, told)
    return len(charge.readings)


def readings_of(path: Path) -> dict[str, list[int]]:
    """Every reading in the database by transaction; the file must be whole."""
    readings: dict[str, list[int]] = {}
    with closing(sqlite3.connect(path)) as database:
        assert database.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        for transaction, samples in database.execute("SELECT transaction_id, samples FROM meter_values"):
            figures = [int(float(sample["value"])) for sample in json.loads(samples)]
            readings.setdefault(transaction, []).extend(figures)
    return readings


async def test_nothing_that_was_answered_is_missing_or_doubled_after_twenty_kills(
    tmp_path: Path, record_property: Any, capsys: Any
):
    ports = (free_port(), free_port())
    rng = random.Random(20)
    async with asyncio.timeout(240):
        fleet = [
            Client(f"ws://127.0.0.1:{ports[0]}/ocpp", f"CP{n:02}", PASSWORD, VERSIONS[n % 3]) for n in range(STATIONS)
        ]
        async with server(tmp_path, ports), await api(tmp_path, ports[1]) as client:
            for station in fleet:
                body = {"identity": station.identity, "password": PASSWORD, "quiet": True}  # it answers nothing
                assert (await client.post("/stations", json=body)).status_code == 201
                token = {"uid": station.identity, "type": "ISO14443"}
                assert (await client.post("/tokens", json=token)).status_code == 201
        tasks = [asyncio.create_task(station.run()) for station in fleet]
        kills = 0
        for _ in range(RANDOM_KILLS):
            async with server(tmp_path, ports) as process:
                await progressed(fleet, rng.randrange(1, 200))
                process.kill()
            kills += 1
        for instant in AIMED_KILLS:
            async with server(tmp_path, ports, *map(str, instant)) as process:
                assert await process.wait() == -9
            kills += 1
        for station in fleet:
            station.stopping.set()
        async with server(tmp_path, ports):
            await asyncio.gather(*tasks)
            async with await api(tmp_path, ports[1]) as client:
                kept = readings_of(tmp_path / "amperanto.db")
                readings = sum([await compare(client, station, kept) for station in fleet])
    assert not [station.refused for station in fleet if station.refused]
    charges = sum(len(station.journal) for station in fleet)
    figures = {"kills": kills, "charges": charges, "readings": readings,
               "answers": sum(s.answered for s in fleet), "reconnects": sum(s.reconnects for s in fleet)}  # fmt: skip
    for name, figure in figures.items():
        record_property(name, figure)
    with capsys.disabled():
        print(f"\n  kill -9: {figures}, 0 lost, 0 doubled")
