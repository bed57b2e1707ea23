"""What an EVSE is follows from its connectors' words and from the transaction that runs there, or does not."""

from datetime import UTC, datetime
from typing import Any

import pytest

from amperanto.conformance.requirements import requirement
from amperanto.domain.availability import evse_state
from amperanto.domain.behaviour import ORDINARY, Behaviour
from amperanto.domain.stations import Availability, ChargingState, Connector, EvseRef, StationId

A, C = Availability, ChargingState
ENDLESS = Behaviour(finishes_after_unplugging=False)


def said(availability: A, charging: C | None = None, **more: Any) -> Connector:
    return Connector(
        station=StationId("s"), where=EvseRef(1, 1), availability=availability, charging=charging,
        since=datetime(2026, 5, 1, tzinfo=UTC), **more,
    )  # fmt: skip


@requirement("1.6:StatusNotification-6")
@pytest.mark.parametrize(
    ("connector", "charging", "is_"),
    [
        (said(A.AVAILABLE), False, (A.AVAILABLE, None)),
        (said(A.AVAILABLE), True, (A.OCCUPIED, None)),
        (said(A.OCCUPIED, C.CHARGING), True, (A.OCCUPIED, C.CHARGING)),
        (said(A.OCCUPIED, C.CHARGING), False, (A.OCCUPIED, C.EV_CONNECTED)),
        (said(A.OCCUPIED), False, (A.OCCUPIED, None)),
        (said(A.FAULTED), True, (A.FAULTED, None)),
        (said(A.UNAVAILABLE), False, (A.UNAVAILABLE, None)),
        (said(A.RESERVED), False, (A.RESERVED, None)),
        (said(A.OCCUPIED, C.EV_CONNECTED, native="Finishing"), False, (A.OCCUPIED, C.EV_CONNECTED)),
    ],
)
def test_a_transaction_is_surer_than_the_word(connector: Connector, charging: bool, is_: tuple[A, C | None]) -> None:
    assert evse_state([connector], ORDINARY, charging=charging) == is_


def test_a_make_that_finishes_for_ever_is_available_when_nothing_runs() -> None:
    finishing = said(A.OCCUPIED, C.EV_CONNECTED, native="Finishing")
    assert evse_state([finishing], ENDLESS, charging=False) == (A.AVAILABLE, None)
    assert evse_state([finishing], ENDLESS, charging=True) == (A.OCCUPIED, C.EV_CONNECTED)


def test_an_evse_is_in_use_if_one_connector_is_and_else_what_the_best_offers() -> None:
    free, broken, used = said(A.AVAILABLE), said(A.FAULTED), said(A.OCCUPIED, C.CHARGING)
    assert evse_state([free, used], ORDINARY, charging=True) == (A.OCCUPIED, C.CHARGING)
    assert evse_state([broken, free], ORDINARY, charging=False) == (A.AVAILABLE, None)
    assert evse_state([broken, said(A.UNAVAILABLE)], ORDINARY, charging=False) == (A.FAULTED, None)
    assert evse_state([], ORDINARY, charging=True) == (A.OCCUPIED, None)
    assert evse_state([], ORDINARY, charging=False) == (None, None)
