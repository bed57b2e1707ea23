"""What a driver reads at the station: prices, running and final costs, and addresses to pay at.

Each EVSE keeps the texts it showed, the newest last; number 0 is what is shown by the reader, before an EVSE is chosen.
"""

from __future__ import annotations

KEPT = 100


class Screen:
    """The display of one station."""

    def __init__(self) -> None:
        self._shown: dict[int, list[str]] = {}

    def show(self, evse: int, text: str) -> None:
        """Show a text in place of the one before."""
        shown = self._shown.setdefault(evse, [])
        shown.append(text)
        del shown[:-KEPT]

    def shown(self, evse: int = 0) -> list[str]:
        """What was shown, the newest last."""
        return list(self._shown.get(evse, ()))
