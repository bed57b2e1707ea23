"""What an EVSE is, told together: what its connectors said last, and whether a transaction runs there (G01).

A connector's word is kept as it was told, and any may follow any. But some stations never say Available again after a
charge, or say Available while they charge; what the transaction shows is surer than the word. So the state of an EVSE
is derived here, and the words stay beside it.
"""

from __future__ import annotations

from collections.abc import Iterable

from amperanto.domain.behaviour import Behaviour
from amperanto.domain.stations import Availability, ChargingState, Connector

DRAWING = frozenset({ChargingState.CHARGING, ChargingState.SUSPENDED_EV, ChargingState.SUSPENDED_EVSE})
_FIRST = (Availability.OCCUPIED, Availability.AVAILABLE, Availability.RESERVED, Availability.FAULTED)
FINISHING = "Finishing"


def connector_state(
    connector: Connector, behaviour: Behaviour, *, charging: bool
) -> tuple[Availability, ChargingState | None]:
    """What a connector is; `charging`: a transaction runs at its EVSE."""
    said, state = connector.availability, connector.charging
    if charging:
        return (Availability.OCCUPIED if said is Availability.AVAILABLE else said), state
    if said is not Availability.OCCUPIED:
        return said, state
    if connector.native == FINISHING and not behaviour.finishes_after_unplugging:
        return Availability.AVAILABLE, None  # the word of this make lasts until the next charge
    return said, ChargingState.EV_CONNECTED if state in DRAWING else state


def evse_state(
    connectors: Iterable[Connector], behaviour: Behaviour, *, charging: bool
) -> tuple[Availability | None, ChargingState | None]:
    """What an EVSE is: in use if one of its connectors is, else the best that one of them offers."""
    states = [connector_state(one, behaviour, charging=charging) for one in connectors]
    states.sort(key=lambda one: one[1] is None)  # what a connector told of its car goes first
    for wanted in _FIRST:
        for availability, state in states:
            if availability is wanted:
                return availability, state
    if states:
        return Availability.UNAVAILABLE, None
    return (Availability.OCCUPIED if charging else None), None
