"""OCMF records are read as they came: what is signed is never touched."""

from base64 import b64encode
from datetime import timedelta
from decimal import Decimal

import pytest

from amperanto.domain.errors import SignedValueUnreadable
from amperanto.domain.meter_values import SignedValue
from amperanto.domain.quantities import WattHours
from amperanto.domain.signed_values import OCMF, format_of, read_record

PAYLOAD = (
    '{"FV":"1.0","PG":"T12345","MS":"BQ27400330016","ID":"1F2D3A4F5506C7|x","RD":['
    '{"TM":"2018-07-24T13:22:04,000+0200 S","TX":"B","RV":2935.6,"RI":"1-b:1.8.0","RU":"kWh","EF":"","ST":"G"},'
    '{"TM":"2018-07-24T14:22:04,000+0200 I","TX":"E","RV":2965.10}]}'
)
RECORD = f'OCMF|{PAYLOAD}|{{"SD":"887FABF4"}}'


def test_readings_are_exact_and_leave_out_what_the_one_before_said() -> None:
    record = read_record(SignedValue(data=RECORD))
    begin, end = record.readings
    assert (begin.kind, begin.energy, begin.clock) == ("B", WattHours(Decimal("2935600.0")), "S")
    assert (end.kind, end.energy, end.obis, end.status) == ("E", WattHours(Decimal("2965100.00")), "1-b:1.8.0", "G")
    assert end.at is not None
    assert begin.at is not None
    assert end.at - begin.at == timedelta(hours=1)


def test_what_is_signed_is_the_payload_byte_for_byte_whatever_stands_in_it() -> None:
    record = read_record(SignedValue(data=RECORD))
    assert record.content == PAYLOAD.encode()
    assert (record.signature, record.curve, record.digest) == (bytes.fromhex("887FABF4"), "secp256r1", "SHA256")
    assert (record.meter, record.pagination, record.identification) == (
        "BQ27400330016", "T12345", "1F2D3A4F5506C7|x",
    )  # fmt: skip


def test_a_record_in_base64_is_the_same_record() -> None:
    wrapped = SignedValue(data=b64encode(RECORD.encode()).decode(), encoding="OCMF")
    assert read_record(wrapped).content == PAYLOAD.encode()
    assert format_of(wrapped) == OCMF


@pytest.mark.parametrize(
    "data",
    ["", "OCMF", "OCMF|{}", "OCMF|{|{}", 'OCMF|{}|{"SD":"00"}', 'OCMF|{"RD":[1]}|{"SD":"00"}',
     'OCMF|{"RD":[]}|{"SD":"x"}',
     'OCMF|[]|{}', "OCMF|" + "[" * 5000 + "|{}", "AP;0;3;X;Y;Z;"],
)  # fmt: skip
def test_what_is_no_record_says_why(data: str) -> None:
    with pytest.raises(SignedValueUnreadable):
        read_record(SignedValue(data=data))


@pytest.mark.parametrize(
    ("unit", "value", "energy"),
    [("Wh", "12.5", "12.5"), ("kWh", "0.0001", "0.1"), ("MWh", "1", "1000000"), ("kvarh", "1", None),
     ("kWh", '"x"', None)],
)  # fmt: skip
def test_energy_is_told_in_watt_hours_or_not_at_all(unit: str, value: str, energy: str | None) -> None:
    text = f'OCMF|{{"RD":[{{"TX":"B","RV":{value},"RU":"{unit}"}}]}}|{{"SD":"00"}}'
    (reading,) = read_record(SignedValue(data=text)).readings
    assert (None if reading.energy is None else reading.energy.value) == (None if energy is None else Decimal(energy))


@pytest.mark.parametrize(
    ("obis", "billed"),
    [("1-b:1.8.0", True), ("1-0:1.8.0*255", True), ("01-00:98.08.00.FF", True), ("1-b:2.8.0", False),
     ("1-b:1.7.0", False), ("", True)],
)  # fmt: skip
def test_only_the_import_register_is_billed(obis: str, billed: bool) -> None:
    text = f'OCMF|{{"RD":[{{"TX":"B","RV":1,"RU":"kWh","RI":"{obis}"}}]}}|{{"SD":"00"}}'
    assert read_record(SignedValue(data=text)).readings[0].billed is billed
