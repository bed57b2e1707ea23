"""`amperanto tariffs`: what charging costs, for whom, and what a charge would cost.

A tariff is written as JSON, as the REST interface takes it; a changed one is a new version.
"""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import click
from rich_click import RichGroup

from amperanto.cli.client import Node, node_options, place
from amperanto.cli.failure import Failure
from amperanto.cli.output import amount, console, json_option, moment, print_json, print_table

COLUMNS = {"name": "tariff", "version": "version", "currency": "currency", "made": "made", "created_by": "by"}
ASSIGNED = {"scope": "scope", "subject": "of", "evse": "EVSE", "tariff": "tariff"}
LINES = {"what": "what", "span": "from - to", "quantity": "quantity", "price": "price", "net": "net", "gross": "gross"}
SCOPES = ["token", "group", "evse", "station", "site", "organisation"]

scope_argument = click.argument("scope", type=click.Choice(SCOPES))
subject_argument = click.argument("subject", required=False)
evse_option = click.option("--evse", type=click.IntRange(min=1), metavar="N", help="Which EVSE of the station.")


@click.group(cls=RichGroup)
def tariffs() -> None:
    """What charging costs, and for whom."""


@tariffs.command("list")
@json_option
@node_options
def list_(*, node: Node, as_json: bool) -> None:
    """List the tariffs, each in its newest version."""
    known = node.all("/tariffs")
    if as_json:
        print_json(known)
    else:
        rows = [one | {"currency": one["tariff"]["currency"], "made": moment(one["created_at"])} for one in known]
        print_table(COLUMNS, rows, nothing="There is no tariff yet; make one with 'amperanto tariffs put NAME FILE'.")


@tariffs.command("show")
@click.argument("name")
@click.option("--version", type=click.IntRange(min=1), metavar="N", help="Which version.  [default: the newest]")
@node_options
def show(name: str, *, node: Node, version: int | None) -> None:
    """Print the tariff NAME as JSON."""
    print_json(node.get(f"/tariffs/{place(name)}", version=version))


@tariffs.command("put")
@click.argument("name")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@json_option
@node_options
def put(name: str, file: Path, *, node: Node, as_json: bool) -> None:
    """Make the tariff NAME of the JSON in FILE, or a new version of it."""
    try:
        body: Any = json.loads(file.read_text())
    except (ValueError, OSError) as error:
        raise Failure(f"{file} is not JSON ({error}); write it as 'amperanto tariffs show' prints one.") from error
    names = {one["name"] for one in node.all("/tariffs")}
    if name in names:
        made: dict[str, Any] = node.put(f"/tariffs/{place(name)}", body)
    else:
        made = node.post("/tariffs", {"name": name, "tariff": body})
    if as_json:
        print_json(made)
    else:
        console().print(f"{name} is at version {made['version']}.", markup=False)


@tariffs.command("remove")
@click.argument("name")
@node_options
def remove(name: str, *, node: Node) -> None:
    """Remove the tariff NAME, if nobody ever used it."""
    node.delete(f"/tariffs/{place(name)}")
    console().print(f"{name} is removed.", markup=False)


@tariffs.command("assign")
@click.argument("name")
@scope_argument
@subject_argument
@evse_option
@node_options
def assign(name: str, scope: str, subject: str | None, *, node: Node, evse: int | None) -> None:
    """Let the tariff NAME hold for the token, group, station or site SUBJECT, or for the organisation.

    For an EVSE, SUBJECT is its station, and --evse says which.
    """
    node.post(f"/tariffs/{place(name)}/assign", _place(scope, subject, evse))
    console().print(f"{name} holds for the {scope} {subject or ''}".rstrip() + ", for charges that start from now on.")


@tariffs.command("unassign")
@click.argument("name")
@scope_argument
@subject_argument
@evse_option
@node_options
def unassign(name: str, scope: str, subject: str | None, *, node: Node, evse: int | None) -> None:
    """Let the tariff NAME hold for one of these no more; charges that run keep it."""
    node.post(f"/tariffs/{place(name)}/unassign", _place(scope, subject, evse))
    console().print(f"{name} holds no more for the {scope} {subject or ''}".rstrip() + ".")


@tariffs.command("assignments")
@json_option
@node_options
def assignments(*, node: Node, as_json: bool) -> None:
    """List for whom, and where, which tariff holds."""
    known = node.get("/tariff-assignments")["items"]
    if as_json:
        print_json(known)
    else:
        print_table(ASSIGNED, known, nothing="No tariff holds anywhere; see 'amperanto tariffs assign'.")


@tariffs.command("preview")
@click.argument("name")
@click.option("--kwh", type=click.FloatRange(min=0), default=20.0, metavar="N", help="How much energy.  [default: 20]")
@click.option("--minutes", type=click.IntRange(min=0), default=60, metavar="N", help="How long.  [default: 60]")
@click.option("--idle", type=click.IntRange(min=0), default=0, metavar="N", help="Idle minutes after it.  [default: 0]")
@click.option("--start", metavar="TIME", help="When it starts, like 2030-12-31T18:00:00Z.  [default: now]")
@click.option("--station", metavar="IDENTITY", help="Whose site's time zone counts.  [default: UTC]")
@json_option
@node_options
def preview(name: str, *, node: Node, as_json: bool, **given: Any) -> None:
    """Show what a charge by the tariff NAME would cost: to the cent what it will."""
    body = {
        "start": given["start"] or datetime.now(UTC).isoformat(),
        "energy": round(given["kwh"] * 1000, 3),
        "charging": given["minutes"] * 60,
        "idle": given["idle"] * 60,
        **({"station": given["station"]} if given["station"] else {}),
    }
    cost: dict[str, Any] = node.post(f"/tariffs/{place(name)}/preview", body)
    if as_json:
        print_json(cost)
    else:
        print_cost(cost)


def print_cost(cost: dict[str, Any]) -> None:
    """Print a cost with its explanation."""
    rows = [
        line
        | {
            "span": f"{moment(line['start'])} - {moment(line['end'])}",
            "quantity": f"{line['quantity']} {line['unit']}".strip(),
            "price": amount(line["price"]),
            "net": amount(line["net"]),
            "gross": amount(line["gross"]),
        }
        for line in cost["lines"]
    ]
    print_table(LINES, rows)
    console().print(
        f"{amount(cost['gross'])} {cost['currency']} ({amount(cost['net'])} and {amount(cost['tax'])} tax)",
        markup=False,
    )


def _place(scope: str, subject: str | None, evse: int | None) -> dict[str, Any]:
    return {"scope": scope} | ({"subject": subject} if subject else {}) | ({"evse": evse} if evse else {})
