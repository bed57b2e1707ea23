"""What translation drops, told to people: docs/topics/what-is-dropped.md, made from the exchanges."""

from __future__ import annotations

from collections.abc import Iterable

from amperanto.dialects.dialect import Translation
from amperanto.dialects.v2 import V2
from amperanto.dialects.v16 import V16


def page() -> str:
    """Every exchange with what it drops and why, and what is not spoken, as Markdown."""
    parts: list[str] = []
    for exchanges in (V16, V2):
        parts.append(f"## {exchanges.family}\n")
        parts += [_section(one) for one in sorted(exchanges.translations, key=lambda one: one.name)]
        refused = {kind.__name__.removesuffix("Request"): reason for kind, reason in exchanges.reasons.items()}
        if refused:
            parts.append(f"### Not spoken\n\n{_table(('what', 'why'), refused.items())}")
    return "\n".join(parts).strip()


def _section(one: Translation) -> str:
    wires = " or ".join(f"`{kind.action}`" for kind in one.wires)
    neutrals = ", ".join(f"`{kind.__name__.removesuffix('Request')}`" for kind in one.neutrals)
    head = f"### {one.name}\n\n{wires} on the wire, {neutrals} in the house."
    if not one.drops:
        return f"{head} Nothing is dropped.\n"
    return f"{head}\n\n{_table(('field', 'why'), ((f'`{name}`', why) for name, why in one.drops.items()))}"


def _table(titles: tuple[str, str], rows: Iterable[tuple[str, str]]) -> str:
    lines = [
        f"| {titles[0]} | {titles[1]} |",
        "|---|---|",
        *(f"| {left} | {right} |" for left, right in rows),
    ]
    return "\n".join(lines) + "\n"


__all__ = ["page"]
