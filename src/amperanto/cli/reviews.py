"""`amperanto reviews`: what waits for a person, and the decision about it."""

from __future__ import annotations

from decimal import Decimal, InvalidOperation
from typing import Any

import click
from rich_click import RichGroup

from amperanto.cli.client import Node, node_options, place
from amperanto.cli.output import console, json_option, moment, print_json, print_table

COLUMNS = {
    "id": "review",
    "station": "station",
    "when": "since",
    "energy": "Wh",
    "proposed": "proposed Wh",
    "problem": "what is wrong",
    "ending": "settled",
}


class Energy(click.ParamType[str]):
    """Wh, exactly as they are written."""

    name = "WH"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """The figure as text. Raises BadParameter."""
        try:
            return format(Decimal(str(value)), "f")
        except (InvalidOperation, ValueError):
            self.fail(f"{value!r} is no number of Wh; write one like 83.", param, ctx)


RULINGS = ["accept", "use", "void"]


@click.group(cls=RichGroup)
def reviews() -> None:
    """What waits for a person, and the decision about it."""


@reviews.command("list")
@click.option("--station", metavar="IDENTITY", help="Only those of this station.")
@click.option("--kind", type=click.Choice(["transaction", "message"]), help="Only about these.")
@click.option("--settled", is_flag=True, help="Also those that are settled.")
@json_option
@node_options
def list_(*, node: Node, as_json: bool, station: str | None, kind: str | None, settled: bool) -> None:
    """List what waits, the newest first."""
    known = node.all("/reviews", station=station, kind=kind, settled="true" if settled else None)
    if as_json:
        print_json(known)
    else:
        print_table(COLUMNS, [_row(one) for one in known], nothing="Nothing waits for a person.")


@reviews.command("show")
@click.argument("review")
@json_option
@node_options
def show(review: str, *, node: Node, as_json: bool) -> None:
    """Show REVIEW with its evidence."""
    found: dict[str, Any] = node.get(f"/reviews/{place(review)}")
    if as_json:
        print_json(found)
        return
    lines = [f"{found['station']}: {found['problem']}"]
    doubts: list[dict[str, Any]] = [] if found["evidence"] is None else found["evidence"]["doubts"]
    for doubt in doubts:
        figures: dict[str, str] = doubt["evidence"]
        lines.append(f"{doubt['kind']}: {doubt['words']}")
        lines += [f"  {name} {text}" for name, text in figures.items()]
        if doubt["proposed_wh"] is not None:
            lines.append(f"  proposed {doubt['proposed_wh']} Wh")
    if found["message"]:
        lines.append(f"{found['action']} {found['message']}")
    for line in lines:
        console().print(line, markup=False)


@reviews.command("settle")
@click.argument("review")
@click.argument("ruling", type=click.Choice(RULINGS))
@click.option("--energy", type=Energy(), metavar="WH", help="With 'use': the energy to bill, in Wh.")
@click.option("--reason", required=True, metavar="TEXT", help="Why; it is kept.")
@json_option
@node_options
def settle(review: str, ruling: str, *, node: Node, as_json: bool, energy: str | None, reason: str) -> None:
    """Settle REVIEW: accept the figures as they are, use another energy, or void it."""
    body: dict[str, Any] = {"ruling": ruling, "reason": reason}
    if energy is not None:
        body["energy_wh"] = energy
    settled: dict[str, Any] = node.post(f"/reviews/{place(review)}/resolution", body)
    if as_json:
        print_json(settled)
    else:
        after: str | None = settled["resolution"]["after_wh"]
        billed = "" if settled["kind"] == "message" else f" {'Nothing' if after is None else after + ' Wh'} is billed."
        console().print(f"Settled: {ruling}.{billed}", markup=False)


def _row(one: dict[str, Any]) -> dict[str, Any]:
    evidence: dict[str, Any] = one["evidence"] or {"energy_wh": None, "doubts": []}
    doubts: list[dict[str, Any]] = evidence["doubts"]
    proposed = [doubt["proposed_wh"] for doubt in doubts if doubt["proposed_wh"] is not None]
    return {
        **one,
        "when": moment(one["at"]),
        "energy": evidence["energy_wh"],
        "proposed": proposed[0] if proposed else None,
        "ending": None if one["resolution"] is None else one["resolution"]["ruling"],
    }
