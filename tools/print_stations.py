"""Print docs/stations/: a page for each vendor with a quirk, from the quirk and its transcripts."""

from __future__ import annotations

import inspect
import sys
from collections import defaultdict
from enum import Enum
from pathlib import Path

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT))

from tests.support.transcripts import Transcript, transcripts  # noqa: E402

from amperanto.dialects.quirks.built_in import BUILT_IN  # noqa: E402
from amperanto.dialects.quirks.quirk import Quirk  # noqa: E402
from amperanto.domain import behaviour  # noqa: E402

PAGES = ROOT / "docs" / "stations"
EVERYBODY = "Nothing special: what it does is understood of every station."


def said(name: str) -> str:
    """What a field of `Behaviour` means, from the text below it."""
    lines = inspect.getsource(behaviour.Behaviour).splitlines()
    place = next(n for n, line in enumerate(lines) if line.strip().startswith(f"{name}:"))
    return lines[place + 1].strip().strip('"').rstrip(".")


def plain(value: object) -> str:
    """A value for people."""
    if isinstance(value, frozenset | tuple):
        return ", ".join(f"`{one}`" for one in sorted(value))
    if isinstance(value, bool):
        return "yes" if value else "no"
    return f"`{value.value if isinstance(value, Enum) else value}`"


def section(quirk: Quirk, shown: list[Transcript]) -> str:
    """One quirk of a page."""
    names = ", ".join(f"{what} `{pattern}`" for what, pattern in quirk.named.items() if pattern != "*")
    parts = [f"## {quirk.title}\n", f"Recognised by {names}. Its quirk is called `{quirk.name}`.\n"]
    parts += ["| seen | where |\n|---|---|", *(f"| {one.seen} | {one.reference} |" for one in quirk.sources), ""]
    done = [f"- {(change.__doc__ or '').splitlines()[0]}" for change in quirk.changes.values()]
    done += [f"- {said(name)}: {plain(value)}" for name, value in quirk.behaviour.differences().items()]
    parts += ["What we do, and take into account:\n", *(done or [f"- {EVERYBODY}"]), ""]
    if quirk.behaviour.hints:
        parts += ["What to know:\n", *(f"- {hint}" for hint in quirk.behaviour.hints), ""]
    for one in shown:
        note = f": {one.about['note']}" if "note" in one.about else ""
        link = f"[{one.name}](../../tests/interop/transcripts/{one.name}.jsonl)"
        parts.append(f"Transcript {link}, OCPP {one.version}, *{one.about['how']}*{note}.")
    return "\n".join(parts).rstrip() + "\n"


def pages() -> dict[str, str]:
    """Every page by its file name."""
    shown: dict[str | None, list[Transcript]] = defaultdict(list)
    for one in transcripts():
        shown[one.about["kept"]["quirk"]].append(one)
    vendors: dict[str, list[Quirk]] = defaultdict(list)
    for quirk in BUILT_IN:
        vendors[home(quirk)].append(quirk)
    printed = {"README.md": index(vendors, shown)}
    for vendor, quirks in vendors.items():
        told = (sys.modules[f"amperanto.dialects.quirks.{vendor}"].__doc__ or "").strip()
        head, _, rest = told.partition(":")
        text = rest.strip()[:1].upper() + rest.strip()[1:]
        body = "\n".join(section(quirk, shown[quirk.name]) for quirk in quirks)
        printed[f"{vendor}.md"] = f"# {head}\n\n{text}\n\n{body}"
    return printed


def home(quirk: Quirk) -> str:
    """The file that holds a quirk."""
    names = (name for name in sys.modules if name.startswith("amperanto.dialects.quirks."))
    return next(
        name.rpartition(".")[2]
        for name in sorted(names)
        if not name.endswith(("built_in", "quirk")) and quirk in vars(sys.modules[name]).values()
    )


def index(vendors: dict[str, list[Quirk]], shown: dict[str | None, list[Transcript]]) -> str:
    """The list of the vendors."""
    lines = [
        "# Stations, by vendor\n",
        "What stations of these makes do that the standard does not say, as it has been seen in the field; firmware",
        "may have been mended since. *Heard* means that a transcript was recorded from such a station, *reconstructed*",
        "that it was made from the source that saw it. What any station may do is in",
        "[what we do when stations lie](../topics/when-stations-lie.md). Printed by `make docs` from",
        "`src/amperanto/dialects/quirks`.\n",
        "| make | put right | taken into account | transcripts |",
        "|---|---|---|---|",
    ]
    for vendor, quirks in vendors.items():
        for quirk in quirks:
            how = {"heard" if one.about["how"] == "recorded" else "reconstructed" for one in shown[quirk.name]}
            put, taken = len(quirk.changes), len(quirk.behaviour.differences())
            lines.append(f"| [{quirk.title}]({vendor}.md) | {put or ''} | {taken or ''} | {', '.join(sorted(how))} |")
    return "\n".join(lines) + "\n"


def main() -> int:
    """Print every page, or check that every page is printed and no other is there."""
    wanted, stale = pages(), list[str]()
    for name, text in wanted.items():
        path = PAGES / name
        if not path.exists() or path.read_text() != text:
            stale.append(name)
            if "--check" not in sys.argv:
                PAGES.mkdir(exist_ok=True)
                path.write_text(text)
    stale += [path.name for path in PAGES.glob("*.md") if path.name not in wanted]
    print(f"changed: {', '.join(stale)}" if stale else "the stations' pages are in step")
    return 1 if stale and "--check" in sys.argv else 0


if __name__ == "__main__":
    raise SystemExit(main())
