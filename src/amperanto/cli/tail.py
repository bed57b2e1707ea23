"""`amperanto tail`: a station's frames as they pass, decoded, until it is interrupted.

What a station does wrong stands below the frame in which it does it. With --json each frame is one line: what
the node tells of it, and its `kind` and `payload` taken apart.
"""

from __future__ import annotations

from typing import Any

import click
from rich.text import Text
from rich_click import RichCommand

from amperanto.cli.client import Node, node_options, place
from amperanto.cli.failure import Failure
from amperanto.cli.frames import Reader, line
from amperanto.cli.output import console, moment, print_json_line


@click.command(cls=RichCommand)
@click.argument("identity")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document a line.")
@node_options
def tail(identity: str, *, node: Node, as_json: bool) -> None:
    """A station's frames, live and decoded.

    Shows what passes between the station IDENTITY and the node until Ctrl-C. An arrow to the right comes from the
    station, one to the left goes to it.
    """
    station: dict[str, Any] = node.get(f"/stations/{place(identity)}")
    watch = Watch(as_json)
    try:
        for name, told in node.stream("/messages/stream", station=identity):
            if name == "listening":
                state = "is connected" if station["online"] else "is not connected now"
                click.echo(f"{station['identity']} {state}; its frames follow.", err=True)
            elif name == "lost":
                click.echo(f"{told['lost']} frames were not shown: this was too slow.", err=True)
            elif name == "frame":
                watch.show(told)
    except KeyboardInterrupt:
        return
    raise Failure(f"The node at {node.url} ended; start it again with 'amperanto serve'.")


class Watch:
    """Prints frames as they come."""

    def __init__(self, as_json: bool) -> None:
        self._as_json = as_json
        self._out = console()
        self._reader = Reader()

    def show(self, told: dict[str, Any]) -> None:
        """Print one frame."""
        incoming = told["direction"] == "in"
        frame = self._reader.read(told["frame"], incoming=incoming)
        if self._as_json:
            action = told["action"] or frame.action or None
            print_json_line({**told, "action": action, "kind": frame.kind, "payload": frame.payload})
            return
        self._out.print(line(frame, incoming=incoming, at=moment(told["at"])[11:]))
        for violation in told["violations"]:
            self._out.print(Text(f"          ! {violation}", style="red"))
