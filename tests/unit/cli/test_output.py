"""Figures as people read them: exact, and never with fewer digits than they have."""

from decimal import Decimal

import pytest

from amperanto.cli.output import amount, kwh, print_json, print_table


def test_money_has_its_cents_and_what_it_has_beyond_them() -> None:
    shown = [amount(Decimal(figure)) for figure in ("9", "9.0", "9.10", "0.123", "1E+3", "-0.5", "0")]
    assert shown == ["9.00", "9.00", "9.10", "0.123", "1000.00", "-0.50", "0.00"]


def test_energy_is_shown_in_kwh_to_the_watt_hour_and_none_as_none() -> None:
    assert [kwh(20_000), kwh(Decimal("83.5")), kwh(0), kwh(None)] == ["20.000", "0.084", "0.000", None]


def test_json_keeps_every_digit_of_a_figure(capsys: pytest.CaptureFixture[str]) -> None:
    print_json({"gross": Decimal("12345678901234567.89")})
    assert "12345678901234567.89" in capsys.readouterr().out


def test_where_there_is_nothing_a_table_says_so(capsys: pytest.CaptureFixture[str]) -> None:
    print_table({"id": "review"}, [], nothing="Nothing waits for a person.")
    assert capsys.readouterr().out == "Nothing waits for a person.\n"
