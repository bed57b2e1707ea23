"""Bringing a database to the schema of `tables.py` when a store opens.

An empty database gets the tables at once; one whose revision is the newest is left alone; only for an older
one is Alembic loaded, which takes longer than everything else here together. A test proves that both ways end
in the same schema.
"""

from __future__ import annotations

from datetime import datetime

from sqlalchemy.schema import CreateIndex, CreateTable

from amperanto.domain.stations import DEFAULT_ORGANISATION
from amperanto.stores.database import Database
from amperanto.stores.immutable import guards
from amperanto.stores.planning import statements
from amperanto.stores.statements import DIALECTS
from amperanto.stores.tables import HEAD, metadata


async def prepare(database: Database, now: datetime) -> None:
    """Create or migrate the tables, if need be."""
    revision = await database.revision()
    if revision is None:
        await database.run_script(creation(database.name, now))
    elif revision != HEAD:
        await database.migrate()


def creation(name: str, now: datetime) -> list[str]:
    """The statements that make an empty `sqlite` or `postgresql` database ours."""
    dialect = DIALECTS[name]
    script: list[str] = []
    for table in metadata.sorted_tables:
        script.append(str(CreateTable(table).compile(dialect=dialect)))
        indexes = sorted(table.indexes, key=lambda index: str(index.name))
        script += [str(CreateIndex(index).compile(dialect=dialect)) for index in indexes]
    script += guards(name)
    if name == "sqlite":
        script += statements()
    # Nothing here comes from outside.
    at = now.isoformat(timespec="microseconds")
    script += [
        f"INSERT INTO organisations (id, name, created_at) VALUES ('{DEFAULT_ORGANISATION}', 'default', '{at}')",  # noqa: S608
        "CREATE TABLE alembic_version (version_num VARCHAR(32) NOT NULL PRIMARY KEY)",
        f"INSERT INTO alembic_version (version_num) VALUES ('{HEAD}')",  # noqa: S608
    ]
    return script
