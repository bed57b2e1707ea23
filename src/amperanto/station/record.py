"""What truly happened at a station, one JSON line a fact: a file of its own that no fault can reach.

A station tells its CSMS what its meter and its clock show, and either may lie (`faults.py`). Here is what was: the time
of the true clock in UTC, to the millisecond, and the energy the meter really let through, in Wh with all its decimals
(`register_wh`; a display shows the whole ones of it). Who adds it up needs nothing else and nothing of ours.

Each line has `at`, `station` and `what`; about an EVSE also `evse`, `register_wh` and `state` (2.x chargingState):

- `plugged`, `unplugged`, `arrived`, `departed`, `contactor` (`closed`), `fault`, `repaired`;
- `token` (`token`, `token_type`): one was held to the reader;
- `power-lost`, `power-back`: of the station;
- `transaction-started`, `-changed` (`why`), `-sampled`, `-ended` (`reason`): each with `transaction`, the station's own
  id, and `token`, `token_type` of who is authorised at that moment, null for nobody;
- `transaction-numbered` (`transaction`, `reference`): what the CSMS calls it (1.6).
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from pathlib import Path


class Record:
    """The true record of one station or of a fleet. `keep` is a file to append to, or who is given each line."""

    def __init__(self, keep: Path | str | Callable[[str], None]) -> None:
        self._path = None if callable(keep) else Path(keep)
        self._keep = keep if callable(keep) else self._append

    def write(self, station: str, at: datetime, what: str, facts: Mapping[str, object]) -> None:
        """Keep one fact."""
        instant = at.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
        self._keep(json.dumps({"at": instant, "station": station, "what": what, **facts}, separators=(",", ":")))

    def _append(self, line: str) -> None:
        assert self._path is not None
        with self._path.open("a", encoding="utf-8") as file:
            file.write(line + "\n")
