"""R10 through the whole CSMS: the same messages in any order that can occur, with repeats and gaps, end in one state.

2.x: any permutation, since reports are retried and numbered. 1.6: whatever a station's queue can produce: its order,
any part of it told again, and stops that know their number or say −1. The state is everything that is kept: the
transactions with their flags, findings and provisional ends, their readings, and what waits for a person. What a token
may do is decided when it is presented, so its limits are left out here.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, fields, replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from random import Random
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from amperanto.bus.inprocess import InProcessBus
from amperanto.conformance.requirements import requirement
from amperanto.csms.block import Context
from amperanto.csms.csms import Csms
from amperanto.csms.journal import Frame
from amperanto.csms.stations import Stations
from amperanto.domain.ids import Ids
from amperanto.domain.limits import TransactionLimit
from amperanto.domain.meter_values import MeterValue, SampledValue
from amperanto.domain.observations import (
    MeterRead,
    StationBooted,
    TransactionContinued,
    TransactionEnded,
    TransactionStarted,
)
from amperanto.domain.quantities import WattHours
from amperanto.domain.stations import DEFAULT_ORGANISATION, ChargingState, EvseRef, Hardware, Station, StationId
from amperanto.domain.tokens import RegisteredToken, Token
from amperanto.settings import in_memory
from amperanto.stores.store import Store

T0 = datetime(2026, 5, 1, 12, tzinfo=UTC)
HEARD = T0 + timedelta(hours=30)
PLENTY = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
OURS = frozenset({"id", "organisation", "station", "revision", "number", "reference", "received_at"})
"""What our own numbers and times are: no part of what was told."""


class Clock:
    """A clock that stands until the grace is over."""

    at = HEARD

    def now(self) -> datetime:
        return self.at

    def monotonic(self) -> float:
        return self.at.timestamp()

    async def sleep(self, seconds: float) -> None:
        self.at += timedelta(seconds=seconds)


@dataclass(eq=False)
class Socket:
    """A 1.6 station's socket, or a 2.x one that cannot be asked."""

    csms: Csms
    station: Station
    number: int
    ocpp_version: str = "1.6"
    remote: str = "192.0.2.1"
    frames: int = 0

    @property
    def station_id(self) -> StationId:
        return self.station.id

    @property
    def identity(self) -> str:
        return self.station.identity

    def can(self, request: type) -> bool:
        return False

    def refresh(self) -> None:
        pass

    async def tell(self, told: Any) -> Any:
        self.frames += 1
        frame = Frame(
            organisation=DEFAULT_ORGANISATION, station=self.station.id, connection=self.number, number=self.frames,
            at=self.csms.context.clock.now(), direction="in", frame="[]",
        )  # fmt: skip
        return await self.csms.told(self, told, frame)  # type: ignore[arg-type]


@asynccontextmanager
async def house() -> AsyncIterator[Csms]:
    clock, random = Clock(), Random(7)
    ids = Ids(clock.now, random.getrandbits)
    store = await Store.open("sqlite://", node="n", clock=clock.now, ids=ids)
    context = Context(
        store=store,
        bus=InProcessBus(),
        stations=Stations(),
        clock=clock,
        ids=ids,
        random=random,
        settings=in_memory(unknown_tokens="refuse"),
    )
    async with store.unit() as unit:
        for uid in ("A", "B"):
            unit.tokens.add(
                RegisteredToken(
                    id=ids.new(), organisation=DEFAULT_ORGANISATION, token=Token(uid), concurrent_limit=None
                )
            )
    try:
        yield Csms(context)
    finally:
        await store.close()


async def socket(csms: Csms) -> Socket:
    """One more station; every order is told by one of its own."""
    ids, store = csms.context.ids, csms.context.store
    station = Station(id=StationId(ids.new()), organisation=DEFAULT_ORGANISATION, identity=ids.new())
    async with store.unit() as unit:
        unit.stations.add(station)
    number = await store.connections.take(station.id, "n", remote="192.0.2.1", version="1.6", at=HEARD)
    found = Socket(csms, station, number)
    csms.stations.register(found)  # type: ignore[arg-type]
    return found


async def outcome(csms: Csms, station: StationId, tell: Callable[[], Awaitable[None]]) -> list[list[str]]:
    """Everything that is kept of the station once all was told and every grace is over."""
    await tell()
    clock, store = csms.context.clock, csms.context.store
    for _ in range(3):
        await clock.sleep(csms.context.settings.closing_grace + 1)
        await csms.timers.look()
    clock.at = HEARD  # type: ignore[attr-defined]
    page = await store.transactions.list(DEFAULT_ORGANISATION, station=station, limit=1000)
    found: list[list[str]] = []
    for one in page.items:
        told = {field.name: getattr(one, field.name) for field in fields(one) if field.name not in OURS}
        judgement = told["judgement"]
        told["judgement"] = judgement._replace(review=judgement.review is not None)
        told["loose"] = one.loose._replace(
            closing=None if one.loose.closing is None else (one.loose.closing.why, one.over_at)
        )
        values = await store.meter_values.of_transaction(DEFAULT_ORGANISATION, one.id, limit=1000)
        told["readings"] = sorted(map(repr, set(values.items)))
        found.append([f"{name}: {value!r}" for name, value in sorted(told.items())])
    reviews = await store.reviews.list(DEFAULT_ORGANISATION, station=station)
    return [*sorted(found), [f"reviews: {len(reviews.items)}"]]


def same(one: list[list[str]], other: list[list[str]]) -> None:
    """Fails with just the lines that differ."""
    assert len(one) == len(other)
    for left, right in zip(one, other, strict=True):
        assert [line for line in left if line not in right] == [line for line in right if line not in left]


# --- 2.x


@st.composite
def charge(draw: st.DrawFn, reference: str, begin: int) -> list[Any]:
    """A transaction of a 2.x station, with a meter that may lie and a clock that may be wrong."""
    skew = draw(st.sampled_from([0, 0, 0, 7200 * 5, -9000]))
    energy = draw(st.sampled_from([0, 1000, 900_000]))
    steps = draw(st.integers(0, 4))
    story: list[Any] = []
    for step in range(steps + 2):
        at = T0 + timedelta(minutes=begin + 10 * step, seconds=skew)
        energy = max(0, energy + draw(st.sampled_from([0, 500, 800, 1500, -700, 950_000])))
        values = (MeterValue(at=at, samples=(SampledValue(Decimal(energy)),)),) if draw(st.booleans()) else ()
        told: dict[str, Any] = {
            "at": at, "reference": reference, "sequence": step, "values": values,
            "token": Token(draw(st.sampled_from(["A", "B", "X"]))) if step == 0 or draw(st.booleans()) else None,
            "where": EvseRef(1, 1) if step == 0 or draw(st.booleans()) else None,
            "charging": draw(st.none() | st.sampled_from(ChargingState)),
            "offline": draw(st.booleans()),
            "phases": draw(st.none() | st.integers(1, 3)),
            "seconds_charging": draw(st.none() | st.integers(0, 600)),
            "limit": draw(st.none() | st.just(TransactionLimit(seconds=draw(st.integers(1, 9))))),
        }  # fmt: skip
        kind = TransactionStarted if step == 0 else TransactionEnded if step == steps + 1 else TransactionContinued
        story.append(kind(**told, reason="Local") if kind is TransactionEnded else kind(**told))
    return story


@st.composite
def stories_2x(draw: st.DrawFn) -> tuple[list[Any], list[Any]]:
    """Up to three transactions at one EVSE, of whose reports some are lost: as told in order, and in any other."""
    whole = [
        report for number in range(draw(st.integers(1, 3))) for report in draw(charge(f"tx-{number}", 120 * number))
    ]
    kept = [report for report in whole if draw(st.integers(0, 5))] or whole
    repeated = draw(st.lists(st.sampled_from(kept), max_size=4))
    return kept, draw(st.permutations([*kept, *repeated]))


@requirement("E-1", "E-2")
@given(stories_2x())
@PLENTY
def test_reports_of_a_2x_station_in_any_order_end_in_the_same_state(story: tuple[list[Any], list[Any]]) -> None:
    async def run() -> None:
        async with house() as csms:
            outcomes: list[list[list[str]]] = []
            for order in story:
                teller = await socket(csms)

                async def tell(order: list[Any] = order, teller: Socket = teller) -> None:
                    for report in order:
                        await teller.tell(report)

                outcomes.append(await outcome(csms, teller.station.id, tell))
            same(outcomes[0], outcomes[1])

    asyncio.run(run())


# --- 1.6


@st.composite
def stories_16(draw: st.DrawFn) -> tuple[list[Any], list[Any], frozenset[int]]:
    """Charges one after the other on a 1.6 connector, some of their messages lost, and a boot between.

    Returned are the queue's order, the same with parts of it told again, and the charges that never learn their number.
    """
    queue: list[Any] = []
    energy = draw(st.sampled_from([1000, 900_000]))
    for number in range(draw(st.integers(1, 3))):
        begin = T0 + timedelta(minutes=100 * number)
        card = Token(draw(st.sampled_from(["A", "B"])))
        queue.append(
            (number, TransactionStarted(at=begin, where=EvseRef(1, 1), token=card, meter=WattHours.of(energy)))
        )
        for step in range(draw(st.integers(0, 2))):
            energy = max(0, energy + draw(st.sampled_from([400, 900, 800_000, -300])))
            at = begin + timedelta(minutes=10 * (step + 1))
            value = MeterValue(at=at, samples=(SampledValue(Decimal(energy)),))
            queue.append((number, MeterRead(where=EvseRef(1, 1), values=(value,))))
        energy = max(0, energy + draw(st.sampled_from([0, 700, -900])))
        if draw(st.integers(0, 3)):
            end = begin + timedelta(minutes=60)
            queue.append((number, TransactionEnded(at=end, meter=WattHours.of(energy), token=card, reason="Local")))
    again = list(queue)
    for _ in range(draw(st.integers(0, 3))):
        upto = draw(st.integers(1, len(again)))
        since = draw(st.integers(0, upto - 1))
        again[upto:upto] = again[since:upto]
    if draw(st.booleans()):
        boot = (-1, StationBooted(hardware=Hardware(vendor="Acme", model="One")))
        queue, again = [*queue, boot], [*again, boot]
    return queue, again, draw(st.sets(st.integers(0, 2), max_size=2).map(frozenset))


@requirement("E-3", "1.6:StartTransaction-4", "1.6:StopTransaction-5")
@given(stories_16())
@PLENTY
def test_whatever_the_queue_of_a_16_station_produces_ends_in_the_same_state(
    story: tuple[list[Any], list[Any], frozenset[int]],
) -> None:
    queue, again, nameless = story

    async def told(teller: Socket, order: list[Any], unknown: frozenset[int]) -> None:
        numbers: dict[int, int] = {}
        for number, message in order:
            said = message
            if isinstance(message, MeterRead | TransactionEnded):
                reference = -1 if number in unknown else numbers.get(number, -1)
                said = replace(message, reference=str(reference))
            answer = await teller.tell(said)
            if isinstance(message, TransactionStarted):
                numbers[number] = answer.number

    async def run() -> None:
        async with house() as csms:
            outcomes: list[list[list[str]]] = []
            for order, unknown in ((queue, frozenset[int]()), (again, frozenset[int]()), (again, nameless)):
                teller = await socket(csms)
                outcomes.append(
                    await outcome(
                        csms,
                        teller.station.id,
                        lambda order=order, unknown=unknown, teller=teller: told(teller, order, unknown),
                    )
                )
            same(outcomes[0], outcomes[1])
            same(outcomes[0], outcomes[2])

    asyncio.run(run())
