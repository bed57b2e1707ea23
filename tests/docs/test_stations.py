"""The pages of the vendors are what their quirks and transcripts say."""

import runpy
from pathlib import Path

TOOL = Path(__file__).parents[2] / "tools" / "print_stations.py"


def test_every_vendors_page_is_printed_and_no_other_is_there() -> None:
    tool = runpy.run_path(str(TOOL))
    wanted = tool["pages"]()
    there = {path.name: path.read_text() for path in tool["PAGES"].glob("*.md")}
    assert there == wanted, "run `make docs`"
