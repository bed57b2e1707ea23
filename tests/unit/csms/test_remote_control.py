"""A remote start is recognised when it begins, also where the station cannot say whose it is."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from amperanto.csms.errors import StationOffline, StationSilent
from amperanto.csms.remote_control import REMEMBERED_FOR
from amperanto.domain.observations import TransactionStarted
from amperanto.domain.quantities import WattHours
from amperanto.domain.stations import EvseRef
from amperanto.domain.tokens import Token
from amperanto.ocpp import v2

NOON = datetime(2026, 5, 1, 12, tzinfo=UTC)
START = TransactionStarted(at=NOON, where=EvseRef(1, 1), token=Token("CAFE"), meter=WattHours.of(0))


def asked(number: int = 7, evse: int | None = 1, uid: str = "cafe") -> v2.RequestStartTransactionRequest:
    return v2.RequestStartTransactionRequest(
        id_token=v2.IdToken(id_token=uid, type="ISO14443"),
        remote_start_id=number,
        evse_id=v2.UNSET if evse is None else evse,
    )


def answering(station: Any, answer: Any) -> None:
    """Let the station's socket answer every call so."""

    async def call(request: Any, *, timeout: float | None = None, urgent: bool = False) -> Any:
        if isinstance(answer, Exception):
            raise answer
        return v2.RequestStartTransactionResponse(status=answer)

    station.call = call


async def send(house: Any, station: Any, request: Any) -> Any:
    return await house.csms.remote_control.send(station.station_id, request, timeout=1, urgent=True)


async def begun(house: Any, station: Any, told: TransactionStarted = START) -> int | None:
    """The remote start that the transaction which begins now is said to belong to."""
    number = (await station.tell(told)).number
    if number is not None:
        return (await house.store.transactions.by_number(station.station_id, number)).remote_start
    return (await house.store.transactions.by_reference(station.station_id, told.reference)).remote_start


@pytest.mark.parametrize("evse", [1, None])
async def test_the_next_start_of_that_token_there_is_the_one_asked_for_and_only_that(house: Any, evse: int | None):
    station = await house.station()
    answering(station, "Accepted")
    await send(house, station, asked(evse=evse))
    assert await begun(house, station) == 7
    assert await begun(house, station, replace(START, at=NOON + timedelta(minutes=1))) is None


@pytest.mark.parametrize(
    "other",
    [replace(START, token=Token("BEEF")), replace(START, where=EvseRef(2, 1)), replace(START, token=None)],
)
async def test_another_token_or_another_evse_is_somebody_else(house: Any, other: TransactionStarted):
    station = await house.station()
    answering(station, "Accepted")
    await send(house, station, asked())
    assert await begun(house, station, other) is None


async def test_a_start_that_never_came_is_forgotten(house: Any):
    station = await house.station()
    answering(station, "Accepted")
    await send(house, station, asked())
    await house.clock.sleep(REMEMBERED_FOR)
    assert await begun(house, station) is None


@pytest.mark.parametrize("answer", ["Rejected", StationOffline("gone")])
async def test_a_start_the_station_will_not_make_is_forgotten_at_once(house: Any, answer: Any):
    station = await house.station()
    answering(station, answer)
    try:
        await send(house, station, asked())
    except StationOffline:
        pass
    assert await begun(house, station) is None


async def test_a_start_the_station_did_not_answer_may_still_come(house: Any):
    station = await house.station()
    answering(station, StationSilent("no answer"))
    with pytest.raises(StationSilent):
        await send(house, station, asked())
    assert await begun(house, station) == 7


async def test_a_station_that_says_whose_start_it_is_is_believed(house: Any):
    station = await house.station()
    answering(station, "Accepted")
    await send(house, station, asked())
    local = replace(START, reference="T1", sequence=0)  # 2.x, without a remoteStartId: at the station itself
    assert await begun(house, station, local) is None
    assert await begun(house, station, replace(local, reference="T2", remote_start=7)) == 7
