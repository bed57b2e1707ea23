"""`amperanto stations`: which stations may connect, and how they are."""

from __future__ import annotations

from typing import Any

import click
from rich_click import RichGroup

from amperanto.cli.client import Node, node_options, place
from amperanto.cli.failure import Failure
from amperanto.cli.output import console, joined, json_option, moment, print_json, print_table
from amperanto.cli.quirks import quirks
from amperanto.cli.sites import settings, unknown_option
from amperanto.cli.variables import variables
from amperanto.cli.wanted import wanted

COLUMNS = {
    "identity": "station",
    "state": "now",
    "ocpp_version": "OCPP",
    "registration": "registration",
    "made_by": "made by",
    "seen": "last seen",
}
WAITING = {
    "identity": "waits in the inbox",
    "remote": "from",
    "reason": "because",
    "seen": "last seen",
}
LIST_COLUMNS = {
    "wanted": "wanted",
    "step": "now",
    "version": "version",
    "entries": "tokens",
    "left_out": "left out",
    "result": "last answer",
    "detail": "because",
    "seen": "at",
}
LIST_SECONDS = 600.0
"""A long list is many messages, and each may take its time."""
REGISTRATIONS = click.Choice(["Accepted", "Pending", "Rejected"])

password_option = click.option(
    "--password", metavar="TEXT", help="Its password.  [default: a new one is made and shown once]"
)
profile_option = click.option(
    "--security-profile",
    type=click.IntRange(0, 3),
    metavar="N",
    help="0: it needs no password; 1: it needs one.  [default: 1]",
)
registration_option = click.option(
    "--registration", type=REGISTRATIONS, help="How its boot is answered.  [default: Accepted]"
)


site_option = click.option("--site", metavar="SITE", help="Where it stands: the site's name or id.")


@click.group(cls=RichGroup)
def stations() -> None:
    """The stations a running node knows."""


@stations.command("add")
@click.argument("identity")
@password_option
@profile_option
@registration_option
@site_option
@unknown_option
@json_option
@node_options
def add(identity: str, *, node: Node, as_json: bool, **given: Any) -> None:
    """Let the station IDENTITY connect."""
    _tell(node.post("/stations", {"identity": identity, **settings(given)}), as_json=as_json, verb="added")


@stations.command("change")
@click.argument("identity")
@registration_option
@site_option
@unknown_option
@json_option
@node_options
def change(identity: str, *, node: Node, as_json: bool, **given: Any) -> None:
    """Change the station IDENTITY; what is not named stays."""
    changed: dict[str, Any] = node.patch(f"/stations/{place(identity)}", settings(given))
    _tell(changed, as_json=as_json, verb="changed")


@stations.command("list")
@json_option
@node_options
def list_(*, node: Node, as_json: bool) -> None:
    """List the stations, and those that wait in the inbox to be accepted."""
    known = node.all("/stations")
    if as_json:
        print_json(known)
        return
    print_table(COLUMNS, [_row(one) for one in known])
    waiting = node.all("/inbox")
    if waiting:
        console().print()
        print_table(WAITING, [one | {"seen": moment(one.get("last_seen"))} for one in waiting])
        console().print("\nLet one in with 'amperanto stations accept IDENTITY'.")


@stations.command("accept")
@click.argument("identity")
@password_option
@profile_option
@registration_option
@json_option
@node_options
def accept(identity: str, *, node: Node, as_json: bool, **given: Any) -> None:
    """Let the station IDENTITY in that waits in the inbox."""
    _tell(node.post(f"/inbox/{place(identity)}/accept", _named(given)), as_json=as_json, verb="accepted")


@stations.command("remove")
@click.argument("identity")
@json_option
@node_options
def remove(identity: str, *, node: Node, as_json: bool) -> None:
    """Forget the station IDENTITY and disconnect it; its transactions are kept."""
    node.delete(f"/stations/{place(identity)}")
    if as_json:
        print_json({"identity": identity, "removed": True})
    else:
        console().print(f"{identity} is removed.", markup=False)


@stations.command("local-list")
@click.argument("identity")
@click.option("--sync", is_flag=True, help="Send what it lacks, now; from then on it follows the tokens by itself.")
@json_option
@node_options
def local_list(identity: str, *, sync: bool, node: Node, as_json: bool) -> None:
    """Show which tokens the station IDENTITY knows by itself (its local authorization list)."""
    path = f"/stations/{place(identity)}/local-list"
    told: dict[str, Any] = node.post(f"{path}/sync", {}, patience=LIST_SECONDS) if sync else node.get(path)
    if as_json:
        print_json(told)
    else:
        print_table(LIST_COLUMNS, [told | {"seen": moment(told.get("at")), "step": _step(told)}])
    if sync and not told["in_step"] and not told["waiting"]:
        said = joined([told["result"], told["detail"]]).rstrip(".")
        raise Failure(f"{identity} did not take its list ({said}); see its frames with 'amperanto tail'.")


def _step(told: dict[str, Any]) -> str:
    """How far the station is with its list."""
    if told["wanted"] is None:
        return "nothing is wanted"
    if told["in_step"]:
        return "in step"
    return "follows by itself" if told["waiting"] else "send it with --sync"


stations.add_command(quirks)
stations.add_command(variables)
stations.add_command(wanted)


def _named(given: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in given.items() if value is not None}


def _tell(made: dict[str, Any], *, as_json: bool, verb: str) -> None:
    if as_json:
        print_json(made)
        return
    out = console()
    out.print(f"{made['identity']} is {verb}.", markup=False)
    if made.get("password"):
        out.print(f"Its password, shown only now: {made['password']}", markup=False)


def _row(station: dict[str, Any]) -> dict[str, Any]:
    hardware: dict[str, Any] = station.get("hardware") or {}
    return {
        **station,
        "state": "connected" if station.get("online") else "offline",
        "made_by": joined([hardware.get("vendor"), hardware.get("model")]),
        "seen": moment(station.get("last_seen")),
    }
