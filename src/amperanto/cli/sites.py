"""`amperanto sites`: where stations stand, and by which clock."""

from __future__ import annotations

from typing import Any

import click
from rich_click import RichGroup

from amperanto.cli.client import Node, node_options, place
from amperanto.cli.output import console, json_option, print_json, print_table

COLUMNS = {"name": "site", "time_zone": "time zone", "unknown_tokens": "unknown tokens", "id": "id"}
UNKNOWN = click.Choice(["store", "refuse", "accept", "inherit"])

zone_option = click.option("--time-zone", metavar="ZONE", help="Its IANA name, like Europe/Amsterdam.  [default: UTC]")
unknown_option = click.option(
    "--unknown-tokens",
    type=UNKNOWN,
    help="Tokens nobody registered: refused and kept (store), refused, or everybody may charge (accept).  "
    "[default: as declared for what it belongs to]",
)


@click.group(cls=RichGroup)
def sites() -> None:
    """Where stations stand, and by which clock."""


@sites.command("add")
@click.argument("name")
@zone_option
@unknown_option
@json_option
@node_options
def add(name: str, *, node: Node, as_json: bool, **given: Any) -> None:
    """Make the site NAME."""
    made: dict[str, Any] = node.post("/sites", {"name": name, **settings(given)})
    if as_json:
        print_json(made)
    else:
        console().print(f"The site {made['name']} is added ({made['time_zone']}).", markup=False)


@sites.command("list")
@json_option
@node_options
def list_(*, node: Node, as_json: bool) -> None:
    """List the sites."""
    known = node.all("/sites")
    if as_json:
        print_json(known)
    else:
        print_table(COLUMNS, known)


@sites.command("change")
@click.argument("name")
@click.option("--name", "new_name", metavar="NAME", help="Its new name.")
@zone_option
@unknown_option
@json_option
@node_options
def change(name: str, *, node: Node, as_json: bool, new_name: str | None, **given: Any) -> None:
    """Change the site NAME."""
    body = settings(given) | ({} if new_name is None else {"name": new_name})
    changed: dict[str, Any] = node.patch(f"/sites/{place(name)}", body)
    if as_json:
        print_json(changed)
    else:
        print_table(COLUMNS, [changed])


@sites.command("remove")
@click.argument("name")
@json_option
@node_options
def remove(name: str, *, node: Node, as_json: bool) -> None:
    """Forget the site NAME, at which no station stands any more."""
    node.delete(f"/sites/{place(name)}")
    if as_json:
        print_json({"name": name, "removed": True})
    else:
        console().print(f"The site {name} is removed.", markup=False)


def settings(given: dict[str, Any]) -> dict[str, Any]:
    """What was given, in the words of the REST interface."""
    named = {name: value for name, value in given.items() if value is not None}
    if named.get("unknown_tokens") == "inherit":
        named["unknown_tokens"] = None
    return named
