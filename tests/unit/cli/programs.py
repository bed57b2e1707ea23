"""The real command line as programs of its own, with a bound on every wait."""

import os
import queue
import signal
import subprocess
import sys
import threading
from functools import partial
from pathlib import Path
from typing import IO

from click.testing import CliRunner, Result

from amperanto.cli import main

AMPERANTO = Path(sys.executable).with_name("amperanto")
SECONDS = 30.0


class Program:
    """`amperanto …`, running."""

    def __init__(self, *words: str) -> None:
        self.process = subprocess.Popen(
            [str(AMPERANTO), *words],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env=environment(),
            # A background job inherits an ignored SIGINT; the programs here are spoken to by it.
            preexec_fn=partial(signal.signal, signal.SIGINT, signal.SIG_DFL),  # noqa: PLW1509 - no threads yet
        )
        assert self.process.stdout is not None
        assert self.process.stderr is not None
        self._lines: queue.Queue[str | None] = queue.Queue()
        self._threads = [
            threading.Thread(target=self._read, args=(file,)) for file in (self.process.stdout, self.process.stderr)
        ]
        for thread in self._threads:
            thread.start()

    def _read(self, file: IO[str]) -> None:
        for line in file:
            self._lines.put(line)
        self._lines.put(None)

    def until(self, part: str) -> str:
        """The next line that has this in it."""
        seen: list[str] = []
        ends = 0
        try:
            while ends < len(self._threads):
                line = self._lines.get(timeout=SECONDS)
                if line is not None and part in line:
                    return line
                ends += line is None
                seen.append(line or "")
        except queue.Empty:
            seen.append("(and waits)")
        raise AssertionError(f"{part!r} was never said, but: {''.join(seen)}")

    def end(self, number: signal.Signals = signal.SIGTERM) -> int:
        """Ask it to end; its exit code."""
        self.process.send_signal(number)
        return self.ended()

    def ended(self) -> int:
        """Its exit code, once it has ended."""
        code = self.process.wait(SECONDS)
        for thread in self._threads:
            thread.join(SECONDS)
        return code

    def __enter__(self) -> "Program":
        return self

    def __exit__(self, *_: object) -> None:
        self.process.kill()
        self.ended()
        for file in (self.process.stdout, self.process.stderr):
            assert file is not None
            file.close()


def environment() -> dict[str, str]:
    """Ours, without what would lead a command to some other node."""
    return {name: value for name, value in os.environ.items() if not name.startswith("AMPERANTO_")} | {"COLUMNS": "200"}


def run(*words: str) -> Result:
    """A command in this process; `stdout`, `stderr` and `exit_code` are its."""
    return CliRunner().invoke(main, list(words), prog_name="amperanto")


def sentence(result: Result, code: int = 1) -> str:
    """What a failed command said: one sentence, on stderr alone."""
    assert result.exit_code == code, result.output
    assert result.stdout == ""
    assert result.stderr.count("\n") == 1
    assert result.stderr.endswith(".\n")
    return result.stderr
