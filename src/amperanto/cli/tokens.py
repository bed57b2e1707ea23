"""`amperanto tokens`: who may charge."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import click
from rich_click import RichGroup

from amperanto.cli.client import Node, node_options
from amperanto.cli.output import console, json_option, moment, print_json, print_table

TYPES = [
    "Central",
    "DirectPayment",
    "eMAID",
    "EVCCID",
    "ISO14443",
    "ISO15693",
    "KeyCode",
    "Local",
    "MacAddress",
    "NoAuthorization",
    "VIN",
    "Unknown",
]
COLUMNS = {
    "uid": "token",
    "type": "type",
    "status": "status",
    "group": "group",
    "expires": "expires",
    "concurrent_limit": "at once",
}


@click.group(cls=RichGroup)
def tokens() -> None:
    """The tokens that may charge."""


@tokens.command("add")
@click.argument("uid")
@click.option(
    "--type",
    "type_",
    type=click.Choice(TYPES),
    default="ISO14443",
    help="What kind of token it is.  [default: ISO14443]",
)
@click.option(
    "--status", type=click.Choice(["Accepted", "Blocked"]), help="Whether it may charge.  [default: Accepted]"
)
@click.option("--group", metavar="GROUP", help="Tokens of one group may stop each other's charges.")
@click.option("--expires-at", metavar="TIME", help="Until when it may charge, like 2030-12-31T23:59:59Z.")
@click.option(
    "--concurrent-limit",
    type=click.IntRange(min=1),
    metavar="N",
    help="How many charges at once.  [default: 1]",
)
@json_option
@node_options
def add(uid: str, *, node: Node, type_: str, as_json: bool, **given: Any) -> None:
    """Let the token UID charge."""
    _check_time(given["expires_at"])
    optional = {name: value for name, value in given.items() if value is not None}
    made: dict[str, Any] = node.post("/tokens", {"uid": uid, "type": type_, **optional})
    if as_json:
        print_json(made)
    else:
        console().print(f"Token {made.get('uid')} is added ({made.get('status')}).", markup=False)


@tokens.command("list")
@json_option
@node_options
def list_(*, node: Node, as_json: bool) -> None:
    """List the tokens, the unknown ones that were refused among them."""
    known = node.all("/tokens")
    if as_json:
        print_json(known)
    else:
        print_table(COLUMNS, [one | {"expires": moment(one.get("expires_at"))} for one in known])


def _check_time(when: str | None) -> None:
    if when is not None:
        try:
            at = datetime.fromisoformat(when)
        except ValueError as error:
            raise click.BadParameter("write it like 2030-12-31T23:59:59Z.", param_hint="--expires-at") from error
        if at.tzinfo is None:
            raise click.BadParameter("say which time zone, like 2030-12-31T23:59:59Z.", param_hint="--expires-at")
