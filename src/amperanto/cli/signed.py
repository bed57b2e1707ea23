"""`amperanto signed`: what a calibrated meter proves of a transaction, and the public keys of meters.

A transaction whose signed readings are wrong makes the exit code 1.
"""

from __future__ import annotations

from pathlib import Path

import click
from rich_click import RichGroup

from amperanto.cli.client import Node, node_options, place
from amperanto.cli.failure import Failure
from amperanto.cli.output import console, json_option, print_json, print_table

COLUMNS = {"at": "at", "context": "context", "verdict": "verdict", "meter": "meter", "words": "why"}


@click.group(cls=RichGroup)
def signed() -> None:
    """Signed meter readings, and the keys of meters."""


@signed.command("show")
@click.argument("transaction")
@click.option("--xml", type=click.Path(dir_okay=False, path_type=Path), metavar="FILE",
              help="Write the readings to FILE for transparency software.")  # fmt: skip
@json_option
@node_options
def show(transaction: str, *, node: Node, as_json: bool, xml: Path | None) -> None:
    """Check the signed readings of TRANSACTION."""
    found = node.get(f"/transactions/{place(transaction)}/signed-values")
    if xml is not None:
        xml.write_bytes(node.file(f"/transactions/{place(transaction)}/signed-values.xml"))
    if as_json:
        print_json(found)
    else:
        print_table(COLUMNS, found["values"])
        console().print(f"{found['outcome']}: {found['words']}", markup=False)
    if found["outcome"] == "Wrong":
        raise Failure(f"the signed readings are wrong: {found['words']}")


@signed.command("key")
@click.argument("identity")
@click.argument("key", required=False)
@click.option("--evse", type=click.IntRange(min=0), default=0, metavar="N",
              help="Whose meter.  [default: 0, the station has one meter]")  # fmt: skip
@json_option
@node_options
def key(identity: str, key: str | None, *, node: Node, as_json: bool, evse: int) -> None:
    """Register KEY for a meter of the station IDENTITY; without KEY, list what is registered."""
    path = f"/stations/{place(identity)}/meter-keys"
    if key is not None:
        node.put(f"{path}/{evse}", {"key": key})
    found = node.get(path)
    if as_json:
        print_json(found)
    else:
        print_table({"evse": "EVSE", "key": "public key", "changed_by": "by", "changed_at": "since"}, found["items"])
