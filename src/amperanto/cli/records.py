"""`amperanto records`: charge records, what each charge cost and why.

A record never changes; `correct` takes it back by a credit and bills anew.
"""

from __future__ import annotations

from typing import Any

import click
from rich_click import RichGroup

from amperanto.cli.client import Node, node_options, place
from amperanto.cli.output import amount, console, json_option, kwh, moment, print_json, print_table
from amperanto.cli.tariffs import print_cost

COLUMNS = {
    "number": "number",
    "kind": "kind",
    "station": "station",
    "token": "token",
    "ended": "ended",
    "kwh": "kWh",
    "amount": "amount",
    "id": "record",
}


@click.group(cls=RichGroup)
def records() -> None:
    """What each charge cost, and why."""


@records.command("list")
@click.option("--station", metavar="IDENTITY", help="Only those of this station.")
@click.option("--transaction", metavar="ID", help="Only those of this transaction.")
@click.option("--from", "since", metavar="TIME", help="Only those issued then or later.")
@click.option("--to", "until", metavar="TIME", help="Only those issued before.")
@json_option
@node_options
def list_(*, node: Node, as_json: bool, **given: str | None) -> None:
    """List the charge records, in the order of their numbers."""
    wanted = {"station": given["station"], "transaction": given["transaction"]}
    wanted |= {"from": given["since"], "to": given["until"]}
    known = node.all("/charge-records", **wanted)
    if as_json:
        print_json(known)
    else:
        print_table(COLUMNS, [_row(one) for one in known], nothing="No charge was billed yet.")


@records.command("show")
@click.argument("record")
@json_option
@node_options
def show(record: str, *, node: Node, as_json: bool) -> None:
    """Explain the charge record of that number or id, line by line."""
    found: dict[str, Any] = node.get(f"/charge-records/{place(record)}")
    if as_json:
        print_json(found)
        return
    print_table(COLUMNS, [_row(found)])
    if found["cost"] is None:
        console().print("No tariff held for this charge, so nobody says what it cost.", markup=False)
    else:
        print_cost(found["cost"])


@records.command("correct")
@click.argument("record")
@click.argument("reason")
@json_option
@node_options
def correct(record: str, reason: str, *, node: Node, as_json: bool) -> None:
    """Take the charge record back, for REASON, and bill anew what stands now."""
    made: dict[str, Any] = node.post(f"/charge-records/{place(record)}/correct", {"reason": reason})
    if as_json:
        print_json(made["items"])
    else:
        print_table(COLUMNS, [_row(one) for one in made["items"]])


def _row(one: dict[str, Any]) -> dict[str, Any]:
    cost = one["cost"]
    return one | {
        "ended": moment(one["ended_at"]),
        "kwh": kwh(one["energy"]),
        "amount": "not priced" if cost is None else f"{amount(cost['gross'])} {cost['currency']}",
    }
