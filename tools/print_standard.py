"""Print docs/standard/<block>.md from the requirements and from the tests that are marked with them."""

from __future__ import annotations

import sys
from pathlib import Path

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT))

from tests.support.proofs import proofs  # noqa: E402

from amperanto.conformance.requirements import BLOCKS, Requirement  # noqa: E402

HEAD = "| requirement | binds | versions | what it asks | proved by |\n|---|---|---|---|---|"


def page(block: str, proved: dict[str, list[str]]) -> str:
    """One block's page."""
    title, asked = BLOCKS[block]
    done = [one for one in asked if one.id in proved]
    deferred = [one for one in asked if one.deferred]
    said = (
        f"# {title}\n\n{len(asked)} requirements, {len(done)} proved by tests, {len(deferred)} deferred. "
        "In our own words; ids with `FR` are the standard's, the others are counted by us. Printed by `make docs`.\n"
    )
    if asked:
        said += f"\n{HEAD}\n" + "\n".join(row(one, proved) for one in asked) + "\n"
    return said


def row(one: Requirement, proved: dict[str, list[str]]) -> str:
    """One requirement's line."""
    tests = [f"[{name.partition('::')[2]}](../../{name.partition('::')[0]})" for name in proved.get(one.id, [])]
    proof = "<br>".join(tests) or f"*deferred*: {one.deferred}"
    words = one.words + (f" *We differ*: {one.divergence}" if one.divergence else "")
    return f"| {one.id} | {one.role} | {', '.join(one.versions)} | {words} | {proof} |"


def index(proved: dict[str, list[str]]) -> str:
    """The list of the blocks."""
    said = "# The standard, block by block\n\n"
    said += "What OCPP asks of a CSMS and of a station, and which test proves that we do it.\n\n"
    said += "| block | requirements | proved | deferred |\n|---|---|---|---|\n"
    for block, (title, asked) in BLOCKS.items():
        done = sum(one.id in proved for one in asked)
        said += f"| [{title}]({block}.md) | {len(asked)} | {done} | {sum(bool(one.deferred) for one in asked)} |\n"
    return said


def pages() -> dict[str, str]:
    """Every page by its file name."""
    proved = proofs()
    return {"README.md": index(proved), **{f"{block}.md": page(block, proved) for block in BLOCKS}}


def main() -> int:
    """Print every page, or check that every page is printed."""
    stale: list[str] = []
    for name, text in pages().items():
        path = ROOT / "docs" / "standard" / name
        if not path.exists() or path.read_text() != text:
            stale.append(name)
            if "--check" not in sys.argv:
                path.write_text(text)
    print(f"changed: {', '.join(stale)}" if stale else "the standard's pages are in step")
    return 1 if stale and "--check" in sys.argv else 0


if __name__ == "__main__":
    raise SystemExit(main())
