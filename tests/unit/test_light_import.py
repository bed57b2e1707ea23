"""The protocol library and the command line stay light for those who want nothing else."""

import json
import subprocess
import sys

SERVER = {"litestar", "uvicorn", "uvloop", "sqlalchemy", "alembic", "aiosqlite", "httpx2", "argon2"}
MEASURE = """
import json, sys, time
before = time.process_time()
import {module}
print(json.dumps([time.process_time() - before, sorted(sys.modules)]))
"""


def imported(module: str) -> tuple[float, set[str]]:
    """Seconds of processor time one import takes in a new interpreter, and all it brought in."""
    command = [sys.executable, "-c", MEASURE.format(module=module)]
    run = subprocess.run(command, capture_output=True, text=True, check=True, timeout=60)
    seconds, modules = json.loads(run.stdout)
    return seconds, set(modules)


def test_the_protocol_brings_neither_a_loop_nor_a_server() -> None:
    _, modules = imported("amperanto.ocpp")
    assert not modules & (SERVER | {"asyncio", "websockets", "rich_click"})


def test_the_protocol_is_imported_in_150_milliseconds() -> None:
    imported("amperanto.ocpp")  # the first run may still be compiling
    assert min(imported("amperanto.ocpp")[0] for _ in range(5)) <= 0.150


def test_the_command_line_starts_without_the_server() -> None:
    _, modules = imported("amperanto.cli")
    assert not modules & (SERVER - {"httpx2"})


def test_the_domain_brings_nothing_but_itself() -> None:
    _, modules = imported("amperanto.domain.stations")
    ours = {name for name in modules if name.startswith("amperanto.")}
    assert {name.split(".")[1] for name in ours} == {"domain"}
    assert "msgspec" not in modules
