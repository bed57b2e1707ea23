"""The one door to a select (R15): rows of one organisation, or, with a reason, rows of all.

Whoever asks for a person or a program that belongs to an organisation uses `owned`, which adds the condition
and the parameter `organisation`. `across` is for the node itself, which serves every organisation: it acts
for a station it has authenticated (its id is ours and belongs to one organisation), or keeps house. A test
finds any other select.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import ColumnElement, FromClause, Select, bindparam, select

from amperanto.stores.columns import Words


def owned(table: FromClause, *columns: ColumnElement[Any]) -> Select[Any]:
    """A select of one organisation's rows; the parameter is `organisation`."""
    return _select(table, columns).where(table.c.organisation == bindparam("organisation", type_=Words()))


def across(table: FromClause, *columns: ColumnElement[Any], because: str) -> Select[Any]:
    """A select over every organisation; `because` says why this is no leak."""
    assert because
    return _select(table, columns)


def _select(table: FromClause, columns: tuple[ColumnElement[Any], ...]) -> Select[Any]:
    return select(*columns).select_from(table) if columns else select(table)
