"""What commands print: tables and colours for people, JSON for programs.

A table that goes to no terminal is printed without colours, as wide as it needs to be, so that other programs
can cut it into lines. JSON is one document, in the words of the REST interface.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any

import click
import msgspec
from rich.console import Console
from rich.table import Table
from rich.text import Text

WIDE = 400
CENTS = 2
STATE_STYLES = {
    "connected": "green",
    "Accepted": "green",
    "offline": "dim",
    "Pending": "yellow",
    "Active": "green",
    "Rejected": "red",
    "Refused": "red",
    "Blocked": "red",
    "Expired": "red",
}

_JSON = msgspec.json.Encoder(decimal_format="number")
json_option = click.option("--json", "as_json", is_flag=True, help="Print JSON, in the words of the REST interface.")


def console(*, stderr: bool = False) -> Console:
    """Where a command prints; wide enough to cut nothing off where no terminal reads along."""
    made = Console(stderr=stderr, highlight=False, soft_wrap=True)
    if not made.is_terminal:
        made.width = WIDE
    return made


def print_json(what: Any) -> None:
    """One JSON document, indented; decimals as numbers, with their digits."""
    click.echo(msgspec.json.format(_JSON.encode(what), indent=2).decode())


def print_json_line(what: Any) -> None:
    """One JSON document on one line, for streams."""
    click.echo(_JSON.encode(what).decode())


def print_table(columns: Mapping[str, str], rows: Sequence[Mapping[str, Any]], *, nothing: str = "") -> None:
    """A table; `columns` maps a field to its heading. Without rows, what `nothing` says."""
    if nothing and not rows:
        console().print(nothing, markup=False)
        return
    table = Table(*columns.values(), box=None, pad_edge=False, header_style="bold", padding=(0, 2, 0, 0))
    for row in rows:
        table.add_row(*(_cell(row.get(field)) for field in columns))
    console().print(table)


def moment(when: Any) -> str:
    """A time of the REST interface as people read it: local, to the second."""
    if not isinstance(when, str):
        return ""
    try:
        return datetime.fromisoformat(when).astimezone().strftime("%Y-%m-%d %H:%M:%S")
    except ValueError:
        return when


def amount(figure: Any) -> str:
    """An amount of money with at least two decimals, and never fewer than it has."""
    exact = Decimal(str(figure))
    return f"{exact:.{max(CENTS, -int(exact.normalize().as_tuple().exponent))}f}"


def kwh(figure: Any) -> str | None:
    """Energy that is told in Wh, in kWh; None for none."""
    return None if figure is None else f"{Decimal(str(figure)) / 1000:.3f}"


def joined(words: Sequence[Any]) -> str:
    """Those of the words that say something, with commas."""
    return ", ".join(str(word) for word in words if word)


def _cell(value: Any) -> Text:
    text = "–" if value in (None, "") else str(value)
    return Text(text, style=STATE_STYLES.get(text, ""))
