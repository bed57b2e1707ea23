"""The examples run as they stand, the one against the other and against the command line."""

import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

EXAMPLES = Path(__file__).parents[2] / "examples"
AMPERANTO = Path(sys.executable).with_name("amperanto")
SECONDS = 60


@contextmanager
def own_csms() -> Iterator[str]:
    """The example's address while it runs."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    command = [sys.executable, "-u", str(EXAMPLES / "own_csms.py"), str(port)]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL) as program:
        try:
            yield f"ws://127.0.0.1:{port}/CP1"
        finally:
            program.kill()


def run(*command: str) -> str:
    """What a program says that has to succeed; once more while the CSMS is not there yet."""
    for _ in range(20):
        done = subprocess.run(command, check=False, capture_output=True, text=True, timeout=SECONDS)
        if done.returncode == 0 or "Nobody answers" not in done.stderr:
            break
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_an_own_csms_lets_the_command_line_s_station_charge() -> None:
    with own_csms() as url:
        said = run(str(AMPERANTO), "station", url, "--version", "2.0.1", "--charge", "1kWh", "--speed", "3000")
    assert "Charged 1.000 kWh" in said


def test_the_station_example_charges_at_the_own_csms() -> None:
    with own_csms() as url:
        run(str(AMPERANTO), "station", url, "--version", "2.0.1", "--charge", "1kWh", "--speed", "3000")
        said = run(sys.executable, str(EXAMPLES / "station_for_your_csms.py"), url, "2.0.1")
    assert "charged 5000 Wh" in said


@pytest.mark.parametrize("example", sorted(EXAMPLES.glob("*.py")), ids=lambda path: path.name)
def test_an_example_fits_on_a_screen(example: Path) -> None:
    assert len(example.read_text().splitlines()) <= 40
