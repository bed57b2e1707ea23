"""`amperanto tokens`: who may charge, when and where."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from decimal import Decimal, InvalidOperation
from typing import Any, TypeVar

import click
from rich_click import RichGroup

from amperanto.cli.client import Node, node_options, place
from amperanto.cli.failure import Failure
from amperanto.cli.hours import places, windows
from amperanto.cli.output import console, joined, json_option, moment, print_json, print_table

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
    "aliases": "also read as",
    "meant": "did you mean",
}
GROUP_COLUMNS = {"name": "group", "status": "status", "expires": "expires", "master_pass": "master pass"}
F = TypeVar("F", bound=Callable[..., Any])


class Amount(click.ParamType[Decimal]):
    """An exact amount of money."""

    name = "amount"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Decimal:
        """The amount, digit for digit."""
        try:
            amount = Decimal(str(value))
        except InvalidOperation:
            self.fail(f"{value!r} is no amount; write it like 12.50.", param, ctx)
        return amount


AMOUNT = Amount()
status_option = click.option(
    "--status", type=click.Choice(["Accepted", "Blocked"]), help="Whether it may charge.  [default: Accepted]"
)
expiry_option = click.option("--expires-at", metavar="TIME", help="Until when, like 2030-12-31T23:59:59Z.")
hours_option = click.option(
    "--hours",
    "schedule",
    metavar="HOURS",
    multiple=True,
    help="When it may charge by the site's clock, like 'Mon-Fri 08:00-18:00' or 'daily 22:00-06:00'; several times.",
)
allow_option = click.option(
    "--allow",
    "allowed",
    metavar="PLACE",
    multiple=True,
    help="Where it may charge, like site=Quay, station=CP1, station=CP1,evse=2 or type=cCCS2; several times.",
)
deny_option = click.option(
    "--deny", "denied", metavar="PLACE", multiple=True, help="Where it may not, in the same words; several times."
)


def token_options(command: F) -> F:
    """What can be said of a token."""
    for option in (
        click.option("--note", metavar="TEXT", help="For people."),
        click.option("--message", metavar="TEXT", help="Shown to its driver by stations of OCPP 2.x."),
        click.option("--language", "language1", metavar="LANGUAGE", help="Its driver's language, like nl."),
        click.option("--credit", type=AMOUNT, metavar="AMOUNT", help="What a prepaid token has left."),
        deny_option,
        allow_option,
        hours_option,
        click.option(
            "--concurrent-limit",
            type=click.IntRange(min=1),
            metavar="N",
            help="How many charges at once.  [default: 1]",
        ),
        expiry_option,
        click.option("--group", metavar="GROUP", help="Tokens of one group may stop each other's charges."),
        status_option,
    ):
        command = option(command)
    return command


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
@token_options
@json_option
@node_options
def add(uid: str, *, node: Node, type_: str, as_json: bool, **given: Any) -> None:
    """Let the token UID charge."""
    made: dict[str, Any] = node.post("/tokens", {"uid": uid, "type": type_, **_settings(given)})
    if as_json:
        print_json(made)
    else:
        console().print(f"Token {made.get('uid')} is added ({made.get('status')}).", markup=False)


@tokens.command("change")
@click.argument("uid")
@token_options
@json_option
@node_options
def change(uid: str, *, node: Node, as_json: bool, **given: Any) -> None:
    """Change the token UID; what is not named stays."""
    settings = _settings(given)
    if not settings:
        raise Failure("Nothing was said to change; name an option, as --help lists them.")
    changed: dict[str, Any] = node.patch(f"/tokens/{place(uid)}", settings)
    if as_json:
        print_json(changed)
    else:
        print_table(COLUMNS, [_row(changed)])


@tokens.command("remove")
@click.argument("uid")
@json_option
@node_options
def remove(uid: str, *, node: Node, as_json: bool) -> None:
    """Forget the token UID: it is unknown from now on."""
    node.delete(f"/tokens/{place(uid)}")
    if as_json:
        print_json({"uid": uid, "removed": True})
    else:
        console().print(f"Token {uid} is removed.", markup=False)


@tokens.command("list")
@json_option
@node_options
def list_(*, node: Node, as_json: bool) -> None:
    """List the tokens, the unknown ones that were refused among them, and which ones those may be."""
    known = node.all("/tokens")
    if as_json:
        print_json(known)
    else:
        print_table(COLUMNS, [_row(one) for one in known])


@tokens.command("alias")
@click.argument("uid")
@click.argument("spelling")
@click.option("--remove", "gone", is_flag=True, help="Let the spelling mean nobody again.")
@json_option
@node_options
def alias(uid: str, spelling: str, *, gone: bool, node: Node, as_json: bool) -> None:
    """Let SPELLING mean the token UID, too: the same card as another reader says it."""
    path = f"/tokens/{place(uid)}/aliases"
    changed: dict[str, Any] = node.delete(f"{path}/{place(spelling)}") if gone else node.post(path, {"uid": spelling})
    if as_json:
        print_json(changed)
    else:
        console().print(f"Token {changed['uid']} is also read as: {joined(changed['aliases']) or '–'}.", markup=False)


@tokens.command("check")
@click.argument("uid")
@click.argument("station")
@click.option("--evse", type=click.IntRange(min=1), metavar="N", help="At this EVSE of the station.")
@json_option
@node_options
def check(uid: str, station: str, *, evse: int | None, node: Node, as_json: bool) -> None:
    """Say whether the token UID may charge at STATION now, and if not, why."""
    said: dict[str, Any] = node.get(f"/tokens/{place(uid)}/check", station=station, evse=evse)
    if as_json:
        print_json(said)
    elif said["accepted"]:
        where = f" at EVSE {joined(said['evses'])}" if said["evses"] else ""
        console().print(f"{uid} may charge at {station}{where}.", markup=False)
    else:
        console().print(f"{uid} may not charge at {station} now: {said['status']}.", markup=False)


@tokens.command("group")
@click.argument("name", required=False)
@status_option
@expiry_option
@hours_option
@allow_option
@deny_option
@click.option("--master-pass", is_flag=True, help="Its tokens stop any charge, and start none.")
@click.option("--remove", "gone", is_flag=True, help="Let nothing hold for the group any more.")
@json_option
@node_options
def group(name: str | None, *, gone: bool, node: Node, as_json: bool, **given: Any) -> None:
    """Say what holds for all tokens of the group NAME; without NAME, list the groups."""
    if name is None:
        known = node.all("/token-groups")
    elif gone:
        node.delete(f"/token-groups/{place(name)}")
        known = []
    else:
        known = [_said_of(node, name, _settings(given))]
    if as_json:
        print_json(known if name is None or gone else known[0])
    else:
        print_table(GROUP_COLUMNS, [one | {"expires": moment(one.get("expires_at"))} for one in known])


def _said_of(node: Node, name: str, rules: dict[str, Any]) -> dict[str, Any]:
    there = any(one["name"].casefold() == name.casefold() for one in node.all("/token-groups"))
    if there:
        return node.put(f"/token-groups/{place(name)}", rules)
    return node.post("/token-groups", {"name": name, **rules})


def _row(one: dict[str, Any]) -> dict[str, Any]:
    return one | {
        "expires": moment(one.get("expires_at")),
        "aliases": joined(one.get("aliases") or []),
        "meant": joined(one.get("did_you_mean") or []),
    }


def _settings(given: dict[str, Any]) -> dict[str, Any]:
    """What was given, in the words of the REST interface."""
    _check_time(given["expires_at"])
    named = {name: value for name, value in given.items() if value not in (None, ())}
    if "schedule" in named:
        named["schedule"] = windows(named["schedule"])
    for field in ("allowed", "denied"):
        if field in named:
            named[field] = places(named[field], f"--{field.removesuffix('ed')}")
    return named


def _check_time(when: str | None) -> None:
    if when is not None:
        try:
            at = datetime.fromisoformat(when)
        except ValueError as error:
            raise click.BadParameter("write it like 2030-12-31T23:59:59Z.", param_hint="--expires-at") from error
        if at.tzinfo is None:
            raise click.BadParameter("say which time zone, like 2030-12-31T23:59:59Z.", param_hint="--expires-at")
