"""The nine states of a 1.6 connector and which may follow which (1.6 §4.9, errata 3.0 for Preparing → Finishing).

What happens at once at a real connector passes through states that last no time: a driver who starts again after
Finishing prepares first. `steps` names them, so that a station in software never tells a change the table forbids.
"""

from __future__ import annotations

from functools import cache

_TABLE = {
    "Available": "Preparing Charging SuspendedEV SuspendedEVSE Reserved Unavailable Faulted",
    "Preparing": "Available Charging SuspendedEV SuspendedEVSE Finishing Faulted",
    "Charging": "Available SuspendedEV SuspendedEVSE Finishing Unavailable Faulted",
    "SuspendedEV": "Available Charging SuspendedEVSE Finishing Unavailable Faulted",
    "SuspendedEVSE": "Available Charging SuspendedEV Finishing Unavailable Faulted",
    "Finishing": "Available Preparing Unavailable Faulted",
    "Reserved": "Available Preparing Unavailable Faulted",
    "Unavailable": "Available Preparing Charging SuspendedEV SuspendedEVSE Faulted",
    "Faulted": "Available Preparing Charging SuspendedEV SuspendedEVSE Finishing Reserved Unavailable",
}
ALLOWED = {state: frozenset(after.split()) for state, after in _TABLE.items()}
"""The states that may follow each."""
PASSING = ("Preparing", "Available", "Finishing")
"""What may last no time, the likeliest first."""


@cache
def steps(before: str | None, after: str) -> tuple[str, ...]:
    """The states told from `before` to `after`, which is the last; one where the table allows it at once."""
    if before is None or before == after or after in ALLOWED.get(before, ()):
        return (after,)
    for through in PASSING:
        if through in ALLOWED.get(before, ()) and after in ALLOWED[through]:
            return (through, after)
    return (after,)
