"""Who is let in, what becomes of the others, and one place for one station."""

from __future__ import annotations

import asyncio
from typing import Any

from amperanto.csms.security import Admission, Arrival, RefusalReason
from amperanto.domain.stations import DEFAULT_ORGANISATION, OrganisationId, Station, StationId
from amperanto.stores.statements import Statement
from amperanto.stores.tables import organisations

PASSWORD = b"a-password-of-24-letters"
R = RefusalReason


async def registered(house: Any, identity: str = "CP1", **changes: Any) -> Station:
    """A station without a socket."""
    fields = {
        "organisation": DEFAULT_ORGANISATION,
        "password_hash": await house.csms.security.passwords.hash(PASSWORD),
        **changes,
    }
    station = Station(id=StationId(house.csms.context.ids.new()), identity=identity, **fields)
    async with house.store.unit() as unit:
        unit.stations.add(station)
    return station


async def verdict(house: Any, identity: str = "CP1", password: bytes | None = PASSWORD, **changes: Any) -> Any:
    user = identity if password is not None else None
    outcome = await house.csms.security.admit(
        Arrival(identity=identity, **{"user": user, "password": password, **changes})
    )
    return outcome.station.identity if isinstance(outcome, Admission) else outcome.reason


async def inbox(house: Any, organisation: str = DEFAULT_ORGANISATION) -> list[tuple[str, int]]:
    page = await house.store.inbox.list(OrganisationId(organisation))
    return [(entry.identity, entry.tries) for entry in page.items]


async def test_the_right_password_lets_in_and_nothing_else_does(house: Any):
    await registered(house)
    assert await verdict(house) == "CP1"
    assert await verdict(house, "cp1") == "CP1"  # R6: without case
    assert await verdict(house, password=b"wrong") is R.WRONG_CREDENTIAL
    assert await verdict(house, password=None) is R.NO_CREDENTIAL
    assert await verdict(house, user="CP2") is R.OTHER_USER


async def test_profile_0_is_allowed_station_by_station(house: Any):
    await registered(house, "OPEN", security_profile=0, password_hash=None)
    await registered(house, "SHUT", security_profile=1, password_hash=None)
    assert await verdict(house, "OPEN", None) == "OPEN"
    assert await verdict(house, "SHUT", None) is R.NO_CREDENTIAL
    assert await verdict(house, "SHUT", b"") is R.WRONG_CREDENTIAL


async def test_profile_2_is_not_served_without_tls(house: Any):
    await registered(house, security_profile=2)
    assert await verdict(house) is R.PROFILE
    assert await verdict(house, secure=True) == "CP1"


async def test_an_unknown_station_is_shown_in_the_inbox_once_in_ten_seconds(house: Any):
    assert await verdict(house, "NEW") is R.UNKNOWN
    assert await verdict(house, "new") is R.UNKNOWN
    assert await inbox(house) == [("NEW", 1)]
    await house.clock.sleep(11)
    await verdict(house, "NEW", None)
    assert await inbox(house) == [("NEW", 2)]


async def test_a_wrong_password_of_a_known_station_leaves_no_trace_in_the_inbox(house: Any):
    await registered(house)
    await verdict(house, password=b"wrong")
    assert await inbox(house) == []


async def test_an_identity_of_two_organisations_needs_the_address_to_say_whose(house: Any):
    for name in ("east", "west"):
        row = {"id": name, "name": name, "created_at": house.clock.now()}
        async with house.store.unit() as unit:
            unit.record(Statement(organisations.insert(), rank=1), row)
    await registered(house, organisation=OrganisationId("east"))
    west = await registered(house, organisation=OrganisationId("west"))
    assert await verdict(house) is R.AMBIGUOUS
    assert await inbox(house, "east") == await inbox(house, "west") == [("CP1", 1)]
    outcome = await house.csms.security.admit(
        Arrival(identity="CP1", user="CP1", password=PASSWORD, organisation_hint="WEST")
    )
    assert outcome.station.id == west.id


async def test_a_living_socket_keeps_its_place_and_a_dead_one_is_replaced(house: Any):
    teller = await house.station("CP1", security_profile=0)
    assert await verdict(house, "CP1", None) is R.ALIVE
    assert teller.closed == []
    teller.alive = False
    assert await verdict(house, "CP1", None) == "CP1"
    assert teller.closed == ["replaced by a new connection: no answer to a ping"]


async def test_of_many_sockets_at_once_one_at_a_time_is_at_the_door(house: Any):
    security, station = house.csms.security, StationId("s")
    inside: list[int] = []
    most = 0

    async def enter(number: int) -> None:
        nonlocal most
        async with security.door(station):
            inside.append(number)
            most = max(most, len(inside))
            for _ in range(3):
                await asyncio.sleep(0)
            inside.remove(number)

    tasks = [asyncio.create_task(enter(number)) for number in range(3)]
    for _ in range(4):
        await asyncio.sleep(0)
    tasks += [asyncio.create_task(enter(number)) for number in range(3, 8)]  # others come as the first one leaves
    await asyncio.gather(*tasks)
    assert most == 1


async def test_a_door_that_broke_can_be_passed_again(house: Any):
    security, station = house.csms.security, StationId("s")
    for _ in range(2):
        try:
            async with asyncio.timeout(5), security.door(station):
                raise RuntimeError
        except RuntimeError:
            pass
