"""The generated files are what the generator writes."""

import subprocess
import sys
from pathlib import Path

import amperanto.ocpp

ROOT = Path(__file__).parents[3]


def test_the_committed_output_is_current() -> None:
    command = [sys.executable, "tools/generate_ocpp.py", "--check"]
    run = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=60, check=False)
    assert run.returncode == 0, run.stderr


def test_the_schemas_carry_no_prose() -> None:
    folder = Path(amperanto.ocpp.__file__).parent / "schemas"
    for path in folder.glob("*.json"):
        text = path.read_text("utf-8")
        assert "description" not in text.replace('"description":{"', "")
        assert "Creative Commons" not in text
