"""What SQLite's planner is told of the tables: the shape they have on a busy node, from the first row on.

Without statistics it takes an index that spares a sort over one that finds two rows, and with `ANALYZE` on a young
database it would learn the wrong shape and keep it. So the statistics are ours, written when the database is made
(the way sqlite.org/queryplanner-ng.html §4 calls manual control); each is the rows of the index, then how many share
its first column, its first two … PostgreSQL gathers its own.
"""

from __future__ import annotations

ROWS = 1_000_000
STATISTICS = {
    "ix_transactions_organisation_id": (ROWS, ROWS, 1),
    "ix_transactions_station_reference": (ROWS, 1000, 1),
    "ix_transactions_station_started_at": (ROWS, 1000, 1),
    "ix_transactions_station_id": (ROWS, 1000, 1),
    "ix_transactions_organisation_started_at_id": (ROWS, ROWS, 1, 1),
    "ix_transactions_organisation_token_key_id": (ROWS, ROWS, 200, 1),
    "ix_transactions_open_token_key": (ROWS, ROWS, 2),
    "uq_transactions_number": (ROWS, 1),
    "uq_transactions_open_reference": (2000, 2, 1),
    "ix_transactions_open": (2000, 2000, 2000, 1),
    "ix_transactions_held": (2000, 2000, 1),
}


def statements() -> list[str]:
    """What writes the statistics into an SQLite database whose tables are there."""
    rows = ", ".join(
        f"('transactions', '{index}', '{' '.join(map(str, shape))}')" for index, shape in sorted(STATISTICS.items())
    )
    return [
        "ANALYZE sqlite_schema",  # makes the table of statistics
        "DELETE FROM sqlite_stat1 WHERE tbl = 'transactions'",
        f"INSERT INTO sqlite_stat1 (tbl, idx, stat) VALUES {rows}",  # noqa: S608 - our own names
    ]
