"""The whole product from outside: `amperanto serve` on one core, its stations on another.

Messages a second and server CPU a message, everything validated and durable before its answer (SQLite,
synchronous=FULL); memory of an idle, booted connection; time from exec to both ports open. Each figure is the
median of its rounds. A machine that does other things shows it: CPU a message moves least.
"""

import asyncio
import os
import shutil
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Callable, Generator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from time import perf_counter, sleep
from typing import Any

import uvloop
from benchmarks._load import PASSWORD, LoadStation, Script, Tally, boot_of, booted, connect, mix_16, updates_201

from amperanto.csms.passwords import Passwords
from amperanto.domain.ids import Ids
from amperanto.domain.stations import DEFAULT_ORGANISATION, Station, StationId
from amperanto.domain.tokens import RegisteredToken, Token
from amperanto.stores.store import Store

STATIONS, IDLE = 200, 5000
ROUNDS, SECONDS, WARM_UP = 3, 6.0, 1.5
PACED = 500  # messages a second of the latency run
STARTS = 5
TICK = os.sysconf("SC_CLK_TCK")
CORES = sorted(os.sched_getaffinity(0))  # servers run on the first, this process on the last


@dataclass
class Node:
    """A running `amperanto serve`."""

    process: subprocess.Popen[bytes]
    ocpp_port: int
    http_port: int

    def cpu(self) -> float:
        """Seconds of CPU it has used, all threads."""
        fields = Path(f"/proc/{self.process.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / TICK

    def resident(self) -> float:
        """kB of memory it holds."""
        status = Path(f"/proc/{self.process.pid}/status").read_text()
        return float(status.partition("VmRSS:")[2].split()[0])


def run() -> dict[str, Any]:
    """Measure, print a table, return the figures."""
    with tempfile.TemporaryDirectory(dir=Path.cwd(), prefix=".bench-") as directory, _load_core():
        data = Path(directory) / "data"
        uvloop.run(_register(data))
        start_up = _start_up(Path(directory), data)
        results = {
            "start_up": start_up,
            "1.6 mix": _throughput(data, "1.6", mix_16),
            "2.0.1 TransactionEvent": _throughput(data, "2.0.1", updates_201),
            "idle": _idle(data),
        }
        results["start_up"]["ms_after_load"] = _median_start(data)
    _print(results)
    return results


def _print(results: dict[str, Any]) -> None:
    print("server: `amperanto serve` on one core, validated, durable (SQLite, synchronous=FULL) before the answer")
    for name in ("1.6 mix", "2.0.1 TransactionEvent"):
        row = results[name]
        print(
            f"  {name:<24}{row['messages_per_second']:>7} messages/s  {row['cpu_us_per_message']:>6} µs CPU/message"
            f"   p50 {row['p50_ms']:>6} ms  p99 {row['p99_ms']:>6} ms ({row['stations']} stations, all waiting)"
            f"   at {PACED}/s p50 {row['paced_p50_ms']} ms  p99 {row['paced_p99_ms']} ms"
        )
    idle, start = results["idle"], results["start_up"]
    print(f"  idle connection         {idle['kb_per_connection']:>7} kB each, {idle['connections']} booted")
    print(
        f"  start-up, ports open    {start['ms_empty']:>7} ms on no database, {start['ms_existing']} ms on one with"
        f" {IDLE} stations, {start['ms_after_load']} ms after all of the above"
    )


# ── figures ──────────────────────────────────────────────────────────────────────────────────────────
def _start_up(directory: Path, existing: Path) -> dict[str, Any]:
    empty = [_started_in(directory / f"empty-{number}") for number in range(STARTS)]
    return {"ms_empty": round(statistics.median(empty)), "ms_existing": _median_start(existing)}


def _median_start(data: Path) -> int:
    return round(statistics.median(_started_in(data) for _ in range(STARTS)))


def _started_in(data: Path) -> float:
    begun = perf_counter()
    with _serving(data):
        return (perf_counter() - begun) * 1000


def _throughput(data: Path, version: str, script: Callable[[str], Script]) -> dict[str, Any]:
    with _serving(data) as node:
        rounds = [uvloop.run(_loaded(node, version, script)) for _ in range(ROUNDS)]
        paced = uvloop.run(_loaded(node, version, script, gap=STATIONS / PACED))
    figures = {name: statistics.median(row[name] for row in rounds) for name in rounds[0]}
    return {
        "stations": STATIONS,
        **figures,
        "paced_p50_ms": paced["p50_ms"],
        "paced_p99_ms": paced["p99_ms"],
        "paced_cpu_us_per_message": paced["cpu_us_per_message"],
        "rounds": rounds,
    }


async def _loaded(node: Node, version: str, script: Callable[[str], Script], *, gap: float = 0.0) -> dict[str, Any]:
    tally = Tally()

    def life(identity: str, station: list[LoadStation]) -> Script:
        answer = yield boot_of(version)
        assert answer["status"] == "Accepted", answer
        station[0].ready.set_result(None)
        station[0].gap = gap
        yield from script(identity)

    def made(identity: str) -> LoadStation:
        itself: list[LoadStation] = []
        itself.append(LoadStation(identity, version, life(identity, itself), tally))
        return itself[0]

    kind = "s" if version == "1.6" else "t"
    stations = await connect(node.ocpp_port, [partial(made, f"{kind}{number:04}") for number in range(STATIONS)])
    await asyncio.sleep(WARM_UP)
    tally.waits.clear()
    begun, used = perf_counter(), node.cpu()
    await asyncio.sleep(SECONDS)
    took, used, waits = perf_counter() - begun, node.cpu() - used, sorted(tally.waits)
    for station in stations:
        station.stop()
    await asyncio.sleep(0.5)  # the server lets go of them
    if tally.wrong or tally.lost:
        raise RuntimeError(f"{tally.lost} connections lost; wrong answers: {tally.wrong[:3]}")
    return {
        "messages_per_second": round(len(waits) / took),
        "cpu_us_per_message": round(used / len(waits) * 1e6, 1),
        "p50_ms": round(waits[len(waits) // 2] * 1000, 2),
        "p99_ms": round(waits[int(len(waits) * 0.99)] * 1000, 2),
    }


def _idle(data: Path) -> dict[str, Any]:
    with _serving(data) as node:
        return uvloop.run(_idling(node))


async def _idling(node: Node) -> dict[str, Any]:
    tally = Tally()

    def made(number: int) -> LoadStation:
        kind, version = (("s", "1.6"), ("t", "2.0.1"))[number % 2]
        return LoadStation(f"{kind}{number // 2:04}", version, booted(version), tally)

    warm = await connect(node.ocpp_port, [partial(made, number) for number in range(100)])
    await asyncio.sleep(1)
    before, begun, used = node.resident(), perf_counter(), node.cpu()
    fresh = await connect(node.ocpp_port, [partial(made, number) for number in range(100, IDLE + 100)], hosts=4)
    took, used = perf_counter() - begun, node.cpu() - used
    await asyncio.sleep(3)  # what was logged without waiting is written
    held = node.resident() - before
    for station in (*warm, *fresh):
        station.stop()
    if tally.wrong or tally.lost:
        raise RuntimeError(f"{tally.lost} connections lost; wrong answers: {tally.wrong[:3]}")
    return {
        "connections": IDLE,
        "kb_per_connection": round(held / IDLE, 1),
        "connect_and_boot_seconds": round(took, 1),
        "connect_and_boot_cpu_us": round(used / IDLE * 1e6),
    }


# ── the node ─────────────────────────────────────────────────────────────────────────────────────────
async def _register(data: Path) -> None:
    """Stations and tokens as an operator would have added them, without waiting for a password hash each."""
    data.mkdir(mode=0o700)
    ids, password = Ids(), await Passwords().hash(PASSWORD.encode())
    store = await Store.open(f"sqlite:///{data / 'amperanto.db'}")
    for number in range(IDLE // 2 + 50):
        async with store.unit() as unit:
            for identity in (f"s{number:04}", f"t{number:04}"):
                station = StationId(ids.new())
                unit.stations.add(
                    Station(id=station, organisation=DEFAULT_ORGANISATION, identity=identity, password_hash=password)
                )
                token = Token(identity, "ISO14443")
                limit = None  # a charge a former round cut off is still open
                unit.tokens.add(
                    RegisteredToken(
                        id=ids.new(), organisation=DEFAULT_ORGANISATION, token=token, concurrent_limit=limit
                    )
                )
    await store.close()


@contextmanager
def _load_core() -> Generator[None]:
    os.sched_setaffinity(0, {CORES[-1]})
    try:
        yield
    finally:
        os.sched_setaffinity(0, CORES)


@contextmanager
def _serving(data: Path) -> Generator[Node]:
    command = shutil.which("amperanto", path=str(Path(sys.executable).parent)) or "amperanto"
    ocpp_port, http_port = _free_port(), _free_port()
    os.sched_setaffinity(0, {CORES[0]})  # a process begins where the one that started it may run
    process = subprocess.Popen(
        [command, "serve", "--data", str(data), "--ocpp-port", str(ocpp_port), "--http-port", str(http_port)],
        stdout=subprocess.DEVNULL,
    )
    os.sched_setaffinity(0, {CORES[-1]})
    try:
        for port in (ocpp_port, http_port):
            _wait_for(port, process)
        yield Node(process, ocpp_port, http_port)
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(30)


def _wait_for(port: int, process: subprocess.Popen[bytes]) -> None:
    for _ in range(10_000):
        if process.poll() is not None:
            raise RuntimeError(f"the server ended with {process.returncode}")
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
            return
        except ConnectionRefusedError:
            sleep(0.002)
    raise RuntimeError("the server does not open its ports")


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
