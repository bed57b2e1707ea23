"""The command line: `amperanto …`.

`COMMANDS` names each command, the module that holds it and its one line of help. A command's module is loaded
when the command is used, never to print the list: `amperanto --help` brings in neither the server nor the
protocol. Modules here are either a command (its options, and what it prints) or shared by several:
`client` talks to a running node by REST, `output` prints, `failure` is how a command says that it failed.

Exit codes: 0 done, 1 refused or failed, 2 wrong usage. A failure is one sentence on stderr, with the next
step.
"""

from __future__ import annotations

import importlib
from collections.abc import Generator
from contextlib import contextmanager
from typing import Any, NamedTuple, cast

import click
from click.exceptions import Exit, NoArgsIsHelpError
from rich_click import RichCommand, RichGroup

from amperanto import __version__
from amperanto.cli.failure import sentence


class Place(NamedTuple):
    """Where a command is kept, and what the list of commands says of it."""

    module: str
    attribute: str
    help: str


COMMANDS = {
    "demo": Place("demo", "demo", "A CSMS and three stations in this terminal, cars charging."),
    "serve": Place("serve", "serve", "Run a node: a door for stations, one for programs."),
    "station": Place("station", "station", "A charging station in software, for any CSMS."),
    "stations": Place("stations", "stations", "The stations a running node knows."),
    "start": Place("remote_control", "start", "Let TOKEN charge at the station IDENTITY, and say what came of it."),
    "stop": Place(
        "remote_control", "stop", "Stop the transaction that runs at the station IDENTITY, and say what came of it."
    ),
    "unlock": Place("remote_control", "unlock", "Open the cable lock of a connector of the station IDENTITY."),
    "reset": Place("remote_control", "reset", "Restart the station IDENTITY."),
    "availability": Place(
        "availability", "availability", "Take the station IDENTITY, or a part of it, into service or out of it."
    ),
    "trigger": Place(
        "remote_control",
        "trigger",
        "Have the station IDENTITY send a MESSAGE now, like StatusNotification or MeterValues.",
    ),
    "sites": Place("sites", "sites", "Where stations stand, and by which clock."),
    "reservations": Place("reservations", "reservations", "Places kept free for a token."),
    "reviews": Place("reviews", "reviews", "What waits for a person, and the decision about it."),
    "payments": Place("payments", "payments", "Money held for a charge without a contract (OCPP 2.1)."),
    "tokens": Place("tokens", "tokens", "The tokens that may charge."),
    "tariffs": Place("tariffs", "tariffs", "What charging costs, and for whom."),
    "transactions": Place(
        "transactions", "transactions", "What was charged, what is doubtful about it, what it is billed by."
    ),
    "records": Place("records", "records", "What each charge cost, and why."),
    "signed": Place("signed", "signed", "Signed meter readings, and the keys of meters."),
    "tail": Place("tail", "tail", "A station's frames, live and decoded."),
    "send": Place("send", "send", "Send a station a command and print its answer."),
}


class Commands(RichGroup):
    """The group of all commands, each loaded when it is used."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """The names, in the order of the table."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """What the list shows of a command; `resolve_command` puts the real one in its place."""
        place = COMMANDS.get(cmd_name)
        return None if place is None else RichCommand(name=cmd_name, help=place.help)

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """The command the arguments name, and the arguments that are its own."""
        name, command, rest = super().resolve_command(ctx, args)
        return name, command if name is None else load(name), rest

    def make_context(
        self, info_name: str | None, args: list[str], parent: click.Context | None = None, **extra: Any
    ) -> click.Context:
        """Read the options before the command's name."""
        with _said_in_a_sentence():
            return super().make_context(info_name, args, parent, **extra)

    def invoke(self, ctx: click.Context) -> Any:
        """Run the command the arguments name."""
        with _said_in_a_sentence():
            return super().invoke(ctx)


def load(name: str) -> click.Command:
    """The command of that name. Raises KeyError."""
    place = COMMANDS[name]
    module = importlib.import_module(f"{__name__}.{place.module}")
    return cast("click.Command", getattr(module, place.attribute))


@click.command(cls=Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="amperanto", message="%(prog)s %(version)s")
def main() -> None:
    """Amperanto, an open platform for OCPP: any charging station, run by any software."""


@contextmanager
def _said_in_a_sentence() -> Generator[None]:
    """What goes wrong inside is one sentence on stderr, and the exit code."""
    try:
        yield
    except NoArgsIsHelpError:
        raise
    except click.ClickException as error:
        click.echo(sentence(error), err=True)
        raise Exit(error.exit_code) from None
