"""`amperanto availability`: a station, an EVSE or a connector in service, or out of it, connected or not.

What a station that is away was told waits for it; see it with `amperanto stations wanted`.
"""

from __future__ import annotations

import time
from typing import Any

import click
from rich_click import RichCommand

from amperanto.cli.client import Node, node_options, place
from amperanto.cli.failure import Failure
from amperanto.cli.output import console, json_option, print_json

LOOK = 0.5


@click.command(cls=RichCommand)
@click.argument("identity")
@click.option("--evse", type=click.IntRange(min=1), metavar="N", help="Only this EVSE.  [default: the whole station]")
@click.option("--connector", type=click.IntRange(min=1), metavar="N", help="Only this connector of that EVSE.")
@click.option("--operative/--inoperative", default=None, help="In service, or out of it.")
@click.option(
    "--wait",
    type=click.FloatRange(min=0, max=600),
    default=30.0,
    metavar="SECONDS",
    help="How long to wait for the station to do it.  [default: 30]",
)
@json_option
@node_options
def availability(
    identity: str, *, node: Node, operative: bool | None, wait: float, as_json: bool, **where: int | None
) -> None:
    """Take the station IDENTITY, or a part of it, into service or out of it."""
    if operative is None:
        raise click.UsageError("Say --operative or --inoperative.")
    path = f"/stations/{place(identity)}/wanted"
    told = {"operative": operative} | {name: value for name, value in where.items() if value is not None}
    wish: dict[str, Any] = node.post(path, {"availability": told})
    until = time.monotonic() + wait
    while wish["state"] == "Waiting" and time.monotonic() < until:
        time.sleep(LOOK)
        wish = next(one for one in node.all(path, kind="availability") if one["id"] == wish["id"])
    if as_json:
        print_json(wish)
    if wish["state"] not in ("Waiting", "Done"):
        raise Failure(
            f"{identity} does not do it ({wish['result'] or wish['state']}); see 'amperanto tail {identity}'."
        )
    if not as_json:
        console().print(_said(identity, wish, "operative" if operative else "inoperative"), markup=False)


def _said(identity: str, wish: dict[str, Any], state: str) -> str:
    if wish["state"] == "Done":
        return f"{identity} is {state}."
    said = "" if wish["result"] is None else f" (it answered {wish['result']})"
    return f"{identity} will be {state} once it can{said}; see 'amperanto stations wanted {identity}'."
