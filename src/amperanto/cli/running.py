"""Running a node in this process: its settings, its start, and what keeps it from starting.

What goes wrong at a start is the operator's to put right, so each cause is told apart: a setting, the data
directory, a port that is taken, a port that needs more rights, a database that does not open.
"""

from __future__ import annotations

import errno
import logging
import os
import shutil
import socket
import sys
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple, TextIO

import structlog

from amperanto import app
from amperanto.cli.failure import Failure
from amperanto.settings import Settings, SettingsError, load

KEY_FILE = "admin.key"


def settings_of(flags: Mapping[str, Any]) -> Settings:
    """The settings from these flags, the environment and the file. Raises Failure."""
    try:
        settings = load({name: str(value) if isinstance(value, Path) else value for name, value in flags.items()})
    except SettingsError as error:
        said = f"{str(error)[:1].upper()}{str(error)[1:]}"
        raise Failure(f"{said}; correct that, or name another data directory with --data.") from error
    return replace(settings, data=settings.data.absolute())


def prepare(data: Path) -> None:
    """Make the data directory, for its owner alone, and see that it can be used. Raises Failure."""
    try:
        data.mkdir(parents=True, exist_ok=True, mode=0o700)
    except OSError as error:
        raise Failure(
            f"The data directory {data} cannot be made ({error.strerror}); name another with --data."
        ) from error
    if not os.access(data, os.R_OK | os.W_OK | os.X_OK):
        raise Failure(f"The data directory {data} cannot be used; change its rights, or name another by --data.")
    for path in (data / "amperanto.db", data / KEY_FILE):
        if path.exists() and not os.access(path, os.R_OK | os.W_OK):
            raise Failure(f"{path} cannot be read and written; change its rights, or name another directory by --data.")


async def started(settings: Settings, **options: Any) -> app.Node:
    """A running node. Raises Failure with the cause and the next step."""
    for host, port, flag in (
        (settings.ocpp_host, settings.ocpp_port, "--ocpp"),
        (settings.http_host, settings.http_port, "--http"),
    ):
        problem = trouble_with(host, port)
        if problem is not None:
            raise Failure(f"{problem.text}; name another with {flag}-{problem.part}.")
    try:
        return await app.start(settings, **options)
    except OSError as error:
        raise Failure(f"The node cannot start: {error.strerror or error}; see --help for what to set.") from error
    except ModuleNotFoundError as error:  # a database's driver comes with the extra `cluster`
        raise Failure(
            f"This database needs the Python package {error.name}, which is not installed; "
            f"install it with '{Path(sys.executable).with_name('pip')} install {error.name}'."
        ) from error
    except app.StoreError as error:
        raise Failure(
            f"The database does not open ({error}); put that right, or name another directory by --data."
        ) from error


class Trouble(NamedTuple):
    """Why nobody can listen, and which part of the address another would help."""

    text: str
    part: str


def trouble_with(host: str, port: int) -> Trouble | None:
    """Why nobody can listen there, or None; port 0 is always free."""
    try:
        families = socket.getaddrinfo(host or None, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
    except (OSError, UnicodeError):
        return Trouble(f"There is no address {host!r} on this machine", "host")
    for family, kind, protocol, _, address in families:
        with socket.socket(family, kind, protocol) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            if family == socket.AF_INET6:
                probe.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
            try:
                probe.bind(address)
                probe.listen(1)
            except OSError as error:
                if error.errno == errno.EADDRINUSE:
                    return Trouble(f"Port {port} is taken by another program", "port")
                if error.errno in (errno.EACCES, errno.EPERM):
                    return Trouble(f"Port {port} may not be opened by this user", "port")
                if error.errno == errno.EADDRNOTAVAIL and host:
                    return Trouble(f"There is no address {host!r} on this machine", "host")
    return None


def addresses(host: str) -> list[str]:
    """Where this machine may be reached, as others would type it."""
    if host not in ("", "0.0.0.0", "::"):
        return [f"[{host}]" if ":" in host else host]
    found: list[str] = []
    with suppress(OSError), socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        # Connecting a datagram socket sends nothing; it tells which address this machine would send from.
        probe.connect(("192.0.2.1", 9))
        found.append(str(probe.getsockname()[0]))
    return found or ["127.0.0.1"]


def typed() -> str:
    """How somebody types our command in this directory: its path where the shell does not find it by name."""
    program = Path(sys.argv[0]).absolute()
    if shutil.which("amperanto") == str(program):
        return "amperanto"
    return str(program.relative_to(Path.cwd())) if program.is_relative_to(Path.cwd()) else str(program)


def log_to(file: TextIO) -> None:
    """Write what the node logs there, away from what the command itself prints."""
    # No renderer that prints the local variables of a traceback: they may hold what must stay secret.
    plain = structlog.dev.ConsoleRenderer(colors=file.isatty(), exception_formatter=structlog.dev.plain_traceback)
    structured = structlog.processors.JSONRenderer(default=str)
    structlog.configure(
        logger_factory=structlog.WriteLoggerFactory(file),
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            *([] if file.isatty() else [structlog.processors.format_exc_info]),
            plain if file.isatty() else structured,
        ],
    )
    logging.basicConfig(stream=file, level=logging.WARNING, format="%(asctime)s %(levelname)s %(name)s: %(message)s")
    # What strangers send to the HTTP port is answered there, and no news; of a WebSocket uvicorn would say to
    # install a library.
    logging.getLogger("uvicorn.error").setLevel(logging.ERROR)
