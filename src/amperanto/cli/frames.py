"""OCPP frames as people read them: who says it, which action, what is in it.

A frame is an array: [2, id, action, payload] asks, [3, id, payload] answers, [4, id, code, text, details] and
2.1's [5, …] refuse, 2.1's [6, id, action, payload] tells. An answer does not name its action; the Reader
remembers what was asked.
"""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass
from typing import Any

import msgspec
from rich.text import Text

ASKED = 256
"""How many questions are remembered for the answers to come."""
STYLES = {
    "asks": "bold cyan",
    "answers": "green",
    "refuses": "bold red",
    "tells": "bold magenta",
    "unreadable": "red",
}
KINDS = {2: "asks", 3: "answers", 4: "refuses", 5: "refuses", 6: "tells"}


@dataclass(frozen=True, slots=True)
class Frame:
    """A frame, taken apart. `payload` is the text itself where it is no OCPP."""

    kind: str
    message_id: str
    action: str
    payload: Any


class Reader:
    """Takes frames apart and gives answers the action of their question."""

    def __init__(self) -> None:
        self._asked: OrderedDict[tuple[bool, str], str] = OrderedDict()

    def read(self, text: str, *, incoming: bool) -> Frame:
        """One frame; `incoming` is its direction. Never raises."""
        try:
            parts = msgspec.json.decode(text, type=list[Any])
            kind = KINDS[parts[0]]
            message_id = str(parts[1])
            if kind in ("asks", "tells"):
                return self._asks(Frame(kind, message_id, str(parts[2]), parts[3]), incoming)
            action = self._asked.pop((not incoming, message_id), "")
            if kind == "answers":
                return Frame(kind, message_id, action, parts[2])
            return Frame(kind, message_id, action, {"code": parts[2], "description": parts[3], "details": parts[4]})
        except (msgspec.DecodeError, KeyError, IndexError, TypeError, RecursionError):
            return Frame("unreadable", "", "", text)

    def _asks(self, frame: Frame, incoming: bool) -> Frame:
        if frame.kind == "asks":
            self._asked[incoming, frame.message_id] = frame.action
            if len(self._asked) > ASKED:
                self._asked.popitem(last=False)
        return frame


def line(frame: Frame, *, incoming: bool, at: str = "") -> Text:
    """A frame on one line, in colour: `→` comes from the station, `←` goes to it."""
    text = Text(no_wrap=True, overflow="ellipsis")
    if at:
        text.append(f"{at}  ", style="dim")
    text.append("→ " if incoming else "← ", style="blue" if incoming else "yellow")
    name = (
        f"{frame.action or '?'} {'' if frame.kind == 'asks' else frame.kind}".strip()
        if frame.action or frame.kind != "unreadable"
        else "unreadable"
    )
    text.append(f"{name}  ", style=STYLES[frame.kind])
    text.append(frame.payload if isinstance(frame.payload, str) else msgspec.json.encode(frame.payload).decode())
    return text
