"""`amperanto reservations`: places kept free for a token.

A station that does not keep the place makes the exit code 1; its word is in the sentence, and in the JSON.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import click
from rich_click import RichGroup

from amperanto.cli.client import Node, node_options, place
from amperanto.cli.failure import Failure
from amperanto.cli.output import console, json_option, moment, print_json, print_table

COLUMNS = {
    "id": "reservation",
    "station": "station",
    "evse": "EVSE",
    "token": "token",
    "state": "state",
    "expires": "until",
    "answer": "answer",
}
STATES = ["Asked", "Active", "Refused", "Used", "Cancelled", "Expired", "Removed", "Replaced", "NoTransaction"]
TIMEOUT, LEEWAY = 30.0, 5.0

timeout_option = click.option(
    "--timeout",
    type=click.FloatRange(min=0.1, max=600),
    default=TIMEOUT,
    metavar="SECONDS",
    help="How long the station's answer may take.  [default: 30]",
)


@click.group(cls=RichGroup)
def reservations() -> None:
    """Places kept free for a token."""


@reservations.command("add")
@click.argument("identity")
@click.argument("token")
@click.option("--evse", type=click.IntRange(min=1), metavar="N", help="At which EVSE.  [default: at any]")
@click.option("--connector-type", metavar="TYPE", help="At any with such a connector, like cCCS2 (OCPP 2.x).")
@click.option("--group", metavar="GROUP", help="Any token of this group may use it, too.")
@click.option("--minutes", type=click.IntRange(min=1), metavar="N", help="For how long.  [default: 30]")
@click.option("--until", metavar="TIME", help="Until when, like 2030-12-31T23:59:59Z, in place of --minutes.")
@click.option("--replaces", metavar="ID", help="The reservation whose place it takes.")
@timeout_option
@json_option
@node_options
def add(identity: str, token: str, *, node: Node, as_json: bool, timeout: float, **given: Any) -> None:
    """Ask the station IDENTITY to keep a place for TOKEN."""
    expires_at = _until(given.pop("minutes"), given.pop("until"))
    named = {name: value for name, value in given.items() if value is not None}
    body = {"station": identity, "token": token, "expires_at": expires_at, **named}
    made: dict[str, Any] = node.post("/reservations", body, patience=timeout + LEEWAY, timeout=timeout)
    if as_json:
        print_json(made)
    if made["state"] == "Refused":
        raise Failure(
            f"{identity} does not keep the place (it answered {made['answer']}); "
            "try another --evse, or see why with 'amperanto tail'."
        )
    if not as_json:
        console().print(f"{identity} keeps a place for {token}: reservation {made['id']}.", markup=False)


@reservations.command("list")
@click.option("--station", metavar="IDENTITY", help="Only those of this station.")
@click.option("--state", type=click.Choice(STATES), help="Only those that stand so.")
@json_option
@node_options
def list_(*, node: Node, as_json: bool, station: str | None, state: str | None) -> None:
    """List the reservations, the newest first."""
    known = node.all("/reservations", station=station, state=state)
    if as_json:
        print_json(known)
    else:
        print_table(COLUMNS, [one | {"expires": moment(one.get("expires_at"))} for one in known])


@reservations.command("cancel")
@click.argument("reservation")
@timeout_option
@json_option
@node_options
def cancel(reservation: str, *, node: Node, as_json: bool, timeout: float) -> None:
    """Give up the place that RESERVATION keeps."""
    ended: dict[str, Any] = node.delete(
        f"/reservations/{place(reservation)}", patience=timeout + LEEWAY, timeout=timeout
    )
    if as_json:
        print_json(ended)
    elif ended["state"] == "Cancelled":
        console().print(f"{ended['station']} keeps the place no longer.", markup=False)
    else:
        console().print(f"It is {ended['state']} already ({ended['answer'] or 'it ended'}).", markup=False)


def _until(minutes: int | None, until: str | None) -> str:
    if until is None:
        return (datetime.now(UTC) + timedelta(minutes=minutes or 30)).isoformat()
    if minutes is not None:
        raise click.UsageError("Say either --minutes or --until.")
    try:
        at = datetime.fromisoformat(until)
    except ValueError as error:
        raise click.BadParameter("write it like 2030-12-31T23:59:59Z.", param_hint="--until") from error
    if at.tzinfo is None:
        raise click.BadParameter("say which time zone, like 2030-12-31T23:59:59Z.", param_hint="--until")
    return at.isoformat()
