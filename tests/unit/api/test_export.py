"""Transactions as a file: all that the list would give, as CSV or a JSON object a line."""

import csv
import io
import json
from datetime import timedelta
from decimal import Decimal

from .conftest import House
from .test_records import NOON, charge, station


async def charges(house: House, count: int) -> None:
    at = await station(house)
    for number in range(count):
        await charge(house, at, start="0", stop=f"{number}.50", begin=NOON + timedelta(days=number))


async def test_a_csv_has_the_fields_of_the_list_and_every_row(house: House) -> None:
    await charges(house, 7)
    answer = await house.call("GET", "/api/v1/transactions/export")
    assert answer.headers["content-type"].startswith("text/csv")
    assert 'filename="transactions.csv"' in answer.headers["content-disposition"]
    rows = list(csv.DictReader(io.StringIO(answer.text)))
    listed = (await house.call("GET", "/api/v1/transactions?limit=100")).json()["items"]
    assert [row["id"] for row in rows] == [one["id"] for one in listed]
    assert [Decimal(row["energy_wh"]) for row in rows] == [Decimal(f"{number}.50") for number in reversed(range(7))]
    assert set(rows[0]) == set(listed[0])


async def test_json_lines_are_the_items_of_the_list_filtered_alike(house: House) -> None:
    await charges(house, 5)
    query = "from=2026-11-24T00:00:00Z&to=2026-11-27T00:00:00Z"
    answer = await house.call("GET", f"/api/v1/transactions/export?format=jsonl&{query}")
    listed = (await house.call("GET", f"/api/v1/transactions?{query}")).json()["items"]
    assert [json.loads(line) for line in answer.text.splitlines()] == listed
    assert len(listed) == 3


async def test_nothing_found_is_an_empty_file(house: House) -> None:
    assert (await house.call("GET", "/api/v1/transactions/export?format=jsonl&token=nobody")).text == ""
    lines = (await house.call("GET", "/api/v1/transactions/export?token=nobody")).text.splitlines()
    assert len(lines) == 1


async def test_a_text_that_looks_like_a_formula_is_none_in_a_csv(house: House) -> None:
    at = await station(house, "=HYPERLINK(1)")
    await charge(house, at, start="0", stop="1")
    (row,) = csv.DictReader(io.StringIO((await house.call("GET", "/api/v1/transactions/export")).text))
    assert row["station"] == "'=HYPERLINK(1)"
