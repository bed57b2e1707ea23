"""SQLite takes the index that finds few rows, whatever stands in the database yet."""

import sqlite3
from pathlib import Path

import pytest

from amperanto.stores import transaction_search, transactions
from amperanto.stores.planning import STATISTICS
from amperanto.stores.statements import Statement
from amperanto.stores.store import Store

PLANS = {
    "by reference": (transactions._BY_REFERENCE, "ix_transactions_station_reference"),
    "open at a station": (transactions._OPEN_AT, "uq_transactions_open_reference"),
    "same start": (transactions._STARTED_AT, "ix_transactions_station_started_at"),
    "open of a token": (transactions._COUNT_OPEN, "ix_transactions_open_token_key"),
    "open": (transaction_search.statement(frozenset({"open"}), False), "ix_transactions_open"),
    "held": (transaction_search.statement(frozenset({"held"}), False), "ix_transactions_held"),
    "of a token, by time": (
        transaction_search.statement(frozenset({"token_key", "started_from"}), True),
        "ix_transactions_organisation_token_key_id",
    ),
    "of a station, by time": (
        transaction_search.statement(frozenset({"station", "started_from", "started_to"}), True),
        "ix_transactions_station_started_at",
    ),
}


@pytest.mark.parametrize("name", PLANS)
async def test_a_question_is_answered_by_its_index(tmp_path: Path, name: str) -> None:
    statement, index = PLANS[name]
    assert isinstance(statement, Statement)
    store = await Store.open(f"sqlite:///{tmp_path}/a.db")
    await store.close()
    connection = sqlite3.connect(tmp_path / "a.db")
    sql = statement.on("sqlite").sql
    plan = connection.execute(f"EXPLAIN QUERY PLAN {sql}", ["1"] * sql.count("?")).fetchall()
    connection.close()
    assert f"USING INDEX {index} " in plan[0][3], plan


async def test_every_index_spoken_of_exists(tmp_path: Path) -> None:
    store = await Store.open(f"sqlite:///{tmp_path}/a.db")
    await store.close()
    connection = sqlite3.connect(tmp_path / "a.db")
    there = {name for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'index'")}
    connection.close()
    assert set(STATISTICS) <= there
