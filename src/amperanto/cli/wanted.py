"""`amperanto stations wanted`: what waits for a station, and what became of what waited."""

from __future__ import annotations

from typing import Any, cast

import click

from amperanto.cli.client import Node, node_options, place
from amperanto.cli.output import console, json_option, moment, print_json, print_table

COLUMNS = {
    "id": "id",
    "kind": "what",
    "told": "wanted",
    "state": "now",
    "result": "last answer",
    "tries": "tries",
    "since": "since",
    "by": "by",
}
SHORT = 60


@click.command("wanted")
@click.argument("identity")
@click.option("--kind", metavar="KIND", help="Only that kind, like variable, availability or local_list.")
@click.option("--withdraw", metavar="ID", help="Want that no more.")
@json_option
@node_options
def wanted(identity: str, *, node: Node, kind: str | None, withdraw: str | None, as_json: bool) -> None:
    """Show what waits for the station IDENTITY, and what became of what waited."""
    path = f"/stations/{place(identity)}/wanted"
    if withdraw is not None:
        node.delete(f"{path}/{place(withdraw)}")
    known = node.all(path, kind=kind)
    if as_json:
        print_json(known)
        return
    print_table(COLUMNS, [_row(one) for one in known])
    if not known:
        console().print("\nNothing was wanted of this station yet.")


def _row(one: dict[str, Any]) -> dict[str, Any]:
    return {
        **one,
        "told": _told(one["wanted"]),
        "tries": one["attempts"],
        "since": moment(one["wanted_at"]),
        "by": one["wanted_by"],
    }


def _told(wanted: Any) -> str:
    """What is wanted, on one line."""
    if not isinstance(wanted, dict):
        return str(wanted)
    fields = cast(dict[str, Any], wanted)
    ref: dict[str, Any] = fields.get("ref") or {}
    if ref:
        return f"{ref['component']}.{ref['variable']} = {fields.get('value')}"[:SHORT]
    return ", ".join(f"{name}: {value}" for name, value in fields.items())[:SHORT]
