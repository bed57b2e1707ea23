"""`amperanto start | stop | unlock | reset | trigger`: a station from afar, with a plain answer.

`start` and `stop` wait until it is known what came of them. A station that does not do it makes the exit code 1; why,
is in the sentence, and in the JSON.
"""

from __future__ import annotations

from typing import Any

import click
from rich_click import RichCommand

from amperanto.cli.client import Node, node_options, place
from amperanto.cli.failure import Failure
from amperanto.cli.output import console, json_option, print_json

TIMEOUT, WAIT, LEEWAY = 30.0, 180.0, 5.0
ADVICE = {
    "offline": "try again when 'amperanto stations list' shows it connected",
    "not_accepted": "try again when its boot is accepted",
    "not_spoken": "see which version it speaks with 'amperanto stations list'",
    "busy": "try again when it has answered what is waiting for it",
}
SEE_WHY = "see why with 'amperanto tail {identity}'"

timeout_option = click.option(
    "--timeout",
    type=click.FloatRange(min=0.1, max=600),
    default=TIMEOUT,
    metavar="SECONDS",
    help="How long the station's answer may take.  [default: 30]",
)
wait_option = click.option(
    "--wait",
    type=click.FloatRange(min=0, max=600),
    default=WAIT,
    metavar="SECONDS",
    help="How long to wait for what comes of it; 0: only for the station's answer.  [default: 180]",
)
evse_option = click.option("--evse", type=click.IntRange(min=1), metavar="N", help="At which EVSE.")


@click.command(cls=RichCommand)
@click.argument("identity")
@click.argument("token")
@click.option("--evse", type=click.IntRange(min=1), metavar="N", help="At which EVSE.  [default: the station chooses]")
@wait_option
@timeout_option
@json_option
@node_options
def start(
    identity: str, token: str, *, node: Node, evse: int | None, wait: float, timeout: float, as_json: bool
) -> None:
    """Let TOKEN charge at the station IDENTITY, and say what came of it."""
    body = {"station": identity, "token": token} | ({} if evse is None else {"evse": evse})
    told: dict[str, Any] = node.post(
        "/remote-starts", body, patience=wait + timeout + LEEWAY, timeout=timeout, wait=wait
    )
    if as_json:
        print_json(told)
    state, reason = told["state"], (told["reason"] or "").rstrip(".")
    if state in ("Failed", "Refused", "TimedOut"):
        word = {"Failed": "was not reached", "Refused": "refuses", "TimedOut": "did not start"}[state]
        advice = ADVICE.get(told["failure"] or "", SEE_WHY.format(identity=identity))
        raise Failure(f"{identity} {word}: {reason}; {advice}.")
    if as_json:
        return
    if state == "Started":
        console().print(f"{identity} charges {token}: transaction {told['transaction']}.", markup=False)
    else:
        console().print(
            f"{identity} {'accepted' if state == 'Accepted' else 'was asked'}; nothing came of it yet. "
            f"See /api/v1/remote-starts/{told['id']}.",
            markup=False,
        )


@click.command(cls=RichCommand)
@click.argument("identity")
@click.option("--evse", type=click.IntRange(min=1), metavar="N", help="At which EVSE, where several charge.")
@click.option("--transaction", metavar="ID", help="Which transaction, by our id.")
@wait_option
@timeout_option
@json_option
@node_options
def stop(
    identity: str,
    *,
    node: Node,
    evse: int | None,
    transaction: str | None,
    wait: float,
    timeout: float,
    as_json: bool,
) -> None:
    """Stop the transaction that runs at the station IDENTITY, and say what came of it."""
    chosen = transaction or _running(node, identity, evse)
    told: dict[str, Any] = node.post(
        f"/transactions/{place(chosen)}/stop", {}, patience=wait + timeout + LEEWAY, timeout=timeout, wait=wait
    )
    if as_json:
        print_json(told)
    if told["state"] == "Refused":
        raise Failure(
            f"{identity} does not stop it (it answered {told['answer']}); {SEE_WHY.format(identity=identity)}."
        )
    if as_json:
        return
    words = {
        "Ended": f"{identity} ended transaction {chosen}.",
        "EnergyOff": f"{identity} gives no more energy; transaction {chosen} ends when the car is unplugged.",
    }
    console().print(words.get(told["state"], f"{identity} accepted, but charges still."), markup=False)


def _running(node: Node, identity: str, evse: int | None) -> str:
    """The one transaction that is meant."""
    running = [
        one for one in node.all("/transactions", station=identity, state="Open") if evse is None or one["evse"] == evse
    ]
    if not running:
        raise Failure(f"Nothing charges at {identity}; see 'amperanto stations show {identity}'.")
    if len(running) > 1:
        places = ", ".join(str(one["evse"]) for one in running)
        raise Failure(f"Several charge at {identity} (EVSE {places}); name one with --evse.")
    return str(running[0]["id"])


@click.command(cls=RichCommand)
@click.argument("identity")
@click.option("--evse", type=click.IntRange(min=1), default=1, metavar="N", help="At which EVSE.  [default: 1]")
@click.option("--connector", type=click.IntRange(min=1), default=1, metavar="N", help="Which of it.  [default: 1]")
@timeout_option
@json_option
@node_options
def unlock(identity: str, *, node: Node, evse: int, connector: int, timeout: float, as_json: bool) -> None:
    """Open the cable lock of a connector of the station IDENTITY."""
    body = {"evseId": evse, "connectorId": connector}
    told = _ask(node, identity, "UnlockConnector", body, timeout)
    if as_json:
        print_json(told)
    why = {
        "UnlockFailed": "it tried, but the lock did not open",
        "OngoingAuthorizedTransaction": "somebody charges there; stop it first with 'amperanto stop'",
        "UnknownConnector": "it has no such connector, or no lock there",
    }
    status = str(told["status"])
    if status != "Unlocked":
        raise Failure(f"{identity} does not unlock: {why.get(status, status)} (it answered {status}).")
    if not as_json:
        console().print(f"{identity} unlocked the connector.", markup=False)


@click.command(cls=RichCommand)
@click.argument("identity")
@click.option("--now", is_flag=True, help="At once, ending what charges.  [default: once nobody charges]")
@evse_option
@timeout_option
@json_option
@node_options
def reset(identity: str, *, node: Node, now: bool, evse: int | None, timeout: float, as_json: bool) -> None:
    """Restart the station IDENTITY."""
    body: dict[str, Any] = {"type": "Immediate" if now else "OnIdle"} | ({} if evse is None else {"evseId": evse})
    told = _ask(node, identity, "Reset", body, timeout)
    if as_json:
        print_json(told)
    status = str(told["status"])
    if status not in ("Accepted", "Scheduled"):
        raise Failure(f"{identity} does not restart (it answered {status}); {SEE_WHY.format(identity=identity)}.")
    if not as_json:
        when = "now" if status == "Accepted" else "once nobody charges"
        console().print(f"{identity} restarts {when}.", markup=False)


@click.command(cls=RichCommand)
@click.argument("identity")
@click.argument("message")
@evse_option
@click.option("--connector", type=click.IntRange(min=1), metavar="N", help="Which of that EVSE.")
@click.option("--custom", metavar="NAME", help="Which one, with CustomTrigger (OCPP 2.1).")
@timeout_option
@json_option
@node_options
def trigger(identity: str, message: str, *, node: Node, timeout: float, as_json: bool, **given: Any) -> None:
    """Have the station IDENTITY send a MESSAGE now, like StatusNotification or MeterValues."""
    body = {"message": message} | {name: value for name, value in given.items() if value is not None}
    told: dict[str, Any] = node.post(
        f"/stations/{place(identity)}/trigger", body, patience=timeout + LEEWAY, timeout=timeout
    )
    if as_json:
        print_json(told)
    if told["status"] != "Accepted":
        raise Failure(
            f"{identity} does not send it (it answered {told['status']}); {SEE_WHY.format(identity=identity)}."
        )
    if not as_json:
        console().print(f"{identity} sends {message}.", markup=False)


def _ask(node: Node, identity: str, action: str, body: dict[str, Any], timeout: float) -> dict[str, Any]:
    path = f"/stations/{place(identity)}/ocpp/{action}"
    told: dict[str, Any] = node.post(path, body, patience=timeout + LEEWAY, timeout=timeout)
    return told
