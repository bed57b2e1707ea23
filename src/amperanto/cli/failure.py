"""How a command says that it failed: one sentence with the next step on stderr, exit code 1."""

from __future__ import annotations

import click


class Failure(click.ClickException):
    """A command was refused or failed. The message is one sentence that names the next step."""


def sentence(error: click.ClickException) -> str:
    """What goes to stderr: who says it, and what; wrong usage also where to read on."""
    if not isinstance(error, click.UsageError):
        return f"amperanto: {error.format_message()}"
    command = "amperanto" if error.ctx is None else error.ctx.command_path
    said = error.format_message().rstrip(".")
    return f"{command}: {said}; see '{command} --help'."
