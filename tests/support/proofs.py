"""Which test proves which requirement: read from the `@requirement(...)` marks, never kept by hand."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

TESTS = Path(__file__).parents[1]


def _marks(function: ast.FunctionDef | ast.AsyncFunctionDef) -> Iterator[str]:
    for decorator in function.decorator_list:
        if isinstance(decorator, ast.Call) and ast.unparse(decorator.func) == "requirement":
            yield from (str(one.value) for one in decorator.args if isinstance(one, ast.Constant))


def proofs(below: Path = TESTS) -> dict[str, list[str]]:
    """Each requirement's id with the tests marked with it, as `tests/file.py::name`."""
    found: dict[str, list[str]] = {}
    for path in sorted(below.rglob("*.py")):
        text = path.read_text()
        if "@requirement(" not in text:
            continue
        for node in ast.walk(ast.parse(text)):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                for one in _marks(node):
                    found.setdefault(one, []).append(f"{path.relative_to(TESTS.parent)}::{node.name}")
    return found
