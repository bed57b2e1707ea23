"""Which messages exist where."""

from amperanto.ocpp import Version, catalogue, v2, v16


def test_an_action_is_found_in_the_newest_version_that_has_it() -> None:
    assert getattr(catalogue.find("Reset"), "request", None) is v2.ResetRequest
    assert getattr(catalogue.find("StartTransaction"), "request", None) is v16.StartTransactionRequest
    assert catalogue.find("reset") is None


def test_since_and_versions_tell_21_from_201() -> None:
    swap = catalogue.exchange(Version.V21, "BatterySwap")
    assert swap is not None
    assert swap.since is Version.V21
    assert catalogue.exchange(Version.V201, "BatterySwap") is None
    assert catalogue.versions_of(v2.ResetRequest) == {Version.V201, Version.V21}
    assert catalogue.versions_of(v2.BatterySwapResponse) == {Version.V21}
    assert not catalogue.speaks(Version.V16, v2.ResetRequest)


def test_only_the_stream_is_a_notice_and_only_data_transfer_goes_both_ways() -> None:
    for version in Version:
        rows = catalogue.exchanges(version)
        assert [row.action for row in rows if row.is_notice] == ["NotifyPeriodicEventStream"] * (version is Version.V21)
        assert [row.action for row in rows if row.sender == "both"] == ["DataTransfer"]
        assert all((row.response is None) == row.is_notice for row in rows)


def test_the_directions_are_counted_as_in_the_standard() -> None:
    counted = {
        version: [sum(row.sender == side for row in catalogue.exchanges(version)) for side in ("station", "csms")]
        for version in Version
    }
    assert counted == {Version.V16: [13, 25], Version.V201: [24, 39], Version.V21: [36, 54]}
