"""What the pages say exists: links, files, targets, decisions, dependencies."""

import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PAGES = sorted(
    [*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md"), *(ROOT / "changes").glob("*.md")],
)
DECISIONS = sorted((ROOT / "docs" / "decisions").glob("[0-9]*.md"))
NAMES = [str(page.relative_to(ROOT)) for page in PAGES]


def without_code(text: str) -> str:
    return re.sub(r"^```.*?^```", "", text, flags=re.DOTALL | re.MULTILINE)


def anchors(text: str) -> set[str]:
    heads = re.findall(r"^#+ (.+)$", without_code(text), flags=re.MULTILINE)
    return {re.sub(r"[^\w -]", "", head.lower()).replace(" ", "-") for head in heads}


@pytest.mark.parametrize("page", PAGES, ids=NAMES)
def test_every_link_leads_somewhere(page: Path) -> None:
    for link in re.findall(r"\]\(([^)\s]+)\)", without_code(page.read_text())):
        if link.startswith(("http://", "https://")):
            continue
        path, _, anchor = link.partition("#")
        there = (page.parent / path).resolve() if path else page
        assert there.exists(), f"{link} leads nowhere"
        assert there.is_relative_to(ROOT), f"{link} leaves the repository"
        assert not anchor or anchor in anchors(there.read_text()), f"{link}: no such heading"


@pytest.mark.parametrize("page", PAGES, ids=NAMES)
def test_every_page_can_be_found_from_the_readme(page: Path) -> None:
    seen, ahead = set[Path](), {ROOT / "README.md"}
    while ahead:
        here = ahead.pop()
        seen.add(here)
        links = re.findall(r"\]\(([^)#\s]+\.md)", without_code(here.read_text()))
        ahead |= {(here.parent / link).resolve() for link in links if "://" not in link} - seen
    fragment = page.parent.name == "changes"
    assert page in seen or fragment, "no page links here"


@pytest.mark.parametrize("page", PAGES, ids=NAMES)
def test_every_make_target_named_exists(page: Path) -> None:
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), flags=re.MULTILINE))
    named = re.findall(r"(?:^|`)make ([a-z-]+)", page.read_text(), flags=re.MULTILINE)
    assert set(named) <= targets


def test_every_file_named_in_the_walk_through_exists() -> None:
    walk = (ROOT / "ARCHITECTURE.md").read_text().split("## Follow one")[1].split("\n## ")[0]
    files = re.findall(r"`([a-z0-9_]+/[a-z0-9_/]+\.py)`", walk)
    assert len(files) >= 9
    assert [file for file in files if not (ROOT / "src" / "amperanto" / file).is_file()] == []


def test_every_room_has_its_sentence() -> None:
    text = (ROOT / "ARCHITECTURE.md").read_text()
    told = text.split("a sentence each")[1].split("\n## ")[0]
    source = ROOT / "src" / "amperanto"
    rooms = {path.stem for path in source.iterdir() if path.suffix == ".py" or (path / "__init__.py").exists()}
    assert {room for room in rooms if not room.startswith("__")} <= set(re.findall(r"`(\w+)`", told))


def test_decisions_are_numbered_and_listed() -> None:
    index = (ROOT / "docs" / "decisions" / "README.md").read_text()
    assert [int(page.name[:4]) for page in DECISIONS] == list(range(1, len(DECISIONS) + 1))
    for page in DECISIONS:
        title = page.read_text().splitlines()[0].removeprefix("# ")
        assert f"- [{title}]({page.name})" in index


@pytest.mark.parametrize("page", DECISIONS, ids=[page.stem for page in DECISIONS])
def test_a_decision_says_context_decision_and_consequences(page: Path) -> None:
    said = re.findall(r"^\*\*(\w+)\.\*\* \S", page.read_text(), flags=re.MULTILINE)
    assert said == ["Context", "Decision", "Consequences"]


def test_every_dependency_has_its_reason() -> None:
    with (ROOT / "pyproject.toml").open("rb") as file:
        settings = tomllib.load(file)
    lists = [
        settings["project"]["dependencies"],
        *settings["project"]["optional-dependencies"].values(),
        *settings["dependency-groups"].values(),
    ]
    wanted = {re.split(r"[^\w-]", line)[0] for lines in lists for line in lines}
    page = (ROOT / "docs" / "decisions" / "0014-dependencies.md").read_text()
    rows = re.findall(r"^\| (`.+?) \| \S", page, flags=re.MULTILINE)
    assert wanted == {name for row in rows for name in re.findall(r"`([\w-]+)`", row)}


def test_lock_files_hold_hashes_and_no_addresses() -> None:
    for lock in (ROOT / "requirements").glob("*.txt"):
        text = lock.read_text()
        entries = re.split(r"\n(?=\S)", re.sub(r"^#.*\n", "", text, flags=re.MULTILINE).strip())
        assert all("==" in entry and "--hash=sha256:" in entry for entry in entries), lock.name
        assert not re.search(r"https?:|file:|--index|--find-links", text), lock.name
    for lock in ROOT.glob("tests/**/package-lock.json"):
        if "node_modules" not in lock.parts:
            assert '"resolved"' not in lock.read_text()


def test_change_fragments_are_named_for_their_kind() -> None:
    kinds = {"added", "changed", "fixed", "removed", "security"}
    fragments = [path for path in (ROOT / "changes").glob("*.md") if path.name != "README.md"]
    assert [path.name for path in fragments if path.stem.rpartition(".")[2] not in kinds] == []


@pytest.mark.parametrize("tool", ["print_docs.py", "print_standard.py"])
def test_printed_parts_are_what_the_code_says(tool: str) -> None:
    command = [sys.executable, str(ROOT / "tools" / tool), "--check"]
    run = subprocess.run(command, check=False, capture_output=True, text=True, timeout=60)
    assert run.returncode == 0, f"{run.stdout}{run.stderr}: run make docs"
