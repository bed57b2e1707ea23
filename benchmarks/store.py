"""Units acknowledged per second on SQLite with synchronous=FULL: one meter value and one message row each.

A writer stands for a connected station: it commits a unit, waits until that is durable, and goes on.
"""

import asyncio
import json
import tempfile
import time
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from itertools import count
from pathlib import Path

from amperanto.domain.meter_values import MeterValue, SampledValue
from amperanto.domain.stations import DEFAULT_ORGANISATION, EvseRef, StationId
from amperanto.stores.message_log import LoggedMessage
from amperanto.stores.store import Store

WRITERS = (1, 100, 1000)
SECONDS = 2.0
FRAME = '[2,"19223201","MeterValues",{"connectorId":1,"transactionId":1,"meterValue":[]}]'
START = datetime(2026, 1, 1, tzinfo=UTC)
SAMPLES = (SampledValue(value=Decimal("1234.5")), SampledValue(value=Decimal(16), measurand="Current.Import", unit="A"))


async def _write(store: Store, writer: int, numbers: count, until: float, waits: list[float]) -> None:
    station, where = StationId(f"station-{writer:05}"), EvseRef(1, 1)
    while (begun := time.perf_counter()) < until:
        number = next(numbers)
        at = START + timedelta(milliseconds=number)
        async with store.unit() as unit:
            unit.meter_values.add(
                DEFAULT_ORGANISATION, station, [MeterValue(at=at, samples=SAMPLES)], where=where, transaction="t"
            )
            unit.messages.append(
                LoggedMessage(
                    at=at, organisation=DEFAULT_ORGANISATION, station=station, connection=1, number=number,
                    direction="in", frame=FRAME, action="MeterValues", message_id=str(number),
                )
            )  # fmt: skip
        waits.append(time.perf_counter() - begun)


async def _measure(writers: int, seconds: float) -> dict[str, float]:
    with tempfile.TemporaryDirectory(dir=Path.cwd(), prefix=".bench-") as directory:
        store = await Store.open(f"sqlite:///{directory}/bench.db")
        waits: list[float] = []
        numbers = count()
        begun, groups = time.perf_counter(), store.groups
        used = time.process_time()
        await asyncio.gather(*(_write(store, n, numbers, begun + seconds, waits) for n in range(writers)))
        took, used = time.perf_counter() - begun, time.process_time() - used
        groups = store.groups - groups
        await store.close()
    waits.sort()
    return {
        "writers": writers,
        "acks_per_second": round(len(waits) / took),
        "p50_ms": round(waits[len(waits) // 2] * 1000, 2),
        "p99_ms": round(waits[int(len(waits) * 0.99)] * 1000, 2),
        "units_per_group": round(len(waits) / max(groups, 1), 1),
        "cpu_us_per_unit": round(used / len(waits) * 1e6, 1),
    }


def run(seconds: float = SECONDS) -> dict:
    """Measure, print a table, return the figures."""
    rows = [asyncio.run(_measure(writers, seconds)) for writers in WRITERS]
    print("store: durable units (1 meter value + 1 message) on SQLite, synchronous=FULL")
    for row in rows:
        print(
            f"  {row['writers']:>5} writers  {row['acks_per_second']:>7} acks/s   p50 {row['p50_ms']:>6} ms"
            f"   p99 {row['p99_ms']:>6} ms   {row['units_per_group']:>6} units/group"
            f"   {row['cpu_us_per_unit']:>6} µs CPU/unit"
        )
    return {"store": rows}


if __name__ == "__main__":
    print(json.dumps(run()))
