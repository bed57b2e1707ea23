"""`amperanto serve`: one node in the foreground, until it is told to end."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import click
import uvloop
from rich_click import RichCommand

from amperanto import app
from amperanto.cli import running
from amperanto.cli.interruption import interrupted
from amperanto.settings import Settings


@click.command(cls=RichCommand)
@click.option(
    "--data",
    metavar="DIR",
    type=click.Path(path_type=Path, file_okay=False),
    help="Where everything is kept.  [default: $XDG_DATA_HOME/amperanto]",
)
@click.option(
    "--ocpp-port",
    type=click.IntRange(0, 65535),
    metavar="PORT",
    help="Where stations connect; 0 takes a free one.  [default: 9000]",
)
@click.option("--ocpp-host", metavar="HOST", help="On which address.  [default: all]")
@click.option(
    "--http-port",
    type=click.IntRange(0, 65535),
    metavar="PORT",
    help="Where programs connect; 0 takes a free one.  [default: 8080]",
)
@click.option("--http-host", metavar="HOST", help="On which address.  [default: 127.0.0.1]")
@click.option("--database", metavar="URL", help="Another database than the SQLite file in DIR, like postgresql://….")
def serve(**flags: Any) -> None:
    """Run a node: a door for stations, one for programs.

    It runs in the foreground; Ctrl-C or SIGTERM ends it, and nothing is lost. Whatever is not given here is read
    from AMPERANTO_… and from amperanto.toml in the data directory.
    """
    settings = running.settings_of(flags)
    running.prepare(settings.data)
    running.log_to(sys.stderr)
    uvloop.run(_serve(settings))


async def _serve(settings: Settings) -> None:
    node = await running.started(settings)
    try:
        for line in _greeting(settings, node):
            click.echo(line)
        await interrupted()
        click.echo("Ending: connections are closed, everything is kept.")
    finally:
        await node.stop()


def _greeting(settings: Settings, node: app.Node) -> list[str]:
    host = settings.http_host if settings.http_host not in ("", "0.0.0.0", "::") else "127.0.0.1"
    door = f"http://{f'[{host}]' if ':' in host else host}:{node.http_port}"
    lines = ["Amperanto runs."]
    lines += [
        f"  stations   ws://{address}:{node.ocpp_port}/IDENTITY   (each its identity in place of IDENTITY)"
        for address in running.addresses(settings.ocpp_host)
    ]
    lines += [f"  programs   {door}/api/v1   (documented at {door}/docs)", f"  data       {settings.data}"]
    if node.admin_key:
        path = settings.data / running.KEY_FILE
        lines += [
            "",
            f"The administrator's key, shown only now: {node.admin_key}",
            f"It is kept in {path}, where the commands find it.",
        ]
    return [*lines, "", "Let a station in with 'amperanto stations add IDENTITY'. Ctrl-C ends it."]
