"""R10: a station that uses transaction ids again, and repeats late what it told before, is billed every charge once.

A true story of one EVSE: charges one after the other, under new ids or used ones, a register that only grows. The
station tells it in its order, and any report again at any time after. What is billed is what flowed, charge by charge.
"""

from __future__ import annotations

import asyncio
from datetime import timedelta
from decimal import Decimal
from random import Random

from hypothesis import given
from hypothesis import strategies as st

from amperanto.domain.meter_values import MeterValue, SampledValue
from amperanto.domain.observations import (
    TransactionContinued,
    TransactionEnded,
    TransactionReport,
    TransactionStarted,
)
from amperanto.domain.stations import DEFAULT_ORGANISATION, EvseRef, Station, StationId
from amperanto.domain.tokens import Token

from .test_any_order import PLENTY, T0, Socket, house

Charges = list[tuple[Decimal, Decimal, str]]


def story(random: Random) -> tuple[Charges, list[TransactionReport]]:
    """The charges as they were (register before and after, token), and what the station tells of them."""
    register, minutes = Decimal(random.choice([0, 1000, 910_000])), 0
    charges: Charges = []
    told: list[TransactionReport] = []
    for number in range(random.randint(1, 4)):
        reference, token, begun = random.choice(["same", f"own-{number}"]), random.choice("AB"), register
        kinds = [TransactionStarted, *[TransactionContinued] * random.randint(0, 3), TransactionEnded]
        for sequence, kind in enumerate(kinds):
            minutes += random.randint(1, 60)
            register += 0 if kind is TransactionStarted else random.randint(0, 3000)
            at = T0 + timedelta(minutes=minutes)
            value = MeterValue(at=at, samples=(SampledValue(register),))
            about = {"where": EvseRef(1, 1), "token": Token(token)} if kind is TransactionStarted else {}
            told.append(kind(at=at, reference=reference, sequence=sequence, values=(value,), **about))
        charges.append((begun, register, token))
    for _ in range(random.randint(0, 5)):
        here = random.randrange(len(told))
        told.insert(random.randint(here + 1, len(told)), told[here])
    return charges, told


async def billed(told: list[TransactionReport]) -> Charges:
    """What the CSMS would bill of that."""
    async with house() as csms:
        context = csms.context
        station = Station(id=StationId("s"), organisation=DEFAULT_ORGANISATION, identity="CP")
        async with context.store.unit() as unit:
            unit.stations.add(station)
        number = await context.store.connections.take(station.id, "n", remote="x", version="2.0.1", at=T0)
        socket = Socket(csms, station, number, ocpp_version="2.0.1")
        csms.stations.register(socket)  # type: ignore[arg-type]
        context.clock.at = T0  # type: ignore[attr-defined]
        for report in told:
            context.clock.at = max(context.clock.now(), report.at)  # type: ignore[attr-defined]
            await socket.tell(report)
        found: Charges = []
        for one in (await context.store.transactions.list(DEFAULT_ORGANISATION)).items:
            assert one.billable and one.first_reading and one.last_reading and one.token
            found.append((one.first_reading.energy.value, one.last_reading.energy.value, one.token.uid))
        return sorted(found)


@PLENTY
@given(st.integers(min_value=0, max_value=2**32))
def test_each_charge_is_billed_once_and_to_its_driver_though_its_id_was_used_before(seed: int) -> None:
    charges, told = story(Random(seed))
    assert asyncio.run(billed(told)) == sorted(charges)
