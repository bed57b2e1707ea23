"""`amperanto stations quirks`: what a station does that the standard does not say."""

from __future__ import annotations

from typing import Any, cast

import click

from amperanto.cli.client import Node, node_options, place
from amperanto.cli.output import console, joined, json_option, moment, print_json, print_table

COLUMNS = {
    "kind": "what",
    "message": "message",
    "place": "where",
    "detail": "how",
    "count": "times",
    "first": "first",
    "last": "last",
}


@click.command("quirks")
@click.argument("identity")
@json_option
@node_options
def quirks(identity: str, *, node: Node, as_json: bool) -> None:
    """Show what the station IDENTITY does that the standard does not say, and what its make is known for.

    'quirk' was put right by what is known of its make, 'violation' broke the standard and was understood, 'frame' was
    refused or ignored.
    """
    told: dict[str, Any] = node.get(f"/stations/{place(identity)}/quirks")
    if as_json:
        print_json(told)
        return
    out = console()
    make = told["quirk"]
    if make is None:
        out.print("Its make is not known for anything special.\n", markup=False)
    else:
        out.print(f"It is known as {make['title']} (quirk {make['name']}).", markup=False)
        for name, value in make["behaviour"].items():
            out.print(f"  {name.replace('_', ' ')}: {_said(value)}", markup=False)
        for hint in make["hints"]:
            out.print(f"  {hint}", markup=False)
        out.print()
    if not told["items"]:
        out.print("It has kept the standard so far.", markup=False)
        return
    print_table(COLUMNS, [_row(one) for one in told["items"]])


def _row(one: dict[str, Any]) -> dict[str, Any]:
    return one | {"first": moment(one["first_at"]), "last": moment(one["last_at"])}


def _said(value: Any) -> str:
    return joined(cast(list[Any], value)) if isinstance(value, list) else str(value)
