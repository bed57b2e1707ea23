"""`amperanto send`: one command to one station, and its answer.

The words are OCPP 2.1's, whatever the station speaks; the node translates. With --raw they are the station's
own. A station that answers, but does not do it, makes the exit code 1; its answer is printed all the same.
"""

from __future__ import annotations

import sys
from typing import Any

import click
import msgspec
from rich_click import RichCommand

from amperanto.cli.client import Node, node_options, place
from amperanto.cli.failure import Failure
from amperanto.cli.output import json_option, print_json, print_json_line

LEEWAY = 5.0
"""How many seconds the node has beyond the station's, to say that there was no answer."""
NOT_DONE = frozenset(
    {
        "Rejected",
        "Failed",
        "NotSupported",
        "NotImplemented",
        "Occupied",
        "Faulted",
        "Unavailable",
        "UnlockFailed",
        "UnknownConnector",
        "OngoingAuthorizedTransaction",
        "UnknownVendorId",
        "UnknownMessageId",
        "UnknownVendor",
    }
)
"""What a station's `status` says when it does not do what it was asked (1.6's and 2.x's words)."""


@click.command(cls=RichCommand)
@click.argument("identity")
@click.argument("action")
@click.argument("payload", metavar="[JSON]", default="{}")
@click.option("--raw", is_flag=True, help="The station's own words, not OCPP 2.1's.")
@click.option(
    "--timeout",
    type=click.FloatRange(min=0.1, max=600),
    default=30.0,
    metavar="SECONDS",
    help="How long the answer may take.  [default: 30]",
)
@json_option
@node_options
def send(identity: str, action: str, payload: str, *, node: Node, raw: bool, timeout: float, as_json: bool) -> None:
    """Send a station a command and print its answer.

    IDENTITY is the station, ACTION like Reset, JSON the request in the words of OCPP 2.1; "-" reads it from the
    standard input. The exit code is 1 where the station answers that it does not do it.
    """
    body = _read(payload)
    path = f"/stations/{place(identity)}/{'raw' if raw else 'ocpp'}/{place(action)}"
    answer: Any = node.post(path, body, patience=timeout + LEEWAY, timeout=timeout)
    if as_json:
        print_json_line(answer)
    else:
        print_json(answer)
    status = _status(answer)
    if status in NOT_DONE:
        raise Failure(f"{identity} does not do it (it answered {status}); see why with 'amperanto tail {identity}'.")


def _status(answer: Any) -> str | None:
    try:
        return msgspec.convert(answer, dict[str, Any]).get("status")
    except msgspec.ValidationError:
        return None


def _read(payload: str) -> msgspec.Raw:
    """The request as it was written."""
    text = sys.stdin.read() if payload == "-" else payload
    try:
        msgspec.json.decode(text, type=dict[str, Any])
    except msgspec.ValidationError as error:
        raise click.UsageError('The request must be a JSON object; write it like \'{"type": "OnIdle"}\'.') from error
    except msgspec.DecodeError as error:
        raise click.UsageError(
            f'The request is no JSON ({error}); quote it for the shell, like \'{{"type": "OnIdle"}}\'.'
        ) from error
    return msgspec.Raw(text.encode())
