"""R15: no query over owned rows but through the one door of `stores/scope.py`."""

import ast
from pathlib import Path

from sqlalchemy import Table

from amperanto.stores import scope, tables
from amperanto.stores.scope import across, owned

ROOM = Path(scope.__file__).parent
NODE_ROWS = {"organisations", "outbox_nodes", "outbox_cursors"}
"""Tables whose rows belong to nobody but the node."""


def calls(tree: ast.AST) -> list[str]:
    """The name of every function or method that is called."""
    nodes = [node.func for node in ast.walk(tree) if isinstance(node, ast.Call)]
    return [
        node.id if isinstance(node, ast.Name) else node.attr
        for node in nodes
        if isinstance(node, ast.Name | ast.Attribute)
    ]


def test_every_select_of_the_room_goes_through_the_scoping_functions() -> None:
    bare = {
        path.relative_to(ROOM).parts[0]
        for path in ROOM.rglob("*.py")
        if path.name != "scope.py"
        and "migrations" not in path.parts
        and {"select", "exists", "text"} & set(calls(ast.parse(path.read_text())))
    }
    assert bare == {"tables"}, "only the conditions of partial indexes are written as text"


def test_every_select_over_all_organisations_says_why() -> None:
    for path in ROOM.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "across":
                assert any(keyword.arg == "because" for keyword in node.keywords), f"{path.name}:{node.lineno}"


def test_each_owned_table_has_an_organisation() -> None:
    for table in tables.metadata.sorted_tables:
        assert ("organisation" in table.c) == (table.name not in NODE_ROWS), table.name


def test_an_owned_select_carries_the_condition_and_its_parameter() -> None:
    table: Table = tables.stations
    assert "stations.organisation = :organisation" in str(owned(table))
    assert "WHERE" not in str(across(table, because="a test"))
