"""Timers of the CSMS: done once with their consequences, tried again when they fail, given up in the end."""

from datetime import timedelta

from tests.unit.csms.conftest import House

from amperanto.domain.due import Due
from amperanto.domain.stations import DEFAULT_ORGANISATION
from amperanto.stores.store import Unit


def due(house: House, subject: str = "x", kind: str = "ring", **changes: object) -> Due:
    at = house.clock.now() + timedelta(seconds=10)
    return Due(id=house.csms.context.ids.new(), organisation=DEFAULT_ORGANISATION, kind=kind, subject=subject, at=at)


async def put(house: House, one: Due) -> None:
    async with house.store.unit() as unit:
        unit.due.put(one)


async def test_it_happens_at_its_time_and_once(house: House) -> None:
    rung: list[str] = []

    async def ring(unit: Unit, one: Due) -> None:
        rung.append(one.subject)

    house.csms.timers.on("ring", ring)
    await put(house, due(house))
    await house.csms.timers.look()
    assert rung == []
    await house.clock.sleep(11)
    await house.csms.timers.look()
    await house.csms.timers.look()
    assert rung == ["x"]


async def test_one_that_fails_is_tried_again_later_and_given_up_in_the_end(house: House) -> None:
    tried: list[int] = []

    async def ring(unit: Unit, one: Due) -> None:
        tried.append(one.tries)
        raise RuntimeError("the bell is broken")

    house.csms.timers.on("ring", ring)
    await put(house, due(house))
    for _ in range(30):
        await house.clock.sleep(120)
        await house.csms.timers.look()
    assert tried == [1, 2, 3, 4, 5]
    assert await house.store.due.of("ring", "x") is None


async def test_one_that_fails_stops_no_other(house: House) -> None:
    rung: list[str] = []

    async def ring(unit: Unit, one: Due) -> None:
        if one.subject == "bad":
            raise RuntimeError("the bell is broken")
        rung.append(one.subject)

    house.csms.timers.on("ring", ring)
    for subject in ("bad", "good"):
        await put(house, due(house, subject))
    await house.clock.sleep(11)
    await house.csms.timers.look()
    assert rung == ["good"]


async def test_what_is_owed_is_tried_until_it_is_done(house: House) -> None:
    tried: list[int] = []

    async def bill(unit: Unit, one: Due) -> None:
        tried.append(one.tries)
        if len(tried) < 9:
            raise RuntimeError("the press is broken")

    house.csms.timers.on("bill", bill, lasting=True)
    await put(house, due(house, kind="bill"))
    for _ in range(200):
        await house.clock.sleep(120)
        await house.csms.timers.look()
    assert tried == [1, 2, 3, 4, 5, 6, 7, 8, 9]
    assert await house.store.due.of("bill", "x") is None
