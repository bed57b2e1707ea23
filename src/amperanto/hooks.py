"""Every extension point of the product, one line of docstring each.

A hook is a function under an entry point group; `load` finds the installed ones once, at start.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from importlib.metadata import entry_points

from amperanto.domain.stations import Station
from amperanto.domain.tokens import Token, Verdict

DATA_TRANSFER = "amperanto.data_transfer"
AUTHORIZER = "amperanto.authorizer"
EVERYBODY = "*"
"""The name of an authorizer that is asked for every organisation that has none of its own."""

DataTransferHook = Callable[[Station, str | None, object], Awaitable[tuple[str, object]]]
Authorizer = Callable[[Station, Token], Awaitable[Verdict | None]]
"""Says whether a token may charge at a station, or None: it is not for me to say."""


@dataclass(frozen=True, slots=True)
class Hooks:
    """The extensions in use.

    `data_transfer` maps a vendorId to who answers its DataTransfer messages; `authorizers` an organisation, or `*`, to
    who is asked of its tokens.
    """

    data_transfer: Mapping[str, DataTransferHook] = field(default_factory=dict[str, DataTransferHook])
    authorizers: Mapping[str, Authorizer] = field(default_factory=dict[str, Authorizer])


def load() -> Hooks:
    """The hooks that installed packages offer: the entry point's name is the vendorId, or the organisation."""
    return Hooks(
        data_transfer={point.name: point.load() for point in entry_points(group=DATA_TRANSFER)},
        authorizers={point.name: point.load() for point in entry_points(group=AUTHORIZER)},
    )
