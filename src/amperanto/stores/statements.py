"""SQL statements: written once in SQLAlchemy Core, compiled once for each database, then sent to the driver as text.

A Statement keeps its compiled forms; a Compiled turns named parameters into the driver's tuple and the
driver's tuples into rows (dicts of Python values). `rank` is the place of a write among the statements of a
group: a group's writes are sorted by it, so that every group takes its locks in the same order and what
others depend on comes first. `exact` marks a write that must hit one row for each set of parameters: a
revision check.

What the two databases say differently stands here and nowhere else: ON CONFLICT (their `insert` functions
differ, so a Statement may be given as a function of `insert`), membership in a list that is one parameter, and
about how many rows a table has.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from operator import itemgetter
from typing import Any, Protocol

import msgspec
from sqlalchemy import BigInteger, Boolean, Column, ColumnElement, Select, Table, bindparam
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.dialects.postgresql.asyncpg import dialect as asyncpg_dialect
from sqlalchemy.dialects.sqlite.pysqlite import dialect as pysqlite_dialect
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.dml import Insert
from sqlalchemy.sql.expression import ClauseElement, Executable
from sqlalchemy.types import TypeEngine

from amperanto.stores.columns import Words

Row = dict[str, Any]
Parameters = Mapping[str, Any]


class Upserting(Protocol):
    """The `insert` of either database: both know on_conflict_do_nothing and on_conflict_do_update."""

    def __call__(self, table: Table) -> Any: ...


DIALECTS: dict[str, Any] = {"sqlite": pysqlite_dialect(), "postgresql": asyncpg_dialect()}
_INSERTS: dict[str, Upserting] = {"sqlite": sqlite.insert, "postgresql": postgresql.insert}


class Listed(ColumnElement[bool]):
    """`column` is one of a list of texts given as one parameter, so that the statement's text never changes."""

    inherit_cache = True
    type: Any = Boolean()

    def __init__(self, column: ColumnElement[str], parameter: str) -> None:
        self.column = column
        self.parameter = bindparam(parameter, type_=Words())


@compiles(Listed, "sqlite")
def _listed_sqlite(element: Listed, compiler: SQLCompiler, **options: Any) -> str:
    column, parameter = (compiler.process(part, **options) for part in (element.column, element.parameter))
    return f"{column} IN (SELECT value FROM json_each({parameter}))"  # noqa: S608 - both are compiled parts


@compiles(Listed, "postgresql")
def _listed_postgresql(element: Listed, compiler: SQLCompiler, **options: Any) -> str:
    column, parameter = (compiler.process(part, **options) for part in (element.column, element.parameter))
    return f"{column} IN (SELECT jsonb_array_elements_text(CAST({parameter} AS jsonb)))"


class AboutHowMany(ColumnElement[int]):
    """About how many rows a table has that is written in the order of `column` and loses its first ones.

    Costs no scan. SQLite numbers the rows as they come; PostgreSQL keeps statistics, some seconds behind.
    """

    inherit_cache = True
    type: Any = BigInteger()

    def __init__(self, column: Column[Any]) -> None:
        self.column = column


@compiles(AboutHowMany, "sqlite")
def _about_sqlite(element: AboutHowMany, compiler: SQLCompiler, **_: Any) -> str:
    table, column = element.column.table.name, element.column.name  # our own names
    first = f"SELECT rowid FROM {table} ORDER BY {column} LIMIT 1"  # noqa: S608
    return f"(SELECT coalesce(max(0, (SELECT max(rowid) FROM {table}) - ({first}) + 1), 0))"  # noqa: S608


@compiles(AboutHowMany, "postgresql")
def _about_postgresql(element: AboutHowMany, compiler: SQLCompiler, **_: Any) -> str:
    return f"coalesce(pg_stat_get_live_tuples('{element.column.table.name}'::regclass), 0)"


def listed(values: Sequence[str]) -> str:
    """The parameter of a Listed."""
    return msgspec.json.encode(values).decode()


class Compiled:
    """A statement as one database's driver takes it."""

    __slots__ = ("_columns", "_converters", "_fixed", "_pick", "_readers", "sql")

    def __init__(self, clause: ClauseElement, dialect: Any, columns: Sequence[str] | None) -> None:
        compiled: Any = clause.compile(dialect=dialect, column_keys=columns)
        self.sql: str = str(compiled)
        names: list[str] = list(compiled.positiontup or ())
        binds: dict[str, Any] = compiled.binds
        self._fixed = {name: binds[name].value for name in names if not binds[name].required}
        self._pick = _picker(names)
        self._converters: list[tuple[int, Callable[[Any], Any]]] = [
            (index, convert)
            for index, name in enumerate(names)
            if (convert := _converter(binds[name].type, dialect)) is not None
        ]
        given: Any = clause
        selected = given.selected_columns if isinstance(clause, Select) else getattr(given, "_returning", ())
        self._columns: tuple[str, ...] = tuple(column.key for column in selected)
        self._readers: list[tuple[str, Callable[[Any], Any]]] = [
            (column.key, read)
            for column in selected
            if (read := column.type.dialect_impl(dialect).result_processor(dialect, None)) is not None
        ]

    def bind(self, parameters: Parameters) -> tuple[Any, ...]:
        """The driver's positional parameters. Raises KeyError for one that is missing."""
        values = self._pick({**self._fixed, **parameters} if self._fixed else parameters)
        if not self._converters:
            return values
        converted = list(values)
        for index, convert in self._converters:
            converted[index] = convert(converted[index])
        return tuple(converted)

    def row(self, raw: Sequence[Any]) -> Row:
        """A row as the driver gave it, as Python values by column name."""
        row: Row = dict(zip(self._columns, raw, strict=True))
        for name, read in self._readers:
            row[name] = read(row[name])
        return row


def _converter(kind: TypeEngine[Any], dialect: Any) -> Callable[[Any], Any] | None:
    """What turns a Python value into the driver's; SQLite keeps every text as it is."""
    if isinstance(kind, Words) and dialect.name == "sqlite":
        return None
    return kind.dialect_impl(dialect).bind_processor(dialect)


def _picker(names: Sequence[str]) -> Callable[[Parameters], tuple[Any, ...]]:
    if len(names) > 1:
        return itemgetter(*names)
    return lambda parameters: tuple(parameters[name] for name in names)


class Statement:
    """One statement for both databases, written as Core or as a function of the database's `insert`."""

    __slots__ = ("_columns", "_compiled", "_form", "exact", "rank")

    def __init__(
        self,
        form: Executable | Callable[[Upserting], Executable],
        *,
        rank: int = 0,
        exact: bool = False,
        columns: Sequence[str] | None = None,
    ) -> None:
        self._form = form
        self._columns = columns
        self._compiled: dict[str, Compiled] = {}
        self.rank = rank
        self.exact = exact

    def on(self, database: str) -> Compiled:
        """The statement compiled for `sqlite` or `postgresql`."""
        found = self._compiled.get(database)
        if found is None:
            form: Any = self._form
            clause = form if isinstance(form, ClauseElement) else form(_INSERTS[database])
            columns = self._columns
            if columns is None and isinstance(clause, Insert):
                columns = [column.key for column in clause.table.columns]
            found = self._compiled[database] = Compiled(clause, DIALECTS[database], columns)
        return found
