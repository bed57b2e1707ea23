"""What no statement may change, kept so by the database itself: charge records (R10).

Whoever holds the connection cannot update or delete one, be it this program with a defect, or a person at a prompt.
"""

from __future__ import annotations

from collections.abc import Sequence

FOREVER: Sequence[str] = ("charge_records",)


def guards(database: str, tables: Sequence[str] = FOREVER) -> list[str]:
    """The statements that make rows of these tables stay as they are, in `sqlite` or `postgresql`."""
    return [
        statement for table in tables for statement in (_postgresql if database == "postgresql" else _sqlite)(table)
    ]


def _sqlite(table: str) -> list[str]:
    return [
        f"CREATE TRIGGER {table}_no_{verb.lower()} BEFORE {verb} ON {table} "
        f"BEGIN SELECT RAISE(ABORT, '{table} never change'); END"
        for verb in ("UPDATE", "DELETE")
    ]


def _postgresql(table: str) -> list[str]:
    refuse = f"$$ BEGIN RAISE EXCEPTION '{table} never change'; END $$"
    return [
        f"CREATE FUNCTION {table}_stay() RETURNS trigger LANGUAGE plpgsql AS {refuse}",
        f"CREATE TRIGGER {table}_stay BEFORE UPDATE OR DELETE ON {table} FOR EACH ROW EXECUTE FUNCTION {table}_stay()",
        f"CREATE TRIGGER {table}_all BEFORE TRUNCATE ON {table} FOR EACH STATEMENT EXECUTE FUNCTION {table}_stay()",
    ]
