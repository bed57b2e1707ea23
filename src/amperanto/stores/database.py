"""What a store asks of a database, and which one a URL names.

Two adapters stand behind it (D6): `sqlite.py` and `postgres.py`. Each turns its driver's errors into those of
`errors.py`, and takes the steps of `groups.commit_group`.
"""

from __future__ import annotations

from collections.abc import Sequence
from importlib import import_module
from typing import Protocol

from amperanto.stores.errors import StoreError
from amperanto.stores.groups import Recorded
from amperanto.stores.statements import Parameters, Row, Statement

_ADAPTERS = {"sqlite": "sqlite", "postgresql": "postgres", "postgres": "postgres"}


class Database(Protocol):
    """One database, open. All of it raises NotDurable when the database is gone."""

    name: str
    """`sqlite` or `postgresql`: which form of a statement it takes."""
    shared: bool
    """Whether other nodes may write to it: then only what this node owns may be cached."""

    async def read(self, statement: Statement, parameters: Parameters) -> list[Row]:
        """Rows that an index finds at once."""
        ...

    async def scan(self, statement: Statement, parameters: Parameters) -> list[Row]:
        """Rows that may take a while; the loop goes on meanwhile."""
        ...

    async def apply(self, units: Sequence[Recorded], node: str) -> list[Exception | None]:
        """Commit the units in one database transaction; the outcome of each."""
        ...

    async def run_script(self, script: Sequence[str]) -> None:
        """Run schema statements in one database transaction."""
        ...

    async def revision(self) -> str | None:
        """The schema's revision; None for a database without tables."""
        ...

    async def migrate(self) -> None:
        """Bring an older schema to the newest, under a lock."""
        ...

    async def close(self) -> None:
        """Finish, and let go of every connection."""
        ...


class Adapter(Protocol):
    """The face of an adapter's module."""

    async def open_database(self, url: str) -> Database:
        """Open the database of that URL."""
        ...


async def open_database(url: str) -> Database:
    """The database of `sqlite:///file`, `sqlite://` (in memory) or `postgresql://…`.

    Raises StoreError, NotDurable.
    """
    scheme = url.partition(":")[0]
    if scheme not in _ADAPTERS:
        raise StoreError(f"{scheme}: is no database we know; use sqlite:///path or postgresql://…")
    # By name, since asyncpg is only there for those who use PostgreSQL.
    adapter: Adapter = import_module(f"amperanto.stores.{_ADAPTERS[scheme]}")  # type: ignore[assignment]
    return await adapter.open_database(url)
