"""Text that is JSON but for its commas: some firmware writes one too many (quirks.md §2).

Only commas that separate nothing are taken away: after an opening bracket or another comma, and before a closing
bracket. What is inside strings is never touched, and nothing is added, so no value can come to mean another.
"""

import re

__all__ = ["without_stray_commas"]

TOKEN = re.compile(r'"[^"\\]*(?:\\.[^"\\]*)*"|[\[\]{},]|[^"\[\]{},]+', re.DOTALL)
STRAY = re.compile(r"[\[{,]\s*,|,\s*[\]},]")


def without_stray_commas(text: str | bytes) -> str | None:
    """The text without commas that separate nothing; None where there are none, or it is no UTF-8."""
    if isinstance(text, bytes):
        try:
            text = text.decode()
        except UnicodeDecodeError:
            return None
    if STRAY.search(text) is None:
        return None
    kept: list[str] = []
    for part in TOKEN.findall(text):
        if part == "," and _last(kept) in ("[", "{", ","):
            continue
        if part in ("]", "}") and _last(kept) == ",":
            while kept.pop() != ",":
                pass
        kept.append(part)
    mended = "".join(kept)
    return None if mended == text else mended


def _last(kept: list[str]) -> str:
    """The last token that is more than white space."""
    return next((part for part in reversed(kept) if not part.isspace()), "")
