"""Quirks: whose they are, what they change, and that nobody's message is changed twice or unseen."""

from collections.abc import Callable
from typing import Any

import pytest

from amperanto.dialects.errors import QuirkConflict
from amperanto.dialects.quirks.built_in import known_quirks
from amperanto.dialects.quirks.quirk import Quirk, QuirkInUse, Quirks
from amperanto.domain.stations import Hardware
from amperanto.ocpp import v16
from amperanto.ocpp.codec import Codec, Mode
from amperanto.ocpp.versions import Version


def station(vendor: str = "ACME Ltd", model: str = "Duo 22", firmware: str | None = "2.3.1") -> Hardware:
    return Hardware(vendor=vendor, model=model, firmware_version=firmware)


@pytest.mark.parametrize(
    ("firmware", "told", "meant"),
    [
        ("*", None, True),
        ("<2.4", "2.3.1", True),
        ("<2.4", "v2.4", False),
        ("<2.4", "2.10", False),
        (">=2.3,<2.4", "2.3", True),
        (">=2.3,<2.4", "2.2.9", False),
        ("==2.4", "2.4.0", True),
        (">2.4", "2.4.0", False),
        ("<=2.4", "2.4", True),
        ("2.3*", "2.3.1-rc", True),
        ("2.3*", "2.4", False),
        ("<=1.8.21", "TAC3Z9119006710273::V1.8.21", True),
        ("<=1.8.21", "TAC3Z9119006710273::V1.8.33", False),
    ],
)
def test_a_quirk_is_of_certain_firmware(firmware: str, told: str | None, meant: bool) -> None:
    quirk = Quirk("acme", vendor="acme*", model="Duo*", firmware=firmware)
    assert quirk.is_of(station(firmware=told)) is meant


def test_vendor_and_model_are_compared_without_case() -> None:
    quirk = Quirk("acme", vendor="ACME*", model="duo*")
    assert quirk.is_of(station("acme", "DUO"))
    assert not quirk.is_of(station("Bcme"))
    assert not quirk.is_of(station(model="Solo"))


def test_a_pattern_may_be_alternatives() -> None:
    quirk = Quirk("acme", vendor="Acme*|Bcme*")
    assert quirk.is_of(station("BCME AG"))
    assert not quirk.is_of(station("Ccme"))
    with pytest.raises(QuirkConflict):
        Quirks([quirk, Quirk("other", vendor="bcme*")])


def doubled(payload: dict[str, Any]) -> dict[str, Any]:
    return {**payload, "meterStart": payload["meterStart"] * 2}


START = b'{"connectorId":1,"idTag":"T","meterStart":5,"timestamp":"2026-03-01T12:00:00Z"}'


def test_a_quirk_changes_what_the_codec_reads_and_is_counted() -> None:
    quirk = Quirk("acme", vendor="acme")
    change: Callable[[dict[str, Any]], dict[str, Any]] = quirk.incoming(v16.StartTransactionRequest)(doubled)
    assert change is doubled
    used = QuirkInUse(quirk)
    codec = Codec(Version.V16, Mode.STRICT, used)
    read = codec.decode_request("StartTransaction", START).message
    assert isinstance(read, v16.StartTransactionRequest)
    assert read.meter_start == 10
    codec.decode_request("Heartbeat", b"{}")
    assert used.applied == {("StartTransactionRequest", "incoming"): 1}


def test_a_quirk_changes_what_is_sent() -> None:
    quirk = Quirk("acme", vendor="acme")
    quirk.outgoing(v16.HeartbeatResponse)(lambda payload: {**payload, "currentTime": "soon"})
    used = QuirkInUse(quirk)
    assert used.applies_to(v16.HeartbeatResponse, "outgoing")
    assert not used.applies_to(v16.HeartbeatResponse, "incoming")
    assert used(v16.HeartbeatResponse, "outgoing", {"currentTime": "x"}) == {"currentTime": "soon"}


def test_one_message_is_changed_by_one_function() -> None:
    quirk = Quirk("acme", vendor="acme")
    quirk.incoming(v16.StartTransactionRequest)(doubled)
    with pytest.raises(QuirkConflict, match="twice"):
        quirk.incoming(v16.StartTransactionRequest)(doubled)


def test_behaviour_is_told_in_known_words() -> None:
    quirk = Quirk("acme", vendor="acme")
    quirk.behaves(boots_on_reconnect=False, answers_within=90.0)
    assert (quirk.behaviour.boots_on_reconnect, quirk.behaviour.answers_within) == (False, 90.0)
    with pytest.raises(TypeError):
        quirk.behaves(dances=True)


def test_a_station_has_one_quirk_or_none() -> None:
    acme, other = Quirk("acme", vendor="acme*"), Quirk("other", vendor="other*")
    quirks = Quirks([acme, other])
    assert quirks.of(station()) is acme
    assert quirks.of(station("Nobody")) is None


def test_two_quirks_that_plainly_claim_the_same_stations_are_an_error_at_once() -> None:
    with pytest.raises(QuirkConflict, match="acme and too"):
        Quirks([Quirk("acme", vendor="acme*"), Quirk("too", vendor="acme ltd", model="duo*")])


def test_quirks_of_different_firmware_live_together_until_a_station_is_both() -> None:
    quirks = Quirks([Quirk("old", vendor="acme*", firmware="<2.4"), Quirk("new", vendor="acme*", firmware=">=2.3")])
    found = quirks.of(station(firmware="1.0"))
    assert found is not None
    assert found.name == "old"
    with pytest.raises(QuirkConflict, match="old and new"):
        quirks.of(station(firmware="2.3.1"))


def test_the_quirks_that_come_with_us_do_not_conflict() -> None:
    assert known_quirks().of(station("No such vendor")) is None
