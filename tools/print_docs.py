"""Print into the documentation what is kept in code (`make docs`).

A generated part stands between `<!-- name: … -->` and `<!-- /name -->`. Its text comes from a function here,
which asks the code; tests hold the two together, so a part is never edited by hand. `--check` writes nothing
and exits with 1 where a file is not what it would be.
"""

from __future__ import annotations

import ast
import inspect
import re
import runpy
import sys
from collections.abc import Iterator
from pathlib import Path

import click

from amperanto.api import reference_page, server
from amperanto.cli import COMMANDS, load
from amperanto.dialects import drops

ROOT = Path(__file__).parents[1]


def imports() -> str:
    """The import table, from the test that keeps it."""
    return str(runpy.run_path(str(ROOT / "tests/unit/test_architecture.py"))["table"]())


def settings() -> str:
    """Every setting: its name, its environment variable, its default and the comment beside it."""
    text = (ROOT / "src/amperanto/settings.py").read_text()
    lines = text.splitlines()
    fields = next(
        node.body for node in ast.parse(text).body if isinstance(node, ast.ClassDef) and node.name == "Settings"
    )
    rows = ["| setting | environment | default | |", "|---|---|---|---|"]
    for field in fields:
        if isinstance(field, ast.AnnAssign) and isinstance(field.target, ast.Name):
            name = field.target.id
            value = ast.unparse(field.value) if field.value else "''"
            value = {"''": "", "True": "true", "False": "false"}.get(value, value.replace("'", '"'))
            default = f"`{value}`" if value else ""
            comment = lines[field.lineno - 1].partition("  # ")[2]
            rows.append(f"| `{name}` | `AMPERANTO_{name.upper()}` | {default} | {comment} |")
    return "\n".join(rows)


def commands() -> str:
    """Every command with its arguments and options, as the command line itself declares them."""
    return "\n".join(line for name in COMMANDS for line in told(name, load(name))).strip()


def told(name: str, command: click.Command) -> Iterator[str]:
    """One command, or each command of a group, as Markdown."""
    if isinstance(command, click.Group):
        for inner in sorted(command.commands):
            yield from told(f"{name} {inner}", command.commands[inner])
        return
    arguments = [one for one in command.params if isinstance(one, click.Argument)]
    options = [one for one in command.params if isinstance(one, click.Option) and not one.hidden]
    yield " ".join([f"## amperanto {name}", *(one.make_metavar(click.Context(command)) for one in arguments)])
    yield f"\n{inspect.cleandoc(command.help or '')}\n"
    if options:
        yield "| option | |\n|---|---|"
    for one in options:
        value = "" if one.is_flag else f" {one.make_metavar(click.Context(command))}"
        text = " ".join((one.help or "").split()).replace("|", "\\|")
        yield f"| `{', '.join(one.opts)}{value}` | {text} |"
    yield ""


def resources() -> str:
    """Every operation and every problem of the REST API."""
    return reference_page.outline(server.description())


PARTS = {
    "imports": ("ARCHITECTURE.md", imports),
    "settings": ("docs/reference/settings.md", settings),
    "commands": ("docs/reference/commands.md", commands),
    "resources": ("docs/reference/api.md", resources),
    "drops": ("docs/topics/what-is-dropped.md", drops.page),
}


def printed(text: str, name: str, part: str) -> str:
    """The text with one part put in its place. Raises ValueError where the text has no such place."""
    place = re.compile(rf"(<!-- {name}: [^\n]* -->\n).*?(<!-- /{name} -->)", re.DOTALL)
    new, count = place.subn(lambda found: f"{found[1]}\n{part}\n\n{found[2]}", text)
    if count != 1:
        raise ValueError(f"{count} places for {name!r}")
    return new


def main() -> int:
    """Print every part, or check that every part is printed."""
    check = "--check" in sys.argv
    stale: list[str] = []
    for name, (file, part) in PARTS.items():
        path = ROOT / file
        before = path.read_text()
        after = printed(before, name, part())
        if before != after:
            stale.append(file)
            if not check:
                path.write_text(after)
    print(f"changed: {', '.join(stale)}" if stale else "documentation in step")
    stations = runpy.run_path(str(ROOT / "tools/print_stations.py"))["main"]()
    return 1 if (stale and check) or stations else 0


if __name__ == "__main__":
    raise SystemExit(main())
