"""Every extension point of the product, one line of docstring each.

A hook is a function under an entry point group; `load` finds the installed ones once, at start.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from importlib.metadata import entry_points

from amperanto.domain.stations import Station

DATA_TRANSFER = "amperanto.data_transfer"

DataTransferHook = Callable[[Station, str | None, object], Awaitable[tuple[str, object]]]


@dataclass(frozen=True, slots=True)
class Hooks:
    """The extensions in use. `data_transfer` maps a vendorId to who answers its DataTransfer messages."""

    data_transfer: Mapping[str, DataTransferHook] = field(default_factory=dict[str, DataTransferHook])


def load() -> Hooks:
    """The hooks that installed packages offer: the entry point's name is the vendorId."""
    return Hooks(data_transfer={point.name: point.load() for point in entry_points(group=DATA_TRANSFER)})
