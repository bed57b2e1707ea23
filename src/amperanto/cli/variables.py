"""`amperanto stations variables`: how a station is set, what it reports, and values for it.

A value that cannot be sent now waits for the station; the exit code is 1 where a value was refused.
"""

from __future__ import annotations

from typing import Any

import click

from amperanto.cli.client import Node, node_options, place
from amperanto.cli.failure import Failure
from amperanto.cli.output import console, json_option, moment, print_json, print_table

COLUMNS = {
    "called": "variable",
    "told": "value",
    "mutability": "may be",
    "unit": "unit",
    "seen": "as of",
    "by": "set by",
}
RESULTS = {"called": "variable", "status": "result", "read": "reads", "info": "because"}
DONE = frozenset({"Accepted", "RebootRequired", "Waiting"})
REPORT_SECONDS = 120.0
LEEWAY = 60.0


@click.command("variables")
@click.argument("identity")
@click.option("--report", is_flag=True, help="Ask the station for a full report first.")
@click.option(
    "--set",
    "settings",
    multiple=True,
    metavar="COMPONENT.VARIABLE=VALUE",
    help="Set a value; may be given several times. It waits for a station that is not connected.",
)
@click.option("--contains", metavar="TEXT", help="Show those with this in their name only, like TxCtrlr.EV.")
@json_option
@node_options
def variables(
    identity: str, *, node: Node, report: bool, settings: tuple[str, ...], contains: str | None, as_json: bool
) -> None:
    """Show the variables of the station IDENTITY, report them, or set them.

    For OCPP 1.6 its configuration keys are shown as the variables they stand for; vendors' keys are variables of
    ConfigurationKeys.
    """
    given = [_given(text) for text in settings]
    path = f"/stations/{place(identity)}/variables"
    if report:
        made = node.post(f"{path}/report", {}, patience=REPORT_SECONDS + LEEWAY, timeout=REPORT_SECONDS)
        if not made["complete"]:
            raise Failure(_incomplete(identity, made))
    if given:
        _set(node, path, given, as_json=as_json)
        return
    known = node.all(path, contains=contains)
    if as_json:
        print_json(known)
        return
    print_table(COLUMNS, [_row(one) for one in known])
    if not known and contains is None:
        console().print(
            f"\nNothing is known yet; ask with 'amperanto stations variables {identity} --report'.", markup=False
        )


def _given(text: str) -> dict[str, str]:
    name, equals, value = text.partition("=")
    if not equals or not name:
        raise click.UsageError(f"{text!r} sets nothing; write it like TxCtrlr.EVConnectionTimeOut=120.")
    return {"name": name, "value": value}


def _set(node: Node, path: str, given: list[dict[str, str]], *, as_json: bool) -> None:
    answer = node.put(path, {"values": given}, patience=REPORT_SECONDS + LEEWAY)
    results: list[dict[str, Any]] = answer["items"]
    if as_json:
        print_json(results)
    else:
        print_table(RESULTS, [one | {"called": _called(one)} for one in results])
    refused = [one for one in results if one["status"] not in DONE]
    if refused:
        raise Failure(
            f"{len(refused)} of {len(results)} values were not set ({_called(refused[0])}: {refused[0]['status']}); "
            "see the results above, and what the station has with 'amperanto stations variables'."
        )


def _incomplete(identity: str, made: dict[str, Any]) -> str:
    if made["status"] == "NoAnswer":
        return (
            f"{identity} did not send its whole report in time ({made['parts']} parts came); "
            f"what came is kept, see it with 'amperanto stations variables {identity}'."
        )
    why = f"{made['status']}, {made['info']}" if made["info"] else made["status"]
    return f"{identity} does not report its variables ({why}); see its frames with 'amperanto tail {identity}'."


def _called(one: dict[str, Any]) -> str:
    """Its name, with the attribute where it is not the ordinary one."""
    name, attribute = str(one["name"]), str(one["attribute"])
    return name if attribute == "Actual" else f"{name}#{attribute}"


def _row(one: dict[str, Any]) -> dict[str, Any]:
    told = one["value"]
    if one["reboot_required"]:
        told = f"{told if told is not None else '–'} ({one['pending'] or 'another'} after a restart)"
    return {**one, "called": _called(one), "told": told, "seen": moment(one["seen_at"])}
