"""Where 1.6's connectors are."""

import pytest

from amperanto.dialects import NotSpoken, PlainContext, Topology
from amperanto.domain.stations import EvseRef


def test_connector_n_is_ordinarily_connector_1_of_evse_n() -> None:
    topology = Topology()
    assert topology.place(3) == EvseRef(3, 1)
    assert topology.connector(EvseRef(3, 1)) == 3
    assert topology.connector(EvseRef(3)) == 3


def test_connector_0_is_the_station() -> None:
    assert Topology().place(0) == EvseRef(0)
    assert Topology().connector(EvseRef(0)) == 0


def test_an_ordinary_evse_has_no_second_connector() -> None:
    with pytest.raises(NotSpoken, match=r"no 1\.6 connector for EVSE 3 connector 2"):
        Topology().connector(EvseRef(3, 2))


TWO_PLUGS = Topology({1: EvseRef(1, 1), 2: EvseRef(1, 2), 3: EvseRef(2, 1)})


def test_a_topology_places_several_connectors_at_one_evse() -> None:
    assert TWO_PLUGS.place(2) == EvseRef(1, 2)
    assert TWO_PLUGS.connector(EvseRef(1, 2)) == 2
    assert TWO_PLUGS.connector(EvseRef(2)) == 3
    assert TWO_PLUGS.connectors(EvseRef(1)) == [1, 2]


def test_an_evse_of_several_connectors_must_be_told_which() -> None:
    with pytest.raises(NotSpoken, match="several connectors"):
        TWO_PLUGS.connector(EvseRef(1))


def test_a_connector_number_taken_elsewhere_is_not_taken_for_an_evse() -> None:
    with pytest.raises(NotSpoken):
        TWO_PLUGS.connector(EvseRef(3))


def test_the_plain_context_tells_the_time_in_utc_and_knows_no_transactions() -> None:
    context = PlainContext()
    assert context.now().utcoffset() is not None
    assert context.transaction_where("1") is None
