"""Whether many stored transactions slow anybody: what a station's message costs, and how long a page takes.

A database of 1,000, 100,000 and 1,000,000 ended transactions (two readings each, over two years, of 1,000 stations)
is filled, then: CPU of one durable TransactionEvent with eight values, and of a whole charge's start and end; pages of
the list, newest and deep inside, by station, by token, open ones, by month; and the export of a month. Figures are of
this process alone, SQLite, synchronous=FULL.
"""

import asyncio
import json
import sqlite3
import tempfile
import time
from collections.abc import Awaitable, Callable, Iterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from itertools import count
from pathlib import Path
from random import Random
from typing import Any

from amperanto.domain.ids import Ids
from amperanto.domain.meter_values import MeterValue, SampledValue
from amperanto.domain.observations import TransactionContinued, TransactionEnded, TransactionStarted
from amperanto.domain.quantities import WattHours
from amperanto.domain.stations import DEFAULT_ORGANISATION, EvseRef, Station, StationId
from amperanto.domain.tokens import Token
from amperanto.domain.transactions import Transaction, TransactionState
from amperanto.stores import meter_values, transactions
from amperanto.stores.statements import Statement
from amperanto.stores.store import Store

SIZES = (1_000, 100_000, 1_000_000)
STATIONS, TOKENS = 1000, 5000
BEGINNING = datetime(2024, 6, 1, tzinfo=UTC)
SPAN = timedelta(days=730)
AT_ONCE = 10_000
ASKED = 60  # pages of each kind
TALKING, MESSAGES = 200, 20
PLACE = EvseRef(1, 1)


def _station(number: int) -> StationId:
    return StationId(f"station-{number:05}")


def _ended(ids: Ids, number: int, at: datetime, random: Random) -> Transaction:
    station, reference = _station(random.randrange(STATIONS)), f"r-{number}"
    token = Token(f"TOKEN{random.randrange(TOKENS):05}", "ISO14443")
    begin, end = random.randrange(10**7), random.randrange(1, 60_000)
    fresh = Transaction(
        id=ids.new(), organisation=DEFAULT_ORGANISATION, station=station, reference=reference, received_at=at
    )
    told = {"reference": reference, "where": PLACE}
    started = fresh.hear(
        TransactionStarted(at=at, sequence=0, token=token, meter=WattHours(Decimal(begin)), **told)  # type: ignore[arg-type]
    )
    return started.hear(
        TransactionEnded(
            at=at + timedelta(hours=1),
            sequence=1,
            meter=WattHours(Decimal(begin + end)),
            reason="Local",
            **told,  # type: ignore[arg-type]
        )
    )


def _filled(path: Path, size: int) -> Iterator[int]:
    """Fill the database, past any API; yields how many are in it."""
    random, now = Random(size), [BEGINNING]
    ids = Ids(lambda: now[0], random.getrandbits)
    connection = sqlite3.connect(path, isolation_level=None)
    connection.execute("PRAGMA synchronous=OFF")
    adding: list[tuple[Statement, list[dict[str, Any]]]] = [(transactions._ADD, []), (meter_values._ADD, [])]
    for number in range(size):
        now[0] = BEGINNING + SPAN * (number / size)
        one = _ended(ids, number, now[0], random)
        adding[0][1].append({**transactions._row(one), "id": one.id})
        for minute in (0, 60):
            adding[1][1].append({
                "station": one.station, "at": now[0] + timedelta(minutes=minute), "digest": f"{number}-{minute}",
                "organisation": DEFAULT_ORGANISATION, "transaction_id": one.id, "evse": 1, "connector": 1,
                "samples": '[{"value":"1234567"}]', "series": one.id,
            })  # fmt: skip
        if (number + 1) % AT_ONCE == 0 or number + 1 == size:
            connection.execute("BEGIN")
            for statement, rows in adding:
                compiled = statement.on("sqlite")
                connection.executemany(compiled.sql, [compiled.bind(row) for row in rows])
                rows.clear()
            connection.execute("COMMIT")
            yield number + 1
    connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    connection.close()


async def _asked(ask: Callable[[], Awaitable[Any]]) -> float:
    """The 95th percentile of a page, ms."""
    waits: list[float] = []
    for _ in range(ASKED):
        begun = time.perf_counter()
        await ask()
        waits.append((time.perf_counter() - begun) * 1000)
    return round(sorted(waits)[int(ASKED * 0.95)], 1)


async def _pages(store: Store, size: int) -> dict[str, float]:
    random = Random(1)
    middle = await store.transactions.list(DEFAULT_ORGANISATION, started_to=BEGINNING + SPAN / 2, limit=1)
    deep = middle.items[0].id

    def ask(**sought: Any) -> Awaitable[Any]:
        return store.transactions.list(DEFAULT_ORGANISATION, limit=100, **sought)

    def month() -> dict[str, datetime]:
        since = BEGINNING + (SPAN - timedelta(days=30)) * random.random()
        return {"started_from": since, "started_to": since + timedelta(days=30)}

    asked: dict[str, Callable[[], Awaitable[Any]]] = {
        "newest": ask,
        "deep": lambda: ask(cursor=deep),
        "station": lambda: ask(station=_station(random.randrange(STATIONS))),
        "token": lambda: ask(token=f"token{random.randrange(TOKENS):05}"),
        "open": lambda: ask(state=TransactionState.OPEN),
        "month": lambda: ask(**month()),
        "station and month": lambda: ask(station=_station(random.randrange(STATIONS)), **month()),
    }
    return {name: await _asked(question) for name, question in asked.items()}


async def _exported(store: Store) -> dict[str, float]:
    cursor, rows, begun = None, 0, time.perf_counter()
    since = BEGINNING + SPAN / 2
    while True:
        page = await store.transactions.list(
            DEFAULT_ORGANISATION, started_from=since, started_to=since + timedelta(days=30), cursor=cursor, limit=500
        )
        rows += len(page.items)
        cursor = page.next
        if cursor is None:
            break
    return {"rows": rows, "rows_per_second": round(rows / (time.perf_counter() - begun))}


def _values(at: datetime, number: int) -> tuple[MeterValue, ...]:
    sampled = [SampledValue(Decimal(number))] + [
        SampledValue(Decimal("16.2"), "Current.Import", phase=phase, unit="A") for phase in ("L1", "L2", "L3")
    ]
    return (MeterValue(at=at, samples=(*sampled, *sampled)),)


async def _messages(store: Store) -> dict[str, float]:
    """CPU of a durable message in the middle of a charge, and of a charge's start and end, µs each."""
    now, numbers = BEGINNING + SPAN, count()
    running: list[Transaction] = []
    ids = Ids()

    async def opens(number: int) -> None:
        reference = f"now-{next(numbers)}"
        same = await store.transactions.by_reference(_station(number), reference)
        assert same is None
        told = TransactionStarted(at=now, reference=reference, sequence=0, where=PLACE, token=Token(f"NOW{number}"))
        fresh = Transaction(
            id=ids.new(), organisation=DEFAULT_ORGANISATION, station=_station(number), reference=reference,
            received_at=now,
        ).hear(told)  # fmt: skip
        async with store.unit() as unit:
            unit.transactions.add(fresh)
        running.append(fresh)

    async def goes_on(place: int, sequence: int) -> None:
        one, at = running[place], now + timedelta(seconds=60 * sequence)
        values = _values(at, sequence)
        async with store.unit() as unit:
            grown = one.hear(TransactionContinued(at=at, reference=one.reference, sequence=sequence, values=values))
            running[place] = unit.transactions.save(grown)
            unit.meter_values.add(one.organisation, one.station, values, where=PLACE, transaction=one.id)

    async def ends(place: int) -> None:
        one, at = running[place], now + timedelta(hours=2)
        async with store.unit() as unit:
            unit.transactions.save(
                one.hear(TransactionEnded(at=at, reference=one.reference, sequence=MESSAGES + 1, reason="Local"))
            )

    used = [time.process_time()]
    await asyncio.gather(*(opens(number) for number in range(TALKING)))
    used.append(time.process_time())
    for sequence in range(1, MESSAGES + 1):
        await asyncio.gather(*(goes_on(place, sequence) for place in range(TALKING)))
    used.append(time.process_time())
    await asyncio.gather(*(ends(place) for place in range(TALKING)))
    used.append(time.process_time())
    return {
        "message_us": round((used[2] - used[1]) / TALKING / MESSAGES * 1e6, 1),
        "start_and_end_us": round((used[1] - used[0] + used[3] - used[2]) / TALKING * 1e6, 1),
    }


async def _measured(size: int, directory: Path) -> dict[str, Any]:
    path = directory / f"{size}.db"
    store = await Store.open(f"sqlite:///{path}")
    async with store.unit() as unit:
        for number in range(TALKING):
            unit.stations.add(Station(id=_station(number), organisation=DEFAULT_ORGANISATION, identity=f"CP{number}"))
    await store.close()
    for done in _filled(path, size):
        if done % 250_000 == 0:
            print(f"    {done:,} of {size:,} written", flush=True)
    store = await Store.open(f"sqlite:///{path}")
    figures: dict[str, Any] = {"transactions": size, "megabytes": round(path.stat().st_size / 1e6)}
    figures |= {"pages_p95_ms": await _pages(store, size), "export": await _exported(store)}
    figures |= await _messages(store)
    await store.close()
    path.unlink()
    return figures


def run(sizes: tuple[int, ...] = SIZES) -> dict[str, Any]:
    """Measure, print a table, return the figures."""
    print("volume: what many stored transactions cost (SQLite, synchronous=FULL)")
    rows: list[dict[str, Any]] = []
    for size in sizes:
        with tempfile.TemporaryDirectory(dir=Path.cwd(), prefix=".bench-") as directory:
            rows.append(row := asyncio.run(_measured(size, Path(directory))))
        pages = "  ".join(f"{name} {wait}" for name, wait in row["pages_p95_ms"].items())
        print(
            f"  {size:>9,} stored, {row['megabytes']} MB   message {row['message_us']} µs CPU, start and end"
            f" {row['start_and_end_us']} µs   page p95, ms: {pages}"
        )
        print(f"            export {row['export']['rows_per_second']:,} rows/s")
    return {"volume": rows}


if __name__ == "__main__":
    print(json.dumps(run()))
