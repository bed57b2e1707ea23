"""Every code block of the pages: Python runs, JSON parses, commands exist with the options shown."""

import json
import re
import shlex
import subprocess
import sys
from functools import cache
from pathlib import Path
from typing import NamedTuple

import click
import pytest

from amperanto.cli import COMMANDS, load

ROOT = Path(__file__).parents[2]
PAGES = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")])
AMPERANTO = Path(sys.executable).with_name("amperanto")


class Block(NamedTuple):
    """A fenced block, and where it stands."""

    place: str
    language: str
    text: str


def blocks() -> list[Block]:
    found: list[Block] = []
    for page in PAGES:
        text = page.read_text()
        for match in re.finditer(r"^```(\w*)\n(.*?)^```", text, flags=re.DOTALL | re.MULTILINE):
            line = text[: match.start()].count("\n") + 1
            found.append(Block(f"{page.relative_to(ROOT)}:{line}", match[1], match[2]))
    return found


def commands() -> list[tuple[str, tuple[str, ...]]]:
    """Each use of our command line, in a block or in the text, cut into words."""
    found: list[tuple[str, tuple[str, ...]]] = []
    for block in blocks():
        for line in block.text.splitlines():
            words = shlex.split(line, comments=True) if re.match(r"(\S*bin/)?amperanto ", line) else []
            if words:
                found.append((block.place, tuple(words[1:])))
    for page in PAGES:
        inline = re.findall(r"`amperanto ([^`]+)`", page.read_text())
        found.extend((str(page.relative_to(ROOT)), tuple(shlex.split(words))) for words in inline)
    return found


@cache
def help_of(*words: str) -> str | None:
    """The help text of a command, or None where there is no such command."""
    run = subprocess.run(
        [str(AMPERANTO), *words, "--help"],
        check=False,
        capture_output=True,
        text=True,
        timeout=60,
        env={"COLUMNS": "200", "NO_COLOR": "1", "PATH": "/usr/bin:/bin", "LC_ALL": "C.UTF-8"},
    )
    return run.stdout if run.returncode == 0 else None


GROUPS = {name for name in COMMANDS if isinstance(load(name), click.Group)}
CASES = {" ".join(words): (place, words) for place, words in commands()}


@pytest.mark.parametrize("case", CASES.values(), ids=CASES.keys())
def test_a_command_shown_exists_with_its_options(case: tuple[str, tuple[str, ...]]) -> None:
    _, words = case
    plain = [word for word in words if not word.startswith("-")]
    name = plain[: 2 if plain[:1] and plain[0] in GROUPS else 1]
    text = help_of(*name)
    assert text is not None, f"there is no command {' '.join(name)!r}"
    for option in (word.split("=")[0] for word in words if word.startswith("--")):
        assert re.search(rf"{option}\b", text), f"{' '.join(name)} has no option {option}"


PYTHON = {block.place: block for block in blocks() if block.language == "python"}


@pytest.mark.parametrize("block", PYTHON.values(), ids=PYTHON.keys())
def test_python_shown_runs(block: Block) -> None:
    command = [sys.executable, "-W", "error", "-c", block.text]
    run = subprocess.run(command, check=False, timeout=60, stderr=subprocess.PIPE)
    assert run.returncode == 0, run.stderr.decode()


def test_json_shown_on_a_command_line_parses() -> None:
    shown = [word for _, words in commands() for word in words if word.startswith(("{", "["))]
    shown += [block.text for block in blocks() if block.language == "json"]
    assert shown, "the README shows how a command is sent"
    for text in shown:
        json.loads(text)
