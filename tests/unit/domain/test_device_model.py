"""Variables by name, values as they are compared, and reports put together."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from amperanto.domain.device_model import (
    Attribute,
    KnownVariable,
    Mutability,
    ReportParts,
    VariableRef,
    keepable,
    same_value,
    written,
)
from amperanto.domain.errors import BadVariable
from amperanto.domain.stations import EvseRef

NAMES = [
    ("TxCtrlr.EVConnectionTimeOut", VariableRef("TxCtrlr", "EVConnectionTimeOut"), "Actual"),
    ("EVSE@2.Available", VariableRef("EVSE", "Available", where=EvseRef(2)), "Actual"),
    ("Connector@2/1.Available", VariableRef("Connector", "Available", where=EvseRef(2, 1)), "Actual"),
    (
        "DeviceDataCtrlr.ItemsPerMessage[GetReport]",
        VariableRef("DeviceDataCtrlr", "ItemsPerMessage", variable_instance="GetReport"),
        "Actual",
    ),
    ("Fan[left].Speed#target", VariableRef("Fan", "Speed", "left"), "Target"),
    ("ConfigurationKeys.Vendor.Key[1]#x", VariableRef("ConfigurationKeys", "Vendor.Key[1]#x"), "Actual"),
]


@pytest.mark.parametrize(("text", "ref", "attribute"), NAMES)
def test_a_variable_is_written_on_one_line(text: str, ref: VariableRef, attribute: str) -> None:
    assert written(text) == (ref, attribute)
    assert written(str(ref))[0] == ref


@pytest.mark.parametrize("text", ["", "TxCtrlr", ".X", "TxCtrlr.", "A@x.B", "A.B#Wrong", "A.B[", "[a].B"])
def test_what_names_no_variable_is_refused(text: str) -> None:
    with pytest.raises(BadVariable):
        written(text)


@given(st.text(max_size=40))
def test_any_text_names_a_variable_or_is_refused(text: str) -> None:
    try:
        ref, _ = written(text)
    except BadVariable:
        return
    assert ref.component
    assert ref.variable


def test_names_are_compared_without_case() -> None:
    one, other = VariableRef("TXCTRLR", "txstartpoint"), VariableRef("TxCtrlr", "TxStartPoint")
    assert one.key() == other.key()
    assert other.key() != other.key("Target")
    assert other.key() != VariableRef("TxCtrlr", "TxStartPoint", where=EvseRef(1)).key()


SAME = [
    ("boolean", "true", "TRUE", True),
    ("MemberList", "A, B", "b,a", True),
    ("SequenceList", "A,B", "B,A", False),
    ("SequenceList", "A , B", "a,b", True),
    ("integer", "300", "300.0", True),
    ("decimal", "1e1", "10", True),
    ("integer", "x", "300", False),
    ("string", "Abc", "abc", False),
    ("OptionList", "LRU", "lru", True),
    (None, "Core, Reservation", "Core,Reservation", True),
    (None, "True", "true", True),
    (None, "Abc", "abc", False),
]


@pytest.mark.parametrize(("data_type", "one", "other", "same"), SAME)
def test_values_are_compared_as_what_they_are(data_type: str | None, one: str, other: str, same: bool) -> None:
    assert same_value(data_type, one, other) is same


@pytest.mark.parametrize(
    ("ref", "mutability", "kept"),
    [
        (VariableRef("SecurityCtrlr", "BasicAuthPassword"), Mutability.READ_WRITE, None),
        (VariableRef("ConfigurationKeys", "AuthorizationKey"), Mutability.READ_WRITE, None),
        (VariableRef("X", "Anything"), Mutability.WRITE_ONLY, None),
        (VariableRef("NetworkConfiguration", "OcppCsmsUrl"), Mutability.READ_WRITE, "wss://***@host/x"),
    ],
)
def test_secrets_are_never_kept(ref: VariableRef, mutability: Mutability, kept: str | None) -> None:
    assert keepable(ref, Attribute(value="wss://me:secret@host/x", mutability=mutability)) == kept


@given(st.integers(1, 8), st.data())
def test_a_report_is_whole_once_every_part_came_in_whatever_order(count: int, data: st.DataObject) -> None:
    """B07: parts are numbered from 0, all but the last say that more come."""
    order = data.draw(st.permutations(range(count)))
    extra = data.draw(st.lists(st.integers(0, count - 1), max_size=4))
    parts = ReportParts()
    for number, part in enumerate([*order, *extra]):
        assert parts.complete is (number >= count)
        parts.add(part, part + 1 < count, 1)
    assert (parts.complete, parts.missing, parts.doubled, parts.variables) == (True, (), len(extra), count)


def test_lost_parts_are_named() -> None:
    parts = ReportParts()
    for part in (0, 3):
        parts.add(part, part != 3, 1)
    assert (parts.complete, parts.missing) == (False, (1, 2))


def utc(minutes: int) -> datetime:
    return datetime(2026, 1, 1, tzinfo=UTC) + timedelta(minutes=minutes)


def test_a_value_waits_for_the_restart_after_it_was_set() -> None:
    known = KnownVariable(
        station="s", organisation="o", ref=VariableRef("A", "B"), attribute=Attribute(), seen_at=utc(0), source="set",
        pending="1", reboot_since=utc(10),
    )  # fmt: skip
    assert [known.awaits_reboot(at) for at in (None, utc(9), utc(10), utc(11))] == [True, True, True, False]
