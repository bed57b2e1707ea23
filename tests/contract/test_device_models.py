"""What is known of stations' variables, what they should be, and what waits for them: the same in every database."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from amperanto.domain.desired_state import Wish, WishState
from amperanto.domain.device_model import (
    Attribute,
    Characteristics,
    KnownVariable,
    Mutability,
    VariableRef,
    WantedValue,
)
from amperanto.domain.stations import DEFAULT_ORGANISATION, EvseRef, OrganisationId, Station
from amperanto.stores.device_model import KEPT_CHANGES, VariableChange
from amperanto.stores.errors import ConflictError
from amperanto.stores.store import Store
from amperanto.stores.templates import Template

OTHER = OrganisationId("other")


def known(station: Station, ref: VariableRef, at: Any, **changes: Any) -> KnownVariable:
    told = Attribute(value="1", mutability=Mutability.READ_ONLY, persistent=True)
    return KnownVariable(
        **{"station": station.id, "organisation": station.organisation, "ref": ref, "attribute": told,
           "seen_at": at, "source": "report", **changes}
    )  # fmt: skip


async def test_a_variable_comes_back_as_it_was_kept_and_its_name_has_no_case(
    store: Store, station: Station, clock: Any
):
    about = Characteristics(
        data_type="integer", unit="s", min_limit=0.5, max_limit=9.0, max_elements=3, values_list="A"
    )
    ref = VariableRef("EVSE", "Power", "left", "max", EvseRef(1, 2))
    first = known(station, ref, clock(), characteristics=about, by="me", pending="2", reboot_since=clock())
    async with store.unit() as unit:
        unit.device_models.put([first])
    assert await store.device_models.these(station.id, [first.key]) == {first.key: first}
    again = known(station, replace(ref, component="evse"), clock(), source="read")
    async with store.unit() as unit:
        unit.device_models.put([again])
    page = await store.device_models.list(station.organisation, station.id)
    assert page.items == (again,)


async def test_variables_are_listed_by_name_in_pages_and_by_a_part_of_it(store: Store, station: Station, clock: Any):
    refs = [
        VariableRef("B", "X"),
        VariableRef("A", "X_1"),
        VariableRef("A", "Y"),
        VariableRef("A", "X", where=EvseRef(1)),
    ]
    async with store.unit() as unit:
        unit.device_models.put(known(station, ref, clock()) for ref in refs)
    names: list[str] = []
    cursor = None
    while True:
        page = await store.device_models.list(station.organisation, station.id, limit=3, cursor=cursor)
        names += [str(one.ref) for one in page.items]
        cursor = page.next
        if cursor is None:
            break
    assert names == ["A.X_1", "A.Y", "A@1.X", "B.X"]
    found = await store.device_models.list(station.organisation, station.id, contains="a.X_")
    assert [str(one.ref) for one in found.items] == ["A.X_1"]
    assert (await store.device_models.list(OTHER, station.id)).items == ()


async def test_what_was_not_seen_since_is_forgotten(store: Store, station: Station, clock: Any):
    now = clock()
    old, new = (
        known(station, VariableRef("A", "X"), now),
        known(station, VariableRef("A", "Y"), now + timedelta(hours=1)),
    )
    async with store.unit() as unit:
        unit.device_models.put([old, new])
    async with store.unit() as unit:
        unit.device_models.forget_unseen(station.organisation, station.id, now + timedelta(minutes=1))
    assert (await store.device_models.list(station.organisation, station.id)).items == (new,)


async def test_the_latest_changes_are_kept_and_the_oldest_go(store: Store, station: Station, clock: Any):
    def change(number: int) -> VariableChange:
        return VariableChange(
            id=f"{number:06d}", organisation=station.organisation, station=station.id, at=clock(), variable="A.X",
            attribute="Actual", before=str(number), after=None, source="set", by="me",
        )  # fmt: skip

    async with store.unit() as unit:
        for number in range(KEPT_CHANGES + 3):
            unit.device_models.note(change(number))
        unit.device_models.trim(station.id)
    page = await store.device_models.changes(station.organisation, station.id, limit=2)
    assert [one.before for one in page.items] == [str(KEPT_CHANGES + 2), str(KEPT_CHANGES + 1)]
    seen = len(page.items)
    while page.next is not None:
        page = await store.device_models.changes(station.organisation, station.id, limit=1000, cursor=page.next)
        seen += len(page.items)
    assert seen == KEPT_CHANGES


async def test_a_template_is_replaced_by_its_name_and_belongs_to_its_organisation(store: Store, clock: Any):
    values = (WantedValue(ref=VariableRef("A", "X", where=EvseRef(1)), value="1", kind="Target"),)
    made = Template(organisation=DEFAULT_ORGANISATION, name="Depot", wanted=values, changed_at=clock(), changed_by="me")
    for name in ("Depot", "DEPOT"):
        async with store.unit() as unit:
            unit.templates.put(replace(made, name=name))
    assert await store.templates.get(DEFAULT_ORGANISATION, "depot") == replace(made, name="DEPOT")
    assert len(await store.templates.list(DEFAULT_ORGANISATION)) == 1
    assert await store.templates.get(OTHER, "depot") is None
    async with store.unit() as unit:
        unit.templates.remove(DEFAULT_ORGANISATION, "Depot")
    assert await store.templates.list(DEFAULT_ORGANISATION) == []
    with pytest.raises(ConflictError):
        async with store.unit() as unit:
            unit.templates.remove(DEFAULT_ORGANISATION, "Depot")


async def test_of_one_thing_the_latest_wish_waits_until_it_is_settled(store: Store, station: Station, clock: Any):
    def wish(number: int, subject: str = "x") -> Wish:
        return Wish(
            id=f"w{number}", organisation=station.organisation, station=station.id, kind="variable",
            subject_key=subject, body="{}", wanted_at=clock(), wanted_by="me",
            expires_at=clock() + timedelta(hours=number),
        )  # fmt: skip

    for one in (wish(1), wish(2), wish(3, "y")):
        async with store.unit() as unit:
            unit.desired_states.add(one)
    waiting = await store.desired_states.waiting(station.id, clock())
    assert [one.id for one in waiting] == ["w2", "w3"]
    assert await store.desired_states.stations_waiting() == {station.id: waiting[0].expires_at}
    async with store.unit() as unit:
        unit.desired_states.settle("w2", WishState.WAITING, "NoAnswer", clock())
    async with store.unit() as unit:
        unit.desired_states.settle("w2", WishState.DONE, "Accepted", clock())
        unit.desired_states.expire(waiting[1].expires_at)
    async with store.unit() as unit:
        unit.desired_states.settle("w3", WishState.DONE, "too late", clock())
    page = await store.desired_states.list(station.organisation, station.id)
    assert [(one.id, one.state, one.attempts, one.result) for one in page.items] == [
        ("w3", WishState.EXPIRED, 0, None),
        ("w2", WishState.DONE, 2, "Accepted"),
        ("w1", WishState.REPLACED, 0, None),
    ]
    assert await store.desired_states.get(OTHER, "w1") is None
    assert await store.desired_states.stations_waiting() == {}
